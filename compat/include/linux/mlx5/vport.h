/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMPAT_LINUX_MLX5_VPORT_H
#define COMPAT_LINUX_MLX5_VPORT_H

#include_next <linux/mlx5/vport.h>

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)

/* Exported by the late 6.1.y only */
static inline int compat_mlx5_vport_get_other_func_cap(struct mlx5_core_dev *dev,
						       u16 function_id, void *out,
						       u16 opmod)
{
	u32 in[MLX5_ST_SZ_DW(query_hca_cap_in)] = {};

	MLX5_SET(query_hca_cap_in, in, opcode, MLX5_CMD_OP_QUERY_HCA_CAP);
	MLX5_SET(query_hca_cap_in, in, op_mod, opmod << 1 | HCA_CAP_OPMOD_GET_MAX);
	MLX5_SET(query_hca_cap_in, in, function_id, function_id);
	MLX5_SET(query_hca_cap_in, in, other_function, true);
	return mlx5_cmd_exec_inout(dev, query_hca_cap, in, out);
}

#define mlx5_vport_get_other_func_cap compat_mlx5_vport_get_other_func_cap

#endif /* < 6.2 */

#endif /* COMPAT_LINUX_MLX5_VPORT_H */
