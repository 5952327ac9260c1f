/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command interface against everything that can be wrong with a command:
 * lengths, opcodes, states, mailbox chains, numbers, order.
 */
#include "machine.h"
#include "objects.h"

#define MAX_CMD_BYTES       (CX_SZ(set_hca_cap_in) + 4096)
#define NO_SUCH_NUMBER      0x00abcdef

enum {
    EARLY       = 1 << 0,       /* allowed before INIT_HCA */
    ENDS        = 1 << 1,       /* changes the function's state */
    BY_NUMBER   = 1 << 2,       /* names one object of the caller's */
    PF_ONLY     = 1 << 3,
    OLD_IN      = 1 << 4,       /* old drivers send only the header */
    OLD_OUT     = 1 << 5,       /* the reply's end may be left out */
    PART_OUT    = 1 << 6,       /* the reply has what there is room for */
};

typedef struct Row {
    uint16_t opcode;
    const char *name;
    uint16_t in_len, out_len;
    unsigned flags;
} Row;

#define ROW(op, layout, f) \
    { MLX5_CMD_OP_##op, #op, CX_SZ(layout##_in), CX_SZ(layout##_out), f }

/* What a network driver and a migration driver use. */
static const Row rows[] = {
    ROW(QUERY_HCA_CAP, query_hca_cap, EARLY | PART_OUT),
    ROW(QUERY_ADAPTER, query_adapter, EARLY),
    ROW(INIT_HCA, init_hca, EARLY | ENDS | OLD_IN),
    ROW(TEARDOWN_HCA, teardown_hca, EARLY | ENDS),
    ROW(ENABLE_HCA, enable_hca, EARLY | ENDS),
    ROW(DISABLE_HCA, disable_hca, EARLY | ENDS),
    ROW(QUERY_PAGES, query_pages, EARLY),
    ROW(MANAGE_PAGES, manage_pages, EARLY),
    ROW(SET_HCA_CAP, set_hca_cap, EARLY),
    ROW(QUERY_ISSI, query_issi, EARLY),
    ROW(SET_ISSI, set_issi, EARLY),
    ROW(SUSPEND_VHCA, suspend_vhca, PF_ONLY),
    ROW(RESUME_VHCA, resume_vhca, PF_ONLY),
    ROW(QUERY_VHCA_MIGRATION_STATE, query_vhca_migration_state, PF_ONLY),
    ROW(SAVE_VHCA_STATE, save_vhca_state, PF_ONLY),
    ROW(LOAD_VHCA_STATE, load_vhca_state, PF_ONLY),
    ROW(CREATE_MKEY, create_mkey, 0),
    ROW(QUERY_MKEY, query_mkey, BY_NUMBER | OLD_OUT),
    ROW(DESTROY_MKEY, destroy_mkey, BY_NUMBER),
    ROW(CREATE_EQ, create_eq, 0),
    ROW(DESTROY_EQ, destroy_eq, BY_NUMBER),
    ROW(QUERY_EQ, query_eq, BY_NUMBER | OLD_OUT),
    ROW(CREATE_CQ, create_cq, 0),
    ROW(DESTROY_CQ, destroy_cq, BY_NUMBER),
    ROW(QUERY_CQ, query_cq, BY_NUMBER | OLD_OUT),
    ROW(MODIFY_CQ, modify_cq, BY_NUMBER | OLD_IN),
    ROW(QUERY_VPORT_STATE, query_vport_state, 0),
    ROW(MODIFY_VPORT_STATE, modify_vport_state, 0),
    ROW(QUERY_NIC_VPORT_CONTEXT, query_nic_vport_context, 0),
    ROW(MODIFY_NIC_VPORT_CONTEXT, modify_nic_vport_context, 0),
    ROW(QUERY_VPORT_COUNTER, query_vport_counter, 0),
    ROW(ALLOC_Q_COUNTER, alloc_q_counter, 0),
    ROW(DEALLOC_Q_COUNTER, dealloc_q_counter, BY_NUMBER),
    ROW(CREATE_UCTX, create_uctx, 0),
    ROW(DESTROY_UCTX, destroy_uctx, BY_NUMBER),
    ROW(ALLOC_PD, alloc_pd, 0),
    ROW(DEALLOC_PD, dealloc_pd, BY_NUMBER),
    ROW(ALLOC_UAR, alloc_uar, 0),
    ROW(DEALLOC_UAR, dealloc_uar, BY_NUMBER),
    ROW(ACCESS_REG, access_register, EARLY),
    ROW(NOP, nop, EARLY),
    ROW(ALLOC_TRANSPORT_DOMAIN, alloc_transport_domain, 0),
    ROW(DEALLOC_TRANSPORT_DOMAIN, dealloc_transport_domain, BY_NUMBER),
    ROW(CREATE_TIR, create_tir, 0),
    ROW(MODIFY_TIR, modify_tir, BY_NUMBER),
    ROW(DESTROY_TIR, destroy_tir, BY_NUMBER),
    ROW(CREATE_SQ, create_sq, 0),
    ROW(MODIFY_SQ, modify_sq, BY_NUMBER),
    ROW(DESTROY_SQ, destroy_sq, BY_NUMBER),
    ROW(QUERY_SQ, query_sq, BY_NUMBER),
    ROW(CREATE_RQ, create_rq, 0),
    ROW(MODIFY_RQ, modify_rq, BY_NUMBER),
    ROW(DESTROY_RQ, destroy_rq, BY_NUMBER),
    ROW(QUERY_RQ, query_rq, BY_NUMBER),
    ROW(CREATE_TIS, create_tis, 0),
    ROW(DESTROY_TIS, destroy_tis, BY_NUMBER),
    ROW(CREATE_RQT, create_rqt, 0),
    ROW(MODIFY_RQT, modify_rqt, BY_NUMBER),
    ROW(DESTROY_RQT, destroy_rqt, BY_NUMBER),
    ROW(RST2INIT_QP, rst2init_qp, BY_NUMBER),
    ROW(INIT2INIT_QP, init2init_qp, BY_NUMBER),
    ROW(INIT2RTR_QP, init2rtr_qp, BY_NUMBER),
    ROW(RTR2RTS_QP, rtr2rts_qp, BY_NUMBER),
    ROW(RTS2RTS_QP, rts2rts_qp, BY_NUMBER),
    ROW(SQERR2RTS_QP, sqerr2rts_qp, BY_NUMBER),
    ROW(SQD_RTS_QP, sqd2rts_qp, BY_NUMBER),
    ROW(2ERR_QP, qp_2err, BY_NUMBER),
    ROW(2RST_QP, qp_2rst, BY_NUMBER),
    ROW(DESTROY_QP, destroy_qp, BY_NUMBER),
    ROW(ATTACH_TO_MCG, attach_to_mcg, BY_NUMBER),
    ROW(DETACH_FROM_MCG, detach_from_mcg, BY_NUMBER),
    ROW(SET_FLOW_TABLE_ROOT, set_flow_table_root, 0),
    ROW(CREATE_FLOW_TABLE, create_flow_table, 0),
    ROW(DESTROY_FLOW_TABLE, destroy_flow_table, 0),
    ROW(CREATE_FLOW_GROUP, create_flow_group, 0),
    ROW(DESTROY_FLOW_GROUP, destroy_flow_group, 0),
    ROW(SET_FLOW_TABLE_ENTRY, set_fte, 0),
    ROW(DELETE_FLOW_TABLE_ENTRY, delete_fte, 0),
    ROW(MODIFY_FLOW_TABLE, modify_flow_table, 0),
};

#define FOR_EACH_ROW(r) \
    for (const Row *r = rows; r < rows + sizeof(rows) / sizeof(rows[0]); r++)

/* Sends the row's opcode over zeroes; @answer says what it should get. */
static void expect(Hca *hca, const Row *r, uint32_t in_len, uint32_t out_len,
                   int answer)
{
    static uint8_t in[MAX_CMD_BYTES], out[MAX_CMD_BYTES];
    int status;

    memset(in, 0, sizeof(in));
    hca_header(in, r->opcode, 0);
    status = hca_exec(hca, in, in_len, out, out_len);
    if (status != answer) {
        fail_msg("%s with %u bytes in, %u out: 0x%x, not 0x%x", r->name,
                 in_len, out_len, status, answer);
    }
}

static void test_short_input(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];

    FOR_EACH_ROW(r) {
        uint32_t needed = r->flags & OLD_IN ? 16 : r->in_len;

        for (uint32_t len = 8; len < needed;
             len += needed - len > 64 ? 60 : 4) {
            expect(hca, r, len, r->out_len, HCA_BAD_INPUT_LEN);
        }
        /* Not even the header is there: nothing was delivered. */
        expect(hca, r, 4, r->out_len, HCA_DELIVERY | 7);
        expect(hca, r, 0, r->out_len, HCA_DELIVERY | 7);
    }
}

