/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page trackers: what is offered, and what a driver may ask for.
 */
#include "area.h"
#include "machine.h"

static void test_capabilities(void **state)
{
    uint8_t page[HCA_CAP_BYTES];
    Area a;

    area_start(&a, state, AREA_ON ",track-ranges=7,track-log-space-max=40,"
                "track-log-msg-min=12");
    assert_int_equal(hca_query_cap(&a.m->pf[0], 0, 0, false, page), HCA_OK);
    assert_int_equal(CX_GET(cmd_hca_cap, page, adv_virtualization), 1);
    assert_int_equal(hca_query_cap(&a.m->pf[0], 0, 0x26, false, page), HCA_OK);
#define CAP(f) CX_GET(adv_virtualization_cap, page, pg_track_##f)
    assert_int_equal(CAP(max_num_range), 7);
    assert_int_equal(CAP(log_min_addr_space), 12);
    assert_int_equal(CAP(log_max_addr_space), 40);
    assert_int_equal(CAP(log_min_msg_size), 12);
    assert_int_equal(CAP(log_max_msg_size), 20);
    assert_int_equal(CAP(log_min_page_size), 12);
    assert_int_equal(CAP(log_max_page_size), 30);
#undef CAP
    /* A VF has no trackers to offer. */
    assert_int_equal(hca_query_cap(&a.m->pf[0], 1, 0, false, page), HCA_OK);
    assert_int_equal(CX_GET(cmd_hca_cap, page, adv_virtualization), 0);
    area_end(&a);
}

static void test_not_offered(void **state)
{
    uint8_t page[HCA_CAP_BYTES];
    TrackSetup setup;
    uint32_t id;
    Area a;

    area_start(&a, state, NULL);
    assert_int_equal(hca_query_cap(&a.m->pf[0], 0, 0, false, page), HCA_OK);
    assert_int_equal(CX_GET(cmd_hca_cap, page, adv_virtualization), 0);
    assert_int_equal(hca_query_cap(&a.m->pf[0], 0, 0x26, false, page),
                     HCA_BAD_PARAM);
    setup = track_setup(&a.t, a.vhca_id[0], a.start, AREA_BYTES);
    assert_int_equal(track_create(&a.t, &setup, &id), HCA_BAD_PARAM);
    area_end(&a);
}

static void test_refused_setups(void **state)
{
    static const struct {
        const char *what;
        int status;
        TrackSetup change;              /* what is not 0 in it */
    } cases[] = {
        { "vhca_id", HCA_BAD_RES, { .vhca_id = 0xfff } },
        { "type", HCA_BAD_PARAM, { .type = 2 } },
        { "state", HCA_BAD_PARAM, { .state = TRACK_REPORTING } },
        { "small space", HCA_BAD_PARAM, { .log_space = 13 } },
        { "large space", HCA_BAD_PARAM, { .log_space = 53 } },
        { "small page", HCA_BAD_PARAM, { .log_page = 11 } },
        { "large page", HCA_BAD_PARAM, { .log_page = 31 } },
        { "small message", HCA_BAD_PARAM, { .log_msg = 4 } },
        { "large message", HCA_BAD_PARAM, { .log_msg = 21 } },
        { "ranges", HCA_BAD_PARAM, { .nr_ranges = 5 } },
        { "cut", HCA_BAD_INPUT_LEN, { .cut = true } },
        { "address", HCA_BAD_PARAM, { .ranges = { { 0x1008, 4096 } } } },
        { "wrap", HCA_BAD_PARAM, { .ranges = { { -4096ull, 4096 } } } },
        { "overlap", HCA_BAD_PARAM,
          { .nr_ranges = 2, .ranges = { { 0, 8192 }, { 4096, 4096 } } } },
    };
    TrackSetup good;
    uint32_t id;
    Area a;

    area_start(&a, state, AREA_ON);
    good = track_setup(&a.t, a.vhca_id[0], a.start, AREA_BYTES);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const TrackSetup *c = &cases[i].change;
        TrackSetup s = good;

        s.vhca_id = c->vhca_id ?: s.vhca_id;
        s.type = c->type ?: s.type;
        s.state = c->state;
        s.log_space = c->log_space ?: s.log_space;
        s.log_page = c->log_page ?: s.log_page;
        s.log_msg = c->log_msg ?: s.log_msg;
        s.nr_ranges = c->nr_ranges ?: s.nr_ranges;
        s.cut = c->cut;
        if (c->ranges[0].len) {
            memcpy(s.ranges, c->ranges, sizeof(s.ranges));
        }
        if (track_create(&a.t, &s, &id) != cases[i].status) {
            fail_msg("%s was not refused as it should", cases[i].what);
        }
    }
    assert_int_equal(track_create(&a.t, &good, &id), HCA_OK);
    area_end(&a);
}

