/* SPDX-License-Identifier: GPL-2.0-only */
/* Pure: user-space tests build it, too. */
#ifndef MLX5_VHCA_ENTRIES_H
#define MLX5_VHCA_ENTRIES_H

#include <linux/types.h>

struct mlx5_vhca_range;

unsigned int mlx5_vhca_entries_to_runs(const __be64 *entries, unsigned int nr, u64 page_bytes,
				       struct mlx5_vhca_range *runs);

#endif /* MLX5_VHCA_ENTRIES_H */
