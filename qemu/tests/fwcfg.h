/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that the machine offers its firmware (QEMU's fw_cfg), read as firmware
 * does, by DMA.
 */
#ifndef TESTS_FWCFG_H
#define TESTS_FWCFG_H

#include "qtest.h"

/*
 * Copies the file @name to guest RAM and returns where, *@bytes its size; 0
 * when there is none.
 */
uint64_t fwcfg_load(Qtest *q, const char *name, size_t *bytes);

#endif
