// SPDX-License-Identifier: GPL-2.0-only
/*
 * A save session: from the device through buffers to read()
 *
 * The backend fills one buffer at a time and says whether there is more. Filled buffers
 * queue up for read(), VPV_SAVE_READY_MAX of them at most; the next image is asked for when
 * there is room. The end of the stream is told by the backend alone (complete), never by a
 * queue that happens to be empty.
 */
#include <linux/export.h>
#include <linux/file.h>
#include <linux/module.h>

#include "mig.h"
#include "mig_file.h"

/* One image that is being read and one that waits, while a third one is filled */
#define VPV_SAVE_READY_MAX 2

/* Makes sure that there is a buffer for the next image; the session owns it */
static struct vpv_buf *vpv_save_get_buf(struct vpv_file *file, size_t bytes)
{
	struct vpv_buf *buf;
	int ret;

	buf = vpv_file_take_spare(file, bytes);
	if (buf)
		return buf;

	buf = vpv_buf_alloc(file, DMA_FROM_DEVICE);
	if (IS_ERR(buf))
		return buf;

	ret = vpv_buf_grow(buf, bytes);
	if (!ret)
		ret = vpv_buf_seal(buf);
	if (ret) {
		vpv_buf_put(buf);
		return ERR_PTR(ret);
	}
	vpv_file_add_buf(file, buf);
	return buf;
}

static int vpv_save_image(struct vpv_file *file, struct vpv_buf *buf)
{
	struct vfio_pci_variant_mig *mig = file->mig;
	int ret;

	lockdep_assert_held(&mig->state_mutex);

	buf->pub.used_bytes = 0;
	buf->record_bytes = 0;
	buf->read_bytes = 0;
	spin_lock_irq(&file->lock);
	file->next_bytes = 0;
	file->in_flight = buf;
	spin_unlock_irq(&file->lock);

	ret = vpv_mig_ops(mig)->save_image(mig->variant, &buf->pub);
	if (ret) {
		spin_lock_irq(&file->lock);
		file->in_flight = NULL;
		spin_unlock_irq(&file->lock);
	}
	return ret;
}

/* Under vpv_file.lock. Returns whether the session's work has something to do. */
static bool vpv_save_accept(struct vpv_file *file, struct vpv_buf *buf,
			    size_t used_bytes, size_t more_bytes)
{
	struct vfio_pci_variant *variant = file->mig->variant;
	const struct vfio_pci_variant_stream_ops *stream = variant->ops->stream;

	if (used_bytes) {
		buf->pub.used_bytes = used_bytes;
		if (stream->save_record)
			buf->record_bytes = stream->save_record(variant, used_bytes, buf->record);
		list_add_tail(&buf->queue_item, &file->ready);
		file->nr_ready++;
	} else {
		list_add_tail(&buf->queue_item, &file->spare);
	}
	file->next_bytes = more_bytes;
	file->complete = !more_bytes;
	return more_bytes || !used_bytes;
}

/**
 * vfio_pci_variant_save_done() - an image that was asked for is in its buffer, or will not be
 * @buf: the buffer that &vfio_pci_variant_mig_ops.save_image was given
 * @error: 0, or a negative errno, which ends the stream: read() returns it
 * @used_bytes: bytes of device state in @buf, at most its capacity
 * @more_bytes: capacity that the buffer for the next image must have; 0 when this was the
 *              last one
 *
 * The CPU's view of the buffer is in order: a backend whose DMA needs it has called
 * dma_sync_sgtable_for_cpu().
 *
 * Context: Any, interrupts included.
 */
void vfio_pci_variant_save_done(struct vfio_pci_variant_buf *buf, int error,
				size_t used_bytes, size_t more_bytes)
{
	struct vpv_buf *vbuf = vpv_buf_of(buf);
	struct vpv_file *file = vbuf->file;
	unsigned long flags;
	bool kick = false;

	if (!error && used_bytes > buf->capacity_bytes)
		error = -EIO;

	spin_lock_irqsave(&file->lock, flags);
	if (error && !file->error)
		file->error = error;
	else if (!file->error)
		kick = vpv_save_accept(file, vbuf, used_bytes, more_bytes);
	/* From here on the session may end, and the buffer with it */
	kref_get(&file->ref);
	file->in_flight = NULL;
	spin_unlock_irqrestore(&file->lock, flags);

	wake_up_all(&file->wait);
	if (kick)
		vpv_file_kick(file);
	vpv_file_put(file);
}
EXPORT_SYMBOL_GPL(vfio_pci_variant_save_done);

/* Asks for the next image when there is room for it, and frees what is not needed any more */
static void vpv_save_work(struct vpv_file *file)
{
	struct vpv_buf *buf;
	size_t next_bytes;
	bool busy;
	int ret;

	spin_lock_irq(&file->lock);
	next_bytes = file->next_bytes;
	busy = file->error || file->in_flight || file->nr_ready >= VPV_SAVE_READY_MAX;
	spin_unlock_irq(&file->lock);

	if (!next_bytes) {
		vpv_file_take_spare(file, 0);
		return;
	}
	if (busy)
		return;

	buf = vpv_save_get_buf(file, next_bytes);
	ret = IS_ERR(buf) ? PTR_ERR(buf) : vpv_save_image(file, buf);
	if (ret)
		vpv_file_fail(file, ret);
}

static void vpv_save_stop(struct vpv_file *file)
{
	vpv_mig_ops(file->mig)->save_stop(file->mig->variant);
}

static const struct vpv_session_ops vpv_save_session_ops = {
	.stop = vpv_save_stop,
	.work = vpv_save_work,
};

