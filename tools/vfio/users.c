// SPDX-License-Identifier: GPL-2.0-only
/* Who has a device in use: the processes behind VFIO, or a network or disk behind a driver. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "device.h"
#include "users.h"

#define VFIO_DIR	"/dev/vfio"
#define VFIO_FILE	"anon_inode:[vfio-device]"
#define FLAVOUR_SECONDS	1

/* What a user's file can be: the group's node, or the device's own; zero when not there. */
struct nodes {
	const char *bdf;
	dev_t group;
	dev_t device;
};

/* Newer kernels tell whose a file of a VFIO device is. Return: 1, 0, or -1 when they do not. */
static int file_is_of(const char *pid, const char *fd, const char *bdf)
{
	char path[PATH_MAX], line[PATH_MAX], *last;
	int found = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/fdinfo/%s", pid, fd);
	file = fopen(path, "re");
	while (file && found < 0 && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		last = strrchr(line, '/');
		if (!strncmp(line, "vfio-device-syspath:", 20) && last)
			found = !strcmp(last + 1, bdf);
	}
	if (file)
		fclose(file);
	return found;
}

/*
 * Is a descriptor one of the device? Where the file of a VFIO device tells not of which one it
 * is, and the device is known to be in use, @any_file lets all count. Nothing but what has vfio
 * in its name is looked at more closely: that could wait, for a dead server of files.
 */
static bool is_user(const struct nodes *nodes, bool any_file, const char *pid, int fds,
		    const char *fd)
{
	char target[PATH_MAX];
	struct stat st;
	ssize_t len;
	int of;

	len = readlinkat(fds, fd, target, sizeof(target) - 1);
	if (len < 0)
		return false;
	target[len] = '\0';
	if (!strcmp(target, VFIO_FILE)) {
		of = file_is_of(pid, fd, nodes->bdf);
		return of < 0 ? any_file : of;
	}
	if (!strstr(target, "vfio") || fstatat(fds, fd, &st, 0) || !S_ISCHR(st.st_mode))
		return false;
	return st.st_rdev && (st.st_rdev == nodes->group || st.st_rdev == nodes->device);
}

static bool process_is_user(const struct nodes *nodes, bool any_file, const char *pid)
{
	struct dirent *entry;
	bool found = false;
	char path[PATH_MAX];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)))
		found = is_user(nodes, any_file, pid, dirfd(dir), entry->d_name);
	closedir(dir);
	return found;
}

static void append_process(const char *pid, char *who, size_t size)
{
	char path[PATH_MAX], name[64] = "?";
	size_t len = strlen(who);
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "re");
	if (file) {
		if (fgets(name, sizeof(name), file))
			name[strcspn(name, "\n")] = '\0';
		fclose(file);
	}
	snprintf(who + len, size - len, "%s%s (pid %s)", len ? ", " : "", name, pid);
}

static bool find_processes(const struct nodes *nodes, bool any_file, char *who, size_t size)
{
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	who[0] = '\0';
	while (proc && (entry = readdir(proc))) {
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9' &&
		    atoi(entry->d_name) != getpid() &&
		    process_is_user(nodes, any_file, entry->d_name))
			append_process(entry->d_name, who, size);
	}
	if (proc)
		closedir(proc);
	return who[0];
}

/* A device that is in use for certain: who surely is a user, else who may be. */
static void find_users(const struct nodes *nodes, char *who, size_t size)
{
	if (!find_processes(nodes, false, who, size) && !find_processes(nodes, true, who, size))
		snprintf(who, size, "a process that cannot be seen from here");
}

/* The device's own node, where the kernel has such; its name is in vfio-dev/. */
static dev_t device_node(const struct device *dev)
{
	unsigned int major, minor;
	char path[PATH_MAX], text[32];
	struct dirent *entry;
	dev_t node = 0;
	DIR *dir;
	int fd;

	fd = openat(dev->fd, "vfio-dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return 0;
	}
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), "vfio-dev/%s/dev", entry->d_name);
		if (!device_read(dev, path, text, sizeof(text)) &&
		    sscanf(text, "%u:%u", &major, &minor) == 2)
			node = makedev(major, minor);
	}
	closedir(dir);
	return node;
}

/* The path and number of the group's node; without an IOMMU it has another name. */
static dev_t group_node(const struct device *dev, char *path, size_t size)
{
	char group[DEVICE_NAME_SIZE];
	struct stat st;

	device_link(dev, "iommu_group", group, sizeof(group));
	snprintf(path, size, VFIO_DIR "/%s", group);
	if (stat(path, &st))
		snprintf(path, size, VFIO_DIR "/noiommu-%s", group);
	return !stat(path, &st) && S_ISCHR(st.st_mode) ? st.st_rdev : 0;
}

