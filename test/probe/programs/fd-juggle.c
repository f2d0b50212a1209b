// Plays random work on descriptors and logs its own truth: what each of its processes read from and wrote to each object.
//   fd-juggle SEED ACTS LOG        LOG.d/ holds its files, LOG.share the table; loopback only
// I/O runs under a read lock, what changes the descriptor table under a write lock: no descriptor changes its meaning during a call.
#include "truth.h"
#include <arpa/inet.h>
#include <linux/close_range.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum { table_size = 2048, live_max = 120, buffer_size = 16384, high_fd = 1100, spare_fd = 600, spare_count = 300 };

static struct slot {
  int used, pinned;
  uint32_t object;
} table[table_size];
static int highest_pinned, serving, depth, acts;
static char log_path[400], folder[420], share_path[420];
static pthread_rwlock_t table_lock = PTHREAD_RWLOCK_INITIALIZER;
static int mailbox[2];
static struct sockaddr_in service;

struct dice {
  uint64_t state;
  char buffer[buffer_size];
};

static uint64_t roll(struct dice *dice) {
  uint64_t z = dice->state += 0x9e3779b97f4a7c15ull;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ z >> 27) * 0x94d049bb133111ebull;
  return z ^ z >> 31;
}

static int below(struct dice *dice, int n) {
  return roll(dice) % n;
}

static enum kind kind_of(int fd) {
  return truth->object[table[fd].object].kind;
}

static void set_slot(int fd, uint32_t object) {
  if (fd < 0 || fd >= table_size) fail("descriptor out of range");
  table[fd] = (struct slot){1, 0, object};
}

static void pin(int fd, uint32_t object) {
  set_slot(fd, object);
  table[fd].pinned = 1;
  if (fd > highest_pinned) highest_pinned = fd;
}

static int live(void) {
  int found = 0;
  for (int fd = 0; fd < table_size; fd++) found += table[fd].used && !table[fd].pinned;
  return found;
}

/** A random descriptor of one of the kinds (bits), or -1. */
static int pick(struct dice *dice, unsigned kinds) {
  int chosen = -1, seen = 0;
  for (int fd = 0; fd < table_size; fd++) {
    if (!table[fd].used || table[fd].pinned || !(kinds >> kind_of(fd) & 1)) continue;
    if (below(dice, ++seen) == 0) chosen = fd;
  }
  return chosen;
}

static const unsigned any_kind = 0xff;
static const unsigned seekable = 1u << kind_file | 1u << kind_memory;
static const unsigned streams = 1u << kind_unix | 1u << kind_tcp;

static void fresh_name(char *text, const char *prefix) {
  sprintf(text, "%s%u", prefix, atomic_fetch_add(&truth->serial, 1));
}

static void path_to(char *path, const char *name) {
  snprintf(path, 500, "%s/%s", folder, name);
}

/** A name that some file had, whether or not it has it still. */
static int old_name(struct dice *dice, char *text) {
  uint32_t names = truth->names;
  if (names == 0) return -1;
  strcpy(text, truth->name[below(dice, names)].text);
  return text[0] == 'f' ? 0 : -1;
}

// ---- input and output, under the read lock

static int vectors(struct dice *dice, struct iovec *parts) {
  int count = 1 + below(dice, 4);
  for (int i = 0; i < count; i++) parts[i] = (struct iovec){dice->buffer + i * 2000, below(dice, 2000)};
  return count;
}

static void io_seekable(struct dice *dice, int fd) {
  uint32_t object = table[fd].object;
  struct iovec parts[4];
  int count = vectors(dice, parts);
  size_t size = below(dice, 8) == 0 ? 0 : below(dice, buffer_size);
  off_t at = below(dice, 30000);
  switch (below(dice, 16)) {
    case 0: case 1: count_read(object, read(fd, dice->buffer, size)); break;
    case 2: case 3: count_write(object, write(fd, dice->buffer, size)); break;
    case 4: count_read(object, pread(fd, dice->buffer, size, at)); break;
    case 5: count_write(object, pwrite(fd, dice->buffer, size, at)); break;
    case 6: count_read(object, readv(fd, parts, count)); break;
    case 7: count_write(object, writev(fd, parts, count)); break;
    case 8: count_read(object, preadv(fd, parts, count, at)); break;
    case 9: count_write(object, pwritev(fd, parts, count, at)); break;
    case 10: count_read(object, preadv2(fd, parts, count, -1, 0)); break;
    case 11: count_write(object, pwritev2(fd, parts, count, at, RWF_DSYNC)); break;
    case 12: lseek(fd, at / 2, SEEK_SET); break;
    case 13: count_read(object, syscall(SYS_read, fd, NULL, 1 + size)); break;
    case 14: {
      void *map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
      if (map != MAP_FAILED) munmap(map, 4096);
      break;
    }
    default: (void)!ftruncate(fd, at);
  }
}

