/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: memory keys
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "host/dma.h"
#include "host/sched.h"
#include "obj/klm.h"
#include "obj/mkey.h"
#include "obj/obj.h"
#include "obj/umem.h"

/* mkc.access_mode; those behind have capability bits that are not offered */
enum {
    CX_MKEY_PA  = 0,
    CX_MKEY_MTT = 1,
    CX_MKEY_KLM = 2,
    CX_MKEY_KSM = 3,
};

/* Translation entries: an address with flags in its low bits. */
#define CX_MTT_FLAGS    7ull
#define CX_MTT_PRESENT  3ull            /* to be read, to be written */
#define CX_MKEY_PAGE_SHIFT_MAX  40

/* mkc.qpn: serves all queues */
#define CX_MKEY_UNBOUND         0xffffff

/* Lists of other keys: entries, and keys with lists one behind the other */
#define CX_KLM_LIST_MAX         4096
#define CX_KLM_DEPTH_MAX        4

/* A copy through a key, and through those that it leads to */
typedef struct ConnectXKeyAccess {
    ConnectXFunction *fn;
    ConnectXKeyUser by;
    uint8_t *buf;                       /* goes on with what is done */
    bool write;
    unsigned depth;
    uint32_t looks;                     /* that are left, see obj/klm.h */
    uint32_t pieces;                    /* that they led to */
} ConnectXKeyAccess;

/* A command of the function: it is in no domain, and no queue. */
static const ConnectXKeyUser cx_command = {
    .pd = CX_MKEY_ANY_PD, .number = CX_MKEY_UNBOUND,
};

static uint8_t cx_mkey_mode(const uint8_t *in)
{
    return CX_GET(create_mkey_in, in, memory_key_mkey_entry.access_mode_1_0) |
           CX_GET(create_mkey_in, in,
                  memory_key_mkey_entry.access_mode_4_2) << 2;
}

bool cx_mkey_is_indirect(const ConnectXObj *key)
{
    return cx_mkey_mode(key->in) >= CX_MKEY_KLM;
}

/* Bytes from the beginning of the first page to where the key begins. */
static uint64_t cx_mkey_offset(const uint8_t *mkc)
{
    return CX_GET64(mkc, mkc, start_addr) &
           ((1ull << CX_GET(mkc, mkc, log_page_size)) - 1);
}

/* As many pages as the length says, each where a page can begin. */
static bool cx_mkey_pages_good(const ConnectXObj *obj)
{
    const uint8_t *mkc = CX_ADDR(create_mkey_in, obj->in,
                                 memory_key_mkey_entry);
    uint8_t shift = CX_GET(mkc, mkc, log_page_size);
    uint64_t len = CX_GET64(mkc, mkc, len), offset, pages;
    /* Its flags count: one that is not there would be a page fault. */
    bool flagged = CX_GET(create_mkey_in, obj->in, pg_access);

    if (shift < CX_PAGE_SHIFT || shift > CX_MKEY_PAGE_SHIFT_MAX ||
        CX_GET(mkc, mkc, length64)) {
        return false;
    }
    offset = cx_mkey_offset(mkc);
    if (len > UINT64_MAX - offset) {
        return false;
    }
    pages = ((offset + len) >> shift) +
            !!((offset + len) & ((1ull << shift) - 1));
    if (pages > obj->npas) {
        return false;
    }
    /* One is looked at in the time of a byte. */
    cx_sched_charge(pages);
    for (uint64_t i = 0; i < pages; i++) {
        if (obj->pas[i] & ((1ull << shift) - 1) & ~CX_MTT_FLAGS ||
            (flagged && (obj->pas[i] & CX_MTT_PRESENT) != CX_MTT_PRESENT)) {
            return false;
        }
    }
    return true;
}

/* The key has room for its list; one of other keys is gone through each time */
static bool cx_mkey_list_fits(const uint8_t *in)
{
    uint32_t room = CX_GET(create_mkey_in, in,
                           memory_key_mkey_entry.translations_octword_size);

    return CX_GET(create_mkey_in, in, translations_octword_actual_size) <=
           room && (cx_mkey_mode(in) < CX_MKEY_KLM || room <= CX_KLM_LIST_MAX);
}

/*
 * Asks for nothing that no capability offers: modes, relaxed ordering; nor, for
 * a user context, for all memory. A key over memory of user space is a list.
 */
