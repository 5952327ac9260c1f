// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty pages in the type1 container, by what is mapped there: pieces with holes between them, what
 * lies far up, and what comes or goes meanwhile.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "kselftest_harness.h"
#include "marks_fixture.h"
#include "migratable.h"
#include "trace.h"

#define PAGE		DIRTY_PAGE_BYTES
#define ROUNDS		30

/* The events of what the kernel does */
#define PROBES		"vfio_marks_test"

/* What is unmapped while it and all before it are marked */
#define LONE_PAGE	500ULL
#define UNMAPS		100
#define LONG_REPORT	4000
/* So long it waits for what is pinned, at most */
#define UNMAP_WAIT_NS	900000000ULL
/* Others who map meanwhile */
#define MAPPERS		2
#define MAPPER_BYTES	(32ULL << 20)

#define READ_WRITE	(VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

struct mapper {
	struct marks *marks;
	__u8 *mem;
	__u64 iova;
	pthread_t thread;
};

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
	struct marks *marks = &self->marks;
	static const struct {
		unsigned int first, pages;
	} pieces[] = {
		{ 0, 1 }, { 300, 1 }, { 1501, 16 }, { 1518, 1 }, { 1900, 1 }, { 2501, 1 },
		{ 3075, 700 }, { 4095, 1 },
	};
	/* Further from all others */
	static const __u64 alone[] = { MARKS_GIB / 2 + 3 * PAGE, 3 * MARKS_GIB + 5 * PAGE };
	/* Around a multiple of 128 MiB that is none of 1 GiB */
	const __u64 far = 300 * MARKS_GIB + (384ULL << 20) - MARKS_HIGH_BYTES / 2;
	unsigned long long asked, us;
	unsigned int i;

	if (!vfio_trace_exists("vfio_pci_variant"))
		SKIP(return, "no trace events, is tracefs mounted?");
	for (i = 0; i < ARRAY_SIZE(pieces); i++)
		marks_map_pages(marks, pieces[i].first, pieces[i].pages, READ_WRITE);
	for (i = 0; i < ARRAY_SIZE(alone); i++)
		vfio_dma_map(&marks->dev, marks->mem, alone[i], PAGE);
	marks_map_high(marks, 6 * MARKS_GIB);
	marks_map_high(marks, 200 * MARKS_GIB);
	marks_map_high(marks, far);
	marks_set_scope(marks);
	for (i = 0; i < ARRAY_SIZE(pieces); i++)
		memset(marks->wrote + pieces[i].first, 1, pieces[i].pages);
	vfio_dirty_log(&marks->dev, true);
	vfio_trace_start("vfio_pci_variant");
	marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
	vfio_trace_stop("vfio_pci_variant");
	marks_told(marks);
	EXPECT_TRUE(marks_exact(marks));
	for (i = 0; i < ARRAY_SIZE(alone); i++)
		EXPECT_EQ(1, vfio_dirty_get(&marks->dev, alone[i], PAGE, marks->told));
	EXPECT_EQ(MARKS_HIGH_PAGES, marks_told_high(marks, 6 * MARKS_GIB));
	EXPECT_EQ(MARKS_HIGH_PAGES, marks_told_high(marks, 200 * MARKS_GIB));
	EXPECT_EQ(MARKS_HIGH_PAGES, marks_told_high(marks, far));
	all_cost(&asked, &us);
	TH_LOG("type1 was asked %llu times in %llu us", asked, us);
	/* Hardly more often than there are pages below 4 GiB and steps above */
	EXPECT_GT(1 << 21, asked);
}

TEST_F(marks, mapped_meanwhile_below)
{
	struct marks *marks = &self->marks;
	int fd;

	marks_map_pages(marks, 0, 1, READ_WRITE);
	fd = marks_begin(marks);
	marks_map_pages(marks, 100, 2000, READ_WRITE);
	marks_wrote(marks, MARKS_SAMPLE "wrote", MARKS_IOVA + 200 * PAGE, 3);
	memset(marks->wrote + 200, 1, 3);
	marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
	marks_told(marks);
	EXPECT_TRUE(marks_exact(marks));
	marks_end(marks, fd);
}

