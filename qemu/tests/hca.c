/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A miniature mlx5 driver: commands and event queues.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "hca.h"

#define ENTRY_BYTES         CX_SZ(cmd_queue_entry)
#define ENTRY_TYPE          7
#define BOX_BYTES           CX_SZ(cmd_if_box)
#define BOX_STRIDE          1024
#define BOX_DATA            512
#define EQE_BYTES           CX_SZ(eqe)
#define CMDIF_REVISION      5
#define ISSI                1

/* Doorbells of a UAR page (PRM, "UAR page format") */
#define UAR_EQ_ARM          0x40
#define UAR_EQ_CI           0x48

void hca_attach(Hca *hca, const PciFn *fn)
{
    *hca = (Hca) { .q = fn->q, .fn = *fn };
}

static uint32_t iseg_read(Hca *hca, size_t off)
{
    return be32toh(pci_bar_read(&hca->fn, off, 4));
}

static void iseg_write(Hca *hca, size_t off, uint32_t val)
{
    pci_bar_write(&hca->fn, off, htobe32(val), 4);
}

static bool firmware_ready(void *opaque)
{
    return !(iseg_read(opaque, CX_OFF(initial_seg, initializing)) >> 31);
}

void hca_must_boot(Hca *hca)
{
    uint32_t rev, shape;

    assert_true(qtest_wait(hca->q, firmware_ready, hca, HCA_TIMEOUT_MS));
    rev = iseg_read(hca, CX_OFF(initial_seg, cmd_interface_rev)) >> 16;
    assert_int_equal(rev, CMDIF_REVISION);
    shape = iseg_read(hca, CX_OFF(initial_seg, cmdq_phy_addr_31_12)) & 0xff;
    assert_int_equal(1 << (shape >> 4), HCA_SLOTS);
    assert_int_equal(1 << (shape & 0xf), ENTRY_BYTES);
    hca->cmdq = qtest_alloc(hca->q, HCA_PAGE_BYTES, HCA_PAGE_BYTES);
    iseg_write(hca, CX_OFF(initial_seg, cmdq_phy_addr_63_32),
               hca->cmdq >> 32);
    iseg_write(hca, CX_OFF(initial_seg, cmdq_phy_addr_31_12), hca->cmdq);
    assert_true(qtest_wait(hca->q, firmware_ready, hca, HCA_TIMEOUT_MS));
}

static uint8_t *entry_of(Hca *hca, unsigned slot)
{
    return qtest_ram(hca->q, hca->cmdq + slot * ENTRY_BYTES, ENTRY_BYTES);
}

static uint8_t *box_of(Hca *hca, uint64_t first, unsigned n)
{
    return qtest_ram(hca->q, first + (uint64_t)n * BOX_STRIDE, BOX_BYTES);
}

static unsigned blocks_for(uint32_t len)
{
    return len <= HCA_INLINE_BYTES ?
           0 : (len - HCA_INLINE_BYTES + BOX_DATA - 1) / BOX_DATA;
}

/* Mailboxes of a slot are kept and grow to the largest command it had. */
static void reserve_boxes(Hca *hca, uint64_t *first, unsigned *have,
                          unsigned want)
{
    if (want > *have) {
        *first = qtest_alloc(hca->q, (size_t)want * BOX_STRIDE, BOX_STRIDE);
        *have = want;
    }
}

static void set_ptr(void *p, size_t bit, uint64_t addr)
{
    stq_be_p((uint8_t *)p + bit / 8, addr);
}

static void link_boxes(Hca *hca, uint64_t first, unsigned n, uint8_t token,
                       unsigned cut, bool loop, bool bad_number)
{
    for (unsigned i = 0; i < n; i++) {
        uint8_t *box = box_of(hca, first, i);
        uint64_t next = i + 1 < n ? first + (i + 1) * BOX_STRIDE : 0;

        memset(box, 0, BOX_BYTES);
        if (loop && i + 1 == n) {
            next = first;
        }
        if (cut && i + 1 == cut) {
            next = 0;
        }
        set_ptr(box, CX_BIT(cmd_if_box, next_pointer_63_32), next);
        CX_SET(cmd_if_box, box, block_number, bad_number ? i + 7 : i);
        CX_SET(cmd_if_box, box, token, token);
    }
}

