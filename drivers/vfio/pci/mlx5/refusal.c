// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a VF is, for its streams, and why a stream is none for it.
 *
 * Users can have streams refused as often as they like, so the log is limited in rate.
 */

#include <linux/log2.h>
#include <linux/pci.h>

#include "mlx5vf.h"

/* Where a VF has its registers, all that it has of them */
#define MLX5VF_BAR	0

/* VFs of one kind have the same ids on all cards, so those of the PF */
static u32 mlx5vf_card(const struct pci_dev *vf)
{
	struct pci_dev *pf = pci_physfn((struct pci_dev *)vf);

	return (u32)pf->vendor << 16 | pf->device;
}

static u32 mlx5vf_can_load(const struct mlx5vf_device *mvdev)
{
	return mlx5_vhca_caps(mvdev->vhca) & MLX5_VHCA_CAP_MULTI_LOAD ?
	       MLX5VF_STREAM_NEEDS_MANY_IMAGES : 0;
}

/**
 * mlx5vf_describe() - what a VF is, as far as it can be told before a load
 * @mvdev: the VF
 * @device: the description, as of a destination
 */
void mlx5vf_describe(struct mlx5vf_device *mvdev, struct mlx5vf_stream_device *device)
{
	struct pci_dev *vf = mvdev->variant.core.pdev;
	u64 bar_bytes = pci_resource_len(vf, MLX5VF_BAR);
	struct mlx5_vhca_firmware firmware;
	int vectors = pci_msix_vec_count(vf);

	mlx5_vhca_firmware(mvdev->vhca, &firmware);
	*device = (struct mlx5vf_stream_device) {
		.card = mlx5vf_card(vf),
		.needs = mlx5vf_can_load(mvdev),
		.vectors = max(vectors, 0),
		.firmware = { firmware.major, firmware.minor, firmware.subminor },
		.bar_log_bytes = bar_bytes ? ilog2(bar_bytes) : 0,
	};
}

#define MLX5VF_REFUSED "migration stream refused: "

/**
 * mlx5vf_explain_refusal() - say in the log why a stream was refused
 * @mvdev: the VF, with the stream
 * @err: what the reader of the stream has returned
 */
void mlx5vf_explain_refusal(struct mlx5vf_device *mvdev, int err)
{
	const struct mlx5vf_stream_device *source = &mvdev->stream.source;
	const struct mlx5vf_stream_device *device = &mvdev->stream.device;
	struct device *dev = &mvdev->variant.core.pdev->dev;

	switch (mvdev->stream.misfit) {
	case MLX5VF_STREAM_FITS:
		dev_warn_ratelimited(dev, MLX5VF_REFUSED "damaged, or not one of this driver's: %pe\n",
				     ERR_PTR(err));
		break;
	case MLX5VF_STREAM_OTHER_CARD:
		dev_warn_ratelimited(dev, MLX5VF_REFUSED "of a card %04x:%04x, this one is a %04x:%04x\n",
				     source->card >> 16, source->card & 0xffff,
				     device->card >> 16, device->card & 0xffff);
		break;
	case MLX5VF_STREAM_OTHER_BAR:
		dev_warn_ratelimited(dev, MLX5VF_REFUSED "of a VF with %llu bytes of registers, this one has %llu\n",
				     1ULL << (source->bar_log_bytes & 63),
				     1ULL << (device->bar_log_bytes & 63));
		break;
	case MLX5VF_STREAM_FEW_VECTORS:
		dev_warn_ratelimited(dev, MLX5VF_REFUSED "of a VF with %u MSI-X vectors, this one has %u (sriov_vf_msix_count)\n",
				     source->vectors, device->vectors);
		break;
	case MLX5VF_STREAM_MANY_IMAGES:
		dev_warn_ratelimited(dev, MLX5VF_REFUSED "it has several images, of which this firmware loads one (no migration_multi_load)\n");
		break;
	case MLX5VF_STREAM_OTHER_NEEDS:
	case MLX5VF_STREAM_OTHER_RECORD:
		dev_warn_ratelimited(dev, MLX5VF_REFUSED "the source's driver is newer, or another one: it needs what this one does not know\n");
		break;
	}
}

/**
 * mlx5vf_explain_load() - say in the log what may be the reason that the firmware refused
 * @mvdev: the VF, with the stream
 *
 * Versions are compared by nobody but people: the firmware knows best what it takes. Called
 * from the end of a load, while the stream's parser may be at work behind its SOURCE.
 */
void mlx5vf_explain_load(struct mlx5vf_device *mvdev)
{
	const u16 *source = mvdev->stream.source.firmware;
	const u16 *device = mvdev->stream.device.firmware;

	if (!source[0] || !memcmp(source, device, sizeof(mvdev->stream.source.firmware)))
		return;

	dev_warn_ratelimited(&mvdev->variant.core.pdev->dev,
			     "the image is of firmware %u.%u.%04u, this one is %u.%u.%04u\n",
			     source[0], source[1], source[2], device[0], device[1], device[2]);
}
