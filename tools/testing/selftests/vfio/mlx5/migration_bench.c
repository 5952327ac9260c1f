// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the migration of devices costs: prints a line "KIND METRIC VALUE" for each
 * figure of each round. All devices do each step at the same time, a thread for each,
 * and a step ends when the last one has done it.
 *
 *	kind	stopped: a save with the guest stopped; running: one that began before;
 *		load: of what the first kind saved; floor: a copy to user memory alone
 *	metric	bytes		of device state, of all devices
 *		cpu_ns		that the machine worked for it, freeing included
 *		enter_ns	RUNNING_P2P or PRE_COPY_P2P -> STOP_COPY
 *		move_ns		the rest of the stream read, or all of it written
 *		leave_ns	STOP_COPY -> STOP, or RESUMING -> RUNNING
 *		blackout_cpu_ns	that the machine worked while the guest stands still
 *		peak_bytes	most memory that was charged to the user, with --memory
 *		at:CALLS	samples of what cpu_ns is spent on, with --profile
 *
 * On a machine whose clock counts instructions these are exact to some percent, whatever
 * else goes on. On others they are times.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "clock.h"
#include "migratable.h"
#include "profile.h"

#define MAX_DEVICES	16
/* What QEMU moves at once */
#define PIECE_BYTES	0x100000U
#define HUGE_BYTES	0x200000U
/* Who still works after it does so for a tenth of it; all else that the machine does is less */
#define SETTLE_NS	(20 * 1000 * 1000)
/* More than an image has pieces; a device that always has more is stopped all the same */
#define PRECOPY_ROUNDS	1000
#define PRECOPY_WAIT_MS	100

/* Threads wait here for the main one, and it for them */
static pthread_barrier_t barrier;
static struct vfio_image image;

struct worker {
	pthread_t thread;
	struct vfio_dev dev;
	unsigned char *piece;
	int fd;
	__u64 bytes;
};

static struct worker workers[MAX_DEVICES];
/* What is done does not count: the first round, and what is charged to a user, as this costs */
static bool quiet;
/* What is at work is looked at, and nothing else said of it */
static bool looking;
static void (*step)(struct worker *worker);

static void sleep_ns(long ns)
{
	struct timespec ts = { .tv_nsec = ns };

	nanosleep(&ts, NULL);
}

/* How long tasks have had the CPUs. Its own share counts once the caller has slept. */
static __u64 busy_ns(void)
{
	unsigned long long ns, sum = 0;
	char line[512];
	FILE *file;

	sleep_ns(1000);
	file = fopen("/proc/schedstat", "r");
	VFIO_ASSERT(file, "/proc/schedstat");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "cpu%*u %*u %*u %*u %*u %*u %*u %llu", &ns) == 1)
			sum += ns;
	fclose(file);
	return sum;
}

static void *touched(size_t bytes, int flags, int fd)
{
	void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	VFIO_ASSERT(mem != MAP_FAILED, "mmap of %zu bytes: %s", bytes, strerror(errno));
	memset(mem, 1, bytes);
	return mem;
}

static void *worker_main(void *arg)
{
	for (;;) {
		pthread_barrier_wait(&barrier);
		if (!step)
			return NULL;
		step(arg);
		pthread_barrier_wait(&barrier);
	}
}

/* Has all devices do a step; returns how long that took */
static __u64 all(void (*what)(struct worker *worker))
{
	__u64 start = clock_ns();

	step = what;
	pthread_barrier_wait(&barrier);
	if (!what)
		return 0;
	pthread_barrier_wait(&barrier);
	return clock_ns() - start;
}

static __u64 all_bytes(void)
{
	__u64 sum = 0;
	unsigned int i;

	for (i = 0; i < vfio_nr_bdfs(); i++)
		sum += workers[i].bytes;
	return sum;
}

static void say(const char *kind, const char *metric, __u64 value)
{
	if (quiet)
		return;
	printf("%s %s %llu\n", kind, metric, (unsigned long long)value);
	fflush(stdout);
}

/* busy_ns() once nobody has anything to do, that is when the last buffer is freed */
static __u64 settled_ns(void)
{
	__u64 before, busy = busy_ns();

	do {
		before = busy;
		sleep_ns(SETTLE_NS);
		busy = busy_ns();
	} while (busy - before > SETTLE_NS / 10);
	return busy;
}

/* The work that counts begins; returns what to give to work_ends() */
static __u64 work_begins(void)
{
	if (looking)
		vfio_profile_start();
	return busy_ns();
}

