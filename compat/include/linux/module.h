/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMPAT_LINUX_MODULE_H
#define COMPAT_LINUX_MODULE_H

#include <linux/version.h>
#include_next <linux/module.h>

/* Since 6.13 the namespace is a string */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns) MODULE_INFO(import_ns, ns)
#endif

#endif /* COMPAT_LINUX_MODULE_H */
