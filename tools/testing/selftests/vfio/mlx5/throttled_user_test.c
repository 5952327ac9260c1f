// SPDX-License-Identifier: GPL-2.0-only
/*
 * A user whose control group has memory for a part of an image only. What it
 * makes the kernel allocate is its own, also what is allocated behind its back;
 * and while the kernel makes it wait for memory nobody else has to: the PF can
 * be reloaded.
 */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "cgroup.h"
#include "migratable.h"

#define TIMEOUT_MS	20000
#define PAUSE_MS	20

/* The kernel's statistics of a group lag behind by so much for each CPU */
#define CHARGE_BATCH_BYTES	(256U << 10)

static void pause_a_little(void)
{
	struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000 };

	nanosleep(&pause, NULL);
}

FIXTURE(user) {
	struct vfio_image image;
	size_t image_bytes;
};

FIXTURE_SETUP(user)
{
	struct vfio_dev dev;
	const char *skip;

	skip = open_migratable(&dev, 0);
	if (!skip) {
		vfio_image_save(&dev, &self->image, VFIO_DEVICE_STATE_RUNNING);
		self->image_bytes = self->image.size;
		vfio_dev_close(&dev);
		skip = vfio_cgroup_make();
	}
	if (skip)
		SKIP(return, "%s", skip);
}

FIXTURE_TEARDOWN(user)
{
	vfio_image_free(&self->image);
	vfio_cgroup_remove();
}

/* In the group: goes to STOP_COPY and stays there; exits with the errno of a failure. */
static pid_t start_saver(void)
{
	struct vfio_dev dev;
	int fd, ret;
	pid_t pid;

	pid = fork();
	VFIO_ASSERT(pid >= 0, "fork");
	if (pid)
		return pid;

	vfio_cgroup_enter();
	vfio_dev_open(&dev, vfio_bdf(0));
	ret = __vfio_mig_set_state(&dev, VFIO_DEVICE_STATE_STOP_COPY, &fd);
	if (ret)
		_exit(-ret);
	for (;;)
		pause();
}

static bool grows_to(__u64 bytes)
{
	int tries;

	for (tries = 0; tries < TIMEOUT_MS / PAUSE_MS; tries++) {
		if (vfio_cgroup_memory_bytes() >= bytes)
			return true;
		pause_a_little();
	}
	return false;
}

/* Images after the first one are asked for by the kernel itself. */
TEST_F(user, pays_for_all_buffers_of_its_session)
{
	int status;
	pid_t pid;

	if (self->image_bytes < 4 * CHARGE_BATCH_BYTES)
		SKIP(return, "an image of %zu bytes is too small to be measured",
		     self->image_bytes);
	pid = start_saver();
	EXPECT_TRUE(grows_to(self->image_bytes - CHARGE_BATCH_BYTES)) {
		TH_LOG("%llu bytes are charged", vfio_cgroup_memory_bytes());
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

static bool has_ended(pid_t pid, int *status)
{
	int tries;

	for (tries = 0; tries < TIMEOUT_MS / PAUSE_MS; tries++) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		pause_a_little();
	}
	return false;
}

/* Removing the group's limit is what ends a test that failed. */
static void end(pid_t pid, int *status)
{
	vfio_cgroup_write("memory.high", "max");
	kill(pid, SIGKILL);
	waitpid(pid, status, 0);
}

/* Unbinding the PF would wait for the user all the same, for it to close the device. */
TEST_F_TIMEOUT(user, that_waits_for_memory_does_not_hold_up_the_pf, 180)
{
	char pf[VFIO_BDF_LEN], handle[32];
	pid_t saver, reloader;
	int status = 0;

	if (self->image_bytes < 32U << 20)
		SKIP(return, "an image of %zu bytes has its memory at once",
		     self->image_bytes);
	if (__vfio_physfn_of(vfio_bdf(0), pf, sizeof(pf)))
		SKIP(return, "%s is no VF", vfio_bdf(0));
	snprintf(handle, sizeof(handle), "pci/%s", pf);
	vfio_cgroup_write("memory.high", "1048576");
	saver = start_saver();
	ASSERT_TRUE(grows_to(4 << 20));
	reloader = fork();
	ASSERT_LE(0, reloader);
	if (!reloader) {
		execlp("devlink", "devlink", "dev", "reload", handle, NULL);
		_exit(127);
	}

	EXPECT_TRUE(has_ended(saver, &status)) {
		TH_LOG("the user is still in its system call");
		end(saver, &status);
	}
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(ENOTCONN, WEXITSTATUS(status));
	ASSERT_EQ(reloader, waitpid(reloader, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status)) {
		TH_LOG("devlink dev reload %s", handle);
	}
}

/* What limits of a group are written in */
static void limit_to(__u64 bytes)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", bytes);
	vfio_cgroup_write("memory.max", text);
}

/*
 * In the group, with memory for half of the image: saves or loads it, and then, with as much
 * as it wants, does so once more. Exits with the errno of the first attempt.
 */
static void try_with_little(const struct vfio_image *image, bool load)
{
	struct vfio_image again = {};
	struct vfio_dev dev;
	int fd, ret;

	vfio_cgroup_enter();
	vfio_dev_open(&dev, vfio_bdf(0));
	limit_to(image->size / 2);
	if (load)
		ret = __vfio_image_load(&dev, image, VFIO_DEVICE_STATE_STOP);
	else
		ret = __vfio_mig_set_state(&dev, VFIO_DEVICE_STATE_STOP_COPY, &fd);
	vfio_cgroup_write("memory.max", "max");
	if (load)
		vfio_dev_reset(&dev);
	else
		vfio_mig_set_state(&dev, VFIO_DEVICE_STATE_RUNNING);
	vfio_image_save(&dev, &again, VFIO_DEVICE_STATE_RUNNING);
	VFIO_ASSERT(again.size == image->size, "%zu bytes of %zu", again.size, image->size);
	vfio_dev_reset(&dev);
	VFIO_ASSERT(vfio_image_round_trip(&dev, image), "another state than the one loaded");
	_exit(-ret);
}

/* It is not killed for it, either. */
TEST_F_TIMEOUT(user, with_too_little_memory_is_told, 120)
{
	int load, status;
	pid_t pid;

	if (self->image_bytes < 32U << 20)
		SKIP(return, "an image of %zu bytes is too small to be missed",
		     self->image_bytes);
	for (load = 0; load < 2; load++) {
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid)
			try_with_little(&self->image, load);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFEXITED(status)) {
			TH_LOG("the %s was killed", load ? "loader" : "saver");
		}
		EXPECT_EQ(ENOMEM, WEXITSTATUS(status)) {
			TH_LOG("the %s", load ? "loader" : "saver");
		}
	}
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
