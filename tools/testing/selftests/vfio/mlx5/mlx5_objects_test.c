// SPDX-License-Identifier: GPL-2.0-only
/*
 * An mlx5 function with a driver: what the driver made must be there after the
 * state went to another function, and after a migration that was called off.
 * The driver is the very small one of lib/mlx5_hca.c; "guest memory" is mapped
 * at the same IOVA for both functions, as a virtual machine's would be.
 */
#include <poll.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "migratable.h"
#include "mlx5_hca.h"

/* How long an interrupt that is due may take */
#define EVENT_MS	20000

/* What the queries say of the objects, without counters that go on moving */
struct contexts {
	__u8 mkey[MLX5_BYTES(query_mkey_out)];
	__u8 eq[MLX5_BYTES(query_eq_out)];
	__u8 cq[MLX5_BYTES(query_cq_out)];
};

FIXTURE(objects) {
	struct vfio_dev src;
	struct vfio_dev dst;
	struct mlx5_hca hca;
	struct vfio_image image;
	struct contexts before;
};

static void query_all(struct __test_metadata *_metadata, struct mlx5_hca *hca,
		      struct contexts *ctx)
{
	__u8 *eqc;

	EXPECT_EQ(0, __mlx5_cmd_query(hca, MLX5_CMD_OP_QUERY_MKEY,
				      hca->mkey_index, ctx->mkey,
				      sizeof(ctx->mkey)));
	EXPECT_EQ(0, __mlx5_cmd_query(hca, MLX5_CMD_OP_QUERY_EQ, hca->eqn,
				      ctx->eq, sizeof(ctx->eq)));
	EXPECT_EQ(0, __mlx5_cmd_query(hca, MLX5_CMD_OP_QUERY_CQ, hca->cqn,
				      ctx->cq, sizeof(ctx->cq)));
	/* Each command is an event, so these two differ from query to query. */
	eqc = ctx->eq + MLX5_BYTE_OFF(query_eq_out, eq_context_entry);
	MLX5_SET_FIELD(eqc, MLX5_AT(eqc)->consumer_counter, 0);
	MLX5_SET_FIELD(eqc, MLX5_AT(eqc)->producer_counter, 0);
	MLX5_SET_FIELD(eqc, MLX5_AT(eqc)->st, 0);
}

static void expect_contexts(struct __test_metadata *_metadata,
			    FIXTURE_DATA(objects) * self)
{
	struct contexts after;

	query_all(_metadata, &self->hca, &after);
	EXPECT_EQ(0, memcmp(self->before.mkey, after.mkey,
			    sizeof(after.mkey)));
	EXPECT_EQ(0, memcmp(self->before.eq, after.eq, sizeof(after.eq)));
	EXPECT_EQ(0, memcmp(self->before.cq, after.cq, sizeof(after.cq)));
}

FIXTURE_SETUP(objects)
{
	const char *skip = open_mlx5_pair(&self->src, &self->dst);

	if (skip)
		SKIP(return, "%s", skip);
	mlx5_hca_start(&self->hca, &self->src);
	query_all(_metadata, &self->hca, &self->before);
}

FIXTURE_TEARDOWN(objects)
{
	mlx5_hca_uninit(&self->hca);
	vfio_image_free(&self->image);
	vfio_dev_close(&self->src);
	vfio_dev_close(&self->dst);
}

/* The source stays in STOP, the destination runs with the driver on it. */
static void migrate(FIXTURE_DATA(objects) * self)
{
	vfio_image_save(&self->src, &self->image, VFIO_DEVICE_STATE_STOP);
	vfio_image_load(&self->dst, &self->image, VFIO_DEVICE_STATE_STOP);
	mlx5_hca_attach(&self->hca, &self->dst);
	vfio_mig_set_state(&self->dst, VFIO_DEVICE_STATE_RUNNING);
}

