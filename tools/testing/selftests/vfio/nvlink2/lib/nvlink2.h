/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Library of the NVLink2 tests: a device tree to play firmware with, binding
 * by sysfs, and a device in a TCE container. A function that can fail returns
 * 0 (or what it says) or a negative errno.
 */
#ifndef SELFTEST_NVLINK2_H
#define SELFTEST_NVLINK2_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <linux/vfio.h>

/* "0000:01:00.1" and its terminating zero */
#define BDF_LEN	16

/* The device tree, by /proc/powerpc/ofdt of a pseries guest (ofdt.c) */

/*
 * The phandle of a node below /proc/device-tree or of a device's of_node; 0
 * when it has none.
 */
__u32 ofdt_phandle(const char *node_dir);
/* A node right below the root with one property besides its phandle. */
int ofdt_add_node(const char *name, __u32 phandle, const char *property,
		  const void *value, size_t bytes);
int ofdt_remove_node(const char *name);
/* Adds a property, or gives it another value. */
int ofdt_set(__u32 phandle, const char *property, const void *value,
	     size_t bytes);
int ofdt_set_u32(__u32 phandle, const char *property, __u32 value);
int ofdt_set_u64(__u32 phandle, const char *property, __u64 value);
/* A property that is not there is no error. */
int ofdt_remove(__u32 phandle, const char *property);
/* Reads back what the kernel shows. */
int ofdt_get_u32(const char *node_dir, const char *property, __u32 *value);
int ofdt_get_u64(const char *node_dir, const char *property, __u64 *value);

/* Cells are big-endian. */
void put_be32(__u8 *to, __u32 value);
void put_be64(__u8 *to, __u64 value);

/* PCI functions and their driver (bind.c) */

/* The first function with these ids; -ENODEV when there is none. */
int pci_find(unsigned int vendor, unsigned int device, char *bdf);
void pci_of_node(const char *bdf, char *dir, size_t bytes);
/* To @driver by driver_override, after it was unbound from whatever it has. */
int pci_bind(const char *bdf, const char *driver);
int pci_unbind(const char *bdf);

/* The kernel log: what comes after klog_mark() (klog.c) */
int klog_mark(void);
/* Was there a message with all of these words since klog_mark()? */
bool klog_has(int mark, const char *const *words, unsigned int count);

/* A device in a container of its own (device.c) */

struct nv_device {
	char bdf[BDF_LEN];
	int container_fd;
	int group_fd;
	int fd;
	__u32 num_regions;
};

/* @iommu is VFIO_SPAPR_TCE_IOMMU or VFIO_SPAPR_TCE_v2_IOMMU. */
int nv_open(struct nv_device *dev, const char *bdf, int iommu);
void nv_close(struct nv_device *dev);

/* What VFIO_DEVICE_GET_REGION_INFO tells, in a form to compare. */
struct nv_region {
	__u64 offset;
	__u64 size;
	__u32 flags;
	__u32 type;
	__u32 subtype;
	/* Ids of the capabilities, in their order */
	unsigned int num_caps;
	__u16 caps[8];
	__u64 ssatgt;
	__u32 lnkspd;
};

int nv_region(const struct nv_device *dev, __u32 index,
	      struct nv_region *region);

#endif /* SELFTEST_NVLINK2_H */
