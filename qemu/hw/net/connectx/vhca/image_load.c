/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: taking a migration image apart
 *
 * An image comes from another machine and is trusted in nothing. It is taken
 * apart into a *stage*, a function of its own that no register and no command
 * reaches; only a stage in which every section, object and reference was found
 * good can become the state of a VF.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "base/guest_error.h"
#include "base/ifc.h"
#include "fn/caps.h"
#include "fn/fn.h"
#include "fn/latch.h"
#include "obj/obj.h"
#include "switch/flow.h"
#include "switch/vport.h"
#include "vhca/image_load.h"

#define CX_STAGE_ISSI_MAX       1
#define CX_STAGE_NIC_IF_MAX     7

/* A part of an image that is being taken apart. */
typedef struct {
    const uint8_t *at;
    uint64_t left;
} ConnectXImageCursor;

struct ConnectXImageLoad {
    ConnectXFunction *stage;
    /* Kept apart: the stage itself is ENABLED while it is being filled. */
    ConnectXFnState state;
    ConnectXImageMoment moment;
    uint32_t types_seen;
    uint64_t caps_seen;
    uint64_t kinds_seen;
    bool has_objects;
    /* What is left of the body, and of the section that is being read. */
    ConnectXImageCursor body, section;
    uint32_t sections;                  /* not begun */
    uint32_t objects;                   /* of the section, not read */
    ConnectXObjKind kind;
    /* Of an object with a long list that is being read; else NULL. */
    const ConnectXImageObj *obj;
    const uint8_t *obj_in;
    uint64_t *pas;
    uint32_t pas_done;
    /* When nothing is left to read: the next object to link. */
    bool linking;
    ConnectXObjKind link_kind;
    uint64_t link_id;
};

static const void *cx_take(ConnectXImageCursor *cur, uint64_t len)
{
    const void *at = cur->at;

    if (len > cur->left) {
        return NULL;
    }
    cur->at += len;
    cur->left -= len;
    return at;
}

static void cx_spend(uint64_t *budget, uint64_t cost)
{
    *budget -= MIN(*budget, cost);
}

ConnectXStatus cx_image_bad(const ConnectXFunction *fn, const char *what)
{
    cx_guest_error(fn, "image refused: %s", what);
    return CX_BAD_PARAM;
}

static ConnectXFunction *cx_stage_new(ConnectXFunction *vf)
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
    stage->pages.pa = g_array_new(false, false, sizeof(uint64_t));
    stage->latch = g_array_new(false, false, sizeof(ConnectXLatch));
    /* SET_HCA_CAP's rules, which the capabilities must obey, hold then. */
    stage->state = CX_FN_ENABLED;
    return stage;
}

void cx_image_stage_free(ConnectXFunction *stage)
{
    if (!stage) {
        return;
    }
    cx_caps_free(stage->caps);
    cx_obj_store_free(stage->objs);
    g_array_unref(stage->pages.pa);
    g_array_unref(stage->latch);
    g_free(stage->vport);
    g_free(stage);
}

static ConnectXStatus cx_load_function(ConnectXImageLoad *p,
                                       ConnectXImageCursor *cur)
{
    const ConnectXImageFunction *f = cx_take(cur, sizeof(*f));
    ConnectXFunction *stage = p->stage;

    if (!f || f->reserved ||
        le32_to_cpu(f->state) > CX_FN_OPERATIONAL ||
        le16_to_cpu(f->issi) > CX_STAGE_ISSI_MAX ||
        f->nic_interface > CX_STAGE_NIC_IF_MAX ||
        le64_to_cpu(f->cmdq_addr) % CX_PAGE_SIZE ||
        (f->pending && !f->cmdq_addr)) {
        return cx_image_bad(stage, "function section");
    }
    p->state = le32_to_cpu(f->state);
    stage->issi = le16_to_cpu(f->issi);
    stage->nic_interface = f->nic_interface;
    stage->cmdq_addr = le64_to_cpu(f->cmdq_addr);
    stage->cmdq_addr_h = le32_to_cpu(f->cmdq_addr_h);
    stage->pending = le32_to_cpu(f->pending);
    p->moment.timer_ns = le64_to_cpu(f->timer_ns);
    memcpy(stage->sw_owner_id, f->sw_owner_id, sizeof(f->sw_owner_id));
    for (int i = 0; i < ARRAY_SIZE(f->flow_root); i++) {
        stage->flow_root[i] = le32_to_cpu(f->flow_root[i]);
    }
    return CX_OK;
}

