/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LOAD: when it is allowed, in how many pieces, and which image counts.
 */
#include "vhca-bench.h"

static void test_load_when_it_must_not(void **state)
{
    uint16_t from, to;
    uint32_t bytes;
    uint8_t *image;
    HcaObjects o;
    Hca *pf, *vf;
    VhcaBench b;

    vhca_bench_start(&b, state, 1, NULL, VHCA_BUF_BYTES);
    pf = &b.m->pf[0];
    vhca_busy_vf(&b, 0, 0, &o);
    from = vhca_id_of(pf, 0);
    to = vhca_id_of(pf, 1);
    vhca_must_stop(pf, from);
    image = vhca_must_save(&b.buf[0], from, &bytes);
    /* running */
    assert_int_equal(vhca_load(&b.buf[0], to, bytes), HCA_BAD_RES_STATE);
    assert_int_equal(vhca_suspend(pf, to, SUSPEND_INITIATOR), HCA_OK);
    assert_int_equal(vhca_load(&b.buf[0], to, bytes), HCA_BAD_RES_STATE);
    assert_int_equal(vhca_suspend(pf, to, SUSPEND_RESPONDER), HCA_OK);
    assert_int_equal(vhca_load(&b.buf[0], to, 0), HCA_BAD_PARAM);
    vhca_must_run(pf, to);
    /* used by a driver of its own */
    vf = machine_start_vf(b.m, 0, 1);
    vhca_must_stop(pf, to);
    assert_int_equal(vhca_load(&b.buf[0], to, bytes), HCA_BAD_RES_STATE);
    vhca_must_run(pf, to);
    hca_must_simple(vf, OP(NOP), 0, 0);
    free(image);
}

static void test_in_pieces(void **state)
{
    static const uint32_t sizes[] = { 1, 7, 63, 64, 65, 500, 4096, 100000 };
    uint32_t bytes, size;
    uint16_t from, to;
    uint8_t *image;
    HcaObjects o;
    Hca *pf, *vf;
    VhcaBench b;

    vhca_bench_start(&b, state, 1, "image-pad=3000", VHCA_BUF_BYTES);
    pf = &b.m->pf[0];
    vf = vhca_busy_vf(&b, 0, 0, &o);
    from = vhca_id_of(pf, 0);
    to = vhca_id_of(pf, 1);
    vhca_must_stop(pf, from);
    image = vhca_must_save(&b.buf[0], from, &bytes);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        pci_flr(&b.m->vf[0][1].fn);
        vhca_must_stop(pf, to);
        for (uint32_t at = 0; at < bytes; at += size) {
            size = bytes - at < sizes[i] ? bytes - at : sizes[i];
            assert_int_equal(vhca_load_image(&b.buf[0], to, image + at, size),
                             HCA_OK);
        }
    }
    vhca_move_driver(&b.m->vf[0][1], vf);
    vhca_move_objects(&o, &b.m->vf[0][1]);
    pci_msix_enable(&b.m->vf[0][1].fn);
    vhca_must_run(pf, to);
    vhca_check_objects(&b.m->vf[0][1], &o);
    free(image);
}

static void test_half_an_image(void **state)
{
    uint16_t from, to;
    uint32_t bytes;
    uint8_t *image;
    HcaObjects o;
    Hca *pf;
    VhcaBench b;

    vhca_bench_start(&b, state, 1, NULL, VHCA_BUF_BYTES);
    pf = &b.m->pf[0];
    vhca_busy_vf(&b, 0, 0, &o);
    from = vhca_id_of(pf, 0);
    to = vhca_id_of(pf, 1);
    vhca_must_stop(pf, from);
    image = vhca_must_save(&b.buf[0], from, &bytes);
    vhca_must_stop(pf, to);
    assert_int_equal(vhca_load_image(&b.buf[0], to, image, bytes / 2),
                     HCA_OK);
    assert_int_equal(vhca_resume(pf, to, RESUME_RESPONDER),
                     HCA_BAD_RES_STATE);
    assert_int_equal(vhca_resume(pf, to, RESUME_INITIATOR),
                     HCA_BAD_RES_STATE);
    /* A reset forgets it. */
    pci_flr(&b.m->vf[0][1].fn);
    hca_must_create_objects(machine_start_vf(b.m, 0, 1), &o);
    free(image);
}

