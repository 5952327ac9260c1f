/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VF that is saved while it runs, image after image, and another one that is
 * loaded with them.
 */
#ifndef TESTS_DELTA_BENCH_H
#define TESTS_DELTA_BENCH_H

#include "vhca-bench.h"

#define DELTA_IMAGES_MAX    24

/* Syndromes of LOAD and RESUME. */
enum {
    DELTA_GAP       = 0x10ad01,
    DELTA_REPEATED  = 0x10ad02,
    DELTA_FOREIGN   = 0x10ad03,
    DELTA_NOT_FINAL = 0x10ad04,
    DELTA_POISONED  = 0x10ad05,
};

typedef struct DeltaImage {
    uint8_t *data;
    uint32_t bytes;
} DeltaImage;

typedef struct DeltaBench {
    VhcaBench b;
    VhcaBuf *buf;
    Hca *pf, *vf;
    uint16_t from, to;
    HcaObjects o;
    DeltaImage image[DELTA_IMAGES_MAX];
    unsigned n;
} DeltaBench;

/* A busy VF 0, whose first image is taken, and VF 1, which is stopped. */
void delta_start(DeltaBench *d, void **state, const char *props);
/* The same of two VFs of a bench that there is. */
void delta_begin(DeltaBench *d, const VhcaBench *b, unsigned from, unsigned to);
void delta_end(DeltaBench *d);

/* What an incremental QUERY says. */
uint32_t delta_size(DeltaBench *d);
/* One SAVE, whose image is kept. */
DeltaImage *delta_save(DeltaBench *d, bool inc, bool track);
/* The next image of the running VF; in several pieces, none above room. */
DeltaImage *delta_must_save(DeltaBench *d);
/* Stops the VF and takes the final one. */
DeltaImage *delta_must_save_final(DeltaBench *d);
int delta_load(DeltaBench *d, const DeltaImage *image);
/* Loads all of them, one by one. */
void delta_must_load(DeltaBench *d);
/* What VF 1 was loaded with is what VF 0, which is stopped, is. */
void delta_check_equal(DeltaBench *d);
/* VF 1 goes on where VF 0 was, which is reset. */
Hca *delta_move(DeltaBench *d);
/* VF 1 as new, and stopped. */
void delta_renew(DeltaBench *d);
/* Frames on the wire and on the switch. */
void delta_traffic(DeltaBench *d);

#endif
