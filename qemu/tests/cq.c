/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Completion queues, made the way the kernel makes them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cq.h"

#define CQE_BYTES           64
#define CQE_OP_OWN          63
#define DBR_CQ_CI           0
#define DBR_CQ_ARM          4
#define UAR_CQ_ARM          0x20
#define MAX_PAGES           64

void hca_must_create_cq(Hca *hca, HcaCq *cq, uint32_t eqn, unsigned log_size)
{
    hca_must_create_cq_at(hca, cq, eqn, log_size, 0, 0);
}

void hca_must_create_cq_at(Hca *hca, HcaCq *cq, uint32_t eqn,
                           unsigned log_size, unsigned log_page,
                           unsigned page_offset)
{
    uint8_t in[CX_SZ(create_cq_in) + MAX_PAGES * 8] = {};
    uint8_t out[CX_SZ(create_cq_out)];
    uint8_t *cqc = CX_ADDR(create_cq_in, in, cq_context);
    size_t bytes = (size_t)CQE_BYTES << log_size;
    uint64_t page = (uint64_t)HCA_PAGE_BYTES << log_page;
    uint64_t offset = page_offset * (page / 64);
    uint32_t pages = (offset + bytes + page - 1) / page;
    uint64_t first = qtest_alloc(hca->q, pages * page, page);
    uint8_t *ring;

    assert_in_range(pages, 1, MAX_PAGES);
    *cq = (HcaCq) {
        .hca = hca, .log_size = log_size,
        .buf = first + offset, .dbr = qtest_alloc(hca->q, 8, 64),
    };
    ring = qtest_ram(hca->q, cq->buf, bytes);
    for (unsigned i = 0; i < 1u << log_size; i++) {
        ring[i * CQE_BYTES + CQE_OP_OWN] = 0xf1;
    }
    hca_header(in, OP(CREATE_CQ), 0);
    CX_SET(cqc, cqc, log_cq_size, log_size);
    CX_SET(cqc, cqc, uar_page, hca->uar);
    CX_SET(cqc, cqc, c_eqn_or_apu_element, eqn);
    CX_SET64(cqc, cqc, dbr_addr, cq->dbr);
    CX_SET(cqc, cqc, log_page_size, log_page);
    CX_SET(cqc, cqc, page_offset, page_offset);
    for (uint32_t i = 0; i < pages; i++) {
        stq_be_p(in + CX_OFF(create_cq_in, pas) + i * 8, first + i * page);
    }
    assert_int_equal(hca_exec(hca, in, CX_SZ(create_cq_in) + pages * 8, out,
                              sizeof(out)), HCA_OK);
    cq->cqn = CX_GET(create_cq_out, out, cqn);
}

uint8_t *hca_cq_peek(HcaCq *cq)
{
    uint32_t index = cq->ci & ((1u << cq->log_size) - 1);
    uint8_t *cqe = qtest_ram(cq->hca->q, cq->buf + index * CQE_BYTES,
                             CQE_BYTES);
    /* QEMU, another process, writes to it meanwhile. */
    volatile uint8_t *op_own = cqe + CQE_OP_OWN;

    return *op_own >> 4 != 0xf &&
           (*op_own & 1) == (cq->ci >> cq->log_size & 1) ? cqe : NULL;
}

static bool cq_not_empty(void *opaque)
{
    return hca_cq_peek(opaque);
}

bool hca_cq_wait(HcaCq *cq)
{
    return qtest_wait(cq->hca->q, cq_not_empty, cq, HCA_TIMEOUT_MS);
}

void hca_cq_pop(HcaCq *cq)
{
    cq->ci++;
    stl_be_p(qtest_ram(cq->hca->q, cq->dbr + DBR_CQ_CI, 4),
             cq->ci & 0xffffff);
}

void hca_cq_arm(HcaCq *cq)
{
    hca_cq_arm_sn(cq, cq->arm_sn++);
}

void hca_cq_arm_sn(HcaCq *cq, unsigned sn)
{
    uint64_t off = (uint64_t)cq->hca->uar * HCA_PAGE_BYTES + UAR_CQ_ARM;
    uint32_t word = (sn & 3) << 28 | (cq->ci & 0xffffff);
    uint64_t db = (uint64_t)word << 32 | cq->cqn;

    stl_be_p(qtest_ram(cq->hca->q, cq->dbr + DBR_CQ_ARM, 4), word);
    pci_bar_write(&cq->hca->fn, off, htobe64(db), 8);
}

int hca_resize_cq(HcaCq *cq, uint64_t buf, unsigned log_size, unsigned pages)
{
    uint32_t in_len = CX_SZ(modify_cq_in) + pages * 8;
    uint8_t *in = calloc(1, in_len), out[CX_SZ(modify_cq_out)];
    uint8_t *cqc = CX_ADDR(modify_cq_in, in, cq_context);
    int status;

    hca_header(in, OP(MODIFY_CQ), MLX5_MODIFY_CQ_IN_OP_MOD_RESIZE_CQ);
    CX_SET(modify_cq_in, in, cqn, cq->cqn);
    CX_SET(cqc, cqc, log_cq_size, log_size);
    for (unsigned i = 0; i < pages; i++) {
        stq_be_p(in + CX_SZ(modify_cq_in) + i * 8, buf + i * HCA_PAGE_BYTES);
    }
    status = hca_exec(cq->hca, in, in_len, out, sizeof(out));
    free(in);
    return status;
}
