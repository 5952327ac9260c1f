/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A connection by which the firmware sends messages to us: two queue pairs on the
 * PF, one of which only receives while the firmware speaks through the other.
 */
#ifndef MLX5_VHCA_CONN_H
#define MLX5_VHCA_CONN_H

#include <linux/mlx5/device.h>
#include <linux/mlx5/driver.h>
#include <linux/wait.h>

#include "vhca_cq.h"

/*
 * Receive requests: the receive queue has a page, and more room. Each completes at most once
 * before it is posted again.
 */
#define MLX5_VHCA_CONN_RECVS	8

/**
 * struct mlx5_vhca_conn_setup - what the messages land in
 * @mdev: the PF
 * @pdn: protection domain of @mkey
 * @mkey: memory key, from address 0 on, of MLX5_VHCA_CONN_RECVS messages
 * @message_bytes: room for each
 */
struct mlx5_vhca_conn_setup {
	struct mlx5_core_dev *mdev;
	u32 pdn;
	u32 mkey;
	u32 message_bytes;
};

struct mlx5_vhca_conn {
	struct mlx5_vhca_conn_setup setup;
	struct mlx5_uars_page *uar;
	struct mlx5_vhca_cq cq;
	struct mlx5_frag_buf rq_buf;
	struct mlx5_db rq_db;
	/* How many receive requests were ever posted */
	u16 posted;
	/* That which we receive with, and that which the firmware sends with; 0: none */
	u32 qpn;
	u32 fw_qpn;
	/* Woken by a completion, and when the connection or what uses it broke */
	wait_queue_head_t wait;
	bool broken;
	/* The card may yet carry out a command to destroy a part: it is not given again */
	bool unanswered;
};

/**
 * struct mlx5_vhca_message - a message that came
 * @imm: its immediate data
 * @bytes: how long it is
 * @slot: in which part of the memory it is, from 0
 */
struct mlx5_vhca_message {
	u32 imm;
	u32 bytes;
	unsigned int slot;
};

/* Who waits gets -EIO, now and from then on. From any context. */
static inline void mlx5_vhca_conn_break(struct mlx5_vhca_conn *conn)
{
	WRITE_ONCE(conn->broken, true);
	wake_up(&conn->wait);
}

static inline bool mlx5_vhca_conn_is_broken(const struct mlx5_vhca_conn *conn)
{
	return READ_ONCE(conn->broken) || READ_ONCE(conn->cq.broken);
}

int mlx5_vhca_conn_create(const struct mlx5_vhca_conn_setup *setup,
			  struct mlx5_vhca_conn **made);
bool mlx5_vhca_conn_destroy(struct mlx5_vhca_conn *conn, bool used);
void mlx5_vhca_conn_put_uar(struct mlx5_vhca_conn *conn);
void mlx5_vhca_conn_free(struct mlx5_vhca_conn *conn);
int mlx5_vhca_conn_wait(struct mlx5_vhca_conn *conn, unsigned int wait_ms,
			struct mlx5_vhca_message *message);
void mlx5_vhca_conn_repost(struct mlx5_vhca_conn *conn);
void mlx5_vhca_conn_event(struct mlx5_vhca_conn *conn, unsigned long type,
			  const struct mlx5_eqe *eqe);

#endif /* MLX5_VHCA_CONN_H */
