/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: memory of user space (UMEM)
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "obj/obj.h"
#include "obj/umem.h"

/* Translation entries: an address with flags in its low bits. */
#define CX_UMEM_FLAGS           7ull
#define CX_UMEM_PAGE_SHIFT_MAX  30

static uint8_t cx_umem_shift(const ConnectXObj *umem)
{
    return CX_GET(create_umem_in, umem->in, umem.log_page_size) +
           CX_PAGE_SHIFT;
}

/* Each begins where a page can begin. */
static bool cx_umem_aligned(const ConnectXObj *umem)
{
    uint64_t in_page = (1ull << cx_umem_shift(umem)) - 1;

    for (uint32_t i = 0; i < umem->npas; i++) {
        if (umem->pas[i] & in_page & ~CX_UMEM_FLAGS) {
            return false;
        }
    }
    return true;
}

static ConnectXStatus cx_umem_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    uint8_t shift = cx_umem_shift(obj);

    if (CX_GET(create_umem_in, obj->in, umem.ats) || !obj->npas ||
        CX_GET64(create_umem_in, obj->in, umem.num_of_mtt) != obj->npas ||
        shift > CX_UMEM_PAGE_SHIFT_MAX ||
        CX_GET(create_umem_in, obj->in, umem.page_offset) >> shift ||
        !cx_umem_aligned(obj)) {
        return CX_BAD_PARAM;
    }
    return CX_OK;
}

ConnectXStatus cx_umem_use(ConnectXFunction *fn, ConnectXObj *obj, bool valid,
                           uint32_t id)
{
    return valid ? cx_obj_use(fn, obj, CX_OBJ_UMEM, id) : CX_OK;
}

/* The byte at offset, counted from the beginning of the first page */
static uint64_t cx_umem_at(const ConnectXObj *umem, uint64_t offset)
{
    return CX_GET(create_umem_in, umem->in, umem.page_offset) + offset;
}

uint32_t cx_umem_in_page(ConnectXFunction *fn, uint32_t id, uint64_t offset)
{
    const ConnectXObj *umem = cx_obj_find(fn, CX_OBJ_UMEM, id);

    return umem ? cx_umem_at(umem, offset) % CX_PAGE_SIZE : 0;
}

uint8_t cx_umem_shift_for(ConnectXFunction *fn, uint32_t id, uint64_t offset,
                          uint64_t start)
{
    const ConnectXObj *umem = cx_obj_find(fn, CX_OBJ_UMEM, id);

    return umem ? MIN(cx_umem_shift(umem),
                      ctz64(cx_umem_at(umem, offset) ^ start)) : CX_PAGE_SHIFT;
}

ConnectXStatus cx_umem_pages(ConnectXFunction *fn, const ConnectXUmemPart *part,
                             uint64_t **pages)
{
    const ConnectXObj *umem = cx_obj_find(fn, CX_OBJ_UMEM, part->id);
    uint64_t at, bytes;
    uint8_t shift;

    if (!umem) {
        return CX_BAD_RESOURCE;
    }
    shift = cx_umem_shift(umem);
    bytes = (uint64_t)umem->npas << shift;
    if (part->offset > bytes) {
        return CX_BAD_PARAM;
    }
    at = ROUND_DOWN(cx_umem_at(umem, part->offset), 1ull << part->shift);
    if (at > bytes || part->n > (bytes - at) >> part->shift) {
        return CX_BAD_PARAM;
    }
    *pages = g_new(uint64_t, part->n);
    for (uint32_t i = 0; i < part->n; i++, at += 1ull << part->shift) {
        (*pages)[i] = (umem->pas[at >> shift] & ~CX_UMEM_FLAGS) +
                      (at & ((1ull << shift) - 1));
    }
    return CX_OK;
}

static const ConnectXObjType cx_umem_kind = {
    .kind = CX_OBJ_UMEM, .name = "UMEM", CX_OBJ_IN(create_umem_in),
    CX_OBJ_ID24, .has_pas = true, .limit = 1 << CX_LOG_QUEUES, .saved = true,
    .link = cx_umem_link,
};

void cx_umem_register(void)
{
    cx_obj_add_type(&cx_umem_kind);
}
