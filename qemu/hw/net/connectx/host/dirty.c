/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: which pages a function has written to
 *
 * Ranges may be as large as the address space, so bits are kept in blocks, made
 * when their first page is written to. What a guest maps where is its own
 * affair: bytes_max bounds what that can cost.
 */
#include "qemu/osdep.h"
#include "qemu/bitmap.h"
#include "qemu/queue.h"
#include "base/function.h"
#include "host/dirty.h"

/* Pages of a block, and what it takes with its node in the tree, about */
#define CX_BLOCK_PAGES      (1u << 15)
#define CX_BLOCK_BYTES      (CX_BLOCK_PAGES / 8 + 128)

typedef struct ConnectXDirtyBlock {
    uint64_t number;                    /* address / bytes of its pages */
    uint32_t count;                     /* of bits that are set, never 0 */
    unsigned long bits[BITS_TO_LONGS(CX_BLOCK_PAGES)];
} ConnectXDirtyBlock;

struct ConnectXDirty {
    ConnectXFunction *fn;
    ConnectXDirtyRange *ranges;
    uint32_t nr_ranges;
    uint8_t page_shift;
    uint64_t blocks_max;
    GTree *blocks;                      /* ConnectXDirtyBlock by number */
    ConnectXDirtyBlock *last;           /* the one marked last, or NULL */
    bool overflown;
    void (*overflow)(void *opaque);
    void *opaque;
    QLIST_ENTRY(ConnectXDirty) next;
};

static gint cx_block_compare(gconstpointer a, gconstpointer b, gpointer opaque)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static GTree *cx_dirty_new_blocks(void)
{
    return g_tree_new_full(cx_block_compare, NULL, NULL, g_free);
}

ConnectXDirty *cx_dirty_start(ConnectXFunction *fn,
                              const ConnectXDirtySetup *setup)
{
    ConnectXDirty *log = g_new0(ConnectXDirty, 1);

    log->fn = fn;
    log->ranges = g_memdup2(setup->ranges,
                            setup->nr_ranges * sizeof(*setup->ranges));
    log->nr_ranges = setup->nr_ranges;
    log->page_shift = setup->page_shift;
    log->blocks_max = setup->bytes_max / CX_BLOCK_BYTES;
    log->blocks = cx_dirty_new_blocks();
    log->overflow = setup->overflow;
    log->opaque = setup->opaque;
    QLIST_INSERT_HEAD(&fn->dirty, log, next);
    return log;
}

void cx_dirty_stop(ConnectXDirty *log)
{
    if (!log) {
        return;
    }
    QLIST_REMOVE(log, next);
    g_tree_destroy(log->blocks);
    g_free(log->ranges);
    g_free(log);
}

void cx_dirty_forget(ConnectXDirty *log)
{
    log->last = NULL;
    g_tree_destroy(log->blocks);
    log->blocks = cx_dirty_new_blocks();
}

bool cx_dirty_overflown(const ConnectXDirty *log)
{
    return log->overflown;
}

/* NULL when there can be no more of them. */
static ConnectXDirtyBlock *cx_dirty_block(ConnectXDirty *log, uint64_t number)
{
    ConnectXDirtyBlock *block = log->last;

    if (block && block->number == number) {
        return block;
    }
    block = g_tree_lookup(log->blocks, &number);
    if (!block) {
        if ((uint64_t)g_tree_nnodes(log->blocks) >= log->blocks_max) {
            return NULL;
        }
        block = g_new0(ConnectXDirtyBlock, 1);
        block->number = number;
        g_tree_insert(log->blocks, &block->number, block);
    }
    log->last = block;
    return block;
}

static void cx_dirty_mark_pages(ConnectXDirty *log, uint64_t first,
                                uint64_t last)
{
    for (uint64_t page = first; page <= last && !log->overflown; page++) {
        ConnectXDirtyBlock *block = cx_dirty_block(log, page / CX_BLOCK_PAGES);

        if (!block) {
            log->overflown = true;
            log->overflow(log->opaque);
        } else if (!test_and_set_bit(page % CX_BLOCK_PAGES, block->bits)) {
            block->count++;
        }
    }
}

void cx_dirty_mark(ConnectXFunction *fn, uint64_t addr, uint64_t len)
{
    uint64_t last = addr + len - 1;
    ConnectXDirty *log;

    if (!len || last < addr) {
        return;
    }
    QLIST_FOREACH(log, &fn->dirty, next) {
        for (uint32_t i = 0; i < log->nr_ranges; i++) {
            uint64_t start = MAX(addr, log->ranges[i].start);
            uint64_t end = MIN(last, log->ranges[i].start +
                                     log->ranges[i].len - 1);

            if (start <= end) {
                cx_dirty_mark_pages(log, start >> log->page_shift,
                                    end >> log->page_shift);
            }
        }
    }
}

typedef struct {
    uint64_t number;
    ConnectXDirtyBlock *best;
} ConnectXBlockSearch;

/* On the way down, the last number not below the one wanted is the next one. */
static gint cx_block_search(gconstpointer key, gconstpointer opaque)
{
    ConnectXBlockSearch *search = (void *)opaque;
    ConnectXDirtyBlock *block = container_of(key, ConnectXDirtyBlock, number);

    if (block->number < search->number) {
        return 1;
    }
    search->best = block;
    return block->number == search->number ? 0 : -1;
}

/* The first block with that number or a higher one. */
static ConnectXDirtyBlock *cx_dirty_block_from(ConnectXDirty *log,
                                               uint64_t number)
{
    ConnectXBlockSearch search = { .number = number };

    g_tree_search(log->blocks, cx_block_search, &search);
    return search.best;
}

/* The first page from *page up to end; sets *page to end if there is none. */
static ConnectXDirtyBlock *cx_dirty_find(ConnectXDirty *log, uint64_t *page,
                                         uint64_t end)
{
    while (*page < end) {
        ConnectXDirtyBlock *block =
            cx_dirty_block_from(log, *page / CX_BLOCK_PAGES);
        uint64_t base, at;

        if (!block) {
            break;
        }
        base = block->number * CX_BLOCK_PAGES;
        at = find_next_bit(block->bits, CX_BLOCK_PAGES,
                           MAX(*page, base) - base);
        *page = base + at;
        if (at < CX_BLOCK_PAGES && *page < end) {
            return block;
        }
    }
    *page = end;
    return NULL;
}

static void cx_dirty_clear(ConnectXDirty *log, ConnectXDirtyBlock *block,
                           uint64_t page)
{
    clear_bit(page % CX_BLOCK_PAGES, block->bits);
    if (--block->count) {
        return;
    }
    if (log->last == block) {
        log->last = NULL;
    }
    g_tree_remove(log->blocks, &block->number);
}

uint32_t cx_dirty_take(ConnectXDirty *log, uint64_t *from, uint64_t end,
                       uint64_t *pages, uint32_t n)
{
    uint64_t page = *from >> log->page_shift;
    uint64_t end_page = end >> log->page_shift;
    ConnectXDirtyBlock *block;
    uint32_t taken = 0;

    while ((block = cx_dirty_find(log, &page, end_page)) && taken < n) {
        pages[taken++] = page << log->page_shift;
        cx_dirty_clear(log, block, page++);
    }
    *from = block ? page << log->page_shift : end;
    return taken;
}
