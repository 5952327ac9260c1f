/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Migration of a ConnectX virtual function through its physical function.
 *
 * A VHCA (virtual host channel adapter) is what the firmware calls one function
 * of the card. The commands that suspend, save and load a VF are posted on the
 * command queue of the PF and name the VF by its VHCA id, so their user needs
 * the PF's mlx5_core device, which may go away at any time. This API hides that:
 * it finds the PF, holds every firmware object itself, and gives all of them
 * back before the PF's driver goes on to disable the VF.
 *
 * Locking: the calls sleep and serialize themselves per VF. A caller may hold
 * locks of its own around them, with two rules: mlx5_vhca_open() and
 * mlx5_vhca_close() are never called with a lock that one of the callbacks
 * takes, and mlx5_vhca_image_stop() never with one that the callback of a save
 * or load takes. Lock order: mlx5_core's interface lock, its VF notifier, the
 * caller's locks, the lock in struct mlx5_vhca.
 *
 * Errors: -EIO is a command that the firmware refused or failed, -EBUSY one that
 * it refused because it is busy, -EOPNOTSUPP one that it does not know, -ENOMEM a
 * lack of memory here or there, -ENOTCONN a PF that went away or has not finished
 * making the VF, -ESTALE changes that are not tracked, or not any more, -ETIMEDOUT
 * no answer.
 *
 * Time: mlx5_core gives up on a command after 60 s. A call waits as long for each
 * command that it posts, and before that for what it may not overtake: another
 * call of the same VF, and a save or load where it says so. An answer that comes
 * later than that is not heard of. Commands that hand memory to the firmware are
 * different: see mlx5_vhca_buf_destroy().
 */

#ifndef LINUX_MLX5_VHCA_H
#define LINUX_MLX5_VHCA_H

#include <linux/bits.h>
#include <linux/dma-direction.h>
#include <linux/types.h>

struct mlx5_vhca;
struct mlx5_vhca_buf;
struct pci_dev;
struct sg_table;

/*
 * The size fields of SAVE_VHCA_STATE and LOAD_VHCA_STATE have 32 bits and a
 * buffer consists of whole pages, hence one page below 4 GiB at most.
 */
#define MLX5_VHCA_MAX_BUF_BYTES		(BIT_ULL(32) - PAGE_SIZE)

/**
 * enum mlx5_vhca_cap - what the firmware offers beyond one image per migration
 * @MLX5_VHCA_CAP_MULTI_LOAD: an image may be loaded in several pieces
 * @MLX5_VHCA_CAP_TRACKING: changes can be tracked, and saved by themselves
 * @MLX5_VHCA_CAP_CHUNKS: an image may be saved in pieces of the caller's size
 * @MLX5_VHCA_CAP_DIRTY_PAGES: the card can report the pages that a VF wrote to
 * @MLX5_VHCA_CAP_RESTART: a VF that is tracked and was set up anew is told from others
 */
enum mlx5_vhca_cap {
	MLX5_VHCA_CAP_MULTI_LOAD	= BIT(0),
	MLX5_VHCA_CAP_TRACKING		= BIT(1),
	MLX5_VHCA_CAP_CHUNKS		= BIT(2),
	MLX5_VHCA_CAP_DIRTY_PAGES	= BIT(3),
	MLX5_VHCA_CAP_RESTART		= BIT(4),
};

/**
 * enum mlx5_vhca_side - which half of a function is suspended or resumed
 * @MLX5_VHCA_INITIATOR: what the function starts itself: DMA, events, packets
 * @MLX5_VHCA_RESPONDER: what others start: access to its registers
 */
enum mlx5_vhca_side {
	MLX5_VHCA_INITIATOR		= BIT(0),
	MLX5_VHCA_RESPONDER		= BIT(1),
};

/**
 * enum mlx5_vhca_flag - modifiers of a size query and of a save
 * @MLX5_VHCA_INCREMENTAL: only what changed since the save before, or the next
 *	chunk; needs MLX5_VHCA_CAP_TRACKING or MLX5_VHCA_CAP_CHUNKS
 * @MLX5_VHCA_SET_TRACK: track changes from this save on; save only; needs
 *	MLX5_VHCA_CAP_TRACKING
 * @MLX5_VHCA_CHUNK: the image is saved in pieces: with it for each query of a VF
 *	that is saved so, and for each save of a piece; needs MLX5_VHCA_CAP_CHUNKS
 */
enum mlx5_vhca_flag {
	MLX5_VHCA_INCREMENTAL		= BIT(0),
	MLX5_VHCA_SET_TRACK		= BIT(1),
	MLX5_VHCA_CHUNK			= BIT(2),
};

