/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: page trackers
 *
 * A tracker is an object of the PF. The log behind it follows the VF from the
 * object's creation to its end; a report hands out what the log has of a range,
 * and cleans it, in messages to a queue pair that the driver has connected to
 * the one that the tracker names. Messages leave one by one, from a timer, when
 * the driver has posted receive requests for them.
 *
 * A tracker that cannot say any more what was written is in error for good, and
 * an event says so: when its VF was reset, its log has no more room, or a
 * message could not be delivered.
 */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "fn/caps.h"
#include "fn/fn.h"
#include "fn/life.h"
#include "host/dirty.h"
#include "obj/obj.h"
#include "queue/eq.h"
#include "queue/qp.h"
#include "queue/rc.h"
#include "vhca/track.h"
#include "trace.h"

enum {                      /* page_track.state */
    CX_TRACK_TRACKING,
    CX_TRACK_REPORTING,
    CX_TRACK_ERROR,
};

#define CX_TRACK_TYPE_DIRTY 1           /* page_track.track_type */

/* Between messages, and between looks for a receive request */
#define CX_TRACK_PAUSE_NS   (20 * SCALE_US)
#define CX_TRACK_POLL_NS    (100 * SCALE_US)
/* What of a message's room stays free: drivers refuse one that is full. */
#define CX_TRACK_SPARE      64
/* Of the immediate data, the upper four bits are the tracker's state. */
#define CX_TRACK_IMM_SHIFT  28

typedef struct ConnectXTrack {
    ConnectXFunction *pf, *vf;          /* vf: NULL after it was reset */
    uint32_t id;
    uint32_t qpn;
    uint64_t message_bytes;
    ConnectXDirty *log;
    uint8_t state;
    uint64_t at, end;                   /* of the report on its way */
    QEMUTimer *timer;
    QLIST_ENTRY(ConnectXTrack) next;
} ConnectXTrack;

struct ConnectXTracks {
    QLIST_HEAD(, ConnectXTrack) list;
};

static const uint8_t *cx_track_ctx(const ConnectXObj *obj)
{
    return CX_ADDR(create_page_track_obj_in, obj->in, obj_context);
}

static const uint8_t *cx_track_range(const uint8_t *ctx, uint32_t n)
{
    return ctx + CX_SZ(page_track) + n * CX_SZ(page_track_range);
}

static ConnectXTrack *cx_track_find(ConnectXFunction *pf, uint32_t id)
{
    ConnectXTrack *track;

    QLIST_FOREACH(track, &pf->tracks->list, next) {
        if (track->id == id) {
            return track;
        }
    }
    return NULL;
}

/* Tells no more; what it has left is lost. */
static void cx_track_fail(ConnectXTrack *track)
{
    uint8_t data[CX_EQE_DATA_LEN] = { 0 };

    if (track->state == CX_TRACK_ERROR) {
        return;
    }
    trace_connectx_track_fail(track->id);
    track->state = CX_TRACK_ERROR;
    g_clear_pointer(&track->log, cx_dirty_stop);
    timer_del(track->timer);
    if (track->pf->dev->track.no_event) {
        return;
    }
    stw_be_p(data + 2, MLX5_OBJ_TYPE_PAGE_TRACK);
    stl_be_p(data + 4, track->id);
    cx_eq_post(track->pf, CX_EV_OBJECT_CHANGE, 0, data);
}

/* Within a write of the VF: nothing that it stands on may go now. */
static void cx_track_overflow(void *opaque)
{
    ConnectXTrack *track = opaque;

    timer_mod_ns(track->timer, 0);
}

static void cx_track_put_entries(uint8_t *to, const uint64_t *pages,
                                 uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        stq_be_p(to + i * CX_SZ(page_track_report_entry), pages[i]);
    }
}

/* The upper bits of a message: what becomes of the tracker with it */
static uint32_t cx_track_imm(const ConnectXTrack *track)
{
    bool fails = track->pf->dev->track.fails_within;

    return (uint32_t)(fails ? CX_TRACK_ERROR : track->state)
           << CX_TRACK_IMM_SHIFT;
}

