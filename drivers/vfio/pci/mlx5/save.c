// SPDX-License-Identifier: GPL-2.0-only
/*
 * Saving: which SAVE_VHCA_STATE each pass of a session is.
 *
 *	VF	pass	size asked for	SAVE	first image	images after it
 *	stopped	the one	whole		-			-
 *	running	first	whole		set_track		-
 *	running	changes	incremental	incremental, set_track	-
 *	stopped	final	incremental	incremental		-
 *	stopped	final	whole		-			-
 *
 * Firmware that saves in pieces is asked for them wherever it can be: the sizes are then
 * those of the next piece and of all that are left, and each piece of a stopped VF but the
 * first is an incremental SAVE without set_track, of as much as the one before has said. A
 * piece of a running VF is an image: what is left of the state is a change by the next size.
 *
 * The last line is that of a session whose changes are not tracked, or not any more: the
 * firmware refuses a SAVE with set_track, or an incremental one, for reasons of its own,
 * and the destination then gets the whole state once more.
 *
 * All but the callback of a save runs under the library's state mutex. No image is in
 * flight while any of it looks at what the callback writes, but for in_flight itself.
 */

#include <linux/align.h>
#include <linux/completion.h>
#include <linux/minmax.h>
#include <linux/sizes.h>

#include "mlx5vf.h"

/*
 * How much more than its size a VF that runs may need until it is saved: a share of
 * it, and what its driver can make in the meantime.
 */
#define MLX5VF_GROWTH_SHARE	10
#define MLX5VF_GROWTH_BYTES	SZ_64K

/*
 * Large enough that a command is little of the time that its piece takes, small enough that
 * the buffers which the library has under way, three of them, are no burden.
 */
#define MLX5VF_PIECE_BYTES	SZ_8M

static size_t mlx5vf_grown(size_t bytes)
{
	u64 grown = (u64)bytes + bytes / MLX5VF_GROWTH_SHARE + MLX5VF_GROWTH_BYTES;

	return min_t(u64, PAGE_ALIGN(grown), MLX5_VHCA_MAX_BUF_BYTES);
}

/*
 * In pieces where that is offered, and where such firmware would load them, one by one; said
 * each time, as the firmware keeps to what it heard last
 */
static u32 mlx5vf_pieces(const struct mlx5vf_device *mvdev)
{
	u32 needed = MLX5_VHCA_CAP_CHUNKS | MLX5_VHCA_CAP_MULTI_LOAD;

	return (mlx5_vhca_caps(mvdev->vhca) & needed) == needed ? MLX5_VHCA_CHUNK : 0;
}

/* Room for the next SAVE of a stopped VF: the firmware may want less than is good for speed */
static size_t mlx5vf_room(const struct mlx5_vhca_size *size)
{
	return max_t(u64, size->required_bytes, min_t(u64, size->total_bytes, MLX5VF_PIECE_BYTES));
}

/* The size of the whole state, which is never nothing: a VF has at least its registers */
static int mlx5vf_query_whole(struct mlx5vf_device *mvdev, struct mlx5_vhca_size *size)
{
	int ret;

	ret = mlx5_vhca_query_size(mvdev->vhca, mlx5vf_pieces(mvdev), size);
	if (ret)
		return ret;
	if (!size->required_bytes)
		return -EIO;
	return size->required_bytes > MLX5_VHCA_MAX_BUF_BYTES ? -E2BIG : 0;
}

/* -ESTALE is remembered, as there is no other answer after it */
static int mlx5vf_query_changes(struct mlx5vf_device *mvdev, struct mlx5_vhca_size *size)
{
	int ret;

	if (mvdev->save.lost)
		return -ESTALE;

	ret = mlx5_vhca_query_size(mvdev->vhca, MLX5_VHCA_INCREMENTAL | mlx5vf_pieces(mvdev),
				   size);
	if (ret == -ESTALE)
		mvdev->save.lost = true;
	if (ret)
		return ret;
	return size->required_bytes > MLX5_VHCA_MAX_BUF_BYTES ? -E2BIG : 0;
}

/**
 * mlx5vf_bytes_left() - &vfio_pci_variant_mig_ops.bytes_left
 * @variant: the VF
 * @bytes: the estimate
 *
 * The firmware is not asked for changes during a save, which it could fail, nor made to be
 * waited for: the whole state is more than they are.
 *
 * Return: 0 or a negative errno.
 */
int mlx5vf_bytes_left(struct vfio_pci_variant *variant, u64 *bytes)
{
	struct mlx5vf_device *mvdev = mlx5vf_from_variant(variant);
	struct mlx5vf_save *save = &mvdev->save;
	struct mlx5_vhca_size size = { .total_bytes = save->final_bytes };
	int ret = 0;

	if (!save->final_bytes) {
		ret = -ESTALE;
		/* Pairs with the release in mlx5vf_saved() */
		if (save->running && !smp_load_acquire(&save->in_flight))
			ret = mlx5vf_query_changes(mvdev, &size);
		if (ret == -ESTALE)
			ret = mlx5_vhca_query_size(mvdev->vhca, mlx5vf_pieces(mvdev), &size);
	}
	/* What precedes the images, a whole piece, and one that is not; and what follows them */
	*bytes = size.total_bytes + MLX5VF_STREAM_RECORD_MAX_BYTES + MLX5VF_STREAM_END_BYTES +
		 (size.total_bytes / MLX5VF_PIECE_BYTES + 2) * sizeof(struct mlx5vf_stream_header);
	return ret;
}

