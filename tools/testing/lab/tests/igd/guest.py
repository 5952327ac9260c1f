# SPDX-License-Identifier: GPL-2.0-only
"""A guest with the GPU, in the release's own QEMU: what it sees."""

import os
import re
import struct
import subprocess

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guest.c")
FOLDER = "/tmp"
TIMEOUT_S = 300
CONFIG_BYTES = 256


class Seen:
    """A dump of guest.c, taken apart; ValueError if it is none."""

    def __init__(self, dump):
        head, self.devfn, self.asls, count = struct.unpack_from("<4sIII", dump)
        rest = dump[16:]
        if head != b"IGD<" or rest[count + 2 * CONFIG_BYTES:] != b">IGD":
            raise ValueError(f"not a whole dump: {len(dump)} bytes")
        self.opregion = rest[:count]
        self.host_bridge = rest[count:count + CONFIG_BYTES]
        self.lpc_bridge = rest[count + CONFIG_BYTES:count + 2 * CONFIG_BYTES]


def build():
    program = f"{FOLDER}/igd-guest"
    subprocess.run(["gcc", "-m32", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror",
                    "-Wno-int-to-pointer-cast", "-Wno-array-bounds", "-ffreestanding",
                    "-fno-pie", "-fno-stack-protector", "-fcf-protection=none", "-fno-toplevel-reorder",
                    "-mno-sse", "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none",
                    "-Wl,-N,--no-warn-rwx-segments",
                    "-Wl,-Ttext=0x100000", "-o", program, SOURCE], check=True)
    return program


def qemu_major():
    text = subprocess.run(["qemu-system-x86_64", "--version"], check=True,
                          stdout=subprocess.PIPE, encoding="ascii").stdout
    return int(re.search(r"version (\d+)", text).group(1))


def device(bdf, major):
    """The GPU where Intel has it, with all that the host's regions can give.

    QEMU 7.2 copies the bridges' ids only in its legacy mode, for which there must be a ROM;
    any file will do, as it has no ROM's signature.
    """
    if major >= 10:
        return f"vfio-pci,host={bdf},addr=02.0,x-igd-opregion=on,x-igd-lpc=on," \
               "x-igd-legacy-mode=off"
    with open(f"{FOLDER}/igd-rom", "wb") as rom:
        rom.write(bytes(4096))
    return f"vfio-pci,host={bdf},addr=02.0,x-igd-opregion=on,romfile={FOLDER}/igd-rom"


def run(bdf):
    """Starts the guest, waits for its end, and returns what it saw."""
    dump = f"{FOLDER}/igd-dump"
    command = ["qemu-system-x86_64", "-M", "pc,accel=tcg", "-m", "64M", "-nodefaults",
               "-display", "none", "-vga", "none", "-no-reboot",
               "-device", device(bdf, qemu_major()), "-kernel", build(),
               "-chardev", f"file,id=dump,path={dump}",
               "-device", "isa-debugcon,iobase=0xe9,chardev=dump",
               "-device", "isa-debug-exit,iobase=0xf4"]
    done = subprocess.run(command, timeout=TIMEOUT_S, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8", check=False)
    with open(dump, "rb") as file:
        seen = Seen(file.read())
    seen.said = done.stdout
    return seen
