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
#include "roles.h"
#include "session.h"

#define TIMEOUT_MS	60000

enum loss {
	LOSS_PF_UNBIND,
	LOSS_SRIOV_OFF,
	LOSS_PF_REMOVE,
};

/* The PF of the first device, and how everything was */
struct card {
	char driver[64];
	char pf[VFIO_BDF_LEN];
	char pf_driver[64];
	/* What sriov_numvfs of the PF was */
	char nr_vfs[16];
};

FIXTURE(loss) {
	struct vfio_dev dev;
	struct vfio_image image;
	struct card card;
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

/* NULL, or why this cannot be tested */
static const char *card_find(struct card *card)
{
	vfio_driver_of(vfio_bdf(0), card->driver, sizeof(card->driver));
	if (__vfio_physfn_of(vfio_bdf(0), card->pf, sizeof(card->pf)))
		return "the first device is no VF";
	vfio_driver_of(card->pf, card->pf_driver, sizeof(card->pf_driver));
	return __vfio_attr_read(card->pf, "sriov_numvfs", card->nr_vfs,
				sizeof(card->nr_vfs)) ? "no sriov_numvfs" : NULL;
}

FIXTURE_SETUP(loss)
{
	const char *skip = card_find(&self->card);

	self->request = -1;
	if (!skip)
		skip = open_migratable(&self->dev, 0);
	if (skip)
		SKIP(return, "%s", skip);
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

static int lose(const struct card *card, enum loss loss)
{
	switch (loss) {
	case LOSS_PF_UNBIND:
		return __vfio_driver_unbind(card->pf, card->pf_driver);
	case LOSS_SRIOV_OFF:
		return __vfio_attr_write(card->pf, "sriov_numvfs", "0");
	case LOSS_PF_REMOVE:
		return __vfio_attr_write(card->pf, "remove", "1");
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

/* As many VFs as that, without a driver; then those that the test knows bound */
static void make_vfs(struct __test_metadata *_metadata, const struct card *card,
		     const char *nr_vfs)
{
	unsigned int i;
	char pf[VFIO_BDF_LEN];

	__vfio_attr_write(card->pf, "sriov_drivers_autoprobe", "0");
	EXPECT_EQ(0, __vfio_attr_write(card->pf, "sriov_numvfs", nr_vfs));
	for (i = 0; i < vfio_nr_bdfs(); i++) {
		if (__vfio_physfn_of(vfio_bdf(i), pf, sizeof(pf)) ||
		    strcmp(pf, card->pf) || is_bound(vfio_bdf(i), card->driver))
			continue;
		EXPECT_EQ(0, __vfio_attr_write(vfio_bdf(i), "driver_override",
					       card->driver));
		EXPECT_EQ(0, __vfio_driver_bind(vfio_bdf(i), card->driver));
	}
}

/* Everything as it was before, the other VFs of the PF included. */
static void put_back(struct __test_metadata *_metadata, const struct card *card,
		     enum loss loss)
{
	if (loss == LOSS_PF_UNBIND)
		EXPECT_EQ(0, __vfio_driver_bind(card->pf, card->pf_driver));
	if (loss == LOSS_PF_REMOVE)
		EXPECT_EQ(0, __vfio_sysfs_write("/sys/bus/pci/rescan", "1"));
	wait_bound(card->pf, card->pf_driver);
	make_vfs(_metadata, card, card->nr_vfs);
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

/* A process that takes the device away, and what tells that it has ended */
struct taker {
	pid_t pid;
	int pidfd;
};

static void take_away(struct __test_metadata *_metadata, struct taker *taker,
		      const struct card *card, struct vfio_dev *dev,
		      enum loss loss)
{
	taker->pid = fork();
	ASSERT_LE(0, taker->pid);
	if (!taker->pid) {
		/* Its copies of the files would keep the device open. */
		vfio_dev_close(dev);
		_exit(-lose(card, loss));
	}
	taker->pidfd = syscall(SYS_pidfd_open, taker->pid, 0);
	ASSERT_LE(0, taker->pidfd);
}

/* The user is asked for the device, before whoever takes it away has got it. */
static void expect_request(struct __test_metadata *_metadata,
			   const struct taker *taker, int request)
{
	struct pollfd pfds[2] = {
		{ .fd = request, .events = POLLIN },
		{ .fd = taker->pidfd, .events = POLLIN },
	};

	EXPECT_LT(0, poll(pfds, 2, TIMEOUT_MS));
	EXPECT_EQ(POLLIN, pfds[0].revents) {
		TH_LOG("nobody asked for the device");
	}
}

static void expect_taken(struct __test_metadata *_metadata, struct taker *taker)
{
	int status;

	close(taker->pidfd);
	ASSERT_EQ(taker->pid, waitpid(taker->pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status)) {
		TH_LOG("%s", strerror(WEXITSTATUS(status)));
	}
}

/* Probing the PF again takes most of the time. */
TEST_F_TIMEOUT(loss, does_not_hang_and_can_be_put_back, 120)
{
	struct taker taker;
	int fd;

	fd = vfio_session_enter(&self->dev, variant->state, &self->image, NULL);
	take_away(_metadata, &taker, &self->card, &self->dev, variant->loss);
	expect_request(_metadata, &taker, self->request);
	go_on_using(&self->dev, fd, &self->image);
	vfio_dev_close(&self->dev);
	expect_taken(_metadata, &taker);
	if (fd >= 0) {
		EXPECT_EQ(ENODEV, vfio_session_errno(fd, variant->state));
		close(fd);
	}

	put_back(_metadata, &self->card, variant->loss);
	vfio_dev_open(&self->dev, vfio_bdf(0));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
}

FIXTURE(numvfs) {
	struct vfio_cast cast;
	struct card card;
};

FIXTURE_SETUP(numvfs)
{
	const char *skip = card_find(&self->card);

	if (!skip)
		skip = vfio_cast_open(&self->cast);
	if (skip)
		SKIP(return, "%s", skip);
}

FIXTURE_TEARDOWN(numvfs)
{
	vfio_cast_close(&self->cast);
}

/* SR-IOV knows only "all" and "none": nobody notices that it was asked. */
TEST_F(numvfs, fewer_is_refused_and_disturbs_nobody)
{
	unsigned int i;

	vfio_cast_play(&self->cast);
	EXPECT_EQ(-EBUSY, __vfio_attr_write(self->card.pf, "sriov_numvfs", "4"));
	for (i = 0; i < self->cast.nr; i++)
		EXPECT_TRUE(vfio_role_finish(&self->cast.roles[i])) {
			TH_LOG("%s", self->cast.roles[i].dev.bdf);
		}
}

TEST_F_TIMEOUT(numvfs, none_and_then_fewer_work, 120)
{
	struct vfio_image *image;
	unsigned int i;

	for (i = 0; i < self->cast.nr; i++)
		vfio_dev_close(&self->cast.roles[i].dev);
	EXPECT_EQ(0, __vfio_attr_write(self->card.pf, "sriov_numvfs", "0"));
	make_vfs(_metadata, &self->card, "4");
	for (i = 0; i < 4; i++) {
		struct vfio_dev *dev = &self->cast.roles[i].dev;

		image = &self->cast.roles[i].image;
		vfio_dev_open(dev, vfio_bdf(i));
		EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(dev));
		EXPECT_TRUE(vfio_image_round_trip(dev, image));
		vfio_dev_close(dev);
	}
	EXPECT_EQ(0, __vfio_attr_write(self->card.pf, "sriov_numvfs", "0"));
	make_vfs(_metadata, &self->card, self->card.nr_vfs);
}

/* The VFs before the one that is open are gone by then; it still migrates. */
TEST_F_TIMEOUT(numvfs, none_waits_for_a_user_who_can_migrate, 120)
{
	struct vfio_role *last = &self->cast.roles[self->cast.nr - 1];
	struct taker taker;
	unsigned int i;
	int request;

	for (i = 0; i + 1 < self->cast.nr; i++)
		vfio_dev_close(&self->cast.roles[i].dev);
	request = vfio_irq_eventfd(&last->dev, VFIO_PCI_REQ_IRQ_INDEX);
	last->state = VFIO_DEVICE_STATE_STOP_COPY;
	last->fd = vfio_session_enter(&last->dev, last->state, &last->image,
				      &last->got);
	take_away(_metadata, &taker, &self->card, &last->dev, LOSS_SRIOV_OFF);
	expect_request(_metadata, &taker, request);
	EXPECT_TRUE(vfio_role_finish(last));
	/* Who waits for the device has its lock, for which a reset does not. */
	EXPECT_EQ(-EAGAIN, __vfio_dev_reset(&last->dev));
	vfio_dev_close(&last->dev);
	close(request);
	expect_taken(_metadata, &taker);
	put_back(_metadata, &self->card, LOSS_SRIOV_OFF);
}

FIXTURE(sysfs_reset) {
	struct vfio_dev dev;
	struct vfio_image image;
};

FIXTURE_VARIANT(sysfs_reset) {
	__u32 state;
};

FIXTURE_VARIANT_ADD(sysfs_reset, in_running) {
	.state = VFIO_DEVICE_STATE_RUNNING,
};

FIXTURE_VARIANT_ADD(sysfs_reset, in_running_p2p) {
	.state = VFIO_DEVICE_STATE_RUNNING_P2P,
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

	if (!skip && !vfio_state_exists(self->dev.mig_flags, variant->state))
		skip = "no such state";
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
	int fd, ret;

	fd = vfio_session_enter(&self->dev, variant->state, &self->image, NULL);
	ret = __vfio_attr_write(self->dev.bdf, "reset", "1");
	if (ret == -ENOENT)
		SKIP(return, "no reset by sysfs: %s", strerror(-ret));
	EXPECT_EQ(0, ret);
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
	if (fd >= 0) {
		EXPECT_EQ(ENODEV, vfio_session_errno(fd, variant->state));
		close(fd);
	}
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
