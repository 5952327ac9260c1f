// SPDX-License-Identifier: GPL-2.0-only
/*
 * A variant as a PCI driver and its devices as VFIO devices: registration, binding, open and
 * close, AER and resets
 */
#include <linux/export.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>
#include <linux/vfio_pci_variant.h>

#include "marks.h"
#include "region_info.h"
#include "session.h"
#include "sysfs.h"
#include "v1.h"
#include "v2.h"
#include "walk.h"

/* The options of vfio-pci, which come to no other driver's devices there */
static bool nointxmask;
module_param(nointxmask, bool, 0444);
MODULE_PARM_DESC(nointxmask, "Do not use the device's own bit to mask INTx");

static bool disable_vga;
module_param(disable_vga, bool, 0444);
MODULE_PARM_DESC(disable_vga, "Do not let users reach the legacy VGA resources");

static bool disable_idle_d3;
module_param(disable_idle_d3, bool, 0444);
MODULE_PARM_DESC(disable_idle_d3, "Do not put devices that nobody has open in D3hot");

static struct vfio_pci_variant *vpv_variant(struct vfio_device *vdev)
{
	return container_of(vdev, struct vfio_pci_variant, core.vdev);
}

static struct vfio_pci_variant *vpv_drvdata(struct pci_dev *pdev)
{
	return container_of((struct vfio_pci_core_device *)pci_get_drvdata(pdev),
			    struct vfio_pci_variant, core);
}

static struct vfio_pci_variant_driver *vpv_driver(struct pci_dev *pdev)
{
	return container_of(to_pci_driver(pdev->dev.driver), struct vfio_pci_variant_driver,
			    pci_driver);
}

static int vpv_init_variant(struct vfio_pci_variant *variant)
{
	const struct vfio_pci_variant_ops *ops = variant->ops;
	int ret;

	if (ops->mig) {
		variant->mig = vpv_mig_alloc(variant);
		if (!variant->mig)
			return -ENOMEM;
	}

	ret = ops->init ? ops->init(variant) : 0;
	if (ret)
		goto err_mig;

	if (variant->migration_flags) {
		ret = vpv_v2_init(variant);
		if (ret)
			goto err_release;
	}
	return 0;

err_release:
	if (variant->mig)
		vpv_mig_detach(variant->mig);
	if (ops->release)
		ops->release(variant);
err_mig:
	if (variant->mig)
		vpv_mig_put(variant->mig);
	return ret;
}

static int vpv_init_dev(struct vfio_device *vdev)
{
	struct vfio_pci_variant *variant = vpv_variant(vdev);
	int ret;

	ret = vfio_pci_core_init_dev(vdev);
	if (ret)
		return ret;

	vfio_pci_core_device_set_params(&variant->core, nointxmask, disable_vga, disable_idle_d3);
	variant->ops = vpv_driver(variant->core.pdev)->ops;
	return vpv_init_variant(variant);
}

static void vpv_release_dev(struct vfio_device *vdev)
{
	struct vfio_pci_variant *variant = vpv_variant(vdev);

	/* A reset that is still to be carried out must not find a backend that is gone */
	if (variant->mig) {
		vpv_marks_uninit(variant->mig);
		vpv_mig_detach(variant->mig);
	}
	if (variant->ops->release)
		variant->ops->release(variant);
	if (variant->mig)
		vpv_mig_put(variant->mig);
	vfio_pci_core_release_dev(vdev);
}

static int vpv_enable(struct vfio_pci_variant *variant)
{
	struct vfio_device *vdev = &variant->core.vdev;
	int ret;

	ret = vfio_pci_core_enable(&variant->core);
	if (ret)
		return ret;

	ret = vdev->mig_ops ? vpv_v1_add_region(variant) : 0;
	if (!ret && variant->ops->open)
		ret = variant->ops->open(variant);
	if (ret) {
		vfio_pci_core_disable(&variant->core);
		return ret;
	}

	if (vdev->mig_ops)
		vpv_walk_open(variant->mig);
	vfio_pci_core_finish_enable(&variant->core);
	return 0;
}

static int vpv_open_device(struct vfio_device *vdev)
{
	struct vfio_pci_variant *variant = vpv_variant(vdev);
	int ret;

	if (vdev->mig_ops)
		vpv_marks_open(variant->mig);
	ret = vpv_enable(variant);
	if (ret && vdev->mig_ops)
		vpv_marks_closed(variant->mig);
	return ret;
}

