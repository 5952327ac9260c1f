// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty pages in the type1 container, told by the library for the sample variant: what is told
 * is what was written, and everything when that is not known.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "dirty_log.h"
#include "kselftest_harness.h"
#include "marks_fixture.h"
#include "migratable.h"

#define ROUNDS		6
/* Longer than it takes to close a device and to open it, or to have it write */
#define WORKER_MS	"1000"
#define LEAVE_TRIES	3

/* What fails of the tracker, as the option counts it */
#define START_FAILS	"1"
#define REPORT_FAILS	"2"

/* Frozen, the device has all told that it wrote to before; nobody asks otherwise */
TEST_F_TIMEOUT(marks, told_is_written, 90)
{
	struct marks *marks = &self->marks;
	unsigned int round;
	int fd;

	marks_set(MARKS_LIBRARY "marks_interval_ms", "60000");
	marks_map(marks);
	for (round = 0; round < ROUNDS; round++) {
		fd = marks_begin(marks);
		marks_write_some(marks, MARKS_SAMPLE "wrote", round * 20);
		vfio_mig_set_state(&marks->dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
		marks_told(marks);
		EXPECT_TRUE(marks_exact(marks));
		EXPECT_EQ(0, marks_told(marks));
		marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
		EXPECT_EQ(0, marks_told(marks));
		marks_end(marks, fd);
	}
}

/* While it runs that takes no state change */
TEST_F(marks, told_while_it_runs)
{
	struct marks *marks = &self->marks;
	unsigned int round, i;
	int fd;

	marks_map(marks);
	fd = marks_begin(marks);
	for (round = 0; round < ROUNDS; round++) {
		__u64 start;
		__u8 all[MARKS_PAGES] = {};

		memset(marks->wrote, 0, sizeof(marks->wrote));
		marks_write_some(marks, MARKS_SAMPLE "wrote", round * 20);
		start = clock_ns();
		do {
			marks_told(marks);
			for (i = 0; i < MARKS_PAGES; i++)
				all[i] |= marks->told[i];
		} while (memcmp(all, marks->wrote, sizeof(all)) && ms_since(start) < MARKS_WAIT_MS);
		EXPECT_EQ(0, memcmp(all, marks->wrote, sizeof(all)));
	}
	marks_end(marks, fd);
}

/* Its last writes come while it is being frozen */
TEST_F(marks, asked_after_it_was_frozen)
{
	struct marks *marks = &self->marks;
	int fd;

	marks_set(MARKS_LIBRARY "marks_interval_ms", "60000");
	marks_map(marks);
	fd = marks_begin(marks);
	marks_write_some(marks, MARKS_SAMPLE "writes_late", 50);
	vfio_mig_set_state(&marks->dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	marks_told(marks);
	EXPECT_TRUE(marks_exact(marks));

	memset(marks->wrote, 0, sizeof(marks->wrote));
	marks_write_some(marks, MARKS_SAMPLE "writes_late", 50);
	marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
	marks_told(marks);
	EXPECT_TRUE(marks_exact(marks));
	marks_end(marks, fd);
}

/* Nobody asks a device that is not saved, as that costs it something */
TEST_F(marks, tracker_ends_with_the_session)
{
	struct marks *marks = &self->marks;

	marks_map(marks);
	EXPECT_EQ(0, marks_get(MARKS_SAMPLE "nr_trackers"));
	marks_end(marks, marks_begin(marks));
	EXPECT_EQ(0, marks_get(MARKS_SAMPLE "nr_trackers"));
	close(marks_begin(marks));
	EXPECT_EQ(1, marks_get(MARKS_SAMPLE "nr_trackers"));
	vfio_dev_close(&marks->dev);
	EXPECT_EQ(0, marks_get(MARKS_SAMPLE "nr_trackers"));
	vfio_dev_open(&marks->dev, vfio_bdf(0));
}

/* A scope of an earlier session would make all pages clean */
TEST_F(marks, freeze_without_precopy_tells_all)
{
	struct marks *marks = &self->marks;

	marks_map(marks);
	marks_set_scope(marks);
	vfio_dirty_log(&marks->dev, true);
	marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(MARKS_PAGES, marks_told(marks));
	vfio_mig_set_state(&marks->dev, VFIO_DEVICE_STATE_RUNNING);
	marks_told(marks);
	vfio_mig_set_state(&marks->dev, VFIO_DEVICE_STATE_RUNNING_P2P);
	EXPECT_EQ(MARKS_PAGES, marks_told(marks));
	vfio_mig_set_state(&marks->dev, VFIO_DEVICE_STATE_STOP);
	EXPECT_EQ(0, marks_told(marks));
}

/* The file of the device is another one, the container and the group are not */
TEST_F(marks, scope_outlives_the_file)
{
	struct marks *marks = &self->marks;

	marks_map(marks);
	marks_set_scope(marks);
	close(marks->dev.fd);
	marks->dev.fd = __vfio_dev_open_again(&marks->dev);
	ASSERT_LE(0, marks->dev.fd);
	vfio_dirty_log(&marks->dev, true);
	marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(MARKS_PAGES, marks_told(marks));
}

/* A container that is another one, though it may lie where the last one did, has no scope */
TEST_F_TIMEOUT(marks, scope_goes_with_the_container, 90)
{
	struct marks *marks = &self->marks;
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		marks_map(marks);
		marks_set_scope(marks);
		vfio_dev_close(&marks->dev);
		vfio_dev_open(&marks->dev, vfio_bdf(0));
		marks_map(marks);
		vfio_dirty_log(&marks->dev, true);
		marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
		EXPECT_EQ(MARKS_PAGES, marks_told(marks));
		/* Unless somebody has marked pages, all are dirty for ever */
		EXPECT_EQ(MARKS_PAGES, marks_told(marks));
		vfio_dev_close(&marks->dev);
		vfio_dev_open(&marks->dev, vfio_bdf(0));
	}
}

TEST_F(marks, tracker_that_cannot_start)
{
	struct marks *marks = &self->marks;
	int fd;

	marks_map(marks);
	marks_set(MARKS_SAMPLE "track_fails", START_FAILS);
	fd = marks_begin(marks);
	/* No scope was set: the container does it by itself */
	EXPECT_EQ(MARKS_PAGES, marks_told(marks));
	EXPECT_EQ(MARKS_PAGES, marks_told(marks));
	marks_end(marks, fd);

	marks_set(MARKS_SAMPLE "track_fails", "0");
	marks_set_scope(marks);
	marks_set(MARKS_SAMPLE "track_fails", START_FAILS);
	fd = marks_begin(marks);
	EXPECT_EQ(0, marks_told(marks));
	marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(MARKS_PAGES, marks_told(marks));
	marks_end(marks, fd);
}

/* As when it remembers no more, or when there is nobody to ask */
TEST_F(marks, tracker_that_breaks)
{
	struct marks *marks = &self->marks;
	int fd;

	marks_map(marks);
	fd = marks_begin(marks);
	marks_write_some(marks, MARKS_SAMPLE "wrote", 5);
	marks_set(MARKS_SAMPLE "track_fails", REPORT_FAILS);
	marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(MARKS_PAGES, marks_told(marks));
	EXPECT_EQ(0, marks_get(MARKS_SAMPLE "nr_trackers"));
	marks_end(marks, fd);
	/* The next one does */
	marks_set(MARKS_SAMPLE "track_fails", "0");
	fd = marks_begin(marks);
	marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(0, marks_told(marks));
	marks_end(marks, fd);
}

/* What it wrote before it forgot it is told with the rest, also by a tracker of a later session */
TEST_F(marks, reset_loses_nothing)
{
	struct marks *marks = &self->marks;
	int fd;

	marks_map(marks);
	fd = marks_begin(marks);
	marks_write_some(marks, MARKS_SAMPLE "wrote", 5);
	vfio_dev_reset(&marks->dev);
	close(fd);
	fd = vfio_mig_enter(&marks->dev, VFIO_DEVICE_STATE_PRE_COPY, NULL);
	EXPECT_EQ(1, marks_get(MARKS_SAMPLE "nr_trackers"));
	marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(MARKS_PAGES, marks_told(marks));
	marks_end(marks, fd);
}

/* vfio warns of pages of a device that nobody has open */
TEST_F_TIMEOUT(marks, closed_while_pages_are_marked, 90)
{
	struct marks *marks = &self->marks;
	unsigned int round;

	marks_set(MARKS_LIBRARY "marks_interval_ms", "1");
	for (round = 0; round < ROUNDS; round++) {
		int fd;

		marks_map(marks);
		/* The last round has lost no track of what this user's device writes */
		fd = marks_begin(marks);
		marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
		EXPECT_EQ(0, marks_told(marks));
		marks_end(marks, fd);
		close(marks_begin(marks));
		marks_wrote(marks, MARKS_SAMPLE "wrote", 0, 1 << 20);
		usleep(round * 1000);
		vfio_dev_close(&marks->dev);
		EXPECT_EQ(0, marks_get(MARKS_SAMPLE "nr_trackers"));
		vfio_dev_open(&marks->dev, vfio_bdf(0));
	}
}

/* More than is mapped, so that to mark it takes seconds */
static void write_much(struct marks *marks)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		marks_wrote(marks, MARKS_SAMPLE "wrote", 0, 1 << 20);
}

