/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SAVE: buffers, resets that come in between, pre-copy, chunks.
 */
#include "qmp.h"
#include "vhca-bench.h"

static void test_buffer_too_small(void **state)
{
    VhcaSaved saved;
    uint8_t *data;
    uint16_t id;
    VhcaSize size;
    VhcaBench b;

    vhca_bench_start(&b, state, 1, NULL, VHCA_BUF_BYTES);
    id = vhca_id_of(&b.m->pf[0], 0);
    vhca_must_stop(&b.m->pf[0], id);
    assert_int_equal(vhca_query(&b.m->pf[0], id, 0, 0, &size), HCA_OK);
    assert_int_equal(size.remaining, 0);
    data = vhca_buf_data(&b.buf[0]);
    memset(data, 0xa5, VHCA_BUF_BYTES);
    assert_int_equal(vhca_save(&b.buf[0], id, 0, 0, 256, &saved),
                     HCA_LIMITS);
    assert_int_equal(vhca_save(&b.buf[0], id, 0, 0, 0, &saved), HCA_LIMITS);
    for (unsigned i = 0; i < VHCA_BUF_BYTES; i++) {
        assert_int_equal(data[i], 0xa5);
    }
    assert_int_equal(vhca_save(&b.buf[0], id, 0, 0, size.required, &saved),
                     HCA_OK);
    /* Nothing behind the size that the device was told is touched. */
    for (unsigned i = saved.bytes; i < VHCA_BUF_BYTES; i++) {
        assert_int_equal(data[i], 0xa5);
    }
}

#define BIG_PAD     (40u << 20)

/* Time stands still amid the image, however busy the host is. */
static void stop_amid_save(VhcaBench *b, uint16_t id)
{
    Hca *pf = &b->m->pf[0];

    vhca_start_save(&b->buf[0], id, 5);
    qmp_stop(pf->q);
    while (hca_done(pf, 5)) {
        qmp_cont(pf->q);
        vhca_start_save(&b->buf[0], id, 5);
        qmp_stop(pf->q);
    }
}

/* The reset comes while the image is being written: no crash, no success. */
static void test_reset_during_save(void **state)
{
    uint16_t id;
    HcaObjects o;
    Hca *pf;
    VhcaBench b;

    vhca_bench_start(&b, state, 1, "image-pad=41943040",
                     BIG_PAD + VHCA_BUF_BYTES);
    pf = &b.m->pf[0];
    id = vhca_id_of(pf, 0);
    for (int i = 0; i < 3; i++) {
        vhca_must_stop(pf, id);
        stop_amid_save(&b, id);
        /* One at a time. */
        assert_int_equal(vhca_load(&b.buf[0], id, 64), HCA_RES_BUSY);
        assert_int_equal(vhca_resume(pf, id, RESUME_RESPONDER),
                         HCA_RES_BUSY);
        pci_flr(&b.m->vf[0][0].fn);
        qmp_cont(pf->q);
        assert_true(hca_wait_done(pf, 5));
        assert_int_equal(hca_result(pf, 5, NULL, 0), HCA_BAD_RES_STATE);
    }
    vhca_must_stop(pf, id);
    vhca_start_save(&b.buf[0], id, 5);
    pci_flr(&pf->fn);
    /* It may end before the PF does, but not well. */
    if (hca_done(pf, 5)) {
        assert_int_equal(hca_result(pf, 5, NULL, 0), HCA_BAD_RES_STATE);
    }
    hca_must_boot(pf);
    hca_must_start(pf);
    machine_enable_vfs(b.m, 0, 2);
    hca_must_create_objects(machine_start_vf(b.m, 0, 0), &o);
}

static void test_sriov_off_during_save(void **state)
{
    uint16_t id;
    HcaObjects o;
    Hca *pf;
    VhcaBench b;

    vhca_bench_start(&b, state, 1, "image-pad=41943040",
                     BIG_PAD + VHCA_BUF_BYTES);
    pf = &b.m->pf[0];
    id = vhca_id_of(pf, 0);
    vhca_must_stop(pf, id);
    vhca_start_save(&b.buf[0], id, 5);
    pci_sriov_set(&pf->fn, 0);
    assert_true(hca_wait_done(pf, 5));
    assert_int_equal(hca_result(pf, 5, NULL, 0), HCA_BAD_RES_STATE);
    machine_enable_vfs(b.m, 0, 2);
    hca_must_create_objects(machine_start_vf(b.m, 0, 0), &o);
    vhca_must_stop(pf, id);
    vhca_start_save(&b.buf[0], id, 5);
    hca_must_simple(pf, OP(TEARDOWN_HCA), 0, 0);
    assert_true(qtest_alive(b.m->q));
}

