// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes mappings of GPU RAM known to the TCE container.
 *
 * A user of VFIO_SPAPR_TCE_v2_IOMMU registers memory before a device may reach it, and QEMU
 * does so with all of the guest's RAM, of which GPU RAM is a part. Registering pins pages;
 * GPU RAM has none. But the architecture keeps a list of registered memory per address space,
 * and takes the address of device memory for it (mm_iommu_newdev()): the container's
 * VFIO_IOMMU_SPAPR_REGISTER_MEMORY then finds the mapping there and takes a reference.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <asm/mmu_context.h>

#include "tce.h"

/* How long to wait before another try to forget a mapping that TCEs point to */
#define NVLINK2_TCE_RETRY_MS	1000

/*
 * A mapping on the list. The list's entry must go before the address space does, which @mm
 * holds.
 */
struct nvlink2_tce_mapping {
	struct mm_struct *mm;
	struct mm_iommu_table_group_mem_t *mem;
	struct delayed_work put_work;
};

static struct workqueue_struct *nvlink2_tce_wq;

/* Fails while TCEs point to the mapping and the container holds no reference of its own */
static bool nvlink2_tce_put(struct nvlink2_tce_mapping *mapping)
{
	if (mm_iommu_put(mapping->mm, mapping->mem))
		return false;

	mmdrop(mapping->mm);
	kfree(mapping);
	return true;
}

static void nvlink2_tce_put_work(struct work_struct *work)
{
	struct nvlink2_tce_mapping *mapping = container_of(to_delayed_work(work),
						struct nvlink2_tce_mapping, put_work);

	if (nvlink2_tce_put(mapping))
		module_put(THIS_MODULE);
	else
		queue_delayed_work(nvlink2_tce_wq, &mapping->put_work,
				   msecs_to_jiffies(NVLINK2_TCE_RETRY_MS));
}

static void *nvlink2_tce_mapped(struct vm_area_struct *vma, phys_addr_t phys)
{
	struct nvlink2_tce_mapping *mapping;
	long ret;

	mapping = kzalloc(sizeof(*mapping), GFP_KERNEL_ACCOUNT);
	if (!mapping)
		return ERR_PTR(-ENOMEM);

	ret = mm_iommu_newdev(vma->vm_mm, vma->vm_start, vma_pages(vma), phys, &mapping->mem);
	if (ret) {
		kfree(mapping);
		return ERR_PTR(ret);
	}

	mapping->mm = vma->vm_mm;
	mmgrab(mapping->mm);
	INIT_DELAYED_WORK(&mapping->put_work, nvlink2_tce_put_work);
	return mapping;
}

/*
 * A user may unmap GPU RAM that its TCEs point to. These go when it takes them back or closes
 * the container, of which nobody tells us; so try until then. The module stays meanwhile.
 */
static void nvlink2_tce_unmapped(void *cookie)
{
	struct nvlink2_tce_mapping *mapping = cookie;

	if (nvlink2_tce_put(mapping))
		return;

	__module_get(THIS_MODULE);
	queue_delayed_work(nvlink2_tce_wq, &mapping->put_work,
			   msecs_to_jiffies(NVLINK2_TCE_RETRY_MS));
}

const struct vfio_pci_variant_mapping_ops nvlink2_tce_mapping_ops = {
	.mapped = nvlink2_tce_mapped,
	.unmapped = nvlink2_tce_unmapped,
};

int nvlink2_tce_init(void)
{
	nvlink2_tce_wq = alloc_workqueue("nvlink2_tce", WQ_UNBOUND, 0);
	return nvlink2_tce_wq ? 0 : -ENOMEM;
}

/* Work holds the module until it has put it; wait for its last instructions */
void nvlink2_tce_exit(void)
{
	destroy_workqueue(nvlink2_tce_wq);
}
