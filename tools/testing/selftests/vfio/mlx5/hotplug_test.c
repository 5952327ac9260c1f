// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device goes away, or is reset behind its user's back, in the middle of a
 * save or a load: its PF's driver is unbound, SR-IOV is switched off, the PF is
 * removed from the bus, the VF is reset by sysfs.
 *
 * The user is asked for the device by the request interrupt, finds that nothing
 * it still does hangs, closes it, and keeps the data file, which must be dead.
 * Then everything is put back and the device must work.
 */
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "migratable.h"

#define TIMEOUT_MS	60000

enum loss {
	LOSS_PF_UNBIND,
	LOSS_SRIOV_OFF,
	LOSS_PF_REMOVE,
};

FIXTURE(loss) {
	struct vfio_dev dev;
	struct vfio_image image;
	char driver[64];
	char pf[VFIO_BDF_LEN];
	char pf_driver[64];
	/* What sriov_numvfs of the PF was */
	char nr_vfs[16];
	int request;
};

FIXTURE_VARIANT(loss) {
	enum loss loss;
	__u32 state;
};

FIXTURE_VARIANT_ADD(loss, pf_unbound_in_stop_copy) {
	.loss = LOSS_PF_UNBIND, .state = VFIO_DEVICE_STATE_STOP_COPY,
};

FIXTURE_VARIANT_ADD(loss, pf_unbound_in_resuming) {
	.loss = LOSS_PF_UNBIND, .state = VFIO_DEVICE_STATE_RESUMING,
};

FIXTURE_VARIANT_ADD(loss, sriov_off_in_running) {
	.loss = LOSS_SRIOV_OFF, .state = VFIO_DEVICE_STATE_RUNNING,
};

FIXTURE_VARIANT_ADD(loss, sriov_off_in_stop_copy) {
	.loss = LOSS_SRIOV_OFF, .state = VFIO_DEVICE_STATE_STOP_COPY,
};

FIXTURE_VARIANT_ADD(loss, sriov_off_in_resuming) {
	.loss = LOSS_SRIOV_OFF, .state = VFIO_DEVICE_STATE_RESUMING,
};

FIXTURE_VARIANT_ADD(loss, pf_removed_in_stop_copy) {
	.loss = LOSS_PF_REMOVE, .state = VFIO_DEVICE_STATE_STOP_COPY,
};

FIXTURE_SETUP(loss)
{
	const char *skip;

	self->request = -1;
	skip = open_migratable(&self->dev, 0);
	if (skip)
		SKIP(return, "%s", skip);
	vfio_driver_of(self->dev.bdf, self->driver, sizeof(self->driver));
	if (__vfio_physfn_of(self->dev.bdf, self->pf, sizeof(self->pf))) {
		vfio_dev_close(&self->dev);
		SKIP(return, "%s is no VF", vfio_bdf(0));
	}
	vfio_driver_of(self->pf, self->pf_driver, sizeof(self->pf_driver));
	ASSERT_EQ(0, __vfio_attr_read(self->pf, "sriov_numvfs", self->nr_vfs,
				      sizeof(self->nr_vfs)));
	vfio_image_save(&self->dev, &self->image, VFIO_DEVICE_STATE_RUNNING);
	self->request = vfio_irq_eventfd(&self->dev, VFIO_PCI_REQ_IRQ_INDEX);
}

FIXTURE_TEARDOWN(loss)
{
	if (self->request >= 0)
		close(self->request);
	vfio_image_free(&self->image);
	vfio_dev_close(&self->dev);
}

static int lose(FIXTURE_DATA(loss) * self, enum loss loss)
{
	switch (loss) {
	case LOSS_PF_UNBIND:
		return __vfio_driver_unbind(self->pf, self->pf_driver);
	case LOSS_SRIOV_OFF:
		return __vfio_attr_write(self->pf, "sriov_numvfs", "0");
	case LOSS_PF_REMOVE:
		return __vfio_attr_write(self->pf, "remove", "1");
	}
	return -EINVAL;
}

static bool is_bound(const char *bdf, const char *driver)
{
	char name[64];

	vfio_driver_of(bdf, name, sizeof(name));
	return !strcmp(name, driver);
}

/* Probing of a PF goes on in the background after a rescan. */
static void wait_bound(const char *bdf, const char *driver)
{
	struct timespec pause = { .tv_nsec = 20000000 };
	int tries;

	for (tries = 0; !is_bound(bdf, driver); tries++) {
		VFIO_ASSERT(tries < TIMEOUT_MS / 20, "%s is not bound to %s",
			    bdf, driver);
		nanosleep(&pause, NULL);
	}
}

/* Everything as it was before, the other VFs of the PF included. */
static void put_back(struct __test_metadata *_metadata,
		     FIXTURE_DATA(loss) * self, enum loss loss)
{
	unsigned int i;
	char pf[VFIO_BDF_LEN];

	if (loss == LOSS_PF_UNBIND)
		EXPECT_EQ(0, __vfio_driver_bind(self->pf, self->pf_driver));
	if (loss == LOSS_PF_REMOVE)
		EXPECT_EQ(0, __vfio_sysfs_write("/sys/bus/pci/rescan", "1"));
	wait_bound(self->pf, self->pf_driver);
	__vfio_attr_write(self->pf, "sriov_drivers_autoprobe", "0");
	EXPECT_EQ(0, __vfio_attr_write(self->pf, "sriov_numvfs",
				       self->nr_vfs));
	for (i = 0; i < vfio_nr_bdfs(); i++) {
		if (__vfio_physfn_of(vfio_bdf(i), pf, sizeof(pf)) ||
		    strcmp(pf, self->pf) || is_bound(vfio_bdf(i), self->driver))
			continue;
		EXPECT_EQ(0, __vfio_attr_write(vfio_bdf(i), "driver_override",
					       self->driver));
		EXPECT_EQ(0, __vfio_driver_bind(vfio_bdf(i), self->driver));
	}
}

