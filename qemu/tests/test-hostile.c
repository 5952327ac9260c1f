/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile guest, for as long as it is let: commands near and far from right
 * ones, doorbells of all kinds, damaged images, suspensions and resets at any
 * time, interrupt messages aimed at anything. The device may refuse or lose all
 * of it; QEMU lives and goes on answering.
 *
 * A round is a machine of its own with a seed of its own, printed before it
 * begins:
 *
 * FUZZ_SEED     of the first round
 * FUZZ_SECONDS  begin no new round after this time; 0, the default: one round
 */
#include "qemu/osdep.h"
#include <linux/pci_regs.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "hostile.h"
#include "luck.h"
#include "qmp.h"
#include "track.h"

#define STEPS               1500
#define STEP_SECONDS        60
#define ALIVE_EVERY         64
#define MOVES               12      /* of what is made in so many steps each */
#define MOVE_STEPS          100
#define MADE                1       /* function that is worked on */
#define SPARE               3       /* and one that gets what came of it */
#define PAYLOAD_BYTES       16384
#define ECAM_BYTES          0x200000
#define ECAM_BASE           0xb0000000ULL

/* What may happen in a round; each has its own share of them. */
enum {
    WILD_COMMANDS   = 1 << 0,
    WILD_RESETS     = 1 << 1,
    WILD_INTERRUPTS = 1 << 2,
    WILD_CONFIG     = 1 << 3,
    WILD_VHCA       = 1 << 4,
};

static uint32_t seed, wild;
static unsigned step;

/* A step that does not come back is a spin in the device. */
static void stuck(int sig)
{
    (void)sig;
    dprintf(STDOUT_FILENO, "# FUZZ_SEED=0x%x: stuck in step %u\n", seed, step);
    dprintf(STDOUT_FILENO, "not ok 1 - the device answers a hostile guest\n");
    _exit(1);
}

/* Anywhere: memory, this or another function's registers, configuration. */
static uint64_t some_address(const Hostile *h)
{
    Hca *hca = h->hca[luck_below(HOSTILE_FUNCTIONS)];

    switch (luck_below(6)) {
    case 0:
        return hca->fn.msix_sink;
    case 1:
        return hca->fn.bar0 + (luck_below(HOSTILE_BAR_BYTES) & ~3u);
    case 2:
        return hca->fn.bar0 + (uint64_t)hca->uar * HCA_PAGE_BYTES +
               (luck_below(4096) & ~3u);
    case 3:
        /* A function's device control: a reset by interrupt */
        return pci_cfg_addr(&hca->fn, hca->fn.exp_cap + PCI_EXP_DEVCTL);
    case 4:
        return ECAM_BASE + (luck_below(ECAM_BYTES) & ~3u);
    default:
        return luck_64() & ~3ull;
    }
}

static void aim_interrupts(Hostile *h)
{
    Hca *hca = h->hca[luck_below(HOSTILE_FUNCTIONS)];

    pci_msix_aim(&hca->fn, luck_below(4), some_address(h), luck());
    if (!luck_below(4)) {
        pci_cfg_write(&hca->fn, hca->fn.msix_cap + PCI_MSIX_FLAGS,
                      luck_below(4) << 14, 2);
    }
}

/* Of this device and its port alone: the rest of the machine is not ours. */
static void configure(Hostile *h)
{
    Hca *hca = h->hca[luck_below(HOSTILE_FUNCTIONS)];
    unsigned size = 1u << luck_below(3);

    switch (luck_below(8)) {
    case 0:
        pci_set_bus_master(&hca->fn, luck_below(2));
        break;
    case 1:
        pci_cfg_write(&hca->fn, PCI_COMMAND, luck_below(8), 2);
        break;
    case 2:
        pci_sriov_set(&h->m->pf[0].fn, luck_below(HOSTILE_VFS + 1));
        break;
    case 3:
        pci_cfg_write(&hca->fn, luck_below(0x100) & ~(size - 1), luck(), size);
        break;
    case 4:
        qmp_set_number(h->m->q, "pf0", "x-delay-ms", luck_below(4));
        qmp_set_text(h->m->q, "pf0", "x-delay-cmd",
                     luck_below(2) ? "SAVE_VHCA_STATE" : "NOP");
        break;
    default:
        pci_cfg_write(&hca->fn, PCI_COMMAND, 6, 2);
        break;
    }
}

