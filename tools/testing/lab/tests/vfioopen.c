// SPDX-License-Identifier: GPL-2.0-only
/* vfioopen DEVICE - can a user open it? For tests that ask often. */

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int open_group(const char *device)
{
	char path[PATH_MAX], link[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", device);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return -1;
	link[len] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%s", basename(link));
	return open(path, O_RDWR);
}

int main(int argc, char **argv)
{
	int container, group;

	if (argc != 2)
		return 2;
	container = open("/dev/vfio/vfio", O_RDWR);
	group = open_group(argv[1]);
	return container < 0 || group < 0 ||
	       ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
	       ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU) ||
	       ioctl(group, VFIO_GROUP_GET_DEVICE_FD, argv[1]) < 0;
}
