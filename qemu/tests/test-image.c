/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images that are damaged, cut short, or made with care to be wrong: refused,
 * never applied in part, never a crash. A VF that refused one has to be reset.
 *
 * The second half corrects the checksums, so that the damage gets past them.
 */
#include "image-bench.h"

#define FUZZ_ROUNDS         3000
#define FUZZ_SEED           0x5eed

/* Each byte of the header; behind it the checksum is one for all. */
#define SWEEP_STEP          5

static void sweep_bits(ImageBench *b)
{
    uint8_t *damaged = malloc(b->bytes);

    assert_non_null(damaged);
    memcpy(damaged, b->image, b->bytes);
    for (uint32_t at = 0; at < b->bytes;
         at += at < IMAGE_HEADER_BYTES ? 1 : SWEEP_STEP) {
        char what[64];

        damaged[at] ^= 1 << (at % 8);
        snprintf(what, sizeof(what), "bit %u of byte %u", at % 8, at);
        image_check_refused(b, damaged, b->bytes, what);
        image_bench_renew(b);
        damaged[at] ^= 1 << (at % 8);
    }
    image_check_untouched(b);
    assert_int_equal(vhca_load_image(&b->buf, b->to, b->image, b->bytes),
                     HCA_OK);
    vhca_must_run(b->pf, b->to);
    free(damaged);
}

static void test_bit_flips_of_empty_vf(void **state)
{
    ImageBench b;

    image_bench_start(&b, state, false, "image-pad=64");
    image_bench_save(&b);
    sweep_bits(&b);
    image_bench_end(&b);
}

static void test_bit_flips_with_objects(void **state)
{
    ImageBench b;

    image_bench_start(&b, state, true, NULL);
    image_bench_save(&b);
    sweep_bits(&b);
    image_bench_end(&b);
}

static void test_truncations(void **state)
{
    ImageBench b;

    image_bench_start(&b, state, true, NULL);
    image_bench_save(&b);
    for (uint32_t len = 1; len < b.bytes; len += len < 256 ? 1 : 97) {
        /* Not an error yet: the rest might come. */
        assert_int_equal(vhca_load_image(&b.buf, b.to, b.image, len), HCA_OK);
        assert_int_equal(vhca_resume(b.pf, b.to, RESUME_RESPONDER),
                         HCA_BAD_RES_STATE);
        image_bench_renew(&b);
    }
    image_check_untouched(&b);
    image_bench_end(&b);
}

static void test_garbage_after_image(void **state)
{
    ImageBench b;

    image_bench_start(&b, state, true, NULL);
    image_bench_save(&b);
    memcpy(vhca_buf_data(&b.buf), b.image, b.bytes);
    memset(vhca_buf_data(&b.buf) + b.bytes, 0, IMAGE_HEADER_BYTES);
    assert_int_equal(vhca_load(&b.buf, b.to, b.bytes + IMAGE_HEADER_BYTES),
                     HCA_BAD_PARAM);
    image_bench_renew(&b);
    image_check_untouched(&b);
    image_bench_end(&b);
}

/* A header that claims much costs nothing until it comes. */
static void test_lengths_that_lie(void **state)
{
    static const uint64_t lengths[] = {
        0, 1, 63, 64, 72, 1 << 20, 1ULL << 29, 1ULL << 31, 1ULL << 32,
        1ULL << 48, UINT64_MAX - 7, UINT64_MAX,
    };
    uint8_t *bad;
    ImageBench b;

    image_bench_start(&b, state, true, NULL);
    image_bench_save(&b);
    bad = malloc(b.bytes);
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        for (unsigned which = 0; which < 3; which++) {
            uint64_t len = htole64(lengths[i]);

            memcpy(bad, b.image, b.bytes);
            if (which != 0) {
                memcpy(bad + IMAGE_OFF_BODY_LEN, &len, 8);
            }
            if (which != 1) {
                memcpy(bad + IMAGE_OFF_TOTAL_LEN, &len, 8);
            }
            image_fix_header_crc(bad);
            if (vhca_load_image(&b.buf, b.to, bad, b.bytes) == HCA_OK) {
                assert_int_equal(vhca_resume(b.pf, b.to, RESUME_RESPONDER),
                                 HCA_BAD_RES_STATE);
            }
            image_bench_renew(&b);
        }
    }
    image_check_untouched(&b);
    free(bad);
    image_bench_end(&b);
}

