/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: requests that change memory keys
 */
#ifndef HW_NET_CONNECTX_RDMA_UMR_H
#define HW_NET_CONNECTX_RDMA_UMR_H

#include "base/types.h"
#include "queue/wq.h"
#include "rdma/wqe.h"

/* CX_SYN_NONE, or what its completion is to say */
ConnectXSyndrome cx_umr_execute(ConnectXFunction *fn, ConnectXObj *qp,
                                const ConnectXWqe *wqe);

#endif /* HW_NET_CONNECTX_RDMA_UMR_H */
