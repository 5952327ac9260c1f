// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps a region of the guest's memory in motion and knows what must be in it.
 *
 * Every page of the region holds a pattern that follows from the page's number and
 * its generation.  While idle the program picks pages at random, verifies each one
 * and rewrites it with its next generation, so that at any instant part of the
 * memory is newer than what a migration may have sent before.  Generations are kept
 * twice, in separate mappings: a bit that changes in the book-keeping is told apart
 * from one that changes in the region.
 *
 * Requests come as lines on standard input, one answer line each on standard output:
 *
 *	check	verify the whole region; answers "memory=ok ..." or "memory=bad ..."
 *	quit	answer "bye" and exit
 *
 * Usage: memcheck MEBIBYTES
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/types.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_BYTES	4096
#define PAGE_WORDS	(PAGE_BYTES / sizeof(__u64))
#define IDLE_MS		10
/* Pages rewritten per idle period: enough to be always dirty, few enough to leave the CPU alone */
#define PAGES_PER_STEP	8
#define GOLDEN_RATIO	0x9e3779b97f4a7c15ULL

struct region {
	__u64 *words;
	__u32 *generation;
	__u32 *generation_copy;
	__u32 nr_pages;
	__u64 rewrites;
	__u64 bad_pages;
	__u64 random;
};

static void *map_or_die(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED) {
		fprintf(stderr, "memcheck: cannot map %zu bytes: %s\n", bytes, strerror(errno));
		exit(1);
	}
	return p;
}

static __u64 first_word(__u32 page, __u32 generation)
{
	__u64 x = ((__u64)generation << 32 | page) + GOLDEN_RATIO;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static void page_write(struct region *r, __u32 page)
{
	__u64 *words = r->words + (size_t)page * PAGE_WORDS;
	__u64 value = first_word(page, r->generation[page]);

	for (size_t i = 0; i < PAGE_WORDS; i++, value += GOLDEN_RATIO)
		words[i] = value;
}

/* Reports where a page first differs, on standard error: the guest's console. */
static bool page_verify(struct region *r, __u32 page)
{
	const __u64 *words = r->words + (size_t)page * PAGE_WORDS;
	__u64 value = first_word(page, r->generation[page]);

	if (r->generation[page] != r->generation_copy[page]) {
		fprintf(stderr, "memcheck: page %u: generation %u, its copy says %u\n", page,
			r->generation[page], r->generation_copy[page]);
		return false;
	}
	for (size_t i = 0; i < PAGE_WORDS; i++, value += GOLDEN_RATIO) {
		if (words[i] == value)
			continue;
		fprintf(stderr, "memcheck: page %u word %zu: %#llx, expected %#llx\n", page, i,
			(unsigned long long)words[i], (unsigned long long)value);
		return false;
	}
	return true;
}

static void page_renew(struct region *r, __u32 page)
{
	r->generation[page]++;
	r->generation_copy[page]++;
	page_write(r, page);
	r->rewrites++;
}

static __u32 random_page(struct region *r)
{
	r->random ^= r->random << 13;
	r->random ^= r->random >> 7;
	r->random ^= r->random << 17;
	return r->random % r->nr_pages;
}

/* A bad page is counted once: renewing it makes it good again. */
static void region_step(struct region *r)
{
	for (int i = 0; i < PAGES_PER_STEP; i++) {
		__u32 page = random_page(r);

		if (!page_verify(r, page))
			r->bad_pages++;
		page_renew(r, page);
	}
}

static void region_check(struct region *r)
{
	for (__u32 page = 0; page < r->nr_pages; page++) {
		if (page_verify(r, page))
			continue;
		r->bad_pages++;
		page_renew(r, page);
	}
	printf("memory=%s pages=%u bad=%llu rewrites=%llu\n", r->bad_pages ? "bad" : "ok",
	       r->nr_pages, (unsigned long long)r->bad_pages, (unsigned long long)r->rewrites);
}

static void region_init(struct region *r, size_t bytes)
{
	r->nr_pages = bytes / PAGE_BYTES;
	r->words = map_or_die(bytes);
	r->generation = map_or_die(r->nr_pages * sizeof(*r->generation));
	r->generation_copy = map_or_die(r->nr_pages * sizeof(*r->generation_copy));
	r->random = GOLDEN_RATIO;
	for (__u32 page = 0; page < r->nr_pages; page++)
		page_write(r, page);
}

int main(int argc, char **argv)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	struct region region = {};
	char line[64];
	long mib = argc == 2 ? strtol(argv[1], NULL, 10) : 0;

	if (mib < 1 || mib > 4096) {
		fprintf(stderr, "usage: memcheck MEBIBYTES (1 to 4096)\n");
		return 2;
	}
	region_init(&region, (size_t)mib << 20);
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Unbuffered, so that poll() and fgets() agree on whether a line is waiting */
	setvbuf(stdin, NULL, _IONBF, 0);

	for (;;) {
		int ready = poll(&input, 1, IDLE_MS);

		if (ready < 0 && errno != EINTR) {
			perror("memcheck: poll");
			return 1;
		}
		if (ready <= 0) {
			region_step(&region);
			continue;
		}
		if (!fgets(line, sizeof(line), stdin))
			return 0;
		line[strcspn(line, "\n")] = 0;
		if (!strcmp(line, "quit"))
			break;
		if (!strcmp(line, "check"))
			region_check(&region);
		else
			puts("error=unknown-request");
	}
	puts("bye");
	return 0;
}
