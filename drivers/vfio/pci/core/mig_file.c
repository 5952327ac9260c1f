// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lifetime of a data transfer session and of its file
 *
 * A session belongs to the engine and ends under the state mutex, whatever user space does
 * with its file: a file that was passed on, or never closed, keeps nothing of the device.
 * Ending it takes no lock that a read() or write() holds over a page fault.
 */
#include <linux/anon_inodes.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "mig.h"
#include "mig_file.h"

/* For work that user space waits for, on behalf of any device */
static struct workqueue_struct *vpv_wq;

int vpv_file_init(void)
{
	vpv_wq = alloc_workqueue("vfio_pci_variant", WQ_UNBOUND, 0);
	return vpv_wq ? 0 : -ENOMEM;
}

void vpv_file_exit(void)
{
	destroy_workqueue(vpv_wq);
}

static void vpv_file_free(struct kref *ref)
{
	struct vpv_file *file = container_of(ref, struct vpv_file, ref);

	if (file->load.filling)
		vpv_buf_put(file->load.filling);
	vpv_mig_put(file->mig);
	mutex_destroy(&file->io_mutex);
	kfree(file);
}

void vpv_file_put(struct vpv_file *file)
{
	kref_put(&file->ref, vpv_file_free);
}

static void vpv_file_work(struct work_struct *work)
{
	struct vpv_file *file = container_of(work, struct vpv_file, work);
	struct vfio_pci_variant_mig *mig = file->mig;

	vpv_mig_lock(mig);
	if (mig->session == file)
		file->ops->work(file);
	vpv_mig_unlock(mig);
	vpv_file_put(file);
}

/* Runs the session's work soon. The caller has a reference. From any context. */
void vpv_file_kick(struct vpv_file *file)
{
	kref_get(&file->ref);
	if (!queue_work(vpv_wq, &file->work))
		vpv_file_put(file);
}

struct vpv_file *vpv_file_alloc(struct vfio_pci_variant_mig *mig,
				const struct vpv_session_ops *ops)
{
	struct vpv_file *file;

	file = kzalloc(sizeof(*file), GFP_KERNEL_ACCOUNT);
	if (!file)
		return ERR_PTR(-ENOMEM);

	kref_init(&file->ref);
	file->ops = ops;
	file->mig = mig;
	vpv_mig_get(mig);
	INIT_WORK(&file->work, vpv_file_work);
	mutex_init(&file->io_mutex);
	INIT_LIST_HEAD(&file->bufs);
	spin_lock_init(&file->lock);
	init_waitqueue_head(&file->wait);
	INIT_LIST_HEAD(&file->spare);
	INIT_LIST_HEAD(&file->ready);
	return file;
}

/* Makes the struct file, which takes a reference of its own */
struct file *vpv_file_open(struct vpv_file *file, const struct file_operations *fops, int flags)
{
	struct file *filp;

	filp = anon_inode_getfile("vfio_pci_variant_mig", fops, file, flags);
	if (IS_ERR(filp))
		return filp;

	kref_get(&file->ref);
	stream_open(filp->f_inode, filp);
	return filp;
}

int vpv_file_release(struct inode *inode, struct file *filp)
{
	vpv_file_put(filp->private_data);
	return 0;
}

/* The first error stays, but for the one that says that the session is over */
void vpv_file_fail(struct vpv_file *file, int error)
{
	unsigned long flags;

	spin_lock_irqsave(&file->lock, flags);
	if (!file->error || error == -ENODEV)
		file->error = error;
	spin_unlock_irqrestore(&file->lock, flags);
	wake_up_all(&file->wait);
}

/* What a read() or write() says of the session's error, if there is one */
int vpv_file_error(struct vpv_file *file)
{
	int error = READ_ONCE(file->error);

	return error == -ENOTRECOVERABLE ? -EIO : error;
}

int vpv_file_io_lock(struct vpv_file *file, bool nonblock)
{
	if (nonblock)
		return mutex_trylock(&file->io_mutex) ? 0 : -EAGAIN;

	return mutex_lock_interruptible(&file->io_mutex) ? -ERESTARTSYS : 0;
}

/* The session takes over the caller's reference */
void vpv_file_add_buf(struct vpv_file *file, struct vpv_buf *buf)
{
	lockdep_assert_held(&file->mig->state_mutex);

	list_add_tail(&buf->bufs_item, &file->bufs);
}

/* The buffer is on none of the session's queues, nor in flight */
void vpv_file_drop_buf(struct vpv_file *file, struct vpv_buf *buf)
{
	const struct vfio_pci_variant_mig_ops *ops = vpv_mig_ops(file->mig);

	lockdep_assert_held(&file->mig->state_mutex);

	if (buf->pub.priv && ops->buf_release)
		ops->buf_release(file->mig->variant, &buf->pub);
	buf->pub.priv = NULL;
	list_del_init(&buf->bufs_item);
	vpv_buf_put(buf);
}

/* A buffer to be used again that has the capacity, or NULL. Those too small are dropped. */
struct vpv_buf *vpv_file_take_spare(struct vpv_file *file, size_t bytes)
{
	struct vpv_buf *found = NULL;

	lockdep_assert_held(&file->mig->state_mutex);

	while (!found) {
		struct vpv_buf *buf;

		spin_lock_irq(&file->lock);
		buf = list_first_entry_or_null(&file->spare, struct vpv_buf, queue_item);
		if (buf)
			list_del_init(&buf->queue_item);
		spin_unlock_irq(&file->lock);
		if (!buf)
			break;

		if (bytes && buf->pub.capacity_bytes >= bytes)
			found = buf;
		else
			vpv_file_drop_buf(file, buf);
	}
	return found;
}

/*
 * Ends the engine's session, if there is one. On return the backend has none of its buffers
 * and the file gives ENODEV.
 */
void vpv_session_end(struct vfio_pci_variant_mig *mig)
{
	struct vpv_file *file = mig->session;
	struct vpv_buf *buf, *next;

	lockdep_assert_held(&mig->state_mutex);

	if (!file)
		return;

	mig->session = NULL;
	vpv_file_fail(file, -ENODEV);
	file->ops->stop(file);

	/* Nothing is in flight, and error keeps all others off the queues */
	spin_lock_irq(&file->lock);
	INIT_LIST_HEAD(&file->ready);
	INIT_LIST_HEAD(&file->spare);
	file->pending = NULL;
	list_for_each_entry(buf, &file->bufs, bufs_item)
		INIT_LIST_HEAD(&buf->queue_item);
	spin_unlock_irq(&file->lock);

	list_for_each_entry_safe(buf, next, &file->bufs, bufs_item)
		vpv_file_drop_buf(file, buf);
	vpv_file_put(file);
}
