// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stream of mlx5_vfio_pci, record by record: what a save writes, and what
 * a load makes of streams that are cut, have wrong tags, sizes or order, go on
 * behind the end, or carry an image that is not what the device wrote.
 *
 * A refused stream must leave no trace: after a reset the device is new, and
 * the good image loads.
 */
#include <endian.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "mlx5_hca.h"
#include "mlx5_stream.h"
#include "process.h"

#define UNKNOWN_TAG	0x7e57

/* A load that must not fail because of what it is cut into */
#define PIECE		(64 * 1024)

FIXTURE(stream) {
	struct vfio_dev dev;
	struct vfio_image image;
	struct mlx5_records records;
	/* The stream that a test makes */
	struct vfio_image made;
};

FIXTURE_SETUP(stream)
{
	const char *skip = open_mlx5(&self->dev, 0);

	if (skip)
		SKIP(return, "%s", skip);
	vfio_image_save(&self->dev, &self->image, VFIO_DEVICE_STATE_RUNNING);
	ASSERT_TRUE(mlx5_records_find(&self->image, &self->records));
}

FIXTURE_TEARDOWN(stream)
{
	vfio_image_free(&self->image);
	vfio_image_free(&self->made);
	vfio_dev_close(&self->dev);
}

/* Loads @stream; the first error of write() or of leaving RESUMING. */
static int load(FIXTURE_DATA(stream) * self, const struct vfio_image *stream)
{
	int fd, none, ret;

	fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_RESUMING, NULL);
	ret = __vfio_image_write(fd, stream->data, stream->size, PIECE);
	if (!ret)
		ret = __vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP,
					   &none);
	close(fd);
	return ret;
}

static void expect_same_state(struct __test_metadata *_metadata,
			      FIXTURE_DATA(stream) * self)
{
	struct vfio_image again = {};

	vfio_image_save(&self->dev, &again, VFIO_DEVICE_STATE_RUNNING);
	EXPECT_TRUE(vfio_image_equal(&self->image, &again));
	vfio_image_free(&again);
}

static void expect_good_image_loads(struct __test_metadata *_metadata,
				    FIXTURE_DATA(stream) * self)
{
	EXPECT_EQ(0, load(self, &self->image));
	expect_same_state(_metadata, self);
}

/* @error: the errno it must be, or 0 for any */
static void expect_refusal(struct __test_metadata *_metadata,
			   FIXTURE_DATA(stream) * self,
			   const struct vfio_image *stream, int error,
			   const char *what)
{
	int ret = load(self, stream);

	EXPECT_GT(0, ret) {
		TH_LOG("%s was loaded", what);
	}
	if (error)
		EXPECT_EQ(-error, ret) {
			TH_LOG("%s: %s", what, strerror(-ret));
		}
	vfio_dev_reset(&self->dev);
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
}

static void append_image(FIXTURE_DATA(stream) * self)
{
	mlx5_stream_append(&self->made, self->image.data, self->image.size);
}

/* Where the device's image begins: the first record of that kind */
static size_t fw_data_offset(FIXTURE_DATA(stream) * self)
{
	unsigned int i;

	for (i = 0; i < self->records.nr; i++)
		if (mlx5_record_tag(&self->image, self->records.offset[i]) ==
		    MLX5_TAG_FW_DATA)
			return self->records.offset[i];
	VFIO_ASSERT(false, "no FW_DATA record in %u", self->records.nr);
	return 0;
}

/* The image with a head that says another size, tag or flags */
static void make_with_head(FIXTURE_DATA(stream) * self, __u64 size,
			   __u32 flags, __u32 tag)
{
	size_t offset = fw_data_offset(self);
	size_t data = offset + MLX5_HEAD_BYTES;

	vfio_image_free(&self->made);
	mlx5_stream_append(&self->made, self->image.data, offset);
	mlx5_record_append(&self->made, size, flags, tag,
			   self->image.data + data, self->image.size - data);
}

static __u64 fw_data_size(FIXTURE_DATA(stream) * self)
{
	return mlx5_record_size(&self->image, fw_data_offset(self));
}

