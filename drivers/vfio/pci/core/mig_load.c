// SPDX-License-Identifier: GPL-2.0-only
/*
 * A load session: from write() through buffers to the device
 *
 * The parser of the variant's stream says what the next bytes are; bytes of an image go
 * straight from user memory to the pages that the device will read. While the device takes
 * one image, the next one comes in; when that is whole too, write() waits, or says EAGAIN.
 * Before a write() that may block returns, the device has taken or refused all images that
 * it has completed: user space need not look for errors later. The parser and the backend
 * are called under the state mutex, user memory is read outside of it.
 */
#include <linux/export.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include "mig.h"
#include "mig_file.h"

/* The step by which a buffer grows as its image arrives */
#define VPV_LOAD_GROW_BYTES SZ_1M

static bool vpv_load_piece_is_whole(const struct vpv_load *load)
{
	return load->got_bytes == load->want.bytes;
}

/* Gives the image that waits to the device, if the device has none */
static void vpv_load_image(struct vpv_file *file)
{
	struct vfio_pci_variant_mig *mig = file->mig;
	struct vpv_buf *buf = NULL;
	int ret;

	lockdep_assert_held(&mig->state_mutex);

	spin_lock_irq(&file->lock);
	if (!file->error && !file->in_flight) {
		buf = file->pending;
		file->pending = NULL;
		file->in_flight = buf;
	}
	spin_unlock_irq(&file->lock);
	if (!buf)
		return;

	file->load.touched = true;
	ret = vpv_mig_ops(mig)->load_image(mig->variant, &buf->pub);
	if (ret) {
		spin_lock_irq(&file->lock);
		file->in_flight = NULL;
		spin_unlock_irq(&file->lock);
		vpv_file_fail(file, ret);
		return;
	}
	/* There is room for another image */
	wake_up_all(&file->wait);
}

/**
 * vfio_pci_variant_load_done() - an image is in the device, or will not be
 * @buf: the buffer that &vfio_pci_variant_mig_ops.load_image was given
 * @error: 0, or a negative errno: write() and the end of the session return it
 *
 * Context: Any, interrupts included.
 */
void vfio_pci_variant_load_done(struct vfio_pci_variant_buf *buf, int error)
{
	struct vpv_buf *vbuf = vpv_buf_of(buf);
	struct vpv_file *file = vbuf->file;
	unsigned long flags;
	bool kick;

	spin_lock_irqsave(&file->lock, flags);
	if (error && !file->error)
		file->error = error;
	if (!file->error)
		list_add_tail(&vbuf->queue_item, &file->spare);
	kick = file->pending && !file->error;
	/* From here on the session may end, and the buffer with it */
	kref_get(&file->ref);
	file->in_flight = NULL;
	spin_unlock_irqrestore(&file->lock, flags);

	wake_up_all(&file->wait);
	if (kick)
		vpv_file_kick(file);
	vpv_file_put(file);
}
EXPORT_SYMBOL_GPL(vfio_pci_variant_load_done);

static void vpv_load_stop(struct vpv_file *file)
{
	vpv_mig_ops(file->mig)->load_stop(file->mig->variant);
}

static const struct vpv_session_ops vpv_load_session_ops = {
	.stop = vpv_load_stop,
	.work = vpv_load_image,
};

/* Takes a buffer for an image of @bytes; the session owns it, and load.filling too */
static int vpv_load_begin_image(struct vpv_file *file, u64 bytes)
{
	struct vpv_buf *buf;

	if (bytes > SIZE_MAX - PAGE_SIZE)
		return -E2BIG;

	buf = vpv_file_take_spare(file, bytes);
	if (!buf) {
		buf = vpv_buf_alloc(file, DMA_TO_DEVICE);
		if (IS_ERR(buf))
			return PTR_ERR(buf);
		vpv_file_add_buf(file, buf);
	}
	buf->pub.used_bytes = 0;
	vpv_buf_get(buf);
	file->load.filling = buf;
	return 0;
}

/* Asks the parser what comes next, until that is some bytes */
static int vpv_load_ask(struct vpv_file *file)
{
	struct vfio_pci_variant_mig *mig = file->mig;
	struct vpv_load *load = &file->load;
	int ret;

	lockdep_assert_held(&mig->state_mutex);

	do {
		struct vfio_pci_variant_want want = {};
		bool is_record = load->started &&
				 load->want.piece == VFIO_PCI_VARIANT_PIECE_RECORD;

		ret = vpv_stream_ops(mig)->load_next(mig->variant,
						     is_record ? load->record : NULL,
						     is_record ? load->want.bytes : 0, &want);
		if (ret)
			return ret;
		if (want.piece == VFIO_PCI_VARIANT_PIECE_RECORD &&
		    (!want.bytes || want.bytes > sizeof(load->record)))
			return -EINVAL;
		if (want.piece == VFIO_PCI_VARIANT_PIECE_IMAGE) {
			ret = want.bytes ? vpv_load_begin_image(file, want.bytes) : -EINVAL;
			if (ret)
				return ret;
		}
		load->started = true;
		load->want = want;
		load->got_bytes = 0;
	} while (!load->want.bytes);
	return 0;
}

