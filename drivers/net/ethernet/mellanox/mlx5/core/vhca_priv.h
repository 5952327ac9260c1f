/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MLX5_VHCA_PRIV_H
#define MLX5_VHCA_PRIV_H

#include <linux/list.h>
#include <linux/mlx5/driver.h>
#include <linux/mlx5/vhca.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct mlx5_vhca_queue;
struct mlx5_vhca_track;

enum mlx5_vhca_link {
	/* Commands may not be posted yet: nobody would tell us that the PF goes */
	MLX5_VHCA_JOINING,
	/* The PF works: commands may be posted */
	MLX5_VHCA_ATTACHED,
	/* The PF still works, but only to destroy what exists */
	MLX5_VHCA_DETACHING,
	/* The PF must not be touched, nothing of ours is left there */
	MLX5_VHCA_DETACHED,
};

/**
 * struct mlx5_vhca_image_cmd - the one save or load that may be in flight
 * @turn: in mlx5_vhca_queue.waiting, until it is the command's turn
 * @work: posts the command, waits for it and calls @done
 * @refused: it is not the command's turn, nor will it be; protected by the queue
 * @idle: woken when @pending falls to 0, and when @posted does
 * @pending: commands whose callback has not returned yet. Changed under
 *	mlx5_vhca.lock. At most 2: the callback of one may start the next. While
 *	it is not 0 the link does not become DETACHED.
 * @posted: the firmware has the command. Changed under mlx5_vhca.lock, so that no
 *	other command of the VF that holds it begins meanwhile.
 * @in_flight: the members below belong to @work; protected by mlx5_vhca.lock
 * @buf: the buffer that is being filled or read; NULL for a save of nothing
 * @done: the client's callback
 * @priv: its argument
 * @flags: of a save: bits of enum mlx5_vhca_flag
 * @queued_ns: when it was told to wait for its turn
 * @in: SAVE_VHCA_STATE or LOAD_VHCA_STATE
 * @out: the firmware's answer
 */
struct mlx5_vhca_image_cmd {
	struct list_head turn;
	struct work_struct work;
	bool refused;
	wait_queue_head_t idle;
	unsigned int pending;
	bool posted;
	bool in_flight;
	struct mlx5_vhca_buf *buf;
	mlx5_vhca_done_fn done;
	void *priv;
	u32 flags;
	u64 queued_ns;
	u32 in[MLX5_ST_SZ_DW(save_vhca_state_in)];
	u32 out[MLX5_ST_SZ_DW(save_vhca_state_out)];
};

struct mlx5_vhca {
	struct pci_dev *vf;
	/* Shared with the PF's other VFs */
	struct mlx5_vhca_queue *queue;
	/* Valid while the link is not DETACHED, by the notifier's guarantee */
	struct mlx5_core_dev *mdev;
	const struct mlx5_vhca_client *client;
	void *priv;
	int vf_index;
	u32 caps;
	struct notifier_block nb;
	/* Registers @nb while the link is JOINING; @joined is woken when that is over */
	struct delayed_work join;
	unsigned int join_ms;
	wait_queue_head_t joined;
	struct mlx5_vhca_image_cmd image;

	/*
	 * One start, report or stop of the page tracker at a time. Taken before @lock;
	 * a report is told to its caller under it, and to nobody under @lock.
	 */
	struct mutex report_mutex;
	/* Written under both; what it is of use for without the PF belongs to the former */
	struct mlx5_vhca_track *track;
	/* Trackers that are over, protected by @lock; see vhca_kept.c */
	struct list_head kept;

	/*
	 * Protects all members below and the state of @image; held while a command of
	 * this VF runs. Innermost: nothing but mlx5_core's own locks is taken
	 * under it.
	 */
	struct mutex lock;
	enum mlx5_vhca_link link;
	struct mlx5_vhca_firmware firmware;
	/* The firmware may number anew whenever it enables the VF */
	bool vhca_id_known;
	u16 vhca_id;
	/* A save or load got no answer since the PF enabled the VF */
	bool owes_answer;
	/* Protection domain of all buffers, exists while @bufs is not empty */
	u32 pdn;
	/* A key in it was not destroyed, so that it cannot be either */
	bool pd_kept;
	struct list_head bufs;
	/* Those that the firmware may still use, although the PF went */
	struct list_head kept_bufs;
};

