// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA logging with a card that fails, or that loses its PF, and functions that are reset:
 * a user is told either of more pages than were written to, or that it is not known.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "dirty_log.h"
#include "kselftest_harness.h"
#include "migratable.h"
#include "mlx5_hca.h"
#include "model_fault.h"

#define AREA_IOVA	0x40000000ULL
#define AREA_BYTES	(4ULL << 20)
#define AREA_PAGES	(AREA_BYTES / LOG_PAGE_BYTES)

/* A card that is silent is given up after 5 s; the machine may be slow */
#define SILENT_MS	30000
#define SILENT_MIN_MS	5000

/* "internal error", which is no driver's fault */
#define STATUS_INTERNAL	0x1
/* No command is given so often for one log */
#define SWEEP_LIMIT	20

/* Memory so far apart that a model with "track-kib=64" has no bits for all of it */
#define FAR_BYTES	0x40000000ULL
#define FAR_AREAS	32

#define RACE_ROUNDS	60

/* So long takes a report that a reset is to overtake */
#define SLOW_REPORT_MS	2000

struct user {
	struct vfio_dev dev;
	struct mlx5_hca hca;
	struct log_area area;
	unsigned int function;
	unsigned int seed;
};

static const char *open_user(struct user *user)
{
	const char *skip = model_fault_open() ?: open_mlx5(&user->dev, 0) ?:
			   log_is_offered(&user->dev);

	if (skip)
		return skip;
	mlx5_hca_init(&user->hca);
	mlx5_hca_attach(&user->hca, &user->dev);
	mlx5_hca_boot(&user->hca);
	user->function = model_function_of(user->dev.bdf);
	user->seed = 1;
	log_area_init(&user->area, &user->dev, AREA_IOVA, AREA_BYTES);
	return NULL;
}

static void close_user(struct user *user)
{
	model_fault_close();
	mlx5_hca_uninit(&user->hca);
	vfio_dev_close(&user->dev);
	log_area_uninit(&user->area);
}

static int start(struct user *user)
{
	return __log_start_one(&user->dev, AREA_IOVA, AREA_BYTES);
}

static int report(struct user *user)
{
	return __log_area_copy(&user->area, &user->dev);
}

static void write_pages(struct user *user, unsigned int count)
{
	model_dma_write(user->function, AREA_IOVA, AREA_BYTES, count, user->seed++);
}

/* What is told is what was written: it works. */
static void expect_exact(struct __test_metadata *_metadata, struct user *user)
{
	log_area_begin_copy(&user->area);
	write_pages(user, 100);
	EXPECT_LT(0, report(user));
	EXPECT_EQ(0, log_area_lost(&user->area));
	EXPECT_EQ(0, log_area_surplus(&user->area));
	EXPECT_EQ(0, report(user));
}

/* With all that there is to be known lost once, all pages are told, once. */
static void expect_all_once(struct __test_metadata *_metadata, struct user *user)
{
	EXPECT_EQ(AREA_PAGES, report(user));
	EXPECT_EQ(0, report(user));
	expect_exact(_metadata, user);
}

FIXTURE(fault) {
	struct user user;
};

FIXTURE_SETUP(fault)
{
	const char *skip = open_user(&self->user);

	if (skip)
		SKIP(return, "%s", skip);
}

FIXTURE_TEARDOWN(fault)
{
	close_user(&self->user);
}

TEST_F(fault, reset_makes_all_dirty)
{
	ASSERT_EQ(0, start(&self->user));
	expect_exact(_metadata, &self->user);
	write_pages(&self->user, 10);
	vfio_dev_reset(&self->user.dev);
	vfio_dev_enable_dma(&self->user.dev);
	expect_all_once(_metadata, &self->user);
}

/* What a card says after a reset that it said nothing of is not to be trusted. */
TEST_F(fault, reset_makes_all_dirty_whatever_the_card_says)
{
	model_behave("x-track-forgets", true);
	ASSERT_EQ(0, start(&self->user));
	write_pages(&self->user, 10);
	vfio_dev_reset(&self->user.dev);
	vfio_dev_enable_dma(&self->user.dev);
	expect_all_once(_metadata, &self->user);
}

