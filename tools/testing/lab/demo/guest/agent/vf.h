/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AGENT_VF_H
#define AGENT_VF_H

#include <stddef.h>

int vf_attach(const char *address);
int vf_set_link(int up);
int vf_rebind(void);
int vf_objects_write(const char *file, const char *value);
int vf_objects_check(char *report, size_t size);
int vf_netdev_check(char *report, size_t size);

#endif
