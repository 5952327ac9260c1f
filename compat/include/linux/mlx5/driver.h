/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMPAT_LINUX_MLX5_DRIVER_H
#define COMPAT_LINUX_MLX5_DRIVER_H

#include_next <linux/mlx5/driver.h>

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)

static inline int compat_mlx5_comp_eqn_get(struct mlx5_core_dev *dev, u16 vecidx, int *eqn)
{
	return mlx5_vector2eqn(dev, vecidx, eqn);
}

#define mlx5_comp_eqn_get compat_mlx5_comp_eqn_get

#endif /* < 6.6 */

#endif /* COMPAT_LINUX_MLX5_DRIVER_H */
