// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queue between a device that is saved and the reader
 *
 * Filled buffers wait here in the order of the stream; progress.c counts them.
 */
#include <linux/export.h>
#include <linux/ktime.h>

#include "save_queue.h"
#include "trace.h"

/* Of what is saved: session.lock is held, or there is none in flight */
static enum vpv_stats_kind vpv_save_queue_kind(const struct vpv_save *save)
{
	if (save->progress.is_final)
		return VPV_STATS_FINAL;
	return save->progress.is_initial ? VPV_STATS_INITIAL : VPV_STATS_DIRTY;
}

/* Under session.lock: the buffer's record, and image if it has one, are next in the stream */
static void vpv_save_queue_add(struct vpv_save *save, struct vpv_buf *buf)
{
	list_add_tail(&buf->queue_item, &save->ready);
	vpv_progress_queue(&save->progress, vpv_buf_rest(buf));
}

/* Under session.lock: behind the last image, when it is queued */
static void vpv_save_queue_end(struct vpv_save *save)
{
	struct vfio_pci_variant *variant = save->session.mig->variant;
	struct vpv_buf *buf = save->epilogue;

	if (!buf || !save->progress.is_final || save->progress.pass != VPV_PASS_DONE)
		return;

	save->epilogue = NULL;
	buf->record_bytes = variant->ops->stream->save_epilogue(variant, save->images_bytes,
								buf->record);
	vpv_save_queue_add(save, buf);
}

/* A pass begins: vpv_save_queue_post() is told of its first image, if it has one */
void vpv_save_queue_begin(struct vpv_save *save, const struct vfio_pci_variant_pass *pass,
			  bool is_final, bool is_initial)
{
	lockdep_assert_held(&save->session.mig->state_mutex);

	spin_lock_irq(&save->session.lock);
	vpv_progress_begin(&save->progress, pass->first_bytes, pass->total_bytes, is_final,
			   is_initial);
	save->next_bytes = pass->first_bytes;
	vpv_save_queue_end(save);
	spin_unlock_irq(&save->session.lock);
	if (pass->first_bytes) {
		vpv_stats_pass(&save->session.mig->stats);
		trace_vpv_pass(save->session.mig, vpv_save_queue_kind(save), pass);
	}
	wake_up_all(&save->session.wait);
}

/* Queues a record alone */
void vpv_save_queue_record(struct vpv_save *save, struct vpv_buf *buf)
{
	spin_lock_irq(&save->session.lock);
	vpv_save_queue_add(save, buf);
	spin_unlock_irq(&save->session.lock);
}

/* The buffer is about to be given to the backend, for the image that is wanted */
void vpv_save_queue_post(struct vpv_save *save, struct vpv_buf *buf)
{
	lockdep_assert_held(&save->session.mig->state_mutex);

	buf->pub.used_bytes = 0;
	buf->record_bytes = 0;
	buf->read_bytes = 0;
	spin_lock_irq(&save->session.lock);
	save->next_bytes = 0;
	spin_unlock_irq(&save->session.lock);
}

/* Under session.lock */
static void vpv_save_queue_break_locked(struct vpv_save *save)
{
	vpv_progress_break(&save->progress);
	save->next_bytes = 0;
}

/* The backend has refused an image, as changes were not tracked */
void vpv_save_queue_break(struct vpv_save *save)
{
	spin_lock_irq(&save->session.lock);
	vpv_save_queue_break_locked(save);
	spin_unlock_irq(&save->session.lock);
	wake_up_all(&save->session.wait);
}

