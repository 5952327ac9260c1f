/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the sections of a migration image, but for those of
 * objects, as they are taken apart
 *
 * An image comes from another machine and is trusted in nothing: each section
 * is checked in full against what the VF can be.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "fn/caps.h"
#include "fn/latch.h"
#include "obj/obj.h"
#include "switch/vport.h"
#include "vhca/image_take.h"

#define CX_STAGE_ISSI_MAX       1
#define CX_STAGE_NIC_IF_MAX     7

const void *cx_take(ConnectXImageCursor *cur, uint64_t len)
{
    const void *at = cur->at;

    if (len > cur->left) {
        return NULL;
    }
    cur->at += len;
    cur->left -= len;
    return at;
}

ConnectXStatus cx_image_bad(const ConnectXFunction *fn, const char *what)
{
    cx_guest_error(fn, "image refused: %s", what);
    return CX_BAD_PARAM;
}

ConnectXFunction *cx_image_stage_new(ConnectXFunction *vf)
{
    ConnectXFunction *stage = g_new0(ConnectXFunction, 1);

    stage->pci = vf->pci;
    stage->dev = vf->dev;
    stage->guest_errors = vf->guest_errors;
    stage->is_vf = vf->is_vf;
    stage->number = vf->number;
    stage->vhca_id = vf->vhca_id;
    stage->nvectors = vf->nvectors;
    stage->vport = g_memdup2(vf->vport, sizeof(*vf->vport));
    stage->caps = cx_caps_copy(vf);
    stage->objs = cx_obj_store_new();
    stage->pages = cx_pages_new();
    stage->latch = g_array_new(false, false, sizeof(ConnectXLatch));
    return stage;
}

void cx_image_stage_free(ConnectXFunction *stage)
{
    if (!stage) {
        return;
    }
    cx_caps_free(stage->caps);
    cx_obj_store_free(stage->objs);
    cx_pages_free(stage->pages);
    g_array_unref(stage->latch);
    g_free(stage->vport);
    g_free(stage);
}

ConnectXStatus cx_take_function(ConnectXFunction *stage,
                                ConnectXImageCursor *cur,
                                ConnectXFnState *state)
{
    const ConnectXImageFunction *f = cx_take(cur, sizeof(*f));

    if (!f || f->reserved || f->reserved2 ||
        le32_to_cpu(f->state) > CX_FN_OPERATIONAL ||
        le16_to_cpu(f->issi) > CX_STAGE_ISSI_MAX ||
        f->nic_interface > CX_STAGE_NIC_IF_MAX ||
        le64_to_cpu(f->cmdq_addr) % CX_PAGE_SIZE ||
        (f->pending && !f->cmdq_addr)) {
        return cx_image_bad(stage, "function section");
    }
    *state = le32_to_cpu(f->state);
    stage->issi = le16_to_cpu(f->issi);
    stage->nic_interface = f->nic_interface;
    stage->cmdq_addr = le64_to_cpu(f->cmdq_addr);
    stage->cmdq_addr_h = le32_to_cpu(f->cmdq_addr_h);
    stage->pending = le32_to_cpu(f->pending);
    memcpy(stage->sw_owner_id, f->sw_owner_id, sizeof(f->sw_owner_id));
    for (int i = 0; i < ARRAY_SIZE(f->flow_root); i++) {
        stage->flow_root[i] = le32_to_cpu(f->flow_root[i]);
    }
    return CX_OK;
}

ConnectXStatus cx_take_cap(ConnectXFunction *stage, ConnectXImageCursor *cur,
                           uint32_t *type_out)
{
    const ConnectXImageCap *head = cx_take(cur, sizeof(*head));
    uint8_t page[CX_CAP_PAGE_SIZE] = {};
    uint32_t type, n, index = 0;
    const uint8_t *own;
    ConnectXStatus status;

    if (!head) {
        return cx_image_bad(stage, "capability section");
    }
    type = le32_to_cpu(head->type);
    n = le32_to_cpu(head->n);
    own = cx_caps_cur(stage, type);
    if (!own || n > CX_CAP_PAGE_SIZE / 4) {
        return cx_image_bad(stage, "capability page that the VF lacks");
    }
    *type_out = type;
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *pair = cx_take(cur, 8);
        uint32_t at = pair ? ldl_le_p(pair) : UINT32_MAX;

        if (at >= CX_CAP_PAGE_SIZE / 4 || (i && at <= index) ||
            !ldl_le_p(pair + 4)) {
            return cx_image_bad(stage, "capability word");
        }
        index = at;
        stl_be_p(page + at * 4, ldl_le_p(pair + 4));
    }
    cx_image_cap_identity(type, page, own);
    if (!memcmp(page, own, sizeof(page))) {
        return CX_OK;
    }
    /* What the driver was promised must be something that this VF offers. */
    status = cx_caps_set(stage, type, page, false);
    return status == CX_OK ? CX_OK :
           cx_image_bad(stage, "capabilities that the VF does not offer");
}

