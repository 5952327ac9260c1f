// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page trackers: the card remembers which pages a VF writes to, and sends their
 * addresses when it is asked.
 *
 * A report is asked for by a command and comes in messages. mlx5_vhca.lock is held
 * while one of them is waited for and put into runs of pages, and not while the
 * caller is told of those: that may take as long as the caller's own locks want.
 * report_mutex keeps reports apart, and start and stop away from them. A PF that goes
 * takes neither of the caller's locks nor that one: it takes the tracker away between
 * two messages.
 *
 * What a message told is told once. So with the first failure of any kind the tracker
 * is of no use any more: nobody knows what was not told.
 */

#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mlx5/driver.h>
#include <linux/mlx5/eq.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "vhca_conn.h"
#include "vhca_entries.h"
#include "vhca_kept.h"
#include "vhca_priv.h"
#include "vhca_ranges.h"
#include "vhca_track.h"
#include "vhca_track_mem.h"

#define VHCA_TRACK_IMM_SHIFT	28

/* 16,384 pages in a message, 1 MiB for all of them: enough for few messages a GiB */
#define VHCA_TRACK_LOG_MESSAGE	17U

/* How long a card may be silent, and how often it is asked how it is meanwhile */
#define VHCA_TRACK_SILENT_MS	5000
#define VHCA_TRACK_LOOK_MS	100

/* From the handler of mlx5_core's event queue */
static int vhca_track_event(struct notifier_block *nb, unsigned long type, void *data)
{
	struct mlx5_vhca_track *track = container_of(nb, struct mlx5_vhca_track, nb.nb);
	const struct mlx5_eqe *eqe = data;

	if (type == MLX5_EVENT_TYPE_OBJECT_CHANGE) {
		/* Its state changes by itself in one way alone */
		if (be16_to_cpu(eqe->data.obj_change.obj_type) == MLX5_OBJ_TYPE_PAGE_TRACK &&
		    be32_to_cpu(eqe->data.obj_change.obj_id) == track->id)
			mlx5_vhca_conn_break(track->conn);
		return NOTIFY_OK;
	}
	mlx5_vhca_conn_event(track->conn, type, eqe);
	return NOTIFY_OK;
}

static int vhca_track_wait(struct mlx5_vhca_track *track, struct mlx5_vhca_message *message)
{
	unsigned int waited_ms;
	int ret;

	for (waited_ms = 0; waited_ms < VHCA_TRACK_SILENT_MS; waited_ms += VHCA_TRACK_LOOK_MS) {
		ret = mlx5_vhca_conn_wait(track->conn, VHCA_TRACK_LOOK_MS, message);
		if (ret != -ETIMEDOUT)
			return ret;
		ret = mlx5_vhca_track_look(track);
		if (ret)
			return ret;
	}
	return -ETIMEDOUT;
}

/* The next message, as runs. Returns 1 when there are more, 0 when it is the last. */
static int vhca_track_take(struct mlx5_vhca_track *track)
{
	struct mlx5_core_dev *mdev = track->vhca->mdev;
	struct mlx5_vhca_message message;
	u32 state;
	int ret;

	ret = vhca_track_wait(track, &message);
	if (ret)
		return ret;

	mlx5_vhca_track_mem_begin(mdev, &track->mem);
	track->nr_runs = mlx5_vhca_entries_to_runs(track->mem.vaddr +
						   ((size_t)message.slot << track->log_message),
						   message.bytes / sizeof(__be64),
						   1ULL << track->log_page, track->runs);
	mlx5_vhca_track_mem_end(mdev, &track->mem);
	mlx5_vhca_conn_repost(track->conn);

	state = message.imm >> VHCA_TRACK_IMM_SHIFT;
	if (state == VHCA_TRACK_REPORTING)
		return 1;
	return state == VHCA_TRACK_TRACKING ? 0 : -EIO;
}

/* As mlx5_vhca_enter(), with a tracker that works */
static int vhca_track_enter(struct mlx5_vhca *vhca)
{
	int ret;

	ret = mlx5_vhca_enter(vhca);
	if (ret)
		return ret;
	if (!vhca->track->live)
		ret = -ENOTCONN;
	/* A card that has given up would refuse what it is asked, and the log tell of that */
	else if (vhca->track->broken || mlx5_vhca_conn_is_broken(vhca->track->conn))
		ret = -EIO;
	if (ret)
		mlx5_vhca_leave(vhca);
	return ret;
}

static int vhca_track_begin(struct mlx5_vhca *vhca, u64 start, u64 bytes)
{
	int ret;

	ret = vhca_track_enter(vhca);
	if (ret)
		return ret;
	ret = mlx5_vhca_track_ask(vhca->track, start, bytes);
	mlx5_vhca_leave(vhca);
	return ret;
}

