/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The migration commands as the PF's migration driver issues them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "vhca.h"

uint16_t vhca_id_of(Hca *pf, unsigned vf)
{
    uint8_t page[HCA_CAP_BYTES];

    assert_int_equal(hca_query_cap(pf, vf + 1, 0, false, page), HCA_OK);
    return CX_GET(cmd_hca_cap, page, vhca_id);
}

void vhca_buf_create(Hca *pf, VhcaBuf *buf, uint32_t bytes)
{
    unsigned pages = (bytes + HCA_PAGE_BYTES - 1) / HCA_PAGE_BYTES;

    *buf = (VhcaBuf) {
        .pf = pf, .bytes = pages * HCA_PAGE_BYTES,
        .pd = hca_must_alloc(pf, OP(ALLOC_PD)),
        .addr = qtest_alloc(pf->q, (size_t)pages * HCA_PAGE_BYTES,
                            HCA_PAGE_BYTES),
    };
    buf->index = hca_must_create_mtt_mkey(pf, buf->pd, buf->addr, pages);
    buf->key = buf->index << 8 | HCA_MKEY_BYTE;
}

void vhca_buf_destroy(VhcaBuf *buf)
{
    hca_must_simple(buf->pf, OP(DESTROY_MKEY), 0, buf->index);
    hca_must_simple(buf->pf, OP(DEALLOC_PD), 0, buf->pd);
}

uint8_t *vhca_buf_data(VhcaBuf *buf)
{
    return qtest_ram(buf->pf->q, buf->addr, buf->bytes);
}

int vhca_suspend(Hca *pf, uint16_t id, uint16_t op_mod)
{
    return hca_simple(pf, OP(SUSPEND_VHCA), op_mod, id);
}

int vhca_resume(Hca *pf, uint16_t id, uint16_t op_mod)
{
    return hca_simple(pf, OP(RESUME_VHCA), op_mod, id);
}

void vhca_must_stop(Hca *pf, uint16_t id)
{
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_INITIATOR), HCA_OK);
    assert_int_equal(vhca_suspend(pf, id, SUSPEND_RESPONDER), HCA_OK);
}

void vhca_must_run(Hca *pf, uint16_t id)
{
    assert_int_equal(vhca_resume(pf, id, RESUME_RESPONDER), HCA_OK);
    assert_int_equal(vhca_resume(pf, id, RESUME_INITIATOR), HCA_OK);
}

int vhca_query(Hca *pf, uint16_t id, bool inc, bool chunk, VhcaSize *size)
{
    uint8_t in[CX_SZ(query_vhca_migration_state_in)] = {};
    uint8_t out[CX_SZ(query_vhca_migration_state_out)] = {};
    int status;

    hca_header(in, OP(QUERY_VHCA_MIGRATION_STATE), 0);
    CX_SET(query_vhca_migration_state_in, in, incremental, inc);
    CX_SET(query_vhca_migration_state_in, in, chunk, chunk);
    CX_SET(query_vhca_migration_state_in, in, vhca_id, id);
    status = hca_exec(pf, in, sizeof(in), out, sizeof(out));
    size->required = CX_GET(query_vhca_migration_state_out, out,
                            required_umem_size);
    size->remaining = CX_GET64(query_vhca_migration_state_out, out,
                               remaining_total_size);
    size->state = cx_bits_get(out, CX_BIT_MIGRATION_STATE, 4);
    return status;
}

static void fill_save(uint8_t *in, VhcaBuf *buf, uint16_t id, bool inc,
                      bool track, uint32_t room)
{
    hca_header(in, OP(SAVE_VHCA_STATE), 0);
    CX_SET(save_vhca_state_in, in, incremental, inc);
    CX_SET(save_vhca_state_in, in, set_track, track);
    CX_SET(save_vhca_state_in, in, vhca_id, id);
    CX_SET(save_vhca_state_in, in, mkey, buf->key);
    CX_SET(save_vhca_state_in, in, size, room);
}

int vhca_save(VhcaBuf *buf, uint16_t id, bool inc, bool track, uint32_t room,
              VhcaSaved *saved)
{
    uint8_t in[CX_SZ(save_vhca_state_in)] = {};
    uint8_t out[CX_SZ(save_vhca_state_out)] = {};
    int status;

    fill_save(in, buf, id, inc, track, room);
    status = hca_exec(buf->pf, in, sizeof(in), out, sizeof(out));
    saved->bytes = CX_GET(save_vhca_state_out, out, actual_image_size);
    saved->next = CX_GET(save_vhca_state_out, out, next_required_umem_size);
    return status;
}

static void start_save(VhcaBuf *buf, uint16_t id, bool inc, bool track,
                       unsigned slot)
{
    uint8_t in[CX_SZ(save_vhca_state_in)] = {};

    fill_save(in, buf, id, inc, track, buf->bytes);
    hca_prepare(buf->pf, slot, in, sizeof(in), CX_SZ(save_vhca_state_out),
                NULL);
    hca_ring(buf->pf, 1u << slot);
}

