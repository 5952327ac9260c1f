// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty pages in the type1 container, told by the card: what is told is what the VFs wrote, no
 * page less and none more, as long as the card knows.
 *
 * The emulated device writes at random where the test wants it to, and the oracle is memory
 * itself: a page was written to if it is not as it was before.
 */
#include <sys/mman.h>

#include "clock.h"
#include "dirty_pages.h"
#include "kselftest_harness.h"
#include "migratable.h"
#include "mlx5_hca.h"
#include "model_fault.h"

#define INTERVAL	"/sys/module/vfio_pci_variant/parameters/marks_interval_ms"

#define AREA_IOVA	0x40000000ULL
#define AREA_BYTES	(16ULL << 20)
#define AREA_PAGES	(AREA_BYTES / DIRTY_PAGE_BYTES)
/* Memory so far apart that a model with "track-kib=64" has no bits for all of it */
#define FAR_BYTES	0x40000000ULL
#define FAR_AREAS	32
#define FAR_PAGES	256ULL
#define MAX_VFS		8
#define ROUNDS		10
#define WRITES		300
#define WAIT_MS		60000

struct vf {
	struct vfio_dev dev;
	struct mlx5_hca hca;
	unsigned int function;
	int fd;
	__u8 *mem, *before;
	/* Told since mem was as before */
	__u8 told[AREA_PAGES];
};

FIXTURE(marks) {
	struct vf vfs[MAX_VFS];
	unsigned int nr;
	unsigned int seed;
};

FIXTURE_VARIANT(marks) {
	unsigned int nr;
};

FIXTURE_VARIANT_ADD(marks, one_vf) { .nr = 1 };
FIXTURE_VARIANT_ADD(marks, two_vfs) { .nr = 2 };
FIXTURE_VARIANT_ADD(marks, eight_vfs) { .nr = 8 };

static __u8 *map_memory(void)
{
	void *mem = mmap(NULL, AREA_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	VFIO_ASSERT(mem != MAP_FAILED, "memory");
	return mem;
}

static const char *open_vf(struct vf *vf, unsigned int index)
{
	const char *skip = open_mlx5(&vf->dev, index);

	vf->fd = -1;
	if (skip)
		return skip;
	mlx5_hca_init(&vf->hca);
	mlx5_hca_attach(&vf->hca, &vf->dev);
	mlx5_hca_boot(&vf->hca);
	vf->function = model_function_of(vf->dev.bdf);
	vf->mem = map_memory();
	vf->before = map_memory();
	vfio_dma_map(&vf->dev, vf->mem, AREA_IOVA, AREA_BYTES);
	return NULL;
}

static void close_vf(struct vf *vf)
{
	if (vf->fd >= 0)
		close(vf->fd);
	mlx5_hca_uninit(&vf->hca);
	vfio_dev_close(&vf->dev);
	munmap(vf->mem, AREA_BYTES);
	munmap(vf->before, AREA_BYTES);
}

FIXTURE_SETUP(marks)
{
	const char *skip = model_fault_open();

	self->seed = 1;
	while (!skip && self->nr < variant->nr) {
		skip = open_vf(&self->vfs[self->nr], self->nr);
		self->nr += !skip;
	}
	if (!skip)
		return;
	while (self->nr)
		close_vf(&self->vfs[--self->nr]);
	model_fault_close();
	SKIP(return, "%s", skip);
}

FIXTURE_TEARDOWN(marks)
{
	model_no_faults();
	model_fault_close();
	__vfio_sysfs_write(INTERVAL, "100");
	while (self->nr)
		close_vf(&self->vfs[--self->nr]);
}

static size_t get_vf(struct vf *vf)
{
	return vfio_dirty_get(&vf->dev, AREA_IOVA, AREA_BYTES, vf->told);
}

/* What type1 finds pinned when it is asked it tells once more the next time */
static void take_all(struct vf *vf)
{
	__u64 start = clock_ns();

	while (get_vf(vf) && ms_since(start) < WAIT_MS)
		;
}

/* From here on pages count as written */
static void remember(struct vf *vf)
{
	memcpy(vf->before, vf->mem, AREA_BYTES);
	memset(vf->told, 0, sizeof(vf->told));
}

static void begin(struct vf *vf)
{
	vfio_dirty_log(&vf->dev, true);
	vf->fd = vfio_mig_enter(&vf->dev, VFIO_DEVICE_STATE_PRE_COPY, NULL);
	take_all(vf);
	remember(vf);
}

static void end(struct vf *vf)
{
	close(vf->fd);
	vf->fd = -1;
	vfio_mig_set_state(&vf->dev, VFIO_DEVICE_STATE_RUNNING);
	vfio_dirty_log(&vf->dev, false);
}

static void write_pages(FIXTURE_DATA(marks) * self, struct vf *vf, unsigned int writes)
{
	model_dma_write(vf->function, AREA_IOVA, AREA_BYTES, writes, self->seed++);
}

/* Pages that were told and not written, or the other way round */
static unsigned int pages_but(const struct vf *vf, bool told)
{
	unsigned int page, wrong = 0;

	for (page = 0; page < AREA_PAGES; page++)
		wrong += vf->told[page] == told &&
			 !memcmp(vf->before + page * DIRTY_PAGE_BYTES,
				 vf->mem + page * DIRTY_PAGE_BYTES, DIRTY_PAGE_BYTES) == told;
	return wrong;
}

static unsigned int unwritten_pages(const struct vf *vf)
{
	return pages_but(vf, true);
}

static unsigned int untold_pages(const struct vf *vf)
{
	return pages_but(vf, false);
}

static void wait_until_told(struct vf *vf)
{
	__u64 start = clock_ns();

	while (untold_pages(vf) && ms_since(start) < WAIT_MS)
		take_all(vf);
}

static void freeze(struct vf *vf)
{
	int fd;

	vfio_mig_set_state(&vf->dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	VFIO_ASSERT(!__vfio_mig_set_state(&vf->dev, VFIO_DEVICE_STATE_STOP_COPY, &fd),
		    "stop the device");
}

TEST_F_TIMEOUT(marks, told_is_written, 150)
{
	unsigned int i, round;

	for (i = 0; i < self->nr; i++)
		begin(&self->vfs[i]);
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < self->nr; i++)
			write_pages(self, &self->vfs[i], round * WRITES / self->nr);
		for (i = 0; i < self->nr; i++) {
			wait_until_told(&self->vfs[i]);
			EXPECT_EQ(0, untold_pages(&self->vfs[i]));
			EXPECT_EQ(0, unwritten_pages(&self->vfs[i]));
			remember(&self->vfs[i]);
		}
	}
	for (i = 0; i < self->nr; i++)
		end(&self->vfs[i]);
}