/* Other types, other selections, and commands that end too soon */
static void test_bad_commands(void **state)
{
    uint8_t in[CX_SZ(modify_page_track_obj_in)] = {};
    uint8_t out[CX_SZ(query_page_track_obj_out)];
    uint8_t *ctx = CX_ADDR(modify_page_track_obj_in, in, obj_context);
    const uint32_t head = CX_SZ(general_obj_in_cmd_hdr);
    Hca *pf;
    Area a;

    area_start(&a, state, AREA_ON);
    pf = &a.m->pf[0];
    hca_header(in, OP(CREATE_GENERAL_OBJECT), MLX5_OBJ_TYPE_PAGE_TRACK);
    assert_int_equal(hca_exec(pf, in, head, out, 16), HCA_BAD_INPUT_LEN);
    hca_header(in, OP(CREATE_GENERAL_OBJECT), MLX5_OBJ_TYPE_PAGE_TRACK + 1);
    assert_int_equal(hca_exec(pf, in, sizeof(in), out, 16), HCA_BAD_PARAM);
    hca_header(in, OP(QUERY_GENERAL_OBJECT), MLX5_OBJ_TYPE_PAGE_TRACK);
    CX_SET(general_obj_in_cmd_hdr, in, obj_id, area_track(&a, 0));
    assert_int_equal(hca_exec(pf, in, head, out, 16), HCA_BAD_OUTPUT_LEN);
    hca_header(in, OP(MODIFY_GENERAL_OBJECT), MLX5_OBJ_TYPE_PAGE_TRACK);
    assert_int_equal(hca_exec(pf, in, head, out, 16), HCA_BAD_INPUT_LEN);
    CX_SET(page_track, ctx, state, TRACK_REPORTING);
    CX_SET64(page_track, ctx, range_start_address, a.start);
    CX_SET64(page_track, ctx, length, AREA_PAGE);
    assert_int_equal(hca_exec(pf, in, sizeof(in), out, 16), HCA_BAD_PARAM);
    CX_SET64(page_track, ctx, modify_field_select, 3);
    CX_SET(page_track, ctx, state, TRACK_TRACKING);
    assert_int_equal(hca_exec(pf, in, sizeof(in), out, 16), HCA_BAD_PARAM);
    CX_SET(page_track, ctx, state, TRACK_REPORTING);
    assert_int_equal(hca_exec(pf, in, sizeof(in), out, 16), HCA_OK);
    area_end(&a);
}

static void test_too_many(void **state)
{
    TrackSetup setup;
    uint32_t id;
    Area a;

    area_start(&a, state, AREA_ON);
    setup = track_setup(&a.t, a.vhca_id[0], a.start, AREA_BYTES);
    for (unsigned i = 0; i < 16; i++) {
        assert_int_equal(track_create(&a.t, &setup, &id), HCA_OK);
    }
    assert_int_equal(track_create(&a.t, &setup, &id), HCA_LIMITS);
    assert_int_equal(track_destroy(&a.t, id), HCA_BAD_RES);
    area_end(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_capabilities),
        machine_test(test_not_offered),
        machine_test(test_refused_setups),
        machine_test(test_bad_commands),
        machine_test(test_too_many),
    };

    return machine_main(tests);
}
