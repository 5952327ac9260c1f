// SPDX-License-Identifier: GPL-2.0-only
/*
 * mlx5_vfio_pci: vfio-pci for ConnectX virtual functions, with migration, and
 * for the storage functions that a BlueField emulates.
 *
 * Glue: vfio_pci_variant knows VFIO, mlx5_vhca knows the card, this says which
 * devices, and how the two fit (migration.c, stream.c).
 */

#include <linux/module.h>
#include <linux/pci.h>

#include "mlx5vf.h"

/* ConnectX Family mlx5Gen Virtual Function: ConnectX-6 and later, BlueField-2 and later */
#define MLX5VF_DEVICE_ID_VF	0x101e

/* What a BlueField shows its host in place of a disk (SNAP): NVMe, virtio block 1.0 */
#define MLX5VF_DEVICE_ID_SNAP_NVME		0x6001
#define MLX5VF_DEVICE_ID_SNAP_VIRTIO_BLK	0x1042

/* What of a VF that runs is saved comes in several images, and the last ones need the first */
#define MLX5VF_PRE_COPY_CAPS	(MLX5_VHCA_CAP_MULTI_LOAD | MLX5_VHCA_CAP_TRACKING)

/*
 * The PF is about to disable the VF, or to go away: end what the user has begun.
 * mlx5_core waits for us with locks held.
 */
static void mlx5vf_detach(void *priv)
{
	struct mlx5vf_device *mvdev = priv;

	vfio_pci_variant_gone(&mvdev->variant);
}

static void mlx5vf_attach(void *priv)
{
	struct mlx5vf_device *mvdev = priv;

	mlx5vf_forget_state(mvdev);
	vfio_pci_variant_returned(&mvdev->variant);
}

static const struct mlx5_vhca_client mlx5vf_client = {
	.detach = mlx5vf_detach,
	.attach = mlx5vf_attach,
};

/*
 * A function that cannot migrate can be assigned nevertheless; the log says why. Which can is
 * not a matter of its ids: the one to say so is a PF under mlx5_core. A SNAP function has
 * none on this side, as the BlueField's own system makes and manages it.
 */
static int mlx5vf_init(struct vfio_pci_variant *variant)
{
	struct mlx5vf_device *mvdev = mlx5vf_from_variant(variant);
	struct mlx5_vhca *vhca;

	vhca = mlx5_vhca_open(variant->core.pdev, &mlx5vf_client, mvdev);
	if (vhca == ERR_PTR(-ENOMEM))
		return -ENOMEM;
	if (IS_ERR(vhca))
		return 0;

	mvdev->vhca = vhca;
	variant->migration_flags = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P;
	if ((mlx5_vhca_caps(vhca) & MLX5VF_PRE_COPY_CAPS) == MLX5VF_PRE_COPY_CAPS)
		variant->migration_flags |= VFIO_MIGRATION_PRE_COPY;
	variant->tracks_pages = mlx5_vhca_caps(vhca) & MLX5_VHCA_CAP_DIRTY_PAGES;
	return 0;
}

static void mlx5vf_release(struct vfio_pci_variant *variant)
{
	struct mlx5vf_device *mvdev = mlx5vf_from_variant(variant);

	if (!mvdev->vhca)
		return;

	mlx5_vhca_close(mvdev->vhca);
	mvdev->vhca = NULL;
}

static const struct vfio_pci_variant_ops mlx5vf_ops = {
	.device_size = sizeof(struct mlx5vf_device),
	.init = mlx5vf_init,
	.release = mlx5vf_release,
	.mig = &mlx5vf_mig_ops,
	.stream = &mlx5vf_stream_ops,
};

#define MLX5VF_OWN_SUBVENDOR(vendor, device)					\
	PCI_DEVICE_SUB(vendor, device, PCI_VENDOR_ID_MELLANOX, PCI_ANY_ID),	\
	.override_only = PCI_ID_F_VFIO_DRIVER_OVERRIDE

/*
 * libvirt and driver_flavour take the module whose alias has the fewest wildcards. The
 * entry with NVIDIA's own subvendor id is one ahead of the in-tree driver's, so that where
 * both are installed this one is found. Cards of other makers carry their own, hence the
 * second entry. For SNAP the subvendor id is what tells the emulated function from any
 * other virtio disk, so there is no entry without it.
 */
static const struct pci_device_id mlx5vf_ids[] = {
	{ MLX5VF_OWN_SUBVENDOR(PCI_VENDOR_ID_MELLANOX, MLX5VF_DEVICE_ID_VF) },
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_MELLANOX, MLX5VF_DEVICE_ID_VF) },
	{ MLX5VF_OWN_SUBVENDOR(PCI_VENDOR_ID_MELLANOX, MLX5VF_DEVICE_ID_SNAP_NVME) },
	{ MLX5VF_OWN_SUBVENDOR(PCI_VENDOR_ID_REDHAT_QUMRANET, MLX5VF_DEVICE_ID_SNAP_VIRTIO_BLK) },
	{}
};

MODULE_DEVICE_TABLE(pci, mlx5vf_ids);
module_vfio_pci_variant(mlx5vf_ids, mlx5vf_ops);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("vfio-pci with live migration for ConnectX virtual functions, and for SNAP");
