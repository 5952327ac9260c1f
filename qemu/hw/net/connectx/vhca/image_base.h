/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what a delta is told from
 */
#ifndef HW_NET_CONNECTX_IMAGE_BASE_H
#define HW_NET_CONNECTX_IMAGE_BASE_H

#include "base/types.h"
#include "vhca/image.h"
#include "vhca/image_put.h"

/*
 * What is remembered of an image that was handed out: its place in the session,
 * the generation of objects that it ends, and what of the rest it said.
 */
typedef struct ConnectXImageBase {
    uint64_t session;
    uint32_t sequence;
    uint32_t crc;                       /* of its header, when it is written */
    uint64_t generation;
    GByteArray *small;                  /* as cx_put_small() writes it */
    uint64_t page_changes;
    int32_t wanted_boot, wanted_init, wanted_regular;
    uint32_t next_id[CX_OBJ_KINDS];
} ConnectXImageBase;

/* Of an image of fn, which is being begun; ends the generation. */
ConnectXImageBase *cx_image_base_new(ConnectXFunction *fn, uint64_t session,
                                     uint32_t sequence);
void cx_image_base_free(ConnectXImageBase *base);
/* Writes those of fn's small sections that are not what they were. */
void cx_put_small_changes(ConnectXImageWriter *w, const ConnectXFunction *fn,
                          const ConnectXImageBase *base);
bool cx_image_base_pages_differ(const ConnectXImageBase *base,
                                const ConnectXPages *pages);

#endif /* HW_NET_CONNECTX_IMAGE_BASE_H */
