// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of drivers/vfio/pci/mlx5/stream.c in user space.
 *
 * A feeder plays the library: it collects what the reader asks for, whatever the
 * sizes of the writes, and notes where images lie. An oracle that shares no code
 * with the reader walks over the same bytes at once and says what must come out.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stream.h"

/* As the driver has it: 32 bits of size, whole pages */
#define LIMIT_BYTES	(0x100000000ULL - 4096)
#define MAX_IMAGES	16
#define OPTIONAL	1
#define TAG_SOURCE	0x73726301
/* A ConnectX-6 Dx */
#define CARD		0x15b3101d

/* Its VF's: a BAR of 1 MiB */
#define VECTORS		12
#define BAR_LOG_BYTES	20

#define SOURCE_BYTES	24

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
	u8 record[64];
	u64 position;
	struct outcome out;
};

static void feeder_ask(struct feeder *f, const u8 *record, size_t record_bytes)
{
	int ret;

	do {
		f->want_bytes = ~0ULL;
		ret = mlx5vf_stream_next(&f->stream, record, record_bytes, &f->piece,
					 &f->want_bytes);
		if (ret) {
			f->out.error = ret;
			f->out.error_at = f->position;
			return;
		}
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
}

static struct mlx5vf_stream_device device_of(bool many_images)
{
	return (struct mlx5vf_stream_device) {
		.card = CARD,
		.needs = many_images ? MLX5VF_STREAM_NEEDS_MANY_IMAGES : 0,
		.vectors = VECTORS,
		.firmware = { 22, 43, 1014 },
		.bar_log_bytes = BAR_LOG_BYTES,
	};
}

static void feeder_start_for(struct feeder *f, const struct mlx5vf_stream_device *device)
{
	memset(f, 0, sizeof(*f));
	mlx5vf_stream_start(&f->stream, LIMIT_BYTES, device);
	feeder_ask(f, NULL, 0);
}

static void feeder_start(struct feeder *f, bool many_images)
{
	struct mlx5vf_stream_device device = device_of(many_images);

	feeder_start_for(f, &device);
}

/* One write() of the user */
static void feeder_write(struct feeder *f, const u8 *data, size_t bytes)
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

static void feeder_end(struct feeder *f)
{
	int ret = mlx5vf_stream_end(&f->stream, f->rest_bytes);

	assert_true(ret == 0 || ret == -EINVAL);
	f->out.may_end = !ret;
	/* Asking does not change the answer */
	assert_int_equal(mlx5vf_stream_end(&f->stream, f->rest_bytes), ret);
}

static void feed(struct feeder *f, const u8 *data, size_t bytes, size_t step, bool many_images)
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

/* How much of a SOURCE is looked at */
static size_t oracle_source_bytes(u64 size)
{
	return size < SOURCE_BYTES ? 8 : SOURCE_BYTES;
}

/* Is it one that must be refused? */
static bool oracle_source(const u8 *source, u64 size, bool many_images)
{
	u32 needs = oracle_le(source + 4, 4);

	if (oracle_le(source, 4) != CARD || needs > 1 || (needs & 1 && !many_images))
		return true;
	if (size < SOURCE_BYTES)
		return false;
	return oracle_le(source + 8, 2) > VECTORS ||
	       (source[16] && source[16] != BAR_LOG_BYTES);
}

static void oracle(const u8 *data, size_t bytes, bool many_images, struct outcome *out)
{
	size_t at = 0;

	memset(out, 0, sizeof(*out));
	while (bytes - at >= 16) {
		u64 size = oracle_le(data + at, 8);
		u32 flags = oracle_le(data + at + 8, 4);
		u32 tag = oracle_le(data + at + 12, 4);

		at += 16;
		out->error_at = at;
		if (size > LIMIT_BYTES)
			out->error = -E2BIG;
		else if (tag == 0 && size && out->nr_images && !many_images)
			out->error = -EOPNOTSUPP;
		else if ((tag == 1 || tag == TAG_SOURCE) && size < 8)
			out->error = -EINVAL;
		else if (tag > 1 && tag != TAG_SOURCE && !(flags & OPTIONAL))
			out->error = -EOPNOTSUPP;
		if (out->error)
			return;
		if (size > bytes - at) {
			out->error_at = 0;
			/* The part that is read of it may be there */
			if (tag != TAG_SOURCE || bytes - at < oracle_source_bytes(size) ||
			    !oracle_source(data + at, size, many_images))
				return;
		}
		if (tag == TAG_SOURCE && oracle_source(data + at, size, many_images)) {
			out->error = -EOPNOTSUPP;
			out->error_at = at + oracle_source_bytes(size);
			return;
		}
		if (tag == 0 && size && out->nr_images < MAX_IMAGES) {
			out->images[out->nr_images].start = at;
			out->images[out->nr_images++].bytes = size;
		}
		at += size;
	}
	out->error_at = 0;
	out->may_end = at == bytes && out->nr_images;
}

static void assert_outcome(const struct outcome *got, const struct outcome *want)
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

static size_t put_le(u8 *out, u64 value, int n)
{
	int i;

	for (i = 0; i < n; i++)
		out[i] = value >> (8 * i);
	return n;
}

static size_t put_header(u8 *out, u64 size, u32 flags, u32 tag)
{
	put_le(out, size, 8);
	put_le(out + 8, flags, 4);
	put_le(out + 12, tag, 4);
	return 16;
}

static size_t put_record(u8 *out, u64 size, u32 flags, u32 tag)
{
	put_header(out, size, flags, tag);
	memset(out + 16, 0xa5, size);
	return 16 + size;
}

static size_t put_source(u8 *out, u32 card, u32 needs, size_t bytes)
{
	size_t n = put_record(out, bytes, OPTIONAL, TAG_SOURCE);

	put_le(out + 16, card, 4);
	put_le(out + 20, needs, 4);
	return n;
}

/* With all that is known of it, and @bytes beyond */
static size_t put_whole_source(u8 *out, const struct mlx5vf_stream_device *source, size_t bytes)
{
	size_t n = put_source(out, source->card, source->needs, SOURCE_BYTES + bytes);
	int i;

	put_le(out + 24, source->vectors, 2);
	for (i = 0; i < 3; i++)
		put_le(out + 26 + 2 * i, source->firmware[i], 2);
	out[32] = source->bar_log_bytes;
	return n;
}

/* Every kind of record that is legal: size hint, images, unknown ones to skip */
static size_t put_all_kinds(u8 *out)
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
	return n;
}

