/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where damage to a migration image tells most: its headers, those of its
 * sections and those of the objects in them.
 */
#ifndef TESTS_IMAGE_SPOTS_H
#define TESTS_IMAGE_SPOTS_H

#include <stdint.h>

#define IMAGE_SPOTS_MAX     2048

typedef struct ImageSpots {
    uint8_t *image;             /* a right one; the caller's */
    uint32_t bytes;
    uint32_t at[IMAGE_SPOTS_MAX];
    unsigned nr;
} ImageSpots;

void image_spots_find(ImageSpots *s, uint8_t *image, uint32_t bytes);
/*
 * Writes the image with so many words of it wrong to @data. Its checksums are
 * right, most of the time: a wrong one keeps all the rest from being looked at.
 */
void image_spots_damage(const ImageSpots *s, uint8_t *data, unsigned words);

#endif
