# SPDX-License-Identifier: GPL-2.0-only
"""QEMU Machine Protocol over a socket or a character device.

A thread per connection reads messages, so that events are kept in order whether or
not anybody waits for one.  Event times are QEMU's own, in microseconds of its host's
clock.
"""

import json
import os
import stat
import threading
import time

from .endpoint import connect

# Under TCG on a busy machine QEMU takes a minute to start
PATIENCE_S = 300


class QmpError(Exception):
    """QEMU refused a command, or the connection is gone."""


class Qmp:
    """One monitor.  Every call may raise QmpError."""

    def __init__(self, path, timeout_s=PATIENCE_S):
        """path: of a character device, or where connect() finds QEMU."""
        self.path = path
        self.events = []
        self._changed = threading.Condition()
        self._replies = []
        self._closed = None
        self._write_lock = threading.Lock()
        self._stream = self._open(path, timeout_s)
        threading.Thread(target=self._read_loop, daemon=True).start()
        self._negotiate(timeout_s)

    def _negotiate(self, timeout_s):
        """A port that outlives its users may have had its greeting and negotiation before."""
        try:
            self.command("qmp_capabilities", timeout_s=timeout_s)
        except QmpError as error:
            if "negotiation is already complete" not in str(error).lower():
                raise

    @staticmethod
    def _open(path, timeout_s):
        if os.path.exists(path) and stat.S_ISCHR(os.stat(path).st_mode):
            return open(path, "r+b", buffering=0)
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                return connect(path).makefile("rwb", buffering=0)
            except (FileNotFoundError, ConnectionRefusedError) as error:
                if time.monotonic() > deadline:
                    raise QmpError(f"{path}: no monitor after {timeout_s} s") from error
                # QEMU makes the socket early in its start; there is no event for it
                time.sleep(0.05)

    def _read_loop(self):
        pending = b""
        reason = "closed by QEMU"
        try:
            while chunk := self._stream.read(65536):
                pending += chunk
                *lines, pending = pending.split(b"\n")
                for line in lines:
                    if line.strip():
                        self._take(json.loads(line))
        except (OSError, ValueError) as error:
            reason = str(error)
        with self._changed:
            self._closed = reason
            self._changed.notify_all()

    def _take(self, message):
        with self._changed:
            if "event" in message:
                stamp = message["timestamp"]
                self.events.append({
                    "event": message["event"],
                    "data": message.get("data", {}),
                    "time_us": stamp["seconds"] * 1000000 + stamp["microseconds"],
                })
            elif "QMP" not in message:
                self._replies.append(message)
            self._changed.notify_all()

    def _wait(self, found, timeout_s, what):
        """Value of found() as soon as it is not None; what was waited for is in the error."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while (value := found()) is None:
                if self._closed:
                    raise QmpError(f"{self.path}: {self._closed}, while waiting for {what}")
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise QmpError(f"{self.path}: no {what} within {timeout_s} s")
            return value

    @property
    def closed(self):
        """Why the connection ended, or None while it lives."""
        return self._closed

    def command(self, name, timeout_s=PATIENCE_S, **arguments):
        """Answer of a command.  Underscores in argument names stand for hyphens."""
        request = {"execute": name}
        if arguments:
            request["arguments"] = {k.replace("_", "-"): v for k, v in arguments.items()}
        with self._write_lock:
            try:
                self._stream.write(json.dumps(request).encode() + b"\n")
            except OSError as error:
                raise QmpError(f"{self.path}: {name}: {error}") from error
            reply = self._wait(lambda: self._replies.pop(0) if self._replies else None,
                               timeout_s, f"answer to {name}")
        if "error" in reply:
            raise QmpError(f"{name}: {reply['error']['desc']}")
        return reply["return"]

    def mark(self):
        """Position in the event log, to be given to wait_event()."""
        with self._changed:
            return len(self.events)

    def wait_event(self, match, since=0, timeout_s=PATIENCE_S, what="event"):
        """First event from position since for which match(event) is true."""
        def found():
            return next((e for e in self.events[since:] if match(e)), None)
        return self._wait(found, timeout_s, what)

    def wait_migration(self, statuses, since=0, timeout_s=PATIENCE_S):
        """First MIGRATION event with one of the statuses; returns the status."""
        event = self.wait_event(
            lambda e: e["event"] == "MIGRATION" and e["data"]["status"] in statuses,
            since, timeout_s, "migration status " + " or ".join(statuses))
        return event["data"]["status"]

    def close(self):
        """Give up the connection; QEMU keeps running."""
        try:
            self._stream.close()
        except OSError:
            pass
