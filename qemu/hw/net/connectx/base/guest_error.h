/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what drivers do wrong
 *
 * A card mostly bears with it, and so does the model: a wrong doorbell is lost,
 * a wrong command refused. Here it is counted, so that a test can say that a
 * driver did nothing of the kind. What a test makes fail by a property is no
 * error of the guest.
 */
#ifndef HW_NET_CONNECTX_GUEST_ERROR_H
#define HW_NET_CONNECTX_GUEST_ERROR_H

/* Of a whole device, for as long as QEMU runs: no reset sets it back. */
typedef struct ConnectXGuestErrors {
    uint64_t total;
    uint64_t *count;            /* by function number */
    char *last;                 /* the newest one's text, or NULL */
} ConnectXGuestErrors;

/* Says what happened: no "connectx: fn N:" in front, no newline. */
#define cx_guest_error(fn, ...) \
    cx_guest_errors_add((fn)->guest_errors, (fn)->number, __VA_ARGS__)

void cx_guest_errors_init(ConnectXGuestErrors *errors, unsigned functions);
void cx_guest_errors_uninit(ConnectXGuestErrors *errors);
void cx_guest_errors_add(ConnectXGuestErrors *errors, uint16_t function,
                         const char *fmt, ...) G_GNUC_PRINTF(3, 4);

#endif /* HW_NET_CONNECTX_GUEST_ERROR_H */
