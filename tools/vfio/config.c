// SPDX-License-Identifier: GPL-2.0-only
/* What QEMU and libvirt want to be told of a VF that is to migrate: pure text. */

#include <stdlib.h>
#include <string.h>

#include "config.h"

/* libvirt has no word of its own for it. */
#define DOMAIN \
	"<!-- once, beside <devices>, in a <domain> that has the name space\n" \
	"     xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0' -->\n" \
	"<qemu:commandline>\n" \
	"  <qemu:arg value='-global'/>\n" \
	"  <qemu:arg value='vfio-pci.enable-migration=on'/>\n" \
	"</qemu:commandline>\n"

/* The first version that knows the property under its own name; before, it was experimental. */
static const struct config_version enable_migration = { 8, 1 };
/* The first that looks for the best driver itself when it takes a device. */
static const struct config_version takes_best = { 10, 0 };

static bool is_before(const struct config_version *a, const struct config_version *b)
{
	return a->major < b->major || (a->major == b->major && a->minor < b->minor);
}

bool config_version(const char *text, struct config_version *version)
{
	const char *digits = "0123456789";

	for (; *text; text += strspn(text, digits)) {
		text += strcspn(text, digits);
		if (sscanf(text, "%5d.%5d", &version->major, &version->minor) == 2)
			return true;
	}
	return false;
}

void config_qemu(FILE *out, const struct config_version *version,
		 const struct address *addresses, int nr)
{
	const char *prefix = is_before(version, &enable_migration) ? "x-" : "";
	int i;

	for (i = 0; i < nr; i++)
		fprintf(out, "%s-device vfio-pci,host=%s,%senable-migration=on", i ? " " : "",
			addresses[i].text, prefix);
	fputc('\n', out);
}

/* "0000:3b:00.2" in the pieces that libvirt writes. */
static void put_address(FILE *out, const char *address)
{
	unsigned int domain = 0, bus = 0, slot = 0, function = 0;

	if (sscanf(address, "%x:%x:%x.%x", &domain, &bus, &slot, &function) != 4)
		return;
	fprintf(out, "    <address domain='0x%04x' bus='0x%02x' slot='0x%02x' function='0x%x'/>\n",
		domain, bus, slot, function);
}

void config_libvirt(FILE *out, const struct config_version *version,
		    const struct address *addresses, int nr)
{
	const char *managed = is_before(version, &takes_best) ? "no" : "yes";
	int i;

	for (i = 0; i < nr; i++) {
		fprintf(out, "<hostdev mode='subsystem' type='pci' managed='%s'>\n  <source>\n",
			managed);
		put_address(out, addresses[i].text);
		fputs("  </source>\n</hostdev>\n", out);
	}
	if (!is_before(version, &takes_best))
		fputs(DOMAIN, out);
}
