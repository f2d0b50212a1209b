/* The user side of SysFlow's probe: loads and attaches the kernel side, gives up every privilege but two capabilities, and passes what
 * the rings hold to one client on a unix socket, unchanged. It interprets nothing. SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include "kernel-side.h"
#include "privilege.h"
#include "sysflow.h"

#define SECOND 1000000000ull
#define CLIENT_PATIENCE_MS 10000
#define BUSY_MS 2
#define IDLE_MS 20
#define FINAL_ROUNDS 2000

struct command {
	__u32 what, pid;
	__u64 value;
};

static struct settings settings = {.park = 1, .heal = 1, .uring = 1, .control_kib = 512};
static struct kernel_side kernel;
static struct ring control, stream;
static int client = -1;
static volatile sig_atomic_t told_to_stop;

static void fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("sysflow-probe: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(1);
}

static __u64 boot_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static __u64 real_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

/* The tightest of several readings of both clocks. */
static void read_clocks(int tries, __u64 *boot, __u64 *real, __u64 *window)
{
	*window = ~0ull;
	for (int i = 0; i < tries; i++) {
		__u64 before = boot_ns(), r = real_ns(), after = boot_ns();
		if (after - before >= *window)
			continue;
		*window = after - before;
		*boot = before + (after - before) / 2;
		*real = r;
	}
}

