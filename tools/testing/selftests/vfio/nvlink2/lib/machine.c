// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine's device tree as firmware would have written it, and its functions under the
 * driver
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "machine.h"

#define RAM_NODE	"nvlink2-test-ram"
#define LINK_NODE	"nvlink2-test-link"

struct machine machine;

int set_reg(__u64 address, __u64 bytes)
{
	__u8 reg[16];

	put_be64(reg, address);
	put_be64(reg + 8, bytes);
	return ofdt_set(RAM_PHANDLE, "reg", reg, sizeof(reg));
}

int set_atsd(unsigned int count, unsigned int link)
{
	__u8 list[64];
	unsigned int i;

	for (i = 0; i < count; i++)
		put_be64(list + 8 * i, i == link ? machine.atsd : 0x6789000000000000ULL);
	return ofdt_set(machine.phandle[HOST_BRIDGE], "ibm,mmio-atsd", list, 8 * count);
}

void clear_properties(void)
{
	const __u32 npu = machine.phandle[NPU];

	ofdt_remove(machine.phandle[GPU], "ibm,npu");
	ofdt_remove(npu, "ibm,gpu");
	ofdt_remove(npu, "ibm,nvlink");
	ofdt_remove(npu, "memory-region");
	ofdt_remove(npu, "ibm,device-tgt-addr");
	ofdt_remove(npu, "ibm,nvlink-speed");
	ofdt_remove(machine.phandle[HOST_BRIDGE], "ibm,mmio-atsd");
	ofdt_remove_node(RAM_NODE);
	ofdt_remove_node(LINK_NODE);
}

int good_properties(void)
{
	const __u32 npu = machine.phandle[NPU];
	__u8 reg[16], index[4];
	int ret = 0;

	clear_properties();
	put_be64(reg, machine.ram);
	put_be64(reg + 8, machine.ram_bytes);
	put_be32(index, LINK);
	ret = ret ?: ofdt_add_node(RAM_NODE, RAM_PHANDLE, "reg", reg, sizeof(reg));
	ret = ret ?: ofdt_add_node(LINK_NODE, LINK_PHANDLE, "ibm,npu-link-index", index,
				   sizeof(index));
	ret = ret ?: ofdt_set_u32(machine.phandle[GPU], "ibm,npu", npu);
	ret = ret ?: ofdt_set_u32(npu, "ibm,gpu", machine.phandle[GPU]);
	ret = ret ?: ofdt_set_u32(npu, "ibm,nvlink", LINK_PHANDLE);
	ret = ret ?: ofdt_set_u32(npu, "memory-region", RAM_PHANDLE);
	ret = ret ?: ofdt_set_u64(npu, "ibm,device-tgt-addr", TGT);
	ret = ret ?: ofdt_set_u32(npu, "ibm,nvlink-speed", SPEED);
	ret = ret ?: set_atsd(3, LINK);
	return ret;
}

int open_bound(struct nv_device *dev, const char *bdf, const char *property,
	       const char *problem)
{
	const char *const words[] = { bdf, "plain vfio", property ?: "", problem ?: "" };
	int mark, ret;
	bool said;

	mark = klog_mark();
	if (mark < 0)
		return -errno;
	ret = pci_bind(bdf, DRIVER);
	said = klog_has(mark, words, ARRAY_LEN(words));
	close(mark);
	if (ret)
		return ret;
	if (said != !!property)
		return -ENOMSG;
	return nv_open(dev, bdf, VFIO_SPAPR_TCE_v2_IOMMU);
}

void close_unbind(struct nv_device *dev)
{
	nv_close(dev);
	pci_unbind(dev->bdf);
}

static __u64 number_of(const char *variable)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 0) : 0;
}

static __u32 node_of(const char *bdf, const char *below)
{
	char node[128], path[160];

	pci_of_node(bdf, node, sizeof(node));
	snprintf(path, sizeof(path), "%s%s", node, below);
	return ofdt_phandle(path);
}

const char *find_machine(void)
{
	machine.ram = number_of("NVLINK2_RAM");
	machine.ram_bytes = number_of("NVLINK2_RAM_BYTES");
	machine.atsd = number_of("NVLINK2_ATSD");
	if (!machine.ram || machine.ram_bytes < RAM_MIN_BYTES || !machine.atsd)
		return "NVLINK2_RAM, _RAM_BYTES (4 MiB or more) or NVLINK2_ATSD is not set";
	if (pci_find(0x10de, 0x1db1, machine.gpu) || pci_find(0x1014, 0x04ea, machine.npu))
		return "no functions 10de:1db1 and 1014:04ea";

	machine.phandle[GPU] = node_of(machine.gpu, "");
	machine.phandle[NPU] = node_of(machine.npu, "");
	machine.phandle[HOST_BRIDGE] = node_of(machine.npu, "/..");
	machine.phandle[RAM] = RAM_PHANDLE;
	machine.phandle[LINK_OF_NPU] = LINK_PHANDLE;
	if (!machine.phandle[GPU] || !machine.phandle[NPU] || !machine.phandle[HOST_BRIDGE])
		return "the functions have no node in a device tree";
	return NULL;
}
