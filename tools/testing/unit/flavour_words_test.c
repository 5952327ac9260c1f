// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of drivers/base/flavour/words.c in user space: what is written and read, aliases, and
 * which of several modules comes first. The oracle for ids is the text of aliases: a table entry
 * matches a device exactly if fnmatch() says so of their aliases, and has as many wildcards as the
 * alias has fields that are "*", as libvirt counts.
 */

#include <errno.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <linux/kernel.h>
#include <linux/string.h>

#include "words.h"

#define ANY	FLAVOUR_PCI_ANY

#define CX_VF	"vfio_pci:v000015B3d0000101Esv000015B3sd00000058bc02sc00i00"

static const struct flavour_pci_ids cx_vf = {
	0x15b3, 0x101e, 0x15b3, 0x58, 0x020000, ~(u32)0,
};

static int parse(const char *text)
{
	/* Just as large as the text, so that the sanitizer sees each byte too many */
	size_t len = strlen(text);
	char *copy = malloc(len + 1);
	int ret;

	memcpy(copy, text, len + 1);
	ret = flavour_parse(copy, len);
	free(copy);
	return ret;
}

static void flavours_are_understood(void **state)
{
	assert_int_equal(parse("vfio"), FLAVOUR_VFIO);
	assert_int_equal(parse("vfio\n"), FLAVOUR_VFIO);
	assert_int_equal(parse("native"), FLAVOUR_NATIVE);
	assert_int_equal(parse("native\n"), FLAVOUR_NATIVE);
}

