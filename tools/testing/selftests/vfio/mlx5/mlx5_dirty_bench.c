// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a report of DMA logging costs, and with our driver what the container's dirty pages
 * do to a freeze: prints a line "KIND METRIC VALUE" for each figure of each round.
 *
 *	kind	idle: of a GiB, nothing of which was written to, in a report of many; short: of
 *		one GiB alone; random, dense: of 100,000 pages that were written to, here
 *		and there or nearly all that there are; marks: a freeze by PRE_COPY_P2P with
 *		10,000 pages, here and there, that are still to be marked; still: with none;
 *		page: what one of them adds; quiet, busy: what asking and marking takes of a
 *		second of PRE_COPY in which the device writes nothing, or those 10,000
 *	metric	cpu_ns: that the machine worked for it, or how long it took where there is no
 *		/proc/schedstat; elapsed_ns: how long it took
 *
 * The model writes, so the device has to be a VF of it.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "dirty_log.h"
#include "dirty_pages.h"
#include "migratable.h"
#include "model_fault.h"

#define GIB		0x40000000ULL
#define START_IOVA	(4 * GIB)
#define TRACKED_GIB	64
/* Mapped again and again: memory of the machine is dear, and what is in it does not count */
#define MEM_BYTES	(32ULL << 20)
#define AREA_BYTES	(512ULL << 20)
#define AREA_PAGES	(AREA_BYTES / LOG_PAGE_BYTES)
#define COUNTED_PAGES	100000ULL
/* Of so many writes to random pages, about three of four pages are, and nearly all */
#define RANDOM_WRITES	180000
#define DENSE_WRITES	1000000
/* To mark: far fewer than there are, so that hardly any is written to twice */
#define MARKED_PAGES	10000ULL
/* As often as the driver asks, a share of them is written in a second of PRE_COPY */
#define TICKS		10
#define TICK_NS		(1000000000L / TICKS)

#define DRIVER		"mlx5_vfio_pci"
#define INTERVAL	"/sys/module/vfio_pci_variant/parameters/marks_interval_ms"

static struct vfio_dev dev;
static __u64 *bitmap;
static unsigned int seed = 1;
static bool quiet;

/*
 * How long tasks have had the CPUs, or how late it is where the kernel does not count that. Its own
 * share counts once the caller has slept.
 */
static __u64 busy_ns(void)
{
	struct timespec pause = { .tv_nsec = 1000 };
	unsigned long long ns, sum = 0;
	char line[512];
	FILE *file;

	if (access("/proc/schedstat", R_OK))
		return clock_ns();
	nanosleep(&pause, NULL);
	file = fopen("/proc/schedstat", "r");
	VFIO_ASSERT(file, "/proc/schedstat");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "cpu%*u %*u %*u %*u %*u %*u %*u %llu", &ns) == 1)
			sum += ns;
	fclose(file);
	return sum;
}

static void say_metric(const char *kind, const char *metric, __u64 value)
{
	if (quiet)
		return;
	printf("%s %s %llu\n", kind, metric, (unsigned long long)value);
	fflush(stdout);
}

static void say(const char *kind, __u64 cpu_ns)
{
	say_metric(kind, "cpu_ns", cpu_ns);
}

/* What the report of @gib costs */
static __u64 report(unsigned int gib)
{
	__u64 start = busy_ns();
	int ret = __log_report(&dev, START_IOVA, gib * GIB, LOG_PAGE_BYTES, bitmap);

	VFIO_ASSERT(!ret, "%s", strerror(-ret));
	return busy_ns() - start;
}

/* So many, each of a random page */
static void write_pages(unsigned int writes)
{
	if (writes)
		model_dma_write(model_function_of(dev.bdf), START_IOVA, AREA_BYTES, writes, seed++);
}

static void bench_written(const char *kind, unsigned int writes)
{
	unsigned int page, told = 0;
	__u64 cpu_ns;

	write_pages(writes);
	memset(bitmap, 0, GIB / LOG_PAGE_BYTES / 8);
	cpu_ns = report(1);
	for (page = 0; page < AREA_PAGES; page++)
		told += log_told(bitmap, page);
	VFIO_ASSERT(told > AREA_PAGES / 2, "%u pages", told);
	say(kind, cpu_ns * COUNTED_PAGES / told);
}

static void bench_round(void)
{
	say("idle", report(TRACKED_GIB) / TRACKED_GIB);
	say("short", report(1));
	bench_written("random", RANDOM_WRITES);
	bench_written("dense", DENSE_WRITES);
}

