// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams for tests of drivers/vfio/pci/mlx5/stream.c: records, a feeder that plays the
 * library, and an oracle.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "mlx5_stream_feeder.h"

/*
 * Asks what comes next. A writer is told beforehand that it waits behind a piece: where the
 * stream may end, as it is told then, and where the source wants it.
 */
static void feeder_ask(struct feeder *f, const u8 *record, size_t record_bytes)
{
	bool waits, wanted;
	int ret;

	do {
		waits = f->waits;
		wanted = f->stream.state == MLX5VF_STREAM_IN_IMAGE && f->stream.flags & WAIT;
		f->want_bytes = ~0ULL;
		ret = mlx5vf_stream_next(&f->stream, record, record_bytes, &f->piece,
					 &f->want_bytes);
		if (ret) {
			f->out.error = ret;
			f->out.error_at = f->position;
			return;
		}
		f->waits = mlx5vf_stream_waits(&f->stream);
		record = NULL;
		record_bytes = 0;
		assert_true(f->want_bytes <= LIMIT_BYTES);
		if (f->piece == MLX5VF_STREAM_RECORD)
			assert_in_range(f->want_bytes, 1, sizeof(f->record));
		else if (f->piece == MLX5VF_STREAM_IMAGE)
			assert_true(f->want_bytes > 0);
		else
			assert_int_equal(f->piece, MLX5VF_STREAM_SKIP);
	} while (!f->want_bytes);
	f->rest_bytes = f->want_bytes;
	if (f->piece == MLX5VF_STREAM_RECORD)
		assert_false(f->waits);
	assert_int_equal(waits, wanted || !mlx5vf_stream_end(&f->stream, f->rest_bytes));
}

struct mlx5vf_stream_device device_of(bool many_images)
{
	return (struct mlx5vf_stream_device) {
		.card = CARD,
		.needs = many_images ? MLX5VF_STREAM_NEEDS_MANY_IMAGES : 0,
		.vectors = VECTORS,
		.firmware = { 22, 43, 1014 },
		.bar_log_bytes = BAR_LOG_BYTES,
	};
}

void feeder_start_for(struct feeder *f, const struct mlx5vf_stream_device *device)
{
	memset(f, 0, sizeof(*f));
	mlx5vf_stream_start(&f->stream, LIMIT_BYTES, device);
	feeder_ask(f, NULL, 0);
}

void feeder_start(struct feeder *f, bool many_images)
{
	struct mlx5vf_stream_device device = device_of(many_images);

	feeder_start_for(f, &device);
}

void feeder_write(struct feeder *f, const u8 *data, size_t bytes)
{
	while (bytes && !f->out.error) {
		size_t n = bytes < f->rest_bytes ? bytes : f->rest_bytes;

		if (f->piece == MLX5VF_STREAM_RECORD)
			memcpy(f->record + f->want_bytes - f->rest_bytes, data, n);
		data += n;
		bytes -= n;
		f->position += n;
		f->rest_bytes -= n;
		if (f->rest_bytes)
			continue;

		if (f->piece == MLX5VF_STREAM_IMAGE && f->out.nr_images < MAX_IMAGES) {
			f->out.images[f->out.nr_images].start = f->position - f->want_bytes;
			f->out.images[f->out.nr_images++].bytes = f->want_bytes;
		}
		if (f->piece == MLX5VF_STREAM_RECORD)
			feeder_ask(f, f->record, f->want_bytes);
		else
			feeder_ask(f, NULL, 0);
	}
}

void feeder_end(struct feeder *f)
{
	int ret = mlx5vf_stream_end(&f->stream, f->rest_bytes);

	assert_true(ret == 0 || ret == -EINVAL);
	f->out.may_end = !ret;
	/* Asking does not change the answer */
	assert_int_equal(mlx5vf_stream_end(&f->stream, f->rest_bytes), ret);
}

void feed(struct feeder *f, const u8 *data, size_t bytes, size_t step, bool many_images)
{
	size_t done, n;

	feeder_start(f, many_images);
	for (done = 0; done < bytes; done += n) {
		n = bytes - done < step ? bytes - done : step;
		feeder_write(f, data + done, n);
	}
	feeder_end(f);
}

static u64 oracle_le(const u8 *p, int n)
{
	u64 value = 0;

	while (n--)
		value = value << 8 | p[n];
	return value;
}

/* How much of a record's data is looked at */
static size_t oracle_read_bytes(u32 tag, u64 size)
{
	return tag == TAG_SOURCE && size >= SOURCE_BYTES ? SOURCE_BYTES : 8;
}

/* The error of a SOURCE, and whether the stream is to have an END */
static int oracle_source(const u8 *source, u64 size, bool many_images, bool *has_end)
{
	u32 needs = oracle_le(source + 4, 4);

	if (oracle_le(source, 4) != CARD || needs > 1 || (needs & 1 && !many_images))
		return -EOPNOTSUPP;
	if (size < SOURCE_BYTES)
		return 0;
	if (oracle_le(source + 8, 2) > VECTORS || (source[16] && source[16] != BAR_LOG_BYTES))
		return -EOPNOTSUPP;
	*has_end |= source[17] & 1;
	return 0;
}

/* The error of a record by its header alone */
static int oracle_header(u64 size, u32 flags, u32 tag, bool again, bool ended)
{
	if (size > LIMIT_BYTES)
		return -E2BIG;
	switch (tag) {
	case 0:
		if (!size)
			return 0;
		return ended ? -EINVAL : again ? -EOPNOTSUPP : 0;
	case TAG_END:
		return ended || size < 8 ? -EINVAL : 0;
	case 1:
	case TAG_SOURCE:
		return size < 8 ? -EINVAL : 0;
	default:
		return flags & OPTIONAL ? 0 : -EOPNOTSUPP;
	}
}

