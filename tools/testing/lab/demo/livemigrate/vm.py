# SPDX-License-Identifier: GPL-2.0-only
"""A stock QEMU process that runs the guest, or waits for it to arrive."""

import os
import signal
import subprocess

from .guest import Guest
from .qmp import Qmp, QmpError

# Nothing the guest could do without: a second serial port for its service, and the VF.
KERNEL_OPTIONS = ("console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable no_timer_check "
                  "random.trust_cpu=on rcupdate.rcu_expedited=1 audit=0")
# What a migration's timeline is made of, see trace.py
TRACES = ["vfio_migration_set_state", "vfio_migration_set_device_state", "vfio_save_block",
          "vfio_save_complete_precopy*", "vfio_load_state_device_data",
          "vfio_load_device_config_state*", "vmstate_downtime_*", "migrate_set_state"]
CAPABILITIES = ["events", "return-path"]
MEBIBYTE = 1 << 20


class VmError(Exception):
    """QEMU could not be started, or died."""


class Payload:
    """Files the guest boots from, as guest/build made them."""

    def __init__(self, directory, memory_mib, memcheck_mib):
        self.kernel = os.path.join(directory, "vmlinux")
        self.initramfs = os.path.join(directory, "initramfs.cpio")
        self.memory_mib = memory_mib
        self.memcheck_mib = memcheck_mib
        for path in (self.kernel, self.initramfs):
            if not os.path.exists(path):
                raise VmError(f"{path} is missing: run demo/guest/build first")


class Vm:
    """One QEMU.  start() it, stop() it; in between it is a source or a destination."""

    def __init__(self, name, payload, vf, directory, log_command=print):
        self.name = name
        self.vf = vf
        self.payload = payload
        self.directory = directory
        self.qmp = None
        self.guest = None
        self._log_command = log_command
        self._process = None

    def path(self, suffix):
        return os.path.join(self.directory, f"{self.name}.{suffix}")

    @property
    def memory_path(self):
        """The guest's memory, where both QEMUs' can be compared."""
        return f"/dev/shm/livemigrate-{os.getpid()}-{self.name}.ram"

    def arguments(self, incoming, paused):
        memory = self.payload.memory_mib
        append = f"{KERNEL_OPTIONS} demo.memcheck={self.payload.memcheck_mib}"
        arguments = [
            "qemu-system-x86_64", "-name", self.name, "-nodefaults", "-no-user-config",
            "-display", "none", "-no-reboot", "-accel", "tcg", "-cpu", "qemu64,+rdrand",
            "-machine", "q35,hpet=off,memory-backend=ram", "-m", f"{memory}M",
            "-object", f"memory-backend-file,id=ram,size={memory}M,share=on,"
                       f"mem-path={self.memory_path}",
            "-kernel", self.payload.kernel, "-initrd", self.payload.initramfs,
            "-append", append,
            "-serial", f"file:{self.path('console')}",
            "-serial", f"unix:{self.path('guest')},server=on,wait=off",
            "-qmp", f"unix:{self.path('qmp')},server=on,wait=off",
            "-msg", "timestamp=on", "-D", self.path("trace"),
        ]
        if self.vf:
            arguments += ["-device", f"vfio-pci,host={self.vf},id=vf,bus=pcie.0,addr=5,"
                                     "enable-migration=on,migration-events=on"]
        for pattern in TRACES:
            arguments += ["-trace", pattern]
        if incoming:
            arguments += ["-incoming", "defer"]
        if paused:
            arguments += ["-S"]
        return arguments

    def start(self, incoming=False, paused=False):
        """Returns once the monitor answers; QEMU's own words are in the error if it does not."""
        arguments = self.arguments(incoming, paused)
        self._log_command(arguments)
        for suffix in ("console", "guest", "qmp", "trace"):
            if os.path.exists(self.path(suffix)):
                os.unlink(self.path(suffix))
        with open(self.path("stderr"), "w", encoding="utf-8") as stderr:
            self._process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=stderr,
                                             stderr=stderr)
        try:
            self.qmp = Qmp(self.path("qmp"))
            self.guest = Guest(self.path("guest"))
        except (QmpError, OSError) as error:
            self.stop()
            raise VmError(f"{self.name}: {error}\n{self.messages()}") from error
        self.qmp.command("migrate-set-capabilities", capabilities=[
            {"capability": name, "state": True} for name in CAPABILITIES])

    def messages(self):
        """What QEMU wrote, but for its trace."""
        with open(self.path("stderr"), encoding="utf-8", errors="replace") as stderr:
            return stderr.read().strip()

    def console(self):
        with open(self.path("console"), encoding="utf-8", errors="replace") as console:
            return console.read()

    def alive(self):
        return self._process is not None and self._process.poll() is None

    def running(self):
        return self.alive() and self.qmp.command("query-status")["running"]

    def kill(self):
        """As a crash of the host would."""
        if self.alive():
            self._process.send_signal(signal.SIGKILL)
        self.stop()

    def stop(self):
        """Ends QEMU and frees what it held; harmless when it is gone already."""
        if self.alive():
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
        if self._process:
            self._process.wait()
        for end in (self.qmp, self.guest):
            if end:
                end.close()
        if os.path.exists(self.memory_path):
            os.unlink(self.memory_path)
