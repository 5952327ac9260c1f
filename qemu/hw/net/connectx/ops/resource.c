/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: commands of the plain resources, that is domains,
 * doorbell pages, counters and memory keys
 */
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "base/limits.h"
#include "cmd/cmd.h"
#include "fn/fn.h"
#include "obj/mkey.h"
#include "obj/obj.h"
#include "obj/umem.h"
#include "obj/q_counter.h"
#include "ops/ops.h"

#define CX_PLAIN(_alloc, _free, _kind)                                      \
static ConnectXStatus cx_op_##_alloc(ConnectXCmd *cmd)                      \
{                                                                           \
    return cx_cmd_create(cmd, _kind, CX_SZ(_alloc##_in), 0, 0);             \
}                                                                           \
static ConnectXStatus cx_op_##_free(ConnectXCmd *cmd)                       \
{                                                                           \
    return cx_cmd_destroy(cmd, _kind);                                      \
}

CX_PLAIN(alloc_uar, dealloc_uar, CX_OBJ_UAR)
CX_PLAIN(alloc_pd, dealloc_pd, CX_OBJ_PD)
CX_PLAIN(alloc_transport_domain, dealloc_transport_domain, CX_OBJ_TD)
CX_PLAIN(alloc_xrcd, dealloc_xrcd, CX_OBJ_XRCD)

/* A counter's number is 8 bits wide, in the reply's third word. */
static ConnectXStatus cx_op_alloc_q_counter(ConnectXCmd *cmd)
{
    return cx_cmd_create(cmd, CX_OBJ_Q_COUNTER, CX_SZ(alloc_q_counter_in), 0,
                         0);
}

static ConnectXStatus cx_op_dealloc_q_counter(ConnectXCmd *cmd)
{
    return cx_cmd_destroy_id(cmd, CX_OBJ_Q_COUNTER,
                          CX_GET(dealloc_q_counter_in, cmd->in,
                                 counter_set_id));
}

#define CX_COUNTED(_f)  CX_OFF(query_q_counter_out, _f)
/* Where each is in the reply, in 32 bits */
static const uint16_t cx_counted[CX_COUNTS] = {
    [CX_COUNT_RX_WRITES] = CX_COUNTED(rx_write_requests),
    [CX_COUNT_RX_READS] = CX_COUNTED(rx_read_requests),
    [CX_COUNT_RX_ATOMICS] = CX_COUNTED(rx_atomic_requests),
    [CX_COUNT_NO_BUFFER] = CX_COUNTED(out_of_buffer),
    [CX_COUNT_OUT_OF_SEQUENCE] = CX_COUNTED(out_of_sequence),
    [CX_COUNT_DUPLICATES] = CX_COUNTED(duplicate_request),
    [CX_COUNT_RNR_NAKS] = CX_COUNTED(rnr_nak_retry_err),
    [CX_COUNT_SEQUENCE_NAKS] = CX_COUNTED(packet_seq_err),
    [CX_COUNT_IMPLIED_NAKS] = CX_COUNTED(implied_nak_seq_err),
    [CX_COUNT_ACK_TIMEOUTS] = CX_COUNTED(local_ack_timeout_err),
    [CX_COUNT_RNR_EXCEEDED] = CX_COUNTED(req_rnr_retries_exceeded),
    [CX_COUNT_RETRIES_EXCEEDED] = CX_COUNTED(req_transport_retries_exceeded),
    [CX_COUNT_RESP_LENGTH] = CX_COUNTED(resp_local_length_error),
    [CX_COUNT_REQ_LENGTH] = CX_COUNTED(req_local_length_error),
    [CX_COUNT_RESP_PROTECTION] = CX_COUNTED(resp_local_protection),
    [CX_COUNT_REQ_PROTECTION] = CX_COUNTED(req_local_protection),
    [CX_COUNT_REQ_OPERATION] = CX_COUNTED(local_operation_error),
    [CX_COUNT_RESP_ERRORS] = CX_COUNTED(resp_cqe_error),
    [CX_COUNT_REQ_ERRORS] = CX_COUNTED(req_cqe_error),
    [CX_COUNT_RESP_FLUSHED] = CX_COUNTED(resp_cqe_flush_error),
    [CX_COUNT_REQ_FLUSHED] = CX_COUNTED(req_cqe_flush_error),
    [CX_COUNT_REQ_BAD_ANSWERS] = CX_COUNTED(req_bad_response),
    [CX_COUNT_RESP_INVALID] = CX_COUNTED(resp_remote_invalid_request),
    [CX_COUNT_REQ_REMOTE_INVALID] = CX_COUNTED(req_remote_invalid_request),
    [CX_COUNT_RESP_ACCESS] = CX_COUNTED(resp_remote_access_errors),
    [CX_COUNT_REQ_REMOTE_ACCESS] = CX_COUNTED(req_remote_access_errors),
    [CX_COUNT_REQ_REMOTE_OPERATION] = CX_COUNTED(req_remote_operation_errors),
};

static ConnectXStatus cx_op_query_q_counter(ConnectXCmd *cmd)
{
    ConnectXObj *obj = cx_cmd_find(cmd, CX_OBJ_Q_COUNTER,
                                   CX_GET(query_q_counter_in, cmd->in,
                                          counter_set_id));

    if (!obj) {
        return CX_BAD_RESOURCE;
    }
    for (unsigned i = 0; i < CX_COUNTS; i++) {
        stl_be_p(cmd->out + cx_counted[i], obj->more[i]);
    }
    if (CX_GET(query_q_counter_in, cmd->in, clear)) {
        memset(cx_obj_more(cmd->fn, obj), 0, CX_COUNTS * sizeof(uint64_t));
    }
    return CX_OK;
}

/* As many pages as the input of a command could list */
#define CX_UMEM_PAGES_MAX   (CX_CMD_LEN_MAX / 8)

/*
 * Over memory of user space: it begins where the UMEM has the byte at offset,
 * and has pages as large as the UMEM's, or as can be, whatever the command says
 * of them.
 */
static ConnectXStatus cx_create_mkey_in_umem(ConnectXCmd *cmd)
{
    uint8_t *mkc = CX_ADDR(create_mkey_in, cmd->in, memory_key_mkey_entry);
    uint64_t start = CX_GET64(mkc, mkc, start_addr);
    uint64_t len = CX_GET64(mkc, mkc, len);
    ConnectXUmemPart part = {
        .id = cx_bits_get(cmd->in, CX_BIT_MKEY_UMEM_ID, 32),
        .offset = ldq_be_p(cmd->in + CX_BIT_MKEY_UMEM_OFFSET / 8),
    };

    if (start % CX_PAGE_SIZE != cx_umem_in_page(cmd->fn, part.id,
                                                part.offset)) {
        return CX_BAD_PARAM;
    }
    part.shift = cx_umem_shift_for(cmd->fn, part.id, part.offset, start);
    if (len >> part.shift >= CX_UMEM_PAGES_MAX) {
        return CX_EXCEED_LIMIT;
    }
    part.n = DIV_ROUND_UP((start & ((1ull << part.shift) - 1)) + len,
                          1ull << part.shift);
    CX_SET(create_mkey_in, cmd->in, pg_access, 0);
    CX_SET(create_mkey_in, cmd->in, translations_octword_actual_size, 0);
    CX_SET(mkc, mkc, log_page_size, part.shift);
    return cx_cmd_create_in_umem(cmd, CX_OBJ_MKEY, CX_SZ(create_mkey_in),
                                 &part);
}

/* Translations come in octwords of 16 bytes, two addresses each. */
static ConnectXStatus cx_op_create_mkey(ConnectXCmd *cmd)
{
    uint32_t octwords = CX_GET(create_mkey_in, cmd->in,
                               translations_octword_actual_size);

    if (CX_GET(create_mkey_in, cmd->in, mkey_umem_valid)) {
        return cx_create_mkey_in_umem(cmd);
    }
    return cx_cmd_create(cmd, CX_OBJ_MKEY, CX_SZ(create_mkey_in),
                         CX_SZ(create_mkey_in), octwords * 2ull);
}

static ConnectXStatus cx_op_destroy_mkey(ConnectXCmd *cmd)
{
    return cx_cmd_destroy(cmd, CX_OBJ_MKEY);
}

static ConnectXStatus cx_op_query_mkey(ConnectXCmd *cmd)
{
    return cx_cmd_query(cmd, CX_OBJ_MKEY,
                        CX_OFF(query_mkey_out, memory_key_mkey_entry),
                        CX_OFF(create_mkey_in, memory_key_mkey_entry),
                        CX_SZ(mkc));
}

static ConnectXStatus cx_op_query_special_contexts(ConnectXCmd *cmd)
{
    CX_SET(query_special_contexts_out, cmd->out, resd_lkey,
           CX_MKEY_RESERVED_LKEY);
    /* Later interfaces made the reply longer. */
    if (cmd->out_len >= CX_SZ(query_special_contexts_out)) {
        CX_SET(query_special_contexts_out, cmd->out,
               terminate_scatter_list_mkey, CX_MKEY_TERMINATE_LIST);
    }
    return CX_OK;
}

static const ConnectXOp cx_resource_ops[] = {
    CX_ROW(ALLOC_UAR, alloc_uar, CX_OP_USER),
    CX_ROW(DEALLOC_UAR, dealloc_uar, CX_OP_USER),
    CX_ROW(ALLOC_PD, alloc_pd, CX_OP_USER),
    CX_ROW(DEALLOC_PD, dealloc_pd, CX_OP_USER),
    CX_ROW(ALLOC_TRANSPORT_DOMAIN, alloc_transport_domain, CX_OP_USER),
    CX_ROW(DEALLOC_TRANSPORT_DOMAIN, dealloc_transport_domain, CX_OP_USER),
    CX_ROW(ALLOC_XRCD, alloc_xrcd, CX_OP_USER),
    CX_ROW(DEALLOC_XRCD, dealloc_xrcd, CX_OP_USER),
    CX_ROW(ALLOC_Q_COUNTER, alloc_q_counter, CX_OP_USER),
    CX_ROW(DEALLOC_Q_COUNTER, dealloc_q_counter, CX_OP_USER),
    CX_ROW(QUERY_Q_COUNTER, query_q_counter, CX_OP_USER),
    CX_ROW(CREATE_MKEY, create_mkey, CX_OP_USER),
    CX_ROW(DESTROY_MKEY, destroy_mkey, CX_OP_USER),
    { MLX5_CMD_OP_QUERY_MKEY, CX_OP_USER, "QUERY_MKEY", cx_op_query_mkey,
      CX_SZ(query_mkey_in),
      CX_OFF(query_mkey_out, memory_key_mkey_entry) + CX_SZ(mkc) },
    { MLX5_CMD_OP_QUERY_SPECIAL_CONTEXTS, 0, "QUERY_SPECIAL_CONTEXTS",
      cx_op_query_special_contexts, CX_SZ(query_special_contexts_in),
      CX_OFF(query_special_contexts_out, null_mkey) },
};

void cx_ops_resource_register(void)
{
    cx_cmd_add_ops(cx_resource_ops, ARRAY_SIZE(cx_resource_ops));
}
