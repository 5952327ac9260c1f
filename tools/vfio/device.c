// SPDX-License-Identifier: GPL-2.0-only
/* A PCI function in sysfs: its attributes, its driver. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "address.h"
#include "device.h"

#define PCI_BUS	"/sys/bus/pci"

/* A class device, or any other path that leads into a function's folder, will do as well. */
static int find_address(const char *name, char address[ADDRESS_SIZE])
{
	char path[PATH_MAX];

	if (name[0] == '/' && address_parse(name, address) && realpath(name, path))
		return strncmp(path, "/sys/", 5) ? -EINVAL : address_parse(path, address);
	return address_parse(name, address);
}

int device_open(struct device *dev, const char *name)
{
	char path[PATH_MAX], address[ADDRESS_SIZE];

	if (find_address(name, address))
		return -EINVAL;
	snprintf(dev->bdf, sizeof(dev->bdf), "%s", address);
	snprintf(path, sizeof(path), PCI_BUS "/devices/%s", dev->bdf);
	dev->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dev->fd < 0 ? -ENODEV : 0;
}

void device_lock(const struct device *dev)
{
	/* The runs of udev and of a person must not undo each other's half. */
	flock(dev->fd, LOCK_EX);
}

void device_close(struct device *dev)
{
	close(dev->fd);
}

int device_read(const struct device *dev, const char *name, char *text, size_t size)
{
	int fd = openat(dev->fd, name, O_RDONLY | O_CLOEXEC), ret = 0;
	ssize_t len;

	text[0] = '\0';
	if (fd < 0)
		return -errno;
	len = read(fd, text, size - 1);
	if (len < 0) {
		ret = -errno;
		len = 0;
	}
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	close(fd);
	return ret;
}

/* What the process that reads has to tell. */
struct answer {
	int err;
	char text[DEVICE_NAME_SIZE];
};

/*
 * It must hold nothing that somebody waits for, as the lock of device_lock(), or the pipe behind
 * standard output: it may have to stay for as long as a guest runs.
 */
static void read_for(const struct device *dev, const char *name, int pipe)
{
	struct device own = *dev;
	struct answer answer;
	char path[PATH_MAX];

	dup2(pipe, STDIN_FILENO);
	close_range(STDIN_FILENO + 1, ~0U, 0);
	signal(SIGPIPE, SIG_IGN);
	snprintf(path, sizeof(path), PCI_BUS "/devices/%s", dev->bdf);
	own.fd = open(path, O_RDONLY | O_DIRECTORY);
	answer.err = device_read(&own, name, answer.text, sizeof(answer.text));
	_exit(write(STDIN_FILENO, &answer, sizeof(answer)) != sizeof(answer));
}

/* An answer that is not known to be there must not be waited for, nor must who has it. */
static bool is_ready(int pipe, int seconds)
{
	struct pollfd ready = { .fd = pipe, .events = POLLIN };
	int nr;

	do {
		nr = poll(&ready, 1, seconds * 1000);
	} while (nr < 0 && errno == EINTR);
	return nr > 0;
}

int device_read_locked(const struct device *dev, const char *name, char *text, size_t size,
		       int seconds)
{
	struct answer answer = { .err = -EIO };
	int ends[2];
	pid_t child;

	text[0] = '\0';
	if (!device_has(dev, name))
		return -ENOENT;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	child = fork();
	if (!child)
		read_for(dev, name, ends[1]);
	close(ends[1]);
	if (child < 0)
		answer.err = -errno;
	else if (!is_ready(ends[0], seconds))
		answer.err = -ETIMEDOUT;
	else if (read(ends[0], &answer, sizeof(answer)) != sizeof(answer))
		answer.err = -EIO;
	close(ends[0]);
	if (child > 0 && answer.err != -ETIMEDOUT)
		waitpid(child, NULL, 0);
	if (!answer.err)
		snprintf(text, size, "%s", answer.text);
	return answer.err;
}

static int write_at(int dirfd, const char *name, const char *text)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int device_write(const struct device *dev, const char *name, const char *text)
{
	return write_at(dev->fd, name, text);
}

bool device_has(const struct device *dev, const char *name)
{
	return !faccessat(dev->fd, name, F_OK, 0);
}

void device_link(const struct device *dev, const char *name, char *text, size_t size)
{
	char path[PATH_MAX], *last;
	ssize_t len = readlinkat(dev->fd, name, path, sizeof(path) - 1);

	text[0] = '\0';
	if (len < 0)
		return;
	path[len] = '\0';
	last = strrchr(path, '/');
	snprintf(text, size, "%s", last ? last + 1 : path);
}

int device_unbind(const struct device *dev)
{
	int ret = write_at(dev->fd, "driver/unbind", dev->bdf);

	/* -ENODEV: the driver has let it go in the meantime. */
	return ret == -ENOENT || ret == -ENODEV ? 0 : ret;
}

int device_probe(const struct device *dev)
{
	int ret = write_at(AT_FDCWD, PCI_BUS "/drivers_probe", dev->bdf);

	/* Some kernels report what probe() said; who took it shows in sysfs. */
	return ret == -ENOENT || ret == -EACCES ? ret : 0;
}

int device_bind(const struct device *dev, const char *driver)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), PCI_BUS "/drivers/%s/bind", driver);
	return write_at(AT_FDCWD, path, dev->bdf);
}

bool device_has_vfio(const struct device *dev)
{
	return device_has(dev, "vfio-dev");
}

bool device_is_bridge(const struct device *dev)
{
	char class[16];

	device_read(dev, "class", class, sizeof(class));
	return !strncmp(class, "0x0604", 6);
}
