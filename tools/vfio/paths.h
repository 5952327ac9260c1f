/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_PATHS_H
#define VFIOCTL_PATHS_H

/**
 * paths_sysfs - where sysfs is, "/sys" but for tests of what only looks
 */
extern const char *paths_sysfs;

/**
 * paths_modules - where the folders of modules are, "/lib/modules" but for tests
 */
extern const char *paths_modules;

/**
 * paths_release - of the kernel whose modules are looked at; NULL for the running one
 */
extern const char *paths_release;

#endif
