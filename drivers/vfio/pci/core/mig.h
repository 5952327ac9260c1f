/* SPDX-License-Identifier: GPL-2.0-only */
/* The migration engine of one device, as all of its parts know it */
#ifndef VFIO_PCI_VARIANT_MIG_H
#define VFIO_PCI_VARIANT_MIG_H

#include <linux/kref.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/vfio_pci_variant.h>
#include <linux/workqueue.h>

#include "stats.h"

struct vpv_dirty;
struct vpv_marks;
struct vpv_session;

/* The front end that a user has changed the state by */
enum vpv_protocol {
	VPV_PROTOCOL_NONE,
	VPV_PROTOCOL_V1,
	VPV_PROTOCOL_V2,
};

/* Of a PCI device's name, its end included: "10000:00:00.0" is the longest */
#define VPV_NAME_BYTES 16

/*
 * Calls between the files of the engine go down this list only:
 *
 *	v1.c, v2.c	the region of protocol v1; the features of protocol v2
 *	log.c		the features of DMA logging
 *	window.c	a session's bytes as v1 shows them to user space
 *	data_file.c	a session as the file that v2 gives to user space
 *	walk.c		from state to state; open, close, devices that go away
 *	save.c, load.c	the two kinds of session
 *	marks.c		what it writes to as dirty pages of the type1 container; above.c,
 *			pins.c: what is mapped, and how to mark it; scope.c, superset.c
 *	dirty.c		the tracker of what the device writes to
 *	save_queue.c	what was saved and is to be read
 *	session.c	state mutex and reset, what sessions have in common
 *	buf.c, arcs.c	buffers; the arc table
 *	spans.c		addresses that are to be told as written
 *	v1_state.c	the states of protocol v1
 *	progress.c	what a save session is still to yield
 *	stats.c		what is remembered of it; trace.c, what can be watched
 *
 * A session calls up through its ops alone.
 *
 * Lock order, outermost first:
 *
 *	vpv_v1.lock -> vpv_session.io_mutex -> state_mutex -> reset_lock -> vpv_session.lock
 *
 * Marks have type1 take its own lock, and the user's mmap_lock below that, under state_mutex:
 *
 *	state_mutex -> type1's lock -> mmap_lock -> the core's memory_lock
 *
 * type1 comes back, with none of them held, for a lock that is a leaf: see pins.c.
 *
 * io_mutex is held while user memory is touched, hence while pages fault, hence around
 * mmap_lock and the core's memory_lock. state_mutex is held while the device works, and
 * while the pages of marks are looked up, and is never taken below mmap_lock. A reset comes
 * with the core's memory_lock held, which others take below mmap_lock; so it never waits for
 * state_mutex, nor for a device at work, but leaves what it has to do to whoever takes the
 * mutex next: see vpv_mig_lock(), the only place besides its killable twin that locks it.
 *
 * The engine outlives its device for as long as a session does, and a session for as long as
 * user space has its file, so that a read() or write() always has a mutex to take.
 */
struct vfio_pci_variant_mig {
	struct kref ref;

	/* Serialises the state machine and every call of the backend; guards what follows it */
	struct mutex state_mutex;
	/* NULL when the device was unbound */
	struct vfio_pci_variant *variant;
	/* Of the device, for traces; constant */
	char name[VPV_NAME_BYTES];
	/* Has a lock of its own */
	struct vpv_stats stats;
	/* Read without the mutex, too: see vpv_mig_state() */
	enum vfio_device_mig_state state;
	/* The data transfer session, NULL when there is none. Holds a reference. */
	struct vpv_session *session;
	/* The tracker of what the device writes to, NULL when there is none */
	struct vpv_dirty *dirty;
	/* How many resets were carried out; read without the mutex, too */
	unsigned int resets;
	/* A user has the device open; the protocol that owns it until it is closed */
	bool opened;
	enum vpv_protocol protocol;
	/* The backend cannot reach the device: see vfio_pci_variant_gone() */
	bool gone;
	/* A user had the device open when it went */
	bool lost;

	/* The device can be saved while it runs; constant once it is registered */
	bool has_precopy;
	/* NULL when there are none; constant once the device is registered */
	struct vpv_marks *marks;
	/* The user knows flags of struct vfio_precopy_info, where the kernel does not note that */
	bool info_v2;

	/* Set before the mutex is waited for: who holds it is to let go early. No lock. */
	bool going;
	/* The same, before the last user is gone */
	bool closing;

	/* Guards what follows it */
	spinlock_t reset_lock;
	/* A reset is under way; one has been, and is still to be carried out */
	bool resetting;
	bool deferred_reset;
	/* Something was frozen or unfrozen after the reset had begun */
	bool raced_reset;

	/* Takes the mutex after a reset, in case that nobody else does */
	struct work_struct reset_work;

	/* Under the state mutex: buffers that the backend did not give back when it was asked */
	struct list_head kept;
	/* Buffers that no session has any more, on their way to be freed */
	struct llist_head dying;
	struct work_struct free_work;
};

static inline const struct vfio_pci_variant_mig_ops *
vpv_mig_ops(const struct vfio_pci_variant_mig *mig)
{
	return mig->variant->ops->mig;
}

/* Does the user know flags of struct vfio_precopy_info? The state mutex is held. */
static inline bool vpv_mig_has_info_v2(const struct vfio_pci_variant_mig *mig)
{
	return mig->info_v2 || vfio_device_has_precopy_info_v2(&mig->variant->core.vdev);
}

static inline const struct vfio_pci_variant_stream_ops *
vpv_stream_ops(const struct vfio_pci_variant_mig *mig)
{
	return mig->variant->ops->stream;
}

#endif /* VFIO_PCI_VARIANT_MIG_H */