/* Any answer will do, as long as there is one. */
static void go_on_using(struct vfio_dev *dev, int fd,
			const struct vfio_image *image)
{
	__u64 bytes;
	__u32 state;
	char byte;
	int none;

	if (fd >= 0 && read(fd, &byte, 1) < 0 && errno == EBADF)
		__vfio_image_write(fd, image->data, image->size, 4096);
	__vfio_mig_get_state(dev, &state);
	__vfio_mig_data_size(dev, &bytes);
	__vfio_mig_set_state(dev, VFIO_DEVICE_STATE_STOP, &none);
	__vfio_mig_set_state(dev, VFIO_DEVICE_STATE_STOP_COPY, &none);
	if (none >= 0)
		close(none);
	__vfio_mig_set_state(dev, VFIO_DEVICE_STATE_RUNNING, &none);
}

static int enter_mid_session(struct vfio_dev *dev, __u32 state,
			     const struct vfio_image *image)
{
	int fd = vfio_mig_enter(dev, state, NULL);

	if (state == VFIO_DEVICE_STATE_RESUMING)
		VFIO_ASSERT(!__vfio_image_write(fd, image->data,
						image->size / 2, 4096),
			    "half an image");
	return fd;
}

/* Probing the PF again takes most of the time. */
TEST_F_TIMEOUT(loss, does_not_hang_and_can_be_put_back, 120)
{
	struct pollfd pfds[2] = {
		{ .fd = self->request, .events = POLLIN },
		{ .events = POLLIN },
	};
	int fd, status;
	char byte = 0;
	pid_t pid;

	fd = enter_mid_session(&self->dev, variant->state, &self->image);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		/* Its copies of the files would keep the device open. */
		vfio_dev_close(&self->dev);
		_exit(-lose(self, variant->loss));
	}
	/* Readable when the process ends, which it must not do yet */
	pfds[1].fd = syscall(SYS_pidfd_open, pid, 0);
	ASSERT_LE(0, pfds[1].fd);
	EXPECT_LT(0, poll(pfds, 2, TIMEOUT_MS));
	EXPECT_EQ(POLLIN, pfds[0].revents) {
		TH_LOG("nobody asked for the device");
	}
	close(pfds[1].fd);
	go_on_using(&self->dev, fd, &self->image);
	vfio_dev_close(&self->dev);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status)) {
		TH_LOG("%s", strerror(WEXITSTATUS(status)));
	}
	if (fd >= 0) {
		ssize_t ret = variant->state == VFIO_DEVICE_STATE_RESUMING ?
			      write(fd, &byte, 1) : read(fd, &byte, 1);

		EXPECT_EQ(-1, ret);
		EXPECT_EQ(ENODEV, errno);
		close(fd);
	}

	put_back(_metadata, self, variant->loss);
	vfio_dev_open(&self->dev, vfio_bdf(0));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
}

FIXTURE(sysfs_reset) {
	struct vfio_dev dev;
	struct vfio_image image;
};

FIXTURE_VARIANT(sysfs_reset) {
	__u32 state;
};

FIXTURE_VARIANT_ADD(sysfs_reset, in_stop) {
	.state = VFIO_DEVICE_STATE_STOP,
};

FIXTURE_VARIANT_ADD(sysfs_reset, in_stop_copy) {
	.state = VFIO_DEVICE_STATE_STOP_COPY,
};

FIXTURE_VARIANT_ADD(sysfs_reset, in_resuming) {
	.state = VFIO_DEVICE_STATE_RESUMING,
};

FIXTURE_SETUP(sysfs_reset)
{
	const char *skip = open_migratable(&self->dev, 0);

	if (skip)
		SKIP(return, "%s", skip);
	vfio_image_save(&self->dev, &self->image, VFIO_DEVICE_STATE_RUNNING);
}

FIXTURE_TEARDOWN(sysfs_reset)
{
	vfio_image_free(&self->image);
	vfio_dev_close(&self->dev);
}

TEST_F(sysfs_reset, is_a_reset_for_the_migration_too)
{
	char byte = 0;
	ssize_t ret;
	int fd;

	fd = enter_mid_session(&self->dev, variant->state, &self->image);
	ret = __vfio_attr_write(self->dev.bdf, "reset", "1");
	if (ret == -ENOENT)
		SKIP(return, "no reset by sysfs: %s", strerror(-ret));
	EXPECT_EQ(0, ret);
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
	if (fd >= 0) {
		ret = variant->state == VFIO_DEVICE_STATE_RESUMING ?
		      write(fd, &byte, 1) : read(fd, &byte, 1);
		EXPECT_EQ(-1, ret);
		EXPECT_EQ(ENODEV, errno);
		close(fd);
	}
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