struct asker {
	struct user *user;
	int told;
};

static void *ask(void *arg)
{
	struct asker *asker = arg;

	asker->told = report(asker->user);
	return NULL;
}

/* By then the card has forgotten what the report should have told, and says nothing. */
TEST_F_TIMEOUT(fault, reset_overtakes_a_report, 60)
{
	struct asker asker = { .user = &self->user };
	pthread_t thread;

	model_behave("x-track-forgets", true);
	model_delay("MODIFY_GENERAL_OBJECT", SLOW_REPORT_MS);
	ASSERT_EQ(0, start(&self->user));
	log_area_begin_copy(&self->user.area);
	write_pages(&self->user, 10);
	ASSERT_EQ(0, pthread_create(&thread, NULL, ask, &asker));
	usleep(SLOW_REPORT_MS * 1000 / 4);
	vfio_dev_reset(&self->user.dev);
	pthread_join(thread, NULL);
	EXPECT_EQ(AREA_PAGES, asker.told);
	EXPECT_EQ(0, log_area_lost(&self->user.area));
	model_no_faults();
	vfio_dev_enable_dma(&self->user.dev);
	/* All again, unless the reset came before the thread did */
	EXPECT_LE(0, report(&self->user));
	EXPECT_EQ(0, report(&self->user));
	expect_exact(_metadata, &self->user);
}

/* The user asks part by part: each of them is told once. */
TEST_F(fault, all_is_told_in_parts)
{
	__u64 part = AREA_BYTES / 8, bitmap[AREA_PAGES / LOG_WORD_PAGES];
	unsigned int i, page, told;

	ASSERT_EQ(0, start(&self->user));
	vfio_dev_reset(&self->user.dev);
	vfio_dev_enable_dma(&self->user.dev);
	for (i = 0; i < 8; i++) {
		/* Not in order */
		__u64 iova = AREA_IOVA + (i * 3 % 8) * part;

		memset(bitmap, 0, sizeof(bitmap));
		EXPECT_EQ(0, __log_report(&self->user.dev, iova, part, LOG_PAGE_BYTES, bitmap));
		for (page = told = 0; page < AREA_PAGES; page++)
			told += log_told(bitmap, page);
		EXPECT_EQ(AREA_PAGES / 8, told);
	}
	expect_exact(_metadata, &self->user);
}

TEST_F(fault, card_that_fails_once_makes_all_dirty)
{
	ASSERT_EQ(0, start(&self->user));
	expect_exact(_metadata, &self->user);
	write_pages(&self->user, 10);
	model_fail("MODIFY_GENERAL_OBJECT", 1, STATUS_INTERNAL);
	expect_all_once(_metadata, &self->user);
}

/* The first report may be of a tracker that was just started anew; then it is no use. */
TEST_F(fault, card_that_always_fails_is_given_up)
{
	ASSERT_EQ(0, start(&self->user));
	model_behave("x-track-ends", true);
	EXPECT_EQ(AREA_PAGES, report(&self->user));
	EXPECT_EQ(-EIO, report(&self->user));
	model_behave("x-track-ends", false);
	EXPECT_EQ(-EIO, report(&self->user));
	EXPECT_EQ(0, __log_stop(&self->user.dev));
	ASSERT_EQ(0, start(&self->user));
	expect_exact(_metadata, &self->user);
}

/* Once with what the next tracker, too, does; then there is none to be told of. */
static void expect_given_up(struct __test_metadata *_metadata, struct user *user)
{
	__u64 since;

	write_pages(user, 10);
	since = clock_ns();
	EXPECT_EQ(AREA_PAGES, report(user));
	EXPECT_EQ(-EIO, report(user));
	/* Not for its silence, which takes longer */
	EXPECT_GT(SILENT_MIN_MS, ms_since(since));
	EXPECT_EQ(0, __log_stop(&user->dev));
}

