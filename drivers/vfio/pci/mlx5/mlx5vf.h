/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MLX5VF_H
#define MLX5VF_H

#include <linux/mlx5/vhca.h>
#include <linux/vfio_pci_variant.h>

#include "stream.h"

/**
 * struct mlx5vf_device - a ConnectX VF
 * @variant: the library's part
 * @vhca: the VF as the migration commands see it; NULL for one that cannot
 *	migrate. Set before the device is registered, cleared after.
 * @stream: the stream that is being loaded; under the library's state mutex
 * @loaded: the firmware was given an image since the function was reset
 * @ran: and the function has run since. Both under the library's state mutex, or
 *	while the PF is away.
 */
struct mlx5vf_device {
	struct vfio_pci_variant variant;
	struct mlx5_vhca *vhca;
	struct mlx5vf_stream stream;
	bool loaded;
	bool ran;
};

static inline struct mlx5vf_device *mlx5vf_from_variant(struct vfio_pci_variant *variant)
{
	return container_of(variant, struct mlx5vf_device, variant);
}

void mlx5vf_forget_load(struct mlx5vf_device *mvdev);

extern const struct vfio_pci_variant_mig_ops mlx5vf_mig_ops;
extern const struct vfio_pci_variant_stream_ops mlx5vf_stream_ops;

#endif /* MLX5VF_H */
