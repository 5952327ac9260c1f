# SPDX-License-Identifier: GPL-2.0-only
"""Programs and files of a host: of the one this is made on, which another may ask (remote.py)."""

import hashlib
import os
import subprocess
import time

from .host import PCI, read


class Place:
    """One host as the QEMUs that it runs see it."""

    # Is it another host than this program's
    remote = False
    # How far its clock is ahead of this host's
    ahead_us = 0

    def __init__(self, name="", address=None):
        """name: what people call it, if there are several; address: of its migration's network."""
        self.name = name
        self.address = address
        self._processes = {}

    def compare_clocks(self):
        """Nothing where there is but one."""

    def now_us(self):
        """Time on the clock that QEMU's events carry."""
        return time.time_ns() // 1000

    def endpoint(self, path):
        """Where a server of QEMU listens so that this program can reach it."""
        return f"unix:{path}"

    def start(self, arguments, log_path):
        """Runs a program whose words go to a file; returns its process id."""
        with open(log_path, "w", encoding="utf-8") as log:
            process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._processes[process.pid] = process
        return process.pid

    def wait(self, pid, timeout_s):
        """Status of a program that has ended, less than 0 for a signal; None if it runs still."""
        try:
            return self._processes[pid].wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def signal(self, pid, number):
        self._processes[pid].send_signal(number)

    def alive(self):
        """Process ids of what was started and has not ended."""
        return [pid for pid, process in self._processes.items() if process.poll() is None]

    def set_nice(self, pid, value):
        """A priority is each thread's own."""
        for thread in os.listdir(f"/proc/{pid}/task"):
            try:
                os.setpriority(os.PRIO_PROCESS, int(thread), value)
            except ProcessLookupError:
                pass

    def read(self, path):
        with open(path, encoding="utf-8", errors="replace") as text:
            return text.read()

    def remove(self, *paths):
        for path in paths:
            if os.path.exists(path):
                os.unlink(path)

    def driver_times_us(self, vf):
        """How long the driver took for each arc of the VF's last migration."""
        folder = os.path.join(PCI, vf, "migration")
        return {name[:-len("_us")]: int(read(folder, name)) for name in os.listdir(folder)
                if "_to_" in name}

    def size(self, path):
        return os.path.getsize(path)

    def sums(self, path, piece_bytes, offset=0, count_bytes=None):
        """Checksums of the pieces of a file, or of a part of it; the last one may be short."""
        found, piece = [], bytearray(piece_bytes)
        with open(path, "rb", buffering=0) as file:
            file.seek(offset)
            end = os.path.getsize(path) if count_bytes is None else offset + count_bytes
            while offset < end and (count := file.readinto(piece)):
                found.append(hashlib.blake2b(memoryview(piece)[:count], digest_size=16).digest())
                offset += count
        return found


HERE = Place()
