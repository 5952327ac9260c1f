// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has a VFIO device open as the user of a kernel with iommufd can have it: opened by its character
 * device, and not yet bound to an iommufd. vfio counts that user, and the device's group has no
 * owner. Debian's kernels have no such character device, so this module counts itself.
 */
#include <linux/completion.h>
#include <linux/pci.h>
#include <linux/refcount.h>
#include <linux/vfio.h>

#include "flavour_test.h"

static char *opener_device;
module_param_named(device, opener_device, charp, 0444);
MODULE_PARM_DESC(device, "address of the PCI device (0000:00:10.0), which a VFIO driver has");

static struct vfio_device *opener_vdev;

static int opener_find(struct device *dev, void *data)
{
	if (!dev->class || strcmp(dev->class->name, "vfio-dev"))
		return 0;
	opener_vdev = container_of(dev, struct vfio_device, device);
	return 1;
}

/* What vfio does when the file is opened, and in opener_exit() when it is closed */
static int __init opener_init(void)
{
	struct device *dev;
	int ret = -ENODEV;

	if (!opener_device)
		return -EINVAL;
	dev = bus_find_device_by_name(&pci_bus_type, NULL, opener_device);
	if (!dev)
		return -ENODEV;
	if (device_for_each_child(dev, NULL, opener_find) &&
	    refcount_inc_not_zero(&opener_vdev->refcount))
		ret = 0;
	put_device(dev);
	return ret;
}
module_init(opener_init);

static void __exit opener_exit(void)
{
	if (refcount_dec_and_test(&opener_vdev->refcount))
		complete(&opener_vdev->comp);
}
module_exit(opener_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test of driver_flavour: an opened, unbound VFIO device");
