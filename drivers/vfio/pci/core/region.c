// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device regions: what a variant shows to user space beyond the device's own BARs
 *
 * A variant adds regions in its open function, before anybody can reach the device, and they
 * live until it is closed; so the functions that users call need no lock. What is behind a
 * region is the library's: a copy of a table, a reference to a neighbour, the address of
 * memory that stays.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#include "memory.h"

/* A capability of a region, as user space gets it in VFIO_DEVICE_GET_REGION_INFO */
struct vpv_capability {
	struct list_head item;
	size_t bytes;
	u64 words[];
};

struct vfio_pci_variant_region {
	struct list_head capabilities;
	u64 bytes;
	void *table;
	struct pci_dev *neighbour;
	struct vfio_pci_variant_memory memory;
};

static struct vfio_pci_variant_region *vpv_region_alloc(u64 bytes)
{
	struct vfio_pci_variant_region *region;

	region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);
	if (!region)
		return ERR_PTR(-ENOMEM);

	INIT_LIST_HEAD(&region->capabilities);
	region->bytes = bytes;
	return region;
}

static void vpv_region_free(struct vfio_pci_variant_region *region)
{
	struct vpv_capability *cap, *next;

	list_for_each_entry_safe(cap, next, &region->capabilities, item)
		kfree(cap);
	pci_dev_put(region->neighbour);
	kvfree(region->table);
	kfree(region);
}

static void vpv_region_release(struct vfio_pci_core_device *core,
			       struct vfio_pci_region *core_region)
{
	vpv_region_free(core_region->data);
}

static int vpv_region_add_capability(struct vfio_pci_core_device *core,
				     struct vfio_pci_region *core_region,
				     struct vfio_info_cap *caps)
{
	struct vfio_pci_variant_region *region = core_region->data;
	struct vpv_capability *cap;
	int ret;

