/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event queues, completion queues, interrupts: who is told what, when, once.
 */
#include "machine.h"
#include "objects.h"

#define EQE_BYTES       64
#define CQE_OPCODE_REQ  0

static uint8_t eqe_type(const uint8_t *eqe)
{
    return CX_GET(eqe, eqe, event_type);
}

static uint32_t eqe_cmd_slots(uint8_t *eqe)
{
    return CX_GET(cmd_inter_comp_event, CX_ADDR(eqe, eqe, event_data),
                  command_completion_vector);
}

static uint32_t eqe_cqn(uint8_t *eqe)
{
    return CX_GET(comp_event, CX_ADDR(eqe, eqe, event_data), cq_number);
}

/* Neither the creation nor the destruction of the command EQ is an event. */
static void test_command_eq_rule(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    uint8_t *eqe;
    HcaEq eq;

    hca_must_create_eq(hca, &eq, BIT(HCA_EV_CMD), 5, 0);
    assert_true(qtest_alive(m->q));
    assert_null(hca_eq_peek(&eq));
    for (int i = 0; i < 100; i++) {
        hca_must_simple(hca, OP(NOP), 0, 0);
        assert_true(hca_eq_wait(&eq));
        eqe = hca_eq_peek(&eq);
        assert_int_equal(eqe_type(eqe), HCA_EV_CMD);
        assert_int_equal(eqe_cmd_slots(eqe), 1);
        hca_eq_pop(&eq);
        hca_eq_ring(&eq, false);
        assert_null(hca_eq_peek(&eq));
    }
    hca_must_destroy_eq(&eq);
    assert_null(hca_eq_peek(&eq));
    hca_must_simple(hca, OP(NOP), 0, 0);
    assert_null(hca_eq_peek(&eq));
}

static void test_command_eq_reports_each_slot(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    uint8_t in[16] = {};
    uint32_t seen = 0;
    HcaEq eq;

    hca_must_create_eq(hca, &eq, BIT(HCA_EV_CMD), 7, 0);
    hca_header(in, OP(NOP), 0);
    for (unsigned slot = 0; slot < HCA_SLOTS; slot++) {
        hca_prepare(hca, slot, in, sizeof(in), 16, NULL);
    }
    hca_ring(hca, 0xffffffff);
    while (seen != 0xffffffff) {
        uint32_t slots;

        assert_true(hca_eq_wait(&eq));
        slots = eqe_cmd_slots(hca_eq_peek(&eq));
        assert_int_equal(seen & slots, 0);
        seen |= slots;
        hca_eq_pop(&eq);
    }
    assert_null(hca_eq_peek(&eq));
}

static void test_arm_fires_once(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    HcaEq eq;

    pci_msix_enable(&hca->fn);
    hca_must_create_eq(hca, &eq, BIT(HCA_EV_CMD), 5, 3);
    /* Not armed: no interrupt. */
    hca_must_simple(hca, OP(NOP), 0, 0);
    assert_false(pci_msix_fired(&hca->fn, 3));
    /* Armed with an entry unseen: at once. */
    hca_eq_ring(&eq, true);
    assert_true(pci_msix_fired(&hca->fn, 3));
    hca_must_simple(hca, OP(NOP), 0, 0);
    assert_false(pci_msix_fired(&hca->fn, 3));
    /* Armed and empty: at the next entry, and at that alone. */
    hca_eq_pop(&eq);
    hca_eq_pop(&eq);
    hca_eq_ring(&eq, true);
    assert_false(pci_msix_fired(&hca->fn, 3));
    hca_must_simple(hca, OP(NOP), 0, 0);
    assert_true(pci_msix_fired(&hca->fn, 3));
    hca_must_simple(hca, OP(NOP), 0, 0);
    assert_false(pci_msix_fired(&hca->fn, 3));
    for (unsigned v = 0; v < 3; v++) {
        assert_false(pci_msix_fired(&hca->fn, v));
    }
}

static void test_msix_mask_and_pending(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    HcaEq eq;

    pci_msix_enable(&hca->fn);
    hca_must_create_eq(hca, &eq, BIT(HCA_EV_CMD), 5, 7);
    pci_msix_mask(&hca->fn, 7, true);
    hca_eq_ring(&eq, true);
    hca_must_simple(hca, OP(NOP), 0, 0);
    assert_false(pci_msix_fired(&hca->fn, 7));
    assert_true(pci_msix_pending(&hca->fn, 7));
    assert_false(pci_msix_pending(&hca->fn, 6));
    pci_msix_mask(&hca->fn, 7, false);
    assert_true(pci_msix_fired(&hca->fn, 7));
    assert_false(pci_msix_pending(&hca->fn, 7));
}

static void test_msix_works_after_reset(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    HcaEq eq;

    for (int i = 0; i < 3; i++) {
        pci_msix_enable(&hca->fn);
        hca_must_create_eq(hca, &eq, BIT(HCA_EV_CMD), 5, 2);
        hca_eq_ring(&eq, true);
        hca_must_simple(hca, OP(NOP), 0, 0);
        assert_true(pci_msix_fired(&hca->fn, 2));
        pci_flr(&hca->fn);
        hca_must_boot(hca);
        hca_must_start(hca);
    }
}

