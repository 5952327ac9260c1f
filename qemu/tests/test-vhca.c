/*
 * Suspending, resuming, saving and loading a VF: what must stop, what must
 * go on where it stopped, on the same function, on another, on another PF.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "machine.h"
#include "objects.h"
#include "vhca.h"

#define BUF_BYTES       (1u << 20)
#define LOST_ID         0x1234

/* Two PFs with two VFs each and a buffer; what most tests start from. */
typedef struct Bench {
    Machine *m;
    VhcaBuf buf[MACHINE_MAX_PFS];
} Bench;

static void bench_start(Bench *b, void **state, unsigned pfs,
                        const char *props, uint32_t buf_bytes)
{
    b->m = machine_start_ready(state, pfs, props);
    for (unsigned i = 0; i < pfs; i++) {
        machine_enable_vfs(b->m, i, 2);
        vhca_buf_create(&b->m->pf[i], &b->buf[i], buf_bytes);
    }
}

/* A VF that did some work: queues are in the middle of a lap. */
static Hca *busy_vf(Bench *b, unsigned pf, unsigned vf, HcaObjects *o)
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

static void check_one_nop(Hca *hca, HcaObjects *o)
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

/* Everything the driver knew is there, works, and can be taken down. */
static void check_objects(Hca *hca, HcaObjects *o)
{
    uint8_t in[16] = {}, out[1024];

    for (int i = 0; i < 40; i++) {
        check_one_nop(hca, o);
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
    check_one_nop(hca, o);
    hca_must_destroy_objects(hca, o);
    hca_must_simple(hca, OP(DEALLOC_UAR), 0, hca->uar);
    hca_must_stop(hca);
    hca_must_start(hca);
}

static void test_arguments(void **state)
{
    Bench b;
    Hca *pf;
    uint16_t id;
    VhcaSize size;
    VhcaSaved saved;

    bench_start(&b, state, 1, NULL, BUF_BYTES);
    pf = &b.m->pf[0];
    id = vhca_id_of(pf, 0);
    for (unsigned i = 0; i < 2; i++) {
        /* Neither a VF that is not, nor the PF itself. */
        uint16_t bad = i ? LOST_ID : 0;

        assert_int_equal(vhca_suspend(pf, bad, 0), HCA_BAD_RES);
        assert_int_equal(vhca_resume(pf, bad, 0), HCA_BAD_RES);
        assert_int_equal(vhca_query(pf, bad, 0, 0, &size), HCA_BAD_RES);
        assert_int_equal(vhca_save(&b.buf[0], bad, 0, 0, 4096, &saved),
                         HCA_BAD_RES);
        assert_int_equal(vhca_load(&b.buf[0], bad, 4096), HCA_BAD_RES);
    }
    assert_int_equal(vhca_suspend(pf, id, 2), HCA_BAD_PARAM);
    assert_int_equal(vhca_resume(pf, id, 2), HCA_BAD_PARAM);
    /* A VF without a driver, twice, and a resume of what runs. */
    for (int i = 0; i < 2; i++) {
        vhca_must_stop(pf, id);
        vhca_must_stop(pf, id);
        vhca_must_run(pf, id);
        vhca_must_run(pf, id);
    }
}

static void test_suspend_stops_everything(void **state)
{
    uint8_t nop[16] = {};
    HcaObjects o;
    uint16_t id;
    Hca *pf, *vf;
    Bench b;

    bench_start(&b, state, 1, NULL, BUF_BYTES);
    pf = &b.m->pf[0];
    id = vhca_id_of(pf, 0);
    vf = busy_vf(&b, 0, 0, &o);
    hca_header(nop, OP(NOP), 0);
    for (int responder = 0; responder < 2; responder++) {
        assert_int_equal(vhca_suspend(pf, id, SUSPEND_INITIATOR), HCA_OK);
        if (responder) {
            assert_int_equal(vhca_suspend(pf, id, SUSPEND_RESPONDER), HCA_OK);
        }
        hca_sq_post_nop(&o.sq);
        hca_sq_ring(&o.sq, true);
        hca_prepare(vf, 9, nop, sizeof(nop), 16, NULL);
        hca_ring(vf, BIT(9));
        hca_cq_arm(&o.cq);
        hca_eq_ring(&o.comp_eq, true);
        assert_true(qtest_alive(b.m->q));
        assert_null(hca_cq_peek(&o.cq));
        assert_null(hca_eq_peek(&o.comp_eq));
        assert_false(hca_done(vf, 9));
        assert_false(pci_msix_fired(&vf->fn, o.comp_eq.vector));
        if (responder) {
            assert_int_equal(vhca_resume(pf, id, RESUME_RESPONDER), HCA_OK);
            assert_null(hca_cq_peek(&o.cq));
            assert_false(hca_done(vf, 9));
        }
        assert_int_equal(vhca_resume(pf, id, RESUME_INITIATOR), HCA_OK);
        assert_true(hca_wait_done(vf, 9));
        assert_int_equal(hca_result(vf, 9, NULL, 0), HCA_OK);
        assert_true(hca_cq_wait(&o.cq));
        hca_cq_pop(&o.cq);
        assert_true(hca_eq_wait(&o.comp_eq));
        hca_eq_pop(&o.comp_eq);
        assert_true(pci_msix_fired(&vf->fn, o.comp_eq.vector));
        hca_eq_ring(&o.comp_eq, true);
        hca_cq_arm(&o.cq);
    }
    check_objects(vf, &o);
}

/* The other VF and the PF do not notice. */
static void test_suspend_is_of_one(void **state)
{
    HcaObjects o, other;
    Hca *pf, *vf;
    Bench b;

    bench_start(&b, state, 1, NULL, BUF_BYTES);
    pf = &b.m->pf[0];
    busy_vf(&b, 0, 0, &o);
    vf = busy_vf(&b, 0, 1, &other);
    vhca_must_stop(pf, vhca_id_of(pf, 0));
    check_objects(vf, &other);
}

static void move_and_check(Bench *b, Hca *src_pf, unsigned src, Hca *dst_pf,
                           Hca *dst, uint16_t dst_id, VhcaBuf *dst_buf,
                           Hca *vf, HcaObjects *o)
{
    uint16_t src_id = vhca_id_of(src_pf, src);
    VhcaBuf *src_buf = &b->buf[src_pf - b->m->pf];
    uint8_t *image, *again;
    uint32_t bytes, bytes_again;

    vhca_must_stop(src_pf, src_id);
    image = vhca_must_save(src_buf, src_id, &bytes);
    /* As VFIO does: the source is reset when it is closed. */
    pci_flr(&vf->fn);
    pci_flr(&dst->fn);
    vhca_must_stop(dst_pf, dst_id);
    assert_int_equal(vhca_load_image(dst_buf, dst_id, image, bytes), HCA_OK);
    again = vhca_must_save(dst_buf, dst_id, &bytes_again);
    assert_int_equal(bytes, bytes_again);
    assert_memory_equal(image, again, bytes);
    vhca_move_driver(dst, vf);
    vhca_move_objects(o, dst);
    pci_msix_enable(&dst->fn);
    vhca_must_run(dst_pf, dst_id);
    free(image);
    free(again);
}

static void test_move_to_another_vf(void **state)
{
    HcaObjects o;
    Hca *vf, *dst;
    Bench b;

    bench_start(&b, state, 1, NULL, BUF_BYTES);
    vf = busy_vf(&b, 0, 0, &o);
    dst = &b.m->vf[0][1];
    move_and_check(&b, &b.m->pf[0], 0, &b.m->pf[0], dst,
                   vhca_id_of(&b.m->pf[0], 1), &b.buf[0], vf, &o);
    check_objects(dst, &o);
}

static void test_move_to_another_pf(void **state)
{
    HcaObjects o;
    Hca *vf, *dst;
    Bench b;

    bench_start(&b, state, 2, NULL, BUF_BYTES);
    vf = busy_vf(&b, 0, 0, &o);
    dst = &b.m->vf[1][1];
    move_and_check(&b, &b.m->pf[0], 0, &b.m->pf[1], dst,
                   vhca_id_of(&b.m->pf[1], 1), &b.buf[1], vf, &o);
    check_objects(dst, &o);
}

static void test_there_and_back_again(void **state)
{
    unsigned at = 0;
    HcaObjects o;
    Hca *vf;
    Bench b;

    bench_start(&b, state, 2, NULL, BUF_BYTES);
    vf = busy_vf(&b, 0, 0, &o);
    for (int i = 0; i < 20; i++) {
        unsigned to = !at;
        Hca *dst = &b.m->vf[to][0];

        move_and_check(&b, &b.m->pf[at], 0, &b.m->pf[to], dst,
                       vhca_id_of(&b.m->pf[to], 0), &b.buf[to], vf, &o);
        for (int n = 0; n <= i; n++) {
            check_one_nop(dst, &o);
        }
        vf = dst;
        at = to;
    }
    check_objects(vf, &o);
}

/* An event whose interrupt nobody saw fires again on the new function. */
static void test_unseen_events_fire_again(void **state)
{
    HcaObjects o;
    Hca *vf, *dst;
    Bench b;

    bench_start(&b, state, 1, NULL, BUF_BYTES);
    vf = busy_vf(&b, 0, 0, &o);
    dst = &b.m->vf[0][1];
    hca_sq_post_nop(&o.sq);
    hca_sq_ring(&o.sq, true);
    assert_true(pci_msix_fired(&vf->fn, o.comp_eq.vector));
    move_and_check(&b, &b.m->pf[0], 0, &b.m->pf[0], dst,
                   vhca_id_of(&b.m->pf[0], 1), &b.buf[0], vf, &o);
    assert_true(pci_msix_fired(&dst->fn, o.comp_eq.vector));
    assert_true(hca_eq_wait(&o.comp_eq));
    hca_eq_pop(&o.comp_eq);
    hca_eq_ring(&o.comp_eq, true);
    hca_cq_pop(&o.cq);
    hca_cq_arm(&o.cq);
    check_objects(dst, &o);
}

/* Work that was told to the source and not done is done by the destination. */
static void test_waiting_work_moves(void **state)
{
    uint8_t pd[16] = {}, out[16];
    HcaObjects o;
    Hca *vf, *dst;
    Bench b;

    bench_start(&b, state, 2, NULL, BUF_BYTES);
    vf = busy_vf(&b, 0, 0, &o);
    dst = &b.m->vf[1][0];
    vhca_must_stop(&b.m->pf[0], vhca_id_of(&b.m->pf[0], 0));
    hca_header(pd, OP(ALLOC_PD), 0);
    hca_prepare(vf, 3, pd, sizeof(pd), 16, NULL);
    hca_ring(vf, BIT(3));
    hca_sq_post_nop(&o.sq);
    hca_sq_ring(&o.sq, true);
    move_and_check(&b, &b.m->pf[0], 0, &b.m->pf[1], dst,
                   vhca_id_of(&b.m->pf[1], 0), &b.buf[1], vf, &o);
    assert_true(hca_wait_done(dst, 3));
    assert_int_equal(hca_result(dst, 3, out, sizeof(out)), HCA_OK);
    hca_must_simple(dst, OP(DEALLOC_PD), 0, ldl_be_p(out + 8) & 0xffffff);
    assert_true(hca_cq_wait(&o.cq));
    hca_cq_pop(&o.cq);
    assert_true(hca_eq_wait(&o.comp_eq));
    hca_eq_pop(&o.comp_eq);
    assert_true(pci_msix_fired(&dst->fn, o.comp_eq.vector));
    hca_eq_ring(&o.comp_eq, true);
    hca_cq_arm(&o.cq);
    check_objects(dst, &o);
}

/* With a command EQ and the driver in event mode. */
static void test_command_events_move(void **state)
{
    HcaObjects o;
    HcaEq cmd_eq;
    Hca *vf, *dst;
    Bench b;

    bench_start(&b, state, 2, NULL, BUF_BYTES);
    vf = busy_vf(&b, 0, 0, &o);
    dst = &b.m->vf[1][0];
    hca_must_create_eq(vf, &cmd_eq, BIT(HCA_EV_CMD), 5, 2);
    for (int i = 0; i < 37; i++) {
        hca_must_simple(vf, OP(NOP), 0, 0);
        assert_true(hca_eq_wait(&cmd_eq));
        hca_eq_pop(&cmd_eq);
        hca_eq_ring(&cmd_eq, true);
    }
    move_and_check(&b, &b.m->pf[0], 0, &b.m->pf[1], dst,
                   vhca_id_of(&b.m->pf[1], 0), &b.buf[1], vf, &o);
    cmd_eq.hca = dst;
    for (int i = 0; i < 37; i++) {
        assert_null(hca_eq_peek(&cmd_eq));
        hca_must_simple(dst, OP(NOP), 0, 0);
        assert_true(hca_eq_wait(&cmd_eq));
        assert_true(pci_msix_fired(&dst->fn, 2));
        hca_eq_pop(&cmd_eq);
        hca_eq_ring(&cmd_eq, true);
    }
    hca_must_destroy_eq(&cmd_eq);
    check_objects(dst, &o);
}

/* Nothing came of it: the source goes on, on everything it had. */
static void test_roll_back(void **state)
{
    uint32_t bytes, bytes_again;
    uint8_t *image, *again;
    HcaObjects o;
    uint16_t id;
    Hca *vf;
    Bench b;

    bench_start(&b, state, 1, NULL, BUF_BYTES);
    vf = busy_vf(&b, 0, 0, &o);
    id = vhca_id_of(&b.m->pf[0], 0);
    vhca_must_stop(&b.m->pf[0], id);
    image = vhca_must_save(&b.buf[0], id, &bytes);
    again = vhca_must_save(&b.buf[0], id, &bytes_again);
    assert_int_equal(bytes, bytes_again);
    assert_memory_equal(image, again, bytes);
    vhca_must_run(&b.m->pf[0], id);
    check_objects(vf, &o);
    free(image);
    free(again);
}

static void test_vf_without_driver(void **state)
{
    uint16_t from, to;
    uint32_t bytes;
    uint8_t *image;
    HcaObjects o;
    Bench b;

    bench_start(&b, state, 1, NULL, BUF_BYTES);
    from = vhca_id_of(&b.m->pf[0], 0);
    to = vhca_id_of(&b.m->pf[0], 1);
    vhca_must_stop(&b.m->pf[0], from);
    image = vhca_must_save(&b.buf[0], from, &bytes);
    vhca_must_stop(&b.m->pf[0], to);
    assert_int_equal(vhca_load_image(&b.buf[0], to, image, bytes), HCA_OK);
    vhca_must_run(&b.m->pf[0], to);
    hca_must_create_objects(machine_start_vf(b.m, 0, 1), &o);
    free(image);
}

static void test_load_when_it_must_not(void **state)
{
    uint16_t from, to;
    uint32_t bytes;
    uint8_t *image;
    HcaObjects o;
    Hca *pf, *vf;
    Bench b;

    bench_start(&b, state, 1, NULL, BUF_BYTES);
    pf = &b.m->pf[0];
    busy_vf(&b, 0, 0, &o);
    from = vhca_id_of(pf, 0);
    to = vhca_id_of(pf, 1);
    vhca_must_stop(pf, from);
    image = vhca_must_save(&b.buf[0], from, &bytes);
    /* running */
    assert_int_equal(vhca_load(&b.buf[0], to, bytes), HCA_BAD_RES_STATE);
    assert_int_equal(vhca_suspend(pf, to, SUSPEND_INITIATOR), HCA_OK);
    assert_int_equal(vhca_load(&b.buf[0], to, bytes), HCA_BAD_RES_STATE);
    assert_int_equal(vhca_suspend(pf, to, SUSPEND_RESPONDER), HCA_OK);
    assert_int_equal(vhca_load(&b.buf[0], to, 0), HCA_BAD_PARAM);
    vhca_must_run(pf, to);
    /* used by a driver of its own */
    vf = machine_start_vf(b.m, 0, 1);
    vhca_must_stop(pf, to);
    assert_int_equal(vhca_load(&b.buf[0], to, bytes), HCA_BAD_RES_STATE);
    vhca_must_run(pf, to);
    hca_must_simple(vf, OP(NOP), 0, 0);
    free(image);
}

static void test_in_pieces(void **state)
{
    static const uint32_t sizes[] = { 1, 7, 63, 64, 65, 500, 4096, 100000 };
    uint32_t bytes, size;
    uint16_t from, to;
    uint8_t *image;
    HcaObjects o;
    Hca *pf, *vf;
    Bench b;

    bench_start(&b, state, 1, "image-pad=3000", BUF_BYTES);
    pf = &b.m->pf[0];
    vf = busy_vf(&b, 0, 0, &o);
    from = vhca_id_of(pf, 0);
    to = vhca_id_of(pf, 1);
    vhca_must_stop(pf, from);
    image = vhca_must_save(&b.buf[0], from, &bytes);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        pci_flr(&b.m->vf[0][1].fn);
        vhca_must_stop(pf, to);
        for (uint32_t at = 0; at < bytes; at += size) {
            size = bytes - at < sizes[i] ? bytes - at : sizes[i];
            assert_int_equal(vhca_load_image(&b.buf[0], to, image + at, size),
                             HCA_OK);
        }
    }
    vhca_move_driver(&b.m->vf[0][1], vf);
    vhca_move_objects(&o, &b.m->vf[0][1]);
    pci_msix_enable(&b.m->vf[0][1].fn);
    vhca_must_run(pf, to);
    check_objects(&b.m->vf[0][1], &o);
    free(image);
}

