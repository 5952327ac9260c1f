/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: writing a migration image
 */
#ifndef HW_NET_CONNECTX_IMAGE_OUT_H
#define HW_NET_CONNECTX_IMAGE_OUT_H

#include "base/status.h"
#include "base/types.h"
#include "vhca/image.h"
#include "vhca/image_base.h"

/* A snapshot: written in slices, then handed out piece by piece. */
typedef struct ConnectXImageOut ConnectXImageOut;

/* Which image. */
typedef struct ConnectXImageSpec {
    /* The one before in its session, from which it is told; NULL: none. */
    const ConnectXImageBase *parent;
    uint64_t session;                   /* without parent; 0: alone */
    bool final;
    ConnectXImageMoment moment;         /* of a final one */
    uint64_t total_max;                 /* padding gives way to it */
} ConnectXImageSpec;

/* How long the image of fn, which may be a staged one, would be. */
uint64_t cx_image_out_total(const ConnectXFunction *fn,
                            const ConnectXImageSpec *spec);
/* Is fn another than it was in the image that base is of? */
bool cx_image_out_differs(const ConnectXFunction *fn,
                          const ConnectXImageBase *base);

/*
 * cx_image_out_begin - Begin an image of the state of fn.
 * Until cx_image_out_step() has answered CX_OK, fn's objects must stay what
 * they are: none may come, go or change its size. Caller frees.
 */
ConnectXImageOut *cx_image_out_begin(ConnectXFunction *fn,
                                     const ConnectXImageSpec *spec);
void cx_image_out_free(ConnectXImageOut *out);
/*
 * Writes on, some budget bytes. CX_ASYNC: there is more; CX_OK: the image is
 * written, and fn not needed any more; CX_INTERNAL: fn did change.
 */
ConnectXStatus cx_image_out_step(ConnectXImageOut *out, uint64_t budget);
bool cx_image_out_ready(const ConnectXImageOut *out);

/* Header, sections and padding; known from the beginning. */
uint64_t cx_image_out_len(const ConnectXImageOut *out);
/* What of it comes from the function's state. */
uint64_t cx_image_out_body_len(const ConnectXImageOut *out);
bool cx_image_out_final(const ConnectXImageOut *out);
/* Copies [offset, offset + len), which must lie inside the ready image. */
void cx_image_out_copy(const ConnectXImageOut *out, uint64_t offset,
                       uint8_t *buf, uint64_t len);
/*
 * From what the next one of the session is told, once this one is ready; NULL
 * if it is final or alone. out's own; take: the caller's.
 */
const ConnectXImageBase *cx_image_out_base(const ConnectXImageOut *out);
ConnectXImageBase *cx_image_out_take_base(ConnectXImageOut *out);

#endif /* HW_NET_CONNECTX_IMAGE_OUT_H */
