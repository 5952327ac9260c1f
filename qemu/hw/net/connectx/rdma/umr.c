/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: requests that change memory keys
 *
 * Control segment, with the key; what is to be changed of it, the values, and
 * entries of its list, in the request itself or behind a key. A key is changed
 * as a whole or not at all.
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "fn/fn.h"
#include "host/sched.h"
#include "obj/mkey.h"
#include "obj/obj.h"
#include "queue/qp.h"
#include "queue/recv.h"
#include "rdma/umr.h"

/* Of the request: mlx5_wqe_umr_ctrl_seg, mkc, then the entries */
#define CX_UMR_AT           16
#define CX_UMR_OCTWORDS     (CX_UMR_AT + 4)
#define CX_UMR_OFFSET_LOW   (CX_UMR_AT + 6)
#define CX_UMR_MASK         (CX_UMR_AT + 8)
#define CX_UMR_OFFSET_HIGH  (CX_UMR_AT + 16)
#define CX_UMR_MKC          (CX_UMR_AT + 48)
#define CX_UMR_LIST         (CX_UMR_MKC + 64)

enum {                      /* first byte of the segment */
    CX_UMR_HAS_OFFSET       = 1 << 4,
    CX_UMR_IF_FREE          = 1 << 5,
    CX_UMR_IF_NOT_FREE      = 2 << 5,
    CX_UMR_INLINE           = 1 << 7,
};

/* Entries come 16 bytes at a time, two addresses. */
#define CX_OCTWORD          16
/* Drivers fill lists up to such a number of them, however small the key is. */
#define CX_UMR_PAD          4
/* They are read at that address of memory. */
#define CX_SEG_BYTES        16

/* Bits of the mask, and the fields that they stand for */
#define CX_UMR_FIELD(_bit, _f) { _bit, CX_BIT(mkc, _f), CX_WIDTH(mkc, _f) }

static const struct {
    uint8_t bit;
    uint16_t at, width;
} cx_umr_fields[] = {
    CX_UMR_FIELD(1, log_page_size), CX_UMR_FIELD(7, pd),
    CX_UMR_FIELD(8, en_rinval), CX_UMR_FIELD(13, mkey_7_0),
    CX_UMR_FIELD(14, qpn), CX_UMR_FIELD(17, lr), CX_UMR_FIELD(18, lw),
    CX_UMR_FIELD(19, rr), CX_UMR_FIELD(20, rw), CX_UMR_FIELD(21, a),
    CX_UMR_FIELD(29, free),
};

#define CX_UMR_LEN          0           /* and length64 */
#define CX_UMR_START        6
#define CX_UMR_KNOWN        (BIT_ULL(0) | BIT_ULL(1) | BIT_ULL(6) | \
                             BIT_ULL(7) | BIT_ULL(8) | BIT_ULL(13) | \
                             BIT_ULL(14) | BIT_ULL(17) | BIT_ULL(18) | \
                             BIT_ULL(19) | BIT_ULL(20) | BIT_ULL(21) | \
                             BIT_ULL(29))
/* Asked for, but never with a value: signatures */
#define CX_UMR_IGNORED      (BIT_ULL(9) | BIT_ULL(12) | BIT_ULL(23))

typedef struct ConnectXUmr {
    ConnectXFunction *fn;
    const ConnectXWqe *wqe;
    ConnectXObj *key;
    uint64_t mask;
    uint64_t first, n;                  /* addresses of its list */
    uint64_t fit;                       /* of them: the others are padding */
} ConnectXUmr;

static uint8_t *cx_umr_mkc(uint8_t *in)
{
    return CX_ADDR(create_mkey_in, in, memory_key_mkey_entry);
}

static uint8_t cx_umr_flags(const ConnectXUmr *umr)
{
    return umr->wqe->raw[CX_UMR_AT];
}

/* Keys of all domains are for queue pairs that do nothing else. */
static bool cx_umr_of_any_pd(const ConnectXObj *qp)
{
    return CX_GET(qpc, cx_qpc(qp), st) == CX_QP_REG_UMR;
}

