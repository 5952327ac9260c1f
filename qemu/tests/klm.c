/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory keys with lists of other keys.
 */
#include "klm.h"

int klm_create(RdmaEnd *e, const KlmKey *k, uint32_t *key)
{
    uint32_t in_len = CX_SZ(create_mkey_in) + k->n * 16;
    uint8_t *in = calloc(1, in_len), out[CX_SZ(create_mkey_out)];
    uint8_t *mkc = CX_ADDR(create_mkey_in, in, memory_key_mkey_entry);
    int status;

    hca_header(in, OP(CREATE_MKEY), 0);
    CX_SET(create_mkey_in, in, translations_octword_actual_size, k->n);
    hca_fill_mkey(mkc, e->pd, k->mode);
    CX_SET(mkc, mkc, free, k->free);
    CX_SET(mkc, mkc, umr_en, 1);
    CX_SET64(mkc, mkc, start_addr, KLM_START);
    CX_SET64(mkc, mkc, len, k->len);
    CX_SET(mkc, mkc, log_page_size, k->shift);
    CX_SET(mkc, mkc, translations_octword_size, k->n);
    for (unsigned i = 0; i < k->n; i++) {
        uint8_t *entry = in + CX_SZ(create_mkey_in) + i * 16;

        stl_be_p(entry, k->entries[i].len);
        stl_be_p(entry + 4, k->entries[i].key);
        stq_be_p(entry + 8, k->entries[i].va);
    }
    status = hca_exec(e->hca, in, in_len, out, sizeof(out));
    *key = CX_GET(create_mkey_out, out, mkey_index) << 8 | HCA_MKEY_BYTE;
    free(in);
    return status;
}

uint32_t klm_must_create(RdmaEnd *e, const KlmKey *k)
{
    uint32_t key;

    assert_int_equal(klm_create(e, k, &key), HCA_OK);
    return key;
}

HcaWr klm_write(const RdmaBench *r, uint32_t key, uint64_t at, uint32_t len)
{
    HcaWr wr = rdma_wr(r, HCA_WR_WRITE, 0, len);

    wr.remote_addr = KLM_START + at;
    wr.remote_key = key;
    return wr;
}

void klm_must_write(RdmaBench *r, uint32_t key, uint64_t at, uint32_t len,
                    uint32_t seed)
{
    HcaWr wr = klm_write(r, key, at, len);

    rdma_fill(r->a.bytes, len, seed);
    hca_qp_send(&r->a.qp, &wr);
    hca_must_pop(&r->a.send_cq, HCA_CQE_REQ);
}

void klm_must_refuse(RdmaBench *r, uint32_t key, uint64_t at, uint32_t len)
{
    HcaWr wr = klm_write(r, key, at, len);

    hca_qp_send(&r->a.qp, &wr);
    hca_must_fail(&r->a.send_cq, HCA_CQE_REQ_ERR, HCA_SYN_REMOTE_ACCESS);
    rdma_reconnect(r);
}
