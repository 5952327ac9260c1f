/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: writing a migration image
 *
 * All sections but the objects' are written when the image is begun; objects
 * come in slices, as there may be very many, each with the state that it has
 * then. Sizes are known before anything is written.
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qemu/bswap.h"
#include "qemu/crc32c.h"
#include "base/ifc.h"
#include "fn/caps.h"
#include "fn/fn.h"
#include "fn/latch.h"
#include "obj/obj.h"
#include "switch/vport.h"
#include "vhca/image_out.h"

typedef struct {
    GByteArray *body;
    uint32_t sections;
    guint section_at;                   /* offset of the open section */
} ConnectXImageWriter;

struct ConnectXImageOut {
    ConnectXImageWriter w;
    uint64_t body_len, total_len;       /* of the image when it is ready */
    uint32_t flags;
    /* Of what was written so far: behind the header, without the last XOR */
    uint32_t crc;
    guint summed;
    /* NULL when the image is ready; else what of which object comes next. */
    const ConnectXFunction *fn;
    int kind;
    uint64_t next_id;
    uint32_t next_pa;                   /* 0: nothing of it was written */
};

static void cx_put(ConnectXImageWriter *w, const void *data, size_t len)
{
    g_byte_array_append(w->body, data, len);
}

static void cx_put_align(ConnectXImageWriter *w)
{
    static const uint8_t zero[CX_IMAGE_ALIGN];

    cx_put(w, zero, -w->body->len % CX_IMAGE_ALIGN);
}

static void cx_section_begin(ConnectXImageWriter *w,
                             ConnectXImageSectionType type)
{
    ConnectXImageSection s = { .type = cpu_to_le32(type) };

    w->section_at = w->body->len;
    w->sections++;
    cx_put(w, &s, sizeof(s));
}

static void cx_section_end(ConnectXImageWriter *w)
{
    guint payload = w->section_at + sizeof(ConnectXImageSection);

    stl_le_p(w->body->data + w->section_at +
             offsetof(ConnectXImageSection, len), w->body->len - payload);
    cx_put_align(w);
}

static void cx_save_function(ConnectXImageWriter *w,
                             const ConnectXFunction *fn, uint64_t timer_ns)
{
    ConnectXImageFunction f = {
        .state = cpu_to_le32(fn->state),
        .issi = cpu_to_le16(fn->issi),
        .nic_interface = fn->nic_interface,
        .cmdq_addr = cpu_to_le64(fn->cmdq_addr),
        .cmdq_addr_h = cpu_to_le32(fn->cmdq_addr_h),
        /* Commands that did not end are run again: their input is in RAM. */
        .pending = cpu_to_le32(fn->pending | fn->inflight),
        .timer_ns = cpu_to_le64(timer_ns),
    };

    memcpy(f.sw_owner_id, fn->sw_owner_id, sizeof(f.sw_owner_id));
    for (int i = 0; i < ARRAY_SIZE(f.flow_root); i++) {
        f.flow_root[i] = cpu_to_le32(fn->flow_root[i]);
    }
    cx_section_begin(w, CX_SECTION_FUNCTION);
    cx_put(w, &f, sizeof(f));
    cx_section_end(w);
}

void cx_image_cap_identity(uint32_t type, uint8_t *page, const uint8_t *from)
{
    if (type == MLX5_SET_HCA_CAP_OP_MOD_GENERAL_DEVICE) {
        CX_SET(cmd_hca_cap, page, vhca_id,
               from ? CX_GET(cmd_hca_cap, from, vhca_id) : 0);
    } else if (type == MLX5_SET_HCA_CAP_OP_MOD_GENERAL_DEVICE2) {
        CX_SET(cmd_hca_cap_2, page, migratable,
               from ? CX_GET(cmd_hca_cap_2, from, migratable) : 0);
    }
}

static void cx_save_cap(ConnectXImageWriter *w, uint32_t type,
                        const uint8_t *cur)
{
    ConnectXImageCap head = { .type = cpu_to_le32(type) };
    uint8_t page[CX_CAP_PAGE_SIZE];
    uint32_t n = 0;
    guint head_at;

    memcpy(page, cur, sizeof(page));
    cx_image_cap_identity(type, page, NULL);
    cx_section_begin(w, CX_SECTION_CAP);
    head_at = w->body->len;
    cx_put(w, &head, sizeof(head));
    for (uint32_t i = 0; i < CX_CAP_PAGE_SIZE / 4; i++) {
        uint32_t val = ldl_be_p(page + i * 4);
        uint32_t pair[2] = { cpu_to_le32(i), cpu_to_le32(val) };

        if (val) {
            cx_put(w, pair, sizeof(pair));
            n++;
        }
    }
    stl_le_p(w->body->data + head_at + offsetof(ConnectXImageCap, n), n);
    cx_section_end(w);
}

