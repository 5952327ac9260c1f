/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames: from one function's send queue into another's receive queue, by
 * MAC, whole, with a completion that tells the truth; not while suspended,
 * and to where a VF is after it moved.
 */
#include "qmp.h"
#include "vhca-bench.h"

#define CQE_RESP_SEND   2
#define CQE_REQ_ERR     13
#define CQE_RESP_ERR    14
#define MAC_BYTES       6
#define HEADER_BYTES    18
#define PAYLOAD_BYTES   300
#define RX_BUF_BYTES    2048
/* Requests of two blocks each, and as many frames as one request may make */
#define LARGE_SENDS     8
#define LARGE_FRAMES    1024

enum {                      /* of error completions */
    SYNDROME_LOCAL_LENGTH   = 1,
    SYNDROME_LOCAL_PROT     = 4,
    SYNDROME_FLUSHED        = 5,
};

typedef struct Frames {
    VhcaBench b;
    HcaObjects o[2];
    Hca *vf[2];
    uint64_t payload;
} Frames;

static const uint8_t macs[2][MAC_BYTES] = {
    { 0x02, 0, 0, 0, 0, 0xa0 }, { 0x02, 0, 0, 0, 0, 0xa1 },
};
static const uint8_t broadcast[MAC_BYTES] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};

static void frames_start(Frames *f, void **state, unsigned pfs)
{
    uint8_t *payload;

    vhca_bench_start(&f->b, state, pfs, NULL, VHCA_BUF_BYTES);
    for (unsigned i = 0; i < pfs; i++) {
        hca_must_set_port(&f->b.m->pf[i], true);
    }
    for (unsigned i = 0; i < 2; i++) {
        f->vf[i] = machine_start_vf(f->b.m, 0, i);
        pci_msix_enable(&f->vf[i]->fn);
        hca_must_create_objects(f->vf[i], &f->o[i]);
        hca_must_set_macs(f->vf[i], &macs[i], 1);
    }
    f->payload = qtest_alloc(f->b.m->q, 8192, 64);
    payload = qtest_ram(f->b.m->q, f->payload, 8192);
    for (unsigned i = 0; i < 8192; i++) {
        payload[i] = i * 7;
    }
}

static void fill_header(uint8_t *header, const uint8_t *to,
                        const uint8_t *from)
{
    memset(header, 0, HEADER_BYTES);
    memcpy(header, to, MAC_BYTES);
    memcpy(header + MAC_BYTES, from, MAC_BYTES);
    header[12] = 0x88;          /* local experimental */
    header[13] = 0xb5;
    header[14] = 0x11;
}

static void send_to(Frames *f, unsigned from, const uint8_t *to)
{
    uint8_t header[HEADER_BYTES];
    HcaFrame frame = {
        .header = header, .header_len = HEADER_BYTES,
        .addr = f->payload, .len = PAYLOAD_BYTES,
        .key = f->o[from].mkey << 8 | HCA_MKEY_BYTE,
    };

    fill_header(header, to, macs[from]);
    hca_sq_post_frame(&f->o[from].sq, &frame);
    hca_sq_ring(&f->o[from].sq, true);
    assert_true(hca_cq_wait(&f->o[from].cq));
    assert_int_equal(hca_cq_peek(&f->o[from].cq)[63] >> 4, 0);
    hca_cq_pop(&f->o[from].cq);
}

/* The ones' complement sum; drivers take that of L3 for CHECKSUM_COMPLETE. */
static uint16_t sum_of(const uint8_t *bytes, unsigned len)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < len; i++) {
        sum += i % 2 ? bytes[i] : bytes[i] << 8;
    }
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

/* The frame in the @index-th buffer of a receive queue. */
static uint8_t *received(Frames *f, HcaObjects *o, unsigned index)
{
    return qtest_ram(f->b.m->q, o->rx_buf + index * RX_BUF_BYTES,
                     RX_BUF_BYTES);
}

