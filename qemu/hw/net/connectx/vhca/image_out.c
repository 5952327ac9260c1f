/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: writing a migration image
 *
 * All sections but the objects' are written when the image is begun; objects
 * come in slices, as there may be very many, each with the run that it has
 * then. Sizes are known before anything is written.
 *
 * Which objects a delta has, and which of them whole, is settled when it is
 * begun. What runs on meanwhile is of the next generation and comes again.
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qemu/bswap.h"
#include "qemu/crc32c.h"
#include "fn/fn.h"
#include "obj/log.h"
#include "obj/obj.h"
#include "vhca/image_out.h"
#include "vhca/image_pad.h"

/* How much there is of each kind of object. */
typedef struct {
    uint32_t n, gone;
    uint64_t bytes;                     /* behind their heads */
    bool listed;                        /* it has a section */
} ConnectXOutKind;

/* An object of a delta. */
typedef struct {
    const ConnectXObj *obj;
    bool whole;
} ConnectXOutChange;

struct ConnectXImageOut {
    ConnectXImageWriter w;
    uint64_t body_len, total_len;       /* of the image when it is ready */
    uint32_t flags, sequence, parent;
    uint64_t session;
    ConnectXImageBase *base;            /* of the next one */
    ConnectXOutKind kinds[CX_OBJ_KINDS];
    /* A delta's objects by kind, each kind's in the order of their changes. */
    ConnectXOutChange *changes;
    uint32_t next_change, last_change;  /* last: behind those of the kind */
    /* Of what was written so far: behind the header, without the last XOR */
    uint32_t crc;
    guint summed;
    /* NULL when the image is ready; else what of which object comes next. */
    const ConnectXFunction *fn;
    int kind;
    uint64_t next_id;
    uint32_t next_pa;                   /* 0: nothing of it was written */
};

static bool cx_out_is_delta(const ConnectXFunction *fn,
                            const ConnectXImageBase *parent)
{
    return parent && !cx_obj_log_all_new(fn->objs, parent->generation);
}

static void cx_out_count_change(ConnectXObj *obj, bool whole, void *opaque)
{
    ConnectXOutKind *kinds = opaque;

    if (cx_obj_type(obj->kind)->saved) {
        kinds[obj->kind].n++;
        kinds[obj->kind].bytes += whole ? cx_obj_bytes(obj->in_len, obj->npas)
                                        : 0;
    }
}

static void cx_out_count_loss(ConnectXObjKind kind, uint64_t id, void *opaque)
{
    ConnectXOutKind *kinds = opaque;

    kinds[kind].gone += cx_obj_type(kind)->saved;
}

/* parent: NULL for all that there is. */
static void cx_out_count(const ConnectXFunction *fn,
                         const ConnectXImageBase *parent,
                         ConnectXOutKind *kinds)
{
    memset(kinds, 0, CX_OBJ_KINDS * sizeof(*kinds));
    if (parent) {
        cx_obj_log_changes(fn->objs, parent->generation, cx_out_count_change,
                           kinds);
        cx_obj_log_losses(fn->objs, parent->generation, cx_out_count_loss,
                          kinds);
    }
    for (int kind = 0; kind < CX_OBJ_KINDS; kind++) {
        if (!cx_obj_type(kind)->saved) {
            continue;
        }
        if (!parent) {
            kinds[kind].n = cx_obj_count(fn, kind);
            kinds[kind].bytes = cx_obj_kind_bytes(fn, kind);
        }
        kinds[kind].listed = !parent || kinds[kind].n ||
                             parent->next_id[kind] != cx_obj_next_id(fn, kind);
    }
}

/* All sections but the objects' and those that say who is gone. */
static void cx_out_put_rest(ConnectXImageWriter *w, const ConnectXFunction *fn,
                            const ConnectXImageBase *parent)
{
    if (parent) {
        cx_put_small_changes(w, fn, parent);
    } else {
        cx_put_small(w, fn);
    }
}

static bool cx_out_has_pages(const ConnectXFunction *fn,
                             const ConnectXImageBase *parent)
{
    return !parent || cx_image_base_pages_differ(parent, fn->pages);
}

