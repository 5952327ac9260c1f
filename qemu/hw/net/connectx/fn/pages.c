/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the books of firmware pages
 */
#include "qemu/osdep.h"
#include "base/guest_error.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "fn/pages.h"
#include "host/dma.h"

ConnectXPages *cx_pages_new(void)
{
    ConnectXPages *pages = g_new0(ConnectXPages, 1);

    pages->pa = g_array_new(false, false, sizeof(uint64_t));
    return pages;
}

void cx_pages_free(ConnectXPages *pages)
{
    g_array_unref(pages->pa);
    g_free(pages);
}

bool cx_pages_missing(const ConnectXFunction *fn)
{
    return fn->pages->wanted_boot > 0 || fn->pages->wanted_init > 0;
}

void cx_pages_ask_no_more(ConnectXFunction *fn)
{
    fn->pages->wanted_regular = 0;
}

void cx_pages_reset(ConnectXFunction *fn)
{
    g_array_set_size(fn->pages->pa, 0);
    fn->pages->changes++;
    fn->pages->wanted_boot = fn->dev->fw_pages;
    fn->pages->wanted_init = fn->dev->fw_pages;
    fn->pages->wanted_regular = fn->dev->fw_pages;
}

void cx_pages_reset_host(ConnectXFunction *fn)
{
    fn->host_pages->wanted = 0;
    fn->host_pages->late = false;
    g_array_set_size(fn->host_pages->pa, 0);
}

static void cx_pages_init(ConnectXFunction *fn)
{
    fn->pages = cx_pages_new();
    fn->host_pages = g_new0(ConnectXHostPages, 1);
    fn->host_pages->pa = g_array_new(false, false, sizeof(uint64_t));
    cx_pages_reset(fn);
}

static void cx_pages_uninit(ConnectXFunction *fn)
{
    g_clear_pointer(&fn->pages, cx_pages_free);
    g_array_unref(fn->host_pages->pa);
    g_clear_pointer(&fn->host_pages, g_free);
}

#define CX_PAGE_WORDS       (CX_PAGE_SIZE / sizeof(uint64_t))
#define CX_PAGE_USE_WORDS   8           /* one cache line */

/* Odd factors: no two words of a page are alike, nor of two pages. */
static void cx_pages_pattern(uint64_t pa, uint64_t *words, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        words[i] = cpu_to_le64((pa + i + 1) * 0x9e3779b97f4a7c15ull);
    }
}

bool cx_pages_fill(ConnectXFunction *by, uint64_t pa)
{
    uint64_t words[CX_PAGE_WORDS];

    cx_pages_pattern(pa, words, CX_PAGE_WORDS);
    return cx_dma_write(by, pa, words, sizeof(words));
}

/* The first n words of a page hold what they should. */
static bool cx_pages_compare(ConnectXFunction *by, uint64_t pa, unsigned n)
{
    uint64_t words[CX_PAGE_WORDS], found[CX_PAGE_WORDS];
    size_t bytes = n * sizeof(*words);

    cx_pages_pattern(pa, words, n);
    if (!cx_dma_read(by, pa, found, bytes)) {
        cx_guest_error(by, "firmware page 0x%" PRIx64 " is out of reach", pa);
        return false;
    }
    if (memcmp(words, found, bytes)) {
        cx_guest_error(by, "firmware page 0x%" PRIx64 " was written", pa);
        return false;
    }
    return true;
}

void cx_pages_check(ConnectXFunction *by, uint64_t pa)
{
    if (cx_fn_may_dma(by)) {
        cx_pages_compare(by, pa, CX_PAGE_WORDS);
    }
}

static void cx_pages_use_one(ConnectXFunction *by, const GArray *list,
                             uint32_t index)
{
    uint64_t words[CX_PAGE_USE_WORDS], pa;

    if (!list->len || !cx_fn_may_dma(by)) {
        return;
    }
    pa = g_array_index(list, uint64_t, index % list->len);
    cx_pages_compare(by, pa, CX_PAGE_USE_WORDS);
    cx_pages_pattern(pa, words, CX_PAGE_USE_WORDS);
    cx_dma_write(by, pa, words, sizeof(words));
}

void cx_pages_use(ConnectXFunction *fn)
{
    uint32_t index = fn->pages->next_use++;

    cx_pages_use_one(fn, fn->pages->pa, index);
    cx_pages_use_one(fn->dev->pf, fn->host_pages->pa, index);
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
