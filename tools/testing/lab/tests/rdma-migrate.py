#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A guest migrates while its VF and a PF of the host speak RDMA."""

import sys
import tempfile
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, "/src/tools/testing/lab/demo")
# pylint: disable=wrong-import-position
from livemigrate.guest import GuestError
from livemigrate.host import HostError
from livemigrate.migration import MigrationError
from livemigrate.qmp import QmpError
from livemigrate.rdma import GuestEnd, HostEnd, RdmaError, RdmaRun
from livemigrate.report import Report
from livemigrate.session import ATTACH_TIMEOUT_S, Session
from livemigrate.vm import Payload, VmError

PAYLOAD = "/build/demo-rdma"
SHORT = 20
# More than are done before a migration is: in a second some 200 messages both ways
LONG = 8000
NAMES = {"rc": "a ping-pong", "write": "a stream of writes",
         "datagram": "a stream of datagrams"}
DOWNTIME_LIMIT_MS = 300
KNOWN_ERRORS = (GuestError, HostError, MigrationError, QmpError, RdmaError, VmError)


class RdmaSession(Session):
    """Of a guest with mlx5_ib, that holds no other objects on its VF."""

    def attach(self):
        with self.report.progress("the guest's drivers take the VF"):
            self.current.guest.request("attach", timeout_s=ATTACH_TIMEOUT_S)

    def check(self):
        """The guest has nothing to complain of."""
        self.current.guest.request("memory")
        log = self.current.guest.request("log")
        if log:
            raise GuestError("the guest's kernel says: " + "; ".join(log))


class Ends:
    """The guest and the first PF, whatever PF the guest's VF belongs to."""

    def __init__(self, session):
        self._report = session.report
        self._host = HostEnd(session.vfs[session.current.vf], PAYLOAD)
        self._guest = GuestEnd(session)

    def start(self, kind, iterations):
        return RdmaRun(self._host, self._guest, kind, iterations)

    def short(self, kind, when):
        """One from beginning to end."""
        run = self.start(kind, SHORT)
        try:
            words = run.finish()
        finally:
            run.stop()
        self._report.result(True, f"{when}: {SHORT} messages by ibv_{kind}_pingpong", words)


def move(session, ends, vfs, title, kind):
    """One migration under a ping-pong, or a stream of messages, which go on."""
    run = ends.start(kind, LONG)
    try:
        run.advances("messages begin")
        result = session.migrate(vfs, title, downtime_limit=DOWNTIME_LIMIT_MS)
        run.advances("messages go on")
        session.report.result(True, f"{title}: {NAMES[kind]} goes on, the guest stood still for "
                              f"{result['blackout_ms']:.0f} ms")
        words = run.finish()
        session.report.result(True, f"{title}: it ends well", words)
    finally:
        run.stop()
    session.check()
    for short in "rc", "ud":
        ends.short(short, title)


def run_all(session):
    session.host.shell("modprobe", "-a", "mlx5_ib", "ib_uverbs")
    # Each PF answers for its own address alone
    session.host.write(1, "/proc/sys/net/ipv4/conf/all/arp_ignore")
    session.prepare(2)
    session.start_guest(False)
    session.ping()
    session.report.result(True, "the guest's mlx5_core and mlx5_ib take the VF")
    ends = Ends(session)
    for kind in "rc", "ud":
        ends.short(kind, "before")
    for title, same_pf, kind in (("to another VF of the PF", True, "rc"),
                                 ("to a VF of another PF", False, "rc"),
                                 ("and back", False, "write"),
                                 ("and to another VF there", True, "datagram")):
        move(session, ends, session.other_vfs(same_pf), title, kind)


def main():
    report = Report(tap=True)
    session = None
    with tempfile.TemporaryDirectory(prefix="livemigrate-") as directory:
        try:
            session = RdmaSession(report, Payload(PAYLOAD), directory)
            run_all(session)
        except KNOWN_ERRORS as error:
            report.result(False, "the run comes to its end", str(error))
            if session and session.current:
                report.line(session.current.messages())
                report.line(session.current.console())
        except Exception:  # pylint: disable=broad-except
            report.result(False, "the test itself has no fault", traceback.format_exc())
        finally:
            if session:
                session.close()
    report.plan()
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
