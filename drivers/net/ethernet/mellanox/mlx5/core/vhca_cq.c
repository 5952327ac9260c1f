// SPDX-License-Identifier: GPL-2.0-only
/*
 * A completion queue, which mlx5_core's events wake its reader for.
 */

#include <linux/log2.h>
#include <linux/slab.h>

#include "vhca_cq.h"

#define VHCA_CQ_VECTOR		0

static struct mlx5_cqe64 *vhca_cq_entry(struct mlx5_vhca_cq *cq, u32 index)
{
	struct mlx5_cqe64 *cqes = cq->buf.frags->buf;

	return &cqes[index & (MLX5_VHCA_CQ_ENTRIES - 1)];
}

/* From the handler of mlx5_core's event queue */
static void vhca_cq_comp(struct mlx5_core_cq *core, struct mlx5_eqe *eqe)
{
	wake_up(container_of(core, struct mlx5_vhca_cq, core)->wait);
}

static void vhca_cq_event(struct mlx5_core_cq *core, enum mlx5_event type)
{
	struct mlx5_vhca_cq *cq = container_of(core, struct mlx5_vhca_cq, core);

	if (type != MLX5_EVENT_TYPE_CQ_ERROR)
		return;
	WRITE_ONCE(cq->broken, true);
	wake_up(cq->wait);
}

/**
 * mlx5_vhca_cq_arm() - ask for an event at the next completion
 * @cq: the queue
 */
void mlx5_vhca_cq_arm(struct mlx5_vhca_cq *cq)
{
	mlx5_cq_arm(&cq->core, MLX5_CQ_DB_REQ_NOT, cq->uar->map, cq->core.cons_index);
}

static int vhca_cq_post_create(struct mlx5_vhca_cq *cq, u32 *in, int in_bytes)
{
	struct mlx5_core_dev *mdev = cq->mdev;
	u32 out[MLX5_ST_SZ_DW(create_cq_out)] = {};
	void *cqc;
	int eqn, ret;

	ret = mlx5_comp_eqn_get(mdev, VHCA_CQ_VECTOR, &eqn);
	if (ret)
		return ret;

	cqc = MLX5_ADDR_OF(create_cq_in, in, cq_context);
	MLX5_SET(cqc, cqc, log_cq_size, ilog2(MLX5_VHCA_CQ_ENTRIES));
	MLX5_SET(cqc, cqc, c_eqn_or_apu_element, eqn);
	MLX5_SET(cqc, cqc, uar_page, cq->uar->index);
	MLX5_SET(cqc, cqc, log_page_size, cq->buf.page_shift - MLX5_ADAPTER_PAGE_SHIFT);
	MLX5_SET64(cqc, cqc, dbr_addr, cq->db.dma);
	mlx5_fill_page_frag_array(&cq->buf,
				  (__be64 *)MLX5_ADDR_OF(create_cq_in, in, pas));

	cq->core.cqe_sz = sizeof(struct mlx5_cqe64);
	cq->core.set_ci_db = cq->db.db;
	cq->core.arm_db = cq->db.db + 1;
	cq->core.vector = VHCA_CQ_VECTOR;
	cq->core.comp = vhca_cq_comp;
	cq->core.event = vhca_cq_event;
	return mlx5_core_create_cq(mdev, &cq->core, in, in_bytes, out, sizeof(out));
}

static int vhca_cq_create_in(struct mlx5_vhca_cq *cq)
{
	int in_bytes, ret;
	u32 *in;

	in_bytes = MLX5_ST_SZ_BYTES(create_cq_in) + cq->buf.npages * sizeof(__be64);
	in = kvzalloc(in_bytes, GFP_KERNEL);
	if (!in)
		return -ENOMEM;
	ret = vhca_cq_post_create(cq, in, in_bytes);
	kvfree(in);
	return ret;
}

/**
 * mlx5_vhca_cq_create() - make the completion queue, armed
 * @cq: the queue, all 0
 * @mdev: the PF
 * @uar: through which it is armed, until mlx5_vhca_cq_destroy()
 * @wait: who waits for completions, or for the queue to break
 *
 * Return: 0 or a negative errno of mlx5_core.
 */