/* May the queue pair change the key, in the state that it is in? */
static bool cx_umr_may(const ConnectXUmr *umr, const ConnectXObj *qp)
{
    const uint8_t *mkc = cx_umr_mkc(umr->key->in);
    bool is_free = CX_GET(mkc, mkc, free);
    uint8_t flags = cx_umr_flags(umr);

    /*
     * Lists of pages are addresses of the bus: not for who writes the requests
     * of a user context's queue pair, or of one without fast registration.
     */
    if (!cx_mkey_is_indirect(umr->key) &&
        (cx_uid_is_user(cx_uid(qp->in)) || !CX_GET(qpc, cx_qpc(qp), fre))) {
        return false;
    }
    if (!CX_GET(mkc, mkc, umr_en) || umr->key->refs ||
        (flags & CX_UMR_IF_FREE && !is_free) ||
        (flags & CX_UMR_IF_NOT_FREE && is_free)) {
        return false;
    }
    return cx_umr_of_any_pd(qp) ||
           CX_GET(mkc, mkc, pd) == CX_GET(qpc, cx_qpc(qp), pd);
}

/*
 * The part of the list that comes with it, within the key's room for it but for
 * what fills it up
 */
static bool cx_umr_take_range(ConnectXUmr *umr)
{
    const uint8_t *raw = umr->wqe->raw;
    const uint8_t *mkc = cx_umr_mkc(umr->key->in);
    uint64_t room = CX_GET(mkc, mkc, translations_octword_size);
    uint64_t n = lduw_be_p(raw + CX_UMR_OCTWORDS), first = 0;

    if (cx_umr_flags(umr) & CX_UMR_HAS_OFFSET) {
        first = (uint64_t)ldl_be_p(raw + CX_UMR_OFFSET_HIGH) << 16 |
                lduw_be_p(raw + CX_UMR_OFFSET_LOW);
    }
    umr->first = first * 2;
    umr->n = n * 2;
    if (first > room || n > ROUND_UP(room, CX_UMR_PAD) - first) {
        return false;
    }
    umr->fit = MIN(n, room - first) * 2;
    /* However much room it has: that much the store has not. */
    return first + n <= CX_STORE_BYTES_MAX / CX_OCTWORD;
}

/*
 * Whose key the list may stand behind. A queue pair of that type is in no
 * domain, as drivers make it; the list's key is in one.
 */
static ConnectXKeyUser cx_umr_list_user(const ConnectXObj *qp)
{
    ConnectXKeyUser by = cx_qp_key_user(qp);

    if (cx_umr_of_any_pd(qp) && !by.pd) {
        by.pd = CX_MKEY_ANY_PD;
    }
    return by;
}

static bool cx_umr_gather(const ConnectXUmr *umr, ConnectXKeyUser by,
                          uint64_t *list)
{
    const ConnectXWqe *wqe = umr->wqe;
    uint32_t bytes = umr->n * 8;

    if (!bytes) {
        return true;
    }
    if (cx_umr_flags(umr) & CX_UMR_INLINE) {
        if (CX_UMR_LIST + bytes > wqe->bytes) {
            return false;
        }
        memcpy(list, wqe->raw + CX_UMR_LIST, bytes);
        return true;
    }
    return CX_UMR_LIST + CX_SEG_BYTES <= wqe->bytes &&
           ldl_be_p(wqe->raw + CX_UMR_LIST) >= bytes &&
           cx_mkey_gather(umr->fn, by, ldl_be_p(wqe->raw + CX_UMR_LIST + 4),
                          ldq_be_p(wqe->raw + CX_UMR_LIST + 8), list, bytes);
}

