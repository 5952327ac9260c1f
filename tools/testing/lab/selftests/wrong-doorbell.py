#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Rings a doorbell of the first ConnectX whose page nobody has allocated."""

import mmap
import pathlib

BAR_BYTES = 0x10000
DOORBELL = 0x8800

for device in sorted(pathlib.Path("/sys/bus/pci/devices").iterdir()):
    if (device / "vendor").read_text() == "0x15b3\n":
        break
(device / "enable").write_text("1")
with (device / "resource0").open("r+b", buffering=0) as bar:
    registers = memoryview(mmap.mmap(bar.fileno(), BAR_BYTES)).cast("Q")
    registers[DOORBELL // 8] = 0
