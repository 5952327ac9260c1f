// SPDX-License-Identifier: GPL-2.0-only
/*
 * Images larger than 4 GiB, and larger than the machine's memory, from one mlx5
 * function to another: firmware that saves in pieces needs no more memory for them
 * than for small ones, the bound that mlx5-migration-stream.rst states. What the
 * machine has left is measured all the way. Firmware that does not is refused, and
 * then used again.
 */
#include <sys/sysinfo.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "migratable.h"
#include "mlx5_hca.h"
#include "mlx5_stream.h"
#include "model_fault.h"

/* 4 GiB, and some pieces more */
#define HUGE_BYTES	(4196ULL << 20)

/* Buffers of the source: being filled, waiting, being read, and for the final pass */
#define SOURCE_PIECES	4
/* Buffers of the destination: being loaded and coming in, and of twice the size at most */
#define DEST_PIECES	4
/* A VF that runs has room for a tenth more, a machine at rest has its ups and downs */
#define SLACK_BYTES	(16ULL << 20)
#define BOUND_BYTES	((SOURCE_PIECES + DEST_PIECES) * (__u64)MLX5_PIECE_BYTES + SLACK_BYTES)

#define BUFFER_BYTES	(1024U << 10)
/* How often it is measured */
#define STEP_BYTES	(16ULL << 20)

FIXTURE(huge) {
	struct vfio_dev src;
	struct vfio_dev dst;
	struct mlx5_hca hca;
	char *buffer;
	__u64 bytes;
	__u64 least_bytes;
};

FIXTURE_SETUP(huge)
{
	const char *skip = model_fault_open() ?:
			   open_mlx5_pair(&self->src, &self->dst);

	if (skip)
		SKIP(return, "%s", skip);
	self->buffer = malloc(BUFFER_BYTES);
	ASSERT_NE(NULL, self->buffer);
	memset(self->buffer, 0, BUFFER_BYTES);
	mlx5_hca_start(&self->hca, &self->src);
}

FIXTURE_TEARDOWN(huge)
{
	model_pad_images(0);
	model_fault_close();
	free(self->buffer);
	mlx5_hca_uninit(&self->hca);
	vfio_dev_close(&self->src);
	vfio_dev_close(&self->dst);
}

static __u64 free_bytes(void)
{
	struct sysinfo info;

	VFIO_ASSERT(!sysinfo(&info), "sysinfo");
	return (__u64)info.freeram * info.mem_unit;
}

/* From file to file, to the end of what there is; 0 at the end for good, or an errno */
static int pump(FIXTURE_DATA(huge) * self, int from, int to)
{
	__u64 next = 0;
	ssize_t len;

	while ((len = read(from, self->buffer, BUFFER_BYTES)) > 0) {
		int ret = __vfio_image_write(to, self->buffer, len, len);

		if (ret)
			return ret;
		self->bytes += len;
		if (self->bytes < next)
			continue;
		next = self->bytes + STEP_BYTES;
		if (free_bytes() < self->least_bytes)
			self->least_bytes = free_bytes();
	}
	return len ? -errno : 0;
}

static void expect_cq(struct __test_metadata *_metadata, FIXTURE_DATA(huge) * self)
{
	__u8 out[MLX5_BYTES(query_cq_out)];

	EXPECT_EQ(0, __mlx5_cmd_query(&self->hca, MLX5_CMD_OP_QUERY_CQ, self->hca.cqn, out,
				      sizeof(out)));
}

/* The whole of a migration, by PRE_COPY or without */
static void move(struct __test_metadata *_metadata, FIXTURE_DATA(huge) * self, bool precopy)
{
	__u64 before;
	int from, to;

	if (!model_firmware_has("chunks"))
		SKIP(return, "this firmware does not save in pieces");
	model_pad_images(HUGE_BYTES);
	before = free_bytes();
	self->least_bytes = before;
	to = vfio_mig_set_state(&self->dst, VFIO_DEVICE_STATE_RESUMING);
	from = vfio_mig_set_state(&self->src, precopy ? VFIO_DEVICE_STATE_PRE_COPY :
				  VFIO_DEVICE_STATE_STOP_COPY);
	if (precopy) {
		struct vfio_precopy_info info;

		do {
			ASSERT_EQ(-ENOMSG, pump(self, from, to));
			vfio_precopy_info(from, &info);
		} while (info.initial_bytes || info.dirty_bytes);
		EXPECT_LE(HUGE_BYTES, self->bytes);
		vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP_COPY);
	}
	ASSERT_EQ(0, pump(self, from, to));
	EXPECT_LE(HUGE_BYTES, self->bytes);
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP);
	vfio_mig_set_state(&self->dst, VFIO_DEVICE_STATE_STOP);
	close(from);
	close(to);
	TH_LOG("%llu MiB, with %llu KiB less of memory at most", self->bytes >> 20,
	       (before - self->least_bytes) >> 10);
	EXPECT_GE(BOUND_BYTES, before - self->least_bytes);
	mlx5_hca_attach(&self->hca, &self->dst);
	vfio_mig_set_state(&self->dst, VFIO_DEVICE_STATE_RUNNING);
	expect_cq(_metadata, self);
}

TEST_F_TIMEOUT(huge, image_of_a_stopped_function_moves, 900)
{
	move(_metadata, self, false);
}

TEST_F_TIMEOUT(huge, image_of_a_function_that_runs_moves, 900)
{
	move(_metadata, self, true);
}

TEST_F_TIMEOUT(huge, whole_image_without_memory_is_refused, 300)
{
	struct vfio_image image = {};
	struct sysinfo info;
	int fd;

	if (model_firmware_has("chunks"))
		SKIP(return, "this firmware saves in pieces");
	ASSERT_EQ(0, sysinfo(&info));
	model_pad_images((__u64)info.totalram * info.mem_unit + (64ULL << 20));
	EXPECT_EQ(-ENOMEM, __vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP_COPY, &fd));
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_RUNNING);
	expect_cq(_metadata, self);
	model_pad_images(0);
	vfio_image_save(&self->src, &image, VFIO_DEVICE_STATE_STOP);
	vfio_image_load(&self->dst, &image, VFIO_DEVICE_STATE_STOP);
	mlx5_hca_attach(&self->hca, &self->dst);
	vfio_mig_set_state(&self->dst, VFIO_DEVICE_STATE_RUNNING);
	expect_cq(_metadata, self);
	vfio_image_free(&image);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
