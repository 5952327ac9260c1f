/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flow tables, groups and entries as a test wants them
 */
#ifndef TESTS_FLOWS_H
#define TESTS_FLOWS_H

#include "hca.h"

#define FLOW_OUTER_BYTES    CX_SZ(fte_match_set_lyr_2_4)
#define FLOW_DEST_MAX       4

enum {                      /* flow_context.action */
    FLOW_ALLOW      = 1 << 0,
    FLOW_DROP       = 1 << 1,
    FLOW_FORWARD    = 1 << 2,
};

enum {                      /* dest_format_struct.destination_type */
    FLOW_TO_VPORT   = 0,
    FLOW_TO_TABLE   = 1,
    FLOW_TO_TIR     = 2,
};

enum {                      /* match_criteria_enable */
    FLOW_OUTER      = 1 << 0,
    FLOW_MISC       = 1 << 1,
    FLOW_INNER      = 1 << 2,
};

enum {                      /* flow_table_context.table_miss_action */
    FLOW_MISS_DEFAULT   = 0,
    FLOW_MISS_FORWARD   = 1,
    FLOW_MISS_DOMAIN    = 2,
};

enum {                      /* types of tables */
    FLOW_EGRESS_ACL     = 2,
    FLOW_INGRESS_ACL    = 3,
    FLOW_FDB            = 4,
    FLOW_RDMA_RX        = 7,
};

typedef struct FlowGroup {
    uint32_t table, first, last;
    uint8_t enable;
    uint8_t criteria[CX_SZ(fte_match_param)];
} FlowGroup;

typedef struct FlowDest {
    uint8_t type;
    uint32_t id;
} FlowDest;

typedef struct FlowEntry {
    uint32_t table, group, index;
    uint8_t value[CX_SZ(fte_match_param)];
    uint8_t action;
    uint32_t tag;
    unsigned dests;
    FlowDest dest[FLOW_DEST_MAX];
} FlowEntry;

/* Sets a field of the outer headers in criteria or value. */
#define FLOW_OUTER_SET(_param, _f, _v) \
    CX_SET(fte_match_param, _param, outer_headers._f, _v)

/* A table of the PF's; an ACL belongs to a vport. */
int flow_create_table(Hca *hca, unsigned type, unsigned vport, uint32_t *id);
uint32_t flow_must_create_table(Hca *hca, unsigned type, unsigned vport);
void flow_must_destroy_table(Hca *hca, unsigned type, uint32_t id);
void flow_must_destroy_group(Hca *hca, uint32_t table, uint32_t id);
/* The first table of a type */
void flow_must_set_root(Hca *hca, unsigned type, uint32_t id);
int flow_create_group(Hca *hca, const FlowGroup *group, uint32_t *id);
uint32_t flow_must_create_group(Hca *hca, const FlowGroup *group);
/* Makes a new entry, or changes action, tag and destinations of one. */
int flow_set(Hca *hca, const FlowEntry *entry, bool modify);
void flow_must_set(Hca *hca, const FlowEntry *entry);
void flow_must_delete(Hca *hca, uint32_t table, uint32_t index);
/* Where packets go that no entry matches: FLOW_MISS_*; returns the status. */
int flow_set_miss(Hca *hca, uint32_t table, unsigned action, uint32_t next);
void flow_must_set_miss(Hca *hca, uint32_t table, uint32_t next);
#define FLOW_MISC_SET(_param, _f, _v) \
    CX_SET(fte_match_param, _param, misc_parameters._f, _v)
void flow_set_dmac(uint8_t *param, const uint8_t mac[6]);

#endif
