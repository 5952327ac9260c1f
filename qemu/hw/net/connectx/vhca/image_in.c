/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the stream of images that a VF is loaded with
 *
 * LOAD commands bring an image in pieces of any size, and one image after the
 * other. One that begins a session, or is alone, supersedes all before; any
 * other must be the very next of the session that is there. Padding is checked
 * as it passes and never kept. After an error the stream is good for nothing.
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qemu/bswap.h"
#include "qemu/crc32c.h"
#include "qemu/cutils.h"
#include "qemu/timer.h"
#include "fn/caps.h"
#include "fn/fn.h"
#include "fn/latch.h"
#include "fn/life.h"
#include "switch/vport.h"
#include "vhca/image_in.h"
#include "vhca/image_load.h"
#include "vhca/image_pad.h"
#include "vhca/image_take.h"

struct ConnectXImageIn {
    ConnectXFunction *vf;
    /* The image on its way: its body, then only a count of its padding. */
    GByteArray *body;
    uint64_t body_len, total_len;       /* 0 until the header is here */
    uint64_t pad_done;
    uint32_t crc;                       /* of the sections, without last XOR */
    uint32_t crc_wanted;
    ConnectXImageLoad *load;            /* when it is here in full */
    /* What the complete images make, and what the last header says. */
    ConnectXFunction *stage;
    ConnectXImageMoment moment;
    bool final;
    uint64_t session;
    uint32_t sequence;
    uint32_t header_crc;
    ConnectXVhcaSyndrome syndrome;
};

static ConnectXStatus cx_image_refuse(ConnectXImageIn *in,
                                      ConnectXVhcaSyndrome syndrome,
                                      const char *what)
{
    in->syndrome = syndrome;
    return cx_image_bad(in->vf, what);
}

/* Is this the image that has to come next? */
static ConnectXStatus cx_image_check_chain(ConnectXImageIn *in,
                                           const ConnectXImageHeader *h)
{
    uint64_t session = le64_to_cpu(h->session);
    uint32_t sequence = le32_to_cpu(h->sequence);
    bool delta = le32_to_cpu(h->flags) & CX_IMAGE_DELTA;

    if (!sequence) {
        if (delta || h->parent) {
            return cx_image_bad(in->vf, "first of its session, and not full");
        }
        return in->stage && session && session == in->session ?
               cx_image_refuse(in, CX_SYN_IMAGE_REPEATED,
                               "first of the session, once more") : CX_OK;
    }
    if (!session) {
        return cx_image_bad(in->vf, "alone, and not the first");
    }
    if (!in->stage || session != in->session) {
        return cx_image_refuse(in, CX_SYN_IMAGE_FOREIGN,
                               "of a session that did not begin here");
    }
    if (sequence <= in->sequence) {
        return cx_image_refuse(in, CX_SYN_IMAGE_REPEATED,
                               "one that came before, or a later one did");
    }
    if (sequence > in->sequence + 1) {
        return cx_image_refuse(in, CX_SYN_IMAGE_GAP, "one before is missing");
    }
    return le32_to_cpu(h->parent) == in->header_crc ? CX_OK :
           cx_image_refuse(in, CX_SYN_IMAGE_FOREIGN, "not the child of the "
                           "one before");
}

static ConnectXStatus cx_image_check_header(ConnectXImageIn *in)
{
    const ConnectXImageHeader *h = (const void *)in->body->data;
    uint64_t body_len = le64_to_cpu(h->body_len);
    uint64_t total_len = le64_to_cpu(h->total_len);

    if (memcmp(h->magic, CX_IMAGE_MAGIC, CX_IMAGE_MAGIC_LEN)) {
        return cx_image_bad(in->vf, "magic");
    }
    if (crc32c(UINT32_MAX, in->body->data,
               offsetof(ConnectXImageHeader, header_crc)) !=
        le32_to_cpu(h->header_crc)) {
        return cx_image_bad(in->vf, "CRC of the header");
    }
    if (le32_to_cpu(h->version) != CX_IMAGE_VERSION ||
        le32_to_cpu(h->flags) & ~CX_IMAGE_FLAGS_ALL) {
        return cx_image_bad(in->vf, "version");
    }
    if (le16_to_cpu(h->vendor_id) != CX_VENDOR_ID ||
        le16_to_cpu(h->device_id) != CX_VF_DEVICE_ID) {
        return cx_image_bad(in->vf, "other kind of device");
    }
    if (body_len < sizeof(*h) || body_len > CX_IMAGE_BODY_MAX ||
        total_len < body_len || total_len > CX_IMAGE_TOTAL_MAX ||
        body_len % CX_IMAGE_ALIGN || total_len % CX_IMAGE_ALIGN) {
        return cx_image_bad(in->vf, "length");
    }
    in->body_len = body_len;
    in->total_len = total_len;
    in->crc_wanted = le32_to_cpu(h->sections_crc);
    return cx_image_check_chain(in, h);
}

