/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MLX5_VHCA_KEPT_H
#define MLX5_VHCA_KEPT_H

struct mlx5_vhca;
struct mlx5_vhca_track;

void mlx5_vhca_kept_add(struct mlx5_vhca_track *track);
void mlx5_vhca_kept_retry(struct mlx5_vhca *vhca);
void mlx5_vhca_kept_detach(struct mlx5_vhca *vhca);
void mlx5_vhca_kept_renew(struct mlx5_vhca *vhca);
void mlx5_vhca_kept_close(struct mlx5_vhca *vhca);
void mlx5_vhca_kept_module_exit(void);

#endif /* MLX5_VHCA_KEPT_H */