static void io_stream(struct dice *dice, int fd) {
  uint32_t object = table[fd].object;
  struct iovec parts[4];
  struct msghdr head = {.msg_iov = parts, .msg_iovlen = vectors(dice, parts)};
  struct iovec second = {dice->buffer, 300};
  struct mmsghdr both[2] = {{.msg_hdr = head}, {.msg_hdr = {.msg_iov = &second, .msg_iovlen = 1}}};
  size_t size = 1 + below(dice, 3000);
  int result;
  switch (below(dice, 12)) {
    case 0: count_read(object, read(fd, dice->buffer, size)); break;
    case 1: count_write(object, write(fd, dice->buffer, size)); break;
    case 2: count_read(object, recv(fd, dice->buffer, size, MSG_DONTWAIT)); break;
    case 3: count_write(object, send(fd, dice->buffer, size, MSG_DONTWAIT | MSG_NOSIGNAL)); break;
    case 4: count_read(object, recvmsg(fd, &head, MSG_DONTWAIT)); break;
    case 5: count_write(object, sendmsg(fd, &head, MSG_DONTWAIT | MSG_NOSIGNAL)); break;
    case 6: count_read(object, readv(fd, parts, 1)); break;
    case 7: count_write(object, writev(fd, parts, 1)); break;
    case 8: count_read(object, recv(fd, dice->buffer, size, MSG_DONTWAIT | MSG_PEEK)); break;
    case 9: case 10:
      result = sendmmsg(fd, both, 2, MSG_DONTWAIT | MSG_NOSIGNAL);
      count_write(object, result < 1 ? result : result == 1 ? both[0].msg_len : (int64_t)both[0].msg_len + both[1].msg_len);
      break;
    default:
      result = recvmmsg(fd, both, 2, MSG_DONTWAIT, NULL);
      count_read(object, result < 1 ? result : result == 1 ? both[0].msg_len : (int64_t)both[0].msg_len + both[1].msg_len);
  }
}

static void io_pipe(struct dice *dice, int fd) {
  uint32_t object = table[fd].object;
  struct iovec parts[4];
  int count = vectors(dice, parts), readable = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY;
  // A call on the wrong end fails, and is counted as that.
  if (below(dice, 20) == 0) readable = !readable;
  if (readable) count_read(object, below(dice, 2) ? read(fd, dice->buffer, 1 + below(dice, 4000)) : readv(fd, parts, count));
  else count_write(object, below(dice, 2) ? write(fd, dice->buffer, 1 + below(dice, 4000)) : writev(fd, parts, count));
}

/** A datagram socket tells each peer's share. */
static void io_udp(struct dice *dice, int fd) {
  struct object *own = &truth->object[table[fd].object];
  int target = pick(dice, 1u << kind_udp);
  uint16_t port = truth->object[table[target].object].local;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct iovec part = {dice->buffer, 1 + below(dice, 900)};
  struct msghdr head = {.msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &part, .msg_iovlen = 1};
  socklen_t length = sizeof address;
  ssize_t result;
  int way = below(dice, 4);
  switch (way) {
    case 0: result = sendto(fd, dice->buffer, part.iov_len, MSG_DONTWAIT, (void *)&address, sizeof address); break;
    case 1: result = sendmsg(fd, &head, MSG_DONTWAIT); break;
    case 2: result = recvfrom(fd, dice->buffer, 2000, MSG_DONTWAIT, (void *)&address, &length); break;
    default: result = recvmsg(fd, &head, MSG_DONTWAIT);
  }
  // An empty queue has no peer: that failure belongs to the socket.
  if (result < 0) port = 0;
  else port = ntohs(address.sin_port);
  uint32_t peer = object_of(kind_peer, own->device, own->inode, own->local, port);
  if (way < 2) count_write(peer, result);
  else count_read(peer, result);
}

