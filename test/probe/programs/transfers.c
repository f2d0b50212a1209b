// Copies a file by sendfile, splice through a pipe, and copy_file_range; threads write to one descriptor together.
//   transfers FILE COPY
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sys/sendfile.h>
#include <unistd.h>

static int shared;

static void *write_much(void *unused) {
  for (int i = 0; i < 5000; i++) {
    if (write(shared, "abc", 3) != 3) _exit(9);
  }
  return unused;
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  shared = open(arguments[1], O_CREAT | O_TRUNC | O_RDWR, 0600);
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, write_much, NULL);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  int copy = open(arguments[2], O_CREAT | O_TRUNC | O_RDWR, 0600);
  off_t at = 0;
  while (sendfile(copy, shared, &at, 1000) > 0) {}
  loff_t from = 0;
  while (copy_file_range(shared, &from, copy, NULL, 777, 0) > 0) {}
  int ends[2];
  if (pipe(ends) != 0) return 3;
  from = 0;
  ssize_t n;
  while ((n = splice(shared, &from, ends[1], NULL, 500, 0)) > 0) {
    while (n > 0) {
      ssize_t moved = splice(ends[0], NULL, copy, NULL, n, 0);
      if (moved <= 0) return 4;
      n -= moved;
    }
  }
  return 0;
}
