/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a fixture does first: open a device or say why its tests are skipped.
 */
#ifndef SELFTEST_VFIO_MIGRATABLE_H
#define SELFTEST_VFIO_MIGRATABLE_H

#include "vfio_mig.h"

/*
 * Opens device @index. Returns NULL, or the reason for which the test is to be
 * skipped; a device that cannot be opened fails the test.
 */
static inline const char *open_migratable(struct vfio_dev *dev,
					  unsigned int index)
{
	static char reason[128];
	char driver[64];

	*dev = (struct vfio_dev) {
		.container_fd = -1, .group_fd = -1, .fd = -1,
	};
	if (index >= vfio_nr_bdfs()) {
		snprintf(reason, sizeof(reason),
			 "needs %u devices, VFIO_BDFS names %u", index + 1,
			 vfio_nr_bdfs());
		return reason;
	}
	vfio_dev_open(dev, vfio_bdf(index));
	if (dev->mig_flags)
		return NULL;
	vfio_driver_of(dev->bdf, driver, sizeof(driver));
	snprintf(reason, sizeof(reason),
		 "driver '%s' of %s offers no migration", driver, dev->bdf);
	vfio_dev_close(dev);
	return reason;
}

#endif /* SELFTEST_VFIO_MIGRATABLE_H */
