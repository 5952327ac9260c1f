/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands near and far from right ones.
 */
#include "qemu/osdep.h"

#include "hostile.h"
#include "luck.h"

#define LOAD_LOOKS          100
#define OPCODES             0xc00       /* there is none behind */
#define NO_OP_MOD           0xff
#define HEADER_BYTES        8
#define LENGTH_MAX          2048

/* Whose commands are kept, for a hook that is told nothing of it */
static Hostile *keeper;

/* Called for each command that a helper of hca.c or objects.c sends. */
static void keep(const void *in, uint32_t in_len, uint32_t out_len)
{
    Hostile *h = keeper;
    HostileKept *k = &h->kept[h->nr_kept];

    if (h->nr_kept == HOSTILE_KEPT_COMMANDS ||
        in_len > HOSTILE_MAX_COMMAND_BYTES) {
        return;
    }
    k->in_len = in_len;
    k->out_len = out_len;
    memcpy(k->in, in, in_len);
    h->nr_kept++;
}

uint32_t hostile_word(const Hostile *h, unsigned n)
{
    const HcaObjects *o = &h->o[n];
    const uint32_t words[] = {
        o->pd, o->td, o->mkey, o->mkey << 8 | HCA_MKEY_BYTE, o->tis, o->rqt,
        o->tir, o->flow_table, o->flow_group, o->async_eq.eqn, o->comp_eq.eqn,
        o->cq.cqn, o->sq.number, o->rq.number, h->hca[n]->uar,
        h->id[luck_below(HOSTILE_FUNCTIONS)], luck_below(HOSTILE_FUNCTIONS), 0,
        1, luck_below(256), 1u << 31, 0xffffffff, 0xffffff,
        1u << luck_below(32), luck(),
    };

    return words[luck_below(ARRAY_SIZE(words))];
}

/* Mostly the driver's own; else of a user context that may be there. */
static uint16_t some_uid(const Hostile *h, unsigned n)
{
    const uint16_t uids[] = { h->uid[n], h->uid[n], 0xffff, luck() };

    return luck_below(4) ? 0 : uids[luck_below(ARRAY_SIZE(uids))];
}

static void send(Hostile *h, unsigned n, const uint8_t *in, uint32_t in_len,
                 uint32_t out_len)
{
    HcaCmdOpts opts = {
        .bad_in_token = !luck_below(100), .bad_out_token = !luck_below(100),
        .loop_in_chain = !luck_below(100), .cut_out_chain = !luck_below(100),
        .cut_in_chain = !luck_below(100), .loop_out_chain = !luck_below(100),
    };
    unsigned slot = luck_below(HCA_SLOTS);

    h->hca[n]->uid = some_uid(h, n);
    hca_prepare(h->hca[n], slot, in, in_len, out_len, &opts);
    h->hca[n]->uid = 0;
    hca_ring(h->hca[n], luck_below(20) ? 1u << slot : luck());
}

void hostile_mutated_command(Hostile *h, unsigned n)
{
    const HostileKept *k = &h->kept[luck_below(h->nr_kept)];
    uint8_t in[HOSTILE_MAX_COMMAND_BYTES];
    uint32_t in_len = k->in_len;

    memcpy(in, k->in, k->in_len);
    for (unsigned i = luck_below(4); i; i--) {
        unsigned at = luck_below(k->in_len / 4) * 4;

        switch (luck_below(4)) {
        case 0:
            in[at + luck_below(4)] ^= 1u << luck_below(8);
            break;
        case 1:
            in[at + luck_below(4)] = luck();
            break;
        default:
            stl_be_p(in + at, hostile_word(h, n));
            break;
        }
    }
    if (!luck_below(10)) {
        in_len = 8 + luck_below(k->in_len);
        in_len = in_len < k->in_len ? in_len : k->in_len;
    }
    send(h, n, in, in_len, luck_below(10) ? k->out_len : luck_below(2000));
}

void hostile_random_command(Hostile *h)
{
    uint8_t in[1600];
    unsigned n = luck_below(HOSTILE_FUNCTIONS);

    for (unsigned i = 0; i < sizeof(in); i += 4) {
        stl_be_p(in + i, luck_below(3) ? 0 : hostile_word(h, n));
    }
    hca_header(in, luck_opcode(), luck_below(4));
    send(h, n, in, 8 + luck_below(sizeof(in) - 8), 8 + luck_below(1200));
}

void hostile_tell(Hostile *h, unsigned n, const void *in, uint32_t in_len)
{
    hca_prepare(h->hca[n], 1, in, in_len, in_len + 64, NULL);
    hca_ring(h->hca[n], 1u << 1);
}

