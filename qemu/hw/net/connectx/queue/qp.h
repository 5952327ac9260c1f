/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: queue pairs
 *
 * What their requests do is not known here: the layer rdma/ registers.
 */
#ifndef HW_NET_CONNECTX_QP_H
#define HW_NET_CONNECTX_QP_H

#include "base/ifc.h"
#include "base/limits.h"
#include "base/types.h"
#include "host/sched.h"
#include "obj/obj.h"
#include "obj/q_counter.h"
#include "queue/qp_state.h"
#include "queue/ring.h"
#include "queue/wq.h"

#define CX_PSN_MASK         0xffffff

/* An answer that the responder has to give, or gave: a read or an atomic */
enum {
    CX_ANSWER_NONE,
    CX_ANSWER_READ,
    CX_ANSWER_ATOMIC,
};

typedef struct ConnectXQpAnswer {
    uint64_t kind;                      /* CX_ANSWER_* */
    uint64_t psn;                       /* of its first packet */
    uint64_t va, key, len, srqn;        /* of a read; srqn: of XRC */
    uint64_t value;                     /* of an atomic */
} ConnectXQpAnswer;

/* What message the responder is in the middle of */
enum {
    CX_MESSAGE_NONE,
    CX_MESSAGE_SEND,
    CX_MESSAGE_WRITE,
};

/* ConnectXQpRun.owes */
enum {
    CX_OWES_NOTHING,
    CX_OWES_ACK,
    CX_OWES_NAK,                        /* once, whatever state it is in */
};

/*
 * The run of a queue pair beside ConnectXObjRun, where pi is the next receive
 * request, and armed says that its doorbell rang. Of words alone, so that the
 * image need not know more of it. PSNs are 24 bits wide, indices 16.
 */
typedef struct ConnectXQpRun {
    /* Requester. Oldest request that is not completed, the next to be sent */
    uint64_t head, head_psn;
    uint64_t next, next_psn;
    uint64_t una_psn;                   /* of what the peer answers next */
    uint64_t psn;                       /* of the next packet */
    uint64_t top_psn;                   /* behind the last ever sent */
    uint64_t reads;                     /* and atomics, under way */
    uint64_t retries, rnr_retries;      /* in a row, without progress */
    uint64_t ack_due, rnr_due;          /* function's timer, ns; 0: none */
    /* Responder */
    uint64_t epsn, msn;
    uint64_t message;                   /* CX_MESSAGE_* */
    uint64_t offset;                    /* bytes of it that came */
    uint64_t va, key, len;              /* of a write */
    uint64_t srqn;                      /* XRC: whose memory it means */
    uint64_t recv, recv_held;           /* receive request of the message */
    uint64_t owes, owed_psn, syndrome;  /* CX_OWES_*; of AETH */
    uint64_t nak_told;                  /* of packets that are missing */
    /* Ring of answers: the first that is not given whole, how many are not */
    uint64_t answer, answers, answered; /* answered: packets of the first */
    ConnectXQpAnswer ring[CX_QP_READS];
} ConnectXQpRun;

#define CX_QP_RUN_WORDS     (sizeof(ConnectXQpRun) / sizeof(uint64_t))

static inline const uint8_t *cx_qpc(const ConnectXObj *qp)
{
    return CX_ADDR(create_qp_in, qp->in, qpc);
}

static inline const ConnectXQpRun *cx_qp_run(const ConnectXObj *qp)
{
    return (const ConnectXQpRun *)qp->more;
}

static inline void cx_qp_count(ConnectXFunction *fn, const ConnectXObj *qp,
                               ConnectXCount what)
{
    cx_q_count(fn, qp, CX_GET(qpc, cx_qpc(qp), counter_set_id), what);
}

/* The same to be written. */
static inline ConnectXQpRun *cx_qp_go(ConnectXFunction *fn, ConnectXObj *qp)
{
    return (ConnectXQpRun *)cx_obj_more(fn, qp);
}

static inline uint32_t cx_psn_add(uint32_t psn, uint32_t n)
{
    return (psn + n) & CX_PSN_MASK;
}

/* How far a is behind b; negative if it comes first. */
static inline int32_t cx_psn_diff(uint32_t a, uint32_t b)
{
    return (int32_t)((a - b) << 8) >> 8;
}

/* Who carries out what queue pairs are asked for */
typedef struct ConnectXQpUser {
    /* In its turn; true if there is more than the budget allowed for. */
    bool (*work)(ConnectXFunction *fn, ConnectXObj *qp,
                 ConnectXBudget *budget);
    /* It is in another state than before. */
    void (*moved)(ConnectXFunction *fn, ConnectXObj *qp, uint8_t before);
} ConnectXQpUser;

/* Once; user must live forever. */
void cx_qp_set_user(const ConnectXQpUser *user);
/* In its turn. */
bool cx_qp_work(ConnectXFunction *fn, ConnectXObj *qp, ConnectXBudget *budget);

/* Pages of its one buffer, of which qpc speaks; 0 without one */
uint32_t cx_qp_pages(const uint8_t *qpc);
/* Has it a receive queue, or a send queue, of its own, and where? */
bool cx_qp_has_rq(const uint8_t *qpc);
bool cx_qp_has_sq(const uint8_t *qpc);
bool cx_qp_shares_rq(const uint8_t *qpc);
/* Is it of a connection in which nothing is answered, or lost for good? */
static inline bool cx_qp_is_uc(const ConnectXObj *qp)
{
    return CX_GET(qpc, cx_qpc(qp), st) == CX_QP_UC;
}
/* Is it of XRC, where each message says whose receive requests it takes? */
static inline bool cx_qp_is_xrc(const ConnectXObj *qp)
{
    return CX_GET(qpc, cx_qpc(qp), st) == CX_QP_XRC;
}
ConnectXRing cx_qp_recv_ring(const ConnectXObj *qp);
ConnectXRing cx_qp_send_ring(const ConnectXObj *qp);
/* Blocks that the driver has produced from the next request to be sent on */
bool cx_qp_send_todo(ConnectXFunction *fn, const ConnectXObj *qp,
                     uint32_t *todo);

/* A command that moves it from state to state; *syndrome if it is refused. */
ConnectXStatus cx_qp_move(ConnectXFunction *fn, ConnectXObj *qp,
                          uint16_t opcode, uint32_t optional,
                          const uint8_t *qpc, ConnectXQpSyndrome *syndrome);
/* By itself: into an error */
void cx_qp_set_state(ConnectXFunction *fn, ConnectXObj *qp, uint8_t state);
/* Tells the driver: CX_EV_* */
void cx_qp_event(ConnectXFunction *fn, const ConnectXObj *qp, uint8_t event);
/* Its context as it is now */
void cx_qp_query(ConnectXFunction *fn, const ConnectXObj *qp, uint8_t *qpc);
/* page: the UAR page that it came by, an index in BAR0 */
void cx_qp_doorbell(ConnectXFunction *fn, uint32_t page, ConnectXObj *qp);
void cx_qp_register(void);

#endif /* HW_NET_CONNECTX_QP_H */
