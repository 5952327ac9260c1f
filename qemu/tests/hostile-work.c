/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Doorbells and work of all kinds.
 */
#include "qemu/osdep.h"

#include "hostile.h"
#include "luck.h"

void hostile_doorbell(Hostile *h)
{
    unsigned n = luck_below(HOSTILE_FUNCTIONS);
    Hca *hca = h->hca[n];
    uint64_t uar = (uint64_t)hca->uar * HCA_PAGE_BYTES, high;
    unsigned size = 1u << luck_below(4);

    switch (luck_below(6)) {
    case 0:
        pci_bar_write(&hca->fn, uar + 0x40 + luck_below(2) * 8,
                      htobe32(hostile_word(h, n) << 24 | luck_below(64)), 4);
        break;
    case 1:
        high = luck();
        pci_bar_write(&hca->fn, uar + 0x20,
                      htobe64(high << 32 | hostile_word(h, n)), 8);
        break;
    case 2:
        high = luck();
        pci_bar_write(&hca->fn, uar + 0x800 + luck_below(8) * 0x100,
                      htobe64(high << 32 | hostile_word(h, n) << 8), 8);
        break;
    case 3:
        pci_bar_write(&hca->fn, uar + luck_below(1024) * 4, luck(), 4);
        break;
    case 4:
        pci_bar_write(&hca->fn, luck_below(HOSTILE_BAR_BYTES) & ~(size - 1),
                      luck_64(), size);
        break;
    default:
        pci_bar_read(&hca->fn, luck_below(HOSTILE_BAR_BYTES) & ~(size - 1),
                     size);
        break;
    }
}

/* Whatever state a queue is in: to RDY by way of RST, at the ring's start. */
static void restart_queue(Hostile *h, unsigned n, uint16_t opcode,
                          uint32_t number)
{
    static const uint8_t steps[][2] = {
        { HCA_WQ_RDY, HCA_WQ_ERR }, { HCA_WQ_ERR, HCA_WQ_RST },
        { HCA_WQ_RST, HCA_WQ_RDY },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(steps); i++) {
        uint8_t in[CX_SZ(modify_sq_in)] = {};

        hca_header(in, opcode, 0);
        CX_SET(modify_sq_in, in, sqn, number);
        CX_SET(modify_sq_in, in, sq_state, steps[i][0]);
        CX_SET(sqc, in + CX_OFF(modify_sq_in, ctx), state, steps[i][1]);
        hostile_tell(h, n, in, sizeof(in));
    }
}

/* A frame to all, in a request with numbers that mean something */
static void write_wqe(Hostile *h, unsigned n, uint8_t *wqe)
{
    const HcaObjects *o = &h->o[n];

    for (unsigned at = 0; at < LUCK_WQE_BYTES; at += 4) {
        stl_be_p(wqe + at, luck_below(3) ? 0 : hostile_word(h, n));
    }
    luck_frame(wqe, o->sq.number, o->mkey << 8 | HCA_MKEY_BYTE, h->payload);
}

void hostile_work(Hostile *h)
{
    unsigned n = luck_below(HOSTILE_FUNCTIONS);
    unsigned to = luck_below(HOSTILE_FUNCTIONS);
    HcaObjects *o = &h->o[n];
    uint8_t *rq = qtest_ram(h->m->q, h->o[to].rq.buf, 256);

    if (luck_below(4)) {
        restart_queue(h, n, OP(MODIFY_SQ), o->sq.number);
        o->sq.pi = 1 + luck_below(16);
        o->sq.last = 0;
    } else {
        o->sq.pi = luck();
    }
    write_wqe(h, n, qtest_ram(h->m->q, o->sq.buf, LUCK_WQE_BYTES));
    stl_be_p(rq + luck_below(16) * 16, luck_below(3) ? 2048 : luck());
    stl_be_p(qtest_ram(h->m->q, h->o[to].rq.dbr, 4), luck_below(0x10000));
    hca_sq_ring(&o->sq, luck_below(8));
    if (luck_below(2)) {
        hca_cq_arm(&o->cq);
    }
    /* What was completed is consumed, or said to be. */
    while (luck_below(16) && hca_cq_peek(&o->cq)) {
        hca_cq_pop(&o->cq);
    }
    while (luck_below(16) && hca_eq_peek(&o->comp_eq)) {
        hca_eq_pop(&o->comp_eq);
    }
    hca_eq_ring(&o->comp_eq, luck_below(2));
    if (!luck_below(16)) {
        stl_be_p(qtest_ram(h->m->q, o->cq.dbr, 4), luck());
    }
}

void hostile_converse(Hostile *h)
{
    static const unsigned opcodes[] = {
        HCA_WR_NOP, HCA_WR_WRITE, HCA_WR_WRITE_IMM, HCA_WR_SEND, HCA_WR_READ,
        HCA_WR_ATOMIC_FA, HCA_WR_UMR,
    };
    RdmaBench *r = &h->rdma;
    unsigned opcode = opcodes[luck_below(ARRAY_SIZE(opcodes))];
    HcaWr wr = rdma_wr(r, opcode, luck_below(100) * 8,
                       luck_below(4) ? 8 : luck_below(20000));

    if (!luck_below(4)) {
        rdma_reconnect_if_may(r);
    }
    wr.flags = luck() & 0xff;
    rdma_post_recv(&r->b, 0, luck_below(20000));
    hca_qp_post(&r->a.qp, &wr);
    if (!luck_below(4)) {
        stl_be_p(qtest_ram(h->m->q, r->a.qp.buf + luck_below(500) * 4, 4),
                 luck());
        stl_be_p(qtest_ram(h->m->q, r->b.qp.buf + luck_below(500) * 4, 4),
                 luck());
    }
    hca_qp_ring(&r->a.qp);
}
