/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: writing a migration image
 *
 * A snapshot is taken in one go under the BQL, so it is consistent even if
 * the function runs on; only handing it out takes time.
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qemu/bswap.h"
#include "qemu/crc32c.h"
#include "base/ifc.h"
#include "fn/fn.h"
#include "fn/latch.h"
#include "obj/obj.h"
#include "vhca/image.h"

typedef struct {
    GByteArray *body;
    uint32_t sections;
    guint section_at;                   /* offset of the open section */
} ConnectXImageWriter;

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

    cx_section_begin(w, CX_SECTION_PAGES);
    cx_put(w, &p, sizeof(p));
    for (uint32_t i = 0; i < n; i++) {
        uint64_t pa = cpu_to_le64(g_array_index(pages->pa, uint64_t, i));

        cx_put(w, &pa, sizeof(pa));
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

static bool cx_save_obj(ConnectXObj *obj, void *opaque)
{
    ConnectXImageWriter *w = opaque;
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
    for (uint32_t i = 0; i < obj->npas; i++) {
        uint64_t pa = cpu_to_le64(obj->pas[i]);

        cx_put(w, &pa, sizeof(pa));
    }
    return false;
}

static void cx_save_objects(ConnectXImageWriter *w,
                            const ConnectXFunction *fn, ConnectXObjKind kind)
{
    ConnectXImageObjects head = {
        /* walking does not change it */
        .n = cpu_to_le32(cx_obj_count((ConnectXFunction *)fn, kind)),
        .next_id = cpu_to_le32(fn->objs.next_id[kind]),
    };

    g_strlcpy((char *)head.name, cx_obj_type(kind)->name, sizeof(head.name));
    cx_section_begin(w, CX_SECTION_OBJECTS);
    cx_put(w, &head, sizeof(head));
    cx_obj_foreach((ConnectXFunction *)fn, kind, cx_save_obj, w);
    cx_section_end(w);
}

static void cx_save_header(ConnectXImageWriter *w, uint32_t flags,
                           uint64_t total_len)
{
    ConnectXImageHeader h = {
        .magic = CX_IMAGE_MAGIC,
        .version = cpu_to_le32(CX_IMAGE_VERSION),
        .flags = cpu_to_le32(flags),
        .total_len = cpu_to_le64(total_len),
        .body_len = cpu_to_le64(w->body->len),
        .vendor_id = cpu_to_le16(CX_VENDOR_ID),
        .device_id = cpu_to_le16(CX_VF_DEVICE_ID),
        .sections = cpu_to_le32(w->sections),
    };

    h.sections_crc = cpu_to_le32(crc32c(UINT32_MAX,
                                        w->body->data + sizeof(h),
                                        w->body->len - sizeof(h)));
    h.header_crc = cpu_to_le32(crc32c(UINT32_MAX, (uint8_t *)&h,
                                      offsetof(ConnectXImageHeader,
                                               header_crc)));
    memcpy(w->body->data, &h, sizeof(h));
}

ConnectXImageOut *cx_image_snapshot(const ConnectXFunction *fn, uint32_t flags,
                                    const ConnectXImageMoment *moment)
{
    static const ConnectXImageHeader no_header;
    ConnectXImageWriter w = { .body = g_byte_array_new() };
    ConnectXImageOut *out;

    cx_put(&w, &no_header, sizeof(no_header));
    cx_save_function(&w, fn, moment->timer_ns);
    for (uint32_t type = 0; type < CX_CAP_TYPES; type++) {
        if (fn->caps.cur[type]) {
            cx_save_cap(&w, type, fn->caps.cur[type]);
        }
    }
    cx_save_vport(&w, &fn->vport, moment->link_up);
    cx_save_pages(&w, &fn->pages);
    cx_save_latch(&w, fn->latch);
    for (int kind = 0; kind < CX_OBJ_KINDS; kind++) {
        if (cx_obj_type(kind)->saved) {
            cx_save_objects(&w, fn, kind);
        }
    }

    out = g_new0(ConnectXImageOut, 1);
    out->body = w.body;
    out->total_len = w.body->len +
                     ROUND_UP(fn->dev->image_pad, CX_IMAGE_ALIGN);
    if (w.body->len > CX_IMAGE_BODY_MAX ||
        fn->dev->image_pad > CX_IMAGE_TOTAL_MAX ||
        out->total_len > CX_IMAGE_TOTAL_MAX) {
        cx_image_out_free(out);
        return NULL;
    }
    cx_save_header(&w, flags, out->total_len);
    return out;
}

void cx_image_out_free(ConnectXImageOut *out)
{
    if (out) {
        g_byte_array_unref(out->body);
        g_free(out);
    }
}

void cx_image_out_copy(const ConnectXImageOut *out, uint64_t offset,
                       uint8_t *buf, uint64_t len)
{
    assert(offset <= out->total_len && len <= out->total_len - offset);
    if (offset < out->body->len) {
        uint64_t part = MIN(len, out->body->len - offset);

        memcpy(buf, out->body->data + offset, part);
        buf += part;
        offset += part;
        len -= part;
    }
    /* A piece may start or end in the middle of a word. */
    for (uint64_t pad = offset - out->body->len; len;) {
        uint64_t word = cpu_to_le64(cx_image_pad_word(pad));
        unsigned skip = pad % 8;
        uint64_t part = MIN(len, 8 - skip);

        memcpy(buf, (uint8_t *)&word + skip, part);
        buf += part;
        pad += part;
        len -= part;
    }
}
