// SPDX-License-Identifier: GPL-2.0-only
/*
 * A load session: from user space through buffers to the device
 *
 * The parser of the variant's stream says what the next bytes are; bytes of an image go
 * straight from user memory to the pages that the device will read. While the device takes
 * one image, the next one comes in; when that is whole too, a writer waits for room. What the
 * device says of an image is told by the next write. The write that may be the last one waits
 * for the device: the source of a migration goes on until then, and the arc that ends the
 * session, which waits as well, can come too late for it. The parser and the backend are
 * called under the state mutex, user memory is read outside of it.
 */
#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "load.h"
#include "trace.h"

/* The step by which a buffer grows as its image arrives */
#define VPV_LOAD_GROW_BYTES SZ_1M

struct vpv_load {
	struct vpv_session session;

	/*
	 * Under io_mutex: the piece that the parser waits for, once it has been asked, and how
	 * much has come
	 */
	bool started;
	struct vfio_pci_variant_want want;
	u64 got_bytes;
	/* A write that ends before the piece waits for the device */
	bool after_wait;
	u8 record[VFIO_PCI_VARIANT_RECORD_MAX_BYTES];

	/* Under session.lock, and only while the session has no error */
	struct vpv_buf *filling;	/* The image that is coming in */
	struct vpv_buf *pending;	/* A whole image that waits for in_flight to become free */
	bool posting;			/* Neither waits any more nor is in flight yet */
	bool waits;			/* For the device, behind what was written last */

	/* Under the state mutex: an image has been given to the device */
	bool touched;
	/* What a later image is likely to need, as the parser says; 0 when it says nothing */
	u64 reserve_bytes;
};

static_assert(offsetof(struct vpv_load, session) == 0);

static struct vpv_load *vpv_load_of(struct vpv_session *session)
{
	return container_of(session, struct vpv_load, session);
}

static bool vpv_load_piece_is_whole(const struct vpv_load *load)
{
	return load->got_bytes == load->want.bytes;
}

/* Gives the image that waits to the device, if the device has none */
static void vpv_load_image(struct vpv_session *session)
{
	struct vpv_load *load = vpv_load_of(session);
	struct vpv_buf *buf = NULL;
	int ret;

	lockdep_assert_held(&session->mig->state_mutex);

	spin_lock_irq(&session->lock);
	if (!session->error && !session->in_flight) {
		buf = load->pending;
		load->pending = NULL;
		load->posting = buf;
	}
	spin_unlock_irq(&session->lock);
	if (!buf)
		return;

	load->touched = true;
	ret = vpv_session_post(session, buf, vpv_mig_ops(session->mig)->load_image);
	if (ret)
		vpv_session_fail(session, ret);
	spin_lock_irq(&session->lock);
	load->posting = false;
	spin_unlock_irq(&session->lock);
	/* There is room for another image */
	wake_up_all(&session->wait);
}

/**
 * vfio_pci_variant_load_done() - an image is in the device, or will not be
 * @buf: the buffer that &vfio_pci_variant_mig_ops.load_image was given
 * @error: 0, or a negative errno: the next write() and the end of the session return it
 *
 * Context: Any, interrupts included.
 */
void vfio_pci_variant_load_done(struct vfio_pci_variant_buf *buf, int error)
{
	struct vpv_buf *vbuf = vpv_buf_of(buf);
	struct vpv_session *session = vbuf->session;
	struct vfio_pci_variant_mig *mig = session->mig;
	u64 ns = ktime_get_ns() - session->posted_ns;
	bool kick, failed;
	unsigned long flags;
	unsigned int depth;

	spin_lock_irqsave(&session->lock, flags);
	failed = error && !session->error;
	if (failed)
		session->error = error;
	if (!session->error)
		list_add_tail(&vbuf->queue_item, &session->spare);
	/* A writer may queue an image before this one has landed: the work looks for one then */
	kick = !session->error;
	depth = !!vpv_load_of(session)->pending;
	spin_unlock_irqrestore(&session->lock, flags);
	if (!error)
		vpv_stats_image(&mig->stats, VPV_STATS_LOADED, buf->used_bytes, ns);
	if (failed)
		vpv_stats_fail(&mig->stats, error);
	trace_vpv_image(mig, VPV_STATS_LOADED, buf->used_bytes, 0, depth, error, ns);
	vpv_session_landed(session, kick);
}
EXPORT_SYMBOL_GPL(vfio_pci_variant_load_done);

static void vpv_load_stop(struct vpv_session *session)
{
	vpv_mig_ops(session->mig)->load_stop(session->mig->variant);
}