static uint64_t cx_kinds_len(const ConnectXOutKind *kinds)
{
    uint64_t len = 0;

    for (int kind = 0; kind < CX_OBJ_KINDS; kind++) {
        if (kinds[kind].listed) {
            len += cx_objects_section_len(kind, kinds[kind].n,
                                          kinds[kind].bytes);
        }
    }
    return len;
}

/* Header and sections, but for the moment of a final image. */
static uint64_t cx_body_len(const ConnectXFunction *fn,
                            const ConnectXImageBase *parent)
{
    ConnectXImageWriter w = { .body = g_byte_array_new() };
    ConnectXOutKind kinds[CX_OBJ_KINDS];
    uint64_t len = sizeof(ConnectXImageHeader);

    cx_out_put_rest(&w, fn, parent);
    len += w.body->len;
    g_byte_array_unref(w.body);
    if (cx_out_has_pages(fn, parent)) {
        len += cx_pages_section_len(fn->pages);
    }
    cx_out_count(fn, parent, kinds);
    for (int kind = 0; kind < CX_OBJ_KINDS; kind++) {
        len += kinds[kind].gone ? cx_gone_section_len(kinds[kind].gone) : 0;
    }
    return len + cx_kinds_len(kinds);
}

static uint64_t cx_total_len(const ConnectXFunction *fn, bool delta,
                             uint64_t body_len, uint64_t total_max)
{
    uint64_t pad = delta ? fn->dev->delta_pad : fn->dev->image_pad;
    uint64_t room = QEMU_ALIGN_DOWN(total_max - body_len, CX_IMAGE_ALIGN);

    return body_len + MIN(room, ROUND_UP(MIN(pad, room), CX_IMAGE_ALIGN));
}

uint64_t cx_image_out_total(const ConnectXFunction *fn,
                            const ConnectXImageSpec *spec)
{
    bool delta = cx_out_is_delta(fn, spec->parent);
    uint64_t len = cx_body_len(fn, delta ? spec->parent : NULL);

    if (spec->final) {
        len += sizeof(ConnectXImageSection) + sizeof(ConnectXImageStop);
    }
    return cx_total_len(fn, delta, len, spec->total_max);
}

bool cx_image_out_differs(const ConnectXFunction *fn,
                          const ConnectXImageBase *base)
{
    return !cx_out_is_delta(fn, base) ||
           cx_body_len(fn, base) > sizeof(ConnectXImageHeader);
}

static void cx_out_header(ConnectXImageOut *out)
{
    ConnectXImageHeader h = {
        .magic = CX_IMAGE_MAGIC,
        .version = cpu_to_le32(CX_IMAGE_VERSION),
        .flags = cpu_to_le32(out->flags),
        .total_len = cpu_to_le64(out->total_len),
        .body_len = cpu_to_le64(out->body_len),
        .vendor_id = cpu_to_le16(CX_VENDOR_ID),
        .device_id = cpu_to_le16(CX_VF_DEVICE_ID),
        .sections = cpu_to_le32(out->w.sections),
        .sections_crc = cpu_to_le32(out->crc ^ UINT32_MAX),
        .session = cpu_to_le64(out->session),
        .sequence = cpu_to_le32(out->sequence),
        .parent = cpu_to_le32(out->parent),
    };
    uint32_t crc = crc32c(UINT32_MAX, (uint8_t *)&h,
                          offsetof(ConnectXImageHeader, header_crc));

    h.header_crc = cpu_to_le32(crc);
    memcpy(out->w.body->data, &h, sizeof(h));
    if (out->base) {
        out->base->crc = crc;
    }
}

/* Sums what was written, but not more than budget bytes of it. */
static void cx_out_sum(ConnectXImageOut *out, uint64_t budget)
{
    guint len = MIN(out->w.body->len - out->summed, budget);

    out->crc = crc32c(out->crc, out->w.body->data + out->summed, len) ^
               UINT32_MAX;
    out->summed += len;
}

