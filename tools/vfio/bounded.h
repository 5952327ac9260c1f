/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_BOUNDED_H
#define VFIOCTL_BOUNDED_H

#include <stddef.h>

/**
 * bounded_ask() - ask something that may have to wait for the kernel, but not for long
 * @ask: called in a process of its own, which may be left behind; fills the answer, and returns 0
 *	or a negative errno
 * @question: handed to @ask
 * @answer: filled when all went well
 * @size: of the answer
 * @seconds: how long to wait
 *
 * A process that waits for a lock of the kernel can often not be killed.
 *
 * Return: 0, -ETIMEDOUT, or another negative errno.
 */
int bounded_ask(int (*ask)(const void *question, void *answer), const void *question,
		void *answer, size_t size, int seconds);

#endif
