/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: what a delta is told from
 *
 * Objects have their log. The small sections are a few KiB in all: they are
 * compared as they are written, so that no change of them can be missed.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "fn/fn.h"
#include "obj/log.h"
#include "vhca/image_base.h"

static GByteArray *cx_small_of(const ConnectXFunction *fn)
{
    ConnectXImageWriter w = { .body = g_byte_array_new() };

    cx_put_small(&w, fn);
    return w.body;
}

ConnectXImageBase *cx_image_base_new(ConnectXFunction *fn, uint64_t session,
                                     uint32_t sequence)
{
    ConnectXImageBase *base = g_new0(ConnectXImageBase, 1);

    base->session = session;
    base->sequence = sequence;
    base->generation = cx_obj_log_cut(fn->objs);
    base->small = cx_small_of(fn);
    base->page_changes = fn->pages->changes;
    base->wanted_boot = fn->pages->wanted_boot;
    base->wanted_init = fn->pages->wanted_init;
    base->wanted_regular = fn->pages->wanted_regular;
    for (int kind = 0; kind < CX_OBJ_KINDS; kind++) {
        base->next_id[kind] = cx_obj_next_id(fn, kind);
    }
    return base;
}

void cx_image_base_free(ConnectXImageBase *base)
{
    if (base) {
        g_byte_array_unref(base->small);
        g_free(base);
    }
}

static uint32_t cx_section_len_at(const GByteArray *sections, guint at)
{
    uint32_t len = ldl_le_p(sections->data + at +
                            offsetof(ConnectXImageSection, len));

    return sizeof(ConnectXImageSection) + ROUND_UP(len, CX_IMAGE_ALIGN);
}

/* Both have the same sections in the same order: see cx_put_small(). */
void cx_put_small_changes(ConnectXImageWriter *w, const ConnectXFunction *fn,
                          const ConnectXImageBase *base)
{
    g_autoptr(GByteArray) small = cx_small_of(fn);
    guint at = 0, old_at = 0;

    while (at < small->len) {
        uint32_t len = cx_section_len_at(small, at);
        uint32_t old_len = cx_section_len_at(base->small, old_at);

        if (len != old_len ||
            memcmp(small->data + at, base->small->data + old_at, len)) {
            w->sections++;
            cx_put(w, small->data + at, len);
        }
        at += len;
        old_at += old_len;
    }
}

bool cx_image_base_pages_differ(const ConnectXImageBase *base,
                                const ConnectXPages *pages)
{
    return base->page_changes != pages->changes ||
           base->wanted_boot != pages->wanted_boot ||
           base->wanted_init != pages->wanted_init ||
           base->wanted_regular != pages->wanted_regular;
}
