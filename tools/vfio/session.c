// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device opened through a type1 container and its group, as VMMs do, and version 2 of the
 * migration protocol of <linux/vfio.h>. Numbers that the headers of Debian 12 do not have are those
 * of Linux 6.2.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <libkmod.h>

#include "device.h"
#include "module.h"
#include "report.h"
#include "session.h"
#include "users.h"

#define VFIO_DIR		"/dev/vfio"
#define TYPE1_MODULE		"vfio_iommu_type1"
#define FEATURE_MIG_DATA_SIZE	9

/* The longest answer that is asked for here, behind the head that VFIO wants */
struct feature {
	struct vfio_device_feature head;
	union {
		struct vfio_device_feature_migration migration;
		struct vfio_device_feature_mig_state state;
		__u64 bytes;
	};
};

static int ask(const struct session *session, struct feature *feature, __u32 flags, size_t size)
{
	feature->head.argsz = sizeof(feature->head) + size;
	feature->head.flags = flags;
	return ioctl(session->fd, VFIO_DEVICE_FEATURE, feature) ? -errno : 0;
}

static int open_group(struct session *session, const struct device *dev, struct report *report)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char group[DEVICE_NAME_SIZE], path[DEVICE_NAME_SIZE + 16];
	char who[REPORT_TEXT_SIZE - 64];
	int ret;

	device_link(dev, "iommu_group", group, sizeof(group));
	snprintf(path, sizeof(path), VFIO_DIR "/%s", group);
	session->group = open(path, O_RDWR | O_CLOEXEC);
	ret = session->group < 0 ? -errno : 0;
	if (ret == -EBUSY) {
		users_find(dev, who, sizeof(who));
		report_fix(report, "stop that process, or take the device out of its guest");
		return report_error(report, ret, "it is in use by %s",
				    who[0] ? who : "somebody who cannot be seen from here");
	}
	if (ret == -EACCES)
		report_fix(report, "sudo");
	if (ret)
		return report_error(report, ret, "%s cannot be opened: %s", path, strerror(-ret));
	if (ioctl(session->group, VFIO_GROUP_GET_STATUS, &status))
		return report_error(report, -errno, "its group cannot be used");
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE)) {
		report_fix(report, "vfioctl attach --group %s", dev->bdf);
		return report_error(report, -EPERM, "another device of its group keeps users out");
	}
	return 0;
}

/* It comes with vfio as a rule, by what modprobe is told of the two. */
static void load_type1(void)
{
	char culprit[ALIAS_MODULE_SIZE];
	struct kmod_ctx *kmod = kmod_new(NULL, NULL);

	if (!kmod)
		return;
	kmod_set_log_priority(kmod, -1);
	module_load(kmod, TYPE1_MODULE, culprit);
	kmod_unref(kmod);
}

/* The device's file comes only with an IOMMU that is set. */
static int get_file(struct session *session, const struct device *dev)
{
	session->container = open(VFIO_DIR "/vfio", O_RDWR | O_CLOEXEC);
	if (session->container < 0)
		return -errno;
	if (!ioctl(session->container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU))
		load_type1();
	if (ioctl(session->group, VFIO_GROUP_SET_CONTAINER, &session->container) ||
	    ioctl(session->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -errno;
	session->fd = ioctl(session->group, VFIO_GROUP_GET_DEVICE_FD, dev->bdf);
	return session->fd < 0 ? -errno : 0;
}

static int ask_migration(struct session *session, const struct device *dev, struct report *report)
{
	struct feature feature = { };
	int ret = ask(session, &feature, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIGRATION,
		      sizeof(feature.migration));

	if (!ret && !(feature.migration.flags & VFIO_MIGRATION_STOP_COPY))
		ret = -ENOTTY;
	session->p2p = !ret && feature.migration.flags & VFIO_MIGRATION_P2P;
	if (!ret)
		return 0;
	report_fix(report, "vfioctl why %s", dev->bdf);
	return report_error(report, -EOPNOTSUPP, "its driver cannot migrate it");
}

int session_open(struct session *session, const struct device *dev, struct report *report)
{
	int ret;

	*session = (struct session) { .container = -1, .group = -1, .fd = -1 };
	if (!device_has_vfio(dev)) {
		report_fix(report, "vfioctl enable %s", dev->bdf);
		return report_error(report, -EOPNOTSUPP, "it has no VFIO driver");
	}
	ret = open_group(session, dev, report);
	if (!ret) {
		ret = get_file(session, dev);
		if (ret)
			report_error(report, ret, "VFIO does not open it: %s", strerror(-ret));
	}
	if (!ret)
		ret = ask_migration(session, dev, report);
	if (ret)
		session_close(session);
	return ret;
}

void session_close(struct session *session)
{
	int *fds[] = { &session->fd, &session->group, &session->container };
	size_t i;

	for (i = 0; i < sizeof(fds) / sizeof(*fds); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

int session_go(const struct session *session, enum session_state state)
{
	bool has_data = state == SESSION_STOP_COPY || state == SESSION_RESUMING;
	struct feature feature = { .state = { .device_state = state, .data_fd = -1 } };
	int ret = ask(session, &feature,
		      VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
		      sizeof(feature.state));

	if (ret || !has_data)
		return ret;
	return feature.state.data_fd < 0 ? -EBADF : feature.state.data_fd;
}

int session_state(const struct session *session)
{
	struct feature feature = { };
	int ret = ask(session, &feature,
		      VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
		      sizeof(feature.state));

	return ret ? ret : (int)feature.state.device_state;
}

int session_reset(const struct session *session)
{
	return ioctl(session->fd, VFIO_DEVICE_RESET) ? -errno : 0;
}

long long session_state_bytes(const struct session *session)
{
	struct feature feature = { };
	int ret = ask(session, &feature, VFIO_DEVICE_FEATURE_GET | FEATURE_MIG_DATA_SIZE,
		      sizeof(feature.bytes));

	return ret ? ret : (long long)feature.bytes;
}

const char *session_state_name(enum session_state state)
{
	static const char *const names[] = {
		[SESSION_ERROR] = "ERROR", [SESSION_STOP] = "STOP",
		[SESSION_RUNNING] = "RUNNING", [SESSION_STOP_COPY] = "STOP_COPY",
		[SESSION_RESUMING] = "RESUMING", [SESSION_RUNNING_P2P] = "RUNNING_P2P",
	};

	return names[state];
}