static void test_half_an_image(void **state)
{
    uint16_t from, to;
    uint32_t bytes;
    uint8_t *image;
    HcaObjects o;
    Hca *pf;
    Bench b;

    bench_start(&b, state, 1, NULL, BUF_BYTES);
    pf = &b.m->pf[0];
    busy_vf(&b, 0, 0, &o);
    from = vhca_id_of(pf, 0);
    to = vhca_id_of(pf, 1);
    vhca_must_stop(pf, from);
    image = vhca_must_save(&b.buf[0], from, &bytes);
    vhca_must_stop(pf, to);
    assert_int_equal(vhca_load_image(&b.buf[0], to, image, bytes / 2),
                     HCA_OK);
    assert_int_equal(vhca_resume(pf, to, RESUME_RESPONDER),
                     HCA_BAD_RES_STATE);
    assert_int_equal(vhca_resume(pf, to, RESUME_INITIATOR),
                     HCA_BAD_RES_STATE);
    /* A reset forgets it. */
    pci_flr(&b.m->vf[0][1].fn);
    hca_must_create_objects(machine_start_vf(b.m, 0, 1), &o);
    free(image);
}

/* Each image supersedes the one before. */
static void test_last_image_wins(void **state)
{
    uint8_t *old_image, *new_image;
    uint32_t old_bytes, new_bytes;
    uint16_t from, to;
    HcaObjects o;
    Hca *pf, *vf;
    Bench b;
    uint32_t pd;

    bench_start(&b, state, 1, NULL, BUF_BYTES);
    pf = &b.m->pf[0];
    vf = busy_vf(&b, 0, 0, &o);
    from = vhca_id_of(pf, 0);
    to = vhca_id_of(pf, 1);
    vhca_must_stop(pf, from);
    old_image = vhca_must_save(&b.buf[0], from, &old_bytes);
    vhca_must_run(pf, from);
    pd = hca_must_alloc(vf, OP(ALLOC_PD));
    check_one_nop(vf, &o);
    vhca_must_stop(pf, from);
    new_image = vhca_must_save(&b.buf[0], from, &new_bytes);
    pci_flr(&vf->fn);
    vhca_must_stop(pf, to);
    assert_int_equal(vhca_load_image(&b.buf[0], to, old_image, old_bytes),
                     HCA_OK);
    assert_int_equal(vhca_load_image(&b.buf[0], to, new_image, new_bytes),
                     HCA_OK);
    vhca_move_driver(&b.m->vf[0][1], vf);
    vhca_move_objects(&o, &b.m->vf[0][1]);
    pci_msix_enable(&b.m->vf[0][1].fn);
    vhca_must_run(pf, to);
    hca_must_simple(&b.m->vf[0][1], OP(DEALLOC_PD), 0, pd);
    check_objects(&b.m->vf[0][1], &o);
    free(old_image);
    free(new_image);
}

