# SPDX-License-Identifier: GPL-2.0-only
"""OpRegions as firmware could have left them, and as a user is to see them."""

import mmap
import os
import struct

ASLS = 0xfc
BYTES = 8192

# Offsets of the kernel's i915 driver (struct opregion_header, struct opregion_asle)
SIZE_KIB = 0x10
VERSION = 0x16
MAILBOXES = 0x58
RVDA = 0x3ba
RVDS = 0x3c2


class Memory:
    """Reserved physical memory, from an address that need not be a page's."""

    def __init__(self, address):
        self.address = address

    def _map(self, offset, count, function):
        start = self.address + offset
        inside = start % mmap.PAGESIZE
        fd = os.open("/dev/mem", os.O_RDWR)
        try:
            with mmap.mmap(fd, inside + count, offset=start - inside) as view:
                return function(view, inside)
        finally:
            os.close(fd)

    def read(self, offset, count):
        return self._map(offset, count, lambda view, at: view[at:at + count])

    def write(self, offset, data):
        def copy(view, at):
            view[at:at + len(data)] = data
        self._map(offset, len(data), copy)


def table(base, version=0x0201, size_kib=8, mailboxes=0x1d, rvda=0, rvds=0,
          signature=b"IntelGraphicsMem"):
    """The bytes of base with these fields."""
    made = bytearray(base[:BYTES])
    made[:16] = signature
    struct.pack_into("<I", made, SIZE_KIB, size_kib)
    struct.pack_into("<H", made, VERSION, version)
    struct.pack_into("<I", made, MAILBOXES, mailboxes)
    struct.pack_into("<Q", made, RVDA, rvda)
    struct.pack_into("<I", made, RVDS, rvds)
    return bytes(made)


def presented(original, vbt=b""):
    """What a user sees of a table, with the VBT that is elsewhere behind it.

    These fields differ from the firmware's by design: the size is that of the table alone;
    RVDA is an offset from it, or 0, from version 2.0 on; and a 2.0 with such an RVDA is 2.1.
    """
    shown = bytearray(original)
    version = struct.unpack_from("<H", original, VERSION)[0]
    struct.pack_into("<I", shown, SIZE_KIB, BYTES // 1024)
    if version >= 0x0200:
        struct.pack_into("<Q", shown, RVDA, BYTES if vbt else 0)
    if version == 0x0200 and vbt:
        struct.pack_into("<H", shown, VERSION, 0x0201)
    return bytes(shown) + vbt