static void cx_image_in_begin(ConnectXImageIn *in)
{
    g_clear_pointer(&in->load, cx_image_load_free);
    g_clear_pointer(&in->body, g_byte_array_unref);
    in->body = g_byte_array_new();
    in->body_len = 0;
    in->total_len = 0;
    in->pad_done = 0;
    in->crc = UINT32_MAX;
}

ConnectXImageIn *cx_image_in_new(ConnectXFunction *vf)
{
    ConnectXImageIn *in = g_new0(ConnectXImageIn, 1);

    in->vf = vf;
    cx_image_in_begin(in);
    return in;
}

void cx_image_in_free(ConnectXImageIn *in)
{
    if (in) {
        cx_image_load_free(in->load);
        cx_image_stage_free(in->stage);
        g_byte_array_unref(in->body);
        g_free(in);
    }
}

/* Does a driver that gave up an image go on with one that needs none of it? */
void cx_image_in_restart(ConnectXImageIn *in, const uint8_t *buf, uint64_t len)
{
    const ConnectXImageHeader *h = (const void *)buf;

    if (in->body->len && len >= sizeof(*h) && !h->sequence &&
        memcmp(in->body->data, buf, MIN(in->body->len, sizeof(*h))) &&
        !memcmp(h->magic, CX_IMAGE_MAGIC, CX_IMAGE_MAGIC_LEN) &&
        crc32c(UINT32_MAX, buf, offsetof(ConnectXImageHeader, header_crc)) ==
        le32_to_cpu(h->header_crc)) {
        cx_image_in_begin(in);
    }
}

bool cx_image_in_partial(const ConnectXImageIn *in)
{
    return in->body->len;
}

/* Takes what the header lacks, or the sections; *used is what it took. */
static ConnectXStatus cx_image_in_body(ConnectXImageIn *in, const uint8_t *buf,
                                       uint64_t len, uint64_t *used)
{
    const uint32_t header = sizeof(ConnectXImageHeader);
    uint64_t want = in->total_len ? in->body_len : header;

    *used = MIN(len, want - in->body->len);
    g_byte_array_append(in->body, buf, *used);
    if (in->total_len) {
        in->crc = crc32c(in->crc, buf, *used) ^ UINT32_MAX;
    } else if (in->body->len == header) {
        return cx_image_check_header(in);
    }
    return CX_OK;
}

static ConnectXStatus cx_image_in_pad(ConnectXImageIn *in, const uint8_t *buf,
                                      uint64_t len, uint64_t *used)
{
    *used = MIN(len, in->total_len - in->body_len - in->pad_done);
    if (!cx_image_pad_is_good(in->pad_done, buf, *used)) {
        return cx_image_bad(in->vf, "padding");
    }
    in->pad_done += *used;
    return CX_OK;
}

static bool cx_image_is_delta(const ConnectXImageIn *in)
{
    const ConnectXImageHeader *h = (const void *)in->body->data;

    return le32_to_cpu(h->flags) & CX_IMAGE_DELTA;
}

static bool cx_image_in_is_whole(const ConnectXImageIn *in)
{
    return in->total_len && in->body->len == in->body_len &&
           in->pad_done == in->total_len - in->body_len;
}

