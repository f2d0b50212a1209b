// Runs a command in a network namespace of its own, with a loopback device: the same process to the end.
//   isolate COMMAND…
#define _GNU_SOURCE
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int count, char **arguments) {
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  if (count < 2 || unshare(CLONE_NEWNET) != 0) return 125;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0) return 126;
  close(fd);
  execvp(arguments[1], arguments + 1);
  return 127;
}
