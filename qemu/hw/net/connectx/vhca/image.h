/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the migration image of a virtual function
 *
 * An image is all that the function's own driver believes about it: state,
 * current capabilities, every object under its number, what its vport was told
 * and, when it is final, what belongs to the moment of the stop. It holds
 * nothing of the host: no vhca_id, no MAC that the PF gave, no pages that it
 * gave. All numbers are little-endian.
 *
 *   header    struct ConnectXImageHeader
 *   sections  struct ConnectXImageSection + payload, padded to 8 bytes; each
 *             kind once, but for capability pages and object kinds, which
 *             have one section each
 *   padding   as many bytes as a property asks for (image-pad, delta-pad),
 *             see image_pad.h
 *
 * Images of one tracked session have its number, which is random, and count up
 * from 0; each but the first names the one before by the CRC of its header. A
 * *delta* has only what changed since that: sections that are another now,
 * those kinds that have objects which came, changed or went, and of an object
 * that only ran no more than its run. An image alone has no session.
 *
 * The header has a CRC of its own, so that a damaged length is found before
 * it is believed. A reader takes an image whole or not at all: unknown
 * versions, flags and sections are refused.
 */
#ifndef HW_NET_CONNECTX_IMAGE_H
#define HW_NET_CONNECTX_IMAGE_H

#include "base/limits.h"
#include "base/status.h"
#include "base/traffic.h"
#include "base/types.h"
#include "fn/pages.h"

#define CX_IMAGE_MAGIC          "CXVHCA\r\n"
#define CX_IMAGE_MAGIC_LEN      8
#define CX_IMAGE_VERSION        6
#define CX_IMAGE_ALIGN          8
/* All objects, and all that is beside them; a header that claims more lies. */
#define CX_IMAGE_REST_MAX       (16 * MiB)
#define CX_IMAGE_BODY_MAX       (CX_STORE_BYTES_MAX + CX_IMAGE_REST_MAX)
/* SAVE and LOAD have a 32-bit size; padding gives way to it without chunks. */
#define CX_IMAGE_PIECE_MAX      (4 * GiB - CX_PAGE_SIZE)
#define CX_IMAGE_TOTAL_MAX      (1 * TiB)

enum {
    /* Taken with initiator and responder suspended: complete and final. */
    CX_IMAGE_FINAL      = 1 << 0,
    /* Holds what is different from the image before. */
    CX_IMAGE_DELTA      = 1 << 1,
    CX_IMAGE_FLAGS_ALL  = CX_IMAGE_FINAL | CX_IMAGE_DELTA,
};

typedef enum ConnectXImageSectionType {
    CX_SECTION_FUNCTION = 1,
    CX_SECTION_CAP      = 2,
    CX_SECTION_VPORT    = 3,
    CX_SECTION_PAGES    = 4,
    CX_SECTION_LATCH    = 5,
    CX_SECTION_OBJECTS  = 6,
    CX_SECTION_GONE     = 7,            /* deltas only */
    CX_SECTION_MOMENT   = 8,            /* final images, and only these */
} ConnectXImageSectionType;

typedef struct QEMU_PACKED ConnectXImageHeader {
    uint8_t magic[CX_IMAGE_MAGIC_LEN];
    uint32_t version;
    uint32_t flags;
    uint64_t total_len;             /* header, sections and padding */
    uint64_t body_len;              /* header and sections */
    uint32_t sections;              /* how many */
    uint32_t sections_crc;          /* CRC-32C of all of them */
    uint16_t vendor_id;
    uint16_t device_id;
    uint64_t session;               /* 0: alone */
    uint32_t sequence;              /* in its session, from 0 */
    uint32_t parent;                /* header_crc of the one before, or 0 */
    uint32_t header_crc;            /* CRC-32C of all of the above */
} ConnectXImageHeader;

typedef struct QEMU_PACKED ConnectXImageSection {
    uint32_t type;
    uint32_t len;                   /* payload without padding */
} ConnectXImageSection;

typedef struct QEMU_PACKED ConnectXImageFunction {
    uint32_t state;
    uint16_t issi;
    uint8_t nic_interface;
    uint8_t reserved;
    uint64_t cmdq_addr;
    uint32_t cmdq_addr_h;
    uint32_t pending;               /* command slots to start on resume */
    uint64_t reserved2;
    uint8_t sw_owner_id[16];
    uint32_t flow_root[16];
} ConnectXImageFunction;