/**
 * struct mlx5_vhca_client - what the user of a VHCA is told
 * @detach: The PF is about to disable the VF, or to go away itself. When it
 *	returns, the client must have stopped using its buffers; those that it
 *	did not destroy lose their memory key and DMA mapping right after, and
 *	every call but mlx5_vhca_buf_destroy() and mlx5_vhca_close() answers
 *	-ENOTCONN from the moment before @detach until @attach.
 * @attach: The PF is about to enable the VF again, which is as after a reset.
 *
 * Both run in process context with locks of mlx5_core held, and never at once.
 */
struct mlx5_vhca_client {
	void (*detach)(void *priv);
	void (*attach)(void *priv);
};

/**
 * struct mlx5_vhca_size - answer of mlx5_vhca_query_size()
 * @required_bytes: room that the next save needs
 * @total_bytes: room that all saves up to the end of the image need; the same
 *	as @required_bytes unless MLX5_VHCA_CHUNK was asked for
 * @restarted: the VF is tracked and was set up anew since the save before, so that
 *	hardly anything of what was saved is of use; never without
 *	MLX5_VHCA_CAP_RESTART
 */
struct mlx5_vhca_size {
	u32 required_bytes;
	u64 total_bytes;
	bool restarted;
};

/**
 * struct mlx5_vhca_result - how a save or a load ended
 * @err: 0 or a negative errno
 * @fw_status: status byte of the firmware (MLX5_CMD_STAT_*), 0 unless @err is
 *	made from it
 * @image_bytes: of a save: valid bytes from the start of the buffer
 * @next_bytes: of a save with MLX5_VHCA_CHUNK: room that the next piece needs, 0
 *	when the image is complete. Else 0: the field is reserved then, whatever the
 *	firmware has in it.
 */
struct mlx5_vhca_result {
	int err;
	u8 fw_status;
	u32 image_bytes;
	u32 next_bytes;
};

/**
 * typedef mlx5_vhca_done_fn - callback of a save or a load
 * @priv: what the caller passed
 * @result: how it ended; valid during the call only
 *
 * Runs in process context, once for each save or load that was started, unless
 * mlx5_vhca_image_stop() has called it off, and may start the next one.
 */
typedef void (*mlx5_vhca_done_fn)(void *priv, const struct mlx5_vhca_result *result);

/**
 * mlx5_vhca_open() - start to use the migration commands for a VF
 * @vf: the virtual function
 * @client: callbacks
 * @priv: argument of the callbacks
 *
 * The caller keeps @vf bound to its driver until mlx5_vhca_close(). Where the
 * firmware or the administrator does not allow the VF to migrate, the reason is
 * logged for @vf. That works while mlx5_core still makes VFs, too, from the probe of
 * @vf's driver that this has caused: a call that posts a command then waits until
 * the PF is ready, killably and for 10 s at most.
 *
 * Context: process context; takes locks of mlx5_core.
 * Return: the VHCA; ERR_PTR(-ENODEV) when @vf is no VF, or its PF has no working
 * mlx5_core driver; ERR_PTR(-EOPNOTSUPP) when it cannot migrate; or another
 * negative errno.
 */
struct mlx5_vhca *mlx5_vhca_open(struct pci_dev *vf,
				 const struct mlx5_vhca_client *client, void *priv);

/**
 * mlx5_vhca_close() - give up a VHCA
 * @vhca: from mlx5_vhca_open(); all its buffers must have been destroyed
 *
 * Ends a save or load in flight, as mlx5_vhca_image_stop().
 *
 * Context: process context; takes locks of mlx5_core.
 */
void mlx5_vhca_close(struct mlx5_vhca *vhca);

/**
 * mlx5_vhca_caps() - capabilities of the firmware
 * @vhca: the VHCA
 *
 * Return: bits of enum mlx5_vhca_cap, constant while the VHCA is open.
 */
u32 mlx5_vhca_caps(const struct mlx5_vhca *vhca);

/**
 * struct mlx5_vhca_firmware - version of a firmware, as it is written: 22.43.1014
 * @major: first number, which is that of the kind of card
 * @minor: second number
 * @subminor: third number
 */
struct mlx5_vhca_firmware {
	u16 major;
	u16 minor;
	u16 subminor;
};

/**
 * mlx5_vhca_firmware() - what firmware the PF has
 * @vhca: the VHCA
 * @firmware: its version as of when the PF enabled the VF last, or, before it has done that,
 *	of when the VHCA was opened
 *
 * Context: process context.
 */
void mlx5_vhca_firmware(struct mlx5_vhca *vhca, struct mlx5_vhca_firmware *firmware);

/**
 * mlx5_vhca_suspend() - stop one side of the VF
 * @vhca: the VHCA
 * @side: which side
 *
 * When it fails the VF runs as before; after -ETIMEDOUT nobody knows if it does.
 * Suspending twice is no error. Waits for a save or load that the firmware has; a
 * signal that kills the caller ends that wait.
 *
 * Context: process context.
 * Return: 0, -ENOTCONN when the PF went away, or another negative errno.
 */