static bool cx_mkey_is_modest(const uint8_t *in)
{
    const uint8_t *mkc = CX_ADDR(create_mkey_in, in, memory_key_mkey_entry);

    return cx_mkey_list_fits(in) &&
           cx_mkey_mode(in) <= CX_MKEY_KSM &&
           !(cx_mkey_mode(in) == CX_MKEY_PA && cx_uid_is_user(cx_uid(in))) &&
           (!CX_GET(create_mkey_in, in, mkey_umem_valid) ||
            cx_mkey_mode(in) == CX_MKEY_MTT) &&
           !CX_GET(mkc, mkc, relaxed_ordering_write) &&
           !CX_GET(mkc, mkc, relaxed_ordering_read);
}

/* Its pieces are looked at when it is used, which may come to an end there. */
static bool cx_mkey_klm_good(const uint8_t *in)
{
    const uint8_t *mkc = CX_ADDR(create_mkey_in, in, memory_key_mkey_entry);

    return !CX_GET(mkc, mkc, length64) &&
           CX_GET(mkc, mkc, log_page_size) <= CX_MKEY_PAGE_SHIFT_MAX;
}

static ConnectXStatus cx_mkey_link(ConnectXFunction *fn, ConnectXObj *obj)
{
    const uint8_t *in = obj->in;
    uint32_t pd = CX_GET(create_mkey_in, in, memory_key_mkey_entry.pd);
    bool is_free = CX_GET(create_mkey_in, in, memory_key_mkey_entry.free);
    ConnectXStatus status;

    if (!cx_mkey_is_modest(in)) {
        return CX_BAD_PARAM;
    }
    if (!is_free && cx_mkey_mode(in) == CX_MKEY_MTT &&
        !cx_mkey_pages_good(obj)) {
        return CX_BAD_PARAM;
    }
    if (!is_free && cx_mkey_mode(in) >= CX_MKEY_KLM &&
        !cx_mkey_klm_good(in)) {
        return CX_BAD_PARAM;
    }
    status = cx_umem_use(fn, obj, CX_GET(create_mkey_in, in, mkey_umem_valid),
                         cx_bits_get(in, CX_BIT_MKEY_UMEM_ID, 32));
    if (status != CX_OK) {
        return status;
    }
    /* A free key gets its domain with the work request that fills it. */
    return is_free && !pd ? CX_OK : cx_obj_use(fn, obj, CX_OBJ_PD, pd);
}

/* The key is for its queue, or for all of them; its domain is the queue's. */
static bool cx_mkey_serves(const uint8_t *mkc, ConnectXKeyUser by)
{
    uint32_t number = CX_GET(mkc, mkc, qpn);

    return (number == CX_MKEY_UNBOUND || number == by.number) &&
           (by.pd == CX_MKEY_ANY_PD || by.pd == CX_GET(mkc, mkc, pd));
}

static bool cx_mkey_grants(const uint8_t *mkc, ConnectXKeyRight right)
{
    switch (right) {
    case CX_KEY_REMOTE_READ:
        return CX_GET(mkc, mkc, rr);
    case CX_KEY_REMOTE_WRITE:
        return CX_GET(mkc, mkc, rw);
    case CX_KEY_ATOMIC:
        return CX_GET(mkc, mkc, a);
    case CX_KEY_LOCAL_READ:
        return CX_GET(mkc, mkc, lr);
    default:
        return CX_GET(mkc, mkc, lw);
    }
}

/*
 * Checks the key itself, whom it serves, the right and the range that
 * [va, va + len) is in.
 */
static ConnectXStatus cx_mkey_check(ConnectXFunction *fn, ConnectXKeyUser by,
                                    uint32_t mkey, uint64_t va, uint64_t len,
                                    ConnectXKeyRight right,
                                    ConnectXObj **objp)
{
    ConnectXObj *obj = cx_obj_find(fn, CX_OBJ_MKEY, mkey >> 8);
    const uint8_t *mkc;
    uint64_t start, size;

    if (!obj) {
        return CX_BAD_RESOURCE;
    }
    mkc = CX_ADDR(create_mkey_in, obj->in, memory_key_mkey_entry);
    if (CX_GET(mkc, mkc, mkey_7_0) != (mkey & 0xff) || CX_GET(mkc, mkc, free)) {
        return CX_BAD_RESOURCE;
    }
    if (!cx_mkey_serves(mkc, by) || !cx_mkey_grants(mkc, right)) {
        return CX_BAD_PARAM;
    }
    if (!CX_GET(mkc, mkc, length64)) {
        start = CX_GET64(mkc, mkc, start_addr);
        size = CX_GET64(mkc, mkc, len);
        if (va < start || len > size || va - start > size - len) {
            return CX_BAD_PARAM;
        }
    }
    *objp = obj;
    return CX_OK;
}

static bool cx_mkey_dma(ConnectXFunction *fn, uint64_t addr, uint8_t *buf,
                        uint64_t len, bool write)
{
    return write ? cx_dma_write(fn, addr, buf, len) :
                   cx_dma_read(fn, addr, buf, len);
}