static void check_received(Frames *f, HcaObjects *o, unsigned index,
                           const uint8_t *to, const uint8_t *from)
{
    uint8_t expected[HEADER_BYTES + PAYLOAD_BYTES];
    uint8_t *cqe;

    fill_header(expected, to, from);
    memcpy(expected + HEADER_BYTES,
           qtest_ram(f->b.m->q, f->payload, PAYLOAD_BYTES), PAYLOAD_BYTES);
    assert_true(hca_cq_wait(&o->cq));
    cqe = hca_cq_peek(&o->cq);
    assert_int_equal(cqe[63] >> 4, CQE_RESP_SEND);
    assert_int_equal(ldl_be_p(cqe + 44), sizeof(expected));
    assert_int_equal(cqe[60] << 8 | cqe[61], index);
    assert_int_equal(cqe[20] << 8 | cqe[21],
                     sum_of(expected + 14, sizeof(expected) - 14));
    assert_memory_equal(received(f, o, index), expected, sizeof(expected));
    hca_cq_pop(&o->cq);
}

static void test_unicast(void **state)
{
    Frames f;

    frames_start(&f, state, 1);
    for (unsigned i = 0; i < 10; i++) {
        send_to(&f, 0, macs[1]);
        check_received(&f, &f.o[1], i, macs[1], macs[0]);
        send_to(&f, 1, macs[0]);
        check_received(&f, &f.o[0], i, macs[0], macs[1]);
        assert_null(hca_cq_peek(&f.o[0].cq));
        assert_null(hca_cq_peek(&f.o[1].cq));
    }
}

static void test_broadcast_and_strangers(void **state)
{
    static const uint8_t nobody[MAC_BYTES] = { 0x02, 9, 9, 9, 9, 9 };
    Frames f;

    frames_start(&f, state, 1);
    send_to(&f, 0, broadcast);
    check_received(&f, &f.o[1], 0, broadcast, macs[0]);
    send_to(&f, 0, nobody);
    send_to(&f, 0, macs[0]);
    assert_null(hca_cq_peek(&f.o[0].cq));
    assert_null(hca_cq_peek(&f.o[1].cq));
}

static void test_receive_queue_runs_dry(void **state)
{
    Frames f;

    frames_start(&f, state, 1);
    for (unsigned i = 0; i < 1u << f.o[1].rq.log_size; i++) {
        send_to(&f, 0, macs[1]);
        check_received(&f, &f.o[1], i, macs[1], macs[0]);
    }
    send_to(&f, 0, macs[1]);
    assert_null(hca_cq_peek(&f.o[1].cq));
}

static void test_suspended_vf_gets_nothing(void **state)
{
    uint16_t id;
    Frames f;

    frames_start(&f, state, 1);
    id = vhca_id_of(&f.b.m->pf[0], 1);
    assert_int_equal(vhca_suspend(&f.b.m->pf[0], id, SUSPEND_INITIATOR),
                     HCA_OK);
    send_to(&f, 0, macs[1]);
    assert_null(hca_cq_peek(&f.o[1].cq));
    assert_int_equal(received(&f, &f.o[1], 0)[0], 0);
    assert_int_equal(vhca_resume(&f.b.m->pf[0], id, RESUME_INITIATOR),
                     HCA_OK);
    send_to(&f, 0, macs[1]);
    check_received(&f, &f.o[1], 0, macs[1], macs[0]);
}

/* Its addresses, its queue's position and its buffers go with a VF. */
static void test_frames_follow_a_vf(void **state)
{
    uint8_t old_first;
    Frames f;

    frames_start(&f, state, 2);
    send_to(&f, 0, macs[1]);
    check_received(&f, &f.o[1], 0, macs[1], macs[0]);
    vhca_move(&f.b, 0, 1, 1, 0, &f.o[1]);
    vhca_move(&f.b, 0, 0, 1, 1, &f.o[0]);
    old_first = received(&f, &f.o[1], 2)[0];
    send_to(&f, 0, macs[1]);
    check_received(&f, &f.o[1], 1, macs[1], macs[0]);
    assert_int_equal(received(&f, &f.o[1], 2)[0], old_first);
    send_to(&f, 1, macs[0]);
    check_received(&f, &f.o[0], 0, macs[0], macs[1]);
}

