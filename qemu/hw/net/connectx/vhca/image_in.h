/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the stream of images that a VF is loaded with
 */
#ifndef HW_NET_CONNECTX_IMAGE_IN_H
#define HW_NET_CONNECTX_IMAGE_IN_H

#include "base/status.h"
#include "base/types.h"
#include "vhca/image.h"
#include "vhca/vhca.h"

/* Images on their way in, and what the complete ones make. */
typedef struct ConnectXImageIn ConnectXImageIn;

/* For images that are to become the state of vf, whose limits count. */
ConnectXImageIn *cx_image_in_new(ConnectXFunction *vf);
void cx_image_in_free(ConnectXImageIn *in);

/*
 * cx_image_in_feed - Take the next bytes of the stream; *used says how many.
 * It stops behind an image, which has to be worked on before the next one.
 */
ConnectXStatus cx_image_in_feed(ConnectXImageIn *in, const uint8_t *buf,
                                uint64_t len, uint64_t *used);
/*
 * Before the first bytes of a LOAD are fed: where they are a header of an image
 * that needs none before it, what is there of another is dropped.
 */
void cx_image_in_restart(ConnectXImageIn *in, const uint8_t *buf, uint64_t len);
/* An image is here in full and was not taken apart in full. */
bool cx_image_in_has_work(const ConnectXImageIn *in);
/*
 * Goes on with that, some budget bytes. CX_ASYNC: there is more. CX_OK: the
 * image was good and is staged, in place of the one before.
 */
ConnectXStatus cx_image_in_work(ConnectXImageIn *in, uint64_t budget);

/* True in the middle of an image. */
bool cx_image_in_partial(const ConnectXImageIn *in);
/* The last complete image says that none is to follow. */
bool cx_image_in_final(const ConnectXImageIn *in);
/* Why an image was refused, if there is more to tell than that it was. */
ConnectXVhcaSyndrome cx_image_in_syndrome(const ConnectXImageIn *in);
/* The staged state and when it was; NULL, moment as it was, without one. */
ConnectXFunction *cx_image_in_staged(const ConnectXImageIn *in,
                                     ConnectXImageMoment *moment);
/* Makes the staged state that of the VF. Cannot fail; nothing is staged then */
void cx_image_in_apply(ConnectXImageIn *in);

#endif /* HW_NET_CONNECTX_IMAGE_IN_H */