/* Owner bits through several laps of a small queue. */
static void test_owner_bit_wraps(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    HcaEq eq;

    hca_must_create_eq(hca, &eq, BIT(HCA_EV_CMD), 2, 0);
    for (int i = 0; i < 50; i++) {
        hca_must_simple(hca, OP(NOP), 0, 0);
        assert_non_null(hca_eq_peek(&eq));
        hca_eq_pop(&eq);
        assert_null(hca_eq_peek(&eq));
        hca_eq_ring(&eq, false);
    }
}

/* A queue that nobody empties loses entries, never overwrites or overruns. */
static void test_eq_overflow(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    uint8_t *guard;
    HcaEq eq;

    hca_must_create_eq(hca, &eq, BIT(HCA_EV_CMD), 2, 0);
    guard = qtest_ram(m->q, eq.buf + 4 * EQE_BYTES, HCA_PAGE_BYTES -
                      4 * EQE_BYTES);
    for (int i = 0; i < 40; i++) {
        hca_must_simple(hca, OP(NOP), 0, 0);
    }
    for (unsigned i = 0; i < HCA_PAGE_BYTES - 4 * EQE_BYTES; i++) {
        assert_int_equal(guard[i], 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_non_null(hca_eq_peek(&eq));
        hca_eq_pop(&eq);
    }
    assert_null(hca_eq_peek(&eq));
    hca_eq_ring(&eq, false);
    hca_must_simple(hca, OP(NOP), 0, 0);
    assert_non_null(hca_eq_peek(&eq));
}

static void check_nop_completion(HcaCq *cq, HcaWq *sq, uint16_t counter)
{
    uint8_t *cqe;

    assert_true(hca_cq_wait(cq));
    cqe = hca_cq_peek(cq);
    assert_int_equal(cqe[63] >> 4, CQE_OPCODE_REQ);
    assert_int_equal(ldl_be_p(cqe + 56) & 0xffffff, sq->number);
    assert_int_equal(cqe[60] << 8 | cqe[61], counter);
    hca_cq_pop(cq);
}

static void test_nop_completes(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    HcaObjects o;

    hca_must_create_objects(hca, &o);
    /* More than a lap of both queues. */
    for (uint16_t i = 0; i < 50; i++) {
        hca_sq_post_nop(&o.sq);
        hca_sq_ring(&o.sq, true);
        check_nop_completion(&o.cq, &o.sq, i);
        assert_null(hca_cq_peek(&o.cq));
    }
}

static void test_nops_in_a_batch(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    HcaObjects o;

    hca_must_create_objects(hca, &o);
    for (int lap = 0; lap < 5; lap++) {
        for (int i = 0; i < 6; i++) {
            hca_sq_post_nop(&o.sq);
        }
        hca_sq_ring(&o.sq, true);
        for (int i = 0; i < 6; i++) {
            check_nop_completion(&o.cq, &o.sq, lap * 6 + i);
        }
    }
}

static void test_cq_event(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    HcaObjects o;
    uint8_t *eqe;

    pci_msix_enable(&hca->fn);
    hca_must_create_objects(hca, &o);
    for (uint16_t i = 0; i < 20; i++) {
        hca_sq_post_nop(&o.sq);
        hca_sq_ring(&o.sq, true);
        check_nop_completion(&o.cq, &o.sq, i);
        assert_true(hca_eq_wait(&o.comp_eq));
        eqe = hca_eq_peek(&o.comp_eq);
        assert_int_equal(eqe_type(eqe), HCA_EV_COMP);
        assert_int_equal(eqe_cqn(eqe), o.cq.cqn);
        hca_eq_pop(&o.comp_eq);
        assert_true(pci_msix_fired(&hca->fn, o.comp_eq.vector));
        hca_eq_ring(&o.comp_eq, true);
        hca_cq_arm(&o.cq);
        assert_null(hca_eq_peek(&o.comp_eq));
    }
    /* Not armed: completions without events. */
    hca_sq_post_nop(&o.sq);
    hca_sq_ring(&o.sq, true);
    assert_true(hca_eq_wait(&o.comp_eq));
    hca_eq_pop(&o.comp_eq);
    hca_sq_post_nop(&o.sq);
    hca_sq_ring(&o.sq, true);
    assert_null(hca_eq_peek(&o.comp_eq));
    /* Armed with completions unseen: at once. */
    hca_cq_arm(&o.cq);
    assert_true(hca_eq_wait(&o.comp_eq));
}

static void test_cq_overrun_is_an_error_event(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    HcaObjects o;

    hca_must_create_objects(hca, &o);
    /* The queue holds 8 and is never emptied. */
    for (int i = 0; i < 12; i++) {
        hca_sq_post_nop(&o.sq);
        hca_sq_ring(&o.sq, true);
    }
    assert_true(hca_eq_wait(&o.async_eq));
    assert_int_equal(eqe_type(hca_eq_peek(&o.async_eq)), HCA_EV_CQ_ERROR);
    hca_must_destroy_objects(hca, &o);
}

/* Doorbells for queues that do not exist, or belong to somebody else. */
static void test_stray_doorbells(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0], *vf;
    HcaObjects o;
    uint64_t uar;

    machine_enable_vfs(m, 0, 1);
    vf = machine_start_vf(m, 0, 0);
    hca_must_create_objects(hca, &o);
    uar = (uint64_t)vf->uar * HCA_PAGE_BYTES;
    hca_sq_post_nop(&o.sq);
    hca_sq_ring(&o.sq, false);
    pci_bar_write(&vf->fn, uar + 0x800, htobe64(o.sq.number << 8 | 1), 8);
    assert_null(hca_cq_peek(&o.cq));
    for (unsigned off = 0; off < HCA_PAGE_BYTES; off += 8) {
        pci_bar_write(&vf->fn, uar + off, UINT64_MAX, 8);
        pci_bar_write(&hca->fn, (uint64_t)hca->uar * HCA_PAGE_BYTES + off,
                      0x0102030405060708ULL, 8);
    }
    for (unsigned size = 1; size <= 8; size *= 2) {
        for (unsigned off = 0; off < HCA_PAGE_BYTES; off += 0x40) {
            pci_bar_write(&vf->fn, uar + off, 0, size);
        }
    }
    assert_true(qtest_alive(m->q));
    hca_must_simple(vf, OP(NOP), 0, 0);
    hca_must_destroy_objects(hca, &o);
}