static void test_segmentation(void **state)
{
    static const unsigned mss = 400, payload = 1500;
    uint8_t header[HCA_TCP_HEADERS];
    unsigned left = payload;
    Frames f;

    frames_start(&f, state, 1);
    hca_fill_tcp_headers(header, macs[1], macs[0]);
    hca_sq_post_frame(&f.o[0].sq, &(HcaFrame) {
        .header = header, .header_len = HCA_TCP_HEADERS,
        .addr = f.payload, .len = payload, .mss = mss,
        .key = f.o[0].mkey << 8 | HCA_MKEY_BYTE,
        .checksums = HCA_CSUM_L3 | HCA_CSUM_L4,
    });
    hca_sq_ring(&f.o[0].sq, true);
    for (unsigned i = 0; left; i++) {
        unsigned part = left < mss ? left : mss;
        uint8_t *cqe, *frame = received(&f, &f.o[1], i);

        assert_true(hca_cq_wait(&f.o[1].cq));
        cqe = hca_cq_peek(&f.o[1].cq);
        assert_int_equal(ldl_be_p(cqe + 44), HCA_TCP_HEADERS + part);
        assert_int_equal(frame[16] << 8 | frame[17], 40 + part);
        assert_int_equal(ldl_be_p(frame + 38), payload - left);
        assert_memory_equal(frame + HCA_TCP_HEADERS,
                            qtest_ram(f.b.m->q, f.payload + payload - left,
                                      part), part);
        hca_cq_pop(&f.o[1].cq);
        left -= part;
    }
    assert_null(hca_cq_peek(&f.o[1].cq));
}

/* The device puts a tag behind the addresses, and sums what it had summed. */
static void test_tag_is_inserted(void **state)
{
    static const struct {
        uint16_t what, type;
    } tags[] = { { HCA_TAG_VLAN, 0x8100 }, { HCA_TAG_SVLAN, 0x88a8 } };
    const unsigned addresses = 2 * MAC_BYTES, tag = 0x6123;
    const unsigned len = HCA_TCP_HEADERS + PAYLOAD_BYTES;
    uint8_t *frame, *cqe, *got;
    Frames f;

    frames_start(&f, state, 1);
    frame = qtest_ram(f.b.m->q, f.payload, len);
    hca_fill_tcp_headers(frame, macs[1], macs[0]);
    stw_be_p(frame + 16, len - 14);
    for (unsigned i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        hca_sq_post_frame(&f.o[0].sq, &(HcaFrame) {
            .addr = f.payload, .len = len,
            .key = f.o[0].mkey << 8 | HCA_MKEY_BYTE,
            .checksums = HCA_CSUM_L3, .tag_type = tags[i].what, .tag = tag,
        });
        hca_sq_ring(&f.o[0].sq, true);
        assert_true(hca_cq_wait(&f.o[1].cq));
        cqe = hca_cq_peek(&f.o[1].cq);
        assert_int_equal(ldl_be_p(cqe + 44), len + 4);
        hca_cq_pop(&f.o[1].cq);
        got = received(&f, &f.o[1], i);
        assert_memory_equal(got, frame, addresses);
        assert_int_equal(lduw_be_p(got + addresses), tags[i].type);
        assert_int_equal(lduw_be_p(got + addresses + 2), tag);
        assert_memory_equal(got + addresses + 4, frame + addresses, 12);
        /* The header's sum was asked for, and is right with itself. */
        assert_int_equal(sum_of(got + 18, 20), 0xffff);
        assert_memory_equal(got + 18 + 20, frame + 14 + 20, len - 34);
    }
}

/* A request cannot have both headers to repeat and a tag. */
static void test_tag_in_a_large_send(void **state)
{
    Frames f;

    frames_start(&f, state, 1);
    hca_fill_tcp_headers(qtest_ram(f.b.m->q, f.payload, HCA_TCP_HEADERS),
                         macs[1], macs[0]);
    hca_sq_post_frame(&f.o[0].sq, &(HcaFrame) {
        .addr = f.payload, .len = 1500, .mss = 400,
        .key = f.o[0].mkey << 8 | HCA_MKEY_BYTE,
        .tag_type = HCA_TAG_VLAN, .tag = 5,
    });
    hca_sq_ring(&f.o[0].sq, true);
    assert_true(hca_cq_wait(&f.o[0].cq));
    assert_int_equal(hca_cq_peek(&f.o[0].cq)[63] >> 4, CQE_REQ_ERR);
    assert_null(hca_cq_peek(&f.o[1].cq));
}

/*
 * Stopped and moved amid a request, a VF goes on with the next frame elsewhere:
 * none is missing, none is sent twice.
 */
