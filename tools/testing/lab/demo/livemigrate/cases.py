# SPDX-License-Identifier: GPL-2.0-only
"""What all lists of cases have in common: a guest that lives through them, and a start.

A case is a method that raises one of CASE_ERRORS when something is not as it must be.
"""

import re

from .guest import GuestError
from .migration import Migration, MigrationError
from .qmp import QmpError
from .vm import VmError

CASE_ERRORS = (GuestError, MigrationError, QmpError, VmError)
# Slow enough that the memory takes minutes: whatever is to happen meanwhile happens first
TRICKLE_BYTES = 256 << 10
# QEMU 10 shuts the socket down, the return path's being the stream's, before it says that it
# cancels: its thread may see the socket fail first, and then that is how it ends
RACE_OF_CANCEL = "Channel error: Input/output error"


class Cases:
    """Runs the cases of a subclass against the guest of a session."""

    # name and method of each, in order
    CASES = ()

    def __init__(self, session):
        self.session = session
        self.cases = self.CASES
        self.pfs = sorted(set(session.vfs.values()))

    def run(self, pattern=""):
        """Every case whose name has the pattern; each is one result of the report."""
        for name, method in self.cases:
            if not re.search(pattern, name):
                continue
            self.session.report.line(f"  -- {name}")
            try:
                getattr(self, method)()
                self.session.report.result(True, name)
            except CASE_ERRORS as error:
                self.session.report.result(False, name, str(error))
                if not self.session.current.alive():
                    raise

    def destination(self):
        """On another PF where there is one, so that a fault hits one side alone."""
        return self.session.start_destination(
            self.session.other_vfs(same_pf=len(self.pfs) < 2))

    def guest_is_whole(self):
        """The guest runs where it was, and has all that it had."""
        if not self.session.current.running():
            raise MigrationError("the guest does not run at the source")
        self.session.check()

    def attempt(self, expected, disturb=None, message="", tune=None, **settings):
        """Start a migration, let disturb(migration) do its part, and expect that end.

        message is in what both sides say of a failure.  tune(migration) comes before the
        start; the settings are those of Migration.start().  One that is cancelled may end as
        failed: RACE_OF_CANCEL.
        """
        migration = Migration(self.session.current, self.destination())
        mark = migration.source.qmp.mark()
        try:
            if tune:
                tune(migration)
            migration.start(**settings)
            if disturb:
                disturb(migration)
            status = migration.wait()
            words = migration.failure()
            raced = expected == "cancelled" and status == "failed" and \
                words.startswith(RACE_OF_CANCEL)
            if not raced and (status != expected or message not in words):
                raise MigrationError(f"migration {status}, expected {expected} with "
                                     f"'{message}': {words}")
            self._wait_running(migration, mark)
        finally:
            self.session.discard(migration.destination)

    @staticmethod
    def _wait_running(migration, mark):
        """The status comes before the guest is started again, if it was stopped."""
        source = migration.source.qmp
        if any(e["event"] == "STOP" for e in source.events[mark:]):
            source.wait_event(lambda e: e["event"] == "RESUME", mark, what="RESUME")
