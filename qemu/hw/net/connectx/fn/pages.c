/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the books of firmware pages
 */
#include "qemu/osdep.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "fn/pages.h"

void cx_pages_reset(ConnectXFunction *fn)
{
    g_array_set_size(fn->pages.pa, 0);
    fn->pages.wanted_boot = fn->dev->fw_pages;
    fn->pages.wanted_init = fn->dev->fw_pages;
    fn->pages.wanted_regular = fn->dev->fw_pages;
}

static void cx_pages_init(ConnectXFunction *fn)
{
    fn->pages.pa = g_array_new(false, true, sizeof(uint64_t));
    fn->host_pages = g_array_new(false, true, sizeof(uint64_t));
    cx_pages_reset(fn);
}

static void cx_pages_uninit(ConnectXFunction *fn)
{
    g_array_free(g_steal_pointer(&fn->pages.pa), true);
    g_array_free(g_steal_pointer(&fn->host_pages), true);
}

static const ConnectXParticipant cx_pages_part = {
    .name = "pages",
    .init = cx_pages_init,
    .uninit = cx_pages_uninit,
    .reset = cx_pages_reset,
};

void cx_pages_register(void)
{
    cx_fn_register(&cx_pages_part);
}
