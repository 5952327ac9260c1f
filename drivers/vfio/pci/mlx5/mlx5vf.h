/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MLX5VF_H
#define MLX5VF_H

#include <linux/mlx5/vhca.h>
#include <linux/vfio_pci_variant.h>

#include "stream.h"

/**
 * struct mlx5vf_save - the save session, all zeroes while there is none
 * @running: it began while the VF ran
 * @whole: the pass is the whole state, so that it cannot be nothing
 * @lost: changes are not tracked, or not any more
 * @tracked: the firmware tracks changes, or may do so
 * @flags: of the next SAVE: bits of enum mlx5_vhca_flag
 * @final_bytes: estimate of the final pass, 0 before, and when the VF goes on after all
 * @in_flight: the buffer that the firmware has; released by the callback, behind all that it
 *	writes
 * @room: the largest buffer of the session that is mapped for the firmware
 *
 * Under the library's state mutex, but for what the callback of a save writes.
 */
struct mlx5vf_save {
	bool running;
	bool whole;
	bool lost;
	bool tracked;
	u32 flags;
	u64 final_bytes;
	struct vfio_pci_variant_buf *in_flight;
	struct vfio_pci_variant_buf *room;
};

/**
 * struct mlx5vf_device - a ConnectX VF
 * @variant: the library's part
 * @vhca: the VF as the migration commands see it; NULL for one that cannot
 *	migrate. Set before the device is registered, cleared after.
 * @save: the state that is being saved
 * @stream: the stream that is being loaded; under the library's state mutex
 * @loading: the buffer that the firmware loads from
 * @frozen: sides that are, bits of enum vfio_pci_variant_side
 * @loaded: the firmware was given an image since the function was reset
 * @ran: and the function has run since. All three under the library's state mutex, or
 *	while the PF is away.
 */
struct mlx5vf_device {
	struct vfio_pci_variant variant;
	struct mlx5_vhca *vhca;
	struct mlx5vf_save save;
	struct mlx5vf_stream stream;
	struct vfio_pci_variant_buf *loading;
	unsigned int frozen;
	bool loaded;
	bool ran;
};

static inline struct mlx5vf_device *mlx5vf_from_variant(struct vfio_pci_variant *variant)
{
	return container_of(variant, struct mlx5vf_device, variant);
}

/* migration.c */
void mlx5vf_forget_state(struct mlx5vf_device *mvdev);

/* refusal.c */
void mlx5vf_describe(struct mlx5vf_device *mvdev, struct mlx5vf_stream_device *device);
void mlx5vf_explain_refusal(struct mlx5vf_device *mvdev, int err);
void mlx5vf_explain_load(struct mlx5vf_device *mvdev);

/* buf.c */
int mlx5vf_map_buf(struct mlx5vf_device *mvdev, struct vfio_pci_variant_buf *buf);
int mlx5vf_prepare_buf(struct vfio_pci_variant *variant, struct vfio_pci_variant_buf *buf);
bool mlx5vf_buf_release(struct vfio_pci_variant *variant, struct vfio_pci_variant_buf *buf);

/* save.c */
int mlx5vf_bytes_left(struct vfio_pci_variant *variant, u64 *bytes);
u32 mlx5vf_save_needs(const struct mlx5vf_device *mvdev);
int mlx5vf_save_start(struct vfio_pci_variant *variant, enum vfio_pci_variant_save_kind kind,
		      struct vfio_pci_variant_pass *pass);
int mlx5vf_save_changes(struct vfio_pci_variant *variant, struct vfio_pci_variant_pass *pass);
int mlx5vf_save_final(struct vfio_pci_variant *variant, struct vfio_pci_variant_pass *pass);
int mlx5vf_save_image(struct vfio_pci_variant *variant, struct vfio_pci_variant_buf *buf);
void mlx5vf_save_stop(struct vfio_pci_variant *variant, bool complete);

extern const struct vfio_pci_variant_mig_ops mlx5vf_mig_ops;
extern const struct vfio_pci_variant_stream_ops mlx5vf_stream_ops;

#endif /* MLX5VF_H */
