// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which devices a test program works on, and how it ends when it cannot.
 */
#include <ctype.h>
#include <stdarg.h>

#include "vfio_mig.h"

#define MAX_BDFS	64

static char bdfs[MAX_BDFS][VFIO_BDF_LEN];
static unsigned int nr_bdfs;
static __u64 first_flags;

void vfio_fail(const char *file, int line, const char *cond, const char *fmt,
	       ...)
{
	int saved_errno = errno;
	va_list args;

	fflush(stdout);
	fprintf(stderr, "# %s:%d: '%s' is false: ", file, line, cond);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, " (errno %d: %s)\n", saved_errno,
		strerror(saved_errno));
	exit(KSFT_FAIL);
}

static bool is_bdf(const char *text)
{
	unsigned int domain, bus, slot, fn;
	int end = 0;

	if (sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &slot, &fn,
		   &end) != 4)
		return false;
	return end == (int)strlen(text) && slot < 32 && fn < 8;
}

static void add_bdf(const char *text)
{
	if (!is_bdf(text) || nr_bdfs == MAX_BDFS)
		ksft_exit_fail_msg("'%s' is no PCI address, or one above %u\n",
				   text, MAX_BDFS);
	snprintf(bdfs[nr_bdfs++], VFIO_BDF_LEN, "%s", text);
}

static void add_list(const char *list)
{
	char *copy = strdup(list), *save = NULL, *word;

	VFIO_ASSERT(copy, "no memory");
	for (word = strtok_r(copy, ", \t\n", &save); word;
	     word = strtok_r(NULL, ", \t\n", &save))
		add_bdf(word);
	free(copy);
}

/* Known before the tests begin, so that a skip costs no open of the device. */
static void probe_first(void)
{
	struct vfio_dev dev;

	if (__vfio_dev_open(&dev, bdfs[0]))
		return;
	first_flags = dev.mig_flags;
	vfio_dev_close(&dev);
}

void vfio_args(int *argc, char **argv)
{
	const char *several = getenv("VFIO_BDFS"), *one = getenv("VFIO_BDF");
	int in, out = 1;

	for (in = 1; in < *argc; in++) {
		if (is_bdf(argv[in]))
			add_bdf(argv[in]);
		else
			argv[out++] = argv[in];
	}
	*argc = out;
	argv[out] = NULL;

	if (!nr_bdfs && several)
		add_list(several);
	if (!nr_bdfs && one)
		add_list(one);
	if (!nr_bdfs)
		ksft_exit_skip("no device: run VFIO_BDF=0000:01:00.1 %s\n",
			       argv[0]);
	probe_first();
}

__u64 vfio_first_flags(void)
{
	return first_flags;
}

unsigned int vfio_nr_bdfs(void)
{
	return nr_bdfs;
}

const char *vfio_bdf(unsigned int index)
{
	VFIO_ASSERT(index < nr_bdfs, "only %u devices were named", nr_bdfs);
	return bdfs[index];
}
