// SPDX-License-Identifier: GPL-2.0-only
/*
 * Samples of perf's clock, with the calls that led there. No sample is taken while
 * interrupts are off: it comes when they are on again, and so is that of the function
 * that switches them on.
 */
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "profile.h"
#include "vfio_mig.h"

/* Seldom enough to be a small part of the work, and no multiple of the tick's */
#define PERIOD_NS	211000
/* Room for five seconds of samples that are 24 calls deep; a power of two of pages */
#define RING_BYTES	0x800000UL
#define MAX_DEPTH	24
#define MAX_NAME	64

struct symbol {
	__u64 start;
	char name[MAX_NAME];
};

/* A sample's calls, the innermost first: numbers of symbols, less than 0 for none */
struct path {
	int symbol[MAX_DEPTH];
};

static int event = -1;
static struct perf_event_mmap_page *ring;
static struct symbol *symbols;
static size_t nr_symbols;

static int by_start(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void read_symbols(void)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	unsigned long long start;
	size_t room = 0;
	char line[512], type;

	VFIO_ASSERT(file, "/proc/kallsyms");
	while (fgets(line, sizeof(line), file)) {
		if (nr_symbols == room) {
			room += 0x10000;
			symbols = realloc(symbols, room * sizeof(*symbols));
			VFIO_ASSERT(symbols, "no memory for symbols");
		}
		if (sscanf(line, "%llx %c %63s", &start, &type,
			   symbols[nr_symbols].name) == 3 && strchr("tTwW", type))
			symbols[nr_symbols++].start = start;
	}
	fclose(file);
	VFIO_ASSERT(nr_symbols && symbols[nr_symbols - 1].start, "addresses are hidden");
	qsort(symbols, nr_symbols, sizeof(*symbols), by_start);
}

static int symbol_of(__u64 address)
{
	size_t low = 0, high = nr_symbols;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return (int)low - 1;
}

/*
 * The kernel's limit of the time that samples take is for machines that have other things to
 * do. Their rate cannot be set any more when that is off, and is as it was at boot else.
 */
static bool lift_limit(void)
{
	return !__vfio_sysfs_write("/proc/sys/kernel/perf_cpu_time_max_percent", "0");
}

const char *vfio_profile_open(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = PERIOD_NS,
		.sample_type = PERF_SAMPLE_CALLCHAIN,
		.disabled = 1,
		.exclude_idle = 1,
		.exclude_callchain_user = 1,
	};

	if (get_nprocs() != 1)
		return "a profile is of a machine with one CPU";
	if (!lift_limit())
		return "no limit of perf's that could be lifted";
	event = syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0UL);
	if (event < 0)
		return "no clock of perf's";
	ring = mmap(NULL, getpagesize() + RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, event, 0);
	VFIO_ASSERT(ring != MAP_FAILED, "perf's ring: %s", strerror(errno));
	read_symbols();
	return NULL;
}

void vfio_profile_start(void)
{
	VFIO_ASSERT(!ioctl(event, PERF_EVENT_IOC_ENABLE, 0), "perf: %s", strerror(errno));
}

void vfio_profile_stop(void)
{
	VFIO_ASSERT(!ioctl(event, PERF_EVENT_IOC_DISABLE, 0), "perf: %s", strerror(errno));
}

/* Bytes of the ring, which may go round its end, from @at on */
static void ring_copy(void *to, __u64 at, size_t bytes)
{
	const char *data = (const char *)ring + ring->data_offset;
	size_t i;

	for (i = 0; i < bytes; i++)
		((char *)to)[i] = data[(at + i) % RING_BYTES];
}

static void read_path(struct path *path, __u64 at)
{
	__u64 nr, address;
	int depth = 0;
	__u64 i;

	memset(path, 0xff, sizeof(*path));
	ring_copy(&nr, at, sizeof(nr));
	for (i = 0; i < nr && depth < MAX_DEPTH; i++) {
		ring_copy(&address, at + (i + 1) * sizeof(address), sizeof(address));
		/* Not an address, but a mark of what follows */
		if (address < PERF_CONTEXT_MAX)
			path->symbol[depth++] = symbol_of(address);
	}
}

/* All samples in the ring, which is empty then; the caller frees them */
static struct path *read_paths(size_t *nr_paths)
{
	struct path *paths = malloc(RING_BYTES / 32 * sizeof(*paths));
	__u64 tail = ring->data_tail, head = ring->data_head;
	struct perf_event_header header;

	VFIO_ASSERT(paths, "no memory for samples");
	__sync_synchronize();
	*nr_paths = 0;
	for (; tail < head; tail += header.size) {
		ring_copy(&header, tail, sizeof(header));
		VFIO_ASSERT(header.type != PERF_RECORD_LOST, "more samples than perf's ring holds");
		if (header.type == PERF_RECORD_SAMPLE)
			read_path(&paths[(*nr_paths)++], tail + sizeof(header));
	}
	__sync_synchronize();
	ring->data_tail = head;
	return paths;
}

static int by_path(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct path));
}

static void print_path(const char *kind, const struct path *path, size_t times)
{
	int i;

	printf("%s at:%s", kind, path->symbol[0] < 0 ? "user" : symbols[path->symbol[0]].name);
	for (i = 1; i < MAX_DEPTH && path->symbol[i] >= 0; i++)
		printf("<%s", symbols[path->symbol[i]].name);
	printf(" %zu\n", times);
}

void vfio_profile_print(const char *kind)
{
	size_t nr_paths, first = 0, i;
	struct path *paths = read_paths(&nr_paths);

	qsort(paths, nr_paths, sizeof(*paths), by_path);
	for (i = 1; i <= nr_paths; i++) {
		if (i < nr_paths && !by_path(&paths[first], &paths[i]))
			continue;
		print_path(kind, &paths[first], i - first);
		first = i;
	}
	fflush(stdout);
	free(paths);
}
