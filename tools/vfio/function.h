/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_FUNCTION_H
#define VFIOCTL_FUNCTION_H

#include <stdbool.h>

#include "address.h"
#include "alias.h"

#define FUNCTION_NAME_SIZE	64

/**
 * enum function_allowed - may a VF migrate, as its PF's devlink says?
 * @ALLOWED_UNKNOWN: nobody could be asked
 * @ALLOWED_NO_PORT: its PF shows no port of it, as it is not in switchdev mode
 * @ALLOWED_NO_WORD: the port does not tell: the kernel or the card knows no such thing
 * @ALLOWED_NO: it may not
 * @ALLOWED_YES: it may
 */
enum function_allowed {
	ALLOWED_UNKNOWN,
	ALLOWED_NO_PORT,
	ALLOWED_NO_WORD,
	ALLOWED_NO,
	ALLOWED_YES,
};

/**
 * struct function - a PCI function as someone who only looks sees it
 * @bdf: its full address
 * @vendor: its PCI ids
 * @device: its PCI ids
 * @class: its PCI class, 24 bits
 * @modalias: its name for modules
 * @driver: its driver, empty for none
 * @physfn: address of its PF, empty when it is no VF
 * @pf_driver: driver of that
 * @vf: its number among the VFs of its PF, from 0
 * @nr_vfs: how many VFs it has itself
 * @group: its IOMMU group, empty for none
 * @best: the module whose alias fits it best; its name is empty for none
 * @vfio: there is a VFIO device of it
 * @migration: its driver lets it migrate
 * @role: save or load, of its last migration; none or empty before one
 * @result: what became of that
 * @allowed: may it migrate, for a VF; filled by ports_tell()
 * @port: number of its devlink port, when there is one
 */
struct function {
	char bdf[ADDRESS_SIZE];
	unsigned int vendor;
	unsigned int device;
	unsigned int class;
	char modalias[ALIAS_SIZE];
	char driver[FUNCTION_NAME_SIZE];
	char physfn[ADDRESS_SIZE];
	char pf_driver[FUNCTION_NAME_SIZE];
	int vf;
	int nr_vfs;
	char group[FUNCTION_NAME_SIZE];
	struct alias_match best;
	bool vfio;
	bool migration;
	char role[16];
	char result[16];
	enum function_allowed allowed;
	unsigned int port;
};

/**
 * function_read() - look at one
 * @bdf: its full address
 * @function: filled, but for best, allowed and port
 *
 * No attribute is read for which the kernel takes the lock of the device, so this does not wait
 * for anybody.
 *
 * Return: 0, or -ENODEV when there is none.
 */
int function_read(const char *bdf, struct function *function);

/**
 * function_read_all() - look at all
 * @functions: filled with an array to free, sorted by address; as function_read()
 *
 * Return: how many, or a negative errno.
 */
int function_read_all(struct function **functions);

/**
 * function_is_bridge() - is it one of those that VFIO does not drive?
 * @function: the function
 *
 * Return: whether it is.
 */
bool function_is_bridge(const struct function *function);

/**
 * function_is_shown() - is it one of those that a person looks for here?
 * @function: the function, with best
 * @all: all functions, of which one may be its VF
 * @nr: how many these are
 *
 * Those are: what a variant driver fits, what VFIO drives, and the PFs of either.
 *
 * Return: whether it is.
 */
bool function_is_shown(const struct function *function, const struct function *all, int nr);

#endif
