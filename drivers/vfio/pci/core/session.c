// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine's lock, with the resets that wait for it, and what sessions have in common
 *
 * A session belongs to the engine and ends under the state mutex. Whatever user space does
 * with its end of it, one that was passed on, or never closed, keeps nothing of the device and
 * no memory but its own structure. Ending it takes no lock that a transfer holds over a page
 * fault.
 */
#include <linux/ktime.h>
#include <linux/memcontrol.h>
#include <linux/pci.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "session.h"
#include "trace.h"

/* So much is allocated between two looks at who waits for the mutex */
#define VPV_SESSION_GROW_BYTES SZ_4M

/* For work that user space waits for, on behalf of any device */
static struct workqueue_struct *vpv_wq;

int vpv_session_module_init(void)
{
	vpv_wq = alloc_workqueue("vfio_pci_variant", WQ_UNBOUND, 0);
	return vpv_wq ? 0 : -ENOMEM;
}

void vpv_session_module_exit(void)
{
	destroy_workqueue(vpv_wq);
}

static void vpv_mig_free(struct kref *ref)
{
	struct vfio_pci_variant_mig *mig = container_of(ref, struct vfio_pci_variant_mig, ref);

	mutex_destroy(&mig->state_mutex);
	kfree(mig->marks);
	kfree(mig);
}

void vpv_mig_put(struct vfio_pci_variant_mig *mig)
{
	kref_put(&mig->ref, vpv_mig_free);
}

/* Each queued work of the engine has a reference */
static void vpv_mig_queue(struct vfio_pci_variant_mig *mig, struct work_struct *work)
{
	kref_get(&mig->ref);
	if (!queue_work(vpv_wq, work))
		vpv_mig_put(mig);
}

/* The same, in @delay jiffies; the work puts the reference. The state mutex is held. */
void vpv_mig_queue_later(struct vfio_pci_variant_mig *mig, struct delayed_work *work,
			 unsigned long delay)
{
	kref_get(&mig->ref);
	if (!queue_delayed_work(vpv_wq, work, delay))
		vpv_mig_put(mig);
}

/* A work that runs already goes on. The state mutex is held, and the caller has a reference. */
void vpv_mig_cancel_later(struct vfio_pci_variant_mig *mig, struct delayed_work *work)
{
	if (cancel_delayed_work(work))
		vpv_mig_put(mig);
}

static void vpv_mig_reset_work(struct work_struct *work)
{
	struct vfio_pci_variant_mig *mig = container_of(work, struct vfio_pci_variant_mig,
							reset_work);

	vpv_mig_lock(mig);
	vpv_mig_unlock(mig);
	vpv_mig_put(mig);
}

static void vpv_mig_free_work(struct work_struct *work)
{
	struct vfio_pci_variant_mig *mig = container_of(work, struct vfio_pci_variant_mig,
							free_work);
	struct vpv_buf *buf, *next;

	llist_for_each_entry_safe(buf, next, llist_del_all(&mig->dying), dying_item)
		vpv_buf_free(buf);
	vpv_mig_put(mig);
}

struct vfio_pci_variant_mig *vpv_mig_alloc(struct vfio_pci_variant *variant)
{
	struct vfio_pci_variant_mig *mig;

	mig = kzalloc(sizeof(*mig), GFP_KERNEL_ACCOUNT);
	if (!mig)
		return NULL;

	kref_init(&mig->ref);
	mutex_init(&mig->state_mutex);
	mig->variant = variant;
	strscpy(mig->name, pci_name(variant->core.pdev), sizeof(mig->name));
	vpv_stats_init(&mig->stats);
	mig->state = VFIO_DEVICE_STATE_RUNNING;
	spin_lock_init(&mig->reset_lock);
	INIT_WORK(&mig->reset_work, vpv_mig_reset_work);
	INIT_LIST_HEAD(&mig->kept);
	init_llist_head(&mig->dying);
	INIT_WORK(&mig->free_work, vpv_mig_free_work);
	return mig;
}

