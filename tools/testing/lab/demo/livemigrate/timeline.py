# SPDX-License-Identifier: GPL-2.0-only
"""Makes a timeline of one migration, and prints it for a terminal.

The timeline is a plain dict, which is also what the JSON file holds.  Its times are
milliseconds since the migrate command.
"""

import statistics

# What the source's VF has to go through; protocol v1 knows no P2P
SOURCE_STATES = ["PRE_COPY", "PRE_COPY_P2P", "STOP_COPY", "STOP"]
SOURCE_STATES_V1 = ["PRE_COPY", "STOP_COPY", "STOP"]

BAR_CELLS = 44
EIGHTHS = " ▏▎▍▌▋▊▉█"
ARROW = "→"
# name, is the guest stopped meanwhile; borders() says where each begins
PHASES = [
    ("connect, set up", False),
    ("copy memory and VF", False),
    ("stop guest and VF", True),
    ("copy memory again", True),
    ("move the VF's state", True),
    ("other devices", True),
    ("load the rest", True),
    ("start guest and VF", True),
    ("clean up", False),
]


def size_text(count):
    """Bytes for people: three figures and a binary unit."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1000 or unit == "GiB":
            return f"{count} {unit}" if unit == "B" else f"{count:.3g} {unit}"
        count /= 1024
    return ""


def time_text(ms):
    if ms < 10:
        return f"{ms:.2f} ms"
    return f"{ms:.1f} ms" if ms < 1000 else f"{ms / 1000:.2f} s"


class _Clock:
    """Turns the hosts' time into that of the timeline.

    A destination that was held back until both memories had been compared did nothing
    meanwhile: that span is cut out of its time.
    """

    def __init__(self, migration, destination):
        self.start_us = migration.start_us
        self._held_us = self._freed_us = None
        if migration.resume_us:
            self._held_us = destination.checkpoint("dst-precopy-bh-vm-started")
            self._freed_us = migration.resume_us

    def at_destination(self, time_us):
        if time_us is None or self._held_us is None or time_us < self._held_us:
            return time_us
        return max(self._held_us, time_us - (self._freed_us - self._held_us))

    def is_held(self, time_us):
        """Is it in the span that is cut out."""
        return self._held_us is not None and self._held_us <= time_us < self._freed_us

    def relative(self, item, shift):
        """The dict with start_ms and end_ms in place of start_us and end_us."""
        rest = {k: v for k, v in item.items() if k not in ("start_us", "end_us")}
        times = [(shift(item[k]) - self.start_us) / 1000 for k in ("start_us", "end_us")]
        return {**rest, "start_ms": times[0], "end_ms": times[1]}


def _borders(migration, source, destination, clock):
    """Where each of PHASES begins, and where the last one ends.

    A trace point that QEMU did not pass gives its neighbour's time, so that a phase
    that did not happen has no length.
    """
    vf_start, vf_end = source.final_start_us(), source.final_end_us()
    iterable_end = source.checkpoint("src-iterable-saved")
    # QEMU says RESUME before it sets the VF going, and lets the vCPUs run after that
    running = max([migration.running_us() or migration.start_us,
                   *(arc["end_us"] for arc in destination.arcs(migration.destination.vf))])
    found = [
        migration.start_us,
        source.status("active"),
        source.checkpoint("src-downtime-start"),
        source.checkpoint("src-vm-stopped"),
        vf_start or iterable_end,
        vf_end or iterable_end,
        source.checkpoint("src-non-iterable-saved"),
        destination.checkpoint("dst-precopy-loadvm-completed"),
        clock.at_destination(running),
        clock.at_destination(migration.end_us),
    ]
    borders, last = [], migration.start_us
    for border in found:
        last = max(last, border or last)
        borders.append(last)
    return borders


def _vf_spans(arcs, start_us, end_us, first_state):
    """States and changes of a VF, one after another without a gap."""
    spans, since, state = [], start_us, first_state
    for arc in arcs:
        spans.append({"kind": "state", "label": state, "start_us": since,
                      "end_us": arc["start_us"]})
        spans.append({"kind": "arc", "label": f"{state} {ARROW} {arc['to']}",
                      "start_us": arc["start_us"], "end_us": arc["end_us"]})
        since, state = arc["end_us"], arc["to"]
    spans.append({"kind": "state", "label": state, "start_us": since, "end_us": end_us})
    return spans


def _lanes(migration, source, destination, borders, clock):
    start_us, end_us = borders[0], borders[-1]
    stop_us, resume_us = borders[2], borders[8]
    arcs = [trace.arcs(vm.vf) for trace, vm in ((source, migration.source),
                                                (destination, migration.destination))]
    guest = [
        {"kind": "running", "label": "runs at the source", "start_us": start_us,
         "end_us": stop_us},
        {"kind": "stopped", "label": "blackout", "start_us": stop_us, "end_us": resume_us},
        {"kind": "running", "label": "runs at the destination", "start_us": resume_us,
         "end_us": end_us},
    ]
    lanes = [
        ("guest", guest, False),
        ("source VF", _vf_spans(arcs[0], start_us, end_us, "RUNNING"), False),
        ("destination VF", _vf_spans(arcs[1], start_us, migration.end_us, "RUNNING"), True),
        ("sent", _device_spans(source, "vmstate_downtime_save"), False),
        ("loaded", _device_spans(destination, "vmstate_downtime_load"), True),
    ]
    return [{"name": name,
             "spans": [clock.relative(span, clock.at_destination if there else int)
                       for span in spans]} for name, spans, there in lanes]


def _device_spans(trace, event):
    return [{"kind": "device", "label": span["name"], "start_us": span["start_us"],
             "end_us": span["end_us"]} for span in trace.device_times(event)]


def _precopy(source, destination, vfs, start_us):
    """What went of the VF while the guest ran, and when the destination had it."""
    sizes = source.sizes_of("vfio_save_block", source.final_start_us())
    times = {"sent": source.initial_sent_us(vfs),
             "loaded": destination.time_of("loadvm_approve_switchover", last=True),
             "acknowledged": source.time_of("source_return_path_thread_switchover_acked")}
    return {"bytes": sum(sizes), "reads": sum(size > 0 for size in sizes),
            **{f"{name}_ms": (time_us - start_us) / 1000 if time_us else None
               for name, time_us in times.items()}}


def _clipped(spans, first_ms, last_ms):
    """Parts of spans within a time, as pairs in order."""
    pairs = [(max(s["start_ms"], first_ms), min(s["end_ms"], last_ms)) for s in spans]
    return sorted(pair for pair in pairs if pair[1] > pair[0])


def _covered_ms(pairs):
    """Length of what the pairs cover, once where they overlap."""
    covered, until = 0.0, float("-inf")
    for first, last in sorted(pairs):
        covered += max(0.0, last - max(first, until))
        until = max(until, last)
    return covered


def _device_share(lanes, stop_ms, resume_ms):
    """How much of the blackout the VF and its driver took, by what they did.

    The source's way to STOP is not of it: it is left to the time after, but may begin
    before the destination runs.  Loading may go on while the source still saves, so the
    sum of the parts can be more than the total.
    """
    spans = {lane["name"]: lane["spans"] for lane in lanes}
    parts = {
        "freeze": [s for s in spans["source VF"]
                   if s["kind"] == "arc" and not s["label"].endswith(f"{ARROW} STOP")],
        "save": [s for s in spans["sent"] if "vfio" in s["label"]],
        "load": [s for s in spans["loaded"] if "vfio" in s["label"]],
        "start": [s for s in spans["destination VF"] if s["kind"] == "arc"],
    }
    pairs = {name: _clipped(part, stop_ms, resume_ms) for name, part in parts.items()}
    return {**{f"{name}_ms": _covered_ms(part) for name, part in pairs.items()},
            "total_ms": _covered_ms([pair for part in pairs.values() for pair in part])}


def _states_ms(lanes):
    """How long the source's VF was in each state, changes to it not counted."""
    spans = next(lane["spans"] for lane in lanes if lane["name"] == "source VF")
    return {span["label"]: span["end_ms"] - span["start_ms"] for span in spans
            if span["kind"] == "state" and span["label"] in SOURCE_STATES}


