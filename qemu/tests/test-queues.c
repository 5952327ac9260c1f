/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work queues that do not work: what their driver is told, and when.
 */
#include "machine.h"
#include "objects.h"
#include "qmp.h"
#include "vhca.h"

#define LOG_CQ          6
#define LOG_WQ          4
#define WQES            5
#define CQE_REQ         0
#define CQE_REQ_ERR     13
#define CQE_RESP_ERR    14
#define EV_TYPE_RQ      1
#define EV_TYPE_SQ      2
#define SET_COUNTER     (1 << 3)        /* MODIFY_RQ's bit mask */
#define NO_COUNTER      200             /* no such q counter */
#define CQ_OVERFLOW     9               /* cqc.status */

enum {                      /* syndromes of error completions */
    LOCAL_QP_OP     = 2,
    LOCAL_PROT      = 4,
    FLUSHED         = 5,
};

typedef struct Queues {
    Machine *m;
    Hca *hca;
    HcaObjects o;
    HcaCq cq;
    HcaWq sq, rq;
} Queues;

static int move_sq(Queues *q, unsigned from, unsigned to)
{
    return hca_modify_wq(q->hca, OP(MODIFY_SQ), q->sq.number, from, to);
}

static int move_rq(Queues *q, unsigned from, unsigned to)
{
    return hca_modify_wq(q->hca, OP(MODIFY_RQ), q->rq.number, from, to);
}

/* Queues of a function, ready, beside the ones that it has anyhow. */
static void queues_fill(Queues *q, Hca *hca)
{
    q->hca = hca;
    pci_msix_enable(&hca->fn);
    hca_must_create_objects(hca, &q->o);
    hca_must_create_cq(hca, &q->cq, q->o.comp_eq.eqn, LOG_CQ);
    hca_must_create_sq(hca, &q->sq, q->cq.cqn, q->o.pd, q->o.tis, LOG_WQ);
    hca_must_create_rq(hca, &q->rq, q->cq.cqn, q->o.pd, LOG_WQ);
    assert_int_equal(move_sq(q, HCA_WQ_RST, HCA_WQ_RDY), HCA_OK);
    assert_int_equal(move_rq(q, HCA_WQ_RST, HCA_WQ_RDY), HCA_OK);
}

static void queues_start(Queues *q, void **state)
{
    q->m = machine_start_ready(state, 1, NULL);
    queues_fill(q, &q->m->pf[0]);
}

static unsigned sq_state(Queues *q)
{
    uint8_t in[16] = {}, out[CX_SZ(query_sq_out)];

    hca_header(in, OP(QUERY_SQ), 0);
    stl_be_p(in + 8, q->sq.number);
    assert_int_equal(hca_exec(q->hca, in, sizeof(in), out, sizeof(out)),
                     HCA_OK);
    return CX_GET(sqc, CX_ADDR(query_sq_out, out, sq_context), state);
}

/* The next completion is an error of this kind. */
static void check_error(Queues *q, unsigned opcode, unsigned syndrome,
                        uint32_t number, uint16_t counter)
{
    uint8_t *cqe;

    assert_true(hca_cq_wait(&q->cq));
    cqe = hca_cq_peek(&q->cq);
    assert_int_equal(cqe[63] >> 4, opcode);
    assert_int_equal(cqe[55], syndrome);
    assert_int_equal(ldl_be_p(cqe + 56) & 0xffffff, number);
    assert_int_equal(cqe[60] << 8 | cqe[61], counter);
    hca_cq_pop(&q->cq);
}

static void check_nop(Queues *q, uint16_t counter)
{
    uint8_t *cqe;

    hca_sq_post_nop(&q->sq);
    hca_sq_ring(&q->sq, true);
    assert_true(hca_cq_wait(&q->cq));
    cqe = hca_cq_peek(&q->cq);
    assert_int_equal(cqe[63] >> 4, CQE_REQ);
    assert_int_equal(cqe[60] << 8 | cqe[61], counter);
    hca_cq_pop(&q->cq);
}

