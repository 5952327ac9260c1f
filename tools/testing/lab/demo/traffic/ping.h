/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TRAFFIC_PING_H
#define TRAFFIC_PING_H

#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>

int ping_open(const char *interface, const struct sockaddr_in *guest);
void ping_send(void);
void ping_receive(int fd);
void ping_status(FILE *out);
void ping_log(FILE *out, int64_t since_us);

#endif
