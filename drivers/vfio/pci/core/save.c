// SPDX-License-Identifier: GPL-2.0-only
/*
 * A save session: from the device through buffers to user space
 *
 * The backend fills one buffer at a time and says whether there is more in this pass. Filled
 * buffers queue up for the reader, VPV_SAVE_READY_MAX of them at most; the next image is asked
 * for when there is room. With a device that runs, a pass of changes begins when user space
 * asks how much there is and has read what there was before.
 *
 * Buffers: those that are filled or being read, one in flight, the ones of them that can be
 * used again, and one in reserve for the final pass, so that this takes neither memory nor
 * preparation while the guest stands still. For the same reason none is given back before
 * the session ends.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "save.h"
#include "save_queue.h"
#include "trace.h"

/* One image that is being read and one that waits, while a third one is filled */
#define VPV_SAVE_READY_MAX 2

static struct vpv_buf *vpv_save_make_buf(struct vpv_save *save, size_t bytes)
{
	struct vpv_session *session = &save->session;
	struct vpv_buf *buf;
	int ret;

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

/* A buffer for an image of the pass. Dropping those too small would take time of a blackout. */
static struct vpv_buf *vpv_save_get_buf(struct vpv_save *save, size_t bytes, bool is_final)
{
	struct vpv_session *session = &save->session;
	struct vpv_buf *buf = save->reserve;

	if (is_final && buf && buf->pub.capacity_bytes >= bytes) {
		save->reserve = NULL;
		return buf;
	}

	buf = vpv_session_find_spare(session, bytes);
	if (!buf && !is_final)
		vpv_session_drop_spares(session);
	return buf ?: vpv_save_make_buf(save, bytes);
}

/*
 * Sees to it that the final pass finds its buffer. With @now the device is about to be frozen;
 * else a buffer that a reader still has to come to is waited for.
 */
static void vpv_save_keep_reserve(struct vpv_save *save, bool now)
{
	const struct vfio_pci_variant_mig_ops *ops = vpv_mig_ops(save->session.mig);
	struct vpv_buf *buf = save->reserve;
	int ret;

	if (buf && buf->pub.capacity_bytes < save->reserve_bytes) {
		vpv_session_drop_buf(&save->session, buf);
		save->reserve = NULL;
	}
	if (save->reserve || !save->reserve_bytes)
		return;

	buf = vpv_session_find_spare(&save->session, save->reserve_bytes);
	if (!buf && !now && vpv_session_has_buf(&save->session, save->reserve_bytes))
		return;
	if (!buf)
		buf = vpv_save_make_buf(save, save->reserve_bytes);
	/* For want of memory: the final pass tries again, and says so */
	if (IS_ERR(buf))
		return;

	if (!buf->pub.priv && ops->prepare_buf) {
		ret = ops->prepare_buf(save->session.mig->variant, &buf->pub);
		trace_vpv_buf_prepare(save->session.mig, buf->pub.capacity_bytes,
				      save->session.mig->stats.memory_bytes, ret);
	}
	save->reserve = buf;
}

/* Has the buffer filled. That changes are not tracked ends the pass, and is no error. */
static int vpv_save_image(struct vpv_save *save, struct vpv_buf *buf)
{
	struct vpv_session *session = &save->session;
	int ret;

	vpv_save_queue_post(save, buf);
	ret = vpv_session_post(session, buf, vpv_mig_ops(session->mig)->save_image);
	if (!ret)
		return 0;

	vpv_session_add_spare(session, buf);
	if (ret != -ESTALE || !save->runs)
		return ret == -ESTALE ? -EIO : ret;

	vpv_save_queue_break(save);
	vpv_session_kick(session);
	return 0;
}

/* A pass for which there is a buffer begins with its first image */
static int vpv_save_begin(struct vpv_save *save, const struct vfio_pci_variant_pass *pass,
			  struct vpv_buf *buf, bool is_final, bool is_initial)
{
	static const struct vfio_pci_variant_pass none;
	int ret;

