/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Completion queues, made the way the kernel makes them.
 */
#ifndef TESTS_CQ_H
#define TESTS_CQ_H

#include "hca.h"

typedef struct HcaCq {
    Hca *hca;
    uint32_t cqn;
    unsigned log_size;
    uint64_t buf, dbr;
    uint32_t ci;
    /* Number of the next request for an event, modulo 4. */
    unsigned arm_sn;
} HcaCq;

void hca_must_create_cq(Hca *hca, HcaCq *cq, uint32_t eqn, unsigned log_size);
/*
 * The same in pages of 4 KiB << log_page, of which the first is used from
 * page_offset 64ths of it on
 */
void hca_must_create_cq_at(Hca *hca, HcaCq *cq, uint32_t eqn,
                           unsigned log_size, unsigned log_page,
                           unsigned page_offset);
/* The next completion, or NULL. */
uint8_t *hca_cq_peek(HcaCq *cq);
bool hca_cq_wait(HcaCq *cq);
/* Consumes one and tells the device through the doorbell record. */
void hca_cq_pop(HcaCq *cq);
/* Asks for an event at the next completion: a request of its own number. */
void hca_cq_arm(HcaCq *cq);
/* The same under a number that the test gives. */
void hca_cq_arm_sn(HcaCq *cq, unsigned sn);
/* MODIFY_CQ to a ring of that many pages in a row; returns the status. */
int hca_resize_cq(HcaCq *cq, uint64_t buf, unsigned log_size, unsigned pages);

#endif
