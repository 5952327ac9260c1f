/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * User contexts: what the commands of one may be about, what its objects may
 * name, and that it all moves with a function.
 */
#include "delta-bench.h"
#include "image-bench.h"
#include "qp.h"

#define UNKNOWN_RIGHT   (1u << 30)
#define NOBODY          0x7777
#define RESERVED_LKEY   0x1700
#define SYN_KEY_CHANGE  0x06
#define LOG_CQ          4

typedef struct Bench {
    Machine *m;
    Hca *hca;
    uint16_t a, b;                      /* two of them, without rights */
} Bench;

static uint16_t must_create_uctx(Hca *hca, uint32_t rights)
{
    uint16_t uid;

    assert_int_equal(hca_create_uctx(hca, rights, &uid), HCA_OK);
    assert_in_range(uid, 1, HCA_UID_SHARED - 1);
    return uid;
}

static Bench start(void **state)
{
    Bench b = { .m = machine_start_ready(state, 1, "rdma=on,eswitch=on") };

    b.hca = &b.m->pf[0];
    b.a = must_create_uctx(b.hca, 0);
    b.b = must_create_uctx(b.hca, 0);
    assert_int_not_equal(b.a, b.b);
    return b;
}

/* The same command of another, or of the driver again. */
static int as(Hca *hca, uint16_t uid, uint16_t opcode, uint32_t number)
{
    int status;

    hca->uid = uid;
    status = hca_simple(hca, opcode, 0, number);
    hca->uid = 0;
    return status;
}

static uint32_t must_alloc_as(Hca *hca, uint16_t uid, uint16_t opcode)
{
    uint32_t number;

    hca->uid = uid;
    number = hca_must_alloc(hca, opcode);
    hca->uid = 0;
    return number;
}

static void test_they_come_and_go(void **state)
{
    Bench b = start(state);
    uint32_t pd, uar;
    uint16_t uid;

    assert_int_equal(hca_create_uctx(b.hca, UNKNOWN_RIGHT, &uid),
                     HCA_BAD_PARAM);
    assert_int_equal(hca_create_uctx(b.hca, MLX5_UCTX_CAP_RAW_TX, &uid),
                     HCA_OK);
    hca_must_simple(b.hca, OP(DESTROY_UCTX), 0, uid);
    assert_int_equal(hca_simple(b.hca, OP(DESTROY_UCTX), 0, uid),
                     HCA_BAD_RES);
    /* Not before what belongs to it, but for pages of doorbells */
    pd = must_alloc_as(b.hca, b.a, OP(ALLOC_PD));
    assert_int_equal(hca_simple(b.hca, OP(DESTROY_UCTX), 0, b.a),
                     HCA_RES_BUSY);
    hca_must_simple(b.hca, OP(DEALLOC_PD), 0, pd);
    uar = must_alloc_as(b.hca, b.a, OP(ALLOC_UAR));
    hca_must_simple(b.hca, OP(DESTROY_UCTX), 0, b.a);
    assert_int_equal(hca_simple(b.hca, OP(DEALLOC_UAR), 0, uar), HCA_BAD_RES);
    hca_must_simple(b.hca, OP(DEALLOC_UAR), 0, b.hca->uar);
    /* Its commands went with it. */
    assert_int_equal(as(b.hca, b.a, OP(ALLOC_PD), 0), HCA_BAD_PARAM);
    assert_int_equal(as(b.hca, b.b, OP(ALLOC_PD), 0), HCA_OK);
}

static void test_their_number_is_limited(void **state)
{
    Bench b = start(state);
    uint8_t page[HCA_CAP_BYTES];
    unsigned max;
    uint16_t uid;

    assert_int_equal(hca_query_cap(b.hca, 0, 0, false, page), HCA_OK);
    max = 1u << CX_GET(cmd_hca_cap, page, log_max_uctx);
    for (unsigned n = 2; n < max; n++) {
        must_create_uctx(b.hca, 0);
    }
    assert_int_equal(hca_create_uctx(b.hca, 0, &uid), HCA_LIMITS);
}

