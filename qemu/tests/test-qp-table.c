/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The states of queue pairs as a table, without a model: every command in every
 * state against the specification's list, and what each brings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include "qemu/osdep.h"
#include "base/ifc.h"
#include "queue/qp_state.h"

#define OP(name)    MLX5_CMD_OP_##name
#define STATES      (CX_QP_ERR + 1)
#define OUT_OF_RANGE    9               /* a state that there is not */

typedef struct Way {
    uint16_t opcode;
    uint8_t from, to;
} Way;

/* All ways from a state to a state; what is not here is refused. */
static const Way ways[] = {
    { OP(RST2INIT_QP), CX_QP_RST, CX_QP_INIT },
    { OP(INIT2INIT_QP), CX_QP_INIT, CX_QP_INIT },
    { OP(INIT2RTR_QP), CX_QP_INIT, CX_QP_RTR },
    { OP(RTR2RTS_QP), CX_QP_RTR, CX_QP_RTS },
    { OP(RTS2RTS_QP), CX_QP_RTS, CX_QP_RTS },
    { OP(SQERR2RTS_QP), CX_QP_SQER, CX_QP_RTS },
    { OP(SQD_RTS_QP), CX_QP_SQD, CX_QP_RTS },
};

static const uint16_t opcodes[] = {
    OP(RST2INIT_QP), OP(INIT2INIT_QP), OP(INIT2RTR_QP), OP(RTR2RTS_QP),
    OP(RTS2RTS_QP), OP(SQERR2RTS_QP), OP(SQD_RTS_QP), OP(2ERR_QP),
    OP(2RST_QP),
};

static const Way *way_of(uint16_t opcode, uint8_t from)
{
    for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
        if (ways[i].opcode == opcode && ways[i].from == from) {
            return &ways[i];
        }
    }
    return NULL;
}

/* What a connected one needs on any way. */
static void fill(uint8_t qpc[CX_SZ(qpc)])
{
    memset(qpc, 0, CX_SZ(qpc));
    CX_SET(qpc, qpc, mtu, 3);
    CX_SET(qpc, qpc, log_rra_max, 4);
    CX_SET(qpc, qpc, log_sra_max, 4);
}

static ConnectXStatus check(uint16_t opcode, uint8_t type, uint8_t from,
                            const uint8_t *qpc, uint32_t optional, uint8_t *to,
                            ConnectXQpSyndrome *why)
{
    *to = OUT_OF_RANGE;
    return cx_qp_move_check(opcode, type, from, qpc, optional, to, why);
}

static void check_way(uint16_t opcode, uint8_t from)
{
    bool any = opcode == OP(2ERR_QP) || opcode == OP(2RST_QP);
    const Way *way = way_of(opcode, from);
    uint8_t qpc[CX_SZ(qpc)], to;
    ConnectXQpSyndrome why;

    fill(qpc);
    if (any || way) {
        assert_int_equal(check(opcode, CX_QP_RC, from, qpc, 0, &to, &why),
                         CX_OK);
        assert_int_equal(why, CX_SYN_QP_NONE);
        assert_int_equal(to, way ? way->to : opcode == OP(2ERR_QP) ?
                             CX_QP_ERR : CX_QP_RST);
    } else {
        assert_int_equal(check(opcode, CX_QP_RC, from, qpc, 0, &to, &why),
                         CX_BAD_QP_STATE);
        assert_int_equal(why, CX_SYN_QP_STATE);
        assert_int_equal(to, OUT_OF_RANGE);
    }
}

static void test_ways(void **state)
{
    uint8_t qpc[CX_SZ(qpc)] = {}, to;
    ConnectXQpSyndrome why;

    for (unsigned i = 0; i < ARRAY_SIZE(opcodes); i++) {
        for (uint8_t from = 0; from < STATES; from++) {
            check_way(opcodes[i], from);
        }
        assert_int_equal(check(opcodes[i], CX_QP_RC, OUT_OF_RANGE, qpc, 0, &to,
                               &why), CX_BAD_QP_STATE);
    }
    assert_int_equal(check(OP(NOP), CX_QP_RC, CX_QP_RST, qpc, 0, &to, &why),
                     CX_BAD_OP);
}

static void test_mtu(void **state)
{
    uint8_t qpc[CX_SZ(qpc)], to;
    ConnectXQpSyndrome why;

    fill(qpc);
    for (unsigned mtu = 0; mtu < 8; mtu++) {
        bool good = mtu >= 1 && mtu <= 5;

        CX_SET(qpc, qpc, mtu, mtu);
        assert_int_equal(check(OP(INIT2RTR_QP), CX_QP_RC, CX_QP_INIT, qpc, 0,
                               &to, &why), good ? CX_OK : CX_BAD_PARAM);
        assert_int_equal(why, good ? CX_SYN_QP_NONE : CX_SYN_QP_MTU);
        /* A datagram's is that of the port. */
        assert_int_equal(check(OP(INIT2RTR_QP), CX_QP_UD, CX_QP_INIT, qpc, 0,
                               &to, &why), CX_OK);
    }
}