static void io_event(struct dice *dice, int fd) {
  uint64_t value = 1 + below(dice, 5);
  if (below(dice, 2)) count_write(table[fd].object, write(fd, &value, 8));
  else count_read(table[fd].object, read(fd, &value, 8));
}

/** Bytes go from one descriptor to another inside the kernel: a read of the one and a write of the other. */
static void io_transfer(struct dice *dice) {
  int from = pick(dice, seekable), to = pick(dice, seekable | streams);
  int in_pipe = pick(dice, 1u << kind_pipe), out_pipe = pick(dice, 1u << kind_pipe);
  size_t size = below(dice, 5000);
  off_t at = below(dice, 3000), target_at = 50000 + below(dice, 9000);
  ssize_t result;
  switch (below(dice, 6)) {
    case 0: if (from < 0 || to < 0) return; result = sendfile(to, from, below(dice, 2) ? &at : NULL, size); break;
    case 1: to = pick(dice, seekable); if (from < 0 || to < 0) return; result = copy_file_range(from, &at, to, &target_at, size, 0); break;
    case 2: to = out_pipe; if (from < 0 || to < 0) return; result = splice(from, &at, to, NULL, size, SPLICE_F_NONBLOCK); break;
    case 3: from = in_pipe; to = pick(dice, seekable); if (from < 0 || to < 0) return; result = splice(from, NULL, to, NULL, size, SPLICE_F_NONBLOCK); break;
    case 4: from = in_pipe; to = pick(dice, streams); if (from < 0 || to < 0) return; result = splice(from, NULL, to, NULL, size, SPLICE_F_NONBLOCK); break;
    default: from = in_pipe; to = out_pipe; if (from < 0 || to < 0) return; result = tee(from, to, size, SPLICE_F_NONBLOCK);
  }
  count_read(table[from].object, result);
  count_write(table[to].object, result);
}

static void io(struct dice *dice) {
  pthread_rwlock_rdlock(&table_lock);
  int fd = pick(dice, any_kind);
  if (fd >= 0) {
    if (below(dice, 6) == 0) io_transfer(dice);
    else switch (kind_of(fd)) {
      case kind_file: case kind_memory: io_seekable(dice, fd); break;
      case kind_unix: case kind_tcp: io_stream(dice, fd); break;
      case kind_pipe: io_pipe(dice, fd); break;
      case kind_udp: io_udp(dice, fd); break;
      default: io_event(dice, fd);
    }
  }
  pthread_rwlock_unlock(&table_lock);
}

// ---- what makes descriptors

static void opened(int fd, const char *name) {
  if (fd < 0) {
    if (errno == ENOENT) count_deed(did_missing);
    return;
  }
  uint32_t object = object_of_fd(kind_file, fd, 0, 0);
  if (name != NULL) name_object(object, name);
  count_of(object)->opens += 1;
  set_slot(fd, object);
}

static void open_file(struct dice *dice) {
  char name[32], path[512];
  int flags = O_RDWR | (below(dice, 3) ? 0 : O_CLOEXEC) | (below(dice, 4) ? 0 : O_APPEND);
  int create = below(dice, 3);
  if (create) fresh_name(name, "f");
  else if (old_name(dice, name) != 0) return;
  path_to(path, name);
  if (create) flags |= O_CREAT;
  const char *known = create ? name : NULL;
  struct open_how how = {.flags = flags, .mode = create ? 0600 : 0};
  switch (below(dice, 6)) {
    case 0: opened(openat(AT_FDCWD, path, flags, 0600), known); break;
    case 1: opened(syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how), known); break;
    case 2: if (create) opened(syscall(SYS_creat, path, 0600), known); break;
    case 3: opened(open(path, (flags & ~O_ACCMODE) | O_RDONLY, 0600), known); break;
    case 4: {
      int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      opened(openat(directory, name, flags, 0600), known);
      close(directory);
      break;
    }
    default: opened(syscall(SYS_open, path, flags, 0600), known);
  }
}

