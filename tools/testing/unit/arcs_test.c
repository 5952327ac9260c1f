// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of drivers/vfio/pci/core/arcs.c in user space.
 *
 * The oracle is the text on enum vfio_device_mig_state in linux/vfio.h: the list of arcs
 * that it names, and its rules for the rest. Walks are found by breadth-first search, so
 * that nothing here looks like the table that is tested.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/vfio.h>

#include "arcs.h"

#define NR_STATES	8
#define NO_WALK		(-1)

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define S(name)	VFIO_DEVICE_STATE_ ## name

static const char * const state_names[NR_STATES] = {
	"ERROR", "STOP", "RUNNING", "STOP_COPY", "RESUMING", "RUNNING_P2P", "PRE_COPY",
	"PRE_COPY_P2P",
};

/* "The driver implements the following behavior for the FSM arcs", in the order of the text */
static const unsigned int arcs[][2] = {
	{ S(RUNNING_P2P), S(STOP) },
	{ S(STOP_COPY), S(STOP) },
	{ S(RESUMING), S(STOP) },
	{ S(PRE_COPY), S(RUNNING) },
	{ S(RUNNING_P2P), S(RUNNING) },
	{ S(PRE_COPY_P2P), S(RUNNING_P2P) },
	{ S(RUNNING), S(RUNNING_P2P) },
	{ S(STOP), S(RUNNING_P2P) },
	{ S(RUNNING), S(PRE_COPY) },
	{ S(RUNNING_P2P), S(PRE_COPY_P2P) },
	{ S(STOP), S(STOP_COPY) },
	{ S(PRE_COPY), S(PRE_COPY_P2P) },
	{ S(PRE_COPY_P2P), S(PRE_COPY) },
	{ S(PRE_COPY_P2P), S(STOP_COPY) },
	{ S(STOP), S(RESUMING) },
};

struct model {
	unsigned int flags;
	bool has_arc[NR_STATES][NR_STATES];
};

static bool is_saving(unsigned int state)
{
	return state == S(STOP_COPY) || state == S(PRE_COPY) || state == S(PRE_COPY_P2P);
}

static bool is_pre_copy(unsigned int state)
{
	return state == S(PRE_COPY) || state == S(PRE_COPY_P2P);
}

/* "the states behave as though the device was fully running if not supported" */
static unsigned int without_p2p(unsigned int state)
{
	if (state == S(RUNNING_P2P))
		return S(RUNNING);
	if (state == S(PRE_COPY_P2P))
		return S(PRE_COPY);
	return state;
}

static bool has_state(const struct model *model, unsigned int state)
{
	if (!(model->flags & VFIO_MIGRATION_STOP_COPY) || state == S(ERROR) || state >= NR_STATES)
		return false;
	if (is_pre_copy(state) && !(model->flags & VFIO_MIGRATION_PRE_COPY))
		return false;
	return model->flags & VFIO_MIGRATION_P2P || without_p2p(state) == state;
}

static void model_init(struct model *model, unsigned int flags)
{
	size_t i;

	*model = (struct model){ .flags = flags };
	for (i = 0; i < ARRAY_SIZE(arcs); i++) {
		unsigned int from = arcs[i][0];
		unsigned int to = arcs[i][1];

		/* "Arcs touching PRE_COPY and PRE_COPY_P2P are removed if [it] is not present" */
		if (!(flags & VFIO_MIGRATION_PRE_COPY) && (is_pre_copy(from) || is_pre_copy(to)))
			continue;
		if (!(flags & VFIO_MIGRATION_P2P)) {
			from = without_p2p(from);
			to = without_p2p(to);
		}
		if (from != to)
			model->has_arc[from][to] = true;
	}
}

/* "The path cannot have saving group states as interior arcs, only starting/end states" */
static bool may_pass(unsigned int via, unsigned int from, unsigned int to)
{
	return !is_saving(via) || (is_saving(from) && is_saving(to));
}

/* "These arcs are not permitted and return error if requested" */
static bool is_forbidden(unsigned int from, unsigned int to)
{
	return from == S(STOP_COPY) && is_pre_copy(to);
}

/* The number of arcs on the shortest walk */
static int model_distance(const struct model *model, unsigned int from, unsigned int to)
{
	unsigned int queue[NR_STATES], head = 0, tail = 0, next;
	int distance[NR_STATES];

	if (!has_state(model, from) || !has_state(model, to) || is_forbidden(from, to))
		return NO_WALK;

	for (next = 0; next < NR_STATES; next++)
		distance[next] = NO_WALK;
	distance[from] = 0;
	queue[tail++] = from;
	while (head < tail) {
		unsigned int state = queue[head++];

		if (state != from && state != to && !may_pass(state, from, to))
			continue;
		for (next = 0; next < NR_STATES; next++) {
			if (!model->has_arc[state][next] || distance[next] != NO_WALK)
				continue;
			distance[next] = distance[state] + 1;
			queue[tail++] = next;
		}
	}
	return distance[to];
}