/* A queue's event; the driver is told which one it was. */
static void check_catastrophe(Queues *q, unsigned type, uint32_t number)
{
    uint8_t *eqe, *data;

    assert_true(hca_eq_wait(&q->o.async_eq));
    eqe = hca_eq_peek(&q->o.async_eq);
    assert_int_equal(CX_GET(eqe, eqe, event_type), HCA_EV_WQ_CATAS);
    data = CX_ADDR(eqe, eqe, event_data);
    assert_int_equal(data[20], type);
    assert_int_equal(ldl_be_p(data + 24), number);
    hca_eq_pop(&q->o.async_eq);
}

/* A command that names an object that is not there changes nothing. */
static void test_modify_rq_all_or_nothing(void **state)
{
    uint8_t in[CX_SZ(modify_rq_in)] = {}, out[CX_SZ(modify_rq_out)];
    uint8_t *rqc = CX_ADDR(modify_rq_in, in, ctx);
    Queues q;

    queues_start(&q, state);
    hca_header(in, OP(MODIFY_RQ), 0);
    CX_SET(modify_rq_in, in, rqn, q.rq.number);
    CX_SET(modify_rq_in, in, rq_state, HCA_WQ_RDY);
    CX_SET64(modify_rq_in, in, modify_bitmask, SET_COUNTER);
    CX_SET(rqc, rqc, state, HCA_WQ_ERR);
    CX_SET(rqc, rqc, counter_set_id, NO_COUNTER);
    assert_int_equal(hca_exec(q.hca, in, sizeof(in), out, sizeof(out)),
                     HCA_BAD_RES);
    assert_int_equal(move_rq(&q, HCA_WQ_ERR, HCA_WQ_RST), HCA_BAD_RES_STATE);
    assert_int_equal(move_rq(&q, HCA_WQ_RDY, HCA_WQ_ERR), HCA_OK);
}

static void test_sq_to_error_flushes(void **state)
{
    Queues q;

    queues_start(&q, state);
    check_nop(&q, 0);
    for (int i = 0; i < WQES; i++) {
        hca_sq_post_nop(&q.sq);
    }
    hca_sq_ring(&q.sq, false);
    assert_int_equal(move_sq(&q, HCA_WQ_RDY, HCA_WQ_ERR), HCA_OK);
    for (int i = 0; i < WQES; i++) {
        check_error(&q, CQE_REQ_ERR, FLUSHED, q.sq.number, 1 + i);
    }
    /* What comes later fares no better, until the queue is reset. */
    hca_sq_post_nop(&q.sq);
    hca_sq_ring(&q.sq, true);
    check_error(&q, CQE_REQ_ERR, FLUSHED, q.sq.number, 1 + WQES);
    assert_null(hca_cq_peek(&q.cq));
    assert_int_equal(move_sq(&q, HCA_WQ_ERR, HCA_WQ_RST), HCA_OK);
    assert_int_equal(move_sq(&q, HCA_WQ_RST, HCA_WQ_RDY), HCA_OK);
    q.sq.pi = 0;
    check_nop(&q, 0);
}

static void post_send(Queues *q, uint32_t key)
{
    static const uint8_t header[14] = { 0x02, 9, 9, 9, 9, 9, 0x02, 8 };

    hca_sq_post_frame(&q->sq, &(HcaFrame) {
        .header = header, .header_len = sizeof(header),
        .addr = q->sq.buf, .len = 64, .key = key,
    });
}

static void test_error_flushes_what_follows(void **state)
{
    Queues q;

    queues_start(&q, state);
    check_nop(&q, 0);
    post_send(&q, 0x12345678);
    for (int i = 0; i < WQES; i++) {
        hca_sq_post_nop(&q.sq);
    }
    hca_sq_ring(&q.sq, true);
    check_error(&q, CQE_REQ_ERR, LOCAL_PROT, q.sq.number, 1);
    assert_int_equal(sq_state(&q), HCA_WQ_ERR);
    for (int i = 0; i < WQES; i++) {
        check_error(&q, CQE_REQ_ERR, FLUSHED, q.sq.number, 2 + i);
    }
    assert_null(hca_cq_peek(&q.cq));
}

