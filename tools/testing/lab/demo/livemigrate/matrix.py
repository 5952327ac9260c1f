# SPDX-License-Identifier: GPL-2.0-only
"""QEMU's settings that two sides may have alike or not, and what becomes of a guest.

Where the settings do not go together the guest must run on at the source and have all
that it had; in the other cases it moves.
"""

from . import timeline
from .cases import Cases
from .migration import MigrationError
from .qmp import QmpError

VF_PATH = "/machine/peripheral/vf"
CHANNELS = 2
ROUNDS = 5


class Matrix(Cases):
    """Each case may leave the guest on another VF."""

    def _refused(self, reason, act, *arguments, **settings):
        """QEMU does not take a monitor command, and says why."""
        try:
            act(*arguments, **settings)
        except QmpError as error:
            if reason not in str(error):
                raise
            return
        raise MigrationError(f"accepted, expected '{reason}'")

    def _moves(self, title, acknowledged=True, **settings):
        """The guest moves; returns the timeline."""
        result = self.session.migrate(self.session.other_vfs(same_pf=len(self.pfs) < 2), title,
                                      **settings)
        for line in timeline.text(result):
            self.session.report.line(line)
        if acknowledged:
            lacks = timeline.shortcomings(result)
            if lacks:
                raise MigrationError("; ".join(lacks))
        elif result["precopy"]["acknowledged_ms"] is not None:
            raise MigrationError("there was an acknowledgement")
        self.session.check()
        return result

    def ack_source(self):
        """The destination does not know what the source tells it."""
        self.attempt("failed", message="Received INIT_DATA_SENT but switchover ack is not used",
                     destination_lacks=["switchover-ack"])
        self.guest_is_whole()

    def ack_destination(self):
        """The source does not wait for what it never asked for."""
        self._moves("no switchover-ack at the source", False, source_lacks=["switchover-ack"])

    def ack_neither(self):
        """The VF is saved while the guest runs, but nobody waits for the destination."""
        lacks = ["switchover-ack"]
        self._moves("without switchover-ack", False, source_lacks=lacks, destination_lacks=lacks)

    def ack_without_return_path(self):
        """QEMU refuses that at once."""
        source = self.session.current.qmp
        source.command("migrate-set-capabilities", capabilities=[
            {"capability": name, "state": False} for name in ("switchover-ack", "return-path")])
        self._refused("requires capability 'return-path'", source.command,
                      "migrate-set-capabilities",
                      capabilities=[{"capability": "switchover-ack", "state": True}])
        self.guest_is_whole()

    def _start_refused(self, reason, capability, lacks=()):
        """The VF does not allow what the capability says."""
        self._refused(reason, self.attempt, "failed", capabilities=[capability],
                      source_lacks=lacks,
                      destination_lacks=[capability])
        self.guest_is_whole()

    def postcopy(self):
        """Half of a VF cannot be left behind."""
        self._start_refused("VFIO migration is not supported with postcopy migration",
                            "postcopy-ram")

    def background_snapshot(self):
        """What it writes to while it runs cannot be watched."""
        self._start_refused("VFIO migration is not supported with background snapshot",
                            "background-snapshot", ("return-path", "switchover-ack"))

    @staticmethod
    def _transfer(source, destination):
        """Sets how each side wants the VF's last part; on, off or auto."""
        def tune(migration):
            for vm, value in ((migration.source, source), (migration.destination, destination)):
                vm.qmp.command("qom-set", path=VF_PATH, property="x-migration-multifd-transfer",
                               value=value)
                vm.qmp.command("migrate-set-parameters", multifd_channels=CHANNELS)
        return tune

    def _multifd(self, value):
        """Both sides alike; the last part takes the way it should, and no other."""
        result = self._moves(f"multifd, transfer {value}", capabilities=["multifd"],
                             tune=self._transfer(value, value))
        if result["multifd_transfer"] != (value != "off"):
            raise MigrationError("the VF's last part took the other way")

    def multifd_on(self):
        self._multifd("on")

    def multifd_auto(self):
        self._multifd("auto")

    def multifd_off(self):
        self._multifd("off")

    def multifd_source_only(self):
        """The destination gets packets it has no use for."""
        self.attempt("failed", message="got device state packet but not doing multifd transfer",
                     capabilities=["multifd"], tune=self._transfer("on", "off"))
        self.guest_is_whole()

    def multifd_destination_only(self):
        """The destination waits for packets, and gets the VF where it does not expect it."""
        self.attempt("failed", message="in main migration channel but doing multifd transfer",
                     capabilities=["multifd"], tune=self._transfer("off", "on"))
        self.guest_is_whole()

    def multifd_missing(self):
        """Packets need channels."""
        self.attempt("failed", message="Multifd device transfer requested but unsupported",
                     tune=self._transfer("on", "auto"))
        self._transfer_auto()
        self.guest_is_whole()

    def _transfer_auto(self):
        self.session.current.qmp.command(
            "qom-set", path=VF_PATH, property="x-migration-multifd-transfer", value="auto")

    def five_times(self):
        """Back and forth between two VFs; each is left as if nobody had used it."""
        for number in range(ROUNDS):
            self._moves(f"back and forth, {number + 1} of {ROUNDS}")
            self.session.ping()

    CASES = (
        ("switchover-ack without return-path is refused", "ack_without_return_path"),
        ("switchover-ack at the source alone: the guest stays", "ack_source"),
        ("switchover-ack at the destination alone: the guest moves", "ack_destination"),
        ("switchover-ack at neither: the guest moves", "ack_neither"),
        ("postcopy is refused", "postcopy"),
        ("a background snapshot is refused", "background_snapshot"),
        ("multifd transfer without multifd: the guest stays", "multifd_missing"),
        ("multifd transfer at the source alone: the guest stays", "multifd_source_only"),
        ("multifd transfer at the destination alone: the guest stays",
         "multifd_destination_only"),
        ("multifd transfer on", "multifd_on"),
        ("multifd transfer auto is on", "multifd_auto"),
        ("multifd transfer off", "multifd_off"),
        ("five times back and forth", "five_times"),
    )
