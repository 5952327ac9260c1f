/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of user space, and queues that lie in it.
 */
#include "qp.h"
#include "vhca-bench.h"

#define UMEM_PAGES      4
#define LOG_CQ          7               /* two pages */
#define RECORD_AT       0x40
#define LARGE_PAGES     60
#define LOG_LARGE       21              /* of another large page */

typedef struct Bench {
    Hca *hca;
    uint32_t eqn, pd;
    uint64_t page;                      /* the first of UMEM_PAGES in a row */
    uint32_t umem;
    uint64_t keys_at;                   /* in it */
} Bench;

/* Creates one of n pages that begin at page, given last to first, flagged. */
static int create_umem(Hca *hca, uint64_t page, unsigned n, uint32_t offset,
                       uint64_t claim, uint32_t *id)
{
    uint8_t in[CX_SZ(create_umem_in) + UMEM_PAGES * 8] = {};
    uint8_t out[CX_SZ(create_umem_out)];
    int status;

    hca_header(in, OP(CREATE_UMEM), 0);
    CX_SET64(create_umem_in, in, umem.num_of_mtt, claim);
    CX_SET(create_umem_in, in, umem.page_offset, offset);
    for (unsigned i = 0; i < n; i++) {
        stq_be_p(in + CX_SZ(create_umem_in) + i * 8,
                 (page + (n - 1 - i) * HCA_PAGE_BYTES) | 3);
    }
    status = hca_exec(hca, in, CX_SZ(create_umem_in) + n * 8, out,
                      sizeof(out));
    *id = CX_GET(create_umem_out, out, umem_id);
    return status;
}

static Bench start_on(Hca *hca)
{
    Bench b = { .hca = hca, .keys_at = HCA_PAGE_BYTES + RECORD_AT };
    HcaEq eq;

    hca_must_create_eq(b.hca, &eq, 0, 4, 0);
    b.eqn = eq.eqn;
    b.pd = hca_must_alloc(b.hca, OP(ALLOC_PD));
    b.page = qtest_alloc(b.hca->q, UMEM_PAGES * HCA_PAGE_BYTES,
                         HCA_PAGE_BYTES);
    assert_int_equal(create_umem(b.hca, b.page, UMEM_PAGES, 0, UMEM_PAGES,
                                 &b.umem), HCA_OK);
    return b;
}

static Bench start(void **state)
{
    return start_on(&machine_start_ready(state, 1, "rdma=on")->pf[0]);
}

/* A CQ with ring and record there; its number, or 0 with *status. */
static uint32_t create_cq(Bench *b, uint32_t umem, uint64_t ring,
                          uint64_t record, int *status)
{
    uint8_t in[CX_SZ(create_cq_in)] = {}, out[CX_SZ(create_cq_out)];
    uint8_t *cqc = CX_ADDR(create_cq_in, in, cq_context);

    hca_header(in, OP(CREATE_CQ), 0);
    CX_SET(cqc, cqc, log_cq_size, LOG_CQ);
    CX_SET(cqc, cqc, uar_page, b->hca->uar);
    CX_SET(cqc, cqc, c_eqn_or_apu_element, b->eqn);
    CX_SET(cqc, cqc, dbr_umem_valid, 1);
    cx_bits_set(cqc, CX_BIT_CQC_DBR_UMEM_ID, 32, umem);
    CX_SET64(cqc, cqc, dbr_addr, record);
    CX_SET(create_cq_in, in, cq_umem_valid, 1);
    cx_bits_set(in, CX_BIT_CQ_UMEM_ID, 32, umem);
    stq_be_p(in + CX_BIT_CQ_UMEM_OFFSET / 8, ring);
    *status = hca_exec(b->hca, in, sizeof(in), out, sizeof(out));
    return CX_GET(create_cq_out, out, cqn);
}