struct mlx5_vhca_buf {
	struct mlx5_vhca *vhca;
	struct list_head node;
	struct sg_table *sgt;
	enum dma_data_direction dir;
	u32 bytes;
	/* Cleared, under the lock, when the firmware and the PF forgot it */
	bool mapped;
	/* Under the lock: nobody knows when the firmware will have forgotten it */
	bool kept;
	/* Its owner was told that he cannot have the pages back yet */
	bool refused;
	u32 mkey;
};

/**
 * struct mlx5_vhca_trace - a migration command that has ended
 * @opcode: MLX5_CMD_OP_*
 * @side: of SUSPEND and RESUME: of enum mlx5_vhca_side, else 0
 * @flags: of QUERY and SAVE: of enum mlx5_vhca_flag, else 0
 * @bytes: of QUERY what it has answered, of SAVE and LOAD the image's
 * @err: 0 or a negative errno
 * @status: of the firmware, 0 without an answer
 * @syndrome: of the firmware, 0 without an answer
 * @ns: how long the firmware had it
 * @waited_ns: of SAVE and LOAD: how long it had waited for its turn
 */
struct mlx5_vhca_trace {
	u16 opcode;
	u32 side;
	u32 flags;
	u32 bytes;
	int err;
	u8 status;
	u32 syndrome;
	u64 ns;
	u64 waited_ns;
};

/* vhca_join.c */
int mlx5_vhca_join_module_init(void);
void mlx5_vhca_join_module_exit(void);
void mlx5_vhca_join_init(struct mlx5_vhca *vhca);
int mlx5_vhca_join(struct mlx5_vhca *vhca, struct mlx5_core_dev *mdev);
void mlx5_vhca_join_retry(struct mlx5_vhca *vhca);
int mlx5_vhca_join_wait(struct mlx5_vhca *vhca);
void mlx5_vhca_unjoin(struct mlx5_vhca *vhca);

/* vhca_queue.c */
int mlx5_vhca_queue_module_init(void);
void mlx5_vhca_queue_module_exit(void);
struct mlx5_vhca_queue *mlx5_vhca_queue_get(struct pci_dev *pf);
void mlx5_vhca_queue_put(struct mlx5_vhca_queue *queue);
void mlx5_vhca_queue_add(struct mlx5_vhca *vhca);
bool mlx5_vhca_queue_leave(struct mlx5_vhca *vhca);
void mlx5_vhca_queue_refuse(struct mlx5_vhca *vhca);
void mlx5_vhca_queue_done(struct mlx5_vhca *vhca, bool answered);
void mlx5_vhca_queue_renew(struct mlx5_vhca *vhca);

/* vhca_cmd.c */
int mlx5_vhca_enter(struct mlx5_vhca *vhca);
void mlx5_vhca_leave(struct mlx5_vhca *vhca);
int mlx5_vhca_core_errno(int err);

/* vhca_cmd.c: vhca->lock held */
int mlx5_vhca_check_flags(const struct mlx5_vhca *vhca, u32 flags, u32 known);
int mlx5_vhca_stale_errno(int err, u8 status, u32 flags);
int mlx5_vhca_fw_errno(struct mlx5_vhca *vhca, int err, const char *what, const void *out);
void mlx5_vhca_trace(struct mlx5_vhca *vhca, const void *out, struct mlx5_vhca_trace *trace);

/* vhca_cmd.c: the PF's interface lock held, or the VF known to be enabled */
int mlx5_vhca_learn_id(struct mlx5_vhca *vhca, struct mlx5_core_dev *mdev);
int mlx5_vhca_query_migratable(struct mlx5_core_dev *mdev, int vf_index, bool *migratable);

/* vhca_image.c */
void mlx5_vhca_image_init(struct mlx5_vhca *vhca);

/* vhca_buf.c: vhca->lock held */
bool mlx5_vhca_buf_unmap(struct mlx5_vhca_buf *buf);
void mlx5_vhca_buf_keep(struct mlx5_vhca_buf *buf);
void mlx5_vhca_bufs_renew(struct mlx5_vhca *vhca);

#endif /* MLX5_VHCA_PRIV_H */