static ConnectXStatus cx_load_cap(ConnectXImageLoad *p,
                                  ConnectXImageCursor *cur)
{
    const ConnectXImageCap *head = cx_take(cur, sizeof(*head));
    uint8_t page[CX_CAP_PAGE_SIZE] = {};
    uint32_t type, n, index = 0;
    const uint8_t *own;
    ConnectXStatus status;

    if (!head) {
        return cx_image_bad(p->stage, "capability section");
    }
    type = le32_to_cpu(head->type);
    n = le32_to_cpu(head->n);
    own = cx_caps_cur(p->stage, type);
    if (!own || p->caps_seen & BIT_ULL(type) || n > CX_CAP_PAGE_SIZE / 4) {
        return cx_image_bad(p->stage, "capability page that the VF lacks");
    }
    p->caps_seen |= BIT_ULL(type);
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *pair = cx_take(cur, 8);
        uint32_t at = pair ? ldl_le_p(pair) : UINT32_MAX;

        if (at >= CX_CAP_PAGE_SIZE / 4 || (i && at <= index) ||
            !ldl_le_p(pair + 4)) {
            return cx_image_bad(p->stage, "capability word");
        }
        index = at;
        stl_be_p(page + at * 4, ldl_le_p(pair + 4));
    }
    cx_image_cap_identity(type, page, own);
    if (!memcmp(page, own, sizeof(page))) {
        return CX_OK;
    }
    /* What the driver was promised must be something that this VF offers. */
    status = cx_caps_set(p->stage, type, page, false);
    return status == CX_OK ? CX_OK :
           cx_image_bad(p->stage, "capabilities that the VF does not offer");
}

static bool cx_load_macs(ConnectXImageCursor *cur, ConnectXMacList *list,
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

static ConnectXStatus cx_load_vport(ConnectXImageLoad *p,
                                    ConnectXImageCursor *cur)
{
    const ConnectXImageVport *v = cx_take(cur, sizeof(*v));
    ConnectXVport *vport = p->stage->vport;

    if (!v || v->reserved ||
        (v->promisc_uc | v->promisc_mc | v->promisc_all | v->roce_en |
         v->disable_uc_lb | v->disable_mc_lb | v->port_up | v->link_up) & ~1 ||
        !cx_load_macs(cur, &vport->uc, le32_to_cpu(v->n_uc)) ||
        !cx_load_macs(cur, &vport->mc, le32_to_cpu(v->n_mc)) ||
        !cx_load_macs(cur, &vport->vlan, le32_to_cpu(v->n_vlan))) {
        return cx_image_bad(p->stage, "vport section");
    }
    vport->mtu = le16_to_cpu(v->mtu);
    vport->promisc_uc = v->promisc_uc;
    vport->promisc_mc = v->promisc_mc;
    vport->promisc_all = v->promisc_all;
    vport->roce_en = v->roce_en;
    vport->disable_uc_lb = v->disable_uc_lb;
    vport->disable_mc_lb = v->disable_mc_lb;
    vport->port_up = v->port_up;
    p->moment.link_up = v->link_up;
    for (int i = 0; i < 6; i++) {
        vport->rx[i / 2][i % 2] = le64_to_cpu(v->rx[i / 2][i % 2]);
        vport->tx[i / 2][i % 2] = le64_to_cpu(v->tx[i / 2][i % 2]);
    }
    return CX_OK;
}

static ConnectXStatus cx_load_pages(ConnectXImageLoad *p,
                                    ConnectXImageCursor *cur)
{
    const ConnectXImagePages *head = cx_take(cur, sizeof(*head));
    ConnectXPages *pages = &p->stage->pages;
    const uint8_t *pa;
    uint32_t n;

    n = head ? le32_to_cpu(head->n) : UINT32_MAX;
    pa = n <= CX_PAGES_MAX ? cx_take(cur, n * 8ULL) : NULL;
    if (!pa) {
        return cx_image_bad(p->stage, "pages section");
    }
    pages->wanted_boot = le32_to_cpu(head->wanted_boot);
    pages->wanted_init = le32_to_cpu(head->wanted_init);
    pages->wanted_regular = le32_to_cpu(head->wanted_regular);
    g_array_set_size(pages->pa, n);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t *addr = &g_array_index(pages->pa, uint64_t, i);

        *addr = ldq_le_p(pa + i * 8);
        if (*addr % CX_PAGE_SIZE) {
            return cx_image_bad(p->stage, "page address");
        }
    }
    return CX_OK;
}