def _all_quiet_first(passed):
    """Did each of several VFs come to P2P before any was stopped?"""
    return max(arcs[1]["end_ms"] for arcs in passed) <= min(arcs[2]["start_ms"] for arcs in passed)


def _states_lacking(timeline):
    """QEMU may be done before it lets the VF go to STOP."""
    states = SOURCE_STATES_V1 if timeline["protocol"] == 1 else SOURCE_STATES
    lacks = [f"{vf} went to " + ", ".join(arc["to"] for arc in arcs)
             for vf, arcs in timeline["passed"].items()
             if [arc["to"] for arc in arcs][:len(states) - 1] != states[:-1]]
    if not lacks and timeline["protocol"] != 1 and \
            not _all_quiet_first(timeline["passed"].values()):
        lacks.append("a VF was stopped while another one could still write to it")
    return lacks


def _acknowledgement_lacking(timeline):
    """Protocol v1 has none: it does not tell the VF's first image from the rest."""
    precopy = timeline["precopy"]
    stop_ms = next(phase["start_ms"] for phase in timeline["phases"] if phase["blackout"])
    if timeline["protocol"] == 1:
        return []
    if precopy["acknowledged_ms"] is None or precopy["loaded_ms"] is None:
        return ["the destination has not acknowledged the VF's first image"]
    if precopy["acknowledged_ms"] > stop_ms:
        return ["the guest was stopped before the acknowledgement"]
    return []


