// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reader and writer of migration streams.
 *
 * Only computes: no device, no locks, no memory of its own, so that it runs in
 * user space under sanitizers, too (tools/testing/unit). The reader never sees
 * the stream itself. It says what the next bytes are and how many, and is asked
 * again when they are there; where the user's writes were cut does not matter.
 * Each header is judged before anybody makes room for what it announces.
 */

#include <asm/byteorder.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "stream.h"

static_assert(sizeof(struct mlx5vf_stream_header) == 16);
static_assert(sizeof(struct mlx5vf_stream_source) == 24);
static_assert(sizeof(struct mlx5vf_stream_header) + sizeof(__le64) == MLX5VF_STREAM_END_BYTES);

/* Sources that copy while the VF runs ask for a tenth more than their first image */
#define STREAM_RESERVE_FACTOR	2

/**
 * mlx5vf_stream_start() - begin to read a new stream
 * @stream: the reader
 * @max_record_bytes: refuse records with more data than this
 * @device: what it is for; copied
 */
void mlx5vf_stream_start(struct mlx5vf_stream *stream, u64 max_record_bytes,
			 const struct mlx5vf_stream_device *device)
{
	memset(stream, 0, sizeof(*stream));
	stream->state = MLX5VF_STREAM_AT_START;
	stream->max_record_bytes = max_record_bytes;
	stream->device = *device;
}

static bool stream_many_images(const struct mlx5vf_stream *stream)
{
	return stream->device.needs & MLX5VF_STREAM_NEEDS_MANY_IMAGES;
}

static int stream_misfit(struct mlx5vf_stream *stream, enum mlx5vf_stream_misfit misfit)
{
	stream->misfit = misfit;
	return -EOPNOTSUPP;
}

static int stream_want_header(struct mlx5vf_stream *stream, enum mlx5vf_stream_piece *piece,
			      u64 *piece_bytes)
{
	stream->state = MLX5VF_STREAM_IN_HEADER;
	*piece = MLX5VF_STREAM_RECORD;
	*piece_bytes = sizeof(struct mlx5vf_stream_header);
	return 0;
}

static int stream_want_skip(struct mlx5vf_stream *stream, u64 bytes,
			    enum mlx5vf_stream_piece *piece, u64 *piece_bytes)
{
	stream->state = MLX5VF_STREAM_IN_SKIPPED;
	*piece = MLX5VF_STREAM_SKIP;
	*piece_bytes = bytes;
	return 0;
}

static int stream_want_image(struct mlx5vf_stream *stream, enum mlx5vf_stream_piece *piece,
			     u64 *piece_bytes)
{
	/* What a source writes when nothing has changed since the image before */
	if (!stream->record_bytes)
		return stream_want_skip(stream, 0, piece, piece_bytes);
	if (stream->ended)
		return -EINVAL;
	if (stream->have_image && !stream_many_images(stream))
		return stream_misfit(stream, MLX5VF_STREAM_MANY_IMAGES);

	stream->state = MLX5VF_STREAM_IN_IMAGE;
	*piece = MLX5VF_STREAM_IMAGE;
	*piece_bytes = stream->record_bytes;
	return 0;
}

/* A value for the reader. More than that is there for an extension: the rest is skipped. */
static int stream_want_value(struct mlx5vf_stream *stream, enum mlx5vf_stream_state state,
			     u64 value_bytes, enum mlx5vf_stream_piece *piece, u64 *piece_bytes)
{
	if (stream->record_bytes < value_bytes)
		return -EINVAL;

	stream->state = state;
	*piece = MLX5VF_STREAM_RECORD;
	*piece_bytes = value_bytes;
	return 0;
}

/* How much of a SOURCE is read: all that is known of it, or what the first of them had */
static u64 stream_source_bytes(const struct mlx5vf_stream *stream)
{
	return stream->record_bytes < sizeof(struct mlx5vf_stream_source) ?
	       MLX5VF_STREAM_SOURCE_MIN_BYTES : sizeof(struct mlx5vf_stream_source);
}

static int stream_read_stop_copy_size(struct mlx5vf_stream *stream, const u8 *record,
				      size_t record_bytes, enum mlx5vf_stream_piece *piece,
				      u64 *piece_bytes)
{
	__le64 value;

	if (!record || record_bytes != sizeof(value))
		return -EINVAL;

	memcpy(&value, record, sizeof(value));
	stream->stop_copy_bytes = le64_to_cpu(value);
	return stream_want_skip(stream, stream->record_bytes - sizeof(value), piece, piece_bytes);
}

