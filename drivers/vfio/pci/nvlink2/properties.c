// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decodes and checks the properties. Only computes, so that it runs in user space under
 * sanitizers, too (tools/testing/unit).
 *
 * The firmware that wrote the properties is trusted to tell the truth, not to be without
 * bugs: what could make a region of memory that is not the GPU's is refused.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "properties.h"

/* Properties are made of cells of 32 bits; an address or a size takes two of them */
#define CELL_BYTES	4
#define U64_BYTES	(2 * CELL_BYTES)

#define PAST_THE_END	"past the end of the address space"

static int complain(struct nvlink2_complaint *complaint, const char *property,
		    const char *problem, int error)
{
	complaint->property = property;
	complaint->problem = problem;
	return error;
}

/* Values in a device tree have no alignment to rely on */
static u64 be_value(const struct nvlink2_property *property, size_t offset, size_t bytes)
{
	const u8 *from = (const u8 *)property->value + offset;
	u64 value = 0;

	while (bytes--)
		value = value << 8 | *from++;
	return value;
}

static int check_bytes(const struct nvlink2_property *property, const char *name, int bytes,
		       struct nvlink2_complaint *complaint)
{
	if (!property->value)
		return complain(complaint, name, "missing", -ENOENT);
	if (property->bytes != bytes)
		return complain(complaint, name, "wrong length", -EINVAL);
	return 0;
}

static int get_u32(const struct nvlink2_property *property, const char *name, u32 *value,
		   struct nvlink2_complaint *complaint)
{
	int ret = check_bytes(property, name, CELL_BYTES, complaint);

	if (!ret)
		*value = be_value(property, 0, CELL_BYTES);
	return ret;
}

static int get_u64(const struct nvlink2_property *property, const char *name, u64 *value,
		   struct nvlink2_complaint *complaint)
{
	int ret = check_bytes(property, name, U64_BYTES, complaint);

	if (!ret)
		*value = be_value(property, 0, U64_BYTES);
	return ret;
}

static int check_ram(u64 ram, u64 bytes, const struct nvlink2_limits *limits,
		     struct nvlink2_complaint *complaint)
{
	if (!bytes)
		return complain(complaint, "reg", "size 0", -EINVAL);
	if ((ram | bytes) & (limits->page_bytes - 1))
		return complain(complaint, "reg", "not a multiple of the page size", -EINVAL);
	if (bytes > limits->region_bytes)
		return complain(complaint, "reg", "larger than a region can be", -EINVAL);
	if (bytes > limits->address_end || ram > limits->address_end - bytes)
		return complain(complaint, "reg", PAST_THE_END, -EINVAL);
	return 0;
}

/**
 * nvlink2_decode_gpu() - the properties of a GPU
 * @properties: as they were found
 * @limits: what a region can be made of
 * @gpu: the result, unchanged on error
 * @complaint: which property is at fault and why; set on error only
 *
 * Return: 0, -ENOENT when a property is missing, -EINVAL when one cannot be right.
 */
int nvlink2_decode_gpu(const struct nvlink2_gpu_properties *properties,
		       const struct nvlink2_limits *limits, struct nvlink2_gpu *gpu,
		       struct nvlink2_complaint *complaint)
{
	const struct nvlink2_property *reg = &properties->reg;
	struct nvlink2_gpu found;
	int ret;

	/* One range, {address, size}: two cells each, as in every device tree of this machine */
	ret = check_bytes(reg, "reg", 2 * U64_BYTES, complaint);
	if (ret)
		return ret;

	found.ram = be_value(reg, 0, U64_BYTES);
	found.ram_bytes = be_value(reg, U64_BYTES, U64_BYTES);
	ret = check_ram(found.ram, found.ram_bytes, limits, complaint);
	if (ret)
		return ret;

	ret = get_u64(&properties->tgt, "ibm,device-tgt-addr", &found.ssa_tgt, complaint);
	if (ret)
		return ret;

	*gpu = found;
	return 0;
}

/*
 * The host bridge lists its ATSD registers. The link takes the one of its own index; an old
 * firmware lists only one, which links can share.
 */
static int get_atsd(const struct nvlink2_property *list, const struct nvlink2_limits *limits,
		    struct nvlink2_npu *npu, struct nvlink2_complaint *complaint)
{
	u64 index = npu->link_index;

	npu->atsd = 0;
	npu->atsd_shared = false;
	if (!list->value)
		return 0;
	if (list->bytes <= 0 || list->bytes % U64_BYTES)
		return complain(complaint, "ibm,mmio-atsd", "wrong length", -EINVAL);

	if (index >= (u64)list->bytes / U64_BYTES) {
		npu->atsd_shared = true;
		index = 0;
	}
	npu->atsd = be_value(list, index * U64_BYTES, U64_BYTES);
	if (!npu->atsd)
		return complain(complaint, "ibm,mmio-atsd", "address 0", -EINVAL);
	if (npu->atsd & (NVLINK2_ATSD_BYTES - 1))
		return complain(complaint, "ibm,mmio-atsd", "not a multiple of 64 KiB", -EINVAL);
	if (npu->atsd > limits->address_end - NVLINK2_ATSD_BYTES)
		return complain(complaint, "ibm,mmio-atsd", PAST_THE_END, -EINVAL);
	return 0;
}

/**
 * nvlink2_decode_npu() - the properties of an NPU's function
 * @properties: as they were found; without "ibm,mmio-atsd" there is no ATSD register
 * @limits: what a region can be made of
 * @npu: the result, unchanged on error
 * @complaint: which property is at fault and why; set on error only
 *
 * Return: 0, -ENOENT when a property is missing, -EINVAL when one cannot be right.
 */
int nvlink2_decode_npu(const struct nvlink2_npu_properties *properties,
		       const struct nvlink2_limits *limits, struct nvlink2_npu *npu,
		       struct nvlink2_complaint *complaint)
{
	struct nvlink2_npu found;
	int ret;

	ret = get_u64(&properties->tgt, "ibm,device-tgt-addr", &found.ssa_tgt, complaint);
	if (ret)
		return ret;

	ret = get_u32(&properties->speed, "ibm,nvlink-speed", &found.link_speed, complaint);
	if (ret)
		return ret;

	ret = get_u32(&properties->link_index, "ibm,npu-link-index", &found.link_index,
		      complaint);
	if (ret)
		return ret;

	ret = get_atsd(&properties->atsd, limits, &found, complaint);
	if (ret)
		return ret;

	*npu = found;
	return 0;
}