static void refused(u64 size, u32 flags, u32 tag, bool many_images, int error)
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

static void whole_stream_yields_its_images(void **state)
{
	struct outcome want;
	u8 data[512];
	struct feeder f;
	size_t n;

	n = put_all_kinds(data);
	oracle(data, n, true, &want);
	assert_int_equal(want.nr_images, 3);
	assert_true(want.may_end);
	feed(&f, data, n, n, true);
	assert_outcome(&f.out, &want);
}

static void write_sizes_do_not_matter(void **state)
{
	struct outcome want;
	size_t n, step;
	u8 data[512];
	struct feeder f;

	n = put_all_kinds(data);
	oracle(data, n, true, &want);
	for (step = 1; step < n; step++) {
		feed(&f, data, n, step, true);
		assert_outcome(&f.out, &want);
	}
}

static void a_cut_between_two_writes_does_not_matter(void **state)
{
	struct outcome want;
	size_t n, cut;
	u8 data[512];
	struct feeder f;

	n = put_all_kinds(data);
	oracle(data, n, true, &want);
	for (cut = 0; cut <= n; cut++) {
		feeder_start(&f, true);
		feeder_write(&f, data, cut);
		feeder_write(&f, data + cut, n - cut);
		feeder_end(&f);
		assert_outcome(&f.out, &want);
	}
}

static void truncated_stream_ends_at_record_borders_only(void **state)
{
	unsigned int nr_ends = 0;
	struct outcome want;
	size_t n, end;
	u8 data[512];
	struct feeder f;

	n = put_all_kinds(data);
	for (end = 0; end <= n; end++) {
		oracle(data, end, true, &want);
		feed(&f, data, end, 3, true);
		assert_outcome(&f.out, &want);
		nr_ends += f.out.may_end;
	}
	/* After each of the nine records but the first, which is no image */
	assert_int_equal(nr_ends, 8);
}