static void fill_boxes(Hca *hca, uint64_t first, const uint8_t *in,
                       uint32_t len)
{
    for (unsigned i = 0; len; i++) {
        uint32_t part = len < BOX_DATA ? len : BOX_DATA;

        memcpy(box_of(hca, first, i), in, part);
        in += part;
        len -= part;
    }
}

void hca_prepare(Hca *hca, unsigned slot, const void *in, uint32_t in_len,
                 uint32_t out_len, const HcaCmdOpts *opts)
{
    static const HcaCmdOpts none;
    HcaSlot *s = &hca->slot[slot];
    uint8_t *entry = entry_of(hca, slot);
    unsigned in_blocks = blocks_for(in_len);
    unsigned out_blocks = blocks_for(out_len);
    uint8_t token;

    opts = opts ? opts : &none;
    if (++hca->token == 0) {
        hca->token = 1;
    }
    token = hca->token;
    reserve_boxes(hca, &s->in_mbox, &s->in_blocks, in_blocks);
    reserve_boxes(hca, &s->out_mbox, &s->out_blocks, out_blocks);
    link_boxes(hca, s->in_mbox, in_blocks,
               opts->bad_in_token ? token ^ 0x55 : token, opts->cut_in_chain,
               opts->loop_in_chain, opts->bad_block_number);
    link_boxes(hca, s->out_mbox, out_blocks,
               opts->bad_out_token ? token ^ 0x55 : token,
               opts->cut_out_chain, opts->loop_out_chain,
               opts->bad_block_number);
    memset(entry, 0, ENTRY_BYTES);
    if (in_len > HCA_INLINE_BYTES) {
        memcpy(entry + CX_OFF(cmd_queue_entry, command_input_inline_data), in,
               HCA_INLINE_BYTES);
        fill_boxes(hca, s->in_mbox, (const uint8_t *)in + HCA_INLINE_BYTES,
                   in_len - HCA_INLINE_BYTES);
    } else {
        memcpy(entry + CX_OFF(cmd_queue_entry, command_input_inline_data), in,
               in_len);
    }
    if (hca->uid) {
        CX_SET(create_cq_in, entry + CX_OFF(cmd_queue_entry,
                                            command_input_inline_data), uid,
               hca->uid);
    }
    s->out_len = out_len;
    CX_SET(cmd_queue_entry, entry, type,
           opts->set_type ? opts->type : ENTRY_TYPE);
    CX_SET(cmd_queue_entry, entry, input_length,
           opts->set_in_len ? opts->in_len : in_len);
    CX_SET(cmd_queue_entry, entry, output_length,
           opts->set_out_len ? opts->out_len : out_len);
    set_ptr(entry, CX_BIT(cmd_queue_entry, input_mailbox_pointer_63_32),
            opts->set_in_ptr ? opts->in_ptr : in_blocks ? s->in_mbox : 0);
    set_ptr(entry, CX_BIT(cmd_queue_entry, output_mailbox_pointer_63_32),
            opts->set_out_ptr ? opts->out_ptr : out_blocks ? s->out_mbox : 0);
    CX_SET(cmd_queue_entry, entry, token, token);
    CX_SET(cmd_queue_entry, entry, ownership, 1);
}

void hca_ring(Hca *hca, uint32_t slots)
{
    iseg_write(hca, CX_OFF(initial_seg, command_doorbell_vector), slots);
}

bool hca_done(Hca *hca, unsigned slot)
{
    /* QEMU, another process, writes to it meanwhile. */
    volatile uint8_t *own = entry_of(hca, slot) + ENTRY_BYTES - 1;

    return !(*own & 1);
}

