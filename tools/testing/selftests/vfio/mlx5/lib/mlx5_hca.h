/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A very small driver of a ConnectX function, over VFIO: it boots the function,
 * issues commands by its command queue and makes a few objects, so that there
 * is something in the device that a migration can lose.
 *
 * All its memory is one block of "guest memory" at a fixed IOVA. A migration is
 * played by attaching a second function to the same block: the driver goes on
 * with the handles and queues that the first function gave it, as a guest's
 * driver would.
 */
#ifndef SELFTEST_MLX5_HCA_H
#define SELFTEST_MLX5_HCA_H

#include "mlx5_layout.h"
#include "vfio_mig.h"

#define MLX5_GUEST_IOVA		0x10000000ULL
#define MLX5_GUEST_BYTES	(4U << 20)

/* Entry status (command-specific bits are in the output), from the PRM */
enum mlx5_status {
	MLX5_STATUS_OK = 0x0,
	MLX5_STATUS_BAD_PARAM = 0x3,
	MLX5_STATUS_BAD_SYS_STATE = 0x4,
	MLX5_STATUS_BAD_RES = 0x5,
};

/* Event types, from the PRM */
#define MLX5_EVENT_CMD		0x0a

/* One page of 64-byte event queue entries */
#define MLX5_EQ_LOG_SIZE	6

struct mlx5_hca {
	const struct vfio_dev *dev;
	__u8 *bar;
	size_t bar_bytes;
	/* Guest memory; shared by the functions it is attached to */
	__u8 *mem;
	size_t mem_used;
	__u8 token;
	/* The event queue's memory and consumer index */
	__u8 *eq;
	__u32 eq_ci;
	/* What mlx5_hca_make_objects() made; handles as commands take them */
	__u32 uar;
	__u32 pd;
	__u32 td;
	__u32 mkey_index;
	__u32 eqn;
	__u32 cqn;
};

/*
 * Does a driver of mlx5 functions have @dev? Where there are two, one has a
 * longer name: something_mlx5_vfio_pci.
 */
bool is_mlx5(const struct vfio_dev *dev);

/* Opens the VF of the arguments as open_migratable() does, if it is an mlx5 function. */
const char *open_mlx5(struct vfio_dev *dev, unsigned int index);
/* The first two, one to be migrated to the other */
const char *open_mlx5_pair(struct vfio_dev *src, struct vfio_dev *dst);

/* Gives @hca guest memory; it is attached to no function yet. */
void mlx5_hca_init(struct mlx5_hca *hca);
void mlx5_hca_uninit(struct mlx5_hca *hca);

/* Maps the BAR of @dev and the guest memory for @dev's DMA. */
void mlx5_hca_attach(struct mlx5_hca *hca, const struct vfio_dev *dev);
void mlx5_hca_detach(struct mlx5_hca *hca);

/* Zeroed, page-aligned guest memory; never given back */
void *mlx5_guest_alloc(struct mlx5_hca *hca, size_t bytes);
__u64 mlx5_guest_iova(const struct mlx5_hca *hca, const void *ptr);

/* From reset to INIT_HCA. */
void mlx5_hca_boot(struct mlx5_hca *hca);
/* UAR, PD, transport domain, memory key, event queue, completion queue. */
void mlx5_hca_make_objects(struct mlx5_hca *hca);
/* All of it: a driver that has just set up the function, until mlx5_hca_uninit() */
void mlx5_hca_start(struct mlx5_hca *hca, const struct vfio_dev *dev);

/*
 * A command in @slot (0..30): put its entry and ring, see whether it is done,
 * fetch its output.
 */
void mlx5_cmd_post(struct mlx5_hca *hca, unsigned int slot, const void *in,
		   size_t in_bytes, size_t out_bytes);
bool mlx5_cmd_done(const struct mlx5_hca *hca, unsigned int slot);
int __mlx5_cmd_finish(const struct mlx5_hca *hca, unsigned int slot,
		      void *out, size_t out_bytes);

/*
 * The whole of it in slot 0. __mlx5_cmd returns the status (enum mlx5_status)
 * or a negative errno when the command was not executed; mlx5_cmd wants OK.
 */
int __mlx5_cmd(struct mlx5_hca *hca, const void *in, size_t in_bytes,
	       void *out, size_t out_bytes);
void mlx5_cmd(struct mlx5_hca *hca, const void *in, size_t in_bytes,
	      void *out, size_t out_bytes);

/*
 * A command whose input is an opcode and one handle, and output nothing: NOP,
 * DEALLOC_x, DESTROY_x. Returns like __mlx5_cmd.
 */
int __mlx5_cmd_handle(struct mlx5_hca *hca, __u16 opcode, __u32 handle);
/* ALLOC_x: returns the handle. */
__u32 mlx5_cmd_alloc(struct mlx5_hca *hca, __u16 opcode);
/* QUERY_x of a handle, @out_bytes of output. */
int __mlx5_cmd_query(struct mlx5_hca *hca, __u16 opcode, __u32 handle,
		     void *out, size_t out_bytes);

/* Takes the next event, 0 when there is none; returns its type. */
__u8 mlx5_eq_next(struct mlx5_hca *hca);
/* Consumes all there is and asks for an interrupt at the next. */
void mlx5_eq_arm(struct mlx5_hca *hca);

#endif /* SELFTEST_MLX5_HCA_H */
