/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Deltas whose checksums are right and that fit into their session, with
 * content that no device would have written: refused, or harmless.
 */
#include "delta-bench.h"
#include "image-bench.h"

#define FUZZ_SEED           0xde17a
#define FUZZ_ROUNDS         600
#define GONE_HEADER_BYTES   32
#define OBJECT_OFF_WHAT     28
#define OBJECT_RUN          1
#define NOBODY              0x7f7f

/* Image 1 has two PDs less and two more, and queues that ran; 2 is final. */
static void start(DeltaBench *d, void **state)
{
    uint32_t pd[2];

    delta_start(d, state, NULL);
    free(d->image[0].data);
    d->n = 0;
    pd[0] = hca_must_alloc(d->vf, OP(ALLOC_PD));
    pd[1] = hca_must_alloc(d->vf, OP(ALLOC_PD));
    delta_save(d, false, true);
    hca_must_simple(d->vf, OP(DEALLOC_PD), 0, pd[0]);
    hca_must_simple(d->vf, OP(DEALLOC_PD), 0, pd[1]);
    hca_must_alloc(d->vf, OP(ALLOC_PD));
    hca_must_alloc(d->vf, OP(ALLOC_PD));
    vhca_check_one_nop(d->vf, &d->o);
    delta_must_save(d);
    delta_must_save_final(d);
    /* What the tests do to it does no harm, and to begin with it is good. */
    delta_must_load(d);
    delta_check_equal(d);
    delta_renew(d);
}

static DeltaImage copy(const DeltaImage *image)
{
    DeltaImage c = { .data = malloc(image->bytes), .bytes = image->bytes };

    memcpy(c.data, image->data, image->bytes);
    return c;
}

/* Takes bad, which stands for images[n]. */
static void check_refused(DeltaBench *d, unsigned n, DeltaImage bad,
                          const char *what)
{
    int status;

    image_fix_crcs(bad.data);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(delta_load(d, &d->image[i]), HCA_OK);
    }
    status = delta_load(d, &bad);
    if (status != HCA_BAD_PARAM) {
        fail_msg("%s: 0x%x", what, status);
    }
    delta_renew(d);
    free(bad.data);
}

static void test_gone(void **state)
{
    DeltaImage bad;
    DeltaBench d;
    uint8_t *ids;

    start(&d, state);
    bad = copy(&d.image[1]);
    ids = image_section(bad.data, IMAGE_GONE, "PD") + GONE_HEADER_BYTES;
    image_put_le32(ids, d.o.pd);
    check_refused(&d, 1, bad, "gone, and in use");
    bad = copy(&d.image[1]);
    ids = image_section(bad.data, IMAGE_GONE, "PD") + GONE_HEADER_BYTES;
    image_put_le32(ids, NOBODY);
    check_refused(&d, 1, bad, "gone, and never there");
    bad = copy(&d.image[1]);
    ids = image_section(bad.data, IMAGE_GONE, "PD") + GONE_HEADER_BYTES;
    memcpy(ids + 8, ids, 8);
    check_refused(&d, 1, bad, "gone twice");
    bad = copy(&d.image[1]);
    bad.bytes = image_cut_section(bad.data, bad.bytes,
                                  image_section(bad.data, IMAGE_GONE, "PD"));
    for (unsigned i = 0; i < 1; i++) {
        assert_int_equal(delta_load(&d, &d.image[i]), HCA_OK);
    }
    /* Nobody can know that something is missing; the next one would tell. */
    assert_int_equal(delta_load(&d, &bad), HCA_OK);
    assert_int_equal(delta_load(&d, &d.image[2]), HCA_BAD_PARAM);
    free(bad.data);
    delta_end(&d);
}

static void test_objects(void **state)
{
    uint8_t *object;
    DeltaImage bad;
    DeltaBench d;

    start(&d, state);
    bad = copy(&d.image[1]);
    object = image_object(bad.data, "SQ", 0);
    assert_int_equal(image_get_le32(object + OBJECT_OFF_WHAT), OBJECT_RUN);
    image_put_le32(object, NOBODY);
    check_refused(&d, 1, bad, "run of nobody");
    bad = copy(&d.image[1]);
    object = image_object(bad.data, "SQ", 0);
    image_put_le32(object + OBJECT_OFF_WHAT, 2);
    check_refused(&d, 1, bad, "unknown part of an object");
    bad = copy(&d.image[1]);
    object = image_object(bad.data, "SQ", 0);
    image_put_le32(object + OBJECT_OFF_WHAT, 0);
    check_refused(&d, 1, bad, "whole, and empty");
    bad = copy(&d.image[1]);
    memcpy(image_object(bad.data, "PD", 1), image_object(bad.data, "PD", 0),
           8);
    check_refused(&d, 1, bad, "the same object twice");
    bad = copy(&d.image[0]);
    object = image_object(bad.data, "SQ", 0);
    image_put_le32(object + OBJECT_OFF_WHAT, OBJECT_RUN);
    check_refused(&d, 0, bad, "run alone, in a full image");
    delta_end(&d);
}

static void flip_flag(DeltaImage *image, uint32_t flag)
{
    uint8_t *flags = image->data + IMAGE_OFF_FLAGS;

    image_put_le32(flags, image_get_le32(flags) ^ flag);
}

static void test_flags(void **state)
{
    DeltaImage bad;
    DeltaBench d;

    start(&d, state);
    for (unsigned i = 0; i < 3; i++) {
        bad = copy(&d.image[i]);
        flip_flag(&bad, IMAGE_DELTA);
        check_refused(&d, i, bad, "full or not");
        bad = copy(&d.image[i]);
        flip_flag(&bad, IMAGE_FINAL);
        check_refused(&d, i, bad, "final or not");
    }
    delta_end(&d);
}

/* Damage with the right checksums: any answer, no crash. */
static void test_fuzz(void **state)
{
    const char *env = getenv("FUZZ_SEED");
    uint32_t seed = env ? strtoul(env, NULL, 0) : FUZZ_SEED;
    unsigned accepted = 0;
    DeltaBench d;

    start(&d, state);
    printf("# FUZZ_SEED=0x%x, %d rounds\n", seed, FUZZ_ROUNDS);
    for (int i = 0; i < FUZZ_ROUNDS; i++) {
        DeltaImage bad = copy(&d.image[1 + i % 2]);
        int status;

        for (int j = 0; j < 1 + i % 2; j++) {
            assert_int_equal(delta_load(&d, &d.image[j]), HCA_OK);
        }
        image_damage(bad.data, bad.bytes, &seed);
        image_fix_crcs(bad.data);
        status = delta_load(&d, &bad);
        free(bad.data);
        if (status == HCA_OK) {
            accepted++;
        } else {
            assert_int_equal(status, HCA_BAD_PARAM);
        }
        if (status == HCA_OK && i % 2) {
            vhca_must_run(d.pf, d.to);
        }
        if (!qtest_alive(d.b.m->q)) {
            fail_msg("QEMU died in round %d of this seed", i);
        }
        delta_renew(&d);
    }
    printf("# %u of %d damaged deltas were plausible\n", accepted,
           FUZZ_ROUNDS);
    delta_must_load(&d);
    delta_check_equal(&d);
    delta_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_gone),
        machine_test(test_objects),
        machine_test(test_flags),
        machine_test(test_fuzz),
    };

    return machine_main(tests);
}
