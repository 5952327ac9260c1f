// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sample reset handler for vfio-platform: virtio over MMIO
 *
 * vfio-platform resets a device when a user opens and closes it, and by VFIO_DEVICE_RESET. For
 * a device that the device tree describes it has that done by a module which serves the
 * device's first "compatible" string and is found by the alias "vfio-reset:<string>".
 *
 * Needs the kernel's own drivers/vfio/platform/vfio_platform_private.h: distributions' header
 * packages do not have it, so this is built only where the kernel's source is at hand.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/virtio_mmio.h>

#include "vfio_platform_private.h"

/*
 * Virtio 1.2, 2.4: 0 written to the status register resets the device, which is done when the
 * register reads as 0. Emulated devices need no time for it; the bound keeps a broken one from
 * holding up the user for long.
 */
#define RESET_POLL_US		10
#define RESET_TIMEOUT_US	100000

static int virtio_mmio_reset(struct vfio_platform_device *vdev)
{
	struct vfio_platform_region *regs = &vdev->regions[0];
	u32 status;

	/* vfio-platform unmaps it at close, as it does for its own read() and write(). */
	if (!regs->ioaddr) {
		regs->ioaddr = ioremap(regs->addr, regs->size);
		if (!regs->ioaddr)
			return -ENOMEM;
	}
	writel(0, regs->ioaddr + VIRTIO_MMIO_STATUS);
	return readl_poll_timeout(regs->ioaddr + VIRTIO_MMIO_STATUS, status, !status,
				  RESET_POLL_US, RESET_TIMEOUT_US);
}

module_vfio_reset_handler("virtio,mmio", virtio_mmio_reset);

MODULE_DESCRIPTION("Sample reset handler of vfio-platform, for virtio over MMIO");
MODULE_LICENSE("GPL");
