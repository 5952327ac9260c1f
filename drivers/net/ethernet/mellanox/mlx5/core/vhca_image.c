// SPDX-License-Identifier: GPL-2.0-only
/*
 * SAVE_VHCA_STATE and LOAD_VHCA_STATE. A large image takes the firmware long, so
 * these commands do not block their caller: a work item posts them, when it is their
 * turn, and waits, and then calls the client, who may start the next one.
 *
 * mlx5_cmd_exec_cb() is not used: on 6.1 the completion of a command that failed
 * enables interrupts in the interrupt handler, and a user can make loads fail.
 */

#include <linux/build_bug.h>
#include <linux/dma-mapping.h>
#include <linux/ktime.h>
#include <linux/pci.h>

#include "vhca_priv.h"
#include "vhca_trace.h"

/* One pair of mailboxes does for both */
static_assert(MLX5_ST_SZ_BYTES(load_vhca_state_in) == MLX5_ST_SZ_BYTES(save_vhca_state_in));
static_assert(MLX5_ST_SZ_BYTES(load_vhca_state_out) == MLX5_ST_SZ_BYTES(save_vhca_state_out));

static void vhca_image_saved(struct mlx5_vhca *vhca, struct mlx5_vhca_result *result)
{
	struct mlx5_vhca_image_cmd *cmd = &vhca->image;
	u32 room = cmd->buf ? cmd->buf->bytes : 0;
	u32 image_bytes;

	lockdep_assert_held(&vhca->lock);

	image_bytes = MLX5_GET(save_vhca_state_out, cmd->out, actual_image_size);
	/* More than the buffer would make the client send memory of others */
	if (image_bytes > room) {
		dev_err_ratelimited(&vhca->vf->dev,
				    "firmware claims to have saved %u bytes where %u fit\n",
				    image_bytes, room);
		result->err = -EIO;
		return;
	}

	result->image_bytes = image_bytes;
	if (cmd->flags & MLX5_VHCA_CHUNK)
		result->next_bytes = MLX5_GET(save_vhca_state_out, cmd->out,
					      next_required_umem_size);
	if (cmd->buf)
		dma_sync_sgtable_for_cpu(vhca->mdev->device, cmd->buf->sgt, DMA_FROM_DEVICE);
}

/*
 * No answer: the firmware may use the buffer at any time, and a second command would
 * only be lost like this one.
 */
static void vhca_image_unanswered(struct mlx5_vhca *vhca, const char *what)
{
	struct mlx5_vhca_buf *buf = vhca->image.buf;

	lockdep_assert_held(&vhca->lock);

	vhca->owes_answer = true;
	if (buf)
		buf->kept = true;
	pci_warn(vhca->vf, "%s got no answer: %u bytes of memory stay with the firmware for good, and the VF is not saved or loaded again before %s was reloaded\n",
		 what, buf ? buf->bytes : 0, pci_name(pci_physfn(vhca->vf)));
}

static void vhca_image_finish(struct mlx5_vhca *vhca, int err, struct mlx5_vhca_result *result)
{
	struct mlx5_vhca_image_cmd *cmd = &vhca->image;
	bool save = MLX5_GET(save_vhca_state_in, cmd->in, opcode) == MLX5_CMD_OP_SAVE_VHCA_STATE;
	const char *what = save ? "SAVE_VHCA_STATE" : "LOAD_VHCA_STATE";

	lockdep_assert_held(&vhca->lock);

	if (err == -EREMOTEIO)
		result->fw_status = MLX5_GET(save_vhca_state_out, cmd->out, status);
	result->err = mlx5_vhca_stale_errno(mlx5_vhca_fw_errno(vhca, err, what, cmd->out),
					    result->fw_status, cmd->flags);
	if (err == -ETIMEDOUT)
		vhca_image_unanswered(vhca, what);
	if (!result->err && save)
		vhca_image_saved(vhca, result);
	/* The image came from outside, so this is not the device's failure */
	if (!save && result->fw_status == MLX5_CMD_STAT_BAD_PARAM_ERR)
		result->err = -EINVAL;
}

