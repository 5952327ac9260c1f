// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queue pairs of the very small driver. Contexts are those of mlx5_ifc.h; requests
 * and completions are structs mlx5_wqe_ctrl_seg, mlx5_wqe_raddr_seg and
 * mlx5_wqe_data_seg of the kernel's include/linux/mlx5/qp.h, and struct
 * mlx5_cqe64 of device.h.
 */
#include "mlx5_rdma.h"

#define PAGE_BYTES	4096U

#define KEY_BYTE	0x7e
#define KEY_PAGES	(2 * MLX5_RDMA_BYTES / PAGE_BYTES)
#define KEY_BY_PAGES	1

/* Of a completion queue; more than can be outstanding */
#define CQE_BYTES	64
#define CQ_LOG_SIZE	(MLX5_RDMA_LOG_REQUESTS + 1)
#define CQE_COUNTER	60
#define CQE_OP_OWN	63
#define CQE_INVALID	0xf
#define CQE_REQUESTER	0
#define CQ_RECORD_CI	0

/* Of a queue pair: context fields without names in the header, and its record */
#define QP_RC		0
#define QP_NOT_MIGRATING	3
#define QP_NO_RQ	3
#define QP_RECORD_SEND	4

#define WQE_BYTES	64
#define WQE_OPCODE	0
#define WQE_NUMBER	4
#define WQE_FLAGS	8
#define WQE_SIGNALLED	0x08
#define WQE_REMOTE	16
#define WQE_DATA	32
#define WQE_UNITS	3
#define UAR_DOORBELL	0x800

/* The connection: short packets, so that a request is many, and a patient peer */
#define MTU_256		1
#define ACK_TIMEOUT	15
#define RETRIES		7
#define LOG_READS	2
#define UDP_PORT	0xc123
#define HOPS		64
#define PSN		0xfffff0

#define ROCE_VERSION_2	2

static const __u8 mac[6] = { 0x02, 0, 0, 0, 0x5e, 0x01 };
/* 10.7.0.1, as an IPv6 address */
static const __u8 gid[16] = { [10] = 0xff, 0xff, 10, 7, 0, 1 };

const char *mlx5_rdma_lacking(struct mlx5_hca *hca)
{
	__u8 in[MLX5_BYTES(query_hca_cap_in)] = {};
	__u8 out[MLX5_BYTES(query_hca_cap_out)] = {};
	__u8 *cap = out + MLX5_BYTE_OFF(query_hca_cap_out, capability);

	MLX5_SET_FIELD(in, MLX5_AT(query_hca_cap_in)->opcode, MLX5_CMD_OP_QUERY_HCA_CAP);
	/* General capabilities, those that are in force */
	MLX5_SET_FIELD(in, MLX5_AT(query_hca_cap_in)->op_mod, 1);
	mlx5_cmd(hca, in, sizeof(in), out, sizeof(out));
	if (!MLX5_FIELD(cap, MLX5_AT(cmd_hca_cap)->roce) ||
	    !MLX5_FIELD(cap, MLX5_AT(cmd_hca_cap)->rc))
		return "the function offers no reliable connections over RoCE";
	return NULL;
}

static void enable_roce(struct mlx5_hca *hca)
{
	__u8 in[MLX5_BYTES(modify_nic_vport_context_in)] = {};
	__u8 out[MLX5_BYTES(modify_nic_vport_context_out)] = {};

	MLX5_SET_FIELD(in, MLX5_AT(modify_nic_vport_context_in)->opcode,
		       MLX5_CMD_OP_MODIFY_NIC_VPORT_CONTEXT);
	MLX5_SET_FIELD(in, MLX5_AT(modify_nic_vport_context_in)->field_select.roce_en, 1);
	MLX5_SET_FIELD(in, MLX5_AT(modify_nic_vport_context_in)->nic_vport_context.roce_en, 1);
	mlx5_cmd(hca, in, sizeof(in), out, sizeof(out));
}

static void set_address(struct mlx5_hca *hca)
{
	__u8 in[MLX5_BYTES(set_roce_address_in)] = {};
	__u8 out[MLX5_BYTES(set_roce_address_out)] = {};
	__u8 *address = in + MLX5_BYTE_OFF(set_roce_address_in, roce_address);

	MLX5_SET_FIELD(in, MLX5_AT(set_roce_address_in)->opcode, MLX5_CMD_OP_SET_ROCE_ADDRESS);
	memcpy(address, gid, sizeof(gid));
	memcpy(address + MLX5_BYTE_OFF(roce_addr_layout, source_mac_47_32), mac, sizeof(mac));
	MLX5_SET_FIELD(address, MLX5_AT(roce_addr_layout)->roce_version, ROCE_VERSION_2);
	mlx5_cmd(hca, in, sizeof(in), out, sizeof(out));
}