/* Under session.lock */
static void vpv_save_queue_accept(struct vpv_save *save, struct vpv_buf *buf, size_t used_bytes,
				  size_t more_bytes)
{
	struct vfio_pci_variant *variant = save->session.mig->variant;
	const struct vfio_pci_variant_stream_ops *stream = variant->ops->stream;

	if (used_bytes) {
		buf->pub.used_bytes = used_bytes;
		if (stream->save_record)
			buf->record_bytes = stream->save_record(variant, used_bytes, buf->record);
		vpv_save_queue_add(save, buf);
		save->images_bytes += used_bytes;
		save->nr_ready++;
	} else {
		list_add_tail(&buf->queue_item, &save->session.spare);
	}
	vpv_progress_land(&save->progress, used_bytes, more_bytes);
	save->next_bytes = more_bytes;
	vpv_save_queue_end(save);
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
	struct vpv_save *save = vpv_save_of(session);
	struct vfio_pci_variant_mig *mig = session->mig;
	u64 ns = ktime_get_ns() - session->posted_ns;
	enum vpv_stats_kind kind;
	unsigned long flags;
	bool kick, failed = false;
	unsigned int depth;

	if (!error && used_bytes > buf->capacity_bytes)
		error = -EIO;
	if (error == -ESTALE && !save->runs)
		error = -EIO;

	spin_lock_irqsave(&session->lock, flags);
	kind = vpv_save_queue_kind(save);
	if (!session->error) {
		if (error == -ESTALE) {
			list_add_tail(&vbuf->queue_item, &session->spare);
			vpv_save_queue_break_locked(save);
		} else if (error) {
			session->error = error;
			failed = true;
		} else {
			vpv_save_queue_accept(save, vbuf, used_bytes, more_bytes);
		}
	}
	kick = !session->error;
	depth = save->nr_ready;
	spin_unlock_irqrestore(&session->lock, flags);
	if (!error)
		vpv_stats_image(&mig->stats, kind, used_bytes, ns);
	if (failed)
		vpv_stats_fail(&mig->stats, error);
	trace_vpv_image(mig, kind, used_bytes, more_bytes, depth, error, ns);
	vpv_session_landed(session, kick);
}
EXPORT_SYMBOL_GPL(vfio_pci_variant_save_done);

/* What is queued, in flight or to come of the pass */
void vpv_save_queue_rest(struct vpv_save *save, u64 *initial_bytes, u64 *dirty_bytes)
{
	spin_lock_irq(&save->session.lock);
	vpv_progress_rest(&save->progress, initial_bytes, dirty_bytes);
	spin_unlock_irq(&save->session.lock);
}

/*
 * Takes a slice of what is read next. Returns 1; 0 at the end of the stream; -EAGAIN while the
 * device is at work; -ENOMSG when there may be more later; or the session's error.
 */
int vpv_save_queue_take_slice(struct vpv_save *save, size_t max_bytes, struct vpv_slice *slice)
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
	} else if (!ret) {
		ret = vpv_progress_at_end(&save->progress);
	}
	spin_unlock_irq(&session->lock);
	if (!ret)
		vpv_stats_stream_end(&session->mig->stats);
	return ret;
}

/* The slice was read, as far as @bytes. Only one reads, so its buffer is the first one still. */
void vpv_save_queue_consume(struct vpv_save *save, size_t bytes)
{
	struct vpv_session *session = &save->session;
	bool kick = false;
	struct vpv_buf *buf;

	spin_lock_irq(&session->lock);
	if (!session->error) {
		buf = list_first_entry(&save->ready, struct vpv_buf, queue_item);
		buf->read_bytes += bytes;
		vpv_progress_read(&save->progress, bytes);
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

/* Has a reader to wait before it is told anything? */
bool vpv_save_queue_is_mute(struct vpv_save *save)
{
	bool mute;

	spin_lock_irq(&save->session.lock);
	mute = !save->session.error && list_empty(&save->ready) &&
	       vpv_progress_at_end(&save->progress) == -EAGAIN;
	spin_unlock_irq(&save->session.lock);
	return mute;
}

/* Was all of the stream read? The session goes on no more. */
bool vpv_save_queue_is_read(struct vpv_save *save)
{
	bool read;

	spin_lock_irq(&save->session.lock);
	read = list_empty(&save->ready) && !vpv_progress_at_end(&save->progress);
	spin_unlock_irq(&save->session.lock);
	return read;
}

/*
 * For who polls: true when there are bytes, the end or an error. Else they are waited for, and
 * with a device that runs this is what lets its changes be asked for.
 */
bool vpv_save_queue_await(struct vpv_save *save)
{
	struct vpv_session *session = &save->session;
	bool ready, kick = false;
	int at_end;

	spin_lock_irq(&session->lock);
	at_end = vpv_progress_at_end(&save->progress);
	ready = session->error || !list_empty(&save->ready) || !at_end;
	if (!ready && at_end == -ENOMSG && !session->in_flight) {
		save->awaited = true;
		kick = true;
	}
	spin_unlock_irq(&session->lock);
	if (kick)
		vpv_session_kick(session);
	return ready;
}
