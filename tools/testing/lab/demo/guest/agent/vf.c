// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's VF as its drivers show it: network interface, PCI device, and the
 * objects module in debugfs (see ../objects).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vf.h"

#define OBJECTS		"/sys/kernel/debug/mlx5_objects"
#define DRIVER		"/sys/bus/pci/drivers/mlx5_core"
#define POLL_US		50000
#define PREFIX_24	0xffffff00

/* First entry of a folder that is not hidden and has that in its name. */
static int first_entry(const char *folder, const char *part, char *name, size_t size)
{
	struct dirent *entry;
	DIR *dir;
	int ret = -ENODEV;

	dir = opendir(folder);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !strstr(entry->d_name, part))
			continue;
		ret = (size_t)snprintf(name, size, "%s", entry->d_name) < size ? 0 : -ENAMETOOLONG;
		break;
	}
	closedir(dir);
	return ret;
}

static int write_file(const char *path, const char *value)
{
	int fd, ret = 0;

	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static int read_file(const char *path, char *buffer, size_t size)
{
	ssize_t len;
	int fd;

	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -errno;
	len = read(fd, buffer, size - 1);
	close(fd);
	if (len < 0)
		return -errno;
	buffer[len] = 0;
	buffer[strcspn(buffer, "\n")] = 0;
	return 0;
}

/*
 * The PCI address of the VF: the one device the objects module has. A guest with
 * mlx5_ib, which wants the same device, is without that module.
 */
static int vf_address(char *bdf, size_t size)
{
	int ret = first_entry(OBJECTS, "", bdf, size);

	return ret == -ENOENT ? first_entry(DRIVER, ":", bdf, size) : ret;
}

static int vf_netdev(char *name)
{
	char bdf[64], folder[128];
	int ret;

	ret = vf_address(bdf, sizeof(bdf));
	if (ret)
		return ret;
	snprintf(folder, sizeof(folder), "/sys/bus/pci/devices/%s/net", bdf);
	return first_entry(folder, "", name, IFNAMSIZ);
}

/* An interface request on the VF's interface; @request->ifr_name is filled in here. */
static int vf_ioctl(unsigned long command, struct ifreq *request)
{
	int fd, ret;

	ret = vf_netdev(request->ifr_name);
	if (ret)
		return ret;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		return -errno;
	ret = ioctl(fd, command, request) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* Taking the interface down and up destroys its queues and makes new ones. */
int vf_set_link(int up)
{
	struct ifreq request = {};
	int ret;

	ret = vf_ioctl(SIOCGIFFLAGS, &request);
	if (ret)
		return ret;
	if (up)
		request.ifr_flags |= IFF_UP;
	else
		request.ifr_flags &= ~IFF_UP;
	return vf_ioctl(SIOCSIFFLAGS, &request);
}

static int set_address(const char *address)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct ifreq request = {};
	int ret;

	if (inet_pton(AF_INET, address, &in.sin_addr) != 1)
		return -EINVAL;
	memcpy(&request.ifr_addr, &in, sizeof(in));
	ret = vf_ioctl(SIOCSIFADDR, &request);
	if (ret)
		return ret;
	in.sin_addr.s_addr = htonl(PREFIX_24);
	memcpy(&request.ifr_netmask, &in, sizeof(in));
	return vf_ioctl(SIOCSIFNETMASK, &request);
}

/*
 * Wait for a VF, there from boot on or plugged in later, and bring its interface up.
 * There is no limit: whoever asked has one.
 */
int vf_attach(const char *address)
{
	char name[IFNAMSIZ];
	int ret;

	while (vf_netdev(name))
		usleep(POLL_US);
	ret = vf_set_link(true);
	return ret ? ret : set_address(address);
}

/* Give the VF to its driver anew, as after a reset behind the driver's back. */
int vf_rebind(void)
{
	char bdf[64];
	int ret;

	ret = vf_address(bdf, sizeof(bdf));
	if (ret)
		return ret;
	ret = write_file(DRIVER "/unbind", bdf);
	return ret ? ret : write_file(DRIVER "/bind", bdf);
}

static int objects_path(const char *file, char *path, size_t size)
{
	char bdf[64];
	int ret;

	ret = vf_address(bdf, sizeof(bdf));
	if (!ret)
		snprintf(path, size, OBJECTS "/%s/%s", bdf, file);
	return ret;
}

int vf_objects_write(const char *file, const char *value)
{
	char path[128];
	int ret;

	ret = objects_path(file, path, sizeof(path));
	return ret ? ret : write_file(path, value);
}

/* The objects module's own words. */
int vf_objects_check(char *report, size_t size)
{
	char path[128];
	int ret;

	ret = objects_path("check", path, sizeof(path));
	return ret ? ret : read_file(path, report, size);
}

/* The statistics come from the device, by commands on the driver's own objects. */
static int read_statistics(unsigned int *count)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq request = { .ifr_data = (void *)&info };
	struct ethtool_stats *stats;
	int ret;

	ret = vf_ioctl(SIOCETHTOOL, &request);
	if (ret)
		return ret;
	stats = calloc(1, sizeof(*stats) + info.n_stats * sizeof(stats->data[0]));
	if (!stats)
		return -ENOMEM;
	stats->cmd = ETHTOOL_GSTATS;
	stats->n_stats = info.n_stats;
	request.ifr_data = (void *)stats;
	ret = vf_ioctl(SIOCETHTOOL, &request);
	*count = stats->n_stats;
	free(stats);
	return ret;
}

/* Report of the network interface. Return: 0 if it is up and its device answers. */
int vf_netdev_check(char *report, size_t size)
{
	struct ifreq request = {};
	unsigned int count = 0;
	bool running;
	int ret;

	ret = vf_ioctl(SIOCGIFFLAGS, &request);
	if (!ret)
		ret = read_statistics(&count);
	if (ret) {
		snprintf(report, size, "netdev=error%d", ret);
		return ret;
	}
	running = (request.ifr_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
	snprintf(report, size, "netdev=%s statistics=%u", running ? "up" : "down", count);
	return running ? 0 : -ENETDOWN;
}