/* Writes obj, or what fits into the budget. Returns about what that costs. */
static uint64_t cx_out_obj(ConnectXImageOut *out, const ConnectXObj *obj,
                           bool whole, uint64_t budget)
{
    uint32_t npas = whole ? obj->npas : 0;
    uint32_t n = MIN(npas - out->next_pa, budget / 8);
    guint at;

    if (!out->next_pa) {
        cx_put_obj(&out->w, obj, whole);
    }
    at = out->w.body->len;
    g_byte_array_set_size(out->w.body, at + n * 8);
    for (uint32_t i = 0; i < n; i++) {
        stq_le_p(out->w.body->data + at + i * 8, obj->pas[out->next_pa + i]);
    }
    out->next_pa += n;
    if (out->next_pa == npas) {
        out->next_pa = 0;
        out->next_id = obj->id + 1;
        out->next_change++;
    }
    return CX_OBJ_OVERHEAD_BYTES + (whole ? obj->in_len : 0) + n * 8;
}

/* Opens the next kind's section, if there is one. */
static void cx_out_next_kind(ConnectXImageOut *out)
{
    const ConnectXOutKind *kind;

    do {
        if (++out->kind == CX_OBJ_KINDS) {
            return;
        }
        kind = &out->kinds[out->kind];
        out->last_change += kind->n;
    } while (!kind->listed);
    out->next_id = 0;
    cx_put_objects(&out->w, out->kind, kind->n, kind->bytes,
                   cx_obj_next_id(out->fn, out->kind));
}

/* The next object of the kind, and whether it is written whole. */
static const ConnectXObj *cx_out_next(const ConnectXImageOut *out, bool *whole)
{
    const ConnectXOutChange *change;

    if (!(out->flags & CX_IMAGE_DELTA)) {
        *whole = true;
        return cx_obj_from(out->fn, out->kind, out->next_id);
    }
    if (out->next_change == out->last_change) {
        return NULL;
    }
    change = &out->changes[out->next_change];
    *whole = change->whole;
    return change->obj;
}

typedef struct {
    ConnectXOutChange *changes;
    uint32_t next[CX_OBJ_KINDS];
} ConnectXOutSort;

static void cx_out_take_change(ConnectXObj *obj, bool whole, void *opaque)
{
    ConnectXOutSort *sort = opaque;

    if (cx_obj_type(obj->kind)->saved) {
        sort->changes[sort->next[obj->kind]++] = (ConnectXOutChange) {
            .obj = obj, .whole = whole,
        };
    }
}

static void cx_out_take_changes(ConnectXImageOut *out, uint64_t since)
{
    ConnectXOutSort sort = {};
    uint32_t n = 0;

    for (int kind = 0; kind < CX_OBJ_KINDS; kind++) {
        sort.next[kind] = n;
        n += out->kinds[kind].n;
    }
    sort.changes = out->changes = g_new(ConnectXOutChange, n);
    cx_obj_log_changes(out->fn->objs, since, cx_out_take_change, &sort);
}

typedef struct {
    ConnectXObjKind kind;
    uint64_t *ids;
    uint32_t n;
} ConnectXOutLosses;

static void cx_out_take_loss(ConnectXObjKind kind, uint64_t id, void *opaque)
{
    ConnectXOutLosses *losses = opaque;

    if (kind == losses->kind) {
        losses->ids[losses->n++] = id;
    }
}

/* Who is gone comes before the first object: numbers are used again. */
static void cx_out_put_losses(ConnectXImageOut *out, uint64_t since)
{
    for (int kind = 0; kind < CX_OBJ_KINDS; kind++) {
        ConnectXOutLosses losses = { .kind = kind };

        if (out->kinds[kind].gone) {
            losses.ids = g_new(uint64_t, out->kinds[kind].gone);
            cx_obj_log_losses(out->fn->objs, since, cx_out_take_loss,
                              &losses);
            cx_put_gone(&out->w, kind, losses.ids, losses.n);
            g_free(losses.ids);
        }
    }
}

