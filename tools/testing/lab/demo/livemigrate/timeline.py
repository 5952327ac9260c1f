# SPDX-License-Identifier: GPL-2.0-only
"""Makes a timeline of one migration, and prints it for a terminal.

The timeline is a plain dict, which is also what the JSON file holds.  Its times are
milliseconds since the migrate command.
"""

BAR_CELLS = 44
EIGHTHS = " ▏▎▍▌▋▊▉█"
ARROW = "→"
# name, is the guest stopped meanwhile; borders() says where each begins
PHASES = [
    ("connect, set up", False),
    ("copy memory", False),
    ("stop guest and VF", True),
    ("copy memory again", True),
    ("move the VF's state", True),
    ("other devices", True),
    ("load the rest", True),
    ("start guest and VF", True),
    ("clean up", False),
]
# In between when the destination is held back until both memories are compared
AUDIT_PHASE = (7, ("compare all memory", True))


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
    return f"{ms:.1f} ms" if ms < 10000 else f"{ms / 1000:.2f} s"


def _phases(audited):
    if not audited:
        return PHASES
    index, phase = AUDIT_PHASE
    return PHASES[:index] + [phase] + PHASES[index:]


def _borders(migration, source, destination):
    """Where each of _phases() begins, and where the last one ends.

    A trace point that QEMU did not pass gives its neighbour's time, so that a phase
    that did not happen has no length.
    """
    vf_start = source.time_of("vfio_save_complete_precopy_start")
    vf_end = source.time_of("vfio_save_complete_precopy")
    iterable_end = source.checkpoint("src-iterable-saved")
    loaded = destination.checkpoint("dst-precopy-loadvm-completed")
    found = [
        migration.start_us,
        source.status("active"),
        source.checkpoint("src-downtime-start"),
        source.checkpoint("src-vm-stopped"),
        vf_start or iterable_end,
        vf_end or iterable_end,
        source.checkpoint("src-non-iterable-saved"),
        loaded,
        *([migration.resume_us] if migration.audit else []),
        migration.running_us() or destination.checkpoint("dst-precopy-bh-vm-started"),
        migration.end_us,
    ]
    borders, last = [], migration.start_us
    for border in found:
        last = max(last, border or last)
        borders.append(last)
    return borders


def _vf_spans(trace, start_us, end_us, first_state):
    """States and changes of a VF, one after another without a gap."""
    spans, since, state = [], start_us, first_state
    for arc in trace.arcs():
        spans.append({"kind": "state", "label": state, "start_us": since,
                      "end_us": arc["start_us"]})
        spans.append({"kind": "arc", "label": f"{state} {ARROW} {arc['to']}",
                      "start_us": arc["start_us"], "end_us": arc["end_us"]})
        since, state = arc["end_us"], arc["to"]
    spans.append({"kind": "state", "label": state, "start_us": since, "end_us": end_us})
    return spans


def _lanes(source, destination, borders):
    start_us, end_us = borders[0], borders[-1]
    stop_us, resume_us = borders[2], borders[-2]
    return [
        {"name": "guest", "spans": [
            {"kind": "running", "label": "runs at the source", "start_us": start_us,
             "end_us": stop_us},
            {"kind": "stopped", "label": "blackout", "start_us": stop_us, "end_us": resume_us},
            {"kind": "running", "label": "runs at the destination", "start_us": resume_us,
             "end_us": end_us},
        ]},
        {"name": "source VF", "spans": _vf_spans(source, start_us, end_us, "RUNNING")},
        {"name": "destination VF", "spans": _vf_spans(destination, start_us, end_us, "RUNNING")},
        {"name": "sent", "spans": [dict(span, kind="device", label=span["name"])
                                   for span in source.device_times("vmstate_downtime_save")]},
        {"name": "loaded", "spans": [dict(span, kind="device", label=span["name"]) for span in
                                     destination.device_times("vmstate_downtime_load")]},
    ]


def _relative(item, start_us):
    """The same dict with start_ms and end_ms in place of start_us and end_us."""
    rest = {k: v for k, v in item.items() if k not in ("start_us", "end_us", "name")}
    return {**({"name": item["name"]} if "name" in item and "label" not in item else {}), **rest,
            "start_ms": (item["start_us"] - start_us) / 1000,
            "end_ms": (item["end_us"] - start_us) / 1000}


def build(migration, number, title):
    """Timeline of a migration that completed."""
    source, destination = migration.traces()
    start_us = migration.start_us
    borders = _borders(migration, source, destination)
    phases = [_relative({"name": name, "blackout": blackout, "start_us": borders[i],
                         "end_us": borders[i + 1]}, start_us)
              for i, (name, blackout) in enumerate(_phases(migration.audit))]
    ram = migration.statistics.get("ram", {})
    vf_bytes = source.bytes_of("vfio_save_block")
    # ram.transferred counts every byte on the wire, the VF's and the other devices' too
    sent = ram.get("transferred", 0)
    return {
        "number": number,
        "title": title,
        "source": migration.source.vf,
        "destination": migration.destination.vf,
        "total_ms": (migration.end_us - start_us) / 1000,
        "blackout_ms": (borders[-2] - borders[2]) / 1000,
        "qemu_downtime_ms": migration.statistics.get("downtime"),
        "bytes": {"guest_memory": ram.get("total", 0), "sent": sent, "vf_state": vf_bytes,
                  "vf_state_loaded": destination.bytes_of("vfio_load_state_device_data")},
        "memory_audit": migration.audit,
        "phases": phases,
        "lanes": [{"name": lane["name"],
                   "spans": [_relative(span, start_us) for span in lane["spans"]]}
                  for lane in _lanes(source, destination, borders)],
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


def text(timeline, colour=False):
    """Lines of the timeline for a terminal of 84 columns."""
    size = timeline["bytes"]
    yield f"Migration {timeline['number']}: {timeline['title']}"
    yield f"  {timeline['source']} {ARROW} {timeline['destination']}"
    yield "  " + "─" * 80
    yield from _phase_lines(timeline, colour)
    yield "  " + "─" * 80
    yield from _arc_lines(timeline)
    yield (f"  blackout {time_text(timeline['blackout_ms'])} of {time_text(timeline['total_ms'])}"
           f"   guest memory {size_text(size['guest_memory'])}"
           f"   sent {size_text(size['sent'])}   VF state {size_text(size['vf_state'])}")
    if timeline["memory_audit"]:
        yield f"  all {timeline['memory_audit']['pages']} pages of guest memory are the same"
