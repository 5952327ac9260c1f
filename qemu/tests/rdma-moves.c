/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection whose ends can move.
 */
#include <string.h>

#include "rdma-moves.h"

#define VFS             4

void rdma_moves_start(RdmaMoves *t, void **state, unsigned type)
{
    Machine *m;

    memset(t, 0, sizeof(*t));
    t->a_on = RDMA_MOVES_A;
    t->b_on = RDMA_MOVES_B;
    m = t->v.m = machine_start_ready(state, 1, "rdma=on");
    machine_enable_vfs(m, 0, VFS);
    vhca_buf_create(&m->pf[0], &t->v.buf[0], VHCA_BUF_BYTES);
    hca_must_set_port(&m->pf[0], true);
    rdma_join(&t->r, m, machine_start_vf(m, 0, t->a_on),
              machine_start_vf(m, 0, t->b_on), type, false);
    rdma_be_patient(&t->r);
}

static unsigned *place_of(RdmaMoves *t, const RdmaEnd *e)
{
    return e == &t->r.a ? &t->a_on : &t->b_on;
}

void rdma_moves_end(RdmaMoves *t, RdmaEnd *e)
{
    unsigned *on = place_of(t, e), to = *on ^ 1;
    HcaObjects none = {};

    vhca_move(&t->v, 0, *on, 0, to, &none);
    rdma_end_moves(e, &t->r.m->vf[0][to]);
    *on = to;
}

void rdma_moves_suspend(RdmaMoves *t, const RdmaEnd *e)
{
    Hca *pf = &t->r.m->pf[0];

    assert_int_equal(vhca_suspend(pf, vhca_id_of(pf, *place_of(t, e)),
                                  SUSPEND_INITIATOR), HCA_OK);
}
