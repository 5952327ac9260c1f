// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose turn it is: how many SAVE and LOAD commands a PF has at once.
 *
 * Each keeps one of the some 30 slots of the PF's command queue for as long as it
 * takes, which may be a minute, and the PF needs slots for all that its own driver
 * and the other VFs do. So only a few are posted, the others wait in the order in
 * which they came, and can be called off as long as they do.
 *
 * A command without an answer keeps its place, as the firmware keeps its slot,
 * until the PF comes back from a reload or reset. When all places are kept so, the
 * firmware is broken and nobody waits for it any more.
 */

#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "vhca_priv.h"

/*
 * As many VFs of one PF as the maker's own guides let migrate at the same time; more
 * would share the firmware's bandwidth anyway.
 */
#define VHCA_QUEUE_PLACES	4

/* Unbound, and not the system's: a command may take long, and several PFs have some */
static struct workqueue_struct *vhca_queue_wq;

struct mlx5_vhca_queue {
	struct list_head node;
	struct pci_dev *pf;
	unsigned int users;
	/* Commands that have a turn, and those that will never be answered */
	unsigned int posted;
	unsigned int unanswered;
	/* mlx5_vhca_image_cmd.turn */
	struct list_head waiting;
};

/* Protects the list, all queues on it, and mlx5_vhca_image_cmd.turn and .refused */
static DEFINE_SPINLOCK(vhca_queues_lock);
static LIST_HEAD(vhca_queues);

static struct mlx5_vhca_queue *vhca_queue_find(struct pci_dev *pf)
{
	struct mlx5_vhca_queue *queue;

	lockdep_assert_held(&vhca_queues_lock);

	list_for_each_entry(queue, &vhca_queues, node) {
		if (queue->pf == pf)
			return queue;
	}
	return NULL;
}

/**
 * mlx5_vhca_queue_get() - the queue that a VF shares with the PF's other VFs
 * @pf: the PF
 *
 * Return: the queue, until mlx5_vhca_queue_put(); NULL without memory.
 */
struct mlx5_vhca_queue *mlx5_vhca_queue_get(struct pci_dev *pf)
{
	struct mlx5_vhca_queue *queue, *fresh;

	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	if (!fresh)
		return NULL;
	fresh->pf = pf;
	INIT_LIST_HEAD(&fresh->waiting);

	spin_lock(&vhca_queues_lock);
	queue = vhca_queue_find(pf);
	if (!queue) {
		queue = fresh;
		fresh = NULL;
		list_add(&queue->node, &vhca_queues);
	}
	queue->users++;
	spin_unlock(&vhca_queues_lock);
	kfree(fresh);
	return queue;
}

void mlx5_vhca_queue_put(struct mlx5_vhca_queue *queue)
{
	bool last;

	spin_lock(&vhca_queues_lock);
	last = !--queue->users;
	if (last)
		list_del(&queue->node);
	spin_unlock(&vhca_queues_lock);
	if (last)
		kfree(queue);
}

static bool vhca_queue_is_broken(const struct mlx5_vhca_queue *queue)
{
	return queue->unanswered >= VHCA_QUEUE_PLACES;
}

/* Gives turns while there are places; in a broken queue, to be told so */
static void vhca_queue_run(struct mlx5_vhca_queue *queue)
{
	struct mlx5_vhca_image_cmd *cmd, *next;

	lockdep_assert_held(&vhca_queues_lock);

	list_for_each_entry_safe(cmd, next, &queue->waiting, turn) {
		cmd->refused = vhca_queue_is_broken(queue);
		if (!cmd->refused && queue->posted + queue->unanswered >= VHCA_QUEUE_PLACES)
			return;
		list_del_init(&cmd->turn);
		queue->posted++;
		queue_work(vhca_queue_wq, &cmd->work);
	}
}

/**
 * mlx5_vhca_queue_add() - have mlx5_vhca_image_cmd.work run when it is its turn
 * @vhca: the VHCA, locked, with its image command ready
 *
 * A turn lasts until mlx5_vhca_queue_done().
 */
void mlx5_vhca_queue_add(struct mlx5_vhca *vhca)
{
	spin_lock(&vhca_queues_lock);
	list_add_tail(&vhca->image.turn, &vhca->queue->waiting);
	vhca_queue_run(vhca->queue);
	spin_unlock(&vhca_queues_lock);
}

/**
 * mlx5_vhca_queue_leave() - call off a command that waits for its turn
 * @vhca: the VHCA, locked
 *
 * Return: whether it did.
 */
bool mlx5_vhca_queue_leave(struct mlx5_vhca *vhca)
{
	bool waited;

	spin_lock(&vhca_queues_lock);
	waited = !list_empty(&vhca->image.turn);
	list_del_init(&vhca->image.turn);
	spin_unlock(&vhca_queues_lock);
	return waited;
}

/**
 * mlx5_vhca_queue_refuse() - have a command that waits for its turn told that it gets none
 * @vhca: the VHCA, to which no other command can be added
 *
 * Its callback runs as that of any other does: who waits for it is not left alone.
 */
void mlx5_vhca_queue_refuse(struct mlx5_vhca *vhca)
{
	struct mlx5_vhca_image_cmd *cmd = &vhca->image;

	spin_lock(&vhca_queues_lock);
	if (!list_empty(&cmd->turn)) {
		list_del_init(&cmd->turn);
		cmd->refused = true;
		vhca->queue->posted++;
		queue_work(vhca_queue_wq, &cmd->work);
	}
	spin_unlock(&vhca_queues_lock);
}

/**
 * mlx5_vhca_queue_done() - end a turn
 * @vhca: the VHCA
 * @answered: false when the firmware may still be at work
 */
void mlx5_vhca_queue_done(struct mlx5_vhca *vhca, bool answered)
{
	spin_lock(&vhca_queues_lock);
	vhca->queue->posted--;
	if (!answered)
		vhca->queue->unanswered++;
	vhca_queue_run(vhca->queue);
	spin_unlock(&vhca_queues_lock);
}

/**
 * mlx5_vhca_queue_renew() - the PF was reset: its firmware owes nothing any more
 * @vhca: the VHCA, which the PF is about to enable
 */
void mlx5_vhca_queue_renew(struct mlx5_vhca *vhca)
{
	spin_lock(&vhca_queues_lock);
	vhca->queue->unanswered = 0;
	vhca_queue_run(vhca->queue);
	spin_unlock(&vhca_queues_lock);
}

int mlx5_vhca_queue_module_init(void)
{
	vhca_queue_wq = alloc_workqueue("mlx5_vhca_image", WQ_UNBOUND, 0);
	return vhca_queue_wq ? 0 : -ENOMEM;
}

void mlx5_vhca_queue_module_exit(void)
{
	destroy_workqueue(vhca_queue_wq);
}