static void cx_save_vport(ConnectXImageWriter *w, const ConnectXVport *vport,
                          bool link_up)
{
    ConnectXImageVport v = {
        .n_uc = cpu_to_le32(vport->uc.n),
        .n_mc = cpu_to_le32(vport->mc.n),
        .n_vlan = cpu_to_le32(vport->vlan.n),
        .mtu = cpu_to_le16(vport->mtu),
        .promisc_uc = vport->promisc_uc,
        .promisc_mc = vport->promisc_mc,
        .promisc_all = vport->promisc_all,
        .roce_en = vport->roce_en,
        .disable_uc_lb = vport->disable_uc_lb,
        .disable_mc_lb = vport->disable_mc_lb,
        .port_up = vport->port_up,
        .link_up = link_up,
    };

    for (int i = 0; i < 6; i++) {
        v.rx[i / 2][i % 2] = cpu_to_le64(vport->rx[i / 2][i % 2]);
        v.tx[i / 2][i % 2] = cpu_to_le64(vport->tx[i / 2][i % 2]);
    }
    cx_section_begin(w, CX_SECTION_VPORT);
    cx_put(w, &v, sizeof(v));
    cx_put(w, vport->uc.mac, vport->uc.n * sizeof(vport->uc.mac[0]));
    cx_put(w, vport->mc.mac, vport->mc.n * sizeof(vport->mc.mac[0]));
    cx_put(w, vport->vlan.mac, vport->vlan.n * sizeof(vport->vlan.mac[0]));
    cx_section_end(w);
}

static void cx_save_pages(ConnectXImageWriter *w, const ConnectXPages *pages)
{
    uint32_t n = pages->pa ? pages->pa->len : 0;
    ConnectXImagePages p = {
        .wanted_boot = cpu_to_le32(pages->wanted_boot),
        .wanted_init = cpu_to_le32(pages->wanted_init),
        .wanted_regular = cpu_to_le32(pages->wanted_regular),
        .n = cpu_to_le32(n),
    };
    guint at;

    cx_section_begin(w, CX_SECTION_PAGES);
    cx_put(w, &p, sizeof(p));
    at = w->body->len;
    g_byte_array_set_size(w->body, at + n * 8);
    for (uint32_t i = 0; i < n; i++) {
        stq_le_p(w->body->data + at + i * 8,
                 g_array_index(pages->pa, uint64_t, i));
    }
    cx_section_end(w);
}

static void cx_save_latch(ConnectXImageWriter *w, const GArray *latch)
{
    cx_section_begin(w, CX_SECTION_LATCH);
    for (guint i = 0; latch && i < latch->len; i++) {
        const ConnectXLatch *from = &g_array_index(latch, ConnectXLatch, i);
        ConnectXImageLatch l = {
            .offset = cpu_to_le32(from->offset),
            .size = cpu_to_le32(from->size),
            .value = cpu_to_le64(from->value),
        };

        cx_put(w, &l, sizeof(l));
    }
    cx_section_end(w);
}

static void cx_save_obj_head(ConnectXImageWriter *w, const ConnectXObj *obj)
{
    ConnectXImageObj o = {
        .id = cpu_to_le64(obj->id),
        .in_len = cpu_to_le32(obj->in_len),
        .npas = cpu_to_le32(obj->npas),
        .pi = cpu_to_le32(obj->run.pi),
        .ci = cpu_to_le32(obj->run.ci),
        .state = obj->run.state,
        .armed = obj->run.armed,
        .solicited = obj->run.solicited,
        .dead = obj->run.dead,
        .count[0] = cpu_to_le64(obj->run.count[0]),
        .count[1] = cpu_to_le64(obj->run.count[1]),
    };

    cx_put(w, &o, sizeof(o));
    cx_put(w, obj->in, obj->in_len);
    cx_put_align(w);
}

static uint64_t cx_objects_payload(const ConnectXFunction *fn, int kind)
{
    return sizeof(ConnectXImageObjects) + cx_obj_kind_bytes(fn, kind) +
           cx_obj_count(fn, kind) * sizeof(ConnectXImageObj);
}

/* The section's length is known: what is in it may be summed as it comes. */
static void cx_objects_begin(ConnectXImageWriter *w,
                             const ConnectXFunction *fn, int kind)
{
    ConnectXImageSection s = {
        .type = cpu_to_le32(CX_SECTION_OBJECTS),
        .len = cpu_to_le32(cx_objects_payload(fn, kind)),
    };
    ConnectXImageObjects head = {
        .n = cpu_to_le32(cx_obj_count(fn, kind)),
        .next_id = cpu_to_le32(cx_obj_next_id(fn, kind)),
    };

    g_strlcpy((char *)head.name, cx_obj_type(kind)->name, sizeof(head.name));
    w->sections++;
    cx_put(w, &s, sizeof(s));
    cx_put(w, &head, sizeof(head));
}

