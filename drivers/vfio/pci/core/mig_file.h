/* SPDX-License-Identifier: GPL-2.0-only */
/* A data transfer session and the file through which user space takes part in it */
#ifndef VFIO_PCI_VARIANT_MIG_FILE_H
#define VFIO_PCI_VARIANT_MIG_FILE_H

#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "buf.h"

struct vfio_pci_variant_mig;
struct vpv_file;

/*
 * What differs between the two directions. @stop ends the session in the backend, @work
 * carries on what needs a process context; both run under the state mutex.
 */
struct vpv_session_ops {
	void (*stop)(struct vpv_file *file);
	void (*work)(struct vpv_file *file);
};

/* Where a load session stands in the stream; guarded by io_mutex */
struct vpv_load {
	/* The piece that the parser waits for, once it has been asked, and how much has come */
	bool started;
	struct vfio_pci_variant_want want;
	u64 got_bytes;
	u8 record[VFIO_PCI_VARIANT_RECORD_MAX_BYTES];
	/* The image that is coming in, with a reference of its own */
	struct vpv_buf *filling;
	/* Under the state mutex instead: an image has been given to the device */
	bool touched;
};

/*
 * References: the struct file, the engine while this is its session, and each queued work.
 * The session ends before the device goes, is reset or leaves the states that have one; the
 * file stays until user space closes it, and all that it still says then is ENODEV.
 */
struct vpv_file {
	struct kref ref;
	const struct vpv_session_ops *ops;
	struct vfio_pci_variant_mig *mig;
	struct work_struct work;

	/* One read() or write() at a time; see the lock order at vfio_pci_variant_mig */
	struct mutex io_mutex;

	/* Under the state mutex: all buffers of the session */
	struct list_head bufs;

	/* Guards what follows it; taken in interrupts too */
	spinlock_t lock;
	wait_queue_head_t wait;
	/* 0 or the negative errno that the session has come to; -ENODEV when it is over */
	int error;
	/* The buffer that the backend has */
	struct vpv_buf *in_flight;
	/* Buffers that the backend has had and that can be used again */
	struct list_head spare;

	/* Save: filled buffers in the order of the stream */
	struct list_head ready;
	unsigned int nr_ready;
	/* Save: capacity that the backend wants for the next image, 0 when it wants none */
	size_t next_bytes;
	/* Save: all images are in ready, or have been read */
	bool complete;

	/* Load: a whole image that waits for in_flight to become free */
	struct vpv_buf *pending;

	struct vpv_load load;
};

int vpv_file_init(void);
void vpv_file_exit(void);

struct vpv_file *vpv_file_alloc(struct vfio_pci_variant_mig *mig,
				const struct vpv_session_ops *ops);
void vpv_file_put(struct vpv_file *file);
struct file *vpv_file_open(struct vpv_file *file, const struct file_operations *fops, int flags);
int vpv_file_release(struct inode *inode, struct file *filp);

void vpv_session_end(struct vfio_pci_variant_mig *mig);

void vpv_file_kick(struct vpv_file *file);
void vpv_file_fail(struct vpv_file *file, int error);
int vpv_file_error(struct vpv_file *file);
int vpv_file_io_lock(struct vpv_file *file, bool nonblock);

void vpv_file_add_buf(struct vpv_file *file, struct vpv_buf *buf);
void vpv_file_drop_buf(struct vpv_file *file, struct vpv_buf *buf);
struct vpv_buf *vpv_file_take_spare(struct vpv_file *file, size_t bytes);

/* mig_save.c: the state mutex is held */
struct file *vpv_save_start(struct vfio_pci_variant_mig *mig);

/* mig_load.c: the state mutex is held */
struct file *vpv_load_start(struct vfio_pci_variant_mig *mig);
int vpv_load_finish(struct vfio_pci_variant_mig *mig);

#endif /* VFIO_PCI_VARIANT_MIG_FILE_H */