static void test_not_offered(void **state)
{
    Hca *hca = &machine_start_ready(state, 1, NULL)->pf[0];
    uint16_t uid;

    assert_int_equal(hca_create_uctx(hca, 0, &uid), HCA_BAD_OP);
    assert_int_equal(as(hca, 1, OP(ALLOC_PD), 0), HCA_BAD_PARAM);
    assert_int_equal(as(hca, HCA_UID_SHARED, OP(ALLOC_PD), 0), HCA_BAD_PARAM);
}

/* What each kind is made, asked and unmade by. */
static const struct {
    uint16_t alloc, query, dealloc;
} plain[] = {
    { OP(ALLOC_PD), 0, OP(DEALLOC_PD) },
    { OP(ALLOC_UAR), 0, OP(DEALLOC_UAR) },
    { OP(ALLOC_XRCD), 0, OP(DEALLOC_XRCD) },
    { OP(ALLOC_TRANSPORT_DOMAIN), 0, OP(DEALLOC_TRANSPORT_DOMAIN) },
    { OP(ALLOC_Q_COUNTER), 0, OP(DEALLOC_Q_COUNTER) },
};

static void test_commands_are_about_ones_own(void **state)
{
    Bench b = start(state);

    for (unsigned i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        uint32_t number = must_alloc_as(b.hca, b.a, plain[i].alloc);
        uint32_t drivers = hca_must_alloc(b.hca, plain[i].alloc);
        uint32_t shared = must_alloc_as(b.hca, HCA_UID_SHARED, plain[i].alloc);
        uint16_t dealloc = plain[i].dealloc;

        assert_int_equal(as(b.hca, b.b, dealloc, number), HCA_BAD_RES);
        assert_int_equal(as(b.hca, b.a, dealloc, drivers), HCA_BAD_RES);
        assert_int_equal(as(b.hca, b.a, dealloc, shared), HCA_BAD_RES);
        assert_int_equal(as(b.hca, b.a, dealloc, number), HCA_OK);
        assert_int_equal(as(b.hca, 0, dealloc, drivers), HCA_OK);
        assert_int_equal(as(b.hca, 0, dealloc, shared), HCA_OK);
    }
}

/* One of each that has more commands than those, all of context a */
typedef struct Objects {
    HcaEq eq;
    uint32_t pd, td, tis, rqt, tir, mkey, table, group;
    HcaCq cq;
    HcaWq rq;
    HcaQp qp;
} Objects;

static void create_objects(Hca *hca, uint16_t uid, Objects *o)
{
    uint32_t page = qtest_alloc(hca->q, HCA_PAGE_BYTES, HCA_PAGE_BYTES);
    HcaQpSetup setup;

    hca->uid = HCA_UID_SHARED;
    hca_must_create_eq(hca, &o->eq, 0, 4, 0);
    hca->uid = uid;
    hca->uar = hca_must_alloc(hca, OP(ALLOC_UAR));
    o->pd = hca_must_alloc(hca, OP(ALLOC_PD));
    o->td = hca_must_alloc(hca, OP(ALLOC_TRANSPORT_DOMAIN));
    hca_must_create_cq(hca, &o->cq, o->eq.eqn, LOG_CQ);
    o->tis = hca_must_create_tis(hca, o->td);
    hca_must_create_rq(hca, &o->rq, o->cq.cqn, o->pd, LOG_CQ);
    o->rqt = hca_must_create_rqt(hca, o->rq.number);
    o->tir = hca_must_create_tir(hca, o->td, o->rqt);
    o->mkey = hca_must_create_mtt_mkey(hca, o->pd, page, 1);
    o->table = hca_must_create_flow_table(hca, 1, 2);
    o->group = hca_must_create_flow_group(hca, o->table, 3);
    hca_must_set_fte(hca, o->table, o->group, 0, o->tir);
    setup = (HcaQpSetup) {
        .type = HCA_QP_RC, .pd = o->pd, .send_cqn = o->cq.cqn,
        .recv_cqn = o->cq.cqn, .log_sq = LOG_CQ, .log_rq = LOG_CQ,
    };
    hca_must_create_qp(hca, &o->qp, &setup);
    hca->uid = 0;
}