/* Under the lock: a command that the firmware has had, from @began_ns on */
static void vhca_image_trace(struct mlx5_vhca *vhca, const struct mlx5_vhca_result *result,
			     u64 began_ns)
{
	const struct mlx5_vhca_image_cmd *cmd = &vhca->image;
	struct mlx5_vhca_trace trace = {
		.opcode = MLX5_GET(save_vhca_state_in, cmd->in, opcode),
		.flags = cmd->flags,
		.bytes = result->image_bytes,
		.err = result->err,
		.ns = ktime_get_ns() - began_ns,
		.waited_ns = began_ns - cmd->queued_ns,
	};

	if (trace.opcode == MLX5_CMD_OP_LOAD_VHCA_STATE)
		trace.bytes = MLX5_GET(load_vhca_state_in, cmd->in, size);
	mlx5_vhca_trace(vhca, cmd->out, &trace);
}

/* Under the lock: the command, or what would have become of it, is over */
static void vhca_image_end(struct mlx5_vhca_image_cmd *cmd)
{
	WRITE_ONCE(cmd->pending, cmd->pending - 1);
	wake_up_all(&cmd->idle);
}

static void vhca_image_work(struct work_struct *work)
{
	struct mlx5_vhca_image_cmd *cmd = container_of(work, struct mlx5_vhca_image_cmd, work);
	struct mlx5_vhca *vhca = container_of(cmd, struct mlx5_vhca, image);
	struct mlx5_vhca_result result = {};
	mlx5_vhca_done_fn done;
	u64 began_ns = 0;
	bool posted;
	void *priv;
	int err = 0;

	/* The queue has done with the command, so this does not change any more */
	posted = !cmd->refused;
	if (posted) {
		mutex_lock(&vhca->lock);
		WRITE_ONCE(cmd->posted, true);
		mutex_unlock(&vhca->lock);
		began_ns = ktime_get_ns();
		/* Without the lock, so that sizes can be asked for meanwhile */
		err = mlx5_cmd_do(vhca->mdev, cmd->in, sizeof(cmd->in),
				  cmd->out, sizeof(cmd->out));
	}

	mutex_lock(&vhca->lock);
	if (posted) {
		vhca_image_finish(vhca, err, &result);
		vhca_image_trace(vhca, &result, began_ns);
	} else {
		result.err = vhca->link == MLX5_VHCA_ATTACHED ? -EBUSY : -ENOTCONN;
	}
	done = cmd->done;
	priv = cmd->priv;
	cmd->buf = NULL;
	cmd->in_flight = false;
	WRITE_ONCE(cmd->posted, false);
	wake_up_all(&cmd->idle);
	mlx5_vhca_queue_done(vhca, err != -ETIMEDOUT);
	mutex_unlock(&vhca->lock);

	done(priv, &result);

	mutex_lock(&vhca->lock);
	vhca_image_end(cmd);
	mutex_unlock(&vhca->lock);
}

static void vhca_image_post(struct mlx5_vhca *vhca)
{
	struct mlx5_vhca_image_cmd *cmd = &vhca->image;

	lockdep_assert_held(&vhca->lock);

	if (cmd->buf)
		dma_sync_sgtable_for_device(vhca->mdev->device, cmd->buf->sgt, cmd->buf->dir);
	cmd->in_flight = true;
	cmd->queued_ns = ktime_get_ns();
	WRITE_ONCE(cmd->pending, cmd->pending + 1);
	mlx5_vhca_queue_add(vhca);
}

/* Take the one image command there is, if @buf can be used with it */
static int vhca_image_claim(struct mlx5_vhca *vhca, struct mlx5_vhca_buf *buf,
			    mlx5_vhca_done_fn done, void *priv)
{
	struct mlx5_vhca_image_cmd *cmd = &vhca->image;

	lockdep_assert_held(&vhca->lock);

	/* It was made before the PF went away and came back */
	if (buf && !buf->mapped)
		return -ENOTCONN;
	if (cmd->in_flight || vhca->owes_answer)
		return -EBUSY;

	memset(cmd->in, 0, sizeof(cmd->in));
	memset(cmd->out, 0, sizeof(cmd->out));
	cmd->buf = buf;
	cmd->flags = 0;
	cmd->done = done;
	cmd->priv = priv;
	return 0;
}