static void test_reset_ends_suspension(void **state)
{
    HcaObjects o;
    uint16_t id;
    VhcaBench b;

    vhca_bench_start(&b, state, 1, NULL, VHCA_BUF_BYTES);
    id = vhca_id_of(&b.m->pf[0], 0);
    vhca_busy_vf(&b, 0, 0, &o);
    vhca_must_stop(&b.m->pf[0], id);
    pci_flr(&b.m->vf[0][0].fn);
    hca_must_create_objects(machine_start_vf(b.m, 0, 0), &o);
    vhca_must_stop(&b.m->pf[0], id);
    hca_must_simple(&b.m->pf[0], OP(DISABLE_HCA), 0, 1);
    hca_must_simple(&b.m->pf[0], OP(ENABLE_HCA), 0, 1);
    hca_must_create_objects(machine_start_vf(b.m, 0, 0), &o);
}

/* A copy of what a SAVE left in the buffer, to be freed. */
static uint8_t *keep_image(VhcaBuf *buf, const VhcaSaved *saved)
{
    uint8_t *image = malloc(saved->bytes);

    memcpy(image, vhca_buf_data(buf), saved->bytes);
    return image;
}

static void test_pre_copy(void **state)
{
    uint8_t *first, *delta, *final;
    uint16_t from, to;
    VhcaSaved s1, s2, s3;
    HcaObjects o;
    VhcaSize size;
    VhcaBuf *buf;
    Hca *pf, *vf, *dst;
    VhcaBench b;

    vhca_bench_start(&b, state, 1, NULL, VHCA_BUF_BYTES);
    pf = &b.m->pf[0];
    buf = &b.buf[0];
    from = vhca_id_of(pf, 0);
    to = vhca_id_of(pf, 1);
    vf = vhca_busy_vf(&b, 0, 0, &o);
    dst = &b.m->vf[0][1];
    assert_int_equal(vhca_query(pf, from, true, false, &size),
                     HCA_BAD_RES_STATE);
    assert_int_equal(vhca_save(buf, from, true, true, VHCA_BUF_BYTES, &s1),
                     HCA_BAD_RES_STATE);
    assert_int_equal(vhca_query(pf, from, false, false, &size), HCA_OK);
    assert_int_equal(vhca_save(buf, from, false, true, size.required, &s1),
                     HCA_OK);
    first = keep_image(buf, &s1);
    assert_int_equal(vhca_query(pf, from, true, false, &size), HCA_OK);
    assert_int_equal(size.required, 0);
    vhca_check_one_nop(vf, &o);
    hca_must_alloc(vf, OP(ALLOC_PD));
    assert_int_equal(vhca_query(pf, from, true, false, &size), HCA_OK);
    assert_int_not_equal(size.required, 0);
    assert_int_equal(vhca_save(buf, from, true, true, size.required, &s2),
                     HCA_OK);
    delta = keep_image(buf, &s2);
    vhca_check_one_nop(vf, &o);
    vhca_must_stop(pf, from);
    assert_int_equal(vhca_save(buf, from, false, true, VHCA_BUF_BYTES, &s3),
                     HCA_BAD_RES_STATE);
    assert_int_equal(vhca_query(pf, from, true, false, &size), HCA_OK);
    assert_int_not_equal(size.required, 0);
    assert_int_equal(vhca_save(buf, from, true, false, size.required, &s3),
                     HCA_OK);
    final = keep_image(buf, &s3);
    pci_flr(&vf->fn);
    vhca_must_stop(pf, to);
    assert_int_equal(vhca_load_image(buf, to, first, s1.bytes), HCA_OK);
    assert_int_equal(vhca_load_image(buf, to, delta, s2.bytes), HCA_OK);
    assert_int_equal(vhca_load_image(buf, to, final, s3.bytes), HCA_OK);
    vhca_move_driver(dst, vf);
    vhca_move_objects(&o, dst);
    pci_msix_enable(&dst->fn);
    vhca_must_run(pf, to);
    vhca_check_objects(dst, &o);
    free(first);
    free(delta);
    free(final);
}

static void test_pre_copy_cancelled(void **state)
{
    VhcaSaved saved;
    HcaObjects o;
    VhcaSize size;
    uint16_t id;
    Hca *pf, *vf;
    VhcaBench b;

    vhca_bench_start(&b, state, 1, NULL, VHCA_BUF_BYTES);
    pf = &b.m->pf[0];
    id = vhca_id_of(pf, 0);
    vf = vhca_busy_vf(&b, 0, 0, &o);
    assert_int_equal(vhca_save(&b.buf[0], id, false, true, VHCA_BUF_BYTES,
                               &saved), HCA_OK);
    assert_int_equal(vhca_query(pf, id, true, false, &size), HCA_OK);
    assert_int_equal(vhca_save(&b.buf[0], id, false, false, 0, &saved),
                     HCA_OK);
    assert_int_equal(saved.bytes, 0);
    assert_int_equal(vhca_query(pf, id, true, false, &size),
                     HCA_BAD_RES_STATE);
    vhca_check_objects(vf, &o);
}