/* One message, as full as it may be. */
static ConnectXRcStatus cx_track_send(ConnectXTrack *track)
{
    g_autofree uint64_t *pages = NULL;
    g_autofree uint8_t *message = NULL;
    ConnectXRcStatus status;
    uint32_t n;
    uint64_t room;

    status = cx_rc_room(track->pf, track->qpn, &room);
    if (status != CX_RC_OK) {
        return status;
    }
    room = MIN(room, track->message_bytes);
    room = MAX(room - MIN(room, CX_TRACK_SPARE), room / 2);
    n = room / CX_SZ(page_track_report_entry);
    if (!n) {
        return CX_RC_BROKEN;
    }
    pages = g_new(uint64_t, n);
    n = cx_dirty_take(track->log, &track->at, track->end, pages, n);
    message = g_malloc(n * CX_SZ(page_track_report_entry));
    cx_track_put_entries(message, pages, n);
    if (track->at == track->end) {
        track->state = CX_TRACK_TRACKING;
    }
    trace_connectx_track_send(track->id, n, track->state);
    status = cx_rc_send(track->pf, track->qpn, message,
                        n * CX_SZ(page_track_report_entry),
                        cx_track_imm(track));
    if (status == CX_RC_OK && track->pf->dev->track.fails_within) {
        cx_track_fail(track);
    }
    return status;
}

static bool cx_track_is_due(ConnectXTrack *track)
{
    ConnectXDevice *dev = track->pf->dev;

    if (dev->track.fails) {
        cx_track_fail(track);
    }
    return track->state == CX_TRACK_REPORTING && !dev->track.silent;
}

static void cx_track_tick(void *opaque)
{
    ConnectXTrack *track = opaque;
    int64_t pause_ns = CX_TRACK_PAUSE_NS;

    if (cx_dirty_overflown(track->log)) {
        cx_track_fail(track);
        return;
    }
    if (!cx_track_is_due(track)) {
        return;
    }
    switch (cx_track_send(track)) {
    case CX_RC_BROKEN:
        cx_track_fail(track);
        return;
    case CX_RC_NOT_READY:
        pause_ns = CX_TRACK_POLL_NS;
        break;
    default:
        break;
    }
    if (track->state == CX_TRACK_REPORTING) {
        timer_mod_ns(track->timer,
                     qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + pause_ns);
    }
}

/* The ranges that ctx lists, in whole pages */
static ConnectXDirtyRange *cx_track_ranges(const uint8_t *ctx)
{
    uint32_t n = CX_GET(page_track, ctx, num_ranges);
    uint64_t page = 1ull << CX_GET(page_track, ctx, log_page_size);
    ConnectXDirtyRange *ranges = g_new0(ConnectXDirtyRange, n);

    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *range = cx_track_range(ctx, i);

        ranges[i].start = CX_GET64(page_track_range, range, start_address);
        /* The driver of 6.1 gives the offset of the last byte for a length. */
        ranges[i].len = ROUND_UP(CX_GET64(page_track_range, range, length),
                                 page);
    }
    return ranges;
}

static bool cx_track_range_good(const ConnectXDirtyRange *range, uint64_t page)
{
    return range->len && !(range->start % page) &&
           range->start + range->len > range->start;
}

/*
 * Whole pages that do not overlap, and no more than the size that it says. The
 * driver of 6.1 rounds the size down, and cards take that.
 */
static bool cx_track_ranges_good(const uint8_t *ctx)
{
    g_autofree ConnectXDirtyRange *ranges = cx_track_ranges(ctx);
    uint64_t page = 1ull << CX_GET(page_track, ctx, log_page_size);
    uint64_t left = 2ull << CX_GET(page_track, ctx, log_addr_space_size);

    for (uint32_t i = 0; i < CX_GET(page_track, ctx, num_ranges); i++) {
        if (!cx_track_range_good(&ranges[i], page) || ranges[i].len > left) {
            return false;
        }
        left -= ranges[i].len;
        for (uint32_t j = 0; j < i; j++) {
            if (ranges[i].start < ranges[j].start + ranges[j].len &&
                ranges[j].start < ranges[i].start + ranges[i].len) {
                return false;
            }
        }
    }
    return true;
}

/* Within what the capability page offers, and in itself right */
static bool cx_track_ctx_good(const ConnectXFunction *pf, const uint8_t *ctx)
{
    const uint8_t *caps = cx_caps_cur(pf, CX_CAP_ADV_VIRTUALIZATION);
    uint32_t space = CX_GET(page_track, ctx, log_addr_space_size);
    uint32_t page = CX_GET(page_track, ctx, log_page_size);
    uint32_t message = CX_GET(page_track, ctx, log_msg_size);
    uint32_t ranges = CX_GET(page_track, ctx, num_ranges);

#define CAP(f) CX_GET(adv_virtualization_cap, caps, pg_track_##f)
    return ranges && ranges <= CAP(max_num_range) &&
           space >= CAP(log_min_addr_space) &&
           space <= CAP(log_max_addr_space) &&
           page >= CAP(log_min_page_size) && page <= CAP(log_max_page_size) &&
           message >= CAP(log_min_msg_size) &&
           message <= CAP(log_max_msg_size) &&
           CX_GET(page_track, ctx, track_type) == CX_TRACK_TYPE_DIRTY &&
           CX_GET(page_track, ctx, state) == CX_TRACK_TRACKING;
#undef CAP
}

