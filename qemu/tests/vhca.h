/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The migration commands as the PF's migration driver issues them.
 */
#ifndef TESTS_VHCA_H
#define TESTS_VHCA_H

#include "hca.h"
#include "objects.h"

enum {
    SUSPEND_INITIATOR   = 0,
    SUSPEND_RESPONDER   = 1,
    RESUME_RESPONDER    = 0,
    RESUME_INITIATOR    = 1,
};

/* Guest memory behind a memory key of the PF. */
typedef struct VhcaBuf {
    Hca *pf;
    uint32_t pd, index, key;
    uint64_t addr;
    uint32_t bytes;
} VhcaBuf;

/* vhca_id of a VF, counted from 0, as the PF tells it. */
uint16_t vhca_id_of(Hca *pf, unsigned vf);

void vhca_buf_create(Hca *pf, VhcaBuf *buf, uint32_t bytes);
void vhca_buf_destroy(VhcaBuf *buf);
uint8_t *vhca_buf_data(VhcaBuf *buf);

int vhca_suspend(Hca *pf, uint16_t id, uint16_t op_mod);
int vhca_resume(Hca *pf, uint16_t id, uint16_t op_mod);
void vhca_must_stop(Hca *pf, uint16_t id);
void vhca_must_run(Hca *pf, uint16_t id);

typedef struct VhcaSize {
    uint32_t required;
    uint64_t remaining;
    unsigned state;                     /* migration_state */
} VhcaSize;

int vhca_query(Hca *pf, uint16_t id, bool inc, bool chunk, VhcaSize *size);

typedef struct VhcaSaved {
    uint32_t bytes;
    uint32_t next;
} VhcaSaved;

/* @room: the size that the device is told, at most that of the buffer. */
int vhca_save(VhcaBuf *buf, uint16_t id, bool inc, bool track, uint32_t room,
              VhcaSaved *saved);
int vhca_load(VhcaBuf *buf, uint16_t id, uint32_t bytes);
/* The command alone, in a slot, not waited for; a full SAVE. */
void vhca_start_save(VhcaBuf *buf, uint16_t id, unsigned slot);
void vhca_start_tracked_save(VhcaBuf *buf, uint16_t id, unsigned slot);
void vhca_start_delta_save(VhcaBuf *buf, uint16_t id, unsigned slot);
void vhca_start_load(VhcaBuf *buf, uint16_t id, uint32_t bytes, unsigned slot);

/* A full image of a stopped VF, malloc'ed. */
uint8_t *vhca_must_save(VhcaBuf *buf, uint16_t id, uint32_t *bytes);
/* Loads an image that is elsewhere in memory. */
int vhca_load_image(VhcaBuf *buf, uint16_t id, const uint8_t *image,
                    uint32_t bytes);

/*
 * The image of a stopped VF, loaded into another one, which is new before and
 * after. Returns LOAD's status.
 */
int vhca_try_image_of(VhcaBuf *buf, uint16_t from, PciFn *spare,
                      uint16_t to);

/* The same in pieces, of a device that saves in chunks. */
uint8_t *vhca_must_save_chunks(VhcaBuf *buf, uint16_t id, uint64_t *bytes);
void vhca_must_load_chunks(VhcaBuf *buf, uint16_t id, const uint8_t *image,
                           uint64_t bytes);

/*
 * The driver in a guest whose VF was exchanged: it goes on with all it knows
 * on another function, unaware of it.
 */
void vhca_move_driver(Hca *to, const Hca *from);
void vhca_move_objects(HcaObjects *o, Hca *to);

#endif
