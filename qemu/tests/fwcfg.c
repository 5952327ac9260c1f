/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that the machine offers its firmware (QEMU's fw_cfg).
 */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fwcfg.h"

/* docs/specs/fw_cfg.rst of QEMU; every number is big-endian */
#define FW_CFG_DMA_HIGH     0x514
#define FW_CFG_DMA_LOW      0x518
#define FW_CFG_FILE_DIR     0x19

#define FW_CFG_DMA_READ     0x02
#define FW_CFG_DMA_SELECT   0x08

#define DIR_MAX_FILES       64
#define NAME_BYTES          56

struct dma {
    uint32_t control;
    uint32_t length;
    uint64_t address;
};

struct file {
    uint32_t size;
    uint16_t select;
    uint16_t reserved;
    char name[NAME_BYTES];
};

struct dir {
    uint32_t count;
    struct file files[DIR_MAX_FILES];
};

static void dma_read(Qtest *q, uint16_t key, uint64_t to, uint32_t bytes)
{
    uint64_t at = qtest_alloc(q, sizeof(struct dma), sizeof(struct dma));
    struct dma *dma = qtest_ram(q, at, sizeof(*dma));

    *dma = (struct dma) {
        .control = htobe32((uint32_t)key << 16 | FW_CFG_DMA_SELECT |
                           FW_CFG_DMA_READ),
        .length = htobe32(bytes),
        .address = htobe64(to),
    };
    qtest_outl(q, FW_CFG_DMA_HIGH, htobe32(at >> 32));
    qtest_outl(q, FW_CFG_DMA_LOW, htobe32(at));
    if (dma->control) {
        fprintf(stderr, "# fw_cfg: key 0x%x cannot be read\n", key);
        exit(1);
    }
}

uint64_t fwcfg_load(Qtest *q, const char *name, size_t *bytes)
{
    uint64_t at = qtest_alloc(q, sizeof(struct dir), 8), to;
    struct dir *dir = qtest_ram(q, at, sizeof(*dir));
    uint32_t count;

    dma_read(q, FW_CFG_FILE_DIR, at, sizeof(*dir));
    count = be32toh(dir->count);
    for (uint32_t i = 0; i < count && i < DIR_MAX_FILES; i++) {
        struct file *file = &dir->files[i];

        if (strncmp(file->name, name, NAME_BYTES)) {
            continue;
        }
        *bytes = be32toh(file->size);
        to = qtest_alloc(q, *bytes, 4096);
        dma_read(q, be16toh(file->select), to, *bytes);
        return to;
    }
    return 0;
}