	list_for_each_entry(cap, &region->capabilities, item) {
		ret = vfio_info_add_capability(caps, (struct vfio_info_cap_header *)cap->words,
					       cap->bytes);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * The region of file position @ppos. Sets @pos to the position in it and cuts @count to what
 * there is behind it; NULL for a position beyond its end.
 */
static struct vfio_pci_variant_region *vpv_region_at(struct vfio_pci_core_device *core,
						     loff_t *ppos, u64 *pos, size_t *count)
{
	unsigned int index = VFIO_PCI_OFFSET_TO_INDEX(*ppos) - VFIO_PCI_NUM_REGIONS;
	struct vfio_pci_variant_region *region = core->region[index].data;

	*pos = *ppos & VFIO_PCI_OFFSET_MASK;
	if (*pos >= region->bytes)
		return NULL;

	*count = min_t(u64, *count, region->bytes - *pos);
	return region;
}

static ssize_t vpv_table_rw(struct vfio_pci_core_device *core, char __user *buf, size_t count,
			    loff_t *ppos, bool iswrite)
{
	struct vfio_pci_variant_region *region;
	u64 pos;

	region = vpv_region_at(core, ppos, &pos, &count);
	if (!region || iswrite)
		return -EINVAL;

	if (copy_to_user(buf, region->table + pos, count))
		return -EFAULT;

	*ppos += count;
	return count;
}

static const struct vfio_pci_regops vpv_table_regops = {
	.rw = vpv_table_rw,
	.release = vpv_region_release,
	.add_capability = vpv_region_add_capability,
};

/*
 * Reads of config space @pos into @le the widest access that is aligned, in the order of
 * config space. Returns its size or a negative errno.
 */
static int vpv_neighbour_read(struct pci_dev *neighbour, unsigned int pos, size_t count, __le32 *le)
{
	u32 dword = 0;
	u16 word = 0;
	u8 byte = 0;
	int ret;

	if (!(pos & 3) && count >= 4) {
		ret = pci_user_read_config_dword(neighbour, pos, &dword);
		*le = cpu_to_le32(dword);
		return ret ? ret : 4;
	}
	if (!(pos & 1) && count >= 2) {
		ret = pci_user_read_config_word(neighbour, pos, &word);
		*le = cpu_to_le32(word);
		return ret ? ret : 2;
	}

	ret = pci_user_read_config_byte(neighbour, pos, &byte);
	*le = cpu_to_le32(byte);
	return ret ? ret : 1;
}

static ssize_t vpv_neighbour_rw(struct vfio_pci_core_device *core, char __user *buf, size_t count,
				loff_t *ppos, bool iswrite)
{
	struct vfio_pci_variant_region *region;
	size_t done = 0;
	__le32 le = 0;
	u64 pos;
	int len;

	region = vpv_region_at(core, ppos, &pos, &count);
	if (!region || iswrite)
		return -EINVAL;

	while (done < count) {
		len = vpv_neighbour_read(region->neighbour, pos + done, count - done, &le);
		if (len < 0)
			return len;
		if (copy_to_user(buf + done, &le, len))
			return -EFAULT;
		done += len;
	}

	*ppos += count;
	return count;
}

static const struct vfio_pci_regops vpv_neighbour_regops = {
	.rw = vpv_neighbour_rw,
	.release = vpv_region_release,
	.add_capability = vpv_region_add_capability,
};

static ssize_t vpv_memory_rw(struct vfio_pci_core_device *core, char __user *buf, size_t count,
			     loff_t *ppos, bool iswrite)
{
	struct vfio_pci_variant_region *region;
	ssize_t ret;
	u64 pos;

	region = vpv_region_at(core, ppos, &pos, &count);
	if (!region)
		return -EINVAL;
	if (!(region->memory.flags &
	      (iswrite ? VFIO_REGION_INFO_FLAG_WRITE : VFIO_REGION_INFO_FLAG_READ)))
		return -EINVAL;

	ret = vpv_memory_copy_user(&region->memory, pos, buf, count, iswrite);
	if (ret > 0)
		*ppos += ret;
	return ret;
}

static int vpv_memory_mmap(struct vfio_pci_core_device *core, struct vfio_pci_region *core_region,
			   struct vm_area_struct *vma)
{
	struct vfio_pci_variant_region *region = core_region->data;

	return vpv_memory_map_user(&region->memory, vma);
}

static const struct vfio_pci_regops vpv_memory_regops = {
	.rw = vpv_memory_rw,
	.release = vpv_region_release,
	.mmap = vpv_memory_mmap,
	.add_capability = vpv_region_add_capability,
};

/* Hands a region to the core, which releases it on close; frees it on failure */
static struct vfio_pci_variant_region *
vpv_region_register(struct vfio_pci_variant *variant, struct vfio_pci_variant_region *region,
		    u32 type, u32 subtype, const struct vfio_pci_regops *ops, u32 flags)
{
	int ret;

	ret = vfio_pci_core_register_dev_region(&variant->core, type, subtype, ops, region->bytes,
						flags, region);
	if (ret) {
		vpv_region_free(region);
		return ERR_PTR(ret);
	}
	return region;
}

/**
 * vfio_pci_variant_add_table() - add a region with a read-only table
 * @variant: the device; its open function runs
 * @type: the region's type, VFIO_REGION_TYPE_PCI_VENDOR_TYPE with a vendor id as a rule
 * @subtype: the region's type within @type
 * @table: its bytes, which are copied
 * @bytes: how many; not 0
 *
 * Return: the region, valid until the device is closed, or an ERR_PTR.
 */
struct vfio_pci_variant_region *
vfio_pci_variant_add_table(struct vfio_pci_variant *variant, u32 type, u32 subtype,
			   const void *table, size_t bytes)
{
	struct vfio_pci_variant_region *region;

	if (!bytes)
		return ERR_PTR(-EINVAL);

	region = vpv_region_alloc(bytes);
	if (IS_ERR(region))
		return region;

	region->table = kvmalloc(bytes, GFP_KERNEL_ACCOUNT);
	if (!region->table) {
		vpv_region_free(region);
		return ERR_PTR(-ENOMEM);
	}

	memcpy(region->table, table, bytes);
	return vpv_region_register(variant, region, type, subtype, &vpv_table_regops,
				   VFIO_REGION_INFO_FLAG_READ);
}
EXPORT_SYMBOL_GPL(vfio_pci_variant_add_table);

/**
 * vfio_pci_variant_add_neighbour() - add a region with another function's config space
 * @variant: the device; its open function runs
 * @type: as for vfio_pci_variant_add_table()
 * @subtype: as for vfio_pci_variant_add_table()
 * @neighbour: the other function, to which the region takes a reference of its own
 *
 * The region is read-only and as big as the config space. Each read reaches the function,
 * by accesses of 4 bytes where they are aligned.
 *
 * Return: the region, valid until the device is closed, or an ERR_PTR.
 */
struct vfio_pci_variant_region *
vfio_pci_variant_add_neighbour(struct vfio_pci_variant *variant, u32 type, u32 subtype,
			       struct pci_dev *neighbour)
{
	struct vfio_pci_variant_region *region;

	region = vpv_region_alloc(neighbour->cfg_size);
	if (IS_ERR(region))
		return region;

	region->neighbour = pci_dev_get(neighbour);
	return vpv_region_register(variant, region, type, subtype, &vpv_neighbour_regops,
				   VFIO_REGION_INFO_FLAG_READ);
}
EXPORT_SYMBOL_GPL(vfio_pci_variant_add_neighbour);

/**
 * vfio_pci_variant_add_memory() - add a region with physical memory
 * @variant: the device; its open function runs
 * @type: as for vfio_pci_variant_add_table()
 * @subtype: as for vfio_pci_variant_add_table()
 * @memory: what and how; copied
 *
 * Nothing is mapped before the user reads, writes or touches a mapping.
 *
 * Return: the region, valid until the device is closed, or an ERR_PTR, that of
 * vfio_pci_variant_check_memory() among others.
 */
struct vfio_pci_variant_region *
vfio_pci_variant_add_memory(struct vfio_pci_variant *variant, u32 type, u32 subtype,
			    const struct vfio_pci_variant_memory *memory)
{
	struct vfio_pci_variant_region *region;
	int ret;

	ret = vfio_pci_variant_check_memory(memory);
	if (ret)
		return ERR_PTR(ret);

	region = vpv_region_alloc(memory->bytes);
	if (IS_ERR(region))
		return region;

	region->memory = *memory;
	return vpv_region_register(variant, region, type, subtype, &vpv_memory_regops,
				   memory->flags);
}
EXPORT_SYMBOL_GPL(vfio_pci_variant_add_memory);

/**
 * vfio_pci_variant_add_capability() - add a capability to a region
 * @region: the region; the open function that added it still runs
 * @cap: the capability, headed by its id and version; copied. @cap->next is ignored.
 * @bytes: its size, a multiple of 8, as the next capability follows without a gap
 *
 * User space gets capabilities in the order in which they were added, after the one that
 * tells the region's type.
 *
 * Return: 0, -EINVAL for a bad size, -ENOMEM.
 */
int vfio_pci_variant_add_capability(struct vfio_pci_variant_region *region,
				    const struct vfio_info_cap_header *cap, size_t bytes)
{
	struct vpv_capability *copy;

	if (bytes < sizeof(*cap) || !IS_ALIGNED(bytes, sizeof(u64)))
		return -EINVAL;

	copy = kzalloc(struct_size(copy, words, bytes / sizeof(u64)), GFP_KERNEL_ACCOUNT);
	if (!copy)
		return -ENOMEM;

	copy->bytes = bytes;
	memcpy(copy->words, cap, bytes);
	list_add_tail(&copy->item, &region->capabilities);
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_pci_variant_add_capability);
