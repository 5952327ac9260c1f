/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What drivers of RDMA ask for before any queue pair is there: partition key,
 * port, node, and the capabilities that lead them to it.
 */
#include "machine.h"
#include "qp.h"

#define MAD_BYTES       256
#define MAD_METHOD      3
#define MAD_STATUS      4
#define MAD_ATTRIBUTE   16
#define MAD_DATA        64
#define ATOMIC_PAGE     3
#define NODE_DESC       0x6001
#define NODE_DESC_BYTES 64

static Hca *start(void **state, const char *props)
{
    return &machine_start_ready(state, 1, props)->pf[0];
}

static unsigned pkey(Hca *hca, unsigned index)
{
    uint8_t in[CX_SZ(query_hca_vport_pkey_in)] = {};
    uint8_t out[CX_SZ(query_hca_vport_pkey_out) + CX_SZ(pkey)];

    hca_header(in, OP(QUERY_HCA_VPORT_PKEY), 0);
    CX_SET(query_hca_vport_pkey_in, in, pkey_index, index);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), HCA_OK);
    return CX_GET(pkey, CX_ADDR(query_hca_vport_pkey_out, out, pkey), pkey);
}

static void test_partition_key(void **state)
{
    Hca *hca = start(state, "rdma=on");

    assert_int_equal(pkey(hca, 0), 0xffff);
    assert_int_equal(pkey(hca, 1), 0);
}

/* The GUIDs are those that the vport's other command tells. */
static void test_port(void **state)
{
    uint8_t in[CX_SZ(query_hca_vport_context_in)] = {};
    uint8_t out[CX_SZ(query_hca_vport_context_out)];
    uint8_t nic_in[CX_SZ(query_nic_vport_context_in)] = {};
    uint8_t nic_out[CX_SZ(query_nic_vport_context_out)];
    uint8_t *ctx = CX_ADDR(query_hca_vport_context_out, out,
                           hca_vport_context);
    uint8_t *nic = CX_ADDR(query_nic_vport_context_out, nic_out,
                           nic_vport_context);
    Hca *hca = start(state, "rdma=on");

    hca_header(in, OP(QUERY_HCA_VPORT_CONTEXT), 0);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), HCA_OK);
    hca_header(nic_in, OP(QUERY_NIC_VPORT_CONTEXT), 0);
    assert_int_equal(hca_exec(hca, nic_in, sizeof(nic_in), nic_out,
                              sizeof(nic_out)), HCA_OK);
    assert_int_equal(CX_GET(hca_vport_context, ctx, port_state), 4);
    assert_int_not_equal(CX_GET64(hca_vport_context, ctx, node_guid), 0);
    assert_int_equal(CX_GET64(hca_vport_context, ctx, node_guid),
                     CX_GET64(nic_vport_context, nic, node_guid));
    assert_int_equal(CX_GET64(hca_vport_context, ctx, port_guid),
                     CX_GET64(nic_vport_context, nic, port_guid));
}

/* Sends a datagram with that method and attribute; the answer's status */
static unsigned mad(Hca *hca, uint8_t method, uint16_t attribute, uint8_t *data)
{
    uint8_t in[CX_SZ(mad_ifc_in)] = {}, out[CX_SZ(mad_ifc_out)];
    uint8_t *request = CX_ADDR(mad_ifc_in, in, mad);
    uint8_t *answer = CX_ADDR(mad_ifc_out, out, response_mad_packet);

    hca_header(in, OP(MAD_IFC), 3);
    request[MAD_METHOD] = method;
    stw_be_p(request + MAD_ATTRIBUTE, attribute);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), HCA_OK);
    assert_int_equal(answer[MAD_METHOD], 0x81);
    assert_int_equal(lduw_be_p(answer + MAD_ATTRIBUTE), attribute);
    memcpy(data, answer + MAD_DATA, MAD_BYTES - MAD_DATA);
    return lduw_be_p(answer + MAD_STATUS);
}

static void test_datagrams(void **state)
{
    uint8_t data[MAD_BYTES - MAD_DATA];
    Hca *hca = start(state, "rdma=on");

    assert_int_equal(mad(hca, 1, 0x11, data), 0);
    assert_int_equal(data[3], 1);                       /* ports */
    assert_int_not_equal(ldq_be_p(data + 12), 0);       /* node's GUID */
    assert_int_equal(ldl_be_p(data + 36), 0x010002c9);  /* port 1, vendor */
    assert_int_equal(mad(hca, 1, 0x16, data), 0);
    assert_int_equal(lduw_be_p(data), 0xffff);
    /* What is not there is said in the datagram, not by the command. */
    assert_int_equal(mad(hca, 1, 0xff90, data), 0x0c);
    assert_int_equal(mad(hca, 2, 0x10, data), 0x0c);
}

