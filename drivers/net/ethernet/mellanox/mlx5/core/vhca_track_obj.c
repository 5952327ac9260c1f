// SPDX-License-Identifier: GPL-2.0-only
/* The object in the card that is a page tracker, from its creation to its end. */

#include <linux/minmax.h>
#include <linux/mlx5/driver.h>
#include <linux/mlx5/eq.h>
#include <linux/slab.h>

#include "vhca_conn.h"
#include "vhca_priv.h"
#include "vhca_ranges.h"
#include "vhca_track.h"
#include "vhca_track_mem.h"

#define VHCA_TRACK_TYPE_DIRTY	1	/* page_track.track_type */
#define VHCA_TRACK_SELECT	3	/* modify_field_select: state and range */

static int vhca_track_exec(struct mlx5_vhca *vhca, const char *what, void *in, int in_bytes,
			   void *out, int out_bytes)
{
	int err;

	lockdep_assert_held(&vhca->lock);

	err = mlx5_cmd_do(vhca->mdev, in, in_bytes, out, out_bytes);
	return mlx5_vhca_fw_errno(vhca, err, what, out);
}

static void vhca_track_fill(struct mlx5_vhca_track *track, void *in)
{
	void *ctx = MLX5_ADDR_OF(create_page_track_obj_in, in, obj_context);
	void *hdr = MLX5_ADDR_OF(create_page_track_obj_in, in, general_obj_in_cmd_hdr);
	void *range = MLX5_ADDR_OF(page_track, ctx, track_range);
	struct mlx5_core_dev *mdev = track->vhca->mdev;
	unsigned int i, log_space;

	log_space = mlx5_vhca_ranges_log_space(track->ranges, track->nr_ranges);
	log_space = max_t(unsigned int, log_space,
			  MLX5_CAP_ADV_VIRTUALIZATION(mdev, pg_track_log_min_addr_space));

	MLX5_SET(general_obj_in_cmd_hdr, hdr, opcode, MLX5_CMD_OP_CREATE_GENERAL_OBJECT);
	MLX5_SET(general_obj_in_cmd_hdr, hdr, obj_type, MLX5_OBJ_TYPE_PAGE_TRACK);
	MLX5_SET(page_track, ctx, vhca_id, track->vhca->vhca_id);
	MLX5_SET(page_track, ctx, track_type, VHCA_TRACK_TYPE_DIRTY);
	MLX5_SET(page_track, ctx, log_addr_space_size, log_space);
	MLX5_SET(page_track, ctx, log_page_size, track->log_page);
	MLX5_SET(page_track, ctx, log_msg_size, track->log_message);
	MLX5_SET(page_track, ctx, reporting_qpn, track->conn->fw_qpn);
	MLX5_SET(page_track, ctx, num_ranges, track->nr_ranges);
	for (i = 0; i < track->nr_ranges; i++) {
		MLX5_SET64(page_track_range, range, start_address, track->ranges[i].start);
		MLX5_SET64(page_track_range, range, length, track->ranges[i].bytes);
		range += MLX5_ST_SZ_BYTES(page_track_range);
	}
}

/**
 * mlx5_vhca_track_create_obj() - have the card track
 * @track: the tracker, with all that the object needs
 *
 * Context: holds the lock of the VHCA, as the two below.
 * Return: 0 or a negative errno.
 */
int mlx5_vhca_track_create_obj(struct mlx5_vhca_track *track)
{
	u32 out[MLX5_ST_SZ_DW(general_obj_out_cmd_hdr)] = {};
	int in_bytes, ret;
	void *in;

	in_bytes = MLX5_ST_SZ_BYTES(create_page_track_obj_in) +
		   track->nr_ranges * MLX5_ST_SZ_BYTES(page_track_range);
	in = kzalloc(in_bytes, GFP_KERNEL);
	if (!in)
		return -ENOMEM;
	vhca_track_fill(track, in);
	ret = vhca_track_exec(track->vhca, "CREATE_GENERAL_OBJECT", in, in_bytes, out,
			      sizeof(out));
	kfree(in);
	if (ret)
		return ret;
	track->id = MLX5_GET(general_obj_out_cmd_hdr, out, obj_id);
	track->has_obj = true;
	return 0;
}

static void vhca_track_destroy_obj(struct mlx5_vhca_track *track)
{
	u32 out[MLX5_ST_SZ_DW(general_obj_out_cmd_hdr)] = {};
	u32 in[MLX5_ST_SZ_DW(general_obj_in_cmd_hdr)] = {};
	int ret;

	if (!track->has_obj)
		return;
	MLX5_SET(general_obj_in_cmd_hdr, in, opcode, MLX5_CMD_OP_DESTROY_GENERAL_OBJECT);
	MLX5_SET(general_obj_in_cmd_hdr, in, obj_type, MLX5_OBJ_TYPE_PAGE_TRACK);
	MLX5_SET(general_obj_in_cmd_hdr, in, obj_id, track->id);
	ret = vhca_track_exec(track->vhca, "DESTROY_GENERAL_OBJECT", in, sizeof(in), out,
			      sizeof(out));
	if (ret == -ETIMEDOUT)
		track->unanswered = true;
	if (!ret)
		track->has_obj = false;
}

