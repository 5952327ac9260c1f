// SPDX-License-Identifier: GPL-2.0-only
/*
 * The walk from one migration state to another, arc by arc, and what else changes the state:
 * users who come and go, and devices that go away
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/ktime.h>

#include "arcs.h"
#include "dirty.h"
#include "load.h"
#include "marks.h"
#include "save.h"
#include "trace.h"
#include "walk.h"

/* What of the device is frozen in a state */
static unsigned int vpv_walk_frozen_sides(u32 state)
{
	switch (state) {
	case VFIO_DEVICE_STATE_STOP:
	case VFIO_DEVICE_STATE_STOP_COPY:
	case VFIO_DEVICE_STATE_RESUMING:
		return VFIO_PCI_VARIANT_BOTH_SIDES;
	case VFIO_DEVICE_STATE_RUNNING_P2P:
	case VFIO_DEVICE_STATE_PRE_COPY_P2P:
		return VFIO_PCI_VARIANT_INITIATOR;
	default:
		return 0;
	}
}

/* What becomes of a state with a session when that ends and nothing else */
static u32 vpv_walk_without_session(u32 state)
{
	switch (state) {
	case VFIO_DEVICE_STATE_STOP_COPY:
	case VFIO_DEVICE_STATE_RESUMING:
		return VFIO_DEVICE_STATE_STOP;
	case VFIO_DEVICE_STATE_PRE_COPY:
		return VFIO_DEVICE_STATE_RUNNING;
	case VFIO_DEVICE_STATE_PRE_COPY_P2P:
		return VFIO_DEVICE_STATE_RUNNING_P2P;
	default:
		return state;
	}
}

static bool vpv_walk_is_precopy(u32 state)
{
	return state == VFIO_DEVICE_STATE_PRE_COPY || state == VFIO_DEVICE_STATE_PRE_COPY_P2P;
}

/* Freezes @sides of the device, or unfreezes them */
static int vpv_walk_turn(struct vfio_pci_variant_mig *mig, unsigned int sides, bool freezes)
{
	const struct vfio_pci_variant_mig_ops *ops = vpv_mig_ops(mig);
	u64 began_ns = ktime_get_ns();
	u64 ns;
	int ret;

	ret = freezes ? ops->freeze(mig->variant, sides) : ops->unfreeze(mig->variant, sides);
	vpv_mig_note_race(mig);

	ns = ktime_get_ns() - began_ns;
	vpv_stats_turn(&mig->stats, sides, freezes, ns);
	trace_vpv_turn(mig, sides, freezes, ret, ns);
	return ret;
}

/* Freezes @sides, and has all told that the device wrote to before: that or nothing */
static int vpv_walk_freeze(struct vfio_pci_variant_mig *mig, unsigned int sides)
{
	int ret;

	vpv_marks_ask(mig);
	ret = vpv_walk_turn(mig, sides, true);
	if (ret)
		return ret;

	ret = vpv_marks_frozen(mig, sides);
	if (ret && vpv_walk_turn(mig, sides, false))
		ret = -ENOTRECOVERABLE;
	return ret;
}

/* An image that is in flight would see the device change in its midst, so it ends first */
static int vpv_walk_change_sides(struct vfio_pci_variant_mig *mig, u32 next)
{
	unsigned int from = vpv_walk_frozen_sides(mig->state);
	unsigned int to = vpv_walk_frozen_sides(next);
	int ret;

	if (mig->session) {
		ret = vpv_session_wait_idle(mig->session);
		if (ret)
			return ret;
		if (to & ~from)
			vpv_save_prepare_final(mig->session);
	}
	return to & ~from ? vpv_walk_freeze(mig, to & ~from) :
			    vpv_walk_turn(mig, from & ~to, false);
}

/*
 * From a device that is saved running to its final pass. Only a device that cannot be frozen,
 * or of which cannot be told what it wrote, fails the arc: a monitor resets one whose guest it
 * has stopped and that cannot be, while it gets over a stream that is broken, which is told
 * by read().
 */
static int vpv_walk_finish_precopy(struct vfio_pci_variant_mig *mig)
{
	return vpv_walk_change_sides(mig, VFIO_DEVICE_STATE_STOP_COPY) ?:
	       vpv_save_finish(mig->session);
}

/* One arc. Returns the session that it begins, if it does, with a reference. */
static struct vpv_session *vpv_walk_step(struct vfio_pci_variant_mig *mig, u32 next)
{
	bool is_precopy = vpv_walk_is_precopy(mig->state);

