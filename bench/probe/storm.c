// System calls as fast as they go; tells the processor time of one operation, in nanoseconds: the tenth percentile of equal slices.
//   storm rw|open SLICES OPERATIONS FILE      one-byte read of /dev/zero and write to /dev/null; or open, read and close of FILE
//   storm for SECONDS                         one-byte reads and writes for so long; tells how many
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static int source, sink;

static void bytes(long pairs) {
  char byte;
  while (pairs-- > 0) {
    if (read(source, &byte, 1) != 1 || write(sink, &byte, 1) != 1) exit(3);
  }
}

static void opens(const char *path, long times) {
  char byte;
  while (times-- > 0) {
    int fd = open(path, O_RDONLY);
    if (fd < 0 || read(fd, &byte, 1) != 1 || close(fd) != 0) exit(4);
  }
}

int main(int count, char **arguments) {
  source = open("/dev/zero", O_RDONLY);
  sink = open("/dev/null", O_WRONLY);
  if (source < 0 || sink < 0) return 2;
  if (count == 3 && strcmp(arguments[1], "for") == 0) {
    double end = now(CLOCK_MONOTONIC) + atof(arguments[2]) * 1e9;
    long calls = 0;
    for (; now(CLOCK_MONOTONIC) < end; calls += 2000) bytes(1000);
    printf("%ld\n", calls);
    return 0;
  }
  if (count != 5) return 2;
  int slices = atoi(arguments[2]), is_open = strcmp(arguments[1], "open") == 0;
  long operations = atol(arguments[3]);
  double *times = calloc(slices, sizeof *times);
  for (int slice = -1; slice < slices; slice++) {
    double begin = now(CLOCK_THREAD_CPUTIME_ID);
    if (is_open) opens(arguments[4], operations);
    else bytes(operations / 2);
    if (slice >= 0) times[slice] = (now(CLOCK_THREAD_CPUTIME_ID) - begin) / operations;
  }
  qsort(times, slices, sizeof *times, ascending);
  printf("%.1f\n", times[slices / 10]);
  return 0;
}
