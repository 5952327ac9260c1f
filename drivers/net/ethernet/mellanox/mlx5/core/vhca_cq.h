/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MLX5_VHCA_CQ_H
#define MLX5_VHCA_CQ_H

#include <linux/mlx5/cq.h>
#include <linux/mlx5/device.h>
#include <linux/mlx5/driver.h>
#include <linux/wait.h>

/* How many completions it holds, in a page */
#define MLX5_VHCA_CQ_ENTRIES	16

/**
 * struct mlx5_vhca_cq - a completion queue
 * @mdev: the PF
 * @uar: the doorbell page, the creator's
 * @wait: woken by a completion and when the queue broke, from interrupts; the creator's
 * @core: what mlx5_core knows of it
 * @buf: its entries
 * @db: its doorbell record
 * @made: the card knows it, and the memory is there
 * @broken: nothing is completed any more
 */
struct mlx5_vhca_cq {
	struct mlx5_core_dev *mdev;
	struct mlx5_uars_page *uar;
	wait_queue_head_t *wait;
	struct mlx5_core_cq core;
	struct mlx5_frag_buf buf;
	struct mlx5_db db;
	bool made;
	bool broken;
};

int mlx5_vhca_cq_create(struct mlx5_vhca_cq *cq, struct mlx5_core_dev *mdev,
			struct mlx5_uars_page *uar, wait_queue_head_t *wait);
int mlx5_vhca_cq_destroy(struct mlx5_vhca_cq *cq);
void mlx5_vhca_cq_free(struct mlx5_vhca_cq *cq);
void mlx5_vhca_cq_arm(struct mlx5_vhca_cq *cq);
const struct mlx5_cqe64 *mlx5_vhca_cq_peek(struct mlx5_vhca_cq *cq);
void mlx5_vhca_cq_pop(struct mlx5_vhca_cq *cq);

#endif /* MLX5_VHCA_CQ_H */
