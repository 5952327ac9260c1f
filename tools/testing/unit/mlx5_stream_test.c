// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of drivers/vfio/pci/mlx5/stream.c in user space: records, images, the end. What a
 * stream says of its source is in mlx5_stream_source_test.c.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "mlx5_stream_feeder.h"

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
	/*
	 * After each record but the first, which is no image, and the two after a SOURCE which
	 * says that there is an END
	 */
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

/* The image of 5 bytes is in front */
static size_t put_promise(u8 *out, u64 image_bytes)
{
	struct mlx5vf_stream_device source = device_of(true);
	size_t n;

	n = put_whole_source(out, &source, 0);
	return n + put_record(out + n, image_bytes, 0, 0);
}

static void promised_end_must_come(void **state)
{
	u8 data[256];
	struct feeder f;
	size_t n;

	n = put_promise(data, 5);
	feed(&f, data, n, 7, true);
	assert_int_equal(f.out.error, 0);
	assert_false(f.out.may_end);

	n += put_end(data + n, 5, 0);
	feed(&f, data, n, 7, true);
	assert_int_equal(f.out.error, 0);
	assert_true(f.out.may_end);
}

/* With an image that is missing, or one that is there twice */
static void end_of_other_images_is_refused(void **state)
{
	static const u64 wrong[] = { 0, 4, 6, 10, 5 | 1ULL << 32, ~0ULL };
	unsigned int i;
	u8 data[256];
	struct feeder f;
	size_t n;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		n = put_promise(data, 5);
		n += put_end(data + n, wrong[i], 0);
		feed(&f, data, n, 3, true);
		assert_int_equal(f.out.error, -EINVAL);
		assert_int_equal(f.out.error_at, n);
	}
}

static void end_may_come_without_a_promise(void **state)
{
	u8 data[256];
	struct feeder f;
	size_t n;

	n = put_record(data, 5, 0, 0);
	n += put_end(data + n, 5, 3);
	feed(&f, data, n, 7, true);
	assert_int_equal(f.out.error, 0);
	assert_true(f.out.may_end);
}

static void no_image_follows_the_end(void **state)
{
	u8 data[256];
	struct feeder f;
	size_t n, end;

	n = put_promise(data, 5);
	end = n + put_end(data + n, 5, 0);
	n = end + put_record(data + end, 1, 0, 0);
	feed(&f, data, n, 7, true);
	assert_int_equal(f.out.error, -EINVAL);
	assert_int_equal(f.out.error_at, end + 16);

	n = end + put_end(data + end, 5, 0);
	feed(&f, data, n, 7, true);
	assert_int_equal(f.out.error, -EINVAL);
	assert_int_equal(f.out.error_at, end + 16);

	/* What says nothing may */
	n = end + put_record(data + end, 0, 0, 0);
	n += put_record(data + n, 9, OPTIONAL, 2);
	feed(&f, data, n, 7, true);
	assert_int_equal(f.out.error, 0);
	assert_true(f.out.may_end);
}

static bool waits_behind(const u8 *data, size_t bytes)
{
	struct feeder f;

	feeder_start(&f, true);
	/* All but the last byte, so that it is the piece itself that says so */
	feeder_write(&f, data, bytes - 1);
	assert_int_equal(f.out.error, 0);
	assert_int_equal(f.rest_bytes, 1);
	return f.waits;
}

/* Not behind an image that others follow at once; but where the source says so, and at the end */
static void source_says_what_is_waited_for(void **state)
{
	struct mlx5vf_stream_device source = device_of(true);
	u8 data[256];
	size_t n;

	n = mlx5vf_stream_write_prologue(data, &source, 64);
	n += mlx5vf_stream_write_image_header(data + n, 5, true);
	memset(data + n, 0, 5);
	n += 5;
	assert_true(waits_behind(data, n));
	n += mlx5vf_stream_write_image_header(data + n, 7, false);
	memset(data + n, 0, 7);
	n += 7;
	assert_false(waits_behind(data, n));
	n += put_end(data + n, 5 + 7, 1);
	assert_true(waits_behind(data, n));

	/* Without an end, each may be the last one */
	n = put_record(data, 5, 0, 0);
	assert_true(waits_behind(data, n));
	n += put_record(data + n, 7, 0, 0);
	assert_true(waits_behind(data, n));
}

static void short_end_is_refused(void **state)
{
	u64 size;

	for (size = 0; size < 8; size++)
		refused(size, OPTIONAL, TAG_END, true, -EINVAL);
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
		cmocka_unit_test(promised_end_must_come),
		cmocka_unit_test(end_of_other_images_is_refused),
		cmocka_unit_test(end_may_come_without_a_promise),
		cmocka_unit_test(no_image_follows_the_end),
		cmocka_unit_test(source_says_what_is_waited_for),
		cmocka_unit_test(short_end_is_refused),
		cmocka_unit_test(mutated_streams_agree_with_the_oracle),
		cmocka_unit_test(noise_agrees_with_the_oracle),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("mlx5_stream", tests, NULL, NULL);
}