/* How long it takes to mark all */
static unsigned int mark_ms(struct marks *marks)
{
	unsigned int ms;
	__u64 start;
	int fd;

	marks_set(MARKS_LIBRARY "marks_interval_ms", "60000");
	marks_map(marks);
	fd = marks_begin(marks);
	write_much(marks);
	start = clock_ns();
	marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
	ms = ms_since(start);
	marks_end(marks, fd);
	return ms;
}

/* And to be rid of it in the midst of it */
static unsigned int leave_ms(struct marks *marks, void (*leave)(struct marks *marks))
{
	unsigned int ms;
	__u64 start;

	marks_set(MARKS_LIBRARY "marks_interval_ms", WORKER_MS);
	close(marks_begin(marks));
	write_much(marks);
	start = clock_ns();
	while (!marks_told(marks) && ms_since(start) < MARKS_WAIT_MS)
		usleep(1000);
	/* What it marks first is told, and most is still to come */
	start = clock_ns();
	leave(marks);
	ms = ms_since(start);
	if (leave == marks_lose)
		marks_regain(marks);
	vfio_dev_close(&marks->dev);
	vfio_dev_open(&marks->dev, vfio_bdf(0));
	return ms;
}

/*
 * Whoever marks for a user or a device that goes is to let go. Who does not does so each time; that
 * the machine is busier for one of the two than for the other is an accident.
 */