/* A CQ from the second page of the UMEM on: pages and record are found. */
static void test_queue_lies_there(void **state)
{
    Bench b = start(state);
    uint8_t in[CX_SZ(query_cq_in)] = {};
    uint8_t out[CX_SZ(query_cq_out) + 2 * 8];
    uint8_t *cqc = CX_ADDR(query_cq_out, out, cq_context);
    uint32_t cqn;
    int status;

    cqn = create_cq(&b, b.umem, HCA_PAGE_BYTES, RECORD_AT, &status);
    assert_int_equal(status, HCA_OK);
    hca_header(in, OP(QUERY_CQ), 0);
    CX_SET(query_cq_in, in, cqn, cqn);
    assert_int_equal(hca_exec(b.hca, in, sizeof(in), out, sizeof(out)),
                     HCA_OK);
    assert_int_equal(ldq_be_p(out + CX_SZ(query_cq_out)),
                     b.page + 2 * HCA_PAGE_BYTES);
    assert_int_equal(ldq_be_p(out + CX_SZ(query_cq_out) + 8),
                     b.page + HCA_PAGE_BYTES);
    assert_int_equal(CX_GET64(cqc, cqc, dbr_addr),
                     b.page + 3 * HCA_PAGE_BYTES + RECORD_AT);
    /* It does not go before the queue. */
    assert_int_equal(hca_simple(b.hca, OP(DESTROY_UMEM), 0, b.umem),
                     HCA_RES_BUSY);
    assert_int_equal(hca_simple(b.hca, OP(DESTROY_CQ), 0, cqn), HCA_OK);
    assert_int_equal(hca_simple(b.hca, OP(DESTROY_UMEM), 0, b.umem), HCA_OK);
    assert_int_equal(hca_simple(b.hca, OP(DESTROY_UMEM), 0, b.umem),
                     HCA_BAD_RES);
}

static void test_queue_reaches_too_far(void **state)
{
    Bench b = start(state);
    int status;

    create_cq(&b, b.umem, 2 * HCA_PAGE_BYTES, 0, &status);
    assert_int_equal(status, HCA_OK);
    create_cq(&b, b.umem, 3 * HCA_PAGE_BYTES, 0, &status);
    assert_int_equal(status, HCA_BAD_PARAM);
    create_cq(&b, b.umem, UINT64_MAX, 0, &status);
    assert_int_equal(status, HCA_BAD_PARAM);
    create_cq(&b, b.umem, 0, UMEM_PAGES * HCA_PAGE_BYTES, &status);
    assert_int_equal(status, HCA_BAD_PARAM);
    create_cq(&b, b.umem, 0, 4, &status);
    assert_int_equal(status, HCA_BAD_PARAM);
    create_cq(&b, b.umem + 1, 0, 0, &status);
    assert_int_equal(status, HCA_BAD_RES);
}

static void test_bad_umem(void **state)
{
    Bench b = start(state);
    uint32_t id;

    assert_int_equal(create_umem(b.hca, b.page, 0, 0, 0, &id), HCA_BAD_PARAM);
    assert_int_equal(create_umem(b.hca, b.page, 2, HCA_PAGE_BYTES, 2, &id),
                     HCA_BAD_PARAM);
    assert_int_equal(create_umem(b.hca, b.page, 2, 0, 3, &id),
                     HCA_BAD_INPUT_LEN);
    assert_int_equal(create_umem(b.hca, b.page, 2, 0, UINT64_MAX, &id),
                     HCA_BAD_INPUT_LEN);
    assert_int_equal(create_umem(b.hca, b.page, 2, HCA_PAGE_BYTES - 8, 2, &id),
                     HCA_OK);
}

