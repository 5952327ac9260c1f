/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the migration tests start from, and how they tell that a VF is well.
 */
#ifndef TESTS_VHCA_BENCH_H
#define TESTS_VHCA_BENCH_H

#include "machine.h"
#include "objects.h"
#include "vhca.h"

/* Enough for an image of everything that the tests create. */
#define VHCA_BUF_BYTES  (1u << 20)

/* PFs with two VFs each, and a buffer for images on each. */
typedef struct VhcaBench {
    Machine *m;
    VhcaBuf buf[MACHINE_MAX_PFS];
} VhcaBench;

void vhca_bench_start(VhcaBench *b, void **state, unsigned pfs,
                      const char *props, uint32_t buf_bytes);

/* A VF that did some work: its queues are in the middle of a lap. */
Hca *vhca_busy_vf(VhcaBench *b, unsigned pf, unsigned vf, HcaObjects *o);

/* A NOP completes, once, with its event and its interrupt. */
void vhca_check_one_nop(Hca *hca, HcaObjects *o);

/* Everything the driver knew is there, works, and can be taken down. */
void vhca_check_objects(Hca *hca, HcaObjects *o);

/*
 * Stops a VF, moves its state to another and lets that run; the old one is
 * reset.  The image that the new one gives must be the one it was loaded
 * with, byte by byte.
 */
void vhca_move(VhcaBench *b, unsigned src_pf, unsigned src_vf,
               unsigned dst_pf, unsigned dst_vf, HcaObjects *o);

#endif
