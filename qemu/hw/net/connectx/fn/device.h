/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the life of a device, that is of all its functions
 */
#ifndef HW_NET_CONNECTX_FN_DEVICE_H
#define HW_NET_CONNECTX_FN_DEVICE_H

#include "base/types.h"

/*
 * cx_dev_reset - Reset the PF and with it all that its drivers set up: each VF
 * waits for ENABLE_HCA of the PF again. by_software: a driver's doing, which
 * leaves the bus alone, SR-IOV with it.
 */
void cx_dev_reset(ConnectXDevice *dev, bool by_software);

#endif /* HW_NET_CONNECTX_FN_DEVICE_H */
