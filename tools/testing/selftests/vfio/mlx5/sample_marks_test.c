// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty pages in the type1 container, told by the library for the sample variant, whose device
 * writes nowhere: the test says where it did. What is told is what was written, and everything
 * when that is not known.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dirty_pages.h"
#include "kselftest_harness.h"
#include "migratable.h"
#include "trace.h"

#define DRIVER		"sample_vfio_pci"
#define SAMPLE		"/sys/module/" DRIVER "/parameters/"
#define LIBRARY		"/sys/module/vfio_pci_variant/parameters/"

#define PAGE		DIRTY_PAGE_BYTES
#define GIB		0x40000000ULL
#define AREA_IOVA	(1 * GIB)
#define AREA_PAGES	4096ULL
#define AREA_BYTES	(AREA_PAGES * PAGE)
/* What is mapped elsewhere, as the second half of the same memory */
#define HIGH_PAGES	1024ULL
#define HIGH_BYTES	(HIGH_PAGES * PAGE)
#define MEM_BYTES	(AREA_BYTES + HIGH_BYTES)

#define ROUNDS		6
#define WAIT_MS		30000

/* What fails of the tracker, as the option counts it */
#define START_FAILS	"1"
#define REPORT_FAILS	"2"

FIXTURE(marks) {
	struct vfio_dev dev;
	__u8 *mem;
	__u8 told[AREA_PAGES];
	__u8 wrote[AREA_PAGES];
	unsigned int seed;
};

static void set(const char *parameter, const char *value)
{
	VFIO_ASSERT(!__vfio_sysfs_write(parameter, value), "%s to %s", value, parameter);
}

static unsigned int get(const char *parameter)
{
	unsigned int value = 0;
	FILE *file = fopen(parameter, "r");

	VFIO_ASSERT(file && fscanf(file, "%u", &value) == 1, "read %s", parameter);
	fclose(file);
	return value;
}

static unsigned long ms_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

static void no_faults(void)
{
	set(SAMPLE "track_fails", "0");
	set(SAMPLE "track_max_gib", "0");
	set(LIBRARY "marks", "1");
	set(LIBRARY "marks_interval_ms", "100");
}

FIXTURE_SETUP(marks)
{
	const char *skip = open_migratable(&self->dev, 0);
	char driver[64];

	if (skip)
		SKIP(return, "%s", skip);
	vfio_driver_of(self->dev.bdf, driver, sizeof(driver));
	if (strcmp(driver, DRIVER)) {
		vfio_dev_close(&self->dev);
		SKIP(return, "%s has the driver '%s', not " DRIVER, vfio_bdf(0), driver);
	}
	no_faults();
	self->seed = 1;
	self->mem = mmap(NULL, MEM_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->mem);
}

FIXTURE_TEARDOWN(marks)
{
	no_faults();
	vfio_dev_close(&self->dev);
	munmap(self->mem, MEM_BYTES);
}

static void wrote_by(const struct vfio_dev *dev, const char *parameter, __u64 iova, __u64 pages)
{
	char order[64];

	snprintf(order, sizeof(order), "%s 0x%llx %lld", dev->bdf, iova, pages);
	set(parameter, order);
}

static void map_area(FIXTURE_DATA(marks) * self)
{
	vfio_dma_map(&self->dev, self->mem, AREA_IOVA, AREA_BYTES);
}

static void map_flags(FIXTURE_DATA(marks) * self, unsigned int first, unsigned int pages,
		      __u32 flags)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = flags,
		.vaddr = (uintptr_t)self->mem + first * PAGE,
		.iova = AREA_IOVA + first * PAGE,
		.size = pages * PAGE,
	};

	VFIO_ASSERT(!ioctl(self->dev.container_fd, VFIO_IOMMU_MAP_DMA, &map), "map %u pages: %s",
		    pages, strerror(errno));
}

static void unmap(const struct vfio_dev *dev, __u64 iova, __u64 bytes)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = iova, .size = bytes,
	};

	VFIO_ASSERT(!ioctl(dev->container_fd, VFIO_IOMMU_UNMAP_DMA, &unmap), "take 0x%llx away: %s",
		    iova, strerror(errno));
}

