// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory copied as a migration copies it, by DMA logging, while VFs write to it: when
 * they stand still and the last report was taken, the copy is equal, and no page was told
 * that was not written to.
 *
 * VFIO_DIRTY_WRITES is how many writes a VF makes at least, 20,000 without it.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "dirty_log.h"
#include "kselftest_harness.h"
#include "migratable.h"
#include "mlx5_hca.h"
#include "model_fault.h"

#define AREA_IOVA	0x40000000ULL
#define AREA_BYTES	(16ULL << 20)
#define MAX_VFS		8
#define WRITES		20000
/* Reports that there are at least while VFs write */
#define ROUNDS		5
/* At once: others wait for the model meanwhile */
#define BURST_WRITES	1000

struct writer {
	struct vfio_dev dev;
	struct mlx5_hca hca;
	struct log_area area;
	unsigned int function;
};

FIXTURE(copy) {
	struct writer vfs[MAX_VFS];
	unsigned int nr;
	unsigned int writes;
	unsigned int reset_bursts;
	unsigned int seed;
	atomic_bool done;
	/* Reports of all while VFs wrote */
	atomic_uint rounds;
};

FIXTURE_VARIANT(copy) {
	unsigned int vfs;
	/* The writer resets a VF every so many bursts, 0: never */
	unsigned int reset_bursts;
	/* What the card had not told yet it forgets then, and does not say so. */
	bool forgets;
};

FIXTURE_VARIANT_ADD(copy, one_vf) {
	.vfs = 1,
};

FIXTURE_VARIANT_ADD(copy, two_vfs) {
	.vfs = 2,
};

FIXTURE_VARIANT_ADD(copy, eight_vfs) {
	.vfs = 8,
};

/* Guests reset their functions when they like, and reboot. */
FIXTURE_VARIANT_ADD(copy, resets) {
	.vfs = 2, .reset_bursts = 7,
};

FIXTURE_VARIANT_ADD(copy, resets_that_forget) {
	.vfs = 2, .reset_bursts = 5, .forgets = true,
};

static const char *open_writer(struct writer *vf, unsigned int i)
{
	const char *skip = open_mlx5(&vf->dev, i) ?: log_is_offered(&vf->dev);

	if (skip)
		return skip;
	mlx5_hca_init(&vf->hca);
	mlx5_hca_attach(&vf->hca, &vf->dev);
	mlx5_hca_boot(&vf->hca);
	vf->function = model_function_of(vf->dev.bdf);
	log_area_init(&vf->area, &vf->dev, AREA_IOVA, AREA_BYTES);
	return NULL;
}

FIXTURE_SETUP(copy)
{
	const char *writes = getenv("VFIO_DIRTY_WRITES");
	const char *skip = model_fault_open();

	while (!skip && self->nr < variant->vfs) {
		skip = open_writer(&self->vfs[self->nr], self->nr);
		self->nr++;
	}
	if (skip)
		SKIP(return, "%s", skip);
	self->writes = writes ? atoi(writes) : WRITES;
	self->reset_bursts = variant->reset_bursts;
	self->seed = 1;
	model_behave("x-track-forgets", variant->forgets);
}

FIXTURE_TEARDOWN(copy)
{
	model_fault_close();
	while (self->nr) {
		struct writer *vf = &self->vfs[--self->nr];

		mlx5_hca_uninit(&vf->hca);
		vfio_dev_close(&vf->dev);
		log_area_uninit(&vf->area);
	}
}

/* A reset takes the right to write away, which a guest's driver would give back. */
static void reset_writer(struct writer *vf)
{
	vfio_dev_reset(&vf->dev);
	vfio_dev_enable_dma(&vf->dev);
}

/* Of all that the test does, only this speaks to the model meanwhile. */
static void *write_all(void *arg)
{
	FIXTURE_DATA(copy) * self = arg;
	unsigned int bursts = self->writes / BURST_WRITES, burst, i;

	for (burst = 1; burst <= bursts || self->rounds < ROUNDS; burst++) {
		for (i = 0; i < self->nr; i++) {
			model_dma_write(self->vfs[i].function, AREA_IOVA, AREA_BYTES,
					BURST_WRITES, self->seed++);
			if (self->reset_bursts && !(burst % self->reset_bursts))
				reset_writer(&self->vfs[i]);
		}
	}
	self->done = true;
	return NULL;
}

static void copy_all(struct __test_metadata *_metadata, FIXTURE_DATA(copy) * self)
{
	unsigned int i;

	for (i = 0; i < self->nr; i++)
		ASSERT_LE(0, __log_area_copy(&self->vfs[i].area, &self->vfs[i].dev));
	self->rounds++;
}

/* 30 s, as tests have by default, are not enough for eight VFs beside other machines */
TEST_F_TIMEOUT(copy, nothing_is_lost_nor_too_much, 90)
{
	pthread_t thread;
	unsigned int i;

	for (i = 0; i < self->nr; i++) {
		struct writer *vf = &self->vfs[i];

		ASSERT_EQ(0, __log_start_one(&vf->dev, AREA_IOVA, AREA_BYTES));
		log_area_begin_copy(&vf->area);
	}
	ASSERT_EQ(0, pthread_create(&thread, NULL, write_all, self));
	while (!self->done)
		copy_all(_metadata, self);
	pthread_join(thread, NULL);

	for (i = 0; i < self->nr; i++)
		vfio_mig_set_state(&self->vfs[i].dev, VFIO_DEVICE_STATE_STOP);
	copy_all(_metadata, self);
	for (i = 0; i < self->nr; i++) {
		EXPECT_EQ(0, log_area_lost(&self->vfs[i].area));
		EXPECT_EQ(0, !variant->reset_bursts && log_area_surplus(&self->vfs[i].area));
		EXPECT_EQ(0, __log_stop(&self->vfs[i].dev));
	}
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
