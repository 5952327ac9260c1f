/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Streams for tests of drivers/vfio/pci/mlx5/stream.c
 *
 * A feeder plays the library: it collects what the reader asks for, whatever the
 * sizes of the writes, and notes where images lie. An oracle that shares no code
 * with the reader walks over the same bytes at once and says what must come out.
 */
#ifndef MLX5_STREAM_FEEDER_H
#define MLX5_STREAM_FEEDER_H

#include "stream.h"

/* As the driver has it: 32 bits of size, whole pages */
#define LIMIT_BYTES	(0x100000000ULL - 4096)
#define MAX_IMAGES	16
#define OPTIONAL	1
#define WAIT		0x80000000
#define TAG_SOURCE	0x73726301
#define TAG_END		0x656e6401
/* A ConnectX-6 Dx */
#define CARD		0x15b3101d

/* Its VF's: a BAR of 1 MiB */
#define VECTORS		12
#define BAR_LOG_BYTES	20

#define SOURCE_BYTES	24
#define SOURCE_HAS_END	1

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

struct image {
	u64 start;
	u64 bytes;
};

/* What is known of a stream after its bytes went in */
struct outcome {
	int error;
	u64 error_at;		/* bytes that had gone in when it was refused */
	unsigned int nr_images;
	struct image images[MAX_IMAGES];
	bool may_end;
};

struct feeder {
	struct mlx5vf_stream stream;
	enum mlx5vf_stream_piece piece;
	u64 want_bytes;
	u64 rest_bytes;
	bool waits;		/* Behind the piece, as the reader says */
	u8 record[64];
	u64 position;
	struct outcome out;
};

/* The VF that streams are for, and of */
struct mlx5vf_stream_device device_of(bool many_images);

void feeder_start(struct feeder *f, bool many_images);
void feeder_start_for(struct feeder *f, const struct mlx5vf_stream_device *device);
/* One write() of the user */
void feeder_write(struct feeder *f, const u8 *data, size_t bytes);
void feeder_end(struct feeder *f);

/* All of a stream, in writes of @step bytes */
void feed(struct feeder *f, const u8 *data, size_t bytes, size_t step, bool many_images);

void oracle(const u8 *data, size_t bytes, bool many_images, struct outcome *out);
void assert_outcome(const struct outcome *got, const struct outcome *want);

/* Each of these returns how long it is */
size_t put_le(u8 *out, u64 value, int n);
size_t put_header(u8 *out, u64 size, u32 flags, u32 tag);
size_t put_record(u8 *out, u64 size, u32 flags, u32 tag);
size_t put_source(u8 *out, u32 card, u32 needs, size_t bytes);
/* With all that is known of it, and @bytes beyond */
size_t put_whole_source(u8 *out, const struct mlx5vf_stream_device *source, size_t bytes);
size_t put_end(u8 *out, u64 image_bytes, size_t bytes);
/* Every kind of record that is legal: size hint, images, unknown ones to skip, the end */
size_t put_all_kinds(u8 *out);

/* A record that is refused by its header, behind an image */
void refused(u64 size, u32 flags, u32 tag, bool many_images, int error);

#endif /* MLX5_STREAM_FEEDER_H */
