// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sample variant while its device changes: QEMU's ivshmem, whose state is the memory in
 * BAR 2, so that a test can change it at will and knows what a load must bring. Track of the
 * changes gets lost when the test says so.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "clock.h"
#include "migratable.h"

#define DRIVER		"sample_vfio_pci"
#define PARAMETERS	"/sys/module/" DRIVER "/parameters/"
#define KNOB		PARAMETERS "lose_track"
#define FAIL_PREPARE	PARAMETERS "fail_prepare"
#define RESERVE_MIB	PARAMETERS "reserve_mib"
#define NR_PREPARED	PARAMETERS "nr_prepared"
#define NR_MAPPED_LATE	PARAMETERS "nr_mapped_late"
/* Of the device's 2 MiB, in images of 1 MiB */
#define FIRST_IMAGES	"2"
/* More than any buffer can have */
#define TOO_MANY_MIB	"16777216"
#define BAR		VFIO_PCI_BAR2_REGION_INDEX
#define BLOCK_BYTES	4096
#define POLL_MS		60000
/* Within the time that the harness gives a test */
#define REINIT_MS	20000
/* Of the sample's stream, see its source */
#define HEADER_BYTES	16
#define RECORD_BYTES	16

/* What can be lost, as the knob counts it */
#define NEVER		"0"
#define ONCE		"1"
#define FOR_GOOD	"2"
#define AT_LAST		"3"

FIXTURE(change) {
	struct vfio_dev dev;
	unsigned char *memory;
	size_t bytes;
	struct vfio_image image;
	int fd;
};

FIXTURE_SETUP(change)
{
	const char *skip = open_migratable(&self->dev, 0);
	char driver[64];

	self->fd = -1;
	self->memory = NULL;
	if (skip)
		SKIP(return, "%s", skip);
	vfio_driver_of(self->dev.bdf, driver, sizeof(driver));
	if (strcmp(driver, DRIVER)) {
		vfio_dev_close(&self->dev);
		SKIP(return, "%s has the driver '%s', not " DRIVER, vfio_bdf(0), driver);
	}
	ASSERT_EQ(0, __vfio_sysfs_write(KNOB, NEVER));
	vfio_dev_enable_dma(&self->dev);
	self->memory = vfio_region_mmap(&self->dev, BAR, &self->bytes);
	self->fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, NULL);
}

FIXTURE_TEARDOWN(change)
{
	__vfio_sysfs_write(KNOB, NEVER);
	if (self->memory)
		munmap(self->memory, self->bytes);
	if (self->fd >= 0)
		close(self->fd);
	vfio_image_free(&self->image);
	vfio_dev_close(&self->dev);
}

/* Changes a byte in each of @nr blocks from @first on */
static void change(FIXTURE_DATA(change) * self, unsigned int first, unsigned int nr)
{
	unsigned int i;

	for (i = first; i < first + nr; i++)
		self->memory[i * BLOCK_BYTES + i % BLOCK_BYTES]++;
}

static void opt_in(FIXTURE_DATA(change) * self)
{
	VFIO_ASSERT(!__vfio_feature(self->dev.fd, VFIO_DEVICE_FEATURE_SET |
				    VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFO_V2, NULL, 0),
		    "opt in");
}

/* Reads what is there, when there is something: the device is told to look by this */
static void read_changes(FIXTURE_DATA(change) * self)
{
	struct pollfd pfd = { .fd = self->fd, .events = POLLIN };

	VFIO_ASSERT(poll(&pfd, 1, POLL_MS) == 1, "changes to read");
	vfio_precopy_read(self->fd, &self->image);
}

/*
 * To the end of the stream, and then into the device, whose memory was made something else:
 * it is what it was when the device was stopped.
 */
static void expect_memory_comes_back(struct __test_metadata *_metadata,
				     FIXTURE_DATA(change) * self)
{
	unsigned char *before = malloc(self->bytes);
	int none;

	ASSERT_NE(NULL, before);
	ASSERT_EQ(0, __vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &none));
	memcpy(before, self->memory, self->bytes);
	ASSERT_EQ(0, __vfio_precopy_read(self->fd, &self->image));
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP);
	memset(self->memory, 0x5a, self->bytes);
	vfio_image_load(&self->dev, &self->image, VFIO_DEVICE_STATE_RUNNING);
	EXPECT_EQ(0, memcmp(before, self->memory, self->bytes));
	free(before);
}

