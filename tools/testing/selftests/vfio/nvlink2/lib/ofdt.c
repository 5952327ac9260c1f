// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device tree of a pseries guest can be changed at run time: partition
 * management tools write what the hypervisor added to /proc/powerpc/ofdt. The
 * format: words separated by blanks, the property's length in decimal digits,
 * its bytes. One write() is one command.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nvlink2.h"

#define OFDT "/proc/powerpc/ofdt"

void put_be32(__u8 *to, __u32 value)
{
	int i;

	for (i = 0; i < 4; i++)
		to[i] = value >> (24 - 8 * i);
}

void put_be64(__u8 *to, __u64 value)
{
	put_be32(to, value >> 32);
	put_be32(to + 4, value);
}

static int get_property(const char *node_dir, const char *property, void *value,
			size_t bytes)
{
	char path[512];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", node_dir, property);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	got = read(fd, value, bytes);
	close(fd);
	return got == (ssize_t)bytes ? 0 : -EIO;
}

int ofdt_get_u32(const char *node_dir, const char *property, __u32 *value)
{
	__u8 cell[4];
	int i, ret = get_property(node_dir, property, cell, sizeof(cell));

	*value = 0;
	for (i = 0; !ret && i < 4; i++)
		*value = *value << 8 | cell[i];
	return ret;
}

int ofdt_get_u64(const char *node_dir, const char *property, __u64 *value)
{
	__u8 cells[8];
	int i, ret = get_property(node_dir, property, cells, sizeof(cells));

	*value = 0;
	for (i = 0; !ret && i < 8; i++)
		*value = *value << 8 | cells[i];
	return ret;
}

__u32 ofdt_phandle(const char *node_dir)
{
	__u32 phandle;

	return ofdt_get_u32(node_dir, "phandle", &phandle) ? 0 : phandle;
}

static int ofdt_command(const void *command, size_t bytes)
{
	int fd, ret = 0;

	fd = open(OFDT, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, command, bytes) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* Appends " NAME LENGTH VALUE" to a command of @len bytes; returns the new one. */
static size_t append(char *command, size_t len, const char *name,
		     const void *value, size_t bytes)
{
	len += sprintf(command + len, " %s %zu ", name, bytes);
	memcpy(command + len, value, bytes);
	return len + bytes;
}

int ofdt_add_node(const char *name, __u32 phandle, const char *property,
		  const void *value, size_t bytes)
{
	char command[512];
	__u8 cell[4];
	size_t len;

	put_be32(cell, phandle);
	len = sprintf(command, "add_node /%s", name);
	len = append(command, len, "phandle", cell, sizeof(cell));
	len = append(command, len, property, value, bytes);
	return ofdt_command(command, len);
}

int ofdt_remove_node(const char *name)
{
	char command[128];

	return ofdt_command(command, sprintf(command, "remove_node /%s", name));
}

int ofdt_remove(__u32 phandle, const char *property)
{
	char command[128];
	int ret;

	ret = ofdt_command(command, sprintf(command, "remove_property %u %s",
					    phandle, property));
	return ret == -EINVAL || ret == -ENODEV ? 0 : ret;
}

int ofdt_set(__u32 phandle, const char *property, const void *value,
	     size_t bytes)
{
	char command[512];
	size_t len;
	int ret;

	ret = ofdt_remove(phandle, property);
	if (ret)
		return ret;
	len = sprintf(command, "add_property %u", phandle);
	len = append(command, len, property, value, bytes);
	return ofdt_command(command, len);
}

int ofdt_set_u32(__u32 phandle, const char *property, __u32 value)
{
	__u8 cell[4];

	put_be32(cell, value);
	return ofdt_set(phandle, property, cell, sizeof(cell));
}

int ofdt_set_u64(__u32 phandle, const char *property, __u64 value)
{
	__u8 cells[8];

	put_be64(cells, value);
	return ofdt_set(phandle, property, cells, sizeof(cells));
}