int mlx5_vhca_cq_create(struct mlx5_vhca_cq *cq, struct mlx5_core_dev *mdev,
			struct mlx5_uars_page *uar, wait_queue_head_t *wait)
{
	int bytes = MLX5_VHCA_CQ_ENTRIES * sizeof(struct mlx5_cqe64);
	unsigned int i;
	int ret;

	BUILD_BUG_ON(MLX5_VHCA_CQ_ENTRIES * sizeof(struct mlx5_cqe64) > PAGE_SIZE);

	cq->mdev = mdev;
	cq->uar = uar;
	cq->wait = wait;
	ret = mlx5_db_alloc_node(mdev, &cq->db, mdev->priv.numa_node);
	if (ret)
		return ret;
	ret = mlx5_frag_buf_alloc_node(mdev, bytes, &cq->buf, mdev->priv.numa_node);
	if (ret)
		goto out_free_db;

	/* Nothing that the card has written yet */
	for (i = 0; i < MLX5_VHCA_CQ_ENTRIES; i++)
		vhca_cq_entry(cq, i)->op_own = MLX5_CQE_INVALID << 4;
	ret = vhca_cq_create_in(cq);
	if (ret)
		goto out_free_buf;
	cq->made = true;
	mlx5_vhca_cq_arm(cq);
	return 0;

out_free_buf:
	mlx5_frag_buf_free(mdev, &cq->buf);
out_free_db:
	mlx5_db_free(mdev, &cq->db);
	return ret;
}

/**
 * mlx5_vhca_cq_destroy() - undo mlx5_vhca_cq_create()
 * @cq: the queue, which may not be made
 *
 * Return: 0, no event of the queue runs any more; or a negative errno of mlx5_core when the
 * card may go on to write to the queue, whose memory is then kept. It can be tried again:
 * mlx5_core finds no queue of that number any more where it looks for whom an event is, and a
 * queue that it has not destroyed is as before to it. But not after -ETIMEDOUT, for a command
 * that was not answered.
 */
int mlx5_vhca_cq_destroy(struct mlx5_vhca_cq *cq)
{
	int ret;

	if (!cq->made)
		return 0;
	ret = mlx5_core_destroy_cq(cq->mdev, &cq->core);
	if (!ret)
		mlx5_vhca_cq_free(cq);
	return ret;
}

/**
 * mlx5_vhca_cq_free() - free what the card knows nothing of any more
 * @cq: the queue, which may not be made
 */
void mlx5_vhca_cq_free(struct mlx5_vhca_cq *cq)
{
	struct mlx5_core_dev *mdev = cq->mdev;

	if (!cq->made)
		return;
	cq->made = false;
	mlx5_frag_buf_free(mdev, &cq->buf);
	mlx5_db_free(mdev, &cq->db);
}

/**
 * mlx5_vhca_cq_peek() - the next completion
 * @cq: the queue
 *
 * Return: the completion, valid until mlx5_vhca_cq_pop(); NULL when there is none.
 */
const struct mlx5_cqe64 *mlx5_vhca_cq_peek(struct mlx5_vhca_cq *cq)
{
	u32 index = cq->core.cons_index;
	struct mlx5_cqe64 *cqe = vhca_cq_entry(cq, index);
	u8 op_own = READ_ONCE(cqe->op_own);

	if (op_own >> 4 == MLX5_CQE_INVALID ||
	    (op_own & MLX5_CQE_OWNER_MASK) != !!(index & MLX5_VHCA_CQ_ENTRIES))
		return NULL;
	/* The owner bit is written last, so all else is read after it */
	dma_rmb();
	return cqe;
}

/**
 * mlx5_vhca_cq_pop() - be done with the completion that mlx5_vhca_cq_peek() gave
 * @cq: the queue
 */
void mlx5_vhca_cq_pop(struct mlx5_vhca_cq *cq)
{
	cq->core.cons_index++;
	mlx5_cq_set_ci(&cq->core);
}
