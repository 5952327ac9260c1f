/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects of a function, made the way the kernel makes them, and the work
 * queues' memory behind them.
 */
#ifndef TESTS_OBJECTS_H
#define TESTS_OBJECTS_H

#include "cq.h"
#include "hca.h"
#include "vport.h"

#define HCA_MKEY_BYTE       0x5a

/* States of send and receive queues. */
enum {
    HCA_WQ_RST  = 0,
    HCA_WQ_RDY  = 1,
    HCA_WQ_ERR  = 3,
};

typedef struct HcaWq {
    Hca *hca;
    uint32_t number;
    unsigned log_size;
    uint64_t buf, dbr;
    uint16_t pi;
    /* Where the last request begins: what a doorbell carries. */
    uint16_t last;
} HcaWq;

/* One of everything that a network driver has, with its references. */
typedef struct HcaObjects {
    uint32_t pd, td, mkey, tis, rqt, tir, q_counter;
    uint32_t flow_table, flow_group;
    HcaEq async_eq, comp_eq;
    HcaCq cq;
    HcaWq sq, rq;
    uint64_t rx_buf;
} HcaObjects;

void hca_must_create_sq(Hca *hca, HcaWq *sq, uint32_t cqn, uint32_t pd,
                        uint32_t tisn, unsigned log_size);
void hca_must_create_rq(Hca *hca, HcaWq *rq, uint32_t cqn, uint32_t pd,
                        unsigned log_size);
/* The same that leaves tags of virtual LANs in frames, or does not. */
void hca_must_create_rq_with(Hca *hca, HcaWq *rq, uint32_t cqn, uint32_t pd,
                             unsigned log_size, bool keep_tags);
/* The same that complete nothing of what is outstanding when they fail. */
void hca_must_create_quiet_sq(Hca *hca, HcaWq *sq, uint32_t cqn, uint32_t pd,
                              uint32_t tisn, unsigned log_size);
void hca_must_create_quiet_rq(Hca *hca, HcaWq *rq, uint32_t cqn, uint32_t pd,
                              unsigned log_size);
int hca_modify_wq(Hca *hca, uint16_t opcode, uint32_t number,
                  unsigned from, unsigned to);
/* A NOP that completes; told to the device by hca_sq_ring(). */
void hca_sq_post_nop(HcaWq *sq);

/* What a frame is sent from: headers inlined, then one piece of memory. */
typedef struct HcaFrame {
    const uint8_t *header;
    unsigned header_len;
    uint64_t addr;
    uint32_t len;
    uint32_t key;
    /* Segmented into payloads of this size, if nonzero. */
    uint16_t mss;
    uint8_t checksums;
    /* For a frame without a header: what the device inserts behind the MACs */
    uint16_t tag_type;
    uint16_t tag;
} HcaFrame;

#define HCA_SEND_WQE_BYTES  256
/* A receive request: two segments, of which the second is left empty */
#define HCA_RECEIVE_WQE_BYTES   32
#define HCA_CSUM_L3         0x40
#define HCA_CSUM_L4         0x80
#define HCA_TAG_VLAN        0x8000
#define HCA_TAG_SVLAN       0x8001

#define HCA_TCP_HEADERS     54          /* Ethernet, IPv4, TCP */

/* Headers that can be repeated before each part of a large send. */
void hca_fill_tcp_headers(uint8_t headers[HCA_TCP_HEADERS],
                          const uint8_t to[HCA_MAC_BYTES],
                          const uint8_t from[HCA_MAC_BYTES]);

/* A SEND or LSO that completes. */
void hca_sq_post_frame(HcaWq *sq, const HcaFrame *frame);
/*
 * Publishes the producer index; rings the doorbell if asked to, and lets the
 * device begin.
 */
void hca_sq_ring(HcaWq *sq, bool doorbell);

/* A user context with these rights (MLX5_UCTX_CAP_*). Returns the status. */
int hca_create_uctx(Hca *hca, uint32_t rights, uint16_t *uid);
uint32_t hca_must_create_tis(Hca *hca, uint32_t td);
uint32_t hca_must_create_rqt(Hca *hca, uint32_t rqn);
#define HCA_RQT_MAX     8
uint32_t hca_must_create_rqt_of(Hca *hca, const uint32_t *rqns, unsigned n);
uint32_t hca_must_create_tir(Hca *hca, uint32_t td, uint32_t rqtn);
/* All rights, of any queue pair; what it leads to is for the caller. */
void hca_fill_mkey(uint8_t *mkc, uint32_t pd, unsigned mode);
/* Returns the index; the key is index << 8 | HCA_MKEY_BYTE. */
uint32_t hca_must_create_pa_mkey(Hca *hca, uint32_t pd);
/* A key over a list of pages that follow each other in memory. */
typedef struct HcaMttKey {
    uint32_t pd;
    uint64_t buf;
    unsigned listed;
    /* What it says of itself: its first address and its length. */
    uint64_t start, len;
    /* Changes the finished command, unless NULL. */
    void (*spoil)(uint8_t *in);
} HcaMttKey;

int hca_create_list_mkey(Hca *hca, const HcaMttKey *key, uint32_t *index);
/* The same from address 0 on, and as long as its pages. */
int hca_create_mtt_mkey(Hca *hca, uint32_t pd, uint64_t buf, unsigned pages,
                        uint32_t *index);
uint32_t hca_must_create_mtt_mkey(Hca *hca, uint32_t pd, uint64_t buf,
                                  unsigned pages);
uint32_t hca_must_create_flow_table(Hca *hca, unsigned level,
                                    unsigned log_size);
uint32_t hca_must_create_flow_group(Hca *hca, uint32_t table, uint32_t last);
/* The first table of what is received */
void hca_must_set_flow_root(Hca *hca, uint32_t table);
void hca_must_set_fte(Hca *hca, uint32_t table, uint32_t group,
                      uint32_t index, uint32_t tirn);

/* A set of counters; its number */
uint32_t hca_must_alloc_counters(Hca *hca);

/* All of the above; send and receive queue RDY, completion queue armed. */
void hca_must_create_objects(Hca *hca, HcaObjects *o);
/* The same with other sizes of completion and receive queue. */
void hca_must_create_objects_of(Hca *hca, HcaObjects *o, unsigned log_cq,
                                unsigned log_rq);
/* Takes them all down in an order the device accepts. */
void hca_must_destroy_objects(Hca *hca, HcaObjects *o);

#endif
