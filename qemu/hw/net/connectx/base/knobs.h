/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: how migration and the tracking of pages behave, as
 * properties of the PF say
 */
#ifndef HW_NET_CONNECTX_KNOBS_H
#define HW_NET_CONNECTX_KNOBS_H

typedef struct ConnectXVhcaKnobs {
    /* What the PF offers. */
    bool migration, multi_load, tracking, chunks, state;
    /*
     * What drivers are known to provide for and this device does only when it
     * is told to. All 0 or 1; each refusal is CX_BAD_RES_STATE.
     */
    uint32_t twice_fails;               /* suspend, resume of what is so */
    uint32_t suspend_ends_save;         /* SUSPEND fails a tracked SAVE */
    uint32_t query_in_save_fails;       /* QUERY inc in the first of these */
    uint32_t suspended_track_fails;     /* tracked SAVE, initiator suspended */
    uint32_t track_fails;               /* each tracked SAVE */
} ConnectXVhcaKnobs;

/* Page trackers: what the PF offers, log2 but for the number of ranges */
typedef struct ConnectXTrackKnobs {
    bool on;
    uint8_t ranges;
    uint8_t space_min, space_max;       /* bytes that one tracker covers */
    uint8_t page_min, page_max;
    uint8_t message_min, message_max;   /* bytes */
    uint32_t kib_max;                   /* memory for bits of one tracker */
    /* 0 or 1: never sends a report; fails at the next one, or within it */
    uint32_t silent, fails, fails_within;
    /* 0 or 1: no event when a tracker fails */
    uint32_t no_event;
    /* 0 or 1: is empty after a reset of the VF, and does not say so */
    uint32_t forgets;
} ConnectXTrackKnobs;

#endif /* HW_NET_CONNECTX_KNOBS_H */
