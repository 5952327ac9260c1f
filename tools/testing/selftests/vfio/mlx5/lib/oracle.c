// SPDX-License-Identifier: GPL-2.0-only
/*
 * The migration state machine, made from the text above
 * enum vfio_device_mig_state in <linux/vfio.h> and from nothing else: the arcs
 * that the text names, and a breadth-first search for the combinations.
 *
 * How the text is read where it leaves room:
 *  - "The path cannot have saving group states as interior arcs": a walk may
 *    pass through a saving state only if it starts and ends in the saving
 *    group, so that it stays in one data transfer session.
 *  - "the states behave as though the device was fully running if not
 *    supported": without P2P the walk still passes through the P2P states, but
 *    they can be neither its start nor its end.
 *  - "Arcs touching PRE_COPY and PRE_COPY_P2P are removed if support for
 *    PRE_COPY is not present".
 */
#include "vfio_mig.h"

struct arc {
	__u32 from;
	__u32 to;
};

#define ARC(a, b) { VFIO_DEVICE_STATE_##a, VFIO_DEVICE_STATE_##b }

static const struct arc arcs[] = {
	ARC(RUNNING_P2P, STOP),
	ARC(STOP_COPY, STOP),
	ARC(RESUMING, STOP),
	ARC(PRE_COPY, RUNNING),
	ARC(RUNNING_P2P, RUNNING),
	ARC(PRE_COPY_P2P, RUNNING_P2P),
	ARC(RUNNING, RUNNING_P2P),
	ARC(STOP, RUNNING_P2P),
	ARC(RUNNING, PRE_COPY),
	ARC(RUNNING_P2P, PRE_COPY_P2P),
	ARC(STOP, STOP_COPY),
	ARC(PRE_COPY, PRE_COPY_P2P),
	ARC(PRE_COPY_P2P, PRE_COPY),
	ARC(PRE_COPY_P2P, STOP_COPY),
	ARC(STOP, RESUMING),
};

/* "These arcs [...] return a new data_fd", and STOP -> RESUMING */
static const struct arc opening_arcs[] = {
	ARC(RUNNING, PRE_COPY),
	ARC(RUNNING_P2P, PRE_COPY_P2P),
	ARC(STOP, STOP_COPY),
	ARC(STOP, RESUMING),
};

static const char * const state_names[VFIO_STATE_COUNT] = {
	[VFIO_DEVICE_STATE_ERROR] = "ERROR",
	[VFIO_DEVICE_STATE_STOP] = "STOP",
	[VFIO_DEVICE_STATE_RUNNING] = "RUNNING",
	[VFIO_DEVICE_STATE_STOP_COPY] = "STOP_COPY",
	[VFIO_DEVICE_STATE_RESUMING] = "RESUMING",
	[VFIO_DEVICE_STATE_RUNNING_P2P] = "RUNNING_P2P",
	[VFIO_DEVICE_STATE_PRE_COPY] = "PRE_COPY",
	[VFIO_DEVICE_STATE_PRE_COPY_P2P] = "PRE_COPY_P2P",
};

const char *vfio_state_name(__u32 state)
{
	return state < VFIO_STATE_COUNT ? state_names[state] : "nonsense";
}

static bool is_pre_copy(__u32 state)
{
	return state == VFIO_DEVICE_STATE_PRE_COPY ||
	       state == VFIO_DEVICE_STATE_PRE_COPY_P2P;
}

static bool is_p2p(__u32 state)
{
	return state == VFIO_DEVICE_STATE_RUNNING_P2P ||
	       state == VFIO_DEVICE_STATE_PRE_COPY_P2P;
}

static bool is_saving(__u32 state)
{
	return is_pre_copy(state) || state == VFIO_DEVICE_STATE_STOP_COPY;
}

bool vfio_state_exists(__u64 mig_flags, __u32 state)
{
	if (state >= VFIO_STATE_COUNT || state == VFIO_DEVICE_STATE_ERROR)
		return false;
	if (is_pre_copy(state) && !(mig_flags & VFIO_MIGRATION_PRE_COPY))
		return false;
	return !is_p2p(state) || (mig_flags & VFIO_MIGRATION_P2P);
}

static bool arc_exists(__u64 mig_flags, const struct arc *arc)
{
	return (mig_flags & VFIO_MIGRATION_PRE_COPY) ||
	       (!is_pre_copy(arc->from) && !is_pre_copy(arc->to));
}

/*
 * Breadth-first search over all states; @before[s] is the state from which s
 * was first reached. Returns false when @to cannot be reached.
 */
static bool search(__u64 mig_flags, __u32 from, __u32 to,
		   __u32 before[VFIO_STATE_COUNT])
{
	bool in_session = is_saving(from) && is_saving(to);
	__u32 queue[VFIO_STATE_COUNT];
	unsigned int head = 0, tail = 0, i;
	bool seen[VFIO_STATE_COUNT] = {};

	seen[from] = true;
	queue[tail++] = from;
	while (head < tail) {
		__u32 state = queue[head++];

		if (state == to)
			return true;
		if (is_saving(state) && state != from && !in_session)
			continue;
		for (i = 0; i < ARRAY_SIZE(arcs); i++) {
			__u32 next = arcs[i].to;

			if (arcs[i].from != state || seen[next] ||
			    !arc_exists(mig_flags, &arcs[i]))
				continue;
			seen[next] = true;
			before[next] = state;
			queue[tail++] = next;
		}
	}
	return false;
}

int vfio_oracle_path(__u64 mig_flags, __u32 from, __u32 to,
		     __u32 path[VFIO_STATE_COUNT])
{
	__u32 before[VFIO_STATE_COUNT];
	int len = 0, i;
	__u32 state;

	if (!vfio_state_exists(mig_flags, from) ||
	    !vfio_state_exists(mig_flags, to))
		return -1;
	/* "These arcs are not permitted and return error if requested" */
	if (from == VFIO_DEVICE_STATE_STOP_COPY && is_pre_copy(to))
		return -1;
	if (!search(mig_flags, from, to, before))
		return -1;

	for (state = to; state != from; state = before[state])
		len++;
	for (state = to, i = len; state != from; state = before[state])
		path[--i] = state;
	return len;
}

bool vfio_oracle_opens(__u64 mig_flags, __u32 from, __u32 to)
{
	__u32 path[VFIO_STATE_COUNT], state = from;
	int len = vfio_oracle_path(mig_flags, from, to, path), step;
	unsigned int i;

	for (step = 0; step < len; state = path[step++])
		for (i = 0; i < ARRAY_SIZE(opening_arcs); i++)
			if (opening_arcs[i].from == state &&
			    opening_arcs[i].to == path[step])
				return true;
	return false;
}

bool vfio_oracle_ends(__u64 mig_flags, __u32 from, __u32 to)
{
	__u32 path[VFIO_STATE_COUNT];
	int len = vfio_oracle_path(mig_flags, from, to, path), step;

	if (from == VFIO_DEVICE_STATE_RESUMING)
		return len > 0;
	if (!is_saving(from))
		return false;
	for (step = 0; step < len; step++)
		if (!is_saving(path[step]))
			return true;
	return false;
}
