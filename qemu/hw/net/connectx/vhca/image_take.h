/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the sections of a migration image, but for those of
 * objects, as they are taken apart
 */
#ifndef HW_NET_CONNECTX_IMAGE_TAKE_H
#define HW_NET_CONNECTX_IMAGE_TAKE_H

#include "base/status.h"
#include "base/types.h"
#include "fn/fn.h"
#include "vhca/image.h"

/* A part of an image that is being taken apart. */
typedef struct ConnectXImageCursor {
    const uint8_t *at;
    uint64_t left;
} ConnectXImageCursor;

/* The next len bytes; NULL if there are not as many. */
const void *cx_take(ConnectXImageCursor *cur, uint64_t len);

/* The state that an image describes, before it is that of any function. */
ConnectXFunction *cx_image_stage_new(ConnectXFunction *vf);
void cx_image_stage_free(ConnectXFunction *stage);

/*
 * Each reads a section's payload into stage. The function's own state goes to
 * *state: the stage itself is ENABLED while it is being filled. *type is which
 * capability page it was.
 */
ConnectXStatus cx_take_function(ConnectXFunction *stage,
                                ConnectXImageCursor *cur,
                                ConnectXFnState *state);
ConnectXStatus cx_take_cap(ConnectXFunction *stage, ConnectXImageCursor *cur,
                           uint32_t *type);
ConnectXStatus cx_take_vport(ConnectXFunction *stage,
                             ConnectXImageCursor *cur);
ConnectXStatus cx_take_pages(ConnectXFunction *stage,
                             ConnectXImageCursor *cur);
ConnectXStatus cx_take_latch(ConnectXFunction *stage,
                             ConnectXImageCursor *cur);
ConnectXStatus cx_take_moment(ConnectXFunction *stage,
                              ConnectXImageCursor *cur,
                              ConnectXImageMoment *moment);

#endif /* HW_NET_CONNECTX_IMAGE_TAKE_H */
