/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: access to the fields of the device's structures
 *
 * The layouts come from the kernel's mlx5_ifc.h, in which one array element
 * stands for one bit of a big-endian structure. Nothing in the model spells a
 * position by hand, but for what stands at the end of this file.
 */
#ifndef HW_NET_CONNECTX_IFC_H
#define HW_NET_CONNECTX_IFC_H

#include "qemu/bitops.h"
#include "qemu/bswap.h"

typedef uint8_t u8;

/* The kernel header uses this of the kernel's own. */
#ifndef DECLARE_FLEX_ARRAY
#define DECLARE_FLEX_ARRAY(type, name) type name[0]
#endif

#include "mlx5_ifc.h"

/* Position and width in bits; CX_SZ is the fixed part's length in bytes. */
#define CX_BIT(s, f)    offsetof(struct mlx5_ifc_##s##_bits, f)
#define CX_WIDTH(s, f)  sizeof(((struct mlx5_ifc_##s##_bits *)0)->f)
#define CX_SZ(s)        (sizeof(struct mlx5_ifc_##s##_bits) / 8)
#define CX_OFF(s, f)    (CX_BIT(s, f) / 8)

/* Address of a byte-aligned member: a nested structure or a byte array. */
#define CX_ADDR(s, p, f) \
    ((void *)((uint8_t *)(p) + CX_OFF(s, f) + \
              QEMU_BUILD_BUG_ON_ZERO(CX_BIT(s, f) % 8)))

static inline uint32_t cx_bits_get(const void *p, size_t bit, unsigned width)
{
    uint32_t word = ldl_be_p((const uint8_t *)p + bit / 32 * 4);

    return (word >> (32 - width - bit % 32)) & (0xffffffffu >> (32 - width));
}

static inline void cx_bits_set(void *p, size_t bit, unsigned width, uint32_t v)
{
    uint8_t *at = (uint8_t *)p + bit / 32 * 4;
    uint32_t mask = 0xffffffffu >> (32 - width);
    unsigned shift = 32 - width - bit % 32;
    uint32_t word = ldl_be_p(at);

    stl_be_p(at, (word & ~(mask << shift)) | ((v & mask) << shift));
}

#define CX_FITS(s, f, n) \
    QEMU_BUILD_BUG_ON_ZERO(CX_WIDTH(s, f) > (n) || \
                           CX_BIT(s, f) % (n) + CX_WIDTH(s, f) > (n))

#define CX_GET(s, p, f) \
    cx_bits_get(p, CX_BIT(s, f) + CX_FITS(s, f, 32), CX_WIDTH(s, f))
#define CX_SET(s, p, f, v) \
    cx_bits_set(p, CX_BIT(s, f) + CX_FITS(s, f, 32), CX_WIDTH(s, f), v)

/* 64-bit members; those of the interface are aligned to 32 bits. */
#define CX_GET64(s, p, f) \
    ldq_be_p((const uint8_t *)(p) + CX_OFF(s, f) + \
             QEMU_BUILD_BUG_ON_ZERO(CX_WIDTH(s, f) != 64 || CX_BIT(s, f) % 32))
#define CX_SET64(s, p, f, v) \
    stq_be_p((uint8_t *)(p) + CX_OFF(s, f) + \
             QEMU_BUILD_BUG_ON_ZERO(CX_WIDTH(s, f) != 64 || \
                                    CX_BIT(s, f) % 32), v)

/* Fields that the header has since 7.1: bits in cmd_hca_cap_2 and in... */
#define CX_BIT_CAP_2_MIGRATION_STATE    0xd9
/* ...query_vhca_migration_state_out, where it is 4 bits wide */
#define CX_BIT_MIGRATION_STATE          0x60

/* Queues in memory of user space: where the header has but reserved bits */
#define CX_BIT_CQ_UMEM_OFFSET           0x280
#define CX_BIT_CQ_UMEM_ID               0x2c0
#define CX_BIT_CQC_DBR_UMEM_ID          0x20
#define CX_BIT_QPC_DBR_UMEM_ID          0x720
#define CX_BIT_MKEY_UMEM_ID             0x320
#define CX_BIT_MKEY_UMEM_OFFSET         0x340

#endif /* HW_NET_CONNECTX_IFC_H */