/* Queues that are not to be flushed say what went wrong, and no more. */
static void test_without_flush(void **state)
{
    Queues q;

    queues_start(&q, state);
    hca_must_create_quiet_sq(q.hca, &q.sq, q.cq.cqn, q.o.pd, q.o.tis, LOG_WQ);
    hca_must_create_quiet_rq(q.hca, &q.rq, q.cq.cqn, q.o.pd, LOG_WQ);
    assert_int_equal(move_sq(&q, HCA_WQ_RST, HCA_WQ_RDY), HCA_OK);
    assert_int_equal(move_rq(&q, HCA_WQ_RST, HCA_WQ_RDY), HCA_OK);
    post_send(&q, 0x12345678);
    hca_sq_post_nop(&q.sq);
    hca_sq_ring(&q.sq, true);
    check_error(&q, CQE_REQ_ERR, LOCAL_PROT, q.sq.number, 0);
    stl_be_p(qtest_ram(q.m->q, q.rq.dbr, 4), WQES);
    assert_int_equal(move_rq(&q, HCA_WQ_RDY, HCA_WQ_ERR), HCA_OK);
    hca_sq_post_nop(&q.sq);
    hca_sq_ring(&q.sq, true);
    assert_int_equal(sq_state(&q), HCA_WQ_ERR);
    assert_null(hca_cq_peek(&q.cq));
    /* What was not completed is gone with the reset. */
    assert_int_equal(move_sq(&q, HCA_WQ_ERR, HCA_WQ_RST), HCA_OK);
    assert_int_equal(move_sq(&q, HCA_WQ_RST, HCA_WQ_RDY), HCA_OK);
    q.sq.pi = 0;
    check_nop(&q, 0);
    assert_null(hca_cq_peek(&q.cq));
}

/* A key serves the queues of its protection domain. */
static void test_key_of_another_domain(void **state)
{
    uint32_t key, pd;
    Queues q;

    queues_start(&q, state);
    post_send(&q, q.o.mkey << 8 | HCA_MKEY_BYTE);
    hca_sq_ring(&q.sq, true);
    assert_true(hca_cq_wait(&q.cq));
    assert_int_equal(hca_cq_peek(&q.cq)[63] >> 4, CQE_REQ);
    hca_cq_pop(&q.cq);
    pd = hca_must_alloc(q.hca, OP(ALLOC_PD));
    key = hca_must_create_pa_mkey(q.hca, pd) << 8 | HCA_MKEY_BYTE;
    post_send(&q, key);
    hca_sq_ring(&q.sq, true);
    check_error(&q, CQE_REQ_ERR, LOCAL_PROT, q.sq.number, 1);
}

/* Keys whose lists are not what they say. */
static void test_keys_that_lie(void **state)
{
    HcaMttKey good, bad;
    uint32_t index;
    Queues q;

    queues_start(&q, state);
    good = (HcaMttKey) {
        .pd = q.o.pd, .listed = 4, .len = 4 * HCA_PAGE_BYTES,
        .buf = qtest_alloc(q.m->q, 4 * HCA_PAGE_BYTES, HCA_PAGE_BYTES),
    };
    assert_int_equal(hca_create_list_mkey(q.hca, &good, &index), HCA_OK);
    bad = good;
    bad.len++;
    assert_int_equal(hca_create_list_mkey(q.hca, &bad, &index), HCA_BAD_PARAM);
    bad = good;
    bad.start = 1;
    assert_int_equal(hca_create_list_mkey(q.hca, &bad, &index), HCA_BAD_PARAM);
    bad = good;
    bad.start = UINT64_MAX;
    bad.len = UINT64_MAX;
    assert_int_equal(hca_create_list_mkey(q.hca, &bad, &index), HCA_BAD_PARAM);
    bad = good;
    bad.listed = 0;
    assert_int_equal(hca_create_list_mkey(q.hca, &bad, &index), HCA_BAD_PARAM);
    bad = good;
    bad.buf += 64;
    assert_int_equal(hca_create_list_mkey(q.hca, &bad, &index), HCA_BAD_PARAM);
}

#define MKC(in, f, v) CX_SET(create_mkey_in, in, memory_key_mkey_entry.f, v)

