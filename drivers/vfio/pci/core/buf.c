// SPDX-License-Identifier: GPL-2.0-only
/*
 * Image buffers
 *
 * A buffer is an array of blocks. It grows as data arrives, so that a length that a stream
 * merely claims takes no memory, and is sealed, that is given its scatter list, before a
 * backend sees it. A sealed buffer does not grow any more.
 *
 * A block is some pages that are allocated, mapped, copied and freed in one go, as what is done
 * page by page costs about as much as the copy to user space.
 */
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "buf.h"

/* Larger ones save little more, are seldom free, and a copy that never ends keeps one */
#define VPV_BLOCK_MAX_ORDER (ilog2(SZ_64K) - PAGE_SHIFT)
#define VPV_BUF_MIN_BLOCKS 16

/* That there is no memory is an error for the user, and no reason to kill him, or others */
#define VPV_BUF_GFP (GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

struct vpv_buf *vpv_buf_alloc(struct vpv_session *session, enum dma_data_direction dma_dir)
{
	struct vpv_buf *buf;

	buf = kzalloc(sizeof(*buf), GFP_KERNEL_ACCOUNT);
	if (!buf)
		return ERR_PTR(-ENOMEM);

	buf->session = session;
	buf->pub.dma_dir = dma_dir;
	INIT_LIST_HEAD(&buf->bufs_item);
	INIT_LIST_HEAD(&buf->queue_item);
	return buf;
}

/* The block of a slice lives on until it is put */
void vpv_buf_free(struct vpv_buf *buf)
{
	unsigned int i;

	sg_free_table(&buf->pub.sgt);
	for (i = 0; i < buf->nr_blocks; i++) {
		put_page(buf->blocks[i].page);
		cond_resched();
	}
	kvfree(buf->blocks);
	kfree(buf);
}

/* A scatter list counts its entries, which may be pages, in an unsigned int */
bool vpv_buf_can_have(size_t bytes)
{
	return bytes <= (size_t)INT_MAX << PAGE_SHIFT;
}

/* Makes room in the array of blocks, doubling it so that growing stays cheap */
static int vpv_buf_reserve_block(struct vpv_buf *buf)
{
	struct vpv_block *blocks;
	unsigned int max_blocks;

	if (buf->nr_blocks < buf->max_blocks)
		return 0;
	/* A scatter list counts its entries in an unsigned int */
	if (buf->max_blocks > INT_MAX / 2)
		return -E2BIG;

	max_blocks = max(2 * buf->max_blocks, VPV_BUF_MIN_BLOCKS);
	blocks = kvcalloc(max_blocks, sizeof(*blocks), VPV_BUF_GFP);
	if (!blocks)
		return -ENOMEM;

	if (buf->nr_blocks)
		memcpy(blocks, buf->blocks, buf->nr_blocks * sizeof(*blocks));
	kvfree(buf->blocks);
	buf->blocks = blocks;
	buf->max_blocks = max_blocks;
	return 0;
}

/*
 * What a device saves goes to user space as far as the device says that it wrote. Should it
 * have written less, then the rest must not be what the page held before.
 */
static bool vpv_buf_add_block(struct vpv_buf *buf, unsigned int order)
{
	gfp_t gfp = VPV_BUF_GFP;
	struct page *page;

	if (buf->pub.dma_dir == DMA_FROM_DEVICE)
		gfp |= __GFP_ZERO;
	if (order)
		gfp = (gfp & ~__GFP_RETRY_MAYFAIL) | __GFP_COMP | __GFP_NORETRY;
	page = alloc_pages(gfp, order);
	if (!page)
		return false;

	buf->pub.capacity_bytes += PAGE_SIZE << order;
	buf->blocks[buf->nr_blocks++] = (struct vpv_block) {
		.page = page,
		.end_bytes = buf->pub.capacity_bytes,
	};
	return true;
}

static void vpv_buf_cut(struct vpv_buf *buf, unsigned int nr_blocks)
{
	while (buf->nr_blocks > nr_blocks)
		put_page(buf->blocks[--buf->nr_blocks].page);
	buf->pub.capacity_bytes = nr_blocks ? buf->blocks[nr_blocks - 1].end_bytes : 0;
}

/*
 * Gives an unsealed buffer a capacity of at least @bytes. On failure it is as it was: of the
 * last memory, what was of no use here is left to others.
 */
