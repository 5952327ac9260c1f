/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MLX5_VHCA_TRACK_H
#define MLX5_VHCA_TRACK_H

struct mlx5_vhca;

void mlx5_vhca_track_drop(struct mlx5_vhca *vhca);

#endif /* MLX5_VHCA_TRACK_H */