def shortcomings(timeline):
    """What a migration lacks that moves a VF while its guest runs; nothing if all is well.

    QEMU 7.2 asks the VF for data only when a round of the memory has ended, and does not wait
    for that.
    """
    lacks = _states_lacking(timeline)
    if not timeline["precopy"]["bytes"] and timeline["protocol"] > 1:
        lacks.append("nothing of the VF was sent while the guest ran")
    return lacks + _acknowledgement_lacking(timeline)


def build(migration, number, title, traffic=None):
    """Timeline of a migration that completed; traffic: the Record of it, if there was some."""
    source, destination = migration.traces()
    clock = _Clock(migration, destination)
    borders = _borders(migration, source, destination, clock)
    ram = migration.statistics.get("ram", {})
    lanes = _lanes(migration, source, destination, borders, clock)
    stop_ms, resume_ms = ((borders[i] - borders[0]) / 1000 for i in (2, 8))
    return {
        "number": number,
        "title": title,
        "protocol": migration.source.emulator.protocol,
        "source": migration.source.vf_name,
        "destination": migration.destination.vf_name,
        "total_ms": (borders[-1] - borders[0]) / 1000,
        "blackout_ms": resume_ms - stop_ms,
        "qemu_downtime_ms": migration.statistics.get("downtime"),
        # "sent" counts every byte on the wire, the VF's and the other devices' too
        "multifd_transfer": source.time_of("vfio_save_complete_precopy_thread_start") is not None,
        "bytes": {"guest_memory": ram.get("total", 0), "sent": ram.get("transferred", 0),
                  "vf_state": source.bytes_of("vfio_save_block"),
                  "vf_state_loaded": destination.bytes_of("vfio_load_state_device_data")},
        "precopy": _precopy(source, destination, migration.source.vfs, borders[0]),
        "passed": {vf: [clock.relative(arc, int) for arc in source.arcs(vf)]
                   for vf in migration.source.vfs},
        "states_ms": _states_ms(lanes),
        "device": _device_share(lanes, stop_ms, resume_ms),
        "memory_audit": migration.audit,
        "phases": [clock.relative({"name": name, "blackout": blackout, "start_us": borders[i],
                                   "end_us": borders[i + 1]}, int)
                   for i, (name, blackout) in enumerate(PHASES)],
        "lanes": lanes,
        "traffic": traffic.summary(clock, borders[8]) if traffic else None,
    }


