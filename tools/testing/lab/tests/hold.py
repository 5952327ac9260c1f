#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""hold.py BDF [--group] - has a VFIO device open until it is killed, as a guest would.

Prints "held" when it has. The file of the device's group is closed again, as
libvirt's users may do; with --group it stays open.
"""

import fcntl
import os
import signal
import struct
import sys

# _IO(';', 100 + n) of linux/vfio.h
SET_IOMMU, GROUP_SET_CONTAINER, GROUP_GET_DEVICE_FD = 0x3b66, 0x3b68, 0x3b6a
TYPE1 = 1


def main():
    bdf = sys.argv[1]
    group = os.path.basename(os.readlink(f"/sys/bus/pci/devices/{bdf}/iommu_group"))
    container = os.open("/dev/vfio/vfio", os.O_RDWR)
    fd = os.open("/dev/vfio/" + group, os.O_RDWR)
    fcntl.ioctl(fd, GROUP_SET_CONTAINER, struct.pack("i", container))
    fcntl.ioctl(container, SET_IOMMU, TYPE1)
    fcntl.ioctl(fd, GROUP_GET_DEVICE_FD, bdf.encode() + b"\0")
    if "--group" not in sys.argv[2:]:
        os.close(fd)
    print("held", flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
