/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device's layouts in user space: the kernel's own mlx5_ifc.h behind the
 * few types that it needs, and access to its fields by name. In that header
 * each bit is a u8, so offsetof and sizeof count bits; on the wire everything
 * is big-endian.
 */
#ifndef SELFTEST_MLX5_LAYOUT_H
#define SELFTEST_MLX5_LAYOUT_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <linux/types.h>
#include <linux/stddef.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#ifndef BIT
#define BIT(nr)			(1UL << (nr))
#define BIT_ULL(nr)		(1ULL << (nr))
#endif
#ifndef DECLARE_FLEX_ARRAY
#define DECLARE_FLEX_ARRAY(type, name)	__DECLARE_FLEX_ARRAY(type, name)
#endif

/* The path of the kernel's header, given by the Makefile */
#include MLX5_IFC_FILE

#define MLX5_BITS(type)		struct mlx5_ifc_##type##_bits
#define MLX5_BYTES(type)	(sizeof(MLX5_BITS(type)) / 8)
#define MLX5_BYTE_OFF(type, field)	(offsetof(MLX5_BITS(type), field) / 8)

static inline void mlx5_put_be32(void *at, __u32 value)
{
	value = htobe32(value);
	memcpy(at, &value, sizeof(value));
}

static inline void mlx5_put_be64(void *at, __u64 value)
{
	value = htobe64(value);
	memcpy(at, &value, sizeof(value));
}

/* A field of at most 64 bits, inside one or over two 32-bit words */
static inline __u64 mlx5_get_bits(const void *buf, size_t bit_off,
				  size_t bit_len)
{
	const __u8 *bytes = buf;
	__u64 value = 0;
	size_t bit;

	for (bit = bit_off; bit < bit_off + bit_len; bit++)
		value = value << 1 | (bytes[bit / 8] >> (7 - bit % 8) & 1);
	return value;
}

static inline void mlx5_set_bits(void *buf, size_t bit_off, size_t bit_len,
				 __u64 value)
{
	__u8 *bytes = buf;
	size_t bit;

	for (bit = bit_off + bit_len; bit-- > bit_off; value >>= 1) {
		__u8 mask = 0x80 >> bit % 8;

		if (value & 1)
			bytes[bit / 8] |= mask;
		else
			bytes[bit / 8] &= ~mask;
	}
}

/*
 * @member is MLX5_AT(structure)->field: a member of a structure at address 0,
 * so that its address is its place and its size its width.
 */
#define MLX5_AT(type)	((MLX5_BITS(type) *)0)
#define MLX5_FIELD(buf, member)						\
	mlx5_get_bits(buf, (size_t)&(member), sizeof(member))
#define MLX5_SET_FIELD(buf, member, value)				\
	mlx5_set_bits(buf, (size_t)&(member), sizeof(member), value)

#endif /* SELFTEST_MLX5_LAYOUT_H */