/* Sends the command with that number where it wants it, whole. */
static int about(Hca *hca, uint16_t uid, uint16_t opcode, uint32_t at,
                 uint32_t number)
{
    uint8_t in[1024] = {}, out[1024];
    int status;

    hca_header(in, opcode, 0);
    stl_be_p(in + at / 4 * 4, number);
    hca->uid = uid;
    status = hca_exec(hca, in, sizeof(in), out, sizeof(out));
    hca->uid = 0;
    return status;
}

/* Each command that finds an object by a number */
static void test_others_find_nothing(void **state)
{
    const uint32_t third = 8, flow = CX_OFF(query_flow_table_in, table_id);
    Bench b = start(state);
    Objects o;

    create_objects(b.hca, b.a, &o);
    const struct {
        uint16_t opcode;
        uint32_t at, number;
    } commands[] = {
        { OP(QUERY_CQ), third, o.cq.cqn }, { OP(MODIFY_CQ), third, o.cq.cqn },
        { OP(DESTROY_CQ), third, o.cq.cqn }, { OP(QUERY_MKEY), third, o.mkey },
        { OP(DESTROY_MKEY), third, o.mkey }, { OP(QUERY_TIS), third, o.tis },
        { OP(MODIFY_TIS), third, o.tis }, { OP(DESTROY_TIS), third, o.tis },
        { OP(QUERY_RQ), third, o.rq.number },
        { OP(MODIFY_RQ), third, o.rq.number },
        { OP(DESTROY_RQ), third, o.rq.number },
        { OP(QUERY_RQT), third, o.rqt }, { OP(MODIFY_RQT), third, o.rqt },
        { OP(DESTROY_RQT), third, o.rqt }, { OP(QUERY_TIR), third, o.tir },
        { OP(MODIFY_TIR), third, o.tir }, { OP(DESTROY_TIR), third, o.tir },
        { OP(QUERY_QP), third, o.qp.qpn }, { OP(RST2INIT_QP), third, o.qp.qpn },
        { OP(2RST_QP), third, o.qp.qpn }, { OP(DESTROY_QP), third, o.qp.qpn },
        { OP(QUERY_FLOW_TABLE), flow, o.table },
        { OP(MODIFY_FLOW_TABLE), CX_OFF(modify_flow_table_in, table_id),
          o.table },
        { OP(DESTROY_FLOW_TABLE), CX_OFF(destroy_flow_table_in, table_id),
          o.table },
        { OP(DESTROY_FLOW_GROUP), CX_OFF(destroy_flow_group_in, group_id),
          o.group },
        { OP(QUERY_FLOW_TABLE_ENTRY), CX_OFF(query_fte_in, table_id),
          o.table },
        { OP(DELETE_FLOW_TABLE_ENTRY), CX_OFF(delete_fte_in, table_id),
          o.table },
    };
    for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        int other = about(b.hca, b.b, commands[i].opcode, commands[i].at,
                          commands[i].number);
        int own = about(b.hca, 0, commands[i].opcode, commands[i].at,
                        commands[i].number);

        /* The driver's own finds it, whatever it says then. */
        if (other != HCA_BAD_RES || own == HCA_BAD_RES) {
            fail_msg("0x%x: 0x%x of another, 0x%x of the driver",
                     commands[i].opcode, other, own);
        }
    }
}