/* The device is about to go; the caller still has its reference */
void vpv_mig_detach(struct vfio_pci_variant_mig *mig)
{
	vpv_mig_lock(mig);
	mig->variant = NULL;
	vpv_mig_unlock(mig);
}

/* The function was reset: whatever went on is over, and the device runs */
static void vpv_mig_reset_locked(struct vfio_pci_variant_mig *mig, bool raced)
{
	lockdep_assert_held(&mig->state_mutex);

	WRITE_ONCE(mig->resets, mig->resets + 1);
	if (!mig->variant)
		return;

	vpv_session_end(mig);
	if (!mig->gone && vpv_mig_ops(mig)->reset_done &&
	    vpv_mig_ops(mig)->reset_done(mig->variant, raced))
		WRITE_ONCE(mig->state, VFIO_DEVICE_STATE_ERROR);
}

/* Carries out the resets that have come */
static void vpv_mig_settle(struct vfio_pci_variant_mig *mig)
{
	spin_lock(&mig->reset_lock);
	while (mig->deferred_reset) {
		bool raced = mig->raced_reset;

		/* Before nobody sees any more that there was a reset */
		WRITE_ONCE(mig->state, VFIO_DEVICE_STATE_RUNNING);
		if (mig->session)
			vpv_session_fail(mig->session, -ENODEV);
		/* Pairs with vpv_session_error() */
		smp_store_release(&mig->deferred_reset, false);
		mig->raced_reset = false;
		spin_unlock(&mig->reset_lock);
		vpv_mig_reset_locked(mig, raced);
		spin_lock(&mig->reset_lock);
	}
	spin_unlock(&mig->reset_lock);
}

/* Whoever has the mutex finds a device whose resets are carried out, but for new ones */
void vpv_mig_lock(struct vfio_pci_variant_mig *mig)
{
	mutex_lock(&mig->state_mutex);
	vpv_mig_settle(mig);
}

int vpv_mig_lock_killable(struct vfio_pci_variant_mig *mig)
{
	int ret;

	ret = mutex_lock_killable(&mig->state_mutex);
	if (!ret)
		vpv_mig_settle(mig);
	return ret;
}

void vpv_mig_unlock(struct vfio_pci_variant_mig *mig)
{
	mutex_unlock(&mig->state_mutex);
}

/* The function is about to be reset. What is frozen from here on may stay so. */
void vpv_mig_reset_prepare(struct vfio_pci_variant_mig *mig)
{
	spin_lock(&mig->reset_lock);
	WRITE_ONCE(mig->resetting, true);
	spin_unlock(&mig->reset_lock);
}

/*
 * The function was reset. Waits neither for the state mutex nor for a device at work, which a
 * session's end can mean: see the lock order in mig.h. From here on the session's file
 * is dead and the state is RUNNING for user space all the same.
 */
void vpv_mig_reset_done(struct vfio_pci_variant_mig *mig)
{
	spin_lock(&mig->reset_lock);
	WRITE_ONCE(mig->deferred_reset, true);
	/* Pairs with vpv_session_error() */
	smp_store_release(&mig->resetting, false);
	spin_unlock(&mig->reset_lock);
	vpv_mig_queue(mig, &mig->reset_work);
}

/* A function of the backend has returned that a reset may have overtaken */
void vpv_mig_note_race(struct vfio_pci_variant_mig *mig)
{
	lockdep_assert_held(&mig->state_mutex);

	spin_lock(&mig->reset_lock);
	if (mig->resetting || mig->deferred_reset)
		mig->raced_reset = true;
	spin_unlock(&mig->reset_lock);
}

/* Is there a reset under way, or one that was not carried out yet? */
bool vpv_mig_is_resetting(struct vfio_pci_variant_mig *mig)
{
	bool resetting;

	lockdep_assert_held(&mig->state_mutex);

	spin_lock(&mig->reset_lock);
	resetting = mig->resetting || mig->deferred_reset;
	spin_unlock(&mig->reset_lock);
	return resetting;
}

/* What user space is told. Takes no mutex, so that it never waits for a device at work. */
enum vfio_device_mig_state vpv_mig_state(struct vfio_pci_variant_mig *mig)
{
	enum vfio_device_mig_state state;

