/* SPDX-License-Identifier: GPL-2.0-only */
/* Image buffers: the pages that hold device state between a device and user space */
#ifndef VFIO_PCI_VARIANT_BUF_H
#define VFIO_PCI_VARIANT_BUF_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/uio.h>
#include <linux/vfio_pci_variant.h>

struct vpv_session;

/* Adjacent pages with one reference count, and where in the buffer they end */
struct vpv_block {
	struct page *page;
	size_t end_bytes;
};

/*
 * A buffer is its session's and goes with it, when the backend has given it back. Who copies
 * to or from user memory holds a reference to one block instead, so that a copy that never ends
 * keeps that much memory and no more.
 */
struct vpv_buf {
	struct vfio_pci_variant_buf pub;
	struct vpv_session *session;

	/* Under the state mutex: membership of vpv_session.bufs or vfio_pci_variant_mig.kept */
	struct list_head bufs_item;
	/* Under vpv_session.lock: membership of a queue of the session */
	struct list_head queue_item;
	/* Once it is no session's any more: membership of vfio_pci_variant_mig.dying */
	struct llist_node dying_item;

	struct vpv_block *blocks;
	unsigned int nr_blocks;
	unsigned int max_blocks;

	/* A record of the stream that goes before the image, and how far read() has come in both */
	u8 record[VFIO_PCI_VARIANT_RECORD_MAX_BYTES];
	size_t record_bytes;
	size_t read_bytes;
};

/*
 * A piece of a buffer, for a copy with no lock held: some bytes of the record, or of a block to
 * which it has a reference
 */
struct vpv_slice {
	size_t bytes;
	/* NULL for the record */
	struct page *page;
	/* Where in the block the slice begins */
	size_t offset;
	u8 record[VFIO_PCI_VARIANT_RECORD_MAX_BYTES];
};

static inline struct vpv_buf *vpv_buf_of(struct vfio_pci_variant_buf *buf)
{
	return container_of(buf, struct vpv_buf, pub);
}

struct vpv_buf *vpv_buf_alloc(struct vpv_session *session, enum dma_data_direction dma_dir);
void vpv_buf_free(struct vpv_buf *buf);

bool vpv_buf_can_have(size_t bytes);
int vpv_buf_grow(struct vpv_buf *buf, size_t bytes);
int vpv_buf_seal(struct vpv_buf *buf);

/* vpv_session.lock is held, so that the block stays until the slice has its reference */
size_t vpv_buf_rest(const struct vpv_buf *buf);
void vpv_buf_slice_rest(struct vpv_buf *buf, size_t max_bytes, struct vpv_slice *slice);
void vpv_buf_slice_room(struct vpv_buf *buf, size_t max_bytes, struct vpv_slice *slice);

/* No lock is held: these touch user memory */
size_t vpv_slice_read(const struct vpv_slice *slice, struct iov_iter *to);
size_t vpv_slice_write(const struct vpv_slice *slice, struct iov_iter *from);
void vpv_slice_put(struct vpv_slice *slice);

#endif /* VFIO_PCI_VARIANT_BUF_H */
