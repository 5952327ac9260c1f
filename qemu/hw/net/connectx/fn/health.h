/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the health of the firmware
 *
 * A driver reads it in its initialization segment and acts on it: a fatal
 * error, or an interface that is found disabled, makes it start over. An error
 * of the PF is one of the device, and all functions show it; one of a VF is its
 * own. A firmware that died reaches no memory: it starts no command, answers
 * none and sends no event.
 */
#ifndef HW_NET_CONNECTX_HEALTH_H
#define HW_NET_CONNECTX_HEALTH_H

#include "base/types.h"

/* nic_interface: bits 10:8 of the command queue address register */
enum {
    CX_NIC_FULL_DRIVER  = 0,
    CX_NIC_DISABLED     = 1,
    CX_NIC_SW_RESET     = 7,
};

/* cx_health_fail - A fatal error until the next reset. Not syndrome 0. */
void cx_health_fail(ConnectXFunction *fn, uint8_t syndrome);
/* The error that the function shows: its own or the device's; 0: none */
uint8_t cx_health_syndrome(const ConnectXFunction *fn);
/* Has the function an error of its own, whatever the device's? */
bool cx_health_failed(const ConnectXFunction *fn);
/* Seconds since power-up: the health buffer's time, of the error or now */
uint32_t cx_health_time_s(const ConnectXFunction *fn);
/* Counts all the time, but never at 0: a driver takes a stop for a death. */
uint32_t cx_health_counter(const ConnectXFunction *fn);
/* What a function's driver reads as nic_interface */
uint8_t cx_health_nic_interface(const ConnectXFunction *fn);
/* A driver has to wait: the firmware starts, or the PF has not enabled it. */
bool cx_health_initializing(const ConnectXFunction *fn);

void cx_health_register(void);
/* The whole device was reset: its firmware starts. */
void cx_health_boot(ConnectXDevice *dev, bool by_software);

#endif /* HW_NET_CONNECTX_HEALTH_H */
