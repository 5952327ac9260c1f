/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MLX5_VHCA_CQ_H
#define MLX5_VHCA_CQ_H

#include "vhca_conn.h"

int mlx5_vhca_cq_create(struct mlx5_vhca_conn *conn);
bool mlx5_vhca_cq_destroy(struct mlx5_vhca_conn *conn);
void mlx5_vhca_cq_free(struct mlx5_vhca_conn *conn);
void mlx5_vhca_cq_arm(struct mlx5_vhca_conn *conn);
const struct mlx5_cqe64 *mlx5_vhca_cq_peek(struct mlx5_vhca_conn *conn);
void mlx5_vhca_cq_pop(struct mlx5_vhca_conn *conn);

#endif /* MLX5_VHCA_CQ_H */