typedef struct DoneCond {
    Hca *hca;
    unsigned slot;
} DoneCond;

static bool slot_done(void *opaque)
{
    DoneCond *c = opaque;

    return hca_done(c->hca, c->slot);
}

bool hca_wait_done(Hca *hca, unsigned slot)
{
    DoneCond c = { hca, slot };

    return qtest_wait(hca->q, slot_done, &c, HCA_TIMEOUT_MS);
}

static void collect_out(Hca *hca, unsigned slot, uint8_t *out, uint32_t len)
{
    uint8_t *entry = entry_of(hca, slot);
    uint32_t part = len < HCA_INLINE_BYTES ? len : HCA_INLINE_BYTES;

    memcpy(out, entry + CX_OFF(cmd_queue_entry, command_output_inline_data),
           part);
    for (unsigned i = 0; len > part; i++) {
        out += part;
        len -= part;
        part = len < BOX_DATA ? len : BOX_DATA;
        memcpy(out, box_of(hca, hca->slot[slot].out_mbox, i), part);
    }
}

int hca_result(Hca *hca, unsigned slot, void *out, uint32_t out_len)
{
    uint8_t *entry = entry_of(hca, slot);
    uint8_t *head = entry +
                    CX_OFF(cmd_queue_entry, command_output_inline_data);
    uint8_t delivery;

    if (!hca_done(hca, slot)) {
        return HCA_NO_ANSWER;
    }
    delivery = CX_GET(cmd_queue_entry, entry, status);
    if (delivery) {
        return HCA_DELIVERY | delivery;
    }
    if (out) {
        collect_out(hca, slot, out, out_len);
    }
    hca->syndrome = CX_GET(cmd_out, head, syndrome);
    return CX_GET(cmd_out, head, status);
}

void (*hca_on_command)(const void *in, uint32_t in_len, uint32_t out_len);

int hca_exec_opts(Hca *hca, const void *in, uint32_t in_len, void *out,
                  uint32_t out_len, const HcaCmdOpts *opts)
{
    if (hca_on_command) {
        hca_on_command(in, in_len, out_len);
    }
    hca_prepare(hca, 0, in, in_len, out_len, opts);
    hca_ring(hca, 1);
    if (!hca_wait_done(hca, 0)) {
        return HCA_NO_ANSWER;
    }
    return hca_result(hca, 0, out, out_len);
}

int hca_exec(Hca *hca, const void *in, uint32_t in_len, void *out,
             uint32_t out_len)
{
    return hca_exec_opts(hca, in, in_len, out, out_len, NULL);
}

void hca_header(void *in, uint16_t opcode, uint16_t op_mod)
{
    CX_SET(cmd_in, in, opcode, opcode);
    CX_SET(cmd_in, in, op_mod, op_mod);
}

int hca_simple(Hca *hca, uint16_t opcode, uint16_t op_mod, uint32_t number)
{
    uint8_t in[16] = {}, out[16];

    hca_header(in, opcode, op_mod);
    stl_be_p(in + CX_OFF(cmd_in, command), number);
    return hca_exec(hca, in, sizeof(in), out, sizeof(out));
}

void hca_must_simple(Hca *hca, uint16_t opcode, uint16_t op_mod,
                     uint32_t number)
{
    int status = hca_simple(hca, opcode, op_mod, number);

    if (status) {
        print_error("opcode 0x%x number 0x%x: status 0x%x syndrome 0x%x\n",
                    opcode, number, status, hca->syndrome);
    }
    assert_int_equal(status, HCA_OK);
}

uint32_t hca_must_alloc(Hca *hca, uint16_t opcode)
{
    uint8_t in[16] = {}, out[16];

    hca_header(in, opcode, 0);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), HCA_OK);
    return ldl_be_p(out + CX_OFF(cmd_out, command_output)) & 0xffffff;
}

