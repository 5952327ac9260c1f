// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to the whole host while its VFs are bound, open, saved and loaded:
 * the PF's driver is loaded anew by devlink, the PF is reset by sysfs, the card's
 * firmware dies, the host is suspended, another kernel is executed.
 *
 * An event that takes the PF away takes all that a card holds of its VFs. Then a
 * device that was open says ERROR, a session is over, and nothing of it is saved;
 * a reset, or the next user, finds a device that works. One that nobody had open
 * just works.
 *
 * A reset by sysfs tells mlx5_core nothing, nor does a firmware that dies: it looks
 * after its card every two to three seconds, and then loads itself anew. It does
 * not when the firmware asks for no reset, as that of a card may be told to: then
 * it tells its administrator, by devlink, whose reset of the PF it gets over.
 *
 * The suspend is one that the kernel ends by itself after the devices' part
 * (pm_test). It is done only where VFIO_SUSPEND=1 says that the machine can take
 * it: what is not in memory must be on something that comes back. Likewise kexec,
 * which VFIO_KEXEC=KERNEL:INITRD allows, and which does not come back at all.
 */
#include <fcntl.h>
#include <linux/reboot.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "kselftest_harness.h"
#include "migratable.h"
#include "mlx5_hca.h"
#include "model_fault.h"
#include "roles.h"
#include "session.h"

/* A PF that is loaded anew takes a few seconds, on a busy machine a minute. */
#define EVENT_SECONDS	240

/*
 * How long it may take that a PF which nobody told mlx5_core of is back. On an idle
 * machine it is 3 to 5 s.
 */
#define RECOVERY_MS	60000

FIXTURE(event) {
	struct vfio_cast cast;
	/* The role of a guest with a driver, and that driver */
	struct vfio_role *guest;
	struct mlx5_hca hca;
	/* Which devices said ERROR, and how often a save was told ENOTCONN then */
	bool lost[VFIO_MAX_ROLES];
	unsigned int refused;
	/* Which were told EINVAL, as the PF is back */
	bool back[VFIO_MAX_ROLES];
};

enum host_event {
	EVENT_RELOAD,
	EVENT_SUSPEND,
	EVENT_RESET,
	EVENT_DEATH,
	EVENT_DEATH_UNASKED,
};

FIXTURE_VARIANT(event) {
	enum host_event event;
	/* Devices of odd number are reset, those of even number closed. */
	bool swap_recovery;
};

FIXTURE_VARIANT_ADD(event, reload) {
	.event = EVENT_RELOAD,
};

FIXTURE_VARIANT_ADD(event, reload_other_recovery) {
	.event = EVENT_RELOAD, .swap_recovery = true,
};

FIXTURE_VARIANT_ADD(event, reset) {
	.event = EVENT_RESET,
};

FIXTURE_VARIANT_ADD(event, death) {
	.event = EVENT_DEATH, .swap_recovery = true,
};

FIXTURE_VARIANT_ADD(event, death_without_a_request) {
	.event = EVENT_DEATH_UNASKED,
};

FIXTURE_VARIANT_ADD(event, suspend) {
	.event = EVENT_SUSPEND,
};

FIXTURE_VARIANT_ADD(event, suspend_other_recovery) {
	.event = EVENT_SUSPEND, .swap_recovery = true,
};

/* A driver with objects, in the last of the devices in RUNNING */
static void boot_guest(FIXTURE_DATA(event) * self)
{
	unsigned int i;

	for (i = 0; i < self->cast.nr; i++)
		if (!self->cast.roles[i].idle &&
		    self->cast.roles[i].state == VFIO_DEVICE_STATE_RUNNING)
			self->guest = &self->cast.roles[i];
	if (!is_mlx5(&self->guest->dev)) {
		self->guest = NULL;
		return;
	}
	mlx5_hca_start(&self->hca, &self->guest->dev);
}

