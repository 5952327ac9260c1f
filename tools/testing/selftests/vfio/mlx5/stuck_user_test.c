// SPDX-License-Identifier: GPL-2.0-only
/*
 * A read() or write() of the data file whose buffer does not come: its page
 * fault is held by userfaultfd, as that of a VM's memory may be. It must hold
 * up nobody else: not the arc that ends its session, not a reset, not closing
 * the device. Afterwards it gives what it had moved, or that the session died.
 */
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "migratable.h"
#include "process.h"

#define TIMEOUT_MS	20000
#define BUFFER_BYTES	(1024 * 1024)

enum way_out {
	WAY_STOP,
	WAY_RESET,
	WAY_CLOSE,
};

struct mover {
	int fd;
	bool writes;
	char *buffer;
	size_t bytes;
	ssize_t ret;
	int error;
};

FIXTURE(stuck) {
	struct vfio_dev dev;
	struct vfio_image image;
	int uffd;
	struct mover mover;
};

FIXTURE_VARIANT(stuck) {
	bool writes;
	enum way_out way_out;
};

FIXTURE_VARIANT_ADD(stuck, reader_stop) {
	.writes = false, .way_out = WAY_STOP,
};

FIXTURE_VARIANT_ADD(stuck, reader_reset) {
	.writes = false, .way_out = WAY_RESET,
};

FIXTURE_VARIANT_ADD(stuck, reader_close) {
	.writes = false, .way_out = WAY_CLOSE,
};

FIXTURE_VARIANT_ADD(stuck, writer_reset) {
	.writes = true, .way_out = WAY_RESET,
};

FIXTURE_VARIANT_ADD(stuck, writer_close) {
	.writes = true, .way_out = WAY_CLOSE,
};

static void release(int uffd, struct mover *mover)
{
	struct uffdio_range range = {
		.start = (uintptr_t)mover->buffer, .len = BUFFER_BYTES,
	};

	VFIO_ASSERT(!ioctl(uffd, UFFDIO_UNREGISTER, &range), "unregister");
	VFIO_ASSERT(!ioctl(uffd, UFFDIO_WAKE, &range), "wake");
}

FIXTURE_SETUP(stuck)
{
	const char *skip = open_migratable(&self->dev, 0);

	self->mover.fd = -1;
	self->uffd = -1;
	if (skip)
		SKIP(return, "%s", skip);
	vfio_image_save(&self->dev, &self->image, VFIO_DEVICE_STATE_RUNNING);
	/* Until release() nobody can touch the buffer */
	self->uffd = __vfio_hold_pages(&self->mover.buffer, BUFFER_BYTES);
	if (self->uffd < 0) {
		vfio_dev_close(&self->dev);
		SKIP(return, "userfaultfd: %s", strerror(-self->uffd));
	}
	self->mover.writes = variant->writes;
	self->mover.bytes = self->image.size < BUFFER_BYTES ?
			    self->image.size : BUFFER_BYTES;
}

FIXTURE_TEARDOWN(stuck)
{
	if (self->uffd >= 0)
		close(self->uffd);
	if (self->mover.fd >= 0)
		close(self->mover.fd);
	vfio_image_free(&self->image);
	vfio_dev_close(&self->dev);
}

static void *move(void *arg)
{
	struct mover *mover = arg;

	mover->ret = mover->writes ?
		     write(mover->fd, mover->buffer, mover->bytes) :
		     read(mover->fd, mover->buffer, mover->bytes);
	mover->error = errno;
	return NULL;
}

static void leave(FIXTURE_DATA(stuck) * self, enum way_out way_out)
{
	switch (way_out) {
	case WAY_STOP:
		vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP);
		break;
	case WAY_RESET:
		vfio_dev_reset(&self->dev);
		break;
	case WAY_CLOSE:
		vfio_dev_close(&self->dev);
		break;
	}
}

/* The time limit of the harness is what finds a way out that waits. */
TEST_F(stuck, holds_up_nobody)
{
	struct pollfd pfd = { .fd = self->uffd, .events = POLLIN };
	pthread_t thread;

	self->mover.fd = vfio_mig_enter(&self->dev, variant->writes ?
					VFIO_DEVICE_STATE_RESUMING :
					VFIO_DEVICE_STATE_STOP_COPY, NULL);
	ASSERT_EQ(0, pthread_create(&thread, NULL, move, &self->mover));
	ASSERT_EQ(1, poll(&pfd, 1, TIMEOUT_MS)) {
		TH_LOG("the buffer was never touched");
	}

	leave(self, variant->way_out);
	release(self->uffd, &self->mover);
	pthread_join(thread, NULL);
	EXPECT_NE(0, self->mover.ret);
	if (self->mover.ret < 0)
		EXPECT_EQ(ENODEV, self->mover.error);

	if (variant->way_out == WAY_CLOSE)
		vfio_dev_open(&self->dev, vfio_bdf(0));
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