static void make_key(struct mlx5_rdma *rdma)
{
	__u8 in[MLX5_BYTES(create_mkey_in) + 8 * KEY_PAGES] = {};
	__u8 out[MLX5_BYTES(create_mkey_out)] = {};
	__u8 *mkc = in + MLX5_BYTE_OFF(create_mkey_in, memory_key_mkey_entry);
	__u64 iova = mlx5_guest_iova(rdma->hca, rdma->near);
	unsigned int i;

	MLX5_SET_FIELD(in, MLX5_AT(create_mkey_in)->opcode, MLX5_CMD_OP_CREATE_MKEY);
	MLX5_SET_FIELD(in, MLX5_AT(create_mkey_in)->translations_octword_actual_size,
		       KEY_PAGES / 2);
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->access_mode_1_0, KEY_BY_PAGES);
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->lr, 1);
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->lw, 1);
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->rr, 1);
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->rw, 1);
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->qpn, 0xffffff);
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->mkey_7_0, KEY_BYTE);
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->pd, rdma->hca->pd);
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->start_addr, iova);
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->len, 2 * MLX5_RDMA_BYTES);
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->translations_octword_size, KEY_PAGES / 2);
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->log_page_size, 12);
	/* The low bits of an entry allow reading and writing. */
	for (i = 0; i < KEY_PAGES; i++)
		mlx5_put_be64(in + MLX5_BYTES(create_mkey_in) + 8 * i,
			      (iova + (__u64)i * PAGE_BYTES) | 3);
	mlx5_cmd(rdma->hca, in, sizeof(in), out, sizeof(out));
	rdma->key = MLX5_FIELD(out, MLX5_AT(create_mkey_out)->mkey_index) << 8 | KEY_BYTE;
}

static void make_cq(struct mlx5_rdma *rdma)
{
	const unsigned int pages = (CQE_BYTES << CQ_LOG_SIZE) / PAGE_BYTES;
	__u8 in[MLX5_BYTES(create_cq_in) + 8 * pages], out[MLX5_BYTES(create_cq_out)] = {};
	__u8 *cqc = in + MLX5_BYTE_OFF(create_cq_in, cq_context);
	unsigned int i;

	memset(in, 0, sizeof(in));
	rdma->cq = mlx5_guest_alloc(rdma->hca, CQE_BYTES << CQ_LOG_SIZE);
	rdma->cq_record = mlx5_guest_alloc(rdma->hca, PAGE_BYTES);
	for (i = 0; i < 1U << CQ_LOG_SIZE; i++)
		rdma->cq[i * CQE_BYTES + CQE_OP_OWN] = CQE_INVALID << 4 | 1;
	MLX5_SET_FIELD(in, MLX5_AT(create_cq_in)->opcode, MLX5_CMD_OP_CREATE_CQ);
	MLX5_SET_FIELD(cqc, MLX5_AT(cqc)->log_cq_size, CQ_LOG_SIZE);
	MLX5_SET_FIELD(cqc, MLX5_AT(cqc)->uar_page, rdma->hca->uar);
	MLX5_SET_FIELD(cqc, MLX5_AT(cqc)->c_eqn_or_apu_element, rdma->hca->eqn);
	MLX5_SET_FIELD(cqc, MLX5_AT(cqc)->dbr_addr,
		       mlx5_guest_iova(rdma->hca, rdma->cq_record));
	for (i = 0; i < pages; i++)
		mlx5_put_be64(in + MLX5_BYTES(create_cq_in) + 8 * i,
			      mlx5_guest_iova(rdma->hca, rdma->cq + i * PAGE_BYTES));
	mlx5_cmd(rdma->hca, in, sizeof(in), out, sizeof(out));
	rdma->cqn = MLX5_FIELD(out, MLX5_AT(create_cq_out)->cqn);
}