static void other_words_are_refused(void **state)
{
	static const char * const words[] = {
		"", "\n", "\n\n", "vfi", "vfio ", " vfio", "vfio\n\n", "VFIO", "vfio\t", "vfiox",
		"natives", "nativ", "vfio native", "[vfio]", "\nvfio", "none",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		assert_int_equal(parse(words[i]), -EINVAL);
	assert_int_equal(flavour_parse("vfio\0\n", 6), -EINVAL);
	assert_int_equal(flavour_parse("vfio\0", 5), -EINVAL);
	assert_int_equal(flavour_parse(NULL, 0), -EINVAL);
}

static void reads(bool offers, enum flavour active, const char *override, const char *text)
{
	char buf[4096];

	assert_int_equal(flavour_format(buf, sizeof(buf), offers, active, override),
			 strlen(text));
	assert_string_equal(buf, text);
}

static void flavours_are_shown(void **state)
{
	reads(true, FLAVOUR_NATIVE, NULL, "[native] vfio\n");
	reads(true, FLAVOUR_VFIO, NULL, "native [vfio]\n");
	reads(false, FLAVOUR_NATIVE, NULL, "[native]\n");
	reads(true, FLAVOUR_NATIVE, "pci-stub", "[native] vfio override=pci-stub\n");
	reads(true, FLAVOUR_VFIO, "a b", "native [vfio] override=a b\n");
	reads(false, FLAVOUR_NATIVE, "", "[native] override=\n");
}

static void a_long_override_is_cut(void **state)
{
	char override[5000], *buf = malloc(4096);
	int n;

	memset(override, 'x', sizeof(override) - 1);
	override[sizeof(override) - 1] = '\0';
	n = flavour_format(buf, 4096, true, FLAVOUR_VFIO, override);
	assert_int_equal(n, 4095);
	assert_int_equal(buf[n - 1], '\n');
	assert_int_equal(buf[n], '\0');
	assert_memory_equal(buf, "native [vfio] override=xxx", 26);
	free(buf);
}

static void the_alias_is_modalias_form(void **state)
{
	char buf[59];

	assert_int_equal(flavour_pci_alias(buf, sizeof(buf), "vfio_pci:", &cx_vf), 58);
	assert_string_equal(buf, CX_VF);
	assert_int_equal(flavour_pci_alias(buf, 58, "vfio_pci:", &cx_vf), -ENAMETOOLONG);
	assert_int_equal(flavour_pci_alias(buf, sizeof(buf), "pci:", &cx_vf), 53);
	assert_string_equal(buf, CX_VF + strlen("vfio_"));
}

/* What modprobe is asked for when modules.alias cannot be read */
static void short_aliases_fit_and_match(void **state)
{
	static const char * const patterns[] = {
		"vfio_pci:v*d*sv*sd*bc*sc*i*",
		"vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i*",
		"vfio_pci:v000015B3d0000101Esv000015B3sd*bc*sc*i*",
		"vfio_pci:v000015B3d0000101Esv000015B3sd00000058bc*sc*i*",
		"vfio_pci:v000015B3d*sv*sd*bc02sc*i*",
		"vfio_pci:v000015B3d*sv*sd*bc02sc00i*",
		"vfio_pci:v000015B3d*sv*sd*bc02sc00i00*",
	};
	char buf[2][64];
	unsigned int i;

	for (i = 0; i < 2; i++)
		assert_in_range(flavour_pci_short_alias(buf[i], sizeof(buf[i]), "vfio_pci:",
							&cx_vf, i), 1, 55);
	assert_int_equal(flavour_pci_short_alias(buf[0], sizeof(buf[0]), "vfio_pci:", &cx_vf, 2),
			 -ENOENT);
	for (i = 0; i < ARRAY_SIZE(patterns); i++)
		assert_true(!fnmatch(patterns[i], buf[0], 0) || !fnmatch(patterns[i], buf[1], 0));
	assert_int_equal(flavour_pci_short_alias(buf[0], 20, "vfio_pci:", &cx_vf, 0),
			 -ENAMETOOLONG);
}

static int put_value(char *at, const char *name, bool fixed, unsigned int digits, u32 value)
{
	return fixed ? sprintf(at, "%s%0*X", name, (int)digits, value) : sprintf(at, "%s*", name);
}

/* The alias of a table entry, as file2alias.c makes it */
static void entry_alias(const struct flavour_pci_ids *entry, char *text)
{
	u32 mask = entry->class_mask, class = entry->class;

	text += sprintf(text, "vfio_pci:");
	text += put_value(text, "v", entry->vendor != ANY, 8, entry->vendor);
	text += put_value(text, "d", entry->device != ANY, 8, entry->device);
	text += put_value(text, "sv", entry->subvendor != ANY, 8, entry->subvendor);
	text += put_value(text, "sd", entry->subdevice != ANY, 8, entry->subdevice);
	text += put_value(text, "bc", mask >> 16 & 0xff, 2, class >> 16 & 0xff);
	text += put_value(text, "sc", mask >> 8 & 0xff, 2, class >> 8 & 0xff);
	text += put_value(text, "i", mask & 0xff, 2, class & 0xff);
	if (text[-1] != '*')
		memcpy(text, "*", sizeof("*"));
}

/* All 2^7 kinds of entries, with each field right or wrong: tables and aliases agree */
static void tables_agree_with_their_aliases(void **state)
{
	char pattern[80];
	unsigned int any, wrong, i;

	for (any = 0; any < 1 << 7; any++) {
		for (wrong = 0; wrong < 8; wrong++) {
			u32 ids[4] = { 0x15b3, 0x101e, 0x15b3, 0x58 }, mask = 0, class = 0x020000;
			struct flavour_pci_ids entry;
			int wildcards = 0;

			for (i = 0; i < 4; i++) {
				ids[i] += wrong == i;
				if (any & 1 << i)
					ids[i] = ANY;
			}
			for (i = 0; i < 3; i++) {
				if (!(any & 1 << (4 + i)))
					mask |= 0xff << (8 * i);
				if (wrong == 4 + i)
					class ^= 1 << (8 * i);
			}
			entry = (struct flavour_pci_ids) {
				ids[0], ids[1], ids[2], ids[3], class & mask, mask,
			};
			entry_alias(&entry, pattern);
			if (fnmatch(pattern, CX_VF, 0)) {
				assert_int_equal(flavour_pci_match(&entry, &cx_vf), -ENODEV);
				continue;
			}
			for (i = 0; i < 7; i++)
				wildcards += any >> i & 1;
			assert_int_equal(flavour_pci_match(&entry, &cx_vf), wildcards);
			assert_int_equal(flavour_wildcards(pattern), wildcards);
		}
	}
}

static void wildcards_are_counted(void **state)
{
	assert_int_equal(flavour_wildcards(""), 0);
	assert_int_equal(flavour_wildcards("*"), 1);
	assert_int_equal(flavour_wildcards("vfio-reset:calxeda,hb-xgmac"), 0);
	assert_int_equal(flavour_wildcards("of:N*T*Cvendor,thingC*"), 2);
}

static void names_are_normalized(void **state)
{
	char name[] = "vfio-pci-core", empty[] = "";

	flavour_normalize(name);
	flavour_normalize(empty);
	assert_string_equal(name, "vfio_pci_core");
	assert_string_equal(empty, "");
}

static const char aliases[] =
	"# Aliases extracted from modules themselves.\n"
	"alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n"
	"alias pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_core\n"
	"alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* first\n"
	"alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* second\n"
	"alias vfio_pci:v000015B3d*sv*sd*bc02sc*i* vendor\n"
	"alias vfio_pci:v000015B3d0000101Esv000015B3sd*bc*sc*i* subvendor\n"
	"alias vfio_pci:v00008086d*sv*sd*bc03sc*i* igd\n"
	"alias vfio-reset:calxeda,hb-xgmac reset_xgmac\n"
	"alias broken\n"
	"alias  empty_pattern\n"
	"aliasvfio_pci:v*d*sv*sd*bc*sc*i* x\n"
	"\n"
	"alias vfio_pci:v*d*sv*sd*bc*sc*i* name_of_a_module_that_is_longer_than_any_name_that_a_kernel_takes\n"
	"alias vfio_pci:v000015B3d0000101Esv000015B3sd00000058bc02sc00i00* cut_o";

/* The order in which modules are tried, as one line */
static void candidates(const char *text, size_t len, const char *alias, const char *wanted)
{
	struct flavour_candidate candidate = { .module = "" };
	char *copy = malloc(len ?: 1), have[256] = "";

	memcpy(copy, text, len);
	while (!flavour_next_candidate(copy, len, alias, &candidate)) {
		strcat(have, candidate.module);
		strcat(have, " ");
	}
	assert_string_equal(have, wanted);
	assert_memory_equal(copy, text, len);
	free(copy);
}

static void fewest_wildcards_come_first(void **state)
{
	size_t len = sizeof(aliases) - 1;

	candidates(aliases, len, CX_VF, "subvendor first second vendor vfio_pci ");
	candidates(aliases, len, "vfio_pci:v00008086d00001912sv00008086sd00000000bc03sc00i00",
		   "igd vfio_pci ");
	candidates(aliases, len, "vfio_pci:v00001AF4d00001110sv00001AF4sd00001100bc05sc00i00",
		   "vfio_pci ");
	candidates(aliases, len, "vfio-reset:calxeda,hb-xgmac", "reset_xgmac ");
	candidates(aliases, len, "vfio-reset:calxeda,hb", "");
	candidates(aliases, len, "", "empty_pattern ");
	candidates("", 0, CX_VF, "");
}

/* Cut off anywhere, the text is never read beyond its end, and what is whole still counts */
static void a_text_that_is_cut_off_is_safe(void **state)
{
	struct flavour_candidate candidate;
	char *copy;
	size_t len;

	for (len = 0; len < sizeof(aliases); len++) {
		copy = malloc(len ?: 1);
		memcpy(copy, aliases, len);
		memset(&candidate, 0, sizeof(candidate));
		while (!flavour_next_candidate(copy, len, CX_VF, &candidate))
			assert_true(candidate.at < len);
		flavour_module_has_alias(copy, len, "vfio_pci:", "igd");
		assert_memory_equal(copy, aliases, len);
		free(copy);
	}
}

static void modules_of_a_bus_are_known(void **state)
{
	size_t len = sizeof(aliases) - 1;
	char *text = malloc(len);

	memcpy(text, aliases, len);
	assert_true(flavour_module_has_alias(text, len, "vfio_pci:", "igd"));
	assert_true(flavour_module_has_alias(text, len, "vfio_pci:", "vfio_pci"));
	assert_false(flavour_module_has_alias(text, len, "vfio_pci:", "mlx5_core"));
	assert_false(flavour_module_has_alias(text, len, "vfio_pci:", "reset_xgmac"));
	assert_false(flavour_module_has_alias(text, len, "vfio_pci:", "ig"));
	assert_false(flavour_module_has_alias(text, len, "vfio_pci:", ""));
	assert_memory_equal(text, aliases, len);
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(flavours_are_understood),
		cmocka_unit_test(other_words_are_refused),
		cmocka_unit_test(flavours_are_shown),
		cmocka_unit_test(a_long_override_is_cut),
		cmocka_unit_test(the_alias_is_modalias_form),
		cmocka_unit_test(short_aliases_fit_and_match),
		cmocka_unit_test(tables_agree_with_their_aliases),
		cmocka_unit_test(wildcards_are_counted),
		cmocka_unit_test(names_are_normalized),
		cmocka_unit_test(fewest_wildcards_come_first),
		cmocka_unit_test(a_text_that_is_cut_off_is_safe),
		cmocka_unit_test(modules_of_a_bus_are_known),
	};

	return cmocka_run_group_tests_name("flavour_words", tests, NULL, NULL);
}
