// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI bus: a driver is for VFIO if its table has entries that match only under a
 * driver_override, for VFIO (PCI_DRIVER_OVERRIDE_DEVICE_VFIO)
 */
#include <linux/pci.h>

#include "flavour.h"

#define PCI_VFIO_PREFIX		"vfio_pci:"
#define PCI_NATIVE_PREFIX	"pci:"

static void pci_ids(struct device *dev, struct flavour_pci_ids *ids)
{
	struct pci_dev *pdev = to_pci_dev(dev);

	*ids = (struct flavour_pci_ids) {
		.vendor = pdev->vendor,
		.device = pdev->device,
		.subvendor = pdev->subsystem_vendor,
		.subdevice = pdev->subsystem_device,
		.class = pdev->class,
		.class_mask = ~0,
	};
}

/* vfio-pci and what is built on it drive no bridges */
static bool pci_offers_vfio(struct device *dev)
{
	return to_pci_dev(dev)->hdr_type == PCI_HEADER_TYPE_NORMAL;
}

static int pci_vfio_alias(struct device *dev, char *buf, size_t size)
{
	struct flavour_pci_ids ids;

	pci_ids(dev, &ids);
	return flavour_pci_alias(buf, size, PCI_VFIO_PREFIX, &ids);
}

static int pci_vfio_short_alias(struct device *dev, char *buf, size_t size, unsigned int n)
{
	struct flavour_pci_ids ids;

	pci_ids(dev, &ids);
	return flavour_pci_short_alias(buf, size, PCI_VFIO_PREFIX, &ids, n);
}

static int pci_native_alias(struct device *dev, char *buf, size_t size)
{
	struct flavour_pci_ids ids;

	pci_ids(dev, &ids);
	return flavour_pci_alias(buf, size, PCI_NATIVE_PREFIX, &ids);
}

/* The next VFIO entry of a table from @id on, NULL after the last */
static const struct pci_device_id *vfio_entry(const struct pci_device_id *id)
{
	for (; id && (id->vendor || id->subvendor || id->class_mask); id++)
		if (id->override_only == PCI_ID_F_VFIO_DRIVER_OVERRIDE)
			return id;
	return NULL;
}

static bool pci_is_vfio(struct device_driver *drv)
{
	return vfio_entry(to_pci_driver(drv)->id_table);
}

static int pci_match(struct device *dev, struct device_driver *drv)
{
	const struct pci_device_id *id = vfio_entry(to_pci_driver(drv)->id_table);
	struct flavour_pci_ids ids;
	int best = -ENODEV, wildcards;

	pci_ids(dev, &ids);
	for (; id; id = vfio_entry(id + 1)) {
		const struct flavour_pci_ids entry = {
			.vendor = id->vendor,
			.device = id->device,
			.subvendor = id->subvendor,
			.subdevice = id->subdevice,
			.class = id->class,
			.class_mask = id->class_mask,
		};

		wildcards = flavour_pci_match(&entry, &ids);
		if (wildcards >= 0 && (best < 0 || wildcards < best))
			best = wildcards;
	}
	return best;
}

static bool pci_manages_dma(struct device_driver *drv)
{
	return to_pci_driver(drv)->driver_managed_dma;
}

/* A PF without its driver loses its VFs, whoever has them */
static int pci_busy(struct device *dev)
{
	return pci_num_vf(to_pci_dev(dev)) ? -EBUSY : 0;
}

struct flavour_bus flavour_pci_bus = {
	.type = &pci_bus_type,
	.alias_prefix = PCI_VFIO_PREFIX,
	.fallback = "vfio-pci",
	.offers_vfio = pci_offers_vfio,
	.vfio_alias = pci_vfio_alias,
	.vfio_short_alias = pci_vfio_short_alias,
	.native_alias = pci_native_alias,
	.is_vfio = pci_is_vfio,
	.match = pci_match,
	.manages_dma = pci_manages_dma,
	.busy = pci_busy,
};
