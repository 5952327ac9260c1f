// SPDX-License-Identifier: GPL-2.0-only
/* The address of a PCI function as people and programs write it: pure text. */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "address.h"

#define DEVLINK_PREFIX	"pci/"
#define LIBVIRT_PREFIX	"pci_"

/* A domain has 32 bits: behind a VMD it has more digits than four. */
#define DOMAIN_DIGITS	8
#define MAX_BUS		0xff
#define MAX_SLOT	0x1f
#define MAX_FUNCTION	7

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *found;

	if (c >= 'A' && c <= 'F')
		c += 'a' - 'A';
	found = c ? strchr(digits, c) : NULL;
	return found ? (int)(found - digits) : -1;
}

/* Moves *@text behind a number of one to @digits digits that is followed by @end. */
static bool take(const char **text, int digits, char end, unsigned int *number)
{
	const char *p = *text;

	*number = 0;
	while (p - *text < digits && hex_digit(*p) >= 0)
		*number = *number << 4 | hex_digit(*p++);
	if (p == *text || *p != end)
		return false;
	*text = end ? p + 1 : p;
	return true;
}

static int parse_plain(const char *text, char colon, char dot, char address[ADDRESS_SIZE])
{
	unsigned int domain, bus, slot, function;
	const char *p = text;

	if (!take(&p, DOMAIN_DIGITS, colon, &domain) || !take(&p, 2, colon, &bus)) {
		p = text;
		domain = 0;
		if (!take(&p, 2, colon, &bus))
			return -EINVAL;
	}
	if (!take(&p, 2, dot, &slot) || !take(&p, 1, '\0', &function) ||
	    bus > MAX_BUS || slot > MAX_SLOT || function > MAX_FUNCTION)
		return -EINVAL;
	snprintf(address, ADDRESS_SIZE, "%04x:%02x:%02x.%x", domain, bus, slot, function);
	return 0;
}

int address_parse(const char *text, char address[ADDRESS_SIZE])
{
	char part[ADDRESS_SIZE];
	size_t len = strlen(text);
	const char *end = text + len, *start;

	if (!strncmp(text, DEVLINK_PREFIX, strlen(DEVLINK_PREFIX)))
		return parse_plain(text + strlen(DEVLINK_PREFIX), ':', '.', address);
	if (!strncmp(text, LIBVIRT_PREFIX, strlen(LIBVIRT_PREFIX)))
		return parse_plain(text + strlen(LIBVIRT_PREFIX), '_', '_', address);
	if (text[0] != '/')
		return parse_plain(text, ':', '.', address);
	while (end > text && end[-1] == '/')
		end--;
	for (start = end; start > text && start[-1] != '/'; start--)
		;
	if ((size_t)(end - start) >= sizeof(part))
		return -EINVAL;
	snprintf(part, sizeof(part), "%.*s", (int)(end - start), start);
	return parse_plain(part, ':', '.', address);
}