static void test_short_output(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];

    FOR_EACH_ROW(r) {
        /* Some drivers leave no room for the reserved end of a reply. */
        if (r->out_len > 16 && !(r->flags & PART_OUT)) {
            expect(hca, r, r->in_len, 16, HCA_BAD_OUTPUT_LEN);
        }
        if (r->out_len > 16 && !(r->flags & (OLD_OUT | PART_OUT))) {
            expect(hca, r, r->in_len, r->out_len - 4, HCA_BAD_OUTPUT_LEN);
        }
        expect(hca, r, r->in_len, 4, HCA_DELIVERY | 8);
        expect(hca, r, r->in_len, 0, HCA_DELIVERY | 8);
    }
}

/* Longer than needed: whatever the answer, it comes and nothing breaks. */
static void test_long_input(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    static uint8_t in[MAX_CMD_BYTES], out[MAX_CMD_BYTES];

    FOR_EACH_ROW(r) {
        for (int more = 4; more <= 4096; more *= 4) {
            int status;

            memset(in, 0, sizeof(in));
            hca_header(in, r->opcode, 0);
            status = hca_exec(hca, in, r->in_len + more, out,
                              r->out_len + more);
            if (status >= HCA_DELIVERY) {
                fail_msg("%s with %d bytes too many: 0x%x", r->name, more,
                         status);
            }
        }
        if (r->flags & ENDS) {
            hca_simple(hca, OP(TEARDOWN_HCA), 0, 0);
            hca_simple(hca, OP(DISABLE_HCA), 0, 0);
            hca_must_start(hca);
        }
    }
}

