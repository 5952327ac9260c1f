// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text and numbers of driver_flavour
 *
 * Which of several VFIO modules gets a device is decided by numbers of wildcards, as libvirt
 * does (virPCIDeviceFindBestVFIOVariant() in its virpci.c): a field of the id that matches
 * anything is a "*" in the module's alias; the alias with the fewest wins, and of equals the
 * one whose line comes first in modules.alias.
 */
#include <linux/errno.h>
#include <linux/glob.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "words.h"

static const char * const flavour_names[] = {
	[FLAVOUR_NATIVE] = "native",
	[FLAVOUR_VFIO] = "vfio",
};

/*
 * The flavour that @len bytes at @buf name, with or without a newline at the end, or -EINVAL.
 * A NUL byte is as wrong as any other, hence no sysfs_streq().
 */
int flavour_parse(const char *buf, size_t len)
{
	unsigned int i;

	if (len && buf[len - 1] == '\n')
		len--;
	for (i = 0; i < ARRAY_SIZE(flavour_names); i++)
		if (len == strlen(flavour_names[i]) && !memcmp(buf, flavour_names[i], len))
			return i;
	return -EINVAL;
}

/*
 * The line that readers get: the flavours that the device can have, in a fixed order and with
 * the active one in brackets, then the driver_override that is not ours, if any. A name that
 * does not fit is cut; the newline is always there. Returns the length.
 */
int flavour_format(char *buf, size_t size, bool offers_vfio, enum flavour active,
		   const char *override)
{
	int n;

	if (active == FLAVOUR_VFIO)
		n = scnprintf(buf, size - 1, "native [vfio]");
	else
		n = scnprintf(buf, size - 1, "[native]%s", offers_vfio ? " vfio" : "");
	if (override)
		n += scnprintf(buf + n, size - 1 - n, " override=%s", override);
	buf[n++] = '\n';
	buf[n] = '\0';
	return n;
}

/* The alias of a device, as file2alias.c writes those of tables: 49 characters and @prefix */
int flavour_pci_alias(char *buf, size_t size, const char *prefix,
		      const struct flavour_pci_ids *device)
{
	int n;

	n = snprintf(buf, size, "%sv%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X", prefix,
		     device->vendor, device->device, device->subvendor, device->subdevice,
		     device->class >> 16 & 0xff, device->class >> 8 & 0xff,
		     device->class & 0xff);
	return n < (int)size ? n : -ENAMETOOLONG;
}

/*
 * What can be asked of modprobe by request_module(), which takes 55 characters: an alias with
 * one value left out, that any pattern with a "*" in its place still matches. @variant 0 leaves
 * out the subsystem's device (50 characters with "vfio_pci:"), 1 the class below its first byte
 * (54). Together they find every module but one that fixes both. -ENOENT for other variants.
 */
int flavour_pci_short_alias(char *buf, size_t size, const char *prefix,
			    const struct flavour_pci_ids *device, unsigned int variant)
{
	u32 class = device->class;
	int n;

	if (variant == 0)
		n = snprintf(buf, size, "%sv%08Xd%08Xsv%08Xsdbc%02Xsc%02Xi%02X", prefix,
			     device->vendor, device->device, device->subvendor,
			     class >> 16 & 0xff, class >> 8 & 0xff, class & 0xff);
	else if (variant == 1)
		n = snprintf(buf, size, "%sv%08Xd%08Xsv%08Xsd%08Xbc%02Xsci", prefix,
			     device->vendor, device->device, device->subvendor,
			     device->subdevice, class >> 16 & 0xff);
	else
		return -ENOENT;
	return n < (int)size ? n : -ENAMETOOLONG;
}

/*
 * The number of wildcards in the alias of @entry, if it matches @device; else -ENODEV. The
 * three bytes of the class are fields of their own there. A byte of the mask that is neither 0
 * nor 0xff has no alias (file2alias.c refuses it); it narrows, so it is no wildcard.
 */
int flavour_pci_match(const struct flavour_pci_ids *entry, const struct flavour_pci_ids *device)
{
	const u32 wanted[] = {
		entry->vendor, entry->device, entry->subvendor, entry->subdevice,
	};
	const u32 have[] = {
		device->vendor, device->device, device->subvendor, device->subdevice,
	};
	int wildcards = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (wanted[i] == FLAVOUR_PCI_ANY)
			wildcards++;
		else if (wanted[i] != have[i])
			return -ENODEV;
	}
	if ((entry->class ^ device->class) & entry->class_mask)
		return -ENODEV;
	for (i = 0; i < 3; i++)
		if (!(entry->class_mask >> (8 * i) & 0xff))
			wildcards++;
	return wildcards;
}