/* Nobody tracks it; one that begins anywhere is told from its first page to its last */
TEST_F(marks, mapped_meanwhile_above)
{
	struct marks *marks = &self->marks;
	__u64 iova = 10 * MARKS_GIB + (1 << 20) + PAGE;
	int fd;

	marks_map(marks);
	fd = marks_begin(marks);
	marks_map_high(marks, iova);
	marks_told_high(marks, iova);
	marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(MARKS_HIGH_PAGES, marks_told_high(marks, iova));
	EXPECT_EQ(0, marks_told(marks));
	marks_end(marks, fd);
}

static unsigned int events(const char *name)
{
	char *text = vfio_trace_read(), *at = text;
	unsigned int nr = 0;

	while ((at = strstr(at, name))) {
		at++;
		nr++;
	}
	free(text);
	return nr;
}

static unsigned int searches(void)
{
	return events("vpv_above: ");
}

/* The search has come to its end and is repeated only if something was mapped since it began */
TEST_F_TIMEOUT(marks, mapped_behind_the_search, 90)
{
	struct marks *marks = &self->marks;
	__u64 iova = 200 * MARKS_GIB;
	__u64 start;
	int fd, round;

	if (!vfio_trace_exists("vfio_pci_variant"))
		SKIP(return, "no trace events, is tracefs mounted?");
	marks_map(marks);
	for (round = 0; round < 2; round++) {
		vfio_trace_start("vfio_pci_variant");
		fd = marks_begin(marks);
		start = clock_ns();
		while (!searches() && ms_since(start) < MARKS_WAIT_MS)
			usleep(10000);
		ASSERT_EQ(1, searches());
		if (round)
			marks_map_high(marks, iova);
		marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
		EXPECT_EQ(round ? MARKS_HIGH_PAGES : 0, marks_told_high(marks, iova));
		EXPECT_EQ(round ? 2 : 1, searches());
		vfio_trace_stop("vfio_pci_variant");
		marks_end(marks, fd);
	}
}

/* Found before the device is tracked */
TEST_F(marks, mapped_above_before)
{
	struct marks *marks = &self->marks;
	__u64 iova = 6 * MARKS_GIB;
	int fd;

	marks_map(marks);
	marks_map_high(marks, iova);
	fd = marks_begin(marks);
	EXPECT_EQ(8, marks_get(MARKS_SAMPLE "tracked_gib"));
	marks_told_high(marks, iova);
	marks_wrote(marks, MARKS_SAMPLE "wrote", iova + 10 * PAGE, 1);
	marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(1, marks_told_high(marks, iova));
	EXPECT_EQ(1, marks->told[10]);
	marks_end(marks, fd);
}

/* More than the device can track, and where nobody looks at first */
TEST_F(marks, mapped_above_what_can_be_tracked)
{
	struct marks *marks = &self->marks;
	__u64 iova = 300 * MARKS_GIB;
	int fd;

	marks_map(marks);
	marks_map_high(marks, 6 * MARKS_GIB);
	marks_map_high(marks, iova);
	marks_set(MARKS_SAMPLE "track_max_gib", "4");
	fd = marks_begin(marks);
	EXPECT_EQ(4, marks_get(MARKS_SAMPLE "tracked_gib"));
	marks_told_high(marks, 6 * MARKS_GIB);
	marks_told_high(marks, iova);
	marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(MARKS_HIGH_PAGES, marks_told_high(marks, 6 * MARKS_GIB));
	EXPECT_EQ(MARKS_HIGH_PAGES, marks_told_high(marks, iova));
	EXPECT_EQ(0, marks_told(marks));
	marks_end(marks, fd);
}

