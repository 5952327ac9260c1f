// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding the PF of a VF, and being told when it goes away.
 *
 * mlx5_vf_get_core_dev() gives the PF's mlx5_core device for a moment, with its
 * interface lock held. In that moment we register with the PF's per-VF notifier,
 * and from then on the notifier alone keeps the pointer good: mlx5_core calls it
 * with DISABLE before it disables the VF (SR-IOV switched off, PF unbound, reset
 * or reloaded), and with ENABLE when it is back. When DISABLE returns nothing of
 * ours may be left in the firmware or mapped for DMA by the PF.
 */

#include <linux/mlx5/device.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "vhca_kept.h"
#include "vhca_priv.h"

/* Firmware can be another one after a reload of the PF */
static void vhca_read_firmware(struct mlx5_vhca *vhca, struct mlx5_core_dev *mdev)
{
	lockdep_assert_held(&vhca->lock);

	vhca->firmware.major = fw_rev_maj(mdev);
	vhca->firmware.minor = fw_rev_min(mdev);
	vhca->firmware.subminor = fw_rev_sub(mdev);
}

static void vhca_attach(struct mlx5_vhca *vhca)
{
	mutex_lock(&vhca->lock);
	if (vhca->link != MLX5_VHCA_DETACHED) {
		mutex_unlock(&vhca->lock);
		return;
	}
	/* Asked for by the first command: the VF is not enabled yet */
	vhca->vhca_id_known = false;
	vhca->owes_answer = false;
	mlx5_vhca_bufs_renew(vhca);
	mlx5_vhca_kept_renew(vhca);
	vhca_read_firmware(vhca, vhca->mdev);
	vhca->link = MLX5_VHCA_ATTACHED;
	mutex_unlock(&vhca->lock);

	mlx5_vhca_queue_renew(vhca);
	vhca->client->attach(vhca->priv);
}

static void vhca_detach(struct mlx5_vhca *vhca)
{
	struct mlx5_vhca_buf *buf, *next;

	mutex_lock(&vhca->lock);
	if (vhca->link != MLX5_VHCA_ATTACHED) {
		mutex_unlock(&vhca->lock);
		return;
	}
	vhca->link = MLX5_VHCA_DETACHING;
	mutex_unlock(&vhca->lock);

	/* The client may wait for its image, with the locks that it takes to detach */
	mlx5_vhca_queue_refuse(vhca);
	/* Takes locks of the client, under which it calls us */
	vhca->client->detach(vhca->priv);
	mlx5_vhca_image_stop(vhca);

	mutex_lock(&vhca->lock);
	mlx5_vhca_kept_detach(vhca);
	list_for_each_entry_safe(buf, next, &vhca->bufs, node) {
		if (!mlx5_vhca_buf_unmap(buf))
			mlx5_vhca_buf_keep(buf);
	}
	vhca->link = MLX5_VHCA_DETACHED;
	mutex_unlock(&vhca->lock);
}

static int vhca_notify(struct notifier_block *nb, unsigned long event, void *data)
{
	struct mlx5_vhca *vhca = container_of(nb, struct mlx5_vhca, nb);

	switch (event) {
	case MLX5_PF_NOTIFY_ENABLE_VF:
		vhca_attach(vhca);
		break;
	case MLX5_PF_NOTIFY_DISABLE_VF:
		vhca_detach(vhca);
		break;
	}
	return NOTIFY_OK;
}

static u32 vhca_read_caps(struct mlx5_core_dev *mdev)
{
	u32 caps = 0;

	lockdep_assert_held(&mdev->intf_state_mutex);

	if (MLX5_CAP_GEN_2(mdev, migration_multi_load))
		caps |= MLX5_VHCA_CAP_MULTI_LOAD;
	if (MLX5_CAP_GEN_2(mdev, migration_tracking_state))
		caps |= MLX5_VHCA_CAP_TRACKING;
	if (MLX5_CAP_GEN_2(mdev, migration_in_chunks))
		caps |= MLX5_VHCA_CAP_CHUNKS;
	if (MLX5_CAP_GEN_2(mdev, migration_state))
		caps |= MLX5_VHCA_CAP_RESTART;
	if (MLX5_CAP_GEN(mdev, adv_virtualization))
		caps |= MLX5_VHCA_CAP_DIRTY_PAGES;
	return caps;
}

/*
 * Tracking is not asked for: without it an image is still saved and loaded while
 * the VF is stopped, which is all that the first such firmware could do.
 */
static int vhca_check_migratable(struct mlx5_core_dev *mdev, struct pci_dev *vf, int vf_index)
{
	bool migratable;
	int ret;

	lockdep_assert_held(&mdev->intf_state_mutex);

	if (!MLX5_CAP_GEN(mdev, migration)) {
		pci_info(vf, "no migration: the firmware of %s does not offer it\n",
			 dev_name(mdev->device));
		return -EOPNOTSUPP;
	}

	ret = mlx5_vhca_query_migratable(mdev, vf_index, &migratable);
	if (ret) {
		pci_info(vf, "no migration: the firmware of %s does not tell if the VF may: %pe\n",
			 dev_name(mdev->device), ERR_PTR(ret));
		return ret;
	}
	if (!migratable) {
		pci_info(vf, "no migration: not allowed for this VF; while it is unbound, run 'devlink port function set pci/%s/PORT migratable enable' (Linux 6.2 or later), or allow it to all VFs by 'mstconfig -d %s set VF_MIGRATION_MODE=2' and a restart of the card\n",
			 dev_name(mdev->device), dev_name(mdev->device));
		return -EOPNOTSUPP;
	}
	return 0;
}

