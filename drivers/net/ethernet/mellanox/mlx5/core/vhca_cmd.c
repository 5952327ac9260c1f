// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VHCA migration commands that complete while their caller waits, one
 * function each. Field positions are those of mlx5_ifc.h.
 *
 * The commands go through mlx5_cmd_do(), not mlx5_cmd_exec(): the status of a
 * refused command then comes back to us, and the log line names the VF.
 */

#include <linux/ktime.h>
#include <linux/mlx5/device.h>
#include <linux/mlx5/vport.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "vhca_priv.h"
#include "vhca_trace.h"

/* MLX5_QUERY_VHCA_MIG_STATE_OPER_MIGRATION_INIT of mlx5_ifc.h since 7.1 */
#define VHCA_STATE_RESTARTED	0x4

/*
 * Not mlx5_core's own table: what it calls -EINVAL would reach the user as that,
 * who would take it for a mistake in the system call.
 */
static int vhca_status_to_errno(u8 status)
{
	switch (status) {
	case MLX5_CMD_STAT_OK:
		return 0;
	case MLX5_CMD_STAT_BAD_OP_ERR:
		return -EOPNOTSUPP;
	case MLX5_CMD_STAT_RES_BUSY:
		return -EBUSY;
	case MLX5_CMD_STAT_LIM_ERR:
	case MLX5_CMD_STAT_NO_RES_ERR:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

/**
 * mlx5_vhca_fw_errno() - turn the result of a command into an errno, and log it
 * @vhca: the VHCA that the command was for
 * @err: what mlx5_cmd_do() gave
 * @what: name of the command
 * @out: the firmware's answer
 *
 * A user who may open the VF can make commands fail as often as they like, with
 * images that are not for it, so the log is limited in rate.
 *
 * Return: 0 or a negative errno.
 */
int mlx5_vhca_fw_errno(struct mlx5_vhca *vhca, int err, const char *what, const void *out)
{
	struct device *dev = &vhca->vf->dev;
	u32 syndrome;
	u8 status;

	if (!err)
		return 0;

	if (err == -EREMOTEIO) {
		/* Both stand at the same place in the answer to any command */
		status = MLX5_GET(suspend_vhca_out, out, status);
		syndrome = MLX5_GET(suspend_vhca_out, out, syndrome);
		dev_warn_ratelimited(dev, "%s refused by the firmware: status 0x%x, syndrome 0x%x\n",
				     what, status, syndrome);
		return vhca_status_to_errno(status);
	}

	/* mlx5_core's word for a PF that resets or is in internal error */
	if (err == -ENXIO)
		err = -ENOTCONN;
	dev_warn_ratelimited(dev, "%s did not reach the firmware: %pe\n", what, ERR_PTR(err));
	return err;
}

/**
 * mlx5_vhca_stale_errno() - tell changes that are not tracked from other failures
 * @err: what mlx5_vhca_fw_errno() made of a size query or a save
 * @status: status byte of the firmware, 0 when it was not asked
 * @flags: bits of enum mlx5_vhca_flag
 *
 * Return: -ESTALE or @err.
 */
int mlx5_vhca_stale_errno(int err, u8 status, u32 flags)
{
	if (flags & (MLX5_VHCA_INCREMENTAL | MLX5_VHCA_SET_TRACK) &&
	    status == MLX5_CMD_STAT_BAD_RES_STATE_ERR)
		return -ESTALE;
	return err;
}

/**
 * mlx5_vhca_core_errno() - translate what mlx5_core makes of a refused command
 * @err: what a function of mlx5_core gave that posts a command and looks at its
 *	status itself
 *
 * Return: 0 or a negative errno as mlx5_vhca_fw_errno() has them.
 */
int mlx5_vhca_core_errno(int err)
{
	switch (err) {
	case -EINVAL:
		return -EIO;
	case -EAGAIN:
		return -ENOMEM;
	default:
		return err;
	}
}

/**
 * mlx5_vhca_trace() - have a command that has ended seen
 * @vhca: the VHCA
 * @out: the firmware's answer
 * @trace: what there is to see, but for what @out has
 */
void mlx5_vhca_trace(struct mlx5_vhca *vhca, const void *out, struct mlx5_vhca_trace *trace)
{
	/* Both stand at the same place in the answer to any command */
	trace->status = MLX5_GET(suspend_vhca_out, out, status);
	trace->syndrome = MLX5_GET(suspend_vhca_out, out, syndrome);
	trace_mlx5_vhca_cmd(vhca->vf, vhca->vhca_id, trace);
}

/* @trace: what else there is to see of the command */
static int vhca_exec(struct mlx5_vhca *vhca, const char *what, void *in, int in_bytes,
		     void *out, int out_bytes, struct mlx5_vhca_trace *trace)
{
	u64 began_ns = ktime_get_ns();
	int err;

	lockdep_assert_held(&vhca->lock);

	err = mlx5_cmd_do(vhca->mdev, in, in_bytes, out, out_bytes);
	trace->ns = ktime_get_ns() - began_ns;
	trace->opcode = MLX5_GET(suspend_vhca_in, in, opcode);
	trace->err = mlx5_vhca_fw_errno(vhca, err, what, out);
	if (!err && trace->opcode == MLX5_CMD_OP_QUERY_VHCA_MIGRATION_STATE)
		trace->bytes = MLX5_GET(query_vhca_migration_state_out, out, required_umem_size);
	mlx5_vhca_trace(vhca, out, trace);
	return trace->err;
}

/* PRM: function id 0 is the PF itself, VF n has n + 1 */
static int vhca_vf_function_id(int vf_index)
{
	return vf_index + 1;
}

/**
 * mlx5_vhca_learn_id() - learn by which id the migration commands name the VF
 * @vhca: the VHCA
 * @mdev: its PF
 *
 * mlx5_core says that it enables a VF before it asks the firmware to, which may fail,
 * and an id of before may be another VF's afterwards. So none is asked for until
 * mlx5_core knows the VF to be enabled.
 *
 * Context: the PF cannot go away, because the caller holds its interface lock or
 * lies between its notifications that a VF was enabled and will be disabled.
 * Return: 0, -ENOTCONN when the VF is not enabled, or another negative errno.
 */
int mlx5_vhca_learn_id(struct mlx5_vhca *vhca, struct mlx5_core_dev *mdev)
{
	u32 in[MLX5_ST_SZ_DW(query_hca_cap_in)] = {};
	int out_bytes = MLX5_ST_SZ_BYTES(query_hca_cap_out);
	void *out;
	int ret;

	if (!READ_ONCE(mdev->priv.sriov.vfs_ctx[vhca->vf_index].enabled))
		return -ENOTCONN;

	out = kzalloc(out_bytes, GFP_KERNEL);
	if (!out)
		return -ENOMEM;

	MLX5_SET(query_hca_cap_in, in, opcode, MLX5_CMD_OP_QUERY_HCA_CAP);
	MLX5_SET(query_hca_cap_in, in, op_mod,
		 MLX5_CAP_GENERAL << 1 | HCA_CAP_OPMOD_GET_CUR);
	MLX5_SET(query_hca_cap_in, in, other_function, 1);
	MLX5_SET(query_hca_cap_in, in, function_id, vhca_vf_function_id(vhca->vf_index));
	ret = mlx5_cmd_exec(mdev, in, sizeof(in), out, out_bytes);
	if (!ret) {
		vhca->vhca_id = MLX5_GET(query_hca_cap_out, out,
					 capability.cmd_hca_cap.vhca_id);
		vhca->vhca_id_known = true;
	}
	kfree(out);
	return mlx5_vhca_core_errno(ret);
}

/**
 * mlx5_vhca_query_migratable() - ask if the administrator lets a VF migrate
 * @mdev: the PF
 * @vf_index: index of the VF, from 0
 * @migratable: the answer
 *
 * Context: the caller holds the PF's interface lock.
 * Return: 0 or a negative errno.
 */
int mlx5_vhca_query_migratable(struct mlx5_core_dev *mdev, int vf_index, bool *migratable)
{
	void *out;
	int ret;

	lockdep_assert_held(&mdev->intf_state_mutex);

	out = kzalloc(MLX5_ST_SZ_BYTES(query_hca_cap_out), GFP_KERNEL);
	if (!out)
		return -ENOMEM;

	ret = mlx5_vport_get_other_func_cap(mdev, vhca_vf_function_id(vf_index), out,
					    MLX5_CAP_GENERAL_2);
	if (!ret)
		*migratable = MLX5_GET(query_hca_cap_out, out,
				       capability.cmd_hca_cap_2.migratable);
	kfree(out);
	return ret;
}

/**
 * mlx5_vhca_enter() - begin every call that posts a command
 * @vhca: the VHCA
 *
 * Return: 0 when commands may be posted and the VHCA id is known: the VHCA is
 * locked until mlx5_vhca_leave(). -ENOTCONN when the PF went away or has not
 * finished making the VF, -ERESTARTSYS when the caller was killed while it waited
 * for that, or another negative errno.
 */
int mlx5_vhca_enter(struct mlx5_vhca *vhca)
{
	int ret;

	ret = mlx5_vhca_join_wait(vhca);
	if (ret)
		return ret;

	mutex_lock(&vhca->lock);
	ret = -ENOTCONN;
	if (vhca->link != MLX5_VHCA_ATTACHED)
		goto out_unlock;
	if (vhca->vhca_id_known)
		return 0;

	ret = mlx5_vhca_learn_id(vhca, vhca->mdev);
	if (ret)
		goto out_unlock;
	return 0;

out_unlock:
	mutex_unlock(&vhca->lock);
	return ret;
}

void mlx5_vhca_leave(struct mlx5_vhca *vhca)
{
	mutex_unlock(&vhca->lock);
}

/**
 * mlx5_vhca_check_flags() - refuse flags that the firmware does not know
 * @vhca: the VHCA
 * @flags: bits of enum mlx5_vhca_flag
 * @known: those that the command has
 *
 * Return: 0, -EINVAL or -EOPNOTSUPP.
 */
int mlx5_vhca_check_flags(const struct mlx5_vhca *vhca, u32 flags, u32 known)
{
	if (flags & ~known)
		return -EINVAL;
	if (flags & MLX5_VHCA_INCREMENTAL &&
	    !(vhca->caps & (MLX5_VHCA_CAP_TRACKING | MLX5_VHCA_CAP_CHUNKS)))
		return -EOPNOTSUPP;
	if (flags & MLX5_VHCA_SET_TRACK && !(vhca->caps & MLX5_VHCA_CAP_TRACKING))
		return -EOPNOTSUPP;
	if (flags & MLX5_VHCA_CHUNK && !(vhca->caps & MLX5_VHCA_CAP_CHUNKS))
		return -EOPNOTSUPP;
	return 0;
}

/* Does the firmware have a save or load, or with an @opcode that one? */
static bool vhca_image_posted(const struct mlx5_vhca *vhca, u16 opcode)
{
	lockdep_assert_held(&vhca->lock);

	return vhca->image.posted &&
	       (!opcode || MLX5_GET(save_vhca_state_in, vhca->image.in, opcode) == opcode);
}

/*
 * As mlx5_vhca_enter(), with no save or load in the firmware, nor one to come before
 * mlx5_vhca_leave(): one whose VF is suspended or resumed under it fails, as it does
 * under a query that changes what the next save starts from, and during a load there
 * is nothing to be asked. @opcode: the one that is in the way, 0 for either. A caller
 * that is killed does not wait.
 */
static int vhca_enter_alone(struct mlx5_vhca *vhca, u16 opcode)
{
	int ret;

	for (;;) {
		ret = mlx5_vhca_enter(vhca);
		if (ret || !vhca_image_posted(vhca, opcode))
			return ret;
		mlx5_vhca_leave(vhca);
		ret = wait_event_killable(vhca->image.idle, !READ_ONCE(vhca->image.posted));
		if (ret)
			return ret;
	}
}

int mlx5_vhca_suspend(struct mlx5_vhca *vhca, enum mlx5_vhca_side side)
{
	u32 out[MLX5_ST_SZ_DW(suspend_vhca_out)] = {};
	u32 in[MLX5_ST_SZ_DW(suspend_vhca_in)] = {};
	struct mlx5_vhca_trace trace = { .side = side };
	int ret;

	ret = vhca_enter_alone(vhca, 0);
	if (ret)
		return ret;

	MLX5_SET(suspend_vhca_in, in, opcode, MLX5_CMD_OP_SUSPEND_VHCA);
	MLX5_SET(suspend_vhca_in, in, op_mod, side == MLX5_VHCA_INITIATOR ?
		 MLX5_SUSPEND_VHCA_IN_OP_MOD_SUSPEND_INITIATOR :
		 MLX5_SUSPEND_VHCA_IN_OP_MOD_SUSPEND_RESPONDER);
	MLX5_SET(suspend_vhca_in, in, vhca_id, vhca->vhca_id);
	ret = vhca_exec(vhca, "SUSPEND_VHCA", in, sizeof(in), out, sizeof(out), &trace);
	mlx5_vhca_leave(vhca);
	return ret;
}
EXPORT_SYMBOL_GPL(mlx5_vhca_suspend);

int mlx5_vhca_resume(struct mlx5_vhca *vhca, enum mlx5_vhca_side side)
{
	u32 out[MLX5_ST_SZ_DW(resume_vhca_out)] = {};
	u32 in[MLX5_ST_SZ_DW(resume_vhca_in)] = {};
	struct mlx5_vhca_trace trace = { .side = side };
	int ret;

	ret = vhca_enter_alone(vhca, 0);
	if (ret)
		return ret;

	MLX5_SET(resume_vhca_in, in, opcode, MLX5_CMD_OP_RESUME_VHCA);
	MLX5_SET(resume_vhca_in, in, op_mod, side == MLX5_VHCA_INITIATOR ?
		 MLX5_RESUME_VHCA_IN_OP_MOD_RESUME_INITIATOR :
		 MLX5_RESUME_VHCA_IN_OP_MOD_RESUME_RESPONDER);
	MLX5_SET(resume_vhca_in, in, vhca_id, vhca->vhca_id);
	ret = vhca_exec(vhca, "RESUME_VHCA", in, sizeof(in), out, sizeof(out), &trace);
	mlx5_vhca_leave(vhca);
	return ret;
}
EXPORT_SYMBOL_GPL(mlx5_vhca_resume);

int mlx5_vhca_query_size(struct mlx5_vhca *vhca, u32 flags, struct mlx5_vhca_size *size)
{
	u32 out[MLX5_ST_SZ_DW(query_vhca_migration_state_out)] = {};
	u32 in[MLX5_ST_SZ_DW(query_vhca_migration_state_in)] = {};
	struct mlx5_vhca_trace trace = { .flags = flags };
	int ret;

	ret = mlx5_vhca_check_flags(vhca, flags, MLX5_VHCA_INCREMENTAL | MLX5_VHCA_CHUNK);
	if (ret)
		return ret;

	ret = vhca_enter_alone(vhca, flags & MLX5_VHCA_INCREMENTAL ? 0 :
			       MLX5_CMD_OP_LOAD_VHCA_STATE);
	if (ret)
		return ret;

	MLX5_SET(query_vhca_migration_state_in, in, opcode,
		 MLX5_CMD_OP_QUERY_VHCA_MIGRATION_STATE);
	MLX5_SET(query_vhca_migration_state_in, in, incremental,
		 !!(flags & MLX5_VHCA_INCREMENTAL));
	MLX5_SET(query_vhca_migration_state_in, in, chunk, !!(flags & MLX5_VHCA_CHUNK));
	MLX5_SET(query_vhca_migration_state_in, in, vhca_id, vhca->vhca_id);
	ret = vhca_exec(vhca, "QUERY_VHCA_MIGRATION_STATE", in, sizeof(in),
			out, sizeof(out), &trace);
	if (ret) {
		ret = mlx5_vhca_stale_errno(ret, MLX5_GET(query_vhca_migration_state_out, out,
							  status), flags);
		goto out_leave;
	}

	size->required_bytes = MLX5_GET(query_vhca_migration_state_out, out,
					required_umem_size);
	size->total_bytes = size->required_bytes;
	if (flags & MLX5_VHCA_CHUNK)
		size->total_bytes = MLX5_GET64(query_vhca_migration_state_out, out,
					       remaining_total_size);
	size->restarted = vhca->caps & MLX5_VHCA_CAP_RESTART &&
			  MLX5_GET(query_vhca_migration_state_out, out, migration_state) ==
			  VHCA_STATE_RESTARTED;
out_leave:
	mlx5_vhca_leave(vhca);
	return ret;
}
EXPORT_SYMBOL_GPL(mlx5_vhca_query_size);