TEST_F(objects, contexts_say_what_was_asked_for)
{
	__u8 *mkc = self->before.mkey +
		    MLX5_BYTE_OFF(query_mkey_out, memory_key_mkey_entry);
	__u8 *eqc = self->before.eq +
		    MLX5_BYTE_OFF(query_eq_out, eq_context_entry);
	__u8 *cqc = self->before.cq + MLX5_BYTE_OFF(query_cq_out, cq_context);

	EXPECT_EQ(self->hca.pd, MLX5_FIELD(mkc, MLX5_AT(mkc)->pd));
	EXPECT_EQ(0x123456000ULL, MLX5_FIELD(mkc, MLX5_AT(mkc)->start_addr));
	EXPECT_EQ(MLX5_EQ_LOG_SIZE, MLX5_FIELD(eqc, MLX5_AT(eqc)->log_eq_size));
	EXPECT_EQ(self->hca.uar, MLX5_FIELD(eqc, MLX5_AT(eqc)->uar_page));
	EXPECT_EQ(self->hca.eqn, MLX5_FIELD(cqc, MLX5_AT(cqc)->c_eqn_or_apu_element));
}

TEST_F(objects, are_there_after_the_move)
{
	migrate(self);
	expect_contexts(_metadata, self);
}

TEST_F(objects, can_be_destroyed_once_after_the_move)
{
	struct mlx5_hca *hca = &self->hca;
	__u32 cqn = hca->cqn;

	migrate(self);
	/* No more events to take once the queues go. */
	hca->cqn = 0;
	EXPECT_EQ(0, __mlx5_cmd_handle(hca, MLX5_CMD_OP_DESTROY_CQ, cqn));
	EXPECT_EQ(MLX5_STATUS_BAD_RES,
		  __mlx5_cmd_handle(hca, MLX5_CMD_OP_DESTROY_CQ, cqn));
	EXPECT_EQ(0, __mlx5_cmd_handle(hca, MLX5_CMD_OP_DESTROY_EQ, hca->eqn));
	EXPECT_EQ(0, __mlx5_cmd_handle(hca, MLX5_CMD_OP_DESTROY_MKEY,
				       hca->mkey_index));
	EXPECT_EQ(0, __mlx5_cmd_handle(hca,
				       MLX5_CMD_OP_DEALLOC_TRANSPORT_DOMAIN,
				       hca->td));
	EXPECT_EQ(0, __mlx5_cmd_handle(hca, MLX5_CMD_OP_DEALLOC_PD, hca->pd));
	EXPECT_EQ(MLX5_STATUS_BAD_RES,
		  __mlx5_cmd_handle(hca, MLX5_CMD_OP_DEALLOC_PD, hca->pd));
	EXPECT_EQ(0, __mlx5_cmd_handle(hca, MLX5_CMD_OP_DEALLOC_UAR,
				       hca->uar));
}

TEST_F(objects, keep_their_numbers_apart_from_new_ones)
{
	struct mlx5_hca *hca = &self->hca;
	__u32 pds[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pds); i++)
		pds[i] = mlx5_cmd_alloc(hca, MLX5_CMD_OP_ALLOC_PD);
	for (i = 0; i < ARRAY_SIZE(pds); i += 2)
		EXPECT_EQ(0, __mlx5_cmd_handle(hca, MLX5_CMD_OP_DEALLOC_PD,
					       pds[i]));
	migrate(self);
	for (i = 0; i < ARRAY_SIZE(pds); i += 2)
		EXPECT_EQ(MLX5_STATUS_BAD_RES,
			  __mlx5_cmd_handle(hca, MLX5_CMD_OP_DEALLOC_PD,
					    pds[i]));
	for (i = 0; i < ARRAY_SIZE(pds); i += 2) {
		unsigned int live;

		pds[i] = mlx5_cmd_alloc(hca, MLX5_CMD_OP_ALLOC_PD);
		EXPECT_NE(hca->pd, pds[i]);
		for (live = 1; live < ARRAY_SIZE(pds); live += 2)
			EXPECT_NE(pds[live], pds[i]);
	}
	for (i = 0; i < ARRAY_SIZE(pds); i++)
		EXPECT_EQ(0, __mlx5_cmd_handle(hca, MLX5_CMD_OP_DEALLOC_PD,
					       pds[i]));
	expect_contexts(_metadata, self);
}

TEST_F(objects, are_there_after_a_save_that_was_called_off)
{
	char byte;
	int fd;

	vfio_image_save(&self->src, &self->image, VFIO_DEVICE_STATE_RUNNING);
	expect_contexts(_metadata, self);

	/* Once more, with the stream left after a byte */
	fd = vfio_mig_enter(&self->src, VFIO_DEVICE_STATE_STOP_COPY, NULL);
	EXPECT_EQ(1, read(fd, &byte, 1));
	close(fd);
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_RUNNING);
	expect_contexts(_metadata, self);
}