FIXTURE_SETUP(event)
{
	const char *skip = NULL;

	if (variant->event == EVENT_SUSPEND && !getenv("VFIO_SUSPEND"))
		skip = "VFIO_SUSPEND does not allow it";
	if (variant->event == EVENT_DEATH || variant->event == EVENT_DEATH_UNASKED)
		skip = model_fault_open();
	if (!skip)
		skip = vfio_cast_open(&self->cast);
	if (skip)
		SKIP(return, "%s", skip);
	boot_guest(self);
	vfio_cast_play(&self->cast);
}

FIXTURE_TEARDOWN(event)
{
	model_fault_close();
	mlx5_hca_uninit(&self->hca);
	vfio_cast_close(&self->cast);
}

/*
 * While the PF may be away: the state is the one from before or ERROR, and from
 * ERROR on it stays that and nothing is saved.
 */
static void watch(struct __test_metadata *_metadata, FIXTURE_DATA(event) * self,
		  unsigned int index)
{
	struct vfio_role *role = &self->cast.roles[index];
	int data_fd = -1, ret;
	__u32 state;

	EXPECT_EQ(0, __vfio_mig_get_state(&role->dev, &state));
	if (!self->lost[index] && state == role->state)
		return;
	EXPECT_EQ(VFIO_DEVICE_STATE_ERROR, state) {
		TH_LOG("was %s", vfio_state_name(role->state));
	}
	self->lost[index] = true;
	ret = __vfio_mig_set_state(&role->dev, VFIO_DEVICE_STATE_STOP_COPY,
				   &data_fd);
	EXPECT_EQ(-1, data_fd);
	EXPECT_TRUE(ret == -ENOTCONN || ret == -EINVAL) {
		TH_LOG("a save gave %s", strerror(-ret));
	}
	self->refused += ret == -ENOTCONN;
	self->back[index] = ret == -EINVAL;
}

/* A look at all that are open; true when all of them are back, and lost. */
static bool watch_all(struct __test_metadata *_metadata, FIXTURE_DATA(event) * self)
{
	struct timespec pause = { .tv_nsec = 1000000 };
	bool all = true;
	unsigned int i;

	for (i = 0; i < self->cast.nr; i++) {
		if (self->cast.roles[i].idle)
			continue;
		watch(_metadata, self, i);
		all &= self->back[i];
	}
	nanosleep(&pause, NULL);
	return all;
}

/* devlink @words pci/PF @more, until it has ended */
static pid_t start_devlink(const char *pf, const char *words, const char *more)
{
	char line[128];
	pid_t pid;

	snprintf(line, sizeof(line), "exec devlink %s pci/%s %s", words, pf, more);
	pid = fork();
	if (!pid) {
		execl("/bin/sh", "sh", "-c", line, NULL);
		_exit(127);
	}
	return pid;
}

static void reload_pf(struct __test_metadata *_metadata, FIXTURE_DATA(event) * self)
{
	int status;
	pid_t pid, done;

	pid = start_devlink(self->cast.pf, "dev reload", "");
	ASSERT_LE(0, pid);
	do {
		watch_all(_metadata, self);
		done = waitpid(pid, &status, WNOHANG);
	} while (!done);
	ASSERT_EQ(pid, done);
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_LT(0, self->refused) {
		TH_LOG("nobody was told ENOTCONN");
	}
}

/* The same, waited for; true when it worked */
static bool devlink(const char *pf, const char *words, const char *more)
{
	pid_t pid = start_devlink(pf, words, more);
	int status;

	return waitpid(pid, &status, 0) == pid && status == 0;
}

/* How long mlx5_core lets a PF be that fails once more after a recovery */
#define ANY_TIME	"reporter fw_fatal grace_period 0"
#define ONCE_A_MINUTE	"reporter fw_fatal grace_period 60000"

/*
 * Before mlx5_core has noticed, a question to the firmware gets no answer: that is
 * found out with mlx5_core, and told as an error.
 */
