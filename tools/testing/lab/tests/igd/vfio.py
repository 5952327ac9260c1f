# SPDX-License-Identifier: GPL-2.0-only
"""A VFIO device, as far as its regions go, and its binding to drivers."""

import errno
import fcntl
import os
import struct

PCI = "/sys/bus/pci"

# linux/vfio.h
_TYPE_BASE = ord(";") << 8 | 100
SET_IOMMU = _TYPE_BASE + 2
GROUP_SET_CONTAINER = _TYPE_BASE + 4
GROUP_GET_DEVICE_FD = _TYPE_BASE + 6
DEVICE_GET_INFO = _TYPE_BASE + 7
DEVICE_GET_REGION_INFO = _TYPE_BASE + 8
TYPE1_IOMMU = 1
FLAG_READ = 1
CAP_TYPE = 2
CONFIG_INDEX = 7
FIRST_OWN_INDEX = 9


class Region:
    def __init__(self, fd, info):
        _, self.flags, self.index, _, self.size, self.offset = \
            struct.unpack_from("=IIIIQQ", info)
        self.type = None
        self.fd = fd
        position = struct.unpack_from("=I", info, 12)[0] if self.flags & 8 else 0
        while position:
            cap, _, following = struct.unpack_from("=HHI", info, position)
            if cap == CAP_TYPE:
                self.type = struct.unpack_from("=II", info, position + 8)
            position = following

    def read(self, offset=0, count=None):
        return os.pread(self.fd, self.size - offset if count is None else count,
                        self.offset + offset)

    def write(self, offset, data):
        return os.pwrite(self.fd, data, self.offset + offset)


class Device:
    """Open from the with to its end."""

    def __init__(self, bdf):
        self.bdf = bdf
        self._files = []

    def __enter__(self):
        try:
            return self._open_device()
        except BaseException:
            self.__exit__()
            raise

    def _open_device(self):
        link = os.readlink(f"{PCI}/devices/{self.bdf}/iommu_group")
        container = self._open("/dev/vfio/vfio")
        group = self._open("/dev/vfio/" + os.path.basename(link))
        fcntl.ioctl(group, GROUP_SET_CONTAINER, struct.pack("=i", container))
        fcntl.ioctl(container, SET_IOMMU, TYPE1_IOMMU)
        # A bytearray, as then the result is the call's and not the argument
        self.fd = fcntl.ioctl(group, GROUP_GET_DEVICE_FD, bytearray(self.bdf.encode() + b"\0"))
        self._files.append(self.fd)
        return self

    def __exit__(self, *_):
        while self._files:
            os.close(self._files.pop())

    def _open(self, path):
        self._files.append(os.open(path, os.O_RDWR))
        return self._files[-1]

    def region(self, index):
        info = bytearray(512)
        struct.pack_into("=III", info, 0, len(info), 0, index)
        fcntl.ioctl(self.fd, DEVICE_GET_REGION_INFO, info)
        return Region(self.fd, info)

    def own_regions(self):
        """What the driver added, by (type, subtype)."""
        info = bytearray(struct.pack("=IIII", 16, 0, 0, 0))
        fcntl.ioctl(self.fd, DEVICE_GET_INFO, info)
        count = struct.unpack_from("=I", info, 8)[0]
        regions = [self.region(i) for i in range(FIRST_OWN_INDEX, count)]
        return {r.type: r for r in regions}


def error_of(function, *args):
    """The errno with which it fails, or 0."""
    try:
        function(*args)
    except OSError as error:
        return error.errno
    return 0


def put(path, text):
    with open(path, "w", encoding="ascii") as out:
        out.write(text)


def bind(bdf, driver):
    """Gives the device to the driver, or to none; returns whether that has it."""
    device = f"{PCI}/devices/{bdf}"
    if os.path.exists(f"{device}/driver"):
        put(f"{device}/driver/unbind", bdf)
    if driver:
        put(f"{device}/driver_override", driver)
        # A failed probe shows in the link, not here on every kernel
        error = error_of(put, f"{PCI}/drivers_probe", bdf)
        if error not in (0, errno.ENODEV):
            raise OSError(error, os.strerror(error))
    link = f"{device}/driver"
    return os.path.basename(os.readlink(link)) == driver if os.path.exists(link) else not driver


def host_config(bdf, offset=0, count=None):
    with open(f"{PCI}/devices/{bdf}/config", "rb") as config:
        config.seek(offset)
        return config.read() if count is None else config.read(count)


def set_host_config(bdf, offset, data):
    with open(f"{PCI}/devices/{bdf}/config", "r+b", buffering=0) as config:
        config.seek(offset)
        config.write(data)