/* Hands a whole image over to the queue of one that waits for the device */
static int vpv_load_end_image(struct vpv_file *file)
{
	struct vpv_buf *buf = file->load.filling;
	int ret;

	ret = vpv_buf_seal(buf);
	if (ret)
		return ret;

	file->load.filling = NULL;
	spin_lock_irq(&file->lock);
	if (!file->error)
		file->pending = buf;
	spin_unlock_irq(&file->lock);
	/* The session's own reference is left */
	vpv_buf_put(buf);
	return 0;
}

/*
 * The piece that was wanted is whole, or the stream begins: does with it what is to be done
 * and learns what comes next. The latter has to wait while an image waits for the device.
 */
static int vpv_load_turn(struct vpv_file *file)
{
	struct vfio_pci_variant_mig *mig = file->mig;
	struct vpv_load *load = &file->load;
	int ret;

	ret = vpv_mig_lock_killable(mig);
	if (ret)
		return ret;

	ret = mig->session == file ? vpv_file_error(file) : -ENODEV;
	if (!ret && load->filling)
		ret = vpv_load_end_image(file);
	if (!ret) {
		vpv_load_image(file);
		ret = vpv_file_error(file);
	}
	if (!ret && !file->pending)
		ret = vpv_load_ask(file);
	/* The parser has moved on, so that there is no second try */
	if (ret)
		vpv_file_fail(file, ret);
	vpv_mig_unlock(mig);
	return ret;
}

static bool vpv_load_writable(struct vpv_file *file)
{
	bool writable;

	spin_lock_irq(&file->lock);
	writable = file->error || !file->pending;
	spin_unlock_irq(&file->lock);
	return writable;
}

/* Returns 0 when write() has somewhere to put bytes */
static int vpv_load_prepare(struct vpv_file *file, bool nonblock)
{
	struct vpv_load *load = &file->load;

	for (;;) {
		int ret = vpv_file_error(file);

		if (ret)
			return ret;
		if (load->started && !vpv_load_piece_is_whole(load))
			return 0;
		if (!vpv_load_writable(file)) {
			if (nonblock)
				return -EAGAIN;
			ret = wait_event_interruptible(file->wait, vpv_load_writable(file));
		} else {
			ret = vpv_load_turn(file);
		}
		if (ret)
			return ret;
	}
}

static ssize_t vpv_load_copy_image(struct vpv_buf *buf, struct iov_iter *from, size_t bytes)
{
	int ret;

	bytes = min_t(size_t, bytes, VPV_LOAD_GROW_BYTES);
	if (buf->pub.capacity_bytes - buf->pub.used_bytes < bytes) {
		ret = vpv_buf_grow(buf, buf->pub.used_bytes + bytes);
		if (ret)
			return ret;
	}
	return vpv_buf_write(buf, from, bytes) ?: -EFAULT;
}

/* Takes bytes of the piece that is wanted. Returns how many, or a negative errno. */
static ssize_t vpv_load_copy(struct vpv_file *file, struct iov_iter *from)
{
	struct vpv_load *load = &file->load;
	size_t bytes = min_t(u64, iov_iter_count(from), load->want.bytes - load->got_bytes);
	ssize_t copied;

	switch (load->want.piece) {
	case VFIO_PCI_VARIANT_PIECE_RECORD:
		copied = copy_from_iter(load->record + load->got_bytes, bytes, from) ?: -EFAULT;
		break;
	case VFIO_PCI_VARIANT_PIECE_SKIP:
		iov_iter_advance(from, bytes);
		copied = bytes;
		break;
	default:
		copied = vpv_load_copy_image(load->filling, from, bytes);
		break;
	}
	if (copied > 0)
		load->got_bytes += copied;
	return copied;
}

static bool vpv_load_idle(struct vpv_file *file)
{
	bool idle;

	spin_lock_irq(&file->lock);
	idle = file->error || (!file->pending && !file->in_flight);
	spin_unlock_irq(&file->lock);
	return idle;
}