/* Faults are not taken (pg is 0): one page is not there to be written. */
static void ask_for_faults(uint8_t *in)
{
    CX_SET(create_mkey_in, in, pg_access, 1);
    in[CX_OFF(create_mkey_in, klm_pas_mtt) + 15] &= ~2;
}

/* A list whose flags count, and say that all of it is there */
static void all_is_there(uint8_t *in)
{
    CX_SET(create_mkey_in, in, pg_access, 1);
}

static void list_beyond_its_size(uint8_t *in)
{
    MKC(in, translations_octword_size, 1);
}

/* Mode 5: a key across functions */
static void unknown_mode(uint8_t *in)
{
    MKC(in, access_mode_1_0, 1);
    MKC(in, access_mode_4_2, 1);
}

static void relax_writes(uint8_t *in)
{
    MKC(in, relaxed_ordering_write, 1);
}

static void relax_reads(uint8_t *in)
{
    MKC(in, relaxed_ordering_read, 1);
}

/* Keys that ask for what no capability offers. */
static void test_keys_that_want_more(void **state)
{
    static void (*const spoil[])(uint8_t *in) = {
        ask_for_faults, list_beyond_its_size, unknown_mode, relax_writes,
        relax_reads,
    };
    HcaMttKey key;
    uint32_t index;
    Queues q;

    queues_start(&q, state);
    key = (HcaMttKey) {
        .pd = q.o.pd, .listed = 4, .len = 4 * HCA_PAGE_BYTES,
        .buf = qtest_alloc(q.m->q, 4 * HCA_PAGE_BYTES, HCA_PAGE_BYTES),
    };
    assert_int_equal(hca_create_list_mkey(q.hca, &key, &index), HCA_OK);
    key.spoil = all_is_there;
    assert_int_equal(hca_create_list_mkey(q.hca, &key, &index), HCA_OK);
    for (unsigned i = 0; i < sizeof(spoil) / sizeof(spoil[0]); i++) {
        int status;

        key.spoil = spoil[i];
        status = hca_create_list_mkey(q.hca, &key, &index);
        if (status != HCA_BAD_PARAM) {
            fail_msg("key %u: status 0x%x", i, status);
        }
    }
}

static uint32_t bound_to;

static void bind_key(uint8_t *in)
{
    MKC(in, qpn, bound_to);
}

/* A key that names a queue serves no other. */
static void test_key_of_another_queue(void **state)
{
    HcaMttKey key;
    uint32_t index;
    Queues q;

    queues_start(&q, state);
    key = (HcaMttKey) {
        .pd = q.o.pd, .listed = 1, .start = q.sq.buf, .len = HCA_PAGE_BYTES,
        .buf = q.sq.buf, .spoil = bind_key,
    };
    bound_to = q.sq.number;
    assert_int_equal(hca_create_list_mkey(q.hca, &key, &index), HCA_OK);
    post_send(&q, index << 8 | HCA_MKEY_BYTE);
    hca_sq_ring(&q.sq, true);
    assert_true(hca_cq_wait(&q.cq));
    assert_int_equal(hca_cq_peek(&q.cq)[63] >> 4, CQE_REQ);
    hca_cq_pop(&q.cq);
    bound_to = q.sq.number + 1;
    assert_int_equal(hca_create_list_mkey(q.hca, &key, &index), HCA_OK);
    post_send(&q, index << 8 | HCA_MKEY_BYTE);
    hca_sq_ring(&q.sq, true);
    check_error(&q, CQE_REQ_ERR, LOCAL_PROT, q.sq.number, 1);
}

/* A request that says that it belongs to another queue. */
static void test_request_of_another_queue(void **state)
{
    uint32_t number;
    Queues q;

    queues_start(&q, state);
    number = q.sq.number;
    q.sq.number++;
    hca_sq_post_nop(&q.sq);
    q.sq.number = number;
    hca_sq_post_nop(&q.sq);
    hca_sq_ring(&q.sq, true);
    check_error(&q, CQE_REQ_ERR, LOCAL_QP_OP, number, 0);
    check_error(&q, CQE_REQ_ERR, FLUSHED, number, 1);
}

