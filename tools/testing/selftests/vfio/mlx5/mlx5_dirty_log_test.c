// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA logging: what is told is what the device wrote, no page less and none more.
 *
 * The emulated device writes at random where the test wants it to, and the oracle is
 * memory itself: a page was written to if it is not as it was before.
 */
#include <unistd.h>

#include "dirty_log.h"
#include "iommufd.h"
#include "kselftest_harness.h"
#include "migratable.h"
#include "model_fault.h"
#include "mlx5_hca.h"

#define AREA_IOVA	0x40000000ULL
#define AREA_BYTES	(64ULL << 20)
#define PAGE_BYTES	LOG_PAGE_BYTES
#define AREA_PAGES	(AREA_BYTES / PAGE_BYTES)
#define LARGE_BYTES	(2ULL << 20)
#define ROUNDS		8

FIXTURE(log) {
	struct vfio_dev dev;
	struct mlx5_hca hca;
	struct log_area area;
	unsigned int function;
	unsigned int seed;
};

FIXTURE_SETUP(log)
{
	const char *skip = model_fault_open();

	if (!skip)
		skip = open_mlx5(&self->dev, 0);
	if (!skip)
		skip = log_is_offered(&self->dev);
	if (skip)
		SKIP(return, "%s", skip);

	mlx5_hca_init(&self->hca);
	mlx5_hca_attach(&self->hca, &self->dev);
	mlx5_hca_boot(&self->hca);
	self->function = model_function_of(self->dev.bdf);
	self->seed = 1;
	log_area_init(&self->area, &self->dev, AREA_IOVA, AREA_BYTES);
}

FIXTURE_TEARDOWN(log)
{
	model_no_faults();
	model_fault_close();
	mlx5_hca_uninit(&self->hca);
	vfio_dev_close(&self->dev);
	log_area_uninit(&self->area);
}

static void write_pages(FIXTURE_DATA(log) * self, __u64 offset, __u64 bytes, unsigned int count)
{
	model_dma_write(self->function, AREA_IOVA + offset, bytes, count, self->seed++);
}

static int log_start_all(const struct vfio_dev *dev)
{
	return __log_start_one(dev, AREA_IOVA, AREA_BYTES);
}

/* Pages told in @bytes of the area from @offset on. All and only those that were written. */
static unsigned int expect_exact(struct __test_metadata *_metadata, FIXTURE_DATA(log) * self,
				 __u64 offset, __u64 bytes, __u64 page_bytes)
{
	struct log_area *area = &self->area;
	unsigned int page, first = offset / page_bytes, told = 0, wrong = 0;

	memset(area->bitmap, 0, AREA_PAGES / 8);
	EXPECT_EQ(0, __log_report(&self->dev, AREA_IOVA + offset, bytes, page_bytes, area->bitmap));
	for (page = 0; page < bytes / page_bytes; page++) {
		told += log_told(area->bitmap, page);
		wrong += log_told(area->bitmap, page) !=
			 log_area_was_written(area, first + page, page_bytes);
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
		log_area_remember(&self->area);
		write_pages(self, 0, AREA_BYTES, round * 1000);
		told += expect_exact(_metadata, self, 0, AREA_BYTES, PAGE_BYTES);
	}
	EXPECT_LT(AREA_PAGES, told);
	EXPECT_EQ(0, __log_stop(&self->dev));
}

TEST_F(log, all_pages_at_once)
{
	unsigned int page;

	ASSERT_EQ(0, log_start_all(&self->dev));
	log_area_remember(&self->area);
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
	log_area_remember(&self->area);
	write_pages(self, 0, AREA_BYTES, 3000);
	for (offset = 0; offset < AREA_BYTES; offset += part)
		told += expect_exact(_metadata, self, offset, part, PAGE_BYTES);
	EXPECT_LT(1000, told);
	log_area_remember(&self->area);
	EXPECT_EQ(0, expect_exact(_metadata, self, 0, AREA_BYTES, PAGE_BYTES));
}

