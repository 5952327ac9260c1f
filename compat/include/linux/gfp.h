/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMPAT_LINUX_GFP_H
#define COMPAT_LINUX_GFP_H

#include <linux/version.h>
#include_next <linux/gfp.h>

/* Since 6.14 there is only the form with an array, and it has the short name */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0) && !defined(alloc_pages_bulk)
#define alloc_pages_bulk(gfp, nr_pages, page_array) \
	alloc_pages_bulk_array(gfp, nr_pages, page_array)
#endif

#endif /* COMPAT_LINUX_GFP_H */