void hostile_vhca_command(Hostile *h, uint16_t opcode, unsigned op_mod)
{
    uint8_t in[CX_SZ(load_vhca_state_in)] = {};
    uint16_t id = h->id[luck_below(HOSTILE_FUNCTIONS)];

    hca_header(in, opcode, op_mod);
    /* id, key, address and size lie alike in SAVE and LOAD */
    CX_SET(load_vhca_state_in, in, vhca_id, id);
    if (opcode == OP(SAVE_VHCA_STATE)) {
        CX_SET(save_vhca_state_in, in, incremental, luck_below(2));
        CX_SET(save_vhca_state_in, in, set_track, luck_below(2));
    } else if (opcode == OP(QUERY_VHCA_MIGRATION_STATE)) {
        CX_SET(query_vhca_migration_state_in, in, incremental, luck_below(2));
        CX_SET(query_vhca_migration_state_in, in, chunk, luck_below(2));
    }
    if (opcode == OP(SAVE_VHCA_STATE) || opcode == OP(LOAD_VHCA_STATE)) {
        CX_SET(load_vhca_state_in, in, mkey,
               luck_below(16) ? h->buf.key : luck());
        CX_SET(load_vhca_state_in, in, size,
               luck_below(8) ? h->right.bytes :
                               luck_below(HOSTILE_IMAGE_BYTES));
    }
    send(h, 0, in, opcode == OP(SUSPEND_VHCA) || opcode == OP(RESUME_VHCA) ?
         16 : sizeof(in), 64);
}

/* It may be right, too. */
static void write_image(Hostile *h, unsigned words_max)
{
    image_spots_damage(&h->right, vhca_buf_data(&h->buf),
                       luck_below(words_max + 1));
}

void hostile_damaged_image(Hostile *h)
{
    write_image(h, 5);
    hostile_vhca_command(h, OP(LOAD_VHCA_STATE), 0);
}

void hostile_move_in(Hostile *h)
{
    unsigned n = 1 + luck_below(HOSTILE_VFS);
    uint8_t in[CX_SZ(load_vhca_state_in)] = {};
    uint8_t header[16] = {};
    uint16_t resume = luck_below(2);

    pci_flr(&h->hca[n]->fn);
    for (unsigned half = 0; half < 2; half++) {
        hca_header(header, OP(SUSPEND_VHCA), half);
        CX_SET(suspend_vhca_in, header, vhca_id, h->id[n]);
        hostile_tell(h, 0, header, sizeof(header));
    }
    write_image(h, 2);
    hca_header(in, OP(LOAD_VHCA_STATE), 0);
    CX_SET(load_vhca_state_in, in, vhca_id, h->id[n]);
    CX_SET(load_vhca_state_in, in, mkey, h->buf.key);
    CX_SET(load_vhca_state_in, in, size, h->right.bytes);
    hostile_tell(h, 0, in, sizeof(in));
    /* An answer is not certain: the PF may be dead. */
    for (unsigned i = 0; i < LOAD_LOOKS && !hca_done(h->hca[0], 1); i++) {
        qtest_alive(h->m->q);
    }
    for (unsigned half = 0; half < 2; half++) {
        hca_header(header, OP(RESUME_VHCA), half ^ resume);
        CX_SET(resume_vhca_in, header, vhca_id, h->id[n]);
        hostile_tell(h, 0, header, sizeof(header));
    }
    /* What the image says of its queues is what the driver knows now. */
    h->hca[n]->uar = h->hca[1]->uar;
}

/* Status of a command of zeroes that the device knows or not; it has no such */
static int ask(Hca *hca, uint16_t opcode, uint32_t in_len, uint32_t out_len)
{
    uint8_t in[LENGTH_MAX] = {}, out[LENGTH_MAX];

    hca_header(in, opcode, NO_OP_MOD);
    return hca_exec(hca, in, in_len, out, out_len);
}

/* The shortest input, or with in_len output, that the command is taken with */
static uint32_t shortest(Hca *hca, uint16_t opcode, uint32_t in_len)
{
    uint32_t low = HEADER_BYTES, high = LENGTH_MAX;

    while (low < high) {
        uint32_t len = (low + high) / 8 * 4;
        bool short_of = in_len ?
            ask(hca, opcode, in_len, len) == HCA_BAD_OUTPUT_LEN :
            ask(hca, opcode, len, HEADER_BYTES) == HCA_BAD_INPUT_LEN;

        if (short_of) {
            low = len + 4;
        } else {
            high = len;
        }
    }
    return low;
}

/*
 * One of each command that the device knows, by its lengths; the third word
 * names an object or a VF. Mutation brings what it needs in its other words.
 */
static void keep_all(Hostile *h)
{
    uint8_t in[LENGTH_MAX] = {};

    for (unsigned opcode = 1; opcode < OPCODES; opcode++) {
        uint32_t in_len;

        if (ask(h->hca[0], opcode, HEADER_BYTES, HEADER_BYTES) == HCA_BAD_OP) {
            continue;
        }
        in_len = shortest(h->hca[0], opcode, 0);
        hca_header(in, opcode, 0);
        stl_be_p(in + 8, hostile_word(h, luck_below(HOSTILE_FUNCTIONS)));
        keep(in, in_len, shortest(h->hca[0], opcode, in_len));
    }
}

void hostile_keep_begin(Hostile *h)
{
    keeper = h;
    hca_on_command = keep;
}

void hostile_keep_end(Hostile *h)
{
    hca_on_command = NULL;
    keep_all(h);
    printf("# %u commands to begin with\n", h->nr_kept);
}
