// SPDX-License-Identifier: GPL-2.0-only
/*
 * A function that moves while it does RDMA: amid requests of which some packets have been
 * answered, and some not even sent. No byte may be lost, nor any request complete twice,
 * out of order, or not at all. It is the function's own peer, so both ends move.
 */
#include "clock.h"
#include "kselftest_harness.h"
#include "migratable.h"
#include "mlx5_rdma.h"

#define MOVES		10
#define MOST_MOVES	100
#define REQUEST_BYTES	(MLX5_RDMA_BYTES / MLX5_RDMA_REQUESTS)
#define UNTOUCHED	0xee
/* All of it takes some ten milliseconds. */
#define TIMEOUT_MS	20000

FIXTURE(rdma) {
	struct vfio_dev src;
	struct vfio_dev dst;
	struct mlx5_hca hca;
	struct mlx5_rdma rdma;
	struct vfio_image image;
	/* Requests of those under way that are completed */
	unsigned int completed;
	/* How often the function stood still before all were */
	unsigned int amid;
};

FIXTURE_SETUP(rdma)
{
	const char *skip = open_mlx5_pair(&self->src, &self->dst);

	if (skip)
		SKIP(return, "%s", skip);
	mlx5_hca_start(&self->hca, &self->src);
	skip = mlx5_rdma_lacking(&self->hca);
	if (skip)
		SKIP(return, "%s", skip);
	mlx5_rdma_start(&self->rdma, &self->hca);
}

FIXTURE_TEARDOWN(rdma)
{
	mlx5_hca_uninit(&self->hca);
	vfio_image_free(&self->image);
	vfio_dev_close(&self->src);
	vfio_dev_close(&self->dst);
}

static __u8 pattern(unsigned int seed, size_t i)
{
	return seed * 31 + i * 7 + i / 251;
}

/* Requests over all of a part, other bytes for each seed */
static void begin(FIXTURE_DATA(rdma) * self, enum mlx5_wr opcode, unsigned int seed)
{
	struct mlx5_rdma *rdma = &self->rdma;
	__u8 *from = opcode == MLX5_WR_READ ? rdma->far : rdma->near;
	__u8 *to = opcode == MLX5_WR_READ ? rdma->near : rdma->far;
	size_t i;

	for (i = 0; i < MLX5_RDMA_BYTES; i++)
		from[i] = pattern(seed, i);
	memset(to, UNTOUCHED, MLX5_RDMA_BYTES);
	self->completed = 0;
	for (i = 0; i < MLX5_RDMA_REQUESTS; i++)
		mlx5_rdma_post(rdma, opcode, i * REQUEST_BYTES, REQUEST_BYTES);
	mlx5_rdma_ring(rdma);
}

static void take_completions(FIXTURE_DATA(rdma) * self)
{
	while (mlx5_rdma_completed(&self->rdma))
		self->completed++;
}

/* The function stands still: what it has told until now is all. */
static void note_place(FIXTURE_DATA(rdma) * self)
{
	take_completions(self);
	self->amid += self->completed < MLX5_RDMA_REQUESTS;
}

static void finish(struct __test_metadata *_metadata, FIXTURE_DATA(rdma) * self,
		   enum mlx5_wr opcode, unsigned int seed)
{
	__u8 *to = opcode == MLX5_WR_READ ? self->rdma.near : self->rdma.far;
	__u64 start = clock_ns();
	size_t i;

	while (self->completed < MLX5_RDMA_REQUESTS) {
		ASSERT_LT(ms_since(start), TIMEOUT_MS)
			TH_LOG("%u of %u requests completed", self->completed,
			       MLX5_RDMA_REQUESTS);
		take_completions(self);
	}
	ASSERT_EQ(MLX5_RDMA_REQUESTS, self->completed);
	for (i = 0; i < MLX5_RDMA_BYTES; i++)
		ASSERT_EQ(pattern(seed, i), to[i])
			TH_LOG("byte %zu", i);
}