static ConnectXStatus cx_load_latch(ConnectXImageLoad *p,
                                    ConnectXImageCursor *cur)
{
    while (cur->left) {
        const ConnectXImageLatch *l = cx_take(cur, sizeof(*l));
        ConnectXLatch entry;

        if (!l || p->stage->latch->len >= CX_LATCH_MAX) {
            return cx_image_bad(p->stage, "latch section");
        }
        entry.offset = le32_to_cpu(l->offset);
        entry.size = le32_to_cpu(l->size);
        entry.value = le64_to_cpu(l->value);
        if (!is_power_of_2(entry.size) || entry.size > 8 ||
            entry.offset > CX_VF_BAR_SIZE - entry.size) {
            return cx_image_bad(p->stage, "latched write");
        }
        g_array_append_val(p->stage->latch, entry);
    }
    return CX_OK;
}

static ConnectXStatus cx_load_obj_begin(ConnectXImageLoad *p)
{
    const ConnectXObjType *type = cx_obj_type(p->kind);
    const ConnectXImageObj *o = cx_take(&p->section, sizeof(*o));
    uint32_t in_len = o ? le32_to_cpu(o->in_len) : 0;
    uint32_t npas = o ? le32_to_cpu(o->npas) : 0;

    if (!o || in_len < type->in_len_min || in_len > type->in_len_max ||
        (npas && !type->has_pas) || o->reserved ||
        (o->armed | o->solicited | o->dead) & ~1) {
        return cx_image_bad(p->stage, type->name);
    }
    p->obj_in = cx_take(&p->section, ROUND_UP(in_len, CX_IMAGE_ALIGN));
    if (!p->obj_in || npas > p->section.left / 8) {
        return cx_image_bad(p->stage, type->name);
    }
    p->obj = o;
    p->pas = npas ? g_new(uint64_t, npas) : NULL;
    p->pas_done = 0;
    return CX_OK;
}

static ConnectXStatus cx_load_obj_end(ConnectXImageLoad *p)
{
    const ConnectXImageObj *o = g_steal_pointer(&p->obj);
    ConnectXStatus status;
    ConnectXObj *obj;

    status = cx_obj_insert(p->stage, p->kind, le64_to_cpu(o->id), p->obj_in,
                           le32_to_cpu(o->in_len), g_steal_pointer(&p->pas),
                           le32_to_cpu(o->npas), &obj);
    if (status != CX_OK) {
        return cx_image_bad(p->stage, cx_obj_type(p->kind)->name);
    }
    obj->run = (ConnectXObjRun) {
        .pi = le32_to_cpu(o->pi),
        .ci = le32_to_cpu(o->ci),
        .state = o->state,
        .armed = o->armed,
        .solicited = o->solicited,
        .dead = o->dead,
        .count = { le64_to_cpu(o->count[0]), le64_to_cpu(o->count[1]) },
    };
    p->objects--;
    return CX_OK;
}