ConnectXStatus cx_image_in_feed(ConnectXImageIn *in, const uint8_t *buf,
                                uint64_t len, uint64_t *used)
{
    ConnectXStatus status = CX_OK;

    *used = 0;
    while (*used < len && status == CX_OK && !cx_image_in_is_whole(in)) {
        bool in_body = !in->total_len || in->body->len < in->body_len;
        uint64_t part;

        status = in_body ?
                 cx_image_in_body(in, buf + *used, len - *used, &part) :
                 cx_image_in_pad(in, buf + *used, len - *used, &part);
        *used += part;
    }
    if (status != CX_OK || !cx_image_in_is_whole(in)) {
        return status;
    }
    if ((in->crc ^ UINT32_MAX) != in->crc_wanted) {
        return cx_image_bad(in->vf, "CRC of the sections");
    }
    in->load = cx_image_load_new(in->vf, cx_image_is_delta(in) ?
                                 g_steal_pointer(&in->stage) : NULL,
                                 in->body->data, in->body->len);
    return CX_OK;
}

bool cx_image_in_has_work(const ConnectXImageIn *in)
{
    return in->load;
}

ConnectXStatus cx_image_in_work(ConnectXImageIn *in, uint64_t budget)
{
    ConnectXStatus status = cx_image_load_step(in->load, budget);

    if (status == CX_OK) {
        const ConnectXImageHeader *h = (const void *)in->body->data;

        cx_image_stage_free(in->stage);
        in->stage = cx_image_load_take(in->load, &in->moment);
        in->final = le32_to_cpu(h->flags) & CX_IMAGE_FINAL;
        in->session = le64_to_cpu(h->session);
        in->sequence = le32_to_cpu(h->sequence);
        in->header_crc = le32_to_cpu(h->header_crc);
        cx_image_in_begin(in);
    }
    return status;
}

bool cx_image_in_final(const ConnectXImageIn *in)
{
    return in->final;
}

ConnectXVhcaSyndrome cx_image_in_syndrome(const ConnectXImageIn *in)
{
    return in->syndrome;
}

ConnectXFunction *cx_image_in_staged(const ConnectXImageIn *in,
                                     ConnectXImageMoment *moment)
{
    if (in->stage) {
        *moment = in->moment;
    }
    return in->stage;
}

static void cx_apply_vport(ConnectXVport *to, const ConnectXVport *from)
{
    to->uc = from->uc;
    to->mc = from->mc;
    to->vlan = from->vlan;
    to->promisc_uc = from->promisc_uc;
    to->promisc_mc = from->promisc_mc;
    to->promisc_all = from->promisc_all;
    to->mtu = from->mtu;
    to->roce_en = from->roce_en;
    to->disable_uc_lb = from->disable_uc_lb;
    to->disable_mc_lb = from->disable_mc_lb;
    to->port_up = from->port_up;
    memcpy(to->rx, from->rx, sizeof(to->rx));
    memcpy(to->tx, from->tx, sizeof(to->tx));
}

static void cx_apply_caps(ConnectXFunction *vf, const ConnectXFunction *stage)
{
    uint8_t page[CX_CAP_PAGE_SIZE];

    for (int type = 0; type < CX_CAP_TYPES; type++) {
        const uint8_t *own = cx_caps_cur(vf, type);

        if (own) {
            memcpy(page, cx_caps_cur(stage, type), sizeof(page));
            cx_image_cap_identity(type, page, own);
            cx_caps_put(vf, type, page);
        }
    }
}

void cx_image_in_apply(ConnectXImageIn *in)
{
    ConnectXFunction *vf = in->vf, *stage = in->stage;
    ConnectXObjStore *objs = vf->objs;
    ConnectXPages *pages = vf->pages;

    in->stage = NULL;
    vf->state = stage->state;
    vf->issi = stage->issi;
    vf->nic_interface = stage->nic_interface;
    vf->cmdq_addr = stage->cmdq_addr;
    vf->cmdq_addr_h = stage->cmdq_addr_h;
    vf->pending = stage->pending;
    memcpy(vf->sw_owner_id, stage->sw_owner_id, sizeof(vf->sw_owner_id));
    memcpy(vf->flow_root, stage->flow_root, sizeof(vf->flow_root));
    vf->timer_offset_ns = in->moment.timer_ns -
                          qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    cx_apply_caps(vf, stage);
    cx_apply_vport(vf->vport, stage->vport);
    vf->objs = stage->objs;
    stage->objs = objs;
    vf->pages = stage->pages;
    stage->pages = pages;
    /* The source's writes came before any that this VF has seen. */
    cx_latch_prepend(vf, stage->latch);
    cx_image_stage_free(stage);
    cx_fn_loaded(vf);
}