static bool leaves_soon(struct __test_metadata *_metadata, struct marks *marks,
			void (*leave)(struct marks *marks))
{
	unsigned int all_ms, ms, tries;

	for (tries = 0; tries < LEAVE_TRIES; tries++) {
		all_ms = mark_ms(marks);
		ms = leave_ms(marks, leave);
		TH_LOG("all is marked in %u ms, left in %u", all_ms, ms);
		if (ms < all_ms / 3)
			return true;
	}
	return false;
}

static void close_file(struct marks *marks)
{
	close(marks->dev.fd);
	marks->dev.fd = -1;
}

TEST_F_TIMEOUT(marks, closing_waits_for_no_marking, 180)
{
	EXPECT_TRUE(leaves_soon(_metadata, &self->marks, close_file));
}

/* As the driver of a PF that is to go, and with it all that is migrated through it */
TEST_F_TIMEOUT(marks, losing_waits_for_no_marking, 180)
{
	EXPECT_TRUE(leaves_soon(_metadata, &self->marks, marks_lose));
}

/* What it had written is not known when it is back, though nobody has asked it meanwhile */
TEST_F(marks, device_that_was_away)
{
	struct marks *marks = &self->marks;
	int fd;

	marks_set(MARKS_LIBRARY "marks_interval_ms", "60000");
	marks_map(marks);
	fd = marks_begin(marks);
	marks_write_some(marks, MARKS_SAMPLE "wrote", 5);
	marks_lose(marks);
	EXPECT_EQ(0, marks_get(MARKS_SAMPLE "nr_trackers"));
	marks_regain(marks);
	EXPECT_EQ(VFIO_DEVICE_STATE_ERROR, vfio_mig_state(&marks->dev));
	vfio_dev_reset(&marks->dev);
	close(fd);
	fd = vfio_mig_enter(&marks->dev, VFIO_DEVICE_STATE_PRE_COPY, NULL);
	EXPECT_EQ(1, marks_get(MARKS_SAMPLE "nr_trackers"));
	marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(MARKS_PAGES, marks_told(marks));
	marks_end(marks, fd);
}

