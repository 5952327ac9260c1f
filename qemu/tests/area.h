/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An area of memory that VFs write to, what was in it before, and the pages
 * of it that a tracker told of
 */
#ifndef TESTS_AREA_H
#define TESTS_AREA_H

#include "machine.h"
#include "track.h"

#define AREA_PF         "pf0"
#define AREA_ON         "page-tracking=on"
#define AREA_PAGE       4096u
#define AREA_PAGES      4096u
#define AREA_BYTES      (AREA_PAGES * (uint64_t)AREA_PAGE)

typedef struct Area {
    Machine *m;
    TrackBench t;
    uint16_t vhca_id[2];                /* of the VFs that there are */
    uint64_t start;
    uint8_t *before;
    uint64_t *told;                     /* addresses, AREA_PAGES at most */
} Area;

/* A machine of one PF with these properties and two VFs, and its area. */
void area_start(Area *a, void **state, const char *props);
void area_end(Area *a);

/* A tracker of one VF over the whole area; returns its number. */
uint32_t area_track(Area *a, unsigned vf);
/* The PF is function 0. Which bytes are written @seed says. */
void area_write(Area *a, unsigned function, uint64_t start, uint64_t bytes,
                unsigned count, uint32_t seed);

/* Takes what is in it for what was there before. */
void area_remember(Area *a);
/* A report of the whole area into @told; returns how many pages it has. */
unsigned area_report(Area *a, uint32_t id);
/*
 * The @n pages told must be those whose memory is not what was remembered.
 * Returns @n.
 */
unsigned area_check(Area *a, unsigned n);

#endif