static void test_chunks(void **state)
{
    uint16_t from, to;
    uint64_t bytes;
    uint8_t *image;
    HcaObjects o;
    Hca *pf, *vf, *dst;
    VhcaBench b;

    vhca_bench_start(&b, state, 1, "chunks=on,image-pad=20971520", 9u << 20);
    pf = &b.m->pf[0];
    from = vhca_id_of(pf, 0);
    to = vhca_id_of(pf, 1);
    vf = vhca_busy_vf(&b, 0, 0, &o);
    dst = &b.m->vf[0][1];
    vhca_must_stop(pf, from);
    image = vhca_must_save_chunks(&b.buf[0], from, &bytes);
    assert_in_range(bytes, 20u << 20, 22u << 20);
    pci_flr(&vf->fn);
    vhca_must_stop(pf, to);
    vhca_must_load_chunks(&b.buf[0], to, image, bytes);
    vhca_move_driver(dst, vf);
    vhca_move_objects(&o, dst);
    pci_msix_enable(&dst->fn);
    vhca_must_run(pf, to);
    vhca_check_objects(dst, &o);
    free(image);
}

static void test_not_migratable(void **state)
{
    uint8_t page[HCA_CAP_BYTES];
    VhcaSize size;
    uint16_t id;
    VhcaBench b;

    vhca_bench_start(&b, state, 1, "migratable=off", VHCA_BUF_BYTES);
    id = vhca_id_of(&b.m->pf[0], 0);
    assert_int_equal(hca_query_cap(&b.m->pf[0], 1, 0x20, true, page), HCA_OK);
    assert_int_equal(CX_GET(cmd_hca_cap_2, page, migratable), 0);
    assert_int_equal(vhca_suspend(&b.m->pf[0], id, 0), HCA_BAD_RES_STATE);
    assert_int_equal(vhca_query(&b.m->pf[0], id, 0, 0, &size),
                     HCA_BAD_RES_STATE);
    CX_SET(cmd_hca_cap_2, page, migratable, 1);
    assert_int_equal(hca_set_cap(&b.m->pf[0], 1, 0x20, page), HCA_OK);
    assert_int_equal(vhca_query(&b.m->pf[0], id, 0, 0, &size), HCA_OK);
}

/* As much as a SAVE can say, but for a page, and a VF that then grows. */
#define PAD_MAX     "image-pad=4294954000"

static void test_padding_gives_way(void **state)
{
    VhcaSize size;
    HcaObjects o;
    uint16_t id;
    Hca *pf, *vf;
    VhcaBench b;

    vhca_bench_start(&b, state, 1, PAD_MAX, 4096);
    pf = &b.m->pf[0];
    id = vhca_id_of(pf, 0);
    assert_int_equal(vhca_query(pf, id, false, false, &size), HCA_OK);
    vf = vhca_busy_vf(&b, 0, 0, &o);
    hca_must_create_mtt_mkey(vf, o.pd, 0, 4096);
    vhca_must_stop(pf, id);
    assert_int_equal(vhca_query(pf, id, false, false, &size), HCA_OK);
    assert_in_range(size.required, UINT32_MAX - 8191, UINT32_MAX - 4095);
}

/* Of a VF that runs, an image is written while its commands wait. */
static void test_commands_wait_for_the_image(void **state)
{
    uint8_t in[16] = {}, out[16];
    uint32_t index;
    VhcaSize size;
    HcaObjects o;
    uint16_t id;
    Hca *pf, *vf;
    VhcaBench b;

    vhca_bench_start(&b, state, 1, NULL, 16u << 20);
    pf = &b.m->pf[0];
    id = vhca_id_of(pf, 0);
    vf = vhca_busy_vf(&b, 0, 0, &o);
    index = hca_must_create_mtt_mkey(vf, o.pd, 0, 1u << 20);
    hca_header(in, OP(ALLOC_PD), 0);
    vhca_start_tracked_save(&b.buf[0], id, 5);
    hca_prepare(vf, 3, in, sizeof(in), sizeof(out), NULL);
    hca_ring(vf, BIT(3));
    assert_false(hca_done(vf, 3));
    vhca_check_one_nop(vf, &o);
    assert_true(hca_wait_done(vf, 3));
    assert_int_equal(hca_result(vf, 3, out, sizeof(out)), HCA_OK);
    assert_true(hca_wait_done(pf, 5));
    assert_int_equal(hca_result(pf, 5, NULL, 0), HCA_OK);
    /* What it did came after the image. */
    assert_int_equal(vhca_query(pf, id, true, false, &size), HCA_OK);
    assert_int_not_equal(size.required, 0);
    vhca_must_stop(pf, id);
    vhca_must_run(pf, id);
    hca_must_simple(vf, OP(DESTROY_MKEY), 0, index);
    vhca_check_objects(vf, &o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_buffer_too_small),
        machine_test(test_reset_during_save),
        machine_test(test_sriov_off_during_save),
        machine_test(test_reset_ends_suspension),
        machine_test(test_pre_copy),
        machine_test(test_pre_copy_cancelled),
        machine_test(test_chunks),
        machine_test(test_not_migratable),
        machine_test(test_padding_gives_way),
        machine_test(test_commands_wait_for_the_image),
    };

    return machine_main(tests);
}
