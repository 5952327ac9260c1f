// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA logging: what is told is what the device wrote, no page less and none more.
 *
 * The emulated device writes at random where the test wants it to, and the oracle is
 * memory itself: a page was written to if it is not as it was before.
 */
#include <sys/mman.h>
#include <time.h>

#include "kselftest_harness.h"
#include "migratable.h"
#include "model_fault.h"
#include "mlx5_hca.h"

#define AREA_IOVA	0x40000000ULL
#define AREA_BYTES	(64ULL << 20)
#define PAGE_BYTES	4096ULL
#define AREA_PAGES	(AREA_BYTES / PAGE_BYTES)
#define LARGE_BYTES	(2ULL << 20)
#define WORD_PAGES	64
#define ROUNDS		20

/* A card that is silent is given up after 5 s; the machine may be slow */
#define SILENT_MS	30000

struct log_area {
	__u8 *mem, *before;
	__u64 bitmap[AREA_PAGES / WORD_PAGES];
};

static int log_feature(const struct vfio_dev *dev, __u32 flags, void *data, size_t size)
{
	return __vfio_feature(dev->fd, flags, data, size);
}

static int log_start(const struct vfio_dev *dev, __u64 page_bytes,
		     struct vfio_device_feature_dma_logging_range *ranges, unsigned int nr)
{
	struct vfio_device_feature_dma_logging_control control = {
		.page_size = page_bytes, .num_ranges = nr, .ranges = (uintptr_t)ranges,
	};

	return log_feature(dev, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
			   &control, sizeof(control));
}

static int log_start_all(const struct vfio_dev *dev)
{
	struct vfio_device_feature_dma_logging_range range = {
		.iova = AREA_IOVA, .length = AREA_BYTES,
	};

	return log_start(dev, PAGE_BYTES, &range, 1);
}

static int log_stop(const struct vfio_dev *dev)
{
	return log_feature(dev, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
			   NULL, 0);
}

static int log_report(const struct vfio_dev *dev, __u64 iova, __u64 bytes, __u64 page_bytes,
		      __u64 *bitmap)
{
	struct vfio_device_feature_dma_logging_report report = {
		.iova = iova, .length = bytes, .page_size = page_bytes,
		.bitmap = (uintptr_t)bitmap,
	};

	return log_feature(dev, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
			   &report, sizeof(report));
}

static bool log_told(const __u64 *bitmap, unsigned int page)
{
	return bitmap[page / WORD_PAGES] >> page % WORD_PAGES & 1;
}

/* The number that the model gives a VF: how far behind its PF it is */
static unsigned int function_of(const struct vfio_dev *dev)
{
	unsigned int domain, bus, slot, function, pf_slot, pf_function;
	char pf[VFIO_BDF_LEN];

	VFIO_ASSERT(!__vfio_physfn_of(dev->bdf, pf, sizeof(pf)), "%s has no PF", dev->bdf);
	VFIO_ASSERT(sscanf(dev->bdf, "%x:%x:%x.%x", &domain, &bus, &slot, &function) == 4 &&
		    sscanf(pf, "%x:%x:%x.%x", &domain, &bus, &pf_slot, &pf_function) == 4,
		    "%s or %s is no address", dev->bdf, pf);
	return slot * 8 + function - pf_slot * 8 - pf_function;
}

FIXTURE(log) {
	struct vfio_dev dev;
	struct mlx5_hca hca;
	struct log_area area;
	unsigned int function;
	unsigned int seed;
};

FIXTURE_SETUP(log)
{
	struct log_area *area = &self->area;
	const char *skip = model_fault_open();

	if (!skip)
		skip = open_mlx5(&self->dev, 0);
	if (!skip && log_feature(&self->dev, VFIO_DEVICE_FEATURE_PROBE |
				 VFIO_DEVICE_FEATURE_SET |
				 VFIO_DEVICE_FEATURE_DMA_LOGGING_START, NULL, 0))
		skip = "this kernel or this device offers no DMA logging";
	if (skip)
		SKIP(return, "%s", skip);

	mlx5_hca_init(&self->hca);
	mlx5_hca_attach(&self->hca, &self->dev);
	mlx5_hca_boot(&self->hca);
	self->function = function_of(&self->dev);
	self->seed = 1;
	area->mem = mmap(NULL, AREA_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)area->mem);
	area->before = malloc(AREA_BYTES);
	ASSERT_NE(NULL, area->before);
	vfio_dma_map(&self->dev, area->mem, AREA_IOVA, AREA_BYTES);
}

