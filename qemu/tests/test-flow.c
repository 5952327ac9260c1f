/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a function receives goes through its flow tables as they are written.
 * The tag of an entry, which the completion has, tells which one it was.
 */
#include "flow-bench.h"
#include "qmp.h"

static void send_to(Flow *f, const uint8_t *to)
{
    uint8_t header[HEADERS];

    flow_fill_headers(header, to);
    flow_send(f, header, sizeof(header));
}

/* The tag of what was received; -1 if nothing was. */
static int tag_received(Flow *f)
{
    uint8_t *cqe = hca_cq_peek(&f->o[1].cq);
    int tag = -1;

    if (cqe) {
        assert_int_equal(cqe[CQE_OP] >> 4, CQE_RESP_SEND);
        tag = ldl_be_p(cqe + CQE_TAG) & 0xffffff;
        hca_cq_pop(&f->o[1].cq);
    }
    return tag;
}

static int tag_for(Flow *f, unsigned mac)
{
    send_to(f, flow_macs[mac]);
    return tag_received(f);
}

static void set_entry(Flow *f, uint32_t table, uint32_t group, uint32_t index,
                      unsigned mac)
{
    FlowEntry entry = flow_entry_of(f, table, group, index, mac);

    flow_must_set(f->to, &entry);
}

static void test_by_address(void **state)
{
    uint32_t group;
    Flow f;

    flow_start(&f, state, 1);
    assert_int_equal(tag_for(&f, 0), -1);
    group = flow_group_of(&f, f.table, 0, 7, true);
    set_entry(&f, f.table, group, 1, 0);
    set_entry(&f, f.table, group, 5, 1);
    assert_int_equal(tag_for(&f, 0), 101);
    assert_int_equal(tag_for(&f, 1), 105);
    assert_int_equal(tag_for(&f, 2), -1);
}

/* What was compiled for the first frame follows what the driver does. */
static void test_follows_changes(void **state)
{
    uint32_t group, tail;
    FlowEntry entry;
    Flow f;

    flow_start(&f, state, 1);
    group = flow_group_of(&f, f.table, 0, 7, true);
    assert_int_equal(tag_for(&f, 0), -1);
    set_entry(&f, f.table, group, 2, 0);
    assert_int_equal(tag_for(&f, 0), 102);
    entry = flow_entry_of(&f, f.table, group, 2, 0);
    entry.tag = 77;
    assert_int_equal(flow_set(f.to, &entry, true), HCA_OK);
    assert_int_equal(tag_for(&f, 0), 77);
    entry.action = FLOW_DROP;
    assert_int_equal(flow_set(f.to, &entry, true), HCA_OK);
    assert_int_equal(tag_for(&f, 0), -1);
    flow_must_delete(f.to, f.table, 2);
    tail = flow_group_of(&f, f.table, 8, 15, false);
    set_entry(&f, f.table, tail, 15, 0);
    assert_int_equal(tag_for(&f, 0), 115);
    set_entry(&f, f.table, group, 3, 0);
    assert_int_equal(tag_for(&f, 0), 103);
}

/* Of entries, and of groups, that match the lower index counts. */
static void test_lowest_index(void **state)
{
    uint32_t any, exact;
    Flow f;

    flow_start(&f, state, 1);
    exact = flow_group_of(&f, f.table, 4, 9, true);
    set_entry(&f, f.table, exact, 9, 0);
    set_entry(&f, f.table, exact, 5, 0);
    assert_int_equal(tag_for(&f, 0), 105);
    set_entry(&f, f.table, exact, 4, 0);
    assert_int_equal(tag_for(&f, 0), 104);
    flow_must_delete(f.to, f.table, 4);
    flow_must_delete(f.to, f.table, 5);
    assert_int_equal(tag_for(&f, 0), 109);
    any = flow_group_of(&f, f.table, 0, 3, false);
    set_entry(&f, f.table, any, 3, 2);
    assert_int_equal(tag_for(&f, 0), 103);
}

static void test_miss_leads_on(void **state)
{
    uint32_t next, group;
    Flow f;

    flow_start(&f, state, 1);
    next = flow_new_table(&f, FLOW_LEVEL + 1);
    flow_must_set_miss(f.to, f.table, next);
    group = flow_group_of(&f, f.table, 0, 7, true);
    set_entry(&f, f.table, group, 0, 0);
    group = flow_group_of(&f, next, 0, 7, false);
    set_entry(&f, next, group, 7, 0);
    assert_int_equal(tag_for(&f, 0), 100);
    assert_int_equal(tag_for(&f, 1), 107);
}