TEST_F(stream, is_records_that_any_reader_knows)
{
	const struct vfio_image *image = &self->image;
	unsigned int i, images = 0;

	for (i = 0; i < self->records.nr; i++) {
		size_t offset = self->records.offset[i];
		__u32 tag = mlx5_record_tag(image, offset);

		TH_LOG("tag %u, %llu bytes", tag,
		       mlx5_record_size(image, offset));
		EXPECT_TRUE(tag <= MLX5_TAG_STOP_COPY_SIZE || tag == MLX5_TAG_SOURCE ||
			    tag == MLX5_TAG_END);
		EXPECT_EQ(tag == MLX5_TAG_FW_DATA ? 0 : MLX5_RECORD_OPTIONAL,
			  mlx5_record_flags(image, offset));
		if (tag == MLX5_TAG_FW_DATA) {
			EXPECT_LT(0, mlx5_record_size(image, offset));
			images++;
		} else {
			EXPECT_EQ(tag == MLX5_TAG_SOURCE ? MLX5_SOURCE_BYTES : 8,
				  mlx5_record_size(image, offset));
		}
	}
	EXPECT_EQ(1, images);
}

TEST_F(stream, cut_at_each_border_is_refused)
{
	struct vfio_image cut = self->image;
	unsigned int i;

	/* The first border is that of the empty stream, the last no cut. */
	for (i = 1; i < self->records.nr; i++) {
		cut.size = self->records.offset[i];
		expect_refusal(_metadata, self, &cut, EINVAL, "border");
	}
	for (i = 0; i < self->records.nr; i++) {
		cut.size = self->records.offset[i] + MLX5_HEAD_BYTES;
		expect_refusal(_metadata, self, &cut, EINVAL, "head alone");
	}
	expect_good_image_loads(_metadata, self);
}

TEST_F(stream, cut_inside_a_record_is_refused)
{
	struct vfio_image cut = self->image;
	unsigned int i;

	for (i = 0; i < self->records.nr; i++) {
		size_t start = self->records.offset[i];
		size_t end = self->records.offset[i + 1];
		size_t data = start + MLX5_HEAD_BYTES;
		size_t cuts[] = {
			start + 1, start + 8, data - 1, data + 1,
			(data + end) / 2, end - 1,
		};
		unsigned int c;

		for (c = 0; c < ARRAY_SIZE(cuts); c++) {
			cut.size = cuts[c];
			expect_refusal(_metadata, self, &cut, EINVAL, "cut");
		}
	}
	expect_good_image_loads(_metadata, self);
}

TEST_F(stream, cut_can_be_made_good)
{
	const struct vfio_image *image = &self->image;
	int fd, none;

	fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_RESUMING, NULL);
	EXPECT_EQ(0, __vfio_image_write(fd, image->data, image->size / 2,
					PIECE));
	EXPECT_EQ(-EINVAL, __vfio_mig_set_state(&self->dev,
						VFIO_DEVICE_STATE_STOP, &none));
	EXPECT_EQ(VFIO_DEVICE_STATE_RESUMING, vfio_mig_state(&self->dev));
	EXPECT_EQ(0, __vfio_image_write(fd, image->data + image->size / 2,
					image->size - image->size / 2, PIECE));
	EXPECT_EQ(0, __vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP,
					  &none));
	close(fd);
	expect_same_state(_metadata, self);
}

TEST_F(stream, unknown_mandatory_record_is_refused)
{
	mlx5_record_append(&self->made, 8, 0, UNKNOWN_TAG, NULL, 8);
	append_image(self);
	expect_refusal(_metadata, self, &self->made, EOPNOTSUPP, "in front");

	make_with_head(self, fw_data_size(self), 0, UNKNOWN_TAG);
	expect_refusal(_metadata, self, &self->made, EOPNOTSUPP, "instead");

	make_with_head(self, fw_data_size(self), 0, 0xffffffff);
	expect_refusal(_metadata, self, &self->made, EOPNOTSUPP, "tag ~0");
	expect_good_image_loads(_metadata, self);
}

TEST_F(stream, unknown_optional_record_is_skipped)
{
	static const size_t sizes[] = { 0, 1, 16, 4096, 300000 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		vfio_image_free(&self->made);
		mlx5_record_append(&self->made, sizes[i], MLX5_RECORD_OPTIONAL,
				   UNKNOWN_TAG, NULL, sizes[i]);
		append_image(self);
		mlx5_record_append(&self->made, sizes[i], MLX5_RECORD_OPTIONAL,
				   UNKNOWN_TAG, NULL, sizes[i]);
		EXPECT_EQ(0, load(self, &self->made)) {
			TH_LOG("%zu bytes", sizes[i]);
			vfio_dev_reset(&self->dev);
		}
		expect_same_state(_metadata, self);
		vfio_dev_reset(&self->dev);
	}
}

