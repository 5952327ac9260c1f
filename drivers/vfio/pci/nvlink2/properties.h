/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the device tree of a POWER9 host says about NVLink2, decoded: GPU RAM, ATSD register
 * and link speed. Property names as skiboot writes them.
 */
#ifndef NVLINK2_PROPERTIES_H
#define NVLINK2_PROPERTIES_H

#include <linux/types.h>

/* An ATSD register has a block of this size of its own (skiboot: npu2-regs.h) */
#define NVLINK2_ATSD_BYTES	0x10000

/**
 * struct nvlink2_property - a property as the device tree holds it
 * @value: its bytes, big-endian cells; NULL when the property is not there
 * @bytes: how many
 */
struct nvlink2_property {
	const void *value;
	int bytes;
};

/**
 * struct nvlink2_complaint - why the properties cannot be used
 * @property: the name of the first one that cannot
 * @problem: what is wrong with it; both are constant strings
 */
struct nvlink2_complaint {
	const char *property;
	const char *problem;
};

/**
 * struct nvlink2_limits - what a region can be made of
 * @page_bytes: regions are mapped in pages of this size
 * @region_bytes: a region can be at most this large
 * @address_end: where the physical addresses end that fit in a page table's entry
 */
struct nvlink2_limits {
	u64 page_bytes;
	u64 region_bytes;
	u64 address_end;
};

/**
 * struct nvlink2_gpu_properties - of a GPU
 * @reg: "reg" of the node that "memory-region" of the partner names
 * @tgt: "ibm,device-tgt-addr" of the partner
 */
struct nvlink2_gpu_properties {
	struct nvlink2_property reg;
	struct nvlink2_property tgt;
};

/**
 * struct nvlink2_gpu - the same, decoded
 * @ram: physical address of the GPU's RAM as the CPU sees it
 * @ram_bytes: size of that window, which may be more than the RAM behind it; a multiple of
 *             the page size, not 0, and within the limits
 * @ssa_tgt: the same RAM's address as the GPU's links see it
 */
struct nvlink2_gpu {
	u64 ram;
	u64 ram_bytes;
	u64 ssa_tgt;
};

/**
 * struct nvlink2_npu_properties - of an NPU's function (a bridge of one link)
 * @tgt: "ibm,device-tgt-addr"
 * @speed: "ibm,nvlink-speed"
 * @link_index: "ibm,npu-link-index" of the node that "ibm,nvlink" names
 * @atsd: "ibm,mmio-atsd" of the host bridge
 */
struct nvlink2_npu_properties {
	struct nvlink2_property tgt;
	struct nvlink2_property speed;
	struct nvlink2_property link_index;
	struct nvlink2_property atsd;
};

/**
 * struct nvlink2_npu - the same, decoded
 * @atsd: physical address of the link's ATSD register, a multiple of NVLINK2_ATSD_BYTES; 0
 *        when the host bridge has none
 * @atsd_shared: @atsd is the host bridge's first one, as it has none for this link
 * @ssa_tgt: as in &struct nvlink2_gpu, of the GPU at the other end
 * @link_index: the link
 * @link_speed: the speed, in the code that the GPU's driver understands
 */
struct nvlink2_npu {
	u64 atsd;
	bool atsd_shared;
	u64 ssa_tgt;
	u32 link_index;
	u32 link_speed;
};

int nvlink2_decode_gpu(const struct nvlink2_gpu_properties *properties,
		       const struct nvlink2_limits *limits, struct nvlink2_gpu *gpu,
		       struct nvlink2_complaint *complaint);
int nvlink2_decode_npu(const struct nvlink2_npu_properties *properties,
		       const struct nvlink2_limits *limits, struct nvlink2_npu *npu,
		       struct nvlink2_complaint *complaint);

#endif /* NVLINK2_PROPERTIES_H */
