// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many devices saved and loaded at the same time, by one process with a thread
 * for each device and by one process for each. Every image must equal the one
 * that the device gave when it was alone.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "migratable.h"

#define MAX_DEVICES	16
#define ROUNDS		3

struct worker {
	struct vfio_dev dev;
	struct vfio_image image;
	pthread_barrier_t *start;
	/* Result of the run: 0, or a negative errno; -EILSEQ = wrong image */
	int result;
};

FIXTURE(parallel) {
	struct worker workers[MAX_DEVICES];
	unsigned int nr;
};

FIXTURE_SETUP(parallel)
{
	const char *skip;
	unsigned int i;

	if (vfio_nr_bdfs() < 2)
		SKIP(return, "needs several devices, VFIO_BDFS names %u",
		     vfio_nr_bdfs());
	ASSERT_LE(vfio_nr_bdfs(), MAX_DEVICES);
	for (i = 0; i < vfio_nr_bdfs(); i++) {
		skip = open_migratable(&self->workers[i].dev, i);
		if (skip)
			SKIP(return, "%s", skip);
		self->nr = i + 1;
		vfio_image_save(&self->workers[i].dev, &self->workers[i].image,
				VFIO_DEVICE_STATE_STOP);
	}
}

FIXTURE_TEARDOWN(parallel)
{
	unsigned int i;

	for (i = 0; i < self->nr; i++) {
		vfio_image_free(&self->workers[i].image);
		vfio_dev_close(&self->workers[i].dev);
	}
}

/* Never leaves STOP, or the device might go on and the image with it. */
static int load_and_save(struct worker *worker)
{
	int ret = 0, i;

	for (i = 0; i < ROUNDS && !ret; i++) {
		struct vfio_image again = {};

		ret = __vfio_image_load(&worker->dev, &worker->image,
					VFIO_DEVICE_STATE_STOP);
		if (!ret)
			ret = __vfio_image_save(&worker->dev, &again,
						VFIO_DEVICE_STATE_STOP);
		if (!ret && !vfio_image_equal(&worker->image, &again))
			ret = -EILSEQ;
		vfio_image_free(&again);
	}
	return ret;
}

static void *thread_main(void *arg)
{
	struct worker *worker = arg;

	pthread_barrier_wait(worker->start);
	worker->result = load_and_save(worker);
	return NULL;
}

TEST_F(parallel, threads_of_one_process)
{
	pthread_t threads[MAX_DEVICES];
	pthread_barrier_t start;
	unsigned int i;

	pthread_barrier_init(&start, NULL, self->nr);
	for (i = 0; i < self->nr; i++) {
		self->workers[i].start = &start;
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, thread_main,
					    &self->workers[i]));
	}
	for (i = 0; i < self->nr; i++) {
		pthread_join(threads[i], NULL);
		EXPECT_EQ(0, self->workers[i].result) {
			TH_LOG("%s: %s", self->workers[i].dev.bdf,
			       strerror(-self->workers[i].result));
		}
	}
}

/* Takes the device over from the parent, which has closed it. */
static int process_main(struct worker *worker)
{
	int ret;

	ret = __vfio_dev_open(&worker->dev, worker->dev.bdf);
	pthread_barrier_wait(worker->start);
	if (ret)
		return ret;
	ret = load_and_save(worker);
	vfio_dev_close(&worker->dev);
	return ret;
}

TEST_F(parallel, one_process_for_each)
{
	pthread_barrierattr_t attr;
	pthread_barrier_t *start;
	pid_t pids[MAX_DEVICES];
	unsigned int i;
	int status;

	start = mmap(NULL, sizeof(*start), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, start);
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(start, &attr, self->nr);

	for (i = 0; i < self->nr; i++) {
		self->workers[i].start = start;
		vfio_dev_close(&self->workers[i].dev);
	}
	for (i = 0; i < self->nr; i++) {
		pids[i] = fork();
		ASSERT_LE(0, pids[i]);
		if (!pids[i])
			_exit(-process_main(&self->workers[i]));
	}
	for (i = 0; i < self->nr; i++) {
		ASSERT_EQ(pids[i], waitpid(pids[i], &status, 0));
		ASSERT_TRUE(WIFEXITED(status));
		EXPECT_EQ(0, WEXITSTATUS(status)) {
			TH_LOG("%s: %s", vfio_bdf(i),
			       strerror(WEXITSTATUS(status)));
		}
	}
}

/* All in STOP_COPY at once, then read in turns, a piece from each. */
TEST_F(parallel, sessions_do_not_mix)
{
	struct vfio_image again[MAX_DEVICES] = {};
	unsigned int i, open = self->nr;
	char buf[4096];
	int fds[MAX_DEVICES];
	ssize_t got;

	for (i = 0; i < self->nr; i++)
		fds[i] = vfio_mig_enter(&self->workers[i].dev,
					VFIO_DEVICE_STATE_STOP_COPY, NULL);
	for (i = 0; i < self->nr; i++) {
		again[i].data = malloc(self->workers[i].image.size);
		ASSERT_NE(NULL, again[i].data);
	}
	for (i = 0; open; i = (i + 1) % self->nr) {
		if (fds[i] < 0)
			continue;
		got = read(fds[i], buf, sizeof(buf));
		ASSERT_LE(0, got);
		ASSERT_LE(again[i].size + got, self->workers[i].image.size);
		memcpy(again[i].data + again[i].size, buf, got);
		again[i].size += got;
		if (!got) {
			close(fds[i]);
			fds[i] = -1;
			open--;
		}
	}
	for (i = 0; i < self->nr; i++) {
		EXPECT_TRUE(vfio_image_equal(&self->workers[i].image,
					     &again[i])) {
			TH_LOG("%s", vfio_bdf(i));
		}
		vfio_image_free(&again[i]);
	}
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