static const struct vpv_session_ops vpv_load_session_ops = {
	.stop = vpv_load_stop,
	.work = vpv_load_image,
};

/* Takes a buffer for an image of @bytes */
static int vpv_load_begin_image(struct vpv_load *load, u64 bytes)
{
	struct vpv_session *session = &load->session;
	struct vpv_buf *buf;

	if (bytes > SIZE_MAX - PAGE_SIZE)
		return -E2BIG;

	buf = vpv_session_find_spare(session, bytes);
	if (!buf) {
		vpv_session_drop_spares(session);
		buf = vpv_session_add_buf(session, DMA_TO_DEVICE);
		if (IS_ERR(buf))
			return PTR_ERR(buf);
	}
	buf->pub.used_bytes = 0;
	spin_lock_irq(&session->lock);
	load->filling = buf;
	spin_unlock_irq(&session->lock);
	return 0;
}

/* Asks the parser what comes next, until that is some bytes */
static int vpv_load_ask(struct vpv_load *load)
{
	struct vfio_pci_variant_mig *mig = load->session.mig;
	int ret;

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
			ret = want.bytes ? vpv_load_begin_image(load, want.bytes) : -EINVAL;
			if (ret)
				return ret;
			load->reserve_bytes = max(load->reserve_bytes, want.reserve_bytes);
		}
		load->started = true;
		load->after_wait = load->want.waits;
		load->want = want;
		load->got_bytes = 0;
	} while (!load->want.bytes);
	return 0;
}

/*
 * The image is whole, and its buffer can still grow: to what a later image needs that comes
 * when the guest stands still. Without memory for that it stays as it is.
 */
static void vpv_load_reserve(struct vpv_load *load)
{
	struct vpv_session *session = &load->session;

	if (load->filling->pub.sgt.sgl || load->reserve_bytes > SIZE_MAX - PAGE_SIZE ||
	    vpv_session_has_buf(session, load->reserve_bytes))
		return;

	vpv_session_grow_buf(session, load->filling, load->reserve_bytes);
}

/* A whole image becomes the one that waits for the device, if none does */
static int vpv_load_end_image(struct vpv_load *load)
{
	struct vpv_session *session = &load->session;
	int ret;

	if (!load->filling || !vpv_load_piece_is_whole(load) || load->pending)
		return 0;

	vpv_load_reserve(load);
	ret = vpv_buf_seal(load->filling);
	if (ret)
		return ret;

	spin_lock_irq(&session->lock);
	load->pending = load->filling;
	load->filling = NULL;
	spin_unlock_irq(&session->lock);
	return 0;
}

/*
 * The piece that was wanted is whole, or the stream begins: does with it what is to be done
 * and learns what comes next. The latter has to wait while an image waits for the device.
 */
static int vpv_load_advance(struct vpv_load *load)
{
	struct vpv_session *session = &load->session;
	int ret;

	lockdep_assert_held(&session->mig->state_mutex);

	ret = vpv_session_error(session);
	if (!ret)
		ret = vpv_load_end_image(load);
	if (!ret) {
		vpv_load_image(session);
		ret = vpv_session_error(session);
	}
	if (!ret && !load->filling && !load->pending)
		ret = vpv_load_ask(load);
	return ret;
}

/* For a writer, which has io_mutex alone: the state mutex, while the session goes on */
static int vpv_load_lock(struct vpv_session *session)
{
	struct vfio_pci_variant_mig *mig = session->mig;
	int ret;

	ret = vpv_mig_lock_killable(mig);
	if (ret)
		return ret;
	if (mig->session == session)
		return 0;

	vpv_mig_unlock(mig);
	return -ENODEV;
}

/* vpv_load_advance() for a writer */
static int vpv_load_turn(struct vpv_load *load)
{
	struct vpv_session *session = &load->session;
	int ret;

	ret = vpv_load_lock(session);
	if (ret)
		return ret;

	ret = vpv_load_advance(load);
	/* The parser has moved on, so that there is no second try */
	if (ret)
		vpv_session_fail(session, ret);
	vpv_mig_unlock(session->mig);
	return ret;
}

/* Is there somewhere to put bytes, or an error to be told? */
static bool vpv_load_has_room(struct vpv_session *session)
{
	bool room;

	spin_lock_irq(&session->lock);
	room = session->error || !vpv_load_of(session)->pending;
	spin_unlock_irq(&session->lock);
	return room;
}