static void cx_umr_change_fields(const ConnectXUmr *umr, uint8_t *mkc)
{
    const uint8_t *from = umr->wqe->raw + CX_UMR_MKC;

    for (unsigned i = 0; i < ARRAY_SIZE(cx_umr_fields); i++) {
        if (umr->mask & BIT_ULL(cx_umr_fields[i].bit)) {
            cx_bits_set(mkc, cx_umr_fields[i].at, cx_umr_fields[i].width,
                        cx_bits_get(from, cx_umr_fields[i].at,
                                    cx_umr_fields[i].width));
        }
    }
    if (umr->mask & BIT_ULL(CX_UMR_LEN)) {
        CX_SET64(mkc, mkc, len, CX_GET64(mkc, from, len));
        CX_SET(mkc, mkc, length64, CX_GET(mkc, from, length64));
    }
    if (umr->mask & BIT_ULL(CX_UMR_START)) {
        CX_SET64(mkc, mkc, start_addr, CX_GET64(mkc, from, start_addr));
    }
}

/* Trades places with what the key's list has there. */
static void cx_umr_swap(const ConnectXUmr *umr, uint64_t *entries)
{
    for (uint64_t i = 0; i < umr->fit; i++) {
        uint64_t *entry = &umr->key->pas[umr->first + i];
        uint64_t old = *entry;

        *entry = entries[i];
        entries[i] = old;
    }
}

/*
 * Makes the key what in and the entries say, or leaves it as it is. A list may
 * be long, and what is new of it a little.
 */
static bool cx_umr_apply(ConnectXUmr *umr, const uint8_t *in,
                         uint64_t *entries)
{
    ConnectXObj *key = umr->key;
    uint32_t before = key->npas;
    uint64_t end = umr->fit ? umr->first + umr->fit : 0;

    cx_sched_charge((MAX(end, before) - before + umr->n) * sizeof(*entries));
    if (cx_obj_list_grow(umr->fn, key, end) != CX_OK) {
        return false;
    }
    cx_umr_swap(umr, entries);
    if (cx_obj_patch(umr->fn, key, 0, in, key->in_len) == CX_OK) {
        return true;
    }
    cx_umr_swap(umr, entries);
    cx_obj_list_cut(umr->fn, key, before);
    return false;
}

/* The entries that come with it; NULL if they cannot be read */
static uint64_t *cx_umr_read_list(const ConnectXUmr *umr, ConnectXKeyUser by)
{
    g_autofree uint64_t *list = g_new(uint64_t, umr->n + 1);

    if (!cx_umr_gather(umr, by, list)) {
        return NULL;
    }
    for (uint64_t i = 0; i < umr->n; i++) {
        list[i] = be64_to_cpu(list[i]);
    }
    return g_steal_pointer(&list);
}

ConnectXSyndrome cx_umr_execute(ConnectXFunction *fn, ConnectXObj *qp,
                                const ConnectXWqe *wqe)
{
    ConnectXUmr umr = { .fn = fn, .wqe = wqe };
    g_autofree uint64_t *entries = NULL;
    g_autofree uint8_t *in = NULL;

    if (wqe->bytes < CX_UMR_LIST) {
        return CX_SYN_LOCAL_QP_OP;
    }
    umr.key = cx_obj_find(fn, CX_OBJ_MKEY, wqe->imm >> 8);
    umr.mask = ldq_be_p(wqe->raw + CX_UMR_MASK);
    if (!umr.key || umr.mask & ~(CX_UMR_KNOWN | CX_UMR_IGNORED) ||
        !cx_umr_may(&umr, qp) || !cx_umr_take_range(&umr)) {
        return CX_SYN_KEY_CHANGE;
    }
    entries = cx_umr_read_list(&umr, cx_umr_list_user(qp));
    if (!entries) {
        return CX_SYN_LOCAL_PROT;
    }
    in = g_memdup2(umr.key->in, umr.key->in_len);
    cx_umr_change_fields(&umr, cx_umr_mkc(in));
    /* A domain is not given what it has not asked for. */
    if (!cx_umr_of_any_pd(qp) && CX_GET(mkc, cx_umr_mkc(in), pd) !=
                                 CX_GET(qpc, cx_qpc(qp), pd)) {
        return CX_SYN_KEY_CHANGE;
    }
    return cx_umr_apply(&umr, in, entries) ? CX_SYN_NONE : CX_SYN_KEY_CHANGE;
}
