/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the device takes of its host when there is nothing to do, and what
 * others get when one function has very much to do.
 */
#include <unistd.h>

#include "machine.h"
#include "vhca-bench.h"

#define IDLE_US         1000000
/* QEMU's own main loop takes some. A timer of 1 kHz would take more. */
#define IDLE_CPU_MS     10
#define IDLE_TRIES      10
#define LARGE_SENDS     8
#define FRAMES          1000            /* of a request */
#define FLOODS          50

/*
 * Functions with all that a driver has: links up, receives posted, queues
 * armed, one suspended. What takes CPU by itself does so in every second; on a
 * busy machine one may be charged with what others do.
 */
static void test_idle(void **state)
{
    HcaObjects o[3];
    unsigned long ms = 0;
    VhcaBench b;
    Hca *pf;

    vhca_bench_start(&b, state, 1, "page-tracking=on", VHCA_BUF_BYTES);
    pf = &b.m->pf[0];
    hca_must_set_port(pf, true);
    pci_msix_enable(&pf->fn);
    hca_must_create_objects(pf, &o[0]);
    for (unsigned i = 0; i < 2; i++) {
        vhca_check_one_nop(vhca_busy_vf(&b, 0, i, &o[i + 1]), &o[i + 1]);
    }
    vhca_must_stop(pf, vhca_id_of(pf, 1));
    qtest_settle(b.m->q);
    for (unsigned i = 0; i < IDLE_TRIES; i++) {
        ms = qtest_cpu_ms(b.m->q);
        usleep(IDLE_US);
        ms = qtest_cpu_ms(b.m->q) - ms;
        if (ms <= IDLE_CPU_MS) {
            return;
        }
    }
    fail_msg("%lu ms of CPU in each second", ms);
}

static void flood(HcaObjects *o, uint64_t payload)
{
    static const uint8_t nobody[HCA_MAC_BYTES] = { 0x02, 9, 9, 9, 9, 9 };
    static const uint8_t sender[HCA_MAC_BYTES] = { 0x02, 8 };
    uint8_t header[HCA_TCP_HEADERS];

    hca_fill_tcp_headers(header, nobody, sender);
    for (unsigned i = 0; i < LARGE_SENDS; i++) {
        hca_sq_post_frame(&o->sq, &(HcaFrame) {
            .header = header, .header_len = HCA_TCP_HEADERS, .addr = payload,
            .len = FRAMES, .mss = 1, .key = o->mkey << 8 | HCA_MKEY_BYTE,
        });
    }
    hca_sq_ring(&o->sq, true);
}

/*
 * A command is answered while another function's requests are under way: the
 * counter that it asks for has not come to its end. On a busy machine the
 * flood may be over before the command is given, so there are some.
 */
static void test_command_amid_flood(void **state)
{
    uint64_t payload, sent = 0;
    unsigned amid = 0;
    HcaObjects o;
    VhcaBench b;
    Hca *pf, *vf;

    vhca_bench_start(&b, state, 1, NULL, VHCA_BUF_BYTES);
    pf = &b.m->pf[0];
    hca_must_set_port(pf, true);
    vf = machine_start_vf(b.m, 0, 0);
    hca_must_create_objects(vf, &o);
    payload = qtest_alloc(b.m->q, FRAMES, 64);
    for (unsigned i = 0; i < FLOODS && !amid; i++) {
        uint64_t end = sent + LARGE_SENDS * FRAMES;

        flood(&o, payload);
        while ((sent = hca_frames_sent(pf, 1)) < end) {
            amid++;
        }
        assert_int_equal(sent, end);
        for (unsigned n = 0; n < LARGE_SENDS; n++) {
            assert_true(hca_cq_wait(&o.cq));
            hca_cq_pop(&o.cq);
        }
    }
    assert_int_not_equal(amid, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_idle),
        machine_test(test_command_amid_flood),
    };

    return machine_main(tests);
}