/* Follows the table, which may only take arcs of the model and only pass where one may */
static void check_walk(const struct model *model, unsigned int from, unsigned int to)
{
	int expected = model_distance(model, from, to);
	unsigned int state = from;
	int steps = 0;

	if (expected == NO_WALK) {
		if (vpv_arc_next(from, to, model->flags) != -EINVAL)
			fail_msg("flags %u: %s -> %s is not refused", model->flags,
				 state_names[from], state_names[to]);
		return;
	}

	while (state != to && steps < NR_STATES) {
		int next = vpv_arc_next(state, to, model->flags);

		if (next < 0 || next >= NR_STATES || !model->has_arc[state][next])
			fail_msg("flags %u: %s -> %s: %s -> %d is no arc", model->flags,
				 state_names[from], state_names[to], state_names[state], next);
		state = next;
		if (state != to && !may_pass(state, from, to))
			fail_msg("flags %u: %s -> %s passes %s", model->flags, state_names[from],
				 state_names[to], state_names[state]);
		steps++;
	}
	if (state != to || steps != expected)
		fail_msg("flags %u: %s -> %s takes %d arcs, not %d", model->flags,
			 state_names[from], state_names[to], steps, expected);
	assert_int_equal(vpv_arc_next(to, to, model->flags), to);
}

static void check_all_pairs(unsigned int flags)
{
	struct model model;
	unsigned int from, to;

	model_init(&model, flags);
	for (from = 0; from < NR_STATES; from++)
		for (to = 0; to < NR_STATES; to++)
			check_walk(&model, from, to);
}

static void all_pairs_with_stop_copy(void **state)
{
	check_all_pairs(VFIO_MIGRATION_STOP_COPY);
}

static void all_pairs_with_p2p(void **state)
{
	check_all_pairs(VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P);
}

static void all_pairs_with_pre_copy(void **state)
{
	check_all_pairs(VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_PRE_COPY);
}

static void all_pairs_with_p2p_and_pre_copy(void **state)
{
	check_all_pairs(VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | VFIO_MIGRATION_PRE_COPY);
}

static void nothing_goes_without_stop_copy(void **state)
{
	check_all_pairs(0);
	check_all_pairs(VFIO_MIGRATION_P2P | VFIO_MIGRATION_PRE_COPY);
}

/* The text's own examples of blocked arcs; the oracle must agree, not only the table */
static void oracle_blocks_what_the_text_blocks(void **state)
{
	struct model model;
	unsigned int other;

	model_init(&model, VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P |
		   VFIO_MIGRATION_PRE_COPY);
	assert_int_equal(model_distance(&model, S(STOP_COPY), S(PRE_COPY)), NO_WALK);
	assert_int_equal(model_distance(&model, S(STOP_COPY), S(PRE_COPY_P2P)), NO_WALK);
	for (other = 0; other < NR_STATES; other++) {
		assert_int_equal(model_distance(&model, S(ERROR), other), NO_WALK);
		assert_int_equal(model_distance(&model, other, S(ERROR)), NO_WALK);
	}
	assert_int_equal(model_distance(&model, S(PRE_COPY), S(STOP_COPY)), 2);
	assert_int_equal(model_distance(&model, S(RUNNING), S(STOP_COPY)), 3);
	assert_int_equal(model_distance(&model, S(RESUMING), S(PRE_COPY)), 4);
}

static void numbers_beyond_the_states_are_refused(void **state)
{
	static const unsigned int numbers[] = { 8, 9, 255, 256, 0x80000000, UINT32_MAX };
	unsigned int flags = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P |
			     VFIO_MIGRATION_PRE_COPY;
	unsigned int other;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		for (other = 0; other < NR_STATES; other++) {
			assert_int_equal(vpv_arc_next(other, numbers[i], flags), -EINVAL);
			assert_int_equal(vpv_arc_next(numbers[i], other, flags), -EINVAL);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(oracle_blocks_what_the_text_blocks),
		cmocka_unit_test(all_pairs_with_stop_copy),
		cmocka_unit_test(all_pairs_with_p2p),
		cmocka_unit_test(all_pairs_with_pre_copy),
		cmocka_unit_test(all_pairs_with_p2p_and_pre_copy),
		cmocka_unit_test(nothing_goes_without_stop_copy),
		cmocka_unit_test(numbers_beyond_the_states_are_refused),
	};

	return cmocka_run_group_tests_name("arcs", tests, NULL, NULL);
}
