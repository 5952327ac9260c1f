// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that a user's sessions take has a bound: whatever became of them, and
 * of their files, one that is over holds none. Sessions are begun, brought half
 * way, ended in each way there is, and their files kept; what the machine has
 * left is measured before and after.
 */
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "migratable.h"
#include "process.h"

/* What all sessions together would take if they kept it */
#define TAKEN_BYTES	(96ULL << 20)
/* More than a machine at rest changes by, and than the structures of dead sessions take */
#define BOUND_BYTES	(32ULL << 20)
/* Below this, more files would be needed than a process may have */
#define MIN_IMAGE_BYTES	(256U << 10)
#define MAX_SESSIONS	800
#define SETTLE_MS	10000
/* More than a CPU's lists of free pages hold in a machine of few GiB */
#define CPU_LISTS_BYTES	(96ULL << 20)

enum way_out {
	WAY_STOP,
	WAY_RESET,
	WAY_REOPEN,
};

FIXTURE(memory) {
	struct vfio_dev dev;
	struct vfio_image image;
	unsigned int nr_sessions;
	int fds[MAX_SESSIONS];
};

FIXTURE_VARIANT(memory) {
	__u32 state;
	enum way_out way_out;
};

FIXTURE_VARIANT_ADD(memory, loads_that_are_reset) {
	.state = VFIO_DEVICE_STATE_RESUMING, .way_out = WAY_RESET,
};

FIXTURE_VARIANT_ADD(memory, loads_that_are_closed) {
	.state = VFIO_DEVICE_STATE_RESUMING, .way_out = WAY_REOPEN,
};

FIXTURE_VARIANT_ADD(memory, saves_that_are_called_off) {
	.state = VFIO_DEVICE_STATE_STOP_COPY, .way_out = WAY_STOP,
};

FIXTURE_VARIANT_ADD(memory, saves_that_are_reset) {
	.state = VFIO_DEVICE_STATE_STOP_COPY, .way_out = WAY_RESET,
};

FIXTURE_VARIANT_ADD(memory, saves_of_a_running_device_that_are_called_off) {
	.state = VFIO_DEVICE_STATE_PRE_COPY, .way_out = WAY_STOP,
};

FIXTURE_VARIANT_ADD(memory, saves_of_a_running_device_that_are_reset) {
	.state = VFIO_DEVICE_STATE_PRE_COPY, .way_out = WAY_RESET,
};

FIXTURE_SETUP(memory)
{
	struct rlimit files = { .rlim_cur = 2048, .rlim_max = 4096 };
	const char *skip = open_migratable(&self->dev, 0);

	if (skip)
		SKIP(return, "%s", skip);
	if (!vfio_state_exists(self->dev.mig_flags, variant->state)) {
		vfio_dev_close(&self->dev);
		SKIP(return, "%s has no state %s", vfio_bdf(0), vfio_state_name(variant->state));
	}
	vfio_image_save(&self->dev, &self->image, VFIO_DEVICE_STATE_RUNNING);
	if (self->image.size < MIN_IMAGE_BYTES) {
		vfio_dev_close(&self->dev);
		SKIP(return, "an image of %zu bytes is too small to be measured, %u are needed",
		     self->image.size, MIN_IMAGE_BYTES);
	}
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	self->nr_sessions = TAKEN_BYTES / (self->image.size / 2);
	ASSERT_GE(MAX_SESSIONS, self->nr_sessions);
}

FIXTURE_TEARDOWN(memory)
{
	vfio_image_free(&self->image);
	vfio_dev_close(&self->dev);
}

/*
 * What is freed page by page waits in a CPU's own lists, where it does not count as available.
 * They hold up to the zone's low watermark, shared out among its CPUs, and 6.1 does not
 * shrink them with time. So that they are as full whenever it is counted, more goes through
 * them than they can hold.
 */