int hca_query_cap(Hca *hca, uint16_t function, uint16_t type, bool max,
                  void *page)
{
    uint8_t in[CX_SZ(query_hca_cap_in)] = {};
    uint8_t out[CX_OFF(query_hca_cap_out, capability) + HCA_CAP_BYTES];
    int status;

    hca_header(in, OP(QUERY_HCA_CAP), type << 1 | !max);
    CX_SET(query_hca_cap_in, in, other_function, function != 0);
    CX_SET(query_hca_cap_in, in, function_id, function);
    status = hca_exec(hca, in, sizeof(in), out, sizeof(out));
    if (!status) {
        memcpy(page, CX_ADDR(query_hca_cap_out, out, capability),
               HCA_CAP_BYTES);
    }
    return status;
}

int hca_set_cap(Hca *hca, uint16_t function, uint16_t type, const void *page)
{
    uint8_t in[CX_OFF(set_hca_cap_in, capability) + HCA_CAP_BYTES] = {};
    uint8_t out[CX_SZ(set_hca_cap_out)];

    hca_header(in, OP(SET_HCA_CAP), type << 1);
    CX_SET(set_hca_cap_in, in, other_function, function != 0);
    CX_SET(set_hca_cap_in, in, function_id, function);
    memcpy(CX_ADDR(set_hca_cap_in, in, capability), page, HCA_CAP_BYTES);
    return hca_exec(hca, in, sizeof(in), out, sizeof(out));
}

int32_t hca_must_query_pages(Hca *hca, uint16_t op_mod)
{
    uint8_t in[CX_SZ(query_pages_in)] = {}, out[CX_SZ(query_pages_out)];

    hca_header(in, OP(QUERY_PAGES), op_mod);
    assert_int_equal(hca_exec(hca, in, sizeof(in), out, sizeof(out)), HCA_OK);
    assert_int_equal(CX_GET(query_pages_out, out, function_id), 0);
    return CX_GET(query_pages_out, out, num_pages);
}

int hca_give_pages(Hca *hca, uint64_t first, uint32_t n, uint32_t claim)
{
    uint8_t in[CX_SZ(manage_pages_in) + 512 * 8] = {};
    uint8_t out[CX_SZ(manage_pages_out)];

    assert_in_range(n, 0, 512);
    hca_header(in, OP(MANAGE_PAGES), 1);
    CX_SET(manage_pages_in, in, input_num_entries, claim);
    for (uint32_t i = 0; i < n; i++) {
        stq_be_p(in + CX_SZ(manage_pages_in) + i * 8,
                 first + i * HCA_PAGE_BYTES);
    }
    return hca_exec(hca, in, CX_SZ(manage_pages_in) + n * 8, out,
                    sizeof(out));
}

static void must_give_pages(Hca *hca, uint16_t op_mod)
{
    int32_t n = hca_must_query_pages(hca, op_mod);
    uint64_t first;

    if (n > 0) {
        first = qtest_alloc(hca->q, n * HCA_PAGE_BYTES, HCA_PAGE_BYTES);
        assert_int_equal(hca_give_pages(hca, first, n, n), HCA_OK);
        hca->fw_pages[op_mod - 1] = first;
    }
    hca->nr_fw_pages[op_mod - 1] = n;
}

void hca_must_start(Hca *hca)
{
    uint8_t page[HCA_CAP_BYTES];
    uint8_t init[CX_SZ(init_hca_in)] = {}, out[CX_SZ(init_hca_out)];

    hca_must_simple(hca, OP(ENABLE_HCA), 0, 0);
    hca_must_simple(hca, OP(SET_ISSI), 0, ISSI);
    must_give_pages(hca, 1);
    assert_int_equal(hca_query_cap(hca, 0, 0, false, page), HCA_OK);
    CX_SET(cmd_hca_cap, page, cmdif_checksum, 0);
    CX_SET(cmd_hca_cap, page, log_uar_page_sz, 0);
    assert_int_equal(hca_set_cap(hca, 0, 0, page), HCA_OK);
    must_give_pages(hca, 2);
    hca_header(init, OP(INIT_HCA), 0);
    assert_int_equal(hca_exec(hca, init, sizeof(init), out, sizeof(out)),
                     HCA_OK);
    hca->uar = hca_must_alloc(hca, OP(ALLOC_UAR));
}

