/* SPDX-License-Identifier: GPL-2.0-only */
/* The migration engine of one device: its state, and the walk from one state to another */
#ifndef VFIO_PCI_VARIANT_MIG_H
#define VFIO_PCI_VARIANT_MIG_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/vfio_pci_variant.h>

struct file;
struct vpv_file;

/*
 * Lock order, outermost first:
 *
 *	vpv_file.io_mutex -> state_mutex -> reset_lock
 *					 -> vpv_file.lock
 *
 * io_mutex is held while user memory is touched, hence while pages fault, hence around
 * mmap_lock and the core's memory_lock. state_mutex is held while the device works, and
 * never while user memory is touched. A reset comes with the core's memory_lock held, which
 * others take below mmap_lock; so it never waits for state_mutex, but leaves its work to
 * whoever holds it: see vpv_mig_unlock(), the only place that unlocks it.
 *
 * The engine outlives its device for as long as a data file is open, so that a read() or
 * write() always has a mutex to take.
 */
struct vfio_pci_variant_mig {
	struct kref ref;

	/* Serialises the state machine and every call of the backend; guards what follows it */
	struct mutex state_mutex;
	/* NULL when the device was unbound */
	struct vfio_pci_variant *variant;
	enum vfio_device_mig_state state;
	/* The data transfer session, NULL when there is none. Holds a reference. */
	struct vpv_file *session;
	/* The backend cannot reach the device: see vfio_pci_variant_gone() */
	bool gone;

	/* Guards deferred_reset, and makes looking at it and unlocking state_mutex one step */
	spinlock_t reset_lock;
	bool deferred_reset;
};

struct vfio_pci_variant_mig *vpv_mig_alloc(struct vfio_pci_variant *variant);
void vpv_mig_get(struct vfio_pci_variant_mig *mig);
void vpv_mig_put(struct vfio_pci_variant_mig *mig);
void vpv_mig_detach(struct vfio_pci_variant_mig *mig);

void vpv_mig_lock(struct vfio_pci_variant_mig *mig);
int vpv_mig_lock_killable(struct vfio_pci_variant_mig *mig);
void vpv_mig_unlock(struct vfio_pci_variant_mig *mig);

void vpv_mig_open(struct vfio_pci_variant_mig *mig);
void vpv_mig_close(struct vfio_pci_variant_mig *mig);
void vpv_mig_reset_done(struct vfio_pci_variant_mig *mig);

struct file *vpv_mig_set_state(struct vfio_pci_variant_mig *mig, u32 target);
int vpv_mig_get_state(struct vfio_pci_variant_mig *mig, enum vfio_device_mig_state *state);
int vpv_mig_bytes_left(struct vfio_pci_variant_mig *mig, u64 *bytes);

static inline const struct vfio_pci_variant_mig_ops *
vpv_mig_ops(const struct vfio_pci_variant_mig *mig)
{
	return mig->variant->ops->mig;
}

static inline const struct vfio_pci_variant_stream_ops *
vpv_stream_ops(const struct vfio_pci_variant_mig *mig)
{
	return mig->variant->ops->stream;
}

#endif /* VFIO_PCI_VARIANT_MIG_H */