TEST_F(change, what_changed_is_told_and_read)
{
	struct vfio_precopy_info info;
	size_t whole;

	vfio_precopy_read(self->fd, &self->image);
	whole = self->image.size;
	EXPECT_LE(HEADER_BYTES + self->bytes, whole);
	vfio_precopy_info(self->fd, &info);
	EXPECT_EQ(0, info.initial_bytes);
	EXPECT_EQ(0, info.dirty_bytes);

	/* Three runs: one block, and two of two */
	change(self, 3, 1);
	change(self, 10, 2);
	change(self, 100, 2);
	vfio_precopy_info(self->fd, &info);
	EXPECT_EQ(0, info.initial_bytes);
	EXPECT_LE(5 * BLOCK_BYTES, info.dirty_bytes);
	EXPECT_GE(5 * (BLOCK_BYTES + RECORD_BYTES), info.dirty_bytes);
	while (self->image.size < whole + 5 * BLOCK_BYTES + 3 * RECORD_BYTES)
		read_changes(self);
	EXPECT_EQ(whole + 5 * BLOCK_BYTES + 3 * RECORD_BYTES, self->image.size);
	vfio_precopy_info(self->fd, &info);
	EXPECT_EQ(0, info.dirty_bytes);

	expect_memory_comes_back(_metadata, self);
}

TEST_F(change, many_rounds_make_the_memory)
{
	int round;

	for (round = 0; round < 30; round++) {
		change(self, round * 7, 1 + round % 5);
		if (round % 3)
			ASSERT_TRUE(vfio_precopy_drain(self->fd, &self->image, 20));
	}
	change(self, 1, 300);
	expect_memory_comes_back(_metadata, self);
}

TEST_F(change, final_image_has_what_changed_last_and_no_more)
{
	size_t before;

	ASSERT_TRUE(vfio_precopy_drain(self->fd, &self->image, 20));
	before = self->image.size;
	change(self, 42, 1);
	expect_memory_comes_back(_metadata, self);
	EXPECT_LT(before + BLOCK_BYTES, self->image.size);
	/* It always has the last block, too */
	EXPECT_GE(before + 2 * (BLOCK_BYTES + RECORD_BYTES), self->image.size);
}

TEST_F(change, poll_waits_for_changes)
{
	struct pollfd pfd = { .fd = self->fd, .events = POLLIN };

	ASSERT_TRUE(vfio_precopy_drain(self->fd, &self->image, 20));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	change(self, 7, 1);
	/* Without the ioctl */
	EXPECT_EQ(1, poll(&pfd, 1, POLL_MS));
	vfio_precopy_read(self->fd, &self->image);
	expect_memory_comes_back(_metadata, self);
}

TEST_F(change, nothing_is_looked_for_in_p2p)
{
	struct pollfd pfd = { .fd = self->fd, .events = POLLIN };
	struct vfio_precopy_info info;

	ASSERT_TRUE(vfio_precopy_drain(self->fd, &self->image, 20));
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	change(self, 7, 1);
	vfio_precopy_info(self->fd, &info);
	EXPECT_EQ(0, info.dirty_bytes);
	EXPECT_EQ(0, poll(&pfd, 1, 100));
	EXPECT_EQ(-ENOMSG, __vfio_precopy_read(self->fd, &self->image));
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_PRE_COPY);
	vfio_precopy_info(self->fd, &info);
	EXPECT_LE(BLOCK_BYTES, info.dirty_bytes);
	expect_memory_comes_back(_metadata, self);
}