/* The event would tell of it as well, hence there is none. */
TEST_F(fault, card_that_fails_within_a_report_is_given_up)
{
	ASSERT_EQ(0, start(&self->user));
	model_behave("x-track-no-event", true);
	model_behave("x-track-ends-within", true);
	expect_given_up(_metadata, &self->user);
	model_behave("x-track-ends-within", false);
	ASSERT_EQ(0, start(&self->user));
	expect_exact(_metadata, &self->user);
}

/* Neither an event nor a message tells of it. Its state does, when it is asked. */
TEST_F(fault, card_that_fails_without_a_word_is_given_up)
{
	ASSERT_EQ(0, start(&self->user));
	model_behave("x-track-no-event", true);
	model_behave("x-track-ends", true);
	expect_given_up(_metadata, &self->user);
	model_behave("x-track-ends", false);
	ASSERT_EQ(0, start(&self->user));
	expect_exact(_metadata, &self->user);
}

TEST_F(fault, card_that_is_silent_is_given_up)
{
	__u64 since;

	ASSERT_EQ(0, start(&self->user));
	model_behave("x-track-silent", true);
	since = clock_ns();
	EXPECT_EQ(-ETIMEDOUT, report(&self->user));
	EXPECT_EQ(-ETIMEDOUT, report(&self->user));
	EXPECT_GT(SILENT_MS, ms_since(since));
	model_behave("x-track-silent", false);
	EXPECT_EQ(-ETIMEDOUT, report(&self->user));
	EXPECT_EQ(0, __log_stop(&self->user.dev));
	ASSERT_EQ(0, start(&self->user));
	expect_exact(_metadata, &self->user);
}

/* One write to each of the memories, and all of it told of each of them */
static void overflow(struct __test_metadata *_metadata, struct user *user)
{
	__u64 bitmap[AREA_PAGES / LOG_WORD_PAGES], iova;
	unsigned int i;

	for (i = 0; i < FAR_AREAS; i++)
		model_dma_write(user->function, AREA_IOVA + i * FAR_BYTES, LOG_PAGE_BYTES, 1,
				user->seed++);
	for (i = 0; i < FAR_AREAS; i++) {
		iova = AREA_IOVA + i * FAR_BYTES;
		memset(bitmap, 0, sizeof(bitmap));
		EXPECT_EQ(0, __log_report(&user->dev, iova, AREA_BYTES, LOG_PAGE_BYTES, bitmap));
		EXPECT_TRUE(log_told(bitmap, 0));
		/* It did overflow. */
		EXPECT_TRUE(log_told(bitmap, AREA_PAGES - 1));
	}
}

/* Pages so far from each other that the card has no room for their bits */
TEST_F(fault, overflow_makes_all_dirty)
{
	struct vfio_device_feature_dma_logging_range range = {
		.iova = FAR_BYTES, .length = FAR_AREAS * FAR_BYTES,
	};
	struct user *user = &self->user;
	unsigned int round, i;

	for (i = 1; i < FAR_AREAS; i++)
		vfio_dma_map(&user->dev, user->area.mem, AREA_IOVA + i * FAR_BYTES, AREA_BYTES);
	ASSERT_EQ(0, __log_start(&user->dev, LOG_PAGE_BYTES, &range, 1));
	for (round = 0; round < 3; round++) {
		expect_exact(_metadata, user);
		overflow(_metadata, user);
	}
	expect_exact(_metadata, user);
}

TEST_F(fault, ranges_that_are_too_large_are_refused)
{
	EXPECT_EQ(-E2BIG, __log_start_one(&self->user.dev, 0, 1ULL << 60));
	ASSERT_EQ(0, start(&self->user));
	expect_exact(_metadata, &self->user);
}

/* The PF's driver is loaded anew. Returns how many reports said meanwhile that there is none. */
static unsigned int reload_pf(struct __test_metadata *_metadata, struct user *user)
{
	char pf[VFIO_BDF_LEN], line[64];
	unsigned int away = 0;
	int ret, status = 0;
	pid_t pid;

	VFIO_ASSERT(!__vfio_physfn_of(user->dev.bdf, pf, sizeof(pf)), "%s has no PF",
		    user->dev.bdf);
	snprintf(line, sizeof(line), "exec devlink dev reload pci/%s", pf);
	pid = fork();
	if (!pid) {
		execl("/bin/sh", "sh", "-c", line, NULL);
		_exit(127);
	}
	while (!waitpid(pid, &status, WNOHANG)) {
		ret = report(user);
		EXPECT_TRUE(ret >= 0 || ret == -ENOTCONN);
		away += ret == -ENOTCONN;
	}
	EXPECT_EQ(0, status);
	return away;
}