/* Each part of it is asked once to go, whatever became of those before */
static bool vhca_track_undo_parts(struct mlx5_vhca_track *track)
{
	vhca_track_destroy_obj(track);
	if (track->conn && !mlx5_vhca_conn_destroy(track->conn, track->has_obj)) {
		track->unanswered |= track->conn->unanswered;
		return false;
	}
	track->conn = NULL;
	return mlx5_vhca_buf_unmap(track->mem.buf);
}

/**
 * mlx5_vhca_track_look() - has the card given up? Asked when it is silent.
 * @track: the tracker
 *
 * Return: 0 or a negative errno.
 */
int mlx5_vhca_track_look(struct mlx5_vhca_track *track)
{
	u32 out[MLX5_ST_SZ_DW(query_page_track_obj_out)] = {};
	u32 in[MLX5_ST_SZ_DW(general_obj_in_cmd_hdr)] = {};
	u8 state;
	int ret;

	MLX5_SET(general_obj_in_cmd_hdr, in, opcode, MLX5_CMD_OP_QUERY_GENERAL_OBJECT);
	MLX5_SET(general_obj_in_cmd_hdr, in, obj_type, MLX5_OBJ_TYPE_PAGE_TRACK);
	MLX5_SET(general_obj_in_cmd_hdr, in, obj_id, track->id);
	ret = vhca_track_exec(track->vhca, "QUERY_GENERAL_OBJECT", in, sizeof(in), out,
			      sizeof(out));
	if (ret)
		return ret;
	state = MLX5_GET(query_page_track_obj_out, out, obj_context.state);
	return state == VHCA_TRACK_TRACKING || state == VHCA_TRACK_REPORTING ? 0 : -EIO;
}

/**
 * mlx5_vhca_track_ask() - ask for a report, which comes in messages
 * @track: the tracker
 * @start: of a part of one of its ranges
 * @bytes: how long that is
 *
 * Return: 0 or a negative errno.
 */
int mlx5_vhca_track_ask(struct mlx5_vhca_track *track, u64 start, u64 bytes)
{
	u32 out[MLX5_ST_SZ_DW(general_obj_out_cmd_hdr)] = {};
	u32 in[MLX5_ST_SZ_DW(modify_page_track_obj_in)] = {};
	void *ctx = MLX5_ADDR_OF(modify_page_track_obj_in, in, obj_context);
	void *hdr = MLX5_ADDR_OF(modify_page_track_obj_in, in, general_obj_in_cmd_hdr);

	MLX5_SET(general_obj_in_cmd_hdr, hdr, opcode, MLX5_CMD_OP_MODIFY_GENERAL_OBJECT);
	MLX5_SET(general_obj_in_cmd_hdr, hdr, obj_type, MLX5_OBJ_TYPE_PAGE_TRACK);
	MLX5_SET(general_obj_in_cmd_hdr, hdr, obj_id, track->id);
	MLX5_SET64(page_track, ctx, modify_field_select, VHCA_TRACK_SELECT);
	MLX5_SET(page_track, ctx, state, VHCA_TRACK_REPORTING);
	MLX5_SET64(page_track, ctx, range_start_address, start);
	MLX5_SET64(page_track, ctx, length, bytes);
	return vhca_track_exec(track->vhca, "MODIFY_GENERAL_OBJECT", in, sizeof(in), out,
			       sizeof(out));
}

/**
 * mlx5_vhca_track_undo() - take a tracker away from the card
 * @track: the tracker, which is of no use then
 *
 * Context: holds the lock of the VHCA.
 * Return: true; or false when a part of it is still there. It can be tried again while
 * the PF is not reset. That does nothing once a command was not answered.
 */
bool mlx5_vhca_track_undo(struct mlx5_vhca_track *track)
{
	lockdep_assert_held(&track->vhca->lock);

	if (track->stale)
		return false;
	if (track->live) {
		track->live = false;
		mlx5_eq_notifier_unregister(track->vhca->mdev, &track->nb);
	}
	if (vhca_track_undo_parts(track))
		return true;
	if (track->unanswered)
		mlx5_vhca_track_leave(track);
	return false;
}

/**
 * mlx5_vhca_track_leave() - leave to the card what there is of a tracker
 * @track: the tracker, which could not be undone
 *
 * No command names a part of it any more: the PF is about to be reset, or the card may yet
 * carry out one that it did not answer, and the numbers then are those of other objects.
 *
 * Context: holds the lock of the VHCA.
 */
void mlx5_vhca_track_leave(struct mlx5_vhca_track *track)
{
	lockdep_assert_held(&track->vhca->lock);

	track->stale = true;
	mlx5_vhca_buf_keep(track->mem.buf);
	if (track->conn)
		mlx5_vhca_conn_put_uar(track->conn);
}

/**
 * mlx5_vhca_track_renew() - the PF was reset: the card has forgotten a tracker
 * @track: the tracker
 *
 * Context: holds the lock of the VHCA.
 */
void mlx5_vhca_track_renew(struct mlx5_vhca_track *track)
{
	lockdep_assert_held(&track->vhca->lock);

	track->stale = false;
	track->unanswered = false;
	track->has_obj = false;
	if (track->conn)
		mlx5_vhca_conn_free(track->conn);
	track->conn = NULL;
}

/**
 * mlx5_vhca_track_free() - free a tracker that the card knows nothing of
 * @track: the tracker
 */
void mlx5_vhca_track_free(struct mlx5_vhca_track *track)
{
	mlx5_vhca_track_mem_free(&track->mem);
	kvfree(track->runs);
	kfree(track);
}