TEST_F(stream, skipped_record_must_be_whole)
{
	append_image(self);
	mlx5_record_append(&self->made, 100, MLX5_RECORD_OPTIONAL, UNKNOWN_TAG,
			   NULL, 99);
	expect_refusal(_metadata, self, &self->made, EINVAL, "99 of 100");
	expect_good_image_loads(_metadata, self);
}

TEST_F(stream, without_an_image_is_refused)
{
	__le64 size = htole64(4096);

	mlx5_record_append(&self->made, 8, MLX5_RECORD_OPTIONAL,
			   MLX5_TAG_STOP_COPY_SIZE, &size, sizeof(size));
	expect_refusal(_metadata, self, &self->made, EINVAL, "a size alone");

	/* An image whose head says that it is something to skip */
	make_with_head(self, fw_data_size(self), MLX5_RECORD_OPTIONAL,
		       UNKNOWN_TAG);
	expect_refusal(_metadata, self, &self->made, EINVAL, "a skipped one");
	expect_good_image_loads(_metadata, self);
}

TEST_F(stream, stop_copy_size_is_a_hint_in_any_place)
{
	static const __u64 hints[] = {
		0, 1, 1 << 20, 1ULL << 40, 0x7fffffffffffffffULL,
		0xffffffffffffffffULL,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hints); i++) {
		__le64 hint = htole64(hints[i]);

		vfio_image_free(&self->made);
		mlx5_record_append(&self->made, 8, MLX5_RECORD_OPTIONAL,
				   MLX5_TAG_STOP_COPY_SIZE, &hint, 8);
		append_image(self);
		mlx5_record_append(&self->made, 8, MLX5_RECORD_OPTIONAL,
				   MLX5_TAG_STOP_COPY_SIZE, &hint, 8);
		EXPECT_EQ(0, load(self, &self->made)) {
			TH_LOG("0x%llx", hints[i]);
			vfio_dev_reset(&self->dev);
		}
		expect_same_state(_metadata, self);
		vfio_dev_reset(&self->dev);
	}
}

TEST_F(stream, short_stop_copy_size_is_refused)
{
	mlx5_record_append(&self->made, 4, MLX5_RECORD_OPTIONAL,
			   MLX5_TAG_STOP_COPY_SIZE, NULL, 4);
	append_image(self);
	expect_refusal(_metadata, self, &self->made, EINVAL, "4 bytes");
	expect_good_image_loads(_metadata, self);
}

/* As is one with a need that nobody can have: before there is any image */
TEST_F(stream, of_another_card_is_refused)
{
	static const struct {
		__u32 card;
		__u32 needs;
	} sources[] = {
		{ 0x15b3fffe, 0 }, { 0, 0 }, { 0x15b3101d, 0x80000000 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sources); i++) {
		__le32 source[] = {
			htole32(sources[i].card), htole32(sources[i].needs),
		};

		vfio_image_free(&self->made);
		mlx5_record_append(&self->made, sizeof(source), MLX5_RECORD_OPTIONAL,
				   MLX5_TAG_SOURCE, source, sizeof(source));
		append_image(self);
		expect_refusal(_metadata, self, &self->made, EOPNOTSUPP, "source");
	}
	expect_good_image_loads(_metadata, self);
}

/* Where the data of the device's own SOURCE begin, 0 without one */
static size_t source_offset(FIXTURE_DATA(stream) * self)
{
	unsigned int i;

	for (i = 0; i < self->records.nr; i++)
		if (mlx5_record_tag(&self->image, self->records.offset[i]) == MLX5_TAG_SOURCE)
			return self->records.offset[i] + MLX5_HEAD_BYTES;
	return 0;
}

/* The stream with another SOURCE */
static void make_with_source(FIXTURE_DATA(stream) * self, const struct mlx5_source *source)
{
	vfio_image_free(&self->made);
	append_image(self);
	memcpy(self->made.data + source_offset(self), source, sizeof(*source));
}