static void test_buffer_too_small(void **state)
{
    VhcaSaved saved;
    uint8_t *data;
    uint16_t id;
    VhcaSize size;
    Bench b;

    bench_start(&b, state, 1, NULL, BUF_BYTES);
    id = vhca_id_of(&b.m->pf[0], 0);
    vhca_must_stop(&b.m->pf[0], id);
    assert_int_equal(vhca_query(&b.m->pf[0], id, 0, 0, &size), HCA_OK);
    assert_int_equal(size.remaining, 0);
    data = vhca_buf_data(&b.buf[0]);
    memset(data, 0xa5, BUF_BYTES);
    assert_int_equal(vhca_save(&b.buf[0], id, 0, 0, 256, &saved),
                     HCA_LIMITS);
    assert_int_equal(vhca_save(&b.buf[0], id, 0, 0, 0, &saved), HCA_LIMITS);
    for (unsigned i = 0; i < BUF_BYTES; i++) {
        assert_int_equal(data[i], 0xa5);
    }
    assert_int_equal(vhca_save(&b.buf[0], id, 0, 0, size.required, &saved),
                     HCA_OK);
    /* Nothing behind the size that the device was told is touched. */
    for (unsigned i = saved.bytes; i < BUF_BYTES; i++) {
        assert_int_equal(data[i], 0xa5);
    }
}