static int create_cq(Hca *hca, uint16_t uid, uint32_t eqn, uint32_t uar)
{
    uint8_t in[CX_SZ(create_cq_in) + 8] = {}, out[CX_SZ(create_cq_out)];
    uint8_t *cqc = CX_ADDR(create_cq_in, in, cq_context);
    int status;

    hca_header(in, OP(CREATE_CQ), 0);
    CX_SET(cqc, cqc, log_cq_size, LOG_CQ);
    CX_SET(cqc, cqc, uar_page, uar);
    CX_SET(cqc, cqc, c_eqn_or_apu_element, eqn);
    stq_be_p(in + CX_SZ(create_cq_in),
             qtest_alloc(hca->q, HCA_PAGE_BYTES, HCA_PAGE_BYTES));
    hca->uid = uid;
    status = hca_exec(hca, in, sizeof(in), out, sizeof(out));
    hca->uid = 0;
    return status;
}

static void test_objects_name_ones_own(void **state)
{
    Bench b = start(state);
    uint32_t uar = must_alloc_as(b.hca, b.a, OP(ALLOC_UAR));
    uint32_t others = must_alloc_as(b.hca, b.b, OP(ALLOC_UAR));
    HcaEq drivers, shared;

    hca_must_create_eq(b.hca, &drivers, 0, 4, 0);
    b.hca->uid = HCA_UID_SHARED;
    hca_must_create_eq(b.hca, &shared, 0, 4, 0);
    b.hca->uid = 0;
    assert_int_equal(create_cq(b.hca, b.a, drivers.eqn, uar), HCA_BAD_RES);
    assert_int_equal(create_cq(b.hca, b.a, shared.eqn, b.hca->uar),
                     HCA_BAD_RES);
    assert_int_equal(create_cq(b.hca, b.a, shared.eqn, others), HCA_BAD_RES);
    assert_int_equal(create_cq(b.hca, b.a, shared.eqn, uar), HCA_OK);
    /* The driver names what it will. */
    assert_int_equal(create_cq(b.hca, 0, drivers.eqn, others), HCA_OK);
    assert_int_equal(create_cq(b.hca, HCA_UID_SHARED, drivers.eqn, b.hca->uar),
                     HCA_OK);
}

static void test_what_is_the_drivers_alone(void **state)
{
    static const uint16_t opcodes[] = {
        OP(TEARDOWN_HCA), OP(DISABLE_HCA), OP(MANAGE_PAGES), OP(SET_HCA_CAP),
        OP(CREATE_UCTX), OP(DESTROY_UCTX), OP(CREATE_EQ), OP(DESTROY_EQ),
        OP(SET_FLOW_TABLE_ROOT), OP(MODIFY_NIC_VPORT_CONTEXT),
        OP(SET_ROCE_ADDRESS), OP(ACCESS_REG), OP(MAD_IFC), OP(SUSPEND_VHCA),
        OP(SAVE_VHCA_STATE), OP(LOAD_VHCA_STATE), OP(CREATE_GENERAL_OBJECT),
    };
    Bench b = start(state);
    uint8_t in[8192] = {}, out[8192];

    for (unsigned i = 0; i < sizeof(opcodes) / sizeof(opcodes[0]); i++) {
        memset(in, 0, 16);
        hca_header(in, opcodes[i], 0);
        b.hca->uid = b.a;
        assert_int_equal(hca_exec(b.hca, in, sizeof(in), out, sizeof(out)),
                         HCA_BAD_OP);
        b.hca->uid = NOBODY;
        assert_int_equal(hca_exec(b.hca, in, sizeof(in), out, sizeof(out)),
                         HCA_BAD_PARAM);
        b.hca->uid = 0;
    }
    assert_int_equal(as(b.hca, b.a, OP(NOP), 0), HCA_OK);
}