static void reset(Hostile *h)
{
    Hca *hca = h->hca[luck_below(HOSTILE_FUNCTIONS)];

    switch (luck_below(8)) {
    case 0:
        pci_hot_reset(&h->m->pf[0].fn);
        pci_pf_init(&h->m->pf[0].fn, h->m->q, 0);
        pci_sriov_set(&h->m->pf[0].fn, HOSTILE_VFS);
        break;
    case 1:
        /* A software reset, or none */
        pci_bar_write(&hca->fn, 0x14,
                      htobe32(hca->cmdq | luck_below(8) << 8), 4);
        break;
    default:
        pci_flr(&hca->fn);
        break;
    }
}

/* A driver that comes back: boots as far as it can, minds no refusal. */
static void revive(const Hostile *h, unsigned n)
{
    Hca *hca = h->hca[n];

    pci_cfg_write(&hca->fn, PCI_COMMAND, 6, 2);
    pci_bar_write(&hca->fn, 0x10, htobe32(hca->cmdq >> 32), 4);
    pci_bar_write(&hca->fn, 0x14, htobe32(hca->cmdq), 4);
    for (unsigned i = 0; i < h->nr_kept; i++) {
        const HostileKept *k = &h->kept[i];

        hca_prepare(hca, 0, k->in, k->in_len, k->out_len, NULL);
        hca_ring(hca, 1);
    }
}

static void one_step(Hostile *h)
{
    static const uint16_t vhca[] = {
        OP(SUSPEND_VHCA), OP(RESUME_VHCA), OP(RESUME_VHCA),
        OP(QUERY_VHCA_MIGRATION_STATE), OP(SAVE_VHCA_STATE),
        OP(LOAD_VHCA_STATE),
    };
    unsigned what = luck_below(200);

    if (what < 60 && wild & WILD_COMMANDS) {
        hostile_mutated_command(h, luck_below(HOSTILE_FUNCTIONS));
    } else if (what < 70 && wild & WILD_COMMANDS) {
        hostile_random_command(h);
    } else if (what < 100) {
        hostile_doorbell(h);
    } else if (what < 130) {
        hostile_work(h);
    } else if (what < 150) {
        hostile_converse(h);
    } else if (what < 165 && wild & WILD_VHCA) {
        hostile_vhca_command(h, vhca[luck_below(ARRAY_SIZE(vhca))],
                             luck_below(2));
    } else if (what < 170 && wild & WILD_VHCA) {
        hostile_damaged_image(h);
    } else if (what < 180) {
        hostile_move_in(h);
    } else if (what < 188 && wild & WILD_INTERRUPTS) {
        aim_interrupts(h);
    } else if (what < 194 && wild & WILD_CONFIG) {
        configure(h);
    } else if (what < 196 && wild & WILD_RESETS) {
        reset(h);
    } else if (what >= 196) {
        revive(h, luck_below(HOSTILE_FUNCTIONS));
    }
}

/* A tracker of all memory, and a report of it, for commands like theirs */
static void begin_tracking(Hostile *h)
{
    TrackBench bench;
    TrackSetup setup;
    uint32_t id;

    track_bench_create(&bench, h->hca[0]);
    setup = track_setup(&bench, h->id[1], 0, QTEST_RAM_BYTES);
    assert_int_equal(track_create(&bench, &setup, &id), HCA_OK);
    assert_int_equal(track_report(&bench, id, 0, QTEST_RAM_BYTES), HCA_OK);
}

static void begin_functions(Hostile *h)
{
    Machine *m = h->m;

    hca_must_boot(&m->pf[0]);
    hca_must_start(&m->pf[0]);
    machine_enable_vfs(m, 0, HOSTILE_VFS);
    for (unsigned n = 0; n < HOSTILE_FUNCTIONS; n++) {
        h->hca[n] = n ? machine_start_vf(m, 0, n - 1) : &m->pf[0];
        pci_msix_enable(&h->hca[n]->fn);
        hca_must_set_port(h->hca[n], true);
        hca_must_create_objects(h->hca[n], &h->o[n]);
        h->id[n] = n ? vhca_id_of(&m->pf[0], n - 1) : 0;
        assert_int_equal(hca_create_uctx(h->hca[n], MLX5_UCTX_CAP_RAW_TX,
                                         &h->uid[n]), HCA_OK);
    }
    h->payload = qtest_alloc(m->q, PAYLOAD_BYTES, 64);
}