/* Work queues and queue pairs: from a UMEM that begins within a page. */
static void test_queue_pair_lies_there(void **state)
{
    Bench b = start(state);
    uint8_t in[CX_SZ(create_qp_in)] = {}, out[CX_SZ(create_qp_out)];
    uint8_t *qpc = CX_ADDR(create_qp_in, in, qpc);
    uint8_t got[CX_SZ(qpc)];
    HcaQp qp = { .hca = b.hca };
    uint32_t umem;
    HcaCq cq;

    assert_int_equal(create_umem(b.hca, b.page, 2, RECORD_AT, 2, &umem),
                     HCA_OK);
    hca_must_create_cq(b.hca, &cq, b.eqn, 4);
    hca_header(in, OP(CREATE_QP), 0);
    CX_SET(qpc, qpc, pd, b.pd);
    CX_SET(qpc, qpc, uar_page, b.hca->uar);
    CX_SET(qpc, qpc, log_sq_size, 5);
    CX_SET(qpc, qpc, rq_type, 3);
    CX_SET(qpc, qpc, cqn_snd, cq.cqn);
    CX_SET(qpc, qpc, cqn_rcv, cq.cqn);
    CX_SET(qpc, qpc, dbr_umem_valid, 1);
    cx_bits_set(qpc, CX_BIT_QPC_DBR_UMEM_ID, 32, umem);
    CX_SET64(qpc, qpc, dbr_addr, HCA_PAGE_BYTES);
    CX_SET(create_qp_in, in, wq_umem_valid, 1);
    CX_SET(create_qp_in, in, wq_umem_id, umem);
    assert_int_equal(hca_exec(b.hca, in, sizeof(in), out, sizeof(out)),
                     HCA_OK);
    qp.qpn = CX_GET(create_qp_out, out, qpn);
    hca_must_query_qp(&qp, got);
    assert_int_equal(CX_GET(qpc, got, page_offset), RECORD_AT / 64);
    assert_int_equal(CX_GET64(qpc, got, dbr_addr), b.page + RECORD_AT);
    assert_int_equal(hca_simple(b.hca, OP(DESTROY_UMEM), 0, umem),
                     HCA_RES_BUSY);
    assert_int_equal(hca_simple(b.hca, OP(DESTROY_QP), 0, qp.qpn), HCA_OK);
    assert_int_equal(hca_simple(b.hca, OP(DESTROY_UMEM), 0, umem), HCA_OK);
}

static void test_not_offered(void **state)
{
    Hca *hca = &machine_start_ready(state, 1, NULL)->pf[0];
    uint64_t page = qtest_alloc(hca->q, HCA_PAGE_BYTES, HCA_PAGE_BYTES);
    uint32_t id;

    assert_int_equal(create_umem(hca, page, 1, 0, 1, &id), HCA_BAD_OP);
}

/* A key over the UMEM, from keys_at on */
static int create_mkey(Bench *b, uint64_t start, uint64_t len, uint32_t *key)
{
    uint8_t in[CX_SZ(create_mkey_in)] = {}, out[CX_SZ(create_mkey_out)];
    uint8_t *mkc = CX_ADDR(create_mkey_in, in, memory_key_mkey_entry);
    int status;

    hca_header(in, OP(CREATE_MKEY), 0);
    CX_SET(create_mkey_in, in, mkey_umem_valid, 1);
    cx_bits_set(in, CX_BIT_MKEY_UMEM_ID, 32, b->umem);
    stq_be_p(in + CX_BIT_MKEY_UMEM_OFFSET / 8, b->keys_at);
    CX_SET(mkc, mkc, access_mode_1_0, 1);
    CX_SET(mkc, mkc, lr, 1);
    CX_SET(mkc, mkc, lw, 1);
    CX_SET(mkc, mkc, qpn, 0xffffff);
    CX_SET(mkc, mkc, pd, b->pd);
    CX_SET64(mkc, mkc, start_addr, start);
    CX_SET64(mkc, mkc, len, len);
    status = hca_exec(b->hca, in, sizeof(in), out, sizeof(out));
    *key = CX_GET(create_mkey_out, out, mkey_index) << 8;
    return status;
}