static void test_vports_count_on(void **state)
{
    uint8_t out[HCA_TRAFFIC_BYTES];
    Bench b = start(state);

    b.hca->uid = b.a;
    assert_int_equal(hca_query_traffic(b.hca, 0, false, out), HCA_OK);
    assert_int_equal(hca_query_traffic(b.hca, 0, true, out), HCA_BAD_PARAM);
    b.hca->uid = 0;
    assert_int_equal(hca_query_traffic(b.hca, 0, true, out), HCA_OK);
}

static int create_sq(Hca *hca, uint16_t uid, const Objects *o)
{
    uint8_t in[CX_SZ(create_sq_in) + 8] = {}, out[CX_SZ(create_sq_out)];
    uint8_t *sqc = CX_ADDR(create_sq_in, in, ctx);
    int status;

    hca_header(in, OP(CREATE_SQ), 0);
    CX_SET(sqc, sqc, cqn, o->cq.cqn);
    CX_SET(sqc, sqc, tis_lst_sz, 1);
    CX_SET(sqc, sqc, tis_num_0, o->tis);
    CX_SET(sqc, sqc, wq.pd, o->pd);
    CX_SET(sqc, sqc, wq.wq_type, 1);
    CX_SET(sqc, sqc, wq.uar_page, hca->uar);
    CX_SET(sqc, sqc, wq.log_wq_stride, 6);
    CX_SET(sqc, sqc, wq.log_wq_sz, LOG_CQ);
    stq_be_p(in + CX_SZ(create_sq_in),
             qtest_alloc(hca->q, HCA_PAGE_BYTES, HCA_PAGE_BYTES));
    hca->uid = uid;
    status = hca_exec(hca, in, sizeof(in), out, sizeof(out));
    hca->uid = 0;
    return status;
}

static void make_all_of_memory(uint8_t *in)
{
    uint8_t *mkc = CX_ADDR(create_mkey_in, in, memory_key_mkey_entry);

    CX_SET(mkc, mkc, access_mode_1_0, 0);
    CX_SET(mkc, mkc, length64, 1);
}

static void make_free(uint8_t *in)
{
    uint8_t *mkc = CX_ADDR(create_mkey_in, in, memory_key_mkey_entry);

    CX_SET(mkc, mkc, free, 1);
    CX_SET(mkc, mkc, umr_en, 1);
    CX_SET(mkc, mkc, translations_octword_size, 4);
}

static void connect_to_itself(HcaQp *qp, const HcaRoce *roce)
{
    hca_must_connect_qp(qp, &(HcaQpWay) {
        .from = roce, .to = roce, .remote_qpn = qp->qpn, .mtu = 3,
        .ack_timeout = 14, .retries = 1, .reserved_lkey = true,
    });
}

/* A request that gives a key pages, of which any address would be believed */
static void check_pages_by_request(Objects *o, uint32_t key)
{
    uint8_t body[48 + 64 + 64] = { 1 << 7 };
    HcaWr wr = {
        .opcode = HCA_WR_UMR, .flags = HCA_SIGNALLED, .imm = key,
        .body = body, .body_len = sizeof(body),
    };

    stw_be_p(body + 4, 4);
    stq_be_p(body + 8, 1 << 0 | 1 << 29);
    CX_SET64(mkc, body + 48, len, HCA_PAGE_BYTES);
    stq_be_p(body + 112, o->qp.buf | 3);
    hca_qp_send(&o->qp, &wr);
    hca_must_fail(&o->cq, HCA_CQE_REQ_ERR, SYN_KEY_CHANGE);
}