TEST_F(stream, of_another_layout_is_refused)
{
	struct mlx5_source source, own;
	char images[32];

	if (!source_offset(self))
		SKIP(return, "the driver writes no such record");
	memcpy(&own, self->image.data + source_offset(self), sizeof(own));
	EXPECT_NE(0, own.vectors);
	EXPECT_NE(0, own.bar_log_bytes);
	EXPECT_NE(0, own.firmware[0]);

	source = own;
	source.vectors = htole16(le16toh(own.vectors) + 1);
	make_with_source(self, &source);
	expect_refusal(_metadata, self, &self->made, EOPNOTSUPP, "a vector more");

	source = own;
	source.bar_log_bytes++;
	make_with_source(self, &source);
	expect_refusal(_metadata, self, &self->made, EOPNOTSUPP, "a larger BAR");

	source = own;
	source.bar_log_bytes--;
	make_with_source(self, &source);
	expect_refusal(_metadata, self, &self->made, EOPNOTSUPP, "a smaller BAR");

	ASSERT_EQ(0, __vfio_attr_read(self->dev.bdf, "migration/loaded_images", images,
				      sizeof(images)));
	EXPECT_STREQ("0", images);
	expect_good_image_loads(_metadata, self);
}

/* Whether the firmware of another version takes an image is its own affair. */
TEST_F(stream, of_another_firmware_or_fewer_vectors_is_loaded)
{
	struct mlx5_source source, own;

	if (!source_offset(self))
		SKIP(return, "the driver writes no such record");
	memcpy(&own, self->image.data + source_offset(self), sizeof(own));
	source = own;
	source.vectors = htole16(1);
	source.firmware[1] = htole16(le16toh(own.firmware[1]) - 1);
	make_with_source(self, &source);
	EXPECT_EQ(0, load(self, &self->made));
	expect_same_state(_metadata, self);
	vfio_dev_reset(&self->dev);

	source.firmware[1] = htole16(le16toh(own.firmware[1]) + 1);
	source.vectors = 0;
	source.bar_log_bytes = 0;
	make_with_source(self, &source);
	EXPECT_EQ(0, load(self, &self->made));
	expect_same_state(_metadata, self);
}

/* The first form of the record, which says less */
TEST_F(stream, with_a_short_source_is_loaded)
{
	size_t at = source_offset(self);

	if (!at)
		SKIP(return, "the driver writes no such record");
	mlx5_stream_append(&self->made, self->image.data, at - MLX5_HEAD_BYTES);
	mlx5_record_append(&self->made, 8, MLX5_RECORD_OPTIONAL, MLX5_TAG_SOURCE,
			   self->image.data + at, 8);
	mlx5_stream_append(&self->made, self->image.data + at + MLX5_SOURCE_BYTES,
			   self->image.size - at - MLX5_SOURCE_BYTES);
	EXPECT_EQ(0, load(self, &self->made));
	expect_same_state(_metadata, self);
}

/* What a driver writes that knows nothing of such records: upstream's */
TEST_F(stream, without_records_of_this_driver_is_loaded)
{
	mlx5_plain_append(&self->made, &self->image);
	if (self->made.size == self->image.size)
		SKIP(return, "the driver writes no such record");
	EXPECT_EQ(0, load(self, &self->made));
	expect_same_state(_metadata, self);
}

TEST_F(stream, wrong_size_is_refused)
{
	__u64 size = fw_data_size(self);

	make_with_head(self, size - 1, 0, MLX5_TAG_FW_DATA);
	expect_refusal(_metadata, self, &self->made, 0, "one less");
	make_with_head(self, size + 1, 0, MLX5_TAG_FW_DATA);
	expect_refusal(_metadata, self, &self->made, 0, "one more");
	make_with_head(self, size / 2, 0, MLX5_TAG_FW_DATA);
	expect_refusal(_metadata, self, &self->made, 0, "half");
	/* The image is then taken for records */
	make_with_head(self, 0, 0, MLX5_TAG_FW_DATA);
	expect_refusal(_metadata, self, &self->made, 0, "none");
	expect_good_image_loads(_metadata, self);
}

/* The head alone: nothing may be made ready for what it announces. */
TEST_F(stream, oversized_record_is_refused_by_its_head)
{
	static const __u64 sizes[] = {
		1ULL << 33, 1ULL << 40, 0x7fffffffffffffffULL,
		0x8000000000000000ULL, 0xffffffffffffffffULL,
	};
	static const __u32 tags[] = {
		MLX5_TAG_FW_DATA, MLX5_TAG_STOP_COPY_SIZE, UNKNOWN_TAG,
	};
	unsigned int i, t;
	int fd;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (t = 0; t < ARRAY_SIZE(tags); t++) {
			vfio_image_free(&self->made);
			mlx5_record_append(&self->made, sizes[i],
					   tags[t] ? MLX5_RECORD_OPTIONAL : 0,
					   tags[t], NULL, 0);
			fd = vfio_mig_enter(&self->dev,
					    VFIO_DEVICE_STATE_RESUMING, NULL);
			EXPECT_EQ(-E2BIG, __vfio_image_write(fd,
							     self->made.data,
							     self->made.size,
							     PIECE)) {
				TH_LOG("0x%llx, tag 0x%x", sizes[i], tags[t]);
			}
			close(fd);
			vfio_dev_reset(&self->dev);
		}
	}
	expect_good_image_loads(_metadata, self);
}

