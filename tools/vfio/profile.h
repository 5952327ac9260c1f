/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_PROFILE_H
#define VFIOCTL_PROFILE_H

#include <stdbool.h>
#include <stdio.h>

#define PROFILE_TEXT_SIZE	128
/* What no number is for */
#define PROFILE_UNKNOWN		(-1LL)

struct device;
struct report;

/**
 * enum profile_answer - to what can be true, false or not known
 * @PROFILE_NO: false
 * @PROFILE_YES: true
 * @PROFILE_MAYBE: not known
 */
enum profile_answer {
	PROFILE_NO,
	PROFILE_YES,
	PROFILE_MAYBE,
};

/**
 * struct profile - what matters of a device and its host for a migration to or from there
 * @device: full address
 * @driver: its driver; empty for none
 * @kernel: release of the running one
 * @module: version of the driver's module, as far as it has one
 * @qemu: version, empty for none found
 * @libvirt: version, empty for none found
 * @firmware: version, empty for not known
 * @psid: the board, empty for not known
 * @capabilities: what the driver says of the migration; empty for not known
 * @pages: how the pages are told that the device writes to; empty for not known
 * @against: first thing that stands against a migration; empty for none
 * @kind: PCI vendor and device id of the device, the vendor in the upper half
 * @card: the same of its PF; 0 when it is no VF
 * @bar_bytes: size of BAR 0
 * @vectors: of MSI-X
 * @state_bytes: of its state, as far as it was asked for or has migrated before
 * @stop_us: what its last save took of the blackout: freezing it, and the final image
 * @start_us: what its last load did: the last image, and letting it go
 * @can_migrate: nothing stands against it
 * @p2p: its driver knows RUNNING_P2P
 * @precopy: its driver knows PRE_COPY
 */
struct profile {
	char device[PROFILE_TEXT_SIZE];
	char driver[PROFILE_TEXT_SIZE];
	char kernel[PROFILE_TEXT_SIZE];
	char module[PROFILE_TEXT_SIZE];
	char qemu[PROFILE_TEXT_SIZE];
	char libvirt[PROFILE_TEXT_SIZE];
	char firmware[PROFILE_TEXT_SIZE];
	char psid[PROFILE_TEXT_SIZE];
	char capabilities[PROFILE_TEXT_SIZE];
	char pages[PROFILE_TEXT_SIZE];
	char against[PROFILE_TEXT_SIZE];
	long long kind;
	long long card;
	long long bar_bytes;
	long long vectors;
	long long state_bytes;
	long long stop_us;
	long long start_us;
	enum profile_answer can_migrate;
	enum profile_answer p2p;
	enum profile_answer precopy;
};

/**
 * profile_write() - as JSON
 * @profile: what to write
 * @out: where
 */
void profile_write(const struct profile *profile, FILE *out);

/**
 * profile_read() - read a file that profile_write() has written
 * @profile: filled; what the file does not have is not known
 * @path: of the file
 *
 * Return: 0; -EINVAL when it is no such file; -EOPNOTSUPP when it is of a later version of this
 * program; or another negative errno.
 */
int profile_read(struct profile *profile, const char *path);

#endif
