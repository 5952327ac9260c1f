#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""run-pyverbs.py SUITE RESULT [OPTION...] - Run rdma-core's own tests, which lie in SUITE.

Into RESULT goes a line for each: its name, "ok", "skip" or "fail", and the reason. No
test takes longer than LIMIT. The options are those of rdma-core's run_tests.py.
"""

import gc
import os
import signal
import sys
import unittest

# Seconds: several of them wait for ten for what does not come, and two for a minute for each
# other.
LIMIT = 180


class Late(Exception):
    """A test that did not end"""


def late(_signal, _frame):
    raise Late(f"not done in {LIMIT} s")


class Result(unittest.TestResult):
    """Writes each verdict as it comes: whoever reads it sees where a run stopped."""

    def __init__(self, out):
        super().__init__()
        self.out = out
        self.verdict = None

    def startTest(self, test):
        super().startTest(test)
        self.verdict = ("ok", "")
        signal.alarm(LIMIT)

    def stopTest(self, test):
        signal.alarm(0)
        super().stopTest(test)
        word, why = self.verdict
        name = test.id().removeprefix("tests.")
        print(f"{name} {word} {why}".rstrip(), file=self.out, flush=True)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.verdict = ("skip", " ".join(reason.split()))

    def _failed(self, error):
        self.verdict = ("fail", " ".join(f"{error[0].__name__}: {error[1]}".split()))

    def addError(self, test, err):
        super().addError(test, err)
        self._failed(err)
        print(self.errors[-1][1], file=sys.stderr, flush=True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._failed(err)
        print(self.failures[-1][1], file=sys.stderr, flush=True)


def main():
    """Load what is there, and run it.

    Cycles are not collected: pyverbs closes what hangs on a context when that is closed, by
    weak references. A collection in the midst of that, or one that meets the context first,
    closes objects of a context that is gone, and the process with them at times.
    """
    gc.disable()
    suite, result = sys.argv[1:3]
    sys.argv[1:3] = []
    sys.path.insert(0, suite)
    from args_parser import parser
    from importlib.machinery import SourceFileLoader

    tests = SourceFileLoader("tests", os.path.join(suite, "__init__.py")).load_module()
    parser.parse_args()
    signal.signal(signal.SIGALRM, late)
    with open(result, "w", encoding="utf-8") as out:
        unittest.defaultTestLoader.loadTestsFromModule(tests).run(Result(out))
    sys.stderr.flush()
    os._exit(0)


main()
