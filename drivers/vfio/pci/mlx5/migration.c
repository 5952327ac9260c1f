// SPDX-License-Identifier: GPL-2.0-only
/*
 * What vfio_pci_variant asks of a device, done with mlx5_vhca: all but saving (save.c).
 *
 * Everything here but the callbacks of a save or load runs under the library's
 * state mutex, one call at a time.
 */

#include <linux/delay.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "mlx5vf.h"

/*
 * Suspending and resuming are idempotent, so a firmware that says it is busy is
 * asked again. Any other refusal fails the arc: the VF stays in the state it was
 * in. (QEMU 10 answers that with a reset of the VF, under the running guest.)
 */
#define MLX5VF_BUSY_TRIES	3
#define MLX5VF_BUSY_PAUSE_MS	10

static int mlx5vf_try(struct mlx5vf_device *mvdev, enum mlx5_vhca_side side,
		      int (*command)(struct mlx5_vhca *vhca, enum mlx5_vhca_side side))
{
	int tries = 0;
	int ret;

	for (;;) {
		ret = command(mvdev->vhca, side);
		if (ret != -EBUSY || ++tries == MLX5VF_BUSY_TRIES)
			return ret;
		msleep(MLX5VF_BUSY_PAUSE_MS);
	}
}

/* Sides are frozen in an order, and let go in the opposite one */
struct mlx5vf_turn {
	int (*command)(struct mlx5_vhca *vhca, enum mlx5_vhca_side side);
	int (*undo)(struct mlx5_vhca *vhca, enum mlx5_vhca_side side);
	enum mlx5_vhca_side order[2];
};

/* The library's names of the sides are passed on as they are */
static_assert((int)MLX5_VHCA_INITIATOR == (int)VFIO_PCI_VARIANT_INITIATOR);
static_assert((int)MLX5_VHCA_RESPONDER == (int)VFIO_PCI_VARIANT_RESPONDER);

static int mlx5vf_turn_back(struct mlx5vf_device *mvdev, unsigned int sides,
			    const struct mlx5vf_turn *turn)
{
	int i, ret = 0;

	for (i = ARRAY_SIZE(turn->order) - 1; i >= 0 && !ret; i--) {
		if (sides & turn->order[i])
			ret = mlx5vf_try(mvdev, turn->order[i], turn->undo);
	}
	return ret;
}

/*
 * All of @sides or none. A command without an answer may have been carried out, so that
 * one is taken back, too; when that cannot be, nobody knows what the function does.
 */
static int mlx5vf_turn(struct vfio_pci_variant *variant, unsigned int sides,
		       const struct mlx5vf_turn *turn)
{
	struct mlx5vf_device *mvdev = mlx5vf_from_variant(variant);
	unsigned int i, done = 0;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(turn->order) && !ret; i++) {
		if (!(sides & turn->order[i]))
			continue;
		ret = mlx5vf_try(mvdev, turn->order[i], turn->command);
		if (!ret || ret == -ETIMEDOUT)
			done |= turn->order[i];
	}
	if (ret && mlx5vf_turn_back(mvdev, done, turn))
		return -ENOTRECOVERABLE;
	return ret;
}

static int mlx5vf_freeze(struct vfio_pci_variant *variant, unsigned int sides)
{
	static const struct mlx5vf_turn freeze = {
		.command = mlx5_vhca_suspend,
		.undo = mlx5_vhca_resume,
		.order = { MLX5_VHCA_INITIATOR, MLX5_VHCA_RESPONDER },
	};

	struct mlx5vf_device *mvdev = mlx5vf_from_variant(variant);
	int ret;

	ret = mlx5vf_turn(variant, sides, &freeze);
	if (!ret)
		mvdev->frozen |= sides;
	return ret;
}

static int mlx5vf_unfreeze(struct vfio_pci_variant *variant, unsigned int sides)
{
	static const struct mlx5vf_turn unfreeze = {
		.command = mlx5_vhca_resume,
		.undo = mlx5_vhca_suspend,
		.order = { MLX5_VHCA_RESPONDER, MLX5_VHCA_INITIATOR },
	};
	struct mlx5vf_device *mvdev = mlx5vf_from_variant(variant);
	int ret;

	ret = mlx5vf_turn(variant, sides, &unfreeze);
	if (!ret) {
		mvdev->frozen &= ~sides;
		mvdev->save.final_bytes = 0;
		mvdev->ran = mvdev->loaded;
	}
	return ret;
}