	spin_lock(&mig->reset_lock);
	state = mig->deferred_reset ? VFIO_DEVICE_STATE_RUNNING : READ_ONCE(mig->state);
	spin_unlock(&mig->reset_lock);
	return state;
}

static void vpv_session_work(struct work_struct *work)
{
	struct vpv_session *session = container_of(work, struct vpv_session, work);
	struct vfio_pci_variant_mig *mig = session->mig;
	struct mem_cgroup *old;

	old = set_active_memcg(session->memcg);
	vpv_mig_lock(mig);
	if (mig->session == session)
		session->ops->work(session);
	vpv_mig_unlock(mig);
	set_active_memcg(old);
	vpv_session_put(session);
}

/*
 * Begins a session: @session is the first member of zeroed memory from kzalloc(), which
 * vpv_session_put() frees
 */
void vpv_session_init(struct vpv_session *session, struct vfio_pci_variant_mig *mig,
		      const struct vpv_session_ops *ops)
{
	lockdep_assert_held(&mig->state_mutex);

	/* The memory of one session at a time is the bound of what a device's user can take */
	flush_work(&mig->free_work);

	kref_init(&session->ref);
	session->ops = ops;
	session->mig = mig;
	kref_get(&mig->ref);
	session->memcg = get_mem_cgroup_from_mm(current->mm);
	INIT_WORK(&session->work, vpv_session_work);
	mutex_init(&session->io_mutex);
	INIT_LIST_HEAD(&session->bufs);
	spin_lock_init(&session->lock);
	init_waitqueue_head(&session->wait);
	INIT_LIST_HEAD(&session->spare);
}

static void vpv_session_free(struct kref *ref)
{
	struct vpv_session *session = container_of(ref, struct vpv_session, ref);

	mem_cgroup_put(session->memcg);
	vpv_mig_put(session->mig);
	mutex_destroy(&session->io_mutex);
	kfree(session);
}

void vpv_session_get(struct vpv_session *session)
{
	kref_get(&session->ref);
}

void vpv_session_put(struct vpv_session *session)
{
	kref_put(&session->ref, vpv_session_free);
}

/* Runs the session's work soon. The caller has a reference. From any context. */
void vpv_session_kick(struct vpv_session *session)
{
	vpv_session_get(session);
	if (!queue_work(vpv_wq, &session->work))
		vpv_session_put(session);
}

/*
 * The first error stays, but for the one that says that the session is over. A command that
 * fails while the function is being reset has found it running, or gone, by that.
 */
void vpv_session_fail(struct vpv_session *session, int error)
{
	unsigned long flags;
	bool first;

	if (READ_ONCE(session->mig->resetting))
		error = -ENODEV;
	spin_lock_irqsave(&session->lock, flags);
	first = !session->error;
	if (first || error == -ENODEV)
		session->error = error;
	spin_unlock_irqrestore(&session->lock, flags);
	if (first && error != -ENODEV)
		vpv_stats_fail(&session->mig->stats, error);
	wake_up_all(&session->wait);
}

/*
 * What a transfer says of the session's error, if there is one: ENODEV once a reset has come.
 * Takes no lock, as the caller may have session->lock. A reset's marks are set in the order
 * resetting, deferred_reset, session->error, each before the one in front of it is taken back:
 * so they are read.
 */
int vpv_session_error(struct vpv_session *session)
{
	struct vfio_pci_variant_mig *mig = session->mig;
	/* Pairs with the way from vpv_mig_reset_prepare() over the device to its error */
	int error = smp_load_acquire(&session->error);

	/* Pairs with vpv_mig_reset_done(). The reset is what a command has failed of. */
	if (error && smp_load_acquire(&mig->resetting))
		return -ENODEV;
	/* Pairs with vpv_mig_settle(). A later session begins after it. */
	if (smp_load_acquire(&mig->deferred_reset))
		return -ENODEV;
	if (error)
		error = READ_ONCE(session->error);
	return error == -ENOTRECOVERABLE ? -EIO : error;
}