static void test_bad_keys(void **state)
{
    VhcaSaved saved;
    VhcaBuf bad;
    uint16_t id;
    Bench b;

    bench_start(&b, state, 1, NULL, BUF_BYTES);
    id = vhca_id_of(&b.m->pf[0], 0);
    vhca_must_stop(&b.m->pf[0], id);
    bad = b.buf[0];
    bad.key = 0;
    assert_int_equal(vhca_save(&bad, id, 0, 0, BUF_BYTES, &saved),
                     HCA_BAD_RES);
    assert_int_equal(vhca_load(&bad, id, 64), HCA_BAD_RES);
    bad.key = b.buf[0].key ^ 1;
    assert_int_not_equal(vhca_save(&bad, id, 0, 0, BUF_BYTES, &saved),
                         HCA_OK);
    /* The key is right, the memory behind it too short. */
    bad = b.buf[0];
    assert_int_not_equal(vhca_load(&bad, id, BUF_BYTES + 4096), HCA_OK);
    vhca_buf_destroy(&bad);
    vhca_buf_create(&b.m->pf[0], &bad, 4096);
    assert_int_not_equal(vhca_save(&bad, id, 0, 0, BUF_BYTES, &saved),
                         HCA_LIMITS);
    vhca_buf_create(&b.m->pf[0], &bad, BUF_BYTES);
    assert_int_equal(vhca_save(&bad, id, 0, 0, BUF_BYTES, &saved), HCA_OK);
}

