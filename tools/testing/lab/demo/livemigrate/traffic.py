# SPDX-License-Identifier: GPL-2.0-only
"""Traffic between the guest's VF and a peer on the PFs' side, see ../traffic/peer.c."""

import subprocess
import time

from .guest import Report

# What both have said before and after a migration
ANSWERS = 10
STREAM_BYTES = 2 << 10
TIMEOUT_S = 300
POLL_S = 0.1
# Ahead of the QEMUs: a request that goes late is a gap that nobody made
NICE = "-15"


class TrafficError(Exception):
    """The traffic stopped, or is not what was sent."""


class Traffic:
    """The peer; stop() it whatever happened."""

    def __init__(self, program, interface, guest_address):
        self._peer = subprocess.Popen(["nice", "-n", NICE, program, interface, guest_address],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def _command(self, line):
        """Lines of the answer."""
        lines = []
        try:
            self._peer.stdin.write(line + "\n")
            self._peer.stdin.flush()
            while (answer := self._peer.stdout.readline().strip()) != "end":
                if not answer:
                    raise TrafficError("the traffic's peer is gone")
                lines.append(answer)
        except OSError as error:
            raise TrafficError(f"the traffic's peer is gone: {error}") from error
        return lines

    def status(self):
        """What peer.c says, as numbers where they are."""
        report = Report.parse(self._command("status")[0])
        return {k: int(v) if v.isdigit() else v for k, v in report.items()}

    def _wait(self, enough, what):
        """Status as soon as enough(status)."""
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            status = self.status()
            if status["corrupt"]:
                raise TrafficError(f"{status['corrupt']} bytes from the guest are not as sent")
            if status["tcp"] not in ("none", "ok"):
                raise TrafficError(f"the TCP connection is {status['tcp']}")
            if enough(status):
                return status
            if time.monotonic() > deadline:
                raise TrafficError(f"{what}: not in {TIMEOUT_S} s: {status}")
            time.sleep(POLL_S)

    def run(self):
        """Returns when both ways of the stream and the pings go on."""
        self._command("run")
        self.wait_progress("traffic with the guest")

    def wait_progress(self, what):
        """Both sides have got something that was sent after the call."""
        before = self.status()
        self._wait(lambda now: now["answered"] >= before["answered"] + ANSWERS
                   and now["received"] >= before["received"] + STREAM_BYTES, what)

    def rest(self):
        self._command("rest")

    def log(self, since_us):
        """Of what came since then: [(asked, answered or 0)], [(time, bytes)], in microseconds."""
        pings, arrivals = [], []
        for line in self._command(f"log {since_us}"):
            kind, first, second = line.split()
            (pings if kind == "ping" else arrivals).append((int(first), int(second)))
        return pings, arrivals

    def stop(self):
        if self._peer.poll() is None:
            self._peer.stdin.close()
            try:
                self._peer.wait(10)
            except subprocess.TimeoutExpired:
                self._peer.kill()
        self._peer.wait()


def silence_around(times, moment):
    """The last of the times until a moment, and the first after it; both 0 if one is lacking."""
    before = max((t for t in times if t <= moment), default=None)
    after = min((t for t in times if t > moment), default=None)
    return (0, 0) if before is None or after is None else (before, after)


def _median(values):
    return sorted(values)[len(values) // 2] if values else 0


class Record:
    """What was seen of the traffic around one migration."""

    def __init__(self, pings, arrivals, peer, guest):
        """peer, guest: what both say of all that they have got."""
        self.pings = pings
        self.arrivals = arrivals
        self.peer = peer
        self.guest = guest

    def summary(self, clock, resume_us):
        """For the timeline, in milliseconds of its clock; resume_us: the guest runs again.

        What was asked while the destination was held back does not count.
        """
        def relative(time_us):
            return (clock.at_destination(time_us) - clock.start_us) / 1000

        pings = [ping for ping in self.pings if not clock.is_held(ping[0])]
        answers = sorted(relative(answered) for _, answered in pings if answered)
        stream = [relative(time_us) for time_us, _ in self.arrivals]
        resumed_ms = (resume_us - clock.start_us) / 1000
        gap, silence = silence_around(answers, resumed_ms), silence_around(stream, resumed_ms)
        return {
            "asked": len(pings),
            "unanswered": sum(not answered for _, answered in pings),
            "usual_ms": _median([answered - asked for asked, answered in pings
                                 if answered]) / 1000,
            "gap_start_ms": gap[0], "gap_ms": gap[1] - gap[0],
            # The network learns from it where the guest is
            "first_frame_ms": min(gap[1], silence[1]) - resumed_ms,
            "first_after_ms": gap[1] - resumed_ms,
            "tcp_gap_ms": silence[1] - silence[0],
            "tcp_bytes": self.peer["received"] + int(self.guest["received"]),
            "corrupt_bytes": self.peer["corrupt"] + int(self.guest["corrupt"]),
            "tcp_bytes_after": sum(count for time_us, count in self.arrivals
                                   if clock.at_destination(time_us) > resume_us),
            "answers_ms": [round(t, 2) for t in answers],
        }
