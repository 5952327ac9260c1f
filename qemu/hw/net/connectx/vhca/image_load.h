/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: taking a migration image apart
 */
#ifndef HW_NET_CONNECTX_IMAGE_LOAD_H
#define HW_NET_CONNECTX_IMAGE_LOAD_H

#include "base/status.h"
#include "base/types.h"
#include "vhca/image.h"

typedef struct ConnectXImageLoad ConnectXImageLoad;

/*
 * cx_image_load_new - For a body whose checksums are right, which must stay.
 * All of it is checked in full against what vf can be. before: the state that a
 * delta changes, which is taken over; NULL: it is no delta. Caller frees.
 */
ConnectXImageLoad *cx_image_load_new(ConnectXFunction *vf,
                                     ConnectXFunction *before,
                                     const uint8_t *body, uint64_t len);
void cx_image_load_free(ConnectXImageLoad *load);
/*
 * Goes on, some budget bytes. CX_ASYNC: there is more; CX_BAD_PARAM, and a
 * line in the log: something is wrong with it.
 */
ConnectXStatus cx_image_load_step(ConnectXImageLoad *load, uint64_t budget);
/*
 * After CX_OK: the state that the body describes; the caller's from then on.
 * *moment is that of a final image, else all zero.
 */
ConnectXFunction *cx_image_load_take(ConnectXImageLoad *load,
                                     ConnectXImageMoment *moment);

#endif /* HW_NET_CONNECTX_IMAGE_LOAD_H */