static ConnectXStatus cx_track_link(ConnectXFunction *pf, ConnectXObj *obj)
{
    const uint8_t *ctx = cx_track_ctx(obj);
    ConnectXObj *qp;

    if (!cx_caps_cur(pf, CX_CAP_ADV_VIRTUALIZATION) ||
        !cx_track_ctx_good(pf, ctx)) {
        return CX_BAD_PARAM;
    }
    if (obj->in_len < CX_SZ(create_page_track_obj_in) +
                      CX_GET(page_track, ctx, num_ranges) *
                      CX_SZ(page_track_range)) {
        return CX_BAD_INPUT_LEN;
    }
    if (!cx_track_ranges_good(ctx)) {
        return CX_BAD_PARAM;
    }
    qp = cx_obj_find(pf, CX_OBJ_QP, CX_GET(page_track, ctx, reporting_qpn));
    if (qp && qp->run.state != CX_QP_RTS) {
        return CX_BAD_QP_STATE;
    }
    return cx_obj_use(pf, obj, CX_OBJ_QP,
                      CX_GET(page_track, ctx, reporting_qpn));
}

/* Of an object that was linked, hence is good */
static void cx_track_new(ConnectXFunction *pf, ConnectXFunction *vf,
                         const ConnectXObj *obj)
{
    const uint8_t *ctx = cx_track_ctx(obj);
    g_autofree ConnectXDirtyRange *ranges = cx_track_ranges(ctx);
    ConnectXTrack *track = g_new0(ConnectXTrack, 1);
    ConnectXDirtySetup setup = {
        .ranges = ranges,
        .nr_ranges = CX_GET(page_track, ctx, num_ranges),
        .page_shift = CX_GET(page_track, ctx, log_page_size),
        .bytes_max = (uint64_t)pf->dev->track.kib_max * KiB,
        .overflow = cx_track_overflow,
        .opaque = track,
    };

    track->pf = pf;
    track->vf = vf;
    track->id = obj->id;
    track->qpn = CX_GET(page_track, ctx, reporting_qpn);
    track->message_bytes = 1ull << CX_GET(page_track, ctx, log_msg_size);
    track->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, cx_track_tick, track);
    track->log = cx_dirty_start(vf, &setup);
    QLIST_INSERT_HEAD(&pf->tracks->list, track, next);
    trace_connectx_track_new(track->id, vf->vhca_id, setup.nr_ranges);
}

static void cx_track_free(ConnectXTrack *track)
{
    QLIST_REMOVE(track, next);
    cx_dirty_stop(track->log);
    timer_free(track->timer);
    g_free(track);
}

ConnectXStatus cx_track_create(ConnectXFunction *pf, const void *in,
                               uint32_t in_len, uint32_t *id)
{
    const uint8_t *ctx = CX_ADDR(create_page_track_obj_in, in, obj_context);
    ConnectXFunction *vf = cx_dev_find_vhca(pf->dev,
                                            CX_GET(page_track, ctx, vhca_id));
    ConnectXStatus status;
    ConnectXObj *obj;

    if (!vf || !vf->is_vf) {
        return CX_BAD_RESOURCE;
    }
    status = cx_obj_create(pf, CX_OBJ_PAGE_TRACK, in, in_len, NULL, 0, &obj);
    if (status == CX_OK) {
        cx_track_new(pf, vf, obj);
        *id = obj->id;
    }
    return status;
}

/* Whole pages, of one of the ranges that are tracked */
static bool cx_track_has(const ConnectXObj *obj, uint64_t start, uint64_t len)
{
    const uint8_t *ctx = cx_track_ctx(obj);
    g_autofree ConnectXDirtyRange *ranges = cx_track_ranges(ctx);
    uint64_t page = 1ull << CX_GET(page_track, ctx, log_page_size);
    const ConnectXDirtyRange asked = { start, ROUND_UP(len, page) };

    if (!cx_track_range_good(&asked, page)) {
        return false;
    }
    for (uint32_t i = 0; i < CX_GET(page_track, ctx, num_ranges); i++) {
        if (start >= ranges[i].start && asked.len <= ranges[i].len &&
            start - ranges[i].start <= ranges[i].len - asked.len) {
            return true;
        }
    }
    return false;
}