static void test_huge_lengths(void **state)
{
    static const uint32_t lengths[] = {
        (16 << 20) + 1, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff,
    };
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    uint8_t in[16] = {}, out[16];

    hca_header(in, OP(NOP), 0);
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        HcaCmdOpts big_in = { .set_in_len = true, .in_len = lengths[i] };
        HcaCmdOpts big_out = { .set_out_len = true, .out_len = lengths[i] };

        assert_int_equal(hca_exec_opts(hca, in, 16, out, 16, &big_in),
                         HCA_DELIVERY | 7);
        assert_int_equal(hca_exec_opts(hca, in, 16, out, 16, &big_out),
                         HCA_DELIVERY | 8);
    }
    hca_must_simple(hca, OP(NOP), 0, 0);
}

static bool known(uint16_t opcode)
{
    FOR_EACH_ROW(r) {
        if (r->opcode == opcode) {
            return true;
        }
    }
    return false;
}

static void test_unknown_opcodes(void **state)
{
    static const uint16_t none[] = {
        0x000, 0x001, 0x0ff, 0x106, 0x10c, 0x11a, 0x304, 0x7ff, 0xfff, 0xffff,
    };
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];

    for (unsigned i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_int_equal(hca_simple(hca, none[i], 0, 0), HCA_BAD_OP);
    }
    /* All others have an answer of their own, but they have one. */
    for (uint16_t opcode = 0; opcode < 0x1000; opcode++) {
        int status;

        if (known(opcode)) {
            continue;
        }
        status = hca_simple(hca, opcode, 0, NO_SUCH_NUMBER);
        if (status >= HCA_DELIVERY) {
            fail_msg("opcode 0x%x: 0x%x", opcode, status);
        }
    }
}

