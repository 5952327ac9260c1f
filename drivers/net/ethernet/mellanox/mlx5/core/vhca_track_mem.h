/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MLX5_VHCA_TRACK_MEM_H
#define MLX5_VHCA_TRACK_MEM_H

#include <linux/scatterlist.h>

struct mlx5_core_dev;
struct mlx5_vhca;
struct mlx5_vhca_buf;

struct mlx5_vhca_track_mem {
	struct page **pages;
	unsigned int nr_pages;
	struct sg_table sgt;
	void *vaddr;
	struct mlx5_vhca_buf *buf;
};

int mlx5_vhca_track_mem_create(struct mlx5_vhca *vhca, struct mlx5_vhca_track_mem *mem,
			       size_t bytes);
void mlx5_vhca_track_mem_free(struct mlx5_vhca_track_mem *mem);
void mlx5_vhca_track_mem_begin(struct mlx5_core_dev *mdev, struct mlx5_vhca_track_mem *mem);
void mlx5_vhca_track_mem_end(struct mlx5_core_dev *mdev, struct mlx5_vhca_track_mem *mem);

#endif /* MLX5_VHCA_TRACK_MEM_H */
