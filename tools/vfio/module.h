/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_FLAVOUR_MODULE_H
#define VFIO_FLAVOUR_MODULE_H

#include <stdbool.h>
#include <stddef.h>

#include "alias.h"

struct kmod_ctx;

/**
 * module_matches() - the modules whose alias matches a device, best first
 * @kmod: libkmod's context
 * @alias: of the device, from alias_from_modalias()
 * @heed_blacklist: leave out what modprobe.d blacklists, as modprobe does for aliases
 * @matches: filled
 * @max: entries of @matches
 *
 * Return: number of entries filled, or a negative errno.
 */
int module_matches(struct kmod_ctx *kmod, const char *alias, bool heed_blacklist,
		   struct alias_match *matches, int max);

/**
 * module_load() - load a module and what it depends on
 * @kmod: libkmod's context
 * @name: its name
 * @culprit: filled with the one that could not be loaded: the module, or one that it needs
 *
 * Return: 0, also when it is in memory or built in; -ENOENT when there is no such module;
 *	another negative errno when the kernel refuses it.
 */
int module_load(struct kmod_ctx *kmod, const char *name, char culprit[ALIAS_MODULE_SIZE]);

/**
 * module_check() - could a module be loaded, as far as that can be told without trying?
 * @kmod: libkmod's context
 * @name: its name
 * @culprit: filled with the one that surely cannot, or that is yet to be seen
 *
 * Return: 0 when it is in memory, 1 when nothing speaks against it, but only loading shows;
 *	-ENOENT when it is not installed, -EKEYREJECTED when it has no signature and must have one.
 */
int module_check(struct kmod_ctx *kmod, const char *name, char culprit[ALIAS_MODULE_SIZE]);

/**
 * module_load_alias() - load all modules that an alias names, as udev does for a new device
 * @kmod: libkmod's context
 * @alias: the alias
 *
 * Return: 0, also when there are none, or a negative errno.
 */
int module_load_alias(struct kmod_ctx *kmod, const char *alias);

/**
 * module_is_vfio() - does a module offer itself as a VFIO driver of PCI functions?
 * @kmod: libkmod's context
 * @name: its name
 *
 * Return: 1 or 0; -ENOENT when there is no such module.
 */
int module_is_vfio(struct kmod_ctx *kmod, const char *name);

/**
 * module_driver() - name of the PCI driver that a loaded module has registered
 * @name: the module
 * @driver: filled
 * @size: size of @driver
 *
 * Return: 0, or -ENOENT when it has none.
 */
int module_driver(const char *name, char *driver, size_t size);

/**
 * module_of_driver() - name of the module of a PCI driver
 * @driver: name of the driver; when it is not registered a module of that name is assumed
 * @name: filled
 * @size: size of @name
 */
void module_of_driver(const char *driver, char *name, size_t size);

#endif
