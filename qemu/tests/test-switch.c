/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the PF's driver sets up in the switch holds: its forwarding database
 * says where frames go, the ACLs of a vport which may pass, and tags that it
 * gives a vport are nothing that the VF sees.
 */
#include "flow-bench.h"

#define SENDER_VPORT    1
#define RECEIVER_VPORT  2
#define VID             100
#define INSERT_IF_NONE  1

typedef struct Switch {
    Flow f;
    Hca *pf;
} Switch;

/* The receiver takes whatever the switch gives it, by one entry. */
static void switch_start(Switch *s, void **state)
{
    Flow *f = &s->f;
    uint32_t group;
    FlowEntry entry;

    flow_start_with(f, state, 1, "eswitch=on");
    s->pf = &f->b.m->pf[0];
    group = flow_group_of(f, f->table, 0, 7, false);
    entry = flow_entry_of(f, f->table, group, 0, 0);
    flow_must_set(f->to, &entry);
}

/* Sends one, and tells whether it came, as long as it should be. */
static bool comes_tagged(Switch *s, unsigned mac, unsigned tci)
{
    uint8_t header[HEADERS + 4], plain[HEADERS];
    unsigned len = tci ? HEADERS + 4 : HEADERS;
    uint8_t *cqe;
    bool came;

    flow_fill_headers(plain, flow_macs[mac]);
    memcpy(header, plain, 12);
    stl_be_p(header + 12, 0x8100u << 16 | tci);
    memcpy(header + 16, plain + 12, HEADERS - 12);
    flow_send(&s->f, tci ? header : plain, len);
    cqe = hca_cq_peek(&s->f.o[1].cq);
    came = cqe;
    if (came) {
        assert_int_equal(cqe[CQE_OP] >> 4, CQE_RESP_SEND);
        assert_int_equal(ldl_be_p(cqe + CQE_BYTES), len + PAYLOAD);
        hca_cq_pop(&s->f.o[1].cq);
    }
    return came;
}

static bool comes(Switch *s, unsigned mac)
{
    return comes_tagged(s, mac, 0);
}

/* An entry of the PF's in a group of its own */
static void add_entry(Switch *s, const FlowGroup *group,
                      const FlowEntry *entry)
{
    FlowEntry e = *entry;

    e.table = group->table;
    e.group = flow_must_create_group(s->pf, group);
    e.index = group->first;
    flow_must_set(s->pf, &e);
}

static void test_database_decides(void **state)
{
    FlowGroup group = { .last = 7, .enable = FLOW_OUTER };
    FlowEntry entry = {
        .action = FLOW_FORWARD, .dests = 1,
        .dest = { { FLOW_TO_VPORT, RECEIVER_VPORT } },
    };
    Switch s;

    switch_start(&s, state);
    assert_true(comes(&s, 0));
    assert_true(comes(&s, 1));
    group.table = flow_must_create_table(s.pf, FLOW_FDB, 0);
    memset(group.criteria, 0, sizeof(group.criteria));
    FLOW_OUTER_SET(group.criteria, dmac_47_16, 0xffffffff);
    FLOW_OUTER_SET(group.criteria, dmac_15_0, 0xffff);
    flow_set_dmac(entry.value, flow_macs[0]);
    add_entry(&s, &group, &entry);
    assert_true(comes(&s, 1));
    flow_must_set_root(s.pf, FLOW_FDB, group.table);
    assert_true(comes(&s, 0));
    assert_false(comes(&s, 1));
}