static void ask_nobody(struct __test_metadata *_metadata,
		       FIXTURE_DATA(event) * self)
{
	struct vfio_role *role = &self->cast.roles[1];
	__u64 start;
	int data_fd, ret;

	start = clock_ns();
	ret = __vfio_mig_set_state(&role->dev, VFIO_DEVICE_STATE_STOP_COPY,
				   &data_fd);
	EXPECT_GT(0, ret);
	EXPECT_EQ(-1, data_fd);
	EXPECT_GT(RECOVERY_MS, ms_since(start));
	TH_LOG("a save that nobody heard of: %s after %u ms", strerror(-ret),
	       ms_since(start));
}

/* How many errors of the firmware mlx5_core has told devlink of */
static unsigned int reported_errors(const char *pf)
{
	char line[128], text[512], *at;
	FILE *f;

	snprintf(line, sizeof(line), "devlink -j health show pci/%s reporter fw", pf);
	f = popen(line, "r");
	if (!f)
		return 0;
	at = fgets(text, sizeof(text), f) ? strstr(text, "\"error\":") : NULL;
	pclose(f);
	return at ? atoi(at + strlen("\"error\":")) : 0;
}

/*
 * Until somebody resets the PF nothing is lost, and nothing works: no state
 * changes, as nobody asks for one.
 */
static void notice(struct __test_metadata *_metadata, FIXTURE_DATA(event) * self)
{
	struct timespec pause = { .tv_nsec = 200000000 };
	__u64 start;
	unsigned int errors = reported_errors(self->cast.pf);

	start = clock_ns();
	model_firmware_dies(false);
	do {
		watch_all(_metadata, self);
		nanosleep(&pause, NULL);
	} while (reported_errors(self->cast.pf) == errors && ms_since(start) < RECOVERY_MS);
	EXPECT_LT(errors, reported_errors(self->cast.pf));
	TH_LOG("an error is reported after %u ms", ms_since(start));
	EXPECT_EQ(0, self->refused);
}

static void lose_pf(struct __test_metadata *_metadata,
		    FIXTURE_DATA(event) * self, enum host_event event)
{
	__u64 start;
	bool back;

	ASSERT_TRUE(devlink(self->cast.pf, "health set", ANY_TIME));
	if (event == EVENT_DEATH_UNASKED)
		notice(_metadata, self);
	start = clock_ns();
	if (event == EVENT_DEATH)
		model_firmware_dies(true);
	else
		EXPECT_EQ(0, __vfio_attr_write(self->cast.pf, "reset", "1"));
	ask_nobody(_metadata, self);
	do {
		back = watch_all(_metadata, self);
	} while (!back && ms_since(start) < RECOVERY_MS);
	ASSERT_TRUE(back);
	TH_LOG("the PF is back after %u ms", ms_since(start));
}

static void suspend_host(struct __test_metadata *_metadata)
{
	/* How long the kernel stays there; the delay itself is of no use here. */
	__vfio_sysfs_write("/sys/module/suspend/parameters/pm_test_delay", "1");
	ASSERT_EQ(0, __vfio_sysfs_write("/sys/power/pm_test", "devices"));
	EXPECT_EQ(0, __vfio_sysfs_write("/sys/power/state", "mem"));
	EXPECT_EQ(0, __vfio_sysfs_write("/sys/power/pm_test", "none"));
}

/* Nothing can be saved of what was lost, nor anything else be done with it. */
static void expect_lost(struct __test_metadata *_metadata,
			struct vfio_role *role)
{
	static const __u32 targets[] = {
		VFIO_DEVICE_STATE_STOP_COPY, VFIO_DEVICE_STATE_STOP,
		VFIO_DEVICE_STATE_RESUMING, VFIO_DEVICE_STATE_RUNNING,
	};
	unsigned int i;
	int data_fd;
	__u64 bytes;

