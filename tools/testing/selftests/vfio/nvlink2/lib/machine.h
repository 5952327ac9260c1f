/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine of the NVLink2 tests: a pseries guest with a GPU and a bridge of the NPU, and
 * the properties that say what firmware would say of them. A function that can fail returns 0
 * or a negative errno.
 */
#ifndef SELFTEST_NVLINK2_MACHINE_H
#define SELFTEST_NVLINK2_MACHINE_H

#include "nvlink2.h"

#define DRIVER		"nvlink2_vfio_pci"

/* Phandles that no node of the machine has */
#define RAM_PHANDLE	0x7e570001
#define LINK_PHANDLE	0x7e570002

/* What the properties say by default; the target as skiboot computes it for the first GPU */
#define TGT		0x0000040000000000ULL
#define SPEED		9
#define LINK		1

/* What the tests need of GPU RAM at least */
#define RAM_MIN_BYTES	0x400000

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The nodes that the properties are in */
enum node { GPU, NPU, HOST_BRIDGE, RAM, LINK_OF_NPU, NODES };

/* Set once, by find_machine() */
extern struct machine {
	char gpu[BDF_LEN];
	char npu[BDF_LEN];
	__u32 phandle[NODES];
	__u64 ram;
	__u64 ram_bytes;
	__u64 atsd;
} machine;

/* Returns NULL, or what this machine lacks for the tests. */
const char *find_machine(void);

/* What a firmware writes for one GPU with one link */
int good_properties(void);
void clear_properties(void);
int set_reg(__u64 address, __u64 bytes);
/* The list of ATSD registers: as @link has the true one, the others must not be taken. */
int set_atsd(unsigned int count, unsigned int link);

/* Binds and opens; @property and @problem: what the log must say, NULL for no complaint. */
int open_bound(struct nv_device *dev, const char *bdf, const char *property,
	       const char *problem);
void close_unbind(struct nv_device *dev);

#endif /* SELFTEST_NVLINK2_MACHINE_H */