static void test_reads(void **state)
{
    uint8_t qpc[CX_SZ(qpc)], to;
    ConnectXQpSyndrome why;

    fill(qpc);
    CX_SET(qpc, qpc, log_rra_max, 5);
    assert_int_equal(check(OP(INIT2RTR_QP), CX_QP_RC, CX_QP_INIT, qpc, 0, &to,
                           &why), CX_BAD_PARAM);
    assert_int_equal(why, CX_SYN_QP_READS);
    /* It does not come with that one unless it says so. */
    assert_int_equal(check(OP(RTS2RTS_QP), CX_QP_RC, CX_QP_RTS, qpc, 0, &to,
                           &why), CX_OK);
    assert_int_equal(check(OP(RTS2RTS_QP), CX_QP_RC, CX_QP_RTS, qpc,
                           CX_QP_OPT_RRA_MAX, &to, &why), CX_BAD_PARAM);
    CX_SET(qpc, qpc, log_sra_max, 5);
    assert_int_equal(check(OP(RTR2RTS_QP), CX_QP_RC, CX_QP_RTR, qpc, 0, &to,
                           &why), CX_BAD_PARAM);
    assert_int_equal(why, CX_SYN_QP_READS);
}

static void test_options(void **state)
{
    uint8_t qpc[CX_SZ(qpc)], to;
    ConnectXQpSyndrome why;

    fill(qpc);
    assert_int_equal(check(OP(INIT2RTR_QP), CX_QP_RC, CX_QP_INIT, qpc,
                           CX_QP_OPT_RRE | CX_QP_OPT_PKEY_INDEX, &to, &why),
                     CX_OK);
    assert_int_equal(check(OP(INIT2RTR_QP), CX_QP_RC, CX_QP_INIT, qpc,
                           CX_QP_OPT_RETRY_COUNT, &to, &why), CX_BAD_PARAM);
    assert_int_equal(why, CX_SYN_QP_OPTIONAL);
    assert_int_equal(check(OP(RTS2RTS_QP), CX_QP_RC, CX_QP_RTS, qpc,
                           CX_QP_OPT_PRI_PORT, &to, &why), CX_BAD_PARAM);
}

/* What a move brings always, if it says so, and never */
static void test_attributes(void **state)
{
    uint8_t own[CX_SZ(qpc)] = {}, all[CX_SZ(qpc)];
    uint8_t *path = CX_ADDR(qpc, own, primary_address_path);
    const uint8_t *gid = CX_ADDR(ads, path, rgid_rip);

    memset(all, 0xff, sizeof(all));
    cx_qp_move_take(OP(RST2INIT_QP), CX_QP_RC, 0, own, all);
    assert_int_equal(CX_GET(qpc, own, rre), 1);
    assert_int_equal(CX_GET(ads, path, vhca_port_num), 0xff);
    assert_int_equal(CX_GET(qpc, own, mtu), 0);
    assert_int_equal(CX_GET(qpc, own, pd), 0);
    assert_int_equal(CX_GET(qpc, own, q_key), 0);
    assert_int_equal(gid[15], 0);
    cx_qp_move_take(OP(INIT2RTR_QP), CX_QP_RC, 0, own, all);
    assert_int_equal(CX_GET(qpc, own, mtu), 7);
    assert_int_equal(CX_GET(qpc, own, remote_qpn), 0xffffff);
    assert_int_equal(CX_GET(ads, path, rmac_31_0), 0xffffffff);
    assert_int_equal(gid[0], 0xff);
    assert_int_equal(gid[15], 0xff);
    assert_int_equal(CX_GET(ads, path, ack_timeout), 0);
    assert_int_equal(CX_GET(qpc, own, next_send_psn), 0);
    memset(all, 0, sizeof(all));
    CX_SET(qpc, all, retry_count, 5);
    cx_qp_move_take(OP(RTR2RTS_QP), CX_QP_RC, 0, own, all);
    assert_int_equal(CX_GET(qpc, own, retry_count), 5);
    /* A zero that it brings is one; what it does not bring stays. */
    assert_int_equal(CX_GET(qpc, own, rre), 1);
    assert_int_equal(CX_GET(qpc, own, min_rnr_nak), 0x1f);
    cx_qp_move_take(OP(RTS2RTS_QP), CX_QP_RC, CX_QP_OPT_RRE |
                    CX_QP_OPT_RNR_TIMEOUT, own, all);
    assert_int_equal(CX_GET(qpc, own, rre), 0);
    assert_int_equal(CX_GET(qpc, own, rwe), 1);
    assert_int_equal(CX_GET(qpc, own, min_rnr_nak), 0);
    assert_int_equal(CX_GET(qpc, own, mtu), 7);
}

/* One that is not connected has no peer, and a key. */
static void test_datagram(void **state)
{
    uint8_t own[CX_SZ(qpc)] = {}, all[CX_SZ(qpc)];

    memset(all, 0xff, sizeof(all));
    cx_qp_move_take(OP(RST2INIT_QP), CX_QP_UD, 0, own, all);
    cx_qp_move_take(OP(INIT2RTR_QP), CX_QP_UD, 0, own, all);
    cx_qp_move_take(OP(RTR2RTS_QP), CX_QP_UD, 0, own, all);
    assert_int_equal(CX_GET(qpc, own, q_key), 0xffffffff);
    assert_int_equal(CX_GET(qpc, own, remote_qpn), 0);
    assert_int_equal(CX_GET(qpc, own, rre), 0);
    assert_int_equal(CX_GET(qpc, own, next_send_psn), 0xffffff);
    memset(all, 0, sizeof(all));
    cx_qp_move_take(OP(SQERR2RTS_QP), CX_QP_UD, 0, own, all);
    assert_int_equal(CX_GET(qpc, own, q_key), 0xffffffff);
    cx_qp_move_take(OP(SQERR2RTS_QP), CX_QP_UD, CX_QP_OPT_Q_KEY, own, all);
    assert_int_equal(CX_GET(qpc, own, q_key), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways),
        cmocka_unit_test(test_mtu),
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_datagram),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