/* By a key, or by the one that queue pairs of drivers have for it */
static void test_all_of_memory(void **state)
{
    HcaRoce roce = { .mac = { 2, 0, 0, 0, 0, 1 },
                     .gid = { [10] = 0xff, [11] = 0xff, 10, 0, 0, 1 } };
    Bench b = start(state);
    uint32_t index;
    Objects o;
    HcaWr wr;

    create_objects(b.hca, b.a, &o);
    assert_int_equal(hca_set_roce(b.hca, &roce), HCA_OK);
    b.hca->uid = b.a;
    assert_int_equal(hca_create_list_mkey(b.hca, &(HcaMttKey) {
        .pd = o.pd, .spoil = make_all_of_memory,
    }, &index), HCA_BAD_PARAM);
    assert_int_equal(hca_create_list_mkey(b.hca, &(HcaMttKey) {
        .pd = o.pd, .spoil = make_free,
    }, &index), HCA_OK);
    connect_to_itself(&o.qp, &roce);
    check_pages_by_request(&o, index << 8 | HCA_MKEY_BYTE);
    assert_int_equal(hca_move_qp(&o.qp, OP(2RST_QP), 0, NULL), HCA_OK);
    o.qp.sq_pi = 0;
    connect_to_itself(&o.qp, &roce);
    wr = (HcaWr) {
        .opcode = HCA_WR_SEND, .flags = HCA_SIGNALLED, .nr_segs = 1,
        .seg = { { o.qp.buf, 64, RESERVED_LKEY } },
    };
    hca_qp_send(&o.qp, &wr);
    hca_must_fail(&o.cq, HCA_CQE_REQ_ERR, HCA_SYN_PROT);
}

/* Raw frames are for who has the right; some queue pairs are the driver's. */
static void test_rights(void **state)
{
    Bench b = start(state);
    uint16_t raw = must_create_uctx(b.hca, MLX5_UCTX_CAP_RAW_TX);
    HcaQpSetup setup;
    Objects with, without;
    HcaQp qp;

    create_objects(b.hca, b.a, &without);
    assert_int_equal(create_sq(b.hca, b.a, &without), HCA_BAD_PARAM);
    setup = (HcaQpSetup) {
        .pd = without.pd, .send_cqn = without.cq.cqn,
        .recv_cqn = without.cq.cqn, .log_sq = LOG_CQ, .log_rq = LOG_CQ,
    };
    b.hca->uid = b.a;
    setup.type = HCA_QP_GSI;
    assert_int_equal(hca_create_qp(b.hca, &qp, &setup), HCA_BAD_PARAM);
    setup.type = HCA_QP_REG_UMR;
    assert_int_equal(hca_create_qp(b.hca, &qp, &setup), HCA_BAD_PARAM);
    setup.type = HCA_QP_UD;
    assert_int_equal(hca_create_qp(b.hca, &qp, &setup), HCA_OK);
    b.hca->uid = 0;
    create_objects(b.hca, raw, &with);
    assert_int_equal(create_sq(b.hca, raw, &with), HCA_OK);
}

static int create_tir(Hca *hca, uint16_t uid, uint32_t rqtn)
{
    uint8_t in[CX_SZ(create_tir_in)] = {}, out[CX_SZ(create_tir_out)];
    uint8_t *tirc = CX_ADDR(create_tir_in, in, ctx);
    int status;

    hca_header(in, OP(CREATE_TIR), 0);
    CX_SET(tirc, tirc, disp_type, 1);
    CX_SET(tirc, tirc, indirect_table, rqtn);
    hca->uid = uid;
    status = hca_exec(hca, in, sizeof(in), out, sizeof(out));
    hca->uid = 0;
    return status;
}

static void test_domain_left_out(void **state)
{
    Bench b = start(state);
    Objects o;

    create_objects(b.hca, b.a, &o);
    assert_int_equal(create_tir(b.hca, b.a, o.rqt), HCA_OK);
    assert_int_equal(create_tir(b.hca, 0, o.rqt), HCA_BAD_RES);
}

