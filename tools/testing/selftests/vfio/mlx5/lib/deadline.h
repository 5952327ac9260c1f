/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the linker's --wrap=alarm makes of alarm(): the call itself, and what is called in
 * its place.
 */
#ifndef SELFTEST_DEADLINE_H
#define SELFTEST_DEADLINE_H

unsigned int __real_alarm(unsigned int seconds);
unsigned int __wrap_alarm(unsigned int seconds);

#endif
