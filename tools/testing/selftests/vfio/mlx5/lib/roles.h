/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A host in the midst of its work: of the devices that the test was given each
 * plays another role. The first is bound and not open, the others are open, each
 * in another state and in the middle of its session, if it has one.
 */
#ifndef SELFTEST_VFIO_ROLES_H
#define SELFTEST_VFIO_ROLES_H

#include "vfio_mig.h"

#define VFIO_MAX_ROLES	8

struct vfio_role {
	struct vfio_dev dev;
	/* The device's image before it played; empty for one that idles */
	struct vfio_image image;
	bool idle;
	__u32 state;
	/* The file of the session, -1 without one, and what was read from it */
	int fd;
	struct vfio_image got;
};

struct vfio_cast {
	unsigned int nr;
	struct vfio_role roles[VFIO_MAX_ROLES];
	/* They are VFs of this PF. */
	char pf[VFIO_BDF_LEN];
};

/*
 * Makes the images and opens what is to be open, in RUNNING. Returns NULL, or the
 * reason for which the test is to be skipped.
 */
const char *vfio_cast_open(struct vfio_cast *cast);
/* All into their states */
void vfio_cast_play(struct vfio_cast *cast);
/*
 * Plays the role to its end, as if nothing had happened: the stream of a save is
 * whole and loads, a load gives back what was loaded. The device is in RUNNING
 * then.
 */
bool vfio_role_finish(struct vfio_role *role);
void vfio_cast_close(struct vfio_cast *cast);

#endif /* SELFTEST_VFIO_ROLES_H */
