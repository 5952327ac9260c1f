/* SPDX-License-Identifier: GPL-2.0-only */
/* Pure: user-space tests build it, too. */
#ifndef MLX5_VHCA_RANGES_H
#define MLX5_VHCA_RANGES_H

#include <linux/types.h>

struct mlx5_vhca_range;

unsigned int mlx5_vhca_ranges_merge(struct mlx5_vhca_range *ranges, unsigned int nr,
				    unsigned int max);
bool mlx5_vhca_ranges_cover(const struct mlx5_vhca_range *ranges, unsigned int nr, u64 start,
			    u64 bytes);
unsigned int mlx5_vhca_ranges_log_space(const struct mlx5_vhca_range *ranges, unsigned int nr);

#endif /* MLX5_VHCA_RANGES_H */
