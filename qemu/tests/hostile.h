/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a hostile guest does to a PF and its VFs. Each step is a matter of luck;
 * the device may refuse or lose all of it.
 */
#ifndef TESTS_HOSTILE_H
#define TESTS_HOSTILE_H

#include "image-spots.h"
#include "machine.h"
#include "objects.h"
#include "rdma-bench.h"
#include "vhca.h"

#define HOSTILE_VFS                 3
#define HOSTILE_FUNCTIONS           (1 + HOSTILE_VFS)
#define HOSTILE_KEPT_COMMANDS       512
#define HOSTILE_MAX_COMMAND_BYTES   4400
#define HOSTILE_IMAGE_BYTES         (1u << 20)
#define HOSTILE_BAR_BYTES           0x20000

/* A command that the device took, with which others begin. */
typedef struct HostileKept {
    uint32_t in_len, out_len;
    uint8_t in[HOSTILE_MAX_COMMAND_BYTES];
} HostileKept;

typedef struct Hostile {
    Machine *m;
    Hca *hca[HOSTILE_FUNCTIONS];
    HcaObjects o[HOSTILE_FUNCTIONS];
    RdmaBench rdma;                     /* between VFs 1 and 2 */
    uint16_t id[HOSTILE_FUNCTIONS], uid[HOSTILE_FUNCTIONS];
    VhcaBuf buf;
    ImageSpots right;                   /* an image of a VF */
    uint64_t payload;
    unsigned nr_kept;
    HostileKept kept[HOSTILE_KEPT_COMMANDS];
} Hostile;

/* A number that means something to function n, or not */
uint32_t hostile_word(const Hostile *h, unsigned n);

/* Between these all that hca.h's helpers send is kept for later. */
void hostile_keep_begin(Hostile *h);
void hostile_keep_end(Hostile *h);

/* Steps with commands, hostile-command.c */
/* A right command, of any function, with a few words of it wrong, to one */
void hostile_mutated_command(Hostile *h, unsigned n);
void hostile_random_command(Hostile *h);
void hostile_vhca_command(Hostile *h, uint16_t opcode, unsigned op_mod);
void hostile_damaged_image(Hostile *h);
/* A VF gets a whole image, right or damaged, and goes on with it, or not. */
void hostile_move_in(Hostile *h);
/* A command that nobody waits for: most are done when the doorbell is rung. */
void hostile_tell(Hostile *h, unsigned n, const void *in, uint32_t in_len);

/* Steps with queues, hostile-work.c */
void hostile_doorbell(Hostile *h);
/* Something to send and room to receive it, or nearly */
void hostile_work(Hostile *h);
/* A request of a queue pair's, mostly a right one, and room at its peer */
void hostile_converse(Hostile *h);

#endif
