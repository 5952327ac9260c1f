/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is served when: much work of one queue does not keep the others, or
 * anything else in QEMU, waiting.
 */
#include <unistd.h>

#include "machine.h"
#include "objects.h"

#define UAR_SQ_DOORBELL 0x800
#define CQE_REQ         0
#define CQE_INVALID     0xf
#define CQE_BYTES       64
#define LOG_SQ          8
#define LOG_CQ          9
/* Requests of two blocks each, and as many frames as one request may make */
#define LARGE_SENDS     100
#define FRAMES          1000
#define MSS             64
#define SMALL_QUEUES    20
/* More than a doorbell's write may do */
#define MANY            200
/* Large sends that may go before a small one of another queue */
#define FEW             4

/* Many times what is done in one go */
#define MANY_QUEUES     8000
#define SLICE           512

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

static void post_large(Line *l, int n)
{
    static const uint8_t nobody[HCA_MAC_BYTES] = { 0x02, 9, 9, 9, 9, 9 };
    static const uint8_t sender[HCA_MAC_BYTES] = { 0x02, 8 };
    uint64_t payload = qtest_alloc(l->hca->q, FRAMES * MSS, 64);
    uint8_t header[HCA_TCP_HEADERS];

    hca_fill_tcp_headers(header, nobody, sender);
    for (int i = 0; i < n; i++) {
        hca_sq_post_frame(&l->large, &(HcaFrame) {
            .header = header, .header_len = HCA_TCP_HEADERS,
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
    post_large(&l, LARGE_SENDS);
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

/* One request with many frames does not keep the others waiting, either. */
static void test_large_is_cut(void **state)
{
    Line l;

    line_start(&l, state);
    pci_set_bus_master(&l.hca->fn, false);
    post_large(&l, 1);
    for (int i = 0; i < SMALL_QUEUES; i++) {
        hca_sq_post_nop(&l.small[i]);
        hca_sq_ring(&l.small[i], true);
    }
    pci_set_bus_master(&l.hca->fn, true);
    for (int i = 0; i < SMALL_QUEUES; i++) {
        assert_int_not_equal(next_sender(&l), l.large.number);
    }
    assert_int_equal(next_sender(&l), l.large.number);
    assert_int_equal(hca_frames_sent(l.hca, 0), FRAMES);
}

/* A queue that is destroyed, and a function that is reset, while in line. */
static void test_gone_while_in_line(void **state)
{
    Line l;

    line_start(&l, state);
    post_large(&l, LARGE_SENDS);
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

/* What the trace says of a work that is done a slice at a time. */
typedef struct Slices {
    const char *path;
    const char *event;          /* and what stands before the number */
    long from;                  /* position in the log */
    unsigned slices, sum, most;
} Slices;

static bool all_was_done(void *opaque)
{
    Slices *s = opaque;
    FILE *f = fopen(s->path, "r");
    char line[256];

    assert_non_null(f);
    s->slices = s->sum = s->most = 0;
    fseek(f, s->from, SEEK_SET);
    while (fgets(line, sizeof(line), f)) {
        const char *at = strstr(line, s->event);

        if (at) {
            unsigned n = strtoul(at + strlen(s->event), NULL, 10);

            s->slices++;
            s->sum += n;
            s->most = n > s->most ? n : s->most;
        }
    }
    fclose(f);
    return s->sum >= MANY_QUEUES;
}

static long size_of(const char *path)
{
    FILE *f = fopen(path, "r");
    long size;

    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    size = ftell(f);
    fclose(f);
    return size;
}

static void check_slices(Qtest *q, Slices *s)
{
    assert_true(qtest_wait(q, all_was_done, s, HCA_TIMEOUT_MS));
    printf("# %s%u in %u slices, %u at most\n", s->event, s->sum, s->slices,
           s->most);
    assert_in_range(s->most, 1, SLICE);
}

static void create_many_queues(Hca *hca, const HcaObjects *o)
{
    uint64_t uar = (uint64_t)hca->uar * HCA_PAGE_BYTES;
    uint64_t mark = qtest_alloc_mark(hca->q);

    for (unsigned i = 0; i < MANY_QUEUES; i++) {
        HcaWq sq;

        hca_must_create_sq(hca, &sq, o->cq.cqn, o->pd, o->tis, 0);
        must_ready(hca, &sq);
        pci_bar_write(&hca->fn, uar + UAR_SQ_DOORBELL,
                      htobe64((uint64_t)sq.number << 8), 8);
        qtest_alloc_release(hca->q, mark);
    }
}

/*
 * All become due at once, and a look at each is all that there is to do; then
 * all go at once.
 */
static void test_many_queues(void **state)
{
    char path[] = "/tmp/sched-XXXXXX";
    const char *const args[] = {
        "-trace", "connectx_sched_run", "-trace", "connectx_garbage",
        "-D", path, NULL
    };
    Slices runs = { path, "connectx_sched_run frames ", 0, 0, 0, 0 };
    Slices freed = { path, "connectx_garbage freed ", 0, 0, 0, 0 };
    Machine *m;
    HcaObjects o;
    Hca *hca;

    close(mkstemp(path));
    m = machine_start_with(state, 1, NULL, args);
    hca = &m->pf[0];
    hca_must_boot(hca);
    hca_must_start(hca);
    hca_must_create_objects(hca, &o);
    create_many_queues(hca, &o);
    qtest_settle(m->q);
    runs.from = size_of(path);
    pci_set_bus_master(&hca->fn, false);
    pci_set_bus_master(&hca->fn, true);
    check_slices(m->q, &runs);
    pci_flr(&hca->fn);
    hca_must_boot(hca);
    hca_must_start(hca);
    hca_must_create_objects(hca, &o);
    check_slices(m->q, &freed);
    unlink(path);
}

/* Rings, and reads a word of memory before QEMU does anything else. */
static uint32_t ring_and_read(HcaWq *sq, uint64_t addr)
{
    Hca *hca = sq->hca;
    uint64_t ctrl = (uint64_t)htobe32(sq->number << 8 | 1) << 32;

    hca_sq_ring(sq, false);
    return qtest_write_read(hca->q, hca->fn.bar0 + UAR_SQ_DOORBELL +
                            (uint64_t)hca->uar * HCA_PAGE_BYTES, ctrl, 8,
                            addr, 4);
}

/*
 * A request is done, and its interrupt message in memory, when the write of its
 * doorbell has ended: nobody has to wake up for it.
 */
static void test_small_at_once(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    HcaObjects o;
    unsigned vector;

    pci_msix_enable(&hca->fn);
    hca_must_create_objects(hca, &o);
    vector = o.comp_eq.vector;
    pci_msix_forget(&hca->fn, vector);
    hca_sq_post_nop(&o.sq);
    assert_int_equal(ring_and_read(&o.sq, hca->fn.msix_sink + vector * 4),
                     vector + 1);
    assert_non_null(hca_cq_peek(&o.cq));
}

/* The write of a doorbell does not take long, whatever it set off. */
static void test_much_not_at_once(void **state)
{
    uint64_t last;
    Line l;

    line_start(&l, state);
    for (int i = 0; i < MANY; i++) {
        hca_sq_post_nop(&l.large);
    }
    last = l.cq.buf + (MANY - 1) * CQE_BYTES + CQE_BYTES - 4;
    assert_int_equal(ring_and_read(&l.large, last) >> 28, CQE_INVALID);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(next_sender(&l), l.large.number);
    }
    assert_null(hca_cq_peek(&l.cq));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_small_before_large),
        machine_test(test_large_is_cut),
        machine_test(test_gone_while_in_line),
        machine_test(test_many_queues),
        machine_test(test_small_at_once),
        machine_test(test_much_not_at_once),
    };

    return machine_main(tests);
}
