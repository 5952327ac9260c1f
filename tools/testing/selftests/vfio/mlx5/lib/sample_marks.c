// SPDX-License-Identifier: GPL-2.0-only
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "migratable.h"
#include "sample_marks.h"

#define MEM_BYTES	(MARKS_BYTES + MARKS_HIGH_BYTES)

void marks_set(const char *parameter, const char *value)
{
	VFIO_ASSERT(!__vfio_sysfs_write(parameter, value), "%s to %s", value, parameter);
}

unsigned int marks_get(const char *parameter)
{
	unsigned int value = 0;
	FILE *file = fopen(parameter, "r");

	VFIO_ASSERT(file && fscanf(file, "%u", &value) == 1, "read %s", parameter);
	fclose(file);
	return value;
}

void marks_no_faults(void)
{
	marks_set(MARKS_SAMPLE "track_fails", "0");
	marks_set(MARKS_SAMPLE "track_max_gib", "0");
	marks_set(MARKS_LIBRARY "marks", "1");
	marks_set(MARKS_LIBRARY "marks_interval_ms", "100");
}

const char *marks_open(struct marks *marks)
{
	const char *skip = open_migratable(&marks->dev, 0);
	char driver[64];

	if (skip)
		return skip;
	vfio_driver_of(marks->dev.bdf, driver, sizeof(driver));
	if (strcmp(driver, MARKS_DRIVER)) {
		vfio_dev_close(&marks->dev);
		return "the first device has another driver than " MARKS_DRIVER;
	}
	marks_no_faults();
	marks->seed = 1;
	marks->mem = mmap(NULL, MEM_BYTES, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	VFIO_ASSERT(marks->mem != MAP_FAILED, "memory");
	return NULL;
}

void marks_close(struct marks *marks)
{
	marks_no_faults();
	vfio_dev_close(&marks->dev);
	munmap(marks->mem, MEM_BYTES);
}

void marks_map(struct marks *marks)
{
	vfio_dma_map(&marks->dev, marks->mem, MARKS_IOVA, MARKS_BYTES);
}

void marks_map_pages(struct marks *marks, unsigned int first, unsigned int pages, __u32 flags)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = flags,
		.vaddr = (uintptr_t)marks->mem + first * DIRTY_PAGE_BYTES,
		.iova = MARKS_IOVA + first * DIRTY_PAGE_BYTES,
		.size = pages * DIRTY_PAGE_BYTES,
	};

	VFIO_ASSERT(!ioctl(marks->dev.container_fd, VFIO_IOMMU_MAP_DMA, &map), "map %u pages: %s",
		    pages, strerror(errno));
}

void marks_map_high(struct marks *marks, __u64 iova)
{
	vfio_dma_map(&marks->dev, marks->mem + MARKS_BYTES, iova, MARKS_HIGH_BYTES);
}

void marks_unmap(const struct marks *marks, __u64 iova, __u64 bytes)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = iova, .size = bytes,
	};

	VFIO_ASSERT(!ioctl(marks->dev.container_fd, VFIO_IOMMU_UNMAP_DMA, &unmap),
		    "take an area away: %s", strerror(errno));
}

void marks_wrote(const struct marks *marks, const char *parameter, __u64 iova, __u64 pages)
{
	char order[64];

	snprintf(order, sizeof(order), "%s 0x%llx %lld", marks->dev.bdf, iova, pages);
	marks_set(parameter, order);
}

void marks_write_some(struct marks *marks, const char *parameter, unsigned int runs)
{
	while (runs--) {
		unsigned int page = rand_r(&marks->seed) % (MARKS_PAGES - 8);
		unsigned int pages = 1 + rand_r(&marks->seed) % 8;

		memset(marks->wrote + page, 1, pages);
		marks_wrote(marks, parameter, MARKS_IOVA + page * DIRTY_PAGE_BYTES, pages);
	}
}

void marks_lose(struct marks *marks)
{
	marks_set(MARKS_SAMPLE "loses", marks->dev.bdf);
}

void marks_regain(struct marks *marks)
{
	marks_set(MARKS_SAMPLE "regains", marks->dev.bdf);
}

size_t marks_told(struct marks *marks)
{
	memset(marks->told, 0, sizeof(marks->told));
	return vfio_dirty_get(&marks->dev, MARKS_IOVA, MARKS_BYTES, marks->told);
}

size_t marks_told_high(struct marks *marks, __u64 iova)
{
	memset(marks->told, 0, sizeof(marks->told));
	return vfio_dirty_get(&marks->dev, iova, MARKS_HIGH_BYTES, marks->told);
}

bool marks_exact(const struct marks *marks)
{
	return !memcmp(marks->wrote, marks->told, sizeof(marks->told));
}

int marks_begin(struct marks *marks)
{
	int fd;

	vfio_dirty_log(&marks->dev, true);
	fd = vfio_mig_enter(&marks->dev, VFIO_DEVICE_STATE_PRE_COPY, NULL);
	marks_told(marks);
	memset(marks->wrote, 0, sizeof(marks->wrote));
	return fd;
}

void marks_end(struct marks *marks, int fd)
{
	close(fd);
	vfio_mig_set_state(&marks->dev, VFIO_DEVICE_STATE_RUNNING);
	vfio_dirty_log(&marks->dev, false);
}

void marks_set_scope(struct marks *marks)
{
	marks_end(marks, marks_begin(marks));
}

void marks_go(struct marks *marks, __u32 state)
{
	int fd = -1;

	VFIO_ASSERT(!__vfio_mig_set_state(&marks->dev, state, &fd), "to %s",
		    vfio_state_name(state));
	if (fd >= 0)
		close(fd);
}