#define BIG_PAD     (40u << 20)

static void test_heavy_image(void **state)
{
    HcaObjects o;
    Hca *vf, *dst;
    Bench b;

    bench_start(&b, state, 2, "image-pad=8388608", (8u << 20) + BUF_BYTES);
    vf = busy_vf(&b, 0, 0, &o);
    dst = &b.m->vf[1][0];
    move_and_check(&b, &b.m->pf[0], 0, &b.m->pf[1], dst,
                   vhca_id_of(&b.m->pf[1], 0), &b.buf[1], vf, &o);
    check_objects(dst, &o);
}

/* The reset comes while the image is being written: no crash, no success. */
static void test_reset_during_save(void **state)
{
    uint16_t id;
    HcaObjects o;
    Hca *pf;
    Bench b;

    bench_start(&b, state, 1, "image-pad=41943040", BIG_PAD + BUF_BYTES);
    pf = &b.m->pf[0];
    id = vhca_id_of(pf, 0);
    for (int i = 0; i < 3; i++) {
        vhca_must_stop(pf, id);
        vhca_start_save(&b.buf[0], id, 5);
        assert_false(hca_done(pf, 5));
        /* One at a time. */
        assert_int_equal(vhca_load(&b.buf[0], id, 64), HCA_RES_BUSY);
        assert_int_equal(vhca_resume(pf, id, RESUME_RESPONDER),
                         HCA_RES_BUSY);
        pci_flr(&b.m->vf[0][0].fn);
        assert_true(hca_wait_done(pf, 5));
        assert_int_equal(hca_result(pf, 5, NULL, 0), HCA_BAD_RES_STATE);
    }
    vhca_must_stop(pf, id);
    vhca_start_save(&b.buf[0], id, 5);
    pci_flr(&pf->fn);
    /* It may end before the PF does, but not well. */
    if (hca_done(pf, 5)) {
        assert_int_equal(hca_result(pf, 5, NULL, 0), HCA_BAD_RES_STATE);
    }
    hca_must_boot(pf);
    hca_must_start(pf);
    machine_enable_vfs(b.m, 0, 2);
    hca_must_create_objects(machine_start_vf(b.m, 0, 0), &o);
}

