/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the sections of a migration image, as they are written
 */
#ifndef HW_NET_CONNECTX_IMAGE_PUT_H
#define HW_NET_CONNECTX_IMAGE_PUT_H

#include "base/types.h"
#include "obj/obj.h"
#include "vhca/image.h"

typedef struct ConnectXImageWriter {
    GByteArray *body;
    uint32_t sections;                  /* that were begun */
    guint section_at;                   /* offset of the open one */
} ConnectXImageWriter;

void cx_put(ConnectXImageWriter *w, const void *data, size_t len);
/* A whole section. */
void cx_put_section(ConnectXImageWriter *w, ConnectXImageSectionType type,
                    const void *payload, uint32_t len);

/* All that is neither pages nor objects, both of which may be many. */
void cx_put_small(ConnectXImageWriter *w, const ConnectXFunction *fn);
void cx_put_pages(ConnectXImageWriter *w, const ConnectXPages *pages);
void cx_put_moment(ConnectXImageWriter *w, const ConnectXImageMoment *moment);

static inline uint64_t cx_pages_section_len(const ConnectXPages *pages)
{
    return sizeof(ConnectXImageSection) + sizeof(ConnectXImagePages) +
           pages->pa->len * 8ull;
}

/*
 * Begins a kind's section. Its payload's length is known before it is written,
 * so what is in it may be summed as it comes: n objects, with what follows
 * their heads.
 */
void cx_put_objects(ConnectXImageWriter *w, ConnectXObjKind kind, uint32_t n,
                    uint64_t bytes, uint32_t next_id);
/* An object but for its page list, or its runs alone. */
void cx_put_obj(ConnectXImageWriter *w, const ConnectXObj *obj, bool whole);
/* n numbers of objects that are gone. */
void cx_put_gone(ConnectXImageWriter *w, ConnectXObjKind kind,
                 const uint64_t *ids, uint32_t n);

static inline uint64_t cx_objects_section_len(ConnectXObjKind kind, uint32_t n,
                                              uint64_t bytes)
{
    return sizeof(ConnectXImageSection) + sizeof(ConnectXImageObjects) +
           n * (sizeof(ConnectXImageObj) + cx_obj_type(kind)->more * 8ull) +
           bytes;
}

static inline uint64_t cx_gone_section_len(uint32_t n)
{
    return sizeof(ConnectXImageSection) + sizeof(ConnectXImageGone) + n * 8ull;
}

#endif /* HW_NET_CONNECTX_IMAGE_PUT_H */
