/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes of a stream that follow from where in the stream they are. */
#ifndef TRAFFIC_PATTERN_H
#define TRAFFIC_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/* Who sends; each direction has bytes of its own, so that an echo is not taken for them */
#define PATTERN_OF_GUEST	1
#define PATTERN_OF_PEER		2

/* Where both ends of the stream find each other */
#define TRAFFIC_PORT		7700

/**
 * struct pattern - one direction of a stream
 * @seed: who sends, PATTERN_OF_*
 * @bytes: how far it has come
 */
struct pattern {
	uint64_t seed;
	uint64_t bytes;
};

void pattern_fill(const struct pattern *pattern, uint8_t *buffer, size_t len);
size_t pattern_check(struct pattern *pattern, const uint8_t *buffer, size_t len);

#endif
