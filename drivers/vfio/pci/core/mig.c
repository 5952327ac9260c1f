// SPDX-License-Identifier: GPL-2.0-only
/*
 * The migration engine: state mutex, walk from state to state, reset, and devices that go
 * away
 */
#include <linux/export.h>
#include <linux/slab.h>

#include "mig.h"
#include "mig_arcs.h"
#include "mig_file.h"

struct vfio_pci_variant_mig *vpv_mig_alloc(struct vfio_pci_variant *variant)
{
	struct vfio_pci_variant_mig *mig;

	mig = kzalloc(sizeof(*mig), GFP_KERNEL_ACCOUNT);
	if (!mig)
		return NULL;

	kref_init(&mig->ref);
	mutex_init(&mig->state_mutex);
	mig->variant = variant;
	mig->state = VFIO_DEVICE_STATE_RUNNING;
	spin_lock_init(&mig->reset_lock);
	return mig;
}

void vpv_mig_get(struct vfio_pci_variant_mig *mig)
{
	kref_get(&mig->ref);
}

static void vpv_mig_free(struct kref *ref)
{
	struct vfio_pci_variant_mig *mig = container_of(ref, struct vfio_pci_variant_mig, ref);

	mutex_destroy(&mig->state_mutex);
	kfree(mig);
}

void vpv_mig_put(struct vfio_pci_variant_mig *mig)
{
	kref_put(&mig->ref, vpv_mig_free);
}

/* The device is about to be freed. Drops its reference. */
void vpv_mig_detach(struct vfio_pci_variant_mig *mig)
{
	vpv_mig_lock(mig);
	mig->variant = NULL;
	vpv_mig_unlock(mig);
	vpv_mig_put(mig);
}

void vpv_mig_lock(struct vfio_pci_variant_mig *mig)
{
	mutex_lock(&mig->state_mutex);
}

int vpv_mig_lock_killable(struct vfio_pci_variant_mig *mig)
{
	return mutex_lock_killable(&mig->state_mutex);
}

/* The function was reset: whatever went on is over, and the device runs */
static void vpv_mig_reset_locked(struct vfio_pci_variant_mig *mig)
{
	lockdep_assert_held(&mig->state_mutex);

	if (!mig->variant)
		return;

	vpv_session_end(mig);
	mig->state = VFIO_DEVICE_STATE_RUNNING;
	if (!mig->gone && vpv_mig_ops(mig)->reset_done)
		vpv_mig_ops(mig)->reset_done(mig->variant);
}

/*
 * The only unlock of the state mutex. A reset that came in the meantime is carried out
 * first: none is lost, since reset_lock makes the last look at deferred_reset and the unlock
 * one step for vpv_mig_reset_done().
 */
void vpv_mig_unlock(struct vfio_pci_variant_mig *mig)
{
	spin_lock(&mig->reset_lock);
	while (mig->deferred_reset) {
		mig->deferred_reset = false;
		spin_unlock(&mig->reset_lock);
		vpv_mig_reset_locked(mig);
		spin_lock(&mig->reset_lock);
	}
	mutex_unlock(&mig->state_mutex);
	spin_unlock(&mig->reset_lock);
}

/* Never waits for the state mutex: see the lock order at vfio_pci_variant_mig */
void vpv_mig_reset_done(struct vfio_pci_variant_mig *mig)
{
	bool locked;

	spin_lock(&mig->reset_lock);
	mig->deferred_reset = true;
	locked = mutex_trylock(&mig->state_mutex);
	spin_unlock(&mig->reset_lock);
	if (locked)
		vpv_mig_unlock(mig);
}

/* What of the device is frozen in a state */
static unsigned int vpv_mig_frozen_sides(u32 state)
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

static int vpv_mig_change_sides(struct vfio_pci_variant_mig *mig, u32 next)
{
	unsigned int from = vpv_mig_frozen_sides(mig->state);
	unsigned int to = vpv_mig_frozen_sides(next);

	if (to & ~from)
		return vpv_mig_ops(mig)->freeze(mig->variant, to & ~from);
	return vpv_mig_ops(mig)->unfreeze(mig->variant, from & ~to);
}

/* One arc. Returns the file of the session that it begins, if it does. */
static struct file *vpv_mig_step(struct vfio_pci_variant_mig *mig, u32 next)
{
	lockdep_assert_held(&mig->state_mutex);

	if (next == VFIO_DEVICE_STATE_STOP_COPY)
		return vpv_save_start(mig);
	if (next == VFIO_DEVICE_STATE_RESUMING)
		return vpv_load_start(mig);
	if (mig->state == VFIO_DEVICE_STATE_STOP_COPY) {
		vpv_session_end(mig);
		return NULL;
	}
	if (mig->state == VFIO_DEVICE_STATE_RESUMING)
		return ERR_PTR(vpv_load_finish(mig));
	return ERR_PTR(vpv_mig_change_sides(mig, next));
}