/* Has the device all images that are whole, or is there an error to be told? */
static bool vpv_load_is_settled(struct vpv_session *session)
{
	struct vpv_load *load = vpv_load_of(session);
	bool settled;

	spin_lock_irq(&session->lock);
	settled = session->error || (!load->pending && !load->posting && !session->in_flight);
	spin_unlock_irq(&session->lock);
	return settled;
}

/*
 * For who polls: has a writer something to do? Where a write would have waited it is to know
 * first what the device makes of the image.
 */
bool vpv_load_writable(struct vpv_session *session)
{
	bool waits;

	spin_lock_irq(&session->lock);
	waits = vpv_load_of(session)->waits;
	spin_unlock_irq(&session->lock);
	return waits ? vpv_load_is_settled(session) : vpv_load_has_room(session);
}

static void vpv_load_set_waits(struct vpv_load *load, bool waits)
{
	spin_lock_irq(&load->session.lock);
	load->waits = waits;
	spin_unlock_irq(&load->session.lock);
}

/* Is it to be waited for what has come? A parser that waits for room was not asked further. */
static bool vpv_load_waits(const struct vpv_load *load)
{
	if (!load->started)
		return false;
	return vpv_load_piece_is_whole(load) ? load->want.waits :
					       load->after_wait && !load->got_bytes;
}

/*
 * A write has come to its end. Where the stream may have, too, it is the last one to tell of what
 * the device says. That is bounded, as the arc out of the session is, so that only a signal that
 * kills ends it: after another one nobody would ask again.
 */
static int vpv_load_settle(struct vpv_load *load, bool nonblock)
{
	struct vpv_session *session = &load->session;
	int ret;

	if (!vpv_load_waits(load))
		return 0;

	vpv_load_set_waits(load, true);
	if (nonblock)
		return 0;
	/* The image before it may still wait */
	while (vpv_load_piece_is_whole(load)) {
		ret = wait_event_killable(session->wait, vpv_load_has_room(session)) ?:
		      vpv_load_turn(load);
		if (ret)
			return ret;
	}
	return wait_event_killable(session->wait, vpv_load_is_settled(session));
}

/* Returns 0 when a writer has somewhere to put bytes */
static int vpv_load_prepare(struct vpv_load *load, bool nonblock)
{
	struct vpv_session *session = &load->session;

	for (;;) {
		int ret = vpv_session_error(session);

		if (ret)
			return ret;
		if (load->started && !vpv_load_piece_is_whole(load))
			return 0;
		if (!vpv_load_has_room(session)) {
			if (nonblock)
				return -EAGAIN;
			ret = wait_event_interruptible(session->wait, vpv_load_has_room(session));
		} else {
			ret = vpv_load_turn(load);
		}
		if (ret)
			return ret;
	}
}

/* Makes room for the next bytes of the image. No memory is an error that can pass. */
static int vpv_load_grow(struct vpv_load *load, size_t bytes)
{
	struct vpv_session *session = &load->session;
	int ret;

	ret = vpv_load_lock(session);
	if (ret)
		return ret;

	ret = vpv_session_error(session);
	if (!ret)
		ret = vpv_session_grow_buf(session, load->filling,
					   load->filling->pub.used_bytes + bytes);
	vpv_mig_unlock(session->mig);
	return ret;
}

static int vpv_load_take_slice(struct vpv_load *load, size_t max_bytes, struct vpv_slice *slice)
{
	int ret;

	spin_lock_irq(&load->session.lock);
	ret = vpv_session_error(&load->session);
	if (!ret)
		vpv_buf_slice_room(load->filling, max_bytes, slice);
	spin_unlock_irq(&load->session.lock);
	return ret;
}

static ssize_t vpv_load_copy_image(struct vpv_load *load, struct iov_iter *from, size_t bytes)
{
	struct vpv_slice slice;
	size_t copied;
	int ret;

	ret = vpv_load_take_slice(load, bytes, &slice);
	if (!ret && !slice.bytes) {
		ret = vpv_load_grow(load, min_t(size_t, bytes, VPV_LOAD_GROW_BYTES));
		if (!ret)
			ret = vpv_load_take_slice(load, bytes, &slice);
	}
	if (ret)
		return ret;

	copied = vpv_slice_write(&slice, from);
	vpv_slice_put(&slice);
	spin_lock_irq(&load->session.lock);
	if (!load->session.error)
		load->filling->pub.used_bytes += copied;
	spin_unlock_irq(&load->session.lock);
	return copied ?: -EFAULT;
}