/* Runs of more pages than type1 takes at a time, over holes and what it takes for clean */
TEST_F(marks, holes_and_long_runs)
{
	struct marks *marks = &self->marks;
	int fd;

	marks_map_pages(marks, 0, 3, READ_WRITE);
	marks_map_pages(marks, 4, 600, READ_WRITE);
	marks_map_pages(marks, 700, 10, VFIO_DMA_MAP_FLAG_READ);
	marks_map_pages(marks, 710, 5, VFIO_DMA_MAP_FLAG_WRITE);
	marks_map_pages(marks, 1300, 1025, READ_WRITE);
	/* Where nobody would look for a page if it had not been told */
	marks_map_pages(marks, 3001, 1, READ_WRITE);
	fd = marks_begin(marks);
	memset(marks->wrote, 1, 3);
	memset(marks->wrote + 4, 1, 600);
	memset(marks->wrote + 710, 1, 5);
	memset(marks->wrote + 1300, 1, 1025);
	memset(marks->wrote + 3001, 1, 1);
	marks_wrote(marks, MARKS_SAMPLE "wrote", MARKS_IOVA, MARKS_PAGES);
	marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
	marks_told(marks);
	EXPECT_TRUE(marks_exact(marks));
	marks_end(marks, fd);
}

static void *keep_writing(void *data)
{
	struct marks *marks = data;

	for (;;) {
		marks_wrote(marks, MARKS_SAMPLE "wrote", MARKS_IOVA, MARKS_PAGES);
		pthread_testcancel();
	}
	return NULL;
}

/* The kernel's log fails this one: type1 takes a page that is pinned while it unmaps for a bug */
TEST_F_TIMEOUT(marks, unmapped_while_pages_are_marked, 90)
{
	struct marks *marks = &self->marks;
	pthread_t thread;
	unsigned int i;
	int fd;

	marks_set(MARKS_LIBRARY "marks_interval_ms", "1");
	marks_map(marks);
	fd = marks_begin(marks);
	ASSERT_EQ(0, pthread_create(&thread, NULL, keep_writing, marks));
	for (i = 0; i < ROUNDS; i++) {
		marks_unmap(marks, MARKS_IOVA, MARKS_BYTES);
		marks_map(marks);
	}
	pthread_cancel(thread);
	pthread_join(thread, NULL);
	marks_end(marks, fd);
}

/* Others who hold type1's lock for long, one after the other */
static void *keep_mapping(void *data)
{
	struct mapper *mapper = data;

	for (;;) {
		vfio_dma_map(&mapper->marks->dev, mapper->mem, mapper->iova, MAPPER_BYTES);
		marks_unmap(mapper->marks, mapper->iova, MAPPER_BYTES);
		pthread_testcancel();
	}
	return NULL;
}

