/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which arc comes next on the way from one migration state to another. Compiles in user
 * space too.
 */
#ifndef VFIO_PCI_VARIANT_ARCS_H
#define VFIO_PCI_VARIANT_ARCS_H

int vpv_arc_next(unsigned int state, unsigned int target, unsigned int migration_flags);

#endif /* VFIO_PCI_VARIANT_ARCS_H */