static void stream_without_image_may_not_end(void **state)
{
	u8 data[64];
	struct feeder f;

	feed(&f, data, put_record(data, 8, OPTIONAL, 1), 64, true);
	assert_int_equal(f.out.error, 0);
	assert_false(f.out.may_end);
}

/* What a source writes for a pass in which nothing changed: no image, and no second one */
static void empty_image_is_skipped(void **state)
{
	u8 data[128];
	struct feeder f;
	size_t n;

	n = put_record(data, 0, 0, 0);
	feed(&f, data, n, 7, true);
	assert_int_equal(f.out.error, 0);
	assert_false(f.out.may_end);

	n += put_record(data + n, 5, 0, 0);
	n += put_record(data + n, 0, OPTIONAL, 0);
	feed(&f, data, n, 7, false);
	assert_int_equal(f.out.error, 0);
	assert_int_equal(f.out.nr_images, 1);
	assert_true(f.out.may_end);
}

static void oversized_record_is_refused_by_its_header(void **state)
{
	static const u64 sizes[] = {
		LIMIT_BYTES + 1, 1ULL << 32, 1ULL << 63, ~0ULL, ~0ULL - 15,
		0x7fffffffffffffffULL,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		refused(sizes[i], 0, 0, true, -E2BIG);
		refused(sizes[i], OPTIONAL, 1, true, -E2BIG);
		refused(sizes[i], OPTIONAL, 2, true, -E2BIG);
		refused(sizes[i], 0, 2, true, -E2BIG);
	}
}

static void largest_record_is_taken(void **state)
{
	u8 data[16];
	struct feeder f;

	feed(&f, data, put_header(data, LIMIT_BYTES, 0, 0), 16, false);
	assert_int_equal(f.out.error, 0);
	assert_int_equal(f.piece, MLX5VF_STREAM_IMAGE);
	assert_true(f.want_bytes == LIMIT_BYTES);
}

static void unknown_mandatory_record_is_refused(void **state)
{
	refused(8, 0, 2, true, -EOPNOTSUPP);
	refused(0, 0, 2, true, -EOPNOTSUPP);
	refused(8, ~OPTIONAL, 0x80000000, true, -EOPNOTSUPP);
}

static void short_stop_copy_size_is_refused(void **state)
{
	u64 size;

	for (size = 0; size < 8; size++)
		refused(size, OPTIONAL, 1, true, -EINVAL);
}

static void second_image_needs_a_device_that_takes_it(void **state)
{
	refused(8, 0, 0, false, -EOPNOTSUPP);
}

static void optional_record_is_skipped_not_kept(void **state)
{
	u8 data[16];
	struct feeder f;

	feed(&f, data, put_header(data, LIMIT_BYTES, OPTIONAL, 9), 16, false);
	assert_int_equal(f.out.error, 0);
	assert_int_equal(f.piece, MLX5VF_STREAM_SKIP);
	assert_true(f.want_bytes == LIMIT_BYTES);
}

static void wrong_amount_of_record_bytes_is_refused(void **state)
{
	struct mlx5vf_stream_device device = device_of(true);
	enum mlx5vf_stream_piece piece;
	struct mlx5vf_stream stream;
	u8 data[32];
	u64 bytes;

	put_record(data, 8, 0, 0);
	mlx5vf_stream_start(&stream, LIMIT_BYTES, &device);
	assert_int_equal(mlx5vf_stream_next(&stream, NULL, 0, &piece, &bytes), 0);
	assert_int_equal(mlx5vf_stream_next(&stream, data, 15, &piece, &bytes), -EINVAL);

	mlx5vf_stream_start(&stream, LIMIT_BYTES, &device);
	assert_int_equal(mlx5vf_stream_next(&stream, NULL, 0, &piece, &bytes), 0);
	assert_int_equal(mlx5vf_stream_next(&stream, NULL, 16, &piece, &bytes), -EINVAL);
}

/*
 * Bytes as upstream writes them, for an image of 0x1234 bytes in a buffer of 0x2000, with a
 * record in between that it skips
 */