static ssize_t vpv_load_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct vpv_file *file = iocb->ki_filp->private_data;
	bool nonblock = iocb->ki_filp->f_flags & O_NONBLOCK;
	ssize_t done = 0;
	ssize_t ret;

	ret = vpv_file_io_lock(file, nonblock);
	if (ret)
		return ret;

	while (iov_iter_count(from)) {
		ret = vpv_load_prepare(file, nonblock);
		if (ret)
			break;
		ret = vpv_load_copy(file, from);
		if (ret < 0)
			break;
		done += ret;
		if (!vpv_load_piece_is_whole(&file->load))
			continue;
		/* A bad record is refused by the write() that completes it */
		ret = vpv_load_turn(file);
		if (ret)
			break;
	}
	/* After a signal, the error of an image is left to the next call */
	if (!nonblock && done && wait_event_interruptible(file->wait, vpv_load_idle(file)))
		ret = -ERESTARTSYS;
	mutex_unlock(&file->io_mutex);

	/* Bytes that were taken are lost with a stream that was refused */
	return vpv_file_error(file) ?: done ?: ret;
}

static __poll_t vpv_load_poll(struct file *filp, struct poll_table_struct *wait)
{
	struct vpv_file *file = filp->private_data;

	poll_wait(filp, &file->wait, wait);
	if (READ_ONCE(file->error))
		return EPOLLOUT | EPOLLWRNORM | EPOLLERR;
	return vpv_load_writable(file) ? EPOLLOUT | EPOLLWRNORM : 0;
}

static const struct file_operations vpv_load_fops = {
	.owner = THIS_MODULE,
	.write_iter = vpv_load_write_iter,
	.poll = vpv_load_poll,
	.release = vpv_file_release,
};

/* Begins a session and returns its file, which is the caller's */
struct file *vpv_load_start(struct vfio_pci_variant_mig *mig)
{
	struct vpv_file *file;
	struct file *filp;
	int ret;

	lockdep_assert_held(&mig->state_mutex);

	file = vpv_file_alloc(mig, &vpv_load_session_ops);
	if (IS_ERR(file))
		return ERR_CAST(file);

	filp = vpv_file_open(file, &vpv_load_fops, O_WRONLY);
	if (IS_ERR(filp)) {
		vpv_file_put(file);
		return filp;
	}

	ret = vpv_mig_ops(mig)->load_start(mig->variant);
	if (ret) {
		vpv_file_put(file);
		fput(filp);
		return ERR_PTR(ret);
	}

	mig->session = file;
	vpv_stream_ops(mig)->load_start(mig->variant);
	return filp;
}

/* Waits until the device has all images that were whole. A signal that kills ends the wait. */
static int vpv_load_drain(struct vpv_file *file)
{
	int ret;

	do {
		vpv_load_image(file);
		ret = wait_event_killable(file->wait, !READ_ONCE(file->in_flight));
		if (ret)
			return ret;
		if (READ_ONCE(file->error))
			return file->error;
	} while (READ_ONCE(file->pending));
	return 0;
}

/*
 * Asks the parser and the backend whether the stream may end where it stands. io_mutex is
 * held, so that no write() is halfway.
 */
static int vpv_load_check_end(struct vpv_file *file)
{
	struct vfio_pci_variant_mig *mig = file->mig;
	struct vpv_load *load = &file->load;
	int ret;

	if (!load->started)
		return 0;
	if (vpv_load_piece_is_whole(load)) {
		ret = vpv_load_ask(file);
		if (ret)
			return ret;
	}

	ret = vpv_stream_ops(mig)->load_end(mig->variant, load->want.bytes - load->got_bytes);
	if (ret || !load->touched || !vpv_mig_ops(mig)->load_finish)
		return ret;

	ret = vpv_mig_ops(mig)->load_finish(mig->variant);
	if (ret)
		vpv_file_fail(file, ret);
	return ret;
}

/*
 * Ends the session if all that was written has become the device's state. On failure the
 * session goes on: what is missing can still be written, and what is broken stays so until
 * a reset.
 */
int vpv_load_finish(struct vfio_pci_variant_mig *mig)
{
	struct vpv_file *file = mig->session;
	int ret;

	lockdep_assert_held(&mig->state_mutex);

	if (!file)
		return -ENODEV;

	ret = vpv_load_drain(file);
	if (ret)
		return ret;

	/* Against the lock order, so only try: a write() that goes on has not ended the stream */
	if (!mutex_trylock(&file->io_mutex))
		return -EBUSY;
	ret = vpv_load_check_end(file);
	mutex_unlock(&file->io_mutex);
	if (!ret)
		vpv_session_end(mig);
	return ret;
}