int mlx5_vhca_suspend(struct mlx5_vhca *vhca, enum mlx5_vhca_side side);

/**
 * mlx5_vhca_resume() - let one side of the VF go on
 * @vhca: the VHCA
 * @side: which side
 *
 * All else as mlx5_vhca_suspend().
 *
 * Context: process context.
 * Return: 0, -ENOTCONN when the PF went away, or another negative errno.
 */
int mlx5_vhca_resume(struct mlx5_vhca *vhca, enum mlx5_vhca_side side);

/**
 * mlx5_vhca_query_size() - ask how much room an image needs
 * @vhca: the VHCA
 * @flags: MLX5_VHCA_INCREMENTAL, MLX5_VHCA_CHUNK
 * @size: the answer
 *
 * Works in any state of the VF. The answer holds for a suspended VF; that of a
 * running one is an estimate. Waits for a load that the firmware has, and with
 * MLX5_VHCA_INCREMENTAL for a save, too; a signal that kills the caller ends that.
 *
 * Context: process context.
 * Return: 0, -ENOTCONN when the PF went away, -EOPNOTSUPP when the firmware
 * lacks what @flags need, -ESTALE with MLX5_VHCA_INCREMENTAL for a VF whose changes
 * are not tracked, or another negative errno.
 */
int mlx5_vhca_query_size(struct mlx5_vhca *vhca, u32 flags, struct mlx5_vhca_size *size);

/**
 * mlx5_vhca_buf_create() - make pages accessible to the firmware
 * @vhca: the VHCA
 * @sgt: whole pages, not mapped for DMA; stays the caller's, who neither frees
 *	nor maps it before mlx5_vhca_buf_destroy()
 * @dir: DMA_FROM_DEVICE to save into it, DMA_TO_DEVICE to load from it
 *
 * Maps the pages for DMA by the PF and creates a memory key over them.
 *
 * Context: process context.
 * Return: the buffer; ERR_PTR(-ENOTCONN) when the PF went away,
 * ERR_PTR(-E2BIG) above MLX5_VHCA_MAX_BUF_BYTES, or another negative errno.
 */
struct mlx5_vhca_buf *mlx5_vhca_buf_create(struct mlx5_vhca *vhca, struct sg_table *sgt,
					   enum dma_data_direction dir);

/**
 * mlx5_vhca_buf_destroy() - undo mlx5_vhca_buf_create()
 * @buf: the buffer, not in use by a save or a load; NULL and ERR_PTR() are ignored
 *
 * A save or load that was never answered leaves @buf with the firmware, and so does
 * a memory key that cannot be destroyed: the card may write to the pages, or read
 * them, at any time from then on. Key and DMA mapping are then kept, and the pages must
 * be kept as well, until a later call says something else: the key may be destroyed
 * then, or the PF have come back from a reset. What is left at mlx5_vhca_close() stays
 * for good. That is logged, with its size. It cannot go on and on: after a command without
 * an answer the VF takes no other save or load before its PF was reloaded.
 *
 * Context: process context. Needed after a detach, too.
 * Return: true when the pages are the caller's again, and @buf is gone; false when they
 * must not be freed, nor the scatter list. It can be called again for @buf then.
 */
bool mlx5_vhca_buf_destroy(struct mlx5_vhca_buf *buf);

/**
 * mlx5_vhca_save() - start to save the VF's state
 * @vhca: the VHCA
 * @buf: where to; NULL only for a save that ends tracking and keeps nothing
 * @flags: MLX5_VHCA_INCREMENTAL, MLX5_VHCA_SET_TRACK, MLX5_VHCA_CHUNK
 * @done: called when it has ended, if 0 was returned
 * @priv: first argument of @done
 *
 * @buf belongs to the firmware until @done is called. The firmware of a PF has four
 * saves and loads at once, those of other VFs included; more of them wait for their
 * turn, in the order in which they were started.
 *
 * The result may be -EBUSY as well: so many commands of the PF had no answer that
 * nothing is posted any more before it was reloaded. It is -ESTALE when the firmware
 * does not save changes, or does not track them, because of the state that the VF is
 * in: an image of the whole state, without either flag, may be saved nevertheless.
 *
 * Context: process context.
 * Return: 0, -EBUSY while another save or load of this VF is in flight, or when one
 * got no answer since the PF enabled the VF,
 * -ENOTCONN when the PF went away, -EOPNOTSUPP when the firmware lacks what
 * @flags need, or another negative errno.
 */
int mlx5_vhca_save(struct mlx5_vhca *vhca, struct mlx5_vhca_buf *buf, u32 flags,
		   mlx5_vhca_done_fn done, void *priv);

