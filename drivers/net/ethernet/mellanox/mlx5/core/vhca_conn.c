// SPDX-License-Identifier: GPL-2.0-only
/*
 * The connection by which the firmware sends messages to us.
 *
 * Receive requests are posted by the doorbell record alone. Each has its own part of
 * the memory that messages land in, and is posted again when that has been read.
 *
 * Memory that the card knows of is given back only after the object that told it was
 * destroyed; where that fails all stays as it is, so that it can be tried again.
 */

#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/mlx5/qp.h>
#include <linux/slab.h>

#include "vhca_conn.h"

#define VHCA_RECV_BYTES		sizeof(struct mlx5_wqe_data_seg)
/* qpc.log_rq_stride counts from 16 bytes on */
#define VHCA_LOG_STRIDE_0	4

/* IB_MTU_4096; as upstream's driver has it for the same purpose, and so on: */
#define VHCA_QP_MTU		5
/* about 1 ms; without end, for a receiver that is slow */
#define VHCA_QP_ACK_TIMEOUT	8
#define VHCA_QP_RETRIES		7
#define VHCA_QP_MIN_RNR_NAK	1
#define VHCA_QP_PORT		1

#define VHCA_QPN_MASK		0xffffff

static void vhca_qp_fill(struct mlx5_vhca_conn *conn, void *qpc, bool receives)
{
	struct mlx5_core_dev *mdev = conn->setup.mdev;

	MLX5_SET(qpc, qpc, st, MLX5_QP_ST_RC);
	MLX5_SET(qpc, qpc, pm_state, MLX5_QP_PM_MIGRATED);
	MLX5_SET(qpc, qpc, pd, conn->setup.pdn);
	MLX5_SET(qpc, qpc, uar_page, conn->uar->index);
	MLX5_SET(qpc, qpc, ts_format, mlx5_get_qp_default_ts(mdev));
	if (MLX5_CAP_GEN(mdev, cqe_version) == 1)
		MLX5_SET(qpc, qpc, user_index, 0xffffff);
	MLX5_SET(qpc, qpc, no_sq, 1);
	if (!receives) {
		MLX5_SET(qpc, qpc, rq_type, MLX5_ZERO_LEN_RQ);
		return;
	}
	MLX5_SET(qpc, qpc, rq_type, MLX5_NON_ZERO_RQ);
	MLX5_SET(qpc, qpc, cqn_rcv, conn->cq.core.cqn);
	MLX5_SET(qpc, qpc, log_rq_size, ilog2(MLX5_VHCA_CONN_RECVS));
	MLX5_SET(qpc, qpc, log_rq_stride, ilog2(VHCA_RECV_BYTES) - VHCA_LOG_STRIDE_0);
	MLX5_SET(qpc, qpc, log_page_size, conn->rq_buf.page_shift - MLX5_ADAPTER_PAGE_SHIFT);
	MLX5_SET64(qpc, qpc, dbr_addr, conn->rq_db.dma);
}

static int vhca_qp_create(struct mlx5_vhca_conn *conn, bool receives, u32 *qpn)
{
	u32 out[MLX5_ST_SZ_DW(create_qp_out)] = {};
	int in_bytes, ret;
	u32 *in;

	in_bytes = MLX5_ST_SZ_BYTES(create_qp_in);
	if (receives)
		in_bytes += conn->rq_buf.npages * sizeof(__be64);
	in = kvzalloc(in_bytes, GFP_KERNEL);
	if (!in)
		return -ENOMEM;

	MLX5_SET(create_qp_in, in, opcode, MLX5_CMD_OP_CREATE_QP);
	vhca_qp_fill(conn, MLX5_ADDR_OF(create_qp_in, in, qpc), receives);
	if (receives)
		mlx5_fill_page_frag_array(&conn->rq_buf,
					  (__be64 *)MLX5_ADDR_OF(create_qp_in, in, pas));
	ret = mlx5_cmd_exec(conn->setup.mdev, in, in_bytes, out, sizeof(out));
	kvfree(in);
	if (!ret)
		*qpn = MLX5_GET(create_qp_out, out, qpn);
	return ret;
}

static int vhca_qp_destroy(struct mlx5_vhca_conn *conn, u32 qpn)
{
	u32 in[MLX5_ST_SZ_DW(destroy_qp_in)] = {};

	MLX5_SET(destroy_qp_in, in, opcode, MLX5_CMD_OP_DESTROY_QP);
	MLX5_SET(destroy_qp_in, in, qpn, qpn);
	return mlx5_cmd_exec_in(conn->setup.mdev, destroy_qp, in);
}