static void vpv_close_device(struct vfio_device *vdev)
{
	struct vfio_pci_variant *variant = vpv_variant(vdev);

	if (vdev->mig_ops)
		vpv_walk_close(variant->mig);
	if (variant->ops->close)
		variant->ops->close(variant);
	vfio_pci_core_close_device(vdev);
	if (vdev->mig_ops)
		vpv_marks_closed(variant->mig);
}

/* Each driver has a copy of its own, with its name */
static const struct vfio_device_ops vpv_device_ops = {
	.init = vpv_init_dev,
	.release = vpv_release_dev,
	.open_device = vpv_open_device,
	.close_device = vpv_close_device,
	.ioctl = vpv_ioctl,
	.device_feature = vpv_v2_device_feature,
	.read = vfio_pci_core_read,
	.write = vfio_pci_core_write,
	.mmap = vfio_pci_core_mmap,
	.request = vfio_pci_core_request,
	.match = vfio_pci_core_match,
	VFIO_PCI_CORE_OPS_IOMMUFD
	VFIO_PCI_CORE_OPS_PASID
	VFIO_PCI_CORE_OPS_TOKEN
	VFIO_DEVICE_OPS_SINCE_6_19(.get_region_info_caps = vpv_get_region_info_caps)
};

/* What an operator wants to know of a migration's length, once */
static void vpv_log_migration(struct pci_dev *pdev, struct vfio_pci_variant *variant)
{
	struct vfio_device *vdev = &variant->core.vdev;
	const char *missing;

	pci_info(pdev, "migration: %s%s%s\n", vdev->mig_ops ? "stop-copy" : "no",
		 vdev->migration_flags & VFIO_MIGRATION_P2P ? ", p2p" : "",
		 vdev->migration_flags & VFIO_MIGRATION_PRE_COPY ? ", pre-copy" : "");
	if (!vdev->mig_ops)
		return;

	missing = vpv_marks_missing(variant->mig);
	if (!missing)
		pci_info(pdev, "dirty pages: told by %sthe type1 container\n",
			 vdev->log_ops ? "DMA logging, or by " : "");
	else if (vdev->log_ops)
		pci_info(pdev, "dirty pages: told by DMA logging (not by the container: %s)\n",
			 missing);
	else
		pci_info(pdev, "dirty pages: not told, all memory is sent again (%s)\n", missing);
}

static int vpv_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct vfio_pci_variant_driver *driver = vpv_driver(pdev);
	struct vfio_device *vdev;
	struct vfio_pci_variant *variant;
	int ret;

	/* driver_override and new_id make the PCI core offer devices that are not in the table */
	if (!pci_match_id(driver->pci_driver.id_table, pdev)) {
		pci_err(pdev, "%s does not know this device (%04x:%04x), use vfio-pci\n",
			driver->pci_driver.name, pdev->vendor, pdev->device);
		return -ENODEV;
	}

	vdev = _vfio_alloc_device(driver->ops->device_size, &pdev->dev, &driver->vfio_ops);
	if (IS_ERR(vdev))
		return PTR_ERR(vdev);

	variant = vpv_variant(vdev);
	pci_set_drvdata(pdev, &variant->core);
	ret = vfio_pci_core_register_device(&variant->core);
	if (ret)
		goto err_put;

	if (vdev->mig_ops) {
		ret = vpv_sysfs_add(variant);
		if (ret)
			goto err_unregister;
	}

	vpv_log_migration(pdev, variant);
	return 0;

err_unregister:
	vfio_pci_core_unregister_device(&variant->core);
err_put:
	vfio_put_device(vdev);
	return ret;
}

static void vpv_remove(struct pci_dev *pdev)
{
	struct vfio_pci_variant *variant = vpv_drvdata(pdev);

	vfio_pci_core_unregister_device(&variant->core);
	if (variant->core.vdev.mig_ops)
		vpv_sysfs_remove(variant);
	vfio_put_device(&variant->core.vdev);
}

static void vpv_reset_prepare(struct pci_dev *pdev)
{
	struct vfio_pci_variant *variant = vpv_drvdata(pdev);

	if (variant->core.vdev.mig_ops)
		vpv_mig_reset_prepare(variant->mig);
}