/* Sends all, waiting as long as the client does not read: meanwhile the rings fill, and flows wait in the kernel. 0: it is gone. */
static int send_all(const void *bytes, size_t length)
{
	while (length > 0) {
		ssize_t n = send(client, bytes, length, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		bytes = (const char *)bytes + n;
		length -= n;
	}
	return 1;
}

static int send_message(struct sf_head *head, __u16 type, __u16 code, __u32 length)
{
	struct {
		__u32 length, unused;
		char body[248];
	} frame = {.length = length};
	head->type = type;
	head->code = code;
	head->length = length;
	if (!head->time)
		head->time = boot_ns();
	memcpy(frame.body, head, length);
	return send_all(&frame, SF_FRAME_SIZE + length);
}

static int say_hello(void)
{
	struct sf_hello m = {.version = SF_VERSION, .flow_size = sizeof(struct sf_flow), .head_size = sizeof(struct sf_head)};
	__u64 window;
	struct utsname system;
	unsigned major = 0, minor = 0;
	read_clocks(1000, &m.head.time, &m.realtime, &window);
	uname(&system);
	sscanf(system.release, "%u.%u", &major, &minor);
	m.kernel = major << 16 | minor << 8;
	m.features = (kernel.uring ? SF_FEATURE_URING : 0) | SF_FEATURE_SCAN;
	m.hz = SECOND / kernel.jiffy_ns;
	m.mode = settings.mode;
#if defined(__x86_64__)
	m.machine = EM_X86_64;
#else
	m.machine = EM_AARCH64;
#endif
	memcpy(m.boot_id, kernel.boot_id, 16);
	memcpy(&m.magic, "SYSFLOW1", 8);
	return send_message(&m.head, SF_TYPE_HELLO, 0, sizeof(m));
}

static int say_clock(int tries)
{
	struct sf_clock m = {};
	read_clocks(tries, &m.head.time, &m.realtime, &m.window);
	return send_message(&m.head, SF_TYPE_CLOCK, 0, sizeof(m));
}

static int say_stats(void)
{
	struct sf_stats m = {};
	kernel_counters(&kernel, &m);
	return send_message(&m.head, SF_TYPE_STATS, 0, sizeof(m));
}

static int say_dirty(void)
{
	struct lost_messages lost[64];
	for (;;) {
		int n = kernel_take_losses(&kernel, lost, 64);
		for (int i = 0; i < n; i++) {
			struct sf_dirty m = {.head.pid = lost[i].pid, .forks = lost[i].forks, .execs = lost[i].execs, .exits = lost[i].exits, .calls = lost[i].calls, .paths = lost[i].paths};
			if (!send_message(&m.head, SF_TYPE_DIRTY, 0, sizeof(m)))
				return 0;
		}
		if (n < 64)
			return 1;
	}
}

static int pass_span(const void *bytes, size_t length, void *context)
{
	(void)context;
	return send_all(bytes, length);
}

/* Control first, then the flows that were complete before: what a flow refers to was said earlier. Bytes passed; -1: the client is gone. */
static long drain(void)
{
	__u64 until = ring_end(&stream);
	long a = ring_pass(&control, ring_end(&control), pass_span, 0);
	if (a < 0)
		return -1;
	long b = ring_pass(&stream, until, pass_span, 0);
	return b < 0 ? -1 : a + b;
}

/* All user ids of the process are the owner's. The folder is held open, so that the answer is about one process. */
static int belongs(int folder, __u32 owner)
{
	char text[4096];
	unsigned uid[4];
	int file = openat(folder, "status", O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return 0;
	ssize_t n = read(file, text, sizeof(text) - 1);
	close(file);
	if (n <= 0)
		return 0;
	text[n] = 0;
	char *line = strstr(text, "\nUid:");
	if (!line || sscanf(line, "\nUid: %u %u %u %u", uid, uid + 1, uid + 2, uid + 3) != 4)
		return 0;
	for (int i = 0; i < 4; i++)
		if (owner && uid[i] != owner)
			return 0;
	return 1;
}

static int add_process(__u32 pid)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%u", pid);
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return ESRCH;
	int error = EPERM;
	if (belongs(folder, settings.owner)) {
		struct command c = {SF_COMMAND_ADD, pid, 0};
		error = kernel_command(&kernel, &c, sizeof(c));
		if (!belongs(folder, settings.owner)) {
			c.what = SF_COMMAND_REMOVE;
			kernel_command(&kernel, &c, sizeof(c));
			error = ESRCH;
		}
	}
	close(folder);
	return error;
}

static int scan(__u32 pid)
{
	struct sf_head mark = {.pid = pid};
	struct command c = {SF_COMMAND_SCAN, pid, 0};
	kernel_command(&kernel, &c, sizeof(c));
	if (drain() < 0 || !send_message(&mark, SF_TYPE_SCAN_BEGIN, 0, sizeof(mark)))
		return EPIPE;
	int error = kernel_scan(&kernel, pid);
	mark.time = 0;
	if (drain() < 0 || !send_message(&mark, SF_TYPE_SCAN_END, 0, sizeof(mark)))
		return EPIPE;
	return error;
}

/* 0: the stream is to end. */
static int obey(const struct command *c)
{
	int error = EINVAL;
	switch (c->what) {
	case SF_COMMAND_ADD:
		error = add_process(c->pid);
		break;
	case SF_COMMAND_ADD_CGROUP:
	case SF_COMMAND_ADD_HOST:
		error = settings.owner ? EPERM : kernel_command(&kernel, (void *)c, sizeof(*c));
		break;
	case SF_COMMAND_SCAN:
		error = scan(c->pid);
		break;
	case SF_COMMAND_WATCH:
		error = kernel_command(&kernel, (void *)c, sizeof(*c));
		break;
	case SF_COMMAND_STALL: {
		struct timespec t = {c->value / 1000, c->value % 1000 * 1000000};
		nanosleep(&t, 0);
		error = 0;
		break;
	}
	case SF_COMMAND_STOP:
		error = 0;
		break;
	}
	struct sf_ack m = {.head.pid = c->pid, .error = error};
	return send_message(&m.head, SF_TYPE_ACK, c->what, sizeof(m)) && c->what != SF_COMMAND_STOP;
}

/* Nothing is recorded any more; every flow says its last word, however often the ring must be emptied for it. */
static void finish(void)
{
	kernel_detach(&kernel);
	for (int i = 0; i < FINAL_ROUNDS; i++) {
		int unsaid = kernel_sweep(&kernel);
		if (drain() < 0)
			return;
		if (!unsaid)
			break;
	}
	if (say_dirty())
		say_stats();
}

static void on_signal(int number)
{
	(void)number;
	told_to_stop = 1;
}

static void serve(void)
{
	struct command pending;
	size_t have = 0;
	int wait = BUSY_MS;
	__u64 next_second = boot_ns() + SECOND, next_losses = boot_ns() + SECOND / 10;
	while (!told_to_stop) {
		struct pollfd p = {.fd = client, .events = POLLIN};
		poll(&p, 1, wait);
		long passed = drain();
		if (passed < 0)
			return;
		wait = passed > 0 ? BUSY_MS : wait * 2 > IDLE_MS ? IDLE_MS : wait * 2;
		if (p.revents) {
			ssize_t n = recv(client, (char *)&pending + have, sizeof(pending) - have, MSG_DONTWAIT);
			if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
				return;
			have += n > 0 ? n : 0;
			if (have == sizeof(pending)) {
				have = 0;
				if (!obey(&pending))
					break;
			}
			wait = BUSY_MS;
		}
		__u64 now = boot_ns();
		if (now >= next_losses) {
			next_losses = now + SECOND / 10;
			if (!say_dirty())
				return;
		}
		if (now >= next_second) {
			next_second = now + SECOND;
			kernel_sweep(&kernel);
			if (!say_clock(20) || !say_stats())
				return;
		}
	}
	finish();
}

static int listen_on(const char *path, __u32 peer)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address.sun_path))
		fail("the socket's path is longer than %zu bytes", sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	mode_t before = umask(0177);
	if (s < 0 || bind(s, (void *)&address, sizeof(address)) || listen(s, 1))
		fail("cannot listen on %s: %s", path, strerror(errno));
	umask(before);
	if (peer != geteuid() && chown(path, peer, -1))
		fail("cannot give %s to user %u: %s", path, peer, strerror(errno));
	return s;
}