static void test_too_early(void **state)
{
    Machine *m = machine_start(state, 1, NULL);
    Hca *hca = &m->pf[0];

    hca_must_boot(hca);
    FOR_EACH_ROW(r) {
        if (!(r->flags & EARLY)) {
            expect(hca, r, r->in_len, r->out_len, HCA_BAD_SYS_STATE);
        }
    }
    hca_must_simple(hca, OP(ENABLE_HCA), 0, 0);
    FOR_EACH_ROW(r) {
        if (!(r->flags & EARLY)) {
            expect(hca, r, r->in_len, r->out_len, HCA_BAD_SYS_STATE);
        }
    }
}

static void test_no_such_object(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    static uint8_t in[MAX_CMD_BYTES], out[MAX_CMD_BYTES];

    FOR_EACH_ROW(r) {
        static const uint32_t numbers[] = { 0, NO_SUCH_NUMBER, 0xffffff };

        for (unsigned i = 0; r->flags & BY_NUMBER && i < 3; i++) {
            int status;

            memset(in, 0, sizeof(in));
            hca_header(in, r->opcode, 0);
            stl_be_p(in + CX_OFF(cmd_in, command), numbers[i]);
            status = hca_exec(hca, in, r->in_len, out, r->out_len);
            if (status != HCA_BAD_RES) {
                fail_msg("%s of 0x%x: 0x%x", r->name, numbers[i], status);
            }
        }
    }
}

static void test_pf_only(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *vf;

    machine_enable_vfs(m, 0, 1);
    vf = machine_start_vf(m, 0, 0);
    FOR_EACH_ROW(r) {
        if (r->flags & PF_ONLY) {
            expect(vf, r, r->in_len, r->out_len, HCA_BAD_OP);
        }
    }
}

static int chained(Hca *hca, const HcaCmdOpts *opts)
{
    static uint8_t in[16 + 3 * 512], out[16 + 3 * 512];

    hca_header(in, OP(NOP), 0);
    return hca_exec_opts(hca, in, sizeof(in), out, sizeof(out), opts);
}

static void test_mailbox_chains(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    const struct {
        const char *what;
        HcaCmdOpts opts;
        int answer;
    } cases[] = {
        { "good", {}, HCA_OK },
        { "input token", { .bad_in_token = true }, HCA_DELIVERY | 2 },
        { "output token", { .bad_out_token = true }, HCA_DELIVERY | 2 },
        { "block number", { .bad_block_number = true }, HCA_DELIVERY | 3 },
        { "short input chain", { .cut_in_chain = 2 }, HCA_DELIVERY | 7 },
        { "short output chain", { .cut_out_chain = 1 }, HCA_DELIVERY | 8 },
        { "no input chain", { .set_in_ptr = true }, HCA_DELIVERY | 7 },
        { "no output chain", { .set_out_ptr = true }, HCA_DELIVERY | 8 },
        { "input alignment", { .set_in_ptr = true, .in_ptr = 0x200001 },
          HCA_DELIVERY | 5 },
        { "output alignment", { .set_out_ptr = true, .out_ptr = 0x200001 },
          HCA_DELIVERY | 4 },
        { "slot type", { .set_type = true, .type = 3 }, HCA_DELIVERY | 0x10 },
    };

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int status = chained(hca, &cases[i].opts);

        if (status != cases[i].answer) {
            fail_msg("%s: 0x%x", cases[i].what, status);
        }
    }
    hca_must_simple(hca, OP(NOP), 0, 0);
}

