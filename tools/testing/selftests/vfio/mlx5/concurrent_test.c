// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that change the state, read and write data files, ask for sizes and
 * reset the device, all at once and in no order. No call may hang or break the
 * kernel; each must give a result that it could have given alone; and after
 * the last one the device must work.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "migratable.h"

/* Under an emulated CPU each state change costs about a millisecond. */
#define ROUNDS		120
#define RESETS		8

struct shared {
	struct vfio_dev dev;
	struct vfio_image image;
	/* The newest data file; a thread that reads it holds @fd_lock */
	pthread_mutex_t fd_lock;
	int data_fd;
	atomic_bool done;
	/* Each thread takes a seed of its own, the same ones in every run. */
	atomic_uint next_seed;
	atomic_uint changes;
	atomic_uint refusals;
	/* The first result that no single call could have given */
	atomic_int bad_result;
};

FIXTURE(concurrent) {
	struct shared shared;
};

FIXTURE_SETUP(concurrent)
{
	const char *skip = open_migratable(&self->shared.dev, 0);

	self->shared.data_fd = -1;
	pthread_mutex_init(&self->shared.fd_lock, NULL);
	if (skip)
		SKIP(return, "%s", skip);
	vfio_image_save(&self->shared.dev, &self->shared.image,
			VFIO_DEVICE_STATE_RUNNING);
}

FIXTURE_TEARDOWN(concurrent)
{
	if (self->shared.data_fd >= 0)
		close(self->shared.data_fd);
	vfio_image_free(&self->shared.image);
	vfio_dev_close(&self->shared.dev);
}

static void note_bad_result(struct shared *shared, int ret)
{
	int none = 0;

	atomic_compare_exchange_strong(&shared->bad_result, &none, ret);
}

static void keep_data_fd(struct shared *shared, int fd)
{
	pthread_mutex_lock(&shared->fd_lock);
	if (shared->data_fd >= 0)
		close(shared->data_fd);
	shared->data_fd = fd;
	pthread_mutex_unlock(&shared->fd_lock);
}

/*
 * A change can be refused because another thread made the state one from which
 * it is not allowed (EINVAL), because it leaves RESUMING with something that is
 * no whole image (EINVAL, EIO or EOPNOTSUPP, and it may lead to ERROR),
 * because another thread is in the middle of a write() (EBUSY), or because a
 * reset has ended the session that it waits for (ENODEV).
 */
static bool is_refusal(int ret)
{
	return ret == -EINVAL || ret == -EIO || ret == -EOPNOTSUPP ||
	       ret == -EBUSY || ret == -ENODEV;
}

static void *change_states(void *arg)
{
	struct shared *shared = arg;
	unsigned int seed = atomic_fetch_add(&shared->next_seed, 1);
	int fd, ret, i;

	for (i = 0; i < ROUNDS; i++) {
		__u32 state = 1 + rand_r(&seed) % (VFIO_STATE_COUNT - 1);

		ret = __vfio_mig_set_state(&shared->dev, state, &fd);
		if (!ret)
			atomic_fetch_add(&shared->changes, 1);
		else if (is_refusal(ret))
			atomic_fetch_add(&shared->refusals, 1);
		else
			note_bad_result(shared, ret);
		if (fd >= 0)
			keep_data_fd(shared, fd);
	}
	return NULL;
}

static bool is_data_result(ssize_t ret)
{
	return ret >= 0 || errno == EBADF || errno == ENOMSG ||
	       is_refusal(-errno);
}

static void *move_data(void *arg)
{
	struct shared *shared = arg;
	const struct vfio_image *image = &shared->image;
	char *buf = malloc(image->size);

	while (!atomic_load(&shared->done)) {
		pthread_mutex_lock(&shared->fd_lock);
		if (shared->data_fd >= 0) {
			if (!is_data_result(read(shared->data_fd, buf,
						 image->size)))
				note_bad_result(shared, -errno);
			if (!is_data_result(write(shared->data_fd, image->data,
						  image->size)))
				note_bad_result(shared, -errno);
		}
		pthread_mutex_unlock(&shared->fd_lock);
	}
	free(buf);
	return NULL;
}

static void *ask(void *arg)
{
	struct shared *shared = arg;
	__u64 bytes;
	__u32 state;
	int ret;

	while (!atomic_load(&shared->done)) {
		ret = __vfio_mig_get_state(&shared->dev, &state);
		if (ret || state >= VFIO_STATE_COUNT)
			note_bad_result(shared, ret ? ret : -ERANGE);
		/* Of a session that the firmware has made fail, nothing is told. */
		ret = __vfio_mig_data_size(&shared->dev, &bytes);
		if (ret && ret != -ENOTTY && ret != -EIO && ret != -ENODEV)
			note_bad_result(shared, ret);
	}
	return NULL;
}

static void *reset_now_and_then(void *arg)
{
	struct shared *shared = arg;
	int i, ret;

	for (i = 0; i < RESETS; i++) {
		ret = __vfio_dev_reset(&shared->dev);
		if (ret && ret != -EAGAIN)
			note_bad_result(shared, ret);
	}
	return NULL;
}

static void run(struct __test_metadata *_metadata, struct shared *shared,
		bool with_reset)
{
	pthread_t changers[3], mover, asker, resetter;
	int i;

	ASSERT_EQ(0, pthread_create(&mover, NULL, move_data, shared));
	ASSERT_EQ(0, pthread_create(&asker, NULL, ask, shared));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_create(&changers[i], NULL, change_states,
					    shared));
	if (with_reset) {
		ASSERT_EQ(0, pthread_create(&resetter, NULL,
					    reset_now_and_then, shared));
		pthread_join(resetter, NULL);
	}
	for (i = 0; i < 3; i++)
		pthread_join(changers[i], NULL);
	atomic_store(&shared->done, true);
	pthread_join(mover, NULL);
	pthread_join(asker, NULL);

	EXPECT_EQ(0, shared->bad_result) {
		TH_LOG("%s", strerror(-shared->bad_result));
	}
	EXPECT_LT(0, shared->changes);
	TH_LOG("%u changes, %u refused", shared->changes, shared->refusals);

	vfio_dev_reset(&shared->dev);
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&shared->dev));
	EXPECT_TRUE(vfio_image_round_trip(&shared->dev, &shared->image));
}

TEST_F(concurrent, changes_and_data)
{
	run(_metadata, &self->shared, false);
}

TEST_F(concurrent, changes_data_and_reset)
{
	run(_metadata, &self->shared, true);
}

/* A reader that waits for data must wake up when its session ends. */
struct reader {
	int fd;
	atomic_bool reading;
	ssize_t last;
	int last_errno;
};

static void *read_to_the_end(void *arg)
{
	struct reader *reader = arg;
	char buf[256];

	do {
		reader->last = read(reader->fd, buf, sizeof(buf));
		reader->last_errno = errno;
		atomic_store(&reader->reading, true);
	} while (reader->last > 0);
	return NULL;
}

TEST_F(concurrent, reset_wakes_a_reader)
{
	struct shared *shared = &self->shared;
	struct reader reader = {};
	pthread_t thread;

	reader.fd = vfio_mig_enter(&shared->dev, VFIO_DEVICE_STATE_STOP_COPY,
				   NULL);
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_to_the_end, &reader));
	while (!atomic_load(&reader.reading))
		sched_yield();
	vfio_dev_reset(&shared->dev);
	pthread_join(thread, NULL);
	/* The whole image was read before the reset, or the file is dead. */
	if (reader.last)
		EXPECT_EQ(ENODEV, reader.last_errno);
	close(reader.fd);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
