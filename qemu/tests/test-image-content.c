/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images whose checksums are right and whose content no device of this kind
 * could have written: refused.
 */
#include "image-bench.h"

#define VF_UARS         256     /* pages in the BAR of a VF */
#define FUNCTION_ROOTS  48      /* offset of flow_root[] in its section */
#define TYPE_NIC_RX     0
#define TYPE_NIC_TX     1
#define TABLE_LEVEL     5       /* of hca_must_create_objects() */
#define MISS_FORWARD    1
#define DEST_TABLE      1

static void check_bad(ImageBench *b, const char *what)
{
    image_fix_crcs(b->image);
    image_check_refused(b, b->image, b->bytes, what);
    image_bench_renew(b);
}

static void check_good(ImageBench *b)
{
    image_fix_crcs(b->image);
    assert_int_equal(vhca_load_image(&b->buf, b->to, b->image, b->bytes),
                     HCA_OK);
    image_bench_renew(b);
}

/* A doorbell page that lies behind the end of the VF's BAR. */
static void test_uar_beyond_the_bar(void **state)
{
    uint8_t *uar;
    ImageBench b;

    image_bench_start(&b, state, false, NULL);
    machine_start_vf(b.m, 0, 0);
    image_bench_save(&b);
    uar = image_object(b.image, "UAR", 0);
    image_put_le32(uar, VF_UARS - 1);
    check_good(&b);
    image_put_le32(uar, VF_UARS);
    check_bad(&b, "UAR behind the BAR");
    image_put_le32(uar, 0);
    check_bad(&b, "UAR on the registers");
    image_bench_end(&b);
}

static void test_root_of_another_type(void **state)
{
    uint8_t *roots;
    ImageBench b;

    image_bench_start(&b, state, true, NULL);
    image_bench_save(&b);
    roots = image_section(b.image, IMAGE_FUNCTION, NULL) + FUNCTION_ROOTS;
    image_put_le32(roots + 4 * TYPE_NIC_RX, b.o.flow_table);
    check_good(&b);
    image_put_le32(roots + 4 * TYPE_NIC_RX, 0);
    image_put_le32(roots + 4 * TYPE_NIC_TX, b.o.flow_table);
    check_bad(&b, "root of NIC_TX that is a NIC_RX table");
    image_bench_end(&b);
}

/* The page's absence would leave the VF with another than was promised. */
static void test_capability_page_missing(void **state)
{
    uint8_t *cut;
    ImageBench b;

    image_bench_start(&b, state, true, NULL);
    image_bench_save(&b);
    cut = malloc(b.bytes);
    memcpy(cut, b.image, b.bytes);
    image_check_refused(&b, cut,
                        image_cut_section(cut, b.bytes,
                                          image_section(cut, IMAGE_CAP,
                                                        NULL)),
                        "capability page missing");
    image_bench_renew(&b);
    memcpy(cut, b.image, b.bytes);
    image_check_refused(&b, cut,
                        image_cut_section(cut, b.bytes,
                                          image_section(cut, IMAGE_OBJECTS,
                                                        "TIR")),
                        "TIRs missing");
    image_bench_renew(&b);
    free(cut);
    image_bench_end(&b);
}

/* A second table next to that of hca_must_create_objects(). */
static void start_with_tables(ImageBench *b, void **state, uint32_t *above)
{
    image_bench_start(b, state, true, NULL);
    *above = hca_must_create_flow_table(&b->m->vf[0][0], TABLE_LEVEL + 1, 4);
    image_bench_save(b);
}

static void set_miss(uint8_t *table_in, uint32_t id)
{
    uint8_t *ctx = CX_ADDR(create_flow_table_in, table_in,
                           flow_table_context);

    CX_SET(flow_table_context, ctx, table_miss_action, id ? MISS_FORWARD : 0);
    CX_SET(flow_table_context, ctx, table_miss_id, id);
}

static void test_tables_in_a_circle(void **state)
{
    uint32_t above;
    uint8_t *low, *high;
    ImageBench b;

    start_with_tables(&b, state, &above);
    low = image_object_in(image_object(b.image, "FLOW_TABLE", 0));
    high = image_object_in(image_object(b.image, "FLOW_TABLE", 1));
    set_miss(low, above);
    check_good(&b);
    set_miss(high, b.o.flow_table);
    check_bad(&b, "two tables that miss to each other");
    set_miss(low, 0);
    check_bad(&b, "table that misses to a lower one");
    set_miss(high, 0);
    set_miss(low, b.o.flow_table);
    check_bad(&b, "table that misses to itself");
    set_miss(low, above);
    CX_SET(create_flow_table_in, high, table_type, TYPE_NIC_TX);
    check_bad(&b, "table that misses to one of another type");
    image_bench_end(&b);
}

static void test_entry_leads_back(void **state)
{
    uint32_t above;
    uint8_t *fte, *dest;
    ImageBench b;

    start_with_tables(&b, state, &above);
    fte = image_object_in(image_object(b.image, "FTE", 0));
    dest = fte + CX_OFF(set_fte_in, flow_context) +
           CX_OFF(flow_context, destination);
    CX_SET(dest_format_struct, dest, destination_type, DEST_TABLE);
    CX_SET(dest_format_struct, dest, destination_id, above);
    check_good(&b);
    CX_SET(dest_format_struct, dest, destination_id, b.o.flow_table);
    check_bad(&b, "entry that forwards to its own table");
    image_bench_end(&b);
}

/* The same, asked for by the commands. */
static void test_commands_cannot_either(void **state)
{
    uint8_t in[CX_SZ(modify_flow_table_in)] = {};
    uint8_t out[CX_SZ(modify_flow_table_out)];
    uint8_t *ctx = CX_ADDR(modify_flow_table_in, in, flow_table_context);
    uint32_t above, tables[2];
    ImageBench b;

    image_bench_start(&b, state, true, NULL);
    above = hca_must_create_flow_table(&b.m->vf[0][0], TABLE_LEVEL + 1, 4);
    tables[0] = b.o.flow_table;
    tables[1] = above;
    hca_header(in, OP(MODIFY_FLOW_TABLE), 0);
    CX_SET(modify_flow_table_in, in, modify_field_select, 1);
    CX_SET(flow_table_context, ctx, table_miss_action, MISS_FORWARD);
    for (unsigned from = 0; from < 2; from++) {
        for (unsigned to = 0; to < 2; to++) {
            CX_SET(modify_flow_table_in, in, table_id, tables[from]);
            CX_SET(flow_table_context, ctx, table_miss_id, tables[to]);
            assert_int_equal(hca_exec(&b.m->vf[0][0], in, sizeof(in), out,
                                      sizeof(out)),
                             from < to ? HCA_OK : HCA_BAD_PARAM);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_uar_beyond_the_bar),
        machine_test(test_root_of_another_type),
        machine_test(test_capability_page_missing),
        machine_test(test_tables_in_a_circle),
        machine_test(test_entry_leads_back),
        machine_test(test_commands_cannot_either),
    };

    return machine_main(tests);
}
