// SPDX-License-Identifier: GPL-2.0-only
/*
 * A save session: from the device through buffers to user space
 *
 * The backend fills one buffer at a time and says whether there is more. Filled buffers
 * queue up for the reader, VPV_SAVE_READY_MAX of them at most; the next image is asked for
 * when there is room. The end of the stream is told by the backend alone (complete), never
 * by a queue that happens to be empty.
 */
#include <linux/export.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "save.h"

/* One image that is being read and one that waits, while a third one is filled */
#define VPV_SAVE_READY_MAX 2

struct vpv_save {
	struct vpv_session session;

	/* Under session.lock: filled buffers in the order of the stream */
	struct list_head ready;
	unsigned int nr_ready;
	/* Capacity that the backend wants for the next image, 0 when it wants none */
	size_t next_bytes;
	/* All images are in ready, or have been read */
	bool complete;
};

static_assert(offsetof(struct vpv_save, session) == 0);

static struct vpv_save *vpv_save_of(struct vpv_session *session)
{
	return container_of(session, struct vpv_save, session);
}

/* Makes sure that there is a buffer for the next image */
static struct vpv_buf *vpv_save_get_buf(struct vpv_save *save, size_t bytes)
{
	struct vpv_session *session = &save->session;
	struct vpv_buf *buf;
	int ret;

	buf = vpv_session_take_spare(session, bytes);
	if (buf)
		return buf;

	buf = vpv_session_add_buf(session, DMA_FROM_DEVICE);
	if (IS_ERR(buf))
		return buf;

	ret = vpv_session_grow_buf(session, buf, bytes);
	if (!ret)
		ret = vpv_buf_seal(buf);
	if (ret) {
		vpv_session_drop_buf(session, buf);
		return ERR_PTR(ret);
	}
	return buf;
}

static int vpv_save_image(struct vpv_save *save, struct vpv_buf *buf)
{
	buf->pub.used_bytes = 0;
	buf->record_bytes = 0;
	buf->read_bytes = 0;
	spin_lock_irq(&save->session.lock);
	save->next_bytes = 0;
	spin_unlock_irq(&save->session.lock);
	return vpv_session_post(&save->session, buf, vpv_mig_ops(save->session.mig)->save_image);
}

/* Under session.lock. Returns whether the session's work has something to do. */
static bool vpv_save_accept(struct vpv_save *save, struct vpv_buf *buf,
			    size_t used_bytes, size_t more_bytes)
{
	struct vfio_pci_variant *variant = save->session.mig->variant;
	const struct vfio_pci_variant_stream_ops *stream = variant->ops->stream;

	if (used_bytes) {
		buf->pub.used_bytes = used_bytes;
		if (stream->save_record)
			buf->record_bytes = stream->save_record(variant, used_bytes, buf->record);
		list_add_tail(&buf->queue_item, &save->ready);
		save->nr_ready++;
	} else {
		list_add_tail(&buf->queue_item, &save->session.spare);
	}
	save->next_bytes = more_bytes;
	save->complete = !more_bytes;
	return more_bytes || !used_bytes;
}

/**
 * vfio_pci_variant_save_done() - an image that was asked for is in its buffer, or will not be
 * @buf: the buffer that &vfio_pci_variant_mig_ops.save_image was given
 * @error: 0, or a negative errno, which ends the stream: read() returns it. -ESTALE says that
 *         the changes of a running device are not tracked, so that only an image of the
 *         whole state can follow, and ends the pass alone; in a session that began with a
 *         stopped device there is nothing that could follow, and it becomes -EIO.
 * @used_bytes: bytes of device state in @buf, at most its capacity
 * @more_bytes: capacity that the buffer for the next image must have; 0 when this was the
 *              last one of its pass
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
	struct vpv_session *session = vbuf->session;
	unsigned long flags;
	bool kick = false;

	if ((!error && used_bytes > buf->capacity_bytes) || error == -ESTALE)
		error = -EIO;

	spin_lock_irqsave(&session->lock, flags);
	if (error && !session->error)
		session->error = error;
	else if (!session->error)
		kick = vpv_save_accept(vpv_save_of(session), vbuf, used_bytes, more_bytes);
	spin_unlock_irqrestore(&session->lock, flags);
	vpv_session_landed(session, kick);
}
EXPORT_SYMBOL_GPL(vfio_pci_variant_save_done);

/* Asks for the next image when there is room for it, and frees what is not needed any more */
static void vpv_save_work(struct vpv_session *session)
{
	struct vpv_save *save = vpv_save_of(session);
	struct vpv_buf *buf;
	bool busy, complete;
	size_t next_bytes;
	int ret;

	spin_lock_irq(&session->lock);
	complete = save->complete;
	next_bytes = save->next_bytes;
	busy = session->error || session->in_flight || save->nr_ready >= VPV_SAVE_READY_MAX;
	spin_unlock_irq(&session->lock);

	if (complete) {
		vpv_session_take_spare(session, 0);
		return;
	}
	if (busy || !next_bytes)
		return;

	buf = vpv_save_get_buf(save, next_bytes);
	ret = IS_ERR(buf) ? PTR_ERR(buf) : vpv_save_image(save, buf);
	if (ret)
		vpv_session_fail(session, ret);
}

static void vpv_save_stop(struct vpv_session *session)
{
	vpv_mig_ops(session->mig)->save_stop(session->mig->variant,
					     READ_ONCE(vpv_save_of(session)->complete));
}

static const struct vpv_session_ops vpv_save_session_ops = {
	.stop = vpv_save_stop,
	.work = vpv_save_work,
};

