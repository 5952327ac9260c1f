// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of tools/vfio/profile.c and card.c: what is read may be anything.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "card.h"
#include "paths.h"
#include "profile.h"

#define VF	"0000:3b:00.2"

static char top[64] = "/tmp/vfio_profile_test.XXXXXX";
static char path[128];

static int set_up(void **state)
{
	char command[160];

	assert_non_null(mkdtemp(top));
	snprintf(path, sizeof(path), "%s/file", top);
	snprintf(command, sizeof(command), "mkdir -p %s/bus/pci/devices/" VF, top);
	paths_sysfs = top;
	return system(command);
}

static int tear_down(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static void put(const char *name, const void *data, size_t size)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static int read_text(const char *text, struct profile *profile)
{
	put(path, text, strlen(text));
	return profile_read(profile, path);
}

static void members_are_understood(void **state)
{
	static const char text[] =
		" { \"vfioctl_report\": 1,\"psid\" : \"x\\\"\\n\\u00e4\\u20AC/\" ,\"later\":-12.5e1,\n"
		"\"p2p\":true,\"pre_copy\" :false,\"qemu\":null,\"more\": [1,[],{\"g\":[{}]}],\n"
		"\"h\": {\"driver\": \"a\", \"b\": \"}\"}, \"kind\": -3 }\n";
	struct profile profile;

	assert_int_equal(read_text(text, &profile), 0);
	assert_string_equal(profile.psid, "x\"\n\xc3\xa4\xe2\x82\xac/");
	assert_int_equal(profile.p2p, PROFILE_YES);
	assert_int_equal(profile.precopy, PROFILE_NO);
	assert_string_equal(profile.qemu, "");
	assert_string_equal(profile.driver, "");
	assert_int_equal(profile.kind, -3);
	assert_int_equal(profile.card, PROFILE_UNKNOWN);
}

/* Each would be taken but for what stands behind the version. */
static void what_is_no_object_is_refused(void **state)
{
	static const char *const ends[] = {
		"", ",", ",}", "}x", "}}", ",a:1}", ",\"a\" 1}", ",\"a\"", ",\"a\":", ",\"a\":}",
		",\"a\":1", ",\"a\":\"x}", ",\"a\":\"\\", ",\"a\":\"\\q\"}",
		",\"a\":\"\\u12\"}", ",\"a\":[1}", ",\"a\":[1,]}", ",\"a\":trul}",
		",\"a\":-}", ",\"a\":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}",
	};
	static const char *const texts[] = { "", " ", "[]", "1", "{}", "}", "null" };
	struct profile profile;
	char text[128];
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (read_text(texts[i], &profile) != -EINVAL)
			fail_msg("taken: %s", texts[i]);
	}
	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		snprintf(text, sizeof(text), "{\"vfioctl_report\": 1%s", ends[i]);
		if (read_text(text, &profile) != -EINVAL)
			fail_msg("taken: %s", text);
	}
	assert_int_equal(read_text("{\"vfioctl_report\": 1}", &profile), 0);
}

/* Every text that is cut off is refused. */
static void no_half_is_taken(void **state)
{
	static const char whole[] =
		"{\"vfioctl_report\":1,\"a\":\"\\u20ac\\n\",\"b\":[1,{\"c\":null}],\"d\":false}";
	struct profile profile;
	char text[sizeof(whole)];
	size_t len;

	for (len = 0; len < sizeof(whole) - 1; len++) {
		snprintf(text, sizeof(text), "%.*s", (int)len, whole);
		assert_int_equal(read_text(text, &profile), -EINVAL);
	}
	assert_int_equal(read_text(whole, &profile), 0);
}

static void what_is_too_long_is_cut(void **state)
{
	char value[2 * PROFILE_TEXT_SIZE], text[4 * sizeof(value)];
	struct profile profile;

	memset(value, 'v', sizeof(value));
	snprintf(text, sizeof(text), "{\"vfioctl_report\": 1, \"%.*s\": 1, \"psid\": \"%.*s\"}",
		 (int)sizeof(value), value, (int)sizeof(value), value);
	assert_int_equal(read_text(text, &profile), 0);
	assert_int_equal(strlen(profile.psid), PROFILE_TEXT_SIZE - 1);
}

