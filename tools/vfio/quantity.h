/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_QUANTITY_H
#define VFIOCTL_QUANTITY_H

#include <stdbool.h>

#define QUANTITY_SIZE	24

/**
 * quantity_bytes() - write bytes for a person
 * @bytes: how many, not negative
 * @text: filled: "0 B", "1023 B", "1.5 MiB"
 */
void quantity_bytes(long long bytes, char text[QUANTITY_SIZE]);

/**
 * quantity_parse() - read bytes that a person wrote
 * @text: "1048576", "1M", "1MiB", "2.5G"; units are powers of 1024, in either case
 * @bytes: filled
 *
 * Return: whether @text is such a number, which is not negative and below 2^62.
 */
bool quantity_parse(const char *text, long long *bytes);

/**
 * quantity_parse_rate() - read bytes per second that a person wrote
 * @text: as for quantity_parse(), with "/s" or without; or bits as networks have them, "10Gbit",
 *	"10Gbit/s", in powers of 1000
 * @bytes: per second, filled
 *
 * Return: as quantity_parse().
 */
bool quantity_parse_rate(const char *text, long long *bytes);

#endif
