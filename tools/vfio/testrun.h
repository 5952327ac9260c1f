/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_TESTRUN_H
#define VFIOCTL_TESTRUN_H

#include <stdio.h>

#include "tap.h"

/**
 * struct testrun - of one program
 * @tap: what it has said
 * @status: with which it ended, negative the signal that ended it
 * @too_long: it had to be killed
 * @seconds: that it took
 */
struct testrun {
	struct tap tap;
	int status;
	bool too_long;
	int seconds;
};

/**
 * testrun() - run a test program
 * @path: of the program
 * @devices: what it is told in the variable VFIO_BDFS
 * @seconds: after which it is killed, with all that it has started
 * @log: gets what it says
 * @run: filled
 *
 * Return: 0, or a negative errno when it could not be run.
 */
int testrun(const char *path, const char *devices, int seconds, FILE *log, struct testrun *run);

#endif