/* While a reader stays away no second pass begins, however often one asks. */
TEST_F(change, what_is_not_read_is_not_saved_again)
{
	struct vfio_precopy_info info;
	size_t before;
	int i;

	ASSERT_TRUE(vfio_precopy_drain(self->fd, &self->image, 20));
	before = self->image.size;
	for (i = 0; i < 100; i++) {
		change(self, i % 4 * 2, 1);
		vfio_precopy_info(self->fd, &info);
		EXPECT_EQ(0, info.initial_bytes);
		EXPECT_LE(BLOCK_BYTES, info.dirty_bytes);
		EXPECT_GE(8 * (BLOCK_BYTES + RECORD_BYTES), info.dirty_bytes);
	}
	ASSERT_TRUE(vfio_precopy_drain(self->fd, &self->image, 20));
	EXPECT_GE(before + 12 * (BLOCK_BYTES + RECORD_BYTES), self->image.size);
	expect_memory_comes_back(_metadata, self);
}

TEST_F(change, stopped_in_the_midst_of_a_pass)
{
	char piece[BLOCK_BYTES];
	ssize_t got;
	int i;

	/* The first pass, and then one of changes that has more images than can wait */
	got = read(self->fd, piece, sizeof(piece));
	ASSERT_LT(0, got);
	vfio_image_append(&self->image, piece, got);
	expect_memory_comes_back(_metadata, self);

	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RUNNING);
	close(self->fd);
	vfio_image_free(&self->image);
	self->fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, NULL);
	ASSERT_TRUE(vfio_precopy_drain(self->fd, &self->image, 20));
	for (i = 0; i < 20; i++)
		change(self, i * 3, 1);
	vfio_precopy_info(self->fd, &(struct vfio_precopy_info) {});
	expect_memory_comes_back(_metadata, self);
}

/* Somebody else would have to read all of the memory again: it is initial data. */
TEST_F(change, lost_track_is_told_as_reinit)
{
	struct vfio_precopy_info info;
	unsigned int reinits = 0;
	size_t before;
	__u64 start;

	opt_in(self);
	ASSERT_TRUE(vfio_precopy_drain(self->fd, &self->image, 20));
	before = self->image.size;
	ASSERT_EQ(0, __vfio_sysfs_write(KNOB, ONCE));
	change(self, 5, 1);
	start = clock_ns();
	while (ms_since(start) < REINIT_MS) {
		vfio_precopy_info(self->fd, &info);
		if (info.flags & VFIO_PRECOPY_INFO_REINIT) {
			reinits++;
			EXPECT_LE(self->bytes, info.initial_bytes);
			EXPECT_EQ(0, info.dirty_bytes);
		}
		if (reinits && !info.initial_bytes && !info.dirty_bytes)
			break;
		vfio_precopy_read(self->fd, &self->image);
		/* No new initial data without a word */
		EXPECT_EQ(before, reinits ? before : self->image.size);
	}
	EXPECT_EQ(1, reinits);
	EXPECT_LE(before + self->bytes, self->image.size);

	change(self, 6, 1);
	ASSERT_TRUE(vfio_precopy_drain(self->fd, &self->image, 20));
	expect_memory_comes_back(_metadata, self);
}

TEST_F(change, lost_track_is_dirty_to_who_does_not_know_better)
{
	struct vfio_precopy_info info = { .flags = 0xa5 };
	__u64 most_dirty = 0;
	int i;

	ASSERT_TRUE(vfio_precopy_drain(self->fd, &self->image, 20));
	ASSERT_EQ(0, __vfio_sysfs_write(KNOB, ONCE));
	change(self, 5, 1);
	for (i = 0; i < 1000; i++) {
		ASSERT_EQ(0, __vfio_precopy_info(self->fd, &info));
		EXPECT_EQ(0xa5, info.flags);
		EXPECT_EQ(0, info.initial_bytes);
		if (info.dirty_bytes > most_dirty)
			most_dirty = info.dirty_bytes;
		if (most_dirty >= self->bytes && !info.dirty_bytes)
			break;
		EXPECT_EQ(-ENOMSG, __vfio_precopy_read(self->fd, &self->image));
	}
	EXPECT_LE(self->bytes, most_dirty);
	expect_memory_comes_back(_metadata, self);
}