/**
 * mlx5vf_save_needs() - what the stream that begins needs of its destination
 * @mvdev: the VF, for which a save session has begun
 *
 * A piece of an image is loaded as an image, so nobody needs to save in pieces itself.
 *
 * Return: MLX5VF_STREAM_NEEDS_*
 */
u32 mlx5vf_save_needs(const struct mlx5vf_device *mvdev)
{
	return mvdev->save.flags ? MLX5VF_STREAM_NEEDS_MANY_IMAGES : 0;
}

/**
 * mlx5vf_save_start() - &vfio_pci_variant_mig_ops.save_start
 * @variant: the VF
 * @kind: stopped or running
 * @pass: the first pass
 *
 * Return: 0 or a negative errno.
 */
int mlx5vf_save_start(struct vfio_pci_variant *variant, enum vfio_pci_variant_save_kind kind,
		      struct vfio_pci_variant_pass *pass)
{
	struct mlx5vf_device *mvdev = mlx5vf_from_variant(variant);
	struct mlx5vf_save *save = &mvdev->save;
	struct mlx5_vhca_size size;
	int ret;

	ret = mlx5vf_query_whole(mvdev, &size);
	if (ret)
		return ret;

	memset(save, 0, sizeof(*save));
	save->whole = true;
	save->flags = mlx5vf_pieces(mvdev);
	pass->first_bytes = mlx5vf_room(&size);
	pass->total_bytes = size.total_bytes;
	if (kind == VFIO_PCI_VARIANT_SAVE_STOPPED)
		return 0;

	save->running = true;
	save->flags |= MLX5_VHCA_SET_TRACK;
	/* The buffer does for the final pass, too, be it the whole state */
	pass->first_bytes = mlx5vf_grown(pass->first_bytes);
	pass->reserve_bytes = pass->first_bytes;
	return 0;
}

/**
 * mlx5vf_save_changes() - &vfio_pci_variant_mig_ops.save_changes
 * @variant: the VF
 * @pass: a pass that began now
 *
 * Return: 0, -ESTALE when changes are not tracked, or another negative errno.
 */
int mlx5vf_save_changes(struct vfio_pci_variant *variant, struct vfio_pci_variant_pass *pass)
{
	struct mlx5vf_device *mvdev = mlx5vf_from_variant(variant);
	struct mlx5vf_save *save = &mvdev->save;
	struct mlx5_vhca_size size;
	int ret;

	ret = mlx5vf_query_changes(mvdev, &size);
	if (ret || !size.required_bytes)
		return ret;

	save->whole = false;
	save->flags = MLX5_VHCA_INCREMENTAL | MLX5_VHCA_SET_TRACK | mlx5vf_pieces(mvdev);
	pass->first_bytes = mlx5vf_grown(size.required_bytes);
	pass->total_bytes = size.total_bytes;
	pass->is_initial = size.restarted;
	return 0;
}

/**
 * mlx5vf_save_final() - &vfio_pci_variant_mig_ops.save_final
 * @variant: the VF, frozen
 * @pass: the final pass
 *
 * Return: 0 or a negative errno.
 */
int mlx5vf_save_final(struct vfio_pci_variant *variant, struct vfio_pci_variant_pass *pass)
{
	struct mlx5vf_device *mvdev = mlx5vf_from_variant(variant);
	struct mlx5vf_save *save = &mvdev->save;
	struct mlx5_vhca_size size;
	int ret;

	ret = mlx5vf_query_changes(mvdev, &size);
	save->whole = ret == -ESTALE;
	if (save->whole)
		ret = mlx5vf_query_whole(mvdev, &size);
	if (ret)
		return ret;

	save->flags = mlx5vf_pieces(mvdev) | (save->whole ? 0 : MLX5_VHCA_INCREMENTAL);
	save->final_bytes = size.total_bytes;
	/* Saved even if it is nothing: it is this SAVE that ends the tracking */
	pass->first_bytes = max_t(size_t, mlx5vf_room(&size), PAGE_SIZE);
	pass->total_bytes = size.total_bytes;
	return 0;
}

static int mlx5vf_saved_errno(struct mlx5vf_save *save, const struct mlx5_vhca_result *result)
{
	if (result->next_bytes > MLX5_VHCA_MAX_BUF_BYTES)
		return -E2BIG;
	/*
	 * With room for all of it, nothing would be a load of nothing on the destination; and a
	 * piece of nothing could be followed by another one for ever.
	 */
	if (!result->err && !result->image_bytes && (save->whole || result->next_bytes))
		return -EIO;
	if (result->err != -ESTALE)
		return result->err;
	/* The whole state is all that could be saved instead */
	if (save->whole && !(save->flags & MLX5_VHCA_SET_TRACK))
		return -EIO;
	save->lost = true;
	return -ESTALE;
}

