# SPDX-License-Identifier: GPL-2.0-only
"""Reads what QEMU's trace points said during one migration.

Lines look like "PID@SECONDS.MICROSECONDS:event text" (-D FILE -msg timestamp=on).  All
times are microseconds of the host's clock; on two hosts the clocks must agree.
"""

import re

LINE = re.compile(r"^\d+@(\d+)\.(\d{6}):(\w+) ?(.*)$")
SET_STATE = re.compile(r"new state (\w+), recover state (\w+)")
STATE = re.compile(r"state (\w+)$")
DEVICE_TIME = re.compile(r"type=(\S+) idstr=(.*) instance_id=(\d+) downtime=(\d+)")
NUMBER = {"vfio_save_block": re.compile(r"data_size (\d+)"),
          "vfio_load_state_device_data": re.compile(r"size (\d+)")}


class Trace:
    """Events of one QEMU within a span of time."""

    def __init__(self, path, start_us, end_us):
        self.events = []
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                match = LINE.match(line.rstrip())
                if not match:
                    continue
                time_us = int(match[1]) * 1000000 + int(match[2])
                if start_us <= time_us <= end_us:
                    self.events.append((time_us, match[3], match[4]))

    def time_of(self, event, text=None, last=False):
        """Time of the first (or last) such event, or None."""
        times = [t for t, name, rest in self.events
                 if name == event and (text is None or text in rest)]
        if not times:
            return None
        return times[-1] if last else times[0]

    def checkpoint(self, name):
        return self.time_of("vmstate_downtime_checkpoint", name)

    def status(self, name):
        """When the migration took on a status."""
        return self.time_of("migrate_set_state", f"new state {name}")

    def bytes_of(self, event):
        """Sum of the sizes that an event carries."""
        return sum(int(match[1]) for _, name, rest in self.events if name == event
                   for match in [NUMBER[event].search(rest)] if match)

    def arcs(self):
        """Changes of the VF's state: dicts of to, start_us, end_us.

        A change that was refused has the state QEMU fell back to and "refused"; one
        that was none, because the VF was in that state already, is left out.
        """
        arcs, asked = [], None
        for time_us, name, rest in self.events:
            if name == "vfio_migration_set_state":
                match = SET_STATE.search(rest)
                asked = (time_us, match[1]) if match else None
            elif name == "vfio_migration_set_device_state" and asked:
                reached = STATE.search(rest)[1]
                arc = {"to": reached, "start_us": asked[0], "end_us": time_us}
                if reached != asked[1]:
                    arc["refused"] = asked[1]
                arcs.append(arc)
                asked = None
        return arcs

    def device_times(self, event):
        """How long each device's state took: dicts of name, start_us, end_us.

        event: vmstate_downtime_save or vmstate_downtime_load.
        """
        spans = []
        for time_us, name, rest in self.events:
            match = DEVICE_TIME.search(rest) if name == event else None
            if match:
                spans.append({"name": match[2], "start_us": time_us - int(match[4]),
                              "end_us": time_us})
        return spans
