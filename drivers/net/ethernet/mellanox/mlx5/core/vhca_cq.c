// SPDX-License-Identifier: GPL-2.0-only
/*
 * The completion queue of a connection to the firmware, which mlx5_core's completion
 * events wake us for.
 */

#include <linux/log2.h>
#include <linux/slab.h>

#include "vhca_cq.h"

/* Each receive request completes at most once before it is posted again */
#define VHCA_CQ_ENTRIES		(2 * MLX5_VHCA_CONN_RECVS)
#define VHCA_CQ_VECTOR		0

static struct mlx5_cqe64 *vhca_cq_entry(struct mlx5_vhca_conn *conn, u32 index)
{
	struct mlx5_cqe64 *cqes = conn->cq_buf.frags->buf;

	return &cqes[index & (VHCA_CQ_ENTRIES - 1)];
}

/* From the handler of mlx5_core's event queue */
static void vhca_cq_comp(struct mlx5_core_cq *cq, struct mlx5_eqe *eqe)
{
	wake_up(&container_of(cq, struct mlx5_vhca_conn, cq)->wait);
}

static void vhca_cq_event(struct mlx5_core_cq *cq, enum mlx5_event type)
{
	if (type == MLX5_EVENT_TYPE_CQ_ERROR)
		mlx5_vhca_conn_break(container_of(cq, struct mlx5_vhca_conn, cq));
}

/**
 * mlx5_vhca_cq_arm() - ask for an event at the next completion
 * @conn: the connection
 */
void mlx5_vhca_cq_arm(struct mlx5_vhca_conn *conn)
{
	mlx5_cq_arm(&conn->cq, MLX5_CQ_DB_REQ_NOT, conn->uar->map, conn->cq.cons_index);
}

static int vhca_cq_post_create(struct mlx5_vhca_conn *conn, u32 *in, int in_bytes)
{
	struct mlx5_core_dev *mdev = conn->setup.mdev;
	u32 out[MLX5_ST_SZ_DW(create_cq_out)] = {};
	void *cqc;
	int eqn, ret;

	ret = mlx5_comp_eqn_get(mdev, VHCA_CQ_VECTOR, &eqn);
	if (ret)
		return ret;

	cqc = MLX5_ADDR_OF(create_cq_in, in, cq_context);
	MLX5_SET(cqc, cqc, log_cq_size, ilog2(VHCA_CQ_ENTRIES));
	MLX5_SET(cqc, cqc, c_eqn_or_apu_element, eqn);
	MLX5_SET(cqc, cqc, uar_page, conn->uar->index);
	MLX5_SET(cqc, cqc, log_page_size, conn->cq_buf.page_shift - MLX5_ADAPTER_PAGE_SHIFT);
	MLX5_SET64(cqc, cqc, dbr_addr, conn->cq_db.dma);
	mlx5_fill_page_frag_array(&conn->cq_buf,
				  (__be64 *)MLX5_ADDR_OF(create_cq_in, in, pas));

	conn->cq.cqe_sz = sizeof(struct mlx5_cqe64);
	conn->cq.set_ci_db = conn->cq_db.db;
	conn->cq.arm_db = conn->cq_db.db + 1;
	conn->cq.vector = VHCA_CQ_VECTOR;
	conn->cq.comp = vhca_cq_comp;
	conn->cq.event = vhca_cq_event;
	return mlx5_core_create_cq(mdev, &conn->cq, in, in_bytes, out, sizeof(out));
}

static int vhca_cq_create_in(struct mlx5_vhca_conn *conn)
{
	int in_bytes, ret;
	u32 *in;

	in_bytes = MLX5_ST_SZ_BYTES(create_cq_in) + conn->cq_buf.npages * sizeof(__be64);
	in = kvzalloc(in_bytes, GFP_KERNEL);
	if (!in)
		return -ENOMEM;
	ret = vhca_cq_post_create(conn, in, in_bytes);
	kvfree(in);
	return ret;
}

