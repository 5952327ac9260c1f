/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Suspending, resuming and moving a VF: what must stop, what must go on where
 * it stopped, on the same function, on another, on another PF.
 */
#include "qmp.h"
#include "vhca-bench.h"

#define LOST_ID         0x1234
#define VPORT_DOWN      0
#define UAR_SQ          0x800
/* More writes than a stopped VF keeps */
#define LATCH_MAX       1024
#define MANY_RINGS      1100

static void test_arguments(void **state)
{
    VhcaBench b;
    Hca *pf;
    uint16_t id;
    VhcaSize size;
    VhcaSaved saved;

    vhca_bench_start(&b, state, 1, NULL, VHCA_BUF_BYTES);
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
    assert_int_equal(vhca_suspend(pf, id, 2), HCA_BAD_OP);
    assert_int_equal(vhca_resume(pf, id, 2), HCA_BAD_OP);
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
    VhcaBench b;

    vhca_bench_start(&b, state, 1, NULL, VHCA_BUF_BYTES);
    pf = &b.m->pf[0];
    id = vhca_id_of(pf, 0);
    vf = vhca_busy_vf(&b, 0, 0, &o);
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
    vhca_check_objects(vf, &o);
}

/*
 * However often a driver rings for its queues meanwhile, the last of it counts,
 * and nothing else gets lost. What does get lost is counted.
 */
static void test_rings_while_stopped(void **state)
{
    uint8_t nop[16] = {};
    HcaObjects o;
    uint64_t uar;
    uint16_t id;
    Hca *pf, *vf;
    VhcaBench b;

    vhca_bench_start(&b, state, 1, NULL, VHCA_BUF_BYTES);
    pf = &b.m->pf[0];
    id = vhca_id_of(pf, 0);
    vf = vhca_busy_vf(&b, 0, 0, &o);
    uar = (uint64_t)vf->uar * HCA_PAGE_BYTES;
    vhca_must_stop(pf, id);
    hca_sq_post_nop(&o.sq);
    hca_sq_ring(&o.sq, false);
    for (uint64_t i = 0; i < MANY_RINGS; i++) {
        pci_bar_write(&vf->fn, uar + UAR_SQ,
                      htobe64(i << 40 | o.sq.number << 8 | 1), 8);
        hca_eq_ring(&o.comp_eq, i % 2);
    }
    hca_header(nop, OP(NOP), 0);
    hca_prepare(vf, 9, nop, sizeof(nop), 16, NULL);
    hca_ring(vf, BIT(9));
    vhca_must_run(pf, id);
    assert_true(hca_wait_done(vf, 9));
    assert_true(hca_cq_wait(&o.cq));
    assert_int_equal(qmp_number(b.m->q, "pf0", "x-guest-errors"), 0);

    vhca_must_stop(pf, id);
    for (unsigned i = 0; i < MANY_RINGS; i++) {
        hca_ring(vf, 0);
    }
    assert_int_equal(qmp_number(b.m->q, "pf0", "x-guest-errors"),
                     MANY_RINGS - LATCH_MAX);
}

/* The other VF and the PF do not notice. */
static void test_suspend_is_of_one(void **state)
{
    HcaObjects o, other;
    Hca *pf, *vf;
    VhcaBench b;

    vhca_bench_start(&b, state, 1, NULL, VHCA_BUF_BYTES);
    pf = &b.m->pf[0];
    vhca_busy_vf(&b, 0, 0, &o);
    vf = vhca_busy_vf(&b, 0, 1, &other);
    vhca_must_stop(pf, vhca_id_of(pf, 0));
    vhca_check_objects(vf, &other);
}

static void test_move_to_another_vf(void **state)
{
    HcaObjects o;
    Hca *dst;
    VhcaBench b;

    vhca_bench_start(&b, state, 1, NULL, VHCA_BUF_BYTES);
    vhca_busy_vf(&b, 0, 0, &o);
    dst = &b.m->vf[0][1];
    vhca_move(&b, 0, 0, 0, 1, &o);
    vhca_check_objects(dst, &o);
}

static void test_move_to_another_pf(void **state)
{
    HcaObjects o;
    Hca *dst;
    VhcaBench b;

    vhca_bench_start(&b, state, 2, NULL, VHCA_BUF_BYTES);
    vhca_busy_vf(&b, 0, 0, &o);
    dst = &b.m->vf[1][1];
    vhca_move(&b, 0, 0, 1, 1, &o);
    vhca_check_objects(dst, &o);
}

