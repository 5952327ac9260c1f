/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AGENT_KLOG_H
#define AGENT_KLOG_H

int klog_open(void);
int klog_count(void);
const char *klog_lines(void);
void klog_forget(void);

#endif
