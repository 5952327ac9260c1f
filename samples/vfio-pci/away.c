// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that their backend loses, as one does that reaches them by another driver: when is a
 * test's business, by options of the module.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "away.h"

/* Guards the list. Taken outside of the library's locks: held while a device is lost. */
static DEFINE_MUTEX(sample_away_lock);
static LIST_HEAD(sample_away_devices);

static int sample_away_tell(const char *name, void (*tell)(struct vfio_pci_variant *variant))
{
	struct sample_away *away;
	int ret = -ENODEV;

	mutex_lock(&sample_away_lock);
	list_for_each_entry(away, &sample_away_devices, item) {
		if (!sysfs_streq(pci_name(away->variant->core.pdev), name))
			continue;
		tell(away->variant);
		ret = 0;
	}
	mutex_unlock(&sample_away_lock);
	return ret;
}

static int sample_away_set_loses(const char *value, const struct kernel_param *kp)
{
	return sample_away_tell(value, vfio_pci_variant_gone);
}

static int sample_away_set_regains(const char *value, const struct kernel_param *kp)
{
	return sample_away_tell(value, vfio_pci_variant_returned);
}

static const struct kernel_param_ops sample_away_loses_ops = { .set = sample_away_set_loses };
static const struct kernel_param_ops sample_away_regains_ops = { .set = sample_away_set_regains };
module_param_cb(loses, &sample_away_loses_ops, NULL, 0200);
MODULE_PARM_DESC(loses, "For tests, a device that the driver is to lose");
module_param_cb(regains, &sample_away_regains_ops, NULL, 0200);
MODULE_PARM_DESC(regains, "For tests, a device that the driver is to reach again");

void sample_away_init(struct sample_away *away, struct vfio_pci_variant *variant)
{
	away->variant = variant;
	mutex_lock(&sample_away_lock);
	list_add(&away->item, &sample_away_devices);
	mutex_unlock(&sample_away_lock);
}

void sample_away_uninit(struct sample_away *away)
{
	mutex_lock(&sample_away_lock);
	list_del(&away->item);
	mutex_unlock(&sample_away_lock);
}