TEST_F(fault, pf_that_goes_is_told)
{
	ASSERT_EQ(0, start(&self->user));
	expect_exact(_metadata, &self->user);
	EXPECT_LT(0, reload_pf(_metadata, &self->user));
	report(&self->user);
	/* The user's way out of what the VF has lost */
	vfio_dev_reset(&self->user.dev);
	vfio_dev_enable_dma(&self->user.dev);
	expect_all_once(_metadata, &self->user);
	EXPECT_LT(0, reload_pf(_metadata, &self->user));
	EXPECT_EQ(0, __log_stop(&self->user.dev));
	ASSERT_EQ(0, start(&self->user));
	vfio_dev_enable_dma(&self->user.dev);
	expect_exact(_metadata, &self->user);
}

/* What the card does not let go of is in nobody's way, and goes with the PF's next reset. */

FIXTURE(kept) {
	struct user user;
};

FIXTURE_VARIANT(kept) {
	/* Of those that mlx5_core itself has no use for */
	const char *command;
};

FIXTURE_VARIANT_ADD(kept, tracker) {
	.command = "DESTROY_GENERAL_OBJECT",
};

FIXTURE_VARIANT_ADD(kept, queue_pairs) {
	.command = "DESTROY_QP",
};

FIXTURE_SETUP(kept)
{
	const char *skip = open_user(&self->user);

	if (skip)
		SKIP(return, "%s", skip);
}

FIXTURE_TEARDOWN(kept)
{
	close_user(&self->user);
}

TEST_F(kept, until_the_pf_goes)
{
	struct user *user = &self->user;

	model_fail(variant->command, 0, STATUS_INTERNAL);
	ASSERT_EQ(0, start(user));
	expect_exact(_metadata, user);
	EXPECT_EQ(0, __log_stop(&user->dev));
	/* Tried again, in vain, and one more beside it */
	ASSERT_EQ(0, start(user));
	expect_exact(_metadata, user);
	EXPECT_LT(0, reload_pf(_metadata, user));
	EXPECT_EQ(0, __log_stop(&user->dev));
	model_no_faults();
	vfio_dev_reset(&user->dev);
	vfio_dev_enable_dma(&user->dev);
	ASSERT_EQ(0, start(user));
	expect_exact(_metadata, user);
}

struct racer {
	const struct vfio_dev *dev;
	atomic_bool *done;
	/* The first result that must not be */
	int wrong;
};

static void *race_reports(void *arg)
{
	__u64 bitmap[AREA_PAGES / LOG_WORD_PAGES];
	struct racer *racer = arg;

	while (!*racer->done) {
		int ret = __log_report(racer->dev, AREA_IOVA, AREA_BYTES, LOG_PAGE_BYTES, bitmap);

		if (ret && ret != -EINVAL && !racer->wrong)
			racer->wrong = ret;
	}
	return NULL;
}

static void *race_starts(void *arg)
{
	struct racer *racer = arg;

	while (!*racer->done) {
		int ret = __log_start_one(racer->dev, AREA_IOVA, AREA_BYTES);

		if (ret && ret != -EBUSY && !racer->wrong)
			racer->wrong = ret;
		__log_stop(racer->dev);
	}
	return NULL;
}

