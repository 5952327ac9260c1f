/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_FLAVOUR_RUN_H
#define VFIO_FLAVOUR_RUN_H

#include <stdbool.h>

#include "group.h"
#include "report.h"

/**
 * struct options - what the command line asks for, besides the device and its flavour
 * @dry_run: do nothing, say what would be done
 * @json: the result as JSON
 * @verbose: tell each step
 * @log: also write to the kernel's log
 * @new_device: the device has just appeared
 * @once: do nothing when that was done before, since the device appeared
 * @group: all devices of its IOMMU group
 * @fallback: the next best driver will do
 */
struct options {
	bool dry_run;
	bool json;
	bool verbose;
	bool log;
	bool new_device;
	bool once;
	bool group;
	bool fallback;
};

/**
 * run() - show devices or their groups, or give them a flavour
 * @names: of the devices, in one of the ways that device_open() knows
 * @nr: how many names there are
 * @flavour: vfio or native; NULL to show what they have
 * @options: what else was asked for
 * @reports: filled, one of each device; they are to be empty before
 *
 * Either all devices get the flavour, or all are as they were.
 *
 * Return: number of reports; an error is in them.
 */
int run(const char *const *names, int nr, const char *flavour, const struct options *options,
	struct report reports[GROUP_MAX]);

#endif
