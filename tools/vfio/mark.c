// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mark that a run leaves at a device, so that a later one can tell what is ours and what
 * somebody else's, and what a run that was killed has left undone.
 *
 * It is an extended attribute of the file driver_override, and so goes when the device goes. It is
 * there before the first change and holds three names, one a line: what somebody else had
 * written, and the two between which we change. As long as driver_override says one of these two
 * it is ours, whether the write has been done or not. Once a device is back with its native
 * driver the mark is taken away.
 *
 * Somebody may write the same name that we did. A shell, and every program that opens the file to
 * replace what is in it, sets its time of change by that; we write without, and set the time to
 * 0. A mark on a file with another time does not count.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "mark.h"

#define OVERRIDE	"driver_override"
#define MARK		"trusted.vfio-flavour"
#define RULE_FILE	"uevent"
#define RULE_MARK	"trusted.vfio-flavour.rule"

/* What the mark says: driver_override is ours if it is one of @ours */
struct mark {
	char by_hand[DEVICE_NAME_SIZE];
	char ours[2][DEVICE_NAME_SIZE];
};

static char *take_line(char **text, char line[DEVICE_NAME_SIZE])
{
	char *word = strsep(text, "\n");

	snprintf(line, DEVICE_NAME_SIZE, "%s", word ? word : "");
	return word;
}

static bool read_mark(const struct device *dev, struct mark *mark)
{
	int fd = openat(dev->fd, OVERRIDE, O_RDONLY | O_CLOEXEC);
	char text[sizeof(*mark)], *p = text;
	bool valid = false;
	struct stat st;
	ssize_t len;

	if (fd < 0)
		return false;
	len = fgetxattr(fd, MARK, text, sizeof(text) - 1);
	if (len >= 0 && !fstat(fd, &st) && !st.st_mtim.tv_sec) {
		text[len] = '\0';
		valid = take_line(&p, mark->by_hand) && take_line(&p, mark->ours[0]) &&
			take_line(&p, mark->ours[1]);
	}
	close(fd);
	return valid;
}

/* A mark that does not count must not come to count again by the time that is set for it. */
static int write_mark(const struct device *dev, const struct override *override, const char *next)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { } };
	int fd = openat(dev->fd, OVERRIDE, O_RDONLY | O_CLOEXEC), len, ret = 0;
	char text[sizeof(struct mark)];

	if (fd < 0)
		return -errno;
	len = snprintf(text, sizeof(text), "%s\n%s\n%s\n", override->by_hand, next,
		       override->ours ? override->text : next);
	if (!override->marked && fremovexattr(fd, MARK) && errno != ENODATA)
		ret = -errno;
	if (!ret && !override->marked && futimens(fd, times))
		ret = -errno;
	if (!ret && fsetxattr(fd, MARK, text, len, 0))
		ret = -errno;
	close(fd);
	return ret;
}

int mark_look(const struct device *dev, struct override *override, int seconds)
{
	struct mark mark;
	int ret;

	*override = (struct override) { };
	ret = device_read_locked(dev, OVERRIDE, override->text, sizeof(override->text), seconds);
	if (ret)
		return ret;
	/* So the kernel prints that there is none. */
	if (!strcmp(override->text, "(null)"))
		override->text[0] = '\0';
	override->marked = read_mark(dev, &mark);
	override->ours = override->marked && (!strcmp(override->text, mark.ours[0]) ||
					      !strcmp(override->text, mark.ours[1]));
	snprintf(override->by_hand, sizeof(override->by_hand), "%s",
		 override->ours ? mark.by_hand : override->text);
	return 0;
}

int mark_begin(const struct device *dev, struct override *override)
{
	int ret = write_mark(dev, override, override->text);

	if (ret)
		return ret;
	override->marked = true;
	override->begun = true;
	return 0;
}

int mark_override(const struct device *dev, struct override *override, const char *driver)
{
	int ret;

	if (!strcmp(override->text, driver))
		return 0;
	ret = write_mark(dev, override, driver);
	if (ret)
		return ret;
	override->marked = true;
	ret = device_write(dev, OVERRIDE, driver[0] ? driver : "\n");
	if (ret)
		return ret;
	override->ours = true;
	snprintf(override->text, sizeof(override->text), "%s", driver);
	return 0;
}

void mark_end(const struct device *dev, struct override *override)
{
	char path[PATH_MAX];

	if (!override->marked)
		return;
	if (override->ours && strcmp(override->text, override->by_hand))
		return;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/" OVERRIDE, dev->bdf);
	removexattr(path, MARK);
	override->marked = false;
	override->ours = false;
}

static int open_rule(const struct device *dev)
{
	return openat(dev->fd, RULE_FILE, O_WRONLY | O_CLOEXEC);
}

bool mark_rule_done(const struct device *dev)
{
	int fd = open_rule(dev);
	bool done;

	if (fd < 0)
		return false;
	done = fgetxattr(fd, RULE_MARK, NULL, 0) >= 0;
	close(fd);
	return done;
}

int mark_rule(const struct device *dev)
{
	int fd = open_rule(dev), ret = 0;

	if (fd < 0)
		return -errno;
	if (fsetxattr(fd, RULE_MARK, "", 0, 0))
		ret = -errno;
	close(fd);
	return ret;
}
