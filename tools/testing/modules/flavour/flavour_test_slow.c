// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that is loading until its parameter "go" is written, so that a test can do something
 * else meanwhile
 */
#include <linux/wait.h>

#include "flavour_test.h"

#define SLOW_LIMIT_MS	300000

static DECLARE_WAIT_QUEUE_HEAD(slow_wait);
static bool slow_go;

static int slow_set_go(const char *value, const struct kernel_param *param)
{
	int ret = param_set_bool(value, param);

	wake_up_all(&slow_wait);
	return ret;
}

static const struct kernel_param_ops slow_go_ops = {
	.set = slow_set_go,
	.get = param_get_bool,
};
module_param_cb(go, &slow_go_ops, &slow_go, 0644);
MODULE_PARM_DESC(go, "lets the module go on loading");

static const struct pci_device_id flavour_test_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_INTEL, PCI_DEVICE_ID_I6300ESB) },
	{ }
};
MODULE_DEVICE_TABLE(pci, flavour_test_ids);

FLAVOUR_TEST_DRIVER(flavour_test_driver, flavour_test_ids, flavour_test_probe);

static int __init flavour_test_init(void)
{
	if (!wait_event_timeout(slow_wait, READ_ONCE(slow_go), msecs_to_jiffies(SLOW_LIMIT_MS)))
		return -ETIMEDOUT;
	return pci_register_driver(&flavour_test_driver);
}
module_init(flavour_test_init);

static void __exit flavour_test_exit(void)
{
	pci_unregister_driver(&flavour_test_driver);
}
module_exit(flavour_test_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test of driver_flavour: a module that takes long to load");
