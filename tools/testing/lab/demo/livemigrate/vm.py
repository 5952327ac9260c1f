# SPDX-License-Identifier: GPL-2.0-only
"""A stock QEMU process that runs the guest, or waits for it to arrive."""

import contextlib
import json
import os
import signal

from . import emulator
from .guest import Guest
from .place import HERE
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
# Where a destination waits for a source of another host
MIGRATION_PORT = 4444
STOP_S = 30
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

    def __init__(self, name, payload, vfs, directory, log_command=print, mapped=True, own=None,
                 place=HERE):
        """mapped: does the guest reach the VFs' registers without QEMU; own: an Emulator.

        place: the host that QEMU runs on, directory being one of it. The guest is such as this
        host's QEMU has it, whichever runs it.
        """
        self.name = name
        self.vfs = vfs
        self.mapped = mapped
        self.emulator = own or emulator.installed()
        self.payload = payload
        self.directory = directory
        self.qmp = None
        self.guest = None
        self.place = place
        self._log_command = log_command
        self._pid = None
        self._ends = {end: place.endpoint(self.path(end)) for end in ("qmp", "guest")}

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

    @property
    def vf_name(self):
        """For people, as two hosts' VFs can have one address."""
        return f"{self.place.name} {self.vf}".strip()

    def time_here_us(self, time_us):
        """A time on the clock of QEMU's host as one of this host's."""
        return time_us - round(self.place.ahead_us)

    def migration_uri(self, source):
        """Where this one, as a destination, waits for that source."""
        if source.place is self.place:
            return f"unix:{self.path('migration')}"
        return f"tcp:{self.place.address}:{MIGRATION_PORT}"

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
            "-serial", f"{self._ends['guest']},server=on,wait=off",
            "-qmp", f"{self._ends['qmp']},server=on,wait=off",
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
        self.place.remove(*map(self.path, ("console", "guest", "qmp", "trace")))
        self._pid = self.place.start(arguments, self.path("stderr"))
        try:
            self.qmp = Qmp(self._ends["qmp"])
            self.guest = Guest(self._ends["guest"])
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
        self.place.set_nice(self._pid, NICE_OF_SOURCE)
        try:
            yield
        finally:
            self.place.set_nice(self._pid, 0)

    def messages(self):
        """What QEMU wrote, but for its trace."""
        return self.place.read(self.path("stderr")).strip()

    def console(self):
        return self.place.read(self.path("console"))

    def alive(self):
        return self._pid is not None and self.place.wait(self._pid, 0) is None

    def died_of(self, timeout_s=30):
        """The signal that ended QEMU, or None if none did."""
        status = self.place.wait(self._pid, timeout_s)
        return signal.Signals(-status) if status is not None and status < 0 else None

    def running(self):
        return self.alive() and self.qmp.command("query-status")["running"]

    def kill(self):
        """As a crash of the host would."""
        if self.alive():
            self.place.signal(self._pid, signal.SIGKILL)
        self.stop()

    def stop(self):
        """Ends QEMU and frees what it held; harmless when it is gone already."""
        if self.alive():
            self.place.signal(self._pid, signal.SIGTERM)
            if self.place.wait(self._pid, STOP_S) is None:
                self.place.signal(self._pid, signal.SIGKILL)
        if self._pid is not None:
            self.place.wait(self._pid, None)
        for end in (self.qmp, self.guest):
            if end:
                end.close()
        self.place.remove(self.memory_path)