/* Pointers into nowhere, into MMIO, into the device's own BAR, in circles. */
static void test_mailbox_pointers(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    const uint64_t pointers[] = {
        0xfffffffffffffe00ULL, 0x7ffffffffffffe00ULL, 0x8000000000ULL,
        QTEST_RAM_BYTES - 512, QTEST_RAM_BYTES, hca->fn.bar0,
        hca->fn.bar0 + 0x800, hca->fn.bar0 + 8 * 4096 + 0x800, 0xfee00000,
        0xfec00000, hca->cmdq,
    };

    for (unsigned i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
        HcaCmdOpts in = { .set_in_ptr = true, .in_ptr = pointers[i] };
        HcaCmdOpts out = { .set_out_ptr = true, .out_ptr = pointers[i] };

        assert_true(chained(hca, &in) & HCA_DELIVERY);
        assert_true(chained(hca, &out) & HCA_DELIVERY);
    }
    hca_must_simple(hca, OP(NOP), 0, 0);
}

static void test_chain_loop(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    HcaCmdOpts in = {
        .loop_in_chain = true, .set_in_len = true, .in_len = 16 << 20,
    };
    HcaCmdOpts out = {
        .loop_out_chain = true, .set_out_len = true, .out_len = 16 << 20,
    };

    assert_true(chained(hca, &in) & HCA_DELIVERY);
    assert_true(chained(hca, &out) & HCA_DELIVERY);
    hca_must_simple(hca, OP(NOP), 0, 0);
}

static void test_command_queue_nowhere(void **state)
{
    Machine *m = machine_start(state, 1, NULL);
    PciFn *fn = &m->pf[0].fn;
    const uint64_t queues[] = {
        0x8000000000ULL, 0xfffffffffffff000ULL, fn->bar0, 0xfee00000,
    };

    for (unsigned i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
        pci_bar_write(fn, 0x10, htobe32(queues[i] >> 32), 4);
        pci_bar_write(fn, 0x14, htobe32(queues[i]), 4);
        pci_bar_write(fn, 0x18, 0xffffffff, 4);
        assert_true(qtest_alive(m->q));
    }
    hca_must_boot(&m->pf[0]);
    hca_must_start(&m->pf[0]);
}

static void test_all_slots_at_once(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    uint8_t in[16] = {}, out[16];
    uint32_t seen[HCA_SLOTS];

    hca_header(in, OP(ALLOC_PD), 0);
    for (unsigned slot = 0; slot < HCA_SLOTS; slot++) {
        hca_prepare(hca, slot, in, sizeof(in), sizeof(out), NULL);
    }
    hca_ring(hca, 0xffffffff);
    for (unsigned slot = 0; slot < HCA_SLOTS; slot++) {
        assert_true(hca_wait_done(hca, slot));
        assert_int_equal(hca_result(hca, slot, out, sizeof(out)), HCA_OK);
        seen[slot] = ldl_be_p(out + 8);
        for (unsigned other = 0; other < slot; other++) {
            assert_int_not_equal(seen[slot], seen[other]);
        }
    }
}