/* Writes at random, or does not */
static void write_some(FIXTURE_DATA(marks) * self, const char *parameter, unsigned int runs)
{
	while (runs--) {
		unsigned int page = rand_r(&self->seed) % (AREA_PAGES - 8);
		unsigned int pages = 1 + rand_r(&self->seed) % 8;

		memset(self->wrote + page, 1, pages);
		wrote_by(&self->dev, parameter, AREA_IOVA + page * PAGE, pages);
	}
}

static size_t get_area(FIXTURE_DATA(marks) * self)
{
	memset(self->told, 0, sizeof(self->told));
	return vfio_dirty_get(&self->dev, AREA_IOVA, AREA_BYTES, self->told);
}

static size_t get_high(FIXTURE_DATA(marks) * self, __u64 iova)
{
	memset(self->told, 0, sizeof(self->told));
	return vfio_dirty_get(&self->dev, iova, HIGH_BYTES, self->told);
}

static void map_high(FIXTURE_DATA(marks) * self, __u64 iova)
{
	vfio_dma_map(&self->dev, self->mem + AREA_BYTES, iova, HIGH_BYTES);
}

/* Into PRE_COPY with the container's log on, and past what is told at first */
static int begin(FIXTURE_DATA(marks) * self)
{
	int fd;

	vfio_dirty_log(&self->dev, true);
	fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, NULL);
	get_area(self);
	memset(self->wrote, 0, sizeof(self->wrote));
	return fd;
}

/* RUNNING again, the log off, as after a migration that was called off or has ended */
static void end(FIXTURE_DATA(marks) * self, int fd)
{
	close(fd);
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RUNNING);
	vfio_dirty_log(&self->dev, false);
}

static void go(FIXTURE_DATA(marks) * self, __u32 state)
{
	int fd = -1;

	VFIO_ASSERT(!__vfio_mig_set_state(&self->dev, state, &fd), "to %s",
		    vfio_state_name(state));
	if (fd >= 0)
		close(fd);
}

/* Sets the scope: a whole round of PRE_COPY and back */
static void set_scope(FIXTURE_DATA(marks) * self)
{
	end(self, begin(self));
}

static void expect_exact(struct __test_metadata *_metadata, FIXTURE_DATA(marks) * self)
{
	EXPECT_EQ(0, memcmp(self->wrote, self->told, sizeof(self->told)));
}

/* Frozen, the device has all told that it wrote to before; nobody asks otherwise */
TEST_F_TIMEOUT(marks, told_is_written, 90)
{
	unsigned int round;
	int fd;

	set(LIBRARY "marks_interval_ms", "60000");
	map_area(self);
	for (round = 0; round < ROUNDS; round++) {
		fd = begin(self);
		write_some(self, SAMPLE "wrote", round * 20);
		vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
		get_area(self);
		expect_exact(_metadata, self);
		EXPECT_EQ(0, get_area(self));
		go(self, VFIO_DEVICE_STATE_STOP_COPY);
		EXPECT_EQ(0, get_area(self));
		end(self, fd);
	}
}

/* While it runs that takes no state change */
TEST_F(marks, told_while_it_runs)
{
	unsigned int round, i;
	int fd;

	map_area(self);
	fd = begin(self);
	for (round = 0; round < ROUNDS; round++) {
		struct timespec start;
		__u8 all[AREA_PAGES] = {};

		memset(self->wrote, 0, sizeof(self->wrote));
		write_some(self, SAMPLE "wrote", round * 20);
		clock_gettime(CLOCK_MONOTONIC, &start);
		do {
			get_area(self);
			for (i = 0; i < AREA_PAGES; i++)
				all[i] |= self->told[i];
		} while (memcmp(all, self->wrote, sizeof(all)) && ms_since(&start) < WAIT_MS);
		EXPECT_EQ(0, memcmp(all, self->wrote, sizeof(all)));
	}
	end(self, fd);
}

/* Its last writes come while it is being frozen */
TEST_F(marks, asked_after_it_was_frozen)
{
	int fd;

	set(LIBRARY "marks_interval_ms", "60000");
	map_area(self);
	fd = begin(self);
	write_some(self, SAMPLE "writes_late", 50);
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	get_area(self);
	expect_exact(_metadata, self);

	memset(self->wrote, 0, sizeof(self->wrote));
	write_some(self, SAMPLE "writes_late", 50);
	go(self, VFIO_DEVICE_STATE_STOP_COPY);
	get_area(self);
	expect_exact(_metadata, self);
	end(self, fd);
}