/* What is missing, or there twice, would be a state that nobody has saved */
static int stream_read_end(struct mlx5vf_stream *stream, const u8 *record, size_t record_bytes,
			   enum mlx5vf_stream_piece *piece, u64 *piece_bytes)
{
	__le64 value;

	if (!record || record_bytes != sizeof(value))
		return -EINVAL;

	memcpy(&value, record, sizeof(value));
	if (le64_to_cpu(value) != stream->image_bytes)
		return -EINVAL;
	stream->ended = true;
	return stream_want_skip(stream, stream->record_bytes - sizeof(value), piece, piece_bytes);
}

static void stream_decode_source(struct mlx5vf_stream_device *out,
				 const struct mlx5vf_stream_source *source)
{
	unsigned int i;

	out->card = le32_to_cpu(source->card);
	out->needs = le32_to_cpu(source->needs);
	out->vectors = le16_to_cpu(source->vectors);
	for (i = 0; i < MLX5VF_STREAM_FIRMWARE_PARTS; i++)
		out->firmware[i] = le16_to_cpu(source->firmware[i]);
	out->bar_log_bytes = source->bar_log_bytes;
}

/* What either side does not know of itself, 0, is nothing against the stream */
static enum mlx5vf_stream_misfit stream_compare(const struct mlx5vf_stream_device *source,
						const struct mlx5vf_stream_device *device)
{
	u32 lacks = source->needs & ~device->needs;

	if (source->card != device->card)
		return MLX5VF_STREAM_OTHER_CARD;
	if (source->needs & ~MLX5VF_STREAM_KNOWN_NEEDS)
		return MLX5VF_STREAM_OTHER_NEEDS;
	if (lacks & MLX5VF_STREAM_NEEDS_MANY_IMAGES)
		return MLX5VF_STREAM_MANY_IMAGES;
	if (source->bar_log_bytes && device->bar_log_bytes &&
	    source->bar_log_bytes != device->bar_log_bytes)
		return MLX5VF_STREAM_OTHER_BAR;
	if (device->vectors && source->vectors > device->vectors)
		return MLX5VF_STREAM_FEW_VECTORS;
	return MLX5VF_STREAM_FITS;
}

/* Whether the images fit is the firmware's word. Where they cannot, it need not be asked. */
static int stream_read_source(struct mlx5vf_stream *stream, const u8 *record,
			      size_t record_bytes, enum mlx5vf_stream_piece *piece,
			      u64 *piece_bytes)
{
	struct mlx5vf_stream_source source = {};
	enum mlx5vf_stream_misfit misfit;

	if (!record || record_bytes != stream_source_bytes(stream))
		return -EINVAL;

	memcpy(&source, record, record_bytes);
	stream_decode_source(&stream->source, &source);
	misfit = stream_compare(&stream->source, &stream->device);
	if (misfit)
		return stream_misfit(stream, misfit);
	stream->has_end |= source.marks & MLX5VF_STREAM_HAS_END;
	return stream_want_skip(stream, stream->record_bytes - record_bytes, piece, piece_bytes);
}

static int stream_read_header(struct mlx5vf_stream *stream, const u8 *record,
			      size_t record_bytes, enum mlx5vf_stream_piece *piece,
			      u64 *piece_bytes)
{
	struct mlx5vf_stream_header header;
	u64 data_bytes;

	if (!record || record_bytes != sizeof(header))
		return -EINVAL;

	memcpy(&header, record, sizeof(header));
	data_bytes = le64_to_cpu(header.record_bytes);
	if (data_bytes > stream->max_record_bytes)
		return -E2BIG;
	stream->record_bytes = data_bytes;
	stream->flags = le32_to_cpu(header.flags);

	switch (le32_to_cpu(header.tag)) {
	case MLX5VF_STREAM_TAG_FW_DATA:
		return stream_want_image(stream, piece, piece_bytes);
	case MLX5VF_STREAM_TAG_STOP_COPY_SIZE:
		return stream_want_value(stream, MLX5VF_STREAM_IN_STOP_COPY_SIZE, sizeof(__le64),
					 piece, piece_bytes);
	case MLX5VF_STREAM_TAG_SOURCE:
		return stream_want_value(stream, MLX5VF_STREAM_IN_SOURCE,
					 stream_source_bytes(stream), piece, piece_bytes);
	case MLX5VF_STREAM_TAG_END:
		if (stream->ended)
			return -EINVAL;
		return stream_want_value(stream, MLX5VF_STREAM_IN_END, sizeof(__le64), piece,
					 piece_bytes);
	default:
		/* Other bits of flags have no meaning; upstream ignores all of them, too */
		if (!(stream->flags & MLX5VF_STREAM_FLAG_OPTIONAL))
			return stream_misfit(stream, MLX5VF_STREAM_OTHER_RECORD);
		return stream_want_skip(stream, data_bytes, piece, piece_bytes);
	}
}