/* Leads the entry of o's table to o's TIR, as the driver or a context. */
static int change_fte(Hca *hca, uint16_t uid, const Objects *o)
{
    uint8_t in[CX_SZ(set_fte_in) + 8] = {}, out[CX_SZ(set_fte_out)];
    int status;

    hca_header(in, OP(SET_FLOW_TABLE_ENTRY), 1);
    CX_SET(set_fte_in, in, modify_enable_mask, 1 | 1 << 2);
    CX_SET(set_fte_in, in, table_id, o->table);
    CX_SET(set_fte_in, in, flow_context.group_id, o->group);
    CX_SET(set_fte_in, in, flow_context.action, 4);
    CX_SET(set_fte_in, in, flow_context.destination_list_size, 1);
    stl_be_p(in + CX_SZ(set_fte_in), 2u << 24 | o->tir);
    hca->uid = uid;
    status = hca_exec(hca, in, sizeof(in), out, sizeof(out));
    hca->uid = 0;
    return status;
}

/* An entry that the driver changes stays whose it was. */
static void test_changed_by_the_driver(void **state)
{
    Bench b = start(state);
    Objects o;

    create_objects(b.hca, b.a, &o);
    assert_int_equal(change_fte(b.hca, 0, &o), HCA_OK);
    assert_int_equal(about(b.hca, b.b, OP(QUERY_FLOW_TABLE_ENTRY),
                           CX_OFF(query_fte_in, table_id), o.table),
                     HCA_BAD_RES);
    assert_int_equal(about(b.hca, b.a, OP(QUERY_FLOW_TABLE_ENTRY),
                           CX_OFF(query_fte_in, table_id), o.table), HCA_OK);
}

/* What comes to the driver, or to another, is not a context's to lead away. */
static void test_entries_of_others(void **state)
{
    Bench b = start(state);
    Objects o, drivers;
    uint32_t uar = b.hca->uar;

    create_objects(b.hca, b.a, &o);
    assert_int_equal(change_fte(b.hca, b.b, &o), HCA_BAD_RES);
    assert_int_equal(change_fte(b.hca, b.a, &o), HCA_OK);
    b.hca->uar = uar;
    create_objects(b.hca, 0, &drivers);
    assert_int_equal(change_fte(b.hca, b.a, &drivers), HCA_BAD_RES);
    assert_int_equal(change_fte(b.hca, 0, &drivers), HCA_OK);
}

static int create_acl(Hca *hca, uint16_t uid, uint8_t type)
{
    uint8_t in[CX_SZ(create_flow_table_in)] = {};
    uint8_t out[CX_SZ(create_flow_table_out)];
    int status;

    hca_header(in, OP(CREATE_FLOW_TABLE), 0);
    CX_SET(create_flow_table_in, in, other_vport, 1);
    CX_SET(create_flow_table_in, in, vport_number, 1);
    CX_SET(create_flow_table_in, in, table_type, type);
    hca->uid = uid;
    status = hca_exec(hca, in, sizeof(in), out, sizeof(out));
    hca->uid = 0;
    return status;
}

/* A vport's list of what it may send or get holds as soon as it is made. */
static void test_lists_of_vports(void **state)
{
    Bench b = start(state);

    machine_enable_vfs(b.m, 0, 1);
    for (uint8_t type = 2; type <= 3; type++) {
        assert_int_equal(create_acl(b.hca, b.a, type), HCA_BAD_PARAM);
        assert_int_equal(create_acl(b.hca, 0, type), HCA_OK);
    }
}

/* Of two contexts, what each has is its own elsewhere, too. */
static void check_owners(Hca *hca, const Bench *b, uint32_t of_a)
{
    assert_int_equal(as(hca, b->b, OP(DEALLOC_PD), of_a), HCA_BAD_RES);
    assert_int_equal(as(hca, NOBODY, OP(DEALLOC_PD), of_a), HCA_BAD_PARAM);
    assert_int_equal(hca_simple(hca, OP(DESTROY_UCTX), 0, b->a),
                     HCA_RES_BUSY);
    assert_int_equal(as(hca, b->a, OP(DEALLOC_PD), of_a), HCA_OK);
    hca_must_simple(hca, OP(DESTROY_UCTX), 0, b->a);
    hca_must_simple(hca, OP(DESTROY_UCTX), 0, b->b);
}

