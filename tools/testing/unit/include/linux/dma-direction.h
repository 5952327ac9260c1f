/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_DMA_DIRECTION_H
#define UNIT_LINUX_DMA_DIRECTION_H

/* Only what declarations need */
enum dma_data_direction { DMA_NONE };

#endif /* UNIT_LINUX_DMA_DIRECTION_H */