static void test_drop_and_copies(void **state)
{
    uint32_t group;
    FlowEntry entry;
    Flow f;

    flow_start(&f, state, 1);
    group = flow_group_of(&f, f.table, 0, 7, true);
    entry = flow_entry_of(&f, f.table, group, 0, 0);
    entry.action = FLOW_DROP;
    entry.dests = 0;
    flow_must_set(f.to, &entry);
    entry = flow_entry_of(&f, f.table, group, 1, 1);
    entry.dests = 2;
    entry.dest[1] = entry.dest[0];
    flow_must_set(f.to, &entry);
    assert_int_equal(tag_for(&f, 0), -1);
    assert_int_equal(tag_for(&f, 1), 101);
    assert_int_equal(tag_received(&f), 101);
}

/*
 * Tables that each lead to the next in several ways: more of them than a device
 * can follow. The frame is lost, the driver is to blame, and nobody waits.
 */
static void test_too_many_ways(void **state)
{
    uint32_t table, next, group;
    unsigned before;
    Flow f;

    flow_start(&f, state, 1);
    table = f.table;
    before = qmp_number(f.b.m->q, "pf0", "x-guest-errors");
    for (unsigned i = 1; i < 20; i++, table = next) {
        FlowEntry entry;

        next = flow_new_table(&f, FLOW_LEVEL + i);
        group = flow_group_of(&f, table, 0, 15, false);
        entry = flow_entry_of(&f, table, group, 0, 0);
        entry.dests = FLOW_DEST_MAX;
        for (unsigned n = 0; n < FLOW_DEST_MAX; n++) {
            entry.dest[n] = (FlowDest) { FLOW_TO_TABLE, next };
        }
        flow_must_set(f.to, &entry);
    }
    assert_int_equal(tag_for(&f, 0), -1);
    assert_int_equal(qmp_number(f.b.m->q, "pf0", "x-guest-errors"),
                     before + 1);
}

/* What no capability names is not matched, so it cannot be asked for. */
static void test_unknown_criteria(void **state)
{
    FlowGroup group = { .last = 7, .enable = FLOW_INNER };
    uint32_t id;
    Flow f;

    flow_start(&f, state, 1);
    group.table = f.table;
    assert_int_equal(flow_create_group(f.to, &group, &id), HCA_BAD_PARAM);
    group.enable = FLOW_OUTER;
    FLOW_OUTER_SET(group.criteria, ipv4_ihl, 0xf);
    assert_int_equal(flow_create_group(f.to, &group, &id), HCA_BAD_PARAM);
    FLOW_OUTER_SET(group.criteria, ipv4_ihl, 0);
    FLOW_OUTER_SET(group.criteria, ip_protocol, 0xff);
    assert_int_equal(flow_create_group(f.to, &group, &id), HCA_OK);
}

/* By port: a 5-tuple, as the driver's steering of single flows matches it */
static void test_by_port(void **state)
{
    FlowGroup group = { .last = 7, .enable = FLOW_OUTER };
    FlowEntry entry;
    Flow f;

    flow_start(&f, state, 1);
    group.table = f.table;
    FLOW_OUTER_SET(group.criteria, ip_protocol, 0xff);
    FLOW_OUTER_SET(group.criteria, tcp_dport, 0xffff);
    entry = flow_entry_of(&f, f.table, flow_must_create_group(f.to, &group),
                          2, 0);
    memset(entry.value, 0, sizeof(entry.value));
    FLOW_OUTER_SET(entry.value, ip_protocol, 6);
    FLOW_OUTER_SET(entry.value, tcp_dport, 1767);
    flow_must_set(f.to, &entry);
    assert_int_equal(tag_for(&f, 0), -1);
    FLOW_OUTER_SET(entry.value, tcp_dport, 1766);
    entry.index = 3;
    flow_must_set(f.to, &entry);
    assert_int_equal(tag_for(&f, 0), 102);
}

/* A moved function sorts what it receives as before. */
static void test_tables_move(void **state)
{
    uint32_t group;
    Flow f;

    flow_start(&f, state, 2);
    group = flow_group_of(&f, f.table, 0, 7, true);
    set_entry(&f, f.table, group, 1, 0);
    set_entry(&f, f.table, group, 2, 1);
    assert_int_equal(tag_for(&f, 0), 101);
    vhca_move(&f.b, 0, 1, 1, 0, &f.o[1]);
    vhca_move(&f.b, 0, 0, 1, 1, &f.o[0]);
    f.to = &f.b.m->vf[1][0];
    assert_int_equal(tag_for(&f, 0), 101);
    assert_int_equal(tag_for(&f, 1), 102);
    assert_int_equal(tag_for(&f, 2), -1);
    flow_must_delete(f.to, f.table, 1);
    set_entry(&f, f.table, group, 6, 2);
    assert_int_equal(tag_for(&f, 0), -1);
    assert_int_equal(tag_for(&f, 2), 106);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_by_address),
        machine_test(test_follows_changes),
        machine_test(test_lowest_index),
        machine_test(test_miss_leads_on),
        machine_test(test_drop_and_copies),
        machine_test(test_too_many_ways),
        machine_test(test_unknown_criteria),
        machine_test(test_by_port),
        machine_test(test_tables_move),
    };

    return machine_main(tests);
}
