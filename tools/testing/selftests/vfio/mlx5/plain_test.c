// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that its variant driver offers without migration: it answers as a
 * device of plain vfio-pci does, and it can be used as one.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "vfio_mig.h"

#define PCI_VENDOR_ID	0x00
#define PCI_DEVICE_ID	0x02

/* More than the largest argument of the features below */
#define DATA_BYTES	64

FIXTURE(plain) {
	struct vfio_dev dev;
};

FIXTURE_SETUP(plain)
{
	vfio_dev_open(&self->dev, vfio_bdf(0));
}

FIXTURE_TEARDOWN(plain)
{
	vfio_dev_close(&self->dev);
}

TEST_F(plain, ids_are_those_of_sysfs)
{
	char value[16];

	ASSERT_EQ(0, __vfio_attr_read(self->dev.bdf, "vendor", value, sizeof(value)));
	EXPECT_EQ(strtoul(value, NULL, 16), vfio_config_read16(&self->dev, PCI_VENDOR_ID));
	ASSERT_EQ(0, __vfio_attr_read(self->dev.bdf, "device", value, sizeof(value)));
	EXPECT_EQ(strtoul(value, NULL, 16), vfio_config_read16(&self->dev, PCI_DEVICE_ID));
}

TEST_F(plain, can_be_reset)
{
	EXPECT_EQ(0, __vfio_dev_reset(&self->dev));
}

TEST_F(plain, takes_dma_and_interrupts)
{
	long page = sysconf(_SC_PAGESIZE);
	void *mem;
	int fd;

	mem = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(0, __vfio_dma_map(&self->dev, mem, 0x100000, page));
	vfio_dev_enable_dma(&self->dev);
	fd = __vfio_irq_eventfd(&self->dev, VFIO_PCI_MSIX_IRQ_INDEX);
	EXPECT_LE(0, fd);
	close(fd);
	munmap(mem, page);
}

TEST_F(plain, has_no_migration_feature)
{
	static const struct {
		const char *name;
		__u32 number;
		__u32 size;
	} features[] = {
#define FEATURE(name, type) \
		{ #name, VFIO_DEVICE_FEATURE_##name, sizeof(struct vfio_device_feature_##type) }
		FEATURE(MIGRATION, migration),
		FEATURE(MIG_DEVICE_STATE, mig_state),
		FEATURE(MIG_DATA_SIZE, mig_data_size),
		FEATURE(DMA_LOGGING_START, dma_logging_control),
		FEATURE(DMA_LOGGING_REPORT, dma_logging_report),
#undef FEATURE
		{ "DMA_LOGGING_STOP", VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, 0 },
	};
	static const __u32 ops[] = {
		VFIO_DEVICE_FEATURE_GET,
		VFIO_DEVICE_FEATURE_SET,
		VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET,
		VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(features); i++) {
		for (unsigned int j = 0; j < ARRAY_SIZE(ops); j++) {
			char data[DATA_BYTES] = {};

			EXPECT_EQ(-ENOTTY, __vfio_feature(self->dev.fd,
							  ops[j] | features[i].number,
							  data, features[i].size)) {
				TH_LOG("%s, flags 0x%x", features[i].name, ops[j]);
			}
		}
	}
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