/* At the end of one page of the user's and the beginning of the next, with others around it */
TEST_F(log, bitmap_lies_anywhere)
{
	const unsigned int words = 3 * 512;
	__u64 *buf = aligned_alloc(PAGE_BYTES, words * sizeof(*buf));
	__u64 *bitmap = buf + 1024 - AREA_PAGES / LOG_WORD_PAGES / 2 + 1;
	unsigned int page, wrong = 0;

	ASSERT_EQ(0, log_start_all(&self->dev));
	log_area_remember(&self->area);
	write_pages(self, 0, AREA_BYTES, 20000);
	memset(buf, 0, words * sizeof(*buf));
	EXPECT_EQ(0, __log_report(&self->dev, AREA_IOVA, AREA_BYTES, PAGE_BYTES, bitmap));
	for (page = 0; page < AREA_PAGES; page++) {
		wrong += log_told(bitmap, page) !=
			 log_area_was_written(&self->area, page, PAGE_BYTES);
		bitmap[page / LOG_WORD_PAGES] &= ~(1ULL << page % LOG_WORD_PAGES);
	}
	EXPECT_EQ(0, wrong);
	for (page = 0; page < words; page++)
		EXPECT_EQ(0, buf[page]);
	free(buf);
}

/* A bit of the user's stands for many pages of the device's */
TEST_F(log, large_pages)
{
	ASSERT_EQ(0, log_start_all(&self->dev));
	log_area_remember(&self->area);
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
	ASSERT_EQ(0, __log_start(&self->dev, PAGE_BYTES, ranges, ARRAY_SIZE(ranges)));
	log_area_remember(&self->area);
	write_pages(self, 0, AREA_BYTES, 5000);
	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		EXPECT_LT(0, expect_exact(_metadata, self, ranges[i].iova - AREA_IOVA,
					  ranges[i].length, PAGE_BYTES));
}

TEST_F(log, wrong_orders_are_refused)
{
	__u64 bitmap[AREA_PAGES / LOG_WORD_PAGES];

	EXPECT_EQ(-EINVAL, __log_report(&self->dev, AREA_IOVA, AREA_BYTES, PAGE_BYTES, bitmap));
	EXPECT_EQ(0, __log_stop(&self->dev));
	ASSERT_EQ(0, log_start_all(&self->dev));
	EXPECT_EQ(-EBUSY, log_start_all(&self->dev));
	EXPECT_EQ(-EINVAL, __log_report(&self->dev, AREA_IOVA - AREA_BYTES, AREA_BYTES, PAGE_BYTES,
					bitmap));
	EXPECT_EQ(0, __log_stop(&self->dev));
	EXPECT_EQ(-EINVAL, __log_report(&self->dev, AREA_IOVA, AREA_BYTES, PAGE_BYTES, bitmap));
}

TEST_F(log, goes_on_through_a_migration)
{
	struct vfio_image image = {};

	ASSERT_EQ(0, log_start_all(&self->dev));
	log_area_remember(&self->area);
	write_pages(self, 0, AREA_BYTES, 100);
	vfio_image_save(&self->dev, &image, VFIO_DEVICE_STATE_STOP);
	EXPECT_LT(0, expect_exact(_metadata, self, 0, AREA_BYTES, PAGE_BYTES));
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RUNNING);
	log_area_remember(&self->area);
	write_pages(self, 0, AREA_BYTES, 100);
	EXPECT_LT(0, expect_exact(_metadata, self, 0, AREA_BYTES, PAGE_BYTES));
	vfio_image_free(&image);
}

TEST_F(log, goes_on_through_a_running_save)
{
	struct vfio_image image = {};
	int fd;

	if (!(self->dev.mig_flags & VFIO_MIGRATION_PRE_COPY))
		SKIP(return, "no PRE_COPY here");
	ASSERT_EQ(0, log_start_all(&self->dev));
	fd = vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_PRE_COPY);
	log_area_remember(&self->area);
	write_pages(self, 0, AREA_BYTES, 100);
	vfio_precopy_read(fd, &image);
	EXPECT_LT(0, expect_exact(_metadata, self, 0, AREA_BYTES, PAGE_BYTES));
	log_area_remember(&self->area);
	write_pages(self, 0, AREA_BYTES, 100);
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	EXPECT_LT(0, expect_exact(_metadata, self, 0, AREA_BYTES, PAGE_BYTES));
	log_area_remember(&self->area);
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	vfio_image_read(fd, &image);
	EXPECT_EQ(0, expect_exact(_metadata, self, 0, AREA_BYTES, PAGE_BYTES));
	close(fd);
	vfio_image_free(&image);
}

/*
 * Who is told by a container has the tracker from PRE_COPY on. An iommufd has no marks, so there
 * it is free for who asks the device itself.
 */
TEST_F(log, begins_after_precopy)
{
	int fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, NULL);

	EXPECT_EQ(vfio_iommufd_wanted() ? 0 : -EBUSY, log_start_all(&self->dev));
	close(fd);
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RUNNING);
	EXPECT_EQ(0, __log_stop(&self->dev));
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

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