/* All of it is done, once the last buffer is freed */
static void work_ends(const char *kind, __u64 start)
{
	say(kind, "cpu_ns", settled_ns() - start);
	say(kind, "bytes", all_bytes());
	if (!looking)
		return;
	vfio_profile_stop();
	vfio_profile_print(kind);
}

/* Reads what there is; 0 or the negative errno that says why there is no more */
static int read_rest(struct worker *worker)
{
	ssize_t got;

	do {
		got = read(worker->fd, worker->piece, PIECE_BYTES);
		if (got > 0)
			worker->bytes += got;
	} while (got > 0);
	return got ? -errno : 0;
}

static void enter_p2p(struct worker *worker)
{
	worker->bytes = 0;
	vfio_mig_set_state(&worker->dev, VFIO_DEVICE_STATE_RUNNING_P2P);
}

/* As a migration does it: all there is, and then what has changed, while it gets less */
static void precopy(struct worker *worker)
{
	struct pollfd pfd = { .events = POLLIN };
	struct vfio_precopy_info info;
	int rounds = 0, ret;

	worker->bytes = 0;
	worker->fd = vfio_mig_set_state(&worker->dev, VFIO_DEVICE_STATE_PRE_COPY);
	pfd.fd = worker->fd;
	do {
		ret = read_rest(worker);
		VFIO_ASSERT(ret == -ENOMSG, "%s: %s", worker->dev.bdf, strerror(-ret));
		vfio_precopy_info(worker->fd, &info);
		/* Changes take a moment to be saved */
		poll(&pfd, 1, info.initial_bytes || info.dirty_bytes ? PRECOPY_WAIT_MS : 0);
	} while (++rounds < PRECOPY_ROUNDS && (info.initial_bytes || info.dirty_bytes));
}