/* What there is to know of the VF, and the first try to join */
static int vhca_bind_pf(struct mlx5_vhca *vhca, struct mlx5_core_dev *mdev)
{
	int ret;

	lockdep_assert_held(&mdev->intf_state_mutex);

	ret = vhca_check_migratable(mdev, vhca->vf, vhca->vf_index);
	if (ret)
		return ret;

	ret = mlx5_vhca_learn_id(vhca, mdev);
	if (ret) {
		pci_info(vhca->vf, "no migration: its VHCA id is not known: %pe\n",
			 ERR_PTR(ret));
		return ret;
	}

	vhca->caps = vhca_read_caps(mdev);
	mutex_lock(&vhca->lock);
	vhca_read_firmware(vhca, mdev);
	mutex_unlock(&vhca->lock);
	ret = mlx5_vhca_join(vhca, mdev);
	if (ret == -EINVAL) {
		mlx5_vhca_join_retry(vhca);
		return 0;
	}
	if (ret)
		pci_info(vhca->vf, "no migration: %s cannot be watched: %pe\n",
			 dev_name(mdev->device), ERR_PTR(ret));
	return ret;
}

static struct mlx5_vhca *vhca_alloc(struct pci_dev *vf, int vf_index)
{
	struct mlx5_vhca *vhca;

	vhca = kzalloc(sizeof(*vhca), GFP_KERNEL);
	if (!vhca)
		return NULL;
	vhca->queue = mlx5_vhca_queue_get(pci_physfn(vf));
	if (!vhca->queue) {
		kfree(vhca);
		return NULL;
	}
	vhca->vf = vf;
	vhca->vf_index = vf_index;
	vhca->nb.notifier_call = vhca_notify;
	mlx5_vhca_join_init(vhca);
	mutex_init(&vhca->report_mutex);
	mutex_init(&vhca->lock);
	INIT_LIST_HEAD(&vhca->bufs);
	INIT_LIST_HEAD(&vhca->kept_bufs);
	INIT_LIST_HEAD(&vhca->kept);
	mlx5_vhca_image_init(vhca);
	return vhca;
}

static void vhca_free(struct mlx5_vhca *vhca)
{
	mlx5_vhca_queue_put(vhca->queue);
	mutex_destroy(&vhca->lock);
	mutex_destroy(&vhca->report_mutex);
	kfree(vhca);
}

struct mlx5_vhca *mlx5_vhca_open(struct pci_dev *vf, const struct mlx5_vhca_client *client,
				 void *priv)
{
	int ret, vf_index = pci_iov_vf_id(vf);
	struct mlx5_core_dev *mdev;
	struct mlx5_vhca *vhca;

	if (vf_index < 0) {
		pci_info(vf, "no migration: not a virtual function, so no PF can be asked\n");
		return ERR_PTR(-ENODEV);
	}
	vhca = vhca_alloc(vf, vf_index);
	if (!vhca)
		return ERR_PTR(-ENOMEM);
	vhca->client = client;
	vhca->priv = priv;

	mdev = mlx5_vf_get_core_dev(vf);
	if (!mdev) {
		pci_info(vf, "no migration: its PF %s is not up under mlx5_core\n",
			 pci_name(pci_physfn(vf)));
		ret = -ENODEV;
		goto out_free;
	}
	ret = vhca_bind_pf(vhca, mdev);
	mlx5_vf_put_core_dev(mdev);
	if (ret)
		goto out_free;
	return vhca;

out_free:
	vhca_free(vhca);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(mlx5_vhca_open);

void mlx5_vhca_close(struct mlx5_vhca *vhca)
{
	mlx5_vhca_unjoin(vhca);
	mlx5_vhca_image_stop(vhca);
	mlx5_vhca_track_stop(vhca);
	mlx5_vhca_kept_close(vhca);
	vhca_free(vhca);
}
EXPORT_SYMBOL_GPL(mlx5_vhca_close);

u32 mlx5_vhca_caps(const struct mlx5_vhca *vhca)
{
	return vhca->caps;
}
EXPORT_SYMBOL_GPL(mlx5_vhca_caps);

void mlx5_vhca_firmware(struct mlx5_vhca *vhca, struct mlx5_vhca_firmware *firmware)
{
	mutex_lock(&vhca->lock);
	*firmware = vhca->firmware;
	mutex_unlock(&vhca->lock);
}
EXPORT_SYMBOL_GPL(mlx5_vhca_firmware);

static int __init vhca_init(void)
{
	int ret;

	ret = mlx5_vhca_join_module_init();
	if (ret)
		return ret;
	ret = mlx5_vhca_queue_module_init();
	if (ret)
		mlx5_vhca_join_module_exit();
	return ret;
}

static void __exit vhca_exit(void)
{
	mlx5_vhca_kept_module_exit();
	mlx5_vhca_queue_module_exit();
	mlx5_vhca_join_module_exit();
}

module_init(vhca_init);
module_exit(vhca_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Migration of ConnectX virtual functions through their physical function");
