/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: interrupt vectors
 *
 * The message of a vector is a write to wherever the guest said: to memory or
 * an interrupt controller in honest use, but it may be any register of any
 * device, which resets this function, takes it off the bus or starts commands.
 * So a vector is only marked when it is raised, and its message leaves where
 * nobody holds an object: at the end of a register write or of a go of the
 * scheduler, which say so by holding messages back until then; else from a
 * bottom half, which costs two switches of threads.
 */
#ifndef HW_NET_CONNECTX_IRQ_H
#define HW_NET_CONNECTX_IRQ_H

#include "hw/pci/pci_device.h"
#include "base/types.h"

void cx_irq_init(ConnectXFunction *fn);
void cx_irq_uninit(ConnectXFunction *fn);

/*
 * cx_irq_raise - Have the message of a vector sent soon.
 * What the vector tells of must be in memory already. Raising a vector again
 * before its message left sends one message, as on the bus. What a message
 * itself sets off, by hitting a register, raises nothing.
 */
void cx_irq_raise(ConnectXFunction *fn, unsigned vector);
/*
 * Forget what was raised and not sent: at a reset, and when the function comes
 * to rest, as resuming repeats the interrupt of every queue that is behind.
 */
void cx_irq_drop(ConnectXFunction *fn);
/*
 * cx_irq_hold - Keep messages back until cx_irq_release().
 * True for the outermost caller, who alone has to release, when it holds no
 * object and nothing that it was called by does. Any function, the caller's
 * included, may be reset or gone after that: see cx_pci_hold().
 */
bool cx_irq_hold(void);
void cx_irq_release(void);
/* Is what runs now the write of a message, of whichever function? */
bool cx_irq_in_message(void);

/*
 * A message, or a frame that leaves for another device, may unplug the device
 * that sends it. From a bottom half, or a register write: keep it alive until
 * it is let go.
 */
void cx_pci_hold(PCIDevice *pci);
void cx_pci_let_go(PCIDevice *pci);

#endif /* HW_NET_CONNECTX_IRQ_H */
