/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text and numbers of driver_flavour: what is written to and read from the attribute,
 * aliases, and how specific an id is. Nothing here needs the kernel; the unit tests build it
 * in user space.
 */
#ifndef DRIVERS_BASE_FLAVOUR_WORDS_H
#define DRIVERS_BASE_FLAVOUR_WORDS_H

#include <linux/types.h>

enum flavour {
	FLAVOUR_NATIVE,
	FLAVOUR_VFIO,
};

/* A PCI device, or an entry of a driver's id table; a device has all of @class_mask set */
struct flavour_pci_ids {
	u32 vendor;
	u32 device;
	u32 subvendor;
	u32 subdevice;
	u32 class;
	u32 class_mask;
};

#define FLAVOUR_PCI_ANY		(~(u32)0)

/* Of the kernel's MODULE_NAME_LEN on 64 bit, which every module in modules.alias fits */
#define FLAVOUR_MODULE_SIZE	64

/**
 * struct flavour_candidate - A module that modules.alias names for an alias
 * @wildcards: how many "*" its pattern has
 * @at: where its line starts in the text; 0 of a zeroed candidate is before all lines
 * @module: its name, with underscores
 */
struct flavour_candidate {
	unsigned int wildcards;
	size_t at;
	char module[FLAVOUR_MODULE_SIZE];
};

int flavour_parse(const char *buf, size_t len);
int flavour_format(char *buf, size_t size, bool offers_vfio, enum flavour active,
		   const char *override);

int flavour_pci_alias(char *buf, size_t size, const char *prefix,
		      const struct flavour_pci_ids *device);
int flavour_pci_short_alias(char *buf, size_t size, const char *prefix,
			    const struct flavour_pci_ids *device, unsigned int variant);
int flavour_pci_match(const struct flavour_pci_ids *entry, const struct flavour_pci_ids *device);

unsigned int flavour_wildcards(const char *pattern);
void flavour_normalize(char *module);
int flavour_next_candidate(char *text, size_t len, const char *alias,
			   struct flavour_candidate *candidate);
bool flavour_module_has_alias(char *text, size_t len, const char *prefix, const char *module);

#endif /* DRIVERS_BASE_FLAVOUR_WORDS_H */
