# SPDX-License-Identifier: GPL-2.0-only
"""What a person or a test harness sees of a run: commands, progress, results."""

import sys
import threading
import time

PROGRESS_S = 2
# A log file need not have a line for each two seconds
PROGRESS_LOG_S = 15


class Report:
    """Writes to standard output; with tap=True in TAP, all else being comments."""

    def __init__(self, tap=False):
        self.failed = 0
        self.results = 0
        self.colour = sys.stdout.isatty() and not tap
        self._tap = tap
        self._lock = threading.Lock()

    def line(self, text=""):
        with self._lock:
            print(f"# {text}".rstrip() if self._tap else text, flush=True)

    def heading(self, text):
        self.line()
        self.line(f"\033[1m{text}\033[0m" if self.colour else f"== {text}")

    def command(self, text):
        shown = text if len(text) < 400 else text[:397] + "..."
        self.line(f"  $ {shown}")

    def result(self, good, text, reason=""):
        """One thing that was to be shown, and whether it was."""
        self.results += 1
        self.failed += not good
        if self._tap:
            with self._lock:
                print(f"{'ok' if good else 'not ok'} {self.results} - {text}", flush=True)
        else:
            self.line(f"  {'✔' if good else '✘'} {text}")
        for line in reason.splitlines():
            self.line(f"      {line}")

    def plan(self):
        if self._tap:
            print(f"1..{self.results}", flush=True)

    def progress(self, what):
        """Context: tells now and then that what is still going on."""
        return _Progress(self, what)


class _Progress:
    def __init__(self, report, what):
        self._report = report
        self._what = what
        self._done = threading.Event()
        self._start = time.monotonic()
        self._thread = threading.Thread(target=self._tell, daemon=True)

    def seconds(self):
        return time.monotonic() - self._start

    def _tell(self):
        interval = PROGRESS_S if self._report.colour else PROGRESS_LOG_S
        if self._done.wait(PROGRESS_S):
            return
        self._report.line(f"  … {self._what}")
        while not self._done.wait(interval):
            self._report.line(f"  … {self._what} ({self.seconds():.0f} s)")

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._done.set()
        self._thread.join()
        if self.seconds() > PROGRESS_S:
            self._report.line(f"  … took {self.seconds():.0f} s")