def _bar(start_ms, end_ms, total_ms):
    """A bar of BAR_CELLS cells; the left edge is exact to a cell, the length to an eighth."""
    scale = BAR_CELLS / total_ms
    first = min(int(start_ms * scale), BAR_CELLS - 1)
    eighths = max(1, round((end_ms - start_ms) * scale * 8))
    eighths = min(eighths, (BAR_CELLS - first) * 8)
    text = " " * first + "█" * (eighths // 8) + (EIGHTHS[eighths % 8] if eighths % 8 else "")
    return text.ljust(BAR_CELLS)


def _phase_lines(timeline, colour):
    for phase in timeline["phases"]:
        length_ms = phase["end_ms"] - phase["start_ms"]
        bar = _bar(phase["start_ms"], phase["end_ms"], timeline["total_ms"])
        code = "31" if phase["blackout"] else "32"
        if colour:
            bar = f"\033[{code}m{bar}\033[0m"
        mark = "■" if phase["blackout"] else "·"
        yield f"  {mark} {phase['name']:<22}{time_text(length_ms):>11}  {bar}"


def _arc_lines(timeline):
    for lane in timeline["lanes"]:
        arcs = [span for span in lane["spans"] if span["kind"] == "arc"]
        if not arcs:
            continue
        yield f"  {lane['name']}"
        for arc in arcs:
            length = time_text(arc["end_ms"] - arc["start_ms"])
            refused = f"  ({arc['refused']} was refused)" if "refused" in arc else ""
            yield f"      at {time_text(arc['start_ms']):>10}  {arc['label']:<28}{length:>10}{refused}"


def _state_lines(timeline):
    """The VF's states with what was sent in them, and who took the blackout's time."""
    states, precopy, size = timeline["states_ms"], timeline["precopy"], timeline["bytes"]
    sent = {"PRE_COPY": f", {size_text(precopy['bytes'])} in {precopy['reads']} reads",
            "STOP_COPY": f", {size_text(size['vf_state'] - precopy['bytes'])}"}
    words = [f"{state} {time_text(states[state])}{sent.get(state, '')}"
             for state in SOURCE_STATES[:3] if state in states]
    yield "  source VF   " + "; ".join(words)
    if precopy["acknowledged_ms"] is not None:
        yield (f"  switchover  acknowledged at {time_text(precopy['acknowledged_ms'])}: the "
               "destination had the VF's first image")
    for vf, arcs in list(timeline["passed"].items())[1:]:
        yield f"  {vf}  " + ", ".join(f"{arc['to']} at {time_text(arc['start_ms'])}"
                                      for arc in arcs)
    device = timeline["device"]
    yield (f"  blackout    downtime_ms={timeline['qemu_downtime_ms']} by QEMU, "
           f"{time_text(timeline['blackout_ms'])} by its events; the VF's share "
           f"{time_text(device['total_ms'])}:")
    yield ("              " + ", ".join(f"{name} {time_text(device[name + '_ms'])}"
                                        for name in ("freeze", "save", "load", "start")))


def _traffic_lines(timeline):
    """The blackout as somebody sees it who talks to the guest."""
    traffic = timeline["traffic"]
    if not traffic:
        return
    yield (f"  traffic     {traffic['unanswered']} of {traffic['asked']} pings lost, the others "
           f"answered in {time_text(traffic['usual_ms'])} as a rule;")
    yield (f"              gap {time_text(traffic['gap_ms'])}: blackout "
           f"{time_text(timeline['blackout_ms'])}, the guest's first frame "
           f"{time_text(traffic['first_frame_ms'])},")
    yield f"              its first answer {time_text(traffic['first_after_ms'])} after it"
    yield (f"              TCP both ways, gap {time_text(traffic['tcp_gap_ms'])}: goes on, "
           f"{traffic['corrupt_bytes']} of {size_text(traffic['tcp_bytes'])} corrupted")


def text(timeline, colour=False):
    """Lines of the timeline for a terminal of 84 columns."""
    size = timeline["bytes"]
    yield f"Migration {timeline['number']}: {timeline['title']}"
    yield f"  {timeline['source']} {ARROW} {timeline['destination']}"
    yield "  " + "─" * 80
    yield from _phase_lines(timeline, colour)
    yield "  " + "─" * 80
    yield from _arc_lines(timeline)
    yield from _state_lines(timeline)
    yield from _traffic_lines(timeline)
    yield (f"  in all {time_text(timeline['total_ms'])}"
           f"   guest memory {size_text(size['guest_memory'])}"
           f"   sent {size_text(size['sent'])}   VF state {size_text(size['vf_state'])}")
    if "clocks" in timeline:
        clocks = timeline["clocks"]
        yield (f"  clocks      the other host's is {clocks['ahead_ms']:.2f} ms ahead, known to "
               f"{clocks['uncertain_ms']:.2f} ms")
    if timeline["memory_audit"]:
        yield (f"  all {timeline['memory_audit']['pages']} pages of guest memory are the same "
               "(compared while both stood still, not counted above)")


def summary(timelines):
    """Lines on several migrations together: how long the guest stood still, what was compared."""
    for what, times in (("by QEMU's events", [t["blackout_ms"] for t in timelines]),
                        ("by QEMU's count", [t["qemu_downtime_ms"] for t in timelines])):
        yield (f"blackout {what}: median {statistics.median(times):.0f} ms, "
               f"{min(times):.0f} to {max(times):.0f} ms in {len(times)} migrations")
    audits = [t["memory_audit"] for t in timelines if t["memory_audit"]]
    yield (f"all pages compared in {len(audits)} of {len(timelines)} migrations: "
           f"{sum(a['pages'] for a in audits)}, different {sum(a['different'] for a in audits)}")
