// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the NVLink2 properties of a function in the device tree.
 *
 * skiboot describes a link once, in the node of the NPU's function, and joins it with phandles:
 *
 *	GPU's node		ibm,npu -> NPU's nodes, one per link
 *	NPU's node		ibm,gpu -> GPU's node
 *				memory-region -> node with the GPU's RAM
 *				ibm,nvlink -> node of the link
 *				ibm,device-tgt-addr, ibm,nvlink-speed
 *	node of the RAM		reg
 *	node of the link	ibm,npu-link-index
 *	NPU's host bridge	ibm,mmio-atsd
 *
 * The links of one GPU lead to the same RAM, so its first one tells about all.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/mmzone.h>
#include <linux/of.h>
#include <linux/pci.h>
#include <linux/vfio_pci_core.h>

#include "firmware.h"

/*
 * The kernel knows no end of I/O memory on powerpc, and a physical address that is too long
 * for a page table's entry would spoil the flags in it.
 */
static struct nvlink2_limits nvlink2_limits(void)
{
	return (struct nvlink2_limits){
		.page_bytes = PAGE_SIZE,
		.region_bytes = VFIO_PCI_OFFSET_MASK & PAGE_MASK,
		.address_end = BIT_ULL(MAX_PHYSMEM_BITS),
	};
}

/* The value stays valid as long as the caller holds the node */
static struct nvlink2_property get_property(const struct device_node *node, const char *name)
{
	struct nvlink2_property property = {};

	property.value = of_get_property(node, name, &property.bytes);
	return property;
}

/* Sets @to to the node that a property of @node names, with a reference to it */
static int follow(const struct device_node *node, const char *name, struct device_node **to,
		  struct nvlink2_complaint *complaint)
{
	complaint->property = name;
	complaint->problem = "missing";
	if (!of_get_property(node, name, NULL))
		return -ENOENT;

	complaint->problem = "does not name a node";
	*to = of_parse_phandle(node, name, 0);
	return *to ? 0 : -EINVAL;
}

/* Both ends must name each other, lest a GPU gets the RAM of another */
static int find_partner(struct device_node *gpu, struct device_node **npu,
			struct nvlink2_complaint *complaint)
{
	struct device_node *back;
	int ret;

	ret = follow(gpu, "ibm,npu", npu, complaint);
	if (ret)
		return ret;

	ret = follow(*npu, "ibm,gpu", &back, complaint);
	if (ret)
		goto err_npu;

	of_node_put(back);
	if (back != gpu) {
		complaint->problem = "names another GPU";
		ret = -EINVAL;
		goto err_npu;
	}
	return 0;

err_npu:
	of_node_put(*npu);
	return ret;
}

/**
 * nvlink2_read_gpu() - what the device tree says about a GPU
 * @pdev: the GPU's function
 * @gpu: the result, unchanged on error
 * @complaint: which property is at fault and why; meaningful on error only
 *
 * Return: 0, -ENOENT when a property is missing, -EINVAL when one cannot be right.
 */
int nvlink2_read_gpu(struct pci_dev *pdev, struct nvlink2_gpu *gpu,
		     struct nvlink2_complaint *complaint)
{
	const struct nvlink2_limits limits = nvlink2_limits();
	struct nvlink2_gpu_properties properties;
	struct device_node *npu, *memory;
	int ret;

	ret = find_partner(pci_device_to_OF_node(pdev), &npu, complaint);
	if (ret)
		return ret;

	ret = follow(npu, "memory-region", &memory, complaint);
	if (ret)
		goto put_npu;

	properties.reg = get_property(memory, "reg");
	properties.tgt = get_property(npu, "ibm,device-tgt-addr");
	ret = nvlink2_decode_gpu(&properties, &limits, gpu, complaint);
	of_node_put(memory);
put_npu:
	of_node_put(npu);
	return ret;
}

static const struct device_node *host_bridge_node(struct pci_dev *pdev)
{
	struct pci_bus *bus = pdev->bus;

	while (!pci_is_root_bus(bus))
		bus = bus->parent;
	return pci_bus_to_OF_node(bus);
}

/**
 * nvlink2_read_npu() - what the device tree says about an NPU's function
 * @pdev: the function
 * @npu: the result, unchanged on error
 * @complaint: which property is at fault and why; meaningful on error only
 *
 * Return: 0, -ENOENT when a property is missing, -EINVAL when one cannot be right.
 */
int nvlink2_read_npu(struct pci_dev *pdev, struct nvlink2_npu *npu,
		     struct nvlink2_complaint *complaint)
{
	const struct device_node *node = pci_device_to_OF_node(pdev);
	const struct nvlink2_limits limits = nvlink2_limits();
	struct nvlink2_npu_properties properties;
	struct device_node *gpu, *link;
	int ret;

	/* Without a GPU the link carries another protocol, or nothing */
	ret = follow(node, "ibm,gpu", &gpu, complaint);
	if (ret)
		return ret;
	of_node_put(gpu);

	ret = follow(node, "ibm,nvlink", &link, complaint);
	if (ret)
		return ret;

	properties.tgt = get_property(node, "ibm,device-tgt-addr");
	properties.speed = get_property(node, "ibm,nvlink-speed");
	properties.link_index = get_property(link, "ibm,npu-link-index");
	properties.atsd = get_property(host_bridge_node(pdev), "ibm,mmio-atsd");
	ret = nvlink2_decode_npu(&properties, &limits, npu, complaint);
	of_node_put(link);
	return ret;
}
