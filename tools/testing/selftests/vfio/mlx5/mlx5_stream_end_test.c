// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a load: who has written it is told there and then whether the device took the
 * state, as the source of a migration lets its guest go soon after. Pieces that others follow
 * are not waited for. By faults and delays of the emulated device.
 */
#include <endian.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/klog.h>
#include <sys/time.h>
#include <unistd.h>

#include "clock.h"
#include "kselftest_harness.h"
#include "migratable.h"
#include "mlx5_hca.h"
#include "mlx5_stream.h"
#include "model_fault.h"
#include "v1.h"

/* Of klogctl() */
#define SYSLOG_ACTION_READ_ALL		3
#define SYSLOG_ACTION_SIZE_BUFFER	10

#define STATUS_INTERNAL		0x1
#define STATUS_BAD_PARAM	0x3
#define STATUS_BUSY		0x6
#define STATUS_LIMIT		0x8
#define STATUS_BAD_STATE	0x9
#define STATUS_NO_RESOURCES	0xf

/* Long enough to do something meanwhile, on any machine */
#define SLOW_MS			1500

FIXTURE(end) {
	struct vfio_dev dev;
	struct vfio_image image;
	/* What is loaded: the image, or what another driver would have made of it */
	struct vfio_image stream;
	/* Where the last image of the stream ends */
	size_t images_end;
};

FIXTURE_VARIANT(end) {
	/* Records of this driver alone are left out */
	bool is_plain;
};

FIXTURE_VARIANT_ADD(end, of_this_driver) {
	.is_plain = false,
};

FIXTURE_VARIANT_ADD(end, of_upstreams_driver) {
	.is_plain = true,
};

static void make_stream(FIXTURE_DATA(end) * self, bool is_plain)
{
	struct mlx5_records records;

	if (is_plain) {
		self->images_end = mlx5_plain_append(&self->stream, &self->image);
		return;
	}
	mlx5_stream_append(&self->stream, self->image.data, self->image.size);
	VFIO_ASSERT(mlx5_records_find(&self->image, &records), "a stream without records");
	self->images_end = records.offset[records.nr - 1];
}

FIXTURE_SETUP(end)
{
	const char *skip = model_fault_open() ?: open_mlx5(&self->dev, 0);

	if (skip)
		SKIP(return, "%s", skip);
	vfio_image_save(&self->dev, &self->image, VFIO_DEVICE_STATE_RUNNING);
	vfio_dev_reset(&self->dev);
	make_stream(self, variant->is_plain);
}

FIXTURE_TEARDOWN(end)
{
	model_fault_close();
	vfio_image_free(&self->image);
	vfio_image_free(&self->stream);
	vfio_dev_close(&self->dev);
}

static void expect_it_migrates(struct __test_metadata *_metadata, FIXTURE_DATA(end) * self)
{
	model_no_faults();
	vfio_dev_reset(&self->dev);
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
}

/* Not before a write() that does not wait has returned */
static void fail_late(unsigned int status)
{
	model_delay("LOAD_VHCA_STATE", SLOW_MS / 5);
	model_fail("LOAD_VHCA_STATE", 0, status);
}

/* Wherever the last write but one has ended */
TEST_F(end, is_refused_by_the_write_that_completes_it)
{
	size_t cuts[] = { 0, self->images_end - 1, self->stream.size - 1 };
	unsigned int i;
	int fd, ret;

	for (i = 0; i < ARRAY_SIZE(cuts); i++) {
		fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_RESUMING, NULL);
		fail_late(STATUS_INTERNAL);
		/* What was refused before may be told before */
		ret = __vfio_image_write(fd, self->stream.data, cuts[i], self->stream.size);
		EXPECT_TRUE(!ret || cuts[i] >= self->images_end);
		EXPECT_EQ(-EIO, __vfio_image_write(fd, self->stream.data + cuts[i],
						   self->stream.size - cuts[i],
						   self->stream.size)) {
			TH_LOG("all but %zu bytes were written before", cuts[i]);
		}
		close(fd);
		expect_it_migrates(_metadata, self);
		vfio_dev_reset(&self->dev);
	}
}

/* As Documentation/driver-api/mlx5-migration-stream.rst has them */
TEST_F(end, says_what_the_firmware_says)
{
	static const struct {
		unsigned int status;
		int error;
	} said[] = {
		{ STATUS_INTERNAL, EIO }, { STATUS_BAD_PARAM, EINVAL }, { STATUS_BUSY, EBUSY },
		{ STATUS_LIMIT, ENOMEM }, { STATUS_BAD_STATE, EIO },
		{ STATUS_NO_RESOURCES, ENOMEM },
	};
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(said); i++) {
		fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_RESUMING, NULL);
		fail_late(said[i].status);
		EXPECT_EQ(-said[i].error, __vfio_image_write(fd, self->stream.data,
							     self->stream.size,
							     self->stream.size)) {
			TH_LOG("status 0x%x", said[i].status);
		}
		close(fd);
		model_no_faults();
		vfio_dev_reset(&self->dev);
	}
	expect_it_migrates(_metadata, self);
}

