/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the migration tests start from.
 */
#include "vhca-bench.h"

void vhca_bench_start(VhcaBench *b, void **state, unsigned pfs,
                      const char *props, uint32_t buf_bytes)
{
    b->m = machine_start_ready(state, pfs, props);
    for (unsigned i = 0; i < pfs; i++) {
        machine_enable_vfs(b->m, i, 2);
        vhca_buf_create(&b->m->pf[i], &b->buf[i], buf_bytes);
    }
}

Hca *vhca_busy_vf(VhcaBench *b, unsigned pf, unsigned vf, HcaObjects *o)
{
    Hca *hca = machine_start_vf(b->m, pf, vf);

    pci_msix_enable(&hca->fn);
    hca_must_create_objects(hca, o);
    for (int i = 0; i < 21; i++) {
        hca_sq_post_nop(&o->sq);
        hca_sq_ring(&o->sq, true);
        assert_true(hca_cq_wait(&o->cq));
        hca_cq_pop(&o->cq);
        assert_true(hca_eq_wait(&o->comp_eq));
        hca_eq_pop(&o->comp_eq);
        assert_true(pci_msix_fired(&hca->fn, o->comp_eq.vector));
        hca_eq_ring(&o->comp_eq, true);
        hca_cq_arm(&o->cq);
    }
    return hca;
}

void vhca_check_one_nop(Hca *hca, HcaObjects *o)
{
    uint16_t counter = o->sq.pi;
    uint8_t *cqe;

    hca_sq_post_nop(&o->sq);
    hca_sq_ring(&o->sq, true);
    assert_true(hca_cq_wait(&o->cq));
    cqe = hca_cq_peek(&o->cq);
    assert_int_equal(cqe[60] << 8 | cqe[61], counter);
    hca_cq_pop(&o->cq);
    assert_true(hca_eq_wait(&o->comp_eq));
    hca_eq_pop(&o->comp_eq);
    assert_true(pci_msix_fired(&hca->fn, o->comp_eq.vector));
    hca_eq_ring(&o->comp_eq, true);
    hca_cq_arm(&o->cq);
    assert_null(hca_cq_peek(&o->cq));
    assert_null(hca_eq_peek(&o->comp_eq));
}

void vhca_check_objects(Hca *hca, HcaObjects *o)
{
    uint8_t in[16] = {}, out[1024];

    for (int i = 0; i < 40; i++) {
        vhca_check_one_nop(hca, o);
    }
    hca_header(in, OP(QUERY_SQ), 0);
    stl_be_p(in + 8, o->sq.number);
    assert_int_equal(hca_exec(hca, in, 16, out, CX_SZ(query_sq_out)),
                     HCA_OK);
    assert_int_equal(CX_GET(sqc, CX_ADDR(query_sq_out, out, sq_context),
                            state), HCA_WQ_RDY);
    assert_int_equal(hca_modify_wq(hca, OP(MODIFY_RQ), o->rq.number,
                                   HCA_WQ_RDY, HCA_WQ_ERR), HCA_OK);
    assert_int_equal(hca_simple(hca, OP(DEALLOC_PD), 0, o->pd), HCA_RES_BUSY);
    assert_int_equal(hca_simple(hca, OP(DESTROY_CQ), 0, o->cq.cqn),
                     HCA_RES_BUSY);
    hca_must_destroy_objects(hca, o);
    hca_must_create_objects(hca, o);
    vhca_check_one_nop(hca, o);
    hca_must_destroy_objects(hca, o);
    hca_must_simple(hca, OP(DEALLOC_UAR), 0, hca->uar);
    hca_must_stop(hca);
    hca_must_start(hca);
}

void vhca_move(VhcaBench *b, unsigned src_pf, unsigned src_vf,
               unsigned dst_pf, unsigned dst_vf, HcaObjects *o)
{
    Hca *from_pf = &b->m->pf[src_pf], *to_pf = &b->m->pf[dst_pf];
    Hca *from = &b->m->vf[src_pf][src_vf], *to = &b->m->vf[dst_pf][dst_vf];
    uint16_t from_id = vhca_id_of(from_pf, src_vf);
    uint16_t to_id = vhca_id_of(to_pf, dst_vf);
    uint32_t bytes, bytes_again;
    uint8_t *image, *again;

    vhca_must_stop(from_pf, from_id);
    image = vhca_must_save(&b->buf[src_pf], from_id, &bytes);
    /* As VFIO does: the source is reset when it is closed. */
    pci_flr(&from->fn);
    pci_flr(&to->fn);
    vhca_must_stop(to_pf, to_id);
    assert_int_equal(vhca_load_image(&b->buf[dst_pf], to_id, image, bytes),
                     HCA_OK);
    again = vhca_must_save(&b->buf[dst_pf], to_id, &bytes_again);
    assert_int_equal(bytes, bytes_again);
    assert_memory_equal(image, again, bytes);
    vhca_move_driver(to, from);
    vhca_move_objects(o, to);
    pci_msix_enable(&to->fn);
    vhca_must_run(to_pf, to_id);
    free(image);
    free(again);
}
