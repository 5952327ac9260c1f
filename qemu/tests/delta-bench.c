/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VF that is saved while it runs, image after image, and another one that is
 * loaded with them.
 */
#include "delta-bench.h"

void delta_begin(DeltaBench *d, const VhcaBench *b, unsigned from, unsigned to)
{
    d->b = *b;
    d->buf = &d->b.buf[0];
    d->pf = &b->m->pf[0];
    d->vf = &b->m->vf[0][from];
    d->from = vhca_id_of(d->pf, from);
    d->to = vhca_id_of(d->pf, to);
    vhca_must_stop(d->pf, d->to);
    delta_save(d, false, true);
}

void delta_start(DeltaBench *d, void **state, const char *props)
{
    VhcaBench b;

    memset(d, 0, sizeof(*d));
    vhca_bench_start(&b, state, 1, props, VHCA_BUF_BYTES);
    vhca_busy_vf(&b, 0, 0, &d->o);
    delta_begin(d, &b, 0, 1);
}

void delta_end(DeltaBench *d)
{
    for (unsigned i = 0; i < d->n; i++) {
        free(d->image[i].data);
    }
}

uint32_t delta_size(DeltaBench *d)
{
    VhcaSize size;

    assert_int_equal(vhca_query(d->pf, d->from, true, false, &size), HCA_OK);
    return size.required;
}

DeltaImage *delta_save(DeltaBench *d, bool inc, bool track)
{
    DeltaImage *image = &d->image[d->n++];
    VhcaSaved saved;

    assert_true(d->n <= DELTA_IMAGES_MAX);
    assert_int_equal(vhca_save(d->buf, d->from, inc, track, VHCA_BUF_BYTES,
                               &saved), HCA_OK);
    image->bytes = saved.bytes;
    image->data = malloc(saved.bytes + 1);
    memcpy(image->data, vhca_buf_data(d->buf), saved.bytes);
    return image;
}

DeltaImage *delta_must_save(DeltaBench *d)
{
    uint32_t size = delta_size(d);
    DeltaImage *image = delta_save(d, true, true);

    assert_int_equal(image->bytes, size);
    return image;
}

DeltaImage *delta_must_save_final(DeltaBench *d)
{
    uint32_t size;
    DeltaImage *image;

    vhca_must_stop(d->pf, d->from);
    size = delta_size(d);
    image = delta_save(d, true, false);
    assert_int_equal(image->bytes, size);
    assert_int_not_equal(size, 0);
    return image;
}

int delta_load(DeltaBench *d, const DeltaImage *image)
{
    return vhca_load_image(d->buf, d->to, image->data, image->bytes);
}

void delta_must_load(DeltaBench *d)
{
    for (unsigned i = 0; i < d->n; i++) {
        assert_int_equal(delta_load(d, &d->image[i]), HCA_OK);
    }
}

void delta_check_equal(DeltaBench *d)
{
    uint32_t bytes, bytes_again;
    uint8_t *image = vhca_must_save(d->buf, d->from, &bytes);
    uint8_t *again = vhca_must_save(d->buf, d->to, &bytes_again);

    assert_int_equal(bytes, bytes_again);
    assert_memory_equal(image, again, bytes);
    free(image);
    free(again);
}

Hca *delta_move(DeltaBench *d)
{
    Hca *to = &d->b.m->vf[0][1];

    pci_flr(&d->vf->fn);
    vhca_move_driver(to, d->vf);
    vhca_move_objects(&d->o, to);
    pci_msix_enable(&to->fn);
    vhca_must_run(d->pf, d->to);
    return to;
}

void delta_renew(DeltaBench *d)
{
    pci_flr(&d->b.m->vf[0][1].fn);
    vhca_must_stop(d->pf, d->to);
}

void delta_traffic(DeltaBench *d)
{
    static const uint8_t header[14] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 8, 8, 8, 8, 8, 0x88, 0xb5,
    };

    hca_sq_post_frame(&d->o.sq, &(HcaFrame) {
        .header = header, .header_len = sizeof(header),
        .addr = d->o.rx_buf, .len = 100,
        .key = d->o.mkey << 8 | HCA_MKEY_BYTE,
    });
    hca_sq_ring(&d->o.sq, true);
    assert_true(hca_cq_wait(&d->o.cq));
    hca_cq_pop(&d->o.cq);
    assert_true(hca_eq_wait(&d->o.comp_eq));
    hca_eq_pop(&d->o.comp_eq);
    pci_msix_fired(&d->vf->fn, d->o.comp_eq.vector);
    hca_eq_ring(&d->o.comp_eq, true);
    hca_cq_arm(&d->o.cq);
}