static void writers_make_upstreams_bytes(void **state)
{
	static const u8 expected[] = {
		8, 0, 0, 0, 0, 0, 0, 0,		1, 0, 0, 0,	1, 0, 0, 0,
		0, 0x20, 0, 0, 0, 0, 0, 0,
		24, 0, 0, 0, 0, 0, 0, 0,	1, 0, 0, 0,	0x01, 0x63, 0x72, 0x73,
		0x1d, 0x10, 0xb3, 0x15,		1, 0, 0, 0,
		12, 0,	22, 0, 43, 0, 0xf6, 3,	20, 0, 0, 0, 0, 0, 0, 0,
		0x34, 0x12, 0, 0, 0, 0, 0, 0,	0, 0, 0, 0,	0, 0, 0, 0,
	};
	struct mlx5vf_stream_device source = device_of(true);
	u8 out[2 * MLX5VF_STREAM_RECORD_MAX_BYTES];
	size_t n;

	n = mlx5vf_stream_write_prologue(out, &source, 0x2000);
	assert_int_equal(n, MLX5VF_STREAM_RECORD_MAX_BYTES);
	n += mlx5vf_stream_write_image_header(out + n, 0x1234);
	assert_int_equal(n, sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));
}

static void what_is_written_can_be_read(void **state)
{
	struct mlx5vf_stream_device source = device_of(false);
	u8 data[512];
	struct feeder f;
	size_t n;

	n = mlx5vf_stream_write_prologue(data, &source, ~0ULL);
	n += mlx5vf_stream_write_image_header(data + n, 300);
	memset(data + n, 0, 300);
	feed(&f, data, n + 300, 7, false);
	assert_int_equal(f.out.error, 0);
	assert_int_equal(f.out.nr_images, 1);
	assert_int_equal(f.out.images[0].start, n);
	assert_int_equal(f.out.images[0].bytes, 300);
	assert_true(f.out.may_end);
}

/* What is to be kept ready for a later image while the first one, of 100 bytes, is read */
static u64 reserve_of(u64 hint_bytes, bool many_images)
{
	struct mlx5vf_stream_device source = device_of(false);
	u8 data[128];
	struct feeder f;
	size_t n;

	n = mlx5vf_stream_write_prologue(data, &source, hint_bytes);
	n += mlx5vf_stream_write_image_header(data + n, 100);
	feed(&f, data, n, 5, many_images);
	assert_int_equal(f.out.error, 0);
	assert_int_equal(f.piece, MLX5VF_STREAM_IMAGE);
	return mlx5vf_stream_reserve_bytes(&f.stream);
}

static void stop_copy_size_is_room_for_a_later_image(void **state)
{
	assert_int_equal(reserve_of(110, true), 110);
	assert_int_equal(reserve_of(10, true), 10);
	assert_int_equal(reserve_of(0, true), 0);
	/* The only image needs none beside its own */
	assert_int_equal(reserve_of(110, false), 0);
}

/* A promise takes no more memory than a known multiple of what is really sent */
static void stop_copy_size_is_believed_within_limits(void **state)
{
	assert_int_equal(reserve_of(200, true), 200);
	assert_int_equal(reserve_of(201, true), 200);
	assert_int_equal(reserve_of(1ULL << 40, true), 200);
	assert_int_equal(reserve_of(~0ULL, true), 200);
}

static void room_is_reserved_for_images_alone(void **state)
{
	struct mlx5vf_stream_device source = device_of(false);
	u8 data[512];
	struct feeder f;
	size_t n;

	n = mlx5vf_stream_write_prologue(data, &source, 110);
	feed(&f, data, n, n, true);
	assert_int_equal(mlx5vf_stream_reserve_bytes(&f.stream), 0);
	n += put_header(data + n, 300, OPTIONAL, 9);
	feed(&f, data, n, n, true);
	assert_int_equal(f.piece, MLX5VF_STREAM_SKIP);
	assert_int_equal(mlx5vf_stream_reserve_bytes(&f.stream), 0);
}

static void refused_source(u32 card, u32 needs, bool many_images,
			   enum mlx5vf_stream_misfit misfit)
{
	u8 data[64];
	struct feeder f;
	size_t n;