static void open_in_vain(struct dice *dice) {
  char path[512];
  if (below(dice, 2)) {
    path_to(path, "is-not-there");
    if (open(path, O_RDONLY) < 0 && errno == ENOENT) count_deed(did_missing);
    return;
  }
  // As nobody, to the file system alone: the one way for root to be refused.
  path_to(path, "denied");
  syscall(SYS_setfsuid, 65534);
  if (syscall(SYS_openat, AT_FDCWD, path, O_RDWR, 0) < 0 && errno == EACCES) count_deed(did_denied);
  syscall(SYS_setfsuid, 0);
}

static void connect_tcp(void) {
  int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (bind(listening, (void *)&address, length) != 0 || listen(listening, 4) != 0) fail("listen");
  getsockname(listening, (void *)&address, &length);
  int client = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(client, (void *)&address, sizeof address) != 0) fail("connect");
  int server = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
  if (server < 0 || fcntl(client, F_SETFL, O_NONBLOCK) != 0) fail("accept");
  uint16_t port = ntohs(address.sin_port);
  length = sizeof address;
  getsockname(client, (void *)&address, &length);
  set_slot(client, object_of_fd(kind_tcp, client, ntohs(address.sin_port), port));
  set_slot(server, object_of_fd(kind_tcp, server, ntohs(address.sin_port), port));
  close(listening);
}

static void make_udp(void) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (bind(fd, (void *)&address, length) != 0) fail("bind");
  getsockname(fd, (void *)&address, &length);
  set_slot(fd, object_of_fd(kind_udp, fd, ntohs(address.sin_port), 0));
}

static void make(struct dice *dice) {
  int two[2], fd;
  switch (below(dice, 12)) {
    case 0: case 1: case 2: case 3: open_file(dice); break;
    case 4: open_in_vain(dice); break;
    case 5: case 6:
      if (pipe2(two, O_NONBLOCK | (below(dice, 3) ? 0 : O_CLOEXEC)) != 0) fail("pipe2");
      for (int i = 0; i < 2; i++) set_slot(two[i], object_of_fd(kind_pipe, two[i], 0, 0));
      break;
    case 7:
      if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, two) != 0) fail("socketpair");
      for (int i = 0; i < 2; i++) set_slot(two[i], object_of_fd(kind_unix, two[i], 0, 0));
      break;
    case 8:
      fd = memfd_create("juggled", below(dice, 2) ? MFD_CLOEXEC : 0);
      set_slot(fd, object_of_fd(kind_memory, fd, 0, 0));
      break;
    case 9: connect_tcp(); break;
    case 10: make_udp(); break;
    default:
      fd = eventfd(1, EFD_NONBLOCK);
      set_slot(fd, object_of_fd(kind_event, fd, 0, 0));
  }
}

// ---- what moves and ends them

static void duplicate(struct dice *dice) {
  int fd = pick(dice, any_kind), onto = pick(dice, any_kind);
  if (fd < 0) return;
  if (below(dice, 3) == 0) onto = spare_fd + below(dice, spare_count);
  int made;
  switch (below(dice, 6)) {
    case 0: made = dup(fd); break;
    case 1: made = dup2(fd, onto); break;
    case 2: if (onto == fd) return; made = dup3(fd, onto, below(dice, 2) ? O_CLOEXEC : 0); break;
    case 3: made = fcntl(fd, F_DUPFD, below(dice, 100)); break;
    case 4: made = fcntl(fd, F_DUPFD_CLOEXEC, spare_fd); break;
    default: made = fcntl(fd, F_DUPFD, high_fd + below(dice, 100));
  }
  if (made < 0) fail("dup");
  set_slot(made, table[fd].object);
}

static void end_one(struct dice *dice) {
  int fd = pick(dice, any_kind);
  if (fd < 0) return;
  close(fd);
  table[fd].used = 0;
}

