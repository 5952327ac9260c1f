/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AGENT_MEMORY_H
#define AGENT_MEMORY_H

#include <stddef.h>

int memory_init(size_t bytes);
void memory_step(void);
void memory_set_pace(unsigned int pages);
int memory_check(char *report, size_t size);

#endif
