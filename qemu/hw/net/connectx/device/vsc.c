/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ConnectX device model: the PF's vendor-specific capability
 *
 * A gateway in config space to address spaces of the device. The model has one
 * of them, the semaphores, and in it one word: the lock that drivers take for
 * a software reset. A space that is not there reads back status 0.
 */
#include "qemu/osdep.h"
#include "qemu/range.h"
#include "hw/pci/pci_device.h"
#include "device/device.h"

#define CX_VSC_CAP          0xb0

enum {                      /* offsets in the capability */
    CX_VSC_CONTROL          = 0x04,
    CX_VSC_TICKET           = 0x08,
    CX_VSC_SEMAPHORE        = 0x0c,
    CX_VSC_ADDRESS          = 0x10,
    CX_VSC_DATA             = 0x14,
    CX_VSC_SIZE             = 0x18,
};

#define CX_VSC_SPACE_MASK   0xffff
#define CX_VSC_SPACE_SEM    0xa
#define CX_VSC_SUPPORTED    (1u << 29)      /* status, bits 31:29 */
#define CX_VSC_FLAG         (1u << 31)
#define CX_VSC_SYNDROME     (1u << 30)
#define CX_VSC_ADDR_MASK    (CX_VSC_SYNDROME - 1)
#define CX_VSC_SEM_SW_RESET 0x20

int cx_vsc_init(PCIDevice *pci, Error **errp)
{
    int at = pci_add_capability(pci, PCI_CAP_ID_VNDR, CX_VSC_CAP, CX_VSC_SIZE,
                                errp);

    if (at >= 0) {
        pci_set_byte(pci->config + at + PCI_CAP_FLAGS, CX_VSC_SIZE);
    }
    return at;
}

void cx_vsc_reset(ConnectXDevice *dev, PCIDevice *pci)
{
    dev->sw_reset_owner = 0;
    memset(pci->config + CX_VSC_CAP + CX_VSC_CONTROL, 0,
           CX_VSC_SIZE - CX_VSC_CONTROL);
}

/* Each look at the ticket gives another number, never 0. */
uint32_t cx_vsc_read(PCIDevice *pci, uint32_t addr, int len)
{
    uint8_t *ticket = pci->config + CX_VSC_CAP + CX_VSC_TICKET;

    if (ranges_overlap(addr, len, CX_VSC_CAP + CX_VSC_TICKET, 4)) {
        pci_set_long(ticket, MAX(pci_get_long(ticket) + 1, 1));
    }
    return pci_default_read_config(pci, addr, len);
}

/* The address register starts an access; its flag says when it is done. */
static void cx_vsc_access(ConnectXDevice *dev, uint8_t *cap, uint32_t val)
{
    uint32_t space = pci_get_long(cap + CX_VSC_CONTROL) & CX_VSC_SPACE_MASK;
    uint32_t address = val & CX_VSC_ADDR_MASK;
    uint32_t data = pci_get_long(cap + CX_VSC_DATA);
    bool write = val & CX_VSC_FLAG;

    if (space != CX_VSC_SPACE_SEM || address != CX_VSC_SEM_SW_RESET) {
        address |= CX_VSC_SYNDROME;
    } else if (!write) {
        pci_set_long(cap + CX_VSC_DATA, dev->sw_reset_owner);
    } else if (!dev->sw_reset_owner || !data) {
        dev->sw_reset_owner = data;
    }
    pci_set_long(cap + CX_VSC_ADDRESS, write ? address : address | CX_VSC_FLAG);
}

void cx_vsc_write(ConnectXDevice *dev, PCIDevice *pci, uint32_t addr,
                  uint32_t val, int len)
{
    uint8_t *cap = pci->config + CX_VSC_CAP;

    if (len != 4 || addr < CX_VSC_CAP) {
        return;
    }
    switch (addr - CX_VSC_CAP) {
    case CX_VSC_CONTROL:
        val &= CX_VSC_SPACE_MASK;
        pci_set_long(cap + CX_VSC_CONTROL,
                     val == CX_VSC_SPACE_SEM ? val | CX_VSC_SUPPORTED : val);
        break;
    case CX_VSC_SEMAPHORE:
        if (!val || !pci_get_long(cap + CX_VSC_SEMAPHORE)) {
            pci_set_long(cap + CX_VSC_SEMAPHORE, val);
        }
        break;
    case CX_VSC_DATA:
        pci_set_long(cap + CX_VSC_DATA, val);
        break;
    case CX_VSC_ADDRESS:
        cx_vsc_access(dev, cap, val);
        break;
    }
}
