/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The migration stream of mlx5_vfio_pci: records of a 16-byte little-endian
 * head and data, one after the other, with nothing before, between or behind.
 */
#ifndef SELFTEST_MLX5_STREAM_H
#define SELFTEST_MLX5_STREAM_H

#include "vfio_mig.h"

#define MLX5_TAG_FW_DATA		0
#define MLX5_TAG_STOP_COPY_SIZE		1
/* Of this driver alone: struct mlx5_source */
#define MLX5_TAG_SOURCE			0x73726301
/* As well: bytes of all images */
#define MLX5_TAG_END			0x656e6401

/* What firmware that saves in pieces is given room for, at least (mlx5-migration-stream.rst) */
#define MLX5_PIECE_BYTES		(8U << 20)

/* A reader that does not know the tag may skip the record. */
#define MLX5_RECORD_OPTIONAL		1
/* Of this driver alone: who loads the image waits for the device. */
#define MLX5_RECORD_WAIT		0x80000000U

struct mlx5_record_head {
	__le64 size;
	__le32 flags;
	__le32 tag;
};

/* What a stream is of: PCI ids of the PF, the vendor in the upper half; little-endian */
struct mlx5_source {
	__le32 card;
	__le32 needs;
	__le16 vectors;
	__le16 firmware[3];
	__u8 bar_log_bytes;
	__u8 marks;
	__u8 zero[6];
};

#define MLX5_SOURCE_BYTES	sizeof(struct mlx5_source)

#define MLX5_HEAD_BYTES	sizeof(struct mlx5_record_head)

#define MLX5_MAX_RECORDS	64

/* Where the records of an image begin; offset[nr] is the end of the last. */
struct mlx5_records {
	unsigned int nr;
	size_t offset[MLX5_MAX_RECORDS + 1];
};

__u64 mlx5_record_size(const struct vfio_image *image, size_t offset);
__u32 mlx5_record_tag(const struct vfio_image *image, size_t offset);
__u32 mlx5_record_flags(const struct vfio_image *image, size_t offset);

/* False when @image is not records from its first byte to its last. */
bool mlx5_records_find(const struct vfio_image *image,
		       struct mlx5_records *records);

/* How many images there are in a stream, pieces of one counted each */
unsigned int mlx5_count_images(const struct vfio_image *image);

/*
 * Appends what a driver would have written that knows none of this driver's own records, as
 * upstream's. Returns where the last image ends.
 */
size_t mlx5_plain_append(struct vfio_image *plain, const struct vfio_image *image);

/* Appends a head, and @bytes of data (zeroes when @data is NULL). */
void mlx5_record_append(struct vfio_image *image, __u64 size, __u32 flags,
			__u32 tag, const void *data, size_t bytes);
/* Appends bytes as they are. */
void mlx5_stream_append(struct vfio_image *image, const void *data,
			size_t bytes);

#endif /* SELFTEST_MLX5_STREAM_H */