/* Through the key's list of pages */
static ConnectXStatus cx_mkey_list_dma(ConnectXFunction *fn,
                                       const ConnectXObj *obj, uint64_t va,
                                       uint8_t *buf, uint64_t len, bool write)
{
    const uint8_t *mkc = CX_ADDR(create_mkey_in, obj->in,
                                 memory_key_mkey_entry);
    uint8_t shift = CX_GET(mkc, mkc, log_page_size);
    uint64_t page_size = 1ull << shift;
    uint64_t offset = va - CX_GET64(mkc, mkc, start_addr) +
                      cx_mkey_offset(mkc);

    while (len) {
        uint64_t in_page = offset & (page_size - 1);
        uint64_t n = MIN(len, page_size - in_page);

        if (offset >> shift >= obj->npas) {
            return CX_BAD_PARAM;
        }
        if (!cx_mkey_dma(fn, (obj->pas[offset >> shift] & ~CX_MTT_FLAGS) +
                             in_page, buf, n, write)) {
            return CX_INTERNAL;
        }
        offset += n;
        buf += n;
        len -= n;
    }
    return CX_OK;
}

static ConnectXStatus cx_mkey_local(ConnectXKeyAccess *access, uint32_t mkey,
                                    uint64_t va, uint64_t len);

/*
 * Through keys that the key's list names: whatever right the peer has by this
 * one, those are used as the queue uses them.
 */
static ConnectXStatus cx_mkey_klm_rw(ConnectXKeyAccess *access,
                                     const ConnectXObj *obj, uint64_t va,
                                     uint64_t len)
{
    const uint8_t *mkc = CX_ADDR(create_mkey_in, obj->in,
                                 memory_key_mkey_entry);
    ConnectXKlm klm = {
        .list = obj->pas, .n = obj->npas / 2,
        .shift = CX_GET(mkc, mkc, log_page_size),
        .fixed = cx_mkey_mode(obj->in) == CX_MKEY_KSM,
    };
    uint64_t offset = va - CX_GET64(mkc, mkc, start_addr) +
                      (klm.fixed ? cx_mkey_offset(mkc) : 0);
    ConnectXStatus status = CX_OK;
    ConnectXKlmPiece piece;

    if (access->depth == CX_KLM_DEPTH_MAX) {
        return CX_BAD_PARAM;
    }
    access->depth++;
    while (len && status == CX_OK) {
        if (!cx_klm_find(&klm, offset, &piece, &access->looks)) {
            status = CX_BAD_PARAM;
            break;
        }
        access->pieces++;
        piece.len = MIN(piece.len, len);
        status = cx_mkey_local(access, piece.key, piece.va, piece.len);
        offset += piece.len;
        len -= piece.len;
    }
    access->depth--;
    return status;
}

static ConnectXStatus cx_mkey_plain_rw(ConnectXKeyAccess *access, uint64_t va,
                                       uint64_t len)
{
    bool good = cx_mkey_dma(access->fn, va, access->buf, len, access->write);

    access->buf += len;
    return good ? CX_OK : CX_INTERNAL;
}

static ConnectXStatus cx_mkey_access(ConnectXKeyAccess *access, uint32_t mkey,
                                     uint64_t va, uint64_t len,
                                     ConnectXKeyRight right)
{
    ConnectXObj *obj;
    ConnectXStatus status;

    status = cx_mkey_check(access->fn, access->by, mkey, va, len, right, &obj);
    if (status != CX_OK) {
        return status;
    }
    switch (cx_mkey_mode(obj->in)) {
    case CX_MKEY_PA:
        return cx_mkey_plain_rw(access, va, len);
    case CX_MKEY_MTT:
        status = cx_mkey_list_dma(access->fn, obj, va, access->buf, len,
                                  access->write);
        access->buf += len;
        return status;
    default:
        return cx_mkey_klm_rw(access, obj, va, len);
    }
}

static ConnectXStatus cx_mkey_local(ConnectXKeyAccess *access, uint32_t mkey,
                                    uint64_t va, uint64_t len)
{
    if (access->by.reserved && mkey == CX_MKEY_RESERVED_LKEY) {
        return cx_mkey_plain_rw(access, va, len);
    }
    return cx_mkey_access(access, mkey, va, len, access->write ?
                          CX_KEY_LOCAL_WRITE : CX_KEY_LOCAL_READ);
}

/* Lists are work that the bytes of the access do not tell. */
static void cx_mkey_charge(const ConnectXKeyAccess *access)
{
    if (access->looks < CX_KLM_LOOKS_MAX) {
        cx_sched_charge((CX_KLM_LOOKS_MAX - access->looks) * CX_KLM_LOOK_BYTES +
                        access->pieces * CX_KLM_PIECE_BYTES);
    }
}