static void test_large_sends_move(void **state)
{
    uint8_t header[HCA_TCP_HEADERS];
    Frames f;
    Hca *pf;

    frames_start(&f, state, 1);
    pf = &f.b.m->pf[0];
    hca_fill_tcp_headers(header, macs[1], macs[0]);
    for (unsigned i = 0; i < LARGE_SENDS; i++) {
        hca_sq_post_frame(&f.o[0].sq, &(HcaFrame) {
            .header = header, .header_len = HCA_TCP_HEADERS, .addr = f.payload,
            .len = LARGE_FRAMES, .mss = 1,
            .key = f.o[0].mkey << 8 | HCA_MKEY_BYTE,
        });
    }
    /* With the clock stopped, the device stands still after its first rest. */
    qmp_stop(f.b.m->q);
    hca_sq_ring(&f.o[0].sq, true);
    assert_int_equal(vhca_suspend(pf, vhca_id_of(pf, 0), SUSPEND_INITIATOR),
                     HCA_OK);
    qmp_cont(f.b.m->q);
    pci_flr(&f.vf[1]->fn);
    vhca_move(&f.b, 0, 0, 0, 1, &f.o[0]);
    for (unsigned i = 0; i < LARGE_SENDS; i++) {
        assert_true(hca_cq_wait(&f.o[0].cq));
        hca_cq_pop(&f.o[0].cq);
    }
    assert_in_range(hca_frames_sent(pf, 1), 1, LARGE_SENDS * LARGE_FRAMES - 1);
    /* An image takes the counters along. */
    assert_int_equal(hca_frames_sent(pf, 2), LARGE_SENDS * LARGE_FRAMES);
}

/* A request that cannot be sent: an error completion, a queue in error. */
static void test_bad_key(void **state)
{
    uint8_t header[HEADER_BYTES], *cqe;
    Frames f;

    frames_start(&f, state, 1);
    fill_header(header, macs[1], macs[0]);
    hca_sq_post_frame(&f.o[0].sq, &(HcaFrame) {
        .header = header, .header_len = HEADER_BYTES,
        .addr = f.payload, .len = PAYLOAD_BYTES, .key = 0x12345678,
    });
    hca_sq_ring(&f.o[0].sq, true);
    assert_true(hca_cq_wait(&f.o[0].cq));
    cqe = hca_cq_peek(&f.o[0].cq);
    assert_int_equal(cqe[63] >> 4, CQE_REQ_ERR);
    assert_null(hca_cq_peek(&f.o[1].cq));
    hca_must_destroy_objects(f.vf[0], &f.o[0]);
}

static uint8_t *rx_wqe(Frames *f, HcaObjects *o, unsigned index)
{
    return qtest_ram(f->b.m->q, o->rq.buf + index * HCA_RECEIVE_WQE_BYTES,
                     HCA_RECEIVE_WQE_BYTES);
}

static void check_rx_error(HcaObjects *o, unsigned syndrome, unsigned counter)
{
    uint8_t *cqe;

    assert_true(hca_cq_wait(&o->cq));
    cqe = hca_cq_peek(&o->cq);
    assert_int_equal(cqe[63] >> 4, CQE_RESP_ERR);
    assert_int_equal(cqe[55], syndrome);
    assert_int_equal(cqe[60] << 8 | cqe[61], counter);
    hca_cq_pop(&o->cq);
}

/* A buffer through no key: the driver is told, and of those behind it. */
static void test_receive_with_bad_key(void **state)
{
    HcaObjects *o;
    Frames f;

    frames_start(&f, state, 1);
    o = &f.o[1];
    send_to(&f, 0, macs[1]);
    check_received(&f, o, 0, macs[1], macs[0]);
    stl_be_p(rx_wqe(&f, o, 1) + 4, 0x12345678);
    /* Fewer buffers than completions: none is lost. */
    stl_be_p(qtest_ram(f.b.m->q, o->rq.dbr, 4), 4);
    send_to(&f, 0, macs[1]);
    check_rx_error(o, SYNDROME_LOCAL_PROT, 1);
    check_rx_error(o, SYNDROME_FLUSHED, 2);
    check_rx_error(o, SYNDROME_FLUSHED, 3);
    send_to(&f, 0, macs[1]);
    assert_null(hca_cq_peek(&o->cq));
    assert_int_equal(hca_modify_wq(f.vf[1], OP(MODIFY_RQ), o->rq.number,
                                   HCA_WQ_ERR, HCA_WQ_RST), HCA_OK);
}