static bool is_hex_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

/*
 * The wildcards of an alias. file2alias.c appends a "*" to an alias that ends with a value
 * ("i00*"): that one stands for no field.
 */
unsigned int flavour_wildcards(const char *pattern)
{
	size_t len = strlen(pattern);
	unsigned int wildcards = 0;
	size_t i;

	if (len > 1 && pattern[len - 1] == '*' && is_hex_digit(pattern[len - 2]))
		len--;
	for (i = 0; i < len; i++)
		if (pattern[i] == '*')
			wildcards++;
	return wildcards;
}

/* kmod takes "-" and "_" in the name of a module as equal, and writes "_" */
void flavour_normalize(char *module)
{
	for (; *module; module++)
		if (*module == '-')
			*module = '_';
}

/* A line "alias PATTERN MODULE", with its two words cut out while it is looked at */
struct flavour_line {
	char *pattern;
	char *module;
	/* Where NULs have taken the place of a space and a newline */
	char *pattern_end;
	char *module_end;
};

/* The line at text[*at]; moves *at to the next. Returns 1, 0 for another line, -ENOENT. */
static int flavour_line_cut(char *text, size_t len, size_t *at, struct flavour_line *line)
{
	static const char word[] = "alias ";
	char *start = text + *at, *end;

	if (*at >= len)
		return -ENOENT;
	end = memchr(start, '\n', len - *at);
	/* A last line without its newline was cut off: it says nothing reliable */
	if (!end) {
		*at = len;
		return -ENOENT;
	}
	*at = end - text + 1;
	if ((size_t)(end - start) < sizeof(word) || memcmp(start, word, strlen(word)))
		return 0;
	line->pattern = start + strlen(word);
	line->pattern_end = memchr(line->pattern, ' ', end - line->pattern);
	if (!line->pattern_end)
		return 0;
	line->module = line->pattern_end + 1;
	line->module_end = end;
	if (line->module == end || end - line->module >= FLAVOUR_MODULE_SIZE)
		return 0;
	*line->pattern_end = '\0';
	*line->module_end = '\0';
	return 1;
}

static void flavour_line_mend(struct flavour_line *line)
{
	*line->pattern_end = ' ';
	*line->module_end = '\n';
}

/* Does the line at @at with @wildcards come after @candidate, which was tried before? */
static bool comes_after(unsigned int wildcards, size_t at,
			const struct flavour_candidate *candidate)
{
	if (!candidate->module[0])
		return true;
	if (wildcards != candidate->wildcards)
		return wildcards > candidate->wildcards;
	return at > candidate->at;
}

/*
 * The modules for @alias, best first: a zeroed @candidate becomes the best one, and the next
 * call makes it the next one. @text is the text of modules.alias; it is changed while this runs
 * and is as it was in the end. Returns 0, or -ENOENT after the last.
 */
int flavour_next_candidate(char *text, size_t len, const char *alias,
			   struct flavour_candidate *candidate)
{
	struct flavour_candidate best = { .module = "" };
	struct flavour_line line;
	size_t at = 0, start = 0;
	unsigned int wildcards;
	int ret;

	for (; (ret = flavour_line_cut(text, len, &at, &line)) >= 0; start = at) {
		if (!ret)
			continue;
		if (glob_match(line.pattern, alias)) {
			wildcards = flavour_wildcards(line.pattern);
			if (comes_after(wildcards, start, candidate) &&
			    (!best.module[0] || wildcards < best.wildcards)) {
				best.wildcards = wildcards;
				best.at = start;
				strscpy(best.module, line.module, sizeof(best.module));
			}
		}
		flavour_line_mend(&line);
	}
	if (!best.module[0])
		return -ENOENT;
	*candidate = best;
	return 0;
}

/* Has @module (normalized) an alias that begins with @prefix? */
bool flavour_module_has_alias(char *text, size_t len, const char *prefix, const char *module)
{
	struct flavour_line line;
	bool found = false;
	size_t at = 0;
	int ret;

	while (!found && (ret = flavour_line_cut(text, len, &at, &line)) >= 0) {
		if (!ret)
			continue;
		found = !strncmp(line.pattern, prefix, strlen(prefix)) &&
			!strcmp(line.module, module);
		flavour_line_mend(&line);
	}
	return found;
}