/*
 * Takes a slice of what is read next. Returns 1; 0 at the end of the stream; -EAGAIN while the
 * device is at work; or the session's error.
 */
static int vpv_save_take_slice(struct vpv_save *save, size_t max_bytes, struct vpv_slice *slice)
{
	struct vpv_session *session = &save->session;
	struct vpv_buf *buf;
	int ret;

	spin_lock_irq(&session->lock);
	ret = vpv_session_error(session);
	buf = list_first_entry_or_null(&save->ready, struct vpv_buf, queue_item);
	if (!ret && buf) {
		vpv_buf_slice_rest(buf, max_bytes, slice);
		ret = 1;
	} else if (!ret && !save->complete) {
		ret = -EAGAIN;
	}
	spin_unlock_irq(&session->lock);
	return ret;
}

/* The slice was read, as far as @bytes. Only one reads, so its buffer is the first one still. */
static void vpv_save_consume(struct vpv_save *save, size_t bytes)
{
	struct vpv_session *session = &save->session;
	bool kick = false;
	struct vpv_buf *buf;

	spin_lock_irq(&session->lock);
	if (!session->error) {
		buf = list_first_entry(&save->ready, struct vpv_buf, queue_item);
		buf->read_bytes += bytes;
		if (!vpv_buf_rest(buf)) {
			list_move_tail(&buf->queue_item, &session->spare);
			if (buf->pub.used_bytes)
				save->nr_ready--;
			kick = true;
		}
	}
	spin_unlock_irq(&session->lock);
	if (kick)
		vpv_session_kick(session);
}

/* Copies a slice. Returns bytes, 0 at the end, or a negative errno. */
static ssize_t vpv_save_read_some(struct vpv_save *save, struct iov_iter *to)
{
	struct vpv_slice slice;
	size_t copied;
	int ret;

	ret = vpv_save_take_slice(save, iov_iter_count(to), &slice);
	if (ret <= 0)
		return ret;

	copied = vpv_slice_read(&slice, to);
	vpv_slice_put(&slice);
	vpv_save_consume(save, copied);
	return copied ?: -EFAULT;
}

/* Would vpv_save_read() say something at once? */
bool vpv_save_readable(struct vpv_session *session)
{
	struct vpv_save *save = vpv_save_of(session);
	bool readable;

	spin_lock_irq(&session->lock);
	readable = session->error || save->complete || !list_empty(&save->ready);
	spin_unlock_irq(&session->lock);
	return readable;
}

/*
 * Copies the next bytes of the stream, waiting for the first ones unless @nonblock. io_mutex
 * is held. Returns bytes, 0 at the end of the stream, or a negative errno.
 */
ssize_t vpv_save_read(struct vpv_session *session, struct iov_iter *to, bool nonblock)
{
	ssize_t done = 0;
	ssize_t ret = 0;

	lockdep_assert_held(&session->io_mutex);

	while (iov_iter_count(to)) {
		ret = vpv_save_read_some(vpv_save_of(session), to);
		if (ret > 0) {
			done += ret;
			if (fatal_signal_pending(current))
				break;
			continue;
		}
		if (ret != -EAGAIN || done || nonblock)
			break;
		ret = wait_event_interruptible(session->wait, vpv_save_readable(session));
		if (ret)
			break;
	}
	return done ?: ret;
}

/* Queues what the stream's layout puts before the first image */
static int vpv_save_queue_prologue(struct vpv_save *save, size_t first_bytes)
{
	struct vpv_session *session = &save->session;
	const struct vfio_pci_variant_stream_ops *stream = vpv_stream_ops(session->mig);
	struct vpv_buf *buf;

	if (!stream->save_prologue)
		return 0;

	buf = vpv_session_add_buf(session, DMA_NONE);
	if (IS_ERR(buf))
		return PTR_ERR(buf);

	buf->record_bytes = stream->save_prologue(session->mig->variant, first_bytes, buf->record);
	if (!buf->record_bytes) {
		vpv_session_drop_buf(session, buf);
		return 0;
	}

	spin_lock_irq(&session->lock);
	list_add_tail(&buf->queue_item, &save->ready);
	spin_unlock_irq(&session->lock);
	return 0;
}

static int vpv_save_first_image(struct vpv_save *save, size_t first_bytes)
{
	struct vpv_buf *buf;
	int ret;

	buf = vpv_save_get_buf(save, first_bytes);
	if (IS_ERR(buf))
		return PTR_ERR(buf);

	ret = vpv_save_queue_prologue(save, buf->pub.capacity_bytes);
	return ret ?: vpv_save_image(save, buf);
}

/* Begins the engine's session. Returns it with a reference for the caller. */
struct vpv_session *vpv_save_start(struct vfio_pci_variant_mig *mig)
{
	struct vfio_pci_variant_pass pass = {};
	struct vpv_save *save;
	int ret;

	lockdep_assert_held(&mig->state_mutex);

	save = kzalloc(sizeof(*save), GFP_KERNEL_ACCOUNT);
	if (!save)
		return ERR_PTR(-ENOMEM);
	vpv_session_init(&save->session, mig, &vpv_save_session_ops);
	INIT_LIST_HEAD(&save->ready);

	ret = vpv_mig_ops(mig)->save_start(mig->variant, VFIO_PCI_VARIANT_SAVE_STOPPED, &pass);
	if (ret) {
		vpv_session_put(&save->session);
		return ERR_PTR(ret);
	}

	mig->session = &save->session;
	vpv_session_get(&save->session);
	ret = vpv_save_first_image(save, pass.first_bytes);
	if (ret) {
		vpv_session_end(mig);
		vpv_session_put(&save->session);
		return ERR_PTR(ret);
	}
	return &save->session;
}