/* A frame too long for its buffer is lost with that; the next one fits. */
static void test_receive_too_long(void **state)
{
    HcaObjects *o;
    Frames f;

    frames_start(&f, state, 1);
    o = &f.o[1];
    stl_be_p(rx_wqe(&f, o, 0), 64);
    send_to(&f, 0, macs[1]);
    check_rx_error(o, SYNDROME_LOCAL_LENGTH, 0);
    send_to(&f, 0, macs[1]);
    check_received(&f, o, 1, macs[1], macs[0]);
}

/*
 * A frame over two buffers. Drivers set bit 31 of the counts, which is about
 * where in a buffer the data begins, and not part of how much room there is.
 */
static void test_receive_scattered(void **state)
{
    const unsigned first = 100;
    uint8_t expected[HEADER_BYTES + PAYLOAD_BYTES];
    uint8_t *wqe;
    HcaObjects *o;
    Frames f;

    frames_start(&f, state, 1);
    o = &f.o[1];
    wqe = rx_wqe(&f, o, 0);
    stl_be_p(wqe, 0x80000000 | first);
    memcpy(wqe + 16, wqe, 16);
    stl_be_p(wqe + 16, 0x80000000 | RX_BUF_BYTES);
    stl_be_p(wqe + 28, ldl_be_p(wqe + 12) + RX_BUF_BYTES);
    send_to(&f, 0, macs[1]);
    assert_true(hca_cq_wait(&o->cq));
    fill_header(expected, macs[1], macs[0]);
    memcpy(expected + HEADER_BYTES,
           qtest_ram(f.b.m->q, f.payload, PAYLOAD_BYTES), PAYLOAD_BYTES);
    assert_memory_equal(received(&f, o, 0), expected, first);
    assert_int_equal(received(&f, o, 0)[first], 0);
    assert_memory_equal(received(&f, o, 1), expected + first,
                        sizeof(expected) - first);
}

static void test_receive_with_bad_record(void **state)
{
    uint8_t *eqe;
    HcaObjects *o;
    Frames f;

    frames_start(&f, state, 1);
    o = &f.o[1];
    stl_be_p(qtest_ram(f.b.m->q, o->rq.dbr, 4), 0x8000);
    send_to(&f, 0, macs[1]);
    assert_null(hca_cq_peek(&o->cq));
    assert_true(hca_eq_wait(&o->async_eq));
    eqe = hca_eq_peek(&o->async_eq);
    assert_int_equal(CX_GET(eqe, eqe, event_type), HCA_EV_WQ_CATAS);
}

/* A key's first byte lies where its address does in the first page. */
static void test_key_inside_a_page(void **state)
{
    const unsigned offset = 0x123;
    uint8_t header[HEADER_BYTES];
    uint64_t pages;
    uint32_t key;
    Frames f;

    frames_start(&f, state, 1);
    pages = qtest_alloc(f.b.m->q, 2 * HCA_PAGE_BYTES, HCA_PAGE_BYTES);
    memcpy(qtest_ram(f.b.m->q, pages + offset, PAYLOAD_BYTES),
           qtest_ram(f.b.m->q, f.payload, PAYLOAD_BYTES), PAYLOAD_BYTES);
    assert_int_equal(hca_create_list_mkey(f.vf[0], &(HcaMttKey) {
        .pd = f.o[0].pd, .buf = pages, .listed = 2,
        .start = 0x7000 + offset, .len = PAYLOAD_BYTES,
    }, &key), HCA_OK);
    fill_header(header, macs[1], macs[0]);
    hca_sq_post_frame(&f.o[0].sq, &(HcaFrame) {
        .header = header, .header_len = HEADER_BYTES,
        .addr = 0x7000 + offset, .len = PAYLOAD_BYTES,
        .key = key << 8 | HCA_MKEY_BYTE,
    });
    hca_sq_ring(&f.o[0].sq, true);
    check_received(&f, &f.o[1], 0, macs[1], macs[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_unicast),
        machine_test(test_broadcast_and_strangers),
        machine_test(test_receive_queue_runs_dry),
        machine_test(test_suspended_vf_gets_nothing),
        machine_test(test_frames_follow_a_vf),
        machine_test(test_segmentation),
        machine_test(test_tag_is_inserted),
        machine_test(test_tag_in_a_large_send),
        machine_test(test_large_sends_move),
        machine_test(test_bad_key),
        machine_test(test_receive_with_bad_key),
        machine_test(test_receive_too_long),
        machine_test(test_receive_scattered),
        machine_test(test_receive_with_bad_record),
        machine_test(test_key_inside_a_page),
    };

    return machine_main(tests);
}