/*
 * Five migrations away and five back, by the states that a user without knowledge
 * of P2P names, or by all that there are on the way.
 */
static void go_back_and_forth(struct __test_metadata *_metadata,
			      FIXTURE_DATA(objects) * self, bool by_p2p)
{
	struct vfio_dev *from = &self->src, *to = &self->dst, *was;
	int i;

	for (i = 0; i < 10; i++) {
		vfio_image_free(&self->image);
		if (by_p2p) {
			vfio_mig_set_state(from, VFIO_DEVICE_STATE_RUNNING_P2P);
			vfio_mig_set_state(from, VFIO_DEVICE_STATE_STOP);
		}
		vfio_image_save(from, &self->image, VFIO_DEVICE_STATE_STOP);
		mlx5_hca_detach(&self->hca);
		/* The next move comes back to a function that is new again. */
		vfio_dev_close(from);
		vfio_image_load(to, &self->image, VFIO_DEVICE_STATE_STOP);
		if (by_p2p)
			vfio_mig_set_state(to, VFIO_DEVICE_STATE_RUNNING_P2P);
		mlx5_hca_attach(&self->hca, to);
		vfio_mig_set_state(to, VFIO_DEVICE_STATE_RUNNING);
		expect_contexts(_metadata, self);
		vfio_dev_open(from, from->bdf);
		was = from;
		from = to;
		to = was;
	}
}

TEST_F(objects, go_back_and_forth)
{
	go_back_and_forth(_metadata, self, false);
}

TEST_F(objects, go_back_and_forth_by_p2p)
{
	if (!vfio_state_exists(self->src.mig_flags,
			       VFIO_DEVICE_STATE_RUNNING_P2P))
		SKIP(return, "no state RUNNING_P2P");
	go_back_and_forth(_metadata, self, true);
}

/*
 * A monitor that stops first, then copies, and whose destination knows no state but the
 * one in which it loads: memory and registers are mapped there. The first attempt comes to
 * nothing, and the source goes on the way it came.
 */
TEST_F(objects, go_by_stop_and_from_running_to_running)
{
	int attempt, fd;

	for (attempt = 0; attempt < 2; attempt++) {
		vfio_image_free(&self->image);
		vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP);
		fd = vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP_COPY);
		vfio_image_read(fd, &self->image);
		vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP);
		close(fd);
		if (attempt)
			break;
		vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_RUNNING);
		expect_contexts(_metadata, self);
	}
	fd = vfio_mig_set_state(&self->dst, VFIO_DEVICE_STATE_RESUMING);
	ASSERT_EQ(0, __vfio_image_write(fd, self->image.data, self->image.size, 1 << 20));
	mlx5_hca_attach(&self->hca, &self->dst);
	EXPECT_EQ(-1, vfio_mig_set_state(&self->dst, VFIO_DEVICE_STATE_RUNNING));
	close(fd);
	expect_contexts(_metadata, self);
}

TEST_F(objects, image_is_the_same_from_both_functions)
{
	struct vfio_image again = {};

	vfio_image_save(&self->src, &self->image, VFIO_DEVICE_STATE_STOP);
	vfio_image_load(&self->dst, &self->image, VFIO_DEVICE_STATE_STOP);
	vfio_image_save(&self->dst, &again, VFIO_DEVICE_STATE_STOP);
	EXPECT_TRUE(vfio_image_equal(&self->image, &again)) {
		TH_LOG("%zu and %zu bytes", self->image.size, again.size);
	}
	vfio_image_free(&again);
}

TEST_F(objects, are_gone_after_reset)
{
	__u8 out[MLX5_BYTES(query_cq_out)];

	vfio_dev_reset(&self->src);
	self->hca.cqn = 0;
	vfio_dev_enable_dma(&self->src);
	mlx5_hca_boot(&self->hca);
	EXPECT_EQ(MLX5_STATUS_BAD_RES,
		  __mlx5_cmd_query(&self->hca, MLX5_CMD_OP_QUERY_MKEY,
				   self->hca.mkey_index, out, sizeof(out)));
}

static __u64 checksum(const struct mlx5_hca *hca)
{
	__u64 sum = 0xcbf29ce484222325ULL;
	size_t i;

	for (i = 0; i < MLX5_GUEST_BYTES; i++)
		sum = (sum ^ hca->mem[i]) * 0x100000001b3ULL;
	return sum;
}