TEST_F(change, lost_for_good_makes_the_final_image_whole)
{
	struct vfio_precopy_info info;
	size_t before;

	opt_in(self);
	ASSERT_TRUE(vfio_precopy_drain(self->fd, &self->image, 20));
	before = self->image.size;
	ASSERT_EQ(0, __vfio_sysfs_write(KNOB, FOR_GOOD));
	change(self, 5, 1);
	/* It was found out when there was something to be saved; from then on all is quiet */
	ASSERT_TRUE(vfio_precopy_drain(self->fd, &self->image, 20));
	EXPECT_EQ(before, self->image.size);
	change(self, 6, 1);
	vfio_precopy_info(self->fd, &info);
	EXPECT_EQ(0, info.flags);
	EXPECT_EQ(0, info.initial_bytes);
	EXPECT_EQ(0, info.dirty_bytes);
	expect_memory_comes_back(_metadata, self);
	EXPECT_LE(before + self->bytes, self->image.size);
}

TEST_F(change, lost_at_last_makes_the_final_image_whole)
{
	size_t before;

	ASSERT_TRUE(vfio_precopy_drain(self->fd, &self->image, 20));
	before = self->image.size;
	ASSERT_EQ(0, __vfio_sysfs_write(KNOB, AT_LAST));
	change(self, 5, 1);
	expect_memory_comes_back(_metadata, self);
	EXPECT_LE(before + self->bytes, self->image.size);
}

/* With the memory off the device can say nothing, and that is no end of the session. */
TEST_F(change, what_cannot_be_asked_is_an_error_and_no_more)
{
	struct vfio_precopy_info info = {};
	__u16 command = vfio_config_read16(&self->dev, 4);

	ASSERT_TRUE(vfio_precopy_drain(self->fd, &self->image, 20));
	vfio_config_write16(&self->dev, 4, command & ~2);
	EXPECT_EQ(-EIO, __vfio_precopy_info(self->fd, &info));
	EXPECT_EQ(-ENOMSG, __vfio_precopy_read(self->fd, &self->image));
	vfio_config_write16(&self->dev, 4, command);
	change(self, 5, 1);
	expect_memory_comes_back(_metadata, self);
}

/* The reader is told, as nobody resets a device for that; it runs on, and is saved again. */
TEST_F(change, final_pass_that_fails_is_told_to_the_reader)
{
	__u16 command = vfio_config_read16(&self->dev, 4);

	ASSERT_TRUE(vfio_precopy_drain(self->fd, &self->image, 20));
	vfio_config_write16(&self->dev, 4, command & ~2);
	EXPECT_EQ(-1, vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP_COPY));
	EXPECT_EQ(VFIO_DEVICE_STATE_STOP_COPY, vfio_mig_state(&self->dev));
	EXPECT_EQ(-EIO, __vfio_precopy_read(self->fd, &self->image));
	vfio_config_write16(&self->dev, 4, command);
	/* Once broken, a stream stays so */
	EXPECT_EQ(-EIO, __vfio_precopy_read(self->fd, &self->image));
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RUNNING);

	close(self->fd);
	vfio_image_free(&self->image);
	self->fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, NULL);
	change(self, 5, 1);
	ASSERT_TRUE(vfio_precopy_drain(self->fd, &self->image, 20));
	expect_memory_comes_back(_metadata, self);
}

FIXTURE(reserve) {
	struct vfio_dev dev;
	struct vfio_image image;
	int fd;
};

static void set_parameters(const char *fail_prepare, const char *reserve_mib)
{
	VFIO_ASSERT(!__vfio_sysfs_write(FAIL_PREPARE, fail_prepare) &&
		    !__vfio_sysfs_write(RESERVE_MIB, reserve_mib) &&
		    !__vfio_sysfs_write(NR_PREPARED, "0") &&
		    !__vfio_sysfs_write(NR_MAPPED_LATE, "0"), "parameters of " DRIVER);
}

static unsigned int counted(const char *path)
{
	unsigned int value = 0;
	FILE *file = fopen(path, "r");

	VFIO_ASSERT(file && fscanf(file, "%u", &value) == 1, "read %s", path);
	fclose(file);
	return value;
}

