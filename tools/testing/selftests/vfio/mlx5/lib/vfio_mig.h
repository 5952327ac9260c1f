/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Library of the VFIO migration tests: everything a test does to a device goes
 * through the VFIO uAPI (type1 container and group, or iommufd) and sysfs, so that
 * the tests run on any variant driver that speaks migration protocol v2.
 *
 * Two spellings of a call: __x() returns 0 or a negative errno and is for
 * tests of the error; x() ends the test program with a message when the call
 * fails and is for everybody else.
 */
#ifndef SELFTEST_VFIO_MIG_H
#define SELFTEST_VFIO_MIG_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>
#include <linux/vfio.h>

#include "kselftest.h"

#ifndef VFIO_DEVICE_BIND_IOMMUFD
#error <linux/vfio.h> is older than 6.6: newer linux-libc-dev, or KHDR_INCLUDES="-isystem DIR"
#endif

/* Of 7.3, whose header spells the feature MIG_PRECOPY_INFOv2 */
#define VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFO_V2	12
#ifndef VFIO_PRECOPY_INFO_REINIT
#define VFIO_PRECOPY_INFO_REINIT		1
#endif

/* Ends the program with a failed test; the message says where and why. */
#define VFIO_ASSERT(cond, fmt, ...)					\
do {									\
	if (!(cond))							\
		vfio_fail(__FILE__, __LINE__, #cond, fmt, ##__VA_ARGS__); \
} while (0)

__noreturn __printf(4, 5)
void vfio_fail(const char *file, int line, const char *cond, const char *fmt,
	       ...);

/* "0000:01:00.1" and its terminating zero */
#define VFIO_BDF_LEN	16

/* The devices to test (args.c) */

/*
 * Takes "dddd:bb:dd.f" arguments out of argv; without any, reads the variables
 * VFIO_BDFS (several, by blanks or commas) or VFIO_BDF. Ends the program as a
 * skip, with the reason, when there is no device.
 */
void vfio_args(int *argc, char **argv);
unsigned int vfio_nr_bdfs(void);
const char *vfio_bdf(unsigned int index);
/* VFIO_MIGRATION_* flags that the first device had when the program began */
__u64 vfio_first_flags(void);

/* An open device with a container of its own (device.c) */

struct vfio_dev {
	char bdf[VFIO_BDF_LEN];
	int container_fd;
	int group_fd;
	int fd;
	/* Where it is opened by an iommufd (iommufd.h): the address space's number */
	__u32 ioas;
	/* VFIO_MIGRATION_* flags, 0 when the driver has no migration */
	__u64 mig_flags;
};

int __vfio_dev_open(struct vfio_dev *dev, const char *bdf);
void vfio_dev_open(struct vfio_dev *dev, const char *bdf);
/* @name is what the group is asked for: @bdf, or "BDF vf_token=UUID". */
int __vfio_dev_open_by(struct vfio_dev *dev, const char *bdf, const char *name);
/* @type of the container: VFIO_TYPE1v2_IOMMU is what the others take. */
int __vfio_dev_open_type(struct vfio_dev *dev, const char *bdf, unsigned long type);
/* Closes what is open; harmless on a closed device. */
void vfio_dev_close(struct vfio_dev *dev);
/* A second file descriptor of the device that @dev has open. */
int __vfio_dev_open_again(const struct vfio_dev *dev);

int __vfio_dev_reset(const struct vfio_dev *dev);
void vfio_dev_reset(const struct vfio_dev *dev);

int __vfio_dma_map(const struct vfio_dev *dev, void *vaddr, __u64 iova,
		   __u64 size);
void vfio_dma_map(const struct vfio_dev *dev, void *vaddr, __u64 iova,
		  __u64 size);

/* The whole of a region by mmap; the caller unmaps @size bytes. */
void *vfio_region_mmap(const struct vfio_dev *dev, __u32 index, size_t *size);

__u16 vfio_config_read16(const struct vfio_dev *dev, unsigned int offset);
void vfio_config_write16(const struct vfio_dev *dev, unsigned int offset,
			 __u16 value);
/* Lets the device answer to its BARs and do DMA, as a guest's driver would. */
void vfio_dev_enable_dma(const struct vfio_dev *dev);

/* An eventfd that counts interrupt 0 of @index (VFIO_PCI_*_IRQ_INDEX). */
int __vfio_irq_eventfd(const struct vfio_dev *dev, __u32 index);
int vfio_irq_eventfd(const struct vfio_dev *dev, __u32 index);

/* What sysfs says of a device, and binding (sysfs.c) */

/* Name of the driver bound to @bdf, "" when there is none. */
void vfio_driver_of(const char *bdf, char *name, size_t size);
int __vfio_group_of(const char *bdf);
/* Address of the PF of a VF */
int __vfio_physfn_of(const char *bdf, char *pf, size_t size);
int __vfio_sysfs_write(const char *path, const char *value);
/* Attributes of a PCI device; reading leaves out the end of the line. */
int __vfio_attr_write(const char *bdf, const char *attr, const char *value);
int __vfio_attr_read(const char *bdf, const char *attr, char *value,
		     size_t size);
int __vfio_driver_unbind(const char *bdf, const char *driver);
int __vfio_driver_bind(const char *bdf, const char *driver);

/* Features (feature.c) */

/*
 * VFIO_DEVICE_FEATURE with @flags (feature number and GET, SET, PROBE) and
 * @size bytes of @data, copied in and out.
 */
int __vfio_feature(int device_fd, __u32 flags, void *data, size_t size);
int __vfio_mig_flags(int device_fd, __u64 *flags);

/* States and data files (migration.c) */

int __vfio_mig_get_state(const struct vfio_dev *dev, __u32 *state);
__u32 vfio_mig_state(const struct vfio_dev *dev);
/* @data_fd: the new data file or -1, -2 when the kernel did not write it */
int __vfio_mig_set_state(const struct vfio_dev *dev, __u32 state, int *data_fd);
/* Returns the new data file or -1. */
int vfio_mig_set_state(const struct vfio_dev *dev, __u32 state);
int __vfio_mig_data_size(const struct vfio_dev *dev, __u64 *bytes);

struct vfio_image {
	unsigned char *data;
	size_t size;
	size_t allocated;
};

void vfio_image_free(struct vfio_image *image);
bool vfio_image_equal(const struct vfio_image *a, const struct vfio_image *b);
/* Without @data, zeroes */
void vfio_image_append(struct vfio_image *image, const void *data, size_t size);
/* Reads @fd to its end in pieces of @piece bytes; appends to @image. */
int __vfio_image_read(int fd, struct vfio_image *image, size_t piece);
void vfio_image_read(int fd, struct vfio_image *image);
int __vfio_image_write(int fd, const void *data, size_t size, size_t piece);

/* Sizes and flags of a device that is saved running; @info->flags goes in as it is. */
int __vfio_precopy_info(int fd, struct vfio_precopy_info *info);
/* The same with flags 0 */
void vfio_precopy_info(int fd, struct vfio_precopy_info *info);
/* Reads @fd to its temporary end (ENOMSG); 0 at the end for good. */
int __vfio_precopy_read(int fd, struct vfio_image *image);
void vfio_precopy_read(int fd, struct vfio_image *image);
/*
 * Reads @fd until the device has nothing left that has changed, @rounds times at most,
 * as a migration would: it asks, and reads what there is. False when there is always more.
 */
bool vfio_precopy_drain(int fd, struct vfio_image *image, unsigned int rounds);

/* Any state -> STOP_COPY, the whole stream, -> @after. */
int __vfio_image_save(const struct vfio_dev *dev, struct vfio_image *image,
		      __u32 after);
void vfio_image_save(const struct vfio_dev *dev, struct vfio_image *image,
		     __u32 after);
/* Any state -> RESUMING, the whole stream, -> @after. */
int __vfio_image_load(const struct vfio_dev *dev,
		      const struct vfio_image *image, __u32 after);
void vfio_image_load(const struct vfio_dev *dev,
		     const struct vfio_image *image, __u32 after);

/*
 * Loads @image, saves it again and leaves the device running. True when the device
 * gave back what it got. The only way to compare images for certain: a device that
 * runs, if only for a moment, may change (it may have a clock), but "it must not
 * change its internal state" between RESUMING and STOP_COPY.
 */
bool vfio_image_comes_back(const struct vfio_dev *dev,
			   const struct vfio_image *image);
/* The same, and a reset, so that the next image can come. */
bool vfio_image_round_trip(const struct vfio_dev *dev,
			   const struct vfio_image *image);

/*
 * RUNNING or STOP -> @state. Returns the data file of the session that @state belongs
 * to, or -1. With @image, entering RESUMING writes it, so that the device can
 * leave that state again.
 */
int vfio_mig_enter(const struct vfio_dev *dev, __u32 state,
		   const struct vfio_image *image);

/* The state machine as the uAPI text has it (oracle.c) */

#define VFIO_STATE_COUNT	8

const char *vfio_state_name(__u32 state);
/* Is there such a state on a device with these VFIO_MIGRATION_* flags? */
bool vfio_state_exists(__u64 mig_flags, __u32 state);

/*
 * Fills @path with the states after @from up to @to and returns how many, 0
 * for @from == @to, -1 when the text does not allow it.
 */
int vfio_oracle_path(__u64 mig_flags, __u32 from, __u32 to,
		     __u32 path[VFIO_STATE_COUNT]);
/* Does this walk return a new data file? */
bool vfio_oracle_opens(__u64 mig_flags, __u32 from, __u32 to);
/* Does this walk end the session, if any, that @from belongs to? */
bool vfio_oracle_ends(__u64 mig_flags, __u32 from, __u32 to);

#endif /* SELFTEST_VFIO_MIG_H */