static void test_description(void **state)
{
    uint8_t in[CX_SZ(access_register_in) + NODE_DESC_BYTES] = {};
    uint8_t out[CX_SZ(access_register_out) + NODE_DESC_BYTES];
    uint8_t data[MAD_BYTES - MAD_DATA];
    Hca *hca = start(state, "rdma=on");

    hca_header(in, OP(ACCESS_REG), 1);
    CX_SET(access_register_in, in, register_id, NODE_DESC);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), HCA_OK);
    assert_int_equal(mad(hca, 1, 0x10, data), 0);
    assert_memory_equal(out + CX_OFF(access_register_out, register_data), data,
                        NODE_DESC_BYTES);
    assert_true(data[0]);
}

/* mlx5_ib takes none without XRC, and makes keys by command with this. */
static void test_offered(void **state)
{
    uint8_t page[HCA_CAP_BYTES];
    Hca *hca = start(state, "rdma=on");

    assert_int_equal(hca_query_cap(hca, 0, 0, true, page), HCA_OK);
    assert_int_equal(CX_GET(cmd_hca_cap, page, roce), 1);
    assert_int_equal(CX_GET(cmd_hca_cap, page, xrc), 1);
    assert_int_equal(CX_GET(cmd_hca_cap, page,
                            umr_modify_entity_size_disabled), 1);
    assert_int_equal(CX_GET(cmd_hca_cap, page, atomic), 1);
    assert_int_equal(hca_query_cap(hca, 0, ATOMIC_PAGE, true, page), HCA_OK);
    assert_int_equal(CX_GET(atomic_caps, page, atomic_operations), 3);
    assert_int_equal(CX_GET(atomic_caps, page, atomic_size_qp), 8);
    assert_int_equal(CX_GET(atomic_caps, page, atomic_req_8B_endianness_mode),
                     1);
}

/* mlx5_ib's queue pair that fills keys says no domain; others must. */
static void test_domain_of_queue_pairs(void **state)
{
    Hca *hca = start(state, "rdma=on");
    HcaQpSetup setup = { .type = HCA_QP_REG_UMR, .log_sq = 4, .log_rq = 4 };
    uint8_t in[CX_SZ(create_qp_in)] = {};
    HcaEq eq;
    HcaCq cq;
    HcaQp qp;

    hca_must_create_eq(hca, &eq, 0, 4, 0);
    hca_must_create_cq(hca, &cq, eq.eqn, 4);
    setup.send_cqn = setup.recv_cqn = cq.cqn;
    hca_must_create_qp(hca, &qp, &setup);
    hca_header(in, OP(CREATE_QP), 0);
    CX_SET(create_qp_in, in, qpc.st, HCA_QP_RC);
    CX_SET(create_qp_in, in, qpc.no_sq, 1);
    CX_SET(create_qp_in, in, qpc.rq_type, 3);
    CX_SET(create_qp_in, in, qpc.cqn_snd, cq.cqn);
    assert_int_equal(hca_simple(hca, OP(DESTROY_QP), 0, qp.qpn), HCA_OK);
    assert_int_equal(hca_exec(hca, in, sizeof(in), in, 16), HCA_BAD_RES);
}

static void test_not_offered(void **state)
{
    uint8_t page[HCA_CAP_BYTES];
    Hca *hca = start(state, NULL);

    assert_int_equal(hca_query_cap(hca, 0, 0, true, page), HCA_OK);
    assert_int_equal(CX_GET(cmd_hca_cap, page, roce), 0);
    assert_int_equal(CX_GET(cmd_hca_cap, page, xrc), 0);
    assert_int_equal(hca_query_cap(hca, 0, ATOMIC_PAGE, true, page),
                     HCA_BAD_PARAM);
}

/* Where requests give keys another size, drivers make a cache of them. */
static void test_key_cache(void **state)
{
    uint8_t page[HCA_CAP_BYTES];
    Hca *hca = start(state, "rdma=on,mkey-cache=on");

    assert_int_equal(hca_query_cap(hca, 0, 0, true, page), HCA_OK);
    assert_int_equal(CX_GET(cmd_hca_cap, page,
                            umr_modify_entity_size_disabled), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_partition_key),
        machine_test(test_port),
        machine_test(test_datagrams),
        machine_test(test_description),
        machine_test(test_offered),
        machine_test(test_domain_of_queue_pairs),
        machine_test(test_not_offered),
        machine_test(test_key_cache),
    };

    return machine_main(tests);
}
