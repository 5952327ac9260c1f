// SPDX-License-Identifier: GPL-2.0-only
/* Where those that only look find things: a test gives them a tree of its own. */

#include <stddef.h>

#include "paths.h"

const char *paths_sysfs = "/sys";
const char *paths_modules = "/lib/modules";
const char *paths_release;
