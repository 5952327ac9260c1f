// SPDX-License-Identifier: GPL-2.0-only
/* The memory that a page tracker's messages land in. */

#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "vhca_priv.h"
#include "vhca_track_mem.h"

static void vhca_track_free_pages(struct mlx5_vhca_track_mem *mem)
{
	unsigned int i;

	for (i = 0; i < mem->nr_pages; i++)
		__free_page(mem->pages[i]);
	kvfree(mem->pages);
}

static int vhca_track_alloc_pages(struct mlx5_vhca_track_mem *mem, unsigned int nr_pages)
{
	mem->pages = kvcalloc(nr_pages, sizeof(*mem->pages), GFP_KERNEL_ACCOUNT);
	if (!mem->pages)
		return -ENOMEM;

	for (mem->nr_pages = 0; mem->nr_pages < nr_pages; mem->nr_pages++) {
		mem->pages[mem->nr_pages] = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		if (!mem->pages[mem->nr_pages]) {
			vhca_track_free_pages(mem);
			return -ENOMEM;
		}
	}
	return 0;
}

static int vhca_track_map_pages(struct mlx5_vhca_track_mem *mem)
{
	int ret;

	ret = sg_alloc_table_from_pages(&mem->sgt, mem->pages, mem->nr_pages, 0,
					(size_t)mem->nr_pages << PAGE_SHIFT,
					GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	mem->vaddr = vmap(mem->pages, mem->nr_pages, VM_MAP, PAGE_KERNEL);
	if (mem->vaddr)
		return 0;
	sg_free_table(&mem->sgt);
	return -ENOMEM;
}

/**
 * mlx5_vhca_track_mem_create() - make memory that the card can write to
 * @vhca: the VHCA, not locked
 * @mem: the memory
 * @bytes: how much, whole pages
 *
 * Return: 0 or a negative errno.
 */
int mlx5_vhca_track_mem_create(struct mlx5_vhca *vhca, struct mlx5_vhca_track_mem *mem,
			       size_t bytes)
{
	int ret;

	ret = vhca_track_alloc_pages(mem, bytes >> PAGE_SHIFT);
	if (ret)
		return ret;
	ret = vhca_track_map_pages(mem);
	if (ret)
		goto out_free_pages;

	mem->buf = mlx5_vhca_buf_create(vhca, &mem->sgt, DMA_FROM_DEVICE);
	if (!IS_ERR(mem->buf))
		return 0;

	ret = PTR_ERR(mem->buf);
	vunmap(mem->vaddr);
	sg_free_table(&mem->sgt);
out_free_pages:
	vhca_track_free_pages(mem);
	return ret;
}

/**
 * mlx5_vhca_track_mem_free() - free memory that the card cannot write to any more
 * @mem: the memory, its buffer unmapped
 */
void mlx5_vhca_track_mem_free(struct mlx5_vhca_track_mem *mem)
{
	kfree(mem->buf);
	vunmap(mem->vaddr);
	sg_free_table(&mem->sgt);
	vhca_track_free_pages(mem);
}

/**
 * mlx5_vhca_track_mem_begin() - look at what the card has written
 * @mdev: the PF
 * @mem: the memory, until mlx5_vhca_track_mem_end()
 */
void mlx5_vhca_track_mem_begin(struct mlx5_core_dev *mdev, struct mlx5_vhca_track_mem *mem)
{
	dma_sync_sgtable_for_cpu(mdev->device, &mem->sgt, DMA_FROM_DEVICE);
}

void mlx5_vhca_track_mem_end(struct mlx5_core_dev *mdev, struct mlx5_vhca_track_mem *mem)
{
	dma_sync_sgtable_for_device(mdev->device, &mem->sgt, DMA_FROM_DEVICE);
}