static void test_rq_to_error_flushes(void **state)
{
    Queues q;

    queues_start(&q, state);
    stl_be_p(qtest_ram(q.m->q, q.rq.dbr, 4), WQES);
    assert_int_equal(move_rq(&q, HCA_WQ_RDY, HCA_WQ_ERR), HCA_OK);
    for (int i = 0; i < WQES; i++) {
        check_error(&q, CQE_RESP_ERR, FLUSHED, q.rq.number, i);
    }
    assert_null(hca_cq_peek(&q.cq));
}

static void test_bad_doorbell_record(void **state)
{
    Queues q;

    queues_start(&q, state);
    hca_sq_post_nop(&q.sq);
    q.sq.pi = (1 << LOG_WQ) + 1;
    hca_sq_ring(&q.sq, true);
    check_catastrophe(&q, EV_TYPE_SQ, q.sq.number);
    assert_int_equal(sq_state(&q), HCA_WQ_ERR);
    assert_null(hca_cq_peek(&q.cq));
}

/* An overrun stops the queue that completes there, and both are told of. */
static void test_overrun_stops_the_queue(void **state)
{
    uint8_t in[16] = {}, out[CX_SZ(query_cq_out)];
    uint8_t *eqe;
    Queues q;

    queues_start(&q, state);
    for (int i = 0; i <= 1 << LOG_CQ; i++) {
        hca_sq_post_nop(&q.sq);
        hca_sq_ring(&q.sq, true);
    }
    assert_true(hca_eq_wait(&q.o.async_eq));
    eqe = hca_eq_peek(&q.o.async_eq);
    assert_int_equal(CX_GET(eqe, eqe, event_type), HCA_EV_CQ_ERROR);
    hca_eq_pop(&q.o.async_eq);
    check_catastrophe(&q, EV_TYPE_SQ, q.sq.number);
    assert_int_equal(sq_state(&q), HCA_WQ_ERR);
    hca_header(in, OP(QUERY_CQ), 0);
    stl_be_p(in + 8, q.cq.cqn);
    assert_int_equal(hca_exec(q.hca, in, sizeof(in), out, sizeof(out)),
                     HCA_OK);
    assert_int_equal(CX_GET(cqc, CX_ADDR(query_cq_out, out, cq_context),
                            status), CQ_OVERFLOW);
}

/* A queue that was reset and not used since has an old record. */
static void test_old_record_after_reset(void **state)
{
    uint16_t id;
    Queues q;

    q.m = machine_start_ready(state, 1, NULL);
    machine_enable_vfs(q.m, 0, 1);
    queues_fill(&q, machine_start_vf(q.m, 0, 0));
    for (int i = 0; i < WQES; i++) {
        check_nop(&q, i);
    }
    assert_int_equal(move_sq(&q, HCA_WQ_RDY, HCA_WQ_RST), HCA_OK);
    assert_int_equal(move_sq(&q, HCA_WQ_RST, HCA_WQ_RDY), HCA_OK);
    id = vhca_id_of(&q.m->pf[0], 0);
    vhca_must_stop(&q.m->pf[0], id);
    vhca_must_run(&q.m->pf[0], id);
    qtest_settle(q.m->q);
    assert_null(hca_cq_peek(&q.cq));
    assert_int_equal(move_sq(&q, HCA_WQ_RDY, HCA_WQ_ERR), HCA_OK);
    qtest_settle(q.m->q);
    assert_null(hca_cq_peek(&q.cq));
    assert_int_equal(move_sq(&q, HCA_WQ_ERR, HCA_WQ_RST), HCA_OK);
    assert_int_equal(move_sq(&q, HCA_WQ_RST, HCA_WQ_RDY), HCA_OK);
    q.sq.pi = 0;
    check_nop(&q, 0);
}

