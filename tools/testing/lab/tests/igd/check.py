# SPDX-License-Identifier: GPL-2.0-only
"""igd_vfio_pci against what firmware left, against what it could have left, and in a guest.

The OpRegion's memory is reserved, so tables of other layouts, and broken ones, are written
over the one that SeaBIOS placed. Prints TAP.

usage: check.py BDF [host]	without a guest if "host" is given
"""

import errno
import mmap
import os
import struct
import subprocess
import sys
import traceback

import guest
import opregion
import vfio
from opregion import ASLS, BYTES, presented, table

VENDOR = 1 << 31 | 0x8086
OPREGION, HOST_BRIDGE, LPC_BRIDGE = ((VENDOR, subtype) for subtype in (1, 2, 3))
HOST_BDF, LPC_BDF = "0000:00:00.0", "0000:00:1f.0"
RAM = 0x1000000

# Where firmware's table has its VBT, behind which the reserved memory ends
VBT_AT, VBT_BYTES = 0x3000, 7000


class Checks:
    def __init__(self, bdf):
        self.bdf = bdf
        self.count = self.failed = 0
        self.asls = self.asls_of_host()
        self.memory = opregion.Memory(self.asls)
        self.firmware = self.memory.read(0, BYTES)
        self.log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)

    # TAP

    def check(self, text, good, detail=""):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {text}", flush=True)
        if not good and detail:
            print("# " + str(detail).replace("\n", "\n# "), flush=True)

    def same(self, text, got, want):
        where = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b),
                     min(len(got), len(want)))
        self.check(text, got == want, f"{len(got)} and {len(want)} bytes, differ at {where:#x}: "
                   f"{got[where:where + 16].hex()} is not {want[where:where + 16].hex()}")

    # The host

    def asls_of_host(self):
        return struct.unpack("<I", vfio.host_config(self.bdf, ASLS, 4))[0]

    def set_asls(self, address):
        vfio.set_host_config(self.bdf, ASLS, struct.pack("<I", address))

    def as_firmware_had_it(self):
        self.memory.write(0, self.firmware)
        self.set_asls(self.asls)

    def bind(self, driver="igd_vfio_pci"):
        """Binds anew; returns what the kernel's log said to it."""
        vfio.bind(self.bdf, None)
        os.lseek(self.log, 0, os.SEEK_END)
        if not vfio.bind(self.bdf, driver):
            return "NOT BOUND"
        return self.said()

    def said(self):
        text = ""
        while True:
            try:
                text += os.read(self.log, 8192).decode("utf-8", "replace")
            except BlockingIOError:
                return text
            except BrokenPipeError:
                continue

    def opregion(self):
        with vfio.Device(self.bdf) as device:
            return device.own_regions()[OPREGION].read()

    # What is checked

    def as_firmware_left_it(self):
        said = self.bind()
        self.check("the driver says what it found",
                   f"OpRegion 2.0, extended VBT: {VBT_BYTES} bytes" in said, said)
        with vfio.Device(self.bdf) as device:
            regions = device.own_regions()
            self.check("three read-only regions", set(regions) ==
                       {OPREGION, HOST_BRIDGE, LPC_BRIDGE} and
                       all(r.flags & ~8 == vfio.FLAG_READ for r in regions.values()), regions)
            self.same("2.0: the OpRegion, and the VBT behind it", regions[OPREGION].read(),
                      presented(self.firmware, self.memory.read(VBT_AT, VBT_BYTES)))
            self.access(regions[OPREGION])
            self.shadow(device.region(vfio.CONFIG_INDEX))
            self.bridge("host bridge", regions[HOST_BRIDGE], HOST_BDF)
            self.bridge("LPC bridge", regions[LPC_BRIDGE], LPC_BDF)

    def access(self, region):
        whole = region.read()
        pieces = [(0, 1), (0x15, 4), (0x3b9, 11), (BYTES - 3, 7), (region.size - 1, 1)]
        self.check("any piece of it reads the same",
                   all(region.read(at, count) == whole[at:at + count] for at, count in pieces))
        self.check("a read ends where it ends", region.read(region.size - 5, 64) == whole[-5:])
        self.check("there is nothing behind it",
                   vfio.error_of(region.read, region.size, 1) == errno.EINVAL)
        self.check("it cannot be written", vfio.error_of(region.write, 0, b"x") == errno.EINVAL)
        self.check("it cannot be mapped",
                   vfio.error_of(lambda: mmap.mmap(region.fd, mmap.PAGESIZE, offset=region.offset,
                                                   prot=mmap.PROT_READ)) == errno.EINVAL)

    def shadow(self, config):
        mine = struct.pack("<I", 0x12345678)
        self.check("ASLS is the OpRegion's address", config.read(ASLS, 4) ==
                   struct.pack("<I", self.asls), config.read(ASLS, 4).hex())
        config.write(ASLS, mine)
        config.write(ASLS + 1, b"\xaa")
        self.check("a write to ASLS is kept", config.read(ASLS, 4) == b"\x78\xaa\x34\x12")
        self.check("and does not reach the device", self.asls_of_host() == self.asls)

    def bridge(self, name, region, bdf):
        self.same(f"{name}: its config space", region.read(), vfio.host_config(bdf))
        self.check(f"{name}: any piece of it", all(
            region.read(at, count) == vfio.host_config(bdf, at, count)
            for at in range(8) for count in range(1, 10)))
        self.check(f"{name}: read-only", vfio.error_of(region.write, 0, b"x") == errno.EINVAL)
        self.check(f"{name}: nothing behind it",
                   vfio.error_of(region.read, region.size, 1) == errno.EINVAL)

    def layouts(self):
        absolute = self.asls + VBT_AT + 1
        cases = [
            ("1.0 has no extended VBT", {"version": 0x0100, "rvda": absolute, "rvds": 100}, None),
            ("2.0 with an address that is not aligned",
             {"version": 0x0200, "rvda": absolute, "rvds": 5001}, VBT_AT + 1),
            ("2.1 with a VBT that does not follow", {"rvda": VBT_AT, "rvds": VBT_BYTES}, VBT_AT),
            ("2.1 with a VBT that follows", {"rvda": BYTES, "rvds": 10240}, BYTES),
            ("2.1 that counts the VBT in its size",
             {"rvda": BYTES, "rvds": 10240, "size_kib": 18}, BYTES),
            ("2.1 without an extended VBT", {}, None),
            ("2.1 whose mailbox 3 is not there", {"mailboxes": 9, "rvda": 1, "rvds": 1}, None),
            ("3.0 is as 2.1", {"version": 0x0300, "rvda": VBT_AT, "rvds": 6999}, VBT_AT),
        ]
        for name, fields, vbt_at in cases:
            made = table(self.firmware, **fields)
            self.memory.write(0, made)
            vbt = b"" if vbt_at is None else self.memory.read(vbt_at, fields["rvds"])
            said = self.bind()
            try:
                self.same(name, self.opregion(), presented(made, vbt))
            except (OSError, KeyError) as error:
                self.check(name, False, f"{error!r}\n{said}")

    def plain(self, name, word):
        """As by vfio-pci: no regions of its own, and the log says why."""
        said = self.bind()
        with vfio.Device(self.bdf) as device:
            regions = device.own_regions()
        self.check(f"{name}: assigned without regions", not regions and word in said and
                   "no OpRegion: assigned as by vfio-pci" in said, said)

    def faults(self):
        beyond = 1 << 60
        cases = [
            ("no signature", {"signature": b"IntelGraphicsmem"}, "signature"),
            ("size 0", {"size_kib": 0}, "size"),
            ("a size of 4 GiB", {"size_kib": 1 << 22}, "size"),
            ("a VBT of 4 GiB", {"rvda": BYTES, "rvds": 0xffffffff}, "too large"),
            ("a VBT within the table", {"rvda": 0x400, "rvds": 6144}, "within"),
            ("an offset that wraps", {"rvda": 2 ** 64 - 0x2000, "rvds": 16}, "beyond all memory"),
            ("an address that cannot be", {"version": 0x0200, "rvda": beyond, "rvds": 16},
             "in no memory"),
            ("an address of the kernel's RAM", {"version": 0x0200, "rvda": RAM, "rvds": 16},
             "in no memory"),
        ]
        for name, fields, word in cases:
            self.memory.write(0, table(self.firmware, **fields))
            self.plain(name, word)
        self.memory.write(0, self.firmware)
        for name, address, word in (("ASLS in the kernel's RAM", RAM, "in no memory"),
                                    ("ASLS is 0", 0, "no OpRegion"),
                                    ("ASLS is all ones", 0xffffffff, "no OpRegion")):
            self.set_asls(address)
            self.plain(name, word)

    def shadow_of_plain(self):
        self.set_asls(0)
        self.bind()
        with vfio.Device(self.bdf) as device:
            device.region(vfio.CONFIG_INDEX).write(ASLS, struct.pack("<I", self.asls))
        self.check("a user cannot place an OpRegion for the next", self.asls_of_host() == 0)

    def gone_bad(self):
        self.bind()
        self.memory.write(0, table(self.firmware, signature=bytes(16)))
        os.lseek(self.log, 0, os.SEEK_END)
        with vfio.Device(self.bdf) as device:
            regions = device.own_regions()
        said = self.said()
        self.check("a table gone bad since: opens without regions",
                   not regions and "signature" in said, said)

    def stock(self):
        made = table(self.firmware, rvda=VBT_AT, rvds=VBT_BYTES)
        self.memory.write(0, made)
        self.bind("vfio-pci")
        with vfio.Device(self.bdf) as device:
            stock = {kind: region.read() for kind, region in device.own_regions().items()}
        self.bind()
        with vfio.Device(self.bdf) as device:
            ours = {kind: region.read() for kind, region in device.own_regions().items()}
        self.check("the regions are those of stock vfio-pci", len(stock) == 3 and stock == ours,
                   f"{ {k: len(v) for k, v in stock.items()} } "
                   f"{ {k: len(v) for k, v in ours.items()} }")

    def in_guest(self):
        self.bind()
        shown = self.opregion()
        try:
            seen = guest.run(self.bdf)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self.check("a guest starts", False, error)
            return
        self.check("a guest starts", seen.devfn == 0x10, seen.said)
        self.check("its firmware has placed the OpRegion",
                   seen.asls and seen.asls != self.asls, f"{seen.asls:#x}\n{seen.said}")
        self.same("the guest's OpRegion is the host's", seen.opregion, shown)
        # The ids that QEMU copies of the bridges: revision, and subsystem; all of the LPC's
        for name, bdf, config, fields in (
                ("host bridge", HOST_BDF, seen.host_bridge, (8, 0x2c, 0x2d, 0x2e, 0x2f)),
                ("LPC bridge", LPC_BDF, seen.lpc_bridge,
                 (0, 1, 2, 3, 8, 0x2c, 0x2d, 0x2e, 0x2f))):
            host = vfio.host_config(bdf)
            self.same(f"the guest's {name} has the ids of the host's",
                      bytes(config[at] for at in fields), bytes(host[at] for at in fields))

    def without_bridge(self):
        self.bind()
        vfio.put(f"{vfio.PCI}/devices/{LPC_BDF}/remove", "1")
        with vfio.Device(self.bdf) as device:
            self.check("without a LPC bridge its region is missing, and no more",
                       set(device.own_regions()) == {OPREGION, HOST_BRIDGE})


def main():
    subprocess.run(["modprobe", "-a", "igd_vfio_pci", "vfio-pci", "vfio_iommu_type1"],
                   check=True)
    checks = Checks(sys.argv[1])
    steps = [checks.as_firmware_left_it, checks.layouts, checks.faults, checks.shadow_of_plain,
             checks.gone_bad, checks.stock, checks.in_guest, checks.without_bridge]
    if sys.argv[2:] == ["host"]:
        steps.remove(checks.in_guest)
    for step in steps:
        checks.as_firmware_had_it()
        try:
            step()
        except Exception:  # pylint: disable=broad-except
            checks.check(step.__name__, False, traceback.format_exc())
    vfio.bind(checks.bdf, None)
    print(f"1..{checks.count}")
    return checks.failed > 0


sys.exit(main())