static int accept_client(int listener, __u32 peer)
{
	struct pollfd p = {.fd = listener, .events = POLLIN};
	if (poll(&p, 1, CLIENT_PATIENCE_MS) != 1)
		fail("no client came within %d s", CLIENT_PATIENCE_MS / 1000);
	int s = accept4(listener, 0, 0, SOCK_CLOEXEC);
	struct ucred who;
	socklen_t length = sizeof(who);
	if (s < 0 || getsockopt(s, SOL_SOCKET, SO_PEERCRED, &who, &length))
		fail("accept: %s", strerror(errno));
	if (who.uid != peer)
		fail("refused: the client is user %u, not %u", who.uid, peer);
	int size = 1 << 20;
	setsockopt(s, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	close(listener);
	return s;
}

static __u32 number_of(const char *name, const char *text)
{
	char *end;
	unsigned long n = text ? strtoul(text, &end, 10) : 0;
	if (!text || *end || !*text)
		fail("%s needs a number", name);
	return n;
}

static const char *socket_path;
static long wanted_peer = -1;

static void read_options(int count, char **words)
{
	for (int i = 1; i < count; i++) {
		const char *word = words[i], *value = i + 1 < count ? words[i + 1] : 0;
		if (!strcmp(word, "--socket"))
			socket_path = value, i++;
		else if (!strcmp(word, "--owner"))
			settings.owner = number_of(word, value), i++;
		else if (!strcmp(word, "--client"))
			wanted_peer = number_of(word, value), i++;
		else if (!strcmp(word, "--control-ring"))
			settings.control_kib = number_of(word, value), i++;
		else if (!strcmp(word, "--flow-ring"))
			settings.stream_kib = number_of(word, value), i++;
		else if (!strcmp(word, "--mode") && value) {
			static const char *const names[] = {"aggregate", "raw", "both", "raw-enter"};
			settings.mode = 4;
			for (__u32 m = 0; m < 4; m++)
				if (!strcmp(value, names[m]))
					settings.mode = m;
			if (settings.mode == 4)
				fail("--mode is aggregate, raw, both or raw-enter, not %s", value);
			i++;
		} else if (!strcmp(word, "--no-park"))
			settings.park = 0;
		else if (!strcmp(word, "--no-heal"))
			settings.heal = 0;
		else if (!strcmp(word, "--no-uring"))
			settings.uring = 0;
		else
			fail("unknown option %s", word);
	}
	if (!settings.stream_kib)
		settings.stream_kib = settings.mode == SF_MODE_AGGREGATE ? 1024 : 16384;
	if (!socket_path)
		fail("usage: sysflow-probe --socket PATH [--mode aggregate|raw|both|raw-enter] [--owner UID] [--client UID] [--control-ring KIB] [--flow-ring KIB] [--no-park] [--no-heal] [--no-uring]");
}

int main(int count, char **words)
{
	read_options(count, words);
	__u32 self = getuid();
	/* Whoever is not root sees processes of their own only, whatever the options say. */
	if (self)
		settings.owner = self;
	__u32 peer = self || wanted_peer < 0 ? self : (__u32)wanted_peer;
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	setrlimit(RLIMIT_MEMLOCK, &all);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, on_signal);
	char reason[256];
	if (kernel_open(&kernel, &settings, reason, sizeof(reason)))
		fail("%s", reason);
	if (ring_open(&control, kernel.control_fd, kernel.control_bytes) || ring_open(&stream, kernel.stream_fd, kernel.stream_bytes))
		fail("the rings cannot be mapped: %s", strerror(errno));
	int listener = listen_on(socket_path, peer);
	if (drop_privileges(reason, sizeof(reason)))
		fail("%s", reason);
	if (write(STDOUT_FILENO, "ready\n", 6) != 6)
		fail("nobody reads the standard output");
	client = accept_client(listener, peer);
	if (say_hello() && say_clock(1000))
		serve();
	return 0;
}
