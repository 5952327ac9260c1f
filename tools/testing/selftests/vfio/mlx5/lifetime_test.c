// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each state against the ways out that are no arc: closing the device, the
 * death of its user, reset, and the driver being unbound under it. After each
 * the device must start in RUNNING and save as before.
 */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "iommufd.h"
#include "kselftest_harness.h"
#include "session.h"
#include "state_fixture.h"

static int enter_mid_session(struct vfio_dev *dev, __u32 state,
			     const struct vfio_image *image)
{
	return vfio_session_enter(dev, state, image, NULL);
}

static void expect_dead(struct __test_metadata *_metadata, int fd, __u32 state)
{
	if (fd >= 0)
		EXPECT_EQ(ENODEV, vfio_session_errno(fd, state));
}

static void expect_as_new(struct __test_metadata *_metadata,
			  FIXTURE_DATA(state) * self)
{
	struct vfio_image image = {};

	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
	vfio_image_save(&self->dev, &image, VFIO_DEVICE_STATE_RUNNING);
	EXPECT_EQ(self->image.size, image.size);
	vfio_image_free(&image);
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
}

TEST_F(state, reset)
{
	int fd;

	fd = enter_mid_session(&self->dev, variant->state, &self->image);
	vfio_dev_reset(&self->dev);
	expect_dead(_metadata, fd, variant->state);
	expect_as_new(_metadata, self);
	expect_dead(_metadata, fd, variant->state);
	if (fd >= 0)
		close(fd);
}

TEST_F(state, close)
{
	int fd;

	fd = enter_mid_session(&self->dev, variant->state, &self->image);
	vfio_dev_close(&self->dev);
	expect_dead(_metadata, fd, variant->state);
	vfio_dev_open(&self->dev, vfio_bdf(0));
	expect_as_new(_metadata, self);
	expect_dead(_metadata, fd, variant->state);
	if (fd >= 0)
		close(fd);
}

TEST_F(state, close_of_one_of_two)
{
	struct vfio_dev second = self->dev;
	int fd;

	fd = enter_mid_session(&self->dev, variant->state, &self->image);
	second.fd = __vfio_dev_open_again(&self->dev);
	if (second.fd < 0)
		SKIP(return, "a second open of the device: %s",
		     strerror(-second.fd));
	EXPECT_EQ(variant->state, vfio_mig_state(&second));
	close(self->dev.fd);
	self->dev.fd = second.fd;

	/* The state belongs to the device, not to the file that set it. */
	EXPECT_EQ(variant->state, vfio_mig_state(&self->dev));
	if (fd >= 0)
		close(fd);
	vfio_dev_reset(&self->dev);
	expect_as_new(_metadata, self);
}

TEST_F(state, death_of_the_user)
{
	int ready[2], status;
	char byte;
	pid_t pid;

	vfio_dev_close(&self->dev);
	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		struct vfio_dev dev;

		close(ready[0]);
		vfio_dev_open(&dev, vfio_bdf(0));
		enter_mid_session(&dev, variant->state, &self->image);
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	EXPECT_EQ(1, read(ready[0], &byte, 1));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	close(ready[0]);
	vfio_dev_open(&self->dev, vfio_bdf(0));
	expect_as_new(_metadata, self);
}

/*
 * Unbinding waits until the device is closed and asks for that by the request
 * interrupt. The user closes the device but keeps the data file, which then
 * outlives the device.
 */
static void close_when_asked(struct __test_metadata *_metadata,
			     struct vfio_dev *dev, int request)
{
	struct pollfd pfd = { .fd = request, .events = POLLIN };

	EXPECT_EQ(1, poll(&pfd, 1, 20000)) {
		TH_LOG("unbind did not ask for the device");
	}
	vfio_dev_close(dev);
}

TEST_F(state, unbind)
{
	int fd, request, status, ret;
	char driver[64];
	pid_t pid;

	vfio_driver_of(vfio_bdf(0), driver, sizeof(driver));
	request = __vfio_irq_eventfd(&self->dev, VFIO_PCI_REQ_IRQ_INDEX);
	if (request < 0)
		SKIP(return, "no request interrupt: %s", strerror(-request));
	fd = enter_mid_session(&self->dev, variant->state, &self->image);

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		/* Its copies of the files would keep the device open. */
		vfio_dev_close(&self->dev);
		_exit(-__vfio_driver_unbind(vfio_bdf(0), driver));
	}
	close_when_asked(_metadata, &self->dev, request);
	close(request);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));

	expect_dead(_metadata, fd, variant->state);
	ret = __vfio_driver_bind(vfio_bdf(0), driver);
	ASSERT_EQ(0, ret);
	vfio_dev_open(&self->dev, vfio_bdf(0));
	expect_as_new(_metadata, self);
	expect_dead(_metadata, fd, variant->state);
	if (fd >= 0)
		close(fd);
}

FIXTURE(open) {
	struct vfio_dev dev;
};

FIXTURE_SETUP(open)
{
	const char *skip = open_migratable(&self->dev, 0);

	if (skip)
		SKIP(return, "%s", skip);
}

FIXTURE_TEARDOWN(open)
{
	vfio_dev_close(&self->dev);
}

/* A group says that it is busy, an iommufd that what it was asked for cannot be. */
TEST_F(open, somebody_elses_device_is_refused)
{
	int refusal = vfio_iommufd_wanted() ? -EINVAL : -EBUSY;
	struct vfio_dev other;

	EXPECT_EQ(refusal, __vfio_dev_open(&other, vfio_bdf(0)));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
}

TEST_F(open, two_files_share_one_session)
{
	struct vfio_dev second = self->dev;
	struct vfio_image image = {};
	int fd, none;

	second.fd = __vfio_dev_open_again(&self->dev);
	if (second.fd < 0)
		SKIP(return, "a second open of the device: %s",
		     strerror(-second.fd));
	fd = vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, __vfio_mig_set_state(&second, VFIO_DEVICE_STATE_STOP_COPY,
					  &none));
	EXPECT_EQ(-1, none);
	vfio_image_read(fd, &image);
	EXPECT_LT(0, image.size);
	vfio_image_free(&image);
	EXPECT_EQ(-1, vfio_mig_set_state(&second, VFIO_DEVICE_STATE_RUNNING));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
	close(fd);
	close(second.fd);
}

TEST_F(open, many_times)
{
	int i;

	for (i = 0; i < 5; i++) {
		vfio_dev_close(&self->dev);
		vfio_dev_open(&self->dev, vfio_bdf(0));
		EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING,
			  vfio_mig_state(&self->dev));
	}
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