static void fill_cpu_lists(void)
{
	char *pages = mmap(NULL, CPU_LISTS_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	VFIO_ASSERT(pages != MAP_FAILED, "mmap");
	madvise(pages, CPU_LISTS_BYTES, MADV_NOHUGEPAGE);
	memset(pages, 1, CPU_LISTS_BYTES);
	munmap(pages, CPU_LISTS_BYTES);
}

static __u64 available_bytes(void)
{
	unsigned long long kib = 0;
	char line[128];
	FILE *file;

	fill_cpu_lists();
	file = fopen("/proc/meminfo", "r");
	VFIO_ASSERT(file, "/proc/meminfo");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			break;
	fclose(file);
	VFIO_ASSERT(kib, "MemAvailable");
	return kib << 10;
}

/*
 * How much less is available than @before, when what is freed late has been freed, or it is
 * less than @bound_bytes
 */
static __u64 lost_bytes(__u64 before, __u64 bound_bytes)
{
	struct timespec pause = { .tv_nsec = 50000000 };
	__u64 lost = 0;
	int tries;

	for (tries = 0; tries < SETTLE_MS / 50; tries++) {
		__u64 now = available_bytes();

		lost = before > now ? before - now : 0;
		if (lost < bound_bytes)
			break;
		nanosleep(&pause, NULL);
	}
	return lost;
}

static void leave(struct vfio_dev *dev, enum way_out way_out)
{
	switch (way_out) {
	case WAY_STOP:
		vfio_mig_set_state(dev, VFIO_DEVICE_STATE_STOP);
		break;
	case WAY_RESET:
		vfio_dev_reset(dev);
		break;
	case WAY_REOPEN:
		vfio_dev_close(dev);
		vfio_dev_open(dev, vfio_bdf(0));
		break;
	}
}

static void half_a_session(FIXTURE_DATA(memory) * self, __u32 state, int *fd)
{
	struct pollfd pfd;

	*fd = vfio_mig_enter(&self->dev, state, NULL);
	pfd = (struct pollfd) { .fd = *fd, .events = POLLIN };
	if (state == VFIO_DEVICE_STATE_RESUMING)
		VFIO_ASSERT(!__vfio_image_write(*fd, self->image.data,
						self->image.size / 2, 1 << 20),
			    "half an image");
	else
		VFIO_ASSERT(poll(&pfd, 1, SETTLE_MS) == 1, "an image to read");
}

TEST_F_TIMEOUT(memory, of_sessions_that_are_over_is_free, 180)
{
	__u64 before, lost;
	unsigned int i;

	/* What the first one takes for good is not what is measured */
	half_a_session(self, variant->state, &self->fds[0]);
	leave(&self->dev, variant->way_out);
	before = available_bytes();
	for (i = 1; i < self->nr_sessions; i++) {
		half_a_session(self, variant->state, &self->fds[i]);
		leave(&self->dev, variant->way_out);
	}
	lost = lost_bytes(before, BOUND_BYTES);
	TH_LOG("%u sessions, %llu KiB less", self->nr_sessions,
	       (unsigned long long)lost >> 10);
	EXPECT_GT(BOUND_BYTES, lost);
	for (i = 0; i < self->nr_sessions; i++)
		close(self->fds[i]);
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
}

/* Copies that hang in a page fault, each in a session that is over */

#define NR_STUCK	24
#define STUCK_BYTES	(64U << 10)

struct stuck {
	pthread_t thread;
	int fd;
	bool writes;
	char *buffer;
};

static void *move(void *arg)
{
	struct stuck *stuck = arg;
	ssize_t ret;

	ret = stuck->writes ? write(stuck->fd, stuck->buffer, STUCK_BYTES) :
			      read(stuck->fd, stuck->buffer, STUCK_BYTES);
	return (void *)(intptr_t)ret;
}

static void wait_touched(int uffd)
{
	struct pollfd pfd = { .fd = uffd, .events = POLLIN };
	struct uffd_msg msg;

	VFIO_ASSERT(poll(&pfd, 1, SETTLE_MS) == 1, "the buffer was not touched");
	VFIO_ASSERT(read(uffd, &msg, sizeof(msg)) == sizeof(msg), "uffd_msg");
}

TEST_F_TIMEOUT(memory, of_a_copy_that_hangs_is_small, 180)
{
	struct stuck stuck[NR_STUCK];
	__u64 before, lost;
	unsigned int i;
	char *pages = NULL;
	int uffd;

	uffd = __vfio_hold_pages(&pages, NR_STUCK * STUCK_BYTES);
	if (uffd < 0)
		SKIP(return, "userfaultfd: %s", strerror(-uffd));
	half_a_session(self, variant->state, &self->fds[0]);
	leave(&self->dev, variant->way_out);
	close(self->fds[0]);
	before = available_bytes();
	for (i = 0; i < NR_STUCK; i++) {
		stuck[i] = (struct stuck) {
			.writes = variant->state == VFIO_DEVICE_STATE_RESUMING,
			.buffer = pages + i * STUCK_BYTES,
		};
		half_a_session(self, variant->state, &stuck[i].fd);
		ASSERT_EQ(0, pthread_create(&stuck[i].thread, NULL, move,
					    &stuck[i]));
		wait_touched(uffd);
		leave(&self->dev, variant->way_out);
	}
	/* Each thread has a stack and may keep one slice; none a whole image */
	lost = lost_bytes(before, NR_STUCK * (__u64)(self->image.size / 4));
	TH_LOG("%u copies that hang, %llu KiB less", NR_STUCK, (unsigned long long)lost >> 10);
	EXPECT_GT(NR_STUCK * (__u64)(self->image.size / 4), lost);
	close(uffd);
	for (i = 0; i < NR_STUCK; i++) {
		pthread_join(stuck[i].thread, NULL);
		close(stuck[i].fd);
	}
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
