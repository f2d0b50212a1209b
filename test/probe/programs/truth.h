// The truth that the juggling program keeps about itself: one table shared by all its processes and threads, kept in a mapped
// file, so that an exec finds it again. Counts what each process read from and wrote to each object, and nothing else.
#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { max_objects = 1 << 15, max_names = 1 << 15, max_counts = 1 << 17, max_processes = 1 << 12, max_threads = 1 << 13 };

enum kind { kind_file, kind_memory, kind_pipe, kind_unix, kind_tcp, kind_udp, kind_peer, kind_event };
static const char *const kind_names[] = {"file", "memory", "pipe", "unix", "tcp", "udp", "peer", "event"};

/** What descriptors refer to. `peer` is the share of a datagram socket that one peer has. */
struct object {
  uint32_t kind, used;
  uint64_t device, inode;
  uint16_t local, remote;
};

/** A name (the last component) that a file had at some time. */
struct name {
  uint32_t object;
  char text[28];
};

struct count {
  /** pid << 32 | object + 1; 0: free. */
  _Atomic uint64_t key;
  _Atomic uint64_t rbytes, wbytes;
  /** Calls that succeeded, calls that failed, opens. */
  _Atomic uint32_t rops, wops, rfails, wfails, opens, spare;
};

enum deed { did_fork, did_exec, did_thread, did_missing, did_denied, did_rename, did_unlink, did_link, deeds };
static const char *const deed_names[] = {"forks", "execs", "threads", "missing", "denied", "renames", "unlinks", "links"};

struct process {
  _Atomic uint32_t pid;
  _Atomic uint32_t deed[deeds];
};

struct thread {
  uint32_t pid, tid;
};

struct share {
  _Atomic uint32_t lock, renaming, objects, names, threads, serial;
  struct object object[max_objects];
  struct name name[max_names];
  struct count count[max_counts];
  struct process process[max_processes];
  struct thread thread[max_threads];
};

static struct share *truth;

static void fail(const char *what) {
  fprintf(stderr, "fd-juggle: %s: %s\n", what, strerror(errno));
  _exit(99);
}

static void take(_Atomic uint32_t *lock) {
  uint32_t none = 0;
  while (!atomic_compare_exchange_weak(lock, &none, 1)) {
    none = 0;
    sched_yield();
  }
}

static void share_lock(void) {
  take(&truth->lock);
}

static void share_unlock(void) {
  atomic_store(&truth->lock, 0);
}

static void share_map(const char *path, int create) {
  int fd = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT | O_EXCL : 0), 0600);
  if (fd < 0 || (create && ftruncate(fd, sizeof(struct share)) != 0)) fail(path);
  truth = mmap(NULL, sizeof(struct share), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (truth == MAP_FAILED) fail("mmap");
  close(fd);
}

/** The object with this identity, made when it is new. */
static uint32_t object_of(enum kind kind, uint64_t device, uint64_t inode, uint16_t local, uint16_t remote) {
  share_lock();
  uint32_t at = truth->objects;
  while (at-- > 0) {
    struct object *found = &truth->object[at];
    if (found->kind == kind && found->device == device && found->inode == inode && found->local == local &&
        found->remote == remote)
      break;
  }
  if (at == UINT32_MAX) {
    at = truth->objects++;
    if (at >= max_objects) fail("too many objects");
    truth->object[at] = (struct object){kind, 1, device, inode, local, remote};
  }
  share_unlock();
  return at;
}

static uint32_t object_of_fd(enum kind kind, int fd, uint16_t local, uint16_t remote) {
  struct stat status;
  if (fstat(fd, &status) != 0) fail("fstat");
  return object_of(kind, status.st_dev, status.st_ino, local, remote);
}

static void name_object(uint32_t object, const char *name) {
  share_lock();
  uint32_t at = truth->names++;
  if (at >= max_names) fail("too many names");
  truth->name[at].object = object;
  strncpy(truth->name[at].text, name, sizeof truth->name[at].text - 1);
  share_unlock();
}

