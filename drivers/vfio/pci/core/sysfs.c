// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last migration of a device in sysfs: the folder "migration" of the PCI device.
 * Documentation/ABI/testing/sysfs-bus-pci-vfio-migration says what is in it.
 *
 * The files are there for as long as the driver has the device, and read numbers that a
 * migration leaves behind: no lock of the engine is taken.
 */
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/pci.h>
#include <linux/sysfs.h>
#include <linux/time64.h>

#include "mig.h"
#include "sysfs.h"

/* @words: what values stand for, else they are numbers; of nanoseconds, @in_us */
struct vpv_sysfs_file {
	struct device_attribute attr;
	size_t offset;
	bool in_us;
	const char *const *words;
};

static const char *const vpv_sysfs_roles[] = {
	[VPV_STATS_NONE] = "none",
	[VPV_STATS_SAVE] = "save",
	[VPV_STATS_LOAD] = "load",
};

static const char *const vpv_sysfs_results[] = {
	[VPV_STATS_NEVER] = "none",
	[VPV_STATS_GOES_ON] = "active",
	[VPV_STATS_COMPLETE] = "complete",
	[VPV_STATS_CANCELLED] = "cancelled",
	[VPV_STATS_FAILED] = "failed",
};

static ssize_t vpv_sysfs_show(struct device *dev, struct device_attribute *attr, char *out)
{
	const struct vpv_sysfs_file *file = container_of(attr, struct vpv_sysfs_file, attr);
	struct vfio_pci_core_device *core = dev_get_drvdata(dev);
	struct vfio_pci_variant *variant = container_of(core, struct vfio_pci_variant, core);
	u64 value = vpv_stats_read(&variant->mig->stats, file->offset);

	if (file->words)
		return sysfs_emit(out, "%s\n", file->words[value]);
	if (file->in_us)
		value = div_u64(value, NSEC_PER_USEC);
	return sysfs_emit(out, "%llu\n", value);
}

#define VPV_FILE(file, ...)							\
	static struct vpv_sysfs_file vpv_sysfs_##file = {			\
		.attr = __ATTR(file, 0444, vpv_sysfs_show, NULL),		\
		__VA_ARGS__							\
	}

#define VPV_OFFSET(member) .offset = offsetof(struct vpv_stats_record, member)