/* Room for the piece that follows, 0 for none */
static size_t mlx5vf_more_bytes(struct mlx5vf_save *save, const struct mlx5_vhca_result *result)
{
	if (save->flags & MLX5_VHCA_SET_TRACK || !result->next_bytes)
		return 0;

	save->flags |= MLX5_VHCA_INCREMENTAL;
	return result->next_bytes;
}

static void mlx5vf_saved(void *priv, const struct mlx5_vhca_result *result)
{
	struct mlx5vf_device *mvdev = priv;
	struct mlx5vf_save *save = &mvdev->save;
	struct vfio_pci_variant_buf *buf = save->in_flight;
	int err = mlx5vf_saved_errno(save, result);
	/* One that cannot be tracked may be tracked nevertheless: the firmware is told the end */
	bool tracked = save->flags & MLX5_VHCA_SET_TRACK && (!err || err == -ESTALE);
	size_t more_bytes = err ? 0 : mlx5vf_more_bytes(save, result);

	save->tracked |= tracked;
	/* Who finds none in flight reads what was written above: pairs with mlx5vf_bytes_left() */
	smp_store_release(&save->in_flight, NULL);
	vfio_pci_variant_save_done(buf, err, err ? 0 : result->image_bytes, more_bytes);
}

/**
 * mlx5vf_save_image() - &vfio_pci_variant_mig_ops.save_image
 * @variant: the VF
 * @buf: where to
 *
 * Return: 0 or a negative errno.
 */
int mlx5vf_save_image(struct vfio_pci_variant *variant, struct vfio_pci_variant_buf *buf)
{
	struct mlx5vf_device *mvdev = mlx5vf_from_variant(variant);
	struct mlx5vf_save *save = &mvdev->save;
	int ret;

	ret = mlx5vf_map_buf(mvdev, buf);
	if (ret)
		return ret;

	WRITE_ONCE(save->in_flight, buf);
	ret = mlx5_vhca_save(mvdev->vhca, buf->priv, save->flags, mlx5vf_saved, mvdev);
	if (ret) {
		WRITE_ONCE(save->in_flight, NULL);
		return ret;
	}
	if (!save->room || save->room->capacity_bytes < buf->capacity_bytes)
		save->room = buf;
	return 0;
}

struct mlx5vf_untracked {
	struct completion done;
	int err;
};

static void mlx5vf_untracked(void *priv, const struct mlx5_vhca_result *result)
{
	struct mlx5vf_untracked *untracked = priv;

	untracked->err = result->err;
	complete(&untracked->done);
}

/*
 * Tells the firmware that the VF runs on and nobody wants to know its changes: a SAVE with
 * no flag, of which nothing is kept. Upstream's driver gives it room for an increment,
 * hence so do we. A VF that is not tracked, because it was reset, is left alone.
 */
static void mlx5vf_untrack(struct mlx5vf_device *mvdev)
{
	struct mlx5vf_save *save = &mvdev->save;
	struct mlx5vf_untracked untracked;
	struct mlx5_vhca_size size;
	int ret = 0;

	if (!save->lost)
		ret = mlx5vf_query_changes(mvdev, &size);
	if (ret == -ESTALE || ret == -ENOTCONN)
		return;

	init_completion(&untracked.done);
	ret = mlx5_vhca_save(mvdev->vhca, save->room ? save->room->priv : NULL, 0,
			     mlx5vf_untracked, &untracked);
	if (!ret) {
		/* Bounded by the time that commands have, its own and those before its turn */
		wait_for_completion(&untracked.done);
		ret = untracked.err;
	}
	if (ret && ret != -ENOTCONN)
		dev_warn_ratelimited(&mvdev->variant.core.pdev->dev,
				     "the firmware may still track changes that nobody wants: %pe\n",
				     ERR_PTR(ret));
}

/**
 * mlx5vf_save_stop() - &vfio_pci_variant_mig_ops.save_stop
 * @variant: the VF
 * @complete: the stream has come to its end
 */
void mlx5vf_save_stop(struct vfio_pci_variant *variant, bool complete)
{
	struct mlx5vf_device *mvdev = mlx5vf_from_variant(variant);

	/* One that the firmware has cannot be told to stop, only waited for */
	mlx5_vhca_image_stop(mvdev->vhca);
	/* Of a VF that is frozen on both sides a SAVE would be the final one, not the end of all */
	if (mvdev->save.tracked && !complete && mvdev->frozen != VFIO_PCI_VARIANT_BOTH_SIDES)
		mlx5vf_untrack(mvdev);
	memset(&mvdev->save, 0, sizeof(mvdev->save));
}
