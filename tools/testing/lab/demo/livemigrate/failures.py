# SPDX-License-Identifier: GPL-2.0-only
"""Migrations that are cancelled or made to fail, one for each phase.

After each the guest must run on at the source.  Where the device was not reset on the
way, none of its objects may be lost.
"""

import signal
import time

from . import emulator
from .cases import TRICKLE_BYTES, Cases
from .migration import POLL_S, MigrationError, now_us
from .qmp import PATIENCE_S, Qmp, QmpError
from .session import HEAVY, IDLE
from .trace import Trace

MODEL_PORT = "/dev/virtio-ports/lab.qmp"
# Status codes of the device, from its programming interface
STATUS_INTERNAL_ERROR = 1
STATUS_RESOURCE_BUSY = 6
EACH = 0
# Of memory that QEMU goes through while it waits for something: more than one by chance
ROUNDS = 5
# Each second, less than what a guest under the load HEAVY writes
BELOW_HEAVY_BYTES = 4 << 20


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


class Failures(Cases):
    """Each case has a destination of its own."""

    def __init__(self, session, faults):
        super().__init__(session)
        self.faults = faults
        self.cases = self.CASES
        self.cases += self.CASES_V2 if emulator.installed().protocol == 2 else self.CASES_V1

    def _pf_number(self, vm):
        return self.pfs.index(self.session.vfs[vm.vf])

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
        self.guest_is_whole()

    def cancel_at_once(self):
        self.attempt("cancelled", self._cancel, max_bandwidth=TRICKLE_BYTES)
        self.guest_is_whole()

    def cancel_in_memory_copy(self):
        def disturb(migration):
            migration.wait("active")
            self._cancel(migration)
        self.attempt("cancelled", disturb, max_bandwidth=TRICKLE_BYTES)
        self.guest_is_whole()

    def destination_dies_in_memory_copy(self):
        def disturb(migration):
            migration.wait("active")
            migration.destination.kill()
        self.attempt("failed", disturb, max_bandwidth=TRICKLE_BYTES)
        self.guest_is_whole()

    def _in_precopy(self, expected, act):
        """act(migration) once the destination has the VF's first image; the guest runs.

        The limit on the downtime keeps QEMU where it is: it copies memory and asks the VF
        for what has changed, again and again. A limit of 0 would not do, as QEMU then
        trusts an estimate of nothing left. QEMU 7.2 asks the VF only when a round of the
        memory has ended, and is done then if nothing was written meanwhile: there the
        guest writes faster than QEMU may send.
        """
        held = {"max_bandwidth": BELOW_HEAVY_BYTES} if emulator.installed().protocol == 1 else {}
        if held:
            self.session.set_load(HEAVY)
        mark = self._mark()

        def disturb(migration):
            migration.wait_acknowledged()
            act(migration)
        self.attempt(expected, disturb, downtime_limit=1, **held)
        if held:
            self.session.set_load(IDLE)
        self._vf_runs(mark)
        self.guest_is_whole()

    def _mark(self):
        """Position in the events, and the time."""
        return self.session.current.qmp.mark(), now_us()

    def _vf_runs(self, mark):
        """The VF is on its way back at once, not when it is saved the next time."""
        if emulator.installed().protocol == 1:
            self._wait_trace(mark[1], "vfio_migration_set_state", "state 1")
            return
        self.session.current.qmp.wait_event(
            lambda e: e["event"] == "VFIO_MIGRATION" and e["data"]["device-state"] == "running",
            mark[0], what="VF that runs")

    def _wait_trace(self, since_us, event, text):
        """QEMU 7.2 has no event of a VF's states."""
        deadline = time.monotonic() + PATIENCE_S
        while not Trace(self.session.current, since_us,
                        now_us()).time_of(event, text):
            if time.monotonic() > deadline:
                raise MigrationError(f"no {event} {text}")
            time.sleep(POLL_S)

    def cancel_in_precopy(self):
        self._in_precopy("cancelled", self._cancel)

    def destination_dies_in_precopy(self):
        self._in_precopy("failed", lambda migration: migration.destination.kill())

    def save_fails_in_precopy(self):
        """The first image cannot be had: the guest was never stopped."""
        mark = self._mark()
        number = self._pf_number(self.session.current)
        try:
            self.attempt("failed", tune=lambda migration: self.faults.set(
                number, "SAVE_VHCA_STATE"))
        finally:
            self.faults.clear(number)
        self._vf_runs(mark)
        self.guest_is_whole()

    def load_fails_in_precopy(self):
        """The first image is not taken: the destination never acknowledges."""
        mark = self._mark()

        def tune(migration):
            self.faults.set(self._pf_number(migration.destination), "LOAD_VHCA_STATE")
        try:
            self.attempt("failed", tune=tune)
        finally:
            for number in range(len(self.pfs)):
                self.faults.clear(number)
        self._vf_runs(mark)
        self.guest_is_whole()

    def cancel_with_guest_stopped(self):
        def disturb(migration):
            migration.wait("pre-switchover")
            self._cancel(migration)
        self.attempt("cancelled", disturb, capabilities=["pause-before-switchover"])
        self.guest_is_whole()

    def destination_dies_with_guest_stopped(self):
        def disturb(migration):
            migration.wait("pre-switchover")
            migration.destination.kill()
            migration.source.qmp.command("migrate-continue", state="pre-switchover")
        self.attempt("failed", disturb, capabilities=["pause-before-switchover"])
        self.guest_is_whole()

    def _failing_command(self, command, at_destination=False, **fault):
        """The device of one side fails a command after the VF's first image has arrived.

        The fault is there before the guest is stopped: when QEMU says that it is, the
        device has its last commands already.
        """
        def disturb(migration):
            migration.wait_acknowledged()
            vm = migration.destination if at_destination else migration.source
            number = self._pf_number(vm)
            self.faults.set(number, command, **fault)
            try:
                migration.stop_soon()
                migration.wait()
            finally:
                self.faults.clear(number)
        self.attempt("failed", disturb, downtime_limit=1)
        self.guest_is_whole()

    def query_fails(self):
        """QEMU takes what it is not told for a lot, and does not stop the guest for it."""
        number = self._pf_number(self.session.current)

        def disturb(migration):
            migration.wait_acknowledged()
            self.faults.set(number, "QUERY_VHCA_MIGRATION_STATE")
            try:
                migration.stop_soon()
                migration.wait_rounds(ROUNDS)
                self._cancel(migration)
                migration.wait()
            finally:
                self.faults.clear(number)
        self.attempt("cancelled", disturb, downtime_limit=1)
        self.guest_is_whole()

    def save_fails(self):
        self._failing_command("SAVE_VHCA_STATE")

    def load_fails(self):
        self._failing_command("LOAD_VHCA_STATE", at_destination=True)

    def _fails_from_the_start(self, command, at_destination=False, **fault):
        """The fault is there before the migration is; QEMU 7.2 does not tell when it is due."""
        def tune(migration):
            vm = migration.destination if at_destination else migration.source
            self.faults.set(self._pf_number(vm), command, **fault)
        try:
            self.attempt("failed", tune=tune)
        finally:
            for number in range(len(self.pfs)):
                self.faults.clear(number)
        self.guest_is_whole()

    def destination_cannot_be_prepared(self):
        """It does not come to RESUMING."""
        self._fails_from_the_start("SUSPEND_VHCA", at_destination=True)

    def query_fails_v1(self):
        """The VF cannot be saved at all."""
        self._fails_from_the_start("QUERY_VHCA_MIGRATION_STATE")

    def save_fails_v1(self):
        """What has changed, after the first image."""
        self._fails_from_the_start("SAVE_VHCA_STATE", nth=2)

    def load_fails_v1(self):
        """As well."""
        self._fails_from_the_start("LOAD_VHCA_STATE", at_destination=True, nth=2)

    def destination_does_not_run(self):
        """All was loaded.  The source hears of it in time, by the return path."""
        self._fails_from_the_start("RESUME_VHCA", at_destination=True)

    def suspend_fails_v1(self):
        """QEMU 7.2 does not reset the VF, which has what it had."""
        self._fails_from_the_start("SUSPEND_VHCA")

    def stop_fails_v1(self):
        """Without a migration QEMU 7.2 has nowhere to note the error, and writes there."""
        self.session.vf_lost = True
        source = self.session.current
        number = self._pf_number(source)
        self.faults.set(number, "SUSPEND_VHCA")
        try:
            source.qmp.command("stop")
        except QmpError:
            pass
        finally:
            self.faults.clear(number)
        end = source.died_of()
        if end != signal.SIGSEGV:
            raise MigrationError(f"QEMU ended by {end}: {source.messages()}")

    def suspend_is_busy_once(self):
        """A refusal that passes is none: the migration goes through."""
        number = self._pf_number(self.session.current)
        self.faults.set(number, "SUSPEND_VHCA", 1, STATUS_RESOURCE_BUSY)
        try:
            self.session.migrate(self.session.other_vfs(same_pf=len(self.pfs) < 2),
                                 "while the device was busy once")
        finally:
            self.faults.clear(number)
        self.guest_is_whole()

    def suspend_fails(self):
        """QEMU resets a VF that cannot be suspended: only the VF may suffer.

        Its driver in the guest needs longer than anybody waits to notice, so this is
        the last case.
        """
        number = self._pf_number(self.session.current)
        self.session.vf_lost = True
        try:
            self.attempt("failed", tune=lambda migration: self.faults.set(number, "SUSPEND_VHCA"))
        finally:
            self.faults.clear(number)
        if not self.session.current.running():
            raise MigrationError("the guest does not run at the source")
        self.session.current.guest.request("memory")

    # name and method of each, as far as it is the same with both protocols
    CASES = (
        ("nobody listens at the destination", "refused_connection"),
        ("cancelled at once", "cancel_at_once"),
        ("cancelled while memory is copied", "cancel_in_memory_copy"),
        ("destination dies while memory is copied", "destination_dies_in_memory_copy"),
        ("cancelled while the VF is saved and the guest runs", "cancel_in_precopy"),
        ("destination dies while the VF is saved and the guest runs",
         "destination_dies_in_precopy"),
        ("the device refuses to save while the guest runs", "save_fails_in_precopy"),
        ("the destination's device refuses to load while the guest runs",
         "load_fails_in_precopy"),
        ("cancelled with guest and VF stopped", "cancel_with_guest_stopped"),
        ("destination dies with guest and VF stopped",
         "destination_dies_with_guest_stopped"),
    )
    # These wait for what QEMU 7.2 does not tell
    CASES_V2 = (
        ("the device refuses to tell its size, and the guest runs on", "query_fails"),
        ("the device refuses to save", "save_fails"),
        ("the destination's device refuses to load", "load_fails"),
        ("the destination's device cannot be made ready", "destination_cannot_be_prepared"),
        ("the device is busy when suspended, once", "suspend_is_busy_once"),
        ("the device cannot be suspended: the guest runs on, its VF was reset",
         "suspend_fails"),
    )
    CASES_V1 = (
        ("the device refuses to tell its size", "query_fails_v1"),
        ("the device refuses to save what has changed", "save_fails_v1"),
        ("the destination's device refuses to load what has changed", "load_fails_v1"),
        ("the destination's device cannot be made ready", "destination_cannot_be_prepared"),
        ("the destination's device does not run", "destination_does_not_run"),
        ("the device cannot be suspended: guest and VF run on", "suspend_fails_v1"),
        ("the device is busy when suspended, once", "suspend_is_busy_once"),
        ("the device cannot be suspended when the guest is stopped by hand: QEMU dies",
         "stop_fails_v1"),
    )
