// SPDX-License-Identifier: GPL-2.0-only
/*
 * Image buffers
 *
 * A buffer is an array of pages. It grows as data arrives, so that a length that a stream
 * merely claims takes no memory, and is sealed, that is given its scatter list, before a
 * backend sees it. A sealed buffer does not grow any more.
 *
 * Pages are allocated in blocks as large as there are, and split at once: the scatter list
 * and the device's translations of a block are short, while each page has a reference count
 * of its own, for slices.
 */
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "buf.h"

/* Larger blocks make nothing shorter that counts, and are seldom free */
#define VPV_BUF_MAX_ORDER ilog2(SZ_2M >> PAGE_SHIFT)

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

/* Pages of a slice live on until it is put */
void vpv_buf_free(struct vpv_buf *buf)
{
	unsigned long i;

	sg_free_table(&buf->pub.sgt);
	for (i = 0; i < buf->nr_pages; i++) {
		put_page(buf->pages[i]);
		cond_resched();
	}
	kvfree(buf->pages);
	kfree(buf);
}

/* Makes room in the array of pages, doubling it so that growing stays cheap */
static int vpv_buf_reserve(struct vpv_buf *buf, unsigned long nr_pages)
{
	struct page **pages;

	if (nr_pages <= buf->max_pages)
		return 0;

	nr_pages = max(nr_pages, 2 * buf->max_pages);
	pages = kvcalloc(nr_pages, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return -ENOMEM;

	if (buf->nr_pages)
		memcpy(pages, buf->pages, buf->nr_pages * sizeof(*pages));
	kvfree(buf->pages);
	buf->pages = pages;
	buf->max_pages = nr_pages;
	return 0;
}

/*
 * What a device saves goes to user space as far as the device says that it wrote. Should it
 * have written less, then the rest must not be what the page held before.
 */
static bool vpv_buf_add_block(struct vpv_buf *buf, unsigned int order)
{
	gfp_t gfp = GFP_KERNEL_ACCOUNT;
	struct page *page;
	unsigned long i;

	if (buf->pub.dma_dir == DMA_FROM_DEVICE)
		gfp |= __GFP_ZERO;
	if (order)
		gfp |= __GFP_NORETRY | __GFP_NOWARN;
	page = alloc_pages(gfp, order);
	if (!page)
		return false;

	split_page(page, order);
	for (i = 0; i < 1UL << order; i++)
		buf->pages[buf->nr_pages++] = page + i;
	buf->pub.capacity_bytes = buf->nr_pages << PAGE_SHIFT;
	return true;
}

/*
 * Gives an unsealed buffer a capacity of at least @bytes. What was added stays in the buffer
 * on failure.
 */
int vpv_buf_grow(struct vpv_buf *buf, size_t bytes)
{
	unsigned long want = DIV_ROUND_UP(bytes, PAGE_SIZE);
	unsigned int max_order = VPV_BUF_MAX_ORDER;
	int ret;

	/* A scatter list counts its entries in an unsigned int */
	if (want > INT_MAX)
		return -E2BIG;

	ret = vpv_buf_reserve(buf, want);
	if (ret)
		return ret;

	while (buf->nr_pages < want) {
		unsigned int order = min_t(unsigned int, ilog2(want - buf->nr_pages), max_order);

		if (!vpv_buf_add_block(buf, order)) {
			if (!order)
				return -ENOMEM;
			max_order = order - 1;
		}
		cond_resched();
	}
	return 0;
}

/* Makes the scatter list, once there is no more to come */
int vpv_buf_seal(struct vpv_buf *buf)
{
	if (buf->pub.sgt.sgl)
		return 0;

	return sg_alloc_table_from_pages(&buf->pub.sgt, buf->pages, buf->nr_pages, 0,
					 buf->pub.capacity_bytes, GFP_KERNEL_ACCOUNT);
}

/* How much of record and image read() has not had yet */
size_t vpv_buf_rest(const struct vpv_buf *buf)
{
	return buf->record_bytes + buf->pub.used_bytes - buf->read_bytes;
}

static void vpv_buf_slice(struct vpv_buf *buf, size_t pos, size_t bytes, struct vpv_slice *slice)
{
	struct page **pages = buf->pages + (pos >> PAGE_SHIFT);
	unsigned int i;

	slice->offset = offset_in_page(pos);
	slice->bytes = min(bytes, VPV_SLICE_PAGES * PAGE_SIZE - slice->offset);
	slice->nr_pages = DIV_ROUND_UP(slice->offset + slice->bytes, PAGE_SIZE);
	for (i = 0; i < slice->nr_pages; i++) {
		slice->pages[i] = pages[i];
		get_page(pages[i]);
	}
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
	slice->nr_pages = 0;
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
	size_t offset = slice->offset;
	size_t done = 0;
	unsigned int i;

	if (!slice->nr_pages)
		return copy_to_iter(slice->record, slice->bytes, to);

	for (i = 0; i < slice->nr_pages; i++) {
		size_t len = min(slice->bytes - done, PAGE_SIZE - offset);
		size_t copied = copy_page_to_iter(slice->pages[i], offset, len, to);

		done += copied;
		if (copied < len)
			break;
		offset = 0;
	}
	return done;
}

/* As vpv_slice_read(), the other way */
size_t vpv_slice_write(const struct vpv_slice *slice, struct iov_iter *from)
{
	size_t offset = slice->offset;
	size_t done = 0;
	unsigned int i;

	for (i = 0; i < slice->nr_pages; i++) {
		size_t len = min(slice->bytes - done, PAGE_SIZE - offset);
		size_t copied = copy_page_from_iter(slice->pages[i], offset, len, from);

		done += copied;
		if (copied < len)
			break;
		offset = 0;
	}
	return done;
}

void vpv_slice_put(struct vpv_slice *slice)
{
	unsigned int i;

	for (i = 0; i < slice->nr_pages; i++)
		put_page(slice->pages[i]);
}