/* All but pages and objects, both of which may be many. */
static void cx_save_small(ConnectXImageWriter *w, const ConnectXFunction *fn,
                          const ConnectXImageMoment *moment)
{
    cx_save_function(w, fn, moment->timer_ns);
    for (uint32_t type = 0; type < CX_CAP_TYPES; type++) {
        const uint8_t *cur = cx_caps_cur(fn, type);

        if (cur) {
            cx_save_cap(w, type, cur);
        }
    }
    cx_save_vport(w, fn->vport, moment->link_up);
    cx_save_latch(w, fn->latch);
}

/* Header and sections. */
static uint64_t cx_body_len(const ConnectXFunction *fn)
{
    static const ConnectXImageMoment any_moment;
    ConnectXImageWriter w = { .body = g_byte_array_new() };
    uint64_t len = sizeof(ConnectXImageHeader);

    cx_save_small(&w, fn, &any_moment);
    len += w.body->len;
    g_byte_array_unref(w.body);
    len += sizeof(ConnectXImageSection) + sizeof(ConnectXImagePages) +
           (fn->pages.pa ? fn->pages.pa->len * 8ull : 0);
    for (int kind = 0; kind < CX_OBJ_KINDS; kind++) {
        if (cx_obj_type(kind)->saved) {
            len += sizeof(ConnectXImageSection) + cx_objects_payload(fn, kind);
        }
    }
    return len;
}

static uint64_t cx_total_len(const ConnectXFunction *fn, uint64_t body_len)
{
    uint64_t room = CX_IMAGE_TOTAL_MAX - body_len;

    return body_len + MIN(QEMU_ALIGN_DOWN(room, CX_IMAGE_ALIGN),
                          ROUND_UP(MIN(fn->dev->image_pad, CX_IMAGE_TOTAL_MAX),
                                   CX_IMAGE_ALIGN));
}

uint64_t cx_image_out_total(const ConnectXFunction *fn)
{
    return cx_total_len(fn, cx_body_len(fn));
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
    };

    h.header_crc = cpu_to_le32(crc32c(UINT32_MAX, (uint8_t *)&h,
                                      offsetof(ConnectXImageHeader,
                                               header_crc)));
    memcpy(out->w.body->data, &h, sizeof(h));
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
                           uint64_t budget)
{
    uint32_t n = MIN(obj->npas - out->next_pa, budget / 8);
    guint at;

    if (!out->next_pa) {
        cx_save_obj_head(&out->w, obj);
    }
    at = out->w.body->len;
    g_byte_array_set_size(out->w.body, at + n * 8);
    for (uint32_t i = 0; i < n; i++) {
        stq_le_p(out->w.body->data + at + i * 8, obj->pas[out->next_pa + i]);
    }
    out->next_pa += n;
    if (out->next_pa == obj->npas) {
        out->next_pa = 0;
        out->next_id = obj->id + 1;
    }
    return CX_OBJ_OVERHEAD_BYTES + obj->in_len + n * 8;
}

/* Opens the next kind's section, if there is one. */
static void cx_out_next_kind(ConnectXImageOut *out)
{
    do {
        if (++out->kind == CX_OBJ_KINDS) {
            return;
        }
    } while (!cx_obj_type(out->kind)->saved);
    out->next_id = 0;
    cx_objects_begin(&out->w, out->fn, out->kind);
}

ConnectXImageOut *cx_image_out_begin(const ConnectXFunction *fn, uint32_t flags,
                                     const ConnectXImageMoment *moment)
{
    static const ConnectXImageHeader no_header;
    ConnectXImageOut *out = g_new0(ConnectXImageOut, 1);

    out->fn = fn;
    out->flags = flags;
    out->body_len = cx_body_len(fn);
    out->total_len = cx_total_len(fn, out->body_len);
    out->w.body = g_byte_array_new();
    out->crc = UINT32_MAX;
    out->summed = sizeof(no_header);
    out->kind = -1;
    cx_put(&out->w, &no_header, sizeof(no_header));
    cx_save_small(&out->w, fn, moment);
    cx_save_pages(&out->w, &fn->pages);
    cx_out_next_kind(out);
    return out;
}

ConnectXStatus cx_image_out_step(ConnectXImageOut *out, uint64_t budget)
{
    bool behind = out->summed < out->w.body->len;
    uint64_t spent = 0;

    while (!behind && spent < budget && out->kind < CX_OBJ_KINDS) {
        ConnectXObj *obj = cx_obj_from(out->fn, out->kind, out->next_id);

        if (obj) {
            spent += cx_out_obj(out, obj, budget);
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

void cx_image_out_free(ConnectXImageOut *out)
{
    if (out) {
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
    /* A piece may start or end in the middle of a word. */
    for (uint64_t pad = offset - out->body_len; len;) {
        uint64_t word = cpu_to_le64(cx_image_pad_word(pad));
        unsigned skip = pad % 8;
        uint64_t part = MIN(len, 8 - skip);

        memcpy(buf, (uint8_t *)&word + skip, part);
        buf += part;
        pad += part;
        len -= part;
    }
}
