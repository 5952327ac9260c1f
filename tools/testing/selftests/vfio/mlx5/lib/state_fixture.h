/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixture of the tests that look at each state in turn: a device in
 * RUNNING, an image of it, and a variant for each state that there can be.
 * Included after kselftest_harness.h.
 */
#ifndef SELFTEST_VFIO_STATE_FIXTURE_H
#define SELFTEST_VFIO_STATE_FIXTURE_H

#include "migratable.h"

FIXTURE(state) {
	struct vfio_dev dev;
	/* An image of the device, so that RESUMING can be left again */
	struct vfio_image image;
};

FIXTURE_VARIANT(state) {
	__u32 state;
};

FIXTURE_VARIANT_ADD(state, stop) {
	.state = VFIO_DEVICE_STATE_STOP,
};

FIXTURE_VARIANT_ADD(state, running) {
	.state = VFIO_DEVICE_STATE_RUNNING,
};

FIXTURE_VARIANT_ADD(state, stop_copy) {
	.state = VFIO_DEVICE_STATE_STOP_COPY,
};

FIXTURE_VARIANT_ADD(state, resuming) {
	.state = VFIO_DEVICE_STATE_RESUMING,
};

FIXTURE_VARIANT_ADD(state, running_p2p) {
	.state = VFIO_DEVICE_STATE_RUNNING_P2P,
};

FIXTURE_VARIANT_ADD(state, pre_copy) {
	.state = VFIO_DEVICE_STATE_PRE_COPY,
};

FIXTURE_VARIANT_ADD(state, pre_copy_p2p) {
	.state = VFIO_DEVICE_STATE_PRE_COPY_P2P,
};

FIXTURE_SETUP(state)
{
	const char *skip;

	if (vfio_first_flags() &&
	    !vfio_state_exists(vfio_first_flags(), variant->state))
		SKIP(return, "%s has no state %s", vfio_bdf(0),
		     vfio_state_name(variant->state));
	skip = open_migratable(&self->dev, 0);
	if (skip)
		SKIP(return, "%s", skip);
	vfio_image_save(&self->dev, &self->image, VFIO_DEVICE_STATE_RUNNING);
}

FIXTURE_TEARDOWN(state)
{
	vfio_image_free(&self->image);
	vfio_dev_close(&self->dev);
}

#endif /* SELFTEST_VFIO_STATE_FIXTURE_H */
