/* SPDX-License-Identifier: GPL-2.0-only */
/* The data window of protocol v1's region: memory that the kernel and a user share */
#ifndef VFIO_PCI_VARIANT_WINDOW_H
#define VFIO_PCI_VARIANT_WINDOW_H

#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/types.h>

struct bio_vec;
struct iov_iter;
struct vm_area_struct;

/* One round of QEMU 7.2's takes some ten system calls, whatever it moves */
#define VPV_WINDOW_BYTES SZ_1M

struct vpv_window {
	/* Serialises the allocation. Taken under mmap_lock; user memory is not touched under it. */
	struct mutex lock;
	/* One for each page, NULL before there are any; constant from then on */
	struct bio_vec *pages;
};

void vpv_window_init(struct vpv_window *window);
void vpv_window_uninit(struct vpv_window *window);
int vpv_window_prepare(struct vpv_window *window);

void vpv_window_iter(struct vpv_window *window, unsigned int direction, size_t bytes,
		     struct iov_iter *iter);
ssize_t vpv_window_copy_user(struct vpv_window *window, u64 pos, char __user *buf, size_t bytes,
			     bool is_write);
int vpv_window_map_user(struct vpv_window *window, unsigned long pgoff,
			struct vm_area_struct *vma);

#endif /* VFIO_PCI_VARIANT_WINDOW_H */
