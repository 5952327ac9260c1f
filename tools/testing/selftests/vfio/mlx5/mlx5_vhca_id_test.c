// SPDX-License-Identifier: GPL-2.0-only
/*
 * The number by which the PF names a VF in migration commands. A PF that is loaded anew may
 * number anew, and the old number may be another VF's. The emulated firmware numbers anew each
 * time that the PF enables a VF, and can take its time for that; the trace says which number a
 * command had.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "kselftest_harness.h"
#include "migratable.h"
#include "mlx5_hca.h"
#include "model_fault.h"
#include "trace.h"

#define EVENTS		"mlx5_vhca"
/* Long enough to ask for something between the notification and the new number */
#define SLOW_MS		1500
#define MAX_COMMANDS	512
#define RELOAD_SECONDS	240

struct command {
	unsigned int vhca_id;
	int err;
};

FIXTURE(vhca_id) {
	struct vfio_dev dev;
	struct vfio_image image;
	char bdf[VFIO_BDF_LEN];
	char pf[VFIO_BDF_LEN];
	struct command commands[MAX_COMMANDS];
	unsigned int nr_commands;
};

FIXTURE_SETUP(vhca_id)
{
	const char *skip = model_fault_open();

	if (!skip)
		skip = open_mlx5(&self->dev, 0);
	if (skip)
		SKIP(return, "%s", skip);
	if (__vfio_physfn_of(self->dev.bdf, self->pf, sizeof(self->pf)))
		SKIP(return, "%s is no VF", self->dev.bdf);
	if (!vfio_trace_exists(EVENTS))
		SKIP(return, "no trace events " EVENTS);
	snprintf(self->bdf, sizeof(self->bdf), "%s", self->dev.bdf);
	vfio_dev_close(&self->dev);
}

FIXTURE_TEARDOWN(vhca_id)
{
	vfio_trace_stop(EVENTS);
	model_fault_close();
	vfio_image_free(&self->image);
	vfio_dev_close(&self->dev);
}

/* The commands of the device that the trace has */
static void read_commands(FIXTURE_DATA(vhca_id) * self)
{
	char *text = vfio_trace_read();
	char words[64];
	char *at = text;

	self->nr_commands = 0;
	snprintf(words, sizeof(words), "mlx5_vhca_cmd: %s vhca_id=", self->bdf);
	while ((at = strstr(at, words)) && self->nr_commands < MAX_COMMANDS) {
		struct command *command = &self->commands[self->nr_commands++];
		char *err = strstr(at, " err=");

		at += strlen(words);
		VFIO_ASSERT(err, "an error of each command");
		command->vhca_id = strtoul(at, NULL, 10);
		command->err = strtol(err + strlen(" err="), NULL, 10);
	}
	free(text);
}

/* Opens the device, saves it and closes it; what the first of these said that failed */
static int save(FIXTURE_DATA(vhca_id) * self)
{
	int ret;

	vfio_image_free(&self->image);
	ret = __vfio_dev_open(&self->dev, self->bdf);
	if (!ret)
		ret = __vfio_image_save(&self->dev, &self->image, VFIO_DEVICE_STATE_RUNNING);
	vfio_dev_close(&self->dev);
	return ret;
}

/* The number that all commands of one migration have had, with success */
static unsigned int number_of_a_save(struct __test_metadata *_metadata,
				     FIXTURE_DATA(vhca_id) * self)
{
	unsigned int i;

	vfio_trace_start(EVENTS);
	EXPECT_EQ(0, save(self));
	read_commands(self);
	EXPECT_LE(6, self->nr_commands) {
		TH_LOG("of 2 SUSPEND, QUERY, SAVE, 2 RESUME %u are there", self->nr_commands);
	}
	for (i = 0; i < self->nr_commands; i++) {
		EXPECT_EQ(self->commands[0].vhca_id, self->commands[i].vhca_id);
		EXPECT_EQ(0, self->commands[i].err);
	}
	return self->commands[0].vhca_id;
}

static pid_t start_reload(const char *pf)
{
	char handle[32];
	pid_t pid = fork();

	if (pid)
		return pid;
	snprintf(handle, sizeof(handle), "pci/%s", pf);
	execlp("devlink", "devlink", "dev", "reload", handle, NULL);
	_exit(127);
}

TEST_F_TIMEOUT(vhca_id, is_asked_for_anew_when_the_pf_was_reloaded, RELOAD_SECONDS)
{
	unsigned int before, after;
	int status = -1;
	pid_t pid;

	before = number_of_a_save(_metadata, self);
	pid = start_reload(self->pf);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	after = number_of_a_save(_metadata, self);
	EXPECT_NE(before, after);
	TH_LOG("%u before, %u afterwards", before, after);
}

/*
 * mlx5_core says that it enables a VF, and then has the firmware do it: who asks in between is
 * given the old number.
 */
TEST_F_TIMEOUT(vhca_id, is_not_asked_for_before_the_vf_is_enabled, RELOAD_SECONDS)
{
	unsigned int before, i, refused = 0;
	__u64 start;
	int ret, status = -1;
	pid_t pid;

	before = number_of_a_save(_metadata, self);
	model_delay("ENABLE_HCA", SLOW_MS);
	vfio_trace_start(EVENTS);
	start = clock_ns();
	pid = start_reload(self->pf);
	/* From the first one that finds no PF on there is only one way: to the new number */
	do {
		ret = save(self);
		refused += ret == -ENOTCONN;
		EXPECT_TRUE(!ret || ret == -ENOTCONN || ret == -EINVAL || ret == -ENODEV ||
			    ret == -EIO) {
			TH_LOG("%s", strerror(-ret));
		}
	} while (!waitpid(pid, &status, WNOHANG) && ms_since(start) < RELOAD_SECONDS * 1000);
	model_no_faults();
	ASSERT_EQ(0, status);
	EXPECT_LT(0, refused);

	read_commands(self);
	for (i = 0; i < self->nr_commands && self->commands[i].vhca_id == before; i++)
		EXPECT_EQ(0, self->commands[i].err);
	for (; i < self->nr_commands; i++) {
		EXPECT_NE(before, self->commands[i].vhca_id);
		EXPECT_EQ(0, self->commands[i].err);
	}
	EXPECT_NE(before, number_of_a_save(_metadata, self));
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