TEST_F(fault, races_of_all_calls)
{
	void *(*const mains[])(void *arg) = {
		race_reports, race_reports, race_starts, race_starts,
	};
	struct racer racers[ARRAY_SIZE(mains)];
	pthread_t threads[ARRAY_SIZE(mains)];
	atomic_bool done = false;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mains); i++) {
		racers[i] = (struct racer){ .dev = &self->user.dev, .done = &done };
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, mains[i], &racers[i]));
	}
	for (i = 0; i < RACE_ROUNDS; i++) {
		vfio_dev_reset(&self->user.dev);
		vfio_dev_enable_dma(&self->user.dev);
		write_pages(&self->user, 10);
		vfio_mig_set_state(&self->user.dev, VFIO_DEVICE_STATE_STOP);
		vfio_mig_set_state(&self->user.dev, VFIO_DEVICE_STATE_RUNNING);
	}
	done = true;
	for (i = 0; i < ARRAY_SIZE(mains); i++) {
		pthread_join(threads[i], NULL);
		EXPECT_EQ(0, racers[i].wrong);
	}
	__log_stop(&self->user.dev);
	ASSERT_EQ(0, start(&self->user));
	expect_exact(_metadata, &self->user);
}

/* Each command that a log consists of fails once, in turn. */

FIXTURE(sweep) {
	struct user user;
};

FIXTURE_VARIANT(sweep) {
	const char *command;
	/* Of a log that cannot do without it */
	unsigned int min_failures;
};

FIXTURE_VARIANT_ADD(sweep, create_mkey) {
	.command = "CREATE_MKEY", .min_failures = 1,
};

FIXTURE_VARIANT_ADD(sweep, create_cq) {
	.command = "CREATE_CQ", .min_failures = 1,
};

FIXTURE_VARIANT_ADD(sweep, create_qp) {
	.command = "CREATE_QP", .min_failures = 2,
};

FIXTURE_VARIANT_ADD(sweep, rst2init_qp) {
	.command = "RST2INIT_QP", .min_failures = 2,
};

FIXTURE_VARIANT_ADD(sweep, init2rtr_qp) {
	.command = "INIT2RTR_QP", .min_failures = 2,
};

FIXTURE_VARIANT_ADD(sweep, rtr2rts_qp) {
	.command = "RTR2RTS_QP", .min_failures = 1,
};

FIXTURE_VARIANT_ADD(sweep, create_tracker) {
	.command = "CREATE_GENERAL_OBJECT", .min_failures = 1,
};

/* Started anew, so that it is not seen */
FIXTURE_VARIANT_ADD(sweep, report) {
	.command = "MODIFY_GENERAL_OBJECT", .min_failures = 0,
};

/* What cannot be undone is when the next one starts. */
FIXTURE_VARIANT_ADD(sweep, destroy_tracker) {
	.command = "DESTROY_GENERAL_OBJECT", .min_failures = 0,
};

FIXTURE_VARIANT_ADD(sweep, destroy_qp) {
	.command = "DESTROY_QP", .min_failures = 0,
};

FIXTURE_VARIANT_ADD(sweep, destroy_cq) {
	.command = "DESTROY_CQ", .min_failures = 0,
};

FIXTURE_VARIANT_ADD(sweep, destroy_mkey) {
	.command = "DESTROY_MKEY", .min_failures = 0,
};

FIXTURE_SETUP(sweep)
{
	const char *skip = open_user(&self->user);

	if (skip)
		SKIP(return, "%s", skip);
}

FIXTURE_TEARDOWN(sweep)
{
	close_user(&self->user);
}

TEST_F(sweep, each_time)
{
	struct user *user = &self->user;
	unsigned int nth, failures = 0;
	int ret, lost;

	for (nth = 1; nth <= SWEEP_LIMIT; nth++) {
		log_area_begin_copy(&user->area);
		model_fail(variant->command, nth, STATUS_INTERNAL);
		ret = start(user);
		if (!ret) {
			write_pages(user, 20);
			ret = report(user);
			lost = log_area_lost(&user->area);
			EXPECT_EQ(0, lost && ret >= 0);
		}
		EXPECT_EQ(0, __log_stop(&user->dev));
		failures += ret < 0;
		TH_LOG("%s number %u: %d", variant->command, nth, ret);
		if (ret >= 0)
			break;
	}
	model_no_faults();
	EXPECT_LE(variant->min_failures, failures);
	EXPECT_GT(SWEEP_LIMIT, nth);
	ASSERT_EQ(0, start(user));
	expect_exact(_metadata, user);
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