/**
 * mlx5_vhca_cq_create() - make the completion queue, armed
 * @conn: the connection, which has its UAR
 *
 * Return: 0 or a negative errno of mlx5_core.
 */
int mlx5_vhca_cq_create(struct mlx5_vhca_conn *conn)
{
	struct mlx5_core_dev *mdev = conn->setup.mdev;
	int bytes = VHCA_CQ_ENTRIES * sizeof(struct mlx5_cqe64);
	unsigned int i;
	int ret;

	BUILD_BUG_ON(VHCA_CQ_ENTRIES * sizeof(struct mlx5_cqe64) > PAGE_SIZE);

	ret = mlx5_db_alloc_node(mdev, &conn->cq_db, mdev->priv.numa_node);
	if (ret)
		return ret;
	ret = mlx5_frag_buf_alloc_node(mdev, bytes, &conn->cq_buf, mdev->priv.numa_node);
	if (ret)
		goto out_free_db;

	/* Nothing that the card has written yet */
	for (i = 0; i < VHCA_CQ_ENTRIES; i++)
		vhca_cq_entry(conn, i)->op_own = MLX5_CQE_INVALID << 4;
	ret = vhca_cq_create_in(conn);
	if (ret)
		goto out_free_buf;
	conn->has_cq = true;
	mlx5_vhca_cq_arm(conn);
	return 0;

out_free_buf:
	mlx5_frag_buf_free(mdev, &conn->cq_buf);
out_free_db:
	mlx5_db_free(mdev, &conn->cq_db);
	return ret;
}

/**
 * mlx5_vhca_cq_destroy() - undo mlx5_vhca_cq_create()
 * @conn: the connection, which may have none
 *
 * Return: true, no event of the queue runs any more; or false when the card may go on to
 * write to the queue, whose memory is then kept. It can be tried again: mlx5_core finds no
 * queue of that number any more where it looks for whom an event is, and a queue that it has
 * not destroyed is as before to it. But not after a command that was not answered.
 */
bool mlx5_vhca_cq_destroy(struct mlx5_vhca_conn *conn)
{
	int ret;

	if (!conn->has_cq)
		return true;
	ret = mlx5_core_destroy_cq(conn->setup.mdev, &conn->cq);
	if (ret == -ETIMEDOUT)
		conn->unanswered = true;
	if (ret)
		return false;
	mlx5_vhca_cq_free(conn);
	return true;
}

/**
 * mlx5_vhca_cq_free() - free what the card knows nothing of any more
 * @conn: the connection, which may have no queue
 */
void mlx5_vhca_cq_free(struct mlx5_vhca_conn *conn)
{
	struct mlx5_core_dev *mdev = conn->setup.mdev;

	if (!conn->has_cq)
		return;
	conn->has_cq = false;
	mlx5_frag_buf_free(mdev, &conn->cq_buf);
	mlx5_db_free(mdev, &conn->cq_db);
}

/**
 * mlx5_vhca_cq_peek() - the next completion
 * @conn: the connection
 *
 * Return: the completion, valid until mlx5_vhca_cq_pop(); NULL when there is none.
 */
const struct mlx5_cqe64 *mlx5_vhca_cq_peek(struct mlx5_vhca_conn *conn)
{
	u32 index = conn->cq.cons_index;
	struct mlx5_cqe64 *cqe = vhca_cq_entry(conn, index);
	u8 op_own = READ_ONCE(cqe->op_own);

	if (op_own >> 4 == MLX5_CQE_INVALID ||
	    (op_own & MLX5_CQE_OWNER_MASK) != !!(index & VHCA_CQ_ENTRIES))
		return NULL;
	/* The owner bit is written last, so all else is read after it */
	dma_rmb();
	return cqe;
}

/**
 * mlx5_vhca_cq_pop() - be done with the completion that mlx5_vhca_cq_peek() gave
 * @conn: the connection
 */
void mlx5_vhca_cq_pop(struct mlx5_vhca_conn *conn)
{
	conn->cq.cons_index++;
	mlx5_cq_set_ci(&conn->cq);
}