static void end_range(struct dice *dice) {
  // Numbers that another thread is just being given lie low; while there may be such, only spare numbers are closed.
  int least = serving ? spare_fd : highest_pinned + 1;
  int first = least + below(dice, 40), last = first + below(dice, 12);
  if (below(dice, 8) == 0) last = table_size + 3000;
  if (last > table_size) first = spare_fd;
  int flags = below(dice, 4) == 0 ? CLOSE_RANGE_CLOEXEC : 0;
  if (syscall(SYS_close_range, first, last, flags) != 0) fail("close_range");
  for (int fd = first; fd <= last && fd < table_size && flags == 0; fd++) table[fd].used = 0;
}

static void rename_or_remove(struct dice *dice) {
  char name[32], path[512], other[32], target[512];
  if (old_name(dice, name) != 0) return;
  path_to(path, name);
  if (below(dice, 2)) {
    // Onto a name that is taken, too: but each inode keeps one link in the attic, so that none is used twice.
    if (below(dice, 2) || old_name(dice, other) != 0 || strcmp(name, other) == 0) fresh_name(other, "f");
    path_to(target, other);
    char attic[32], kept[512];
    fresh_name(attic, "attic");
    path_to(kept, attic);
    if (link(target, kept) == 0) count_deed(did_link);
    struct stat moved;
    if (stat(path, &moved) != 0 || rename(path, target) != 0) return;
    count_deed(did_rename);
    name_object(object_of(kind_file, moved.st_dev, moved.st_ino, 0, 0), other);
    return;
  }
  fresh_name(other, below(dice, 2) ? "f" : "attic");
  path_to(target, other);
  if (link(path, target) != 0) return;
  count_deed(did_link);
  struct stat linked;
  if (stat(target, &linked) != 0) fail("stat");
  name_object(object_of(kind_file, linked.st_dev, linked.st_ino, 0, 0), other);
  if (below(dice, 2) && unlink(path) == 0) count_deed(did_unlink);
}

static void mail(struct dice *dice) {
  union {
    struct cmsghdr head;
    char space[CMSG_SPACE(4 * sizeof(int))];
  } control = {0};
  uint32_t objects[4] = {0};
  struct iovec part = {objects, sizeof objects};
  struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  if (below(dice, 2)) {
    int fds[4], count = 1 + below(dice, 4);
    for (int i = 0; i < count; i++) {
      fds[i] = pick(dice, any_kind);
      if (fds[i] < 0) return;
      objects[i] = table[fds[i]].object;
    }
    head.msg_controllen = CMSG_SPACE(count * sizeof(int));
    control.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(count * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.head), fds, count * sizeof(int));
    count_write(table[mailbox[0]].object, sendmsg(mailbox[0], &head, MSG_DONTWAIT));
    return;
  }
  if (live() > live_max) return;
  ssize_t result = recvmsg(mailbox[1], &head, MSG_DONTWAIT | (below(dice, 2) ? MSG_CMSG_CLOEXEC : 0));
  count_read(table[mailbox[1]].object, result);
  if (result <= 0 || head.msg_controllen < sizeof(struct cmsghdr)) return;
  int count = (control.head.cmsg_len - CMSG_LEN(0)) / sizeof(int);
  for (int i = 0; i < count; i++) set_slot(((int *)CMSG_DATA(&control.head))[i], objects[i]);
}

static void change(struct dice *dice) {
  pthread_rwlock_wrlock(&table_lock);
  int many = live();
  if (many < 8 || (many < live_max && below(dice, 2))) make(dice);
  else switch (below(dice, 10)) {
    case 0: case 1: if (many < live_max) duplicate(dice); else end_one(dice); break;
    case 2: case 3: case 4: end_one(dice); break;
    case 5: end_range(dice); break;
    case 6: case 7: mail(dice); break;
    case 8:
      // One at a time, of all processes: which inode a name leads to must stay so between the look and the call.
      take(&truth->renaming);
      rename_or_remove(dice);
      atomic_store(&truth->renaming, 0);
      break;
    default: {
      int fd = pick(dice, any_kind);
      if (below(dice, 2)) fcntl(fd, F_SETFD, below(dice, 2) ? FD_CLOEXEC : 0);
      else ioctl(fd, FIOCLEX);
    }
  }
  pthread_rwlock_unlock(&table_lock);
}

// ---- processes and threads

static void body(struct dice *dice, int acts);