static void enter_precopy_p2p(struct worker *worker)
{
	vfio_mig_set_state(&worker->dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
}

static void enter_stop_copy(struct worker *worker)
{
	int fd = vfio_mig_set_state(&worker->dev, VFIO_DEVICE_STATE_STOP_COPY);

	if (fd >= 0)
		worker->fd = fd;
}

static void read_all(struct worker *worker)
{
	int ret = read_rest(worker);

	VFIO_ASSERT(!ret, "%s: read: %s", worker->dev.bdf, strerror(-ret));
	close(worker->fd);
}

static void leave_stop_copy(struct worker *worker)
{
	vfio_mig_set_state(&worker->dev, VFIO_DEVICE_STATE_STOP);
}

static void run(struct worker *worker)
{
	vfio_mig_set_state(&worker->dev, VFIO_DEVICE_STATE_RUNNING);
}

static void enter_resuming(struct worker *worker)
{
	worker->bytes = image.size;
	worker->fd = vfio_mig_set_state(&worker->dev, VFIO_DEVICE_STATE_RESUMING);
}

static void write_all(struct worker *worker)
{
	int ret = __vfio_image_write(worker->fd, image.data, image.size, PIECE_BYTES);

	VFIO_ASSERT(!ret, "%s: write: %s", worker->dev.bdf, strerror(-ret));
	close(worker->fd);
}

/* A function that was loaded and has run takes no other image */
static void reset(struct worker *worker)
{
	vfio_dev_reset(&worker->dev);
}

/* The end of a save: all that comes after the guest has stopped */
static void save_stopped(const char *kind, __u64 start)
{
	__u64 stop = busy_ns(), enter, move, blackout, leave;

	enter = all(enter_stop_copy);
	move = all(read_all);
	blackout = busy_ns() - stop;
	leave = all(leave_stop_copy);
	work_ends(kind, start);
	say(kind, "enter_ns", enter);
	say(kind, "move_ns", move);
	say(kind, "leave_ns", leave);
	say(kind, "blackout_cpu_ns", blackout);
	all(run);
}

static void bench_stopped(void)
{
	__u64 start;

	all(enter_p2p);
	start = work_begins();
	save_stopped("stopped", start);
}

static void bench_running(void)
{
	__u64 start = work_begins();

	all(precopy);
	all(enter_precopy_p2p);
	save_stopped("running", start);
}

static void bench_load(void)
{
	__u64 start = work_begins(), move, leave, stop;

	all(enter_resuming);
	move = all(write_all);
	stop = busy_ns();
	leave = all(run);
	say("load", "blackout_cpu_ns", busy_ns() - stop);
	work_ends("load", start);
	say("load", "move_ns", move);
	say("load", "leave_ns", leave);
	all(reset);
}

/* One page of memory, copied again and again, is read with hardly anything else to do */
static void bench_floor(void)
{
	unsigned int i, pieces = image.size / PIECE_BYTES + 1;
	int fd = memfd_create("floor", MFD_HUGETLB);
	__u64 start;

	VFIO_ASSERT(fd >= 0 && !ftruncate(fd, HUGE_BYTES), "memfd: %s", strerror(errno));
	munmap(touched(HUGE_BYTES, MAP_SHARED, fd), HUGE_BYTES);
	start = busy_ns();
	for (i = 0; i < pieces; i++)
		VFIO_ASSERT(pread(fd, workers[0].piece, PIECE_BYTES, 0) == PIECE_BYTES,
			    "read of a huge page: %s", strerror(errno));
	say("floor", "cpu_ns", busy_ns() - start);
	say("floor", "bytes", (__u64)pieces * PIECE_BYTES);
	close(fd);
}

/* Most of what one of the kinds takes of the user's memory; none of it is there before */
static void bench_memory(const char *kind, void (*bench)(void))
{
	const char *skip = vfio_cgroup_make();

	VFIO_ASSERT(!skip, "%s", skip);
	vfio_cgroup_enter();
	quiet = true;
	bench();
	quiet = false;
	vfio_cgroup_leave();
	say(kind, "peak_bytes", vfio_cgroup_memory_peak_bytes());
	vfio_cgroup_remove();
}

static void start_workers(void)
{
	unsigned int i;

	pthread_barrier_init(&barrier, NULL, vfio_nr_bdfs() + 1);
	for (i = 0; i < vfio_nr_bdfs(); i++) {
		struct worker *worker = &workers[i];
		const char *skip = open_migratable(&worker->dev, i);

		VFIO_ASSERT(!skip, "%s", skip);
		worker->piece = touched(PIECE_BYTES, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		VFIO_ASSERT(!pthread_create(&worker->thread, NULL, worker_main, worker), "thread");
	}
}

static void stop_workers(void)
{
	unsigned int i;

	all(NULL);
	for (i = 0; i < vfio_nr_bdfs(); i++) {
		pthread_join(workers[i].thread, NULL);
		vfio_dev_close(&workers[i].dev);
	}
}

static const struct {
	const char *kind;
	void (*bench)(void);
	/* VFIO_MIGRATION_* flags that it needs */
	__u64 flags;
	bool moves_device;
} kinds[] = {
	{ "stopped", bench_stopped, VFIO_MIGRATION_STOP_COPY, true },
	{ "load", bench_load, VFIO_MIGRATION_STOP_COPY, true },
	{ "running", bench_running, VFIO_MIGRATION_PRE_COPY, true },
	{ "floor", bench_floor, 0, false },
};

/* All kinds of figures once, or that with the name @only; with @memory the memory alone */
static void bench_round(const char *only, bool memory)
{
	__u64 flags = vfio_first_flags();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if ((flags & kinds[i].flags) != kinds[i].flags ||
		    (only && strcmp(only, kinds[i].kind)))
			continue;
		if (!memory)
			kinds[i].bench();
		else if (kinds[i].moves_device)
			bench_memory(kinds[i].kind, kinds[i].bench);
	}
}

/* As many rounds again, which cost more as they are looked at: what they cost is not said */
static void bench_profile(const char *only, int rounds)
{
	const char *skip = vfio_profile_open();

	VFIO_ASSERT(!skip, "%s", skip);
	quiet = true;
	looking = true;
	for (; rounds; rounds--)
		bench_round(only, false);
}

static void say_usage(const char *name)
{
	fprintf(stderr, "usage: %s [--memory] [--profile] [--only KIND] ROUNDS BDF...\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	const char *only = NULL;
	bool memory = false, profile = false;
	int i, rounds = 0;

	vfio_args(&argc, argv);
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--memory"))
			memory = true;
		else if (!strcmp(argv[i], "--profile"))
			profile = true;
		else if (!strcmp(argv[i], "--only") && i + 1 < argc)
			only = argv[++i];
		else
			rounds = atoi(argv[i]);
	}
	if (!rounds || vfio_nr_bdfs() > MAX_DEVICES)
		say_usage(argv[0]);
	start_workers();
	vfio_image_save(&workers[0].dev, &image, VFIO_DEVICE_STATE_RUNNING);
	quiet = true;
	bench_round(only, false);
	quiet = false;
	for (i = 0; i < rounds; i++)
		bench_round(only, false);
	if (memory)
		bench_round(only, true);
	if (profile)
		bench_profile(only, rounds);
	stop_workers();
	return 0;
}