	if (pass->reserve_bytes)
		save->reserve_bytes = pass->reserve_bytes;
	vpv_save_queue_begin(save, pass, is_final, is_initial);
	ret = buf ? vpv_save_image(save, buf) : 0;
	/* As if it had not */
	if (ret)
		vpv_save_queue_begin(save, &none, false, false);
	return ret;
}

/* Sets @pass to what a pass of changes would be now, all 0 where there is none to be had */
static int vpv_save_ask(struct vpv_save *save, struct vfio_pci_variant_pass *pass)
{
	struct vpv_session *session = &save->session;
	struct vfio_pci_variant_mig *mig = session->mig;
	int ret;

	memset(pass, 0, sizeof(*pass));
	/* A device that is frozen in part is on its way to the final pass */
	if (mig->state != VFIO_DEVICE_STATE_PRE_COPY || save->untracked ||
	    save->progress.pass == VPV_PASS_GOES_ON)
		return 0;

	ret = vpv_mig_ops(mig)->save_changes(mig->variant, pass);
	if (!ret)
		return 0;
	memset(pass, 0, sizeof(*pass));
	if (ret != -ESTALE)
		return ret;
	save->untracked = true;
	return 0;
}

/*
 * Begins a pass of changes, if there are any and the reader has what was before; initial data
 * comes as soon as there is room. Returns 1 when it began.
 */
static int vpv_save_begin_changes(struct vpv_save *save, const struct vfio_pci_variant_pass *pass)
{
	bool is_initial = pass->is_initial && vpv_mig_has_info_v2(save->session.mig);
	unsigned int nr_ready = READ_ONCE(save->nr_ready);
	struct vpv_buf *buf;
	int ret;

	if (!pass->first_bytes || nr_ready >= (is_initial ? VPV_SAVE_READY_MAX : 1))
		return 0;

	buf = vpv_save_get_buf(save, pass->first_bytes, false);
	if (IS_ERR(buf))
		return PTR_ERR(buf);

	ret = vpv_save_begin(save, pass, buf, false, is_initial);
	if (ret)
		return ret;
	if (is_initial)
		save->reinit = true;
	return 1;
}

/* Begins the final pass of a device that is frozen on both sides */
static int vpv_save_begin_final(struct vpv_save *save)
{
	struct vfio_pci_variant_mig *mig = save->session.mig;
	struct vfio_pci_variant_pass pass = {};
	struct vpv_buf *buf = NULL;
	int ret;

	ret = vpv_mig_ops(mig)->save_final(mig->variant, &pass);
	if (ret)
		return ret == -ESTALE ? -EIO : ret;

	if (pass.first_bytes) {
		buf = vpv_save_get_buf(save, pass.first_bytes, true);
		if (IS_ERR(buf))
			return PTR_ERR(buf);
	}
	return vpv_save_begin(save, &pass, buf, true, false);
}

/* A final pass without tracked changes is the whole state, and has no reason to break again */
static int vpv_save_repeat_final(struct vpv_save *save)
{
	if (save->final_broke)
		return -EIO;
	save->final_broke = true;
	return vpv_save_begin_final(save);
}

/* What is done about changes that are waited for can be asked for again, so no error is kept */
static void vpv_save_work_between(struct vpv_save *save)
{
	struct vfio_pci_variant_pass pass;
	bool awaited;

	vpv_save_keep_reserve(save, false);

	spin_lock_irq(&save->session.lock);
	awaited = save->awaited;
	save->awaited = false;
	spin_unlock_irq(&save->session.lock);
	if (awaited && !vpv_save_ask(save, &pass))
		vpv_save_begin_changes(save, &pass);
}

/* Asks for the next image when there is room for it */
static void vpv_save_work(struct vpv_session *session)
{
	struct vpv_save *save = vpv_save_of(session);
	enum vpv_pass_state pass;
	struct vpv_buf *buf;
	size_t next_bytes;
	bool busy, full;
	int ret = 0;

	spin_lock_irq(&session->lock);
	busy = session->error || session->in_flight;
	full = save->nr_ready >= VPV_SAVE_READY_MAX;
	pass = save->progress.pass;
	next_bytes = save->next_bytes;
	spin_unlock_irq(&session->lock);
	if (busy)
		return;

	if (next_bytes && !full) {
		buf = vpv_save_get_buf(save, next_bytes, save->progress.is_final);
		ret = IS_ERR(buf) ? PTR_ERR(buf) : vpv_save_image(save, buf);
	} else if (save->progress.is_final && pass == VPV_PASS_BROKEN) {
		ret = vpv_save_repeat_final(save);
	} else if (!save->progress.is_final && pass != VPV_PASS_GOES_ON) {
		vpv_save_work_between(save);
	}
	if (ret)
		vpv_session_fail(session, ret);
}

static void vpv_save_stop(struct vpv_session *session)
{
	struct vpv_save *save = vpv_save_of(session);

	session->complete = vpv_save_queue_is_read(save);
	vpv_mig_ops(session->mig)->save_stop(session->mig->variant, save->progress.is_final &&
					     READ_ONCE(save->progress.pass) == VPV_PASS_DONE);
}

static const struct vpv_session_ops vpv_save_session_ops = {
	.stop = vpv_save_stop,
	.work = vpv_save_work,
};

/* Copies a slice. Returns bytes, 0 at the end, or a negative errno. */
static ssize_t vpv_save_read_some(struct vpv_save *save, struct iov_iter *to)
{
	struct vpv_slice slice;
	size_t copied;
	int ret;

	ret = vpv_save_queue_take_slice(save, iov_iter_count(to), &slice);
	if (ret <= 0)
		return ret;

	copied = vpv_slice_read(&slice, to);
	vpv_slice_put(&slice);
	vpv_save_queue_consume(save, copied);
	return copied ?: -EFAULT;
}

/*
 * Copies the next bytes of the stream, waiting for the first ones unless @nonblock. io_mutex
 * is held. Returns bytes, 0 at the end of the stream, or a negative errno.
 */
ssize_t vpv_save_read(struct vpv_session *session, struct iov_iter *to, bool nonblock)
{
	struct vpv_save *save = vpv_save_of(session);
	ssize_t done = 0;
	ssize_t ret = 0;

	lockdep_assert_held(&session->io_mutex);

	while (iov_iter_count(to)) {
		ret = vpv_save_read_some(save, to);
		if (ret > 0) {
			done += ret;
			if (fatal_signal_pending(current))
				break;
			continue;
		}
		if (ret != -EAGAIN || done || nonblock)
			break;
		ret = wait_event_interruptible(session->wait, !vpv_save_queue_is_mute(save));
		if (ret)
			break;
	}
	return done ?: ret;
}

/*
 * What is left of the stream of a device that is stopped: 0 at its end, and only there. Waits
 * while that is not known. The estimate counts what is not saved yet.
 */
int vpv_save_rest(struct vpv_session *session, u64 *bytes)
{
	struct vpv_save *save = vpv_save_of(session);
	u64 initial_bytes, dirty_bytes;
	int ret;

	ret = wait_event_interruptible(session->wait, !vpv_save_queue_is_mute(save)) ?:
	      vpv_session_error(session);
	if (ret)
		return ret;

	*bytes = 0;
	if (vpv_save_queue_is_read(save)) {
		vpv_stats_stream_end(&session->mig->stats);
		return 0;
	}
	vpv_save_queue_rest(save, &initial_bytes, &dirty_bytes);
	*bytes = max(initial_bytes + dirty_bytes, 1ULL);
	return 0;
}

/* As vpv_save_queue_await() */
bool vpv_save_poll(struct vpv_session *session)
{
	return vpv_save_queue_await(vpv_save_of(session));
}

/* Sees to it that there is where to put what the stream's layout has behind the last image */
static int vpv_save_make_epilogue(struct vpv_save *save)
{
	struct vpv_buf *buf;

	if (!vpv_stream_ops(save->session.mig)->save_epilogue)
		return 0;

	buf = vpv_session_add_buf(&save->session, DMA_NONE);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	save->epilogue = buf;
	return 0;
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
	if (buf->record_bytes)
		vpv_save_queue_record(save, buf);
	else
		vpv_session_drop_buf(session, buf);
	return 0;
}

static int vpv_save_begin_first(struct vpv_save *save, const struct vfio_pci_variant_pass *pass)
{
	struct vpv_buf *buf;
	int ret;

	ret = vpv_save_make_epilogue(save);
	if (ret)
		return ret;
	buf = vpv_save_get_buf(save, pass->first_bytes, false);
	if (IS_ERR(buf))
		return PTR_ERR(buf);

	/* Before the pass, as the first image may land at once */
	save->progress.is_initial = save->runs;
	ret = vpv_save_queue_prologue(save, max(buf->pub.capacity_bytes, pass->reserve_bytes));
	return ret ?: vpv_save_begin(save, pass, buf, !save->runs, save->runs);
}

/* Begins the engine's session. Returns it with a reference for the caller. */
struct vpv_session *vpv_save_start(struct vfio_pci_variant_mig *mig,
				   enum vfio_pci_variant_save_kind kind)
{
	struct vfio_pci_variant_pass pass = {};
	struct vpv_save *save;
	int ret;

