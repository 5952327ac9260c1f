/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what drivers do wrong
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "base/guest_error.h"

void cx_guest_errors_init(ConnectXGuestErrors *errors, unsigned functions)
{
    errors->count = g_new0(uint64_t, functions);
}

void cx_guest_errors_uninit(ConnectXGuestErrors *errors)
{
    g_free(errors->count);
    g_free(errors->last);
    *errors = (ConnectXGuestErrors) { 0 };
}

void cx_guest_errors_add(ConnectXGuestErrors *errors, uint16_t function,
                         const char *fmt, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, fmt);
    what = g_strdup_vprintf(fmt, args);
    va_end(args);

    errors->total++;
    errors->count[function]++;
    g_free(errors->last);
    errors->last = g_strdup_printf("fn %u: %s", function, what);
    qemu_log_mask(LOG_GUEST_ERROR, "connectx: %s\n", errors->last);
}