static int vhca_track_next(struct mlx5_vhca *vhca)
{
	int ret;

	ret = vhca_track_enter(vhca);
	if (ret)
		return ret;
	ret = vhca_track_take(vhca->track);
	mlx5_vhca_leave(vhca);
	return ret;
}

static int vhca_track_tell(struct mlx5_vhca_track *track, mlx5_vhca_dirty_fn dirty, void *priv)
{
	unsigned int i;
	int ret;

	for (i = 0; i < track->nr_runs; i++) {
		ret = dirty(priv, track->runs[i].start, track->runs[i].bytes);
		if (ret)
			return ret;
	}
	return 0;
}

static int vhca_track_report(struct mlx5_vhca *vhca, u64 start, u64 bytes,
			     mlx5_vhca_dirty_fn dirty, void *priv)
{
	int more, ret;

	ret = vhca_track_begin(vhca, start, bytes);
	if (ret)
		return ret;
	do {
		more = vhca_track_next(vhca);
		if (more < 0)
			return more;
		ret = vhca_track_tell(vhca->track, dirty, priv);
		if (ret)
			return ret;
	} while (more);
	return 0;
}

int mlx5_vhca_track_report(struct mlx5_vhca *vhca, u64 start, u64 bytes,
			   mlx5_vhca_dirty_fn dirty, void *priv)
{
	struct mlx5_vhca_track *track;
	int ret;

	mutex_lock(&vhca->report_mutex);
	track = vhca->track;
	ret = -ENOENT;
	if (!track)
		goto out_unlock;
	ret = -EINVAL;
	if (!mlx5_vhca_ranges_cover(track->ranges, track->nr_ranges, start, bytes) ||
	    !IS_ALIGNED(start | bytes, 1ULL << track->log_page))
		goto out_unlock;

	ret = vhca_track_report(vhca, start, bytes, dirty, priv);
	if (ret)
		track->broken = true;
out_unlock:
	mutex_unlock(&vhca->report_mutex);
	return ret;
}
EXPORT_SYMBOL_GPL(mlx5_vhca_track_report);

int mlx5_vhca_track_report_all(struct mlx5_vhca *vhca, mlx5_vhca_dirty_fn dirty, void *priv)
{
	struct mlx5_vhca_track *track;
	unsigned int i;
	int ret = 0;

	mutex_lock(&vhca->report_mutex);
	track = vhca->track;
	if (!track)
		ret = -ENOENT;
	for (i = 0; track && !ret && i < track->nr_ranges; i++)
		ret = vhca_track_report(vhca, track->ranges[i].start, track->ranges[i].bytes,
					dirty, priv);
	if (track && ret)
		track->broken = true;
	mutex_unlock(&vhca->report_mutex);
	return ret;
}
EXPORT_SYMBOL_GPL(mlx5_vhca_track_report_all);

static void vhca_track_end(struct mlx5_vhca_track *track)
{
	lockdep_assert_held(&track->vhca->lock);

	if (mlx5_vhca_track_undo(track))
		mlx5_vhca_track_free(track);
	else
		mlx5_vhca_kept_add(track);
}

void mlx5_vhca_track_stop(struct mlx5_vhca *vhca)
{
	struct mlx5_vhca_track *track;

	mutex_lock(&vhca->report_mutex);
	mutex_lock(&vhca->lock);
	track = vhca->track;
	vhca->track = NULL;
	if (track)
		vhca_track_end(track);
	mutex_unlock(&vhca->lock);
	mutex_unlock(&vhca->report_mutex);
}
EXPORT_SYMBOL_GPL(mlx5_vhca_track_stop);

/* What the card can do with that: numbers of the tracker, and ranges as it wants them */
static int vhca_track_fit(struct mlx5_vhca_track *track, u64 page_bytes)
{
	struct mlx5_core_dev *mdev = track->vhca->mdev;

#define CAP(f) ((unsigned int)MLX5_CAP_ADV_VIRTUALIZATION(mdev, pg_track_##f))
	if (!CAP(max_num_range))
		return -EOPNOTSUPP;
	/* Smaller pages tell more than was asked for; larger ones are another question */
	track->log_page = min_t(unsigned int, ilog2(page_bytes), CAP(log_max_page_size));
	if (track->log_page < CAP(log_min_page_size))
		return -EOPNOTSUPP;
	track->log_message = clamp(VHCA_TRACK_LOG_MESSAGE, CAP(log_min_msg_size),
				   CAP(log_max_msg_size));
	/* The memory consists of pages of its own for each message */
	if (track->log_message < PAGE_SHIFT)
		return -EOPNOTSUPP;
	track->nr_ranges = mlx5_vhca_ranges_merge(track->ranges, track->nr_ranges,
						  CAP(max_num_range));
	if (mlx5_vhca_ranges_log_space(track->ranges, track->nr_ranges) >
	    CAP(log_max_addr_space))
		return -E2BIG;
#undef CAP
	return 0;
}