	lockdep_assert_held(&mig->state_mutex);

	save = kzalloc(sizeof(*save), GFP_KERNEL_ACCOUNT);
	if (!save)
		return ERR_PTR(-ENOMEM);
	vpv_session_init(&save->session, mig, &vpv_save_session_ops);
	save->runs = kind == VFIO_PCI_VARIANT_SAVE_RUNNING;
	INIT_LIST_HEAD(&save->ready);

	ret = vpv_mig_ops(mig)->save_start(mig->variant, kind, &pass);
	if (ret) {
		vpv_session_put(&save->session);
		return ERR_PTR(ret);
	}

	vpv_stats_session(&mig->stats, VPV_STATS_SAVE);
	mig->session = &save->session;
	vpv_session_get(&save->session);
	ret = vpv_save_begin_first(save, &pass);
	if (ret) {
		vpv_stats_fail(&mig->stats, ret);
		vpv_session_end(mig);
		vpv_session_put(&save->session);
		return ERR_PTR(ret);
	}
	return &save->session;
}

/*
 * What can be done for the final pass while the device still runs, or may be running: nothing
 * is in flight
 */
void vpv_save_prepare_final(struct vpv_session *session)
{
	lockdep_assert_held(&session->mig->state_mutex);

	vpv_save_keep_reserve(vpv_save_of(session), true);
}

/*
 * The device that was saved running is frozen on both sides: to the end of the stream. One that
 * was broken before or breaks by this is told to the reader. Returns 0 or -ENOTRECOVERABLE.
 */
int vpv_save_finish(struct vpv_session *session)
{
	int ret;

	lockdep_assert_held(&session->mig->state_mutex);

	ret = vpv_session_error(session) ?: vpv_save_begin_final(vpv_save_of(session));
	if (!ret || ret == -ENOTRECOVERABLE)
		return ret;
	vpv_session_fail(session, ret);
	return 0;
}

/*
 * Tells what is left to read of a device that is saved running, and begins to save what has
 * changed
 */
int vpv_save_precopy_info(struct vpv_session *session, struct vpv_save_info *info)
{
	struct vpv_save *save = vpv_save_of(session);
	struct vfio_pci_variant_pass pass = {};
	int ret;

	lockdep_assert_held(&session->mig->state_mutex);

	ret = vpv_session_error(session);
	/* An image that has landed is in flight until its _done() has come to an end */
	if (!ret && vpv_session_is_idle(session))
		ret = vpv_save_ask(save, &pass);
	if (!ret)
		ret = vpv_save_begin_changes(save, &pass);
	if (ret < 0)
		return ret;

	vpv_save_queue_rest(save, &info->initial_bytes, &info->dirty_bytes);
	/* Else it is what the pass that has begun is to yield */
	if (!ret)
		info->dirty_bytes += pass.total_bytes ?: pass.first_bytes;
	info->has_flags = vpv_mig_has_info_v2(session->mig);
	info->reinit = save->reinit;
	save->reinit = false;
	return 0;
}
