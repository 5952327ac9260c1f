// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtio-mmio device that vfio-platform has: what VFIO says of it, its registers, and its
 * reset by the handler that vfio-platform found.
 *
 *   vfio_platform_test DEVICE          run the tests (DEVICE as in /sys/bus/platform/devices)
 *   vfio_platform_test --hold DEVICE   open DEVICE, say so, close it at the end of the input
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/vfio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kselftest_harness.h"

#define VIRTIO_MMIO_MAGIC	0x74726976	/* "virt" */
/* QEMU's virt machine: 0x200 bytes of registers per device, one wired interrupt */
#define VIRTIO_MMIO_BYTES	0x200

static const char *device_name;

struct vfio_platform {
	int container_fd;
	int group_fd;
	int fd;
	__u64 regs;
};

static void vfio_platform_close(struct vfio_platform *dev)
{
	close(dev->fd);
	close(dev->group_fd);
	close(dev->container_fd);
}

/* The number of the device's group, or a negative errno. */
static int vfio_platform_group(const char *name)
{
	char path[PATH_MAX], link[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/platform/devices/%s/iommu_group", name);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return -errno;
	link[len] = '\0';
	return atoi(strrchr(link, '/') + 1);
}

/* Returns NULL, or the name of the step that failed, with errno set. */
static const char *vfio_platform_open(struct vfio_platform *dev, const char *name)
{
	struct vfio_region_info info = { .argsz = sizeof(info) };
	char path[32];
	int group;

	dev->group_fd = -1;
	dev->fd = -1;
	dev->container_fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (dev->container_fd < 0)
		return "open /dev/vfio/vfio";
	group = vfio_platform_group(name);
	if (group < 0) {
		errno = -group;
		return "find the IOMMU group";
	}
	snprintf(path, sizeof(path), "/dev/vfio/%d", group);
	dev->group_fd = open(path, O_RDWR | O_CLOEXEC);
	if (dev->group_fd < 0)
		return "open the group";
	if (ioctl(dev->group_fd, VFIO_GROUP_SET_CONTAINER, &dev->container_fd))
		return "VFIO_GROUP_SET_CONTAINER";
	if (ioctl(dev->container_fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return "VFIO_SET_IOMMU";
	dev->fd = ioctl(dev->group_fd, VFIO_GROUP_GET_DEVICE_FD, name);
	if (dev->fd < 0)
		return "VFIO_GROUP_GET_DEVICE_FD";
	if (ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, &info))
		return "VFIO_DEVICE_GET_REGION_INFO";
	dev->regs = info.offset;
	return NULL;
}

static int reg_read(const struct vfio_platform *dev, unsigned int reg, __u32 *value)
{
	return pread(dev->fd, value, sizeof(*value), dev->regs + reg) == sizeof(*value) ? 0 : -1;
}

static int reg_write(const struct vfio_platform *dev, unsigned int reg, __u32 value)
{
	return pwrite(dev->fd, &value, sizeof(value), dev->regs + reg) == sizeof(value) ? 0 : -1;
}

FIXTURE(platform) {
	struct vfio_platform dev;
};

FIXTURE_SETUP(platform)
{
	const char *failed = vfio_platform_open(&self->dev, device_name);

	ASSERT_EQ(NULL, failed) {
		TH_LOG("%s: %s: %s", device_name, failed, strerror(errno));
	}
}

FIXTURE_TEARDOWN(platform)
{
	vfio_platform_close(&self->dev);
}

/* The flag of RESET is there only when vfio-platform has found a handler. */
TEST_F(platform, is_a_platform_device_with_reset)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	ASSERT_EQ(0, ioctl(self->dev.fd, VFIO_DEVICE_GET_INFO, &info));
	EXPECT_EQ(VFIO_DEVICE_FLAGS_PLATFORM | VFIO_DEVICE_FLAGS_RESET, info.flags);
	EXPECT_EQ(1, info.num_regions);
	EXPECT_EQ(1, info.num_irqs);
}

TEST_F(platform, region_has_the_registers)
{
	struct vfio_region_info info = { .argsz = sizeof(info) };
	__u32 value;

	ASSERT_EQ(0, ioctl(self->dev.fd, VFIO_DEVICE_GET_REGION_INFO, &info));
	EXPECT_EQ(VIRTIO_MMIO_BYTES, info.size);
	/* Eight devices share a page: none may be mapped. */
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE, info.flags);
	ASSERT_EQ(0, reg_read(&self->dev, VIRTIO_MMIO_MAGIC_VALUE, &value));
	EXPECT_EQ(VIRTIO_MMIO_MAGIC, value);
	ASSERT_EQ(0, reg_read(&self->dev, VIRTIO_MMIO_DEVICE_ID, &value));
	EXPECT_EQ(VIRTIO_ID_BLOCK, value);
}

TEST_F(platform, interrupt_goes_to_an_eventfd)
{
	struct vfio_irq_info info = { .argsz = sizeof(info) };

	ASSERT_EQ(0, ioctl(self->dev.fd, VFIO_DEVICE_GET_IRQ_INFO, &info));
	EXPECT_EQ(VFIO_IRQ_INFO_EVENTFD, info.flags & VFIO_IRQ_INFO_EVENTFD);
	EXPECT_EQ(1, info.count);
}

TEST_F(platform, reset_clears_the_status)
{
	const __u32 status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;
	__u32 value;

	ASSERT_EQ(0, reg_write(&self->dev, VIRTIO_MMIO_STATUS, status));
	ASSERT_EQ(0, reg_read(&self->dev, VIRTIO_MMIO_STATUS, &value));
	EXPECT_EQ(status, value);
	EXPECT_EQ(0, ioctl(self->dev.fd, VFIO_DEVICE_RESET));
	ASSERT_EQ(0, reg_read(&self->dev, VIRTIO_MMIO_STATUS, &value));
	EXPECT_EQ(0, value);
}

TEST_F(platform, the_next_user_finds_it_reset)
{
	__u32 value;

	ASSERT_EQ(0, reg_write(&self->dev, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE));
	vfio_platform_close(&self->dev);
	ASSERT_EQ(NULL, vfio_platform_open(&self->dev, device_name));
	ASSERT_EQ(0, reg_read(&self->dev, VIRTIO_MMIO_STATUS, &value));
	EXPECT_EQ(0, value);
}

static int hold(void)
{
	struct vfio_platform dev;
	const char *failed = vfio_platform_open(&dev, device_name);
	char c;

	if (failed) {
		fprintf(stderr, "%s: %s: %s\n", device_name, failed, strerror(errno));
		return 1;
	}
	puts("open");
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	vfio_platform_close(&dev);
	return 0;
}

int main(int argc, char **argv)
{
	bool holding = argc == 3 && !strcmp(argv[1], "--hold");

	if (argc < 2 || (argc == 3 && !holding) || argc > 3) {
		fprintf(stderr, "usage: %s [--hold] DEVICE\n", argv[0]);
		return KSFT_FAIL;
	}
	device_name = argv[--argc];
	argv[argc] = NULL;
	return holding ? hold() : test_harness_run(argc, argv);
}