/* All that is written at once. */
static void cx_out_put_begin(ConnectXImageOut *out,
                             const ConnectXImageSpec *spec)
{
    static const ConnectXImageHeader no_header;
    const ConnectXImageBase *parent = out->flags & CX_IMAGE_DELTA ?
                                      spec->parent : NULL;

    cx_put(&out->w, &no_header, sizeof(no_header));
    out->summed = sizeof(no_header);
    cx_out_put_rest(&out->w, out->fn, parent);
    if (cx_out_has_pages(out->fn, parent)) {
        cx_put_pages(&out->w, out->fn->pages);
    }
    if (spec->final) {
        cx_put_moment(&out->w, &spec->moment);
    }
    cx_out_count(out->fn, parent, out->kinds);
    if (parent) {
        cx_out_put_losses(out, parent->generation);
        cx_out_take_changes(out, parent->generation);
    }
}

ConnectXImageOut *cx_image_out_begin(ConnectXFunction *fn,
                                     const ConnectXImageSpec *spec)
{
    ConnectXImageOut *out = g_new0(ConnectXImageOut, 1);
    const ConnectXImageBase *parent = spec->parent;
    bool delta = cx_out_is_delta(fn, parent);

    out->fn = fn;
    out->flags = (spec->final ? CX_IMAGE_FINAL : 0) |
                 (delta ? CX_IMAGE_DELTA : 0);
    out->session = parent ? parent->session : spec->session;
    out->sequence = parent ? parent->sequence + 1 : 0;
    out->parent = parent ? parent->crc : 0;
    out->w.body = g_byte_array_new();
    out->crc = UINT32_MAX;
    cx_out_put_begin(out, spec);
    out->body_len = out->w.body->len + cx_kinds_len(out->kinds);
    out->total_len = cx_total_len(fn, delta, out->body_len, spec->total_max);
    out->kind = -1;
    cx_out_next_kind(out);
    if (out->session && !spec->final) {
        out->base = cx_image_base_new(fn, out->session, out->sequence);
    }
    return out;
}

ConnectXStatus cx_image_out_step(ConnectXImageOut *out, uint64_t budget)
{
    bool behind = out->summed < out->w.body->len;
    uint64_t spent = 0;

    while (!behind && spent < budget && out->kind < CX_OBJ_KINDS) {
        bool whole;
        const ConnectXObj *obj = cx_out_next(out, &whole);

        if (obj) {
            spent += cx_out_obj(out, obj, whole, budget);
        } else {
            cx_out_next_kind(out);
        }
    }
    cx_out_sum(out, budget);
    if (out->kind < CX_OBJ_KINDS || out->summed < out->w.body->len) {
        return CX_ASYNC;
    }
    cx_out_header(out);
    out->fn = NULL;
    return out->w.body->len == out->body_len ? CX_OK : CX_INTERNAL;
}

bool cx_image_out_ready(const ConnectXImageOut *out)
{
    return !out->fn;
}

uint64_t cx_image_out_len(const ConnectXImageOut *out)
{
    return out->total_len;
}

uint64_t cx_image_out_body_len(const ConnectXImageOut *out)
{
    return out->body_len;
}

bool cx_image_out_final(const ConnectXImageOut *out)
{
    return out->flags & CX_IMAGE_FINAL;
}

const ConnectXImageBase *cx_image_out_base(const ConnectXImageOut *out)
{
    return out->base;
}

ConnectXImageBase *cx_image_out_take_base(ConnectXImageOut *out)
{
    return g_steal_pointer(&out->base);
}

void cx_image_out_free(ConnectXImageOut *out)
{
    if (out) {
        cx_image_base_free(out->base);
        g_free(out->changes);
        g_byte_array_unref(out->w.body);
        g_free(out);
    }
}

void cx_image_out_copy(const ConnectXImageOut *out, uint64_t offset,
                       uint8_t *buf, uint64_t len)
{
    assert(offset <= out->total_len && len <= out->total_len - offset);
    if (offset < out->body_len) {
        uint64_t part = MIN(len, out->body_len - offset);

        memcpy(buf, out->w.body->data + offset, part);
        buf += part;
        offset += part;
        len -= part;
    }
    if (len) {
        cx_image_pad_fill(offset - out->body_len, buf, len);
    }
}
