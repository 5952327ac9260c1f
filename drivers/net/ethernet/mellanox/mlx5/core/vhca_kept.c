// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a card does not let go of. Buffers are asked for again by who owns their pages.
 * Trackers are over, but for a command to destroy a part of one that failed. The card may
 * go on to write to their memory, so that stays, with all that it takes to try again: when
 * the next tracker starts, when the PF goes and when the VF does.
 *
 * Once the PF went, or the card was silent, a part's number may be that of another object, so
 * nothing is tried any more. When the PF comes back it was torn down meanwhile, and its
 * firmware has forgotten all.
 *
 * It does not come back to a VF that has gone: what that leaves is kept for good. Only its own
 * VF's notifier tells of a PF that was reset, and with the VF that is gone, too. Who can open
 * a VF cannot make it grow: for each session that leaves something a card must have been
 * silent or refused, and the VF must have left its driver since.
 */

#include <linux/kmemleak.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "vhca_kept.h"
#include "vhca_priv.h"
#include "vhca_track.h"

/* Of VFs that have gone. Nobody asks for them again, but they are not lost. */
static DEFINE_MUTEX(vhca_kept_lock);
static LIST_HEAD(vhca_kept_for_good);
static LIST_HEAD(vhca_bufs_for_good);

/**
 * mlx5_vhca_kept_add() - keep a tracker that could not be undone
 * @track: the tracker
 *
 * Context: holds the lock of its VHCA.
 */
void mlx5_vhca_kept_add(struct mlx5_vhca_track *track)
{
	lockdep_assert_held(&track->vhca->lock);

	list_add_tail(&track->node, &track->vhca->kept);
}

/**
 * mlx5_vhca_kept_retry() - try to undo what is kept
 * @vhca: the VHCA
 *
 * Context: holds the lock of the VHCA.
 */
void mlx5_vhca_kept_retry(struct mlx5_vhca *vhca)
{
	struct mlx5_vhca_track *track, *next;

	lockdep_assert_held(&vhca->lock);

	list_for_each_entry_safe(track, next, &vhca->kept, node) {
		if (!mlx5_vhca_track_undo(track))
			continue;
		list_del(&track->node);
		mlx5_vhca_track_free(track);
	}
}

/**
 * mlx5_vhca_kept_detach() - the PF goes: take all from the card, or leave it there
 * @vhca: the VHCA
 *
 * The tracker that is in use belongs to mlx5_vhca_track_stop() all the same.
 *
 * Context: holds the lock of the VHCA.
 */
void mlx5_vhca_kept_detach(struct mlx5_vhca *vhca)
{
	struct mlx5_vhca_track *track;

	lockdep_assert_held(&vhca->lock);

	mlx5_vhca_kept_retry(vhca);
	list_for_each_entry(track, &vhca->kept, node)
		mlx5_vhca_track_leave(track);
	if (vhca->track && !mlx5_vhca_track_undo(vhca->track))
		mlx5_vhca_track_leave(vhca->track);
}

/**
 * mlx5_vhca_kept_renew() - the PF was reset: free what is kept
 * @vhca: the VHCA, which the PF is about to enable
 *
 * Context: holds the lock of the VHCA.
 */
void mlx5_vhca_kept_renew(struct mlx5_vhca *vhca)
{
	struct mlx5_vhca_track *track, *next;

	lockdep_assert_held(&vhca->lock);

	if (vhca->track)
		mlx5_vhca_track_renew(vhca->track);
	list_for_each_entry_safe(track, next, &vhca->kept, node) {
		list_del(&track->node);
		mlx5_vhca_track_renew(track);
		mlx5_vhca_track_free(track);
	}
}

/**
 * mlx5_vhca_kept_close() - the VF goes
 * @vhca: the VHCA, whose tracker was stopped
 *
 * Context: process context.
 */
void mlx5_vhca_kept_close(struct mlx5_vhca *vhca)
{
	struct mlx5_vhca_buf *buf, *next;
	struct mlx5_vhca_track *track;
	LIST_HEAD(left_bufs);
	LIST_HEAD(left);

	mutex_lock(&vhca->lock);
	mlx5_vhca_kept_retry(vhca);
	list_for_each_entry(track, &vhca->kept, node) {
		if (!track->stale)
			mlx5_vhca_track_leave(track);
	}
	list_splice_init(&vhca->kept, &left);
	list_for_each_entry_safe(buf, next, &vhca->bufs, node) {
		/* Its pages go with its owner, who has never asked */
		WARN_ON(!buf->refused);
		mlx5_vhca_buf_keep(buf);
	}
	list_splice_init(&vhca->kept_bufs, &left_bufs);
	mutex_unlock(&vhca->lock);

	mutex_lock(&vhca_kept_lock);
	list_splice(&left, &vhca_kept_for_good);
	list_splice(&left_bufs, &vhca_bufs_for_good);
	mutex_unlock(&vhca_kept_lock);
}

/**
 * mlx5_vhca_kept_module_exit() - the last pointers to what is kept for good go
 *
 * No card forgets because a module does, so its memory must not become anybody else's.
 * What hangs on these is found through them.
 */
void mlx5_vhca_kept_module_exit(void)
{
	struct mlx5_vhca_track *track;
	struct mlx5_vhca_buf *buf;

	list_for_each_entry(track, &vhca_kept_for_good, node)
		kmemleak_not_leak(track);
	list_for_each_entry(buf, &vhca_bufs_for_good, node)
		kmemleak_not_leak(buf);
}