static bool log_has(const char *text)
{
	int bytes = klogctl(SYSLOG_ACTION_SIZE_BUFFER, NULL, 0);
	char *log = calloc(1, bytes + 1);
	bool has;

	VFIO_ASSERT(log && klogctl(SYSLOG_ACTION_READ_ALL, log, bytes) >= 0, "the kernel's log");
	has = strstr(log, text);
	free(log);
	return has;
}

/* What may be the reason, where the source has told its firmware */
TEST_F(end, is_explained_by_another_firmware)
{
	struct mlx5_records records;
	struct mlx5_source *source;
	unsigned int i;
	char text[96];
	int fd;

	if (variant->is_plain)
		SKIP(return, "such a stream does not tell");
	ASSERT_TRUE(mlx5_records_find(&self->stream, &records));
	for (i = 0; mlx5_record_tag(&self->stream, records.offset[i]) != MLX5_TAG_SOURCE; i++)
		ASSERT_GT(records.nr, i + 1);
	source = (void *)(self->stream.data + records.offset[i] + MLX5_HEAD_BYTES);
	/* A number that no other test has */
	source->firmware[2] = htole16(0x2000 | getpid() % 0x1000);
	snprintf(text, sizeof(text), "%s: the image is of firmware %u.%u.%04u, this one is ",
		 self->dev.bdf, le16toh(source->firmware[0]), le16toh(source->firmware[1]),
		 le16toh(source->firmware[2]));

	fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_RESUMING, NULL);
	model_fail("LOAD_VHCA_STATE", 0, STATUS_BAD_PARAM);
	EXPECT_FALSE(log_has(text));
	EXPECT_EQ(-EINVAL, __vfio_image_write(fd, self->stream.data, self->stream.size,
					      self->stream.size));
	EXPECT_TRUE(log_has(text)) {
		TH_LOG("the log lacks: %s", text);
	}
	close(fd);
	expect_it_migrates(_metadata, self);
}

TEST_F(end, waits_for_the_device)
{
	__u64 start;
	int fd;

	fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_RESUMING, NULL);
	model_delay("LOAD_VHCA_STATE", SLOW_MS);
	start = clock_ns();
	ASSERT_EQ(0, __vfio_image_write(fd, self->stream.data, self->stream.size,
					self->stream.size));
	EXPECT_LE(SLOW_MS, ms_since(start));
	start = clock_ns();
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP);
	/* Not for the device once more */
	EXPECT_GT(SLOW_MS, ms_since(start));
	close(fd);
	expect_it_migrates(_metadata, self);
}

/* Where the stream does not say itself what is still to come, the image may be the last one. */
TEST_F(end, is_awaited_with_no_image_that_others_follow)
{
	__u64 start;
	int fd;

	if (variant->is_plain)
		SKIP(return, "such a stream can end after each image");
	fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_RESUMING, NULL);
	model_delay("LOAD_VHCA_STATE", SLOW_MS);
	start = clock_ns();
	ASSERT_EQ(0, __vfio_image_write(fd, self->stream.data, self->images_end,
					self->stream.size));
	EXPECT_GT(SLOW_MS, ms_since(start));
	close(fd);
	expect_it_migrates(_metadata, self);
}

/* With switchover-ack QEMU stops the guest when the destination has written such an image. */
TEST_F(end, is_not_all_that_is_awaited_of_a_function_that_runs)
{
	struct vfio_image first = {};
	__u64 start;
	int fd;

	if (!(self->dev.mig_flags & VFIO_MIGRATION_PRE_COPY) || variant->is_plain)
		SKIP(return, "no PRE_COPY, or the stream of another driver");
	fd = vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_PRE_COPY);
	vfio_precopy_read(fd, &first);
	close(fd);
	EXPECT_LT(0, first.size);
	vfio_dev_reset(&self->dev);

	fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_RESUMING, NULL);
	model_delay("LOAD_VHCA_STATE", SLOW_MS);
	start = clock_ns();
	ASSERT_EQ(0, __vfio_image_write(fd, first.data, first.size, first.size));
	EXPECT_LE(SLOW_MS, ms_since(start));
	close(fd);
	vfio_image_free(&first);
	expect_it_migrates(_metadata, self);
}

