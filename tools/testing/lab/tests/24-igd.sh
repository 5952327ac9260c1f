#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# An Intel GPU with igd_vfio_pci: its OpRegion in every layout and with every fault, the
# bridges' config space, and a guest of the release's own QEMU that sees the same bytes.
# The VBT is small because SeaBIOS has 256 KiB in all for tables, ACPI's among them.
#
# lab: mem=1024 release=13 kernel-root=13,12 soak-root=13-backports timeout=600
# lab-qemu-arg: -device
# lab-qemu-arg: igd-standin,addr=0x10,aperture-size=16M,opregion-version=2.0,vbt-bytes=7000,vbt-offset=0x3000

# The guest takes half of the time, and what it sees depends on QEMU and SeaBIOS: those of
# two releases will do.
part=
[ "$LAB_RELEASE" != 13-backports ] || part=host

exec python3 /src/tools/testing/lab/tests/igd/check.py 0000:00:10.0 $part
