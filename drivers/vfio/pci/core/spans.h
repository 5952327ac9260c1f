/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_VARIANT_SPANS_H
#define VFIO_PCI_VARIANT_SPANS_H

#include <linux/types.h>

/* Addresses from @start up to, and without, @end */
struct vpv_span {
	u64 start;
	u64 end;
};

/* Spans that are apart, in no order */
struct vpv_spans {
	unsigned int nr;
	unsigned int room;
	struct vpv_span *span;
};

typedef int (*vpv_spans_fn)(void *priv, u64 start, u64 bytes);

void vpv_spans_add(struct vpv_spans *spans, u64 start, u64 bytes);
int vpv_spans_take(struct vpv_spans *spans, u64 start, u64 bytes, vpv_spans_fn fn, void *priv);

#endif /* VFIO_PCI_VARIANT_SPANS_H */
