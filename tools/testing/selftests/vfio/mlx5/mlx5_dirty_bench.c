// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a report of DMA logging costs: prints a line "KIND METRIC VALUE" for each figure of
 * each round.
 *
 *	kind	idle: of a GiB, nothing of which was written to, in a report of many; short: of
 *		one GiB alone; random, dense: of 100,000 pages that were written to, here
 *		and there or nearly all that there are
 *	metric	cpu_ns: that the machine worked for it
 *
 * The model writes, so the device has to be a VF of it.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>

#include "dirty_log.h"
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

static struct vfio_dev dev;
static __u64 *bitmap;
static unsigned int seed = 1;
static bool quiet;

/* How long tasks have had the CPUs. Its own share counts once the caller has slept. */
static __u64 busy_ns(void)
{
	struct timespec pause = { .tv_nsec = 1000 };
	unsigned long long ns, sum = 0;
	char line[512];
	FILE *file;

	nanosleep(&pause, NULL);
	file = fopen("/proc/schedstat", "r");
	VFIO_ASSERT(file, "/proc/schedstat");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "cpu%*u %*u %*u %*u %*u %*u %*u %llu", &ns) == 1)
			sum += ns;
	fclose(file);
	return sum;
}

static void say(const char *kind, __u64 cpu_ns)
{
	if (quiet)
		return;
	printf("%s cpu_ns %llu\n", kind, (unsigned long long)cpu_ns);
	fflush(stdout);
}

/* What the report of @gib costs */
static __u64 report(unsigned int gib)
{
	__u64 start = busy_ns();
	int ret = __log_report(&dev, START_IOVA, gib * GIB, LOG_PAGE_BYTES, bitmap);

	VFIO_ASSERT(!ret, "%s", strerror(-ret));
	return busy_ns() - start;
}

static void bench_written(const char *kind, unsigned int writes)
{
	unsigned int page, told = 0;
	__u64 cpu_ns;

	model_dma_write(model_function_of(dev.bdf), START_IOVA, AREA_BYTES, writes, seed++);
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

static void prepare(void)
{
	size_t bitmap_bytes = TRACKED_GIB * GIB / LOG_PAGE_BYTES / 8;
	const char *skip = open_migratable(&dev, 0) ?: log_is_offered(&dev) ?: model_fault_open();
	__u64 at;
	void *mem;
	int ret;

	VFIO_ASSERT(!skip, "%s", skip);
	vfio_dev_enable_dma(&dev);
	mem = mmap(NULL, MEM_BYTES, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	bitmap = mmap(NULL, bitmap_bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	VFIO_ASSERT(mem != MAP_FAILED && bitmap != MAP_FAILED, "memory");
	for (at = 0; at < AREA_BYTES; at += MEM_BYTES)
		vfio_dma_map(&dev, mem, START_IOVA + at, MEM_BYTES);
	ret = __log_start_one(&dev, START_IOVA, TRACKED_GIB * GIB);
	VFIO_ASSERT(!ret, "start: %s", strerror(-ret));
}

int main(int argc, char **argv)
{
	int i, rounds;

	vfio_args(&argc, argv);
	rounds = argc > 1 ? atoi(argv[1]) : 0;
	if (!rounds) {
		fprintf(stderr, "usage: %s ROUNDS BDF\n", argv[0]);
		return 2;
	}
	prepare();
	quiet = true;
	bench_round();
	quiet = false;
	for (i = 0; i < rounds; i++)
		bench_round();
	model_fault_close();
	vfio_dev_close(&dev);
	return 0;
}
