# SPDX-License-Identifier: GPL-2.0-only
"""A stock QEMU process that runs the guest, or waits for it to arrive."""

import contextlib
import json
import os
import signal
import subprocess

from . import emulator
from .guest import Guest
from .qmp import Qmp, QmpError

# Of the guest: all its memory moves in every blackout, so it has little
MEMORY_MIB = 160
MEMCHECK_MIB = 4
# Nothing the guest could do without: a second serial port for its service, and the VF.
KERNEL_OPTIONS = ("console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable no_timer_check "
                  "random.trust_cpu=on rcupdate.rcu_expedited=1 audit=0")
MEMORY_FOLDER = "/dev/shm" if os.path.isdir("/dev/shm") else "/tmp"
# Without KVM the guest's clock follows its instructions, or a busy host would have it do
# nothing but serve its own timer
ICOUNT = "shift=4"
# With one CPU for all of it, what a guest does while another QEMU starts only makes that
# take longer
NICE_OF_SOURCE = 15
# Slot for the VF, with a window for its 64-bit BAR, so that it can be plugged in later
SLOT = "pcie-root-port,id=port0,bus=pcie.0,addr=5,chassis=1,pref64-reserve=32M"


class VmError(Exception):
    """QEMU could not be started, or died."""


class Payload:
    """What the guest boots from, as guest/build made it, and its state when it had booted."""

    def __init__(self, directory, memory_mib=MEMORY_MIB, memcheck_mib=MEMCHECK_MIB):
        self.directory = directory
        self.kernel = os.path.join(directory, "vmlinux")
        self.initramfs = os.path.join(directory, "initramfs.cpio")
        self.snapshot = os.path.join(directory, f"booted-{memory_mib}-{memcheck_mib}.state")
        self.memory_mib = memory_mib
        self.memcheck_mib = memcheck_mib
        for path in (self.kernel, self.initramfs):
            if not os.path.exists(path):
                raise VmError(f"{path} is missing: run demo/guest/build first")


class Vm:
    """One QEMU.  start() it, stop() it; in between it is a source or a destination."""

    def __init__(self, name, payload, vfs, directory, log_command=print, mapped=True, own=None):
        """mapped: does the guest reach the VFs' registers without QEMU; own: an Emulator.

        The guest is such as this host's QEMU has it, whichever runs it.
        """
        self.name = name
        self.vfs = vfs
        self.mapped = mapped
        self.emulator = own or emulator.installed()
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
        return f"{MEMORY_FOLDER}/livemigrate-{os.getpid()}-{self.name}.ram"

    @property
    def vf(self):
        """The first, or the only one."""
        return self.vfs[0]

    def vf_devices(self):
        """Properties of the guest's VFs, which are functions of one slot.

        Function 0 comes last: it is its coming that makes the guest look at a slot.
        """
        special = {"multifunction": True} if len(self.vfs) > 1 else {}
        if not self.mapped:
            special["x-no-mmap"] = True
        return [{"driver": "vfio-pci", "host": vf, "id": f"vf{number or ''}", "bus": "port0",
                 "addr": f"0x0.{number}", **self.emulator.migration_properties,
                 **special} for number, vf in reversed(list(enumerate(self.vfs)))]

    def arguments(self, incoming, paused, plugged):
        memory = f"{self.payload.memory_mib * 1024 + emulator.installed().extra_memory_kib}K"
        arguments = [
            *self.emulator.command, "-name", self.name, "-nodefaults", "-no-user-config",
            "-display", "none", "-no-reboot", "-accel", "tcg", "-icount", ICOUNT,
            "-cpu", "qemu64,+rdrand",
            "-machine", f"{emulator.installed().machine},hpet=off,memory-backend=ram", "-m", memory,
            "-object", f"memory-backend-file,id=ram,size={memory},share=on,"
                       f"mem-path={self.memory_path}",
            "-serial", f"file:{self.path('console')}",
            "-serial", f"unix:{self.path('guest')},server=on,wait=off",
            "-qmp", f"unix:{self.path('qmp')},server=on,wait=off",
            "-msg", "timestamp=on", "-D", self.path("trace"),
            "-device", SLOT,
        ]
        if incoming:
            # The kernel arrives with the memory
            arguments += ["-incoming", "defer"]
        else:
            append = f"{KERNEL_OPTIONS} demo.memcheck={self.payload.memcheck_mib}"
            arguments += ["-kernel", self.payload.kernel, "-initrd", self.payload.initramfs,
                          "-append", append]
        if plugged:
            for device in self.vf_devices():
                arguments += ["-device", json.dumps(device)]
        for pattern in self.emulator.traces:
            arguments += ["-trace", pattern]
        if paused:
            arguments += ["-S"]
        return arguments

    def start(self, incoming=False, paused=False, plugged=True):
        """Returns once the monitor answers; QEMU's own words are in the error if it does not."""
        arguments = self.arguments(incoming, paused, plugged)
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

    def boot(self, timeout_s):
        """Start the guest with its VF from the kernel on."""
        self.start()
        self.guest.wait_ready(timeout_s)

    def restore(self, timeout_s):
        """Start the guest where its snapshot was taken, and plug the VF in."""
        self.start(incoming=True, plugged=False)
        self.qmp.command("migrate-set-capabilities", capabilities=[
            {"capability": "events", "state": True}])
        self.qmp.command("migrate-incoming", uri=self.emulator.file_uri(
            self.payload.snapshot, incoming=True))
        status = self.qmp.wait_migration({"completed", "failed"}, timeout_s=timeout_s)
        if status != "completed":
            raise VmError(f"{self.payload.snapshot} cannot be loaded: {self.messages()}")
        for device in self.vf_devices():
            self.qmp.command("device_add", **device)
        # It was stopped when its state was taken
        self.qmp.command("cont")

    def save_snapshot(self, timeout_s):
        """Boot without a VF and keep the state that restore() goes on from."""
        self.start(plugged=False)
        self.guest.wait_ready(timeout_s)
        self.qmp.command("stop")
        self.qmp.command("migrate-set-capabilities", capabilities=[
            {"capability": "events", "state": True}])
        self.qmp.command("migrate", uri=self.emulator.file_uri(
            f"{self.payload.snapshot}.new"))
        status = self.qmp.wait_migration({"completed", "failed"}, timeout_s=timeout_s)
        if status != "completed":
            raise VmError(f"cannot save the booted guest: {self.messages()}")
        os.rename(f"{self.payload.snapshot}.new", self.payload.snapshot)

    @contextlib.contextmanager
    def stepped_back(self):
        """Context: leaves the CPU to a QEMU that starts; the guest always finds work."""
        self._set_nice(NICE_OF_SOURCE)
        try:
            yield
        finally:
            self._set_nice(0)

    def _set_nice(self, value):
        """A priority is each thread's own."""
        for thread in os.listdir(f"/proc/{self._process.pid}/task"):
            try:
                os.setpriority(os.PRIO_PROCESS, int(thread), value)
            except ProcessLookupError:
                pass

    def messages(self):
        """What QEMU wrote, but for its trace."""
        with open(self.path("stderr"), encoding="utf-8", errors="replace") as stderr:
            return stderr.read().strip()

    def console(self):
        with open(self.path("console"), encoding="utf-8", errors="replace") as console:
            return console.read()

    def alive(self):
        return self._process is not None and self._process.poll() is None

    def died_of(self, timeout_s=30):
        """The signal that ended QEMU, or None if none did."""
        try:
            status = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        return signal.Signals(-status) if status < 0 else None

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
