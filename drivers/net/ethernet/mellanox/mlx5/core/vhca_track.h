/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MLX5_VHCA_TRACK_H
#define MLX5_VHCA_TRACK_H

#include <linux/list.h>
#include <linux/mlx5/eq.h>
#include <linux/mlx5/vhca.h>

#include "vhca_track_mem.h"

struct mlx5_vhca;
struct mlx5_vhca_conn;

/* page_track.state, and the top of a message's imm */
enum {
	VHCA_TRACK_TRACKING	= 0,
	VHCA_TRACK_REPORTING	= 1,
};

struct mlx5_vhca_track {
	struct mlx5_vhca *vhca;
	/* In mlx5_vhca.kept */
	struct list_head node;
	unsigned int log_page;
	unsigned int log_message;
	struct mlx5_vhca_track_mem mem;
	/* Of the message that came last */
	struct mlx5_vhca_range *runs;
	unsigned int nr_runs;
	/* All as far as @broken is protected by mlx5_vhca.lock */
	struct mlx5_vhca_conn *conn;
	/* Its events come. Cleared: the PF went, or it was stopped */
	bool live;
	/* It is in the card, as @id */
	bool has_obj;
	/* What could not be destroyed may have got other numbers, see vhca_kept.c */
	bool stale;
	/* The card may yet carry out a command to destroy the object */
	bool unanswered;
	u32 id;
	struct mlx5_nb nb;
	/* Something was not told */
	bool broken;
	unsigned int nr_ranges;
	struct mlx5_vhca_range ranges[];
};

int mlx5_vhca_track_create_obj(struct mlx5_vhca_track *track);
int mlx5_vhca_track_look(struct mlx5_vhca_track *track);
int mlx5_vhca_track_ask(struct mlx5_vhca_track *track, u64 start, u64 bytes);
bool mlx5_vhca_track_undo(struct mlx5_vhca_track *track);
void mlx5_vhca_track_leave(struct mlx5_vhca_track *track);
void mlx5_vhca_track_renew(struct mlx5_vhca_track *track);
void mlx5_vhca_track_free(struct mlx5_vhca_track *track);

#endif /* MLX5_VHCA_TRACK_H */
