# SPDX-License-Identifier: GPL-2.0-only
"""A guest goes to the QEMU of a newer release, as when its host is to be upgraded, and back.

It keeps its machine, which is one of the older QEMU.
"""

from . import timeline
from .cases import Cases
from .session import IDLE


class Upgrade(Cases):
    """Between this host's QEMU and the one of a newer release."""

    def __init__(self, session, newer, downtime_limit_ms):
        super().__init__(session)
        self._newer = newer
        self._limit_ms = downtime_limit_ms

    def _moves(self, title, own, **settings):
        """While CPU and VF write to the memory, of which all pages are compared."""
        self.session.set_load("busy")
        result = self.session.migrate(self.session.other_vfs(same_pf=len(self.pfs) < 2), title,
                                      audit=True, own=own, downtime_limit=self._limit_ms, **settings)
        for line in timeline.text(result):
            self.session.report.line(line)
        self.session.set_load(IDLE)
        self.session.check()
        self.session.ping()

    def to_newer(self):
        self._moves("to the newer QEMU", self._newer)

    def on_from_there(self):
        self._moves("between two of the newer QEMU", self._newer)

    def back_with_acknowledgement(self):
        """The older one does not know what the newer one says of the VF's first image."""
        self.attempt("failed", message="Unknown tag 0xffffffffef100005")
        self.guest_is_whole()

    def back(self):
        """Nothing of that is said."""
        self._moves("back to the older QEMU", None, source_lacks=["switchover-ack"])

    CASES = (
        ("the guest goes to the newer QEMU with its VF", "to_newer"),
        ("it goes on from there", "on_from_there"),
        ("it does not go back with switchover-ack, and stays whole", "back_with_acknowledgement"),
        ("it goes back without switchover-ack", "back"),
    )