static struct count *count_of(uint32_t object) {
  uint64_t key = (uint64_t)getpid() << 32 | (object + 1);
  uint64_t at = key * 0x9e3779b97f4a7c15ull >> 40;
  for (uint32_t tries = 0; tries < max_counts; tries++, at++) {
    struct count *count = &truth->count[at & (max_counts - 1)];
    uint64_t found = 0;
    if (atomic_compare_exchange_strong(&count->key, &found, key) || found == key) return count;
  }
  fail("too many counts");
  return NULL;
}

static void count_read(uint32_t object, int64_t result) {
  struct count *count = count_of(object);
  if (result < 0) atomic_fetch_add(&count->rfails, 1);
  else {
    atomic_fetch_add(&count->rops, 1);
    atomic_fetch_add(&count->rbytes, result);
  }
}

static void count_write(uint32_t object, int64_t result) {
  struct count *count = count_of(object);
  if (result < 0) atomic_fetch_add(&count->wfails, 1);
  else {
    atomic_fetch_add(&count->wops, 1);
    atomic_fetch_add(&count->wbytes, result);
  }
}

static void count_deed(enum deed deed) {
  uint32_t pid = getpid();
  for (uint32_t at = 0; at < max_processes; at++) {
    uint32_t found = 0;
    if (atomic_compare_exchange_strong(&truth->process[at].pid, &found, pid) || found == pid) {
      if (deed < deeds) atomic_fetch_add(&truth->process[at].deed[deed], 1);
      return;
    }
  }
  fail("too many processes");
}

static void note_thread(void) {
  uint32_t at = atomic_fetch_add(&truth->threads, 1);
  if (at >= max_threads) fail("too many threads");
  truth->thread[at] = (struct thread){getpid(), gettid()};
}

/** One JSON object a line. */
static void tell_truth(const char *path) {
  FILE *out = fopen(path, "w");
  if (out == NULL) fail(path);
  for (uint32_t at = 0; at < truth->objects; at++) {
    struct object *o = &truth->object[at];
    fprintf(out, "{\"object\":%u,\"kind\":\"%s\",\"device\":%llu,\"inode\":%llu,\"local\":%u,\"remote\":%u}\n", at,
            kind_names[o->kind], (unsigned long long)o->device, (unsigned long long)o->inode, o->local, o->remote);
  }
  for (uint32_t at = 0; at < truth->names; at++) {
    fprintf(out, "{\"name\":\"%s\",\"of\":%u}\n", truth->name[at].text, truth->name[at].object);
  }
  for (uint32_t at = 0; at < max_counts; at++) {
    struct count *c = &truth->count[at];
    if (c->key == 0) continue;
    fprintf(out,
            "{\"pid\":%u,\"of\":%u,\"rops\":%u,\"wops\":%u,\"rbytes\":%llu,\"wbytes\":%llu,\"rfails\":%u,\"wfails\":%u,"
            "\"opens\":%u}\n",
            (uint32_t)(c->key >> 32), (uint32_t)c->key - 1, c->rops, c->wops, (unsigned long long)c->rbytes,
            (unsigned long long)c->wbytes, c->rfails, c->wfails, c->opens);
  }
  for (uint32_t at = 0; at < max_processes && truth->process[at].pid != 0; at++) {
    fprintf(out, "{\"process\":%u", truth->process[at].pid);
    for (int deed = 0; deed < deeds; deed++) fprintf(out, ",\"%s\":%u", deed_names[deed], truth->process[at].deed[deed]);
    fprintf(out, "}\n");
  }
  for (uint32_t at = 0; at < truth->threads; at++) {
    fprintf(out, "{\"thread\":%u,\"in\":%u}\n", truth->thread[at].tid, truth->thread[at].pid);
  }
  if (fclose(out) != 0) fail(path);
}
