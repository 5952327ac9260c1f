// SPDX-License-Identifier: GPL-2.0-only
/*
 * The front end of VFIO's migration protocol v1 over the engine: the migration region, which
 * is all that QEMU up to 7.2 knows.
 *
 * The region is a page with the registers of struct vfio_device_migration_info and the data
 * window behind it. A user who saves reads, round by round,
 *
 *	pending_bytes	what is left; with it he says that he has what was in the window
 *	data_offset	has the window filled
 *	data_size	with how much
 *
 * and one who loads fills the window and writes data_size. What goes through the window is the
 * stream that protocol v2 has in its data file. The states are in v1_state.c.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#include "load.h"
#include "save.h"
#include "v1.h"
#include "v1_state.h"
#include "walk.h"
#include "window.h"

static bool migration_region = true;
module_param(migration_region, bool, 0444);
MODULE_PARM_DESC(migration_region, "Offer the migration region of protocol v1 (default on)");

#define VPV_V1_DATA_OFFSET	PAGE_SIZE
#define VPV_V1_REGION_BYTES	(VPV_V1_DATA_OFFSET + VPV_WINDOW_BYTES)

struct vpv_v1 {
	/* The device's, which has it until after its regions are released */
	struct vfio_pci_variant_mig *mig;
	struct vpv_window window;

	/*
	 * Serialises the registers, and guards what follows it. Outermost of the engine's locks;
	 * user memory is not touched while it is held, so that an mmap() never waits for it.
	 */
	struct mutex lock;
	/* What was written last, and how many resets there had been then */
	u32 device_state;
	unsigned int resets;
	/* The session of that state, NULL without one. Holds a reference. */
	struct vpv_session *session;
	/* The window has been filled since pending_bytes was read, with so much */
	bool filled;
	size_t data_bytes;
	/* How much of the window a write of data_size had taken when a signal came */
	size_t taken_bytes;
};

static struct vpv_v1 *vpv_v1_of(struct vfio_pci_core_device *core, u64 ppos)
{
	return core->region[VFIO_PCI_OFFSET_TO_INDEX(ppos) - VFIO_PCI_NUM_REGIONS].data;
}

static void vpv_v1_forget_data(struct vpv_v1 *v1)
{
	v1->filled = false;
	v1->data_bytes = 0;
	v1->taken_bytes = 0;
}

static bool vpv_v1_saves(const struct vpv_v1 *v1)
{
	return v1->session && v1->device_state & VFIO_DEVICE_STATE_V1_SAVING;
}

/* Since the state was written; one that is still to be carried out counts */
static bool vpv_v1_was_reset(const struct vpv_v1 *v1)
{
	return READ_ONCE(v1->mig->deferred_reset) || v1->resets != READ_ONCE(v1->mig->resets);
}

/*
 * The engine's word, but for a device that is to be saved, cannot be while it runs, and so runs
 * for the engine
 */
static u32 vpv_v1_get_state(struct vpv_v1 *v1)
{
	enum vfio_device_mig_state state = vpv_mig_state(v1->mig);

	if (state == VFIO_DEVICE_STATE_RUNNING && !vpv_v1_was_reset(v1) &&
	    vpv_v1_to_state(v1->device_state, v1->mig->has_precopy) == (int)state)
		return v1->device_state;
	return vpv_v1_from_state(state);
}

/* On failure all is as it was */
static int vpv_v1_set_state(struct vpv_v1 *v1, u32 device_state)
{
	int state = vpv_v1_to_state(device_state, v1->mig->has_precopy);
	struct vpv_session *session;
	int ret;

	if (state < 0)
		return state;
	if (device_state & (VFIO_DEVICE_STATE_V1_SAVING | VFIO_DEVICE_STATE_V1_RESUMING)) {
		ret = vpv_window_prepare(&v1->window);
		if (ret)
			return ret;
	}

	session = vpv_walk_to(v1->mig, VPV_PROTOCOL_V1, state);
	if (IS_ERR(session))
		return PTR_ERR(session);

	v1->device_state = device_state;
	v1->resets = READ_ONCE(v1->mig->resets);
	/* From PRE_COPY to STOP_COPY, and from a state to itself, the session is the one it was */
	if (session || state == VFIO_DEVICE_STATE_STOP || state == VFIO_DEVICE_STATE_RUNNING) {
		if (v1->session)
			vpv_session_put(v1->session);
		v1->session = session;
		vpv_v1_forget_data(v1);
	}
	return 0;
}