/* The function was reset, so that it runs, and an image can be loaded into it */
void mlx5vf_forget_state(struct mlx5vf_device *mvdev)
{
	mvdev->frozen = 0;
	mvdev->loaded = false;
	mvdev->ran = false;
}

static void mlx5vf_loaded(void *priv, const struct mlx5_vhca_result *result)
{
	struct mlx5vf_device *mvdev = priv;

	if (result->fw_status)
		mlx5vf_explain_load(mvdev);
	vfio_pci_variant_load_done(mvdev->loading, result->err);
}

/*
 * The first image tells the firmware. It takes none into a function that its driver has
 * set up, and one that was loaded and has run is such: better told before the image was
 * sent. Several images of one stream (MLX5_VHCA_CAP_MULTI_LOAD) are another matter.
 */
static int mlx5vf_load_start(struct vfio_pci_variant *variant)
{
	if (!mlx5vf_from_variant(variant)->ran)
		return 0;

	dev_warn_ratelimited(&variant->core.pdev->dev,
			     "has run since a state was loaded into it: it needs a reset (VFIO_DEVICE_RESET) before the next one\n");
	return -EBUSY;
}

static int mlx5vf_load_image(struct vfio_pci_variant *variant, struct vfio_pci_variant_buf *buf)
{
	struct mlx5vf_device *mvdev = mlx5vf_from_variant(variant);
	int ret;

	ret = mlx5vf_map_buf(mvdev, buf);
	if (ret)
		return ret;
	mvdev->loading = buf;
	ret = mlx5_vhca_load(mvdev->vhca, buf->priv, buf->used_bytes, mlx5vf_loaded, mvdev);
	if (!ret)
		mvdev->loaded = true;
	return ret;
}

/* One that the firmware has cannot be told to stop, only waited for */
static void mlx5vf_load_stop(struct vfio_pci_variant *variant)
{
	mlx5_vhca_image_stop(mlx5vf_from_variant(variant)->vhca);
}

/* The firmware undoes a suspend itself, but for one that it was told of after the reset */
static int mlx5vf_reset_done(struct vfio_pci_variant *variant, bool raced)
{
	mlx5vf_forget_state(mlx5vf_from_variant(variant));
	return raced ? mlx5vf_unfreeze(variant, VFIO_PCI_VARIANT_BOTH_SIDES) : 0;
}

static int mlx5vf_track_start(struct vfio_pci_variant *variant,
			      const struct vfio_pci_variant_range *ranges,
			      unsigned int nr_ranges, u64 page_bytes)
{
	struct mlx5_vhca_range *vhca_ranges;
	unsigned int i;
	int ret;

	vhca_ranges = kvmalloc_array(nr_ranges, sizeof(*vhca_ranges), GFP_KERNEL_ACCOUNT);
	if (!vhca_ranges)
		return -ENOMEM;
	for (i = 0; i < nr_ranges; i++) {
		vhca_ranges[i].start = ranges[i].start;
		vhca_ranges[i].bytes = ranges[i].bytes;
	}
	ret = mlx5_vhca_track_start(mlx5vf_from_variant(variant)->vhca, vhca_ranges, nr_ranges,
				    page_bytes);
	kvfree(vhca_ranges);
	return ret;
}

static int mlx5vf_track_report(struct vfio_pci_variant *variant, u64 start, u64 bytes,
			       vfio_pci_variant_dirty_fn dirty, void *priv)
{
	return mlx5_vhca_track_report(mlx5vf_from_variant(variant)->vhca, start, bytes, dirty,
				      priv);
}

static void mlx5vf_track_stop(struct vfio_pci_variant *variant)
{
	mlx5_vhca_track_stop(mlx5vf_from_variant(variant)->vhca);
}

