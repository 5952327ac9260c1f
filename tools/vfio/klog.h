/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_KLOG_H
#define VFIOCTL_KLOG_H

/**
 * klog_read() - go through the kernel's log, oldest line first
 * @line: called with each line, without its line end
 * @data: for @line
 *
 * This does not wait for lines to come.
 *
 * Return: 0, or a negative errno when the log may not be read.
 */
int klog_read(void (*line)(void *data, const char *text), void *data);

#endif
