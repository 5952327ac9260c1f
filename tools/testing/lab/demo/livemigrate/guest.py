# SPDX-License-Identifier: GPL-2.0-only
"""Talks to the service in the guest (guest/init) over a serial port's socket."""

import os
import threading
import time

from .endpoint import connect

# Where the guest's objects module has a folder for each VF
OBJECTS = "/sys/kernel/debug/mlx5_objects"
POLL_S = 1


class GuestError(Exception):
    """The guest did not answer, or what it answered is not what it must be."""


class RequestRefused(GuestError):
    """The guest answered with a status other than 0; lines is what it said before."""

    def __init__(self, verb, status, lines):
        super().__init__(f"guest: {verb}: {os.strerror(status)}: " + "; ".join(lines))
        self.lines = lines


class Report(dict):
    """Fields of a check line, "name=value" words in the guest's order."""

    @classmethod
    def parse(cls, line):
        return cls(word.split("=", 1) for word in line.split() if "=" in word)

    EXPECTED = {"netdev": "up", "lost": "0", "changed": "0", "unusable": "0", "fresh": "0", "contexts": "ok",
                "churn_errors": "0", "memory": "ok", "bad": "0", "log": "0"}

    def problems(self):
        """What differs from a healthy guest, as "name=value" words; also a missing field."""
        return [f"{name}={self.get(name, 'missing')}"
                for name, value in self.EXPECTED.items() if self.get(name) != value]


class Guest:
    """The guest's end of one QEMU process; a new one is needed after a migration."""

    def __init__(self, path, first_id=1):
        self._next_id = first_id
        self._lines = []
        self._changed = threading.Condition()
        self._closed = False
        self._sock = connect(path)
        threading.Thread(target=self._read_loop, daemon=True).start()

    def _read_loop(self):
        pending = b""
        try:
            while chunk := self._sock.recv(65536):
                pending += chunk
                *lines, pending = pending.split(b"\n")
                with self._changed:
                    self._lines += [line.decode(errors="replace").strip() for line in lines]
                    self._changed.notify_all()
        except OSError:
            pass
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _line(self, deadline, what):
        with self._changed:
            while not self._lines:
                left = deadline - time.monotonic()
                if self._closed:
                    raise GuestError(f"guest: connection lost, waiting for {what}")
                if left <= 0 or not self._changed.wait(left):
                    raise GuestError(f"guest: no {what} in time")
            return self._lines.pop(0)

    def wait_ready(self, timeout_s):
        """Returns when the guest has finished booting."""
        deadline = time.monotonic() + timeout_s
        while self._line(deadline, "sign that it is ready") != "0 ready":
            pass

    def request(self, verb, *arguments, timeout_s=300):
        """Lines the guest answered.  GuestError if its status is not zero."""
        request_id = str(self._next_id)
        self._next_id += 1
        words = [request_id, verb, *map(str, arguments)]
        self._sock.sendall(" ".join(words).encode() + b"\n")
        deadline = time.monotonic() + timeout_s
        answer = []
        while True:
            line = self._line(deadline, f"answer to {verb}")
            line_id, _, rest = line.partition(" ")
            if line_id != request_id:
                continue
            if rest.startswith("done "):
                break
            answer.append(rest)
        if rest != "done 0":
            raise RequestRefused(verb, int(rest[5:]), answer)
        return answer

    def check(self, timeout_s=300):
        """Report of a full check; GuestError names everything that is not as it must be."""
        try:
            lines = self.request("check", timeout_s=timeout_s)
        except RequestRefused as refusal:
            lines = refusal.lines
        report = Report.parse(" ".join(lines))
        problems = report.problems()
        if problems:
            log = self.request("log")
            raise GuestError("guest: " + " ".join(problems) + "".join("\n  " + l for l in log))
        return report

    def stream(self):
        """What the guest says of the traffic; GuestError if it broke or a byte is wrong."""
        return Report.parse(" ".join(self.request("stream")))

    def _shell(self, script, timeout_s=300):
        """Lines of a script of the shell's own words: there are no programs."""
        return self.request("sh", script, timeout_s=timeout_s)

    def wait_vfs(self, count, timeout_s):
        """Returns when the guest's drivers have that many VFs."""
        deadline = time.monotonic() + timeout_s
        while int(self._shell(f"set -- {OBJECTS}/*; [ -e $1 ] && echo $# || echo 0")[0]) < count:
            if time.monotonic() > deadline:
                raise GuestError(f"guest: there are no {count} VFs")
            time.sleep(POLL_S)

    def hold_on_each(self, sets):
        """Objects on each VF."""
        self._shell(f"for d in {OBJECTS}/*; do echo {sets} >$d/hold || exit 1; done")

    def check_each(self):
        """As check(), for the objects of each VF."""
        script = f"for d in {OBJECTS}/*; do read l <$d/check; echo $d $l; done"
        for line in self._shell(script):
            report = Report.parse(line)
            bad = [f"{name}={report.get(name, 'missing')}"
                   for name in ("lost", "changed", "unusable", "fresh")
                   if report.get(name) != "0"]
            if bad or report.get("objects", "0") == "0":
                raise GuestError(f"guest: {line}")

    def continue_from(self, other):
        """Ids of requests stay unique across a migration, so that no late answer is taken for ours."""
        self._next_id = other._next_id  # pylint: disable=protected-access

    def close(self):
        self._sock.close()
