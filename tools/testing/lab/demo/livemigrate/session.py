# SPDX-License-Identifier: GPL-2.0-only
"""A host prepared for migration, and the one guest that lives through all of a run."""

import os
import time

from . import timeline
from .host import HostError, PCI, VARIANT, Host, read
from .migration import Migration
from .traffic import Record, Traffic
from .vm import Vm

# Of the guest's first VF, whose interface the agent brings up; then of the others
GUEST_MACS = ["02:00:00:00:77:02", "02:00:00:00:77:12", "02:00:00:00:77:22",
              "02:00:00:00:77:32"]
GUEST_ADDRESS = "192.168.77.2"
PEER_ADDRESS = "192.168.77.101"
# Of the PFs, where the guest has traffic and there are several
BRIDGE = "livemigrate"
SETS_HELD = 6
# What else the guest does: does it make and destroy objects on its VF, and how many pages of
# memory does it write anew each 100 ms of its time
IDLE = "idle"
HEAVY = "heavy"
LOADS = {IDLE: (0, 0), "demo": (1, 4), "busy": (1, 64), HEAVY: (0, 1024)}
BOOT_TIMEOUT_S = 900
ATTACH_TIMEOUT_S = 600
NETDEV_TIMEOUT_S = 60
PING_TIMEOUT_S = "200"
# Of the traffic before a migration, to see what is usual
LEAD_US = 1000000


