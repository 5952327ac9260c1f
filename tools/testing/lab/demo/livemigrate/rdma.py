# SPDX-License-Identifier: GPL-2.0-only
"""RDMA between the guest's VF and a PF of the host, by tools of rdma-core and perftest.

The guest is the one that guest/build made with a root of these tools, from which the host
has them, too.
"""

import glob
import ipaddress
import json
import os
import subprocess
import time
import typing

from .guest import GuestError, RequestRefused
from .host import PCI
from .session import GUEST_ADDRESS, PEER_ADDRESS


class Tool(typing.NamedTuple):
    """A program that has a server, here on the host, and a client, in the guest."""

    name: str
    gid_option: str
    options: list
    impatient: bool = False
    # The guest's end sends until it is told to stop; else both do, in turn, and so often
    endless: bool = False


ROOT = "/run/second"
INFINIBAND = "/sys/class/infiniband"
GUEST_DEVICE = "mlx5_0"
GUEST_LIBRARIES = "/usr/lib/x86_64-linux-gnu"
PATIENT = "patient.so"
PORT = 18515
TCP_LISTENS = "0A"
# What has certainly been sent by more than other users of a port
PACKETS_STEP = 1000
# Messages of some pages, as the ping-pongs look at the first byte of each. Perftest can be
# told how long to wait for an answer, 2.1 s here; the others are made patient.
TOOLS = {
    "rc": Tool("ibv_rc_pingpong", "-g", ["-c", "-e", "-s", "16384"], impatient=True),
    "ud": Tool("ibv_ud_pingpong", "-g", ["-c", "-e", "-s", "1024"]),
    "write": Tool("ib_write_bw", "-x", ["-F", "-u", "19", "-s", "16384"], endless=True),
    "datagram": Tool("ib_send_bw", "-x", ["-F", "-c", "UD", "-s", "1024"], endless=True),
}
START_TIMEOUT_S = 120
END_TIMEOUT_S = 300
POLL_S = 0.5


class RdmaError(Exception):
    """A ping-pong did not begin, did not go on, or did not end well."""


def gid_of(address):
    """As sysfs shows the GID that an IPv4 address makes."""
    number = int(ipaddress.IPv4Address(address))
    return f"0000:0000:0000:0000:0000:ffff:{number >> 16:04x}:{number & 0xffff:04x}"


def wait_for(what, happened, timeout_s=START_TIMEOUT_S):
    """The first true value of happened()."""
    deadline = time.monotonic() + timeout_s
    while not (value := happened()):
        if time.monotonic() > deadline:
            raise RdmaError(f"{what}: not in {timeout_s} s")
        time.sleep(POLL_S)
    return value


def listens():
    """Does the server of a ping-pong wait for its client?"""
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(path, encoding="ascii") as table:
            for line in table.readlines()[1:]:
                words = line.split()
                if words[1].endswith(f":{PORT:04X}") and words[3] == TCP_LISTENS:
                    return True
    return False


def counter_of(device, name):
    """Where sysfs has what the port of an RDMA device counts."""
    return f"{INFINIBAND}/{device}/ports/1/counters/{name}"


