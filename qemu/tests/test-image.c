/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images that are damaged, cut short, or made with care to be wrong: refused,
 * never applied in part, never a crash.
 *
 * The second half knows the format (qemu/docs/specs) only as far as its two
 * checksums, which it corrects so that the damage gets past them.
 */
#include "machine.h"
#include "objects.h"
#include "vhca.h"

#define BUF_BYTES           (1u << 20)
#define HEADER_BYTES        64
#define OFF_VERSION         8
#define OFF_TOTAL_LEN       16
#define OFF_BODY_LEN        24
#define OFF_SECTIONS_CRC    36
#define OFF_HEADER_CRC      60
#define FUZZ_ROUNDS         3000
#define FUZZ_SEED           0x5eed

typedef struct Bench {
    Machine *m;
    Hca *pf;
    VhcaBuf buf;
    uint16_t from, to;
    HcaObjects o;
    uint8_t *image;
    uint32_t bytes;
} Bench;

static uint32_t crc32c(const uint8_t *p, size_t len)
{
    uint32_t crc = UINT32_MAX;

    while (len--) {
        crc ^= *p++;
        for (int i = 0; i < 8; i++) {
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
        }
    }
    return ~crc;
}

static void put_le32(uint8_t *p, uint32_t v)
{
    v = htole32(v);
    memcpy(p, &v, sizeof(v));
}

static uint32_t get_le32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return le32toh(v);
}

static void fix_crcs(uint8_t *image)
{
    uint32_t body = get_le32(image + OFF_BODY_LEN);

    put_le32(image + OFF_SECTIONS_CRC,
             crc32c(image + HEADER_BYTES, body - HEADER_BYTES));
    put_le32(image + OFF_HEADER_CRC, crc32c(image, OFF_HEADER_CRC));
}

/* An image of VF 0; VF 1 is stopped and ready to be loaded. */
static void bench_start(Bench *b, void **state, bool with_objects,
                        const char *props)
{
    Hca *vf;

    memset(b, 0, sizeof(*b));
    b->m = machine_start_ready(state, 1, props);
    b->pf = &b->m->pf[0];
    machine_enable_vfs(b->m, 0, 2);
    vhca_buf_create(b->pf, &b->buf, BUF_BYTES);
    b->from = vhca_id_of(b->pf, 0);
    b->to = vhca_id_of(b->pf, 1);
    if (with_objects) {
        vf = machine_start_vf(b->m, 0, 0);
        hca_must_create_objects(vf, &b->o);
    }
    vhca_must_stop(b->pf, b->from);
    b->image = vhca_must_save(&b->buf, b->from, &b->bytes);
    vhca_must_stop(b->pf, b->to);
}

static void bench_end(Bench *b)
{
    free(b->image);
}

/* VF 1 is what it was before any image: a driver can start it. */
static void check_untouched(Bench *b)
{
    Hca *vf = &b->m->vf[0][1];
    HcaObjects o;

    vhca_must_run(b->pf, b->to);
    hca_must_create_objects(machine_start_vf(b->m, 0, 1), &o);
    pci_flr(&vf->fn);
    vhca_must_stop(b->pf, b->to);
}

static void check_refused(Bench *b, const uint8_t *image, uint32_t bytes,
                          const char *what)
{
    int status = vhca_load_image(&b->buf, b->to, image, bytes);

    if (status != HCA_BAD_PARAM) {
        fail_msg("%s: 0x%x", what, status);
    }
}

static void sweep_bits(Bench *b)
{
    uint8_t *damaged = malloc(b->bytes);

    assert_non_null(damaged);
    memcpy(damaged, b->image, b->bytes);
    for (uint32_t at = 0; at < b->bytes; at++) {
        char what[64];

        damaged[at] ^= 1 << (at % 8);
        snprintf(what, sizeof(what), "bit %u of byte %u", at % 8, at);
        check_refused(b, damaged, b->bytes, what);
        damaged[at] ^= 1 << (at % 8);
    }
    check_untouched(b);
    assert_int_equal(vhca_load_image(&b->buf, b->to, b->image, b->bytes),
                     HCA_OK);
    vhca_must_run(b->pf, b->to);
    free(damaged);
}

static void test_bit_flips_of_empty_vf(void **state)
{
    Bench b;

    bench_start(&b, state, false, "image-pad=64");
    sweep_bits(&b);
    bench_end(&b);
}

static void test_bit_flips_with_objects(void **state)
{
    Bench b;

    bench_start(&b, state, true, NULL);
    sweep_bits(&b);
    bench_end(&b);
}

