/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A function that sends and one that has tables to sort what it receives
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "flow-bench.h"

#define LOG_TABLE       4

const uint8_t flow_sender[MAC_BYTES] = { 0x02, 0, 0, 0, 0, 0xa0 };
const uint8_t flow_macs[FLOW_MACS][MAC_BYTES] = {
    { 0x02, 0, 0, 0, 0, 0xb1 }, { 0x02, 0, 0, 0, 0, 0xb2 },
    { 0x02, 0, 0, 0, 0, 0xb3 },
};

uint32_t flow_new_table(Flow *f, unsigned level)
{
    return hca_must_create_flow_table(f->to, level, LOG_TABLE);
}

void flow_start_with(Flow *f, void **state, unsigned pfs, const char *props)
{
    vhca_bench_start(&f->b, state, pfs, props, VHCA_BUF_BYTES);
    for (unsigned i = 0; i < pfs; i++) {
        hca_must_set_port(&f->b.m->pf[i], true);
    }
    f->from = machine_start_vf(f->b.m, 0, 0);
    f->to = machine_start_vf(f->b.m, 0, 1);
    pci_msix_enable(&f->from->fn);
    pci_msix_enable(&f->to->fn);
    hca_must_create_objects(f->from, &f->o[0]);
    hca_must_create_objects(f->to, &f->o[1]);
    hca_must_set_macs(f->to, flow_macs, FLOW_MACS);
    f->payload = qtest_alloc(f->b.m->q, 4096, 64);
    f->table = flow_new_table(f, FLOW_LEVEL);
    hca_must_set_flow_root(f->to, f->table);
}

void flow_fill_headers(uint8_t header[HEADERS], const uint8_t *to)
{
    memset(header, 0, HEADERS);
    memcpy(header, to, MAC_BYTES);
    memcpy(header + MAC_BYTES, flow_sender, MAC_BYTES);
    stw_be_p(header + 12, 0x0800);
    header[14] = 0x45;
    stw_be_p(header + 16, HEADERS - 14 + PAYLOAD);
    header[22] = 64;
    header[23] = 6;
    memcpy(header + 26, (uint8_t[]){ 66, 9, 149, 187 }, 4);
    memcpy(header + 30, (uint8_t[]){ 161, 142, 100, 80 }, 4);
    stw_be_p(header + 34, 2794);
    stw_be_p(header + 36, 1766);
    header[46] = 5 << 4;
}

void flow_send(Flow *f, const uint8_t *header, unsigned len)
{
    hca_sq_post_frame(&f->o[0].sq, &(HcaFrame) {
        .header = header, .header_len = len,
        .addr = f->payload, .len = PAYLOAD,
        .key = f->o[0].mkey << 8 | HCA_MKEY_BYTE,
        .checksums = HCA_CSUM_L3 | HCA_CSUM_L4,
    });
    hca_sq_ring(&f->o[0].sq, true);
    assert_true(hca_cq_wait(&f->o[0].cq));
    assert_int_equal(hca_cq_peek(&f->o[0].cq)[CQE_OP] >> 4, 0);
    hca_cq_pop(&f->o[0].cq);
}

void flow_start(Flow *f, void **state, unsigned pfs)
{
    flow_start_with(f, state, pfs, NULL);
}

uint32_t flow_group_of(Flow *f, uint32_t table, uint32_t first, uint32_t last,
                       bool dmac)
{
    static const uint8_t ones[MAC_BYTES] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    };
    FlowGroup group = {
        .table = table, .first = first, .last = last,
        .enable = dmac ? FLOW_OUTER : 0,
    };

    flow_set_dmac(group.criteria, ones);
    return flow_must_create_group(f->to, &group);
}

FlowEntry flow_entry_of(Flow *f, uint32_t table, uint32_t group,
                        uint32_t index, unsigned mac)
{
    FlowEntry entry = {
        .table = table, .group = group, .index = index, .tag = index + 100,
        .action = FLOW_FORWARD, .dests = 1,
        .dest = { { FLOW_TO_TIR, f->o[1].tir } },
    };

    flow_set_dmac(entry.value, flow_macs[mac]);
    return entry;
}