	if (next == VFIO_DEVICE_STATE_STOP_COPY && is_precopy)
		return ERR_PTR(vpv_walk_finish_precopy(mig));
	if (next == VFIO_DEVICE_STATE_STOP_COPY)
		return vpv_save_start(mig, VFIO_PCI_VARIANT_SAVE_STOPPED);
	if (vpv_walk_is_precopy(next) && !is_precopy) {
		vpv_marks_begin(mig);
		return vpv_save_start(mig, VFIO_PCI_VARIANT_SAVE_RUNNING);
	}
	if (next == VFIO_DEVICE_STATE_RESUMING)
		return vpv_load_start(mig);
	if (mig->state == VFIO_DEVICE_STATE_RESUMING)
		return ERR_PTR(vpv_load_finish(mig));
	if (next == vpv_walk_without_session(mig->state)) {
		vpv_session_end(mig);
		return NULL;
	}
	return ERR_PTR(vpv_walk_change_sides(mig, next));
}

/* One arc, to be remembered */
static struct vpv_session *vpv_walk_arc(struct vfio_pci_variant_mig *mig, u32 next)
{
	u64 began_ns = ktime_get_ns();
	struct vpv_session *session;
	u64 ns;
	int error;

	vpv_stats_leave(&mig->stats, mig->state);
	session = vpv_walk_step(mig, next);
	error = PTR_ERR_OR_ZERO(session);
	ns = ktime_get_ns() - began_ns;
	vpv_stats_arc(&mig->stats, mig->state, next, ns, error);
	trace_vpv_arc(mig, mig->state, next, error, ns);
	return session;
}

/* An arc that fails leaves the device in the state that the arc began in */
static struct vpv_session *vpv_walk_locked(struct vfio_pci_variant_mig *mig, u32 target)
{
	struct vpv_session *session = NULL;

	lockdep_assert_held(&mig->state_mutex);

	for (;;) {
		int next = vpv_arc_next(mig->state, target, mig->variant->migration_flags);

		if (next < 0)
			return ERR_PTR(next);
		if (next == mig->state)
			return session;

		session = vpv_walk_arc(mig, next);
		if (IS_ERR(session))
			break;
		WRITE_ONCE(mig->state, next);
	}

	if (session == ERR_PTR(-ENOTRECOVERABLE)) {
		vpv_session_end(mig);
		WRITE_ONCE(mig->state, VFIO_DEVICE_STATE_ERROR);
		return ERR_PTR(-EIO);
	}
	return session;
}

/* What one protocol has begun the other does not know: the first that does anything stays */
static int vpv_walk_check(struct vfio_pci_variant_mig *mig, enum vpv_protocol protocol)
{
	lockdep_assert_held(&mig->state_mutex);

	if (mig->gone)
		return -ENOTCONN;
	return mig->protocol == VPV_PROTOCOL_NONE || mig->protocol == protocol ? 0 : -EBUSY;
}

/*
 * Walks to @target for a user of @protocol. Returns the session that the last arc begins, with a
 * reference for the caller, NULL when it begins none, or an ERR_PTR.
 */
struct vpv_session *vpv_walk_to(struct vfio_pci_variant_mig *mig, enum vpv_protocol protocol,
				u32 target)
{
	struct vpv_session *session;
	u32 state;
	int ret;

	ret = vpv_mig_lock_killable(mig);
	if (ret)
		return ERR_PTR(ret);

	state = mig->state;
	ret = vpv_walk_check(mig, protocol);
	session = ret ? ERR_PTR(ret) : vpv_walk_locked(mig, target);
	/* A walk that failed may have come halfway */
	if (!IS_ERR(session) || mig->state != state)
		mig->protocol = protocol;
	vpv_marks_settle(mig);
	vpv_mig_unlock(mig);
	return session;
}

static int vpv_walk_precopy_info_locked(struct vpv_session *session, struct vpv_save_info *info)
{
	struct vfio_pci_variant_mig *mig = session->mig;

	lockdep_assert_held(&mig->state_mutex);

	if (!vpv_walk_is_precopy(mig->state))
		return -EINVAL;
	/* The file is that of an earlier session */
	if (mig->session != session)
		return -ENODEV;
	return vpv_save_precopy_info(session, info);
}

int vpv_walk_precopy_info(struct vpv_session *session, struct vpv_save_info *info)
{
	int ret;

	ret = vpv_mig_lock_killable(session->mig);
	if (ret)
		return ret;

	ret = vpv_walk_precopy_info_locked(session, info);
	vpv_mig_unlock(session->mig);
	return ret == -ENOTRECOVERABLE ? -EIO : ret;
}

