/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RDMA by the very small driver: a function that is its own peer. Two of its queue
 * pairs are a reliable connection over RoCE version 2, one asks and the other answers,
 * each by a path that leads back to the function. Its memory is in two parts, so that
 * what one holds can be told from what has come to the other.
 */
#ifndef SELFTEST_MLX5_RDMA_H
#define SELFTEST_MLX5_RDMA_H

#include "mlx5_hca.h"

/* Of each part; one memory key covers both. */
#define MLX5_RDMA_BYTES		(512U << 10)
/* Requests that can be posted, and its logarithm: one takes one 64-byte block */
#define MLX5_RDMA_LOG_REQUESTS	6
#define MLX5_RDMA_REQUESTS	64U

/* Opcodes of requests (include/linux/mlx5/qp.h) */
enum mlx5_wr {
	MLX5_WR_WRITE = 0x08,
	MLX5_WR_READ = 0x10,
};

struct mlx5_rdma {
	struct mlx5_hca *hca;
	/* What requests read from and write to: near is the asking end's */
	__u8 *near;
	__u8 *far;
	__u32 key;
	/* Completions of the end that asks, and the consumer's index */
	__u32 cqn;
	__u8 *cq;
	__u8 *cq_record;
	__u32 cq_ci;
	struct mlx5_rdma_qp {
		__u32 number;
		__u8 *sq;
		__u8 *record;
		__u16 posted;
	} asks, answers;
};

/* Returns why @hca's function cannot do it, or NULL. */
const char *mlx5_rdma_lacking(struct mlx5_hca *hca);

/*
 * Makes all of it in a function that mlx5_hca_start() has set up, and connects the two.
 * It is gone with the function's next reset.
 */
void mlx5_rdma_start(struct mlx5_rdma *rdma, struct mlx5_hca *hca);

/*
 * Puts a request into the queue: bytes at @offset, of the near part to the far one's
 * (WRITE), or back (READ). The device sees it when mlx5_rdma_ring() is called.
 */
void mlx5_rdma_post(struct mlx5_rdma *rdma, enum mlx5_wr opcode, __u32 offset, __u32 bytes);
void mlx5_rdma_ring(struct mlx5_rdma *rdma);

/*
 * Takes the next completion, which is to be that of the oldest request and without an
 * error. False: there is none.
 */
bool mlx5_rdma_completed(struct mlx5_rdma *rdma);

#endif /* SELFTEST_MLX5_RDMA_H */