/* The walk. An arc that fails leaves the device in the state that the arc began in. */
static struct file *vpv_mig_walk(struct vfio_pci_variant_mig *mig, u32 target)
{
	struct file *filp = NULL;

	for (;;) {
		int next = vpv_arc_next(mig->state, target, mig->variant->migration_flags);

		if (next < 0)
			return ERR_PTR(next);
		if (next == mig->state)
			return filp;

		filp = vpv_mig_step(mig, next);
		if (IS_ERR(filp))
			break;
		mig->state = next;
	}

	if (filp == ERR_PTR(-ENOTRECOVERABLE)) {
		vpv_session_end(mig);
		mig->state = VFIO_DEVICE_STATE_ERROR;
		return ERR_PTR(-EIO);
	}
	return filp;
}

struct file *vpv_mig_set_state(struct vfio_pci_variant_mig *mig, u32 target)
{
	struct file *filp;
	int ret;

	ret = vpv_mig_lock_killable(mig);
	if (ret)
		return ERR_PTR(ret);

	filp = mig->gone ? ERR_PTR(-ENOTCONN) : vpv_mig_walk(mig, target);
	vpv_mig_unlock(mig);
	return filp;
}

int vpv_mig_get_state(struct vfio_pci_variant_mig *mig, enum vfio_device_mig_state *state)
{
	int ret;

	ret = vpv_mig_lock_killable(mig);
	if (ret)
		return ret;

	*state = mig->state;
	vpv_mig_unlock(mig);
	return 0;
}

int vpv_mig_bytes_left(struct vfio_pci_variant_mig *mig, u64 *bytes)
{
	int ret;

	ret = vpv_mig_lock_killable(mig);
	if (ret)
		return ret;

	if (mig->gone)
		ret = -ENOTCONN;
	else if (mig->state == VFIO_DEVICE_STATE_ERROR)
		ret = -EIO;
	else
		ret = vpv_mig_ops(mig)->bytes_left(mig->variant, bytes);
	vpv_mig_unlock(mig);
	return ret;
}

/*
 * A user comes. The core resets a device that can be reset before this is called; one that
 * cannot may still be frozen by its last user.
 */
void vpv_mig_open(struct vfio_pci_variant_mig *mig)
{
	unsigned int frozen;

	vpv_mig_lock(mig);
	frozen = vpv_mig_frozen_sides(mig->state);
	if (frozen && !mig->gone) {
		int ret = vpv_mig_ops(mig)->unfreeze(mig->variant, frozen);

		mig->state = ret ? VFIO_DEVICE_STATE_ERROR : VFIO_DEVICE_STATE_RUNNING;
	}
	vpv_mig_unlock(mig);
}

/* The last user is gone */
void vpv_mig_close(struct vfio_pci_variant_mig *mig)
{
	vpv_mig_lock(mig);
	vpv_session_end(mig);
	if (mig->state == VFIO_DEVICE_STATE_STOP_COPY)
		mig->state = VFIO_DEVICE_STATE_STOP;
	vpv_mig_unlock(mig);
}

/**
 * vfio_pci_variant_gone() - the backend is about to lose what it reaches the device by
 * @variant: the device
 *
 * For the notifier that says that a VF's PF is going away. On return the backend has no
 * image in flight and no buffer, and it is not called again, but for
 * &vfio_pci_variant_ops.release, before vfio_pci_variant_returned(). The data files give
 * -ENODEV, state changes -ENOTCONN.
 *
 * Context: Process context; sleeps until a running state change has ended, which is bounded
 * as the backend's functions are. Not from a function of the backend.
 */
void vfio_pci_variant_gone(struct vfio_pci_variant *variant)
{
	struct vfio_pci_variant_mig *mig = variant->mig;

	if (!mig)
		return;

	vpv_mig_lock(mig);
	vpv_session_end(mig);
	mig->gone = true;
	vpv_mig_unlock(mig);
}
EXPORT_SYMBOL_GPL(vfio_pci_variant_gone);

/**
 * vfio_pci_variant_returned() - the backend reaches its device again
 * @variant: the device
 *
 * The opposite of vfio_pci_variant_gone(). The device is in the migration state that it was
 * in; a session does not come back, so RESUMING can only be left by a reset.
 *
 * Context: as vfio_pci_variant_gone()
 */
void vfio_pci_variant_returned(struct vfio_pci_variant *variant)
{
	struct vfio_pci_variant_mig *mig = variant->mig;

	if (!mig)
		return;

	vpv_mig_lock(mig);
	mig->gone = false;
	vpv_mig_unlock(mig);
}
EXPORT_SYMBOL_GPL(vfio_pci_variant_returned);
