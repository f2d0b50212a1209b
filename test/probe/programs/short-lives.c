// Many short processes, one after the other: each opens a file, writes a byte and ends.
//   short-lives FILE PROCESSES
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments) {
  if (count != 3) return 2;
  for (int i = atoi(arguments[2]); i > 0; i--) {
    pid_t child = fork();
    if (child < 0) return 3;
    if (child == 0) {
      int fd = open(arguments[1], O_CREAT | O_WRONLY, 0600);
      _exit(fd < 0 || write(fd, "x", 1) != 1);
    }
    int status;
    if (waitpid(child, &status, 0) != child || status != 0) return 4;
  }
  return 0;
}
