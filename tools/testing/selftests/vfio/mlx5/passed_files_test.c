// SPDX-License-Identifier: GPL-2.0-only
/*
 * The user of a device is killed in each state, and its files live on in another
 * process, to which it had sent them. With the data file alone the device is
 * closed: the file is dead, the next user finds a device as new. With all files
 * nothing has happened to the device, and the other process plays on.
 */
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "roles.h"
#include "session.h"
#include "state_fixture.h"

/* Data file, device, group, container; and the byte that was read */
#define MAX_FILES	4

union control {
	char bytes[CMSG_SPACE(MAX_FILES * sizeof(int))];
	struct cmsghdr align;
};

static void send_files(int socket, const int *files, unsigned int nr, char byte)
{
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	union control control = {};
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (nr) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(nr * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(nr * sizeof(int));
		memcpy(CMSG_DATA(cmsg), files, nr * sizeof(int));
	}
	VFIO_ASSERT(sendmsg(socket, &msg, 0) == 1, "sendmsg");
}

/* Returns how many files came. */
static unsigned int receive_files(int socket, int *files, char *byte)
{
	struct iovec iov = { .iov_base = byte, .iov_len = 1 };
	union control control = {};
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *cmsg;
	size_t bytes;

	VFIO_ASSERT(recvmsg(socket, &msg, MSG_CMSG_CLOEXEC) == 1, "recvmsg");
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg)
		return 0;
	bytes = cmsg->cmsg_len - CMSG_LEN(0);
	memcpy(files, CMSG_DATA(cmsg), bytes);
	return bytes / sizeof(int);
}

/* The user: opens, enters the state, sends its files, and is killed. */
static void use(int socket, __u32 state, const struct vfio_image *image,
		bool all)
{
	struct vfio_image got = {};
	struct vfio_dev dev;
	int files[MAX_FILES], fd;
	unsigned int nr = 0;

	vfio_dev_open(&dev, vfio_bdf(0));
	fd = vfio_session_enter(&dev, state, image, &got);
	if (fd >= 0)
		files[nr++] = fd;
	if (all) {
		files[nr++] = dev.fd;
		files[nr++] = dev.group_fd;
		files[nr++] = dev.container_fd;
	}
	send_files(socket, files, nr, got.size ? got.data[0] : 0);
	pause();
}

/* Returns how many files the dead user has left. */
static unsigned int
use_and_die(struct __test_metadata *_metadata, FIXTURE_DATA(state) * self,
	    __u32 state, bool all, int *files, char *byte)
{
	int sockets[2], status;
	unsigned int nr;
	pid_t pid;

	vfio_dev_close(&self->dev);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		close(sockets[0]);
		use(sockets[1], state, &self->image, all);
		_exit(1);
	}
	close(sockets[1]);
	nr = receive_files(sockets[0], files, byte);
	close(sockets[0]);
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	return nr;
}

TEST_F(state, data_file_alone_is_dead)
{
	int files[MAX_FILES];
	unsigned int nr;
	char byte;

	nr = use_and_die(_metadata, self, variant->state, false, files, &byte);
	ASSERT_GE(1, nr);
	if (nr)
		EXPECT_EQ(ENODEV, vfio_session_errno(files[0], variant->state));
	vfio_dev_open(&self->dev, vfio_bdf(0));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
	if (nr) {
		EXPECT_EQ(ENODEV, vfio_session_errno(files[0], variant->state));
		close(files[0]);
	}
}

TEST_F(state, with_all_files_it_goes_on)
{
	struct vfio_role role = {
		.state = variant->state, .fd = -1,
		.image = self->image, .dev = self->dev,
	};
	int files[MAX_FILES], *next = files;
	unsigned int nr;
	char byte;

	nr = use_and_die(_metadata, self, variant->state, true, files, &byte);
	ASSERT_LE(3, nr);
	if (nr == 4)
		role.fd = *next++;
	if (role.fd >= 0 && variant->state != VFIO_DEVICE_STATE_RESUMING)
		vfio_image_append(&role.got, &byte, 1);
	role.dev.fd = *next++;
	role.dev.group_fd = *next++;
	role.dev.container_fd = *next++;
	EXPECT_TRUE(vfio_role_finish(&role));
	vfio_image_free(&role.got);
	if (role.fd >= 0)
		close(role.fd);
	vfio_dev_close(&role.dev);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