/* Takes bytes of the piece that is wanted. Returns how many, or a negative errno. */
static ssize_t vpv_load_copy(struct vpv_load *load, struct iov_iter *from)
{
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
		copied = vpv_load_copy_image(load, from, bytes);
		break;
	}
	if (copied > 0)
		load->got_bytes += copied;
	return copied;
}

/*
 * Takes the next bytes of the stream, waiting for room unless @nonblock. io_mutex is held. A
 * bad record is refused by the write that completes it; what the device makes of an image is
 * told later, or at the end of what may be the stream's. Returns bytes or a negative errno;
 * bytes that were taken are lost with a stream that is refused.
 */
ssize_t vpv_load_write(struct vpv_session *session, struct iov_iter *from, bool nonblock)
{
	struct vpv_load *load = vpv_load_of(session);
	ssize_t done = 0;
	ssize_t ret = 0;

	lockdep_assert_held(&session->io_mutex);

	vpv_load_set_waits(load, false);
	while (iov_iter_count(from)) {
		ret = vpv_load_prepare(load, nonblock);
		if (ret)
			break;
		ret = vpv_load_copy(load, from);
		if (ret < 0)
			break;
		done += ret;
		ret = vpv_load_piece_is_whole(load) ? vpv_load_turn(load) : 0;
		/* A stream can consist of many records that go nowhere */
		if (ret || fatal_signal_pending(current))
			break;
		cond_resched();
	}
	if (!ret && !iov_iter_count(from))
		ret = vpv_load_settle(load, nonblock);
	return vpv_session_error(session) ?: done ?: ret;
}

/* Begins the engine's session. Returns it with a reference for the caller. */
struct vpv_session *vpv_load_start(struct vfio_pci_variant_mig *mig)
{
	struct vpv_load *load;
	int ret;

	lockdep_assert_held(&mig->state_mutex);

	load = kzalloc(sizeof(*load), GFP_KERNEL_ACCOUNT);
	if (!load)
		return ERR_PTR(-ENOMEM);
	vpv_session_init(&load->session, mig, &vpv_load_session_ops);

	ret = vpv_mig_ops(mig)->load_start(mig->variant);
	if (ret) {
		vpv_session_put(&load->session);
		return ERR_PTR(ret);
	}

	vpv_stats_session(&mig->stats, VPV_STATS_LOAD);
	mig->session = &load->session;
	vpv_session_get(&load->session);
	vpv_stream_ops(mig)->load_start(mig->variant);
	return &load->session;
}

/* Waits until the device has all images that are whole. A signal that kills ends the wait. */
static int vpv_load_drain(struct vpv_load *load)
{
	struct vpv_session *session = &load->session;
	int ret;

	do {
		ret = vpv_load_end_image(load);
		if (ret)
			return ret;
		vpv_load_image(session);
		ret = vpv_session_wait_idle(session) ?: READ_ONCE(session->error);
		if (ret)
			return ret;
	} while (load->pending || (load->filling && vpv_load_piece_is_whole(load)));
	return 0;
}

/* Asks the parser and the backend whether the stream may end where it stands */
static int vpv_load_check_end(struct vpv_load *load)
{
	struct vpv_session *session = &load->session;
	struct vfio_pci_variant_mig *mig = session->mig;
	int ret;

	if (!load->started)
		return 0;
	if (vpv_load_piece_is_whole(load)) {
		ret = vpv_load_ask(load);
		if (ret)
			return ret;
	}

	ret = vpv_stream_ops(mig)->load_end(mig->variant, load->want.bytes - load->got_bytes);
	if (ret || !load->touched || !vpv_mig_ops(mig)->load_finish)
		return ret;

	ret = vpv_mig_ops(mig)->load_finish(mig->variant);
	if (ret)
		vpv_session_fail(session, ret);
	return ret;
}

/*
 * Ends the session if all that was written has become the device's state. On failure the
 * session goes on: what is missing can still be written, and what is broken stays so until
 * a reset.
 */
int vpv_load_finish(struct vfio_pci_variant_mig *mig)
{
	struct vpv_session *session = mig->session;
	int ret;

	lockdep_assert_held(&mig->state_mutex);

	if (!session)
		return -ENODEV;

	/* Against the lock order, so only try: a write() that goes on has not ended the stream */
	if (!mutex_trylock(&session->io_mutex))
		return -EBUSY;
	ret = vpv_load_drain(vpv_load_of(session));
	if (!ret)
		ret = vpv_load_check_end(vpv_load_of(session));
	mutex_unlock(&session->io_mutex);
	if (!ret) {
		session->complete = vpv_load_of(session)->touched;
		vpv_session_end(mig);
	}
	return ret;
}