FIXTURE_TEARDOWN(log)
{
	model_no_faults();
	model_fault_close();
	mlx5_hca_uninit(&self->hca);
	vfio_dev_close(&self->dev);
	free(self->area.before);
	munmap(self->area.mem, AREA_BYTES);
}

static void write_pages(FIXTURE_DATA(log) * self, __u64 offset, __u64 bytes, unsigned int count)
{
	model_dma_write(self->function, AREA_IOVA + offset, bytes, count, self->seed++);
}

static void remember(struct log_area *area)
{
	memcpy(area->before, area->mem, AREA_BYTES);
}

static bool was_written(const struct log_area *area, unsigned int page, __u64 page_bytes)
{
	return memcmp(area->before + page * page_bytes, area->mem + page * page_bytes, page_bytes);
}

/* Pages told in @bytes of the area from @offset on. All and only those that were written. */
static unsigned int expect_exact(struct __test_metadata *_metadata, FIXTURE_DATA(log) * self,
				 __u64 offset, __u64 bytes, __u64 page_bytes)
{
	struct log_area *area = &self->area;
	unsigned int page, first = offset / page_bytes, told = 0, wrong = 0;

	memset(area->bitmap, 0, sizeof(area->bitmap));
	EXPECT_EQ(0, log_report(&self->dev, AREA_IOVA + offset, bytes, page_bytes, area->bitmap));
	for (page = 0; page < bytes / page_bytes; page++) {
		told += log_told(area->bitmap, page);
		wrong += log_told(area->bitmap, page) !=
			 was_written(area, first + page, page_bytes);
	}
	EXPECT_EQ(0, wrong);
	return told;
}

TEST_F(log, told_is_written)
{
	unsigned int round, told = 0;

	write_pages(self, 0, AREA_BYTES, 1000);
	ASSERT_EQ(0, log_start_all(&self->dev));
	for (round = 0; round < ROUNDS; round++) {
		remember(&self->area);
		write_pages(self, 0, AREA_BYTES, round * 500);
		told += expect_exact(_metadata, self, 0, AREA_BYTES, PAGE_BYTES);
	}
	EXPECT_LT(AREA_PAGES, told);
	EXPECT_EQ(0, log_stop(&self->dev));
}

TEST_F(log, all_pages_at_once)
{
	unsigned int page;

	ASSERT_EQ(0, log_start_all(&self->dev));
	remember(&self->area);
	/* Each page at least once: more than one message has room for */
	for (page = 0; page < AREA_PAGES; page += 64)
		write_pages(self, page * PAGE_BYTES, 64 * PAGE_BYTES, 1000);
	EXPECT_LT(AREA_PAGES * 99 / 100,
		  expect_exact(_metadata, self, 0, AREA_BYTES, PAGE_BYTES));
}

TEST_F(log, parts_are_told_apart)
{
	__u64 part = AREA_BYTES / 4, offset;
	unsigned int told = 0;

	ASSERT_EQ(0, log_start_all(&self->dev));
	remember(&self->area);
	write_pages(self, 0, AREA_BYTES, 3000);
	for (offset = 0; offset < AREA_BYTES; offset += part)
		told += expect_exact(_metadata, self, offset, part, PAGE_BYTES);
	EXPECT_LT(1000, told);
	remember(&self->area);
	EXPECT_EQ(0, expect_exact(_metadata, self, 0, AREA_BYTES, PAGE_BYTES));
}

/* A bit of the user's stands for many pages of the device's */
TEST_F(log, large_pages)
{
	ASSERT_EQ(0, log_start_all(&self->dev));
	remember(&self->area);
	write_pages(self, 3 * LARGE_BYTES, PAGE_BYTES, 1);
	write_pages(self, 9 * LARGE_BYTES - PAGE_BYTES, PAGE_BYTES, 1);
	EXPECT_EQ(2, expect_exact(_metadata, self, 0, AREA_BYTES, LARGE_BYTES));
}

/* More of them than the card has: what lies between is tracked, and told to nobody */
TEST_F(log, many_ranges)
{
	struct vfio_device_feature_dma_logging_range ranges[20];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		ranges[i] = (struct vfio_device_feature_dma_logging_range) {
			.iova = AREA_IOVA + 3 * i * LARGE_BYTES / 2, .length = LARGE_BYTES,
		};
	ASSERT_EQ(0, log_start(&self->dev, PAGE_BYTES, ranges, ARRAY_SIZE(ranges)));
	remember(&self->area);
	write_pages(self, 0, AREA_BYTES, 5000);
	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		EXPECT_LT(0, expect_exact(_metadata, self, ranges[i].iova - AREA_IOVA,
					  ranges[i].length, PAGE_BYTES));
}

