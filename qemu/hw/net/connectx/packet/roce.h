/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: packets of InfiniBand's transport over UDP (RoCE
 * version 2)
 */
#ifndef HW_NET_CONNECTX_PACKET_ROCE_H
#define HW_NET_CONNECTX_PACKET_ROCE_H

#define CX_ROCE_PAYLOAD_MAX 4096
/* Ethernet with a tag, IPv6, UDP, the longest headers, padding, ICRC */
#define CX_ROCE_FRAME_MAX   (18 + 40 + 8 + 64 + CX_ROCE_PAYLOAD_MAX + 8)
#define CX_ROCE_PKEY        0xffff

/* Upper bits of BTH's opcode: between which kind of queue pairs... */
enum {
    CX_ROCE_RC              = 0x00,
    CX_ROCE_UC              = 0x20,
    CX_ROCE_UD              = 0x60,
    CX_ROCE_XRC             = 0xa0,
    CX_ROCE_NONE            = 0xe0,     /* of no packet */
    CX_ROCE_TRANSPORT       = 0xe0,     /* mask */
};

/* ...and the others: of a reliable connection, in part of the other ones */
enum {
    CX_RC_SEND_FIRST        = 0x00,
    CX_RC_SEND_MIDDLE       = 0x01,
    CX_RC_SEND_LAST         = 0x02,
    CX_RC_SEND_LAST_IMM     = 0x03,
    CX_RC_SEND_ONLY         = 0x04,
    CX_RC_SEND_ONLY_IMM     = 0x05,
    CX_RC_WRITE_FIRST       = 0x06,
    CX_RC_WRITE_MIDDLE      = 0x07,
    CX_RC_WRITE_LAST        = 0x08,
    CX_RC_WRITE_LAST_IMM    = 0x09,
    CX_RC_WRITE_ONLY        = 0x0a,
    CX_RC_WRITE_ONLY_IMM    = 0x0b,
    CX_RC_READ_REQUEST      = 0x0c,
    CX_RC_READ_FIRST        = 0x0d,     /* responses */
    CX_RC_READ_MIDDLE       = 0x0e,
    CX_RC_READ_LAST         = 0x0f,
    CX_RC_READ_ONLY         = 0x10,
    CX_RC_ACK               = 0x11,
    CX_RC_ATOMIC_ACK        = 0x12,
    CX_RC_COMPARE_SWAP      = 0x13,
    CX_RC_FETCH_ADD         = 0x14,
    CX_RC_SEND_LAST_INV     = 0x16,     /* and takes a key back */
    CX_RC_SEND_ONLY_INV     = 0x17,
    CX_ROCE_OPERATION       = 0x1f,     /* mask */
    CX_UD_SEND_ONLY         = CX_ROCE_UD | CX_RC_SEND_ONLY,
    CX_UD_SEND_ONLY_IMM     = CX_ROCE_UD | CX_RC_SEND_ONLY_IMM,
};

/* What an opcode means, and which headers come with it */
enum {
    CX_ROCE_KNOWN           = 1 << 0,
    CX_ROCE_SEND            = 1 << 1,
    CX_ROCE_WRITE           = 1 << 2,
    CX_ROCE_READ            = 1 << 3,   /* request, responses */
    CX_ROCE_ATOMIC          = 1 << 4,
    CX_ROCE_FIRST           = 1 << 5,   /* of a message; both: the only one */
    CX_ROCE_LAST            = 1 << 6,
    CX_ROCE_ANSWER          = 1 << 7,   /* to the requester */
    CX_ROCE_RETH            = 1 << 8,
    CX_ROCE_AETH            = 1 << 9,
    CX_ROCE_ATOMIC_ETH      = 1 << 10,
    CX_ROCE_ATOMIC_AETH     = 1 << 11,
    CX_ROCE_DETH            = 1 << 12,
    CX_ROCE_IMM             = 1 << 13,
    CX_ROCE_DATA            = 1 << 14,
    CX_ROCE_XRCETH          = 1 << 15,
    CX_ROCE_IETH            = 1 << 16,
};

/* Syndrome of AETH: the upper three bits, and codes of what is refused */
enum {
    CX_AETH_ACK             = 0x1f,     /* no credits are counted */
    CX_AETH_RNR             = 0x20,     /* | timer */
    CX_AETH_NAK             = 0x60,
    CX_AETH_SEQUENCE        = CX_AETH_NAK | 0,
    CX_AETH_INVALID         = CX_AETH_NAK | 1,
    CX_AETH_ACCESS          = CX_AETH_NAK | 2,
    CX_AETH_OPERATION       = CX_AETH_NAK | 3,
    CX_AETH_KIND            = 0x60,     /* mask */
    CX_AETH_VALUE           = 0x1f,
};

/* From whom to whom: Ethernet, IP, UDP. IPv4 is in an address's last 4 bytes */
typedef struct ConnectXRoceEnds {
    uint8_t to[6], from[6];
    bool tagged;
    uint16_t tci;
    bool v6;
    uint8_t target[16], source[16];
    uint8_t class, hops;
    uint32_t flow;
    uint16_t sport;
} ConnectXRoceEnds;

/* The rest; which fields count, the opcode says. */
typedef struct ConnectXRoce {
    uint8_t opcode;
    bool solicited, ack_wanted;
    uint16_t pkey;
    uint32_t qpn, psn;
    uint64_t va;                        /* RETH, AtomicETH */
    uint32_t key, len;
    uint64_t swap_add, compare;         /* AtomicETH */
    uint8_t syndrome;                   /* AETH */
    uint32_t msn;
    uint64_t value;                     /* AtomicAckETH */
    uint32_t q_key, source_qpn;         /* DETH */
    uint32_t srqn;                      /* XRCETH: a shared queue's number */
    uint32_t imm;                       /* IETH: the key */
    const uint8_t *payload;
    uint32_t payload_len;
} ConnectXRoce;

/* Is that its operation (CX_RC_*), whatever the transport? */
static inline bool cx_roce_is(const ConnectXRoce *p, uint8_t operation)
{
    return (p->opcode & CX_ROCE_OPERATION) == operation;
}

/* What an opcode means, CX_ROCE_KNOWN and so on; 0 for one that is not. */
unsigned cx_roce_means(uint8_t opcode);
/* A whole frame, without Ethernet's own checksum; returns its length. */
uint32_t cx_roce_build(const ConnectXRoceEnds *ends, const ConnectXRoce *p,
                       uint8_t frame[CX_ROCE_FRAME_MAX]);
/*
 * cx_roce_parse - Take a frame apart; payload points into it.
 * False for what is not one of these, is cut short, or has a wrong ICRC.
 */
bool cx_roce_parse(const uint8_t *frame, uint32_t len, ConnectXRoceEnds *ends,
                   ConnectXRoce *p);

#endif /* HW_NET_CONNECTX_PACKET_ROCE_H */