static void test_sriov_off_during_save(void **state)
{
    uint16_t id;
    HcaObjects o;
    Hca *pf;
    Bench b;

    bench_start(&b, state, 1, "image-pad=41943040", BIG_PAD + BUF_BYTES);
    pf = &b.m->pf[0];
    id = vhca_id_of(pf, 0);
    vhca_must_stop(pf, id);
    vhca_start_save(&b.buf[0], id, 5);
    pci_sriov_set(&pf->fn, 0);
    assert_true(hca_wait_done(pf, 5));
    assert_int_equal(hca_result(pf, 5, NULL, 0), HCA_BAD_RES_STATE);
    machine_enable_vfs(b.m, 0, 2);
    hca_must_create_objects(machine_start_vf(b.m, 0, 0), &o);
    vhca_must_stop(pf, id);
    vhca_start_save(&b.buf[0], id, 5);
    hca_must_simple(pf, OP(TEARDOWN_HCA), 0, 0);
    assert_true(qtest_alive(b.m->q));
}

static void test_reset_ends_suspension(void **state)
{
    HcaObjects o;
    uint16_t id;
    Bench b;

    bench_start(&b, state, 1, NULL, BUF_BYTES);
    id = vhca_id_of(&b.m->pf[0], 0);
    busy_vf(&b, 0, 0, &o);
    vhca_must_stop(&b.m->pf[0], id);
    pci_flr(&b.m->vf[0][0].fn);
    hca_must_create_objects(machine_start_vf(b.m, 0, 0), &o);
    vhca_must_stop(&b.m->pf[0], id);
    hca_must_simple(&b.m->pf[0], OP(DISABLE_HCA), 0, 1);
    hca_must_simple(&b.m->pf[0], OP(ENABLE_HCA), 0, 1);
    hca_must_create_objects(machine_start_vf(b.m, 0, 0), &o);
}