class HostEnd:
    """The PF's RDMA device."""

    def __init__(self, pf, payload):
        self._patient = os.path.join(payload, PATIENT)
        paths = wait_for("an RDMA device of the PF",
                         lambda: glob.glob(f"{PCI}/{pf}/infiniband/*"))
        self.device = os.path.basename(paths[0])

    def _find_gid(self):
        for path in glob.glob(f"{INFINIBAND}/{self.device}/ports/1/gids/*"):
            try:
                with open(path, encoding="ascii") as gid:
                    if gid.read().strip() == gid_of(PEER_ADDRESS):
                        return os.path.basename(path)
            except OSError:
                pass                    # an entry that is empty
        return None

    def serve(self, tool, options):
        """The server, which listens."""
        gid = wait_for("the host's GID", self._find_gid)
        patient = [f"LD_PRELOAD={self._patient}"] if tool.impatient else []
        server = subprocess.Popen(
            ["chroot", ROOT, "env", *patient, tool.name, "-d", self.device, tool.gid_option, gid,
             *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        wait_for("a server of the ping-pong", lambda: listens() or server.poll() is not None)
        return server

    def progress(self, pid):
        """How far what a process sends is, and what is sent to it, or None.

        Both PSNs of its connection; if it has none, what has come to the port, in steps.
        """
        shown = subprocess.run(["chroot", ROOT, "rdma", "-jd", "res", "show", "qp", "link",
                                f"{self.device}/1", "pid", str(pid)],
                               capture_output=True, text=True, check=True).stdout
        for qp in json.loads(shown or "[]"):
            if qp["type"] == "RC":
                return qp["sq-psn"], qp["rq-psn"]
            if qp["type"] == "UD":
                return 0, self.received() // PACKETS_STEP
        return None

    def received(self):
        """Packets that have come to queue pairs of the port."""
        with open(counter_of(self.device, "port_rcv_packets"), encoding="ascii") as count:
            return int(count.read())


class GuestEnd:
    """The VF's RDMA device, by the guest's shell, which has no other programs."""

    def __init__(self, session):
        self._session = session

    def shell(self, script):
        return self._session.current.guest.request("sh", script)

    def _find_gid(self):
        try:
            found = self.shell(f"for f in {INFINIBAND}/{GUEST_DEVICE}/ports/1/gids/*; do read g <$f;"
                               f' [ "$g" != {gid_of(GUEST_ADDRESS)} ] || echo ${{f##*/}}; done')
        except RequestRefused:
            return None
        return found[0] if found else None

    def start(self, tool, options):
        """A client, in the background."""
        gid = wait_for("the guest's GID", self._find_gid)
        patient = f"LD_PRELOAD={GUEST_LIBRARIES}/{PATIENT} " if tool.impatient else ""
        words = " ".join(["-d", GUEST_DEVICE, tool.gid_option, gid, *options, PEER_ADDRESS])
        self.shell(f">/tmp/end; ({patient}/bin/{tool.name} {words} >/tmp/said 2>&1 & "
                   "echo $! >/tmp/pid; wait $!; echo $? >/tmp/end) >/dev/null 2>&1 &")

    def stop(self):
        """Has the client end."""
        self.shell("read p </tmp/pid; kill $p")

    def end(self):
        """Status of the client, or None."""
        lines = self.shell("read s </tmp/end; echo $s")
        return lines[0] if lines and lines[0] else None

    def sent(self):
        """Packets that queue pairs of the port have sent, wherever its VF was."""
        count = counter_of(GUEST_DEVICE, "port_xmit_packets")
        return int(self.shell(f"read n <{count}; echo $n")[0])

    def said(self):
        return self.shell("while read l; do echo $l; done </tmp/said")


class RdmaRun:
    """One run of a tool, by its key in TOOLS, at both ends."""

    def __init__(self, host, guest, kind, iterations):
        tool = TOOLS[kind]
        options = [*tool.options,
                   *(["--run_infinitely"] if tool.endless else ["-n", str(iterations)])]
        self._host = host
        self._guest = guest
        self.iterations = iterations
        self._endless = tool.endless
        self._before = self._packets()
        self._server = host.serve(tool, options)
        guest.start(tool, options)

    def _packets(self):
        return self._guest.sent(), self._host.received()

    def progress(self):
        """RdmaError if it has ended."""
        if self._server.poll() is not None:
            raise RdmaError(f"it has ended: {self._words()}")
        return self._host.progress(self._server.pid)

    def advances(self, what):
        """Returns when packets that were sent after the call have come.

        Both ways, if the host's end does not only listen.
        """
        before = wait_for(f"{what}: a connection", self.progress)

        def is_further():
            now = self.progress()
            asks, asked = (new != old for new, old in zip(now or before, before))
            return asked and (asks or self._endless)

        wait_for(what, is_further)

    def _words(self):
        """What both ends said."""
        try:
            client = self._guest.said()
        except GuestError as error:
            client = [str(error)]
        server = self._server.communicate()[0] if self._server.poll() is not None else ""
        return "; ".join(["host:", *server.splitlines(), "guest:", *client])

    def _ended(self):
        """Both ends; or one in failure, for which the other would wait for ever."""
        codes = [self._server.poll(), self._guest.end()]
        return None not in codes or any(code not in (None, 0, "0") for code in codes)

    def _finish_stream(self):
        """The guest's end, told to stop; all that it has sent has come."""
        if self._ended():
            raise RdmaError(f"it has ended: {self._words()}")
        self._guest.stop()
        wait_for("the end of a stream", self._guest.end)
        sent = self._guest.sent() - self._before[0]

        def come():
            return self._host.received() - self._before[1]

        try:
            wait_for("what was sent", lambda: come() == sent)
        except RdmaError as error:
            raise RdmaError(f"{error}: {come()} of {sent} packets, {self._words()}") from error
        return f"{sent} packets, all of which came"

    def finish(self):
        """Both ends end well, and have seen what was sent; their words."""
        if self._endless:
            return self._finish_stream()
        try:
            wait_for("the end of a ping-pong", self._ended, END_TIMEOUT_S)
        except RdmaError as error:
            raise RdmaError(f"{error}: {self._words()}") from error
        end = self._guest.end()
        words = self._words()
        if self._server.returncode or end != "0" or "invalid data" in words or \
                words.count(f"{self.iterations} iters") != 2:
            raise RdmaError(f"status {self._server.returncode} and {end}: {words}")
        return words

    def stop(self):
        """Whatever happened."""
        if self._server.poll() is None:
            self._server.kill()
            self._server.wait()