static void post_nop(struct mlx5_hca *hca, unsigned int slot)
{
	__u8 in[16] = {};

	MLX5_SET_FIELD(in, MLX5_AT(enable_hca_in)->opcode, MLX5_CMD_OP_NOP);
	mlx5_cmd_post(hca, slot, in, sizeof(in), 16);
}

/*
 * A command that is rung while the function may start nothing must wait in
 * memory, move with the state and be executed by the other function.
 */
TEST_F(objects, command_rung_while_quiescent_runs_after_the_move)
{
	struct mlx5_hca *hca = &self->hca;
	__u8 out[16];
	__u64 before;

	if (!vfio_state_exists(self->src.mig_flags,
			       VFIO_DEVICE_STATE_RUNNING_P2P))
		SKIP(return, "no state RUNNING_P2P");
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_RUNNING_P2P);
	post_nop(hca, 1);
	before = checksum(hca);
	vfio_image_save(&self->src, &self->image, VFIO_DEVICE_STATE_STOP);
	EXPECT_FALSE(mlx5_cmd_done(hca, 1));
	vfio_image_load(&self->dst, &self->image, VFIO_DEVICE_STATE_STOP);
	mlx5_hca_attach(hca, &self->dst);
	vfio_mig_set_state(&self->dst, VFIO_DEVICE_STATE_RUNNING_P2P);
	EXPECT_FALSE(mlx5_cmd_done(hca, 1));
	EXPECT_EQ(before, checksum(hca));
	vfio_mig_set_state(&self->dst, VFIO_DEVICE_STATE_RUNNING);
	EXPECT_EQ(0, __mlx5_cmd_finish(hca, 1, out, sizeof(out)));
	EXPECT_EQ(MLX5_EVENT_CMD, mlx5_eq_next(hca));
	expect_contexts(_metadata, self);
}

TEST_F(objects, command_rung_while_quiescent_runs_after_the_way_back)
{
	struct mlx5_hca *hca = &self->hca;
	__u8 out[16];

	if (!vfio_state_exists(self->src.mig_flags,
			       VFIO_DEVICE_STATE_RUNNING_P2P))
		SKIP(return, "no state RUNNING_P2P");
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_RUNNING_P2P);
	post_nop(hca, 1);
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_STOP);
	EXPECT_FALSE(mlx5_cmd_done(hca, 1));
	vfio_mig_set_state(&self->src, VFIO_DEVICE_STATE_RUNNING);
	EXPECT_EQ(0, __mlx5_cmd_finish(hca, 1, out, sizeof(out)));
	expect_contexts(_metadata, self);
}

static void expect_interrupt(struct __test_metadata *_metadata, int event)
{
	struct pollfd pfd = { .fd = event, .events = POLLIN };
	__u64 count;

	EXPECT_EQ(1, poll(&pfd, 1, EVENT_MS)) {
		TH_LOG("no interrupt");
		return;
	}
	EXPECT_EQ(sizeof(count), read(event, &count, sizeof(count)));
}

TEST_F(objects, interrupts_arrive_on_the_other_function)
{
	struct mlx5_hca *hca = &self->hca;
	int src_event, dst_event;
	__u8 out[16];

	src_event = vfio_irq_eventfd(&self->src, VFIO_PCI_MSIX_IRQ_INDEX);
	mlx5_eq_arm(hca);
	post_nop(hca, 1);
	expect_interrupt(_metadata, src_event);
	EXPECT_EQ(MLX5_EVENT_CMD, mlx5_eq_next(hca));

	/* Armed before the move; the event comes after it. */
	mlx5_eq_arm(hca);
	vfio_image_save(&self->src, &self->image, VFIO_DEVICE_STATE_STOP);
	vfio_image_load(&self->dst, &self->image, VFIO_DEVICE_STATE_STOP);
	mlx5_hca_attach(hca, &self->dst);
	dst_event = vfio_irq_eventfd(&self->dst, VFIO_PCI_MSIX_IRQ_INDEX);
	vfio_mig_set_state(&self->dst, VFIO_DEVICE_STATE_RUNNING);
	post_nop(hca, 2);
	expect_interrupt(_metadata, dst_event);
	EXPECT_EQ(0, __mlx5_cmd_finish(hca, 2, out, sizeof(out)));
	EXPECT_EQ(MLX5_EVENT_CMD, mlx5_eq_next(hca));
	close(src_event);
	close(dst_event);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