const struct vfio_pci_variant_mig_ops mlx5vf_mig_ops = {
	.freeze = mlx5vf_freeze,
	.unfreeze = mlx5vf_unfreeze,
	.save_start = mlx5vf_save_start,
	.save_image = mlx5vf_save_image,
	.save_changes = mlx5vf_save_changes,
	.save_final = mlx5vf_save_final,
	.save_stop = mlx5vf_save_stop,
	.load_start = mlx5vf_load_start,
	.load_image = mlx5vf_load_image,
	.load_stop = mlx5vf_load_stop,
	.prepare_buf = mlx5vf_prepare_buf,
	.buf_release = mlx5vf_buf_release,
	.bytes_left = mlx5vf_bytes_left,
	.track_start = mlx5vf_track_start,
	.track_report = mlx5vf_track_report,
	.track_stop = mlx5vf_track_stop,
	.reset_done = mlx5vf_reset_done,
};

static size_t mlx5vf_save_prologue(struct vfio_pci_variant *variant, size_t first_bytes, u8 *out)
{
	struct mlx5vf_device *mvdev = mlx5vf_from_variant(variant);
	struct mlx5vf_stream_device source;

	mlx5vf_describe(mvdev, &source);
	source.needs = mlx5vf_save_needs(mvdev);
	return mlx5vf_stream_write_prologue(out, &source, first_bytes);
}

static size_t mlx5vf_save_record(struct vfio_pci_variant *variant, size_t image_bytes, u8 *out)
{
	struct mlx5vf_device *mvdev = mlx5vf_from_variant(variant);

	/* The guest is stopped when the destination has what was saved before */
	return mlx5vf_stream_write_image_header(out, image_bytes,
						mvdev->save.flags & MLX5_VHCA_SET_TRACK);
}

static size_t mlx5vf_save_epilogue(struct vfio_pci_variant *variant, u64 images_bytes, u8 *out)
{
	return mlx5vf_stream_write_end(out, images_bytes);
}

static void mlx5vf_stream_load_start(struct vfio_pci_variant *variant)
{
	struct mlx5vf_device *mvdev = mlx5vf_from_variant(variant);
	struct mlx5vf_stream_device device;

	mlx5vf_describe(mvdev, &device);
	mlx5vf_stream_start(&mvdev->stream, MLX5_VHCA_MAX_BUF_BYTES, &device);
}

/* As are the stream's names of its pieces */
static_assert((int)MLX5VF_STREAM_RECORD == (int)VFIO_PCI_VARIANT_PIECE_RECORD);
static_assert((int)MLX5VF_STREAM_SKIP == (int)VFIO_PCI_VARIANT_PIECE_SKIP);
static_assert((int)MLX5VF_STREAM_IMAGE == (int)VFIO_PCI_VARIANT_PIECE_IMAGE);

static int mlx5vf_stream_load_next(struct vfio_pci_variant *variant, const u8 *record,
				   size_t record_bytes, struct vfio_pci_variant_want *want)
{
	struct mlx5vf_device *mvdev = mlx5vf_from_variant(variant);
	enum mlx5vf_stream_piece piece;
	int ret;

	ret = mlx5vf_stream_next(&mvdev->stream, record, record_bytes, &piece, &want->bytes);
	if (ret) {
		mlx5vf_explain_refusal(mvdev, ret);
		return ret;
	}
	want->piece = (enum vfio_pci_variant_piece)piece;
	want->reserve_bytes = mlx5vf_stream_reserve_bytes(&mvdev->stream);
	want->waits = mlx5vf_stream_waits(&mvdev->stream);
	return 0;
}

static int mlx5vf_stream_load_end(struct vfio_pci_variant *variant, u64 rest_bytes)
{
	return mlx5vf_stream_end(&mlx5vf_from_variant(variant)->stream, rest_bytes);
}

const struct vfio_pci_variant_stream_ops mlx5vf_stream_ops = {
	.save_prologue = mlx5vf_save_prologue,
	.save_record = mlx5vf_save_record,
	.save_epilogue = mlx5vf_save_epilogue,
	.load_start = mlx5vf_stream_load_start,
	.load_next = mlx5vf_stream_load_next,
	.load_end = mlx5vf_stream_load_end,
};

static_assert(MLX5VF_STREAM_RECORD_MAX_BYTES <= VFIO_PCI_VARIANT_RECORD_MAX_BYTES);