class Session:
    """Owns the VFs and the QEMUs; close() it whatever happened."""

    def __init__(self, report, payload, directory, vfs_of_guest=1, other_driver=VARIANT,
                 traffic=False):
        """other_driver is that of the VFs that do not belong to the first PF.

        traffic: the guest has some while it migrates. Several PFs are then joined by a
        bridge, which must not make a loop with what is behind their ports.
        """
        self.report = report
        self.payload = payload
        self.directory = directory
        self.host = Host(report.command)
        self.timelines = []
        # The PF of each VF, and the VFs that a guest gets together
        self.vfs = {}
        self.groups = []
        self.vfs_of_guest = vfs_of_guest
        self._other_driver = other_driver
        self._load = IDLE
        self._with_traffic = traffic
        self._traffic = None
        self._joined = False
        self.current = None
        self.vf_lost = False
        self._version = None
        self._vms = []
        self._pfs = []
        self._names = 0

    def prepare(self, pfs_needed):
        """Room for the guest on each PF, twice on the first one; all bound to VFIO drivers.

        A guest with several VFs has room twice only where there is no other PF.
        """
        self.host.shell("modprobe", "mlx5_core")
        self._pfs = self.host.pfs()[:pfs_needed]
        if len(self._pfs) < pfs_needed:
            raise HostError(f"{pfs_needed} ConnectX PFs are needed, {len(self._pfs)} are here")
        self.host.shell("modprobe", VARIANT)
        for index, pf in enumerate(self._pfs):
            rooms = 2 if not index and (self.vfs_of_guest == 1 or pfs_needed == 1) else 1
            vfs = self.make_room(self.host, pf, rooms * self.vfs_of_guest,
                                 self._other_driver if index else VARIANT)
            self.vfs.update({vf: pf for vf in vfs})
            if len(self._pfs) == 1 or not self._with_traffic:
                self.host.shell("ip", "address", "replace", f"192.168.77.{101 + index}/24", "dev",
                                self.host.netdev(pf))
            self.groups += [vfs[first:first + self.vfs_of_guest]
                            for first in range(0, len(vfs), self.vfs_of_guest)]
        if len(self._pfs) > 1 and self._with_traffic:
            self._joined = True
            self.host.join(BRIDGE, [self.host.netdev(pf) for pf in self._pfs],
                           f"{PEER_ADDRESS}/24")

    def make_room(self, host, pf, count, driver):
        """So many VFs of a PF that is up, bound to a VFIO driver, with the guest's addresses."""
        self._wait_netdev(host, pf)
        vfs = host.create_vfs(pf, count)
        host.shell("ip", "link", "set", host.netdev(pf), "up")
        for number, vf in enumerate(vfs):
            host.set_vf_mac(pf, number, GUEST_MACS[number % self.vfs_of_guest])
            host.bind_variant(vf, driver)
        return vfs

    @staticmethod
    def _wait_netdev(host, pf):
        """The PF's interface is made in the background of its driver's probe."""
        deadline = time.monotonic() + NETDEV_TIMEOUT_S
        while not host.netdev(pf):
            if time.monotonic() > deadline:
                raise HostError(f"{pf}: no network interface after {NETDEV_TIMEOUT_S} s")
            time.sleep(0.1)

    def new_vm(self, vfs, own=None):
        """own: an Emulator, where it is not this host's.

        VFs of another driver than ours are not mapped: where the core's word on the MSI-X
        table stands, QEMU asks type1 for dirty pages of less than a page, and a migration
        fails in its setup (region_info.c of our library tells more).
        """
        mapped = self._pfs.index(self.vfs[vfs[0]]) == 0 or self._other_driver == VARIANT
        return self.add_vm(Vm(self.next_name(), self.payload, vfs, self.directory, self.host.note,
                              mapped, own))

    def next_name(self):
        """Of a QEMU."""
        self._names += 1
        return f"qemu{self._names}"

    def add_vm(self, vm):
        """It ends with the session."""
        self._vms.append(vm)
        return vm

    def start_guest(self, boot):
        """The guest on the first PF, with its VFs up and objects held."""
        self.current = self.new_vm(self.groups[0])
        if boot:
            with self.report.progress("the guest boots (a minute and more without KVM)"):
                self.current.boot(BOOT_TIMEOUT_S)
        else:
            with self.report.progress("the booted guest is restored, its VF plugged in"):
                self.current.restore(BOOT_TIMEOUT_S)
        self.attach()
        self._version = self.current.qmp.command("query-version")["qemu"]

    def attach(self):
        """Waits for the guest's driver, and makes what is to survive."""
        guest = self.current.guest
        with self.report.progress("the guest's mlx5_core takes the VF"):
            if self.vfs_of_guest > 1:
                guest.wait_vfs(self.vfs_of_guest, ATTACH_TIMEOUT_S)
            guest.request("attach", timeout_s=ATTACH_TIMEOUT_S)
        with self.report.progress("the guest makes objects on its VF"):
            if self.vfs_of_guest > 1:
                guest.hold_on_each(SETS_HELD)
            else:
                guest.request("hold", SETS_HELD)
        if self._with_traffic:
            program = os.path.join(self.payload.directory, "peer")
            self.host.note([program, self._interface(), GUEST_ADDRESS])
            self._traffic = Traffic(program, self._interface(), GUEST_ADDRESS)
            with self.report.progress("the guest connects to the traffic's peer"):
                guest.request("traffic", PEER_ADDRESS, timeout_s=ATTACH_TIMEOUT_S)

    def set_load(self, name):
        """What the guest does beside what it is asked; a name of LOADS. IDLE has no traffic."""
        churn, pace = LOADS[name]
        was, _ = LOADS[self._load]
        if churn != was:
            self.current.guest.request("churn", churn)
        self.current.guest.request("pace", pace)
        self._load = name

    def check(self):
        """The guest's own report; raises GuestError when anything is amiss."""
        with self.report.progress("the guest checks its objects and memory"):
            if self.vfs_of_guest > 1:
                self.current.guest.check_each()
            return self.current.guest.check()

    def ping(self):
        """Frames go both ways between the guest and the PF its VF belongs to."""
        with self.report.progress("the host pings the guest"):
            # until three are answered, however late the first
            self.host.shell("ping", "-q", "-c", "3", "-w", PING_TIMEOUT_S, "-I",
                            self._interface(), GUEST_ADDRESS)

    def _interface(self):
        """Of the host, on the network that the guest's VF is on."""
        return BRIDGE if self._joined else self.host.netdev(self.vfs[self.current.vf])

    def other_vfs(self, same_pf):
        """VFs that the guest is not on, of the same PF or of another."""
        pf = self.vfs[self.current.vf]
        for group in self.groups:
            if group[0] != self.current.vf and (self.vfs[group[0]] == pf) == same_pf:
                return group
        raise HostError(f"no {'other VF of the same' if same_pf else 'VF of another'} PF")

    def start_destination(self, vfs, paused=False, own=None):
        destination = self.new_vm(vfs, own)
        with self.report.progress("the destination starts"), self.current.stepped_back():
            destination.start(incoming=True, paused=paused)
        return destination

    def migrate(self, vfs, title, audit=False, tune=None, own=None, **settings):
        """Move the guest to those VFs; with audit, all its memory is compared meanwhile.

        tune(migration) comes before the start; own is the destination's Emulator; the settings
        are those of Migration.start().
        """
        destination = self.start_destination(vfs, paused=audit, own=own)
        migration = Migration(self.current, destination)
        self.note_migration(migration)
        traffic = self._traffic if self._load != IDLE else None
        if traffic:
            with self.report.progress("traffic with the guest begins"):
                traffic.run()
        with self.report.progress("the guest migrates"):
            if tune:
                tune(migration)
            migration.start(**settings)
            migration.complete()
        if audit:
            with self.report.progress("all pages of the guest's memory are compared"):
                migration.compare_memory()
            migration.resume_destination()
        migration.finish()
        self.retire(self.current, destination)
        record = self._traffic_record(migration) if traffic else None
        self.timelines.append({"load": self._load, **timeline.build(
            migration, len(self.timelines) + 1, title, record)})
        return self.timelines[-1]

    def _traffic_record(self, migration):
        """The traffic goes on where the guest is; raises TrafficError if not."""
        with self.report.progress("traffic with the guest goes on"):
            self._traffic.wait_progress("traffic after the migration")
        self._traffic.rest()
        pings, arrivals = self._traffic.log(migration.start_us - LEAD_US)
        return Record(pings, arrivals, self._traffic.status(), self.current.guest.stream())

    def note_migration(self, migration):
        """The monitor commands, in the words of QEMU's human monitor."""
        self.host.note(f"({migration.destination.name}) migrate_incoming {migration.uri}")
        self.host.note(f"({migration.source.name}) migrate {migration.uri}")

    def retire(self, old, new):
        """The guest is at new from here on; its requests go on counting."""
        new.guest.continue_from(old.guest)
        self.current = new
        self.discard(old)

    def discard(self, vm):
        vm.stop()
        self._vms.remove(vm)

    def description(self):
        """What all this ran on, in one line."""
        release = os.uname().release
        version = self._version
        model = ", ".join(f"{read(PCI, pf, 'device')}" for pf in self._pfs)
        return (f"stock QEMU {version['major']}.{version['minor']}.{version['micro']}, stock "
                f"Linux {release}, PF {model}; times are of this machine, not of a card")

    def close(self):
        """Ends the QEMUs and gives the VFs back."""
        if self._traffic:
            self._traffic.stop()
        for vm in list(self._vms):
            self.discard(vm)
        if self._joined:
            self.host.shell("ip", "link", "delete", BRIDGE)
        for pf in self._pfs:
            self.host.remove_vfs(pf)
