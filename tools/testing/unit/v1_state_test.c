// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of drivers/vfio/pci/core/v1_state.c in user space: the table of device_state's bits as
 * the uAPI's text on struct vfio_device_migration_info had it until Linux 5.17.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/kernel.h>
#include <linux/vfio.h>

#include "v1_state.h"

#define RUNNING		VFIO_DEVICE_STATE_V1_RUNNING
#define SAVING		VFIO_DEVICE_STATE_V1_SAVING
#define RESUMING	VFIO_DEVICE_STATE_V1_RESUMING

/* "+------- _RESUMING  |+------ _SAVING  ||+----- _RUNNING", and what each row of that says */
static const struct {
	u32 bits;
	int state;
} rows[] = {
	{ 0, VFIO_DEVICE_STATE_STOP },
	{ RUNNING, VFIO_DEVICE_STATE_RUNNING },
	{ SAVING, VFIO_DEVICE_STATE_STOP_COPY },
	{ SAVING | RUNNING, VFIO_DEVICE_STATE_PRE_COPY },
	{ RESUMING, VFIO_DEVICE_STATE_RESUMING },
	/* "Invalid", "Error state", "Invalid" */
	{ RESUMING | RUNNING, -EINVAL },
	{ RESUMING | SAVING, -EINVAL },
	{ RESUMING | SAVING | RUNNING, -EINVAL },
};

static void states_are_those_of_the_table(void **state)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(rows[i].state, vpv_v1_to_state(rows[i].bits, true));
		if (rows[i].state >= 0)
			assert_int_equal(rows[i].bits, vpv_v1_from_state(rows[i].state));
	}
}

static void without_precopy_the_device_runs(void **state)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].state == VFIO_DEVICE_STATE_PRE_COPY)
			assert_int_equal(VFIO_DEVICE_STATE_RUNNING,
					 vpv_v1_to_state(rows[i].bits, false));
		else
			assert_int_equal(rows[i].state, vpv_v1_to_state(rows[i].bits, false));
	}
}

static void other_bits_are_no_state(void **state)
{
	unsigned int bit, low;

	for (bit = 3; bit < 32; bit++)
		for (low = 0; low < 8; low++)
			assert_int_equal(-EINVAL, vpv_v1_to_state(1U << bit | low, true));
}

/* QEMU 7.2 aborts when it reads the error */
static void the_error_is_told_of_nothing_else(void **state)
{
	u32 i;

	for (i = 0; i < VFIO_DEVICE_STATE_PRE_COPY_P2P + 1; i++)
		assert_int_equal(i == VFIO_DEVICE_STATE_ERROR,
				 VFIO_DEVICE_STATE_IS_ERROR(vpv_v1_from_state(i)));
}

static void p2p_states_are_as_those_without(void **state)
{
	assert_int_equal(RUNNING, vpv_v1_from_state(VFIO_DEVICE_STATE_RUNNING_P2P));
	assert_int_equal(SAVING | RUNNING, vpv_v1_from_state(VFIO_DEVICE_STATE_PRE_COPY_P2P));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_are_those_of_the_table),
		cmocka_unit_test(without_precopy_the_device_runs),
		cmocka_unit_test(other_bits_are_no_state),
		cmocka_unit_test(the_error_is_told_of_nothing_else),
		cmocka_unit_test(p2p_states_are_as_those_without),
	};

	return cmocka_run_group_tests_name("v1_state", tests, NULL, NULL);
}