int users_exclude(const struct device *dev, char *who, size_t size)
{
	struct nodes nodes = { .bdf = dev->bdf, .device = device_node(dev) };
	char path[PATH_MAX];
	int fd;

	nodes.group = group_node(dev, path, sizeof(path));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 && errno == EBUSY) {
		find_users(&nodes, who, size);
		return -EBUSY;
	}
	if (fd < 0)
		return -errno;
	/* Opening the device's own node leaves the group free at first, but not the device. */
	nodes.group = 0;
	if (nodes.device && find_processes(&nodes, false, who, size)) {
		close(fd);
		return -EBUSY;
	}
	return fd;
}

bool users_find(const struct device *dev, char *who, size_t size)
{
	struct nodes nodes = { .bdf = dev->bdf, .device = device_node(dev) };
	char path[PATH_MAX];

	who[0] = '\0';
	nodes.group = group_node(dev, path, sizeof(path));
	if (!nodes.group && !nodes.device)
		return false;
	if (find_processes(&nodes, false, who, size))
		return true;
	/* VFIO lets a device sleep that nobody has open, unless it was told not to. */
	device_read(dev, "power/runtime_status", path, sizeof(path));
	if (!device_has_vfio(dev) || strcmp(path, "active") ||
	    !find_processes(&nodes, true, path, sizeof(path)))
		return false;
	snprintf(who, size, "perhaps %.*s", (int)size - 10, path);
	return true;
}

/* Has another device of the group a VFIO driver, which keeps the group's node? */
static bool group_has_vfio(const struct device *dev)
{
	struct dirent *entry;
	char path[PATH_MAX];
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group/devices", dev->bdf);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "iommu_group/devices/%s/vfio-dev", entry->d_name);
		found = device_has(dev, path);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* What driver_flavour says, which sees more than sysfs; some kernels take the lock for it. */
static bool flavour_is_vfio(const struct device *dev)
{
	char text[DEVICE_NAME_SIZE];
	int ret;

	ret = device_read_locked(dev, "driver_flavour", text, sizeof(text), FLAVOUR_SECONDS);
	return ret == -ETIMEDOUT || strstr(text, "[vfio]");
}

bool users_leaving(const struct device *dev, char *who, size_t size)
{
	struct nodes nodes = { .bdf = dev->bdf };
	char path[PATH_MAX];

	who[0] = '\0';
	if (device_has(dev, "driver") || !device_has(dev, "iommu_group"))
		return false;
	nodes.group = group_node(dev, path, sizeof(path));
	if (!device_has_vfio(dev) && !flavour_is_vfio(dev) &&
	    (!nodes.group || group_has_vfio(dev)))
		return false;
	nodes.device = device_node(dev);
	find_users(&nodes, who, size);
	return true;
}

/* Does an interface or disk of that name, in a class of sysfs, come from the device? */
static bool is_below(const char *device, const char *class, const char *name)
{
	char path[PATH_MAX], real[PATH_MAX];
	size_t len = strlen(device);

	snprintf(path, sizeof(path), "/sys/class/%s/%s", class, name);
	return realpath(path, real) && !strncmp(real, device, len) && real[len] == '/';
}

static bool is_up(const char *name)
{
	unsigned int flags = 0;
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/net/%s/flags", name);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%x", &flags) != 1)
		flags = 0;
	fclose(file);
	return flags & IFF_UP;
}

/* The kernel lets nobody have a disk for itself that is mounted, swapped to or a part. */
static bool is_claimed(const char *name)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", name);
	fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == EBUSY;
}

static bool find_in_class(const char *device, const char *class, bool (*in_use)(const char *name),
			  char *found, size_t size)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	found[0] = '\0';
	snprintf(path, sizeof(path), "/sys/class/%s", class);
	dir = opendir(path);
	while (dir && !found[0] && (entry = readdir(dir))) {
		if (is_below(device, class, entry->d_name) && in_use(entry->d_name))
			snprintf(found, size, "%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found[0];
}

int users_native(const struct device *dev, char *who, size_t size)
{
	char path[PATH_MAX], device[PATH_MAX], name[NAME_MAX + 1];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", dev->bdf);
	if (!realpath(path, device))
		return 0;
	if (find_in_class(device, "net", is_up, name, sizeof(name)))
		snprintf(who, size, "network interface %s, which is up", name);
	else if (find_in_class(device, "block", is_claimed, name, sizeof(name)))
		snprintf(who, size, "whoever has mounted or claimed disk %s", name);
	else
		return 0;
	return -EBUSY;
}
