/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of migration images start from.
 */
#include "image-bench.h"
#include "random.h"

enum {
    OBJECTS_NAME_BYTES      = 24,
    OBJECTS_HEADER_BYTES    = 32,
    OBJECT_HEADER_BYTES     = 48,
    OBJECT_OFF_IN_LEN       = 8,
    OBJECT_OFF_NPAS         = 12,
};

void image_bench_start(ImageBench *b, void **state, bool with_objects,
                       const char *props)
{
    memset(b, 0, sizeof(*b));
    b->m = machine_start_ready(state, 1, props);
    b->pf = &b->m->pf[0];
    machine_enable_vfs(b->m, 0, IMAGE_VFS);
    vhca_buf_create(b->pf, &b->buf, IMAGE_BUF_BYTES);
    b->from = vhca_id_of(b->pf, 0);
    b->to = vhca_id_of(b->pf, 1);
    if (with_objects) {
        hca_must_create_objects(machine_start_vf(b->m, 0, 0), &b->o);
    }
}

void image_bench_save(ImageBench *b)
{
    vhca_must_stop(b->pf, b->from);
    b->image = vhca_must_save(&b->buf, b->from, &b->bytes);
    vhca_must_stop(b->pf, b->to);
}

void image_bench_end(ImageBench *b)
{
    free(b->image);
}

void image_bench_renew(ImageBench *b)
{
    pci_flr(&b->m->vf[0][1].fn);
    vhca_must_stop(b->pf, b->to);
}

void image_check_untouched(ImageBench *b)
{
    HcaObjects o;

    vhca_must_run(b->pf, b->to);
    hca_must_create_objects(machine_start_vf(b->m, 0, 1), &o);
    image_bench_renew(b);
}

void image_check_refused(ImageBench *b, const uint8_t *image, uint32_t bytes,
                         const char *what)
{
    int status = vhca_load_image(&b->buf, b->to, image, bytes);

    if (status != HCA_BAD_PARAM) {
        fail_msg("%s: 0x%x", what, status);
    }
}

static uint32_t crc32c(const uint8_t *p, size_t len)
{
    uint32_t crc = UINT32_MAX;

    while (len--) {
        crc ^= *p++;
        for (int i = 0; i < 8; i++) {
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
        }
    }
    return ~crc;
}

void image_put_le32(uint8_t *p, uint32_t v)
{
    v = htole32(v);
    memcpy(p, &v, sizeof(v));
}

uint32_t image_get_le32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return le32toh(v);
}

void image_fix_header_crc(uint8_t *image)
{
    image_put_le32(image + IMAGE_OFF_HEADER_CRC,
                   crc32c(image, IMAGE_OFF_HEADER_CRC));
}

void image_fix_crcs(uint8_t *image)
{
    uint32_t body = image_get_le32(image + IMAGE_OFF_BODY_LEN);

    image_put_le32(image + IMAGE_OFF_SECTIONS_CRC,
                   crc32c(image + IMAGE_HEADER_BYTES,
                          body - IMAGE_HEADER_BYTES));
    image_fix_header_crc(image);
}

void image_damage(uint8_t *image, uint32_t bytes, uint32_t *seed)
{
    static const uint32_t values[] = {
        0, 1, 0xff, 0x7fffffff, 0x80000000, 0xffffffff, 0xffffff, 8, 64,
    };
    unsigned n = 1 + random_below(seed, 4);

    while (n--) {
        uint32_t at = IMAGE_HEADER_BYTES +
                      random_below(seed, bytes - IMAGE_HEADER_BYTES - 4);

        if (random_below(seed, 2)) {
            image_put_le32(image + (at & ~3u),
                           values[random_below(seed, 9)]);
        } else {
            image[at] ^= 1 << random_below(seed, 8);
        }
    }
}

static uint32_t padded(uint32_t len)
{
    return (len + 7) & ~7u;
}

uint8_t *image_next_section(uint8_t *section)
{
    return section + IMAGE_SECTION_BYTES + padded(image_get_le32(section + 4));
}

uint32_t image_objects(const uint8_t *payload)
{
    return image_get_le32(payload + OBJECTS_NAME_BYTES);
}

uint8_t *image_section(uint8_t *image, ImageSection type, const char *name)
{
    uint32_t sections = image_get_le32(image + IMAGE_OFF_SECTIONS);
    uint8_t *at = image + IMAGE_HEADER_BYTES;

    while (sections--) {
        uint8_t *payload = at + IMAGE_SECTION_BYTES;

        if (image_get_le32(at) == type &&
            (!name || !strncmp((char *)payload, name, OBJECTS_NAME_BYTES))) {
            return payload;
        }
        at = image_next_section(at);
    }
    fail_msg("no section %u %s", type, name ?: "");
    return NULL;
}

uint32_t image_cut_section(uint8_t *image, uint32_t bytes, uint8_t *payload)
{
    uint8_t *start = payload - IMAGE_SECTION_BYTES;
    uint8_t *end = image_next_section(start);
    uint32_t cut = end - start;

    memmove(start, end, image + bytes - end);
    image_put_le32(image + IMAGE_OFF_SECTIONS,
                   image_get_le32(image + IMAGE_OFF_SECTIONS) - 1);
    image_put_le32(image + IMAGE_OFF_BODY_LEN,
                   image_get_le32(image + IMAGE_OFF_BODY_LEN) - cut);
    image_put_le32(image + IMAGE_OFF_TOTAL_LEN,
                   image_get_le32(image + IMAGE_OFF_TOTAL_LEN) - cut);
    image_fix_crcs(image);
    return bytes - cut;
}

uint8_t *image_object(uint8_t *image, const char *kind, unsigned nth)
{
    uint8_t *payload = image_section(image, IMAGE_OBJECTS, kind);
    uint8_t *object = payload + OBJECTS_HEADER_BYTES;

    assert_in_range(nth, 0, image_objects(payload) - 1);
    while (nth--) {
        object += OBJECT_HEADER_BYTES +
                  padded(image_get_le32(object + OBJECT_OFF_IN_LEN)) +
                  8 * image_get_le32(object + OBJECT_OFF_NPAS);
    }
    return object;
}

uint8_t *image_object_in(uint8_t *object)
{
    return object + OBJECT_HEADER_BYTES;
}