/** The arguments of a program that goes on where this process stands: what it will find open, and as what. */
static char **resumption(struct dice *dice, int acts_left) {
  static char numbers[4][24], list[table_size * 16];
  static char *arguments[9];
  int length = 0;
  for (int fd = 0; fd < table_size; fd++) {
    if (!table[fd].used || fcntl(fd, F_GETFD) & FD_CLOEXEC) continue;
    length += sprintf(list + length, "%d:%u:%d,", fd, table[fd].object, table[fd].pinned);
  }
  sprintf(numbers[0], "%llu", (unsigned long long)roll(dice));
  sprintf(numbers[1], "%d", acts_left);
  sprintf(numbers[2], "%d", depth + 1);
  sprintf(numbers[3], "%d:%d", mailbox[0], mailbox[1]);
  char *all[] = {"fd-juggle", numbers[0], numbers[1], log_path, numbers[2], numbers[3], list, NULL};
  memcpy(arguments, all, sizeof all);
  return arguments;
}

static void go_on_as_new_program(struct dice *dice, int acts_left) {
  char **arguments = resumption(dice, acts_left);
  execv("/proc/self/exe", arguments);
  fail("exec");
}

static void begin_process(struct dice *dice) {
  pthread_rwlock_wrlock(&table_lock);
  count_deed(did_fork);
  int kind = below(dice, 3), acts_left = acts / 2;
  char **arguments = kind == 0 ? resumption(dice, acts_left) : NULL;
  uint64_t seed = roll(dice);
  pid_t child = kind == 0 ? vfork() : fork();
  if (child < 0) fail("fork");
  if (child == 0 && kind == 0) {
    // Memory is the parent's: nothing but the call.
    execv("/proc/self/exe", arguments);
    _exit(98);
  }
  if (child == 0) {
    table_lock = (pthread_rwlock_t)PTHREAD_RWLOCK_INITIALIZER;
    dice->state = seed;
    depth += 1;
    serving = 0;
    note_thread();
    count_deed(deeds);
    if (kind == 1) body(dice, acts_left);
    else {
      body(dice, acts_left / 2);
      go_on_as_new_program(dice, acts_left / 2);
    }
    _exit(depth);
  }
  pthread_rwlock_unlock(&table_lock);
}

static void play(struct dice *dice, int acts, int leader) {
  for (int act = 0; act < acts; act++) {
    if (leader && depth < 3 && below(dice, acts / 3 + 1) == 0) begin_process(dice);
    else if (below(dice, 3)) io(dice);
    else change(dice);
  }
}

struct task {
  pthread_t id;
  int acts;
  struct dice dice;
};

static void *work(void *argument) {
  struct task *task = argument;
  note_thread();
  play(&task->dice, task->acts, 0);
  return NULL;
}

/** Shares the acts among threads and waits for all that they began. */
static void body(struct dice *dice, int acts) {
  static struct task tasks[3];
  int count = below(dice, 4);
  for (int i = 0; i < count; i++) {
    tasks[i].acts = acts / (count + 1);
    tasks[i].dice.state = roll(dice);
    count_deed(did_thread);
    if (pthread_create(&tasks[i].id, NULL, work, &tasks[i]) != 0) fail("thread");
  }
  play(dice, acts / (count + 1), 1);
  for (int i = 0; i < count; i++) pthread_join(tasks[i].id, NULL);
  int status;
  for (pid_t child; (child = wait(&status)) > 0;) {
    if (!WIFEXITED(status) || WEXITSTATUS(status) > 10) fail("a child failed");
  }
}

// ---- a server with a thread of its own, blocking calls, and one connection for each client

static void *serve(void *argument) {
  int listening = *(int *)argument;
  char buffer[4096];
  note_thread();
  for (;;) {
    int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) return NULL;
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    getpeername(fd, (void *)&peer, &length);
    uint32_t object = object_of_fd(kind_tcp, fd, ntohs(peer.sin_port), ntohs(service.sin_port));
    ssize_t got;
    do {
      got = recv(fd, buffer, sizeof buffer, 0);
      count_read(object, got);
      if (got > 0) count_write(object, send(fd, buffer, got, MSG_NOSIGNAL));
    } while (got > 0);
    shutdown(fd, SHUT_WR);
    close(fd);
  }
}