static void test_pre_copy(void **state)
{
    uint8_t *first, *delta, *final;
    uint16_t from, to;
    VhcaSaved s1, s2, s3;
    HcaObjects o;
    VhcaSize size;
    VhcaBuf *buf;
    Hca *pf, *vf, *dst;
    Bench b;

    bench_start(&b, state, 1, NULL, BUF_BYTES);
    pf = &b.m->pf[0];
    buf = &b.buf[0];
    from = vhca_id_of(pf, 0);
    to = vhca_id_of(pf, 1);
    vf = busy_vf(&b, 0, 0, &o);
    dst = &b.m->vf[0][1];
    assert_int_equal(vhca_query(pf, from, true, false, &size),
                     HCA_BAD_RES_STATE);
    assert_int_equal(vhca_save(buf, from, true, true, BUF_BYTES, &s1),
                     HCA_BAD_RES_STATE);
    assert_int_equal(vhca_query(pf, from, false, false, &size), HCA_OK);
    assert_int_equal(vhca_save(buf, from, false, true, size.required, &s1),
                     HCA_OK);
    first = malloc(s1.bytes);
    memcpy(first, vhca_buf_data(buf), s1.bytes);
    /* Traffic is not a change of what was saved, a new object is. */
    check_one_nop(vf, &o);
    assert_int_equal(vhca_query(pf, from, true, false, &size), HCA_OK);
    assert_int_equal(size.required, 0);
    hca_must_alloc(vf, OP(ALLOC_PD));
    assert_int_equal(vhca_query(pf, from, true, false, &size), HCA_OK);
    assert_int_not_equal(size.required, 0);
    assert_int_equal(vhca_save(buf, from, true, true, size.required, &s2),
                     HCA_OK);
    delta = malloc(s2.bytes);
    memcpy(delta, vhca_buf_data(buf), s2.bytes);
    check_one_nop(vf, &o);
    vhca_must_stop(pf, from);
    assert_int_equal(vhca_save(buf, from, false, true, BUF_BYTES, &s3),
                     HCA_BAD_RES_STATE);
    assert_int_equal(vhca_query(pf, from, true, false, &size), HCA_OK);
    assert_int_not_equal(size.required, 0);
    assert_int_equal(vhca_save(buf, from, true, false, size.required, &s3),
                     HCA_OK);
    final = malloc(s3.bytes);
    memcpy(final, vhca_buf_data(buf), s3.bytes);
    pci_flr(&vf->fn);
    vhca_must_stop(pf, to);
    assert_int_equal(vhca_load_image(buf, to, first, s1.bytes), HCA_OK);
    assert_int_equal(vhca_load_image(buf, to, delta, s2.bytes), HCA_OK);
    assert_int_equal(vhca_load_image(buf, to, final, s3.bytes), HCA_OK);
    vhca_move_driver(dst, vf);
    vhca_move_objects(&o, dst);
    pci_msix_enable(&dst->fn);
    vhca_must_run(pf, to);
    check_objects(dst, &o);
    free(first);
    free(delta);
    free(final);
}

static void test_pre_copy_cancelled(void **state)
{
    VhcaSaved saved;
    HcaObjects o;
    VhcaSize size;
    uint16_t id;
    Hca *pf, *vf;
    Bench b;

    bench_start(&b, state, 1, NULL, BUF_BYTES);
    pf = &b.m->pf[0];
    id = vhca_id_of(pf, 0);
    vf = busy_vf(&b, 0, 0, &o);
    assert_int_equal(vhca_save(&b.buf[0], id, false, true, BUF_BYTES, &saved),
                     HCA_OK);
    assert_int_equal(vhca_query(pf, id, true, false, &size), HCA_OK);
    assert_int_equal(vhca_save(&b.buf[0], id, false, false, 0, &saved),
                     HCA_OK);
    assert_int_equal(saved.bytes, 0);
    assert_int_equal(vhca_query(pf, id, true, false, &size),
                     HCA_BAD_RES_STATE);
    check_objects(vf, &o);
}

