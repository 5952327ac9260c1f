// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps a region of the guest's memory in motion and knows what must be in it.
 *
 * Every page of the region holds a pattern that follows from the page's number and
 * its generation. In idle time pages are picked at random, verified and rewritten
 * with their next generation, so that at any instant part of the memory is newer than
 * what a migration may have sent before. Generations are kept twice, in mappings of
 * their own: a bit that changes in the books is told apart from one in the region.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>

#include "memory.h"

#define PAGE_BYTES	4096
#define PAGE_WORDS	(PAGE_BYTES / sizeof(__u64))
/* Enough to be always dirty, few enough to leave the CPU alone */
#define DEFAULT_PACE	4
#define GOLDEN_RATIO	0x9e3779b97f4a7c15ULL

static struct {
	__u64 *words;
	__u32 *generation;
	__u32 *generation_copy;
	__u32 nr_pages;
	__u64 rewrites;
	__u64 bad_pages;
	__u64 random;
	unsigned int pace;
} region = { .pace = DEFAULT_PACE };

static void *map(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static __u64 first_word(__u32 page, __u32 generation)
{
	__u64 x = ((__u64)generation << 32 | page) + GOLDEN_RATIO;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static void page_write(__u32 page)
{
	__u64 *words = region.words + (size_t)page * PAGE_WORDS;
	__u64 value = first_word(page, region.generation[page]);

	for (size_t i = 0; i < PAGE_WORDS; i++, value += GOLDEN_RATIO)
		words[i] = value;
}

/* Says where a page first differs, on the guest's console. */
static bool page_verify(__u32 page)
{
	const __u64 *words = region.words + (size_t)page * PAGE_WORDS;
	__u64 value = first_word(page, region.generation[page]);

	if (region.generation[page] != region.generation_copy[page]) {
		fprintf(stderr, "memory: page %u: generation %u, its copy says %u\n", page,
			region.generation[page], region.generation_copy[page]);
		return false;
	}
	for (size_t i = 0; i < PAGE_WORDS; i++, value += GOLDEN_RATIO) {
		if (words[i] == value)
			continue;
		fprintf(stderr, "memory: page %u word %zu: %#llx, expected %#llx\n", page, i,
			(unsigned long long)words[i], (unsigned long long)value);
		return false;
	}
	return true;
}

/* A bad page is counted once: rewriting makes it good again. */
static void page_renew(__u32 page)
{
	region.generation[page]++;
	region.generation_copy[page] = region.generation[page];
	page_write(page);
	region.rewrites++;
}

static __u32 random_page(void)
{
	region.random ^= region.random << 13;
	region.random ^= region.random >> 7;
	region.random ^= region.random << 17;
	return region.random % region.nr_pages;
}

/* Verify and rewrite a few pages. */
void memory_step(void)
{
	for (unsigned int i = 0; i < region.pace; i++) {
		__u32 page = random_page();

		if (!page_verify(page))
			region.bad_pages++;
		page_renew(page);
	}
}

/* How many pages a step is to rewrite; 0 leaves the memory alone. */
void memory_set_pace(unsigned int pages)
{
	region.pace = pages;
}

/* Verify all pages; the report has no newline. Return: 0 if none was ever bad. */
int memory_check(char *report, size_t size)
{
	for (__u32 page = 0; page < region.nr_pages; page++) {
		if (page_verify(page))
			continue;
		region.bad_pages++;
		page_renew(page);
	}
	snprintf(report, size, "memory=%s pages=%u bad=%llu rewrites=%llu",
		 region.bad_pages ? "bad" : "ok", region.nr_pages,
		 (unsigned long long)region.bad_pages, (unsigned long long)region.rewrites);
	return region.bad_pages ? -EIO : 0;
}

/* Fill a region of that size for the first time. */
int memory_init(size_t bytes)
{
	region.nr_pages = bytes / PAGE_BYTES;
	region.words = map(bytes);
	region.generation = map(region.nr_pages * sizeof(*region.generation));
	region.generation_copy = map(region.nr_pages * sizeof(*region.generation_copy));
	if (!region.words || !region.generation || !region.generation_copy)
		return -ENOMEM;

	region.random = GOLDEN_RATIO;
	for (__u32 page = 0; page < region.nr_pages; page++)
		page_write(page);
	return 0;
}