	EXPECT_EQ(VFIO_DEVICE_STATE_ERROR, vfio_mig_state(&role->dev)) {
		TH_LOG("%s was %s", role->dev.bdf, vfio_state_name(role->state));
	}
	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		EXPECT_EQ(-EINVAL, __vfio_mig_set_state(&role->dev, targets[i],
							&data_fd)) {
			TH_LOG("to %s", vfio_state_name(targets[i]));
		}
		EXPECT_EQ(-1, data_fd);
	}
	EXPECT_EQ(-EIO, __vfio_mig_data_size(&role->dev, &bytes));
	if (role->fd >= 0)
		EXPECT_EQ(ENODEV, vfio_session_errno(role->fd, role->state));
}

static void recover(struct __test_metadata *_metadata,
		    FIXTURE_DATA(event) * self, struct vfio_role *role,
		    bool by_reset)
{
	if (role->idle) {
		vfio_dev_open(&role->dev, role->dev.bdf);
	} else if (by_reset) {
		vfio_dev_reset(&role->dev);
	} else {
		if (role == self->guest)
			mlx5_hca_detach(&self->hca);
		vfio_dev_close(&role->dev);
		vfio_dev_open(&role->dev, role->dev.bdf);
	}
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, vfio_mig_state(&role->dev));
	if (role != self->guest) {
		EXPECT_TRUE(vfio_image_round_trip(&role->dev, &role->image));
		return;
	}
	if (by_reset)
		vfio_dev_enable_dma(&role->dev);
	else
		mlx5_hca_attach(&self->hca, &role->dev);
	mlx5_hca_boot(&self->hca);
	mlx5_hca_make_objects(&self->hca);
	vfio_image_free(&role->image);
	vfio_image_save(&role->dev, &role->image, VFIO_DEVICE_STATE_RUNNING);
}

TEST_F_TIMEOUT(event, what_was_lost_is_told_and_can_be_made_good, EVENT_SECONDS)
{
	unsigned int i;

	switch (variant->event) {
	case EVENT_RELOAD:
		reload_pf(_metadata, self);
		break;
	case EVENT_SUSPEND:
		suspend_host(_metadata);
		break;
	case EVENT_RESET:
	case EVENT_DEATH:
	case EVENT_DEATH_UNASKED:
		lose_pf(_metadata, self, variant->event);
		break;
	}
	for (i = 0; i < self->cast.nr; i++)
		if (!self->cast.roles[i].idle)
			expect_lost(_metadata, &self->cast.roles[i]);
	for (i = 0; i < self->cast.nr; i++)
		recover(_metadata, self, &self->cast.roles[i],
			(i % 2) != variant->swap_recovery);
}

/* One VF, open, in RUNNING */
FIXTURE(disabled) {
	struct vfio_dev dev;
	struct vfio_image image;
	char pf[VFIO_BDF_LEN];
};

FIXTURE_SETUP(disabled)
{
	const char *skip = model_fault_open();

	if (!skip)
		skip = open_mlx5(&self->dev, 0);
	if (skip)
		SKIP(return, "%s", skip);
	ASSERT_EQ(0, __vfio_physfn_of(self->dev.bdf, self->pf, sizeof(self->pf)));
	vfio_image_save(&self->dev, &self->image, VFIO_DEVICE_STATE_RUNNING);
}

FIXTURE_TEARDOWN(disabled)
{
	/* Does nothing to one that is well */
	devlink(self->pf, "health recover", "reporter fw_fatal");
	model_fault_close();
	vfio_image_free(&self->image);
	vfio_dev_close(&self->dev);
}

/*
 * The PF comes back and fails to enable the VF: there is nothing then that a command
 * could mean, above all not what the firmware calls by the VF's old id.
 */
TEST_F_TIMEOUT(disabled, takes_no_command_until_it_is_enabled, EVENT_SECONDS)
{
	int data_fd;

	/* The first is the PF's own, the second that of the first VF. */
	model_fail("ENABLE_HCA", 2, 1);
	ASSERT_TRUE(devlink(self->pf, "dev reload", ""));
	model_no_faults();
	vfio_dev_reset(&self->dev);
	EXPECT_EQ(-ENOTCONN, __vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP,
						  &data_fd));
	ASSERT_TRUE(devlink(self->pf, "dev reload", ""));
	vfio_dev_reset(&self->dev);
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
}

