// Opens, writes one byte to and closes a file FLOWS times; then CHILDREN short processes do it once each.
//   many-flows FILE FLOWS CHILDREN
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void once(const char *path) {
  int fd = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);
  if (fd < 0 || write(fd, "x", 1) != 1 || close(fd) != 0) _exit(9);
}

int main(int count, char **arguments) {
  if (count != 4) return 2;
  for (int i = atoi(arguments[2]); i > 0; i--) once(arguments[1]);
  for (int i = atoi(arguments[3]); i > 0; i--) {
    pid_t child = fork();
    if (child < 0) return 3;
    if (child == 0) {
      once(arguments[1]);
      _exit(0);
    }
    int status;
    if (waitpid(child, &status, 0) != child || status != 0) return 4;
  }
  return 0;
}
