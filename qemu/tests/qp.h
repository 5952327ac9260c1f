/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queue pairs, made the way mlx5_ib makes them, and their requests.
 */
#ifndef TESTS_QP_H
#define TESTS_QP_H

#include "hca.h"
#include "objects.h"

#define HCA_GID_BYTES       16

enum {                      /* qpc.st */
    HCA_QP_RC       = 0x0,
    HCA_QP_UC       = 0x1,
    HCA_QP_UD       = 0x2,
    HCA_QP_XRC      = 0x3,
    HCA_QP_GSI      = 0x8,
    HCA_QP_REG_UMR  = 0xc,
};

enum {                      /* qpc.state */
    HCA_QP_RST,
    HCA_QP_INIT,
    HCA_QP_RTR,
    HCA_QP_RTS,
    HCA_QP_SQER,
    HCA_QP_SQD,
    HCA_QP_ERR,
};

enum {                      /* opcodes of requests */
    HCA_WR_NOP          = 0x00,
    HCA_WR_SEND_INV     = 0x01,
    HCA_WR_WRITE        = 0x08,
    HCA_WR_WRITE_IMM    = 0x09,
    HCA_WR_SEND         = 0x0a,
    HCA_WR_SEND_IMM     = 0x0b,
    HCA_WR_READ         = 0x10,
    HCA_WR_ATOMIC_CS    = 0x11,
    HCA_WR_ATOMIC_FA    = 0x12,
    HCA_WR_UMR          = 0x25,
};

enum {                      /* opcodes of completions, and their syndromes */
    HCA_CQE_REQ             = 0,
    HCA_CQE_RESP_WRITE_IMM  = 1,
    HCA_CQE_RESP_SEND       = 2,
    HCA_CQE_RESP_SEND_IMM   = 3,
    HCA_CQE_RESP_SEND_INV   = 4,
    HCA_CQE_REQ_ERR         = 13,
    HCA_CQE_RESP_ERR        = 14,
    HCA_SYN_LENGTH          = 0x01,
    HCA_SYN_QP_OP           = 0x02,
    HCA_SYN_PROT            = 0x04,
    HCA_SYN_FLUSHED         = 0x05,
    HCA_SYN_REMOTE_INVALID  = 0x12,
    HCA_SYN_REMOTE_ACCESS   = 0x13,
    HCA_SYN_REMOTE_OP       = 0x14,
    HCA_SYN_RETRY           = 0x15,
    HCA_SYN_RNR_RETRY       = 0x16,
};

#define HCA_QP_BAD_STATE    0x10        /* status of a command */
#define HCA_QP_MTU_1024     3
#define HCA_FENCE           0x40        /* in HcaWr.flags, beside CE and SE */
#define HCA_SIGNALLED       0x08
#define HCA_SOLICITED       0x02

typedef struct HcaQpSetup {
    unsigned type;
    uint32_t pd, send_cqn, recv_cqn;
    unsigned log_sq, log_rq;            /* entries; of 64 bytes both */
    uint32_t srqn;                      /* instead of a receive queue */
    uint32_t xrcd;                      /* of XRC */
    bool no_own_groups;                 /* not back from its multicast groups */
    bool of_user_space;                 /* may not fill lists of pages */
    uint32_t user_index;
    /* Pages of 4 KiB << log_page, the first used from that 64th of it on */
    unsigned log_page, page_offset;
} HcaQpSetup;

typedef struct HcaQp {
    Hca *hca;
    uint32_t qpn;
    HcaQpSetup setup;
    uint64_t buf, dbr;
    uint16_t rq_pi, sq_pi, sq_last;
} HcaQp;

/* Returns the status. */
int hca_create_qp(Hca *hca, HcaQp *qp, const HcaQpSetup *setup);
void hca_must_create_qp(Hca *hca, HcaQp *qp, const HcaQpSetup *setup);
/* A transition; qpc: NULL for zeroes. Returns the status. */
int hca_move_qp(HcaQp *qp, uint16_t opcode, uint32_t optional,
                const uint8_t *qpc);
/* The same, of a device that may not answer; it is not waited for. */
void hca_try_qp(HcaQp *qp, uint16_t opcode, const uint8_t *qpc);
/* ATTACH_TO_MCG or DETACH_FROM_MCG. Returns the status. */
int hca_qp_group(HcaQp *qp, uint16_t opcode, const uint8_t *gid);
/* QUERY_QP; returns the state. */
unsigned hca_must_query_qp(HcaQp *qp, uint8_t qpc[CX_SZ(qpc)]);

/* An address that a function speaks RoCE from: IPv4, or v6 */
typedef struct HcaRoce {
    unsigned index;
    uint8_t mac[HCA_MAC_BYTES];
    uint8_t gid[HCA_GID_BYTES];
    bool v6;
    unsigned vlan;                      /* 0: none */
    bool version_1;                     /* not 2 */
} HcaRoce;

/* Returns the status. One without a MAC empties its entry. */
int hca_set_roce(Hca *hca, const HcaRoce *roce);

/* How a queue pair comes to RTS. */
typedef struct HcaQpWay {
    const HcaRoce *from, *to;
    uint32_t remote_qpn;
    unsigned mtu;                       /* 1: 256 bytes, 5: 4096 */
    uint32_t send_psn, recv_psn;
    unsigned ack_timeout, retries, rnr_retries, rnr_timer;
    uint32_t q_key;
    uint32_t counters;                  /* a set; 0: none */
    bool no_read, no_write, no_atomic;
    bool reserved_lkey;
} HcaQpWay;

void hca_qp_fill(const HcaQpWay *way, uint8_t qpc[CX_SZ(qpc)]);
void hca_must_connect_qp(HcaQp *qp, const HcaQpWay *way);

typedef struct HcaSeg {
    uint64_t addr;
    uint32_t len, key;
} HcaSeg;

#define HCA_WR_SEGS 4

/* A request to send. With inlined bytes it has no segments. */
typedef struct HcaWr {
    unsigned opcode;
    unsigned flags;
    uint32_t imm;
    uint64_t remote_addr;
    uint32_t remote_key;
    uint64_t swap_add, compare;
    HcaSeg seg[HCA_WR_SEGS];
    unsigned nr_segs;
    const void *inlined;
    unsigned inline_len;
    /* What stands between the control segment and them, as it is */
    const void *body;
    unsigned body_len;
    uint32_t srqn;                      /* of XRC: the peer's */
    /* Of a datagram: to whom */
    const HcaRoce *to;
    unsigned from_index;
    uint32_t to_qpn, q_key;
} HcaWr;

void hca_qp_post(HcaQp *qp, const HcaWr *wr);
void hca_qp_ring(HcaQp *qp);
/* Both */
void hca_qp_send(HcaQp *qp, const HcaWr *wr);
void hca_qp_post_recv(HcaQp *qp, const HcaSeg *seg, unsigned n);

/* The next completion, which has to be this. Leaves it to be popped. */
uint8_t *hca_must_complete(HcaCq *cq, unsigned opcode);
/* The same, and pops it. */
void hca_must_pop(HcaCq *cq, unsigned opcode);
/* In error, with that syndrome. Pops it. */
void hca_must_fail(HcaCq *cq, unsigned opcode, unsigned syndrome);

#endif
