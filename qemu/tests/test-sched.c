/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is served when: much work of one queue does not keep the others, or
 * anything else in QEMU, waiting.
 */
#include "machine.h"
#include "objects.h"

#define CQE_REQ         0
#define TCP_HEADERS     54
#define LOG_SQ          8
#define LOG_CQ          9
/* Requests of two blocks each, and as many frames as one request may make */
#define LARGE_SENDS     100
#define FRAMES          1000
#define MSS             64
#define SMALL_QUEUES    20
/* Large sends that may go before a small one of another queue */
#define FEW             4

typedef struct Line {
    Hca *hca;
    HcaObjects o;
    HcaCq cq;
    HcaWq large, small[SMALL_QUEUES];
} Line;

static void must_ready(Hca *hca, const HcaWq *sq)
{
    assert_int_equal(hca_modify_wq(hca, OP(MODIFY_SQ), sq->number,
                                   HCA_WQ_RST, HCA_WQ_RDY), HCA_OK);
}

/* Send queues that share a completion queue, which shows who went first. */
static void line_start(Line *l, void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);

    l->hca = &m->pf[0];
    hca_must_set_port(l->hca, true);
    hca_must_create_objects(l->hca, &l->o);
    hca_must_create_cq(l->hca, &l->cq, l->o.comp_eq.eqn, LOG_CQ);
    hca_must_create_sq(l->hca, &l->large, l->cq.cqn, l->o.pd, l->o.tis,
                       LOG_SQ);
    must_ready(l->hca, &l->large);
    for (int i = 0; i < SMALL_QUEUES; i++) {
        hca_must_create_sq(l->hca, &l->small[i], l->cq.cqn, l->o.pd, l->o.tis,
                           2);
        must_ready(l->hca, &l->small[i]);
    }
}

static void post_large(Line *l, uint64_t payload)
{
    uint8_t header[TCP_HEADERS] = { 0x02, 9, 9, 9, 9, 9, 0x02, 8 };

    header[12] = 0x08;
    header[14] = 0x45;
    header[22] = 64;
    header[23] = 6;             /* TCP */
    header[46] = 5 << 4;
    for (int i = 0; i < LARGE_SENDS; i++) {
        hca_sq_post_frame(&l->large, &(HcaFrame) {
            .header = header, .header_len = TCP_HEADERS,
            .addr = payload, .len = FRAMES * MSS, .mss = MSS,
            .key = l->o.mkey << 8 | HCA_MKEY_BYTE,
        });
    }
    hca_sq_ring(&l->large, true);
}

/* Number of the queue whose request completes next. */
static uint32_t next_sender(Line *l)
{
    uint8_t *cqe;
    uint32_t number;

    assert_true(hca_cq_wait(&l->cq));
    cqe = hca_cq_peek(&l->cq);
    assert_int_equal(cqe[63] >> 4, CQE_REQ);
    number = ldl_be_p(cqe + 56) & 0xffffff;
    hca_cq_pop(&l->cq);
    return number;
}

/*
 * All the queues become due at once, the one with the large requests first.
 * The others are served before it has had much of its own.
 */
static void test_small_before_large(void **state)
{
    int large = 0, small = 0;
    Line l;

    line_start(&l, state);
    pci_set_bus_master(&l.hca->fn, false);
    post_large(&l, qtest_alloc(l.hca->q, FRAMES * MSS, 64));
    for (int i = 0; i < SMALL_QUEUES; i++) {
        hca_sq_post_nop(&l.small[i]);
        hca_sq_ring(&l.small[i], true);
    }
    pci_set_bus_master(&l.hca->fn, true);
    while (small < SMALL_QUEUES) {
        if (next_sender(&l) == l.large.number) {
            assert_in_range(++large, 1, FEW);
        } else {
            small++;
        }
    }
    for (; large < LARGE_SENDS; large++) {
        assert_int_equal(next_sender(&l), l.large.number);
    }
    assert_null(hca_cq_peek(&l.cq));
}

/* A queue that is destroyed, and a function that is reset, while in line. */
static void test_gone_while_in_line(void **state)
{
    Line l;

    line_start(&l, state);
    post_large(&l, qtest_alloc(l.hca->q, FRAMES * MSS, 64));
    hca_must_simple(l.hca, OP(DESTROY_SQ), 0, l.large.number);
    for (int i = 0; i < SMALL_QUEUES; i++) {
        hca_sq_post_nop(&l.small[i]);
        hca_sq_ring(&l.small[i], true);
    }
    pci_flr(&l.hca->fn);
    qtest_settle(l.hca->q);
    hca_must_boot(l.hca);
    hca_must_start(l.hca);
    hca_must_create_objects(l.hca, &l.o);
    hca_sq_post_nop(&l.o.sq);
    hca_sq_ring(&l.o.sq, true);
    assert_true(hca_cq_wait(&l.o.cq));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_small_before_large),
        machine_test(test_gone_while_in_line),
    };

    return machine_main(tests);
}