static void begin_rdma(RdmaBench *r, const Hostile *h)
{
    rdma_join(r, h->m, h->hca[1], h->hca[2], HCA_QP_RC, false);
    r->way.ack_timeout = 9;
    r->way.retries = r->way.rnr_retries = 7;
    r->way.rnr_timer = 1;
    rdma_reconnect(r);
}

static void begin_images(Hostile *h)
{
    Hca *pf = h->hca[0];
    uint8_t *image;
    uint32_t bytes;

    vhca_buf_create(pf, &h->buf, HOSTILE_IMAGE_BYTES);
    vhca_must_stop(pf, h->id[1]);
    image = vhca_must_save(&h->buf, h->id[1], &bytes);
    image_spots_find(&h->right, image, bytes);
    vhca_must_run(pf, h->id[1]);
}

static void begin(Hostile *h, void **state)
{
    memset(h, 0, sizeof(*h));
    h->m = machine_start(state, 1, "fw-pages=4,page-tracking=on,rdma=on");
    hostile_keep_begin(h);
    begin_functions(h);
    begin_rdma(&h->rdma, h);
    begin_images(h);
    begin_tracking(h);
    hostile_keep_end(h);
}

static void one_round(Hostile *h, void **state)
{
    luck_seed(seed);
    wild = luck_below(32);
    begin(h, state);
    for (step = 0; step < STEPS; step++) {
        alarm(STEP_SECONDS);
        one_step(h);
        if (step % ALIVE_EVERY == 0 && !qtest_alive(h->m->q)) {
            break;
        }
    }
    alarm(STEP_SECONDS);
    free(h->right.image);
    if (machine_teardown(state)) {
        fail_msg("FUZZ_SEED=0x%x: QEMU died by step %u", seed, step);
    }
    alarm(0);
}

static void test_hostile_guest(void **state)
{
    const char *seconds = getenv("FUZZ_SECONDS");
    const struct sigaction action = { .sa_handler = stuck };
    time_t end = time(NULL) + (seconds ? strtoul(seconds, NULL, 0) : 0);
    Hostile *h = malloc(sizeof(*h));
    unsigned rounds = 0;

    assert_non_null(h);
    seed = luck_first_seed();
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    do {
        printf("# FUZZ_SEED=0x%x\n", seed);
        fflush(stdout);
        one_round(h, state);
        seed++;
        rounds++;
    } while (time(NULL) < end);
    printf("# %u rounds of %u steps\n", rounds, STEPS);
    free(h);
}

/* What a guest can make of its own VF */
static void make_step(Hostile *h)
{
    switch (luck_below(8)) {
    case 0:
        hostile_doorbell(h);
        break;
    case 1:
        hostile_work(h);
        break;
    case 2:
        hostile_converse(h);
        break;
    default:
        hostile_mutated_command(h, MADE);
        break;
    }
}

/* The VF as it is, into one that is as new */
static void must_fit(Hostile *h, unsigned move)
{
    int status;

    vhca_must_stop(h->hca[0], h->id[MADE]);
    status = vhca_try_image_of(&h->buf, h->id[MADE], &h->hca[SPARE]->fn,
                               h->id[SPARE]);
    vhca_must_run(h->hca[0], h->id[MADE]);
    if (status != HCA_OK) {
        fail_msg("FUZZ_SEED=0x%x, move %u: refused by 0x%x", seed, move,
                 status);
    }
}

/* However odd: what a guest was let do to its VF, the VF can be moved with. */
static void test_all_of_it_moves(void **state)
{
    Hostile *h = malloc(sizeof(*h));

    assert_non_null(h);
    seed = luck_first_seed();
    luck_seed(seed);
    printf("# FUZZ_SEED=0x%x\n", seed);
    begin(h, state);
    for (unsigned move = 0; move < MOVES; move++) {
        for (step = 0; step < MOVE_STEPS; step++) {
            make_step(h);
        }
        must_fit(h, move);
    }
    free(h->right.image);
    free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        machine_test(test_all_of_it_moves),
        machine_test(test_hostile_guest),
    };

    return machine_main(tests);
}