static int stream_advance(struct mlx5vf_stream *stream, const u8 *record, size_t record_bytes,
			  enum mlx5vf_stream_piece *piece, u64 *piece_bytes)
{
	switch (stream->state) {
	case MLX5VF_STREAM_IN_HEADER:
		return stream_read_header(stream, record, record_bytes, piece, piece_bytes);
	case MLX5VF_STREAM_IN_STOP_COPY_SIZE:
		return stream_read_stop_copy_size(stream, record, record_bytes, piece,
						  piece_bytes);
	case MLX5VF_STREAM_IN_SOURCE:
		return stream_read_source(stream, record, record_bytes, piece, piece_bytes);
	case MLX5VF_STREAM_IN_END:
		return stream_read_end(stream, record, record_bytes, piece, piece_bytes);
	case MLX5VF_STREAM_IN_IMAGE:
		stream->have_image = true;
		stream->image_bytes += stream->record_bytes;
		return stream_want_header(stream, piece, piece_bytes);
	case MLX5VF_STREAM_AT_START:
	case MLX5VF_STREAM_IN_SKIPPED:
		return stream_want_header(stream, piece, piece_bytes);
	case MLX5VF_STREAM_REFUSED:
		break;
	}
	return -EINVAL;
}

/**
 * mlx5vf_stream_next() - what the next bytes of the stream are
 * @stream: the reader
 * @record: the bytes that were asked for as MLX5VF_STREAM_RECORD, else NULL
 * @record_bytes: how many these are, else 0
 * @piece: kind of the next bytes
 * @piece_bytes: how many they are; 0 only for MLX5VF_STREAM_SKIP
 *
 * To be called first of all, and then whenever all the bytes are there that the
 * call before asked for.
 *
 * Return: 0; -EINVAL for a malformed record; -E2BIG for a record above the limit;
 * -EOPNOTSUPP for a stream that is not for this device, see mlx5vf_stream.misfit.
 * After an error the stream stays refused.
 */
int mlx5vf_stream_next(struct mlx5vf_stream *stream, const u8 *record, size_t record_bytes,
		       enum mlx5vf_stream_piece *piece, u64 *piece_bytes)
{
	int ret;

	ret = stream_advance(stream, record, record_bytes, piece, piece_bytes);
	if (ret)
		stream->state = MLX5VF_STREAM_REFUSED;
	return ret;
}

/**
 * mlx5vf_stream_reserve_bytes() - room that a later image is likely to need
 * @stream: the reader
 *
 * What STOP_COPY_SIZE promises is believed up to a multiple of the image that is being
 * read, so that no header makes anybody take memory for which no data comes.
 *
 * Return: bytes for the buffer of the image that was asked for last, which may be less
 * than that has; 0 for none, and when it was no image.
 */
u64 mlx5vf_stream_reserve_bytes(const struct mlx5vf_stream *stream)
{
	if (stream->state != MLX5VF_STREAM_IN_IMAGE || !stream_many_images(stream))
		return 0;
	return min(stream->stop_copy_bytes, stream->record_bytes * STREAM_RESERVE_FACTOR);
}

/* May it end at the next border of two records? @have_image: there will have been one */
static bool stream_is_complete(const struct mlx5vf_stream *stream, bool have_image)
{
	return have_image && (stream->ended || !stream->has_end);
}

/**
 * mlx5vf_stream_waits() - is the device to be waited for behind the piece that was asked for last?
 * @stream: the reader
 *
 * Return: whether mlx5vf_stream_end() will be 0 behind the piece, or the source wants it so.
 */