ConnectXStatus cx_track_report(ConnectXFunction *pf, uint32_t id,
                               uint64_t start, uint64_t len)
{
    ConnectXTrack *track = cx_track_find(pf, id);
    const ConnectXObj *obj = cx_obj_find(pf, CX_OBJ_PAGE_TRACK, id);
    uint64_t page;

    if (!track || !obj) {
        return CX_BAD_RESOURCE;
    }
    if (!cx_track_has(obj, start, len)) {
        return CX_BAD_PARAM;
    }
    if (track->state != CX_TRACK_TRACKING) {
        return CX_BAD_RES_STATE;
    }
    page = 1ull << CX_GET(page_track, cx_track_ctx(obj), log_page_size);
    track->state = CX_TRACK_REPORTING;
    track->at = start;
    track->end = start + ROUND_UP(len, page);
    trace_connectx_track_report(id, start, len);
    timer_mod_ns(track->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    return CX_OK;
}

bool cx_track_has_failed(ConnectXFunction *pf, uint32_t id)
{
    const ConnectXTrack *track = cx_track_find(pf, id);

    return track && track->state == CX_TRACK_ERROR;
}

ConnectXStatus cx_track_query(ConnectXFunction *pf, uint32_t id, void *ctx)
{
    const ConnectXTrack *track = cx_track_find(pf, id);
    const ConnectXObj *obj = cx_obj_find(pf, CX_OBJ_PAGE_TRACK, id);

    if (!track || !obj) {
        return CX_BAD_RESOURCE;
    }
    memcpy(ctx, cx_track_ctx(obj), CX_SZ(page_track));
    CX_SET(page_track, ctx, state, track->state);
    return CX_OK;
}

ConnectXStatus cx_track_destroy(ConnectXFunction *pf, uint32_t id)
{
    ConnectXTrack *track = cx_track_find(pf, id);

    if (!track) {
        return CX_BAD_RESOURCE;
    }
    cx_track_free(track);
    return cx_obj_destroy(pf, CX_OBJ_PAGE_TRACK, id);
}

static void cx_track_init(ConnectXFunction *fn)
{
    if (!fn->is_vf) {
        fn->tracks = g_new0(ConnectXTracks, 1);
        QLIST_INIT(&fn->tracks->list);
    }
}

/* The driver goes, or the function does: the objects will go, too. */
static void cx_track_teardown(ConnectXFunction *fn)
{
    ConnectXTrack *track, *next;

    if (fn->is_vf) {
        return;
    }
    QLIST_FOREACH_SAFE(track, &fn->tracks->list, next, next) {
        cx_track_free(track);
    }
}

/* What a VF did before its reset is not known any more, and who is told? */
static void cx_track_reset(ConnectXFunction *fn)
{
    ConnectXFunction *pf = fn->dev->pf;
    ConnectXTrack *track;

    if (!fn->is_vf || !pf->tracks) {
        return;
    }
    QLIST_FOREACH(track, &pf->tracks->list, next) {
        if (track->vf != fn) {
            continue;
        }
        if (track->log && fn->dev->track.forgets) {
            cx_dirty_forget(track->log);
            continue;
        }
        cx_track_fail(track);
        track->vf = NULL;
    }
}

static void cx_track_uninit(ConnectXFunction *fn)
{
    cx_track_reset(fn);
    cx_track_teardown(fn);
    g_clear_pointer(&fn->tracks, g_free);
}

static const ConnectXParticipant cx_track_part = {
    .name = "track",
    .init = cx_track_init,
    .uninit = cx_track_uninit,
    .teardown = cx_track_teardown,
    .reset = cx_track_reset,
};

static const ConnectXObjType cx_track_kind = {
    .kind = CX_OBJ_PAGE_TRACK, .name = "PAGE_TRACK",
    .in_len_min = CX_SZ(create_page_track_obj_in),
    .in_len_max = CX_SZ(create_page_track_obj_in) +
                  CX_TRACK_RANGES_MAX * CX_SZ(page_track_range),
    CX_OBJ_ID24, .limit = 1 << CX_LOG_TRACKS,
    .link = cx_track_link,
};

void cx_track_register(void)
{
    cx_obj_add_type(&cx_track_kind);
    cx_fn_register(&cx_track_part);
}
