// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty pages in the type1 container, by what is mapped there: pieces with holes between them, what
 * lies far up, and what comes or goes meanwhile.
 */
#include <pthread.h>
#include <unistd.h>

#include "clock.h"
#include "kselftest_harness.h"
#include "marks_fixture.h"
#include "migratable.h"
#include "trace.h"

#define PAGE		DIRTY_PAGE_BYTES
#define ROUNDS		30

#define READ_WRITE	(VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

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
		marks_unmap(marks);
		marks_map(marks);
	}
	pthread_cancel(thread);
	pthread_join(thread, NULL);
	marks_end(marks, fd);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
