// SPDX-License-Identifier: GPL-2.0-only
/*
 * How far a save session has come
 *
 * Counts what is queued and read, and knows what is still to come: whether the pass goes on,
 * whether it is the last one, what is initial data. The end of the stream is told by the
 * backend alone, never by a queue that happens to be empty.
 *
 * Pure code: no locks, no kernel facilities.
 */
#include <linux/errno.h>

#include "progress.h"

/*
 * A pass begins; one with no image is done with that. What is in the queue is read before
 * initial data that comes behind it, and counts as such then.
 */
void vpv_progress_begin(struct vpv_progress *progress, u64 first_bytes, u64 total_bytes,
			bool is_final, bool is_initial)
{
	progress->pass = first_bytes ? VPV_PASS_GOES_ON : VPV_PASS_DONE;
	progress->is_final = is_final;
	progress->is_initial = is_initial;
	progress->pass_bytes = 0;
	if (first_bytes)
		progress->pass_bytes = total_bytes ? total_bytes : first_bytes;
	if (is_initial)
		progress->initial_end = progress->queued_end;
}

/* An image with its record, or a record alone, is the next that there is to read */
void vpv_progress_queue(struct vpv_progress *progress, u64 bytes)
{
	progress->queued_end += bytes;
	if (progress->is_initial)
		progress->initial_end = progress->queued_end;
}

/* An image has landed, and the next one of the pass needs @more_bytes */
void vpv_progress_land(struct vpv_progress *progress, u64 used_bytes, u64 more_bytes)
{
	if (!more_bytes) {
		progress->pass = VPV_PASS_DONE;
		progress->pass_bytes = 0;
	} else if (used_bytes < progress->pass_bytes) {
		progress->pass_bytes -= used_bytes;
	} else {
		/* There is more than the estimate said */
		progress->pass_bytes = more_bytes;
	}
}

/* The pass is over, and not as it should be */
void vpv_progress_break(struct vpv_progress *progress)
{
	progress->pass = VPV_PASS_BROKEN;
	progress->pass_bytes = 0;
}

void vpv_progress_read(struct vpv_progress *progress, u64 bytes)
{
	progress->read_end += bytes;
}

/*
 * What a reader who has read all that is queued is told: 0 at the end of the stream, -EAGAIN
 * when it has to wait, or -ENOMSG when there may be more later, or not: the temporary end of
 * the uAPI, which does not come while initial data is on its way.
 */
int vpv_progress_at_end(const struct vpv_progress *progress)
{
	if (progress->is_final)
		return progress->pass == VPV_PASS_DONE ? 0 : -EAGAIN;
	if (progress->is_initial && progress->pass == VPV_PASS_GOES_ON)
		return -EAGAIN;
	return -ENOMSG;
}

/* What is queued, in flight or to come of the pass */
void vpv_progress_rest(const struct vpv_progress *progress, u64 *initial_bytes,
		       u64 *dirty_bytes)
{
	u64 initial_end = progress->initial_end;

	if (initial_end < progress->read_end)
		initial_end = progress->read_end;
	*initial_bytes = initial_end - progress->read_end;
	*dirty_bytes = progress->queued_end - initial_end;
	if (progress->is_initial)
		*initial_bytes += progress->pass_bytes;
	else
		*dirty_bytes += progress->pass_bytes;
}