/* Reads an object, or what of its list fits into the budget. */
static ConnectXStatus cx_load_obj(ConnectXImageLoad *p, uint64_t *budget)
{
    ConnectXStatus status = CX_OK;
    const uint8_t *pas;
    uint32_t n;

    if (!p->obj) {
        status = cx_load_obj_begin(p);
        cx_spend(budget, CX_OBJ_OVERHEAD_BYTES);
    }
    if (status != CX_OK) {
        return status;
    }
    n = MIN(le32_to_cpu(p->obj->npas) - p->pas_done, *budget / 8 + 1);
    pas = cx_take(&p->section, n * 8ull);
    for (uint32_t i = 0; i < n; i++) {
        p->pas[p->pas_done + i] = ldq_le_p(pas + i * 8ull);
    }
    p->pas_done += n;
    cx_spend(budget, n * 8ull);
    return p->pas_done < le32_to_cpu(p->obj->npas) ? CX_OK
                                                   : cx_load_obj_end(p);
}

static ConnectXObjKind cx_kind_by_name(const uint8_t *name)
{
    char padded[CX_IMAGE_NAME_LEN];

    for (int kind = 0; kind < CX_OBJ_KINDS; kind++) {
        if (cx_obj_type(kind)->saved) {
            memset(padded, 0, sizeof(padded));
            g_strlcpy(padded, cx_obj_type(kind)->name, sizeof(padded));
            if (!memcmp(padded, name, sizeof(padded))) {
                return kind;
            }
        }
    }
    return CX_OBJ_KINDS;
}

/* The head of a kind's section; the objects are read one by one. */
static ConnectXStatus cx_load_objects(ConnectXImageLoad *p,
                                      ConnectXImageCursor *cur)
{
    const ConnectXImageObjects *head = cx_take(cur, sizeof(*head));
    ConnectXObjKind kind = head ? cx_kind_by_name(head->name) : CX_OBJ_KINDS;

    if (kind == CX_OBJ_KINDS || p->kinds_seen & BIT_ULL(kind)) {
        return cx_image_bad(p->stage, "kind of object");
    }
    p->kinds_seen |= BIT_ULL(kind);
    p->kind = kind;
    p->objects = le32_to_cpu(head->n);
    p->has_objects |= p->objects;
    cx_obj_set_next_id(p->stage, kind, le32_to_cpu(head->next_id));
    return CX_OK;
}

static ConnectXStatus cx_load_section(ConnectXImageLoad *p, uint32_t type,
                                      ConnectXImageCursor *cur)
{
    static ConnectXStatus (*const load[])(ConnectXImageLoad *,
                                          ConnectXImageCursor *) = {
        [CX_SECTION_FUNCTION] = cx_load_function,
        [CX_SECTION_CAP] = cx_load_cap,
        [CX_SECTION_VPORT] = cx_load_vport,
        [CX_SECTION_PAGES] = cx_load_pages,
        [CX_SECTION_LATCH] = cx_load_latch,
        [CX_SECTION_OBJECTS] = cx_load_objects,
    };
    bool many = type == CX_SECTION_CAP || type == CX_SECTION_OBJECTS;

    if (type >= ARRAY_SIZE(load) || !load[type] ||
        (p->types_seen & BIT(type) && !many)) {
        return cx_image_bad(p->stage, "unknown or repeated section");
    }
    p->types_seen |= BIT(type);
    return load[type](p, cur);
}

/* A page that is not there would leave the VF with another than was promised */
static bool cx_stage_is_whole(const ConnectXImageLoad *p)
{
    const uint32_t needed = BIT(CX_SECTION_FUNCTION) | BIT(CX_SECTION_VPORT) |
                            BIT(CX_SECTION_PAGES) | BIT(CX_SECTION_LATCH);

    if ((p->types_seen & needed) != needed) {
        return false;
    }
    for (int type = 0; type < CX_CAP_TYPES; type++) {
        if (cx_caps_cur(p->stage, type) && !(p->caps_seen & BIT_ULL(type))) {
            return false;
        }
    }
    for (int kind = 0; kind < CX_OBJ_KINDS; kind++) {
        if (cx_obj_type(kind)->saved && !(p->kinds_seen & BIT_ULL(kind))) {
            return false;
        }
    }
    return true;
}