static int vpv_v1_get_pending(struct vpv_v1 *v1, u64 *bytes)
{
	struct vpv_save_info info;
	int ret;

	vpv_v1_forget_data(v1);
	if (!vpv_v1_saves(v1))
		return 0;
	if (!(v1->device_state & VFIO_DEVICE_STATE_V1_RUNNING))
		return vpv_save_rest(v1->session, bytes);

	/* One that is over is so in whatever state the device is */
	ret = vpv_session_error(v1->session) ?: vpv_walk_precopy_info(v1->session, &info);
	if (!ret)
		*bytes = info.initial_bytes + info.dirty_bytes;
	return ret;
}

/* Nothing to be read from a device that runs is no error, and no end */
static int vpv_v1_fill(struct vpv_v1 *v1)
{
	struct iov_iter iter;
	ssize_t ret;

	if (v1->filled || !vpv_v1_saves(v1))
		return 0;

	ret = vpv_session_io_lock(v1->session, false);
	if (ret)
		return ret;
	vpv_window_iter(&v1->window, ITER_DEST, VPV_WINDOW_BYTES, &iter);
	ret = vpv_save_read(v1->session, &iter, false);
	vpv_session_io_unlock(v1->session);
	if (ret < 0 && ret != -ENOMSG)
		return ret;

	v1->filled = true;
	v1->data_bytes = max_t(ssize_t, ret, 0);
	return 0;
}

/* A write that a signal has interrupted is made again, and goes on where it was */
static int vpv_v1_take(struct vpv_v1 *v1, u64 bytes)
{
	struct iov_iter iter;
	ssize_t ret;

	if (!v1->session || v1->device_state != VFIO_DEVICE_STATE_V1_RESUMING ||
	    bytes > VPV_WINDOW_BYTES || bytes < v1->taken_bytes)
		return -EINVAL;

	ret = vpv_session_io_lock(v1->session, false);
	if (ret)
		return ret;
	vpv_window_iter(&v1->window, ITER_SOURCE, bytes, &iter);
	iov_iter_advance(&iter, v1->taken_bytes);
	ret = vpv_load_write(v1->session, &iter, false);
	vpv_session_io_unlock(v1->session);

	if (ret > 0)
		v1->taken_bytes += ret;
	if (ret >= 0 && iov_iter_count(&iter))
		return -ERESTARTSYS;
	if (ret != -ERESTARTSYS)
		v1->taken_bytes = 0;
	return min_t(ssize_t, ret, 0);
}

/* Of the register at @pos; 0 where there is none */
static size_t vpv_v1_register_bytes(u64 pos)
{
	switch (pos) {
	case offsetof(struct vfio_device_migration_info, device_state):
	case offsetof(struct vfio_device_migration_info, reserved):
		return sizeof(u32);
	case offsetof(struct vfio_device_migration_info, pending_bytes):
	case offsetof(struct vfio_device_migration_info, data_offset):
	case offsetof(struct vfio_device_migration_info, data_size):
		return sizeof(u64);
	default:
		return 0;
	}
}

static int vpv_v1_get(struct vpv_v1 *v1, u64 pos, u64 *value)
{
	int ret = 0;

	*value = 0;
	switch (pos) {
	case offsetof(struct vfio_device_migration_info, device_state):
		*value = vpv_v1_get_state(v1);
		break;
	case offsetof(struct vfio_device_migration_info, pending_bytes):
		ret = vpv_v1_get_pending(v1, value);
		break;
	case offsetof(struct vfio_device_migration_info, data_offset):
		ret = vpv_v1_fill(v1);
		*value = VPV_V1_DATA_OFFSET;
		break;
	case offsetof(struct vfio_device_migration_info, data_size):
		ret = vpv_v1_fill(v1);
		*value = v1->data_bytes;
		break;
	}
	return ret;
}

static int vpv_v1_set(struct vpv_v1 *v1, u64 pos, u64 value)
{
	switch (pos) {
	case offsetof(struct vfio_device_migration_info, device_state):
		return vpv_v1_set_state(v1, value);
	case offsetof(struct vfio_device_migration_info, data_size):
		return vpv_v1_take(v1, value);
	default:
		return -EINVAL;
	}
}

/* A register is read or written whole: parts of a number that changes are of no use */
static ssize_t vpv_v1_rw_register(struct vpv_v1 *v1, u64 pos, char __user *buf, size_t bytes,
				  bool is_write)
{
	u32 value32 = 0;
	u64 value = 0;
	void *data = bytes == sizeof(u32) ? (void *)&value32 : &value;
	int ret;

	if (bytes != vpv_v1_register_bytes(pos))
		return -EINVAL;
	if (is_write && copy_from_user(data, buf, bytes))
		return -EFAULT;
	if (bytes == sizeof(u32))
		value = value32;

	if (mutex_lock_interruptible(&v1->lock))
		return -ERESTARTSYS;
	ret = is_write ? vpv_v1_set(v1, pos, value) : vpv_v1_get(v1, pos, &value);
	mutex_unlock(&v1->lock);
	if (ret)
		return ret;

	value32 = value;
	if (!is_write && copy_to_user(buf, data, bytes))
		return -EFAULT;
	return bytes;
}