TEST_F(stream, data_after_the_end_is_refused)
{
	append_image(self);
	mlx5_stream_append(&self->made, NULL, 1);
	expect_refusal(_metadata, self, &self->made, EINVAL, "one byte");

	vfio_image_free(&self->made);
	append_image(self);
	mlx5_record_append(&self->made, 16, 0, UNKNOWN_TAG, NULL, 16);
	expect_refusal(_metadata, self, &self->made, EOPNOTSUPP, "a record");
	expect_good_image_loads(_metadata, self);
}

/* Sixteen zero bytes: what a source writes when nothing has changed */
TEST_F(stream, empty_image_is_skipped)
{
	mlx5_stream_append(&self->made, NULL, 16);
	expect_refusal(_metadata, self, &self->made, EINVAL, "nothing else");

	append_image(self);
	mlx5_stream_append(&self->made, NULL, 16);
	EXPECT_EQ(0, load(self, &self->made));
	expect_same_state(_metadata, self);
}

/* Told before the image is sent, not by the firmware after it. */
TEST_F(stream, second_load_needs_a_reset)
{
	int none;

	expect_good_image_loads(_metadata, self);
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP);
	EXPECT_EQ(-EBUSY, __vfio_mig_set_state(&self->dev,
					       VFIO_DEVICE_STATE_RESUMING,
					       &none));
	EXPECT_EQ(VFIO_DEVICE_STATE_STOP, vfio_mig_state(&self->dev));
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RUNNING);
	vfio_dev_reset(&self->dev);
	expect_good_image_loads(_metadata, self);
}

TEST_F(stream, damaged_image_is_refused)
{
	size_t data = fw_data_offset(self) + MLX5_HEAD_BYTES;
	size_t size = fw_data_size(self), i;
	const size_t samples = 12;

	for (i = 0; i < samples; i++) {
		size_t at = data + (size - 1) * i / (samples - 1);

		vfio_image_free(&self->made);
		append_image(self);
		self->made.data[at] ^= 1 << i % 8;
		expect_refusal(_metadata, self, &self->made, 0, "a flipped bit");
	}
	vfio_image_free(&self->made);
	append_image(self);
	memset(self->made.data + data, 0, size);
	expect_refusal(_metadata, self, &self->made, 0, "zeroes");
	expect_good_image_loads(_metadata, self);
}

/* What came before the refusal must be gone, too. */
TEST_F(stream, refused_write_stays_refused)
{
	int fd;

	mlx5_record_append(&self->made, 8, 0, UNKNOWN_TAG, NULL, 8);
	fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_RESUMING, NULL);
	EXPECT_EQ(-EOPNOTSUPP, __vfio_image_write(fd, self->made.data,
						  self->made.size, PIECE));
	EXPECT_GT(0, __vfio_image_write(fd, self->image.data,
					self->image.size, PIECE));
	close(fd);
	vfio_dev_reset(&self->dev);
	expect_good_image_loads(_metadata, self);
}

/*
 * One write() of so many records that nobody would wait for its end: the time
 * limit of the harness is what finds a writer that cannot be killed.
 */
TEST_F(stream, of_many_records_can_be_killed)
{
	static struct iovec iov[IOV_MAX];
	unsigned int i;
	int fd, status;
	pid_t pid;

	for (i = 0; i < (2 << 20) / MLX5_HEAD_BYTES; i++)
		mlx5_record_append(&self->made, 0, MLX5_RECORD_OPTIONAL,
				   UNKNOWN_TAG, NULL, 0);
	for (i = 0; i < IOV_MAX; i++)
		iov[i] = (struct iovec) {
			.iov_base = self->made.data, .iov_len = self->made.size,
		};
	fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_RESUMING, NULL);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(writev(fd, iov, IOV_MAX) < 0);
	/* Nothing else takes it that long */
	while (vfio_process_kernel_ticks(pid) < 20)
		sched_yield();
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	close(fd);
	vfio_dev_reset(&self->dev);
	expect_good_image_loads(_metadata, self);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
