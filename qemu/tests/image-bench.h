/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of migration images start from: an image of one VF and
 * another VF to load it into, and hands to change the image with.
 *
 * They know the format (qemu/docs/specs) only as far as its checksums, its
 * sections and the objects in them.
 */
#ifndef TESTS_IMAGE_BENCH_H
#define TESTS_IMAGE_BENCH_H

#include "machine.h"
#include "objects.h"
#include "vhca.h"

#define IMAGE_BUF_BYTES     (1u << 20)
#define IMAGE_VFS           3

enum {
    IMAGE_HEADER_BYTES      = 64,
    IMAGE_OFF_VERSION       = 8,
    IMAGE_OFF_FLAGS         = 12,
    IMAGE_OFF_TOTAL_LEN     = 16,
    IMAGE_OFF_BODY_LEN      = 24,
    IMAGE_OFF_SECTIONS      = 32,
    IMAGE_OFF_SECTIONS_CRC  = 36,
    IMAGE_OFF_HEADER_CRC    = 60,
    IMAGE_SECTION_BYTES     = 8,        /* type and length, then the payload */
};

enum {
    IMAGE_FINAL             = 1,
    IMAGE_DELTA             = 2,
};

typedef enum ImageSection {
    IMAGE_FUNCTION  = 1,
    IMAGE_CAP       = 2,
    IMAGE_VPORT     = 3,
    IMAGE_PAGES     = 4,
    IMAGE_LATCH     = 5,
    IMAGE_OBJECTS   = 6,
    IMAGE_GONE      = 7,
    IMAGE_MOMENT    = 8,
} ImageSection;

typedef struct ImageBench {
    Machine *m;
    Hca *pf;
    VhcaBuf buf;
    uint16_t from, to;
    HcaObjects o;
    uint8_t *image;
    uint32_t bytes;
} ImageBench;

/* VFs, the first with all objects if asked to; nothing is stopped. */
void image_bench_start(ImageBench *b, void **state, bool with_objects,
                       const char *props);
/* An image of VF 0; VF 1 is stopped and ready to be loaded. */
void image_bench_save(ImageBench *b);
void image_bench_end(ImageBench *b);

/* Resets VF 1 and stops it again, whatever it went through. */
void image_bench_renew(ImageBench *b);
/* VF 1 is what it was before any image: a driver can start it. */
void image_check_untouched(ImageBench *b);
/* The device takes no such image, which leaves VF 1 to be renewed. */
void image_check_refused(ImageBench *b, const uint8_t *image, uint32_t bytes,
                         const char *what);

void image_put_le32(uint8_t *p, uint32_t v);
uint32_t image_get_le32(const uint8_t *p);
void image_fix_header_crc(uint8_t *image);
void image_fix_crcs(uint8_t *image);

/* The one behind it; the first is behind the image's header. */
uint8_t *image_next_section(uint8_t *section);
/* How many objects the payload of an IMAGE_OBJECTS has. */
uint32_t image_objects(const uint8_t *payload);
/*
 * The payload of the first section of that type, or for IMAGE_OBJECTS and _GONE
 * of the kind @name; fails the test when there is none.
 */
uint8_t *image_section(uint8_t *image, ImageSection type, const char *name);
/* Overwrites words at random with what is likely to hurt; not the header. */
void image_damage(uint8_t *image, uint32_t bytes, uint32_t *seed);

/* Cuts the section out that payload belongs to. Returns the new size. */
uint32_t image_cut_section(uint8_t *image, uint32_t bytes, uint8_t *payload);
/* The object's number, and its creation input, of the nth of a kind. */
uint8_t *image_object(uint8_t *image, const char *kind, unsigned nth);
uint8_t *image_object_in(uint8_t *object);

#endif