bool mlx5vf_stream_waits(const struct mlx5vf_stream *stream)
{
	switch (stream->state) {
	case MLX5VF_STREAM_IN_IMAGE:
		return stream->flags & MLX5VF_STREAM_FLAG_WAIT || stream_is_complete(stream, true);
	case MLX5VF_STREAM_IN_SKIPPED:
		return stream_is_complete(stream, stream->have_image);
	default:
		return false;
	}
}

/**
 * mlx5vf_stream_end() - may the stream end here?
 * @stream: the reader
 * @rest_bytes: how many of the bytes asked for last are not there
 *
 * Changes nothing: more data may follow.
 *
 * Return: 0 at the border of two records, when there was an image, and the END that the stream
 * has said to have; else -EINVAL.
 */
int mlx5vf_stream_end(const struct mlx5vf_stream *stream, u64 rest_bytes)
{
	if (stream->state != MLX5VF_STREAM_IN_HEADER ||
	    rest_bytes != sizeof(struct mlx5vf_stream_header))
		return -EINVAL;
	return stream_is_complete(stream, stream->have_image) ? 0 : -EINVAL;
}

static size_t stream_write_header(u8 *out, u64 record_bytes, u32 flags, u32 tag)
{
	struct mlx5vf_stream_header header = {
		.record_bytes = cpu_to_le64(record_bytes),
		.flags = cpu_to_le32(flags),
		.tag = cpu_to_le32(tag),
	};

	memcpy(out, &header, sizeof(header));
	return sizeof(header);
}

static size_t stream_write_record(u8 *out, u32 tag, const void *data, size_t bytes)
{
	size_t done = stream_write_header(out, bytes, MLX5VF_STREAM_FLAG_OPTIONAL, tag);

	memcpy(out + done, data, bytes);
	return done + bytes;
}

/**
 * mlx5vf_stream_write_prologue() - write the records that begin a stream
 * @out: MLX5VF_STREAM_RECORD_MAX_BYTES of room
 * @source: what the images are of, and need
 * @stop_copy_bytes: size of the buffer that the last image will be saved to
 *
 * Return: length of the records.
 */
size_t mlx5vf_stream_write_prologue(u8 *out, const struct mlx5vf_stream_device *source,
				    u64 stop_copy_bytes)
{
	struct mlx5vf_stream_source data = {
		.card = cpu_to_le32(source->card),
		.needs = cpu_to_le32(source->needs),
		.vectors = cpu_to_le16(source->vectors),
		.bar_log_bytes = source->bar_log_bytes,
		.marks = MLX5VF_STREAM_HAS_END,
	};
	__le64 stop_copy_size = cpu_to_le64(stop_copy_bytes);
	unsigned int i;
	size_t done;

	for (i = 0; i < MLX5VF_STREAM_FIRMWARE_PARTS; i++)
		data.firmware[i] = cpu_to_le16(source->firmware[i]);
	done = stream_write_record(out, MLX5VF_STREAM_TAG_STOP_COPY_SIZE, &stop_copy_size,
				   sizeof(stop_copy_size));
	return done + stream_write_record(out + done, MLX5VF_STREAM_TAG_SOURCE, &data,
					  sizeof(data));
}

/**
 * mlx5vf_stream_write_image_header() - write what precedes an image
 * @out: MLX5VF_STREAM_RECORD_MAX_BYTES of room
 * @image_bytes: length of the image
 * @wait: the reader is to wait until the device has it
 *
 * Return: length of the header.
 */
size_t mlx5vf_stream_write_image_header(u8 *out, u64 image_bytes, bool wait)
{
	return stream_write_header(out, image_bytes, wait ? MLX5VF_STREAM_FLAG_WAIT : 0,
				   MLX5VF_STREAM_TAG_FW_DATA);
}

/**
 * mlx5vf_stream_write_end() - write what follows the last image
 * @out: MLX5VF_STREAM_RECORD_MAX_BYTES of room
 * @image_bytes: of all images of the stream
 *
 * Return: length of the record, MLX5VF_STREAM_END_BYTES.
 */
size_t mlx5vf_stream_write_end(u8 *out, u64 image_bytes)
{
	__le64 value = cpu_to_le64(image_bytes);

	return stream_write_record(out, MLX5VF_STREAM_TAG_END, &value, sizeof(value));
}