static void make_qp(struct mlx5_rdma *rdma, struct mlx5_rdma_qp *qp)
{
	__u8 in[MLX5_BYTES(create_qp_in) + 8] = {}, out[MLX5_BYTES(create_qp_out)] = {};
	__u8 *qpc = in + MLX5_BYTE_OFF(create_qp_in, qpc);

	qp->sq = mlx5_guest_alloc(rdma->hca, WQE_BYTES << MLX5_RDMA_LOG_REQUESTS);
	qp->record = mlx5_guest_alloc(rdma->hca, PAGE_BYTES);
	MLX5_SET_FIELD(in, MLX5_AT(create_qp_in)->opcode, MLX5_CMD_OP_CREATE_QP);
	MLX5_SET_FIELD(qpc, MLX5_AT(qpc)->st, QP_RC);
	MLX5_SET_FIELD(qpc, MLX5_AT(qpc)->pm_state, QP_NOT_MIGRATING);
	MLX5_SET_FIELD(qpc, MLX5_AT(qpc)->pd, rdma->hca->pd);
	MLX5_SET_FIELD(qpc, MLX5_AT(qpc)->uar_page, rdma->hca->uar);
	MLX5_SET_FIELD(qpc, MLX5_AT(qpc)->log_sq_size, MLX5_RDMA_LOG_REQUESTS);
	MLX5_SET_FIELD(qpc, MLX5_AT(qpc)->rq_type, QP_NO_RQ);
	MLX5_SET_FIELD(qpc, MLX5_AT(qpc)->cqn_snd, rdma->cqn);
	MLX5_SET_FIELD(qpc, MLX5_AT(qpc)->cqn_rcv, rdma->cqn);
	MLX5_SET_FIELD(qpc, MLX5_AT(qpc)->dbr_addr, mlx5_guest_iova(rdma->hca, qp->record));
	mlx5_put_be64(in + MLX5_BYTES(create_qp_in), mlx5_guest_iova(rdma->hca, qp->sq));
	mlx5_cmd(rdma->hca, in, sizeof(in), out, sizeof(out));
	qp->number = MLX5_FIELD(out, MLX5_AT(create_qp_out)->qpn);
}

static void fill_path(__u8 *path)
{
	MLX5_SET_FIELD(path, MLX5_AT(ads)->vhca_port_num, 1);
	MLX5_SET_FIELD(path, MLX5_AT(ads)->ack_timeout, ACK_TIMEOUT);
	MLX5_SET_FIELD(path, MLX5_AT(ads)->hop_limit, HOPS);
	MLX5_SET_FIELD(path, MLX5_AT(ads)->udp_sport, UDP_PORT);
	memcpy(path + MLX5_BYTE_OFF(ads, rgid_rip), gid, sizeof(gid));
	memcpy(path + MLX5_BYTE_OFF(ads, rmac_47_32), mac, sizeof(mac));
}

/* RST -> INIT -> RTR -> RTS; commands for the three have the same layout. */
static void connect(struct mlx5_rdma *rdma, const struct mlx5_rdma_qp *qp,
		    const struct mlx5_rdma_qp *peer)
{
	static const __u16 opcodes[] = {
		MLX5_CMD_OP_RST2INIT_QP, MLX5_CMD_OP_INIT2RTR_QP, MLX5_CMD_OP_RTR2RTS_QP,
	};
	__u8 in[MLX5_BYTES(init2rtr_qp_in)] = {}, out[MLX5_BYTES(init2rtr_qp_out)] = {};
	__u8 *qpc = in + MLX5_BYTE_OFF(init2rtr_qp_in, qpc);
	unsigned int i;

	MLX5_SET_FIELD(in, MLX5_AT(init2rtr_qp_in)->qpn, qp->number);
	fill_path(qpc + MLX5_BYTE_OFF(qpc, primary_address_path));
	MLX5_SET_FIELD(qpc, MLX5_AT(qpc)->mtu, MTU_256);
	MLX5_SET_FIELD(qpc, MLX5_AT(qpc)->log_msg_max, 30);
	MLX5_SET_FIELD(qpc, MLX5_AT(qpc)->remote_qpn, peer->number);
	MLX5_SET_FIELD(qpc, MLX5_AT(qpc)->next_send_psn, PSN);
	MLX5_SET_FIELD(qpc, MLX5_AT(qpc)->next_rcv_psn, PSN);
	MLX5_SET_FIELD(qpc, MLX5_AT(qpc)->retry_count, RETRIES);
	MLX5_SET_FIELD(qpc, MLX5_AT(qpc)->rnr_retry, RETRIES);
	MLX5_SET_FIELD(qpc, MLX5_AT(qpc)->log_sra_max, LOG_READS);
	MLX5_SET_FIELD(qpc, MLX5_AT(qpc)->log_rra_max, LOG_READS);
	MLX5_SET_FIELD(qpc, MLX5_AT(qpc)->rre, 1);
	MLX5_SET_FIELD(qpc, MLX5_AT(qpc)->rwe, 1);
	for (i = 0; i < ARRAY_SIZE(opcodes); i++) {
		MLX5_SET_FIELD(in, MLX5_AT(init2rtr_qp_in)->opcode, opcodes[i]);
		mlx5_cmd(rdma->hca, in, sizeof(in), out, sizeof(out));
	}
}