static void test_there_and_back_again(void **state)
{
    unsigned at = 0;
    HcaObjects o;
    Hca *vf;
    VhcaBench b;

    vhca_bench_start(&b, state, 2, NULL, VHCA_BUF_BYTES);
    vf = vhca_busy_vf(&b, 0, 0, &o);
    for (int i = 0; i < 20; i++) {
        unsigned to = !at;
        Hca *dst = &b.m->vf[to][0];

        vhca_move(&b, at, 0, to, 0, &o);
        for (int n = 0; n <= i; n++) {
            vhca_check_one_nop(dst, &o);
        }
        vf = dst;
        at = to;
    }
    vhca_check_objects(vf, &o);
}

/* An event whose interrupt nobody saw fires again on the new function. */
static void test_unseen_events_fire_again(void **state)
{
    HcaObjects o;
    Hca *vf, *dst;
    VhcaBench b;

    vhca_bench_start(&b, state, 1, NULL, VHCA_BUF_BYTES);
    vf = vhca_busy_vf(&b, 0, 0, &o);
    dst = &b.m->vf[0][1];
    hca_sq_post_nop(&o.sq);
    hca_sq_ring(&o.sq, true);
    assert_true(pci_msix_fired(&vf->fn, o.comp_eq.vector));
    vhca_move(&b, 0, 0, 0, 1, &o);
    assert_true(pci_msix_fired(&dst->fn, o.comp_eq.vector));
    assert_true(hca_eq_wait(&o.comp_eq));
    hca_eq_pop(&o.comp_eq);
    hca_eq_ring(&o.comp_eq, true);
    hca_cq_pop(&o.cq);
    hca_cq_arm(&o.cq);
    vhca_check_objects(dst, &o);
}

/* Work that was told to the source and not done is done by the destination. */
static void test_waiting_work_moves(void **state)
{
    uint8_t pd[16] = {}, out[16];
    HcaObjects o;
    Hca *vf, *dst;
    VhcaBench b;

    vhca_bench_start(&b, state, 2, NULL, VHCA_BUF_BYTES);
    vf = vhca_busy_vf(&b, 0, 0, &o);
    dst = &b.m->vf[1][0];
    vhca_must_stop(&b.m->pf[0], vhca_id_of(&b.m->pf[0], 0));
    hca_header(pd, OP(ALLOC_PD), 0);
    hca_prepare(vf, 3, pd, sizeof(pd), 16, NULL);
    hca_ring(vf, BIT(3));
    hca_sq_post_nop(&o.sq);
    hca_sq_ring(&o.sq, true);
    vhca_move(&b, 0, 0, 1, 0, &o);
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
    vhca_check_objects(dst, &o);
}

/* With a command EQ and the driver in event mode. */
static void test_command_events_move(void **state)
{
    HcaObjects o;
    HcaEq cmd_eq;
    Hca *vf, *dst;
    VhcaBench b;

    vhca_bench_start(&b, state, 2, NULL, VHCA_BUF_BYTES);
    vf = vhca_busy_vf(&b, 0, 0, &o);
    dst = &b.m->vf[1][0];
    hca_must_create_eq(vf, &cmd_eq, BIT(HCA_EV_CMD), 5, 2);
    for (int i = 0; i < 37; i++) {
        hca_must_simple(vf, OP(NOP), 0, 0);
        assert_true(hca_eq_wait(&cmd_eq));
        hca_eq_pop(&cmd_eq);
        hca_eq_ring(&cmd_eq, true);
    }
    vhca_move(&b, 0, 0, 1, 0, &o);
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
    vhca_check_objects(dst, &o);
}

static void set_vf_admin_state(Hca *pf, uint16_t vport, unsigned admin)
{
    uint8_t in[CX_SZ(modify_vport_state_in)] = {};
    uint8_t out[CX_SZ(modify_vport_state_out)];

    hca_header(in, OP(MODIFY_VPORT_STATE), 1);
    CX_SET(modify_vport_state_in, in, other_vport, 1);
    CX_SET(modify_vport_state_in, in, vport_number, vport);
    CX_SET(modify_vport_state_in, in, admin_state, admin);
    assert_int_equal(hca_exec(pf, in, sizeof(in), out, sizeof(out)), HCA_OK);
}

static unsigned link_state(Hca *hca)
{
    uint8_t in[CX_SZ(query_vport_state_in)] = {};
    uint8_t out[CX_SZ(query_vport_state_out)];

    hca_header(in, OP(QUERY_VPORT_STATE), 0);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), HCA_OK);
    return CX_GET(query_vport_state_out, out, state);
}