/* A 32-bit driver writes a 64-bit doorbell in two halves. */
static void test_doorbell_in_halves(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    uint64_t uar = (uint64_t)hca->uar * HCA_PAGE_BYTES;
    HcaObjects o;

    hca_must_create_objects(hca, &o);
    hca_sq_post_nop(&o.sq);
    hca_sq_ring(&o.sq, false);
    pci_bar_write(&hca->fn, uar + 0x800, 0, 4);
    assert_null(hca_cq_peek(&o.cq));
    pci_bar_write(&hca->fn, uar + 0x804, htobe32(o.sq.number << 8 | 1), 4);
    check_nop_completion(&o.cq, &o.sq, 0);
}

static int create_eq_with(Hca *hca, unsigned log_size, unsigned vector,
                          uint32_t uar, unsigned pages)
{
    uint8_t in[CX_SZ(create_eq_in) + 64 * 8] = {};
    uint8_t out[CX_SZ(create_eq_out)];
    uint8_t *eqc = CX_ADDR(create_eq_in, in, eq_context_entry);

    hca_header(in, OP(CREATE_EQ), 0);
    CX_SET(eqc, eqc, log_eq_size, log_size);
    CX_SET(eqc, eqc, intr, vector);
    CX_SET(eqc, eqc, uar_page, uar);
    return hca_exec(hca, in, CX_SZ(create_eq_in) + pages * 8, out,
                    sizeof(out));
}

static void test_bad_eq_parameters(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    unsigned vectors = hca->fn.msix_vectors;

    assert_int_equal(create_eq_with(hca, 31, 0, hca->uar, 1), HCA_BAD_PARAM);
    assert_int_equal(create_eq_with(hca, 6, vectors, hca->uar, 1),
                     HCA_BAD_PARAM);
    assert_int_equal(create_eq_with(hca, 6, 0, 0xfff, 1), HCA_BAD_RES);
    /* A queue of two pages with the address of one. */
    assert_int_not_equal(create_eq_with(hca, 7, 0, hca->uar, 1), HCA_OK);
    assert_int_not_equal(create_eq_with(hca, 6, 0, hca->uar, 0), HCA_OK);
    assert_int_equal(create_eq_with(hca, 6, 0, hca->uar, 1), HCA_OK);
}

static void test_eqs_run_out(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    int status = HCA_OK;
    unsigned n = 0;

    while (n < 1000 && status == HCA_OK) {
        status = create_eq_with(hca, 6, 0, hca->uar, 1);
        n += status == HCA_OK;
    }
    assert_int_equal(status, HCA_LIMITS);
    assert_in_range(n, 16, 256);
    hca_must_stop(hca);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_command_eq_rule),
        machine_test(test_command_eq_reports_each_slot),
        machine_test(test_arm_fires_once),
        machine_test(test_msix_mask_and_pending),
        machine_test(test_msix_works_after_reset),
        machine_test(test_owner_bit_wraps),
        machine_test(test_eq_overflow),
        machine_test(test_nop_completes),
        machine_test(test_nops_in_a_batch),
        machine_test(test_cq_event),
        machine_test(test_cq_overrun_is_an_error_event),
        machine_test(test_stray_doorbells),
        machine_test(test_doorbell_in_halves),
        machine_test(test_bad_eq_parameters),
        machine_test(test_eqs_run_out),
    };

    return machine_main(tests);
}
