// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking mlx5 migration streams apart and putting (wrong) ones together.
 */
#include <endian.h>

#include "mlx5_stream.h"

static struct mlx5_record_head head_at(const struct vfio_image *image,
				       size_t offset)
{
	struct mlx5_record_head head;

	VFIO_ASSERT(offset + sizeof(head) <= image->size,
		    "no record head at %zu of %zu", offset, image->size);
	memcpy(&head, image->data + offset, sizeof(head));
	return head;
}

__u64 mlx5_record_size(const struct vfio_image *image, size_t offset)
{
	return le64toh(head_at(image, offset).size);
}

__u32 mlx5_record_tag(const struct vfio_image *image, size_t offset)
{
	return le32toh(head_at(image, offset).tag);
}

__u32 mlx5_record_flags(const struct vfio_image *image, size_t offset)
{
	return le32toh(head_at(image, offset).flags);
}

bool mlx5_records_find(const struct vfio_image *image,
		       struct mlx5_records *records)
{
	size_t offset = 0, left;
	__u64 size;

	records->nr = 0;
	records->offset[0] = 0;
	while (offset < image->size) {
		left = image->size - offset;
		if (left < MLX5_HEAD_BYTES || records->nr == MLX5_MAX_RECORDS)
			return false;
		size = mlx5_record_size(image, offset);
		if (size > left - MLX5_HEAD_BYTES)
			return false;
		offset += MLX5_HEAD_BYTES + size;
		records->offset[++records->nr] = offset;
	}
	return true;
}

unsigned int mlx5_count_images(const struct vfio_image *image)
{
	struct mlx5_records records;
	unsigned int i, images = 0;

	VFIO_ASSERT(mlx5_records_find(image, &records), "%zu bytes are no records",
		    image->size);
	for (i = 0; i < records.nr; i++)
		if (mlx5_record_tag(image, records.offset[i]) == MLX5_TAG_FW_DATA)
			images++;
	return images;
}

void mlx5_stream_append(struct vfio_image *image, const void *data,
			size_t bytes)
{
	vfio_image_append(image, data, bytes);
}

void mlx5_record_append(struct vfio_image *image, __u64 size, __u32 flags,
			__u32 tag, const void *data, size_t bytes)
{
	struct mlx5_record_head head = {
		.size = htole64(size),
		.flags = htole32(flags),
		.tag = htole32(tag),
	};

	mlx5_stream_append(image, &head, sizeof(head));
	mlx5_stream_append(image, data, bytes);
}

size_t mlx5_plain_append(struct vfio_image *plain, const struct vfio_image *image)
{
	struct mlx5_records records;
	size_t images_end = 0;
	unsigned int i;

	VFIO_ASSERT(mlx5_records_find(image, &records), "%zu bytes are no records", image->size);
	for (i = 0; i < records.nr; i++) {
		size_t at = records.offset[i];
		__u32 tag = mlx5_record_tag(image, at);

		if (tag == MLX5_TAG_SOURCE || tag == MLX5_TAG_END)
			continue;
		mlx5_record_append(plain, mlx5_record_size(image, at),
				   mlx5_record_flags(image, at) & MLX5_RECORD_OPTIONAL, tag,
				   image->data + at + MLX5_HEAD_BYTES,
				   mlx5_record_size(image, at));
		if (tag == MLX5_TAG_FW_DATA)
			images_end = plain->size;
	}
	return images_end;
}