/*
 * What read() gives next, with a reference: NULL at the end of the stream, -EAGAIN while the
 * device is at work
 */
static struct vpv_buf *vpv_save_peek(struct vpv_file *file)
{
	struct vpv_buf *buf;

	spin_lock_irq(&file->lock);
	buf = list_first_entry_or_null(&file->ready, struct vpv_buf, queue_item);
	if (file->error)
		buf = ERR_PTR(vpv_file_error(file));
	else if (buf)
		vpv_buf_get(buf);
	else if (!file->complete)
		buf = ERR_PTR(-EAGAIN);
	spin_unlock_irq(&file->lock);
	return buf;
}

static bool vpv_save_readable(struct vpv_file *file)
{
	bool readable;

	spin_lock_irq(&file->lock);
	readable = file->error || file->complete || !list_empty(&file->ready);
	spin_unlock_irq(&file->lock);
	return readable;
}

static void vpv_save_consumed(struct vpv_file *file, struct vpv_buf *buf)
{
	spin_lock_irq(&file->lock);
	if (!file->error) {
		list_move_tail(&buf->queue_item, &file->spare);
		if (buf->pub.used_bytes)
			file->nr_ready--;
	}
	spin_unlock_irq(&file->lock);
	vpv_file_kick(file);
}

/* Copies from the buffer that is next. Returns bytes, 0 at the end, or a negative errno. */
static ssize_t vpv_save_read_some(struct vpv_file *file, struct iov_iter *to)
{
	struct vpv_buf *buf;
	ssize_t copied;

	buf = vpv_save_peek(file);
	if (IS_ERR_OR_NULL(buf))
		return PTR_ERR_OR_ZERO(buf);

	copied = vpv_buf_read(buf, to);
	if (!vpv_buf_rest(buf))
		vpv_save_consumed(file, buf);
	vpv_buf_put(buf);
	return copied ?: -EFAULT;
}

static ssize_t vpv_save_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct vpv_file *file = iocb->ki_filp->private_data;
	bool nonblock = iocb->ki_filp->f_flags & O_NONBLOCK;
	ssize_t done = 0;
	ssize_t ret;

	ret = vpv_file_io_lock(file, nonblock);
	if (ret)
		return ret;

	while (iov_iter_count(to)) {
		ret = vpv_save_read_some(file, to);
		if (ret > 0) {
			done += ret;
			continue;
		}
		if (ret != -EAGAIN || done || nonblock)
			break;
		ret = wait_event_interruptible(file->wait, vpv_save_readable(file));
		if (ret)
			break;
	}
	mutex_unlock(&file->io_mutex);
	return done ?: ret;
}

static __poll_t vpv_save_poll(struct file *filp, struct poll_table_struct *wait)
{
	struct vpv_file *file = filp->private_data;

	poll_wait(filp, &file->wait, wait);
	if (READ_ONCE(file->error))
		return EPOLLIN | EPOLLRDNORM | EPOLLRDHUP | EPOLLERR;
	return vpv_save_readable(file) ? EPOLLIN | EPOLLRDNORM : 0;
}

static const struct file_operations vpv_save_fops = {
	.owner = THIS_MODULE,
	.read_iter = vpv_save_read_iter,
	.poll = vpv_save_poll,
	.release = vpv_file_release,
};

/* Queues what the stream's layout puts before the first image */
static int vpv_save_queue_prologue(struct vpv_file *file, size_t first_bytes)
{
	struct vfio_pci_variant_mig *mig = file->mig;
	const struct vfio_pci_variant_stream_ops *stream = vpv_stream_ops(mig);
	struct vpv_buf *buf;

	if (!stream->save_prologue)
		return 0;

	buf = vpv_buf_alloc(file, DMA_NONE);
	if (IS_ERR(buf))
		return PTR_ERR(buf);

	buf->record_bytes = stream->save_prologue(mig->variant, first_bytes, buf->record);
	if (!buf->record_bytes) {
		vpv_buf_put(buf);
		return 0;
	}

	vpv_file_add_buf(file, buf);
	spin_lock_irq(&file->lock);
	list_add_tail(&buf->queue_item, &file->ready);
	spin_unlock_irq(&file->lock);
	return 0;
}

static int vpv_save_first_image(struct vpv_file *file, size_t first_bytes)
{
	struct vpv_buf *buf;
	int ret;

	buf = vpv_save_get_buf(file, first_bytes);
	if (IS_ERR(buf))
		return PTR_ERR(buf);

	ret = vpv_save_queue_prologue(file, buf->pub.capacity_bytes);
	return ret ?: vpv_save_image(file, buf);
}

/* Begins a session and returns its file, which is the caller's */
struct file *vpv_save_start(struct vfio_pci_variant_mig *mig)
{
	struct vpv_file *file;
	struct file *filp;
	size_t first_bytes = 0;
	int ret;

	lockdep_assert_held(&mig->state_mutex);

	file = vpv_file_alloc(mig, &vpv_save_session_ops);
	if (IS_ERR(file))
		return ERR_CAST(file);

	filp = vpv_file_open(file, &vpv_save_fops, O_RDONLY);
	if (IS_ERR(filp)) {
		vpv_file_put(file);
		return filp;
	}

	ret = vpv_mig_ops(mig)->save_start(mig->variant, &first_bytes);
	if (ret) {
		vpv_file_put(file);
		goto out_filp;
	}

	mig->session = file;
	ret = vpv_save_first_image(file, first_bytes);
	if (ret) {
		vpv_session_end(mig);
		goto out_filp;
	}
	return filp;

out_filp:
	fput(filp);
	return ERR_PTR(ret);
}
