/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A sample device whose dirty pages the library tells the type1 container. The device writes
 * nowhere: the test says where it did, by parameters of the module, which has faults as well.
 */
#ifndef SELFTEST_SAMPLE_MARKS_H
#define SELFTEST_SAMPLE_MARKS_H

#include "dirty_pages.h"

#define MARKS_DRIVER		"sample_vfio_pci"
#define MARKS_SAMPLE		"/sys/module/" MARKS_DRIVER "/parameters/"
#define MARKS_LIBRARY		"/sys/module/vfio_pci_variant/parameters/"

#define MARKS_GIB		0x40000000ULL
#define MARKS_IOVA		(1 * MARKS_GIB)
#define MARKS_PAGES		4096ULL
#define MARKS_BYTES		(MARKS_PAGES * DIRTY_PAGE_BYTES)
/* What is mapped elsewhere, as the second half of the same memory */
#define MARKS_HIGH_PAGES	1024ULL
#define MARKS_HIGH_BYTES	(MARKS_HIGH_PAGES * DIRTY_PAGE_BYTES)

#define MARKS_WAIT_MS		30000

struct marks {
	struct vfio_dev dev;
	__u8 *mem;
	/* Of the area: what the container told, and what it should have */
	__u8 told[MARKS_PAGES];
	__u8 wrote[MARKS_PAGES];
	unsigned int seed;
};

/* With the first device and no faults. NULL, or why there is none to test with. */
const char *marks_open(struct marks *marks);
void marks_close(struct marks *marks);
void marks_no_faults(void);

/* Parameters, of MARKS_SAMPLE or MARKS_LIBRARY */
void marks_set(const char *parameter, const char *value);
unsigned int marks_get(const char *parameter);

/* The whole area, some of its pages, or the second half somewhere else */
void marks_map(struct marks *marks);
void marks_map_pages(struct marks *marks, unsigned int first, unsigned int pages, __u32 flags);
void marks_map_high(struct marks *marks, __u64 iova);
void marks_unmap(const struct marks *marks, __u64 iova, __u64 bytes);

/* What the device says; @parameter is when, as the module has it. */
void marks_wrote(const struct marks *marks, const char *parameter, __u64 iova, __u64 pages);
/* So many runs of pages at random, which are then in @wrote */
void marks_write_some(struct marks *marks, const char *parameter, unsigned int runs);

/* The driver has lost the device, or reaches it again, as when its PF goes and comes */
void marks_lose(struct marks *marks);
void marks_regain(struct marks *marks);

/* Into @told, which is emptied first. Returns how many pages there are. */
size_t marks_told(struct marks *marks);
size_t marks_told_high(struct marks *marks, __u64 iova);
/* What was told is what the test wrote, no page less and none more. */
bool marks_exact(const struct marks *marks);

/* Into PRE_COPY with the container's log on, and past what is told at first. The data file. */
int marks_begin(struct marks *marks);
/* RUNNING again, the log off, as after a migration that was called off or has ended */
void marks_end(struct marks *marks, int fd);
/* Sets the scope: a whole round of PRE_COPY and back */
void marks_set_scope(struct marks *marks);
/* A state whose data, if there are any, nobody wants */
void marks_go(struct marks *marks, __u32 state);

#endif /* SELFTEST_SAMPLE_MARKS_H */
