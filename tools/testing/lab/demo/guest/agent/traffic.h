/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AGENT_TRAFFIC_H
#define AGENT_TRAFFIC_H

#include <stddef.h>

int traffic_connect(const char *address);
int traffic_fd(void);
int traffic_wait_ms(int idle_ms);
void traffic_receive(void);
void traffic_step(void);
int traffic_check(char *report, size_t size);

#endif