/* An arm under a number whose event was raised already asks for nothing. */
static void test_stale_arm(void **state)
{
    Queues q;

    queues_start(&q, state);
    hca_cq_arm_sn(&q.cq, 2);
    hca_cq_arm_sn(&q.cq, 2);
    hca_sq_post_nop(&q.sq);
    hca_sq_ring(&q.sq, true);
    assert_true(hca_eq_wait(&q.o.comp_eq));
    hca_eq_pop(&q.o.comp_eq);
    hca_cq_arm_sn(&q.cq, 2);
    hca_sq_post_nop(&q.sq);
    hca_sq_ring(&q.sq, true);
    assert_null(hca_eq_peek(&q.o.comp_eq));
    hca_cq_arm_sn(&q.cq, 3);
    assert_true(hca_eq_wait(&q.o.comp_eq));
    hca_eq_pop(&q.o.comp_eq);
    assert_null(hca_eq_peek(&q.o.comp_eq));
}

static uint64_t errors(Queues *q)
{
    return qmp_number(q->m->q, "pf0", "x-guest-errors");
}

/* Doorbells by a page that the function has, but that is not the queue's. */
static void test_another_page(void **state)
{
    uint32_t own, other;
    Queues q;

    queues_start(&q, state);
    own = q.hca->uar;
    other = hca_must_alloc(q.hca, OP(ALLOC_UAR));
    hca_cq_arm(&q.cq);
    q.hca->uar = other;
    hca_sq_post_nop(&q.sq);
    hca_sq_ring(&q.sq, true);
    assert_null(hca_cq_peek(&q.cq));
    assert_int_equal(errors(&q), 1);
    q.hca->uar = own;
    hca_sq_ring(&q.sq, true);
    assert_non_null(hca_cq_peek(&q.cq));
    hca_cq_pop(&q.cq);
    assert_true(hca_eq_wait(&q.o.comp_eq));
    hca_eq_pop(&q.o.comp_eq);
    pci_msix_forget(&q.hca->fn, q.o.comp_eq.vector);
    q.hca->uar = other;
    hca_cq_arm(&q.cq);
    assert_int_equal(errors(&q), 2);
    hca_eq_ring(&q.o.comp_eq, true);
    assert_int_equal(errors(&q), 3);
    q.hca->uar = own;
    hca_sq_post_nop(&q.sq);
    hca_sq_ring(&q.sq, true);
    assert_non_null(hca_cq_peek(&q.cq));
    assert_null(hca_eq_peek(&q.o.comp_eq));
    assert_int_equal(errors(&q), 3);
}

/* Nobody can have consumed what is not there: such a doorbell does nothing. */
static void test_consumed_too_much(void **state)
{
    Queues q;

    queues_start(&q, state);
    hca_sq_post_nop(&q.sq);
    hca_sq_ring(&q.sq, true);
    q.cq.ci += 2;
    hca_cq_arm(&q.cq);
    assert_int_equal(errors(&q), 1);
    q.cq.ci -= 2;
    hca_cq_arm(&q.cq);
    assert_int_equal(errors(&q), 1);
    assert_true(hca_eq_wait(&q.o.comp_eq));
    hca_eq_pop(&q.o.comp_eq);
    pci_msix_forget(&q.hca->fn, q.o.comp_eq.vector);
    q.o.comp_eq.ci++;
    hca_eq_ring(&q.o.comp_eq, true);
    assert_int_equal(errors(&q), 2);
    q.o.comp_eq.ci--;
    hca_eq_ring(&q.o.comp_eq, true);
    assert_false(pci_msix_fired(&q.hca->fn, q.o.comp_eq.vector));
    assert_int_equal(errors(&q), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_modify_rq_all_or_nothing),
        machine_test(test_sq_to_error_flushes),
        machine_test(test_error_flushes_what_follows),
        machine_test(test_without_flush),
        machine_test(test_key_of_another_domain),
        machine_test(test_keys_that_lie),
        machine_test(test_keys_that_want_more),
        machine_test(test_key_of_another_queue),
        machine_test(test_request_of_another_queue),
        machine_test(test_rq_to_error_flushes),
        machine_test(test_bad_doorbell_record),
        machine_test(test_overrun_stops_the_queue),
        machine_test(test_old_record_after_reset),
        machine_test(test_stale_arm),
        machine_test(test_another_page),
        machine_test(test_consumed_too_much),
    };

    return machine_main(tests);
}
