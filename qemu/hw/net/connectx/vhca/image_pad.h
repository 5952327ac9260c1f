/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the padding of a migration image
 *
 * It is there to be moved and not worth keeping in memory: its content follows
 * from where in the padding it is.
 */
#ifndef HW_NET_CONNECTX_IMAGE_PAD_H
#define HW_NET_CONNECTX_IMAGE_PAD_H

/* len bytes of padding from offset on. */
void cx_image_pad_fill(uint64_t offset, uint8_t *buf, uint64_t len);
bool cx_image_pad_is_good(uint64_t offset, const uint8_t *buf, uint64_t len);

#endif /* HW_NET_CONNECTX_IMAGE_PAD_H */