int vpv_session_io_lock(struct vpv_session *session, bool nonblock)
{
	if (nonblock)
		return mutex_trylock(&session->io_mutex) ? 0 : -EAGAIN;

	return mutex_lock_interruptible(&session->io_mutex) ? -ERESTARTSYS : 0;
}

void vpv_session_io_unlock(struct vpv_session *session)
{
	mutex_unlock(&session->io_mutex);
}

/* A new buffer, the session's */
struct vpv_buf *vpv_session_add_buf(struct vpv_session *session, enum dma_data_direction dma_dir)
{
	struct vpv_buf *buf;

	lockdep_assert_held(&session->mig->state_mutex);

	buf = vpv_buf_alloc(session, dma_dir);
	if (!IS_ERR(buf))
		list_add_tail(&buf->bufs_item, &session->bufs);
	return buf;
}

/*
 * Gives a buffer a capacity of @bytes. Memory that is charged may be long in coming, and who
 * takes the PF away waits for the mutex: so in steps.
 */
int vpv_session_grow_buf(struct vpv_session *session, struct vpv_buf *buf, size_t bytes)
{
	size_t before = buf->pub.capacity_bytes;
	u64 memory_bytes;
	int ret = 0;

	lockdep_assert_held(&session->mig->state_mutex);

	/* Before all memory there is has gone into a part of it */
	if (!vpv_buf_can_have(bytes))
		return -E2BIG;

	while (!ret && buf->pub.capacity_bytes < bytes) {
		size_t step = min(bytes - buf->pub.capacity_bytes, (size_t)VPV_SESSION_GROW_BYTES);

		if (READ_ONCE(session->mig->going))
			ret = -ENOTCONN;
		else if (fatal_signal_pending(current))
			ret = -EINTR;
		else
			ret = vpv_buf_grow(buf, buf->pub.capacity_bytes + step);
	}
	if (ret || buf->pub.capacity_bytes != before) {
		memory_bytes = vpv_stats_add_memory(&session->mig->stats,
						    buf->pub.capacity_bytes - before);
		trace_vpv_buf_grow(session->mig, buf->pub.capacity_bytes, memory_bytes, ret);
	}
	return ret;
}

/* Whether the pages, which are then on their way to be freed, are no device's any more */
static bool vpv_buf_release(struct vfio_pci_variant_mig *mig, struct vpv_buf *buf)
{
	if (buf->pub.priv && vpv_mig_ops(mig)->buf_release &&
	    !vpv_mig_ops(mig)->buf_release(mig->variant, &buf->pub))
		return false;
	buf->pub.priv = NULL;
	llist_add(&buf->dying_item, &mig->dying);
	vpv_mig_queue(mig, &mig->free_work);
	return true;
}

static void vpv_mig_ask_for_kept(struct vfio_pci_variant_mig *mig)
{
	struct vpv_buf *buf, *next;

	lockdep_assert_held(&mig->state_mutex);

	list_for_each_entry_safe(buf, next, &mig->kept, bufs_item) {
		/* It may be freed at once */
		list_del_init(&buf->bufs_item);
		if (!vpv_buf_release(mig, buf))
			list_add(&buf->bufs_item, &mig->kept);
	}
}

/*
 * The buffer is not in flight. Its pages are freed later: in the destination of a migration
 * this is time in which the guest stands still.
 */
void vpv_session_drop_buf(struct vpv_session *session, struct vpv_buf *buf)
{
	struct vfio_pci_variant_mig *mig = session->mig;
	size_t bytes = buf->pub.capacity_bytes;
	bool released;
	u64 memory_bytes;

	lockdep_assert_held(&mig->state_mutex);

	spin_lock_irq(&session->lock);
	list_del_init(&buf->queue_item);
	spin_unlock_irq(&session->lock);
	list_del_init(&buf->bufs_item);
	released = vpv_buf_release(mig, buf);
	if (!released)
		list_add(&buf->bufs_item, &mig->kept);
	memory_bytes = vpv_stats_add_memory(&mig->stats, -(s64)bytes);
	trace_vpv_buf_drop(mig, bytes, memory_bytes, released ? 0 : -EIO);
}

