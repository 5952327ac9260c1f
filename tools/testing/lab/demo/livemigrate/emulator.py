# SPDX-License-Identifier: GPL-2.0-only
"""What a QEMU can do for a migration, by its version: that of this host, or of another root."""

import functools
import re
import subprocess

PROGRAM = "qemu-system-x86_64"
# The first that speaks protocol v2 of VFIO's migration, and no other
PROTOCOL_V2 = (8, 0)
# Since then the source waits for the destination's word before it stops the guest
SWITCHOVER_ACK = (8, 1)
FILE_URI = (8, 2)
VFIO_EVENTS = (9, 2)
# Without KVM older ones lose what the guest writes: where a RAM block is of whole words of the
# bitmap of dirty pages, the sync clears bits and leaves entries of the TLB that take them
# for set (the fast path of cpu_physical_memory_sync_dirty_bitmap())
DIRTY_BITS_WITH_TLB = (9, 0)
# Keeps QEMU off that path, as words are of 64 pages; a multiple of what it rounds -m to
UNEVEN_KIB = 8


class Emulator:
    """A version of QEMU, and the words that run it."""

    # What a migration's timeline is made of, see trace.py and trace_v1.py
    TRACES = ("vfio_migration_set_state", "vfio_load_state_device_data", "migrate_set_state",
              "vfio_save_iterate")
    TRACES_V1 = ("vfio_save_buffer", "vfio_save_complete_precopy", "savevm_section_start",
                 "savevm_section_end", "savevm_state_complete_precopy", "vmstate_save",
                 "migration_thread_low_pending", "migration_completion_vm_stop",
                 "process_incoming_migration_co_end")
    TRACES_V2 = ("vfio_migration_set_device_state", "vfio_save_block",
                 "vfio_save_complete_precopy*", "vfio_load_device_config_state*",
                 "vfio_load_state_device_buffer_load_*", "vmstate_downtime_*",
                 "loadvm_approve_switchover", "source_return_path_thread_switchover_acked")

    def __init__(self, version, command):
        self.version = version
        self.command = command

    @property
    def machine(self):
        """The machine that a guest of this QEMU keeps when it goes to a newer one."""
        return "pc-q35-{}.{}".format(*self.version)

    @property
    def protocol(self):
        """Version of VFIO's migration protocol."""
        return 2 if self.version >= PROTOCOL_V2 else 1

    @property
    def traces(self):
        return self.TRACES + (self.TRACES_V1 if self.protocol == 1 else self.TRACES_V2)

    @property
    def migration_properties(self):
        """Of a vfio-pci device that is to be migrated."""
        if self.protocol == 1:
            return {"x-enable-migration": True}
        events = {"migration-events": True} if self.version >= VFIO_EVENTS else {}
        return {"enable-migration": "on", **events}

    @property
    def extra_memory_kib(self):
        """What a guest has beyond whole MiB, so that no page it writes is lost."""
        return UNEVEN_KIB if self.version < DIRTY_BITS_WITH_TLB else 0

    def knows(self, capability):
        return capability != "switchover-ack" or self.version >= SWITCHOVER_ACK

    def file_uri(self, path, incoming=False):
        """Where to migrate to, or from, for a guest that is kept in a file."""
        if self.version >= FILE_URI:
            return f"file:{path}"
        return f"exec:cat {'<' if incoming else '>'} {path}"


def _of_command(*command):
    words = subprocess.run([*command, "--version"], capture_output=True, text=True,
                           check=True).stdout
    found = re.search(r"version (\d+)\.(\d+)", words)
    if not found:
        raise ValueError(f"{' '.join(command)} --version: {words.strip()}")
    return Emulator((int(found[1]), int(found[2])), command)


@functools.lru_cache(maxsize=None)
def installed():
    """That of this host."""
    return _of_command(PROGRAM)


@functools.lru_cache(maxsize=None)
def in_root(root):
    """That of another release, in whose root this host's files are seen, too."""
    return _of_command("chroot", root, PROGRAM)