/* Until a save of a VF that was lost is refused with @refusal */
static bool wait_refused(const struct vfio_dev *dev, int refusal)
{
	struct timespec pause = { .tv_nsec = 10000000 };
	__u64 start;
	int data_fd;

	start = clock_ns();
	while (vfio_mig_state(dev) != VFIO_DEVICE_STATE_ERROR ||
	       __vfio_mig_set_state(dev, VFIO_DEVICE_STATE_STOP_COPY,
				    &data_fd) != refusal) {
		if (ms_since(start) > RECOVERY_MS)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

/* A PF that is lost a second time in a minute stays so until somebody cares. */
TEST_F_TIMEOUT(disabled, stays_so_when_its_pf_does, EVENT_SECONDS)
{
	int data_fd;

	ASSERT_TRUE(devlink(self->pf, "health set", ANY_TIME));
	EXPECT_EQ(0, __vfio_attr_write(self->pf, "reset", "1"));
	ASSERT_TRUE(wait_refused(&self->dev, -EINVAL));
	vfio_dev_reset(&self->dev);
	ASSERT_TRUE(devlink(self->pf, "health set", ONCE_A_MINUTE));
	EXPECT_EQ(0, __vfio_attr_write(self->pf, "reset", "1"));
	ASSERT_TRUE(wait_refused(&self->dev, -ENOTCONN));
	vfio_dev_reset(&self->dev);
	EXPECT_EQ(-ENOTCONN, __vfio_mig_set_state(&self->dev, VFIO_DEVICE_STATE_STOP,
						  &data_fd));
	ASSERT_TRUE(devlink(self->pf, "health recover", "reporter fw_fatal"));
	vfio_dev_reset(&self->dev);
	EXPECT_TRUE(vfio_image_round_trip(&self->dev, &self->image));
}

/* "KERNEL:INITRD" with this kernel's own command line and a word more */
static int load_kernel(char *files)
{
	static const char word[] = " executed-by-kexec";
	char *initrd = strchr(files, ':'), cmdline[4096];
	int kernel_fd, initrd_fd, fd;
	ssize_t len;

	if (!initrd)
		return -EINVAL;
	*initrd++ = '\0';
	fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	len = read(fd, cmdline, sizeof(cmdline) - sizeof(word));
	close(fd);
	if (len <= 0)
		return -EIO;
	/* In place of the end of the line */
	memcpy(cmdline + len - 1, word, sizeof(word));
	kernel_fd = open(files, O_RDONLY | O_CLOEXEC);
	initrd_fd = open(initrd, O_RDONLY | O_CLOEXEC);
	if (kernel_fd < 0 || initrd_fd < 0)
		return -errno;
	if (syscall(SYS_kexec_file_load, kernel_fd, initrd_fd,
		    strlen(cmdline) + 1, cmdline, 0UL))
		return -errno;
	return 0;
}

FIXTURE(kexec) {
	struct vfio_cast cast;
};

FIXTURE_SETUP(kexec)
{
	const char *skip = NULL;

	if (!getenv("VFIO_KEXEC"))
		skip = "VFIO_KEXEC names no kernel";
	if (!skip)
		skip = vfio_cast_open(&self->cast);
	if (skip)
		SKIP(return, "%s", skip);
}

FIXTURE_TEARDOWN(kexec)
{
	vfio_cast_close(&self->cast);
}

/* It has passed when the other kernel runs; who started this must see to that. */
TEST_F_TIMEOUT(kexec, starts_another_kernel, EVENT_SECONDS)
{
	ASSERT_EQ(0, load_kernel(getenv("VFIO_KEXEC")));
	vfio_cast_play(&self->cast);
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_KEXEC, NULL);
	ASSERT_TRUE(false) {
		TH_LOG("reboot: %s", strerror(errno));
	}
}

int main(int argc, char **argv)
{
	vfio_args(&argc, argv);
	return test_harness_run(argc, argv);
}
