/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the NVLink2 properties of a function in the device tree */
#ifndef NVLINK2_FIRMWARE_H
#define NVLINK2_FIRMWARE_H

#include "properties.h"

struct pci_dev;

int nvlink2_read_gpu(struct pci_dev *pdev, struct nvlink2_gpu *gpu,
		     struct nvlink2_complaint *complaint);
int nvlink2_read_npu(struct pci_dev *pdev, struct nvlink2_npu *npu,
		     struct nvlink2_complaint *complaint);

#endif /* NVLINK2_FIRMWARE_H */
