/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which queue a frame comes to, and what the completion says of it: hash, kinds
 * of headers, checksums, the tag of a virtual LAN that was taken off; and
 * frames that a function sends to itself.
 */
#include "flow-bench.h"

#define RX_BUF_BYTES        2048
#define ISEG_TIMER          0x1000
#define LOG_CQ              4
#define SUITE_HASH          0x51ccc178  /* of the bench's segment, see below */
#define SUITE_HASH_IP       0x323e8fc2
#define TCI                 0xa064

enum {                      /* tirc */
    TIR_DIRECT      = 0,
    TIR_INDIRECT    = 1,
    HASH_TOEPLITZ   = 2,
    SELECT_IP       = 0x3,
    SELECT_ALL      = 0xf,
};

enum {                      /* hds_ip_ext */
    L2_OK   = 1 << 0,
    L3_OK   = 1 << 1,
    L4_OK   = 1 << 2,
};

/* The key of Microsoft's verification suite, from which the frame is, too */
static const uint8_t key[40] = {
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
    0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
    0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
    0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

/* A queue of its own completion queue, with one buffer */
typedef struct Queue {
    HcaCq cq;
    HcaWq rq;
    uint64_t buf;
} Queue;

static void queue_start(Flow *f, Queue *q, bool strip)
{
    HcaObjects *o = &f->o[1];
    uint8_t *wqe;

    hca_must_create_cq(f->to, &q->cq, o->comp_eq.eqn, LOG_CQ);
    hca_must_create_rq_with(f->to, &q->rq, q->cq.cqn, o->pd, 2, !strip);
    assert_int_equal(hca_modify_wq(f->to, OP(MODIFY_RQ), q->rq.number,
                                   HCA_WQ_RST, HCA_WQ_RDY), HCA_OK);
    q->buf = qtest_alloc(f->b.m->q, RX_BUF_BYTES, 64);
    wqe = qtest_ram(f->b.m->q, q->rq.buf, 16);
    stl_be_p(wqe, RX_BUF_BYTES);
    stl_be_p(wqe + 4, o->mkey << 8 | HCA_MKEY_BYTE);
    stq_be_p(wqe + 8, q->buf);
    stl_be_p(qtest_ram(f->b.m->q, q->rq.dbr, 4), 1);
}

/* Sends all frames for the receiver's first address to an interface. */
static void steer_to(Flow *f, uint32_t tirn)
{
    uint32_t group = flow_group_of(f, f->table, 0, 7, true);
    FlowEntry entry = flow_entry_of(f, f->table, group, 1, 0);

    entry.dest[0].id = tirn;
    flow_must_set(f->to, &entry);
}

static uint32_t tir_of(Flow *f, uint32_t rqtn, uint32_t rqn, unsigned select,
                       unsigned own)
{
    uint8_t in[CX_SZ(create_tir_in)] = {};
    uint8_t out[CX_SZ(create_tir_out)];
    uint8_t *tirc = CX_ADDR(create_tir_in, in, ctx);

    hca_header(in, OP(CREATE_TIR), 0);
    CX_SET(tirc, tirc, disp_type, rqtn ? TIR_INDIRECT : TIR_DIRECT);
    CX_SET(tirc, tirc, indirect_table, rqtn);
    CX_SET(tirc, tirc, inline_rqn, rqn);
    CX_SET(tirc, tirc, rx_hash_fn, rqtn ? HASH_TOEPLITZ : 0);
    CX_SET(tirc, tirc, self_lb_block, own);
    CX_SET(tirc, tirc, transport_domain, f->o[1].td);
    CX_SET(tirc, tirc, rx_hash_field_selector_outer.selected_fields, select);
    memcpy(CX_ADDR(tirc, tirc, rx_hash_toeplitz_key), key, sizeof(key));
    assert_int_equal(hca_exec(f->to, in, sizeof(in), out, sizeof(out)),
                     HCA_OK);
    return CX_GET(create_tir_out, out, tirn);
}

/* The hash's low bit chooses between the two queues. */
static void check_spread(Flow *f, unsigned select, uint32_t hash, uint8_t type)
{
    uint8_t header[HEADERS];
    uint32_t rqns[2];
    Queue q[2];
    uint8_t *cqe;

    for (unsigned i = 0; i < 2; i++) {
        queue_start(f, &q[i], false);
        rqns[i] = q[i].rq.number;
    }
    steer_to(f, tir_of(f, hca_must_create_rqt_of(f->to, rqns, 2), 0, select,
                       0));
    flow_fill_headers(header, flow_macs[0]);
    flow_send(f, header, sizeof(header));
    assert_null(hca_cq_peek(&q[!(hash & 1)].cq));
    cqe = hca_cq_peek(&q[hash & 1].cq);
    assert_non_null(cqe);
    assert_int_equal(ldl_be_p(cqe + CQE_HASH), hash);
    assert_int_equal(cqe[CQE_HASH_TYPE], type);
}

static void test_hash_of_ports(void **state)
{
    Flow f;

    flow_start(&f, state, 1);
    check_spread(&f, SELECT_ALL, SUITE_HASH, 0x55);
}

static void test_hash_of_addresses(void **state)
{
    Flow f;

    flow_start(&f, state, 1);
    check_spread(&f, SELECT_IP, SUITE_HASH_IP, 0x05);
}

/* An odd hash: both queues have been seen to be chosen. */
static void test_hash_chooses_the_other(void **state)
{
    uint8_t header[HEADERS];
    uint32_t rqns[2];
    Queue q[2];
    Flow f;

    flow_start(&f, state, 1);
    for (unsigned i = 0; i < 2; i++) {
        queue_start(&f, &q[i], false);
        rqns[i] = q[i].rq.number;
    }
    steer_to(&f, tir_of(&f, hca_must_create_rqt_of(f.to, rqns, 2), 0,
                        SELECT_ALL, 0));
    flow_fill_headers(header, flow_macs[0]);
    for (unsigned i = 0; i < 16 && !hca_cq_peek(&q[1].cq); i++) {
        stw_be_p(header + 34, 1000 + i);
        flow_send(&f, header, sizeof(header));
    }
    assert_non_null(hca_cq_peek(&q[1].cq));
}

static void test_headers_are_told(void **state)
{
    uint8_t header[HEADERS];
    uint8_t *cqe;
    Queue q;
    Flow f;

    flow_start(&f, state, 1);
    queue_start(&f, &q, true);
    steer_to(&f, tir_of(&f, 0, q.rq.number, 0, 0));
    flow_fill_headers(header, flow_macs[0]);
    flow_send(&f, header, sizeof(header));
    cqe = hca_cq_peek(&q.cq);
    assert_non_null(cqe);
    assert_int_equal(cqe[CQE_HDS], L2_OK | L3_OK | L4_OK);
    /* IPv4, TCP with data, no tag */
    assert_int_equal(cqe[CQE_HDR_TYPE], 4 << 4 | 2 << 2);
    assert_int_equal(ldl_be_p(cqe + CQE_HASH), 0);
}

static uint64_t internal_timer(Hca *hca)
{
    uint64_t high = be32toh(pci_bar_read(&hca->fn, ISEG_TIMER, 4));

    return high << 32 | be32toh(pci_bar_read(&hca->fn, ISEG_TIMER + 4, 4));
}

/* Completions carry the time at which they were made. */
static void test_time_is_told(void **state)
{
    uint8_t header[HEADERS];
    uint64_t before, after, when;
    Queue q;
    Flow f;

    flow_start(&f, state, 1);
    queue_start(&f, &q, true);
    steer_to(&f, tir_of(&f, 0, q.rq.number, 0, 0));
    flow_fill_headers(header, flow_macs[0]);
    before = internal_timer(f.to);
    flow_send(&f, header, sizeof(header));
    after = internal_timer(f.to);
    assert_non_null(hca_cq_peek(&q.cq));
    when = ldq_be_p(hca_cq_peek(&q.cq) + CQE_TIMESTAMP);
    assert_in_range(when, before, after);
}

static void add_tag(uint8_t tagged[HEADERS + 4], const uint8_t *header)
{
    memcpy(tagged, header, 12);
    stl_be_p(tagged + 12, 0x8100u << 16 | TCI);
    memcpy(tagged + 16, header + 12, HEADERS - 12);
}

static void check_tag(void **state, bool strip)
{
    uint8_t header[HEADERS], tagged[HEADERS + 4];
    unsigned kept = strip ? HEADERS : HEADERS + 4;
    uint8_t *cqe;
    Queue q;
    Flow f;

    flow_start(&f, state, 1);
    queue_start(&f, &q, strip);
    steer_to(&f, tir_of(&f, 0, q.rq.number, 0, 0));
    flow_fill_headers(header, flow_macs[0]);
    add_tag(tagged, header);
    flow_send(&f, tagged, sizeof(tagged));
    cqe = hca_cq_peek(&q.cq);
    assert_non_null(cqe);
    assert_int_equal(cqe[CQE_HDR_TYPE] & 1, strip);
    assert_int_equal(cqe[CQE_VLAN] << 8 | cqe[CQE_VLAN + 1], strip ? TCI : 0);
    assert_int_equal(ldl_be_p(cqe + CQE_BYTES), kept + PAYLOAD);
    assert_memory_equal(qtest_ram(f.b.m->q, q.buf, 20),
                        strip ? header : tagged, 20);
}

static void test_tag_is_stripped(void **state)
{
    check_tag(state, true);
}

static void test_tag_is_left(void **state)
{
    check_tag(state, false);
}

static void send_to_itself(Flow *f)
{
    HcaObjects *o = &f->o[1];
    uint8_t header[HEADERS];

    flow_fill_headers(header, flow_macs[0]);
    hca_sq_post_frame(&o->sq, &(HcaFrame) {
        .header = header, .header_len = HEADERS,
        .addr = f->payload, .len = PAYLOAD,
        .key = o->mkey << 8 | HCA_MKEY_BYTE,
    });
    hca_sq_ring(&o->sq, true);
    assert_true(hca_cq_wait(&o->cq));
    hca_cq_pop(&o->cq);
}

static void check_own(void **state, bool own)
{
    Queue q;
    Flow f;

    flow_start(&f, state, 1);
    queue_start(&f, &q, false);
    steer_to(&f, tir_of(&f, 0, q.rq.number, 0, own));
    send_to_itself(&f);
    assert_int_equal(!!hca_cq_peek(&q.cq), own);
}

/* The driver's self-test lets frames come back; else they do not. */
static void test_own_frames(void **state)
{
    check_own(state, true);
}

static void test_no_own_frames(void **state)
{
    check_own(state, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_hash_of_ports),
        machine_test(test_hash_of_addresses),
        machine_test(test_hash_chooses_the_other),
        machine_test(test_headers_are_told),
        machine_test(test_time_is_told),
        machine_test(test_tag_is_stripped),
        machine_test(test_tag_is_left),
        machine_test(test_own_frames),
        machine_test(test_no_own_frames),
    };

    return machine_main(tests);
}
