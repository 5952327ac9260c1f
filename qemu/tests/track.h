/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page trackers as the PF's migration driver has them: an object, and two queue
 * pairs of which the device speaks to one.
 */
#ifndef TESTS_TRACK_H
#define TESTS_TRACK_H

#include "hca.h"
#include "objects.h"

#define TRACK_LOG_MSG       12
#define TRACK_LOG_PAGE      12
#define TRACK_LOG_RECVS     3
#define TRACK_RECVS         (1u << TRACK_LOG_RECVS)
#define TRACK_RANGES_MAX    8

enum {                      /* page_track.state */
    TRACK_TRACKING,
    TRACK_REPORTING,
    TRACK_ERROR,
};

typedef struct TrackRange {
    uint64_t start, len;
} TrackRange;

/* What CREATE_GENERAL_OBJECT says. */
typedef struct TrackSetup {
    uint16_t vhca_id;
    unsigned type, state;
    unsigned log_space, log_page, log_msg;
    uint32_t qpn;
    unsigned nr_ranges;
    TrackRange ranges[TRACK_RANGES_MAX];
    /* Ranges that the command really has, if not nr_ranges. */
    bool cut;
} TrackSetup;

/* Queue pairs of a PF, connected, with all receive requests posted. */
typedef struct TrackBench {
    Hca *pf;
    HcaEq async_eq, comp_eq;
    HcaCq cq;
    uint32_t pd, mkey;
    uint32_t host_qpn, fw_qpn;
    uint64_t qp_buf, dbr, recv_buf;
    uint16_t posted;
} TrackBench;

/* PF's own queues first; interrupts are on. */
void track_bench_create(TrackBench *b, Hca *pf);
/* One range, of what is there of a VF with that vhca_id. */
TrackSetup track_setup(const TrackBench *b, uint16_t vhca_id, uint64_t start,
                       uint64_t len);
/* log_addr_space_size of that many bytes */
unsigned track_log_space(uint64_t bytes);
/* Returns the status. */
int track_create(TrackBench *b, const TrackSetup *setup, uint32_t *id);
int track_report(TrackBench *b, uint32_t id, uint64_t start, uint64_t len);
int track_query(TrackBench *b, uint32_t id, unsigned *state);
int track_destroy(TrackBench *b, uint32_t id);

/* Posts receive requests: the record is all that tells of them. */
void track_post(TrackBench *b, unsigned n);

/* A message that came, and its place in the receive buffer. */
typedef struct TrackMessage {
    unsigned state;
    uint32_t pages;
    const uint8_t *entries;             /* big-endian addresses */
} TrackMessage;

/* The next message; false: none within the time that tests have. */
bool track_receive(TrackBench *b, TrackMessage *message);
/*
 * A report, received to its end, with requests posted as they are used up.
 * Returns how many pages it told, whose addresses are in @pages, ascending.
 */
unsigned track_must_report(TrackBench *b, uint32_t id, uint64_t start,
                           uint64_t len, uint64_t *pages, unsigned max);

/* Opcodes of queue pairs with the whole context in the command. */
void track_must_move_qp(Hca *hca, uint16_t opcode, uint32_t qpn,
                        uint32_t remote_qpn);

#endif
