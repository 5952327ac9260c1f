// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process.h"
#include "vfio_mig.h"

struct process_stat {
	char state;
	unsigned long kernel_ticks;
};

/* proc(5): the name, in parentheses, may have any characters */
static void read_stat(pid_t pid, struct process_stat *stat)
{
	char path[64], line[512], *after;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	VFIO_ASSERT(file && fgets(line, sizeof(line), file), "%s", path);
	fclose(file);
	after = strrchr(line, ')');
	VFIO_ASSERT(after && sscanf(after, ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %lu",
				    &stat->state, &stat->kernel_ticks) == 2, "%s", line);
}

char vfio_process_state(pid_t pid)
{
	struct process_stat stat;

	read_stat(pid, &stat);
	return stat.state;
}

unsigned long vfio_process_kernel_ticks(pid_t pid)
{
	struct process_stat stat;

	read_stat(pid, &stat);
	return stat.kernel_ticks;
}

int __vfio_hold_pages(char **pages, size_t bytes)
{
	struct uffdio_register reg = {
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_api api = { .api = UFFD_API };
	int uffd;

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (uffd < 0)
		return -errno;
	*pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	VFIO_ASSERT(*pages != MAP_FAILED, "mmap");
	reg.range.start = (uintptr_t)*pages;
	reg.range.len = bytes;
	VFIO_ASSERT(!ioctl(uffd, UFFDIO_API, &api), "UFFDIO_API");
	VFIO_ASSERT(!ioctl(uffd, UFFDIO_REGISTER, &reg), "UFFDIO_REGISTER");
	return uffd;
}
