/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A function that sends and one that has tables to sort what it receives
 */
#ifndef TESTS_FLOW_BENCH_H
#define TESTS_FLOW_BENCH_H

#include "flows.h"
#include "vhca-bench.h"

#define MAC_BYTES       6
#define HEADERS         54          /* Ethernet, IPv4, TCP */
#define PAYLOAD         46
#define FLOW_LEVEL      10
#define FLOW_MACS       3
#define CQE_RESP_SEND   2

enum {                      /* offsets in a completion */
    CQE_HASH        = 12,
    CQE_HASH_TYPE   = 16,
    CQE_HDS         = 28,
    CQE_HDR_TYPE    = 29,
    CQE_VLAN        = 30,
    CQE_BYTES       = 44,
    CQE_TIMESTAMP   = 48,
    CQE_TAG         = 56,
    CQE_OP          = 63,
};

/* The first function sends, the second one has the tables. */
typedef struct Flow {
    VhcaBench b;
    HcaObjects o[2];
    Hca *from, *to;
    uint64_t payload;
    uint32_t table;
} Flow;

extern const uint8_t flow_sender[MAC_BYTES];
/* What the receiver's vport takes */
extern const uint8_t flow_macs[FLOW_MACS][MAC_BYTES];

/* The root of the receiver's tables is an empty one, of FLOW_LEVEL. */
void flow_start(Flow *f, void **state, unsigned pfs);
/* The same with properties of the PFs */
void flow_start_with(Flow *f, void **state, unsigned pfs, const char *props);
uint32_t flow_new_table(Flow *f, unsigned level);
/* A segment of TCP, 66.9.149.187:2794 -> 161.142.100.80:1766 */
void flow_fill_headers(uint8_t header[HEADERS], const uint8_t *to);
/* Sends these headers and PAYLOAD bytes. */
void flow_send(Flow *f, const uint8_t *header, unsigned len);
/* A group over the whole destination address, or over nothing */
uint32_t flow_group_of(Flow *f, uint32_t table, uint32_t first, uint32_t last,
                       bool dmac);
/* To the receiver's interface; its tag is its index and 100. */
FlowEntry flow_entry_of(Flow *f, uint32_t table, uint32_t group,
                        uint32_t index, unsigned mac);

#endif