/* What was to ask for the last user asks no more, though the next one's device can be asked */
TEST_F(marks, worker_ends_with_the_file)
{
	struct marks *marks = &self->marks;
	__u64 start;
	int fd;

	marks_set(MARKS_LIBRARY "marks_interval_ms", WORKER_MS);
	marks_map(marks);
	close(marks_begin(marks));
	vfio_dev_close(&marks->dev);
	marks_set(MARKS_LIBRARY "marks_interval_ms", "60000");
	vfio_dev_open(&marks->dev, vfio_bdf(0));
	marks_map(marks);
	fd = marks_begin(marks);
	marks_write_some(marks, MARKS_SAMPLE "wrote", 20);
	for (start = clock_ns(); ms_since(start) < 2 * atoi(WORKER_MS); usleep(10000))
		EXPECT_EQ(0, marks_told(marks));
	marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
	marks_told(marks);
	EXPECT_TRUE(marks_exact(marks));
	marks_end(marks, fd);
}

TEST_F(marks, switched_off)
{
	struct marks *marks = &self->marks;
	int fd;

	marks_map(marks);
	marks_set(MARKS_LIBRARY "marks", "0");
	fd = marks_begin(marks);
	EXPECT_EQ(0, marks_get(MARKS_SAMPLE "nr_trackers"));
	EXPECT_EQ(MARKS_PAGES, marks_told(marks));
	EXPECT_EQ(MARKS_PAGES, marks_told(marks));
	marks_end(marks, fd);
}

/* No fault of the container's, which is of another kind: a save is as ever */
TEST_F(marks, container_without_marks)
{
	struct marks *marks = &self->marks;
	struct vfio_dev *dev = &marks->dev;
	unsigned int round, started;
	int fd;

	vfio_dev_close(dev);
	ASSERT_EQ(0, __vfio_dev_open_type(dev, vfio_bdf(0), VFIO_TYPE1_IOMMU));
	marks_map(marks);
	started = marks_get(MARKS_SAMPLE "nr_started");
	for (round = 0; round < 2; round++) {
		fd = vfio_mig_enter(dev, VFIO_DEVICE_STATE_PRE_COPY, NULL);
		EXPECT_EQ(0, marks_get(MARKS_SAMPLE "nr_trackers"));
		marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
		vfio_mig_set_state(dev, VFIO_DEVICE_STATE_RUNNING);
		close(fd);
	}
	/* Which the second time is known before it costs the device anything */
	EXPECT_EQ(started + 1, marks_get(MARKS_SAMPLE "nr_started"));
}

