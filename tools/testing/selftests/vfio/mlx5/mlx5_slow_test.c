// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who has to wait for firmware that takes its time, and who must not: by delays
 * of the emulated device.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "kselftest_harness.h"
#include "migratable.h"
#include "model_fault.h"
#include "mlx5_hca.h"
#include "mlx5_stream.h"
#include "process.h"

/* Long enough to do something meanwhile, on any machine */
#define SLOW_MS			3000
#define PAUSE_MS		10

FIXTURE(slow) {
	struct vfio_dev dev;
	struct vfio_image image;
};

FIXTURE_SETUP(slow)
{
	const char *skip = model_fault_open();

	if (!skip)
		skip = open_migratable(&self->dev, 0);
	if (skip)
		SKIP(return, "%s", skip);
	vfio_image_save(&self->dev, &self->image, VFIO_DEVICE_STATE_RUNNING);
}

FIXTURE_TEARDOWN(slow)
{
	model_fault_close();
	vfio_image_free(&self->image);
	vfio_dev_close(&self->dev);
}

/* Something that a thread does while the test goes on */
struct task {
	pthread_t thread;
	struct vfio_dev *dev;
	__u32 state;
	pid_t tid;
	int ret;
	int fd;
	bool done;
};

static void *set_state(void *arg)
{
	struct task *task = arg;

	task->ret = __vfio_mig_set_state(task->dev, task->state, &task->fd);
	__atomic_store_n(&task->done, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static void *ask_size(void *arg)
{
	struct task *task = arg;
	__u64 bytes;

	__atomic_store_n(&task->tid, syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	task->ret = __vfio_mig_data_size(task->dev, &bytes);
	__atomic_store_n(&task->done, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static bool is_done(const struct task *task)
{
	return __atomic_load_n(&task->done, __ATOMIC_SEQ_CST);
}

static void pause_ms(unsigned int ms)
{
	struct timespec pause = {
		.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000,
	};

	nanosleep(&pause, NULL);
}

/* Until a thread, once it has a number, waits so; or until @task has ended */
static void wait_stuck(const struct task *task, const pid_t *tid)
{
	while (!is_done(task)) {
		pid_t id = __atomic_load_n(tid, __ATOMIC_SEQ_CST);

		if (id && vfio_process_state(id) == 'D')
			break;
		pause_ms(PAUSE_MS);
	}
}

/* The firmware is at work on a state change, then: what others do meanwhile */
static void start_slow_walk(struct __test_metadata *_metadata,
			    FIXTURE_DATA(slow) * self, struct task *task)
{
	model_delay("SUSPEND_VHCA", SLOW_MS);
	*task = (struct task) {
		.dev = &self->dev, .state = VFIO_DEVICE_STATE_STOP, .fd = -1,
	};
	ASSERT_EQ(0, pthread_create(&task->thread, NULL, set_state, task));
}

TEST_F(slow, get_does_not_wait_for_a_state_change)
{
	struct task task;
	__u32 state;

	start_slow_walk(_metadata, self, &task);
	/* From the start of the walk to the end of its first arc */
	do {
		state = vfio_mig_state(&self->dev);
	} while (state == VFIO_DEVICE_STATE_RUNNING && !is_done(&task));
	EXPECT_FALSE(is_done(&task));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING_P2P, state);
	pthread_join(task.thread, NULL);
	EXPECT_EQ(0, task.ret);
	EXPECT_EQ(VFIO_DEVICE_STATE_STOP, vfio_mig_state(&self->dev));
}

/* The second suspend comes after the reset, so that the reset alone does not undo it */
TEST_F(slow, a_reset_in_the_midst_of_a_state_change_leaves_a_device_that_runs)
{
	struct mlx5_hca hca;
	struct task task;

	start_slow_walk(_metadata, self, &task);
	while (vfio_mig_state(&self->dev) == VFIO_DEVICE_STATE_RUNNING &&
	       !is_done(&task))
		pause_ms(PAUSE_MS);
	vfio_dev_reset(&self->dev);
	EXPECT_FALSE(is_done(&task));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
	pthread_join(task.thread, NULL);
	model_no_faults();
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));

	mlx5_hca_start(&hca, &self->dev);
	mlx5_hca_detach(&hca);
	mlx5_hca_uninit(&hca);
}

TEST_F(slow, neither_reset_nor_get_waits_for_a_save)
{
	unsigned int took_ms;
	__u64 start;
	char byte;
	int fd;

	model_delay("SAVE_VHCA_STATE", SLOW_MS);
	fd = vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	start = clock_ns();
	EXPECT_EQ(VFIO_DEVICE_STATE_STOP_COPY, vfio_mig_state(&self->dev));
	vfio_dev_reset(&self->dev);
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
	EXPECT_EQ(-1, read(fd, &byte, 1));
	EXPECT_EQ(ENODEV, errno);
	took_ms = ms_since(start);
	/* The firmware has the image for SLOW_MS */
	EXPECT_GT(SLOW_MS, took_ms);
	close(fd);
	model_no_faults();
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
}

/* Whoever holds the engine's lock at the moment, here for the firmware's answer to a query */
TEST_F(slow, a_reset_ends_the_session_at_once)
{
	struct task task = { .dev = &self->dev };
	char byte;
	int fd;

	fd = vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP_COPY);
	model_delay("QUERY_VHCA_MIGRATION_STATE", SLOW_MS);
	ASSERT_EQ(0, pthread_create(&task.thread, NULL, ask_size, &task));
	wait_stuck(&task, &task.tid);
	vfio_dev_reset(&self->dev);
	EXPECT_EQ(-1, read(fd, &byte, 1));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&self->dev));
	EXPECT_FALSE(is_done(&task));
	pthread_join(task.thread, NULL);
	close(fd);
	model_no_faults();
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
}

/*
 * The image is whole, and its writer is killed before it can say so. Whoever
 * ends the load must not take a function for loaded that is not.
 */
TEST_F(slow, an_image_whose_writer_was_killed_is_loaded_all_the_same)
{
	struct vfio_image again = {}, plain = {};
	struct task task = { .dev = &self->dev };
	int fd, status, none;
	size_t first;
	pid_t pid;

	/* Of this driver's own stream the image would not be the end */
	first = mlx5_plain_append(&plain, &self->image) - 1;
	vfio_dev_reset(&self->dev);
	fd = vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_RESUMING);
	ASSERT_EQ(0, __vfio_image_write(fd, plain.data, first, first));
	model_delay("QUERY_VHCA_MIGRATION_STATE", SLOW_MS);
	ASSERT_EQ(0, pthread_create(&task.thread, NULL, ask_size, &task));
	/* With the device's lock it waits for the firmware, then the writer for the lock */
	wait_stuck(&task, &task.tid);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (write(fd, plain.data + first, 1) != 1)
			_exit(1);
		_exit(0);
	}
	wait_stuck(&task, &pid);
	EXPECT_FALSE(is_done(&task));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_FALSE(is_done(&task));
	pthread_join(task.thread, NULL);
	model_no_faults();

	ASSERT_EQ(0, __vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP,
					  &none));
	vfio_image_save(&self->dev, &again, VFIO_DEVICE_STATE_RUNNING);
	EXPECT_TRUE(vfio_image_equal(&self->image, &again));
	vfio_image_free(&again);
	vfio_image_free(&plain);
	close(fd);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