static void ask(struct dice *dice) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, (void *)&service, sizeof service) != 0) fail("connect");
  struct sockaddr_in own;
  socklen_t length = sizeof own;
  getsockname(fd, (void *)&own, &length);
  uint32_t object = object_of_fd(kind_tcp, fd, ntohs(own.sin_port), ntohs(service.sin_port));
  for (int requests = 1 + below(dice, 5); requests > 0; requests--) {
    count_write(object, send(fd, dice->buffer, 1 + below(dice, 2000), MSG_NOSIGNAL));
    count_read(object, recv(fd, dice->buffer, 4096, 0));
  }
  shutdown(fd, SHUT_WR);
  ssize_t got;
  do {
    got = recv(fd, dice->buffer, 4096, 0);
    count_read(object, got);
  } while (got > 0);
  close(fd);
}

static void *visit(void *argument) {
  note_thread();
  for (int visits = 0; visits < 20; visits++) ask(argument);
  return NULL;
}

/** Server and client go on beside the acts: their descriptors stand in no table, their numbers are nobody else's. */
static void body_with_server(struct dice *dice) {
  static int listening;
  static struct dice visitor;
  listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  service = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof service;
  if (bind(listening, (void *)&service, length) != 0 || listen(listening, 16) != 0) fail("listen");
  getsockname(listening, (void *)&service, &length);
  pthread_t server, client;
  serving = 1;
  visitor.state = roll(dice);
  count_deed(did_thread);
  count_deed(did_thread);
  if (pthread_create(&server, NULL, serve, &listening) != 0) fail("thread");
  if (pthread_create(&client, NULL, visit, &visitor) != 0) fail("thread");
  body(dice, acts);
  pthread_join(client, NULL);
  shutdown(listening, SHUT_RDWR);
  pthread_join(server, NULL);
  close(listening);
}

/** Root plays in a network namespace of its own. */
static void isolate(void) {
  if (unshare(CLONE_NEWNET) != 0) return;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  if (ioctl(fd, SIOCSIFFLAGS, &request) != 0) fail("loopback");
  close(fd);
}

static void first_process(struct dice *dice, const char *log) {
  struct rlimit limit = {4096, 4096};
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || mkdir(folder, 0700) != 0) fail("set-up");
  isolate();
  share_map(share_path, 1);
  note_thread();
  count_deed(did_exec);
  char path[512];
  path_to(path, "denied");
  close(open(path, O_CREAT | O_WRONLY, 0600));
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, mailbox) != 0) fail("socketpair");
  for (int i = 0; i < 2; i++) pin(mailbox[i], object_of_fd(kind_unix, mailbox[i], 0, 0));
  body_with_server(dice);
  tell_truth(log);
}

static void resume(char **arguments) {
  share_map(share_path, 0);
  note_thread();
  count_deed(did_exec);
  depth = atoi(arguments[4]);
  sscanf(arguments[5], "%d:%d", &mailbox[0], &mailbox[1]);
  for (char *at = arguments[6]; *at != 0; at = strchr(at, ',') + 1) {
    int fd, pinned;
    unsigned object;
    if (sscanf(at, "%d:%u:%d,", &fd, &object, &pinned) != 3) fail("descriptors");
    if (pinned) pin(fd, object);
    else set_slot(fd, object);
  }
}

int main(int count, char **arguments) {
  if (count < 4) {
    fprintf(stderr, "usage: fd-juggle SEED ACTS LOG\n");
    return 2;
  }
  static struct dice dice;
  signal(SIGPIPE, SIG_IGN);
  // A tracer makes even an ignored signal cut a call short, which then comes again: the program would count one, others two.
  sigset_t ended;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  sigprocmask(SIG_BLOCK, &ended, NULL);
  dice.state = strtoull(arguments[1], NULL, 10);
  acts = atoi(arguments[2]);
  snprintf(log_path, sizeof log_path, "%s", arguments[3]);
  snprintf(folder, sizeof folder, "%s.d", log_path);
  snprintf(share_path, sizeof share_path, "%s.share", log_path);
  if (count < 7) first_process(&dice, log_path);
  else {
    resume(arguments);
    body(&dice, acts);
    _exit(depth);
  }
  return 0;
}
