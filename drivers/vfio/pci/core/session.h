/* SPDX-License-Identifier: GPL-2.0-only */
/* The engine's lock, and what the sessions of both directions have in common */
#ifndef VFIO_PCI_VARIANT_SESSION_H
#define VFIO_PCI_VARIANT_SESSION_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "buf.h"
#include "mig.h"

struct mem_cgroup;
struct vpv_session;

/*
 * What differs between the two directions. @stop ends the session in the backend, @work
 * carries on what needs a process context; both run under the state mutex.
 */
struct vpv_session_ops {
	void (*stop)(struct vpv_session *session);
	void (*work)(struct vpv_session *session);
};

/*
 * One save or load. It belongs to the engine and ends under the state mutex, whatever user
 * space does: before the device goes, is reset, or leaves the states that have a session.
 * What user space takes part in it by holds a reference, and all that it gets afterwards is
 * ENODEV.
 *
 * References: the engine's while this is its session, the front end's, and one for each
 * queued work.
 */
struct vpv_session {
	struct kref ref;
	const struct vpv_session_ops *ops;
	struct vfio_pci_variant_mig *mig;
	struct work_struct work;
	/* Pays for buffers that the work allocates: that of who began the session */
	struct mem_cgroup *memcg;

	/* One transfer from or to user memory at a time; see the lock order in mig.h */
	struct mutex io_mutex;

	/* Under the state mutex: all buffers of the session */
	struct list_head bufs;
	/* Under the state mutex: the whole stream was read, or loaded */
	bool complete;

	/* Guards what follows it, and what save.c and load.c add; taken in interrupts too */
	spinlock_t lock;
	wait_queue_head_t wait;
	/* 0 or the negative errno that the session has come to; -ENODEV when it is over */
	int error;
	/* The buffer that the backend has, and since when */
	struct vpv_buf *in_flight;
	u64 posted_ns;
	/* Buffers that the backend has had and that can be used again */
	struct list_head spare;
};

/*
 * Has the backend no buffer? What its _done() has left behind can be read then without the
 * lock, by who has the state mutex.
 */
static inline bool vpv_session_is_idle(struct vpv_session *session)
{
	/* Pairs with the lock in vpv_session_landed() */
	return !smp_load_acquire(&session->in_flight);
}

int vpv_session_module_init(void);
void vpv_session_module_exit(void);

struct vfio_pci_variant_mig *vpv_mig_alloc(struct vfio_pci_variant *variant);
void vpv_mig_put(struct vfio_pci_variant_mig *mig);
void vpv_mig_detach(struct vfio_pci_variant_mig *mig);
void vpv_mig_lock(struct vfio_pci_variant_mig *mig);
int vpv_mig_lock_killable(struct vfio_pci_variant_mig *mig);
void vpv_mig_unlock(struct vfio_pci_variant_mig *mig);
void vpv_mig_reset_prepare(struct vfio_pci_variant_mig *mig);
void vpv_mig_reset_done(struct vfio_pci_variant_mig *mig);
void vpv_mig_queue_later(struct vfio_pci_variant_mig *mig, struct delayed_work *work,
			 unsigned long delay);
void vpv_mig_cancel_later(struct vfio_pci_variant_mig *mig, struct delayed_work *work);
void vpv_mig_note_race(struct vfio_pci_variant_mig *mig);
bool vpv_mig_is_resetting(struct vfio_pci_variant_mig *mig);
enum vfio_device_mig_state vpv_mig_state(struct vfio_pci_variant_mig *mig);

void vpv_session_init(struct vpv_session *session, struct vfio_pci_variant_mig *mig,
		      const struct vpv_session_ops *ops);
void vpv_session_get(struct vpv_session *session);
void vpv_session_put(struct vpv_session *session);
void vpv_session_end(struct vfio_pci_variant_mig *mig);
int vpv_session_wait_idle(struct vpv_session *session);

void vpv_session_kick(struct vpv_session *session);
void vpv_session_fail(struct vpv_session *session, int error);
int vpv_session_error(struct vpv_session *session);
int vpv_session_io_lock(struct vpv_session *session, bool nonblock);
void vpv_session_io_unlock(struct vpv_session *session);

struct vpv_buf *vpv_session_add_buf(struct vpv_session *session, enum dma_data_direction dma_dir);
int vpv_session_grow_buf(struct vpv_session *session, struct vpv_buf *buf, size_t bytes);
void vpv_session_drop_buf(struct vpv_session *session, struct vpv_buf *buf);
void vpv_session_add_spare(struct vpv_session *session, struct vpv_buf *buf);
struct vpv_buf *vpv_session_find_spare(struct vpv_session *session, size_t bytes);
void vpv_session_drop_spares(struct vpv_session *session);
bool vpv_session_has_buf(struct vpv_session *session, size_t bytes);
int vpv_session_post(struct vpv_session *session, struct vpv_buf *buf,
		     int (*start)(struct vfio_pci_variant *variant,
				  struct vfio_pci_variant_buf *buf));
void vpv_session_landed(struct vpv_session *session, bool kick);

#endif /* VFIO_PCI_VARIANT_SESSION_H */
