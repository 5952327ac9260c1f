# SPDX-License-Identifier: GPL-2.0-only
"""A run between two hosts that a link joins, each with a card of its own.

The link's own network is for the migration. The guest's, to which both PFs belong, is a VLAN of the
link, as the emulated cards have no cable: on each host a bridge joins it with the PF.
"""

import shlex

from .host import NET, VARIANT, HostError, read
from .place import Place
from .remote import RemoteHost, RemotePlace
from .session import BRIDGE, PEER_ADDRESS, Session
from .vm import Vm

# What the lab's two hosts both see
SHARED = "/run/link"
# Of the link; the other host's number is 2
ADDRESS = "192.168.78.{}"
WIRE = "wire"
VLAN = "77"


def take_link(host, link, number):
    """Gives the link its address of this host."""
    host.shell("ip", "address", "flush", "dev", link)
    host.shell("ip", "address", "add", f"{ADDRESS.format(number)}/24", "dev", link)
    return ADDRESS.format(number)


class HostsSession(Session):
    """The guest is on this host first; "remote" runs on the other one."""

    def __init__(self, report, payload, directory, link, shared, vfs_of_guest=1):
        """link: the interface, of one name on both; shared: a folder that both see."""
        super().__init__(report, payload, directory, vfs_of_guest, traffic=True)
        self._link = link
        here = Place("host 1", take_link(self.host, link, 1))
        with report.progress("the other host boots"):
            there = RemotePlace("host 2", ADDRESS.format(2), shared)
        self._places = [here, there]
        self._hosts = [self.host, RemoteHost(there, self.host)]
        self._directories = [directory, there.folder()]
        self._emulators = [None, there.emulator()]
        self._bridged = []
        self._remote_pf = None

    def prepare(self, pfs_needed):
        """Room for the guest on the first PF of each host."""
        for host in self._hosts:
            host.shell("modprobe", "mlx5_core")
            if not host.pfs():
                raise HostError("each host needs a ConnectX PF")
            pf = host.pfs()[0]
            if host is self.host:
                self._pfs = [pf]
            else:
                self._remote_pf = pf
            host.shell("modprobe", VARIANT)
            self.groups.append(self.make_room(host, pf, self.vfs_of_guest, VARIANT))
        self._join(self._hosts[0], self._pfs[0], f"{PEER_ADDRESS}/24")
        self._join(self._hosts[1], self._remote_pf, None)
        self._joined = True

    def _join(self, host, pf, address):
        """The PF and the link's VLAN; what the guest sends is for the first host's bridge.

        Two cards of the model have one address, so the bridges have those of the link's ends.
        """
        host.shell("ip", "link", "add", "link", self._link, "name", WIRE, "type", "vlan", "id", VLAN)
        self._bridged.append(host)
        host.shell("ip", "link", "set", WIRE, "up")
        host.join(BRIDGE, [host.netdev(pf), WIRE], address, host.mac(WIRE))
        if host is not self.host:
            host.ask_for(read(NET, BRIDGE, "address"), [host.netdev(pf)])

    def _where(self):
        """Number of the host that the guest is on, from 0."""
        return self._places.index(self.current.place)

    def new_vm(self, vfs, own=None):
        """On the host that the guest is not on."""
        number = 1 - self._where() if self.current else 0
        place, host = self._places[number], self._hosts[number]
        return self.add_vm(Vm(self.next_name(), self.payload, vfs, self._directories[number],
                              lambda words: host.note(shlex.join(words)), True,
                              own or self._emulators[number], place))

    def other_vfs(self, same_pf):
        """Those of the other host."""
        if same_pf:
            raise HostError("no other VF of the same PF")
        return self.groups[1 - self._where()]

    def title(self):
        """Of the next migration: each is to the other host."""
        return f"to {self._places[1 - self._where()].name}, over the network"

    def migrate(self, vfs, title, audit=False, tune=None, own=None, **settings):
        there = self._places[1]
        result = super().migrate(vfs, title, audit, tune, own, **settings)
        result["clocks"] = {"ahead_ms": there.ahead_us / 1000,
                            "uncertain_ms": there.uncertain_us / 1000}
        return result

    def close(self):
        """As Session.close(), and the other host is told."""
        try:
            super().close()
            for host in self._bridged:
                if host is not self.host:
                    host.shell("ip", "link", "delete", BRIDGE)
                host.shell("ip", "link", "delete", WIRE)
            if self._remote_pf:
                self._hosts[1].remove_vfs(self._remote_pf)
        finally:
            self._places[1].leave()