static int vhca_qp_to_init(struct mlx5_vhca_conn *conn, u32 qpn)
{
	u32 in[MLX5_ST_SZ_DW(rst2init_qp_in)] = {};
	void *qpc = MLX5_ADDR_OF(rst2init_qp_in, in, qpc);

	MLX5_SET(rst2init_qp_in, in, opcode, MLX5_CMD_OP_RST2INIT_QP);
	MLX5_SET(rst2init_qp_in, in, qpn, qpn);
	MLX5_SET(qpc, qpc, pm_state, MLX5_QP_PM_MIGRATED);
	MLX5_SET(qpc, qpc, rre, 1);
	MLX5_SET(qpc, qpc, rwe, 1);
	MLX5_SET(qpc, qpc, primary_address_path.vhca_port_num, VHCA_QP_PORT);
	return mlx5_cmd_exec_in(conn->setup.mdev, rst2init_qp, in);
}

static int vhca_qp_to_rtr(struct mlx5_vhca_conn *conn, u32 qpn, u32 remote_qpn)
{
	u32 in[MLX5_ST_SZ_DW(init2rtr_qp_in)] = {};
	void *qpc = MLX5_ADDR_OF(init2rtr_qp_in, in, qpc);

	MLX5_SET(init2rtr_qp_in, in, opcode, MLX5_CMD_OP_INIT2RTR_QP);
	MLX5_SET(init2rtr_qp_in, in, qpn, qpn);
	MLX5_SET(qpc, qpc, mtu, VHCA_QP_MTU);
	MLX5_SET(qpc, qpc, log_msg_max, MLX5_CAP_GEN(conn->setup.mdev, log_max_msg));
	MLX5_SET(qpc, qpc, remote_qpn, remote_qpn);
	MLX5_SET(qpc, qpc, min_rnr_nak, VHCA_QP_MIN_RNR_NAK);
	MLX5_SET(qpc, qpc, primary_address_path.vhca_port_num, VHCA_QP_PORT);
	/* Back to ourselves */
	MLX5_SET(qpc, qpc, primary_address_path.fl, 1);
	return mlx5_cmd_exec_in(conn->setup.mdev, init2rtr_qp, in);
}

static int vhca_qp_to_rts(struct mlx5_vhca_conn *conn, u32 qpn)
{
	u32 in[MLX5_ST_SZ_DW(rtr2rts_qp_in)] = {};
	void *qpc = MLX5_ADDR_OF(rtr2rts_qp_in, in, qpc);

	MLX5_SET(rtr2rts_qp_in, in, opcode, MLX5_CMD_OP_RTR2RTS_QP);
	MLX5_SET(rtr2rts_qp_in, in, qpn, qpn);
	MLX5_SET(qpc, qpc, retry_count, VHCA_QP_RETRIES);
	MLX5_SET(qpc, qpc, rnr_retry, VHCA_QP_RETRIES);
	MLX5_SET(qpc, qpc, primary_address_path.ack_timeout, VHCA_QP_ACK_TIMEOUT);
	return mlx5_cmd_exec_in(conn->setup.mdev, rtr2rts_qp, in);
}

/* Only the firmware's end sends, hence only it goes all the way */
static int vhca_conn_connect(struct mlx5_vhca_conn *conn)
{
	int ret;

	ret = vhca_qp_to_init(conn, conn->qpn);
	if (!ret)
		ret = vhca_qp_to_rtr(conn, conn->qpn, conn->fw_qpn);
	if (!ret)
		ret = vhca_qp_to_init(conn, conn->fw_qpn);
	if (!ret)
		ret = vhca_qp_to_rtr(conn, conn->fw_qpn, conn->qpn);
	if (!ret)
		ret = vhca_qp_to_rts(conn, conn->fw_qpn);
	return ret;
}

static void vhca_conn_post(struct mlx5_vhca_conn *conn, unsigned int nr)
{
	conn->posted += nr;
	/* What the request is about, and what was read from its memory, comes first */
	dma_wmb();
	*conn->rq_db.db = cpu_to_be32(conn->posted);
}

/* All requests, each for its own part of the memory */
static void vhca_conn_fill_rq(struct mlx5_vhca_conn *conn)
{
	struct mlx5_wqe_data_seg *seg = conn->rq_buf.frags->buf;
	unsigned int i;

	BUILD_BUG_ON(MLX5_VHCA_CONN_RECVS * VHCA_RECV_BYTES > PAGE_SIZE);

	for (i = 0; i < MLX5_VHCA_CONN_RECVS; i++) {
		seg[i].byte_count = cpu_to_be32(conn->setup.message_bytes);
		seg[i].lkey = cpu_to_be32(conn->setup.mkey);
		seg[i].addr = cpu_to_be64((u64)i * conn->setup.message_bytes);
	}
	vhca_conn_post(conn, MLX5_VHCA_CONN_RECVS);
}