TEST_F(log, wrong_orders_are_refused)
{
	__u64 bitmap[AREA_PAGES / WORD_PAGES];

	EXPECT_EQ(-EINVAL, log_report(&self->dev, AREA_IOVA, AREA_BYTES, PAGE_BYTES, bitmap));
	EXPECT_EQ(0, log_stop(&self->dev));
	ASSERT_EQ(0, log_start_all(&self->dev));
	EXPECT_EQ(-EBUSY, log_start_all(&self->dev));
	EXPECT_EQ(-EINVAL, log_report(&self->dev, AREA_IOVA - AREA_BYTES, AREA_BYTES, PAGE_BYTES,
				      bitmap));
	EXPECT_EQ(0, log_stop(&self->dev));
	EXPECT_EQ(-EINVAL, log_report(&self->dev, AREA_IOVA, AREA_BYTES, PAGE_BYTES, bitmap));
}

/* What was written before a reset is not known after it, which must be said. */
TEST_F(log, reset_ends_it)
{
	__u64 bitmap[AREA_PAGES / WORD_PAGES];

	ASSERT_EQ(0, log_start_all(&self->dev));
	write_pages(self, 0, AREA_BYTES, 10);
	vfio_dev_reset(&self->dev);
	EXPECT_GT(0, log_report(&self->dev, AREA_IOVA, AREA_BYTES, PAGE_BYTES, bitmap));
	EXPECT_GT(0, log_report(&self->dev, AREA_IOVA, AREA_BYTES, PAGE_BYTES, bitmap));
	EXPECT_EQ(0, log_stop(&self->dev));
	ASSERT_EQ(0, log_start_all(&self->dev));
	EXPECT_EQ(0, log_report(&self->dev, AREA_IOVA, AREA_BYTES, PAGE_BYTES, bitmap));
}

TEST_F(log, goes_on_through_a_migration)
{
	struct vfio_image image = {};

	ASSERT_EQ(0, log_start_all(&self->dev));
	remember(&self->area);
	write_pages(self, 0, AREA_BYTES, 100);
	vfio_image_save(&self->dev, &image, VFIO_DEVICE_STATE_STOP);
	EXPECT_LT(0, expect_exact(_metadata, self, 0, AREA_BYTES, PAGE_BYTES));
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RUNNING);
	remember(&self->area);
	write_pages(self, 0, AREA_BYTES, 100);
	EXPECT_LT(0, expect_exact(_metadata, self, 0, AREA_BYTES, PAGE_BYTES));
	vfio_image_free(&image);
}

TEST_F(log, closing_ends_it)
{
	ASSERT_EQ(0, log_start_all(&self->dev));
	mlx5_hca_detach(&self->hca);
	vfio_dev_close(&self->dev);
	vfio_dev_open(&self->dev, vfio_bdf(0));
	mlx5_hca_attach(&self->hca, &self->dev);
	EXPECT_EQ(0, log_start_all(&self->dev));
}

TEST_F(log, card_that_fails_is_told)
{
	__u64 bitmap[AREA_PAGES / WORD_PAGES];

	ASSERT_EQ(0, log_start_all(&self->dev));
	model_behave("x-track-ends", true);
	EXPECT_EQ(-EIO, log_report(&self->dev, AREA_IOVA, AREA_BYTES, PAGE_BYTES, bitmap));
	model_behave("x-track-ends", false);
	EXPECT_EQ(-EIO, log_report(&self->dev, AREA_IOVA, AREA_BYTES, PAGE_BYTES, bitmap));
	EXPECT_EQ(0, log_stop(&self->dev));
	EXPECT_EQ(0, log_start_all(&self->dev));
}

TEST_F(log, card_that_is_silent_is_given_up)
{
	__u64 bitmap[AREA_PAGES / WORD_PAGES];
	struct timespec start;

	ASSERT_EQ(0, log_start_all(&self->dev));
	model_behave("x-track-silent", true);
	clock_gettime(CLOCK_MONOTONIC, &start);
	EXPECT_EQ(-ETIMEDOUT, log_report(&self->dev, AREA_IOVA, AREA_BYTES, PAGE_BYTES, bitmap));
	EXPECT_GT(SILENT_MS, ms_since(&start));
	EXPECT_EQ(0, log_stop(&self->dev));
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