static void a_profile_comes_back(void **state)
{
	struct profile profile = {
		.device = VF, .driver = "mlx5_vfio_pci", .kernel = "6.12", .qemu = "10.0",
		.firmware = "22.43.1014", .psid = "MT_0000000359", .pages = "told by \"it\"",
		.kind = 0x15b3101e, .card = 0x15b3101d, .bar_bytes = 1 << 20, .vectors = 12,
		.state_bytes = PROFILE_UNKNOWN, .stop_us = 5, .start_us = PROFILE_UNKNOWN,
		.can_migrate = PROFILE_YES, .p2p = PROFILE_NO, .precopy = PROFILE_MAYBE,
	}, again;
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	profile_write(&profile, out);
	assert_int_equal(fclose(out), 0);
	memset(&again, 0xff, sizeof(again));
	assert_int_equal(profile_read(&again, path), 0);
	assert_memory_equal(&again, &profile, sizeof(profile));
}

static void other_files_are_refused(void **state)
{
	static char large[70000];
	struct profile profile;

	assert_int_equal(profile_read(&profile, "/nonexistent"), -ENOENT);
	put(path, "{\"vfioctl_report\": 2}", 21);
	assert_int_equal(profile_read(&profile, path), -EOPNOTSUPP);
	put(path, "{\"device\": \"a\"}", 15);
	assert_int_equal(profile_read(&profile, path), -EINVAL);
	put(path, "nothing", 7);
	assert_int_equal(profile_read(&profile, path), -EINVAL);
	memset(large, ' ', sizeof(large));
	put(path, large, sizeof(large));
	assert_int_equal(profile_read(&profile, path), -EINVAL);
	/* A member of another type than ours is none. */
	put(path, "{\"vfioctl_report\": 1, \"kind\": \"x\", \"driver\": 3, \"p2p\": 1}", 58);
	assert_int_equal(profile_read(&profile, path), 0);
	assert_int_equal(profile.kind, PROFILE_UNKNOWN);
	assert_string_equal(profile.driver, "");
	assert_int_equal(profile.p2p, PROFILE_MAYBE);
}

static void firmware_is_understood(void **state)
{
	struct card card;

	assert_true(card_parse("22.43.1014 (MT_0000000359)", &card));
	assert_string_equal(card.firmware, "22.43.1014");
	assert_string_equal(card.psid, "MT_0000000359");
	assert_true(card_parse("9.1", &card));
	assert_string_equal(card.psid, "");
	assert_true(card_parse("9.1 (X", &card));
	assert_string_equal(card.psid, "");
	assert_false(card_parse("", &card));
	assert_false(card_parse("N/A", &card));
	assert_int_equal(card_read(VF, &card), -ENOENT);
}

static void what_the_guest_sees_is_measured(void **state)
{
	unsigned char config[256] = { };

	assert_int_equal(card_bar_bytes(VF), -1);
	assert_int_equal(card_vectors(VF), -1);
	assert_int_equal(chdir(top), 0);
	assert_int_equal(chdir("bus/pci/devices/" VF), 0);
	put("resource", "0x00000000fe000000 0x00000000fe0fffff 0x0000000000040200\n", 57);
	assert_int_equal(card_bar_bytes(VF), 1 << 20);
	put("resource", "0x0000000000000000 0x0000000000000000 0x0000000000000000\n", 57);
	assert_int_equal(card_bar_bytes(VF), -1);
	/* Who is not root gets 64 bytes. */
	put("config", config, 64);
	assert_int_equal(card_vectors(VF), -1);
	config[0x34] = 0x60;
	config[0x60] = 0x10;
	config[0x61] = 0x9c;
	config[0x9c] = 0x11;
	config[0x9e] = 11;
	put("config", config, sizeof(config));
	assert_int_equal(card_vectors(VF), 12);
	/* A list that bites its own tail, and has none */
	config[0x9c] = 0x10;
	config[0x9d] = 0x60;
	put("config", config, sizeof(config));
	assert_int_equal(card_vectors(VF), -1);
	config[0x61] = 0xff;
	config[0xfc] = 0x11;
	config[0xfe] = 0xff;
	config[0xff] = 0xff;
	put("config", config, sizeof(config));
	assert_int_equal(card_vectors(VF), 2048);
	assert_int_equal(chdir("/"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_understood),
		cmocka_unit_test(what_is_no_object_is_refused),
		cmocka_unit_test(no_half_is_taken),
		cmocka_unit_test(what_is_too_long_is_cut),
		cmocka_unit_test(a_profile_comes_back),
		cmocka_unit_test(other_files_are_refused),
		cmocka_unit_test(firmware_is_understood),
		cmocka_unit_test(what_the_guest_sees_is_measured),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
