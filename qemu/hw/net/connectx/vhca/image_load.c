/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: taking a migration image apart
 *
 * An image comes from another machine and is trusted in nothing. It is taken
 * apart into a *stage*, a function of its own that no register and no command
 * reaches; only a stage in which every section, object and reference was found
 * good can become the state of a VF.
 *
 * A delta works on the stage that the image before has left. Only the objects
 * that it has are linked again, so it costs what it holds, and not what there
 * is. Those that are gone leave the store first, as their numbers may come
 * again, but are kept until all is linked: nobody may use them then.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "base/guest_error.h"
#include "fn/caps.h"
#include "obj/log.h"
#include "obj/obj.h"
#include "switch/flow.h"
#include "vhca/image_load.h"
#include "vhca/image_take.h"

struct ConnectXImageLoad {
    ConnectXFunction *stage;
    ConnectXFnState state;
    ConnectXImageMoment moment;
    bool delta, final;
    uint64_t generation;                /* of the image before a delta */
    uint32_t types_seen;
    uint64_t caps_seen;
    uint64_t kinds_seen, gone_seen;
    /* What is left of the body, and of the section that is being read. */
    ConnectXImageCursor body, section;
    uint32_t sections;                  /* not begun */
    uint32_t objects;                   /* of the section, not read */
    ConnectXObjKind kind;
    /* Of an object with a long list that is being read; else NULL. */
    const ConnectXImageObj *obj;
    const uint8_t *obj_more, *obj_in;
    uint64_t *pas;
    uint32_t pas_done;
    GPtrArray *gone;                    /* taken out of the store */
    /* What was read and is to be linked, by kind; where linking is. */
    GPtrArray *read[CX_OBJ_KINDS];
    bool linking;
    ConnectXObjKind link_kind;
    guint link_index;
};

static void cx_spend(uint64_t *budget, uint64_t cost)
{
    *budget -= MIN(*budget, cost);
}

/* Is what it says of its length possible for what it says that it is? */
static bool cx_load_obj_fits(const ConnectXImageLoad *p,
                             const ConnectXImageObj *o)
{
    const ConnectXObjType *type = cx_obj_type(p->kind);
    uint32_t in_len = le32_to_cpu(o->in_len);

    switch (le32_to_cpu(o->what)) {
    case CX_IMAGE_OBJ_WHOLE:
        return in_len >= type->in_len_min && in_len <= type->in_len_max &&
               (!o->npas || type->has_pas);
    case CX_IMAGE_OBJ_RUN:
        return p->delta && !in_len && !o->npas;
    default:
        return false;
    }
}

static ConnectXStatus cx_load_obj_begin(ConnectXImageLoad *p)
{
    const ConnectXObjType *type = cx_obj_type(p->kind);
    const ConnectXImageObj *o = cx_take(&p->section, sizeof(*o));
    uint32_t npas = o ? le32_to_cpu(o->npas) : 0;

    if (!o || !cx_load_obj_fits(p, o) ||
        (o->armed | o->solicited | o->dead) & ~1) {
        return cx_image_bad(p->stage, type->name);
    }
    p->obj_more = cx_take(&p->section, type->more * 8ull);
    p->obj_in = cx_take(&p->section,
                        ROUND_UP(le32_to_cpu(o->in_len), CX_IMAGE_ALIGN));
    if (!p->obj_more || !p->obj_in || npas > p->section.left / 8) {
        return cx_image_bad(p->stage, type->name);
    }
    p->obj = o;
    p->pas = npas ? g_new(uint64_t, npas) : NULL;
    p->pas_done = 0;
    return CX_OK;
}

/* Puts it into the store, or what is new of it. Takes over the page list. */
static ConnectXStatus cx_load_obj_store(ConnectXImageLoad *p,
                                        const ConnectXImageObj *o,
                                        ConnectXObj **objp)
{
    uint64_t id = le64_to_cpu(o->id), *pas = g_steal_pointer(&p->pas);
    uint32_t in_len = le32_to_cpu(o->in_len), npas = le32_to_cpu(o->npas);

    *objp = p->delta ? cx_obj_find(p->stage, p->kind, id) : NULL;
    if (*objp && (*objp)->ran > p->generation) {
        g_free(pas);
        return CX_BAD_PARAM;
    }
    if (le32_to_cpu(o->what) == CX_IMAGE_OBJ_RUN) {
        return *objp ? CX_OK : CX_BAD_RESOURCE;
    }
    if (*objp) {
        return cx_obj_replace(p->stage, *objp, p->obj_in, in_len, pas, npas);
    }
    return cx_obj_insert(p->stage, p->kind, id, p->obj_in, in_len, pas, npas,
                         objp);
}