int mlx5_vhca_save(struct mlx5_vhca *vhca, struct mlx5_vhca_buf *buf, u32 flags,
		   mlx5_vhca_done_fn done, void *priv)
{
	void *in = vhca->image.in;
	int ret;

	if (WARN_ON(buf && buf->dir != DMA_FROM_DEVICE))
		return -EINVAL;
	ret = mlx5_vhca_check_flags(vhca, flags, MLX5_VHCA_INCREMENTAL | MLX5_VHCA_SET_TRACK |
				    MLX5_VHCA_CHUNK);
	if (ret)
		return ret;

	ret = mlx5_vhca_enter(vhca);
	if (ret)
		return ret;
	ret = vhca_image_claim(vhca, buf, done, priv);
	if (ret)
		goto out_leave;

	vhca->image.flags = flags;
	MLX5_SET(save_vhca_state_in, in, opcode, MLX5_CMD_OP_SAVE_VHCA_STATE);
	MLX5_SET(save_vhca_state_in, in, incremental, !!(flags & MLX5_VHCA_INCREMENTAL));
	MLX5_SET(save_vhca_state_in, in, set_track, !!(flags & MLX5_VHCA_SET_TRACK));
	MLX5_SET(save_vhca_state_in, in, vhca_id, vhca->vhca_id);
	if (buf) {
		MLX5_SET(save_vhca_state_in, in, mkey, buf->mkey);
		MLX5_SET(save_vhca_state_in, in, size, buf->bytes);
	}
	vhca_image_post(vhca);
out_leave:
	mlx5_vhca_leave(vhca);
	return ret;
}
EXPORT_SYMBOL_GPL(mlx5_vhca_save);

int mlx5_vhca_load(struct mlx5_vhca *vhca, struct mlx5_vhca_buf *buf, u32 image_bytes,
		   mlx5_vhca_done_fn done, void *priv)
{
	void *in = vhca->image.in;
	int ret;

	if (WARN_ON(buf->dir != DMA_TO_DEVICE || image_bytes > buf->bytes))
		return -EINVAL;

	ret = mlx5_vhca_enter(vhca);
	if (ret)
		return ret;
	ret = vhca_image_claim(vhca, buf, done, priv);
	if (ret)
		goto out_leave;

	MLX5_SET(load_vhca_state_in, in, opcode, MLX5_CMD_OP_LOAD_VHCA_STATE);
	MLX5_SET(load_vhca_state_in, in, vhca_id, vhca->vhca_id);
	MLX5_SET(load_vhca_state_in, in, mkey, buf->mkey);
	MLX5_SET(load_vhca_state_in, in, size, image_bytes);
	vhca_image_post(vhca);
out_leave:
	mlx5_vhca_leave(vhca);
	return ret;
}
EXPORT_SYMBOL_GPL(mlx5_vhca_load);

void mlx5_vhca_image_stop(struct mlx5_vhca *vhca)
{
	struct mlx5_vhca_image_cmd *cmd = &vhca->image;

	mutex_lock(&vhca->lock);
	if (mlx5_vhca_queue_leave(vhca)) {
		cmd->buf = NULL;
		cmd->in_flight = false;
		vhca_image_end(cmd);
	}
	mutex_unlock(&vhca->lock);
	/*
	 * Not interruptible, as the firmware uses the buffer until then.
	 * mlx5_core gives up on a command after 60 s.
	 */
	wait_event(cmd->idle, !READ_ONCE(cmd->pending));
	/* What wakes us still has to leave the work function */
	flush_work(&cmd->work);
}
EXPORT_SYMBOL_GPL(mlx5_vhca_image_stop);

void mlx5_vhca_image_init(struct mlx5_vhca *vhca)
{
	INIT_LIST_HEAD(&vhca->image.turn);
	INIT_WORK(&vhca->image.work, vhca_image_work);
	init_waitqueue_head(&vhca->image.idle);
}