static int vhca_conn_create_qps(struct mlx5_vhca_conn *conn)
{
	struct mlx5_core_dev *mdev = conn->setup.mdev;
	int ret;

	ret = mlx5_db_alloc_node(mdev, &conn->rq_db, mdev->priv.numa_node);
	if (ret)
		return ret;
	ret = mlx5_frag_buf_alloc_node(mdev, MLX5_VHCA_CONN_RECVS * VHCA_RECV_BYTES,
				       &conn->rq_buf, mdev->priv.numa_node);
	if (ret)
		goto out_free_db;
	ret = vhca_qp_create(conn, true, &conn->qpn);
	if (ret)
		goto out_free_buf;
	return vhca_qp_create(conn, false, &conn->fw_qpn);

out_free_buf:
	mlx5_frag_buf_free(mdev, &conn->rq_buf);
out_free_db:
	mlx5_db_free(mdev, &conn->rq_db);
	return ret;
}

/* No queue pair has number 0, which stands for none */
static bool vhca_conn_end_qp(struct mlx5_vhca_conn *conn, u32 *qpn)
{
	int ret = *qpn ? vhca_qp_destroy(conn, *qpn) : 0;

	if (ret == -ETIMEDOUT)
		conn->unanswered = true;
	if (!ret)
		*qpn = 0;
	return !ret;
}

static void vhca_conn_free_rq(struct mlx5_vhca_conn *conn)
{
	mlx5_frag_buf_free(conn->setup.mdev, &conn->rq_buf);
	mlx5_db_free(conn->setup.mdev, &conn->rq_db);
}

static bool vhca_conn_end_receiver(struct mlx5_vhca_conn *conn)
{
	if (!conn->qpn)
		return true;
	if (!vhca_conn_end_qp(conn, &conn->qpn))
		return false;
	vhca_conn_free_rq(conn);
	return true;
}

static bool vhca_conn_end_cq(struct mlx5_vhca_conn *conn)
{
	int ret = mlx5_vhca_cq_destroy(&conn->cq);

	if (ret == -ETIMEDOUT)
		conn->unanswered = true;
	return !ret;
}

static int vhca_conn_make(struct mlx5_vhca_conn *conn)
{
	struct mlx5_uars_page *uar;
	int ret;

	BUILD_BUG_ON(MLX5_VHCA_CONN_RECVS > MLX5_VHCA_CQ_ENTRIES);

	uar = mlx5_get_uars_page(conn->setup.mdev);
	if (IS_ERR(uar))
		return PTR_ERR(uar);
	conn->uar = uar;
	ret = mlx5_vhca_cq_create(&conn->cq, conn->setup.mdev, uar, &conn->wait);
	if (ret)
		return ret;
	ret = vhca_conn_create_qps(conn);
	if (ret)
		return ret;
	vhca_conn_fill_rq(conn);
	return vhca_conn_connect(conn);
}

/**
 * mlx5_vhca_conn_create() - make a connection, ready for messages
 * @setup: copied; the memory that it names must stay until mlx5_vhca_conn_destroy()
 * @made: the connection; after a failure what there is of it, which is to be destroyed,
 *	too, or NULL
 *
 * Context: process context, the PF works.
 * Return: 0 or a negative errno of mlx5_core.
 */
int mlx5_vhca_conn_create(const struct mlx5_vhca_conn_setup *setup,
			  struct mlx5_vhca_conn **made)
{
	struct mlx5_vhca_conn *conn;

	conn = kzalloc(sizeof(*conn), GFP_KERNEL);
	*made = conn;
	if (!conn)
		return -ENOMEM;
	conn->setup = *setup;
	init_waitqueue_head(&conn->wait);
	return vhca_conn_make(conn);
}

/**
 * mlx5_vhca_conn_destroy() - undo mlx5_vhca_conn_create()
 * @conn: the connection
 * @used: something that could not be destroyed sends through the firmware's queue pair,
 *	which stays then
 *
 * Context: process context, the PF works.
 * Return: true, or false when the card may go on to write to the memory that messages
 * land in. That must be kept then, and @conn, of which no event comes any more; it can
 * be tried again, but for one with a command that was not answered.
 */