void hca_must_stop(Hca *hca)
{
    hca_must_simple(hca, OP(TEARDOWN_HCA), 0, 0);
    hca_must_simple(hca, OP(DISABLE_HCA), 0, 0);
}

void hca_must_create_eq(Hca *hca, HcaEq *eq, uint64_t events,
                        unsigned log_size, unsigned vector)
{
    uint32_t bytes = EQE_BYTES << log_size;
    unsigned pages = (bytes + HCA_PAGE_BYTES - 1) / HCA_PAGE_BYTES;
    uint32_t in_len = CX_SZ(create_eq_in) + pages * 8;
    uint8_t in[CX_SZ(create_eq_in) + 64 * 8] = {};
    uint8_t out[CX_SZ(create_eq_out)];
    uint8_t *eqc = CX_ADDR(create_eq_in, in, eq_context_entry);
    uint8_t *ring;

    assert_in_range(pages, 1, 64);
    *eq = (HcaEq) {
        .hca = hca, .log_size = log_size, .vector = vector,
        .buf = qtest_alloc(hca->q, pages * HCA_PAGE_BYTES, HCA_PAGE_BYTES),
    };
    ring = qtest_ram(hca->q, eq->buf, bytes);
    for (unsigned i = 0; i < 1u << log_size; i++) {
        CX_SET(eqe, ring + i * EQE_BYTES, owner, 1);
    }
    hca_header(in, OP(CREATE_EQ), 0);
    CX_SET(eqc, eqc, log_eq_size, log_size);
    CX_SET(eqc, eqc, uar_page, hca->uar);
    CX_SET(eqc, eqc, intr, vector);
    stq_be_p(CX_ADDR(create_eq_in, in, event_bitmask), events);
    for (unsigned i = 0; i < pages; i++) {
        stq_be_p(in + CX_OFF(create_eq_in, pas) + i * 8,
                 eq->buf + i * HCA_PAGE_BYTES);
    }
    assert_int_equal(hca_exec(hca, in, in_len, out, sizeof(out)), HCA_OK);
    eq->eqn = CX_GET(create_eq_out, out, eq_number);
    assert_int_not_equal(eq->eqn, 0);
}

void hca_must_destroy_eq(HcaEq *eq)
{
    hca_must_simple(eq->hca, OP(DESTROY_EQ), 0, eq->eqn);
}

uint8_t *hca_eq_peek(HcaEq *eq)
{
    uint32_t index = eq->ci & ((1u << eq->log_size) - 1);
    uint8_t *eqe = qtest_ram(eq->hca->q, eq->buf + index * EQE_BYTES,
                             EQE_BYTES);
    /* QEMU, another process, writes to it meanwhile. */
    volatile uint8_t *owner = eqe + EQE_BYTES - 1;

    return (*owner & 1) == (eq->ci >> eq->log_size & 1) ? eqe : NULL;
}

static bool eq_not_empty(void *opaque)
{
    return hca_eq_peek(opaque);
}

bool hca_eq_wait(HcaEq *eq)
{
    return qtest_wait(eq->hca->q, eq_not_empty, eq, HCA_TIMEOUT_MS);
}

void hca_eq_pop(HcaEq *eq)
{
    eq->ci++;
}

void hca_eq_ring(HcaEq *eq, bool arm)
{
    uint64_t off = (uint64_t)eq->hca->uar * HCA_PAGE_BYTES +
                   (arm ? UAR_EQ_ARM : UAR_EQ_CI);

    pci_bar_write(&eq->hca->fn, off,
                  htobe32(eq->eqn << 24 | (eq->ci & 0xffffff)), 4);
}
