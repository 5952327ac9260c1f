# SPDX-License-Identifier: GPL-2.0-only
"""Another host: its programs, files and functions, asked for over a network of the two.

There a Server has a Machine; here a RemotePlace and a RemoteHost stand for it. What is asked is
pickled, so nobody else may ask: each run has a key of its own, in a folder that both hosts see.
"""

import itertools
import multiprocessing.managers
import os
import tempfile
import threading
import time

from . import emulator
from .host import Host, HostError
from .place import Place

# On each host, for QEMUs that wait for one of the other, and for what is asked
PORT = 4450
FIRST_QEMU_PORT = 4460
# The other host gives up when it has heard nothing for so long, so it hears often
SILENCE_S = 300
BEAT_S = 10
# Two machines boot at their own pace
BOOT_S = 400
POLL_S = 0.2
# Of the time on both clocks; the quickest one tells it best
ROUNDS = 20
LOST = (EOFError, ConnectionError, multiprocessing.managers.RemoteError)


class Machine(Place):
    """What a host does for another one."""

    def __init__(self, directory):
        super().__init__()
        self._directory = directory
        self._commands = []
        self._host = Host(self._commands.append)
        self._heard = time.monotonic()
        self._left = threading.Event()

    def folder(self):
        """Where the files of its QEMUs are to be."""
        return self._directory

    def emulator(self):
        return emulator.installed()

    def host(self, method, *arguments):
        """What a method of Host returned, why it failed or None, and the commands that it ran."""
        self._commands.clear()
        try:
            return getattr(self._host, method)(*arguments), None, list(self._commands)
        except HostError as error:
            return None, str(error), list(self._commands)

    def beat(self):
        """The other host is there."""
        self._heard = time.monotonic()

    def leave(self):
        """The other host needs nothing more."""
        self._left.set()

    def wait_leave(self):
        """Raises HostError if the other host falls silent before it has left."""
        while not self._left.wait(max(0, self._heard + SILENCE_S - time.monotonic())):
            if time.monotonic() >= self._heard + SILENCE_S:
                raise HostError(f"nothing was heard of the other host for {SILENCE_S} s")


def _key_path(shared):
    return os.path.join(shared, "key")


def serve(address, shared):
    """Does what the other host asks for until it leaves; returns the programs that it left."""
    class Server(multiprocessing.managers.BaseManager):
        """Has the one Machine."""

    key = os.urandom(32)
    with tempfile.TemporaryDirectory(prefix="livemigrate-") as directory:
        machine = Machine(directory)
        Server.register("machine", callable=lambda: machine)
        server = Server(address=(address, PORT), authkey=key).get_server()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        # All of it at once: the other host waits for the file
        with open(_key_path(shared) + ".new", "wb") as file:
            file.write(key)
        os.rename(file.name, _key_path(shared))
        machine.wait_leave()
        return machine.alive()


def _read_key(shared):
    deadline = time.monotonic() + BOOT_S
    while not os.path.exists(_key_path(shared)):
        if time.monotonic() > deadline:
            raise HostError(f"the other host is not there after {BOOT_S} s")
        time.sleep(POLL_S)
    with open(_key_path(shared), "rb") as file:
        return file.read()


class RemotePlace:
    """A Place that is another host; all that it does not do itself its Machine does."""

    remote = True

    def __init__(self, name, address, shared):
        class Client(multiprocessing.managers.BaseManager):
            """Asks for the one Machine."""

        Client.register("machine")
        self.name = name
        self.address = address
        self.ahead_us = self.uncertain_us = 0
        self._compared = []
        self._ports = itertools.count(FIRST_QEMU_PORT)
        manager = Client(address=(address, PORT), authkey=_read_key(shared))
        manager.connect()
        self._machine = manager.machine()
        self._left = threading.Event()
        threading.Thread(target=self._beat, daemon=True).start()

    def __getattr__(self, method):
        def ask(*arguments):
            try:
                return getattr(self._machine, method)(*arguments)
            except LOST as error:
                raise HostError(f"{self.name}: {method}: {error or 'connection lost'}") from error
        return ask

    def _beat(self):
        try:
            while not self._left.wait(BEAT_S):
                self.beat()
        except HostError:
            # Whoever asks next is told
            pass

    def leave(self):
        self._left.set()
        try:
            self._machine.leave()
        except LOST:
            # It may be quicker than its answer
            pass

    def endpoint(self, path):
        """As Place.endpoint(), which a path is of no use for."""
        return f"tcp:{self.address}:{next(self._ports)}"

    def compare_clocks(self):
        """Its clock as the last two comparisons have it, those before and after a migration."""
        def once():
            before_ns = time.monotonic_ns()
            here_us = time.time_ns() // 1000
            there_us = self.now_us()
            round_us = (time.monotonic_ns() - before_ns) / 1000
            return round_us, there_us - here_us - round_us / 2

        round_us, ahead_us = min(once() for _ in range(ROUNDS))
        self._compared = self._compared[-1:] + [(ahead_us, round_us / 2)]
        ahead = [ahead_us for ahead_us, _ in self._compared]
        self.ahead_us = sum(ahead) / len(ahead)
        self.uncertain_us = (max(ahead) - min(ahead)) / 2 + max(half for _, half in self._compared)


class RemoteHost:
    """As Host, for another one; its commands are told as if they were of this host's list."""

    def __init__(self, place, host):
        self._place = place
        self._host = host

    def note(self, command):
        self._host.note(f"({self._place.name}) {command}")

    def __getattr__(self, method):
        def call(*arguments):
            result, error, commands = self._place.host(method, *arguments)
            for command in commands:
                self.note(command)
            if error:
                raise HostError(f"{self._place.name}: {error}")
            return result
        return call
