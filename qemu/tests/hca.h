/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A miniature mlx5 driver: enough of one to speak to a function's command
 * interface, its event queues and its doorbells, with full control over what
 * is wrong about each command.
 *
 * Helpers named hca_must_*() fail the running test when the device refuses.
 */
#ifndef TESTS_HCA_H
#define TESTS_HCA_H

#include "pci.h"
#include "base/ifc.h"

#define HCA_SLOTS           32
#define HCA_PAGE_SLOT       31
#define HCA_PAGE_BYTES      4096
#define HCA_TIMEOUT_MS      60000       /* sanitizers on a busy machine */
#define HCA_INLINE_BYTES    16
#define HCA_CAP_BYTES       4096

/* What hca_exec() returns beside a command status of 0..0xff. */
enum {
    /* | delivery status: the command was not delivered */
    HCA_DELIVERY        = 0x100,
    /* the slot stayed in the device's hands */
    HCA_NO_ANSWER       = 0x200,
};

/* Command status values (PRM, "Command status"). */
enum {
    HCA_OK              = 0x00,
    HCA_BAD_OP          = 0x02,
    HCA_BAD_PARAM       = 0x03,
    HCA_BAD_SYS_STATE   = 0x04,
    HCA_BAD_RES         = 0x05,
    HCA_RES_BUSY        = 0x06,
    HCA_LIMITS          = 0x08,
    HCA_BAD_RES_STATE   = 0x09,
    HCA_BAD_INPUT_LEN   = 0x50,
    HCA_BAD_OUTPUT_LEN  = 0x51,
};

/* Opcodes, as mlx5_ifc.h numbers them but without its long names. */
#define OP(name)            MLX5_CMD_OP_##name

/* Events. */
enum {
    HCA_EV_COMP             = 0x00,
    HCA_EV_CQ_ERROR         = 0x04,
    HCA_EV_WQ_CATAS         = 0x05,
    HCA_EV_PORT_CHANGE      = 0x09,
    HCA_EV_CMD              = 0x0a,
    HCA_EV_PAGE_REQUEST     = 0x0b,
    HCA_EV_NIC_VPORT_CHANGE = 0x0d,
    HCA_EV_OBJECT_CHANGE    = 0x27,
};

/* How a command is built; all zero is a correct one. */
typedef struct HcaCmdOpts {
    /* Lengths told to the device, when not what the buffers have. */
    bool set_in_len, set_out_len;
    uint32_t in_len, out_len;
    bool bad_in_token, bad_out_token, bad_block_number;
    /* The chain ends after this many input or output blocks, if nonzero. */
    unsigned cut_in_chain, cut_out_chain;
    bool loop_in_chain, loop_out_chain;
    /* First mailbox pointers to use as they are. */
    bool set_in_ptr, set_out_ptr;
    uint64_t in_ptr, out_ptr;
    uint8_t type;
    bool set_type;
} HcaCmdOpts;

typedef struct HcaSlot {
    uint64_t in_mbox, out_mbox;
    unsigned in_blocks, out_blocks;
    uint32_t out_len;
} HcaSlot;

typedef struct HcaEq {
    struct Hca *hca;
    uint32_t eqn;
    unsigned log_size;
    uint64_t buf;
    uint32_t ci;
    unsigned vector;
} HcaEq;

#define HCA_UID_SHARED      0xffff      /* the driver's, for all contexts */

typedef struct Hca {
    Qtest *q;
    PciFn fn;
    uint64_t cmdq;
    uint8_t token;
    uint32_t syndrome;
    uint32_t uar;
    uint16_t uid;                       /* of all commands, unless 0 */
    /* Pages that the firmware was given at boot [0] and initialization [1]. */
    uint64_t fw_pages[2];
    uint32_t nr_fw_pages[2];
    HcaSlot slot[HCA_SLOTS];
} Hca;

/* Takes the function over; nothing is sent to it. */
void hca_attach(Hca *hca, const PciFn *fn);
/*
 * Boot handshake: waits for the firmware, checks what it says of itself and
 * gives it a command queue.
 */
void hca_must_boot(Hca *hca);
/*
 * ENABLE_HCA .. INIT_HCA as the kernel does it, with the pages that are asked
 * for in between, and one UAR.
 */
void hca_must_start(Hca *hca);
/* TEARDOWN_HCA and DISABLE_HCA. */
void hca_must_stop(Hca *hca);

/* Builds a command in a slot; the device does not know yet. */
void hca_prepare(Hca *hca, unsigned slot, const void *in, uint32_t in_len,
                 uint32_t out_len, const HcaCmdOpts *opts);
void hca_ring(Hca *hca, uint32_t slots);
/* True when the device gave the slot back. */
bool hca_done(Hca *hca, unsigned slot);
bool hca_wait_done(Hca *hca, unsigned slot);
/* Result of a finished slot: status, HCA_DELIVERY | n or HCA_NO_ANSWER. */
int hca_result(Hca *hca, unsigned slot, void *out, uint32_t out_len);

/* Told of each command that hca_exec() and what uses it send; NULL: nobody. */
extern void (*hca_on_command)(const void *in, uint32_t in_len,
                              uint32_t out_len);

/* Prepare, ring, wait and collect in slot 0. */
int hca_exec(Hca *hca, const void *in, uint32_t in_len, void *out,
             uint32_t out_len);
int hca_exec_opts(Hca *hca, const void *in, uint32_t in_len, void *out,
                  uint32_t out_len, const HcaCmdOpts *opts);

/* Commands whose whole input is a 16-byte header with a number in it. */
int hca_simple(Hca *hca, uint16_t opcode, uint16_t op_mod, uint32_t number);
void hca_must_simple(Hca *hca, uint16_t opcode, uint16_t op_mod,
                     uint32_t number);
/* The same, returning the number in the reply. */
uint32_t hca_must_alloc(Hca *hca, uint16_t opcode);
/* QUERY_HCA_CAP; @function 0 is the caller. Returns the status. */
int hca_query_cap(Hca *hca, uint16_t function, uint16_t type, bool max,
                  void *page);
int hca_set_cap(Hca *hca, uint16_t function, uint16_t type, const void *page);

/* QUERY_PAGES; @op_mod 1 boot, 2 initialization, 3 regular. */
int32_t hca_must_query_pages(Hca *hca, uint16_t op_mod);
/* MANAGE_PAGES: gives @n pages from @first on and claims to give @claim. */
int hca_give_pages(Hca *hca, uint64_t first, uint32_t n, uint32_t claim);

void hca_header(void *in, uint16_t opcode, uint16_t op_mod);

/* Event queues */
void hca_must_create_eq(Hca *hca, HcaEq *eq, uint64_t events,
                        unsigned log_size, unsigned vector);
void hca_must_destroy_eq(HcaEq *eq);
/* The next entry not consumed, or NULL; does not consume it. */
uint8_t *hca_eq_peek(HcaEq *eq);
bool hca_eq_wait(HcaEq *eq);
void hca_eq_pop(HcaEq *eq);
/* Tells the device what was consumed; arms the queue if asked to. */
void hca_eq_ring(HcaEq *eq, bool arm);

#endif