/* Each image supersedes the one before. */
static void test_last_image_wins(void **state)
{
    uint8_t *old_image, *new_image;
    uint32_t old_bytes, new_bytes;
    uint16_t from, to;
    HcaObjects o;
    Hca *pf, *vf;
    VhcaBench b;
    uint32_t pd;

    vhca_bench_start(&b, state, 1, NULL, VHCA_BUF_BYTES);
    pf = &b.m->pf[0];
    vf = vhca_busy_vf(&b, 0, 0, &o);
    from = vhca_id_of(pf, 0);
    to = vhca_id_of(pf, 1);
    vhca_must_stop(pf, from);
    old_image = vhca_must_save(&b.buf[0], from, &old_bytes);
    vhca_must_run(pf, from);
    pd = hca_must_alloc(vf, OP(ALLOC_PD));
    vhca_check_one_nop(vf, &o);
    vhca_must_stop(pf, from);
    new_image = vhca_must_save(&b.buf[0], from, &new_bytes);
    pci_flr(&vf->fn);
    vhca_must_stop(pf, to);
    assert_int_equal(vhca_load_image(&b.buf[0], to, old_image, old_bytes),
                     HCA_OK);
    assert_int_equal(vhca_load_image(&b.buf[0], to, new_image, new_bytes),
                     HCA_OK);
    vhca_move_driver(&b.m->vf[0][1], vf);
    vhca_move_objects(&o, &b.m->vf[0][1]);
    pci_msix_enable(&b.m->vf[0][1].fn);
    vhca_must_run(pf, to);
    hca_must_simple(&b.m->vf[0][1], OP(DEALLOC_PD), 0, pd);
    vhca_check_objects(&b.m->vf[0][1], &o);
    free(old_image);
    free(new_image);
}

static void bind_key(uint8_t *in)
{
    CX_SET(create_mkey_in, in, memory_key_mkey_entry.qpn, 0x1234);
}

/* A key that belongs to a queue is none for a command. */
static void check_bound_key(VhcaBench *b, uint16_t id)
{
    VhcaBuf bad = b->buf[0];
    HcaMttKey key = {
        .pd = bad.pd, .listed = bad.bytes / HCA_PAGE_BYTES, .buf = bad.addr,
        .len = bad.bytes, .spoil = bind_key,
    };
    VhcaSaved saved;

    assert_int_equal(hca_create_list_mkey(bad.pf, &key, &bad.index), HCA_OK);
    bad.key = bad.index << 8 | HCA_MKEY_BYTE;
    assert_int_equal(vhca_save(&bad, id, 0, 0, bad.bytes, &saved),
                     HCA_BAD_PARAM);
    assert_int_equal(vhca_load(&bad, id, 64), HCA_BAD_PARAM);
    hca_must_simple(bad.pf, OP(DESTROY_MKEY), 0, bad.index);
}

static void test_bad_keys(void **state)
{
    VhcaSaved saved;
    VhcaBuf bad;
    uint16_t id;
    VhcaBench b;

    vhca_bench_start(&b, state, 1, NULL, VHCA_BUF_BYTES);
    id = vhca_id_of(&b.m->pf[0], 0);
    vhca_must_stop(&b.m->pf[0], id);
    bad = b.buf[0];
    bad.key = 0;
    assert_int_equal(vhca_save(&bad, id, 0, 0, VHCA_BUF_BYTES, &saved),
                     HCA_BAD_RES);
    assert_int_equal(vhca_load(&bad, id, 64), HCA_BAD_RES);
    bad.key = b.buf[0].key ^ 1;
    assert_int_not_equal(vhca_save(&bad, id, 0, 0, VHCA_BUF_BYTES, &saved),
                         HCA_OK);
    /* The key is right, the memory behind it too short. */
    bad = b.buf[0];
    assert_int_not_equal(vhca_load(&bad, id, VHCA_BUF_BYTES + 4096), HCA_OK);
    check_bound_key(&b, id);
    vhca_buf_destroy(&bad);
    vhca_buf_create(&b.m->pf[0], &bad, 4096);
    assert_int_not_equal(vhca_save(&bad, id, 0, 0, VHCA_BUF_BYTES, &saved),
                         HCA_LIMITS);
    vhca_buf_create(&b.m->pf[0], &bad, VHCA_BUF_BYTES);
    assert_int_equal(vhca_save(&bad, id, 0, 0, VHCA_BUF_BYTES, &saved), HCA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_load_when_it_must_not),
        machine_test(test_in_pieces),
        machine_test(test_half_an_image),
        machine_test(test_last_image_wins),
        machine_test(test_bad_keys),
    };

    return machine_main(tests);
}