/**
 * mlx5_vhca_load() - start to load an image, or a piece of it, into the VF
 * @vhca: the VHCA, both of its sides suspended
 * @buf: where from
 * @image_bytes: exact length of the image, from the start of @buf
 * @done: called when it has ended, if 0 was returned
 * @priv: first argument of @done
 *
 * The firmware decides whether the image is one for this VF, and refuses it
 * otherwise: -EINVAL in the result. A refusal is logged for the VF, at a limited
 * rate. Turns, @buf and -EBUSY as for mlx5_vhca_save().
 *
 * Context: process context.
 * Return: 0, -EBUSY, -ENOTCONN when the PF went away, or another negative errno.
 */
int mlx5_vhca_load(struct mlx5_vhca *vhca, struct mlx5_vhca_buf *buf, u32 image_bytes,
		   mlx5_vhca_done_fn done, void *priv);

/**
 * mlx5_vhca_image_stop() - end a save or load, if there is one
 * @vhca: the VHCA
 *
 * One that waits for its turn is called off, and its callback is never called. The
 * firmware cannot be told to stop, so one that it has is waited for, for 60 s at
 * most; this returns after the last callback has returned.
 *
 * Context: process context; not from the callback.
 */
void mlx5_vhca_image_stop(struct mlx5_vhca *vhca);

/**
 * struct mlx5_vhca_range - bus addresses of a VF
 * @start: the first
 * @bytes: how many
 */
struct mlx5_vhca_range {
	u64 start;
	u64 bytes;
};

/**
 * typedef mlx5_vhca_dirty_fn - told of pages that the VF wrote to
 * @priv: what the caller of the report passed
 * @start: bus address of the first page
 * @bytes: how many bytes, whole pages, follow each other
 *
 * Runs within the report, in process context, with no lock held but one that keeps
 * reports of the same VF apart. Pages may be outside of what was asked for.
 *
 * Return: 0, or a negative errno that ends the report: what was not told is lost then.
 */
typedef int (*mlx5_vhca_dirty_fn)(void *priv, u64 start, u64 bytes);

/**
 * mlx5_vhca_track_start() - have the card remember which pages the VF writes to
 * @vhca: the VHCA
 * @ranges: whole pages, in any order; the last page of 64 bits is not among them
 * @nr_ranges: how many ranges; more than the card takes are put together, and cover what
 *	lies between them then
 * @page_bytes: size of the pages to be told of, a power of two
 *
 * From its return on every write of the VF to memory in the ranges is in a report, until
 * the tracker breaks: with the first report that fails, with a reset of the VF, and when
 * the PF goes away. It is started anew after mlx5_vhca_track_stop().
 *
 * Context: process context.
 * Return: 0; -EBUSY when it was started before; -EOPNOTSUPP when the card tracks no pages,
 * or not of that size; -E2BIG when the ranges are larger than what it can track; -EINVAL
 * when they are no ranges; -ENOTCONN when the PF went away; or another negative errno.
 */
int mlx5_vhca_track_start(struct mlx5_vhca *vhca, const struct mlx5_vhca_range *ranges,
			  unsigned int nr_ranges, u64 page_bytes);

/**
 * mlx5_vhca_track_report() - tell of the pages that were written to since they were told last
 * @vhca: the VHCA
 * @start: bus address of the first page that is asked for
 * @bytes: how many bytes, whole pages, within one of the ranges
 * @dirty: called for each run of pages
 * @priv: its first argument
 *
 * A page that is written to while the report is on its way is in it or in the next one. A
 * card that is silent is waited for, for 5 s after each message.
 *
 * Context: process context; never from @dirty.
 * Return: 0; -ENOENT when no tracker was started; -EINVAL when the pages are not tracked;
 * any other negative errno when the tracker broke, before or just now: what the VF wrote is
 * not known then.
 */
int mlx5_vhca_track_report(struct mlx5_vhca *vhca, u64 start, u64 bytes,
			   mlx5_vhca_dirty_fn dirty, void *priv);

/**
 * mlx5_vhca_track_report_all() - the same for all that is tracked
 * @vhca: the VHCA
 * @dirty: called for each run of pages
 * @priv: its first argument
 *
 * Context: as mlx5_vhca_track_report().
 * Return: as mlx5_vhca_track_report().
 */
int mlx5_vhca_track_report_all(struct mlx5_vhca *vhca, mlx5_vhca_dirty_fn dirty, void *priv);

/**
 * mlx5_vhca_track_stop() - end what mlx5_vhca_track_start() began
 * @vhca: the VHCA, with a tracker or without
 *
 * Waits for a report on its way.
 *
 * Context: process context; never from the callback of a report.
 */
void mlx5_vhca_track_stop(struct mlx5_vhca *vhca);

#endif /* LINUX_MLX5_VHCA_H */
