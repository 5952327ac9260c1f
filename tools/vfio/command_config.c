// SPDX-License-Identifier: GPL-2.0-only
/* vfioctl qemu-args and libvirt-xml */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "config.h"
#include "device.h"
#include "program.h"
#include "report.h"
#include "target.h"

/**
 * struct consumer - one of those that are told
 * @name: as people call it
 * @command: which tells the version
 * @write: writes what it wants to be told
 */
struct consumer {
	const char *name;
	const char *command;
	void (*write)(FILE *out, const struct config_version *version,
		      const struct address *addresses, int nr);
};

static const struct consumer qemu = {
	.name = "QEMU",
	.command = PROGRAM_QEMU,
	.write = config_qemu,
};

static const struct consumer libvirt = {
	.name = "libvirt",
	.command = PROGRAM_LIBVIRT,
	.write = config_libvirt,
};

static int find_version(const struct consumer *consumer, const char *given,
			struct config_version *version)
{
	if (given && config_version(given, version))
		return 0;
	if (given) {
		fprintf(stderr, "vfioctl: '%s' is no version, which is as 10.0\n", given);
		return -EINVAL;
	}
	if (!program_version(consumer->command, version))
		return 0;
	fprintf(stderr, "vfioctl: %s does not tell its version here\n"
		"vfioctl: to mend it: --version, as in --version 10.0\n", consumer->name);
	return -ENOENT;
}

static int write_config(const struct consumer *consumer, const char *given, char **names, int nr)
{
	struct address *addresses = calloc(nr, sizeof(*addresses));
	struct config_version version;
	struct report report = { };
	struct device dev;
	int i, ret = addresses ? find_version(consumer, given, &version) : -ENOMEM;

	for (i = 0; i < nr && !ret; i++) {
		ret = target_open(names[i], &dev, &report);
		if (ret) {
			report_print(&report, 1, false, false, false);
			break;
		}
		snprintf(addresses[i].text, ADDRESS_SIZE, "%.*s", ADDRESS_SIZE - 1, dev.bdf);
		device_close(&dev);
	}
	if (!ret)
		consumer->write(stdout, &version, addresses, nr);
	free(addresses);
	return ret ? STATUS_FAILED : STATUS_DONE;
}

static int config(const struct consumer *consumer, int argc, char **argv)
{
	static const struct option names[] = {
		{ "version", required_argument, NULL, 'V' }, { "help", no_argument, NULL, 'h' },
		{ },
	};
	static const char usage[] =
		"usage: vfioctl %s [-V|--version VERSION] DEVICE...\n"
		"  -V, --version  of %s, as 10.0; that of this host if not given\n";
	const char *given = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "V:h", names, NULL)) == 'V')
		given = optarg;
	if (c != -1 || optind == argc) {
		fprintf(c == 'h' ? stdout : stderr, usage, argv[0], consumer->name);
		return c == 'h' ? STATUS_DONE : STATUS_USAGE;
	}
	return write_config(consumer, given, argv + optind, argc - optind);
}

int command_qemu_args(int argc, char **argv)
{
	return config(&qemu, argc, argv);
}

int command_libvirt_xml(int argc, char **argv)
{
	return config(&libvirt, argc, argv);
}