	n = put_source(data, card, needs, 8);
	feed(&f, data, n, 3, many_images);
	assert_int_equal(f.out.error, -EOPNOTSUPP);
	assert_int_equal(f.out.error_at, n);
	assert_int_equal(f.stream.misfit, misfit);
	assert_int_equal(f.stream.source.card, card);
}

/* Before there is an image, and with the reason */
static void stream_of_another_card_is_refused(void **state)
{
	refused_source(0x15b31021, 0, true, MLX5VF_STREAM_OTHER_CARD);
	refused_source(0, 0, true, MLX5VF_STREAM_OTHER_CARD);
}

static void stream_that_needs_too_much_is_refused(void **state)
{
	refused_source(CARD, 1, false, MLX5VF_STREAM_MANY_IMAGES);
	refused_source(CARD, 2, true, MLX5VF_STREAM_OTHER_NEEDS);
	refused_source(CARD, 0x80000001, true, MLX5VF_STREAM_OTHER_NEEDS);
}

static void stream_of_the_same_card_is_taken(void **state)
{
	u8 data[128];
	struct feeder f;
	size_t n;

	n = put_source(data, CARD, 1, SOURCE_BYTES - 1);
	n += put_record(data + n, 5, 0, 0);
	feed(&f, data, n, 3, true);
	assert_int_equal(f.out.error, 0);
	assert_int_equal(f.stream.misfit, MLX5VF_STREAM_FITS);
	assert_true(f.out.may_end);
}

/* What a stream that says all of itself comes to at a device that does, too */
static enum mlx5vf_stream_misfit misfit_of(const struct mlx5vf_stream_device *source,
					   const struct mlx5vf_stream_device *device)
{
	u8 data[128];
	struct feeder f;
	size_t n, whole;

	n = put_whole_source(data, source, 0);
	whole = n + put_record(data + n, 5, 0, 0);
	feeder_start_for(&f, device);
	feeder_write(&f, data, whole);
	assert_int_equal(f.out.error, f.stream.misfit ? -EOPNOTSUPP : 0);
	if (f.out.error)
		assert_int_equal(f.out.error_at, n);
	assert_int_equal(f.out.nr_images, f.out.error ? 0 : 1);
	/* For who explains it */
	assert_int_equal(f.stream.source.vectors, source->vectors);
	assert_int_equal(f.stream.source.firmware[2], source->firmware[2]);
	assert_int_equal(f.stream.source.bar_log_bytes, source->bar_log_bytes);
	return f.stream.misfit;
}

static void stream_of_another_layout_is_refused(void **state)
{
	struct mlx5vf_stream_device device = device_of(true);
	struct mlx5vf_stream_device source = device;

	assert_int_equal(misfit_of(&source, &device), MLX5VF_STREAM_FITS);
	source.vectors = VECTORS + 1;
	assert_int_equal(misfit_of(&source, &device), MLX5VF_STREAM_FEW_VECTORS);
	source.bar_log_bytes = BAR_LOG_BYTES - 1;
	assert_int_equal(misfit_of(&source, &device), MLX5VF_STREAM_OTHER_BAR);
	source.bar_log_bytes = BAR_LOG_BYTES + 1;
	assert_int_equal(misfit_of(&source, &device), MLX5VF_STREAM_OTHER_BAR);
}

/* More vectors, any firmware, and what either side does not know of itself */
static void nothing_is_refused_without_a_reason(void **state)
{
	struct mlx5vf_stream_device device = device_of(true);
	struct mlx5vf_stream_device source = device;

	device.vectors = VECTORS + 1;
	assert_int_equal(misfit_of(&source, &device), MLX5VF_STREAM_FITS);
	device.firmware[0]++;
	assert_int_equal(misfit_of(&source, &device), MLX5VF_STREAM_FITS);
	device.firmware[0] = 0;
	assert_int_equal(misfit_of(&source, &device), MLX5VF_STREAM_FITS);
	device.vectors = 0;
	device.bar_log_bytes = 0;
	assert_int_equal(misfit_of(&source, &device), MLX5VF_STREAM_FITS);
	source.vectors = 0;
	source.bar_log_bytes = 0;
	device = device_of(true);
	assert_int_equal(misfit_of(&source, &device), MLX5VF_STREAM_FITS);
}