/* A representor sends to its vport by the number of its send queue. */
static void check_by_queue(void **state, unsigned more, bool came)
{
    FlowGroup group = { .last = 7, .enable = FLOW_MISC };
    FlowEntry entry = {
        .action = FLOW_FORWARD, .dests = 1,
        .dest = { { FLOW_TO_VPORT, RECEIVER_VPORT } },
    };
    Switch s;

    switch_start(&s, state);
    group.table = flow_must_create_table(s.pf, FLOW_FDB, 0);
    FLOW_MISC_SET(group.criteria, source_sqn, 0xffffff);
    FLOW_MISC_SET(group.criteria, source_port, 0xffff);
    FLOW_MISC_SET(entry.value, source_sqn, s.f.o[0].sq.number + more);
    FLOW_MISC_SET(entry.value, source_port, SENDER_VPORT);
    add_entry(&s, &group, &entry);
    flow_must_set_root(s.pf, FLOW_FDB, group.table);
    assert_int_equal(comes(&s, 0), came);
}

static void test_by_queue(void **state)
{
    check_by_queue(state, 0, true);
}

static void test_by_another_queue(void **state)
{
    check_by_queue(state, 1, false);
}

/* Where a frame came from is there for the receiver's tables, too. */
static void test_source_reaches_the_tables(void **state)
{
    FlowGroup group = { .first = 8, .last = 9, .enable = FLOW_MISC };
    FlowEntry entry;
    uint32_t any;
    Switch s;

    switch_start(&s, state);
    flow_must_delete(s.f.to, s.f.table, 0);
    group.table = s.f.table;
    FLOW_MISC_SET(group.criteria, source_port, 0xffff);
    any = flow_must_create_group(s.f.to, &group);
    entry = flow_entry_of(&s.f, s.f.table, any, 8, 0);
    FLOW_MISC_SET(entry.value, source_port, SENDER_VPORT + 1);
    flow_must_set(s.f.to, &entry);
    assert_false(comes(&s, 0));
    entry.index = 9;
    FLOW_MISC_SET(entry.value, source_port, SENDER_VPORT);
    flow_must_set(s.f.to, &entry);
    assert_true(comes(&s, 0));
}

/* Only one sender's address may pass. */
static void add_spoof_check(Switch *s, uint32_t table, const uint8_t *mac)
{
    FlowGroup group = { .table = table, .last = 0, .enable = FLOW_OUTER };
    FlowEntry entry = { .action = FLOW_ALLOW };

    FLOW_OUTER_SET(group.criteria, smac_47_16, 0xffffffff);
    FLOW_OUTER_SET(group.criteria, smac_15_0, 0xffff);
    FLOW_OUTER_SET(entry.value, smac_47_16, ldl_be_p(mac));
    FLOW_OUTER_SET(entry.value, smac_15_0, lduw_be_p(mac + 4));
    add_entry(s, &group, &entry);
    group = (FlowGroup) { .table = table, .first = 1, .last = 1 };
    entry = (FlowEntry) { .action = FLOW_DROP };
    add_entry(s, &group, &entry);
}

static void test_sender_is_checked(void **state)
{
    static const uint8_t other[MAC_BYTES] = { 2, 0, 0, 0, 0, 0xa9 };
    Switch s;

    switch_start(&s, state);
    add_spoof_check(&s, flow_must_create_table(s.pf, FLOW_INGRESS_ACL,
                                               SENDER_VPORT), flow_sender);
    assert_true(comes(&s, 0));
    machine_start_vf(s.f.b.m, 0, 0);    /* an ACL outlives its VF's driver */
    hca_must_create_objects(s.f.from, &s.f.o[0]);
    assert_true(comes(&s, 0));
    add_spoof_check(&s, flow_must_create_table(s.pf, FLOW_INGRESS_ACL,
                                               SENDER_VPORT), other);
    assert_false(comes(&s, 0));
}

/* An ACL goes with its table. */
static void test_acl_goes(void **state)
{
    FlowGroup group = {};
    FlowEntry entry = { .action = FLOW_DROP };
    uint32_t id;
    Switch s;

    switch_start(&s, state);
    group.table = flow_must_create_table(s.pf, FLOW_EGRESS_ACL,
                                         RECEIVER_VPORT);
    entry.table = group.table;
    id = flow_must_create_group(s.pf, &group);
    entry.group = id;
    flow_must_set(s.pf, &entry);
    assert_false(comes(&s, 0));
    flow_must_delete(s.pf, group.table, 0);
    assert_true(comes(&s, 0));
    flow_must_destroy_group(s.pf, group.table, id);
    flow_must_destroy_table(s.pf, FLOW_EGRESS_ACL, group.table);
    assert_true(comes(&s, 0));
}