/* All is read. */
static ConnectXStatus cx_load_begin_link(ConnectXImageLoad *p)
{
    ConnectXFunction *stage = p->stage;

    if (p->body.left) {
        return cx_image_bad(stage, "data after the last section");
    }
    if (!cx_stage_is_whole(p)) {
        return cx_image_bad(stage, "missing section");
    }
    stage->state = p->state;
    if (p->has_objects && stage->state != CX_FN_OPERATIONAL) {
        return cx_image_bad(stage, "objects of a function without INIT_HCA");
    }
    p->linking = true;
    return CX_OK;
}

/* Links the next object. */
static ConnectXStatus cx_load_link(ConnectXImageLoad *p, uint64_t *budget)
{
    ConnectXObj *obj = cx_obj_from(p->stage, p->link_kind, p->link_id);

    if (!obj) {
        p->link_kind++;
        p->link_id = 0;
        return CX_OK;
    }
    p->link_id = obj->id + 1;
    cx_spend(budget, CX_OBJ_OVERHEAD_BYTES + obj->in_len);
    return cx_obj_link(p->stage, obj) == CX_OK ? CX_OK :
           cx_image_bad(p->stage, "object that does not link");
}

/* What no object can tell alone. */
static ConnectXStatus cx_load_end(ConnectXImageLoad *p)
{
    ConnectXFunction *stage = p->stage;

    for (int i = 0; i < ARRAY_SIZE(stage->flow_root); i++) {
        if (cx_flow_set_root(stage, i, stage->flow_root[i]) != CX_OK) {
            return cx_image_bad(stage, "root flow table");
        }
    }
    return CX_OK;
}

static ConnectXStatus cx_load_begin_section(ConnectXImageLoad *p)
{
    const ConnectXImageSection *s = cx_take(&p->body, sizeof(*s));
    uint32_t len;

    if (!s) {
        return cx_image_bad(p->stage, "missing section");
    }
    len = le32_to_cpu(s->len);
    p->section.left = len;
    p->section.at = cx_take(&p->body, ROUND_UP((uint64_t)len, CX_IMAGE_ALIGN));
    if (!p->section.at) {
        return cx_image_bad(p->stage, "section length");
    }
    p->sections--;
    return cx_load_section(p, le32_to_cpu(s->type), &p->section);
}

ConnectXStatus cx_image_load_step(ConnectXImageLoad *p, uint64_t budget)
{
    ConnectXStatus status = CX_OK;

    while (status == CX_OK && budget) {
        if (p->objects) {
            status = cx_load_obj(p, &budget);
        } else if (p->section.left) {
            return cx_image_bad(p->stage, "section longer than its content");
        } else if (p->sections) {
            status = cx_load_begin_section(p);
        } else if (!p->linking) {
            status = cx_load_begin_link(p);
        } else if (p->link_kind < CX_OBJ_KINDS) {
            status = cx_load_link(p, &budget);
        } else {
            return cx_load_end(p);
        }
    }
    return status == CX_OK ? CX_ASYNC : status;
}

ConnectXImageLoad *cx_image_load_new(ConnectXFunction *vf, const uint8_t *body,
                                     uint64_t len)
{
    const ConnectXImageHeader *h = (const ConnectXImageHeader *)body;
    ConnectXImageLoad *p = g_new0(ConnectXImageLoad, 1);

    p->stage = cx_stage_new(vf);
    p->body.at = body;
    p->body.left = len;
    cx_take(&p->body, sizeof(*h));
    p->sections = le32_to_cpu(h->sections);
    return p;
}

void cx_image_load_free(ConnectXImageLoad *p)
{
    if (p) {
        cx_image_stage_free(p->stage);
        g_free(p->pas);
        g_free(p);
    }
}

ConnectXFunction *cx_image_load_take(ConnectXImageLoad *p,
                                     ConnectXImageMoment *moment)
{
    *moment = p->moment;
    return g_steal_pointer(&p->stage);
}
