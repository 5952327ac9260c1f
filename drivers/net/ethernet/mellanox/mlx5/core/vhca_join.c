// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registering with the PF's notifier, as soon as the PF lets us.
 *
 * The notifier takes only VFs that mlx5_core has counted, which it does last of all
 * when SR-IOV is switched on: a VF that is bound before, because udev or
 * driver_flavour were quick, is refused with -EINVAL. Nothing tells when that is over,
 * so a work item tries again until it is: such a VHCA is JOINING. Its capabilities are
 * known, as the firmware has enabled the VF, but no command is posted before it has
 * joined.
 */

#include <linux/module.h>
#include <linux/pci.h>

#include "vhca_priv.h"

/* The first and the longest pause between two tries */
#define VHCA_JOIN_FIRST_MS	20U
#define VHCA_JOIN_LAST_MS	1000U

/* How long a command waits; many VFs with native drivers take minutes */
#define VHCA_JOIN_WAIT_MS	10000

/* Unbound: a try waits for the PF's interface lock, which a reload holds for seconds */
static struct workqueue_struct *vhca_join_wq;

/**
 * mlx5_vhca_join() - register with the notifier of a PF
 * @vhca: the VHCA, JOINING
 * @mdev: the PF
 *
 * Context: the caller holds the PF's interface lock, so that nothing can detach the
 * VHCA between the registration and the new link.
 * Return: 0, -EINVAL when mlx5_core has not counted the VF yet, or another negative
 * errno.
 */
int mlx5_vhca_join(struct mlx5_vhca *vhca, struct mlx5_core_dev *mdev)
{
	int ret;

	lockdep_assert_held(&mdev->intf_state_mutex);

	ret = mlx5_sriov_blocking_notifier_register(mdev, vhca->vf_index, &vhca->nb);
	if (ret)
		return ret;

	mutex_lock(&vhca->lock);
	vhca->mdev = mdev;
	WRITE_ONCE(vhca->link, MLX5_VHCA_ATTACHED);
	mutex_unlock(&vhca->lock);
	wake_up_all(&vhca->joined);
	return 0;
}

static void vhca_join_later(struct mlx5_vhca *vhca)
{
	if (vhca->join_ms < VHCA_JOIN_LAST_MS) {
		vhca->join_ms = min(2 * vhca->join_ms, VHCA_JOIN_LAST_MS);
		if (vhca->join_ms == VHCA_JOIN_LAST_MS)
			pci_info(vhca->vf, "no migration yet: %s has not finished making its VFs\n",
				 pci_name(pci_physfn(vhca->vf)));
	}
	queue_delayed_work(vhca_join_wq, &vhca->join, msecs_to_jiffies(vhca->join_ms));
}

/*
 * The PF's drvdata is good: mlx5_core removes its VFs first, which waits for
 * mlx5_vhca_close(), and that for us.
 */
static void vhca_join_work(struct work_struct *work)
{
	struct mlx5_vhca *vhca = container_of(to_delayed_work(work), struct mlx5_vhca, join);
	struct mlx5_core_dev *mdev;
	int ret = -ENODEV;

	/* A command may have asked for one more try while the last one succeeded */
	if (READ_ONCE(vhca->link) != MLX5_VHCA_JOINING)
		return;

	mdev = mlx5_vf_get_core_dev(vhca->vf);
	if (mdev) {
		/* The PF may have been reloaded since */
		vhca->vhca_id_known = false;
		ret = mlx5_vhca_join(vhca, mdev);
		mlx5_vf_put_core_dev(mdev);
	}
	if (ret)
		vhca_join_later(vhca);
	else if (vhca->join_ms == VHCA_JOIN_LAST_MS)
		pci_info(vhca->vf, "migration: the PF has made its VFs\n");
}

/**
 * mlx5_vhca_join_init() - before anything else of a VHCA
 * @vhca: the VHCA
 */
void mlx5_vhca_join_init(struct mlx5_vhca *vhca)
{
	vhca->link = MLX5_VHCA_JOINING;
	vhca->join_ms = VHCA_JOIN_FIRST_MS / 2;
	INIT_DELAYED_WORK(&vhca->join, vhca_join_work);
	init_waitqueue_head(&vhca->joined);
}

/**
 * mlx5_vhca_join_retry() - try again until mlx5_vhca_join() succeeds
 * @vhca: the VHCA, JOINING, until mlx5_vhca_unjoin()
 */
void mlx5_vhca_join_retry(struct mlx5_vhca *vhca)
{
	vhca_join_later(vhca);
}

/**
 * mlx5_vhca_join_wait() - wait until the PF knows the VF
 * @vhca: the VHCA, not locked
 *
 * Return: 0 when it has ever done; -ENOTCONN when it has not after ten seconds;
 * -ERESTARTSYS when the caller was killed.
 */
int mlx5_vhca_join_wait(struct mlx5_vhca *vhca)
{
	long left;

	if (READ_ONCE(vhca->link) != MLX5_VHCA_JOINING)
		return 0;

	mod_delayed_work(vhca_join_wq, &vhca->join, 0);
	left = wait_event_killable_timeout(vhca->joined,
					   READ_ONCE(vhca->link) != MLX5_VHCA_JOINING,
					   msecs_to_jiffies(VHCA_JOIN_WAIT_MS));
	if (left < 0)
		return left;
	return left ? 0 : -ENOTCONN;
}

/**
 * mlx5_vhca_unjoin() - leave the notifier, or stop to try to join it
 * @vhca: the VHCA
 *
 * No notification runs once this has returned.
 */
void mlx5_vhca_unjoin(struct mlx5_vhca *vhca)
{
	cancel_delayed_work_sync(&vhca->join);
	/*
	 * The PF outlives its VFs' pci_dev, so this pointer is good even where it
	 * was detached.
	 */
	if (vhca->link != MLX5_VHCA_JOINING)
		mlx5_sriov_blocking_notifier_unregister(vhca->mdev, vhca->vf_index, &vhca->nb);
}

int mlx5_vhca_join_module_init(void)
{
	vhca_join_wq = alloc_workqueue("mlx5_vhca_join", WQ_UNBOUND, 0);
	return vhca_join_wq ? 0 : -ENOMEM;
}

void mlx5_vhca_join_module_exit(void)
{
	destroy_workqueue(vhca_join_wq);
}
