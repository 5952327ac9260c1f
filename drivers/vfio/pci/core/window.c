// SPDX-License-Identifier: GPL-2.0-only
/*
 * The data window of protocol v1's region: memory that the kernel and a user share
 *
 * Pages that are allocated when they are needed first, and charged to who needs them: most
 * devices are never migrated, and most that are by protocol v2. A user who has mapped them can
 * change them at any time, so the kernel looks at what is in them once, by copying it.
 */
#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "window.h"

#define VPV_WINDOW_PAGES (VPV_WINDOW_BYTES / PAGE_SIZE)

void vpv_window_init(struct vpv_window *window)
{
	mutex_init(&window->lock);
	window->pages = NULL;
}

static void vpv_window_free(struct bio_vec *pages)
{
	unsigned int i;

	for (i = 0; i < VPV_WINDOW_PAGES && pages[i].bv_page; i++)
		put_page(pages[i].bv_page);
	kvfree(pages);
}

/* Pages that a user has mapped stay his until he unmaps them */
void vpv_window_uninit(struct vpv_window *window)
{
	if (window->pages)
		vpv_window_free(window->pages);
	mutex_destroy(&window->lock);
}

static struct bio_vec *vpv_window_alloc(void)
{
	struct bio_vec *pages;
	unsigned int i;

	pages = kvcalloc(VPV_WINDOW_PAGES, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return NULL;

	for (i = 0; i < VPV_WINDOW_PAGES; i++) {
		pages[i].bv_page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		if (!pages[i].bv_page) {
			vpv_window_free(pages);
			return NULL;
		}
		pages[i].bv_len = PAGE_SIZE;
	}
	return pages;
}

/* Sees to it that there are pages */
int vpv_window_prepare(struct vpv_window *window)
{
	int ret = 0;

	mutex_lock(&window->lock);
	if (!window->pages)
		window->pages = vpv_window_alloc();
	if (!window->pages)
		ret = -ENOMEM;
	mutex_unlock(&window->lock);
	return ret;
}

/* The first @bytes of a window that is prepared, for the kernel to copy to or from */
void vpv_window_iter(struct vpv_window *window, unsigned int direction, size_t bytes,
		     struct iov_iter *iter)
{
	iov_iter_bvec(iter, direction, window->pages, VPV_WINDOW_PAGES, VPV_WINDOW_BYTES);
	iov_iter_truncate(iter, bytes);
}

static unsigned long vpv_window_copy_page(void *kernel, char __user *user, size_t bytes,
					  bool is_write)
{
	return is_write ? copy_from_user(kernel, user, bytes) : copy_to_user(user, kernel, bytes);
}

/* For a user without a mapping; @pos and @bytes are in the window. Returns @bytes or an errno. */
ssize_t vpv_window_copy_user(struct vpv_window *window, u64 pos, char __user *buf, size_t bytes,
			     bool is_write)
{
	size_t done = 0;
	int ret;

	ret = vpv_window_prepare(window);
	if (ret)
		return ret;

	while (done < bytes) {
		size_t offset = (pos + done) % PAGE_SIZE;
		size_t part = min_t(size_t, bytes - done, PAGE_SIZE - offset);
		void *page = page_address(window->pages[(pos + done) / PAGE_SIZE].bv_page);

		if (vpv_window_copy_page(page + offset, buf + done, part, is_write))
			return -EFAULT;
		done += part;
	}
	return done;
}

/* Maps the window from page @pgoff on, in an mmap() */
int vpv_window_map_user(struct vpv_window *window, unsigned long pgoff,
			struct vm_area_struct *vma)
{
	unsigned long i, nr = vma_pages(vma);
	int ret;

	if (pgoff >= VPV_WINDOW_PAGES || nr > VPV_WINDOW_PAGES - pgoff)
		return -EINVAL;

	ret = vpv_window_prepare(window);
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	for (i = 0; i < nr && !ret; i++)
		ret = vm_insert_page(vma, vma->vm_start + i * PAGE_SIZE,
				     window->pages[pgoff + i].bv_page);
	return ret;
}
