/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images that are right but for a few words.
 */
#include "image-bench.h"
#include "image-spots.h"
#include "luck.h"

#define SPOT_WORDS          12      /* headers, and a bit behind them */

static void add_spot(ImageSpots *s, const uint8_t *at)
{
    if (s->nr < IMAGE_SPOTS_MAX) {
        s->at[s->nr++] = at - s->image;
    }
}

void image_spots_find(ImageSpots *s, uint8_t *image, uint32_t bytes)
{
    uint32_t sections = image_get_le32(image + IMAGE_OFF_SECTIONS);
    uint8_t *at = image + IMAGE_HEADER_BYTES;

    s->image = image;
    s->bytes = bytes;
    s->nr = 0;
    add_spot(s, image);
    while (sections--) {
        const char *kind = (char *)at + IMAGE_SECTION_BYTES;
        uint32_t objects = 0;

        add_spot(s, at);
        if (image_get_le32(at) == IMAGE_OBJECTS) {
            objects = image_objects(at + IMAGE_SECTION_BYTES);
        }
        for (uint32_t i = 0; i < objects; i++) {
            add_spot(s, image_object(image, kind, i));
        }
        at = image_next_section(at);
    }
}

/* A header's words count more than what it stands before. */
static unsigned some_place(const ImageSpots *s)
{
    unsigned at = luck_below(s->bytes / 4) * 4;

    if (luck_below(4)) {
        at = s->at[luck_below(s->nr)] + luck_below(SPOT_WORDS) * 4;
    }
    return at < s->bytes ? at : 0;
}

static void damage_word(const ImageSpots *s, uint8_t *data)
{
    uint8_t *word = data + some_place(s);

    switch (luck_below(4)) {
    case 0:
        word[luck_below(4)] ^= 1u << luck_below(8);
        break;
    case 1:
        image_put_le32(word, luck());
        break;
    case 2:
        image_put_le32(word, image_get_le32(word) + luck_below(5) - 2);
        break;
    default:
        memcpy(word, s->image + some_place(s), 4);
        break;
    }
}

void image_spots_damage(const ImageSpots *s, uint8_t *data, unsigned words)
{
    uint32_t body;

    memcpy(data, s->image, s->bytes);
    while (words--) {
        damage_word(s, data);
    }
    body = image_get_le32(data + IMAGE_OFF_BODY_LEN);
    if (luck_below(16) && body > IMAGE_HEADER_BYTES && body <= s->bytes) {
        image_fix_crcs(data);
    }
}
