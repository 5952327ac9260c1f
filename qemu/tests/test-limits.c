/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A function that takes all the memory that it can get.
 */
#include "machine.h"
#include "objects.h"

/* The most that fits into the longest command: 16 MiB. */
#define KEY_PAGES_MAX   (((16u << 20) - 1024) / 8)
/* All objects of a function together. */
#define STORE_BYTES     (128u << 20)

/*
 * Keys with long lists, then shorter ones, until nothing fits any more.
 * Returns what their lists take; *index is one of the largest.
 */
static uint64_t fill(Hca *hca, uint32_t pd, uint32_t *index)
{
    unsigned pages = KEY_PAGES_MAX;
    uint64_t bytes = 0;
    uint32_t any;

    assert_int_equal(hca_create_mtt_mkey(hca, pd, 0, pages, index), HCA_OK);
    while (pages) {
        int status = hca_create_mtt_mkey(hca, pd, 0, pages, &any);

        if (status == HCA_OK) {
            bytes += pages * 8ull;
        } else {
            assert_int_equal(status, HCA_LIMITS);
            pages /= 2;
        }
    }
    return bytes;
}

/* What is full is full for objects of every kind. */
static void test_memory_is_bounded(void **state)
{
    Machine *m = machine_start_ready(state, 1, NULL);
    Hca *hca = &m->pf[0];
    uint32_t pd = hca_must_alloc(hca, OP(ALLOC_PD));
    uint64_t bytes;
    uint32_t index;

    bytes = fill(hca, pd, &index);
    assert_in_range(bytes, STORE_BYTES * 3 / 4, STORE_BYTES);
    /* There may be room left for one that is smaller than a key. */
    hca_simple(hca, OP(ALLOC_PD), 0, 0);
    assert_int_equal(hca_simple(hca, OP(ALLOC_PD), 0, 0), HCA_LIMITS);
    assert_int_equal(hca_simple(hca, OP(ALLOC_TRANSPORT_DOMAIN), 0, 0),
                     HCA_LIMITS);
    hca_must_simple(hca, OP(DESTROY_MKEY), 0, index);
    hca_must_alloc(hca, OP(ALLOC_PD));
    hca_must_alloc(hca, OP(ALLOC_TRANSPORT_DOMAIN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_memory_is_bounded),
    };

    return machine_main(tests);
}
