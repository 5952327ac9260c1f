// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of tools/vfio/compat.c and forecast.c: two hosts that differ in one thing, and guests of
 * which it is known what becomes of them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "compat.h"
#include "forecast.h"
#include "profile.h"

#define GIB	1073741824.0
#define MIB	1048576.0

static struct compat compats[COMPAT_MAX];
static int nr;

static const struct profile good = {
	.device = "0000:3b:00.2", .driver = "mlx5_vfio_pci", .kernel = "6.12", .qemu = "10.0",
	.libvirt = "11.3", .firmware = "28.43.1014", .psid = "MT_0000000359",
	.pages = "told by the type1 container", .kind = 0x15b3101e, .card = 0x15b31021,
	.bar_bytes = 1 << 20, .vectors = 12, .state_bytes = 1000, .can_migrate = PROFILE_YES,
	.p2p = PROFILE_YES, .precopy = PROFILE_YES,
};

static const struct compat *named(const char *name)
{
	int i;

	for (i = 0; i < nr; i++) {
		if (!strcmp(compats[i].name, name))
			return &compats[i];
	}
	fail_msg("nobody looked at %s", name);
	return NULL;
}

/* Everything else is as it was. */
static void only(const char *name, enum compat_status status, const struct profile *from,
		 const struct profile *to)
{
	const struct compat *compat;

	nr = compat_make(from, to, compats);
	assert_true(nr < COMPAT_MAX);
	compat = named(name);
	if (compat->status != status)
		fail_msg("%s: status %d, not %d", name, compat->status, status);
	assert_int_equal(compat_count(compats, nr, COMPAT_SAME),
			 nr - (status != COMPAT_SAME));
	assert_true(status == COMPAT_SAME || compat->why[0]);
}

static void equal_sides_fit(void **state)
{
	only("PSID", COMPAT_SAME, &good, &good);
	assert_string_equal(named("card")->source, "15b3:1021");
	assert_string_equal(named("MSI-X")->destination, "12");
}

static void what_the_driver_or_qemu_refuses_fails(void **state)
{
	struct profile other = good;

	other.card = 0x15b3101d;
	only("card", COMPAT_FAILS, &good, &other);
	other = good;
	other.kind = 0x15b3101f;
	only("device", COMPAT_FAILS, &good, &other);
	other = good;
	other.bar_bytes *= 2;
	only("BAR 0", COMPAT_FAILS, &good, &other);
	other = good;
	other.vectors = 24;
	only("MSI-X", COMPAT_FAILS, &good, &other);
	only("MSI-X", COMPAT_FAILS, &other, &good);
	other = good;
	snprintf(other.driver, sizeof(other.driver), "vfio-pci");
	only("driver", COMPAT_FAILS, &good, &other);
}

static void a_side_that_cannot_migrate_fails(void **state)
{
	struct profile other = good;

	other.can_migrate = PROFILE_NO;
	snprintf(other.against, sizeof(other.against), "it has none");
	only("migrates", COMPAT_FAILS, &good, &other);
	assert_string_equal(named("migrates")->why,
			    "at the destination: it has none; vfioctl why tells more");
	only("migrates", COMPAT_FAILS, &other, &good);
}

static void what_nobody_stands_for_is_a_risk(void **state)
{
	struct profile other = good;

	snprintf(other.psid, sizeof(other.psid), "MT_0000000360");
	only("PSID", COMPAT_RISK, &good, &other);
	other = good;
	snprintf(other.firmware, sizeof(other.firmware), "28.9.2000");
	only("firmware", COMPAT_RISK, &good, &other);
	assert_non_null(strstr(named("firmware")->why, "older"));
	only("firmware", COMPAT_RISK, &other, &good);
	assert_null(strstr(named("firmware")->why, "older"));
	other = good;
	other.precopy = PROFILE_NO;
	only("pre-copy", COMPAT_RISK, &good, &other);
}

static void programs_are_compared_by_their_versions(void **state)
{
	struct profile other = good;

	snprintf(other.qemu, sizeof(other.qemu), "7.2");
	only("QEMU", COMPAT_RISK, &good, &other);
	only("QEMU", COMPAT_RISK, &other, &good);
	snprintf(other.qemu, sizeof(other.qemu), "9.2");
	only("QEMU", COMPAT_RISK, &good, &other);
	only("QEMU", COMPAT_NOTE, &other, &good);
	other = good;
	snprintf(other.libvirt, sizeof(other.libvirt), "9.0");
	only("libvirt", COMPAT_NOTE, &good, &other);
	only("libvirt", COMPAT_SAME, &other, &good);
	other = good;
	snprintf(other.kernel, sizeof(other.kernel), "6.1");
	only("kernel", COMPAT_SAME, &good, &other);
}

