# SPDX-License-Identifier: GPL-2.0-only
"""Migrations that are cancelled or made to fail, one for each phase.

After each the guest must run on at the source.  Where the device was not reset on the
way, none of its objects may be lost.
"""

import re

from .guest import GuestError
from .migration import Migration, MigrationError
from .qmp import Qmp, QmpError

MODEL_PORT = "/dev/virtio-ports/lab.qmp"
# Slow enough that the memory takes minutes: whatever is to happen meanwhile happens first
TRICKLE_BYTES = 256 << 10
# Status codes of the device, from its programming interface
STATUS_INTERNAL_ERROR = 1
STATUS_RESOURCE_BUSY = 6
EACH = 0


class Faults:
    """The device model's fault properties, set in the running model of PF number n."""

    def __init__(self):
        self._qmp = Qmp(MODEL_PORT)

    def set(self, pf_number, command, nth=EACH, status=STATUS_INTERNAL_ERROR):
        """Fail the nth such command from now on, or each."""
        path = f"/machine/peripheral/pf{pf_number}"
        for name, value in (("x-fail-nth", nth), ("x-fail-status", status),
                            ("x-fail-cmd", command)):
            self._qmp.command("qom-set", path=path, property=name, value=value)

    def clear(self, pf_number):
        self.set(pf_number, "")


class Failures:
    """Runs the cases against the guest of a session, each with a destination of its own."""

    def __init__(self, session, faults):
        self.session = session
        self.faults = faults
        self.pfs = sorted(set(session.vfs.values()))

    def run(self, pattern=""):
        """Every case whose name has the pattern; each is one result of the report."""
        for name, case in CASES:
            if not re.search(pattern, name):
                continue
            try:
                case(self)
                self.session.report.result(True, name)
            except (GuestError, MigrationError, QmpError) as error:
                self.session.report.result(False, name, str(error))
                if not self.session.current.alive():
                    raise

    def _pf_number(self, vm):
        return self.pfs.index(self.session.vfs[vm.vf])

    def _destination(self):
        """On another PF where there is one, so that a fault hits one side alone."""
        return self.session.start_destination(
            self.session.other_vf(same_pf=len(self.pfs) < 2))

    def _guest_is_whole(self):
        if not self.session.current.running():
            raise MigrationError("the guest does not run at the source")
        self.session.check()

    def _attempt(self, disturb, expected, capabilities=(), fault=None, **parameters):
        """Start a migration, let disturb(migration) do its part, and expect that end.

        fault: arguments of Faults.set(), to take effect once there is a destination.
        """
        destination = self._destination()
        if fault:
            self.faults.set(*fault)
        migration = Migration(self.session.current, destination)
        mark = migration.source.qmp.mark()
        try:
            migration.start(capabilities, **parameters)
            disturb(migration)
            status = migration.wait()
            if status != expected:
                raise MigrationError(f"migration {status}, expected {expected}: "
                                     + migration.failure())
            self._wait_running(migration, mark)
        finally:
            self.session.discard(destination)

    @staticmethod
    def _wait_running(migration, mark):
        """The status comes before the guest is started again, if it was stopped."""
        source = migration.source.qmp
        if any(e["event"] == "STOP" for e in source.events[mark:]):
            source.wait_event(lambda e: e["event"] == "RESUME", mark, what="RESUME")

    @staticmethod
    def _cancel(migration):
        migration.source.qmp.command("migrate_cancel")

    def refused_connection(self):
        """Nobody listens where the guest is sent to."""
        source = self.session.current.qmp
        mark = source.mark()
        try:
            source.command("migrate", uri=f"unix:{self.session.current.path('nobody')}")
        except QmpError:
            pass
        else:
            source.wait_migration({"failed"}, mark)
        self._guest_is_whole()

    def cancel_at_once(self):
        self._attempt(self._cancel, "cancelled", max_bandwidth=TRICKLE_BYTES)
        self._guest_is_whole()

    def cancel_in_memory_copy(self):
        def disturb(migration):
            migration.wait("active")
            self._cancel(migration)
        self._attempt(disturb, "cancelled", max_bandwidth=TRICKLE_BYTES)
        self._guest_is_whole()

    def destination_dies_in_memory_copy(self):
        def disturb(migration):
            migration.wait("active")
            migration.destination.kill()
        self._attempt(disturb, "failed", max_bandwidth=TRICKLE_BYTES)
        self._guest_is_whole()

    def cancel_with_guest_stopped(self):
        def disturb(migration):
            migration.wait("pre-switchover")
            self._cancel(migration)
        self._attempt(disturb, "cancelled", ["pause-before-switchover"])
        self._guest_is_whole()

    def destination_dies_with_guest_stopped(self):
        def disturb(migration):
            migration.wait("pre-switchover")
            migration.destination.kill()
            migration.source.qmp.command("migrate-continue", state="pre-switchover")
        self._attempt(disturb, "failed", ["pause-before-switchover"])
        self._guest_is_whole()

    def _failing_command(self, command, at_destination=False, **fault):
        """The device of one side fails a command once the guest is stopped."""
        def disturb(migration):
            migration.wait("pre-switchover")
            vm = migration.destination if at_destination else migration.source
            number = self._pf_number(vm)
            self.faults.set(number, command, **fault)
            try:
                migration.source.qmp.command("migrate-continue", state="pre-switchover")
                migration.wait()
            finally:
                self.faults.clear(number)
        self._attempt(disturb, "failed", ["pause-before-switchover"])
        self._guest_is_whole()

    def query_fails(self):
        self._failing_command("QUERY_VHCA_MIGRATION_STATE")

    def save_fails(self):
        self._failing_command("SAVE_VHCA_STATE")

    def load_fails(self):
        self._failing_command("LOAD_VHCA_STATE", at_destination=True)

    def suspend_is_busy_once(self):
        """A refusal that passes is none: the migration goes through."""
        number = self._pf_number(self.session.current)
        self.faults.set(number, "SUSPEND_VHCA", 1, STATUS_RESOURCE_BUSY)
        try:
            self.session.migrate(self.session.other_vf(same_pf=len(self.pfs) < 2),
                                 "while the device was busy once")
        finally:
            self.faults.clear(number)
        self._guest_is_whole()

    def suspend_fails(self):
        """QEMU resets a VF that cannot be suspended: only the VF may suffer.

        Its driver in the guest needs longer than anybody waits to notice, so this is
        the last case.
        """
        number = self._pf_number(self.session.current)
        self.session.vf_lost = True
        try:
            self._attempt(lambda migration: None, "failed", fault=(number, "SUSPEND_VHCA"))
        finally:
            self.faults.clear(number)
        if not self.session.current.running():
            raise MigrationError("the guest does not run at the source")
        self.session.current.guest.request("memory")


CASES = [
    ("nobody listens at the destination", Failures.refused_connection),
    ("cancelled at once", Failures.cancel_at_once),
    ("cancelled while memory is copied", Failures.cancel_in_memory_copy),
    ("destination dies while memory is copied", Failures.destination_dies_in_memory_copy),
    ("cancelled with guest and VF stopped", Failures.cancel_with_guest_stopped),
    ("destination dies with guest and VF stopped",
     Failures.destination_dies_with_guest_stopped),
    ("the device refuses to tell its size", Failures.query_fails),
    ("the device refuses to save", Failures.save_fails),
    ("the destination's device refuses to load", Failures.load_fails),
    ("the device is busy when suspended, once", Failures.suspend_is_busy_once),
    ("the device cannot be suspended: the guest runs on, its VF was reset",
     Failures.suspend_fails),
]