/* Into PRE_COPY, the driver asking each @interval_ms, and past what is told at first */
static int begin(const char *interval_ms, __u8 *map)
{
	int fd;

	VFIO_ASSERT(!__vfio_sysfs_write(INTERVAL, interval_ms), "write " INTERVAL);
	vfio_dirty_log(&dev, true);
	fd = vfio_mig_enter(&dev, VFIO_DEVICE_STATE_PRE_COPY, NULL);
	vfio_dirty_get(&dev, START_IOVA, AREA_BYTES, map);
	return fd;
}

static void end(int fd)
{
	close(fd);
	vfio_mig_set_state(&dev, VFIO_DEVICE_STATE_RUNNING);
	vfio_dirty_log(&dev, false);
}

/* CPU of a freeze with that many pages, none of which the worker has marked */
static __u64 bench_freeze(const char *kind, unsigned int writes)
{
	static __u8 map[AREA_PAGES];
	int fd = begin("60000", map);
	__u64 cpu, began, took;
	size_t told;

	write_pages(writes);
	cpu = busy_ns();
	began = clock_ns();
	vfio_mig_set_state(&dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	took = clock_ns() - began;
	cpu = busy_ns() - cpu;
	told = vfio_dirty_get(&dev, START_IOVA, AREA_BYTES, map);
	VFIO_ASSERT(told <= writes && told >= writes - writes / 10, "%zu of %u pages", told,
		    writes);
	end(fd);
	if (told) {
		cpu = cpu * writes / told;
		took = took * writes / told;
	}
	say(kind, cpu);
	say_metric(kind, "elapsed_ns", took);
	return cpu;
}

/* CPU of a second in which the device writes so many pages */
static __u64 second(unsigned int writes)
{
	struct timespec tick = { .tv_nsec = TICK_NS };
	__u64 start = busy_ns();
	int i;

	for (i = 0; i < TICKS; i++) {
		write_pages(writes / TICKS);
		nanosleep(&tick, NULL);
	}
	return busy_ns() - start;
}

/* What PRE_COPY adds to a second is what asking and marking takes */
static void bench_worker(const char *kind, unsigned int writes)
{
	static __u8 map[AREA_PAGES];
	__u64 without = second(writes), with;
	int fd = begin("100", map);

	with = second(writes);
	end(fd);
	say(kind, with > without ? with - without : 0);
}

/* Where the kernel passes reports of DMA logging on */
static void bench_reports(int rounds)
{
	int i, ret;

	if (log_is_offered(&dev))
		return;
	ret = __log_start_one(&dev, START_IOVA, TRACKED_GIB * GIB);
	VFIO_ASSERT(!ret, "start: %s", strerror(-ret));
	for (i = 0; i < 1 + rounds; i++) {
		/* The first one has everything fetched and allocated */
		quiet = !i;
		bench_round();
	}
	VFIO_ASSERT(!__log_stop(&dev), "stop the log");
}

/* Marks are ours alone */
static void bench_marks(int rounds)
{
	char driver[64];

	vfio_driver_of(dev.bdf, driver, sizeof(driver));
	if (strcmp(driver, DRIVER))
		return;
	while (rounds--) {
		__u64 still = bench_freeze("still", 0), marks = bench_freeze("marks", MARKED_PAGES);

		say("page", marks > still ? (marks - still) / MARKED_PAGES : 0);
		bench_worker("quiet", 0);
		bench_worker("busy", MARKED_PAGES);
	}
	__vfio_sysfs_write(INTERVAL, "100");
}

static void prepare(void)
{
	size_t bitmap_bytes = TRACKED_GIB * GIB / LOG_PAGE_BYTES / 8;
	const char *skip = open_migratable(&dev, 0) ?: model_fault_open();
	__u64 at;
	void *mem;

	VFIO_ASSERT(!skip, "%s", skip);
	vfio_dev_enable_dma(&dev);
	mem = mmap(NULL, MEM_BYTES, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	bitmap = mmap(NULL, bitmap_bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	VFIO_ASSERT(mem != MAP_FAILED && bitmap != MAP_FAILED, "memory");
	for (at = 0; at < AREA_BYTES; at += MEM_BYTES)
		vfio_dma_map(&dev, mem, START_IOVA + at, MEM_BYTES);
}

int main(int argc, char **argv)
{
	int rounds;

	vfio_args(&argc, argv);
	rounds = argc > 1 ? atoi(argv[1]) : 0;
	if (!rounds) {
		fprintf(stderr, "usage: %s ROUNDS BDF\n", argv[0]);
		return 2;
	}
	prepare();
	bench_reports(rounds);
	bench_marks(rounds);
	model_fault_close();
	vfio_dev_close(&dev);
	return 0;
}