static void test_chunks(void **state)
{
    uint64_t total, at = 0;
    VhcaSaved saved;
    HcaObjects o;
    VhcaSize size;
    uint8_t *image;
    uint16_t from, to;
    Hca *pf, *vf, *dst;
    Bench b;

    bench_start(&b, state, 1, "image-pad=20971520", 9u << 20);
    pf = &b.m->pf[0];
    from = vhca_id_of(pf, 0);
    to = vhca_id_of(pf, 1);
    vf = busy_vf(&b, 0, 0, &o);
    dst = &b.m->vf[0][1];
    vhca_must_stop(pf, from);
    assert_int_equal(vhca_query(pf, from, false, true, &size), HCA_OK);
    assert_in_range(size.required, 1, 8u << 20);
    total = size.remaining;
    assert_in_range(total, 20u << 20, 22u << 20);
    image = malloc(total);
    do {
        uint32_t room = at ? saved.next : size.required;

        assert_int_equal(vhca_save(&b.buf[0], from, at != 0, false, room,
                                   &saved), HCA_OK);
        assert_in_range(saved.bytes, 1, room);
        assert_true(at + saved.bytes <= total);
        memcpy(image + at, vhca_buf_data(&b.buf[0]), saved.bytes);
        at += saved.bytes;
    } while (saved.next);
    pci_flr(&vf->fn);
    vhca_must_stop(pf, to);
    for (uint64_t done = 0; done < at;) {
        uint32_t part = at - done < (8u << 20) ? at - done : 8u << 20;

        assert_int_equal(vhca_load_image(&b.buf[0], to, image + done, part),
                         HCA_OK);
        done += part;
    }
    vhca_move_driver(dst, vf);
    vhca_move_objects(&o, dst);
    pci_msix_enable(&dst->fn);
    vhca_must_run(pf, to);
    check_objects(dst, &o);
    free(image);
}

static void test_not_migratable(void **state)
{
    uint8_t page[HCA_CAP_BYTES];
    VhcaSize size;
    uint16_t id;
    Bench b;

    bench_start(&b, state, 1, "migratable=off", BUF_BYTES);
    id = vhca_id_of(&b.m->pf[0], 0);
    assert_int_equal(hca_query_cap(&b.m->pf[0], 1, 0x20, true, page), HCA_OK);
    assert_int_equal(CX_GET(cmd_hca_cap_2, page, migratable), 0);
    assert_int_equal(vhca_suspend(&b.m->pf[0], id, 0), HCA_BAD_RES_STATE);
    assert_int_equal(vhca_query(&b.m->pf[0], id, 0, 0, &size),
                     HCA_BAD_RES_STATE);
    CX_SET(cmd_hca_cap_2, page, migratable, 1);
    assert_int_equal(hca_set_cap(&b.m->pf[0], 1, 0x20, page), HCA_OK);
    assert_int_equal(vhca_query(&b.m->pf[0], id, 0, 0, &size), HCA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_arguments),
        machine_test(test_suspend_stops_everything),
        machine_test(test_suspend_is_of_one),
        machine_test(test_move_to_another_vf),
        machine_test(test_move_to_another_pf),
        machine_test(test_there_and_back_again),
        machine_test(test_unseen_events_fire_again),
        machine_test(test_waiting_work_moves),
        machine_test(test_command_events_move),
        machine_test(test_roll_back),
        machine_test(test_vf_without_driver),
        machine_test(test_load_when_it_must_not),
        machine_test(test_in_pieces),
        machine_test(test_half_an_image),
        machine_test(test_last_image_wins),
        machine_test(test_buffer_too_small),
        machine_test(test_bad_keys),
        machine_test(test_heavy_image),
        machine_test(test_reset_during_save),
        machine_test(test_sriov_off_during_save),
        machine_test(test_reset_ends_suspension),
        machine_test(test_pre_copy),
        machine_test(test_pre_copy_cancelled),
        machine_test(test_chunks),
        machine_test(test_not_migratable),
    };

    return machine_main(tests);
}
