// SPDX-License-Identifier: GPL-2.0-only
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "vfio_mig.h"

#define CGROUP_ROOT	"/run/vfio-test-cgroup"
#define CGROUP		CGROUP_ROOT "/vfio-test"

const char *vfio_cgroup_make(void)
{
	if (mkdir(CGROUP_ROOT, 0700) && errno != EEXIST)
		return "no folder for cgroup2 in /run";
	if (mount("none", CGROUP_ROOT, "cgroup2", 0, NULL))
		return "cgroup2 cannot be mounted";
	if (__vfio_sysfs_write(CGROUP_ROOT "/cgroup.subtree_control", "+memory") ||
	    mkdir(CGROUP, 0700)) {
		vfio_cgroup_remove();
		return "cgroup2 has no memory controller";
	}
	return NULL;
}

void vfio_cgroup_remove(void)
{
	rmdir(CGROUP);
	umount(CGROUP_ROOT);
	rmdir(CGROUP_ROOT);
}

void vfio_cgroup_write(const char *file, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), CGROUP "/%s", file);
	VFIO_ASSERT(!__vfio_sysfs_write(path, value), "%s: %s", path, value);
}

void vfio_cgroup_enter(void)
{
	vfio_cgroup_write("cgroup.procs", "0");
}

void vfio_cgroup_leave(void)
{
	VFIO_ASSERT(!__vfio_sysfs_write(CGROUP_ROOT "/cgroup.procs", "0"), "the root cgroup");
}

static __u64 read_bytes(const char *path)
{
	unsigned long long bytes;
	FILE *file;

	file = fopen(path, "r");
	VFIO_ASSERT(file, "%s", path);
	VFIO_ASSERT(fscanf(file, "%llu", &bytes) == 1, "%s", path);
	fclose(file);
	return bytes;
}

__u64 vfio_cgroup_memory_bytes(void)
{
	return read_bytes(CGROUP "/memory.current");
}

__u64 vfio_cgroup_memory_peak_bytes(void)
{
	return read_bytes(CGROUP "/memory.peak");
}