static void short_source_is_refused(void **state)
{
	u64 size;

	for (size = 0; size < 8; size++)
		refused(size, OPTIONAL, TAG_SOURCE, true, -EINVAL);
}

/* xorshift: the same mutations everywhere, and the seed is all there is to report */
static u32 next_random(u32 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void mutated_streams_agree_with_the_oracle(void **state)
{
	unsigned int round, nr_errors = 0, nr_ends = 0;
	u32 seed = 0x5eed1234;
	struct outcome want;
	u8 data[512];
	struct feeder f;

	for (round = 0; round < 200000; round++) {
		unsigned int nr_flips = 1 + next_random(&seed) % 4;
		bool many = next_random(&seed) & 1;
		size_t n = put_all_kinds(data);

		while (nr_flips--) {
			size_t at = next_random(&seed) % n;

			/* Small values make sizes that stay inside the stream */
			data[at] = next_random(&seed) & 1 ? next_random(&seed) :
							    next_random(&seed) % 4;
		}
		n -= next_random(&seed) % 8 ? 0 : next_random(&seed) % n;
		oracle(data, n, many, &want);
		feed(&f, data, n, 1 + next_random(&seed) % 40, many);
		assert_outcome(&f.out, &want);
		nr_errors += !!f.out.error;
		nr_ends += f.out.may_end;
	}
	/* Both ways out must have been taken often, or this has tested little */
	assert_true(nr_errors > round / 10);
	assert_true(nr_ends > round / 20);
}

static void noise_agrees_with_the_oracle(void **state)
{
	u32 seed = 0xdeadbeef;
	unsigned int round, i;
	struct outcome want;
	u8 data[96];
	struct feeder f;

	for (round = 0; round < 100000; round++) {
		/* Mostly zeroes: plain noise never passes the first header */
		for (i = 0; i < sizeof(data); i++)
			data[i] = next_random(&seed) % 6 ? 0 : next_random(&seed) % 20;
		oracle(data, sizeof(data), true, &want);
		feed(&f, data, sizeof(data), 1 + next_random(&seed) % 20, true);
		assert_outcome(&f.out, &want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_stream_yields_its_images),
		cmocka_unit_test(write_sizes_do_not_matter),
		cmocka_unit_test(a_cut_between_two_writes_does_not_matter),
		cmocka_unit_test(truncated_stream_ends_at_record_borders_only),
		cmocka_unit_test(stream_without_image_may_not_end),
		cmocka_unit_test(empty_image_is_skipped),
		cmocka_unit_test(oversized_record_is_refused_by_its_header),
		cmocka_unit_test(largest_record_is_taken),
		cmocka_unit_test(unknown_mandatory_record_is_refused),
		cmocka_unit_test(short_stop_copy_size_is_refused),
		cmocka_unit_test(second_image_needs_a_device_that_takes_it),
		cmocka_unit_test(optional_record_is_skipped_not_kept),
		cmocka_unit_test(wrong_amount_of_record_bytes_is_refused),
		cmocka_unit_test(writers_make_upstreams_bytes),
		cmocka_unit_test(what_is_written_can_be_read),
		cmocka_unit_test(stop_copy_size_is_room_for_a_later_image),
		cmocka_unit_test(stop_copy_size_is_believed_within_limits),
		cmocka_unit_test(room_is_reserved_for_images_alone),
		cmocka_unit_test(stream_of_another_card_is_refused),
		cmocka_unit_test(stream_that_needs_too_much_is_refused),
		cmocka_unit_test(stream_of_the_same_card_is_taken),
		cmocka_unit_test(stream_of_another_layout_is_refused),
		cmocka_unit_test(nothing_is_refused_without_a_reason),
		cmocka_unit_test(short_source_is_refused),
		cmocka_unit_test(mutated_streams_agree_with_the_oracle),
		cmocka_unit_test(noise_agrees_with_the_oracle),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("mlx5_stream", tests, NULL, NULL);
}