/* Nobody asks a device that is not saved, as that costs it something */
TEST_F(marks, tracker_ends_with_the_session)
{
	map_area(self);
	EXPECT_EQ(0, get(SAMPLE "nr_trackers"));
	end(self, begin(self));
	EXPECT_EQ(0, get(SAMPLE "nr_trackers"));
	close(begin(self));
	EXPECT_EQ(1, get(SAMPLE "nr_trackers"));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, get(SAMPLE "nr_trackers"));
	vfio_dev_open(&self->dev, vfio_bdf(0));
}

/* A scope of an earlier session would make all pages clean */
TEST_F(marks, freeze_without_precopy_tells_all)
{
	map_area(self);
	set_scope(self);
	vfio_dirty_log(&self->dev, true);
	go(self, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(AREA_PAGES, get_area(self));
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RUNNING);
	get_area(self);
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RUNNING_P2P);
	EXPECT_EQ(AREA_PAGES, get_area(self));
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP);
	EXPECT_EQ(0, get_area(self));
}

/* The file of the device is another one, the container and the group are not */
TEST_F(marks, scope_outlives_the_file)
{
	map_area(self);
	set_scope(self);
	close(self->dev.fd);
	self->dev.fd = __vfio_dev_open_again(&self->dev);
	ASSERT_LE(0, self->dev.fd);
	vfio_dirty_log(&self->dev, true);
	go(self, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(AREA_PAGES, get_area(self));
}

/* A container that is another one, though it may lie where the last one did, has no scope */
TEST_F_TIMEOUT(marks, scope_goes_with_the_container, 90)
{
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		map_area(self);
		set_scope(self);
		vfio_dev_close(&self->dev);
		vfio_dev_open(&self->dev, vfio_bdf(0));
		map_area(self);
		vfio_dirty_log(&self->dev, true);
		go(self, VFIO_DEVICE_STATE_STOP_COPY);
		EXPECT_EQ(AREA_PAGES, get_area(self));
		/* Unless somebody has marked pages, all are dirty for ever */
		EXPECT_EQ(AREA_PAGES, get_area(self));
		vfio_dev_close(&self->dev);
		vfio_dev_open(&self->dev, vfio_bdf(0));
	}
}

/* How often type1 was asked for that all be marked, once, and how long that took */
static void all_cost(unsigned long long *nr, unsigned long long *us)
{
	char *text = vfio_trace_read(), *at = strstr(text, "vpv_mark_all: ");
	unsigned long long ns;

	at = at ? strstr(at, "asked=") : NULL;
	VFIO_ASSERT(at && sscanf(at, "asked=%llu error=0 ns=%llu", nr, &ns) == 2,
		    "all to be marked once, without an error");
	*us = ns / 1000;
	free(text);
}