void mlx5_rdma_start(struct mlx5_rdma *rdma, struct mlx5_hca *hca)
{
	*rdma = (struct mlx5_rdma) { .hca = hca };
	rdma->near = mlx5_guest_alloc(hca, 2 * MLX5_RDMA_BYTES);
	rdma->far = rdma->near + MLX5_RDMA_BYTES;
	enable_roce(hca);
	set_address(hca);
	make_key(rdma);
	make_cq(rdma);
	make_qp(rdma, &rdma->asks);
	make_qp(rdma, &rdma->answers);
	connect(rdma, &rdma->asks, &rdma->answers);
	connect(rdma, &rdma->answers, &rdma->asks);
}

static __u8 *request(const struct mlx5_rdma *rdma, __u16 number)
{
	return rdma->asks.sq + number % MLX5_RDMA_REQUESTS * WQE_BYTES;
}

void mlx5_rdma_post(struct mlx5_rdma *rdma, enum mlx5_wr opcode, __u32 offset, __u32 bytes)
{
	struct mlx5_rdma_qp *qp = &rdma->asks;
	__u8 *wqe = request(rdma, qp->posted);

	VFIO_ASSERT(offset + bytes <= MLX5_RDMA_BYTES, "%u bytes at %u", bytes, offset);
	memset(wqe, 0, WQE_BYTES);
	mlx5_put_be32(wqe + WQE_OPCODE, (__u32)qp->posted << 8 | opcode);
	mlx5_put_be32(wqe + WQE_NUMBER, qp->number << 8 | WQE_UNITS);
	mlx5_put_be32(wqe + WQE_FLAGS, WQE_SIGNALLED);
	mlx5_put_be64(wqe + WQE_REMOTE, mlx5_guest_iova(rdma->hca, rdma->far + offset));
	mlx5_put_be32(wqe + WQE_REMOTE + 8, rdma->key);
	mlx5_put_be32(wqe + WQE_DATA, bytes);
	mlx5_put_be32(wqe + WQE_DATA + 4, rdma->key);
	mlx5_put_be64(wqe + WQE_DATA + 8, mlx5_guest_iova(rdma->hca, rdma->near + offset));
	qp->posted++;
}

void mlx5_rdma_ring(struct mlx5_rdma *rdma)
{
	struct mlx5_rdma_qp *qp = &rdma->asks;
	size_t doorbell = (size_t)rdma->hca->uar * PAGE_BYTES + UAR_DOORBELL;
	__u64 first;

	VFIO_ASSERT(doorbell < rdma->hca->bar_bytes, "UAR %u", rdma->hca->uar);
	/* Requests, their number, the doorbell: each must be seen after the one before. */
	__sync_synchronize();
	mlx5_put_be32(qp->record + QP_RECORD_SEND, qp->posted);
	__sync_synchronize();
	memcpy(&first, request(rdma, qp->posted - 1), sizeof(first));
	__atomic_store_n((__u64 *)(rdma->hca->bar + doorbell), first, __ATOMIC_RELAXED);
}

bool mlx5_rdma_completed(struct mlx5_rdma *rdma)
{
	__u8 *cqe = rdma->cq + rdma->cq_ci % (1U << CQ_LOG_SIZE) * CQE_BYTES;
	__u8 op_own = __atomic_load_n(cqe + CQE_OP_OWN, __ATOMIC_RELAXED);
	__u16 number;

	if (op_own >> 4 == CQE_INVALID || (op_own & 1) != (rdma->cq_ci >> CQ_LOG_SIZE & 1))
		return false;
	__sync_synchronize();
	VFIO_ASSERT(op_own >> 4 == CQE_REQUESTER, "completion %u of kind 0x%x",
		    rdma->cq_ci, op_own >> 4);
	number = cqe[CQE_COUNTER] << 8 | cqe[CQE_COUNTER + 1];
	VFIO_ASSERT(number == (__u16)rdma->cq_ci, "completion %u is of request %u",
		    rdma->cq_ci, number);
	rdma->cq_ci++;
	mlx5_put_be32(rdma->cq_record + CQ_RECORD_CI, rdma->cq_ci & 0xffffff);
	return true;
}
