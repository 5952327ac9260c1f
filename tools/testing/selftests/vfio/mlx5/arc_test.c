// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every pair of states against the oracle: what the uAPI text allows must
 * succeed, open and end the sessions that the text says; everything else must
 * be refused with EINVAL and leave state and session as they were.
 *
 * Each start state is a variant and is walked to all targets with one open
 * device. A walk that misbehaves is reported and the device reset, so that one
 * fault does not hide the next.
 */
#include <unistd.h>

#include "kselftest_harness.h"
#include "state_fixture.h"

static const __u32 nonsense_states[] = {
	VFIO_DEVICE_STATE_ERROR, VFIO_STATE_COUNT, VFIO_STATE_COUNT + 1, 31,
	32, 63, 64, 255, 256, 0x102, 0x7fffffff, 0x80000000, 0x80000002,
	0xfffffffe, 0xffffffff,
};

/* Is the session of @fd, which was entered with @state, over? */
static bool session_ended(int fd, __u32 state)
{
	char byte = 0;
	ssize_t ret;

	ret = state == VFIO_DEVICE_STATE_RESUMING ? write(fd, &byte, 1) :
						    read(fd, &byte, 1);
	return ret < 0 && errno == ENODEV;
}

/*
 * Waits for what the driver has begun to save, as here the reset is a way back only:
 * one in the midst of a save is a test of drivers that are made for that.
 */
static void end_session(int *fd)
{
	char buf[4096];

	if (*fd < 0)
		return;
	while (read(*fd, buf, sizeof(buf)) > 0)
		;
	close(*fd);
	*fd = -1;
}

static void back_to_running(struct vfio_dev *dev, int *fd, int *new_fd)
{
	end_session(fd);
	end_session(new_fd);
	/* From RUNNING, too: a device may take an image only when it is new. */
	vfio_dev_reset(dev);
}

TEST_F(state, allowed_walks_arrive)
{
	struct vfio_dev *dev = &self->dev;
	__u64 flags = dev->mig_flags;
	__u32 path[VFIO_STATE_COUNT], from = variant->state, to;
	int fd = -1, new_fd = -1;

	for (to = 0; to < VFIO_STATE_COUNT; to++) {
		if (vfio_oracle_path(flags, from, to, path) < 0)
			continue;
		TH_LOG("%s -> %s", vfio_state_name(from), vfio_state_name(to));
		fd = vfio_mig_enter(dev, from, &self->image);
		EXPECT_EQ(0, __vfio_mig_set_state(dev, to, &new_fd));
		EXPECT_EQ(to, vfio_mig_state(dev));
		EXPECT_EQ(vfio_oracle_opens(flags, from, to), new_fd >= 0);
		if (!vfio_oracle_opens(flags, from, to))
			EXPECT_EQ(-1, new_fd);
		if (vfio_oracle_ends(flags, from, to))
			EXPECT_TRUE(session_ended(fd, from));
		back_to_running(dev, &fd, &new_fd);
	}
}

TEST_F(state, walks_back_without_reset)
{
	struct vfio_dev *dev = &self->dev;
	__u32 path[VFIO_STATE_COUNT], from = variant->state, to;
	int fd, back_fd;

	for (to = 0; to < VFIO_STATE_COUNT; to++) {
		if (vfio_oracle_path(dev->mig_flags, from, to, path) <= 0)
			continue;
		fd = vfio_mig_enter(dev, from, &self->image);
		if (fd >= 0)
			close(fd);
		fd = vfio_mig_set_state(dev, to);
		if (to == VFIO_DEVICE_STATE_RESUMING)
			ASSERT_EQ(0, __vfio_image_write(fd, self->image.data,
							self->image.size,
							self->image.size));
		if (fd >= 0)
			close(fd);
		EXPECT_EQ(0, __vfio_mig_set_state(dev,
						  VFIO_DEVICE_STATE_RUNNING,
						  &back_fd)) {
			TH_LOG("%s -> %s -> RUNNING", vfio_state_name(from),
			       vfio_state_name(to));
		}
		EXPECT_EQ(-1, back_fd);
		EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(dev));
		/* A device may take an image only when it is new. */
		vfio_dev_reset(dev);
	}
}

TEST_F(state, same_state_is_no_step)
{
	struct vfio_dev *dev = &self->dev;
	int fd, new_fd;

	fd = vfio_mig_enter(dev, variant->state, &self->image);
	EXPECT_EQ(0, __vfio_mig_set_state(dev, variant->state, &new_fd));
	EXPECT_EQ(-1, new_fd);
	EXPECT_EQ(variant->state, vfio_mig_state(dev));
	if (fd >= 0) {
		if (variant->state != VFIO_DEVICE_STATE_RESUMING)
			EXPECT_FALSE(session_ended(fd, variant->state));
		close(fd);
	}
}

