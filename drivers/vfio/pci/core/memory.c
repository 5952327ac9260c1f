// SPDX-License-Identifier: GPL-2.0-only
/*
 * Physical memory that is not the kernel's: copies to and from it, and users' mappings
 *
 * Where such memory lies is said by firmware, so an address is checked before it is mapped:
 * the kernel's functions warn about addresses that cannot be, and would give away RAM.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#include "memory.h"

/* How much is mapped at a time for a copy, at most */
#define VPV_MEMORY_WINDOW_BYTES SZ_1M

/* The page within a region, of a page offset in the device's file */
#define VPV_PGOFF_MASK (VFIO_PCI_OFFSET_MASK >> PAGE_SHIFT)

/* Can @bytes at @phys be mapped without harm? @bytes is not 0. */
static int vpv_memory_check_range(phys_addr_t phys, u64 bytes)
{
	phys_addr_t last;

	if (check_add_overflow(phys, (phys_addr_t)(bytes - 1), &last) ||
	    last > iomem_resource.end || bytes > SIZE_MAX)
		return -EINVAL;

	/* Whole pages are mapped */
	phys = round_down(phys, PAGE_SIZE);
	if (region_intersects(phys, last - phys + 1, IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT)
		return -EBUSY;
	return 0;
}

/**
 * vfio_pci_variant_check_memory() - can this memory be a region?
 * @memory: the memory
 *
 * For a variant that wants to know when a device is bound, not when it is opened.
 *
 * Return: 0, -EINVAL for an address or size that cannot be, is not aligned where it must be,
 * or for bad flags; -EBUSY for memory that is the kernel's RAM.
 */
int vfio_pci_variant_check_memory(const struct vfio_pci_variant_memory *memory)
{
	u32 flags = memory->flags;

	if (flags & ~(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE |
		      VFIO_REGION_INFO_FLAG_MMAP))
		return -EINVAL;
	if (!memory->bytes)
		return flags & VFIO_REGION_INFO_FLAG_MMAP ? -EINVAL : 0;

	/* A position in a region has this many bits */
	if (memory->bytes > VFIO_PCI_OFFSET_MASK || memory->cache > VFIO_PCI_VARIANT_REGISTERS)
		return -EINVAL;
	if (flags & VFIO_REGION_INFO_FLAG_MMAP &&
	    (!PAGE_ALIGNED(memory->phys) || !PAGE_ALIGNED(memory->bytes) ||
	     !(flags & VFIO_REGION_INFO_FLAG_READ)))
		return -EINVAL;

	return vpv_memory_check_range(memory->phys, memory->bytes);
}
EXPORT_SYMBOL_GPL(vfio_pci_variant_check_memory);

/* Copies between the user and @count bytes at @phys as if they were RAM */
static int vpv_memory_copy_window(phys_addr_t phys, enum vfio_pci_variant_cache cache,
				  char __user *buf, size_t count, bool iswrite)
{
	unsigned long how = cache == VFIO_PCI_VARIANT_CACHED ? MEMREMAP_WB : MEMREMAP_WC;
	unsigned long left;
	void *window;

	window = memremap(phys, count, how);
	if (!window)
		return -ENOMEM;

	left = iswrite ? copy_from_user(window, buf, count) : copy_to_user(buf, window, count);
	memunmap(window);
	return left ? -EFAULT : 0;
}

/* One access to a register; its bytes keep their order */
static int vpv_register_access(void __iomem *reg, char __user *buf, size_t width, bool iswrite)
{
	union {
		__le64 quad;
		__le32 dword;
		__le16 word;
		u8 byte;
	} value = {};

	if (iswrite && copy_from_user(&value, buf, width))
		return -EFAULT;

	if (width == 8 && iswrite)
		writeq(le64_to_cpu(value.quad), reg);
	else if (width == 8)
		value.quad = cpu_to_le64(readq(reg));
	else if (width == 4 && iswrite)
		writel(le32_to_cpu(value.dword), reg);
	else if (width == 4)
		value.dword = cpu_to_le32(readl(reg));
	else if (width == 2 && iswrite)
		writew(le16_to_cpu(value.word), reg);
	else if (width == 2)
		value.word = cpu_to_le16(readw(reg));
	else if (iswrite)
		writeb(value.byte, reg);
	else
		value.byte = readb(reg);

	return iswrite || !copy_to_user(buf, &value, width) ? 0 : -EFAULT;
}

/* Copies between the user and @count bytes of registers at @phys */
static int vpv_registers_copy_window(phys_addr_t phys, char __user *buf, size_t count,
				     bool iswrite)
{
	void __iomem *window;
	size_t done = 0;
	int ret = 0;

	window = ioremap(phys, count);
	if (!window)
		return -ENOMEM;

	while (!ret && done < count) {
		size_t width = sizeof(u64);

		while (width > count - done || !IS_ALIGNED(phys + done, width))
			width /= 2;
		ret = vpv_register_access(window + done, buf + done, width, iswrite);
		done += width;
	}

	iounmap(window);
	return ret;
}

/* Copies between the user and position @pos of @memory, within which @count is */
ssize_t vpv_memory_copy_user(const struct vfio_pci_variant_memory *memory, u64 pos,
			     char __user *buf, size_t count, bool iswrite)
{
	size_t done = 0;

	while (done < count) {
		phys_addr_t phys = memory->phys + pos + done;
		size_t len = min_t(size_t, count - done,
				   VPV_MEMORY_WINDOW_BYTES - offset_in_page(phys));
		int ret;

		if (memory->cache == VFIO_PCI_VARIANT_REGISTERS)
			ret = vpv_registers_copy_window(phys, buf + done, len, iswrite);
		else
			ret = vpv_memory_copy_window(phys, memory->cache, buf + done, len,
						     iswrite);
		if (ret)
			return ret;
		done += len;
		cond_resched();
	}
	return count;
}

static vm_fault_t vpv_memory_insert(const struct vfio_pci_variant_memory *memory,
				    struct vm_fault *vmf)
{
	return vmf_insert_pfn(vmf->vma, vmf->address,
			      PHYS_PFN(memory->phys) + (vmf->pgoff & VPV_PGOFF_MASK));
}

static vm_fault_t vpv_memory_fault(struct vm_fault *vmf)
{
	return vpv_memory_insert(vmf->vma->vm_private_data, vmf);
}

static const struct vm_operations_struct vpv_memory_vm_ops = {
	.fault = vpv_memory_fault,
};

/* A mapping that the variant wants to know of; in vm_private_data of its VMAs */
struct vpv_mapping {
	/* One as a rule; two while mremap() tries to move it */
	refcount_t vmas;
	const struct vfio_pci_variant_memory *memory;
	void *cookie;
};

static vm_fault_t vpv_mapping_fault(struct vm_fault *vmf)
{
	struct vpv_mapping *mapping = vmf->vma->vm_private_data;

	return vpv_memory_insert(mapping->memory, vmf);
}

static void vpv_mapping_open(struct vm_area_struct *vma)
{
	struct vpv_mapping *mapping = vma->vm_private_data;

	refcount_inc(&mapping->vmas);
}

static void vpv_mapping_close(struct vm_area_struct *vma)
{
	struct vpv_mapping *mapping = vma->vm_private_data;

	if (!refcount_dec_and_test(&mapping->vmas))
		return;

	if (mapping->cookie)
		mapping->memory->mapping_ops->unmapped(mapping->cookie);
	kfree(mapping);
}

/* What the variant was told of a mapping holds as long as the mapping does */
static int vpv_mapping_may_split(struct vm_area_struct *vma, unsigned long address)
{
	return -EINVAL;
}

static int vpv_mapping_mremap(struct vm_area_struct *vma)
{
	return -EINVAL;
}

static const struct vm_operations_struct vpv_mapping_vm_ops = {
	.open = vpv_mapping_open,
	.close = vpv_mapping_close,
	.may_split = vpv_mapping_may_split,
	.mremap = vpv_mapping_mremap,
	.fault = vpv_mapping_fault,
};

/* Tells the variant of a mapping that begins at page @pgoff of @memory */
static int vpv_mapping_create(const struct vfio_pci_variant_memory *memory, u64 pgoff,
			      struct vm_area_struct *vma)
{
	struct vpv_mapping *mapping;

	mapping = kzalloc(sizeof(*mapping), GFP_KERNEL_ACCOUNT);
	if (!mapping)
		return -ENOMEM;

	mapping->cookie = memory->mapping_ops->mapped(vma, memory->phys + (pgoff << PAGE_SHIFT));
	if (IS_ERR(mapping->cookie)) {
		int ret = PTR_ERR(mapping->cookie);

		kfree(mapping);
		return ret;
	}

	refcount_set(&mapping->vmas, 1);
	mapping->memory = memory;
	vm_flags_set(vma, VM_DONTCOPY);
	vma->vm_private_data = mapping;
	vma->vm_ops = &vpv_mapping_vm_ops;
	return 0;
}

/*
 * Maps a part of @memory, page by page as the user touches it: it can be many gibibytes. The
 * mapping holds the file and thereby the device open, so @memory lives longer.
 */
int vpv_memory_map_user(struct vfio_pci_variant_memory *memory, struct vm_area_struct *vma)
{
	u64 total = memory->bytes >> PAGE_SHIFT;
	u64 pgoff = vma->vm_pgoff & VPV_PGOFF_MASK;

	if (pgoff > total || vma_pages(vma) > total - pgoff)
		return -EINVAL;

	if (!(memory->flags & VFIO_REGION_INFO_FLAG_WRITE)) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}

	if (memory->cache == VFIO_PCI_VARIANT_REGISTERS)
		vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	else if (memory->cache == VFIO_PCI_VARIANT_WRITE_COMBINED)
		vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);

	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	if (memory->mapping_ops)
		return vpv_mapping_create(memory, pgoff, vma);

	vma->vm_private_data = memory;
	vma->vm_ops = &vpv_memory_vm_ops;
	return 0;
}

/**
 * vfio_pci_variant_read_memory() - copy what firmware left in memory
 * @phys: its physical address, which may be nonsense
 * @to: where to
 * @bytes: how many; not 0
 *
 * For tables that a register or another table points to.
 *
 * Return: 0, -EINVAL for an address that cannot be, -EBUSY for memory that is the kernel's
 * RAM, -ENOMEM for memory that cannot be mapped.
 */
int vfio_pci_variant_read_memory(phys_addr_t phys, void *to, size_t bytes)
{
	void *from;
	int ret;

	ret = vpv_memory_check_range(phys, bytes);
	if (ret)
		return ret;

	from = memremap(phys, bytes, MEMREMAP_WB);
	if (!from)
		return -ENOMEM;

	memcpy(to, from, bytes);
	memunmap(from);
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_pci_variant_read_memory);
