/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes mappings of GPU RAM known to the TCE container, where there is one */
#ifndef NVLINK2_TCE_H
#define NVLINK2_TCE_H

#include <linux/errno.h>
#include <linux/vfio_pci_variant.h>

#ifdef CONFIG_SPAPR_TCE_IOMMU
extern const struct vfio_pci_variant_mapping_ops nvlink2_tce_mapping_ops;

int nvlink2_tce_init(void);
void nvlink2_tce_exit(void);

static inline const struct vfio_pci_variant_mapping_ops *nvlink2_tce_ops(void)
{
	return &nvlink2_tce_mapping_ops;
}
#else
static inline int nvlink2_tce_init(void)
{
	return 0;
}

static inline void nvlink2_tce_exit(void)
{
}

static inline const struct vfio_pci_variant_mapping_ops *nvlink2_tce_ops(void)
{
	return NULL;
}
#endif /* CONFIG_SPAPR_TCE_IOMMU */

#endif /* NVLINK2_TCE_H */
