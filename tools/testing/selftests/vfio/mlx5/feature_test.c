// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_DEVICE_FEATURE for each migration feature: what a wrong argsz, flag or
 * pointer gets, and that a refused call changes nothing.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "migratable.h"

#define GET	VFIO_DEVICE_FEATURE_GET
#define SET	VFIO_DEVICE_FEATURE_SET
#define PROBE	VFIO_DEVICE_FEATURE_PROBE

/* The largest argument of any feature here, and room to ask for more. */
#define DATA_BYTES	64

/* A call with an argsz that is the test's own choice. */
static int feature_argsz(int fd, __u32 flags, __u32 argsz, void *data)
{
	char buf[sizeof(struct vfio_device_feature) + DATA_BYTES] = {};
	struct vfio_device_feature *feature = (struct vfio_device_feature *)buf;
	int ret = 0;

	if (data)
		memcpy(feature->data, data, 8);
	feature->argsz = argsz;
	feature->flags = flags;
	if (ioctl(fd, VFIO_DEVICE_FEATURE, feature))
		ret = -errno;
	if (data)
		memcpy(data, feature->data, 8);
	return ret;
}

FIXTURE(feature) {
	struct vfio_dev dev;
};

FIXTURE_VARIANT(feature) {
	__u32 number;
	__u32 size;
	/* GET, SET or both */
	__u32 ops;
};

FIXTURE_VARIANT_ADD(feature, migration) {
	.number = VFIO_DEVICE_FEATURE_MIGRATION,
	.size = sizeof(struct vfio_device_feature_migration),
	.ops = GET,
};

FIXTURE_VARIANT_ADD(feature, device_state) {
	.number = VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
	.size = sizeof(struct vfio_device_feature_mig_state),
	.ops = GET | SET,
};

FIXTURE_VARIANT_ADD(feature, data_size) {
	.number = VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
	.size = sizeof(struct vfio_device_feature_mig_data_size),
	.ops = GET,
};

FIXTURE_SETUP(feature)
{
	const char *skip = open_migratable(&self->dev, 0);

	if (skip)
		SKIP(return, "%s", skip);
}

FIXTURE_TEARDOWN(feature)
{
	vfio_dev_close(&self->dev);
}

TEST_F(feature, probe_tells_what_is_supported)
{
	int fd = self->dev.fd;
	__u32 op;

	EXPECT_EQ(0, __vfio_feature(fd, PROBE | variant->number, NULL, 0));
	for (op = GET; op; op = op == GET ? SET : 0)
		EXPECT_EQ(variant->ops & op ? 0 : -EINVAL,
			  __vfio_feature(fd, PROBE | op | variant->number,
					 NULL, 0));
}

TEST_F(feature, short_argsz_is_refused)
{
	__u32 full = sizeof(struct vfio_device_feature) + variant->size;
	__u32 argsz;

	for (argsz = 0; argsz < full; argsz++) {
		__u64 data = 0x5a5a5a5a5a5a5a5aULL;

		EXPECT_EQ(-EINVAL, feature_argsz(self->dev.fd,
						 GET | variant->number,
						 argsz, &data));
		EXPECT_EQ(0x5a5a5a5a5a5a5a5aULL, data) {
			TH_LOG("argsz %u: the argument was written", argsz);
		}
	}
}

TEST_F(feature, long_argsz_is_accepted)
{
	__u64 exact = 0, longer = 0;
	__u32 full = sizeof(struct vfio_device_feature) + variant->size;

	ASSERT_EQ(0, feature_argsz(self->dev.fd, GET | variant->number, full,
				   &exact));
	ASSERT_EQ(0, feature_argsz(self->dev.fd, GET | variant->number,
				   full + 8, &longer));
	EXPECT_EQ(exact, longer);
}

