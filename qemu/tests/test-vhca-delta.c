/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Incremental images: what is in one, and that nothing is missing.
 */
#include "delta-bench.h"
#include "qmp.h"

/* The final image, and all of them into VF 1, which goes on as VF 0. */
static Hca *arrive(DeltaBench *d)
{
    delta_must_save_final(d);
    delta_must_load(d);
    delta_check_equal(d);
    return delta_move(d);
}

static void test_small_and_empty(void **state)
{
    uint32_t full, index;
    DeltaImage *image;
    DeltaBench d;

    delta_start(&d, state, NULL);
    index = hca_must_create_mtt_mkey(d.vf, d.o.pd, d.o.rx_buf, 2000);
    full = d.image[0].bytes + 2000 * 8;
    /* A large object is in it once... */
    assert_in_range(delta_must_save(&d)->bytes, 2000 * 8, 2000 * 8 + 1024);
    /* ...and nothing while nothing happens. */
    assert_int_equal(delta_size(&d), 0);
    assert_int_equal(delta_save(&d, true, true)->bytes, 0);
    hca_must_alloc(d.vf, OP(ALLOC_PD));
    image = delta_must_save(&d);
    assert_in_range(image->bytes, 1, full / 32);
    delta_traffic(&d);
    image = delta_must_save(&d);
    assert_in_range(image->bytes, 1, full / 16);
    hca_must_simple(d.vf, OP(DESTROY_MKEY), 0, index);
    image = delta_must_save(&d);
    assert_in_range(image->bytes, 1, full / 32);
    assert_int_equal(delta_size(&d), 0);
    delta_must_save_final(&d);
    assert_in_range(d.image[d.n - 1].bytes, 1, full / 32);
    delta_end(&d);
}

static void must_do(DeltaBench *d, const uint8_t *in, uint32_t in_len)
{
    uint8_t out[16];

    assert_int_equal(hca_exec(d->vf, in, in_len, out, sizeof(out)), HCA_OK);
}

/* Commands that change something, each alone in a delta. */
static void change_rq(DeltaBench *d)
{
    assert_int_equal(hca_modify_wq(d->vf, OP(MODIFY_RQ), d->o.rq.number,
                                   HCA_WQ_RDY, HCA_WQ_ERR), HCA_OK);
}

static void change_rq_back(DeltaBench *d)
{
    assert_int_equal(hca_modify_wq(d->vf, OP(MODIFY_RQ), d->o.rq.number,
                                   HCA_WQ_ERR, HCA_WQ_RST), HCA_OK);
    assert_int_equal(hca_modify_wq(d->vf, OP(MODIFY_RQ), d->o.rq.number,
                                   HCA_WQ_RST, HCA_WQ_RDY), HCA_OK);
}

static void change_tis(DeltaBench *d)
{
    uint8_t in[CX_SZ(modify_tis_in)] = {};

    hca_header(in, OP(MODIFY_TIS), 0);
    CX_SET(modify_tis_in, in, tisn, d->o.tis);
    CX_SET(modify_tis_in, in, bitmask.prio, 1);
    CX_SET(modify_tis_in, in, ctx.prio, 5);
    must_do(d, in, sizeof(in));
}

static void change_tir(DeltaBench *d)
{
    uint8_t in[CX_SZ(modify_tir_in)] = {};

    hca_header(in, OP(MODIFY_TIR), 0);
    CX_SET(modify_tir_in, in, tirn, d->o.tir);
    CX_SET(modify_tir_in, in, bitmask.hash, 1);
    CX_SET(modify_tir_in, in, ctx.rx_hash_fn, 1);
    must_do(d, in, sizeof(in));
}

static void change_cq(DeltaBench *d)
{
    uint8_t in[CX_SZ(modify_cq_in)] = {};

    hca_header(in, OP(MODIFY_CQ), 0);
    CX_SET(modify_cq_in, in, cqn, d->o.cq.cqn);
    stl_be_p(in + CX_OFF(modify_cq_in,
                         modify_field_select_resize_field_select), 1);
    CX_SET(cqc, CX_ADDR(modify_cq_in, in, cq_context), cq_period, 77);
    must_do(d, in, sizeof(in));
}