/* The card is asked without a rest while the VF writes, and pages are taken meanwhile */
TEST_F_TIMEOUT(marks, reports_overlap_writes, 150)
{
	unsigned int i, round;

	__vfio_sysfs_write(INTERVAL, "1");
	for (i = 0; i < self->nr; i++)
		begin(&self->vfs[i]);
	for (round = 0; round < 5 * ROUNDS; round++) {
		struct vf *vf = &self->vfs[round % self->nr];

		write_pages(self, vf, WRITES);
		get_vf(vf);
	}
	for (i = 0; i < self->nr; i++) {
		struct vf *vf = &self->vfs[i];

		write_pages(self, vf, WRITES);
		freeze(vf);
		get_vf(vf);
		EXPECT_EQ(0, untold_pages(vf));
		EXPECT_EQ(0, unwritten_pages(vf));
		memset(vf->told, 0, sizeof(vf->told));
		EXPECT_EQ(0, get_vf(vf));
		end(vf);
	}
}

TEST_F_TIMEOUT(marks, card_that_fails, 150)
{
	unsigned int i;

	for (i = 0; i < self->nr; i++)
		begin(&self->vfs[i]);
	for (i = 0; i < self->nr; i++)
		write_pages(self, &self->vfs[i], WRITES);
	model_behave("x-track-ends", true);
	freeze(&self->vfs[0]);
	EXPECT_EQ(AREA_PAGES, get_vf(&self->vfs[0]));
	model_behave("x-track-ends", false);
	for (i = 0; i < self->nr; i++)
		end(&self->vfs[i]);
}

static __u64 far_iova(unsigned int i)
{
	return AREA_IOVA + i * FAR_BYTES;
}

/* All that is mapped is told then, and what is written after the next beginning is exact again */
TEST_F_TIMEOUT(marks, overflow_tells_all, 150)
{
	struct vf *vf = &self->vfs[self->nr - 1];
	__u8 told[FAR_PAGES];
	unsigned int i;

	for (i = 1; i < FAR_AREAS; i++)
		vfio_dma_map(&vf->dev, vf->mem, far_iova(i), FAR_PAGES * DIRTY_PAGE_BYTES);
	/* A report makes room */
	__vfio_sysfs_write(INTERVAL, "60000");
	begin(vf);
	for (i = 1; i < FAR_AREAS; i++) {
		vfio_dirty_get(&vf->dev, far_iova(i), sizeof(told) * DIRTY_PAGE_BYTES, told);
		model_dma_write(vf->function, far_iova(i), DIRTY_PAGE_BYTES, 1, self->seed++);
	}
	write_pages(self, vf, 1);
	freeze(vf);
	EXPECT_EQ(AREA_PAGES, get_vf(vf));
	for (i = 1; i < FAR_AREAS; i++)
		EXPECT_EQ(FAR_PAGES, vfio_dirty_get(&vf->dev, far_iova(i),
						    sizeof(told) * DIRTY_PAGE_BYTES, told));
	end(vf);

	begin(vf);
	write_pages(self, vf, WRITES);
	freeze(vf);
	get_vf(vf);
	EXPECT_EQ(0, untold_pages(vf));
	EXPECT_EQ(0, unwritten_pages(vf));
	end(vf);
}

/* What it wrote before is not known after it */
TEST_F_TIMEOUT(marks, reset_loses_nothing, 150)
{
	struct vf *vf = &self->vfs[self->nr - 1];

	begin(vf);
	write_pages(self, vf, WRITES);
	vfio_dev_reset(&vf->dev);
	close(vf->fd);
	vf->fd = vfio_mig_enter(&vf->dev, VFIO_DEVICE_STATE_PRE_COPY, NULL);
	freeze(vf);
	EXPECT_EQ(AREA_PAGES, get_vf(vf));
	end(vf);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
