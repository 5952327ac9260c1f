// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each eight bytes of a stream are a hash of their number and of who sends, so that a
 * byte that is lost, doubled, moved or changed is seen, wherever it was.
 */
#include "pattern.h"

#define GOLDEN_RATIO	0x9e3779b97f4a7c15ULL
#define WORD_BYTES	sizeof(uint64_t)

static uint64_t word(uint64_t seed, uint64_t number)
{
	uint64_t x = (seed << 56 ^ number) + GOLDEN_RATIO;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static uint8_t byte_at(uint64_t seed, uint64_t offset, uint64_t *value)
{
	if (!(offset % WORD_BYTES) || !*value)
		*value = word(seed, offset / WORD_BYTES);
	return *value >> 8 * (offset % WORD_BYTES);
}

/**
 * pattern_fill - the next bytes to send
 * @pattern: the direction; it does not go on, as the socket may take fewer bytes
 * @buffer: where to
 * @len: how many
 */
void pattern_fill(const struct pattern *pattern, uint8_t *buffer, size_t len)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++)
		buffer[i] = byte_at(pattern->seed, pattern->bytes + i, &value);
}

/**
 * pattern_check - compare bytes that have come, and go on behind them
 * @pattern: the direction
 * @buffer: what has come
 * @len: how many bytes
 *
 * Return: how many of them are not what they must be.
 */
size_t pattern_check(struct pattern *pattern, const uint8_t *buffer, size_t len)
{
	uint64_t value = 0;
	size_t bad = 0;

	for (size_t i = 0; i < len; i++)
		bad += buffer[i] != byte_at(pattern->seed, pattern->bytes + i, &value);
	pattern->bytes += len;
	return bad;
}