int vpv_buf_grow(struct vpv_buf *buf, size_t bytes)
{
	unsigned int max_order = VPV_BLOCK_MAX_ORDER;
	unsigned int had = buf->nr_blocks;
	int ret = 0;

	while (!ret && buf->pub.capacity_bytes < bytes) {
		size_t pages = DIV_ROUND_UP(bytes - buf->pub.capacity_bytes, PAGE_SIZE);
		unsigned int order = min_t(unsigned int, ilog2(pages), max_order);

		ret = vpv_buf_reserve_block(buf);
		if (!ret && !vpv_buf_add_block(buf, order)) {
			ret = order ? 0 : -ENOMEM;
			max_order = order - 1;
		}
		cond_resched();
	}
	if (ret)
		vpv_buf_cut(buf, had);
	return ret;
}

/* Makes the scatter list, once there is no more to come */
int vpv_buf_seal(struct vpv_buf *buf)
{
	struct scatterlist *sg;
	unsigned int i;
	int ret;

	if (buf->pub.sgt.sgl)
		return 0;

	ret = sg_alloc_table(&buf->pub.sgt, buf->nr_blocks, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;

	for_each_sgtable_sg(&buf->pub.sgt, sg, i)
		sg_set_page(sg, buf->blocks[i].page, page_size(buf->blocks[i].page), 0);
	return 0;
}

/* How much of record and image read() has not had yet */
size_t vpv_buf_rest(const struct vpv_buf *buf)
{
	return buf->record_bytes + buf->pub.used_bytes - buf->read_bytes;
}

/* The block of the byte at @pos, which is below the capacity */
static struct vpv_block *vpv_buf_block_at(struct vpv_buf *buf, size_t pos)
{
	unsigned int low = 0, high = buf->nr_blocks - 1;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (pos < buf->blocks[middle].end_bytes)
			high = middle;
		else
			low = middle + 1;
	}
	return &buf->blocks[low];
}

/* At most @bytes from @pos on, as far as the block goes. Its pages are not in high memory. */
static void vpv_buf_slice(struct vpv_buf *buf, size_t pos, size_t bytes, struct vpv_slice *slice)
{
	struct vpv_block *block;

	slice->bytes = 0;
	slice->page = NULL;
	if (!bytes)
		return;

	block = vpv_buf_block_at(buf, pos);
	slice->bytes = min(bytes, block->end_bytes - pos);
	slice->page = block->page;
	slice->offset = page_size(block->page) - (block->end_bytes - pos);
	get_page(block->page);
}

/* What read() gets next, at most @max_bytes: of the record, or of the image */
void vpv_buf_slice_rest(struct vpv_buf *buf, size_t max_bytes, struct vpv_slice *slice)
{
	size_t bytes = min(vpv_buf_rest(buf), max_bytes);

	if (buf->read_bytes >= buf->record_bytes) {
		vpv_buf_slice(buf, buf->read_bytes - buf->record_bytes, bytes, slice);
		return;
	}

	slice->bytes = min(bytes, buf->record_bytes - buf->read_bytes);
	slice->page = NULL;
	memcpy(slice->record, buf->record + buf->read_bytes, slice->bytes);
}

/* Where write() puts the image's next bytes, at most @max_bytes; none when it must grow */
void vpv_buf_slice_room(struct vpv_buf *buf, size_t max_bytes, struct vpv_slice *slice)
{
	size_t room = buf->pub.capacity_bytes - buf->pub.used_bytes;

	vpv_buf_slice(buf, buf->pub.used_bytes, min(room, max_bytes), slice);
}

/* Returns the bytes copied: less than the slice has means that user memory failed */
size_t vpv_slice_read(const struct vpv_slice *slice, struct iov_iter *to)
{
	if (!slice->page)
		return copy_to_iter(slice->record, slice->bytes, to);

	return copy_to_iter(page_address(slice->page) + slice->offset, slice->bytes, to);
}

/* As vpv_slice_read(), the other way, and of a block alone */
size_t vpv_slice_write(const struct vpv_slice *slice, struct iov_iter *from)
{
	return copy_from_iter(page_address(slice->page) + slice->offset, slice->bytes, from);
}

void vpv_slice_put(struct vpv_slice *slice)
{
	if (slice->page)
		put_page(slice->page);
}
