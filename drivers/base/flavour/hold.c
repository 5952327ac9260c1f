// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes and system suspend keep out of each other's way
 *
 * While tasks are frozen modprobe cannot run, and while devices sleep no driver is probed. So a
 * suspend waits for the writes that run, and a write that comes later waits for the resume. It
 * waits as the freezer wants it, and a signal ends it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/suspend.h>
#include <linux/wait.h>

#include "flavour.h"

/* As long as the freezer gives all tasks; a modprobe takes seconds at most */
#define HOLD_TIMEOUT_MS	20000

static DEFINE_SPINLOCK(hold_lock);
static DECLARE_WAIT_QUEUE_HEAD(hold_wait);
/* Under hold_lock */
static unsigned int hold_writers;
static bool hold_suspending;

static bool write_enter(void)
{
	bool may;

	spin_lock(&hold_lock);
	may = !hold_suspending;
	if (may)
		hold_writers++;
	spin_unlock(&hold_lock);
	return may;
}

/*
 * Begin a write; -ERESTARTSYS if a signal came while the system was suspending. sysfs holds locks
 * of the open file meanwhile, which nobody needs who does not write to that file, so that it is
 * safe to freeze with them.
 */
int flavour_write_begin(void)
{
	int ret;

	while (!write_enter()) {
		ret = wait_event_state(hold_wait, !READ_ONCE(hold_suspending),
				       (TASK_INTERRUPTIBLE | TASK_FREEZABLE_UNSAFE));
		if (ret)
			return ret;
	}
	return 0;
}

void flavour_write_end(void)
{
	spin_lock(&hold_lock);
	hold_writers--;
	spin_unlock(&hold_lock);
	wake_up_all(&hold_wait);
}

static void hold_set(bool suspending)
{
	spin_lock(&hold_lock);
	WRITE_ONCE(hold_suspending, suspending);
	spin_unlock(&hold_lock);
	wake_up_all(&hold_wait);
}

static int hold_prepare(void)
{
	long ret;

	hold_set(true);
	ret = wait_event_killable_timeout(hold_wait, !READ_ONCE(hold_writers),
					  msecs_to_jiffies(HOLD_TIMEOUT_MS));
	if (ret > 0)
		return NOTIFY_OK;
	hold_set(false);
	pr_err("a write has not ended, no suspend\n");
	return notifier_from_errno(ret ?: -EBUSY);
}

static int hold_notify(struct notifier_block *nb, unsigned long event, void *data)
{
	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		return hold_prepare();
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		hold_set(false);
		return NOTIFY_OK;
	}
	return NOTIFY_DONE;
}

static struct notifier_block hold_nb = {
	.notifier_call = hold_notify,
};

int flavour_hold_init(void)
{
	return register_pm_notifier(&hold_nb);
}