/* Connection, notifier and object, in that order */
static int vhca_track_connect(struct mlx5_vhca_track *track)
{
	struct mlx5_vhca *vhca = track->vhca;
	struct mlx5_vhca_conn_setup setup = {
		.mdev = vhca->mdev,
		.pdn = vhca->pdn,
		.mkey = track->mem.buf->mkey,
		.message_bytes = 1U << track->log_message,
	};
	int ret;

	lockdep_assert_held(&vhca->lock);

	/* The PF went and came back since it was made */
	if (!track->mem.buf->mapped)
		return -ENOTCONN;

	ret = mlx5_vhca_conn_create(&setup, &track->conn);
	if (ret)
		return mlx5_vhca_core_errno(ret);
	MLX5_NB_INIT(&track->nb, vhca_track_event, NOTIFY_ANY);
	mlx5_eq_notifier_register(vhca->mdev, &track->nb);
	track->live = true;
	return mlx5_vhca_track_create_obj(track);
}

static bool vhca_track_range_good(const struct mlx5_vhca_range *range, u64 page_bytes)
{
	return range->bytes && IS_ALIGNED(range->start | range->bytes, page_bytes) &&
	       range->start + range->bytes > range->start;
}

static struct mlx5_vhca_track *vhca_track_alloc(struct mlx5_vhca *vhca,
						const struct mlx5_vhca_range *ranges,
						unsigned int nr_ranges, u64 page_bytes)
{
	struct mlx5_vhca_track *track;
	unsigned int i;

	if (!nr_ranges || !is_power_of_2(page_bytes))
		return ERR_PTR(-EINVAL);
	for (i = 0; i < nr_ranges; i++) {
		if (!vhca_track_range_good(&ranges[i], page_bytes))
			return ERR_PTR(-EINVAL);
	}
	track = kzalloc(struct_size(track, ranges, nr_ranges), GFP_KERNEL_ACCOUNT);
	if (!track)
		return ERR_PTR(-ENOMEM);
	track->vhca = vhca;
	track->nr_ranges = nr_ranges;
	memcpy(track->ranges, ranges, nr_ranges * sizeof(*ranges));
	return track;
}

/* What needs the PF, but for the memory in between, which takes the lock by itself */
static int vhca_track_make(struct mlx5_vhca_track *track, u64 page_bytes)
{
	struct mlx5_vhca *vhca = track->vhca;
	size_t message_bytes;
	int ret;

	ret = mlx5_vhca_enter(vhca);
	if (ret)
		return ret;
	ret = vhca_track_fit(track, page_bytes);
	mlx5_vhca_leave(vhca);
	if (ret)
		return ret;

	message_bytes = 1UL << track->log_message;
	track->runs = kvmalloc_array(message_bytes / sizeof(__be64), sizeof(*track->runs),
				     GFP_KERNEL_ACCOUNT);
	if (!track->runs)
		return -ENOMEM;
	return mlx5_vhca_track_mem_create(vhca, &track->mem,
					  MLX5_VHCA_CONN_RECVS * message_bytes);
}

static int vhca_track_start(struct mlx5_vhca *vhca, const struct mlx5_vhca_range *ranges,
			    unsigned int nr_ranges, u64 page_bytes)
{
	struct mlx5_vhca_track *track;
	int ret;

	lockdep_assert_held(&vhca->report_mutex);

	if (vhca->track)
		return -EBUSY;
	track = vhca_track_alloc(vhca, ranges, nr_ranges, page_bytes);
	if (IS_ERR(track))
		return PTR_ERR(track);
	ret = vhca_track_make(track, page_bytes);
	if (ret) {
		kvfree(track->runs);
		kfree(track);
		return ret;
	}

	ret = mlx5_vhca_enter(vhca);
	if (!ret) {
		mlx5_vhca_kept_retry(vhca);
		ret = vhca_track_connect(track);
		if (!ret)
			vhca->track = track;
		mlx5_vhca_leave(vhca);
	}
	if (ret) {
		mutex_lock(&vhca->lock);
		vhca_track_end(track);
		mutex_unlock(&vhca->lock);
	}
	return ret;
}

int mlx5_vhca_track_start(struct mlx5_vhca *vhca, const struct mlx5_vhca_range *ranges,
			  unsigned int nr_ranges, u64 page_bytes)
{
	int ret;

	if (!(vhca->caps & MLX5_VHCA_CAP_DIRTY_PAGES))
		return -EOPNOTSUPP;

	mutex_lock(&vhca->report_mutex);
	ret = vhca_track_start(vhca, ranges, nr_ranges, page_bytes);
	mutex_unlock(&vhca->report_mutex);
	return ret;
}
EXPORT_SYMBOL_GPL(mlx5_vhca_track_start);
