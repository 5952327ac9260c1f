// SPDX-License-Identifier: GPL-2.0-only
/*
 * Image buffers
 *
 * A buffer is an array of single pages. It grows as data arrives, so that a length that a
 * stream merely claims takes no memory, and is sealed, that is given its scatter list,
 * before a backend sees it. A sealed buffer does not grow any more.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "buf.h"

struct vpv_buf *vpv_buf_alloc(struct vpv_file *file, enum dma_data_direction dma_dir)
{
	struct vpv_buf *buf;

	buf = kzalloc(sizeof(*buf), GFP_KERNEL_ACCOUNT);
	if (!buf)
		return ERR_PTR(-ENOMEM);

	kref_init(&buf->ref);
	buf->file = file;
	buf->pub.dma_dir = dma_dir;
	INIT_LIST_HEAD(&buf->bufs_item);
	INIT_LIST_HEAD(&buf->queue_item);
	return buf;
}

void vpv_buf_get(struct vpv_buf *buf)
{
	kref_get(&buf->ref);
}

static void vpv_buf_free(struct kref *ref)
{
	struct vpv_buf *buf = container_of(ref, struct vpv_buf, ref);
	unsigned long i;

	sg_free_table(&buf->pub.sgt);
	for (i = 0; i < buf->nr_pages; i++)
		__free_page(buf->pages[i]);
	kvfree(buf->pages);
	kfree(buf);
}

void vpv_buf_put(struct vpv_buf *buf)
{
	kref_put(&buf->ref, vpv_buf_free);
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
 * Gives an unsealed buffer a capacity of at least @bytes. What was added stays in the buffer
 * on failure.
 *
 * What a device saves goes to user space as far as the device says that it wrote. Should it
 * have written less, then the rest must not be what the page held before.
 */
int vpv_buf_grow(struct vpv_buf *buf, size_t bytes)
{
	gfp_t zero = buf->pub.dma_dir == DMA_FROM_DEVICE ? __GFP_ZERO : 0;
	unsigned long want = DIV_ROUND_UP(bytes, PAGE_SIZE);
	int ret;

	/* A scatter list counts its entries in an unsigned int */
	if (want > INT_MAX)
		return -E2BIG;

	ret = vpv_buf_reserve(buf, want);
	if (ret)
		return ret;

	while (buf->nr_pages < want) {
		unsigned long filled;

		filled = alloc_pages_bulk(GFP_KERNEL_ACCOUNT | zero, want - buf->nr_pages,
					  buf->pages + buf->nr_pages);
		if (!filled)
			return -ENOMEM;
		buf->nr_pages += filled;
		buf->pub.capacity_bytes = buf->nr_pages << PAGE_SHIFT;
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

/*
 * Copies on from where the last call stopped, to the end of the buffer or of @to. Returns
 * the bytes copied: less than both have left means that user memory could not be written.
 */
size_t vpv_buf_read(struct vpv_buf *buf, struct iov_iter *to)
{
	size_t done = 0;

	if (buf->read_bytes < buf->record_bytes) {
		size_t copied = copy_to_iter(buf->record + buf->read_bytes,
					     buf->record_bytes - buf->read_bytes, to);

		buf->read_bytes += copied;
		done += copied;
		if (buf->read_bytes < buf->record_bytes)
			return done;
	}

	while (iov_iter_count(to) && vpv_buf_rest(buf)) {
		size_t pos = buf->read_bytes - buf->record_bytes;
		size_t in_page = offset_in_page(pos);
		size_t len = min(vpv_buf_rest(buf), PAGE_SIZE - in_page);
		size_t copied;

		len = min(len, iov_iter_count(to));
		copied = copy_page_to_iter(buf->pages[pos >> PAGE_SHIFT], in_page, len, to);
		buf->read_bytes += copied;
		done += copied;
		if (copied < len)
			break;
	}
	return done;
}

/*
 * Appends at most @max_bytes of @from to the image, for which the capacity must be there.
 * Returns the bytes copied: less than @max_bytes and @from have means that user memory could
 * not be read.
 */
size_t vpv_buf_write(struct vpv_buf *buf, struct iov_iter *from, size_t max_bytes)
{
	size_t done = 0;

	max_bytes = min(max_bytes, iov_iter_count(from));
	while (done < max_bytes) {
		size_t pos = buf->pub.used_bytes;
		size_t in_page = offset_in_page(pos);
		size_t len = min(max_bytes - done, PAGE_SIZE - in_page);
		size_t copied;

		copied = copy_page_from_iter(buf->pages[pos >> PAGE_SHIFT], in_page, len, from);
		buf->pub.used_bytes += copied;
		done += copied;
		if (copied < len)
			break;
	}
	return done;
}
