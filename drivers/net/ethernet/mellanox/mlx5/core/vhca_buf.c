// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers that the firmware saves images to and loads them from: pages of the
 * caller, mapped for DMA by the PF, under a memory key that lists its pages.
 *
 * A buffer's firmware objects can go before the buffer does: when the PF is
 * taken away, each one that is left is unmapped, or kept.
 *
 * They can also stay. After a command on the buffer that was never answered, and with a
 * memory key that could not be destroyed, nothing says when the card stops to use the
 * pages: then key and DMA mapping are kept, and the owner of the pages is told to keep
 * these, and to ask again. A reset of the PF ends that.
 */

#include <linux/dma-mapping.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "vhca_priv.h"

static int vhca_buf_count_bytes(struct sg_table *sgt, u32 *bytes)
{
	struct scatterlist *sg;
	u64 sum = 0;
	int i;

	for_each_sgtable_sg(sgt, sg, i) {
		/* The memory key addresses pages, one after the other */
		if (sg->offset || !PAGE_ALIGNED(sg->length))
			return -EINVAL;
		sum += sg->length;
		if (sum > MLX5_VHCA_MAX_BUF_BYTES)
			return -E2BIG;
	}
	if (!sum)
		return -EINVAL;

	*bytes = sum;
	return 0;
}

/*
 * What the memory key has as a page. With larger ones its list is shorter, and so is the
 * command; those of 64 KiB are what a kernel has whose own pages are so large.
 */
static unsigned int vhca_buf_page_shift(const struct mlx5_vhca_buf *buf)
{
	struct scatterlist *sg;
	u64 borders = 0;
	int i;

	for_each_sgtable_dma_sg(buf->sgt, sg, i) {
		borders |= sg_dma_address(sg);
		/* The last page may be used in part */
		if (i < buf->sgt->nents - 1)
			borders |= sg_dma_len(sg);
	}
	return IS_ALIGNED(borders, SZ_64K) ? ilog2(SZ_64K) : PAGE_SHIFT;
}

static void vhca_buf_fill_mkc(void *mkc, const struct mlx5_vhca_buf *buf,
			      unsigned int page_shift, u32 npages)
{
	MLX5_SET(mkc, mkc, access_mode_1_0, MLX5_MKC_ACCESS_MODE_MTT);
	/* All rights: the DMA mapping knows the direction */
	MLX5_SET(mkc, mkc, lr, 1);
	MLX5_SET(mkc, mkc, lw, 1);
	MLX5_SET(mkc, mkc, rr, 1);
	MLX5_SET(mkc, mkc, rw, 1);
	MLX5_SET(mkc, mkc, pd, buf->vhca->pdn);
	/* Not bound to a queue pair */
	MLX5_SET(mkc, mkc, qpn, 0xffffff);
	MLX5_SET(mkc, mkc, log_page_size, page_shift);
	MLX5_SET(mkc, mkc, translations_octword_size, DIV_ROUND_UP(npages, 2));
	MLX5_SET64(mkc, mkc, len, buf->bytes);
}

static int vhca_buf_create_mkey(struct mlx5_vhca_buf *buf)
{
	unsigned int page_shift = vhca_buf_page_shift(buf);
	u32 npages = DIV_ROUND_UP_ULL(buf->bytes, 1ULL << page_shift);
	int in_bytes, ret, i;
	struct scatterlist *sg;
	__be64 *mtt;
	u32 *in;

	lockdep_assert_held(&buf->vhca->lock);

	/* The list of pages consists of octwords: two entries each */
	in_bytes = MLX5_ST_SZ_BYTES(create_mkey_in) + round_up(npages, 2) * sizeof(*mtt);
	in = kvzalloc(in_bytes, GFP_KERNEL);
	if (!in)
		return -ENOMEM;

	mtt = (__be64 *)MLX5_ADDR_OF(create_mkey_in, in, klm_pas_mtt);
	for_each_sgtable_dma_sg(buf->sgt, sg, i) {
		dma_addr_t addr, end = sg_dma_address(sg) + sg_dma_len(sg);

		for (addr = sg_dma_address(sg); addr < end; addr += 1ULL << page_shift)
			*mtt++ = cpu_to_be64(addr);
	}

	MLX5_SET(create_mkey_in, in, translations_octword_actual_size,
		 DIV_ROUND_UP(npages, 2));
	vhca_buf_fill_mkc(MLX5_ADDR_OF(create_mkey_in, in, memory_key_mkey_entry),
			  buf, page_shift, npages);
	ret = mlx5_core_create_mkey(buf->vhca->mdev, &buf->mkey, in, in_bytes);
	kvfree(in);
	return mlx5_vhca_core_errno(ret);
}