void vhca_start_save(VhcaBuf *buf, uint16_t id, unsigned slot)
{
    start_save(buf, id, false, false, slot);
}

void vhca_start_tracked_save(VhcaBuf *buf, uint16_t id, unsigned slot)
{
    start_save(buf, id, false, true, slot);
}

void vhca_start_delta_save(VhcaBuf *buf, uint16_t id, unsigned slot)
{
    start_save(buf, id, true, true, slot);
}

static void fill_load(uint8_t *in, VhcaBuf *buf, uint16_t id, uint32_t bytes)
{
    hca_header(in, OP(LOAD_VHCA_STATE), 0);
    CX_SET(load_vhca_state_in, in, vhca_id, id);
    CX_SET(load_vhca_state_in, in, mkey, buf->key);
    CX_SET(load_vhca_state_in, in, size, bytes);
}

int vhca_load(VhcaBuf *buf, uint16_t id, uint32_t bytes)
{
    uint8_t in[CX_SZ(load_vhca_state_in)] = {};
    uint8_t out[CX_SZ(load_vhca_state_out)];

    fill_load(in, buf, id, bytes);
    return hca_exec(buf->pf, in, sizeof(in), out, sizeof(out));
}

void vhca_start_load(VhcaBuf *buf, uint16_t id, uint32_t bytes, unsigned slot)
{
    uint8_t in[CX_SZ(load_vhca_state_in)] = {};

    fill_load(in, buf, id, bytes);
    hca_prepare(buf->pf, slot, in, sizeof(in), CX_SZ(load_vhca_state_out),
                NULL);
    hca_ring(buf->pf, 1u << slot);
}

uint8_t *vhca_must_save_chunks(VhcaBuf *buf, uint16_t id, uint64_t *bytes)
{
    VhcaSaved saved;
    VhcaSize size;
    uint8_t *image;

    *bytes = 0;
    assert_int_equal(vhca_query(buf->pf, id, false, true, &size), HCA_OK);
    assert_in_range(size.required, 1, buf->bytes);
    saved.next = size.required;
    image = malloc(size.remaining);
    assert_non_null(image);
    while (saved.next) {
        uint32_t room = saved.next;

        assert_int_equal(vhca_save(buf, id, *bytes != 0, false, room, &saved),
                         HCA_OK);
        assert_in_range(saved.bytes, 1, room);
        assert_true(*bytes + saved.bytes <= size.remaining);
        memcpy(image + *bytes, vhca_buf_data(buf), saved.bytes);
        *bytes += saved.bytes;
    }
    return image;
}

void vhca_must_load_chunks(VhcaBuf *buf, uint16_t id, const uint8_t *image,
                           uint64_t bytes)
{
    while (bytes) {
        uint32_t part = bytes < buf->bytes ? bytes : buf->bytes;

        assert_int_equal(vhca_load_image(buf, id, image, part), HCA_OK);
        image += part;
        bytes -= part;
    }
}

uint8_t *vhca_must_save(VhcaBuf *buf, uint16_t id, uint32_t *bytes)
{
    VhcaSaved saved;
    VhcaSize size;
    uint8_t *image;

    assert_int_equal(vhca_query(buf->pf, id, false, false, &size), HCA_OK);
    assert_in_range(size.required, 1, buf->bytes);
    assert_int_equal(vhca_save(buf, id, false, false, size.required, &saved),
                     HCA_OK);
    assert_in_range(saved.bytes, 1, size.required);
    assert_int_equal(saved.next, 0);
    image = malloc(saved.bytes);
    assert_non_null(image);
    memcpy(image, vhca_buf_data(buf), saved.bytes);
    *bytes = saved.bytes;
    return image;
}

int vhca_load_image(VhcaBuf *buf, uint16_t id, const uint8_t *image,
                    uint32_t bytes)
{
    assert_in_range(bytes, 0, buf->bytes);
    memcpy(vhca_buf_data(buf), image, bytes);
    return vhca_load(buf, id, bytes);
}

int vhca_try_image_of(VhcaBuf *buf, uint16_t from, PciFn *spare,
                      uint16_t to)
{
    uint32_t bytes;
    uint8_t *image;
    int status;

    image = vhca_must_save(buf, from, &bytes);
    pci_flr(spare);
    vhca_must_stop(buf->pf, to);
    status = vhca_load_image(buf, to, image, bytes);
    pci_flr(spare);
    free(image);
    return status;
}

void vhca_move_driver(Hca *to, const Hca *from)
{
    PciFn fn = to->fn;

    *to = *from;
    to->fn = fn;
}

void vhca_move_objects(HcaObjects *o, Hca *to)
{
    o->async_eq.hca = to;
    o->comp_eq.hca = to;
    o->cq.hca = to;
    o->sq.hca = to;
    o->rq.hca = to;
}
