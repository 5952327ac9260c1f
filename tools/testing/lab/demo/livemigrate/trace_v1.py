# SPDX-License-Identifier: GPL-2.0-only
"""Reads what the trace points of QEMU 7.2 said during one migration, by protocol v1.

They are other ones than those of QEMU 8 and later, and fewer: where QEMU does not say how
long something took, the driver's own numbers do (Documentation/ABI/testing/
sysfs-bus-pci-vfio-migration).
"""

import re

from .trace import Trace

STATE = re.compile(r"state (\d+)$")
# Of struct vfio_device_migration_info, by what protocol v2 calls them
STATES = {0: "STOP", 1: "RUNNING", 2: "STOP_COPY", 3: "PRE_COPY", 4: "RESUMING"}
# The arcs that the driver makes of one change of device_state
ARCS = {"PRE_COPY": ("running_to_pre_copy",),
        "STOP_COPY": ("pre_copy_to_pre_copy_p2p", "pre_copy_p2p_to_stop_copy",
                      "pre_copy_to_stop_copy"),
        "STOP": ("stop_copy_to_stop",),
        "RESUMING": ("running_to_running_p2p", "running_p2p_to_stop", "running_to_stop",
                     "stop_to_resuming"),
        "RUNNING": ("resuming_to_stop", "stop_to_running_p2p", "running_p2p_to_running",
                    "stop_to_running")}
SIZE = re.compile(r"size 0x([0-9a-f]+)")
SECTION = re.compile(r"^([^,]+), section_id (\d+)")
# Checkpoints of QEMU 8.2 and later, and what comes next to them here
CHECKPOINTS = {"src-downtime-start": "migration_thread_low_pending",
               "src-vm-stopped": "migration_completion_vm_stop",
               "src-iterable-saved": "vfio_save_complete_precopy",
               "dst-precopy-loadvm-completed": "process_incoming_migration_co_end",
               "dst-precopy-bh-vm-started": "process_incoming_migration_co_end"}
EVENTS = {"vfio_save_block": "vfio_save_buffer"}


class TraceV1(Trace):
    """Events of one QEMU 7.2 within a span of time."""

    def __init__(self, vm, start_us, end_us):
        super().__init__(vm, start_us, end_us)
        # Of each VF, how long each arc took
        self._times_us = {vf: vm.place.driver_times_us(vf) for vf in vm.vfs}

    def checkpoint(self, name):
        if name == "src-non-iterable-saved":
            return self.time_of("vmstate_save", last=True)
        return self.time_of(CHECKPOINTS[name])

    def sizes_of(self, event, before_us=None):
        return [int(match[1], 16) for time_us, name, rest in self.events
                if name == EVENTS.get(event, event)
                and (before_us is None or time_us < before_us)
                for match in [SIZE.search(rest)] if match]

    def final_start_us(self):
        """When the VF's section of the last pass began."""
        stopped_us = self.checkpoint("src-vm-stopped")
        times = [time_us for time_us, name, rest in self.events
                 if name == "savevm_section_start" and "/vfio" in rest
                 and stopped_us is not None and time_us >= stopped_us]
        return times[0] if times else None

    def final_end_us(self):
        return self.time_of("vfio_save_complete_precopy")

    def initial_sent_us(self, vfs):
        """Protocol v1 does not tell initial data from what has changed."""
        return None

    def arcs(self, vf):
        """The same state set again is no change."""
        arcs, reached = [], None
        for time_us, name, rest in self.events:
            match = STATE.search(rest) if name == "vfio_migration_set_state" else None
            if not match or f"({vf})" not in rest or STATES[int(match[1])] == reached:
                continue
            reached = STATES[int(match[1])]
            took_us = sum(self._times_us[vf].get(arc, 0) for arc in ARCS[reached])
            arcs.append({"to": reached, "start_us": time_us - took_us, "end_us": time_us})
        return arcs

    def device_times(self, event):
        """Sections of the stream; QEMU 7.2 says nothing of them where it loads."""
        spans, since = [], {}
        stopped_us = self.checkpoint("src-vm-stopped")
        for time_us, name, rest in self.events:
            match = SECTION.search(rest)
            if event != "vmstate_downtime_save" or stopped_us is None or time_us < stopped_us \
                    or not match:
                continue
            if name == "savevm_section_start":
                since[match[2]] = time_us
            elif name == "savevm_section_end" and match[2] in since:
                spans.append({"name": match[1], "start_us": since.pop(match[2]),
                              "end_us": time_us})
        return spans
