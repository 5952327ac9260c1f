/* SPDX-License-Identifier: GPL-2.0-only */
/* Image buffers: the pages that hold device state between a device and user space */
#ifndef VFIO_PCI_VARIANT_BUF_H
#define VFIO_PCI_VARIANT_BUF_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/uio.h>
#include <linux/vfio_pci_variant.h>

struct vpv_file;

/*
 * One reference is the session's, as long as the buffer is on vpv_file.bufs; it goes with
 * the session, when the backend has given the buffer back. A read() or write() that copies
 * has another one, so that pages live on under a copy that outlasts the session.
 */
struct vpv_buf {
	struct vfio_pci_variant_buf pub;
	struct kref ref;
	struct vpv_file *file;

	/* Under the state mutex: membership of vpv_file.bufs */
	struct list_head bufs_item;
	/* Under vpv_file.lock: membership of vpv_file.ready or .spare */
	struct list_head queue_item;

	struct page **pages;
	unsigned long nr_pages;
	unsigned long max_pages;

	/* A record of the stream that goes before the image, and how far read() has come in both */
	u8 record[VFIO_PCI_VARIANT_RECORD_MAX_BYTES];
	size_t record_bytes;
	size_t read_bytes;
};

static inline struct vpv_buf *vpv_buf_of(struct vfio_pci_variant_buf *buf)
{
	return container_of(buf, struct vpv_buf, pub);
}

struct vpv_buf *vpv_buf_alloc(struct vpv_file *file, enum dma_data_direction dma_dir);
void vpv_buf_get(struct vpv_buf *buf);
void vpv_buf_put(struct vpv_buf *buf);

int vpv_buf_grow(struct vpv_buf *buf, size_t bytes);
int vpv_buf_seal(struct vpv_buf *buf);

size_t vpv_buf_rest(const struct vpv_buf *buf);
size_t vpv_buf_read(struct vpv_buf *buf, struct iov_iter *to);
size_t vpv_buf_write(struct vpv_buf *buf, struct iov_iter *from, size_t max_bytes);

#endif /* VFIO_PCI_VARIANT_BUF_H */