static void set_tag(Switch *s, unsigned vport, unsigned insert, bool strip)
{
    uint8_t in[CX_SZ(modify_esw_vport_context_in)] = {};
    uint8_t out[CX_SZ(modify_esw_vport_context_out)];
    uint8_t *select = CX_ADDR(modify_esw_vport_context_in, in, field_select);
    uint8_t *ctx = CX_ADDR(modify_esw_vport_context_in, in,
                           esw_vport_context);

    hca_header(in, OP(MODIFY_ESW_VPORT_CONTEXT), 0);
    CX_SET(modify_esw_vport_context_in, in, other_vport, 1);
    CX_SET(modify_esw_vport_context_in, in, vport_number, vport);
    CX_SET(esw_vport_context_fields_select, select, vport_cvlan_strip, 1);
    CX_SET(esw_vport_context_fields_select, select, vport_cvlan_insert, 1);
    CX_SET(esw_vport_context, ctx, vport_cvlan_strip, strip);
    CX_SET(esw_vport_context, ctx, vport_cvlan_insert, insert);
    CX_SET(esw_vport_context, ctx, cvlan_id, VID);
    assert_int_equal(hca_exec(s->pf, in, sizeof(in), out, sizeof(out)),
                     HCA_OK);
}

/* Only what has the tag of the receiver's network comes to it. */
static void test_hidden_tag(void **state)
{
    FlowGroup group = { .enable = FLOW_OUTER };
    FlowEntry entry = { .action = FLOW_ALLOW };
    Switch s;

    switch_start(&s, state);
    group.table = flow_must_create_table(s.pf, FLOW_EGRESS_ACL,
                                         RECEIVER_VPORT);
    FLOW_OUTER_SET(group.criteria, cvlan_tag, 1);
    FLOW_OUTER_SET(group.criteria, first_vid, 0xfff);
    FLOW_OUTER_SET(entry.value, cvlan_tag, 1);
    FLOW_OUTER_SET(entry.value, first_vid, VID);
    add_entry(&s, &group, &entry);
    group = (FlowGroup) { .table = group.table, .first = 1, .last = 1 };
    entry = (FlowEntry) { .action = FLOW_DROP };
    add_entry(&s, &group, &entry);
    assert_false(comes(&s, 0));
    set_tag(&s, RECEIVER_VPORT, 0, true);
    set_tag(&s, SENDER_VPORT, INSERT_IF_NONE, false);
    assert_true(comes(&s, 0));
    /* With a tag of the VF's own it is another network. */
    assert_false(comes_tagged(&s, 0, VID + 1));
    set_tag(&s, SENDER_VPORT, 0, false);
    assert_false(comes(&s, 0));
}

/* Tables of the switch are for its manager. */
static void test_not_for_all(void **state)
{
    uint32_t id;
    Switch s;
    Flow f;

    switch_start(&s, state);
    assert_int_equal(flow_create_table(s.f.to, FLOW_FDB, 0, &id),
                     HCA_BAD_PARAM);
    assert_int_equal(flow_create_table(s.f.to, FLOW_INGRESS_ACL, 1, &id),
                     HCA_BAD_PARAM);
    machine_teardown(state);
    flow_start(&f, state, 1);
    assert_int_equal(flow_create_table(&f.b.m->pf[0], FLOW_FDB, 0, &id),
                     HCA_BAD_PARAM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_database_decides),
        machine_test(test_by_queue),
        machine_test(test_by_another_queue),
        machine_test(test_source_reaches_the_tables),
        machine_test(test_sender_is_checked),
        machine_test(test_acl_goes),
        machine_test(test_hidden_tag),
        machine_test(test_not_for_all),
    };

    return machine_main(tests);
}