#define VPV_IMAGES(kind, KIND) \
	VPV_FILE(kind##_images, VPV_OFFSET(images[VPV_STATS_##KIND].count))

#define VPV_BYTES(kind, KIND) \
	VPV_FILE(kind##_bytes, VPV_OFFSET(images[VPV_STATS_##KIND].bytes))

#define VPV_TIME(kind, KIND) \
	VPV_FILE(kind##_us, VPV_OFFSET(images[VPV_STATS_##KIND].ns), .in_us = true)

#define VPV_TURN(turn, TURN)							\
	VPV_FILE(turn##_us, VPV_OFFSET(turn_ns[VPV_STATS_##TURN]), .in_us = true)

#define VPV_ARC(from, FROM, to, TO)						\
	VPV_FILE(from##_to_##to##_us, .in_us = true,				\
		 VPV_OFFSET(arc_ns[VFIO_DEVICE_STATE_##FROM][VFIO_DEVICE_STATE_##TO]))

VPV_FILE(role, VPV_OFFSET(role), .words = vpv_sysfs_roles);
VPV_FILE(result, VPV_OFFSET(result), .words = vpv_sysfs_results);
VPV_FILE(error, VPV_OFFSET(error));
VPV_FILE(passes, VPV_OFFSET(passes));
VPV_FILE(peak_memory_bytes, VPV_OFFSET(peak_bytes));
VPV_FILE(final_stream_us, VPV_OFFSET(final_stream_ns), .in_us = true);
VPV_FILE(loaded_last_us, VPV_OFFSET(images[VPV_STATS_LOADED].last_ns), .in_us = true);

VPV_IMAGES(initial, INITIAL);
VPV_BYTES(initial, INITIAL);
VPV_TIME(initial, INITIAL);
VPV_IMAGES(dirty, DIRTY);
VPV_BYTES(dirty, DIRTY);
VPV_TIME(dirty, DIRTY);
VPV_IMAGES(final, FINAL);
VPV_BYTES(final, FINAL);
VPV_TIME(final, FINAL);
VPV_IMAGES(loaded, LOADED);
VPV_BYTES(loaded, LOADED);
VPV_TIME(loaded, LOADED);

VPV_TURN(freeze_initiator, FREEZE_INITIATOR);
VPV_TURN(freeze_responder, FREEZE_RESPONDER);
VPV_TURN(unfreeze_responder, UNFREEZE_RESPONDER);
VPV_TURN(unfreeze_initiator, UNFREEZE_INITIATOR);

VPV_ARC(running, RUNNING, stop, STOP);
VPV_ARC(stop, STOP, running, RUNNING);
VPV_ARC(running, RUNNING, running_p2p, RUNNING_P2P);
VPV_ARC(running_p2p, RUNNING_P2P, running, RUNNING);
VPV_ARC(running_p2p, RUNNING_P2P, stop, STOP);
VPV_ARC(stop, STOP, running_p2p, RUNNING_P2P);
VPV_ARC(stop, STOP, stop_copy, STOP_COPY);
VPV_ARC(stop_copy, STOP_COPY, stop, STOP);
VPV_ARC(stop, STOP, resuming, RESUMING);
VPV_ARC(resuming, RESUMING, stop, STOP);
VPV_ARC(running, RUNNING, pre_copy, PRE_COPY);
VPV_ARC(pre_copy, PRE_COPY, running, RUNNING);
VPV_ARC(running_p2p, RUNNING_P2P, pre_copy_p2p, PRE_COPY_P2P);
VPV_ARC(pre_copy_p2p, PRE_COPY_P2P, running_p2p, RUNNING_P2P);
VPV_ARC(pre_copy, PRE_COPY, pre_copy_p2p, PRE_COPY_P2P);
VPV_ARC(pre_copy_p2p, PRE_COPY_P2P, pre_copy, PRE_COPY);
VPV_ARC(pre_copy, PRE_COPY, stop_copy, STOP_COPY);
VPV_ARC(pre_copy_p2p, PRE_COPY_P2P, stop_copy, STOP_COPY);

#define VPV_ATTR(file) (&vpv_sysfs_##file.attr.attr)

static struct attribute *vpv_sysfs_attrs[] = {
	VPV_ATTR(role),
	VPV_ATTR(result),
	VPV_ATTR(error),
	VPV_ATTR(passes),
	VPV_ATTR(peak_memory_bytes),
	VPV_ATTR(final_stream_us),
	VPV_ATTR(loaded_last_us),
	VPV_ATTR(initial_images),
	VPV_ATTR(initial_bytes),
	VPV_ATTR(initial_us),
	VPV_ATTR(dirty_images),
	VPV_ATTR(dirty_bytes),
	VPV_ATTR(dirty_us),
	VPV_ATTR(final_images),
	VPV_ATTR(final_bytes),
	VPV_ATTR(final_us),
	VPV_ATTR(loaded_images),
	VPV_ATTR(loaded_bytes),
	VPV_ATTR(loaded_us),
	VPV_ATTR(freeze_initiator_us),
	VPV_ATTR(freeze_responder_us),
	VPV_ATTR(unfreeze_responder_us),
	VPV_ATTR(unfreeze_initiator_us),
	VPV_ATTR(running_to_stop_us),
	VPV_ATTR(stop_to_running_us),
	VPV_ATTR(running_to_running_p2p_us),
	VPV_ATTR(running_p2p_to_running_us),
	VPV_ATTR(running_p2p_to_stop_us),
	VPV_ATTR(stop_to_running_p2p_us),
	VPV_ATTR(stop_to_stop_copy_us),
	VPV_ATTR(stop_copy_to_stop_us),
	VPV_ATTR(stop_to_resuming_us),
	VPV_ATTR(resuming_to_stop_us),
	VPV_ATTR(running_to_pre_copy_us),
	VPV_ATTR(pre_copy_to_running_us),
	VPV_ATTR(running_p2p_to_pre_copy_p2p_us),
	VPV_ATTR(pre_copy_p2p_to_running_p2p_us),
	VPV_ATTR(pre_copy_to_pre_copy_p2p_us),
	VPV_ATTR(pre_copy_p2p_to_pre_copy_us),
	VPV_ATTR(pre_copy_to_stop_copy_us),
	VPV_ATTR(pre_copy_p2p_to_stop_copy_us),
	NULL
};

static const struct attribute_group vpv_sysfs_group = {
	.name = "migration",
	.attrs = vpv_sysfs_attrs,
};

/* For a device that can migrate; the driver's data are set */
int vpv_sysfs_add(struct vfio_pci_variant *variant)
{
	return sysfs_create_group(&variant->core.pdev->dev.kobj, &vpv_sysfs_group);
}

/* On return nobody reads any more */
void vpv_sysfs_remove(struct vfio_pci_variant *variant)
{
	sysfs_remove_group(&variant->core.pdev->dev.kobj, &vpv_sysfs_group);
}
