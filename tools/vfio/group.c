// SPDX-License-Identifier: GPL-2.0-only
/* The devices that share an IOMMU group: a user has all of them or none. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "choose.h"
#include "device.h"
#include "group.h"
#include "report.h"

static int by_address(const void *a, const void *b)
{
	return strcmp(((const struct device *)a)->bdf, ((const struct device *)b)->bdf);
}

static int open_alone(const struct device *dev, struct device members[GROUP_MAX])
{
	return device_open(&members[0], dev->bdf) ?: 1;
}

int group_open(const struct device *dev, struct device members[GROUP_MAX])
{
	int fd = openat(dev->fd, "iommu_group/devices", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int nr = 0, ret = 0;

	if (!dir)
		return open_alone(dev, members);
	while (!ret && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		ret = nr == GROUP_MAX ? -E2BIG : device_open(&members[nr], entry->d_name);
		/* One that is no PCI function, or has just gone, is none to be moved. */
		if (ret == -EINVAL || ret == -ENODEV)
			ret = 0;
		else if (!ret)
			nr++;
	}
	closedir(dir);
	while (ret && nr)
		device_close(&members[--nr]);
	qsort(members, nr, sizeof(*members), by_address);
	return ret ? ret : nr;
}

/* The drivers that leave the DMA of their device to others, as the kernel has them. */
static bool leaves_dma(struct kmod_ctx *kmod, const char *driver)
{
	return !driver[0] || !strcmp(driver, "pcieport") || !strcmp(driver, "pci-stub") ||
	       choose_names_vfio(kmod, driver);
}

static void append(char *names, size_t size, const char *bdf, const char *driver)
{
	size_t len = strlen(names);

	/* Of many the first are told. */
	snprintf(names + len, size - len, "%s%.*s (%.*s)", len ? ", " : "",
		 DEVICE_NAME_SIZE, bdf, DEVICE_NAME_SIZE, driver);
}

void group_siblings(struct kmod_ctx *kmod, const struct device *dev, char *names, size_t size)
{
	char driver[DEVICE_NAME_SIZE];
	struct device members[GROUP_MAX];
	int nr = group_open(dev, members), i;

	names[0] = '\0';
	for (i = 0; i < nr; i++) {
		device_link(&members[i], "driver", driver, sizeof(driver));
		if (strcmp(members[i].bdf, dev->bdf) && !leaves_dma(kmod, driver))
			append(names, size, members[i].bdf, driver);
		device_close(&members[i]);
	}
}

void group_tell_siblings(struct kmod_ctx *kmod, const struct device *dev, struct report *report)
{
	char names[REPORT_TEXT_SIZE / 2];

	group_siblings(kmod, dev, names, sizeof(names));
	if (names[0])
		report_odd(report, "%s of the same IOMMU group keeps users out; "
			   "vfio-flavour --group %s vfio takes them all", names, dev->bdf);
}