static int vhca_buf_map(struct mlx5_vhca_buf *buf)
{
	struct mlx5_vhca *vhca = buf->vhca;
	struct mlx5_core_dev *mdev = vhca->mdev;
	int ret;

	lockdep_assert_held(&vhca->lock);

	if (list_empty(&vhca->bufs)) {
		ret = mlx5_vhca_core_errno(mlx5_core_alloc_pd(mdev, &vhca->pdn));
		if (ret)
			return ret;
	}

	ret = dma_map_sgtable(mdev->device, buf->sgt, buf->dir, 0);
	if (ret)
		goto out_dealloc_pd;

	ret = vhca_buf_create_mkey(buf);
	if (ret)
		goto out_unmap;

	buf->mapped = true;
	list_add_tail(&buf->node, &vhca->bufs);
	return 0;

out_unmap:
	dma_unmap_sgtable(mdev->device, buf->sgt, buf->dir, 0);
out_dealloc_pd:
	if (list_empty(&vhca->bufs))
		mlx5_core_dealloc_pd(mdev, vhca->pdn);
	return ret;
}

static void vhca_buf_unlist(struct mlx5_vhca_buf *buf)
{
	struct mlx5_vhca *vhca = buf->vhca;

	buf->mapped = false;
	list_del_init(&buf->node);
	if (!list_empty(&vhca->bufs))
		return;
	if (!vhca->pd_kept)
		mlx5_core_dealloc_pd(vhca->mdev, vhca->pdn);
	vhca->pd_kept = false;
}

/**
 * mlx5_vhca_buf_unmap() - make the firmware and the PF forget a buffer
 * @buf: the buffer; nothing happens when they already did
 *
 * Context: holds the lock of the VHCA.
 * Return: true, or false when the card may go on to use the pages. It can be tried again,
 * but for a buffer that is kept already.
 */
bool mlx5_vhca_buf_unmap(struct mlx5_vhca_buf *buf)
{
	struct mlx5_vhca *vhca = buf->vhca;
	int ret;

	lockdep_assert_held(&vhca->lock);

	if (!buf->mapped)
		return !buf->kept;
	/* While the firmware works with the key, this would only wait for it again */
	if (buf->kept)
		return false;
	ret = mlx5_core_destroy_mkey(vhca->mdev, buf->mkey);
	if (ret) {
		buf->kept = ret == -ETIMEDOUT;
		return false;
	}
	dma_unmap_sgtable(vhca->mdev->device, buf->sgt, buf->dir, 0);
	vhca_buf_unlist(buf);
	return true;
}

/**
 * mlx5_vhca_buf_keep() - leave a buffer to the firmware, with its key and DMA mapping
 * @buf: the buffer; nothing happens when it is not mapped
 *
 * Context: holds the lock of the VHCA.
 */
void mlx5_vhca_buf_keep(struct mlx5_vhca_buf *buf)
{
	lockdep_assert_held(&buf->vhca->lock);

	if (!buf->mapped)
		return;
	if (!buf->kept)
		dev_warn_ratelimited(&buf->vhca->vf->dev,
				     "memory key 0x%x stays with the firmware, and its %u bytes of memory with it\n",
				     buf->mkey, buf->bytes);
	buf->kept = true;
	buf->vhca->pd_kept = true;
	vhca_buf_unlist(buf);
	list_add(&buf->node, &buf->vhca->kept_bufs);
}

/**
 * mlx5_vhca_bufs_renew() - the PF was reset: the card has forgotten what was kept
 * @vhca: the VHCA
 *
 * Context: holds the lock of the VHCA.
 */
void mlx5_vhca_bufs_renew(struct mlx5_vhca *vhca)
{
	struct mlx5_vhca_buf *buf, *next;

	lockdep_assert_held(&vhca->lock);

	list_for_each_entry_safe(buf, next, &vhca->kept_bufs, node) {
		list_del_init(&buf->node);
		buf->kept = false;
		dma_unmap_sgtable(vhca->mdev->device, buf->sgt, buf->dir, 0);
	}
}

struct mlx5_vhca_buf *mlx5_vhca_buf_create(struct mlx5_vhca *vhca, struct sg_table *sgt,
					   enum dma_data_direction dir)
{
	struct mlx5_vhca_buf *buf;
	int ret;

	if (WARN_ON(dir != DMA_FROM_DEVICE && dir != DMA_TO_DEVICE))
		return ERR_PTR(-EINVAL);

	buf = kzalloc(sizeof(*buf), GFP_KERNEL_ACCOUNT);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	buf->vhca = vhca;
	buf->sgt = sgt;
	buf->dir = dir;
	ret = vhca_buf_count_bytes(sgt, &buf->bytes);
	if (ret)
		goto out_free;

	ret = mlx5_vhca_enter(vhca);
	if (ret)
		goto out_free;
	ret = vhca_buf_map(buf);
	mlx5_vhca_leave(vhca);
	if (ret)
		goto out_free;
	return buf;

out_free:
	kfree(buf);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(mlx5_vhca_buf_create);

bool mlx5_vhca_buf_destroy(struct mlx5_vhca_buf *buf)
{
	struct mlx5_vhca *vhca;
	bool gone;

	if (IS_ERR_OR_NULL(buf))
		return true;

	vhca = buf->vhca;
	mutex_lock(&vhca->lock);
	/* Leaking it would be no better: the key must go with the pages */
	WARN_ON(vhca->image.in_flight && vhca->image.buf == buf);
	gone = mlx5_vhca_buf_unmap(buf);
	buf->refused = !gone;
	mutex_unlock(&vhca->lock);
	if (gone)
		kfree(buf);
	return gone;
}
EXPORT_SYMBOL_GPL(mlx5_vhca_buf_destroy);
