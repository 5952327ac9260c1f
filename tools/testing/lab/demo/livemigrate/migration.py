# SPDX-License-Identifier: GPL-2.0-only
"""One migration: from the command to the record of what happened."""

import time

from . import memory
from .place import HERE
from .qmp import QmpError
from .trace import Trace
from .trace_v1 import TraceV1

# Large enough never to be the limit on one host
MAX_BANDWIDTH_BYTES = 16 << 30
# Where nobody tells what the VF writes, all memory goes again in the blackout: then a limit
# only has to let it happen
NO_DOWNTIME_LIMIT_MS = 600000
# With a return path the source waits for the destination's word before it lets go;
# with switchover-ack it also runs on until the destination has loaded the VF's first
# image, and so has what it needs for the rest
CAPABILITIES = ("events", "return-path", "switchover-ack")
# What a case may ask for in addition; off in all others, as a QEMU that has failed once
# is used again
OPTIONAL = ("pause-before-switchover", "multifd", "postcopy-ram", "background-snapshot")
ENDED = ("completed", "failed", "cancelled")
POLL_S = 0.1


class MigrationError(Exception):
    """A migration did not end as it must."""


def now_us():
    """Time on the clock of this host, which all times are made to be of."""
    return HERE.now_us()


class Migration:
    """Moves the guest of one Vm to another that was started with incoming=True."""

    def __init__(self, source, destination):
        self.source = source
        self.destination = destination
        self.uri = destination.migration_uri(source)
        self.start_us = None
        self.end_us = None
        self.statistics = {}
        self.audit = None
        self.resume_us = None
        self._source_mark = 0
        self._destination_mark = 0

    def set_capabilities(self, vm, capabilities=(), lacks=()):
        """CAPABILITIES and these, but for those that are lacking."""
        wanted = {*CAPABILITIES, *capabilities} - set(lacks)
        vm.qmp.command("migrate-set-capabilities", capabilities=[
            {"capability": name, "state": name in wanted} for name in CAPABILITIES + OPTIONAL
            if vm.emulator.knows(name)])

    def start(self, capabilities=(), source_lacks=(), destination_lacks=(), **parameters):
        """Returns once both QEMUs have accepted their part; parameters are QMP's.

        capabilities: more of them than CAPABILITIES, on both sides.
        """
        settings = {"max_bandwidth": MAX_BANDWIDTH_BYTES, "downtime_limit": NO_DOWNTIME_LIMIT_MS}
        self.source.qmp.command("migrate-set-parameters", **{**settings, **parameters})
        self.set_capabilities(self.source, capabilities, source_lacks)
        self.set_capabilities(self.destination, capabilities, destination_lacks)
        self.destination.place.remove(self.destination.path("migration"))
        self._compare_clocks()
        self._destination_mark = self.destination.qmp.mark()
        self.destination.qmp.command("migrate-incoming", uri=self.uri)
        self._source_mark = self.source.qmp.mark()
        self.start_us = now_us()
        self.source.qmp.command("migrate", uri=self.uri)

    def wait(self, *statuses, timeout_s=300):
        """Status the source reached first, of those asked for or an end."""
        return self.source.qmp.wait_migration(set(statuses) | set(ENDED), self._source_mark,
                                              timeout_s)

    def wait_acknowledged(self, timeout_s=300):
        """Returns when the source has the destination's word; QEMU has no event for it.

        Where QEMU knows no acknowledgement, when it has sent something of the VF.
        """
        deadline = time.monotonic() + timeout_s
        event = ("vfio_save_buffer" if self.source.emulator.protocol == 1
                 else "source_return_path_thread_switchover_acked")
        while not self._trace(self.source).time_of(event):
            if time.monotonic() > deadline or not self.source.alive():
                raise MigrationError(f"no {event}: " + self.failure())
            time.sleep(POLL_S)

    def stop_soon(self):
        """Lifts a limit on the downtime that has held the guest at the source."""
        self.source.qmp.command("migrate-set-parameters", downtime_limit=NO_DOWNTIME_LIMIT_MS)

    def wait_rounds(self, rounds, timeout_s=300):
        """Returns when QEMU has gone through the memory so many times more."""
        deadline = time.monotonic() + timeout_s
        wanted = None
        while True:
            info = self.source.qmp.command("query-migrate")
            done = info.get("ram", {}).get("dirty-sync-count", 0)
            wanted = done + rounds if wanted is None else wanted
            if done >= wanted:
                return
            if info["status"] in ENDED or time.monotonic() > deadline:
                raise MigrationError(f"{info['status']} after {done} rounds of {wanted}: "
                                     + self.failure())
            time.sleep(POLL_S)

    def wait_arrival(self, timeout_s=300):
        """Returns when the destination has loaded all of it."""
        status = self.destination.qmp.wait_migration({"completed", "failed"},
                                                     self._destination_mark, timeout_s)
        if status != "completed":
            raise MigrationError("the destination failed: " + self.destination.messages())

    def complete(self, timeout_s=300):
        """To the end; raises MigrationError with both QEMUs' words if that is a bad one."""
        status = self.wait(timeout_s=timeout_s)
        if status != "completed":
            raise MigrationError(f"migration {status}: {self.failure()}")
        self.wait_arrival(timeout_s)
        self.statistics = self._ended_statistics(timeout_s)

    def _ended_statistics(self, timeout_s):
        """What the source counted. QEMU 7.2 tells of the end before it has reckoned the times."""
        deadline = time.monotonic() + timeout_s
        while True:
            info = self.source.qmp.command("query-migrate")
            if info.get("total-time"):
                return info
            if time.monotonic() > deadline:
                raise MigrationError("the source does not say how long it took")
            time.sleep(POLL_S)

    def compare_memory(self):
        """Compare every page of both guests' memory; both must be stopped."""
        try:
            pages, different = memory.differences(self.source, self.destination)
        except memory.SizesDiffer as error:
            raise MigrationError("the two memories are not of one size") from error
        self.audit = {"pages": pages, "different": len(different)}
        if different:
            raise MigrationError(f"{len(different)} of {pages} pages differ, first "
                                 + ", ".join(f"{page:#x}" for page in different[:8]))

    def resume_destination(self):
        """Lets a destination that was started paused run."""
        mark = self.destination.qmp.mark()
        self.resume_us = now_us()
        self.destination.qmp.command("cont")
        self.destination.qmp.wait_event(lambda e: e["event"] == "RESUME", mark, what="RESUME")

    def running_us(self):
        """When the guest ran again at the destination, or None."""
        times = [self.destination.time_here_us(event["time_us"])
                 for event in self.destination.qmp.events if event["event"] == "RESUME"]
        return next((time_us for time_us in times if time_us >= self.start_us), None)

    def failure(self):
        """Why it failed, as both sides tell it."""
        words = []
        try:
            words.append(self.source.qmp.command("query-migrate").get("error-desc", ""))
        except QmpError as error:
            words.append(str(error))
        words += [self.source.messages(), self.destination.messages()]
        return "; ".join(word for word in words if word) or "no reason given"

    def finish(self):
        """Marks the end of what belongs to this migration in the traces."""
        self.end_us = now_us()
        self._compare_clocks()

    def _compare_clocks(self):
        """Before and after: they may drift."""
        for vm in (self.source, self.destination):
            vm.place.compare_clocks()

    def traces(self):
        """What both QEMUs did between start() and finish()."""
        return tuple(self._trace(vm) for vm in (self.source, self.destination))

    def _trace(self, vm):
        kind = TraceV1 if vm.emulator.protocol == 1 else Trace
        return kind(vm, self.start_us, self.end_us or now_us())
