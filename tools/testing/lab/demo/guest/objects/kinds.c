// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands that make, read and remove an object of each kind.
 *
 * Queues are left in their reset state: they hold memory, doorbells and references
 * on the device but never run.  mlx5_cmd_do() is used throughout because it leaves
 * the report of a refused command to its caller.
 */
#include <linux/mlx5/device.h>
#include <linux/mlx5/driver.h>
#include <linux/slab.h>

#include "set.h"

#define CQ_LOG_ENTRIES		4
#define WQ_LOG_ENTRIES		4
#define WQ_LOG_STRIDE		6	/* one basic block of 64 bytes */
/* An NIC receive level that the steering core leaves to its users */
#define FLOW_TABLE_LEVEL	60
#define DOORBELL_BYTES		64

#define OBJECT_QUERY(kind, op, field)							\
static int kind##_query(struct object_set *set, u32 id, void *out)			\
{											\
	u32 in[MLX5_ST_SZ_DW(query_##kind##_in)] = {};					\
											\
	MLX5_SET(query_##kind##_in, in, opcode, MLX5_CMD_OP_QUERY_##op);		\
	MLX5_SET(query_##kind##_in, in, field, id);					\
	return mlx5_cmd_do(set->mdev, in, sizeof(in), out,				\
			   MLX5_ST_SZ_BYTES(query_##kind##_out));			\
}

#define OBJECT_REMOVE(kind, verb, op, field)						\
static int kind##_destroy(struct object_set *set, u32 id)				\
{											\
	u32 out[MLX5_ST_SZ_DW(verb##_##kind##_out)] = {};				\
	u32 in[MLX5_ST_SZ_DW(verb##_##kind##_in)] = {};					\
											\
	MLX5_SET(verb##_##kind##_in, in, opcode, MLX5_CMD_OP_##op);			\
	MLX5_SET(verb##_##kind##_in, in, field, id);					\
	return mlx5_cmd_do(set->mdev, in, sizeof(in), out, sizeof(out));		\
}

static dma_addr_t set_page_dma(struct object_set *set, enum set_page page)
{
	return set->dma + page * PAGE_SIZE;
}

static dma_addr_t set_doorbell_dma(struct object_set *set, enum set_page page)
{
	return set_page_dma(set, SET_PAGE_DOORBELLS) + page * DOORBELL_BYTES;
}

static int pd_create(struct object_set *set, u32 *id)
{
	u32 out[MLX5_ST_SZ_DW(alloc_pd_out)] = {};
	u32 in[MLX5_ST_SZ_DW(alloc_pd_in)] = {};
	int ret;

	MLX5_SET(alloc_pd_in, in, opcode, MLX5_CMD_OP_ALLOC_PD);
	ret = mlx5_cmd_do(set->mdev, in, sizeof(in), out, sizeof(out));
	*id = MLX5_GET(alloc_pd_out, out, pd);
	return ret;
}

OBJECT_REMOVE(pd, dealloc, DEALLOC_PD, pd)

static int transport_domain_create(struct object_set *set, u32 *id)
{
	u32 out[MLX5_ST_SZ_DW(alloc_transport_domain_out)] = {};
	u32 in[MLX5_ST_SZ_DW(alloc_transport_domain_in)] = {};
	int ret;

	MLX5_SET(alloc_transport_domain_in, in, opcode, MLX5_CMD_OP_ALLOC_TRANSPORT_DOMAIN);
	ret = mlx5_cmd_do(set->mdev, in, sizeof(in), out, sizeof(out));
	*id = MLX5_GET(alloc_transport_domain_out, out, transport_domain);
	return ret;
}

OBJECT_REMOVE(transport_domain, dealloc, DEALLOC_TRANSPORT_DOMAIN, transport_domain)

static int q_counter_create(struct object_set *set, u32 *id)
{
	u32 out[MLX5_ST_SZ_DW(alloc_q_counter_out)] = {};
	u32 in[MLX5_ST_SZ_DW(alloc_q_counter_in)] = {};
	int ret;

	MLX5_SET(alloc_q_counter_in, in, opcode, MLX5_CMD_OP_ALLOC_Q_COUNTER);
	ret = mlx5_cmd_do(set->mdev, in, sizeof(in), out, sizeof(out));
	*id = MLX5_GET(alloc_q_counter_out, out, counter_set_id);
	return ret;
}

OBJECT_QUERY(q_counter, Q_COUNTER, counter_set_id)
OBJECT_REMOVE(q_counter, dealloc, DEALLOC_Q_COUNTER, counter_set_id)

static bool q_counter_as_sent(struct object_set *set, const void *out)
{
	return true;
}

/* Sixteen entries of 64 bytes: one page. */
static int cq_create(struct object_set *set, u32 *id)
{
	u32 in[MLX5_ST_SZ_DW(create_cq_in) + 2] = {};
	u32 out[MLX5_ST_SZ_DW(create_cq_out)] = {};
	void *cqc = MLX5_ADDR_OF(create_cq_in, in, cq_context);
	__be64 *pas = MLX5_ADDR_OF(create_cq_in, in, pas);
	int ret;

	MLX5_SET(create_cq_in, in, opcode, MLX5_CMD_OP_CREATE_CQ);
	MLX5_SET(cqc, cqc, log_cq_size, CQ_LOG_ENTRIES);
	MLX5_SET(cqc, cqc, uar_page, set->uar->index);
	MLX5_SET(cqc, cqc, c_eqn_or_apu_element, set->eqn);
	MLX5_SET(cqc, cqc, cq_period, set->seed & 0xfff);
	MLX5_SET(cqc, cqc, cq_max_count, set->seed & 0xffff);
	MLX5_SET64(cqc, cqc, dbr_addr, set_doorbell_dma(set, SET_PAGE_CQ));
	*pas = cpu_to_be64(set_page_dma(set, SET_PAGE_CQ));
	ret = mlx5_cmd_do(set->mdev, in, sizeof(in), out, sizeof(out));
	*id = MLX5_GET(create_cq_out, out, cqn);
	return ret;
}

OBJECT_QUERY(cq, CQ, cqn)
OBJECT_REMOVE(cq, destroy, DESTROY_CQ, cqn)

static bool cq_as_sent(struct object_set *set, const void *out)
{
	const void *cqc = MLX5_ADDR_OF(query_cq_out, out, cq_context);

	return MLX5_GET(cqc, cqc, log_cq_size) == CQ_LOG_ENTRIES &&
	       MLX5_GET(cqc, cqc, c_eqn_or_apu_element) == set->eqn &&
	       MLX5_GET(cqc, cqc, cq_period) == (set->seed & 0xfff) &&
	       MLX5_GET64(cqc, cqc, dbr_addr) == set_doorbell_dma(set, SET_PAGE_CQ);
}

/* A key over one page of the set, at a virtual address of the set's own. */
static u64 mkey_start_addr(struct object_set *set)
{
	return (u64)set->seed << PAGE_SHIFT;
}

static int mkey_create_on(struct object_set *set, u32 pdn, u32 *mkey)
{
	/* two 64-bit translations make one octword, the unit of their count */
	u32 in[MLX5_ST_SZ_DW(create_mkey_in) + 4] = {};
	u32 out[MLX5_ST_SZ_DW(create_mkey_out)] = {};
	void *mkc = MLX5_ADDR_OF(create_mkey_in, in, memory_key_mkey_entry);
	__be64 *mtt = MLX5_ADDR_OF(create_mkey_in, in, klm_pas_mtt);
	int ret;

	MLX5_SET(create_mkey_in, in, opcode, MLX5_CMD_OP_CREATE_MKEY);
	MLX5_SET(create_mkey_in, in, translations_octword_actual_size, 1);
	MLX5_SET(mkc, mkc, access_mode_1_0, MLX5_MKC_ACCESS_MODE_MTT);
	MLX5_SET(mkc, mkc, lr, 1);
	MLX5_SET(mkc, mkc, lw, set->seed & 1);
	MLX5_SET(mkc, mkc, qpn, 0xffffff);
	MLX5_SET(mkc, mkc, mkey_7_0, set->seed & 0xff);
	MLX5_SET(mkc, mkc, pd, pdn);
	MLX5_SET64(mkc, mkc, start_addr, mkey_start_addr(set));
	MLX5_SET64(mkc, mkc, len, PAGE_SIZE);
	MLX5_SET(mkc, mkc, translations_octword_size, 1);
	MLX5_SET(mkc, mkc, log_page_size, PAGE_SHIFT);
	*mtt = cpu_to_be64(set_page_dma(set, SET_PAGE_DOORBELLS) | MLX5_EN_WR);
	ret = mlx5_cmd_do(set->mdev, in, sizeof(in), out, sizeof(out));
	*mkey = MLX5_GET(create_mkey_out, out, mkey_index);
	return ret;
}

static int mkey_create(struct object_set *set, u32 *id)
{
	return mkey_create_on(set, set->id[OBJECT_PD], id);
}

OBJECT_QUERY(mkey, MKEY, mkey_index)
OBJECT_REMOVE(mkey, destroy, DESTROY_MKEY, mkey_index)

static bool mkey_as_sent(struct object_set *set, const void *out)
{
	const void *mkc = MLX5_ADDR_OF(query_mkey_out, out, memory_key_mkey_entry);

	return MLX5_GET(mkc, mkc, pd) == set->id[OBJECT_PD] &&
	       MLX5_GET(mkc, mkc, mkey_7_0) == (set->seed & 0xff) &&
	       MLX5_GET64(mkc, mkc, start_addr) == mkey_start_addr(set) &&
	       MLX5_GET64(mkc, mkc, len) == PAGE_SIZE;
}

static int pd_use(struct object_set *set, u32 pdn)
{
	u32 mkey;
	int ret;

	ret = mkey_create_on(set, pdn, &mkey);
	return ret ? ret : mkey_destroy(set, mkey);
}

static int tis_create_on(struct object_set *set, u32 tdn, u32 *tisn)
{
	u32 out[MLX5_ST_SZ_DW(create_tis_out)] = {};
	u32 in[MLX5_ST_SZ_DW(create_tis_in)] = {};
	void *tisc = MLX5_ADDR_OF(create_tis_in, in, ctx);
	int ret;

	MLX5_SET(create_tis_in, in, opcode, MLX5_CMD_OP_CREATE_TIS);
	/* the upper three of the four bits are the priority proper */
	MLX5_SET(tisc, tisc, prio, (set->seed & 7) << 1);
	MLX5_SET(tisc, tisc, transport_domain, tdn);
	ret = mlx5_cmd_do(set->mdev, in, sizeof(in), out, sizeof(out));
	*tisn = MLX5_GET(create_tis_out, out, tisn);
	return ret;
}

static int tis_create(struct object_set *set, u32 *id)
{
	return tis_create_on(set, set->id[OBJECT_TRANSPORT_DOMAIN], id);
}

OBJECT_QUERY(tis, TIS, tisn)
OBJECT_REMOVE(tis, destroy, DESTROY_TIS, tisn)

static bool tis_as_sent(struct object_set *set, const void *out)
{
	const void *tisc = MLX5_ADDR_OF(query_tis_out, out, tis_context);

	return MLX5_GET(tisc, tisc, prio) == (set->seed & 7) << 1 &&
	       MLX5_GET(tisc, tisc, transport_domain) == set->id[OBJECT_TRANSPORT_DOMAIN];
}

static int transport_domain_use(struct object_set *set, u32 tdn)
{
	u32 tisn;
	int ret;

	ret = tis_create_on(set, tdn, &tisn);
	return ret ? ret : tis_destroy(set, tisn);
}

static void wq_fill(struct object_set *set, void *wq, enum set_page page)
{
	__be64 *pas = MLX5_ADDR_OF(wq, wq, pas);

	MLX5_SET(wq, wq, wq_type, MLX5_WQ_TYPE_CYCLIC);
	MLX5_SET(wq, wq, pd, set->id[OBJECT_PD]);
	MLX5_SET(wq, wq, uar_page, set->uar->index);
	MLX5_SET64(wq, wq, dbr_addr, set_doorbell_dma(set, page));
	MLX5_SET(wq, wq, log_wq_stride, WQ_LOG_STRIDE);
	MLX5_SET(wq, wq, log_wq_sz, WQ_LOG_ENTRIES);
	*pas = cpu_to_be64(set_page_dma(set, page));
}

static bool wq_as_sent(struct object_set *set, const void *wq, enum set_page page)
{
	return MLX5_GET(wq, wq, pd) == set->id[OBJECT_PD] &&
	       MLX5_GET(wq, wq, log_wq_sz) == WQ_LOG_ENTRIES &&
	       MLX5_GET64(wq, wq, dbr_addr) == set_doorbell_dma(set, page);
}

static int rq_create(struct object_set *set, u32 *id)
{
	u32 in[MLX5_ST_SZ_DW(create_rq_in) + 2] = {};
	u32 out[MLX5_ST_SZ_DW(create_rq_out)] = {};
	void *rqc = MLX5_ADDR_OF(create_rq_in, in, ctx);
	int ret;

	MLX5_SET(create_rq_in, in, opcode, MLX5_CMD_OP_CREATE_RQ);
	MLX5_SET(rqc, rqc, vsd, set->seed & 1);
	MLX5_SET(rqc, rqc, user_index, set->seed & 0xffffff);
	MLX5_SET(rqc, rqc, cqn, set->id[OBJECT_CQ]);
	MLX5_SET(rqc, rqc, counter_set_id, set->id[OBJECT_Q_COUNTER]);
	wq_fill(set, MLX5_ADDR_OF(rqc, rqc, wq), SET_PAGE_RQ);
	ret = mlx5_cmd_do(set->mdev, in, sizeof(in), out, sizeof(out));
	*id = MLX5_GET(create_rq_out, out, rqn);
	return ret;
}

OBJECT_QUERY(rq, RQ, rqn)
OBJECT_REMOVE(rq, destroy, DESTROY_RQ, rqn)

static bool rq_as_sent(struct object_set *set, const void *out)
{
	const void *rqc = MLX5_ADDR_OF(query_rq_out, out, rq_context);

	return MLX5_GET(rqc, rqc, cqn) == set->id[OBJECT_CQ] &&
	       MLX5_GET(rqc, rqc, user_index) == (set->seed & 0xffffff) &&
	       wq_as_sent(set, MLX5_ADDR_OF(rqc, rqc, wq), SET_PAGE_RQ);
}

static int sq_create(struct object_set *set, u32 *id)
{
	u32 in[MLX5_ST_SZ_DW(create_sq_in) + 2] = {};
	u32 out[MLX5_ST_SZ_DW(create_sq_out)] = {};
	void *sqc = MLX5_ADDR_OF(create_sq_in, in, ctx);
	int ret;

	MLX5_SET(create_sq_in, in, opcode, MLX5_CMD_OP_CREATE_SQ);
	MLX5_SET(sqc, sqc, flush_in_error_en, 1);
	MLX5_SET(sqc, sqc, user_index, set->seed & 0xffffff);
	MLX5_SET(sqc, sqc, cqn, set->id[OBJECT_CQ]);
	MLX5_SET(sqc, sqc, tis_lst_sz, 1);
	MLX5_SET(sqc, sqc, tis_num_0, set->id[OBJECT_TIS]);
	wq_fill(set, MLX5_ADDR_OF(sqc, sqc, wq), SET_PAGE_SQ);
	ret = mlx5_cmd_do(set->mdev, in, sizeof(in), out, sizeof(out));
	*id = MLX5_GET(create_sq_out, out, sqn);
	return ret;
}

OBJECT_QUERY(sq, SQ, sqn)
OBJECT_REMOVE(sq, destroy, DESTROY_SQ, sqn)

static bool sq_as_sent(struct object_set *set, const void *out)
{
	const void *sqc = MLX5_ADDR_OF(query_sq_out, out, sq_context);

	return MLX5_GET(sqc, sqc, cqn) == set->id[OBJECT_CQ] &&
	       MLX5_GET(sqc, sqc, tis_num_0) == set->id[OBJECT_TIS] &&
	       MLX5_GET(sqc, sqc, user_index) == (set->seed & 0xffffff) &&
	       wq_as_sent(set, MLX5_ADDR_OF(sqc, sqc, wq), SET_PAGE_SQ);
}

static int rqt_create(struct object_set *set, u32 *id)
{
	u32 in[MLX5_ST_SZ_DW(create_rqt_in) + MLX5_ST_SZ_DW(rq_num)] = {};
	u32 out[MLX5_ST_SZ_DW(create_rqt_out)] = {};
	void *rqtc = MLX5_ADDR_OF(create_rqt_in, in, rqt_context);
	int ret;

	MLX5_SET(create_rqt_in, in, opcode, MLX5_CMD_OP_CREATE_RQT);
	MLX5_SET(rqtc, rqtc, rqt_max_size, 1);
	MLX5_SET(rqtc, rqtc, rqt_actual_size, 1);
	MLX5_SET(rqtc, rqtc, rq_num[0], set->id[OBJECT_RQ]);
	ret = mlx5_cmd_do(set->mdev, in, sizeof(in), out, sizeof(out));
	*id = MLX5_GET(create_rqt_out, out, rqtn);
	return ret;
}

OBJECT_QUERY(rqt, RQT, rqtn)
OBJECT_REMOVE(rqt, destroy, DESTROY_RQT, rqtn)

static bool rqt_as_sent(struct object_set *set, const void *out)
{
	const void *rqtc = MLX5_ADDR_OF(query_rqt_out, out, rqt_context);

	return MLX5_GET(rqtc, rqtc, rqt_actual_size) == 1;
}

static int tir_create(struct object_set *set, u32 *id)
{
	u32 out[MLX5_ST_SZ_DW(create_tir_out)] = {};
	u32 in[MLX5_ST_SZ_DW(create_tir_in)] = {};
	void *tirc = MLX5_ADDR_OF(create_tir_in, in, ctx);
	int ret;

	MLX5_SET(create_tir_in, in, opcode, MLX5_CMD_OP_CREATE_TIR);
	MLX5_SET(tirc, tirc, disp_type, MLX5_TIRC_DISP_TYPE_INDIRECT);
	MLX5_SET(tirc, tirc, indirect_table, set->id[OBJECT_RQT]);
	MLX5_SET(tirc, tirc, transport_domain, set->id[OBJECT_TRANSPORT_DOMAIN]);
	MLX5_SET(tirc, tirc, rx_hash_fn, MLX5_RX_HASH_FN_TOEPLITZ);
	MLX5_SET(tirc, tirc, rx_hash_toeplitz_key[0], set->seed);
	MLX5_SET(tirc, tirc, rx_hash_toeplitz_key[9], ~set->seed);
	ret = mlx5_cmd_do(set->mdev, in, sizeof(in), out, sizeof(out));
	*id = MLX5_GET(create_tir_out, out, tirn);
	return ret;
}

OBJECT_QUERY(tir, TIR, tirn)
OBJECT_REMOVE(tir, destroy, DESTROY_TIR, tirn)

static bool tir_as_sent(struct object_set *set, const void *out)
{
	const void *tirc = MLX5_ADDR_OF(query_tir_out, out, tir_context);

	return MLX5_GET(tirc, tirc, indirect_table) == set->id[OBJECT_RQT] &&
	       MLX5_GET(tirc, tirc, rx_hash_toeplitz_key[0]) == set->seed &&
	       MLX5_GET(tirc, tirc, rx_hash_toeplitz_key[9]) == ~set->seed;
}

static u8 flow_table_log_size(struct object_set *set)
{
	return 1 + set->seed % 4;
}

static int flow_table_create(struct object_set *set, u32 *id)
{
	u32 out[MLX5_ST_SZ_DW(create_flow_table_out)] = {};
	u32 in[MLX5_ST_SZ_DW(create_flow_table_in)] = {};
	void *ctx = MLX5_ADDR_OF(create_flow_table_in, in, flow_table_context);
	int ret;

	MLX5_SET(create_flow_table_in, in, opcode, MLX5_CMD_OP_CREATE_FLOW_TABLE);
	MLX5_SET(flow_table_context, ctx, level, FLOW_TABLE_LEVEL);
	MLX5_SET(flow_table_context, ctx, log_size, flow_table_log_size(set));
	ret = mlx5_cmd_do(set->mdev, in, sizeof(in), out, sizeof(out));
	*id = MLX5_GET(create_flow_table_out, out, table_id);
	return ret;
}

OBJECT_QUERY(flow_table, FLOW_TABLE, table_id)
OBJECT_REMOVE(flow_table, destroy, DESTROY_FLOW_TABLE, table_id)

static bool flow_table_as_sent(struct object_set *set, const void *out)
{
	const void *ctx = MLX5_ADDR_OF(query_flow_table_out, out, flow_table_context);

	return MLX5_GET(flow_table_context, ctx, level) == FLOW_TABLE_LEVEL &&
	       MLX5_GET(flow_table_context, ctx, log_size) == flow_table_log_size(set);
}

#define OBJECT_KIND(kind)						\
	{								\
		.name = #kind,						\
		.create = kind##_create,				\
		.query = kind##_query,					\
		.query_bytes = MLX5_ST_SZ_BYTES(query_##kind##_out),	\
		.as_sent = kind##_as_sent,				\
		.destroy = kind##_destroy,				\
	}

const struct object_kind object_kinds[OBJECT_NR] = {
	[OBJECT_PD] = {
		.name = "pd", .create = pd_create, .use = pd_use, .destroy = pd_destroy,
	},
	[OBJECT_TRANSPORT_DOMAIN] = {
		.name = "transport_domain", .create = transport_domain_create,
		.use = transport_domain_use, .destroy = transport_domain_destroy,
	},
	[OBJECT_Q_COUNTER] = OBJECT_KIND(q_counter),
	[OBJECT_CQ] = OBJECT_KIND(cq),
	[OBJECT_MKEY] = OBJECT_KIND(mkey),
	[OBJECT_TIS] = OBJECT_KIND(tis),
	[OBJECT_RQ] = OBJECT_KIND(rq),
	[OBJECT_SQ] = OBJECT_KIND(sq),
	[OBJECT_RQT] = OBJECT_KIND(rqt),
	[OBJECT_TIR] = OBJECT_KIND(tir),
	[OBJECT_FLOW_TABLE] = OBJECT_KIND(flow_table),
};
