// SPDX-License-Identifier: GPL-2.0-only
/* PCI functions and their drivers, by sysfs */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nvlink2.h"

#define PCI_DEVICES "/sys/bus/pci/devices"

static unsigned long read_id(const char *bdf, const char *which)
{
	char path[128], text[16] = "";
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", bdf, which);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	return len > 0 ? strtoul(text, NULL, 0) : 0;
}

int pci_find(unsigned int vendor, unsigned int device, char *bdf)
{
	struct dirent *entry;
	int ret = -ENODEV;
	DIR *dir;

	dir = opendir(PCI_DEVICES);
	if (!dir)
		return -errno;
	while (ret && (entry = readdir(dir))) {
		if (read_id(entry->d_name, "vendor") != vendor ||
		    read_id(entry->d_name, "device") != device)
			continue;
		snprintf(bdf, BDF_LEN, "%.*s", BDF_LEN - 1, entry->d_name);
		ret = 0;
	}
	closedir(dir);
	return ret;
}

void pci_of_node(const char *bdf, char *dir, size_t bytes)
{
	snprintf(dir, bytes, PCI_DEVICES "/%s/of_node", bdf);
}

static int write_text(const char *path, const char *text)
{
	int fd, ret = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* The driver's name; an empty one when the function has none. */
static void driver_of(const char *bdf, char *name, size_t bytes)
{
	char path[128], link[256];
	ssize_t len;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver", bdf);
	len = readlink(path, link, sizeof(link) - 1);
	link[len < 0 ? 0 : len] = '\0';
	snprintf(name, bytes, "%s", len < 0 ? "" : strrchr(link, '/') + 1);
}

int pci_unbind(const char *bdf)
{
	char path[128], driver[64];

	driver_of(bdf, driver, sizeof(driver));
	if (!*driver)
		return 0;
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver/unbind", bdf);
	return write_text(path, bdf);
}

int pci_bind(const char *bdf, const char *driver)
{
	char path[128], now[64];
	int ret;

	ret = pci_unbind(bdf);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver_override", bdf);
	ret = write_text(path, driver);
	if (!ret)
		ret = write_text("/sys/bus/pci/drivers_probe", bdf);
	driver_of(bdf, now, sizeof(now));
	return ret ? ret : strcmp(now, driver) ? -ENXIO : 0;
}