void oracle(const u8 *data, size_t bytes, bool many_images, struct outcome *out)
{
	bool has_end = false, ended = false;
	u64 image_bytes = 0;
	size_t at = 0;

	memset(out, 0, sizeof(*out));
	while (bytes - at >= 16) {
		u64 size = oracle_le(data + at, 8);
		u32 flags = oracle_le(data + at + 8, 4);
		u32 tag = oracle_le(data + at + 12, 4);

		at += 16;
		out->error_at = at;
		out->error = oracle_header(size, flags, tag, out->nr_images && !many_images,
					   ended);
		if (out->error)
			return;
		if ((tag == TAG_SOURCE || tag == TAG_END) &&
		    bytes - at >= oracle_read_bytes(tag, size)) {
			out->error_at = at + oracle_read_bytes(tag, size);
			if (tag == TAG_SOURCE)
				out->error = oracle_source(data + at, size, many_images, &has_end);
			else if (oracle_le(data + at, 8) != image_bytes)
				out->error = -EINVAL;
			ended |= tag == TAG_END;
			if (out->error)
				return;
		}
		out->error_at = 0;
		if (size > bytes - at)
			return;
		if (tag == 0 && size && out->nr_images < MAX_IMAGES) {
			out->images[out->nr_images].start = at;
			out->images[out->nr_images++].bytes = size;
			image_bytes += size;
		}
		at += size;
	}
	out->error_at = 0;
	out->may_end = at == bytes && out->nr_images && (ended || !has_end);
}

void assert_outcome(const struct outcome *got, const struct outcome *want)
{
	unsigned int i;

	assert_int_equal(got->error, want->error);
	assert_int_equal(got->error_at, want->error_at);
	assert_int_equal(got->nr_images, want->nr_images);
	for (i = 0; i < want->nr_images; i++) {
		assert_int_equal(got->images[i].start, want->images[i].start);
		assert_int_equal(got->images[i].bytes, want->images[i].bytes);
	}
	assert_int_equal(got->may_end, want->may_end);
}

size_t put_le(u8 *out, u64 value, int n)
{
	int i;

	for (i = 0; i < n; i++)
		out[i] = value >> (8 * i);
	return n;
}

size_t put_header(u8 *out, u64 size, u32 flags, u32 tag)
{
	put_le(out, size, 8);
	put_le(out + 8, flags, 4);
	put_le(out + 12, tag, 4);
	return 16;
}

size_t put_record(u8 *out, u64 size, u32 flags, u32 tag)
{
	put_header(out, size, flags, tag);
	memset(out + 16, 0xa5, size);
	return 16 + size;
}

size_t put_source(u8 *out, u32 card, u32 needs, size_t bytes)
{
	size_t n = put_record(out, bytes, OPTIONAL, TAG_SOURCE);

	put_le(out + 16, card, 4);
	put_le(out + 20, needs, 4);
	return n;
}

size_t put_whole_source(u8 *out, const struct mlx5vf_stream_device *source, size_t bytes)
{
	size_t n = put_source(out, source->card, source->needs, SOURCE_BYTES + bytes);
	int i;

	put_le(out + 24, source->vectors, 2);
	for (i = 0; i < 3; i++)
		put_le(out + 26 + 2 * i, source->firmware[i], 2);
	out[32] = source->bar_log_bytes;
	out[33] = SOURCE_HAS_END;
	return n;
}

size_t put_end(u8 *out, u64 image_bytes, size_t bytes)
{
	size_t n = put_record(out, 8 + bytes, OPTIONAL, TAG_END);

	put_le(out + 16, image_bytes, 8);
	return n;
}

size_t put_all_kinds(u8 *out)
{
	struct mlx5vf_stream_device source = device_of(true);
	size_t n = 0;

	n += put_record(out + n, 8, OPTIONAL, 1);
	n += put_record(out + n, 37, 0, 0);
	n += put_record(out + n, 0, OPTIONAL, 77);
	n += put_record(out + n, 21, OPTIONAL | 0x80, 0xffffffff);
	n += put_record(out + n, 1, OPTIONAL, 0);
	n += put_record(out + n, 12, 0, 1);
	n += put_source(out + n, CARD, 1, 11);
	n += put_whole_source(out + n, &source, 3);
	n += put_record(out + n, 70, 0x80000000, 0);
	n += put_end(out + n, 37 + 1 + 70, 2);
	n += put_record(out + n, 5, OPTIONAL, 78);
	return n;
}

void refused(u64 size, u32 flags, u32 tag, bool many_images, int error)
{
	u8 data[64];
	struct feeder f;
	size_t n;

	n = put_record(data, 5, 0, 0);
	n += put_header(data + n, size, flags, tag);
	feed(&f, data, n, 1, many_images);
	assert_int_equal(f.out.error, error);
	/* By the header alone, before room is made for anything */
	assert_int_equal(f.out.error_at, n);
	assert_int_equal(f.out.nr_images, 1);
	assert_false(f.out.may_end);

	/* And for good */
	assert_int_equal(mlx5vf_stream_next(&f.stream, NULL, 0, &f.piece, &f.want_bytes), -EINVAL);
	assert_int_equal(mlx5vf_stream_end(&f.stream, 16), -EINVAL);
}