static ssize_t vpv_v1_rw(struct vfio_pci_core_device *core, char __user *buf, size_t count,
			 loff_t *ppos, bool is_write)
{
	struct vpv_v1 *v1 = vpv_v1_of(core, *ppos);
	u64 pos = *ppos & VFIO_PCI_OFFSET_MASK;
	ssize_t ret;

	if (pos >= VPV_V1_REGION_BYTES)
		return -EINVAL;

	count = min_t(u64, count, VPV_V1_REGION_BYTES - pos);
	if (pos < VPV_V1_DATA_OFFSET)
		ret = vpv_v1_rw_register(v1, pos, buf, count, is_write);
	else
		ret = vpv_window_copy_user(&v1->window, pos - VPV_V1_DATA_OFFSET, buf, count,
					   is_write);
	if (ret > 0)
		*ppos += ret;
	return ret;
}

static int vpv_v1_mmap(struct vfio_pci_core_device *core, struct vfio_pci_region *region,
		       struct vm_area_struct *vma)
{
	unsigned long pgoff = vma->vm_pgoff & (VFIO_PCI_OFFSET_MASK >> PAGE_SHIFT);
	struct vpv_v1 *v1 = region->data;

	/* The registers cannot be mapped: they do something */
	if (pgoff < VPV_V1_DATA_OFFSET >> PAGE_SHIFT)
		return -EINVAL;
	return vpv_window_map_user(&v1->window, pgoff - (VPV_V1_DATA_OFFSET >> PAGE_SHIFT), vma);
}

static int vpv_v1_add_capability(struct vfio_pci_core_device *core, struct vfio_pci_region *region,
				 struct vfio_info_cap *caps)
{
	struct vfio_region_info_cap_sparse_mmap *sparse;
	size_t bytes = struct_size(sparse, areas, 1);
	int ret;

	sparse = kzalloc(bytes, GFP_KERNEL);
	if (!sparse)
		return -ENOMEM;

	sparse->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	sparse->header.version = 1;
	sparse->nr_areas = 1;
	sparse->areas[0].offset = VPV_V1_DATA_OFFSET;
	sparse->areas[0].size = VPV_WINDOW_BYTES;
	ret = vfio_info_add_capability(caps, &sparse->header, bytes);
	kfree(sparse);
	return ret;
}

static void vpv_v1_free(struct vpv_v1 *v1)
{
	if (v1->session)
		vpv_session_put(v1->session);
	vpv_window_uninit(&v1->window);
	mutex_destroy(&v1->lock);
	kfree(v1);
}

static void vpv_v1_release(struct vfio_pci_core_device *core, struct vfio_pci_region *region)
{
	vpv_v1_free(region->data);
}

static const struct vfio_pci_regops vpv_v1_regops = {
	.rw = vpv_v1_rw,
	.mmap = vpv_v1_mmap,
	.release = vpv_v1_release,
	.add_capability = vpv_v1_add_capability,
};

/*
 * Adds the region to a device that can migrate, while it is being opened. The core releases it
 * when the device is closed, and when opening fails.
 */
int vpv_v1_add_region(struct vfio_pci_variant *variant)
{
	struct vpv_v1 *v1;
	int ret;

	if (!migration_region)
		return 0;

	v1 = kzalloc(sizeof(*v1), GFP_KERNEL_ACCOUNT);
	if (!v1)
		return -ENOMEM;
	v1->mig = variant->mig;
	v1->device_state = VFIO_DEVICE_STATE_V1_RUNNING;
	v1->resets = READ_ONCE(v1->mig->resets);
	mutex_init(&v1->lock);
	vpv_window_init(&v1->window);

	ret = vfio_pci_core_register_dev_region(&variant->core,
						VFIO_REGION_TYPE_MIGRATION_DEPRECATED,
						VFIO_REGION_SUBTYPE_MIGRATION_DEPRECATED,
						&vpv_v1_regops, VPV_V1_REGION_BYTES,
						VFIO_REGION_INFO_FLAG_READ |
						VFIO_REGION_INFO_FLAG_WRITE |
						VFIO_REGION_INFO_FLAG_MMAP, v1);
	if (ret)
		vpv_v1_free(v1);
	return ret;
}