/* Who does not want to wait in write() does so in poll() */
TEST_F(end, can_be_polled_for)
{
	struct pollfd pfd = { .events = POLLOUT };
	char byte = 0;

	pfd.fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_RESUMING, NULL);
	ASSERT_EQ(0, fcntl(pfd.fd, F_SETFL, O_NONBLOCK));
	model_delay("LOAD_VHCA_STATE", SLOW_MS);
	ASSERT_EQ(0, __vfio_image_write(pfd.fd, self->stream.data, self->stream.size,
					self->stream.size));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	EXPECT_EQ(1, poll(&pfd, 1, 20 * SLOW_MS));
	EXPECT_EQ(POLLOUT, pfd.revents);
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP);
	close(pfd.fd);

	model_no_faults();
	vfio_dev_reset(&self->dev);
	pfd.fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_RESUMING, NULL);
	ASSERT_EQ(0, fcntl(pfd.fd, F_SETFL, O_NONBLOCK));
	model_fail("LOAD_VHCA_STATE", 0, STATUS_INTERNAL);
	__vfio_image_write(pfd.fd, self->stream.data, self->stream.size, self->stream.size);
	EXPECT_EQ(1, poll(&pfd, 1, 20 * SLOW_MS));
	EXPECT_TRUE(pfd.revents & POLLERR);
	EXPECT_EQ(-1, write(pfd.fd, &byte, 1));
	EXPECT_EQ(EIO, errno);
	close(pfd.fd);
	expect_it_migrates(_metadata, self);
}

struct writer {
	pthread_t thread;
	const struct vfio_image *stream;
	int fd;
	int ret;
};

static void *write_all(void *arg)
{
	struct writer *writer = arg;

	writer->ret = __vfio_image_write(writer->fd, writer->stream->data, writer->stream->size,
					 writer->stream->size);
	return NULL;
}

/* A reset does not wait for the writer, nor the writer for the device after it. */
TEST_F(end, is_not_awaited_after_a_reset)
{
	struct writer writer = { .stream = &self->stream };
	__u64 start;

	writer.fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_RESUMING, NULL);
	model_delay("LOAD_VHCA_STATE", 4 * SLOW_MS);
	ASSERT_EQ(0, pthread_create(&writer.thread, NULL, write_all, &writer));
	start = clock_ns();
	vfio_dev_reset(&self->dev);
	pthread_join(writer.thread, NULL);
	EXPECT_EQ(-ENODEV, writer.ret);
	EXPECT_GT(4 * SLOW_MS, ms_since(start));
	close(writer.fd);
	expect_it_migrates(_metadata, self);
}

/* A device that was saved by v2 is v2's until it is closed. */
static const char *open_by_v1(FIXTURE_DATA(end) * self, struct v1_region *v1)
{
	vfio_dev_close(&self->dev);
	vfio_dev_open(&self->dev, vfio_bdf(0));
	return open_v1(v1, &self->dev);
}

/* QEMU 7.2 has the piece loaded by a write of its size. */
TEST_F(end, is_refused_by_the_register_of_v1)
{
	struct v1_region v1;
	const char *skip = open_by_v1(self, &v1);

	if (skip)
		SKIP(return, "%s", skip);
	v1_set_state(&v1, V1_RESUMING);
	fail_late(STATUS_INTERNAL);
	EXPECT_EQ(-EIO, __v1_feed(&v1, self->stream.data, self->stream.size));
	EXPECT_EQ(V1_RESUMING, v1_state(&v1));
	v1_close(&v1);
	vfio_dev_close(&self->dev);
	vfio_dev_open(&self->dev, vfio_bdf(0));
	expect_it_migrates(_metadata, self);
}

static void on_alarm(int signal)
{
}

static void start_alarms(unsigned int ms)
{
	struct itimerval timer = {
		.it_interval.tv_usec = ms * 1000, .it_value.tv_usec = ms * 1000,
	};
	/* A system call that it interrupts is not made again by the kernel */
	struct sigaction action = { .sa_handler = on_alarm };

	VFIO_ASSERT(!sigaction(SIGALRM, &action, NULL) &&
		    !setitimer(ITIMER_REAL, &timer, NULL), "a timer");
}

/*
 * Three images in one piece: one is loaded, one waits, and the third one has no room. A signal
 * comes then, and the client says again what is in the window, as it would have to.
 */
TEST_F(end, of_a_piece_is_reached_after_signals)
{
	unsigned int i, interrupted = 0;
	struct v1_region v1;
	const char *skip = open_by_v1(self, &v1);
	__u64 bytes;
	int ret;

	if (!skip && !model_firmware_has("multi-load"))
		skip = "the firmware loads one image";
	if (skip || !variant->is_plain)
		SKIP(return, "%s", skip ?: "such a stream has an end of its own");
	for (i = 0; i < 3; i++)
		memcpy(v1.window + i * self->stream.size, self->stream.data, self->stream.size);
	bytes = 3 * self->stream.size;
	ASSERT_GE(v1.window_bytes, bytes);

	v1_set_state(&v1, V1_RESUMING);
	model_delay("LOAD_VHCA_STATE", SLOW_MS);
	start_alarms(200);
	while ((ret = __v1_write(&v1, V1_REGISTER(data_size), &bytes, 8)) == -EINTR)
		interrupted++;
	start_alarms(0);
	EXPECT_EQ(0, ret);
	EXPECT_LT(0, interrupted);
	EXPECT_EQ(0, __v1_set_state(&v1, V1_STOP));
	model_no_faults();
	vfio_image_free(&self->stream);
	EXPECT_EQ(0, __v1_save(&v1, &self->stream, V1_RUNNING));
	EXPECT_TRUE(vfio_image_equal(&self->image, &self->stream));
	v1_close(&v1);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
