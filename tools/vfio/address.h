/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_FLAVOUR_ADDRESS_H
#define VFIO_FLAVOUR_ADDRESS_H

#define ADDRESS_SIZE	32

/**
 * struct address - a full address, for lists of them
 * @text: as the kernel writes it
 */
struct address {
	char text[ADDRESS_SIZE];
};

/**
 * address_parse() - understand the usual ways to write the address of a PCI function
 * @text: 0000:3b:00.2, 3b:00.2, pci/0000:3b:00.2 (devlink), pci_0000_3b_00_2 (libvirt), or a path
 *	whose last part is one of them
 * @address: filled with the full address, as the kernel writes it
 *
 * Return: 0, or -EINVAL when @text is none of these.
 */
int address_parse(const char *text, char address[ADDRESS_SIZE]);

#endif
