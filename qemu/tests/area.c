/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An area of memory that VFs write to, and the pages of it that were told
 */
#include "area.h"
#include "qmp.h"
#include "vhca.h"

void area_start(Area *a, void **state, const char *props)
{
    a->m = machine_start_ready(state, 1, props);
    machine_enable_vfs(a->m, 0, 2);
    track_bench_create(&a->t, &a->m->pf[0]);
    for (unsigned i = 0; i < 2; i++) {
        a->vhca_id[i] = vhca_id_of(&a->m->pf[0], i);
    }
    a->start = qtest_alloc(a->m->q, AREA_BYTES, AREA_BYTES);
    a->before = calloc(1, AREA_BYTES);
    a->told = calloc(AREA_PAGES, sizeof(*a->told));
}

void area_end(Area *a)
{
    free(a->before);
    free(a->told);
}

uint32_t area_track(Area *a, unsigned vf)
{
    TrackSetup setup = track_setup(&a->t, a->vhca_id[vf], a->start, AREA_BYTES);
    uint32_t id;

    assert_int_equal(track_create(&a->t, &setup, &id), HCA_OK);
    return id;
}

void area_write(Area *a, unsigned function, uint64_t start, uint64_t bytes,
                unsigned count, uint32_t seed)
{
    char text[128];

    snprintf(text, sizeof(text), "%u:0x%llx:%llu:%u:%u", function,
             (unsigned long long)start, (unsigned long long)bytes, count, seed);
    qmp_set_text(a->m->q, AREA_PF, "x-dma-write", text);
}

void area_remember(Area *a)
{
    memcpy(a->before, qtest_ram(a->m->q, a->start, AREA_BYTES), AREA_BYTES);
}

unsigned area_report(Area *a, uint32_t id)
{
    return track_must_report(&a->t, id, a->start, AREA_BYTES, a->told,
                             AREA_PAGES);
}

unsigned area_check(Area *a, unsigned n)
{
    const uint8_t *ram = qtest_ram(a->m->q, a->start, AREA_BYTES);
    unsigned at = 0;

    for (unsigned i = 0; i < AREA_PAGES; i++) {
        size_t page = i * (size_t)AREA_PAGE;
        bool told = at < n && a->told[at] == a->start + page;
        bool written = memcmp(ram + page, a->before + page, AREA_PAGE);

        assert_int_equal(told, written);
        at += told;
    }
    assert_int_equal(at, n);
    return n;
}