/* Followed by n pairs of word index and nonzero word, indices ascending. */
typedef struct QEMU_PACKED ConnectXImageCap {
    uint32_t type;
    uint32_t n;
} ConnectXImageCap;

/* Followed by the entries of uc, mc and vlan, 6 bytes each. */
typedef struct QEMU_PACKED ConnectXImageVport {
    uint32_t n_uc, n_mc, n_vlan;
    uint16_t mtu;
    uint8_t promisc_uc, promisc_mc, promisc_all;
    uint8_t roce_en;
    uint8_t disable_uc_lb, disable_mc_lb;
    uint8_t port_up;
    uint8_t reserved;
    uint16_t reserved2;
    ConnectXTraffic rx, tx;
} ConnectXImageVport;

/* Followed by n 64-bit addresses. */
typedef struct QEMU_PACKED ConnectXImagePages {
    int32_t wanted_boot, wanted_init, wanted_regular;
    uint32_t n;
} ConnectXImagePages;

typedef struct QEMU_PACKED ConnectXImageLatch {
    uint32_t offset;
    uint32_t size;
    uint64_t value;
} ConnectXImageLatch;

typedef struct QEMU_PACKED ConnectXImageStop {
    uint64_t timer_ns;              /* internal timer */
    uint8_t link_up;
    uint8_t reserved[7];
} ConnectXImageStop;

/* Objects of a kind go by its name: numbers of kinds are the program's own. */
#define CX_IMAGE_NAME_LEN       24

typedef struct QEMU_PACKED ConnectXImageObjects {
    uint8_t name[CX_IMAGE_NAME_LEN];
    uint32_t n;
    uint32_t next_id;
} ConnectXImageObjects;

/* Followed by n 64-bit numbers. */
typedef struct QEMU_PACKED ConnectXImageGone {
    uint8_t name[CX_IMAGE_NAME_LEN];
    uint32_t n;
    uint32_t reserved;
} ConnectXImageGone;

/* Of an object that only ran, in_len and npas are 0. */
enum {
    CX_IMAGE_OBJ_WHOLE,
    CX_IMAGE_OBJ_RUN,
};

/*
 * Followed by the 64-bit words of the kind's own run, if it has any, by in[]
 * padded to 8 bytes, then the 64-bit page list.
 */
typedef struct QEMU_PACKED ConnectXImageObj {
    uint64_t id;
    uint32_t in_len;
    uint32_t npas;
    uint32_t pi;
    uint32_t ci;
    uint8_t state, armed, solicited, dead;
    uint32_t what;                  /* CX_IMAGE_OBJ_* */
    uint64_t count[2];
} ConnectXImageObj;

QEMU_BUILD_BUG_ON(sizeof(ConnectXImageHeader) != 64);
/* What an object is charged covers what it takes in an image. */
QEMU_BUILD_BUG_ON(sizeof(ConnectXImageObj) > CX_OBJ_OVERHEAD_BYTES);
/* A list of pages at its longest, with room for the small sections. */
QEMU_BUILD_BUG_ON(CX_PAGES_MAX * 8ull + 1 * MiB > CX_IMAGE_REST_MAX);
QEMU_BUILD_BUG_ON(sizeof(ConnectXImageSection) % CX_IMAGE_ALIGN);
QEMU_BUILD_BUG_ON(sizeof(ConnectXImageFunction) % CX_IMAGE_ALIGN);
QEMU_BUILD_BUG_ON(sizeof(ConnectXImageObjects) % CX_IMAGE_ALIGN);
QEMU_BUILD_BUG_ON(sizeof(ConnectXImageObj) % CX_IMAGE_ALIGN);
QEMU_BUILD_BUG_ON(sizeof(ConnectXImageGone) % CX_IMAGE_ALIGN);
QEMU_BUILD_BUG_ON(sizeof(ConnectXImageStop) % CX_IMAGE_ALIGN);

/*
 * Fields of a capability page that say who the function is or what the host's
 * administrator decided: taken from another page, or cleared if it is NULL.
 */
void cx_image_cap_identity(uint32_t type, uint8_t *page, const uint8_t *from);

/* What belongs to the moment at which the function stopped. */
typedef struct ConnectXImageMoment {
    uint64_t timer_ns;              /* internal timer */
    bool link_up;                   /* what the driver last heard of it */
} ConnectXImageMoment;

/* Logs what is wrong with an image for fn; always CX_BAD_PARAM. */
ConnectXStatus cx_image_bad(const ConnectXFunction *fn, const char *what);

#endif /* HW_NET_CONNECTX_IMAGE_H */