static ConnectXStatus cx_mkey_rw(ConnectXFunction *fn, ConnectXKeyUser by,
                                 uint32_t mkey, uint64_t va, uint8_t *buf,
                                 uint64_t len, bool write)
{
    ConnectXKeyAccess access = {
        .fn = fn, .by = by, .buf = buf, .write = write,
        .looks = CX_KLM_LOOKS_MAX,
    };
    ConnectXStatus status = cx_mkey_local(&access, mkey, va, len);

    cx_mkey_charge(&access);
    return status;
}

bool cx_mkey_allows(ConnectXFunction *fn, ConnectXKeyUser by, uint32_t mkey,
                    uint64_t va, uint64_t len, ConnectXKeyRight right)
{
    ConnectXObj *obj;

    return !len ||
           cx_mkey_check(fn, by, mkey, va, len, right, &obj) == CX_OK;
}

bool cx_mkey_invalidate(ConnectXFunction *fn, ConnectXKeyUser by,
                        uint32_t mkey)
{
    ConnectXObj *obj = cx_obj_find(fn, CX_OBJ_MKEY, mkey >> 8);
    uint8_t *mkc;

    if (!obj || obj->refs) {
        return false;
    }
    mkc = CX_ADDR(create_mkey_in, obj->in, memory_key_mkey_entry);
    if (CX_GET(mkc, mkc, mkey_7_0) != (mkey & 0xff) ||
        CX_GET(mkc, mkc, free) || !CX_GET(mkc, mkc, en_rinval) ||
        !cx_mkey_serves(mkc, by)) {
        return false;
    }
    CX_SET(mkc, mkc, free, 1);
    cx_obj_touch(fn, obj);
    return true;
}

bool cx_mkey_remote(ConnectXFunction *fn, ConnectXKeyUser by, uint32_t mkey,
                    uint64_t va, void *buf, uint64_t len, bool write,
                    ConnectXKeyRight right)
{
    ConnectXKeyAccess access = {
        .fn = fn, .by = by, .buf = buf, .write = write,
        .looks = CX_KLM_LOOKS_MAX,
    };
    bool good = !len ||
                cx_mkey_access(&access, mkey, va, len, right) == CX_OK;

    cx_mkey_charge(&access);
    return good;
}

ConnectXStatus cx_mkey_read(ConnectXFunction *fn, uint32_t mkey, uint64_t va,
                            void *buf, uint64_t len)
{
    return cx_mkey_rw(fn, cx_command, mkey, va, buf, len, false);
}

ConnectXStatus cx_mkey_write(ConnectXFunction *fn, uint32_t mkey, uint64_t va,
                             const void *buf, uint64_t len)
{
    return cx_mkey_rw(fn, cx_command, mkey, va, (uint8_t *)buf, len, true);
}

bool cx_mkey_gather(ConnectXFunction *fn, ConnectXKeyUser by, uint32_t mkey,
                    uint64_t va, void *buf, uint64_t len)
{
    return cx_mkey_rw(fn, by, mkey, va, buf, len, false) == CX_OK;
}

bool cx_mkey_scatter(ConnectXFunction *fn, ConnectXKeyUser by, uint32_t mkey,
                     uint64_t va, const void *buf, uint64_t len)
{
    return cx_mkey_rw(fn, by, mkey, va, (uint8_t *)buf, len, true) == CX_OK;
}

ConnectXStatus cx_mkey_hold(ConnectXFunction *fn, uint32_t mkey, uint64_t va,
                            uint64_t len, bool write)
{
    ConnectXObj *obj;
    ConnectXStatus status;

    status = cx_mkey_check(fn, cx_command, mkey, va, len,
                           write ? CX_KEY_LOCAL_WRITE : CX_KEY_LOCAL_READ,
                           &obj);

    if (status == CX_OK) {
        obj->refs++;
    }
    return status;
}

void cx_mkey_release(ConnectXFunction *fn, uint32_t mkey)
{
    cx_obj_find(fn, CX_OBJ_MKEY, mkey >> 8)->refs--;
}

static const ConnectXObjType cx_mkey_kind = {
    .kind = CX_OBJ_MKEY, .name = "MKEY", CX_OBJ_IN(create_mkey_in),
    CX_OBJ_ID24, .has_pas = true, .limit = 1 << CX_LOG_MKEYS, .saved = true,
    .link = cx_mkey_link,
};

void cx_mkey_register(void)
{
    cx_obj_add_type(&cx_mkey_kind);
}