bool mlx5_vhca_conn_destroy(struct mlx5_vhca_conn *conn, bool used)
{
	bool gone = !used && vhca_conn_end_qp(conn, &conn->fw_qpn);

	/* Whatever becomes of the other: this one holds the completion queue */
	gone = vhca_conn_end_receiver(conn) && gone;
	gone = vhca_conn_end_cq(conn) && gone;
	if (!gone)
		return false;
	mlx5_vhca_conn_put_uar(conn);
	kfree(conn);
	return true;
}

/**
 * mlx5_vhca_conn_put_uar() - give back the PF's doorbell page
 * @conn: the connection, not all of which could be destroyed
 *
 * mlx5_core hands on what it has of these pages, even one from before a reload, of which
 * the firmware then knows nothing. So none may be kept beyond that.
 *
 * Context: process context, the PF works.
 */
void mlx5_vhca_conn_put_uar(struct mlx5_vhca_conn *conn)
{
	if (conn->uar)
		mlx5_put_uars_page(conn->setup.mdev, conn->uar);
	conn->uar = NULL;
}

/**
 * mlx5_vhca_conn_free() - free a connection of which the card knows nothing any more
 * @conn: the connection, without its doorbell page
 *
 * Context: process context, the PF was reset since.
 */
void mlx5_vhca_conn_free(struct mlx5_vhca_conn *conn)
{
	if (conn->qpn)
		vhca_conn_free_rq(conn);
	mlx5_vhca_cq_free(&conn->cq);
	kfree(conn);
}

static bool vhca_conn_is_awake(struct mlx5_vhca_conn *conn)
{
	return mlx5_vhca_conn_is_broken(conn) || mlx5_vhca_cq_peek(&conn->cq);
}

/**
 * mlx5_vhca_conn_wait() - wait for the next message
 * @conn: the connection
 * @wait_ms: how long
 * @message: the message, until mlx5_vhca_conn_repost()
 *
 * Return: 0; -ETIMEDOUT when none came; -EIO when the connection broke, for good.
 */
int mlx5_vhca_conn_wait(struct mlx5_vhca_conn *conn, unsigned int wait_ms,
			struct mlx5_vhca_message *message)
{
	const struct mlx5_cqe64 *cqe;

	if (!vhca_conn_is_awake(conn)) {
		/* What comes between the look and the request is an event, too */
		mlx5_vhca_cq_arm(&conn->cq);
		wait_event_timeout(conn->wait, vhca_conn_is_awake(conn),
				   msecs_to_jiffies(wait_ms));
	}

	cqe = mlx5_vhca_cq_peek(&conn->cq);
	if (!cqe)
		return mlx5_vhca_conn_is_broken(conn) ? -EIO : -ETIMEDOUT;

	message->imm = be32_to_cpu(cqe->immediate);
	message->bytes = be32_to_cpu(cqe->byte_cnt);
	message->slot = be16_to_cpu(cqe->wqe_counter) % MLX5_VHCA_CONN_RECVS;
	if (cqe->op_own >> 4 != MLX5_CQE_RESP_SEND_IMM ||
	    message->bytes > conn->setup.message_bytes)
		mlx5_vhca_conn_break(conn);
	mlx5_vhca_cq_pop(&conn->cq);
	return mlx5_vhca_conn_is_broken(conn) ? -EIO : 0;
}

/**
 * mlx5_vhca_conn_repost() - let the next message land where the last one did
 * @conn: the connection
 */
void mlx5_vhca_conn_repost(struct mlx5_vhca_conn *conn)
{
	vhca_conn_post(conn, 1);
}

/**
 * mlx5_vhca_conn_event() - tell a connection of what mlx5_core was told
 * @conn: the connection
 * @type: type of the event
 * @eqe: the event
 *
 * Context: any.
 */
void mlx5_vhca_conn_event(struct mlx5_vhca_conn *conn, unsigned long type,
			  const struct mlx5_eqe *eqe)
{
	u32 qpn;

	switch (type) {
	case MLX5_EVENT_TYPE_WQ_CATAS_ERROR:
	case MLX5_EVENT_TYPE_WQ_ACCESS_ERROR:
	case MLX5_EVENT_TYPE_WQ_INVAL_REQ_ERROR:
		qpn = be32_to_cpu(eqe->data.qp_srq.qp_srq_n) & VHCA_QPN_MASK;
		if (qpn == conn->qpn || qpn == conn->fw_qpn)
			mlx5_vhca_conn_break(conn);
		break;
	}
}
