/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the sections of a migration image, as they are written
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "base/ifc.h"
#include "fn/caps.h"
#include "fn/fn.h"
#include "fn/latch.h"
#include "switch/vport.h"
#include "vhca/image_put.h"

void cx_put(ConnectXImageWriter *w, const void *data, size_t len)
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

void cx_put_section(ConnectXImageWriter *w, ConnectXImageSectionType type,
                    const void *payload, uint32_t len)
{
    cx_section_begin(w, type);
    cx_put(w, payload, len);
    cx_section_end(w);
}

static void cx_save_function(ConnectXImageWriter *w,
                             const ConnectXFunction *fn)
{
    ConnectXImageFunction f = {
        .state = cpu_to_le32(fn->state),
        .issi = cpu_to_le16(fn->issi),
        .nic_interface = fn->nic_interface,
        .cmdq_addr = cpu_to_le64(fn->cmdq_addr),
        .cmdq_addr_h = cpu_to_le32(fn->cmdq_addr_h),
        /* Commands that did not end are run again: their input is in RAM. */
        .pending = cpu_to_le32(fn->pending | fn->inflight),
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

static void cx_save_vport(ConnectXImageWriter *w, const ConnectXVport *vport)
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
    };

    for (int cast = 0; cast < CX_CASTS; cast++) {
        for (int i = 0; i < CX_TALLIES; i++) {
            v.rx[cast][i] = cpu_to_le64(vport->rx[cast][i]);
            v.tx[cast][i] = cpu_to_le64(vport->tx[cast][i]);
        }
    }
    cx_section_begin(w, CX_SECTION_VPORT);
    cx_put(w, &v, sizeof(v));
    cx_put(w, vport->uc.mac, vport->uc.n * sizeof(vport->uc.mac[0]));
    cx_put(w, vport->mc.mac, vport->mc.n * sizeof(vport->mc.mac[0]));
    cx_put(w, vport->vlan.mac, vport->vlan.n * sizeof(vport->vlan.mac[0]));
    cx_section_end(w);
}

void cx_put_pages(ConnectXImageWriter *w, const ConnectXPages *pages)
{
    uint32_t n = pages->pa->len;
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

void cx_put_moment(ConnectXImageWriter *w, const ConnectXImageMoment *moment)
{
    ConnectXImageStop stop = {
        .timer_ns = cpu_to_le64(moment->timer_ns),
        .link_up = moment->link_up,
    };

    cx_put_section(w, CX_SECTION_MOMENT, &stop, sizeof(stop));
}

void cx_put_obj(ConnectXImageWriter *w, const ConnectXObj *obj, bool whole)
{
    ConnectXImageObj o = {
        .id = cpu_to_le64(obj->id),
        .in_len = cpu_to_le32(whole ? obj->in_len : 0),
        .npas = cpu_to_le32(whole ? obj->npas : 0),
        .pi = cpu_to_le32(obj->run.pi),
        .ci = cpu_to_le32(obj->run.ci),
        .state = obj->run.state,
        .armed = obj->run.armed,
        .solicited = obj->run.solicited,
        .dead = obj->run.dead,
        .what = cpu_to_le32(whole ? CX_IMAGE_OBJ_WHOLE : CX_IMAGE_OBJ_RUN),
        .count[0] = cpu_to_le64(obj->run.count[0]),
        .count[1] = cpu_to_le64(obj->run.count[1]),
    };

    cx_put(w, &o, sizeof(o));
    for (uint32_t i = 0; i < cx_obj_type(obj->kind)->more; i++) {
        uint64_t word = cpu_to_le64(obj->more[i]);

        cx_put(w, &word, sizeof(word));
    }
    if (whole) {
        cx_put(w, obj->in, obj->in_len);
        cx_put_align(w);
    }
}

static void cx_put_name(uint8_t name[CX_IMAGE_NAME_LEN], ConnectXObjKind kind)
{
    g_strlcpy((char *)name, cx_obj_type(kind)->name, CX_IMAGE_NAME_LEN);
}

void cx_put_objects(ConnectXImageWriter *w, ConnectXObjKind kind, uint32_t n,
                    uint64_t bytes, uint32_t next_id)
{
    ConnectXImageSection s = {
        .type = cpu_to_le32(CX_SECTION_OBJECTS),
        .len = cpu_to_le32(cx_objects_section_len(kind, n, bytes) -
                           sizeof(s)),
    };
    ConnectXImageObjects head = {
        .n = cpu_to_le32(n), .next_id = cpu_to_le32(next_id),
    };

    cx_put_name(head.name, kind);
    w->sections++;
    cx_put(w, &s, sizeof(s));
    cx_put(w, &head, sizeof(head));
}

void cx_put_gone(ConnectXImageWriter *w, ConnectXObjKind kind,
                 const uint64_t *ids, uint32_t n)
{
    ConnectXImageGone head = { .n = cpu_to_le32(n) };

    cx_put_name(head.name, kind);
    cx_section_begin(w, CX_SECTION_GONE);
    cx_put(w, &head, sizeof(head));
    for (uint32_t i = 0; i < n; i++) {
        uint64_t id = cpu_to_le64(ids[i]);

        cx_put(w, &id, sizeof(id));
    }
    cx_section_end(w);
}

void cx_put_small(ConnectXImageWriter *w, const ConnectXFunction *fn)
{
    cx_save_function(w, fn);
    for (uint32_t type = 0; type < CX_CAP_TYPES; type++) {
        const uint8_t *cur = cx_caps_cur(fn, type);

        if (cur) {
            cx_save_cap(w, type, cur);
        }
    }
    cx_save_vport(w, fn->vport);
    cx_save_latch(w, fn->latch);
}