TEST_F(feature, wrong_flags_are_refused)
{
	__u32 full = sizeof(struct vfio_device_feature) + variant->size;
	__u64 state = VFIO_DEVICE_STATE_STOP;
	int fd = self->dev.fd;
	unsigned int bit;

	/* Neither GET, SET nor PROBE; and two at once */
	EXPECT_EQ(-EINVAL, feature_argsz(fd, variant->number, full, &state));
	EXPECT_EQ(-EINVAL, feature_argsz(fd, GET | SET | variant->number, full,
					 &state));
	if (!(variant->ops & SET))
		EXPECT_EQ(-EINVAL, feature_argsz(fd, SET | variant->number,
						 full, &state));
	/* Bits that have no meaning yet */
	for (bit = 19; bit < 32; bit++)
		EXPECT_EQ(-EINVAL, feature_argsz(fd, (1U << bit) | GET |
						 variant->number, full,
						 &state));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
}

TEST_F(feature, bad_pointer_is_efault)
{
	struct vfio_device_feature *feature;
	long page = sysconf(_SC_PAGESIZE);
	char *map;

	map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, mprotect(map + page, page, PROT_NONE));

	/* The header can be read, the argument behind it cannot. */
	feature = (struct vfio_device_feature *)
		  (map + page - sizeof(*feature));
	feature->argsz = sizeof(*feature) + variant->size;
	feature->flags = GET | variant->number;
	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_FEATURE, feature));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_FEATURE, map + page));
	EXPECT_EQ(EFAULT, errno);
	munmap(map, 2 * page);
}

/*
 * The state is written back together with data_fd, so an argument that cannot
 * be written fails after the arc. The session must not leak: the device has to
 * be usable again after a reset at the latest.
 */
TEST_F(feature, set_state_into_read_only_memory)
{
	struct vfio_device_feature_mig_state *mig;
	struct vfio_device_feature *feature;
	long page = sysconf(_SC_PAGESIZE);
	struct vfio_image image = {};

	if (!(variant->ops & SET))
		SKIP(return, "this feature cannot be set");
	feature = mmap(NULL, page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, feature);
	feature->argsz = sizeof(*feature) + variant->size;
	feature->flags = SET | variant->number;
	mig = (struct vfio_device_feature_mig_state *)feature->data;
	mig->device_state = VFIO_DEVICE_STATE_STOP_COPY;
	ASSERT_EQ(0, mprotect(feature, page, PROT_READ));

	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_FEATURE, feature));
	EXPECT_EQ(EFAULT, errno);
	vfio_dev_reset(&self->dev);
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
	vfio_image_save(&self->dev, &image, VFIO_DEVICE_STATE_RUNNING);
	EXPECT_LT(0, image.size);
	vfio_image_free(&image);
	munmap(feature, page);
}

FIXTURE(migration) {
	struct vfio_dev dev;
};

FIXTURE_SETUP(migration)
{
	const char *skip = open_migratable(&self->dev, 0);

	if (skip)
		SKIP(return, "%s", skip);
}

FIXTURE_TEARDOWN(migration)
{
	vfio_dev_close(&self->dev);
}

TEST_F(migration, flags_make_sense)
{
	__u64 known = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P |
		      VFIO_MIGRATION_PRE_COPY;

	EXPECT_EQ(VFIO_MIGRATION_STOP_COPY,
		  self->dev.mig_flags & VFIO_MIGRATION_STOP_COPY);
	EXPECT_EQ(0, self->dev.mig_flags & ~known);
}

TEST_F(migration, opens_in_running)
{
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
}

TEST_F(migration, unknown_feature_is_enotty)
{
	__u64 data = 0;

	EXPECT_EQ(-ENOTTY, __vfio_feature(self->dev.fd, GET |
					  VFIO_DEVICE_FEATURE_MASK,
					  &data, sizeof(data)));
	EXPECT_EQ(-ENOTTY, __vfio_feature(self->dev.fd, PROBE |
					  VFIO_DEVICE_FEATURE_MASK, NULL, 0));
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