static void test_truncations(void **state)
{
    Bench b;

    bench_start(&b, state, true, NULL);
    for (uint32_t len = 1; len < b.bytes; len += len < 256 ? 1 : 97) {
        /* Not an error yet: the rest might come. */
        assert_int_equal(vhca_load_image(&b.buf, b.to, b.image, len), HCA_OK);
        assert_int_equal(vhca_resume(b.pf, b.to, RESUME_RESPONDER),
                         HCA_BAD_RES_STATE);
        pci_flr(&b.m->vf[0][1].fn);
        vhca_must_stop(b.pf, b.to);
    }
    check_untouched(&b);
    bench_end(&b);
}

static void test_garbage_after_image(void **state)
{
    Bench b;

    bench_start(&b, state, true, NULL);
    memcpy(vhca_buf_data(&b.buf), b.image, b.bytes);
    memset(vhca_buf_data(&b.buf) + b.bytes, 0, HEADER_BYTES);
    assert_int_equal(vhca_load(&b.buf, b.to, b.bytes + HEADER_BYTES),
                     HCA_BAD_PARAM);
    check_untouched(&b);
    bench_end(&b);
}

/* A header that claims much costs nothing until it comes. */
static void test_lengths_that_lie(void **state)
{
    static const uint64_t lengths[] = {
        0, 1, 63, 64, 72, 1 << 20, 1ULL << 29, 1ULL << 31, 1ULL << 32,
        1ULL << 48, UINT64_MAX - 7, UINT64_MAX,
    };
    uint8_t *bad;
    Bench b;

    bench_start(&b, state, true, NULL);
    bad = malloc(b.bytes);
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        for (unsigned which = 0; which < 3; which++) {
            uint64_t len = htole64(lengths[i]);

            memcpy(bad, b.image, b.bytes);
            if (which != 0) {
                memcpy(bad + OFF_BODY_LEN, &len, 8);
            }
            if (which != 1) {
                memcpy(bad + OFF_TOTAL_LEN, &len, 8);
            }
            put_le32(bad + OFF_HEADER_CRC, crc32c(bad, OFF_HEADER_CRC));
            if (vhca_load_image(&b.buf, b.to, bad, b.bytes) == HCA_OK) {
                assert_int_equal(vhca_resume(b.pf, b.to, RESUME_RESPONDER),
                                 HCA_BAD_RES_STATE);
            }
            pci_flr(&b.m->vf[0][1].fn);
            vhca_must_stop(b.pf, b.to);
        }
    }
    check_untouched(&b);
    free(bad);
    bench_end(&b);
}

static void test_other_version(void **state)
{
    Bench b;

    bench_start(&b, state, true, NULL);
    put_le32(b.image + OFF_VERSION, get_le32(b.image + OFF_VERSION) + 1);
    fix_crcs(b.image);
    check_refused(&b, b.image, b.bytes, "version");
    check_untouched(&b);
    bench_end(&b);
}

static uint32_t rnd(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void damage(uint8_t *image, uint32_t bytes, uint32_t *seed)
{
    static const uint32_t values[] = {
        0, 1, 0xff, 0x7fffffff, 0x80000000, 0xffffffff, 0xffffff, 8, 64,
    };
    unsigned n = 1 + rnd(seed) % 4;

    while (n--) {
        uint32_t at = HEADER_BYTES + rnd(seed) % (bytes - HEADER_BYTES - 4);

        if (rnd(seed) % 2) {
            put_le32(image + (at & ~3u), values[rnd(seed) % 9]);
        } else {
            image[at] ^= 1 << (rnd(seed) % 8);
        }
    }
}

/* What a driver might do to a VF whose state is not what it should be. */
static void use_vf(Bench *b, Hca *vf)
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
    Bench b;

    bench_start(&b, state, true, NULL);
    printf("# FUZZ_SEED=0x%x, %d rounds\n", seed, FUZZ_ROUNDS);
    bad = malloc(b.bytes);
    for (int i = 0; i < FUZZ_ROUNDS; i++) {
        Hca *vf = &b.m->vf[0][1];
        uint64_t mark = qtest_alloc_mark(b.m->q);
        int status;

        memcpy(bad, b.image, b.bytes);
        damage(bad, b.bytes, &seed);
        fix_crcs(bad);
        status = vhca_load_image(&b.buf, b.to, bad, b.bytes);
        if (status != HCA_OK) {
            assert_int_equal(status, HCA_BAD_PARAM);
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
        pci_flr(&vf->fn);
        vhca_must_stop(b.pf, b.to);
        qtest_alloc_release(b.m->q, mark);
    }
    printf("# %u of %d damaged images were plausible\n", accepted,
           FUZZ_ROUNDS);
    hca_attach(&b.m->vf[0][1], &b.m->vf[0][1].fn);
    check_untouched(&b);
    free(bad);
    bench_end(&b);
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