static ConnectXStatus cx_load_obj_end(ConnectXImageLoad *p)
{
    const ConnectXImageObj *o = g_steal_pointer(&p->obj);
    ConnectXObj *obj;

    if (cx_load_obj_store(p, o, &obj) != CX_OK) {
        return cx_image_bad(p->stage, cx_obj_type(p->kind)->name);
    }
    *cx_obj_run(p->stage, obj) = (ConnectXObjRun) {
        .pi = le32_to_cpu(o->pi),
        .ci = le32_to_cpu(o->ci),
        .state = o->state,
        .armed = o->armed,
        .solicited = o->solicited,
        .dead = o->dead,
        .count = { le64_to_cpu(o->count[0]), le64_to_cpu(o->count[1]) },
    };
    for (uint32_t i = 0; i < cx_obj_type(p->kind)->more; i++) {
        cx_obj_more(p->stage, obj)[i] = ldq_le_p(p->obj_more + i * 8);
    }
    g_ptr_array_add(p->read[p->kind], obj);
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
static ConnectXStatus cx_load_objects(ConnectXImageLoad *p)
{
    const ConnectXImageObjects *head = cx_take(&p->section, sizeof(*head));
    ConnectXObjKind kind = head ? cx_kind_by_name(head->name) : CX_OBJ_KINDS;

    if (kind == CX_OBJ_KINDS || p->kinds_seen & BIT_ULL(kind)) {
        return cx_image_bad(p->stage, "kind of object");
    }
    p->kinds_seen |= BIT_ULL(kind);
    p->kind = kind;
    p->objects = le32_to_cpu(head->n);
    cx_obj_set_next_id(p->stage, kind, le32_to_cpu(head->next_id));
    return CX_OK;
}

static ConnectXStatus cx_load_gone(ConnectXImageLoad *p)
{
    const ConnectXImageGone *head = cx_take(&p->section, sizeof(*head));
    ConnectXObjKind kind = head ? cx_kind_by_name(head->name) : CX_OBJ_KINDS;
    uint32_t n = head ? le32_to_cpu(head->n) : 0;
    const uint8_t *ids = cx_take(&p->section, n * 8ull);

    if (!p->delta || kind == CX_OBJ_KINDS || head->reserved || !ids ||
        p->kinds_seen || p->gone_seen & BIT_ULL(kind)) {
        return cx_image_bad(p->stage, "objects that are gone");
    }
    p->gone_seen |= BIT_ULL(kind);
    for (uint32_t i = 0; i < n; i++) {
        ConnectXObj *obj = cx_obj_steal(p->stage, kind,
                                        ldq_le_p(ids + i * 8ull));

        if (!obj) {
            return cx_image_bad(p->stage, "gone is what never was there");
        }
        g_ptr_array_add(p->gone, obj);
    }
    return CX_OK;
}

static ConnectXStatus cx_load_cap(ConnectXImageLoad *p)
{
    uint32_t type;
    ConnectXStatus status = cx_take_cap(p->stage, &p->section, &type);

    if (status != CX_OK) {
        return status;
    }
    if (p->caps_seen & BIT_ULL(type)) {
        return cx_image_bad(p->stage, "repeated capability page");
    }
    p->caps_seen |= BIT_ULL(type);
    return CX_OK;
}

static ConnectXStatus cx_load_section(ConnectXImageLoad *p, uint32_t type)
{
    bool many = type == CX_SECTION_CAP || type == CX_SECTION_OBJECTS ||
                type == CX_SECTION_GONE;

    if (type > CX_SECTION_MOMENT || (p->types_seen & BIT(type) && !many)) {
        return cx_image_bad(p->stage, "unknown or repeated section");
    }
    p->types_seen |= BIT(type);
    switch (type) {
    case CX_SECTION_FUNCTION:
        return cx_take_function(p->stage, &p->section, &p->state);
    case CX_SECTION_CAP:
        return cx_load_cap(p);
    case CX_SECTION_VPORT:
        return cx_take_vport(p->stage, &p->section);
    case CX_SECTION_PAGES:
        return cx_take_pages(p->stage, &p->section);
    case CX_SECTION_LATCH:
        return cx_take_latch(p->stage, &p->section);
    case CX_SECTION_OBJECTS:
        return cx_load_objects(p);
    case CX_SECTION_GONE:
        return cx_load_gone(p);
    case CX_SECTION_MOMENT:
        return cx_take_moment(p->stage, &p->section, &p->moment);
    default:
        return cx_image_bad(p->stage, "unknown or repeated section");
    }
}

/* A page that is not there would leave the VF with another than was promised */
static bool cx_load_is_whole(const ConnectXImageLoad *p)
{
    const uint32_t needed = BIT(CX_SECTION_FUNCTION) | BIT(CX_SECTION_VPORT) |
                            BIT(CX_SECTION_PAGES) | BIT(CX_SECTION_LATCH);

    if (p->delta) {
        return true;
    }
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

static bool cx_stage_has_objects(ConnectXFunction *stage)
{
    for (int kind = 0; kind < CX_OBJ_KINDS; kind++) {
        if (cx_obj_type(kind)->saved && cx_obj_count(stage, kind)) {
            return true;
        }
    }
    return false;
}

/* All is read. */
static ConnectXStatus cx_load_begin_link(ConnectXImageLoad *p)
{
    ConnectXFunction *stage = p->stage;

    if (p->body.left) {
        return cx_image_bad(stage, "data after the last section");
    }
    if (!cx_load_is_whole(p)) {
        return cx_image_bad(stage, "missing section");
    }
    if (p->final != !!(p->types_seen & BIT(CX_SECTION_MOMENT))) {
        return cx_image_bad(stage, "moment of an image that is not final, or "
                            "none of one that is");
    }
    stage->state = p->state;
    if (stage->state != CX_FN_OPERATIONAL && cx_stage_has_objects(stage)) {
        return cx_image_bad(stage, "objects of a function without INIT_HCA");
    }
    p->linking = true;
    return CX_OK;
}

/* Links the next object. */
static ConnectXStatus cx_load_link(ConnectXImageLoad *p, uint64_t *budget)
{
    const GPtrArray *read = p->read[p->link_kind];
    ConnectXObj *obj;

    if (p->link_index == read->len) {
        p->link_kind++;
        p->link_index = 0;
        return CX_OK;
    }
    obj = g_ptr_array_index(read, p->link_index++);
    cx_spend(budget, CX_OBJ_OVERHEAD_BYTES + obj->in_len);
    return cx_obj_link(p->stage, obj) == CX_OK ? CX_OK :
           cx_image_bad(p->stage, "object that does not link");
}

/* What no object can tell alone. */
static ConnectXStatus cx_load_end(ConnectXImageLoad *p)
{
    ConnectXFunction *stage = p->stage;

    if (!cx_obj_store_settle(stage->objs)) {
        return cx_image_bad(stage, "more than a function can have");
    }
    for (guint i = 0; i < p->gone->len; i++) {
        const ConnectXObj *obj = g_ptr_array_index(p->gone, i);

        if (obj->refs) {
            return cx_image_bad(stage, "object that is gone and in use");
        }
    }
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
    return cx_load_section(p, le32_to_cpu(s->type));
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

ConnectXImageLoad *cx_image_load_new(ConnectXFunction *vf,
                                     ConnectXFunction *before,
                                     const uint8_t *body, uint64_t len)
{
    const ConnectXImageHeader *h = (const ConnectXImageHeader *)body;
    ConnectXImageLoad *p = g_new0(ConnectXImageLoad, 1);

    p->stage = before ?: cx_image_stage_new(vf);
    p->delta = before;
    if (before) {
        /* Tells what the delta has named from what was there. */
        cx_obj_log_start(before->objs);
        cx_obj_store_stretch(before->objs);
        p->generation = cx_obj_log_cut(before->objs);
    }
    p->final = le32_to_cpu(h->flags) & CX_IMAGE_FINAL;
    p->state = p->stage->state;
    /* SET_HCA_CAP's rules, which the capabilities must obey, hold then. */
    p->stage->state = CX_FN_ENABLED;
    p->gone = g_ptr_array_new();
    for (int kind = 0; kind < CX_OBJ_KINDS; kind++) {
        p->read[kind] = g_ptr_array_new();
    }
    p->body.at = body;
    p->body.left = len;
    cx_take(&p->body, sizeof(*h));
    p->sections = le32_to_cpu(h->sections);
    return p;
}

void cx_image_load_free(ConnectXImageLoad *p)
{
    if (!p) {
        return;
    }
    for (int kind = 0; kind < CX_OBJ_KINDS; kind++) {
        g_ptr_array_unref(p->read[kind]);
    }
    for (guint i = 0; i < p->gone->len; i++) {
        cx_obj_discard(g_ptr_array_index(p->gone, i));
    }
    g_ptr_array_unref(p->gone);
    cx_image_stage_free(p->stage);
    g_free(p->pas);
    g_free(p);
}

ConnectXFunction *cx_image_load_take(ConnectXImageLoad *p,
                                     ConnectXImageMoment *moment)
{
    *moment = p->moment;
    cx_obj_log_stop(p->stage->objs);
    return g_steal_pointer(&p->stage);
}