static void vpv_reset_done(struct pci_dev *pdev)
{
	struct vfio_pci_variant *variant = vpv_drvdata(pdev);

	if (variant->core.vdev.mig_ops)
		vpv_mig_reset_done(variant->mig);
}

static const struct pci_error_handlers vpv_err_handlers = {
	.reset_prepare = vpv_reset_prepare,
	.reset_done = vpv_reset_done,
	.error_detected = vfio_pci_core_aer_err_detected,
};

/*
 * Only entries that ask for an override by name, so that the driver never takes a device by
 * itself, and that name vendor and device. A class or a subsystem may narrow them.
 */
static bool vpv_id_table_is_exact(const struct pci_device_id *id)
{
	if (!id || !id->vendor)
		return false;

	for (; id->vendor || id->subvendor || id->class_mask; id++)
		if (id->override_only != PCI_ID_F_VFIO_DRIVER_OVERRIDE || !id->vendor ||
		    id->vendor == PCI_ANY_ID || id->device == PCI_ANY_ID)
			return false;
	return true;
}

static bool vpv_mig_ops_are_complete(const struct vfio_pci_variant_ops *ops)
{
	const struct vfio_pci_variant_mig_ops *mig = ops->mig;

	if (!mig)
		return true;

	return ops->stream && ops->stream->load_start && ops->stream->load_next &&
	       ops->stream->load_end && mig->freeze && mig->unfreeze &&
	       mig->save_start && mig->save_image && mig->save_stop &&
	       mig->load_start && mig->load_image && mig->load_stop && mig->bytes_left;
}

/**
 * __vfio_pci_variant_register_driver() - register a variant driver
 * @driver: the driver
 * @owner: its module
 * @mod_name: the module's name
 *
 * Use vfio_pci_variant_register_driver().
 *
 * Return: 0 or a negative errno.
 */
int __vfio_pci_variant_register_driver(struct vfio_pci_variant_driver *driver,
				       struct module *owner, const char *mod_name)
{
	struct pci_driver *pci_driver = &driver->pci_driver;

	if (driver->ops->device_size < sizeof(struct vfio_pci_variant) ||
	    !vpv_mig_ops_are_complete(driver->ops) ||
	    !vpv_id_table_is_exact(pci_driver->id_table)) {
		pr_err("%s: not a complete variant driver\n", mod_name);
		return -EINVAL;
	}

	driver->vfio_ops = vpv_device_ops;
	driver->vfio_ops.name = (char *)pci_driver->name;
	/* vfio lets nobody pin who does not want to know of what is unmapped */
	if (driver->ops->mig)
		driver->vfio_ops.dma_unmap = vpv_marks_dma_unmap;
	pci_driver->probe = vpv_probe;
	pci_driver->remove = vpv_remove;
	pci_driver->err_handler = &vpv_err_handlers;
	pci_driver->driver_managed_dma = true;
	return __pci_register_driver(pci_driver, owner, mod_name);
}
EXPORT_SYMBOL_GPL(__vfio_pci_variant_register_driver);

/**
 * vfio_pci_variant_unregister_driver() - undo vfio_pci_variant_register_driver()
 * @driver: the driver; waits until no device of it is in use
 */
void vfio_pci_variant_unregister_driver(struct vfio_pci_variant_driver *driver)
{
	pci_unregister_driver(&driver->pci_driver);
}
EXPORT_SYMBOL_GPL(vfio_pci_variant_unregister_driver);

/* What vfio-pci has set stays where nothing is asked for here */
static bool vpv_has_params(void)
{
	return nointxmask || disable_vga || disable_idle_d3;
}

static int __init vpv_module_init(void)
{
	int ret;

	ret = vpv_session_module_init();
	if (!ret && vpv_has_params())
		vfio_pci_core_set_params(nointxmask, disable_vga, disable_idle_d3);
	return ret;
}
module_init(vpv_module_init);

static void __exit vpv_module_exit(void)
{
	if (vpv_has_params())
		vfio_pci_core_set_params(false, false, false);
	vpv_session_module_exit();
}
module_exit(vpv_module_exit);

MODULE_IMPORT_NS("IOMMUFD");
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Library for device-specific variants of vfio-pci");