/* Others of its group write, too */
TEST_F(marks, group_of_two)
{
	struct marks *marks = &self->marks;
	const char *bdf = getenv("VFIO_SHARED_BDF");
	int fd;

	if (!bdf)
		SKIP(return, "needs a device that shares its group, in VFIO_SHARED_BDF");
	vfio_dev_close(&marks->dev);
	vfio_dev_open(&marks->dev, bdf);
	marks_map(marks);
	fd = marks_begin(marks);
	EXPECT_EQ(0, marks_get(MARKS_SAMPLE "nr_trackers"));
	EXPECT_EQ(MARKS_PAGES, marks_told(marks));
	EXPECT_EQ(MARKS_PAGES, marks_told(marks));
	marks_end(marks, fd);
}

static void freeze_and_exit(struct marks *marks)
{
	_exit(!!__vfio_mig_set_state(&marks->dev, VFIO_DEVICE_STATE_STOP, NULL));
}

/*
 * To look for all pages takes long, and who wants the device to stop can be killed. Where there are
 * pages type1 itself heeds that, so it is done where there are none.
 */
TEST_F(marks, marking_all_can_be_killed)
{
	struct marks *marks = &self->marks;
	__u64 start;
	pid_t child;
	int status;

	marks_map(marks);
	marks_set_scope(marks);
	vfio_dirty_log(&marks->dev, true);
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		freeze_and_exit(marks);

	/* Behind the last page come almost three gigabytes of nothing */
	start = clock_ns();
	while (!marks->wrote[MARKS_PAGES - 1] && ms_since(start) < MARKS_WAIT_MS) {
		vfio_dirty_get(&marks->dev, MARKS_IOVA, MARKS_BYTES, marks->wrote);
		usleep(1000);
	}
	EXPECT_EQ(1, marks->wrote[MARKS_PAGES - 1]);
	EXPECT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&marks->dev));
}

static int log_start(const struct marks *marks)
{
	return __log_start_one(&marks->dev, 0, 4 * MARKS_GIB);
}

/* The device has one tracker, of who was the first */
TEST_F(marks, first_owns_the_tracker)
{
	struct marks *marks = &self->marks;
	__u64 bitmap[MARKS_PAGES / LOG_WORD_PAGES] = {};
	int fd;

	marks_map(marks);
	if (log_start(marks) == -ENOTTY)
		SKIP(return, "this kernel offers no DMA logging");
	fd = marks_begin(marks);
	EXPECT_EQ(1, marks_get(MARKS_SAMPLE "nr_trackers"));
	EXPECT_EQ(MARKS_PAGES, marks_told(marks));
	marks_end(marks, fd);
	EXPECT_EQ(1, marks_get(MARKS_SAMPLE "nr_trackers"));
	EXPECT_EQ(0, __log_stop(&marks->dev));

	fd = marks_begin(marks);
	EXPECT_EQ(-EBUSY, log_start(marks));
	EXPECT_EQ(0, __log_stop(&marks->dev));
	EXPECT_EQ(1, marks_get(MARKS_SAMPLE "nr_trackers"));
	/* What one is told the other would never hear of */
	marks_write_some(marks, MARKS_SAMPLE "wrote", 20);
	EXPECT_EQ(-EINVAL, __log_report(&marks->dev, MARKS_IOVA, MARKS_BYTES, LOG_PAGE_BYTES,
					bitmap));
	marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
	marks_told(marks);
	EXPECT_TRUE(marks_exact(marks));
	marks_end(marks, fd);
}

/* With a scope of an earlier session, too: nothing is marked for who asks the device itself */
TEST_F(marks, no_marks_for_who_logs)
{
	struct marks *marks = &self->marks;
	int fd;

	marks_map(marks);
	marks_set_scope(marks);
	if (log_start(marks) == -ENOTTY)
		SKIP(return, "this kernel offers no DMA logging");
	fd = marks_begin(marks);
	marks_go(marks, VFIO_DEVICE_STATE_STOP_COPY);
	EXPECT_EQ(0, marks_told(marks));
	marks_end(marks, fd);
	EXPECT_EQ(0, __log_stop(&marks->dev));
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