static void mappers_start(struct mapper *mappers, struct marks *marks)
{
	unsigned int i;

	for (i = 0; i < MAPPERS; i++) {
		mappers[i].marks = marks;
		mappers[i].iova = (2 + i) * MARKS_GIB;
		mappers[i].mem = mmap(NULL, MAPPER_BYTES, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		VFIO_ASSERT(mappers[i].mem != MAP_FAILED, "memory");
		/* Small pages take long */
		madvise(mappers[i].mem, MAPPER_BYTES, MADV_NOHUGEPAGE);
		memset(mappers[i].mem, 1, MAPPER_BYTES);
		VFIO_ASSERT(!pthread_create(&mappers[i].thread, NULL, keep_mapping, &mappers[i]),
			    "start mapping");
	}
}

static void mappers_stop(struct mapper *mappers)
{
	unsigned int i;

	for (i = 0; i < MAPPERS; i++) {
		pthread_cancel(mappers[i].thread);
		pthread_join(mappers[i].thread, NULL);
		munmap(mappers[i].mem, MAPPER_BYTES);
	}
}

/* What is pinned, and the ends of this thread's calls of type1: NULL, or why there are no events */
static const char *probes_start(void)
{
	char filter[64];

	if (!vfio_trace_exists("vfio_pci_variant"))
		return "no trace events, is tracefs mounted?";
	if (__vfio_trace_probe("p:" PROBES "/pins vfio_pin_pages") ||
	    __vfio_trace_probe("r:" PROBES "/back vfio_iommu_type1_ioctl"))
		return "this kernel has no events of its functions, see KPROBE_EVENTS";
	snprintf(filter, sizeof(filter), "common_pid == %d", gettid());
	VFIO_ASSERT(!__vfio_trace_filter(PROBES "/back", filter), "filter by %s", filter);
	vfio_trace_start(PROBES);
	return NULL;
}

static void probes_stop(void)
{
	vfio_trace_stop("vfio_pci_variant");
	vfio_trace_stop(PROBES);
	__vfio_trace_probe("-:" PROBES "/pins");
	__vfio_trace_probe("-:" PROBES "/back");
}

enum unmap {
	UNMAP_FOUND_NOTHING,
	UNMAP_FOUND_PINS,
	/* And there were new ones before it was done */
	UNMAP_WAS_FOOLED,
};

/* What became of the call that the trace is of. Who has waited for a second may find anything. */
static enum unmap trace_says(void)
{
	char *text = vfio_trace_read(), *at, *next = text, *pins, *back;
	enum unmap unmap = UNMAP_FOUND_NOTHING;
	unsigned long long ns = 0;

	while ((at = strstr(next, "vpv_unmap: "))) {
		VFIO_ASSERT(sscanf(at, "vpv_unmap: %*s ns=%llu", &ns) == 1, "how long it took");
		next = at + 1;
	}
	back = strstr(next, " back: ");
	VFIO_ASSERT(back, "the end of the call");
	if (ns && ns < UNMAP_WAIT_NS) {
		pins = strstr(next, " pins: ");
		unmap = pins && pins < back ? UNMAP_WAS_FOOLED : UNMAP_FOUND_PINS;
	}
	free(text);
	return unmap;
}

static enum unmap unmap_page(struct marks *marks)
{
	vfio_trace_start("vfio_pci_variant");
	marks_unmap(marks, MARKS_IOVA + LONE_PAGE * PAGE, PAGE);
	return trace_says();
}

/*
 * Who unmaps waits for type1's lock each time. While he does nothing may be pinned, however long
 * it takes: the eleventh time in a row that he finds something, type1 takes for a bug.
 */
TEST_F_TIMEOUT(marks, unmapped_while_others_map, 90)
{
	struct marks *marks = &self->marks;
	struct mapper mappers[MAPPERS];
	unsigned int i, nr[UNMAP_WAS_FOOLED + 1] = {};
	const char *skip = probes_start();
	__u64 start;

	if (skip)
		SKIP(return, "%s", skip);
	/* Longer than it takes to have the device write */
	marks_set(MARKS_LIBRARY "marks_interval_ms", "4000");
	marks_map_pages(marks, 0, LONE_PAGE, READ_WRITE);
	marks_map_pages(marks, LONE_PAGE, 1, READ_WRITE);
	close(marks_begin(marks));
	/* What takes longer to mark than all that follows */
	for (i = 0; i < LONG_REPORT; i++)
		marks_wrote(marks, MARKS_SAMPLE "wrote", MARKS_IOVA, LONE_PAGE + 1);
	for (start = clock_ns(); !marks_told(marks) && ms_since(start) < MARKS_WAIT_MS; )
		usleep(1000);
	mappers_start(mappers, marks);
	for (i = 0; i < UNMAPS; i++) {
		nr[unmap_page(marks)]++;
		marks_map_pages(marks, LONE_PAGE, 1, READ_WRITE);
	}
	mappers_stop(mappers);
	probes_stop();
	TH_LOG("%u of %u times something was pinned", nr[UNMAP_FOUND_PINS], UNMAPS);
	EXPECT_LT(UNMAPS / 4, nr[UNMAP_FOUND_PINS]);
	EXPECT_EQ(0, nr[UNMAP_WAS_FOOLED]);
	vfio_dev_close(&marks->dev);
	vfio_dev_open(&marks->dev, vfio_bdf(0));
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