FIXTURE_SETUP(reserve)
{
	const char *skip = open_migratable(&self->dev, 0);
	char driver[64];

	self->fd = -1;
	if (skip)
		SKIP(return, "%s", skip);
	vfio_driver_of(self->dev.bdf, driver, sizeof(driver));
	if (strcmp(driver, DRIVER)) {
		vfio_dev_close(&self->dev);
		SKIP(return, "%s has the driver '%s', not " DRIVER, vfio_bdf(0), driver);
	}
	ASSERT_EQ(0, __vfio_sysfs_write(KNOB, NEVER));
	vfio_dev_enable_dma(&self->dev);
}

FIXTURE_TEARDOWN(reserve)
{
	set_parameters("0", "1");
	if (self->fd >= 0)
		close(self->fd);
	vfio_image_free(&self->image);
	vfio_dev_close(&self->dev);
}

/* PRE_COPY, until the first pass is in buffers, of which nobody reads any */
static void save_first_pass(FIXTURE_DATA(reserve) * self)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	char passes[32] = "", images[32] = "";
	int tries;

	self->fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, NULL);
	for (tries = 0; tries < POLL_MS && strcmp(images, FIRST_IMAGES); tries++) {
		nanosleep(&pause, NULL);
		VFIO_ASSERT(!__vfio_attr_read(self->dev.bdf, "migration/initial_images", images,
					      sizeof(images)) &&
			    !__vfio_attr_read(self->dev.bdf, "migration/passes", passes,
					      sizeof(passes)), "statistics");
	}
	VFIO_ASSERT(!strcmp(images, FIRST_IMAGES), "'%s' images in '%s' passes", images, passes);
}

/*
 * A migration whose reader stays away while the device runs, so that all buffers are in use
 * and one has to be made for the final pass.
 */
static void migrate_with_a_late_reader(struct __test_metadata *_metadata,
				       FIXTURE_DATA(reserve) * self)
{
	struct vfio_image again = {};

	save_first_pass(self);
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	ASSERT_EQ(-1, vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP_COPY));
	vfio_image_read(self->fd, &self->image);
	EXPECT_EQ(0, counted(NR_PREPARED));
	EXPECT_EQ(1, counted(NR_MAPPED_LATE));
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP);

	/* The device is usable: it takes what it gave, and is saved anew */
	vfio_image_load(&self->dev, &self->image, VFIO_DEVICE_STATE_RUNNING);
	vfio_image_save(&self->dev, &again, VFIO_DEVICE_STATE_RUNNING);
	EXPECT_LT(0, again.size);
	vfio_image_free(&again);
}

TEST_F(reserve, is_made_and_prepared_before_the_blackout)
{
	set_parameters("0", "1");
	save_first_pass(self);
	EXPECT_EQ(0, counted(NR_PREPARED));
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	EXPECT_EQ(1, counted(NR_PREPARED));
	ASSERT_EQ(-1, vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP_COPY));
	vfio_image_read(self->fd, &self->image);
	EXPECT_EQ(1, counted(NR_PREPARED));
	EXPECT_EQ(0, counted(NR_MAPPED_LATE));
}

TEST_F(reserve, that_was_read_in_time_is_used_again)
{
	set_parameters("0", "1");
	self->fd = vfio_mig_enter(&self->dev, VFIO_DEVICE_STATE_PRE_COPY, NULL);
	ASSERT_TRUE(vfio_precopy_drain(self->fd, &self->image, 20));
	vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	ASSERT_EQ(-1, vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP_COPY));
	vfio_image_read(self->fd, &self->image);
	EXPECT_EQ(0, counted(NR_PREPARED));
	EXPECT_EQ(0, counted(NR_MAPPED_LATE));
}

TEST_F(reserve, that_cannot_be_prepared_costs_time_and_no_more)
{
	set_parameters("1", "1");
	migrate_with_a_late_reader(_metadata, self);
}

TEST_F(reserve, that_cannot_be_made_costs_time_and_no_more)
{
	set_parameters("0", TOO_MANY_MIB);
	migrate_with_a_late_reader(_metadata, self);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