/* The link where a VF arrives is another one: its driver hears of it. */
static void test_link_differs(void **state)
{
    HcaObjects o;
    VhcaBench b;
    Hca *dst;

    vhca_bench_start(&b, state, 2, NULL, VHCA_BUF_BYTES);
    assert_int_equal(link_state(vhca_busy_vf(&b, 0, 0, &o)), 1);
    dst = &b.m->vf[1][0];
    set_vf_admin_state(&b.m->pf[1], 1, VPORT_DOWN);
    vhca_move(&b, 0, 0, 1, 0, &o);
    assert_int_equal(link_state(dst), 0);
    assert_true(hca_eq_wait(&o.async_eq));
    assert_int_equal(CX_GET(eqe, hca_eq_peek(&o.async_eq), event_type),
                     HCA_EV_PORT_CHANGE);
    hca_eq_pop(&o.async_eq);
    hca_eq_ring(&o.async_eq, true);
    /* Back to a port that is up: heard of again, once. */
    vhca_move(&b, 1, 0, 0, 1, &o);
    assert_int_equal(link_state(&b.m->vf[0][1]), 1);
    assert_true(hca_eq_wait(&o.async_eq));
    hca_eq_pop(&o.async_eq);
    hca_eq_ring(&o.async_eq, true);
    vhca_move(&b, 0, 1, 0, 0, &o);
    assert_null(hca_eq_peek(&o.async_eq));
    vhca_check_objects(&b.m->vf[0][0], &o);
}

/* What a driver did to its own port goes with it. */
static void test_port_state_moves(void **state)
{
    HcaObjects o;
    VhcaBench b;
    Hca *vf;

    vhca_bench_start(&b, state, 1, NULL, VHCA_BUF_BYTES);
    vf = vhca_busy_vf(&b, 0, 0, &o);
    hca_must_set_port(vf, false);
    assert_int_equal(link_state(vf), 0);
    while (hca_eq_peek(&o.async_eq)) {
        hca_eq_pop(&o.async_eq);
    }
    vhca_move(&b, 0, 0, 0, 1, &o);
    assert_int_equal(link_state(&b.m->vf[0][1]), 0);
    assert_null(hca_eq_peek(&o.async_eq));
}

/* Nothing came of it: the source goes on, on everything it had. */
static void test_roll_back(void **state)
{
    uint32_t bytes, bytes_again;
    uint8_t *image, *again;
    HcaObjects o;
    uint16_t id;
    Hca *vf;
    VhcaBench b;

    vhca_bench_start(&b, state, 1, NULL, VHCA_BUF_BYTES);
    vf = vhca_busy_vf(&b, 0, 0, &o);
    id = vhca_id_of(&b.m->pf[0], 0);
    vhca_must_stop(&b.m->pf[0], id);
    image = vhca_must_save(&b.buf[0], id, &bytes);
    again = vhca_must_save(&b.buf[0], id, &bytes_again);
    assert_int_equal(bytes, bytes_again);
    assert_memory_equal(image, again, bytes);
    vhca_must_run(&b.m->pf[0], id);
    vhca_check_objects(vf, &o);
    free(image);
    free(again);
}

static void test_vf_without_driver(void **state)
{
    uint16_t from, to;
    uint32_t bytes;
    uint8_t *image;
    HcaObjects o;
    VhcaBench b;

    vhca_bench_start(&b, state, 1, NULL, VHCA_BUF_BYTES);
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

static void test_heavy_image(void **state)
{
    HcaObjects o;
    Hca *dst;
    VhcaBench b;

    vhca_bench_start(&b, state, 2, "image-pad=8388608",
                     (8u << 20) + VHCA_BUF_BYTES);
    vhca_busy_vf(&b, 0, 0, &o);
    dst = &b.m->vf[1][0];
    vhca_move(&b, 0, 0, 1, 0, &o);
    vhca_check_objects(dst, &o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_arguments),
        machine_test(test_suspend_stops_everything),
        machine_test(test_rings_while_stopped),
        machine_test(test_suspend_is_of_one),
        machine_test(test_move_to_another_vf),
        machine_test(test_move_to_another_pf),
        machine_test(test_there_and_back_again),
        machine_test(test_unseen_events_fire_again),
        machine_test(test_waiting_work_moves),
        machine_test(test_command_events_move),
        machine_test(test_link_differs),
        machine_test(test_port_state_moves),
        machine_test(test_roll_back),
        machine_test(test_vf_without_driver),
        machine_test(test_heavy_image),
    };

    return machine_main(tests);
}