static bool cx_take_macs(ConnectXImageCursor *cur, ConnectXMacList *list,
                         uint32_t n)
{
    const uint8_t *macs;

    if (n > CX_MAC_LIST_MAX) {
        return false;
    }
    macs = cx_take(cur, n * sizeof(list->mac[0]));
    if (!macs) {
        return false;
    }
    memset(list, 0, sizeof(*list));
    list->n = n;
    memcpy(list->mac, macs, n * sizeof(list->mac[0]));
    return true;
}

ConnectXStatus cx_take_vport(ConnectXFunction *stage, ConnectXImageCursor *cur)
{
    const ConnectXImageVport *v = cx_take(cur, sizeof(*v));
    ConnectXVport *vport = stage->vport;

    if (!v || v->reserved || v->reserved2 ||
        (v->promisc_uc | v->promisc_mc | v->promisc_all | v->roce_en |
         v->disable_uc_lb | v->disable_mc_lb | v->port_up) & ~1 ||
        !cx_take_macs(cur, &vport->uc, le32_to_cpu(v->n_uc)) ||
        !cx_take_macs(cur, &vport->mc, le32_to_cpu(v->n_mc)) ||
        !cx_take_macs(cur, &vport->vlan, le32_to_cpu(v->n_vlan))) {
        return cx_image_bad(stage, "vport section");
    }
    vport->mtu = le16_to_cpu(v->mtu);
    vport->promisc_uc = v->promisc_uc;
    vport->promisc_mc = v->promisc_mc;
    vport->promisc_all = v->promisc_all;
    vport->roce_en = v->roce_en;
    vport->disable_uc_lb = v->disable_uc_lb;
    vport->disable_mc_lb = v->disable_mc_lb;
    vport->port_up = v->port_up;
    for (int cast = 0; cast < CX_CASTS; cast++) {
        for (int i = 0; i < CX_TALLIES; i++) {
            vport->rx[cast][i] = le64_to_cpu(v->rx[cast][i]);
            vport->tx[cast][i] = le64_to_cpu(v->tx[cast][i]);
        }
    }
    return CX_OK;
}

ConnectXStatus cx_take_pages(ConnectXFunction *stage, ConnectXImageCursor *cur)
{
    const ConnectXImagePages *head = cx_take(cur, sizeof(*head));
    ConnectXPages *pages = stage->pages;
    const uint8_t *pa;
    uint32_t n;

    n = head ? le32_to_cpu(head->n) : UINT32_MAX;
    pa = n <= CX_PAGES_MAX ? cx_take(cur, n * 8ULL) : NULL;
    if (!pa) {
        return cx_image_bad(stage, "pages section");
    }
    pages->wanted_boot = le32_to_cpu(head->wanted_boot);
    pages->wanted_init = le32_to_cpu(head->wanted_init);
    pages->wanted_regular = le32_to_cpu(head->wanted_regular);
    g_array_set_size(pages->pa, n);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t *addr = &g_array_index(pages->pa, uint64_t, i);

        *addr = ldq_le_p(pa + i * 8);
        if (*addr % CX_PAGE_SIZE) {
            return cx_image_bad(stage, "page address");
        }
    }
    return CX_OK;
}

ConnectXStatus cx_take_latch(ConnectXFunction *stage, ConnectXImageCursor *cur)
{
    g_array_set_size(stage->latch, 0);
    while (cur->left) {
        const ConnectXImageLatch *l = cx_take(cur, sizeof(*l));
        ConnectXLatch entry;

        if (!l || stage->latch->len >= CX_LATCH_MAX) {
            return cx_image_bad(stage, "latch section");
        }
        entry.offset = le32_to_cpu(l->offset);
        entry.size = le32_to_cpu(l->size);
        entry.value = le64_to_cpu(l->value);
        if (!is_power_of_2(entry.size) || entry.size > 8 ||
            entry.offset > CX_VF_BAR_SIZE - entry.size) {
            return cx_image_bad(stage, "latched write");
        }
        g_array_append_val(stage->latch, entry);
    }
    return CX_OK;
}

ConnectXStatus cx_take_moment(ConnectXFunction *stage,
                              ConnectXImageCursor *cur,
                              ConnectXImageMoment *moment)
{
    const ConnectXImageStop *stop = cx_take(cur, sizeof(*stop));

    if (!stop || stop->link_up & ~1 ||
        !buffer_is_zero(stop->reserved, sizeof(stop->reserved))) {
        return cx_image_bad(stage, "moment section");
    }
    moment->timer_ns = le64_to_cpu(stop->timer_ns);
    moment->link_up = stop->link_up;
    return CX_OK;
}
