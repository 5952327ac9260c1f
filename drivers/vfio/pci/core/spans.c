// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses that are still to be told to somebody, in as much memory as there was from
 * the start. What would need more of it stays, and is told again: that is safe.
 */
#include <linux/minmax.h>

#include "spans.h"

/* There is room for it, and none of it is there */
void vpv_spans_add(struct vpv_spans *spans, u64 start, u64 bytes)
{
	spans->span[spans->nr].start = start;
	spans->span[spans->nr].end = start + bytes;
	spans->nr++;
}

/* Takes @from up to @to out of one that contains it */
static void vpv_spans_cut(struct vpv_spans *spans, unsigned int i, u64 from, u64 to)
{
	struct vpv_span *span = &spans->span[i];

	if (from > span->start && to < span->end) {
		if (spans->nr == spans->room)
			return;
		vpv_spans_add(spans, to, span->end - to);
		span->end = from;
	} else if (from > span->start) {
		span->end = from;
	} else if (to < span->end) {
		span->start = to;
	} else {
		*span = spans->span[--spans->nr];
	}
}

/*
 * Tells @fn of all that is there of @bytes from @start on, and takes it out. An error of
 * @fn's ends it; what @fn was not told of stays.
 */
int vpv_spans_take(struct vpv_spans *spans, u64 start, u64 bytes, vpv_spans_fn fn, void *priv)
{
	unsigned int i;
	u64 from, to;
	int ret;

	/* From the last one down: what a cut puts in another's place was looked at before */
	for (i = spans->nr; i-- > 0; ) {
		from = max(start, spans->span[i].start);
		to = min(start + bytes, spans->span[i].end);
		if (from >= to)
			continue;
		ret = fn(priv, from, to - from);
		if (ret)
			return ret;
		vpv_spans_cut(spans, i, from, to);
	}
	return 0;
}
