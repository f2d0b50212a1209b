/* Reading the kernel's ring buffers (Documentation/bpf/ringbuf.rst): a record is a length with two bits, an offset, the bytes. */
#include "kernel-side.h"
#include "sysflow.h"
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

int ring_open(struct ring *r, int fd, size_t bytes)
{
	long page = sysconf(_SC_PAGESIZE);
	void *ours = mmap(0, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ours == MAP_FAILED)
		return -1;
	void *theirs = mmap(0, page + 2 * bytes, PROT_READ, MAP_SHARED, fd, page);
	if (theirs == MAP_FAILED)
		return -1;
	r->consumer = ours;
	r->producer = theirs;
	r->data = (const __u8 *)theirs + page;
	r->mask = bytes - 1;
	return 0;
}

__u64 ring_end(const struct ring *r)
{
	return __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
}

/* Messages are given out together up to this many bytes, so that room is made early. */
#define SPAN_MAX (256u << 10)

long ring_pass(struct ring *r, __u64 until, int (*pass)(const void *, size_t, void *), void *context)
{
	__u64 at = *r->consumer;
	long passed = 0;
	while (at < until) {
		__u64 end = at;
		while (end < until && end - at < SPAN_MAX) {
			const __u32 *head = (const __u32 *)(r->data + (end & r->mask));
			__u32 length = __atomic_load_n(head, __ATOMIC_ACQUIRE);
			if (length & BPF_RINGBUF_BUSY_BIT)
				break;
			length &= ~BPF_RINGBUF_DISCARD_BIT;
			end += (length + BPF_RINGBUF_HDR_SZ + 7) & ~7ull;
		}
		if (end == at)
			break;
		if (!pass(r->data + (at & r->mask), end - at, context))
			return -1;
		passed += end - at;
		at = end;
		__atomic_store_n(r->consumer, at, __ATOMIC_RELEASE);
	}
	return passed;
}