static void test_key_lies_there(void **state)
{
    const uint64_t at = 0x7000000 + RECORD_AT, room = 3 * HCA_PAGE_BYTES;
    Bench b = start(state);
    uint32_t key;

    assert_int_equal(create_mkey(&b, at + 1, 64, &key), HCA_BAD_PARAM);
    assert_int_equal(create_mkey(&b, at, room - RECORD_AT + 1, &key),
                     HCA_BAD_PARAM);
    assert_int_equal(create_mkey(&b, at, UINT64_MAX, &key), HCA_LIMITS);
    assert_int_equal(create_mkey(&b, at, room - RECORD_AT, &key), HCA_OK);
    assert_int_equal(hca_simple(b.hca, OP(DESTROY_UMEM), 0, b.umem),
                     HCA_RES_BUSY);
    hca_must_simple(b.hca, OP(DESTROY_MKEY), 0, key >> 8);
    hca_must_simple(b.hca, OP(DESTROY_UMEM), 0, b.umem);
}

/* One of XRC, its ring or its record in a UMEM, if so; returns the status */
/* A UMEM of n pages of 1 << log_page, that begin at page */
static int create_large_umem(Bench *b, uint64_t page, unsigned log_page,
                             unsigned n)
{
    uint8_t in[CX_SZ(create_umem_in) + LARGE_PAGES * 8] = {};
    uint8_t out[CX_SZ(create_umem_out)];
    int status;

    hca_header(in, OP(CREATE_UMEM), 0);
    CX_SET64(create_umem_in, in, umem.num_of_mtt, n);
    CX_SET(create_umem_in, in, umem.log_page_size, log_page - 12);
    for (unsigned i = 0; i < n; i++) {
        stq_be_p(in + CX_SZ(create_umem_in) + i * 8,
                 (page + ((uint64_t)i << log_page)) | 3);
    }
    status = hca_exec(b->hca, in, sizeof(in), out, sizeof(out));
    b->umem = CX_GET(create_umem_out, out, umem_id);
    return status;
}

/*
 * Keys over large pages have these, if they begin alike: two of 59 GiB would be
 * more than a function can have in small ones, and one more than a command.
 */
static void test_large_pages(void **state)
{
    const uint64_t at = HCA_PAGE_BYTES + RECORD_AT;
    Bench b = start(state);
    uint32_t key;

    assert_int_equal(create_large_umem(&b, 1ull << 29, 30, LARGE_PAGES),
                     HCA_BAD_PARAM);
    assert_int_equal(create_large_umem(&b, 0, 30, LARGE_PAGES), HCA_OK);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(create_mkey(&b, (5ull << 30) + at, 59ull << 30, &key),
                         HCA_OK);
    }
    assert_int_equal(create_mkey(&b, (5ull << 30) + at, 60ull << 30, &key),
                     HCA_BAD_PARAM);
    assert_int_equal(create_mkey(&b, 5 * HCA_PAGE_BYTES + at, 59ull << 30,
                                 &key), HCA_LIMITS);
    assert_int_equal(create_mkey(&b, 5 * HCA_PAGE_BYTES + at, 1ull << 30,
                                 &key), HCA_OK);
}

/*
 * Of large pages and of small ones, keys lead to where the UMEM has the byte:
 * an image is written by them, from address 0 on.
 */
static void test_bytes_of_large_pages(void **state)
{
    static const uint64_t places[] = { 0, 3 * HCA_PAGE_BYTES };
    uint32_t image_bytes;
    VhcaSaved saved;
    uint8_t *image;
    uint64_t page;
    VhcaBench v;
    uint16_t id;
    Bench b;

    vhca_bench_start(&v, state, 1, "rdma=on", VHCA_BUF_BYTES);
    machine_start_vf(v.m, 0, 0);
    b = start_on(&v.m->pf[0]);
    page = qtest_alloc(b.hca->q, 1u << LOG_LARGE, 1u << LOG_LARGE);
    id = vhca_id_of(b.hca, 0);
    vhca_must_stop(b.hca, id);
    image = vhca_must_save(&v.buf[0], id, &image_bytes);
    assert_int_equal(create_large_umem(&b, page, LOG_LARGE, 1), HCA_OK);
    for (unsigned i = 0; i < 2; i++) {
        VhcaBuf buf = { .pf = b.hca, .bytes = VHCA_BUF_BYTES };
        uint8_t *bytes = qtest_ram(b.hca->q, page + places[i],
                                   VHCA_BUF_BYTES);

        b.keys_at = places[i];
        assert_int_equal(create_mkey(&b, 0, buf.bytes, &buf.key), HCA_OK);
        memset(bytes, 0, VHCA_BUF_BYTES);
        assert_int_equal(vhca_save(&buf, id, false, false, buf.bytes, &saved),
                         HCA_OK);
        assert_int_equal(saved.bytes, image_bytes);
        assert_memory_equal(bytes, image, image_bytes);
    }
    free(image);
}

