// SPDX-License-Identifier: GPL-2.0-only
/*
 * More saves at once than the firmware of a PF is given: they take turns, none is
 * lost, and one whose turn has not come can be called off at once.
 */
#include <unistd.h>

#include "clock.h"
#include "kselftest_harness.h"
#include "migratable.h"
#include "model_fault.h"

#define MAX_DEVICES	16

/* The driver's limit, and how long each save takes */
#define PLACES		4
#define SAVE_MS		6000

FIXTURE(queue) {
	struct vfio_dev devs[MAX_DEVICES];
	struct vfio_image images[MAX_DEVICES];
	int fds[MAX_DEVICES];
	unsigned int nr;
	__u64 start;
};

FIXTURE_SETUP(queue)
{
	const char *skip = model_fault_open();
	unsigned int i;

	if (!skip && vfio_nr_bdfs() <= PLACES)
		skip = "needs more VFs of one PF than may save at once";
	if (skip)
		SKIP(return, "%s", skip);
	ASSERT_LE(vfio_nr_bdfs(), MAX_DEVICES);
	for (i = 0; i < vfio_nr_bdfs(); i++) {
		skip = open_migratable(&self->devs[i], i);
		if (skip)
			SKIP(return, "%s", skip);
		self->nr = i + 1;
		vfio_image_save(&self->devs[i], &self->images[i],
				VFIO_DEVICE_STATE_STOP);
	}
	model_delay("SAVE_VHCA_STATE", SAVE_MS);
	self->start = clock_ns();
	for (i = 0; i < self->nr; i++)
		self->fds[i] = vfio_mig_set_state(&self->devs[i],
						  VFIO_DEVICE_STATE_STOP_COPY);
}

FIXTURE_TEARDOWN(queue)
{
	unsigned int i;

	model_fault_close();
	for (i = 0; i < self->nr; i++) {
		if (self->fds[i] > 0)
			close(self->fds[i]);
		vfio_image_free(&self->images[i]);
		vfio_dev_close(&self->devs[i]);
	}
}

static void expect_image(struct __test_metadata *_metadata,
			 FIXTURE_DATA(queue) * self, unsigned int i)
{
	struct vfio_image again = {};

	EXPECT_EQ(0, __vfio_image_read(self->fds[i], &again, 1 << 20)) {
		TH_LOG("%s", self->devs[i].bdf);
	}
	EXPECT_TRUE(vfio_image_equal(&self->images[i], &again));
	vfio_image_free(&again);
}

TEST_F_TIMEOUT(queue, saves_take_turns_and_can_be_called_off, 120)
{
	unsigned int i, last = self->nr - 1;

	/* The last one's turn comes after the first ones': it need not be waited for. */
	vfio_mig_set_state(&self->devs[last], VFIO_DEVICE_STATE_STOP);
	EXPECT_GT(SAVE_MS, ms_since(self->start)) {
		TH_LOG("%u ms", ms_since(self->start));
	}
	for (i = 0; i < last; i++) {
		expect_image(_metadata, self, i);
		EXPECT_LE(i < PLACES ? SAVE_MS : 2 * SAVE_MS,
			  ms_since(self->start)) {
			TH_LOG("%s after %u ms", self->devs[i].bdf,
			       ms_since(self->start));
		}
	}
	model_no_faults();
	close(self->fds[last]);
	self->fds[last] = vfio_mig_set_state(&self->devs[last],
					     VFIO_DEVICE_STATE_STOP_COPY);
	expect_image(_metadata, self, last);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