/* All that is mapped, whatever is between and however small it is */
TEST_F_TIMEOUT(marks, all_is_marked_between_holes, 60)
{
	static const struct {
		unsigned int first, pages;
	} pieces[] = {
		{ 0, 1 }, { 300, 1 }, { 1501, 16 }, { 1518, 1 }, { 1900, 1 }, { 2501, 1 },
		{ 3075, 700 }, { 4095, 1 },
	};
	/* Further from all others */
	static const __u64 alone[] = { GIB / 2 + 3 * PAGE, 3 * GIB + 5 * PAGE };
	unsigned long long asked, us;
	unsigned int i;

	if (!vfio_trace_exists("vfio_pci_variant"))
		SKIP(return, "no trace events, is tracefs mounted?");
	for (i = 0; i < ARRAY_SIZE(pieces); i++)
		map_flags(self, pieces[i].first, pieces[i].pages,
			  VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
	for (i = 0; i < ARRAY_SIZE(alone); i++)
		vfio_dma_map(&self->dev, self->mem, alone[i], PAGE);
	map_high(self, 6 * GIB);
	map_high(self, 200 * GIB);
	set_scope(self);
	for (i = 0; i < ARRAY_SIZE(pieces); i++)
		memset(self->wrote + pieces[i].first, 1, pieces[i].pages);
	vfio_dirty_log(&self->dev, true);
	vfio_trace_start("vfio_pci_variant");
	go(self, VFIO_DEVICE_STATE_STOP_COPY);
	vfio_trace_stop("vfio_pci_variant");
	get_area(self);
	expect_exact(_metadata, self);
	for (i = 0; i < ARRAY_SIZE(alone); i++)
		EXPECT_EQ(1, vfio_dirty_get(&self->dev, alone[i], PAGE, self->told));
	EXPECT_EQ(HIGH_PAGES, get_high(self, 6 * GIB));
	EXPECT_EQ(HIGH_PAGES, get_high(self, 200 * GIB));
	all_cost(&asked, &us);
	TH_LOG("type1 was asked %llu times in %llu us", asked, us);
	/* Hardly more often than there are pages below 4 GiB and steps above */
	EXPECT_GT(1 << 21, asked);
}

TEST_F(marks, tracker_that_cannot_start)
{
	int fd;

	map_area(self);
	set(SAMPLE "track_fails", START_FAILS);
	fd = begin(self);
	/* No scope was set: the container does it by itself */
	EXPECT_EQ(AREA_PAGES, get_area(self));
	EXPECT_EQ(AREA_PAGES, get_area(self));
	end(self, fd);

	set(SAMPLE "track_fails", "0");
	set_scope(self);
	set(SAMPLE "track_fails", START_FAILS);
	fd = begin(self);
	EXPECT_EQ(0, get_area(self));
	go(self, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(AREA_PAGES, get_area(self));
	end(self, fd);
}

/* As when it remembers no more, or when there is nobody to ask */
TEST_F(marks, tracker_that_breaks)
{
	int fd;

	map_area(self);
	fd = begin(self);
	write_some(self, SAMPLE "wrote", 5);
	set(SAMPLE "track_fails", REPORT_FAILS);
	go(self, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(AREA_PAGES, get_area(self));
	EXPECT_EQ(0, get(SAMPLE "nr_trackers"));
	end(self, fd);
	/* The next one does */
	set(SAMPLE "track_fails", "0");
	fd = begin(self);
	go(self, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(0, get_area(self));
	end(self, fd);
}

/* What it wrote before it forgot it is told with the rest, also by a tracker of a later session */
TEST_F(marks, reset_loses_nothing)
{
	int fd;

	map_area(self);
	fd = begin(self);
	write_some(self, SAMPLE "wrote", 5);
	vfio_dev_reset(&self->dev);
	close(fd);
	fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, NULL);
	EXPECT_EQ(1, get(SAMPLE "nr_trackers"));
	go(self, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(AREA_PAGES, get_area(self));
	end(self, fd);
}

TEST_F(marks, mapped_meanwhile_below)
{
	int fd;

	map_flags(self, 0, 1, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
	fd = begin(self);
	map_flags(self, 100, 2000, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
	wrote_by(&self->dev, SAMPLE "wrote", AREA_IOVA + 200 * PAGE, 3);
	memset(self->wrote + 200, 1, 3);
	go(self, VFIO_DEVICE_STATE_STOP_COPY);
	get_area(self);
	expect_exact(_metadata, self);
	end(self, fd);
}

/* Nobody tracks it; one that begins anywhere is told from its first page to its last */
TEST_F(marks, mapped_meanwhile_above)
{
	__u64 iova = 10 * GIB + (1 << 20) + PAGE;
	int fd;

	map_area(self);
	fd = begin(self);
	map_high(self, iova);
	get_high(self, iova);
	go(self, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(HIGH_PAGES, get_high(self, iova));
	EXPECT_EQ(0, get_area(self));
	end(self, fd);
}

static unsigned int searches(void)
{
	char *text = vfio_trace_read(), *at = text;
	unsigned int nr = 0;

	while ((at = strstr(at, "vpv_above: "))) {
		at++;
		nr++;
	}
	free(text);
	return nr;
}

/* The search has come to its end and is repeated only if something was mapped since it began */
TEST_F_TIMEOUT(marks, mapped_behind_the_search, 90)
{
	__u64 iova = 200 * GIB;
	struct timespec start;
	int fd, round;

	if (!vfio_trace_exists("vfio_pci_variant"))
		SKIP(return, "no trace events, is tracefs mounted?");
	map_area(self);
	for (round = 0; round < 2; round++) {
		vfio_trace_start("vfio_pci_variant");
		fd = begin(self);
		clock_gettime(CLOCK_MONOTONIC, &start);
		while (!searches() && ms_since(&start) < WAIT_MS)
			usleep(10000);
		ASSERT_EQ(1, searches());
		if (round)
			map_high(self, iova);
		go(self, VFIO_DEVICE_STATE_STOP_COPY);
		EXPECT_EQ(round ? HIGH_PAGES : 0, get_high(self, iova));
		EXPECT_EQ(round ? 2 : 1, searches());
		vfio_trace_stop("vfio_pci_variant");
		end(self, fd);
	}
}

/* Found before the device is tracked */
TEST_F(marks, mapped_above_before)
{
	__u64 iova = 6 * GIB;
	int fd;

	map_area(self);
	map_high(self, iova);
	fd = begin(self);
	EXPECT_EQ(8, get(SAMPLE "tracked_gib"));
	get_high(self, iova);
	wrote_by(&self->dev, SAMPLE "wrote", iova + 10 * PAGE, 1);
	go(self, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(1, get_high(self, iova));
	EXPECT_EQ(1, self->told[10]);
	end(self, fd);
}

/* More than the device can track, and where nobody looks at first */
TEST_F(marks, mapped_above_what_can_be_tracked)
{
	__u64 iova = 300 * GIB;
	int fd;

	map_area(self);
	map_high(self, 6 * GIB);
	vfio_dma_map(&self->dev, self->mem + AREA_BYTES, iova, HIGH_BYTES);
	set(SAMPLE "track_max_gib", "4");
	fd = begin(self);
	EXPECT_EQ(4, get(SAMPLE "tracked_gib"));
	get_high(self, 6 * GIB);
	get_high(self, iova);
	go(self, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(HIGH_PAGES, get_high(self, 6 * GIB));
	EXPECT_EQ(HIGH_PAGES, get_high(self, iova));
	EXPECT_EQ(0, get_area(self));
	end(self, fd);
}

/* Runs of more pages than type1 takes at a time, over holes and what it takes for clean */
TEST_F(marks, holes_and_long_runs)
{
	__u32 both = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
	int fd;

	map_flags(self, 0, 3, both);
	map_flags(self, 4, 600, both);
	map_flags(self, 700, 10, VFIO_DMA_MAP_FLAG_READ);
	map_flags(self, 710, 5, VFIO_DMA_MAP_FLAG_WRITE);
	map_flags(self, 1300, 1025, both);
	/* Where nobody would look for a page if it had not been told */
	map_flags(self, 3001, 1, both);
	fd = begin(self);
	memset(self->wrote, 1, 3);
	memset(self->wrote + 4, 1, 600);
	memset(self->wrote + 710, 1, 5);
	memset(self->wrote + 1300, 1, 1025);
	memset(self->wrote + 3001, 1, 1);
	wrote_by(&self->dev, SAMPLE "wrote", AREA_IOVA, AREA_PAGES);
	go(self, VFIO_DEVICE_STATE_STOP_COPY);
	get_area(self);
	expect_exact(_metadata, self);
	end(self, fd);
}

/* The kernel's log is what fails this one */
TEST_F_TIMEOUT(marks, closed_while_pages_are_marked, 90)
{
	unsigned int round;

	set(LIBRARY "marks_interval_ms", "1");
	for (round = 0; round < ROUNDS; round++) {
		map_area(self);
		close(begin(self));
		wrote_by(&self->dev, SAMPLE "wrote", 0, 1 << 20);
		usleep(round * 1000);
		vfio_dev_close(&self->dev);
		EXPECT_EQ(0, get(SAMPLE "nr_trackers"));
		vfio_dev_open(&self->dev, vfio_bdf(0));
	}
}

static void *keep_writing(void *data)
{
	FIXTURE_DATA(marks) * self = data;

	for (;;) {
		wrote_by(&self->dev, SAMPLE "wrote", AREA_IOVA, AREA_PAGES);
		pthread_testcancel();
	}
	return NULL;
}

/* So is this: type1 takes a page that stays pinned while it unmaps for a bug */
TEST_F_TIMEOUT(marks, unmapped_while_pages_are_marked, 90)
{
	pthread_t thread;
	unsigned int i;
	int fd;

	set(LIBRARY "marks_interval_ms", "1");
	map_area(self);
	fd = begin(self);
	ASSERT_EQ(0, pthread_create(&thread, NULL, keep_writing, self));
	for (i = 0; i < 5 * ROUNDS; i++) {
		unmap(&self->dev, AREA_IOVA, AREA_BYTES);
		map_area(self);
	}
	pthread_cancel(thread);
	pthread_join(thread, NULL);
	end(self, fd);
}

TEST_F(marks, switched_off)
{
	int fd;

	map_area(self);
	set(LIBRARY "marks", "0");
	fd = begin(self);
	EXPECT_EQ(0, get(SAMPLE "nr_trackers"));
	EXPECT_EQ(AREA_PAGES, get_area(self));
	EXPECT_EQ(AREA_PAGES, get_area(self));
	end(self, fd);
}

/* No fault of the container's, which is of another kind: a save is as ever */
TEST_F(marks, container_without_marks)
{
	struct vfio_dev *dev = &self->dev;
	unsigned int round;
	int fd;

	vfio_dev_close(dev);
	ASSERT_EQ(0, __vfio_dev_open_type(dev, vfio_bdf(0), VFIO_TYPE1_IOMMU));
	map_area(self);
	for (round = 0; round < 2; round++) {
		fd = vfio_mig_enter(dev, VFIO_DEVICE_STATE_PRE_COPY, NULL);
		EXPECT_EQ(0, get(SAMPLE "nr_trackers"));
		go(self, VFIO_DEVICE_STATE_STOP_COPY);
		vfio_mig_set_state(dev, VFIO_DEVICE_STATE_RUNNING);
		close(fd);
	}
}

/* Others of its group write, too */
TEST_F(marks, group_of_two)
{
	const char *bdf = getenv("VFIO_SHARED_BDF");
	int fd;

	if (!bdf)
		SKIP(return, "needs a device that shares its group, in VFIO_SHARED_BDF");
	vfio_dev_close(&self->dev);
	vfio_dev_open(&self->dev, bdf);
	map_area(self);
	fd = begin(self);
	EXPECT_EQ(0, get(SAMPLE "nr_trackers"));
	EXPECT_EQ(AREA_PAGES, get_area(self));
	EXPECT_EQ(AREA_PAGES, get_area(self));
	end(self, fd);
}

static void freeze_and_exit(FIXTURE_DATA(marks) * self)
{
	_exit(!!__vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP, NULL));
}

/*
 * To look for all pages takes long, and who wants the device to stop can be killed. Where there are
 * pages type1 itself heeds that, so it is done where there are none.
 */
TEST_F(marks, marking_all_can_be_killed)
{
	struct timespec start;
	pid_t child;
	int status;

	map_area(self);
	set_scope(self);
	vfio_dirty_log(&self->dev, true);
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		freeze_and_exit(self);

	/* Behind the last page come almost three gigabytes of nothing */
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (!self->wrote[AREA_PAGES - 1] && ms_since(&start) < WAIT_MS) {
		vfio_dirty_get(&self->dev, AREA_IOVA, AREA_BYTES, self->wrote);
		usleep(1000);
	}
	EXPECT_EQ(1, self->wrote[AREA_PAGES - 1]);
	EXPECT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
}

static int log_start(const struct vfio_dev *dev)
{
	struct vfio_device_feature_dma_logging_range range = {
		.iova = 0, .length = 4 * GIB,
	};
	struct vfio_device_feature_dma_logging_control control = {
		.page_size = PAGE, .num_ranges = 1, .ranges = (uintptr_t)&range,
	};

	return __vfio_feature(dev->fd, VFIO_DEVICE_FEATURE_SET |
			      VFIO_DEVICE_FEATURE_DMA_LOGGING_START, &control, sizeof(control));
}

static int log_stop(const struct vfio_dev *dev)
{
	return __vfio_feature(dev->fd, VFIO_DEVICE_FEATURE_SET |
			      VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, NULL, 0);
}

/* The device has one tracker, of who was the first */
TEST_F(marks, first_owns_the_tracker)
{
	int fd;

	map_area(self);
	if (log_start(&self->dev) == -ENOTTY)
		SKIP(return, "this kernel offers no DMA logging");
	fd = begin(self);
	EXPECT_EQ(1, get(SAMPLE "nr_trackers"));
	EXPECT_EQ(AREA_PAGES, get_area(self));
	end(self, fd);
	EXPECT_EQ(1, get(SAMPLE "nr_trackers"));
	EXPECT_EQ(0, log_stop(&self->dev));

	fd = begin(self);
	EXPECT_EQ(-EBUSY, log_start(&self->dev));
	EXPECT_EQ(0, log_stop(&self->dev));
	EXPECT_EQ(1, get(SAMPLE "nr_trackers"));
	EXPECT_EQ(0, get_area(self));
	end(self, fd);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