static void what_is_not_told_is_unknown(void **state)
{
	struct profile other = good;

	other.psid[0] = '\0';
	only("PSID", COMPAT_UNKNOWN, &good, &other);
	assert_string_equal(named("PSID")->why, "the destination does not tell");
	assert_string_equal(named("PSID")->destination, "?");
	only("PSID", COMPAT_UNKNOWN, &other, &other);
	other = good;
	other.vectors = PROFILE_UNKNOWN;
	only("MSI-X", COMPAT_UNKNOWN, &other, &good);
	assert_string_equal(named("MSI-X")->why, "the source does not tell");
}

static void a_slower_way_is_noted(void **state)
{
	struct profile other = good;

	snprintf(other.pages, sizeof(other.pages), "not told: the device cannot tell");
	only("pages", COMPAT_NOTE, &other, &good);
	only("pages", COMPAT_SAME, &good, &other);
	other = good;
	other.precopy = PROFILE_NO;
	only("pre-copy", COMPAT_NOTE, &other, &other);
	other = good;
	other.p2p = PROFILE_NO;
	only("P2P", COMPAT_NOTE, &other, &good);
}

static const struct forecast_guest guest = {
	.memory_bytes = 16 * GIB, .bandwidth = GIB, .limit_ms = 300, .vfs = 1,
	.state_bytes = 512 * MIB, .precopy = true, .pages_told = true,
};

static void near(double a, double b)
{
	if (a < b * 0.999 - 0.001 || a > b * 1.001 + 0.001)
		fail_msg("%f is not %f", a, b);
}

static void a_guest_that_sleeps_goes_in_one_round(void **state)
{
	struct forecast forecast = forecast_make(&guest);

	assert_true(forecast.ends);
	assert_int_equal(forecast.rounds, 1);
	near(forecast.running_ms, 16500);
	near(forecast.blackout_ms, 0);
}

/* Each round is a tenth of the one before: 16.5 s, 1.65 s, then 0.165 s are left. */
static void rounds_get_shorter(void **state)
{
	struct forecast_guest busy = guest;
	struct forecast forecast;

	busy.dirty_rate = GIB / 10;
	busy.device_us = 70000;
	forecast = forecast_make(&busy);
	assert_true(forecast.ends);
	assert_int_equal(forecast.rounds, 2);
	near(forecast.running_ms, 16500 + 1650);
	near(forecast.limit_ms, 165);
	near(forecast.blackout_ms, 165 + 70);
	near(forecast.last_bytes, 0.165 * GIB);
}

static void one_that_writes_too_fast_never_ends(void **state)
{
	struct forecast_guest busy = guest;
	struct forecast forecast;

	busy.dirty_rate = 2 * GIB;
	forecast = forecast_make(&busy);
	assert_false(forecast.ends);
	near(forecast.limit_ms, 16000);
	busy.limit_ms = forecast.limit_ms + 1;
	assert_true(forecast_make(&busy).ends);
}

static void without_precopy_the_state_is_in_the_blackout(void **state)
{
	struct forecast_guest old = guest;
	struct forecast forecast;

	old.precopy = false;
	forecast = forecast_make(&old);
	assert_false(forecast.ends);
	near(forecast.limit_ms, 500);
	old.limit_ms = 501;
	forecast = forecast_make(&old);
	assert_true(forecast.ends);
	near(forecast.running_ms, 16000);
	near(forecast.last_bytes, 512 * MIB);
	old.vfs = 4;
	near(forecast_make(&old).last_bytes, 2 * GIB);
}

static void pages_that_nobody_tells_are_all_of_them(void **state)
{
	struct forecast_guest blind = guest;
	struct forecast forecast;

	blind.pages_told = false;
	forecast = forecast_make(&blind);
	assert_false(forecast.ends);
	near(forecast.limit_ms, 16000);
}

static void a_state_changes_too(void **state)
{
	struct forecast_guest busy = guest;

	busy.state_dirty_rate = GIB / 100;
	near(forecast_make(&busy).limit_ms, 165);
	/* No more than there is */
	busy.state_dirty_rate = GIB;
	busy.limit_ms = 600;
	near(forecast_make(&busy).limit_ms, 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_sides_fit),
		cmocka_unit_test(what_the_driver_or_qemu_refuses_fails),
		cmocka_unit_test(a_side_that_cannot_migrate_fails),
		cmocka_unit_test(what_nobody_stands_for_is_a_risk),
		cmocka_unit_test(programs_are_compared_by_their_versions),
		cmocka_unit_test(what_is_not_told_is_unknown),
		cmocka_unit_test(a_slower_way_is_noted),
		cmocka_unit_test(a_guest_that_sleeps_goes_in_one_round),
		cmocka_unit_test(rounds_get_shorter),
		cmocka_unit_test(one_that_writes_too_fast_never_ends),
		cmocka_unit_test(without_precopy_the_state_is_in_the_blackout),
		cmocka_unit_test(pages_that_nobody_tells_are_all_of_them),
		cmocka_unit_test(a_state_changes_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