/* The user knows flags of struct vfio_precopy_info, until the device is closed */
void vpv_walk_set_info_v2(struct vfio_pci_variant_mig *mig)
{
	vpv_mig_lock(mig);
	mig->info_v2 = true;
	vpv_mig_unlock(mig);
}

static int vpv_walk_bytes_left_locked(struct vfio_pci_variant_mig *mig, u64 *bytes)
{
	lockdep_assert_held(&mig->state_mutex);

	if (mig->gone)
		return -ENOTCONN;
	if (mig->state == VFIO_DEVICE_STATE_ERROR)
		return -EIO;
	return vpv_mig_ops(mig)->bytes_left(mig->variant, bytes);
}

int vpv_walk_bytes_left(struct vfio_pci_variant_mig *mig, u64 *bytes)
{
	int ret;

	ret = vpv_mig_lock_killable(mig);
	if (ret)
		return ret;

	ret = vpv_walk_bytes_left_locked(mig, bytes);
	vpv_mig_unlock(mig);
	return ret;
}

/*
 * A user comes. The core resets a device that can be reset before this is called; one that
 * cannot may still be frozen by its last user.
 */
void vpv_walk_open(struct vfio_pci_variant_mig *mig)
{
	unsigned int frozen;
	int ret;

	vpv_mig_lock(mig);
	mig->opened = true;
	mig->lost = mig->gone;
	frozen = vpv_walk_frozen_sides(mig->state);
	if (frozen && !mig->gone) {
		ret = vpv_mig_ops(mig)->unfreeze(mig->variant, frozen);
		WRITE_ONCE(mig->state, ret ? VFIO_DEVICE_STATE_ERROR : VFIO_DEVICE_STATE_RUNNING);
	}
	vpv_mig_unlock(mig);
}

/* The last user is gone */
void vpv_walk_close(struct vfio_pci_variant_mig *mig)
{
	WRITE_ONCE(mig->closing, true);
	vpv_mig_lock(mig);
	WRITE_ONCE(mig->closing, false);
	vpv_session_end(mig);
	vpv_marks_close(mig);
	vpv_dirty_end(mig);
	WRITE_ONCE(mig->state, vpv_walk_without_session(mig->state));
	mig->protocol = VPV_PROTOCOL_NONE;
	mig->info_v2 = false;
	mig->opened = false;
	mig->lost = false;
	vpv_mig_unlock(mig);
}

/**
 * vfio_pci_variant_gone() - the backend is about to lose what it reaches the device by
 * @variant: the device
 *
 * For the notifier that says that a VF's PF is going away. On return the backend has no
 * image in flight and no buffer, and it is not called again, but for
 * &vfio_pci_variant_ops.release, before vfio_pci_variant_returned(). The data files give
 * -ENODEV, state changes -ENOTCONN. A device that a user has open is in the ERROR state, as
 * what it held is lost, until the user resets it.
 *
 * Context: Process context; sleeps until a running state change has ended, which is bounded
 * as the backend's functions are. Not from a function of the backend.
 */
void vfio_pci_variant_gone(struct vfio_pci_variant *variant)
{
	struct vfio_pci_variant_mig *mig = variant->mig;

	if (!mig)
		return;

	WRITE_ONCE(mig->going, true);
	vpv_mig_lock(mig);
	vpv_session_end(mig);
	vpv_dirty_lose(mig);
	mig->gone = true;
	mig->lost = mig->opened;
	if (mig->lost)
		WRITE_ONCE(mig->state, VFIO_DEVICE_STATE_ERROR);
	vpv_mig_unlock(mig);
}
EXPORT_SYMBOL_GPL(vfio_pci_variant_gone);

/**
 * vfio_pci_variant_returned() - the backend reaches its device again
 * @variant: the device
 *
 * The opposite of vfio_pci_variant_gone(); nothing happens without one before. The device is as
 * after a reset. A user who had it open all the time is told so by the ERROR state, even if
 * there was a reset while the backend was away: a reset that comes now ends it.
 *
 * Context: as vfio_pci_variant_gone()
 */
void vfio_pci_variant_returned(struct vfio_pci_variant *variant)
{
	struct vfio_pci_variant_mig *mig = variant->mig;

	if (!mig)
		return;

	vpv_mig_lock(mig);
	if (mig->gone)
		WRITE_ONCE(mig->state, mig->lost ? VFIO_DEVICE_STATE_ERROR :
			   VFIO_DEVICE_STATE_RUNNING);
	mig->gone = false;
	WRITE_ONCE(mig->going, false);
	vpv_mig_unlock(mig);
}
EXPORT_SYMBOL_GPL(vfio_pci_variant_returned);