static void change_fte(DeltaBench *d)
{
    hca_must_set_fte(d->vf, d->o.flow_table, d->o.flow_group, 1, d->o.tir);
}

static void change_port(DeltaBench *d)
{
    hca_must_set_port(d->vf, false);
}

static void change_port_back(DeltaBench *d)
{
    hca_must_set_port(d->vf, true);
}

static void change_promisc(DeltaBench *d)
{
    uint8_t in[CX_SZ(modify_nic_vport_context_in)] = {};

    hca_header(in, OP(MODIFY_NIC_VPORT_CONTEXT), 0);
    CX_SET(modify_nic_vport_context_in, in, field_select.promisc, 1);
    CX_SET(modify_nic_vport_context_in, in,
           nic_vport_context.promisc_all, 1);
    must_do(d, in, sizeof(in));
}

static void change_create(DeltaBench *d)
{
    uint32_t pd = hca_must_alloc(d->vf, OP(ALLOC_PD));

    hca_must_create_mtt_mkey(d->vf, pd, d->o.rx_buf, 3);
    hca_must_alloc(d->vf, OP(ALLOC_TRANSPORT_DOMAIN));
}

#define FW_PAGES    5

static void change_pages(DeltaBench *d)
{
    uint64_t first = qtest_alloc(d->vf->q, FW_PAGES * HCA_PAGE_BYTES,
                                 HCA_PAGE_BYTES);

    assert_int_equal(hca_must_query_pages(d->vf, 3), FW_PAGES);
    assert_int_equal(hca_give_pages(d->vf, first, FW_PAGES, FW_PAGES),
                     HCA_OK);
}

static void change_pages_back(DeltaBench *d)
{
    uint8_t in[CX_SZ(manage_pages_in)] = {};
    uint8_t out[CX_SZ(manage_pages_out) + 8];

    hca_header(in, OP(MANAGE_PAGES), 2);
    CX_SET(manage_pages_in, in, input_num_entries, 1);
    assert_int_equal(hca_exec(d->vf, in, sizeof(in), out, sizeof(out)),
                     HCA_OK);
}

static void change_nothing_left(DeltaBench *d)
{
    uint32_t pd = hca_must_alloc(d->vf, OP(ALLOC_PD));

    /* Gone before anybody saw it: but numbers go on. */
    hca_must_simple(d->vf, OP(DEALLOC_PD), 0, pd);
}

static void test_every_change(void **state)
{
    static void (*const changes[])(DeltaBench *d) = {
        delta_traffic, change_rq, change_rq_back, change_tis, change_tir,
        change_cq, change_fte, change_port, change_port_back, change_promisc,
        change_create, change_pages, change_pages_back, change_nothing_left,
    };
    DeltaBench d;

    delta_start(&d, state, "fw-pages=5");
    for (unsigned i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        uint32_t size = delta_size(&d);

        if (size) {
            fail_msg("%u bytes before change %u", size, i);
        }
        changes[i](&d);
        size = delta_size(&d);
        if (!size || size > d.image[0].bytes / 4) {
            fail_msg("%u bytes after change %u", size, i);
        }
        delta_must_save(&d);
    }
    delta_must_save_final(&d);
    delta_must_load(&d);
    delta_check_equal(&d);
    delta_end(&d);
}

/* All of them at once, with work before, between and behind. */
static void test_runs_on(void **state)
{
    DeltaBench d;

    delta_start(&d, state, NULL);
    for (int i = 0; i < 5; i++) {
        vhca_check_one_nop(d.vf, &d.o);
        delta_traffic(&d);
        change_create(&d);
        delta_must_save(&d);
        change_nothing_left(&d);
    }
    vhca_check_one_nop(d.vf, &d.o);
    vhca_check_objects(arrive(&d), &d.o);
    delta_end(&d);
}

