# SPDX-License-Identifier: GPL-2.0-only
"""Reads what QEMU's trace points said during one migration.

Lines look like "PID@SECONDS.MICROSECONDS:event text" (-D FILE -msg timestamp=on), those of
QEMU 11 like "YYYY-MM-DDTHH:MM:SS.MICROSECONDSZ event text".  All times are microseconds of
the host's clock, and made those of this host's.
"""

import datetime
import re

LINE = re.compile(r"^(?:\d+@(\d+)|(\d+-\d\d-\d\dT\d\d:\d\d:\d\d))\.(\d{6})(?::|Z )"
                  r"(\w+) ?(.*)$")
SET_STATE = re.compile(r"new state (\w+), recover state (\w+)")
STATE = re.compile(r"state (\w+)$")
DEVICE_TIME = re.compile(r"type=(\S+) idstr=(.*) instance_id=(\d+) downtime=(\d+)")
# What is left of a VF's first image, after each read of it while the guest runs
INITIAL_SIZE = re.compile(r"precopy initial size (\d+)")
NUMBER = {"vfio_save_block": re.compile(r"data_size (\d+)"),
          "vfio_load_state_device_data": re.compile(r"size (\d+)")}


# What multifd's threads do for a VF: from, to
MULTIFD = {
    "vmstate_downtime_save": ("vfio_save_complete_precopy_thread_start",
                              "vfio_save_complete_precopy_thread_end"),
    "vmstate_downtime_load": ("vfio_load_state_device_buffer_load_start",
                              "vfio_load_state_device_buffer_load_end"),
}


def _seconds(date):
    return int(datetime.datetime.fromisoformat(f"{date}+00:00").timestamp())


class Trace:
    """Events of one QEMU within a span of time."""

    def __init__(self, vm, start_us, end_us):
        self.events = []
        for line in vm.place.read(vm.path("trace")).splitlines():
            match = LINE.match(line.rstrip())
            if not match:
                continue
            seconds = int(match[1]) if match[1] else _seconds(match[2])
            time_us = vm.time_here_us(seconds * 1000000 + int(match[3]))
            if start_us <= time_us <= end_us:
                self.events.append((time_us, match[4], match[5]))

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

    def sizes_of(self, event, before_us=None):
        """Sizes that an event carries, of those before a time."""
        return [int(match[1]) for time_us, name, rest in self.events
                if name == event and (before_us is None or time_us < before_us)
                for match in [NUMBER[event].search(rest)] if match]

    def bytes_of(self, event):
        """Sum of the sizes that an event carries."""
        return sum(self.sizes_of(event))

    def initial_sent_us(self, vfs):
        """When QEMU had read the first image of each VF, all still running; or None."""
        first = {}
        for time_us, name, rest in self.events:
            match = INITIAL_SIZE.search(rest) if name == "vfio_save_iterate" else None
            if match and not int(match[1]):
                first.setdefault(rest.partition(")")[0].strip(" ("), time_us)
        return max(first.values()) if set(first) >= set(vfs) else None

    def final_start_us(self):
        """When QEMU began to read what is left of the VF with the guest stopped."""
        return (self.time_of("vfio_save_complete_precopy_start")
                or self.time_of("vfio_save_complete_precopy_thread_start"))

    def final_end_us(self):
        """When it had read it all."""
        return (self.time_of("vfio_save_complete_precopy")
                or self.time_of("vfio_save_complete_precopy_thread_end"))

    def arcs(self, vf):
        """Changes of that VF's state: dicts of to, start_us, end_us.

        A change that was refused has the state QEMU fell back to and "refused"; one
        that was none, because the VF was in that state already, is left out.
        """
        arcs, asked = [], None
        for time_us, name, rest in self.events:
            if f"({vf})" not in rest:
                continue
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

    def between(self, first, last, label):
        """Spans from one event to another of the same VF: dicts as of device_times()."""
        spans, since = [], {}
        for time_us, name, rest in self.events:
            vf = rest.partition(")")[0]
            if name == first:
                since[vf] = time_us
            elif name == last and vf in since:
                spans.append({"name": label, "start_us": since.pop(vf), "end_us": time_us})
        return spans

    def device_times(self, event):
        """How long each device's state took: dicts of name, start_us, end_us.

        event: vmstate_downtime_save or vmstate_downtime_load.  What goes through the
        channels of multifd is not of a section of the stream, see MULTIFD.
        """
        spans = []
        for time_us, name, rest in self.events:
            match = DEVICE_TIME.search(rest) if name == event else None
            if match:
                spans.append({"name": match[2], "start_us": time_us - int(match[4]),
                              "end_us": time_us})
        return spans + self.between(*MULTIFD[event], "vfio, multifd")