static void test_other_version(void **state)
{
    ImageBench b;

    image_bench_start(&b, state, true, NULL);
    image_bench_save(&b);
    image_put_le32(b.image + IMAGE_OFF_VERSION,
                   image_get_le32(b.image + IMAGE_OFF_VERSION) + 1);
    image_fix_crcs(b.image);
    image_check_refused(&b, b.image, b.bytes, "version");
    image_bench_renew(&b);
    image_check_untouched(&b);
    image_bench_end(&b);
}

/* What a driver might do to a VF whose state is not what it should be. */
static void use_vf(ImageBench *b, Hca *vf)
{
    HcaObjects o = b->o;
    uint8_t in[16] = {};

    vhca_move_objects(&o, vf);
    hca_header(in, OP(NOP), 0);
    for (int i = 0; i < 3; i++) {
        hca_sq_post_nop(&o.sq);
        hca_sq_ring(&o.sq, true);
        hca_cq_arm(&o.cq);
        hca_eq_ring(&o.comp_eq, true);
        hca_prepare(vf, i, in, sizeof(in), 16, NULL);
        hca_ring(vf, BIT(i));
    }
    hca_simple(b->pf, OP(NOP), 0, 0);
    for (unsigned slot = 0; slot < 2; slot++) {
        static const uint16_t ops[] = {
            MLX5_CMD_OP_QUERY_SQ, MLX5_CMD_OP_DESTROY_SQ,
        };

        hca_header(in, ops[slot], 0);
        stl_be_p(in + 8, o.sq.number);
        hca_prepare(vf, slot, in, sizeof(in), 0x200, NULL);
        hca_ring(vf, BIT(slot));
    }
    hca_header(in, OP(TEARDOWN_HCA), 0);
    hca_prepare(vf, 2, in, sizeof(in), 16, NULL);
    hca_ring(vf, BIT(2));
}

/* Damage with the right checksums: any answer, no crash, no leftovers. */
static void test_fuzz_behind_the_checksums(void **state)
{
    const char *env = getenv("FUZZ_SEED");
    uint32_t seed = env ? strtoul(env, NULL, 0) : FUZZ_SEED;
    unsigned accepted = 0;
    uint8_t *bad;
    ImageBench b;

    image_bench_start(&b, state, true, NULL);
    image_bench_save(&b);
    printf("# FUZZ_SEED=0x%x, %d rounds\n", seed, FUZZ_ROUNDS);
    bad = malloc(b.bytes);
    for (int i = 0; i < FUZZ_ROUNDS; i++) {
        Hca *vf = &b.m->vf[0][1];
        uint64_t mark = qtest_alloc_mark(b.m->q);
        int status;

        memcpy(bad, b.image, b.bytes);
        image_damage(bad, b.bytes, &seed);
        image_fix_crcs(bad);
        status = vhca_load_image(&b.buf, b.to, bad, b.bytes);
        if (status != HCA_OK) {
            assert_int_equal(status, HCA_BAD_PARAM);
            image_bench_renew(&b);
            continue;
        }
        accepted++;
        vhca_move_driver(vf, &b.m->vf[0][0]);
        pci_msix_enable(&vf->fn);
        vhca_must_run(b.pf, b.to);
        use_vf(&b, vf);
        if (!qtest_alive(b.m->q)) {
            fail_msg("QEMU died in round %d of this seed", i);
        }
        image_bench_renew(&b);
        qtest_alloc_release(b.m->q, mark);
    }
    printf("# %u of %d damaged images were plausible\n", accepted,
           FUZZ_ROUNDS);
    hca_attach(&b.m->vf[0][1], &b.m->vf[0][1].fn);
    image_check_untouched(&b);
    free(bad);
    image_bench_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_bit_flips_of_empty_vf),
        machine_test(test_bit_flips_with_objects),
        machine_test(test_truncations),
        machine_test(test_garbage_after_image),
        machine_test(test_lengths_that_lie),
        machine_test(test_other_version),
        machine_test(test_fuzz_behind_the_checksums),
    };

    return machine_main(tests);
}