static void test_busy_objects(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    HcaObjects o;

    hca_must_create_objects(hca, &o);
    assert_int_equal(hca_simple(hca, OP(DEALLOC_UAR), 0, hca->uar),
                     HCA_RES_BUSY);
    assert_int_equal(hca_simple(hca, OP(DEALLOC_PD), 0, o.pd), HCA_RES_BUSY);
    assert_int_equal(hca_simple(hca, OP(DEALLOC_TRANSPORT_DOMAIN), 0, o.td),
                     HCA_RES_BUSY);
    assert_int_equal(hca_simple(hca, OP(DESTROY_EQ), 0, o.comp_eq.eqn),
                     HCA_RES_BUSY);
    assert_int_equal(hca_simple(hca, OP(DESTROY_CQ), 0, o.cq.cqn),
                     HCA_RES_BUSY);
    assert_int_equal(hca_simple(hca, OP(DESTROY_TIS), 0, o.tis),
                     HCA_RES_BUSY);
    assert_int_equal(hca_simple(hca, OP(DESTROY_RQ), 0, o.rq.number),
                     HCA_RES_BUSY);
    assert_int_equal(hca_simple(hca, OP(DESTROY_RQT), 0, o.rqt),
                     HCA_RES_BUSY);
    assert_int_equal(hca_simple(hca, OP(DESTROY_TIR), 0, o.tir),
                     HCA_RES_BUSY);
    hca_must_destroy_objects(hca, &o);
    assert_int_equal(hca_simple(hca, OP(DESTROY_TIR), 0, o.tir), HCA_BAD_RES);
    hca_must_simple(hca, OP(DEALLOC_UAR), 0, hca->uar);
    hca_must_stop(hca);
}

static void test_queue_numbers_are_disjoint(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    HcaObjects o;

    hca_must_create_objects(hca, &o);
    assert_int_not_equal(o.sq.number, o.rq.number);
    assert_int_equal(hca_simple(hca, OP(DESTROY_SQ), 0, o.rq.number),
                     HCA_BAD_RES);
    assert_int_equal(hca_simple(hca, OP(DESTROY_RQ), 0, o.sq.number),
                     HCA_BAD_RES);
}

/* The numbers of a function mean nothing to another. */
static void test_functions_are_apart(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *pf = &m->pf[0], *vf;
    HcaObjects o;

    machine_enable_vfs(m, 0, 1);
    hca_must_create_objects(pf, &o);
    vf = machine_start_vf(m, 0, 0);
    assert_int_equal(hca_simple(vf, OP(DEALLOC_PD), 0, o.pd), HCA_BAD_RES);
    assert_int_equal(hca_simple(vf, OP(DESTROY_TIR), 0, o.tir), HCA_BAD_RES);
    hca_must_stop(vf);
    hca_must_destroy_objects(pf, &o);
}

static void test_sq_states(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    HcaObjects o;
    uint32_t n;

    hca_must_create_objects(hca, &o);
    n = o.sq.number;
    /* It is RDY: a change from RST is not one. */
    assert_int_not_equal(hca_modify_wq(hca, OP(MODIFY_SQ), n, HCA_WQ_RST,
                                       HCA_WQ_RDY), HCA_OK);
    assert_int_not_equal(hca_modify_wq(hca, OP(MODIFY_SQ), n, HCA_WQ_RDY, 7),
                         HCA_OK);
    assert_int_equal(hca_modify_wq(hca, OP(MODIFY_SQ), n, HCA_WQ_RDY,
                                   HCA_WQ_ERR), HCA_OK);
    assert_int_equal(hca_modify_wq(hca, OP(MODIFY_SQ), n, HCA_WQ_ERR,
                                   HCA_WQ_RST), HCA_OK);
    assert_int_equal(hca_modify_wq(hca, OP(MODIFY_SQ), n, HCA_WQ_RST,
                                   HCA_WQ_RDY), HCA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_short_input),
        machine_test(test_short_output),
        machine_test(test_long_input),
        machine_test(test_huge_lengths),
        machine_test(test_unknown_opcodes),
        machine_test(test_too_early),
        machine_test(test_no_such_object),
        machine_test(test_pf_only),
        machine_test(test_mailbox_chains),
        machine_test(test_mailbox_pointers),
        machine_test(test_chain_loop),
        machine_test(test_command_queue_nowhere),
        machine_test(test_all_slots_at_once),
        machine_test(test_busy_objects),
        machine_test(test_queue_numbers_are_disjoint),
        machine_test(test_functions_are_apart),
        machine_test(test_sq_states),
    };

    return machine_main(tests);
}
