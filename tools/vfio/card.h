/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_CARD_H
#define VFIOCTL_CARD_H

#include <stdbool.h>

#define CARD_TEXT_SIZE	32

/**
 * struct card - what a function's card is, as its PF's driver tells
 * @firmware: its version, as "22.43.1014"; empty for not known
 * @psid: the maker's name for this kind of board; empty for not known
 */
struct card {
	char firmware[CARD_TEXT_SIZE];
	char psid[CARD_TEXT_SIZE];
};

/**
 * card_parse() - understand what mlx5_core tells ethtool of its firmware
 * @text: "22.43.1014 (MT_0000000359)"
 * @card: filled
 *
 * Return: whether there is a version in it.
 */
bool card_parse(const char *text, struct card *card);

/**
 * card_read() - ask the PF's driver, by its network interface
 * @pf: full address of the PF
 * @card: filled; what is not known is empty
 *
 * Return: 0, -ENOENT when the PF has no network interface, -ETIMEDOUT, or another negative errno.
 */
int card_read(const char *pf, struct card *card);

/**
 * card_bar_bytes() - size of a function's BAR 0
 * @bdf: full address
 *
 * Return: bytes, or -1 for not known.
 */
long long card_bar_bytes(const char *bdf);

/**
 * card_vectors() - number of a function's MSI-X vectors
 * @bdf: full address
 *
 * Return: how many; -1 for not known, as all of the configuration space is for root.
 */
long long card_vectors(const char *bdf);

#endif
