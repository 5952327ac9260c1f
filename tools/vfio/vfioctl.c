// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfioctl - PCI devices and VFIO: what there is, what stands against a migration, and giving them
 * there and back. Under the name of vfio-flavour it is the program that udev's rule calls.
 * Documentation: vfioctl(8).
 */

#include <stdio.h>
#include <string.h>

#include "commands.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *words;
	const char *text;
} commands[] = {
	{ "list", command_list, "[--all] [--json]",
	  "what can be given to VFIO, and what has it" },
	{ "why", command_why, "DEVICE [--json]",
	  "what stands against a migration, and what to do" },
	{ "who", command_who, "DEVICE... [--json]",
	  "who has it open" },
	{ "enable", command_enable, "DEVICE...",
	  "let VFs migrate and give them to VFIO, all or none" },
	{ "attach", command_attach, "DEVICE...",
	  "give to the VFIO driver that fits best, all or none" },
	{ "detach", command_detach, "DEVICE...",
	  "give back to the native driver, all or none" },
	{ "heal", command_heal, "DEVICE...",
	  "bring one that was left without a driver to where it belongs" },
	{ "persist", command_persist, "[DEVICE...]",
	  "have them given to VFIO whenever they appear" },
	{ "report", command_report, "DEVICE >FILE",
	  "what matters of a VF and its host for a migration" },
	{ "compat", command_compat, "SOURCE DESTINATION",
	  "compare the reports of two hosts" },
	{ "plan", command_plan, "-m SIZE -b RATE...",
	  "how long a guest would stand still" },
	{ "watch", command_watch, "DEVICE [--json]",
	  "how a migration goes on, until it ends" },
	{ "save", command_save, "DEVICE FILE",
	  "put the state of a VF into a file, with no guest" },
	{ "load", command_load, "DEVICE FILE",
	  "give a VF the state of a file" },
	{ "selftest", command_selftest, "[OPTION...] DEVICE...",
	  "run the tests of the drivers on a real card" },
	{ "qemu-args", command_qemu_args, "DEVICE...",
	  "the arguments with which QEMU migrates it" },
	{ "libvirt-xml", command_libvirt_xml, "DEVICE...",
	  "the elements with which libvirt does" },
};

#define NR_COMMANDS	(sizeof(commands) / sizeof(*commands))

static void print_usage(FILE *out)
{
	size_t i;

	fprintf(out, "usage: vfioctl COMMAND [OPTION...] [DEVICE...]\n\n");
	for (i = 0; i < NR_COMMANDS; i++)
		fprintf(out, "  %-11s %-21s %s\n", commands[i].name, commands[i].words,
			commands[i].text);
	fprintf(out,
		"\nDEVICE is an address as 0000:3b:00.2 or 3b:00.2, pci/0000:3b:00.2 (devlink),\n"
		"pci_0000_3b_00_2 (libvirt), or a path in /sys.\n"
		"\"vfioctl COMMAND --help\" tells of its options; more is in vfioctl(8).\n"
		"Status: 0 done, 1 failed and all is as it was, 2 wrong usage.\n");
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	size_t i;

	name = name ? name + 1 : argv[0];
	if (!strcmp(name, "vfio-flavour"))
		return command_flavour(argc, argv);
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		print_usage(stdout);
		return STATUS_DONE;
	}
	for (i = 0; argc > 1 && i < NR_COMMANDS; i++) {
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	}
	if (argc > 1)
		fprintf(stderr, "vfioctl: there is no command '%s'\n", argv[1]);
	print_usage(stderr);
	return STATUS_USAGE;
}
