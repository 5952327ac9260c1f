/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: requests that change memory keys
 */
#include "qemu/osdep.h"
#include "rdma/umr.h"

ConnectXSyndrome cx_umr_execute(ConnectXFunction *fn, ConnectXObj *qp,
                                const ConnectXWqe *wqe)
{
    return CX_SYN_LOCAL_QP_OP;
}
