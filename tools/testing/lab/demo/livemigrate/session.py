# SPDX-License-Identifier: GPL-2.0-only
"""A host prepared for migration, and the one guest that lives through all of a run."""

import os
import time

from . import timeline
from .host import HostError, PCI, VARIANT, Host, read
from .migration import Migration
from .vm import Vm

# Of the guest's first VF, whose interface the agent brings up; then of the others
GUEST_MACS = ["02:00:00:00:77:02", "02:00:00:00:77:12", "02:00:00:00:77:22",
              "02:00:00:00:77:32"]
GUEST_ADDRESS = "192.168.77.2"
SETS_HELD = 6
BOOT_TIMEOUT_S = 900
ATTACH_TIMEOUT_S = 600
NETDEV_TIMEOUT_S = 60
PING_TIMEOUT_S = "200"


class Session:
    """Owns the VFs and the QEMUs; close() it whatever happened."""

    def __init__(self, report, payload, directory, vfs_of_guest=1, other_driver=VARIANT):
        """other_driver is that of the VFs that do not belong to the first PF."""
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
        self.current = None
        self.vf_lost = False
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
            self._wait_netdev(pf)
            rooms = 2 if not index and (self.vfs_of_guest == 1 or pfs_needed == 1) else 1
            vfs = self.host.create_vfs(pf, rooms * self.vfs_of_guest)
            self.host.shell("ip", "address", "replace", f"192.168.77.{101 + index}/24", "dev",
                            self.host.netdev(pf))
            self.host.shell("ip", "link", "set", self.host.netdev(pf), "up")
            for number, vf in enumerate(vfs):
                self.host.set_vf_mac(pf, number, GUEST_MACS[number % self.vfs_of_guest])
                self.host.bind_variant(vf, self._other_driver if index else VARIANT)
                self.vfs[vf] = pf
            self.groups += [vfs[first:first + self.vfs_of_guest]
                            for first in range(0, len(vfs), self.vfs_of_guest)]

    def _wait_netdev(self, pf):
        """The PF's interface is made in the background of its driver's probe."""
        deadline = time.monotonic() + NETDEV_TIMEOUT_S
        while not self.host.netdev(pf):
            if time.monotonic() > deadline:
                raise HostError(f"{pf}: no network interface after {NETDEV_TIMEOUT_S} s")
            time.sleep(0.1)

    def new_vm(self, vfs):
        """VFs of another driver than ours are not mapped: where the core's word on the MSI-X
        table stands, QEMU asks type1 for dirty pages of less than a page, and a migration
        fails in its setup (region_info.c of our library tells more).
        """
        self._names += 1
        mapped = self._pfs.index(self.vfs[vfs[0]]) == 0 or self._other_driver == VARIANT
        vm = Vm(f"qemu{self._names}", self.payload, vfs, self.directory, self.host.note, mapped)
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
            guest.request("churn", 1)

    def check(self):
        """The guest's own report; raises GuestError when anything is amiss."""
        with self.report.progress("the guest checks its objects and memory"):
            if self.vfs_of_guest > 1:
                self.current.guest.check_each()
            return self.current.guest.check()

    def ping(self):
        """Frames go both ways between the guest and the PF its VF belongs to."""
        pf = self.host.netdev(self.vfs[self.current.vf])
        with self.report.progress("the host pings the guest"):
            # until three are answered, however late the first
            self.host.shell("ping", "-q", "-c", "3", "-w", PING_TIMEOUT_S, "-I", pf,
                            GUEST_ADDRESS)

    def other_vfs(self, same_pf):
        """VFs that the guest is not on, of the same PF or of another."""
        pf = self.vfs[self.current.vf]
        for group in self.groups:
            if group[0] != self.current.vf and (self.vfs[group[0]] == pf) == same_pf:
                return group
        raise HostError(f"no {'other VF of the same' if same_pf else 'VF of another'} PF")

    def start_destination(self, vfs, paused=False):
        destination = self.new_vm(vfs)
        with self.report.progress("the destination starts"), self.current.stepped_back():
            destination.start(incoming=True, paused=paused)
        return destination

    def migrate(self, vfs, title, audit=False, tune=None, **settings):
        """Move the guest to those VFs; with audit, all its memory is compared meanwhile.

        tune(migration) comes before the start; the settings are those of Migration.start().
        """
        destination = self.start_destination(vfs, paused=audit)
        migration = Migration(self.current, destination)
        self.note_migration(migration)
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
        self.timelines.append(timeline.build(migration, len(self.timelines) + 1, title))
        self.retire(self.current, destination)
        return self.timelines[-1]

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
        version = self.current.qmp.command("query-version")["qemu"]
        model = ", ".join(f"{read(PCI, pf, 'device')}" for pf in self._pfs)
        return (f"stock QEMU {version['major']}.{version['minor']}.{version['micro']}, stock "
                f"Linux {release}, PF {model}; times are of this machine, not of a card")

    def close(self):
        """Ends the QEMUs and gives the VFs back."""
        for vm in list(self._vms):
            self.discard(vm)
        for pf in self._pfs:
            self.host.remove_vfs(pf)
