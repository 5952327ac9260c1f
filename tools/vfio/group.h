/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_FLAVOUR_GROUP_H
#define VFIO_FLAVOUR_GROUP_H

#include "device.h"

/* A bus of 32 slots behind one bridge, of one function each, and some to spare */
#define GROUP_MAX	64

struct kmod_ctx;
struct report;

/**
 * group_open() - open all devices of a device's IOMMU group
 * @dev: the device
 * @members: filled, sorted by address; device_close() ends each. Bridges are among them
 *
 * Return: how many there are; 1, with @dev alone opened again, when there is no group; -E2BIG
 * when they are more than GROUP_MAX, or another negative errno.
 */
int group_open(const struct device *dev, struct device members[GROUP_MAX]);

/**
 * group_siblings() - which other devices of the group keep users out?
 * @kmod: libkmod's context
 * @dev: the device
 * @names: filled with them and their drivers; empty for none
 * @size: size of @names
 */
void group_siblings(struct kmod_ctx *kmod, const struct device *dev, char *names, size_t size);

/**
 * group_tell_siblings() - say which other devices of the group keep users out
 * @kmod: libkmod's context
 * @dev: a device with a VFIO driver
 * @report: gets a note of them
 *
 * A group can be used only if no device of it has a driver that does DMA for itself.
 */
void group_tell_siblings(struct kmod_ctx *kmod, const struct device *dev, struct report *report);

#endif
