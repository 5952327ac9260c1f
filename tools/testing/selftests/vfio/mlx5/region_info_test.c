// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_DEVICE_GET_REGION_INFO of a device that migrates: the BAR with the MSI-X table must
 * not say that the table can be mapped unless the device logs dirty pages, or QEMU's
 * migration fails in its setup; all else is as the core has it.
 */
#include <linux/pci_regs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "migratable.h"

#define INFO_BYTES	512
#define MINIMUM_BYTES	32

/* The answer and the capabilities behind it */
union info {
	struct vfio_region_info head;
	char bytes[INFO_BYTES];
};

static int region_info(int fd, __u32 index, __u32 argsz, union info *info)
{
	memset(info, 0x5a, sizeof(*info));
	info->head.argsz = argsz;
	info->head.index = index;
	return ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, info) ? -errno : 0;
}

static bool has_capability(const union info *info, __u16 id)
{
	const struct vfio_info_cap_header *cap;
	__u32 at;

	if (!(info->head.flags & VFIO_REGION_INFO_FLAG_CAPS))
		return false;
	for (at = info->head.cap_offset; at; at = cap->next) {
		cap = (const void *)(info->bytes + at);
		if (cap->id == id)
			return true;
	}
	return false;
}

/* The BAR of the MSI-X table, -1 for a device without MSI-X */
static int msix_bar(const struct vfio_dev *dev)
{
	unsigned int at = vfio_config_read16(dev, PCI_CAPABILITY_LIST) & 0xff;

	while (at) {
		__u16 head = vfio_config_read16(dev, at);

		if ((head & 0xff) == PCI_CAP_ID_MSIX)
			return vfio_config_read16(dev, at + PCI_MSIX_TABLE) & PCI_MSIX_TABLE_BIR;
		at = head >> 8;
	}
	return -1;
}

FIXTURE(region_info) {
	struct vfio_dev dev;
	int bar;
};

FIXTURE_SETUP(region_info)
{
	const char *skip = open_migratable(&self->dev, 0);

	if (skip)
		SKIP(return, "%s", skip);
	self->bar = msix_bar(&self->dev);
	if (self->bar < 0)
		SKIP(return, "%s has no MSI-X", self->dev.bdf);
}

FIXTURE_TEARDOWN(region_info)
{
	vfio_dev_close(&self->dev);
}

TEST_F(region_info, msix_table_is_not_offered_for_mapping)
{
	int logs = !__vfio_feature(self->dev.fd, VFIO_DEVICE_FEATURE_PROBE |
				   VFIO_DEVICE_FEATURE_SET |
				   VFIO_DEVICE_FEATURE_DMA_LOGGING_START, NULL, 0);
	union info info;

	ASSERT_EQ(0, region_info(self->dev.fd, self->bar, sizeof(info), &info));
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE |
		  VFIO_REGION_INFO_FLAG_MMAP,
		  info.head.flags & ~VFIO_REGION_INFO_FLAG_CAPS);
	EXPECT_EQ((__u64)self->bar << 40, info.head.offset);
	EXPECT_NE(0, info.head.size);
	EXPECT_EQ(logs, has_capability(&info, VFIO_REGION_INFO_CAP_MSIX_MAPPABLE));
}

TEST_F(region_info, it_can_be_mapped_all_the_same)
{
	size_t bytes;
	void *map;

	map = vfio_region_mmap(&self->dev, self->bar, &bytes);
	EXPECT_EQ(0, munmap(map, bytes));
}

TEST_F(region_info, bad_arguments_are_refused)
{
	struct vfio_device_info device = { .argsz = sizeof(device) };
	__u32 argsz;
	union info info;

	for (argsz = 0; argsz < MINIMUM_BYTES; argsz++) {
		EXPECT_EQ(-EINVAL, region_info(self->dev.fd, self->bar, argsz, &info));
		EXPECT_EQ(0x5a5a5a5a, info.head.flags) {
			TH_LOG("argsz %u: the argument was written", argsz);
		}
	}
	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_GET_REGION_INFO, NULL));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(0, ioctl(self->dev.fd, VFIO_DEVICE_GET_INFO, &device));
	EXPECT_LE(VFIO_PCI_NUM_REGIONS, device.num_regions);
	EXPECT_EQ(-EINVAL, region_info(self->dev.fd, device.num_regions, sizeof(info), &info));
	EXPECT_EQ(-EINVAL, region_info(self->dev.fd, ~0U, sizeof(info), &info));
}

TEST_F(region_info, nothing_is_written_behind_the_minimum)
{
	union info info;
	size_t i;

	ASSERT_EQ(0, region_info(self->dev.fd, self->bar, MINIMUM_BYTES, &info));
	for (i = MINIMUM_BYTES; i < sizeof(info); i++)
		ASSERT_EQ(0x5a, info.bytes[i]);
}

TEST_F(region_info, other_regions_are_as_the_core_has_them)
{
	union info info;

	ASSERT_EQ(0, region_info(self->dev.fd, VFIO_PCI_CONFIG_REGION_INDEX, sizeof(info), &info));
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE, info.head.flags);
	EXPECT_TRUE(info.head.size == 256 || info.head.size == 4096);
	EXPECT_EQ((__u64)VFIO_PCI_CONFIG_REGION_INDEX << 40, info.head.offset);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