/* The buffer, which is in no queue, can be used again */
void vpv_session_add_spare(struct vpv_session *session, struct vpv_buf *buf)
{
	spin_lock_irq(&session->lock);
	list_add_tail(&buf->queue_item, &session->spare);
	spin_unlock_irq(&session->lock);
}

/*
 * The smallest buffer that can be used again and has the capacity, or NULL. It is no spare
 * one any more.
 */
struct vpv_buf *vpv_session_find_spare(struct vpv_session *session, size_t bytes)
{
	struct vpv_buf *buf, *found = NULL;

	lockdep_assert_held(&session->mig->state_mutex);

	spin_lock_irq(&session->lock);
	list_for_each_entry(buf, &session->spare, queue_item) {
		if (buf->pub.capacity_bytes >= bytes &&
		    (!found || buf->pub.capacity_bytes < found->pub.capacity_bytes))
			found = buf;
	}
	if (found)
		list_del_init(&found->queue_item);
	spin_unlock_irq(&session->lock);
	return found;
}

/* Drops buffers that could be used again, as they are too small */
void vpv_session_drop_spares(struct vpv_session *session)
{
	struct vpv_buf *buf;

	while ((buf = vpv_session_find_spare(session, 0)))
		vpv_session_drop_buf(session, buf);
}

/* Is there a buffer with the capacity, whatever it is used for? */
bool vpv_session_has_buf(struct vpv_session *session, size_t bytes)
{
	struct vpv_buf *buf;

	lockdep_assert_held(&session->mig->state_mutex);

	list_for_each_entry(buf, &session->bufs, bufs_item)
		if (buf->pub.capacity_bytes >= bytes)
			return true;
	return false;
}

/* Gives a buffer to the backend, which has none: @start is its save_image or load_image */
int vpv_session_post(struct vpv_session *session, struct vpv_buf *buf,
		     int (*start)(struct vfio_pci_variant *variant,
				  struct vfio_pci_variant_buf *buf))
{
	int ret;

	lockdep_assert_held(&session->mig->state_mutex);

	WRITE_ONCE(session->in_flight, buf);
	session->posted_ns = ktime_get_ns();
	ret = start(session->mig->variant, &buf->pub);
	if (ret)
		WRITE_ONCE(session->in_flight, NULL);
	return ret;
}

/* The backend gives in_flight back, by a _done(). From any context. */
void vpv_session_landed(struct vpv_session *session, bool kick)
{
	unsigned long flags;

	/* From the unlock on the session may end, and the buffer with it */
	vpv_session_get(session);
	spin_lock_irqsave(&session->lock, flags);
	WRITE_ONCE(session->in_flight, NULL);
	spin_unlock_irqrestore(&session->lock, flags);

	wake_up_all(&session->wait);
	if (kick)
		vpv_session_kick(session);
	vpv_session_put(session);
}

/* Waits until the backend has no buffer, which is bounded; a signal that kills ends the wait */
int vpv_session_wait_idle(struct vpv_session *session)
{
	return wait_event_killable(session->wait, vpv_session_is_idle(session));
}

/*
 * Ends the engine's session, if there is one. On return the backend has none of its buffers,
 * and all that a transfer gets is ENODEV.
 */
void vpv_session_end(struct vfio_pci_variant_mig *mig)
{
	struct vpv_session *session = mig->session;
	struct vpv_buf *buf, *next;
	int error;

	lockdep_assert_held(&mig->state_mutex);

	vpv_mig_ask_for_kept(mig);
	if (!session)
		return;

	/* The error keeps all others off the queues */
	mig->session = NULL;
	error = READ_ONCE(session->error);
	vpv_session_fail(session, -ENODEV);
	session->ops->stop(session);
	vpv_stats_session_end(&mig->stats, session->complete, error);
	list_for_each_entry_safe(buf, next, &session->bufs, bufs_item)
		vpv_session_drop_buf(session, buf);
	vpv_session_put(session);
}
