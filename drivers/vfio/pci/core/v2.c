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
#include "log.h"
#include "marks.h"
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
	bool saves = state == VFIO_DEVICE_STATE_STOP_COPY ||
		     state == VFIO_DEVICE_STATE_PRE_COPY ||
		     state == VFIO_DEVICE_STATE_PRE_COPY_P2P;
	struct vpv_session *session;
	struct file *filp = NULL;

	if (saves || state == VFIO_DEVICE_STATE_RESUMING) {
		filp = vpv_data_file_open(saves);
		if (IS_ERR(filp))
			return filp;
	}

	session = vpv_walk_to(vpv_v2_variant(vdev)->mig, VPV_PROTOCOL_V2, state);
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

/* Can the engine and the backend do what the flags say? */
static bool vpv_v2_can(const struct vfio_pci_variant *variant)
{
	u32 flags = variant->migration_flags;

	if (!variant->mig || !(flags & VFIO_MIGRATION_STOP_COPY) ||
	    flags & ~(VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | VFIO_MIGRATION_PRE_COPY))
		return false;
	if (!(flags & VFIO_MIGRATION_PRE_COPY))
		return true;
	return vpv_mig_ops(variant->mig)->save_changes && vpv_mig_ops(variant->mig)->save_final;
}

/* Offers migration for a device that can; to be called before it is registered */
int vpv_v2_init(struct vfio_pci_variant *variant)
{
	if (!vpv_v2_can(variant))
		return -EINVAL;

	variant->mig->has_precopy = variant->migration_flags & VFIO_MIGRATION_PRE_COPY;

	variant->core.vdev.migration_flags = variant->migration_flags;
	variant->core.vdev.mig_ops = &vpv_v2_migration_ops;
	vpv_log_init(variant);
	return vpv_marks_init(variant->mig);
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

/* As 7.3's core: any data that comes with it is ignored */
static int vpv_v2_precopy_info_feature(struct vfio_device *vdev, u32 flags, size_t argsz)
{
	struct vfio_pci_variant_mig *mig = vpv_v2_variant(vdev)->mig;
	int ret;

	if (!mig->has_precopy)
		return -EINVAL;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET, 0);
	if (ret != 1)
		return ret;

	vpv_walk_set_info_v2(mig);
	return 0;
}

/*
 * What the vfio core leaves to the driver. Cores that know MIG_DATA_SIZE or MIG_PRECOPY_INFO_V2
 * do not ask here for it; the former is not known to 6.1, the latter to 6.12 neither.
 */
int vpv_v2_device_feature(struct vfio_device *vdev, u32 flags, void __user *arg, size_t argsz)
{
	u32 feature = flags & VFIO_DEVICE_FEATURE_MASK;

	if (vdev->mig_ops && feature == VFIO_DEVICE_FEATURE_MIG_DATA_SIZE)
		return vpv_v2_data_size_feature(vdev, flags, arg, argsz);
	if (vdev->mig_ops && feature == VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFO_V2)
		return vpv_v2_precopy_info_feature(vdev, flags, argsz);

	return vfio_pci_core_ioctl_feature(vdev, flags, arg, argsz);
}
