# SPDX-License-Identifier: GPL-2.0-only
"""Physical and virtual functions of this host, by the commands an operator would type.

Everything that changes the host goes through Host.shell() or Host.write(), which show
and keep it, so that the list of commands printed at the end is the list that was run.
"""

import glob
import os
import shlex
import subprocess

PCI = "/sys/bus/pci/devices"
NET = "/sys/class/net"
MELLANOX = "0x15b3"
# ConnectX-4 to -8, physical functions; what the driver's id table calls a VF is not here
PF_DEVICES = {"0x1013", "0x1015", "0x1017", "0x1019", "0x101b", "0x101d", "0x101f", "0x1021",
              "0x1023"}
VARIANT = "mlx5_vfio_pci"


class HostError(Exception):
    """The host is not as the demo needs it; the text says what to do."""


def read(*parts):
    with open(os.path.join(*parts), encoding="ascii") as attribute:
        return attribute.read().strip()


class Host:
    """The host the QEMUs run on."""

    def __init__(self, show=print):
        self.commands = []
        self._show = show

    def note(self, command):
        """Remember a command line, a string or a list of words, and show it."""
        line = command if isinstance(command, str) else shlex.join(command)
        self.commands.append(line)
        self._show(line)

    def shell(self, *words):
        self.note(list(words))
        result = subprocess.run(words, capture_output=True, text=True, check=False)
        if result.returncode:
            raise HostError(f"{shlex.join(words)}: {(result.stderr + result.stdout).strip()}")
        return result.stdout

    def write(self, value, *parts):
        path = os.path.join(*parts)
        self.note(f"echo {value} > {path}")
        try:
            with open(path, "w", encoding="ascii") as attribute:
                attribute.write(str(value))
        except OSError as error:
            raise HostError(f"echo {value} > {path}: {error.strerror}") from error

    def pfs(self):
        """Addresses of the ConnectX PFs that mlx5_core drives, in bus order."""
        found = []
        for path in sorted(glob.glob(f"{PCI}/*")):
            if read(path, "vendor") == MELLANOX and read(path, "device") in PF_DEVICES:
                driver = os.path.join(path, "driver")
                if os.path.exists(driver) and os.path.basename(
                        os.readlink(driver)) == "mlx5_core":
                    found.append(os.path.basename(path))
        return found

    def netdev(self, bdf):
        names = sorted(glob.glob(f"{PCI}/{bdf}/net/*"))
        return os.path.basename(names[0]) if names else None

    def vf_address(self, pf, index):
        return os.path.basename(os.readlink(f"{PCI}/{pf}/virtfn{index}"))

    def create_vfs(self, pf, count):
        """Fresh VFs that no driver has touched; returns their addresses."""
        if read(PCI, pf, "sriov_numvfs") != "0":
            self.write(0, PCI, pf, "sriov_numvfs")
        self.write(0, PCI, pf, "sriov_drivers_autoprobe")
        self.write(count, PCI, pf, "sriov_numvfs")
        return [self.vf_address(pf, index) for index in range(count)]

    def mac(self, netdev):
        return read(NET, netdev, "address")

    def join(self, bridge, netdevs, address=None, mac=None):
        """One network of several interfaces, in which frames follow the guest.

        The bridge learns of the guest's new place from the first frame that comes from there. Its
        own address is that of one of them, or the one that is given. A card gives its PF,
        promiscuous or not, no frames of a VF that are for an address which the PF has not asked
        for: so the others ask for it.
        """
        self.shell("ip", "link", "add", bridge, "type", "bridge", "forward_delay", "0",
                   "mcast_snooping", "0")
        if mac:
            self.shell("ip", "link", "set", bridge, "address", mac)
        for netdev in netdevs:
            self.shell("ip", "link", "set", netdev, "master", bridge)
        own = self.mac(bridge)
        self.ask_for(own, [netdev for netdev in netdevs if self.mac(netdev) != own])
        if address:
            self.shell("ip", "address", "replace", address, "dev", bridge)
        self.shell("ip", "link", "set", bridge, "up")

    def ask_for(self, mac, netdevs):
        """Frames for that address are given to each of the interfaces."""
        for netdev in netdevs:
            self.shell("bridge", "fdb", "add", mac, "dev", netdev, "self", "permanent")

    def set_vf_mac(self, pf, index, mac):
        """The destination's VF must answer to the guest's address: that is the host's to set."""
        name = self.netdev(pf)
        if not name:
            raise HostError(f"{pf} has no network interface: is it up?")
        self.shell("ip", "link", "set", name, "vf", str(index), "mac", mac)

    def bind_variant(self, vf, variant=VARIANT):
        """Hand a VF to that variant driver and to nothing else."""
        self.write(variant, PCI, vf, "driver_override")
        self.write(vf, "/sys/bus/pci/drivers_probe")
        driver = f"{PCI}/{vf}/driver"
        name = os.path.basename(os.readlink(driver)) if os.path.exists(driver) else "none"
        if name != variant:
            raise HostError(f"{vf} has driver {name}, not {variant}: see dmesg")

    def remove_vfs(self, pf):
        self.write(0, PCI, pf, "sriov_numvfs")