static void test_they_move(void **state)
{
    VhcaBench v;
    HcaObjects o;
    uint32_t pd;
    Bench b;

    vhca_bench_start(&v, state, 1, "rdma=on", VHCA_BUF_BYTES);
    b.hca = vhca_busy_vf(&v, 0, 0, &o);
    b.a = must_create_uctx(b.hca, 0);
    b.b = must_create_uctx(b.hca, MLX5_UCTX_CAP_RAW_TX);
    pd = must_alloc_as(b.hca, b.a, OP(ALLOC_PD));
    vhca_move(&v, 0, 0, 0, 1, &o);
    check_owners(&v.m->vf[0][1], &b, pd);
}

static void test_they_are_in_deltas(void **state)
{
    uint16_t gone;
    uint32_t pd;
    DeltaBench d;
    Hca *to;
    Bench b;

    delta_start(&d, state, "rdma=on");
    gone = must_create_uctx(d.vf, 0);
    b.a = must_create_uctx(d.vf, 0);
    delta_must_save(&d);
    hca_must_simple(d.vf, OP(DESTROY_UCTX), 0, gone);
    b.b = must_create_uctx(d.vf, 0);
    pd = must_alloc_as(d.vf, b.a, OP(ALLOC_PD));
    delta_must_save(&d);
    delta_must_save_final(&d);
    delta_must_load(&d);
    delta_check_equal(&d);
    to = delta_move(&d);
    assert_int_equal(hca_simple(to, OP(DESTROY_UCTX), 0, gone), HCA_BAD_RES);
    check_owners(to, &b, pd);
    delta_end(&d);
}

/* Images of owners that are not there, or of names that must not be */
static void test_hostile_images(void **state)
{
    uint8_t *in, *copy;
    ImageBench i;
    Hca *vf;

    image_bench_start(&i, state, true, "rdma=on");
    vf = &i.m->vf[0][0];
    must_create_uctx(vf, 0);
    image_bench_save(&i);
    copy = malloc(i.bytes);
    memcpy(copy, i.image, i.bytes);
    in = image_object_in(image_object(copy, "PD", 0));
    CX_SET(alloc_pd_in, in, uid, NOBODY);
    image_fix_crcs(copy);
    image_check_refused(&i, copy, i.bytes, "a PD of nobody");
    image_bench_renew(&i);
    /* It is the context's, and names the driver's PD, UAR, EQ and so on. */
    for (unsigned k = 0; k < 4; k++) {
        static const char *const kinds[] = { "CQ", "SQ", "RQ", "TIR" };
        uint8_t *uctx;

        memcpy(copy, i.image, i.bytes);
        uctx = image_object(copy, "UCTX", 0);
        in = image_object_in(image_object(copy, kinds[k], 0));
        CX_SET(create_cq_in, in, uid, image_get_le32(uctx));
        image_fix_crcs(copy);
        image_check_refused(&i, copy, i.bytes, kinds[k]);
        image_bench_renew(&i);
    }
    free(copy);
    image_bench_end(&i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_they_come_and_go),
        machine_test(test_their_number_is_limited),
        machine_test(test_not_offered),
        machine_test(test_commands_are_about_ones_own),
        machine_test(test_others_find_nothing),
        machine_test(test_objects_name_ones_own),
        machine_test(test_what_is_the_drivers_alone),
        machine_test(test_vports_count_on),
        machine_test(test_all_of_memory),
        machine_test(test_rights),
        machine_test(test_domain_left_out),
        machine_test(test_changed_by_the_driver),
        machine_test(test_entries_of_others),
        machine_test(test_lists_of_vports),
        machine_test(test_they_move),
        machine_test(test_they_are_in_deltas),
        machine_test(test_hostile_images),
    };

    return machine_main(tests);
}
