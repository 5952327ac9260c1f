/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saves and loads under traffic, many in a row: one function sends to another
 * in large requests, each of which is cut by a move of one of the two. No
 * frame may be lost, come twice, or be another one.
 */
#include "machine.h"
#include "qmp.h"
#include "vhca-bench.h"

#define SAVES           100
#define SLOTS           4               /* two for each of both */
#define FRAMES          1000            /* of one request */
#define NUMBER_BYTES    4               /* the payload of each */
#define FRAME_BYTES     (HCA_TCP_HEADERS + NUMBER_BYTES)
#define LOG_QUEUE       10
#define TCP_SEQ         38
#define RX_BUF_BYTES    2048
#define CQE_BYTES_AT    44
#define CQE_OP_AT       63
#define CQE_RESP_SEND   2
#define CQE_REQ         0

typedef struct Saves {
    VhcaBench b;
    HcaObjects from, to;
    unsigned from_slot, to_slot;
    uint64_t payload;
    uint32_t posted, received;
} Saves;

static const uint8_t macs[2][HCA_MAC_BYTES] = {
    { 0x02, 0, 0, 0, 0, 0xc0 }, { 0x02, 0, 0, 0, 0, 0xc1 },
};

static void saves_start(Saves *s, void **state)
{
    uint8_t *numbers;
    Hca *to, *from;

    s->b.m = machine_start_ready(state, 1, NULL);
    machine_enable_vfs(s->b.m, 0, SLOTS);
    vhca_buf_create(&s->b.m->pf[0], &s->b.buf[0], VHCA_BUF_BYTES);
    hca_must_set_port(&s->b.m->pf[0], true);
    s->from_slot = 0;
    s->to_slot = 2;
    from = machine_start_vf(s->b.m, 0, s->from_slot);
    to = machine_start_vf(s->b.m, 0, s->to_slot);
    pci_msix_enable(&from->fn);
    pci_msix_enable(&to->fn);
    hca_must_create_objects(from, &s->from);
    hca_must_create_objects_of(to, &s->to, LOG_QUEUE, LOG_QUEUE);
    hca_must_set_macs(from, &macs[0], 1);
    hca_must_set_macs(to, &macs[1], 1);
    s->posted = 1u << s->to.rq.log_size;
    s->payload = qtest_alloc(s->b.m->q, FRAMES * NUMBER_BYTES, 64);
    numbers = qtest_ram(s->b.m->q, s->payload, FRAMES * NUMBER_BYTES);
    for (unsigned i = 0; i < FRAMES; i++) {
        stl_be_p(numbers + i * NUMBER_BYTES, i);
    }
}

/* Frames whose sequence numbers begin with that of the round */
static void send_round(Saves *s, unsigned round)
{
    uint8_t header[HCA_TCP_HEADERS];

    hca_fill_tcp_headers(header, macs[1], macs[0]);
    stl_be_p(header + TCP_SEQ, round << 16);
    hca_sq_post_frame(&s->from.sq, &(HcaFrame) {
        .header = header, .header_len = HCA_TCP_HEADERS, .addr = s->payload,
        .len = FRAMES * NUMBER_BYTES, .mss = NUMBER_BYTES,
        .key = s->from.mkey << 8 | HCA_MKEY_BYTE,
    });
    hca_sq_ring(&s->from.sq, true);
}

/* Takes what has come, the frames of the round from number @next on. */
static unsigned receive_some(Saves *s, unsigned round, unsigned next)
{
    uint32_t mask = (1u << s->to.rq.log_size) - 1;
    Qtest *q = s->b.m->q;
    uint8_t *cqe;

    while ((cqe = hca_cq_peek(&s->to.cq))) {
        uint8_t *frame = qtest_ram(q, s->to.rx_buf + (s->received & mask) *
                                   RX_BUF_BYTES, FRAME_BYTES);

        assert_int_equal(cqe[CQE_OP_AT] >> 4, CQE_RESP_SEND);
        assert_int_equal(ldl_be_p(cqe + CQE_BYTES_AT), FRAME_BYTES);
        assert_int_equal(ldl_be_p(frame + TCP_SEQ),
                         (round << 16) + next * NUMBER_BYTES);
        assert_int_equal(ldl_be_p(frame + HCA_TCP_HEADERS), next);
        hca_cq_pop(&s->to.cq);
        s->received++;
        next++;
    }
    stl_be_p(qtest_ram(q, s->to.rq.dbr, 4), s->posted + s->received);
    return next;
}

static void move(Saves *s, HcaObjects *o, unsigned *slot)
{
    vhca_move(&s->b, 0, *slot, 0, *slot ^ 1, o);
    *slot ^= 1;
}

/*
 * The sender, or the other while the sender is suspended, as it is of one
 * guest with it: what one sends to a function that is stopped is lost.
 */
static void move_one(Saves *s, unsigned round)
{
    Hca *pf = &s->b.m->pf[0];

    if (round % 2) {
        move(s, &s->to, &s->to_slot);
        assert_null(hca_cq_peek(&s->from.cq));
        assert_int_equal(vhca_resume(pf, vhca_id_of(pf, s->from_slot),
                                     RESUME_INITIATOR), HCA_OK);
    } else {
        move(s, &s->from, &s->from_slot);
    }
}

static void test_saves_under_traffic(void **state)
{
    Saves s = {};
    Hca *pf;

    saves_start(&s, state);
    pf = &s.b.m->pf[0];
    for (unsigned round = 0; round < SAVES; round++) {
        unsigned next;

        /* While its clock stands, the device stops after the first part. */
        qmp_stop(s.b.m->q);
        send_round(&s, round);
        assert_int_equal(vhca_suspend(pf, vhca_id_of(pf, s.from_slot),
                                      SUSPEND_INITIATOR), HCA_OK);
        qmp_cont(s.b.m->q);
        next = receive_some(&s, round, 0);
        assert_in_range(next, 1, FRAMES - 1);
        move_one(&s, round);
        assert_true(hca_cq_wait(&s.from.cq));
        assert_int_equal(hca_cq_peek(&s.from.cq)[CQE_OP_AT] >> 4, CQE_REQ);
        hca_cq_pop(&s.from.cq);
        assert_int_equal(receive_some(&s, round, next), FRAMES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_saves_under_traffic),
    };

    return machine_main(tests);
}