static void expect_refusal(struct __test_metadata *_metadata,
			   struct vfio_dev *dev, __u32 from, __u32 to)
{
	int new_fd = -2;

	EXPECT_EQ(-EINVAL, __vfio_mig_set_state(dev, to, &new_fd)) {
		TH_LOG("%s -> %s (0x%x)", vfio_state_name(from),
		       vfio_state_name(to), to);
	}
	EXPECT_EQ(-1, new_fd);
	EXPECT_EQ(from, vfio_mig_state(dev)) {
		TH_LOG("left by a refused request for 0x%x", to);
	}
}

TEST_F(state, everything_else_is_refused)
{
	__u32 path[VFIO_STATE_COUNT], from = variant->state, to;
	struct vfio_dev *dev = &self->dev;
	struct vfio_image image = {};
	unsigned int i;
	int fd;

	/* So that what STOP_COPY will give is known */
	if (from == VFIO_DEVICE_STATE_STOP_COPY)
		vfio_image_load(dev, &self->image, VFIO_DEVICE_STATE_STOP);
	fd = vfio_mig_enter(dev, from, NULL);
	for (i = 0; i < ARRAY_SIZE(nonsense_states); i++)
		expect_refusal(_metadata, dev, from, nonsense_states[i]);
	for (to = 0; to < VFIO_STATE_COUNT; to++)
		if (vfio_oracle_path(dev->mig_flags, from, to, path) < 0)
			expect_refusal(_metadata, dev, from, to);

	/* The session has come to no harm. */
	if (from == VFIO_DEVICE_STATE_STOP_COPY) {
		EXPECT_EQ(0, __vfio_image_read(fd, &image, 4096));
		EXPECT_TRUE(vfio_image_equal(&self->image, &image));
		vfio_image_free(&image);
	} else if (from == VFIO_DEVICE_STATE_RESUMING) {
		EXPECT_EQ(0, __vfio_image_write(fd, self->image.data,
						self->image.size, 4096));
	}
	if (fd >= 0)
		close(fd);
	EXPECT_EQ(-1, vfio_mig_set_state(dev, VFIO_DEVICE_STATE_RUNNING));
}

/* The oracle itself, in the two places where the text gives the answer. */
TEST(oracle_agrees_with_the_text)
{
	__u64 all = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P |
		    VFIO_MIGRATION_PRE_COPY;
	__u32 path[VFIO_STATE_COUNT];

	EXPECT_EQ(-1, vfio_oracle_path(all, VFIO_DEVICE_STATE_STOP_COPY,
				       VFIO_DEVICE_STATE_PRE_COPY, path));
	EXPECT_EQ(-1, vfio_oracle_path(all, VFIO_DEVICE_STATE_STOP_COPY,
				       VFIO_DEVICE_STATE_PRE_COPY_P2P, path));
	EXPECT_EQ(-1, vfio_oracle_path(VFIO_MIGRATION_STOP_COPY,
				       VFIO_DEVICE_STATE_RUNNING,
				       VFIO_DEVICE_STATE_RUNNING_P2P, path));

	/* "moving between these states [...] does not terminate" */
	ASSERT_EQ(2, vfio_oracle_path(all, VFIO_DEVICE_STATE_PRE_COPY,
				      VFIO_DEVICE_STATE_STOP_COPY, path));
	EXPECT_EQ(VFIO_DEVICE_STATE_PRE_COPY_P2P, path[0]);
	EXPECT_FALSE(vfio_oracle_ends(all, VFIO_DEVICE_STATE_PRE_COPY,
				      VFIO_DEVICE_STATE_STOP_COPY));

	/* No saving state in the middle of a walk that leaves the group */
	ASSERT_EQ(3, vfio_oracle_path(all, VFIO_DEVICE_STATE_PRE_COPY,
				      VFIO_DEVICE_STATE_STOP, path));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, path[0]);
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING_P2P, path[1]);

	EXPECT_TRUE(vfio_oracle_opens(all, VFIO_DEVICE_STATE_RESUMING,
				      VFIO_DEVICE_STATE_STOP_COPY));
	EXPECT_FALSE(vfio_oracle_opens(all, VFIO_DEVICE_STATE_PRE_COPY,
				       VFIO_DEVICE_STATE_STOP_COPY));
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