static void test_destroyed(void **state)
{
    uint32_t pd, unused, again;
    HcaObjects old;
    DeltaBench d;
    Hca *dst;

    delta_start(&d, state, NULL);
    pd = hca_must_alloc(d.vf, OP(ALLOC_PD));
    unused = hca_must_alloc(d.vf, OP(ALLOC_PD));
    delta_must_save(&d);
    hca_must_simple(d.vf, OP(DEALLOC_PD), 0, pd);
    delta_must_save(&d);
    /* Everything goes, and the like of it comes. */
    old = d.o;
    hca_must_destroy_objects(d.vf, &d.o);
    hca_must_create_objects(d.vf, &d.o);
    again = hca_must_alloc(d.vf, OP(ALLOC_PD));
    delta_must_save(&d);
    hca_must_simple(d.vf, OP(DEALLOC_PD), 0, again);
    dst = arrive(&d);
    assert_int_equal(hca_simple(dst, OP(DEALLOC_PD), 0, pd), HCA_BAD_RES);
    assert_int_equal(hca_simple(dst, OP(DEALLOC_PD), 0, again), HCA_BAD_RES);
    assert_int_equal(hca_simple(dst, OP(DESTROY_TIR), 0, old.tir),
                     HCA_BAD_RES);
    hca_must_simple(dst, OP(DEALLOC_PD), 0, unused);
    vhca_check_objects(dst, &d.o);
    delta_end(&d);
}

/* A driver that starts anew in the midst of it leaves nothing to add to. */
static void test_driver_starts_anew(void **state)
{
    DeltaImage *image;
    DeltaBench d;

    delta_start(&d, state, NULL);
    delta_traffic(&d);
    delta_must_save(&d);
    hca_must_stop(d.vf);
    hca_must_start(d.vf);
    hca_must_create_objects(d.vf, &d.o);
    image = delta_must_save(&d);
    assert_in_range(image->bytes, d.image[0].bytes / 2, VHCA_BUF_BYTES);
    vhca_check_one_nop(d.vf, &d.o);
    assert_in_range(delta_must_save(&d)->bytes, 1, d.image[0].bytes / 4);
    vhca_check_objects(arrive(&d), &d.o);
    delta_end(&d);
}

/* What a SAVE that failed was to say, the next one says. */
static void test_failed_save(void **state)
{
    VhcaBuf bad;
    VhcaSaved saved;
    uint32_t size;
    DeltaBench d;

    delta_start(&d, state, NULL);
    change_create(&d);
    size = delta_size(&d);
    vhca_buf_create(d.pf, &bad, 4096);
    bad.key ^= 1;
    assert_int_not_equal(vhca_save(&bad, d.from, true, true, VHCA_BUF_BYTES,
                                   &saved), HCA_OK);
    assert_int_equal(delta_size(&d), size);
    delta_must_save(&d);
    delta_traffic(&d);
    vhca_check_objects(arrive(&d), &d.o);
    delta_end(&d);
}

/* A delta of a quarter of a second, so that something can come in between. */
#define SLOW_DELTA  "delta-pad=524288,x-latency=SAVE_VHCA_STATE=0+500"
#define SLOT        5

/* The same, when it is a suspension that comes into its way. */
static void test_save_ended_by_a_suspension(void **state)
{
    DeltaBench d;
    uint32_t size;

    delta_start(&d, state, SLOW_DELTA);
    qmp_set_number(d.b.m->q, "pf0", "x-suspend-ends-save", 1);
    change_create(&d);
    delta_traffic(&d);
    size = delta_size(&d);
    vhca_start_delta_save(d.buf, d.from, SLOT);
    /* What happens meanwhile comes on top of it. */
    delta_traffic(&d);
    assert_int_equal(vhca_suspend(d.pf, d.from, SUSPEND_INITIATOR), HCA_OK);
    assert_true(hca_wait_done(d.pf, SLOT));
    assert_int_equal(hca_result(d.pf, SLOT, NULL, 0), HCA_BAD_RES_STATE);
    assert_int_equal(vhca_resume(d.pf, d.from, RESUME_INITIATOR), HCA_OK);
    assert_in_range(delta_size(&d), size, size + 4096);
    delta_must_save(&d);
    vhca_check_objects(arrive(&d), &d.o);
    delta_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_small_and_empty),
        machine_test(test_every_change),
        machine_test(test_runs_on),
        machine_test(test_destroyed),
        machine_test(test_driver_starts_anew),
        machine_test(test_failed_save),
        machine_test(test_save_ended_by_a_suspension),
    };

    return machine_main(tests);
}