static int create_xrc_srq(Bench *b, bool ring, bool record)
{
    uint8_t in[CX_SZ(create_xrc_srq_in) + 8] = {};
    uint8_t out[CX_SZ(create_xrc_srq_out)];
    uint8_t *srqc = CX_ADDR(create_xrc_srq_in, in, xrc_srq_context_entry);
    int status;

    hca_header(in, OP(CREATE_XRC_SRQ), 0);
    CX_SET(create_xrc_srq_in, in, xrc_srq_umem_valid, ring);
    CX_SET(xrc_srqc, srqc, dbr_umem_valid, record);
    CX_SET(xrc_srqc, srqc, pd, b->pd);
    CX_SET(xrc_srqc, srqc, xrcd, hca_must_alloc(b->hca, OP(ALLOC_XRCD)));
    CX_SET(xrc_srqc, srqc, cqn, create_cq(b, b->umem, 0, 0, &status));
    CX_SET(xrc_srqc, srqc, log_xrc_srq_size, 2);
    stq_be_p(in + CX_SZ(create_xrc_srq_in), b->page);
    return hca_exec(b->hca, in, sizeof(in), out, sizeof(out));
}

static int resize_cq(Bench *b, uint32_t cqn, bool umem)
{
    uint8_t in[CX_SZ(modify_cq_in) + 8] = {}, out[16];
    uint8_t *cqc = CX_ADDR(modify_cq_in, in, cq_context);

    hca_header(in, OP(MODIFY_CQ), MLX5_MODIFY_CQ_IN_OP_MOD_RESIZE_CQ);
    CX_SET(modify_cq_in, in, cqn, cqn);
    CX_SET(modify_cq_in, in, cq_umem_valid, umem);
    CX_SET(cqc, cqc, log_cq_size, LOG_CQ - 1);
    stq_be_p(in + CX_SZ(modify_cq_in), b->page);
    return hca_exec(b->hca, in, sizeof(in), out, sizeof(out));
}

/*
 * What cannot lie there is refused: the addresses that the command has, which
 * are a user's then, are not taken for those of pages.
 */
static void test_what_cannot(void **state)
{
    Bench b = start(state);
    uint32_t cqn;
    int status;

    assert_int_equal(create_xrc_srq(&b, true, false), HCA_BAD_PARAM);
    assert_int_equal(create_xrc_srq(&b, false, true), HCA_BAD_PARAM);
    assert_int_equal(create_xrc_srq(&b, false, false), HCA_OK);
    cqn = create_cq(&b, b.umem, 0, 0, &status);
    assert_int_equal(resize_cq(&b, cqn, true), HCA_BAD_PARAM);
    assert_int_equal(resize_cq(&b, cqn, false), HCA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_queue_lies_there),
        machine_test(test_queue_reaches_too_far),
        machine_test(test_bad_umem),
        machine_test(test_queue_pair_lies_there),
        machine_test(test_not_offered),
        machine_test(test_key_lies_there),
        machine_test(test_large_pages),
        machine_test(test_bytes_of_large_pages),
        machine_test(test_what_cannot),
    };

    return machine_main(tests);
}
