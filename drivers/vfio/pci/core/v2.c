// SPDX-License-Identifier: GPL-2.0-only
/*
 * The front end of VFIO's migration protocol v2 over the engine: the features of
 * VFIO_DEVICE_FEATURE
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "data_file.h"
#include "session.h"
#include "v2.h"
#include "walk.h"

static struct vfio_pci_variant *vpv_v2_variant(struct vfio_device *vdev)
{
	return container_of(vdev, struct vfio_pci_variant, core.vdev);
}

/* The file is made before the walk: when there is no memory for it, nothing has changed */
static struct file *vpv_v2_set_state(struct vfio_device *vdev, enum vfio_device_mig_state state)
{
	bool saves = state == VFIO_DEVICE_STATE_STOP_COPY;
	struct vpv_session *session;
	struct file *filp = NULL;

	if (saves || state == VFIO_DEVICE_STATE_RESUMING) {
		filp = vpv_data_file_open(saves);
		if (IS_ERR(filp))
			return filp;
	}

	session = vpv_walk_to(vpv_v2_variant(vdev)->mig, state);
	if (!IS_ERR_OR_NULL(session)) {
		vpv_data_file_attach(filp, session);
		return filp;
	}
	if (filp)
		fput(filp);
	return ERR_CAST(session);
}

static int vpv_v2_get_state(struct vfio_device *vdev, enum vfio_device_mig_state *state)
{
	*state = vpv_mig_state(vpv_v2_variant(vdev)->mig);
	return 0;
}

static int vpv_v2_get_data_size(struct vfio_device *vdev, unsigned long *stop_copy_length)
{
	u64 bytes = 0;
	int ret;

	ret = vpv_walk_bytes_left(vpv_v2_variant(vdev)->mig, &bytes);
	if (ret)
		return ret;

	*stop_copy_length = min_t(u64, bytes, ULONG_MAX);
	return 0;
}

static const struct vfio_migration_ops vpv_v2_migration_ops = {
	.migration_set_state = vpv_v2_set_state,
	.migration_get_state = vpv_v2_get_state,
	VFIO_MIGRATION_OPS_SINCE_6_2(.migration_get_data_size = vpv_v2_get_data_size)
};

/* Offers migration for a device that can; to be called before it is registered */
int vpv_v2_init(struct vfio_pci_variant *variant)
{
	/* What the engine has no arcs for cannot be offered */
	if (variant->migration_flags & ~(VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P) ||
	    !(variant->migration_flags & VFIO_MIGRATION_STOP_COPY) || !variant->mig)
		return -EINVAL;

	variant->core.vdev.migration_flags = variant->migration_flags;
	variant->core.vdev.mig_ops = &vpv_v2_migration_ops;
	return 0;
}

static int vpv_v2_data_size_feature(struct vfio_device *vdev, u32 flags, void __user *arg,
				    size_t argsz)
{
	struct vfio_device_feature_mig_data_size size = {};
	unsigned long bytes = 0;
	int ret;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_GET, sizeof(size));
	if (ret != 1)
		return ret;

	ret = vpv_v2_get_data_size(vdev, &bytes);
	if (ret)
		return ret;

	size.stop_copy_length = bytes;
	return copy_to_user(arg, &size, sizeof(size)) ? -EFAULT : 0;
}

/*
 * What the vfio core leaves to the driver. Cores that know MIG_DATA_SIZE do not ask here
 * for it; that of 6.1 does.
 */
int vpv_v2_device_feature(struct vfio_device *vdev, u32 flags, void __user *arg, size_t argsz)
{
	if (vdev->mig_ops &&
	    (flags & VFIO_DEVICE_FEATURE_MASK) == VFIO_DEVICE_FEATURE_MIG_DATA_SIZE)
		return vpv_v2_data_size_feature(vdev, flags, arg, argsz);

	return vfio_pci_core_ioctl_feature(vdev, flags, arg, argsz);
}
