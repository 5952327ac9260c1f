// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's buffers as the firmware sees them: mapped, and under a memory key.
 *
 * All of it runs under the library's state mutex.
 */

#include <linux/err.h>

#include "mlx5vf.h"

/**
 * mlx5vf_map_buf() - let the firmware use a buffer
 * @mvdev: the VF
 * @buf: the buffer, mapped already or not. It stays so for as long as the library keeps it.
 *
 * Return: 0 or a negative errno.
 */
int mlx5vf_map_buf(struct mlx5vf_device *mvdev, struct vfio_pci_variant_buf *buf)
{
	struct mlx5_vhca_buf *vhca_buf;

	if (buf->priv)
		return 0;

	vhca_buf = mlx5_vhca_buf_create(mvdev->vhca, &buf->sgt, buf->dma_dir);
	if (IS_ERR(vhca_buf))
		return PTR_ERR(vhca_buf);
	buf->priv = vhca_buf;
	return 0;
}

/**
 * mlx5vf_prepare_buf() - &vfio_pci_variant_mig_ops.prepare_buf
 * @variant: the VF
 * @buf: the buffer
 *
 * Return: 0 or a negative errno.
 */
int mlx5vf_prepare_buf(struct vfio_pci_variant *variant, struct vfio_pci_variant_buf *buf)
{
	return mlx5vf_map_buf(mlx5vf_from_variant(variant), buf);
}

/**
 * mlx5vf_buf_release() - &vfio_pci_variant_mig_ops.buf_release
 * @variant: the VF
 * @buf: the buffer, mapped
 *
 * Return: whether its pages can be freed, see mlx5_vhca_buf_destroy().
 */
bool mlx5vf_buf_release(struct vfio_pci_variant *variant, struct vfio_pci_variant_buf *buf)
{
	struct mlx5vf_device *mvdev = mlx5vf_from_variant(variant);

	if (mvdev->save.room == buf)
		mvdev->save.room = NULL;
	return mlx5_vhca_buf_destroy(buf->priv);
}
