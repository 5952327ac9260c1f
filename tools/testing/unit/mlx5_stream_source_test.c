// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of drivers/vfio/pci/mlx5/stream.c in user space: what is written, and what a stream
 * says of its source.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "mlx5_stream_feeder.h"

/*
 * Bytes as upstream writes them, for an image of 0x1234 bytes in a buffer of 0x2000, with a
 * record in between and one behind that it skips
 */
static void writers_make_upstreams_bytes(void **state)
{
	static const u8 expected[] = {
		8, 0, 0, 0, 0, 0, 0, 0,		1, 0, 0, 0,	1, 0, 0, 0,
		0, 0x20, 0, 0, 0, 0, 0, 0,
		24, 0, 0, 0, 0, 0, 0, 0,	1, 0, 0, 0,	0x01, 0x63, 0x72, 0x73,
		0x1d, 0x10, 0xb3, 0x15,		1, 0, 0, 0,
		12, 0,	22, 0, 43, 0, 0xf6, 3,	20, 1, 0, 0, 0, 0, 0, 0,
		0x34, 0x12, 0, 0, 0, 0, 0, 0,	0, 0, 0, 0,	0, 0, 0, 0,
		8, 0, 0, 0, 0, 0, 0, 0,		1, 0, 0, 0,	0x01, 0x64, 0x6e, 0x65,
		0x34, 0x12, 0, 0, 0, 0, 0, 0,
	};
	struct mlx5vf_stream_device source = device_of(true);
	u8 out[3 * MLX5VF_STREAM_RECORD_MAX_BYTES];
	size_t n;

	n = mlx5vf_stream_write_prologue(out, &source, 0x2000);
	assert_int_equal(n, MLX5VF_STREAM_RECORD_MAX_BYTES);
	n += mlx5vf_stream_write_image_header(out + n, 0x1234, false);
	n += mlx5vf_stream_write_end(out + n, 0x1234);
	assert_int_equal(n, sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));
}

static void what_is_written_can_be_read(void **state)
{
	struct mlx5vf_stream_device source = device_of(false);
	u8 data[512];
	struct feeder f;
	size_t n, end;

	n = mlx5vf_stream_write_prologue(data, &source, ~0ULL);
	n += mlx5vf_stream_write_image_header(data + n, 300, false);
	memset(data + n, 0, 300);
	end = n + 300 + mlx5vf_stream_write_end(data + n + 300, 300);
	assert_int_equal(end, n + 300 + MLX5VF_STREAM_END_BYTES);
	feed(&f, data, end, 7, false);
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
	n += mlx5vf_stream_write_image_header(data + n, 100, false);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("mlx5_stream_source", tests, NULL, NULL);
}
