/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: event queues, completion queues, work queues
 */
#ifndef HW_NET_CONNECTX_QUEUE_H
#define HW_NET_CONNECTX_QUEUE_H

#include "base/connectx.h"

#define CX_EQS_MAX          64
#define CX_LOG_EQ_SIZE_MAX  22
#define CX_LOG_CQ_SIZE_MAX  22
#define CX_LOG_WQ_SIZE_MAX  15
#define CX_EQE_SIZE         64
#define CX_WQEBB_SIZE       64

/* EQ and CQ indices are 24 bits wide, as doorbells carry them; WQ's 16. */
#define CX_INDEX_MASK       0xffffff
#define CX_WQ_INDEX_MASK    0xffff

/* Queue states of sqc, rqc and rmpc */
enum {
    CX_WQ_RST = 0,
    CX_WQ_RDY = 1,
    CX_WQ_ERR = 3,
};

/* Where a queue's entries lie: the geometry that its context gives. */
typedef struct ConnectXRing {
    const ConnectXObj *obj;
    uint32_t offset;            /* of entry 0 in the first page */
    uint8_t page_shift;
    uint8_t log_size;           /* entries */
    uint8_t log_stride;         /* bytes of an entry */
} ConnectXRing;

/* Pages that the ring needs; 0 if its geometry is out of range. */
uint32_t cx_ring_pages(const ConnectXRing *ring);
/* Entries are counted modulo the ring's size; at + len stays in the entry. */
bool cx_ring_read(ConnectXFunction *fn, const ConnectXRing *ring,
                  uint32_t index, uint32_t at, void *buf, uint32_t len);
bool cx_ring_write(ConnectXFunction *fn, const ConnectXRing *ring,
                   uint32_t index, uint32_t at, const void *buf, uint32_t len);

/* The geometry of each kind, from its creation input. */
ConnectXRing cx_eq_ring(const ConnectXObj *eq);
ConnectXRing cx_cq_ring(const ConnectXObj *cq);
ConnectXRing cx_wq_ring(const ConnectXObj *obj, const uint8_t *wq);

/* Link functions: see ConnectXObjType */
ConnectXStatus cx_eq_link(ConnectXFunction *fn, ConnectXObj *obj);
ConnectXStatus cx_cq_link(ConnectXFunction *fn, ConnectXObj *obj);
ConnectXStatus cx_sq_link(ConnectXFunction *fn, ConnectXObj *obj);
ConnectXStatus cx_rq_link(ConnectXFunction *fn, ConnectXObj *obj);
ConnectXStatus cx_rmp_link(ConnectXFunction *fn, ConnectXObj *obj);
ConnectXStatus cx_qp_link(ConnectXFunction *fn, ConnectXObj *obj);
ConnectXStatus cx_xrc_srq_link(ConnectXFunction *fn, ConnectXObj *obj);

/* Doorbells, from the UAR pages */
void cx_eq_doorbell(ConnectXFunction *fn, uint32_t value, bool arm);
void cx_cq_arm(ConnectXFunction *fn, uint32_t cqn, uint32_t ci,
               bool solicited);
void cx_sq_doorbell(ConnectXFunction *fn, uint32_t sqn);

/* Finds the EQ that takes command completions: fn->cmd_eqn. */
void cx_eq_find_cmd(ConnectXFunction *fn);
/* A completion event of a CQ goes to the EQ that the CQ names. */
void cx_eq_post_comp(ConnectXFunction *fn, uint32_t eqn, uint32_t cqn);
/* Writes the CQE (64 bytes; its owner bit is this function's business). */
void cx_cq_post(ConnectXFunction *fn, uint32_t cqn, uint8_t cqe[64],
                bool solicited);

/* After a suspension or a load: see cx_fn_rescan(). */
void cx_eq_rescan(ConnectXFunction *fn);
void cx_cq_rescan(ConnectXFunction *fn);
void cx_sq_rescan(ConnectXFunction *fn);

#endif /* HW_NET_CONNECTX_QUEUE_H */