/*
 * Is there to be an @i-th move? On a busy machine what was asked for is often done before the
 * function is stopped; one of them is to come in between.
 */
static bool is_to_move(const FIXTURE_DATA(rdma) * self, unsigned int i)
{
	return i < MOVES || (!self->amid && i < MOST_MOVES);
}

static enum mlx5_wr nth_opcode(unsigned int n)
{
	return n % 2 ? MLX5_WR_READ : MLX5_WR_WRITE;
}

TEST_F(rdma, is_done_where_nothing_moves)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		begin(self, nth_opcode(i), i);
		finish(_metadata, self, nth_opcode(i), i);
	}
}

/* What the image holds is loaded by the other function, and the driver goes on there. */
static void go_on_at(FIXTURE_DATA(rdma) * self, struct vfio_dev *from, struct vfio_dev *to)
{
	mlx5_hca_detach(&self->hca);
	vfio_dev_close(from);
	vfio_image_load(to, &self->image, VFIO_DEVICE_STATE_STOP);
	mlx5_hca_attach(&self->hca, to);
	vfio_mig_set_state(to, VFIO_DEVICE_STATE_RUNNING);
	vfio_dev_open(from, from->bdf);
}

TEST_F(rdma, goes_on_after_each_move)
{
	struct vfio_dev *dev[] = { &self->src, &self->dst };
	unsigned int i;

	for (i = 0; is_to_move(self, i); i++) {
		struct vfio_dev *from = dev[i % 2];

		vfio_image_free(&self->image);
		begin(self, nth_opcode(i / 2), i);
		vfio_mig_set_state(from, VFIO_DEVICE_STATE_STOP);
		note_place(self);
		vfio_image_save(from, &self->image, VFIO_DEVICE_STATE_STOP);
		go_on_at(self, from, dev[(i + 1) % 2]);
		finish(_metadata, self, nth_opcode(i / 2), i);
	}
	EXPECT_GT(self->amid, 0);
}

/* The first image is of a time before: only what is told later says where it is. */
TEST_F(rdma, goes_on_after_moves_that_were_saved_running)
{
	struct vfio_dev *dev[] = { &self->src, &self->dst };
	unsigned int i;
	int fd;

	if (!(self->src.mig_flags & VFIO_MIGRATION_PRE_COPY))
		SKIP(return, "no state PRE_COPY");
	for (i = 0; is_to_move(self, i); i++) {
		struct vfio_dev *from = dev[i % 2];

		vfio_image_free(&self->image);
		fd = vfio_mig_set_state(from, VFIO_DEVICE_STATE_PRE_COPY);
		begin(self, nth_opcode(i / 2), i);
		vfio_precopy_read(fd, &self->image);
		finish(_metadata, self, nth_opcode(i / 2), i);
		begin(self, nth_opcode(i / 2), MOST_MOVES + i);
		vfio_mig_set_state(from, VFIO_DEVICE_STATE_STOP_COPY);
		note_place(self);
		vfio_image_read(fd, &self->image);
		vfio_mig_set_state(from, VFIO_DEVICE_STATE_STOP);
		close(fd);
		go_on_at(self, from, dev[(i + 1) % 2]);
		finish(_metadata, self, nth_opcode(i / 2), MOST_MOVES + i);
	}
	EXPECT_GT(self->amid, 0);
}

TEST_F(rdma, goes_on_after_saves_that_were_called_off)
{
	unsigned int i;
	char byte;
	int fd;

	for (i = 0; is_to_move(self, i); i++) {
		begin(self, nth_opcode(i), i);
		fd = vfio_mig_enter(&self->src, VFIO_DEVICE_STATE_STOP_COPY, NULL);
		note_place(self);
		EXPECT_EQ(1, read(fd, &byte, 1));
		close(fd);
		vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_RUNNING);
		finish(_metadata, self, nth_opcode(i), i);
	}
	EXPECT_GT(self->amid, 0);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
