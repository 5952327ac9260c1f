# SPDX-License-Identifier: GPL-2.0-only
"""Draws timelines as one SVG picture that needs nothing but a viewer."""

import math
from html import escape

from .timeline import ARROW, size_text, time_text

WIDTH = 1180
MARGIN = 40
LANE_LABEL = 130
LANE_HEIGHT = 30
LANE_GAP = 8
AXIS_HEIGHT = 26
MARK_HEIGHT = 16
ROW_HEIGHT = 21
FONT = "'DejaVu Sans', 'Segoe UI', Helvetica, Arial, sans-serif"

INK, FAINT, GRID, PAPER = "#1f2933", "#6b7785", "#e3e8ee", "#ffffff"
RED, GREEN, BLACKOUT = "#c2402f", "#2f8f5b", "#fdeeea"
STATES = {"RUNNING": "#2f8f5b", "RUNNING_P2P": "#8fbf4d", "STOP": "#8a94a0",
          "STOP_COPY": "#d98a1f", "RESUMING": "#3c78b8", "PRE_COPY": "#4aa3a2",
          "PRE_COPY_P2P": "#7cc4b8", "ERROR": RED}
DEVICES = {"ram": "#5b7fb5"}
OTHER_DEVICE = "#a9b4c0"
VF_DEVICE = "#d98a1f"


class Canvas:
    """Elements in order, and how far down the page they reach."""

    def __init__(self):
        self.parts = []
        self.y = MARGIN

    def rect(self, x, y, width, height, fill, radius=0, title=None, stroke=None):
        inner = f"<title>{escape(title)}</title>" if title else ""
        border = f' stroke="{stroke}"' if stroke else ""
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.8):.1f}" '
                          f'height="{height:.1f}" rx="{radius}" fill="{fill}"{border}>'
                          f"{inner}</rect>")

    def text(self, x, y, words, size=13, fill=INK, anchor="start", weight="normal"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" '
                          f'text-anchor="{anchor}" font-weight="{weight}">{escape(words)}</text>')

    def line(self, x1, y1, x2, y2, stroke=GRID, width=1.0, dash=None):
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                          f'stroke="{stroke}" stroke-width="{width}"{dashes}/>')

    def document(self):
        height = self.y + MARGIN
        head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
                f'viewBox="0 0 {WIDTH} {height:.0f}" font-family="{FONT}">')
        paper = f'<rect width="100%" height="100%" fill="{PAPER}"/>'
        return "\n".join([head, paper, *self.parts, "</svg>", ""])


def _text_width(words, size):
    """Near enough for a sans-serif face to tell whether a label fits."""
    return len(words) * size * 0.6


def _colour(span):
    if span["kind"] == "state":
        return STATES.get(span["label"], FAINT)
    if span["kind"] == "device":
        return VF_DEVICE if "vfio" in span["label"] else DEVICES.get(span["label"], OTHER_DEVICE)
    return {"arc": INK, "stopped": RED, "running": GREEN}[span["kind"]]


def _tick_step(span_ms):
    """A round step that gives four to ten ticks."""
    step = 10.0 ** -3
    while span_ms / step > 10:
        for factor in (2, 2.5, 2):
            step *= factor
            if span_ms / step <= 10:
                break
    return step


class Panel:
    """Lanes over a common time axis, from first_ms to last_ms."""

    def __init__(self, canvas, timeline, first_ms, last_ms):
        self.canvas = canvas
        self.timeline = timeline
        self.first_ms = first_ms
        self.last_ms = max(last_ms, first_ms + 0.001)
        self.left = MARGIN + LANE_LABEL
        self.width = WIDTH - MARGIN - self.left

    def x(self, ms):
        part = (ms - self.first_ms) / (self.last_ms - self.first_ms)
        return self.left + self.width * min(max(part, 0), 1)

    def draw(self, lanes, title, marks=(), traffic=None):
        """marks: pairs of a time and what happened then, at most two that lie close."""
        canvas = self.canvas
        canvas.text(MARGIN, canvas.y + 12, title, 13, FAINT)
        canvas.y += 22 + (MARK_HEIGHT if marks else 0)
        height = (len(lanes) + bool(traffic)) * (LANE_HEIGHT + LANE_GAP) + LANE_GAP
        self._blackout(height)
        self._axis(height)
        for index, lane in enumerate(lanes):
            self._lane(lane, canvas.y + LANE_GAP + index * (LANE_HEIGHT + LANE_GAP))
        if traffic:
            self._answers(traffic, canvas.y + LANE_GAP + len(lanes) * (LANE_HEIGHT + LANE_GAP))
        for index, (ms, words) in enumerate(marks):
            x = self.x(ms)
            canvas.line(x, canvas.y - 4, x, canvas.y + height, INK, 1.2, "4 3")
            canvas.text(x, canvas.y - 8, words, 11, INK, "start" if index else "end")
        canvas.y += height + AXIS_HEIGHT

    def _answers(self, traffic, y):
        """A stroke for each ping that was answered, and the longest time without one."""
        canvas = self.canvas
        canvas.text(MARGIN, y + LANE_HEIGHT / 2 + 5, "pings answered", 13, INK)
        strokes = "".join(f"M{self.x(ms):.1f} {y:.0f}v{LANE_HEIGHT}"
                          for ms in traffic["answers_ms"] if self.first_ms <= ms <= self.last_ms)
        canvas.parts.append(f'<path d="{strokes}" stroke="{GREEN}" stroke-width="0.8"/>')
        left = self.x(traffic["gap_start_ms"])
        right = self.x(traffic["gap_start_ms"] + traffic["gap_ms"])
        words = f"gap {time_text(traffic['gap_ms'])}"
        canvas.rect(left, y, right - left, LANE_HEIGHT, "none", 0, words, RED)
        if _text_width(words, 11) < right - left - 6:
            canvas.text((left + right) / 2, y + LANE_HEIGHT / 2 + 4, words, 11, RED, "middle")

    def _blackout(self, height):
        spans = [p for p in self.timeline["phases"] if p["blackout"]]
        if spans[0]["start_ms"] > self.last_ms:
            return
        left, right = self.x(spans[0]["start_ms"]), self.x(spans[-1]["end_ms"])
        self.canvas.rect(left, self.canvas.y, right - left, height, BLACKOUT)

    def _axis(self, height):
        canvas, step = self.canvas, _tick_step(self.last_ms - self.first_ms)
        bottom = canvas.y + height
        tick = math.ceil(self.first_ms / step) * step
        while tick <= self.last_ms:
            x = self.x(tick)
            canvas.line(x, canvas.y, x, bottom)
            canvas.text(x, bottom + 15, f"{tick + 0:g}" if step >= 1 else f"{tick:.2f}", 11, FAINT,
                        "middle")
            tick += step
        canvas.line(self.left, bottom, self.left + self.width, bottom, FAINT)
        canvas.text(MARGIN, bottom + 15, "milliseconds", 11, FAINT)

    def _lane(self, lane, y):
        canvas = self.canvas
        canvas.text(MARGIN, y + LANE_HEIGHT / 2 + 5, lane["name"], 13, INK)
        for span in lane["spans"]:
            if span["end_ms"] < self.first_ms or span["start_ms"] > self.last_ms:
                continue
            left, right = self.x(span["start_ms"]), self.x(span["end_ms"])
            length = time_text(span["end_ms"] - span["start_ms"])
            words = span.get("words", span["label"])
            thin = 0 if span["kind"] != "arc" else 3
            canvas.rect(left, y - thin, right - left, LANE_HEIGHT + 2 * thin, _colour(span),
                        0 if thin else 3, f"{words}: {length}")
            if _text_width(words, 11) < right - left - 6:
                canvas.text((left + right) / 2, y + LANE_HEIGHT / 2 + 4, words, 11, PAPER,
                            "middle")


def _tile(canvas, x, width, value, caption, colour=INK):
    canvas.rect(x, canvas.y, width, 58, "#f6f8fa", 6)
    canvas.text(x + 14, canvas.y + 28, value, 20, colour, weight="bold")
    canvas.text(x + 14, canvas.y + 47, caption, 11.5, FAINT)


def _tiles(canvas, timeline):
    size, states, precopy = timeline["bytes"], timeline["states_ms"], timeline["precopy"]
    last = size_text(size["vf_state"] - precopy["bytes"])
    _tile_row(canvas, [
        (time_text(timeline["blackout_ms"]), "blackout: the guest stands still", RED),
        (time_text(timeline["total_ms"]), "from command to clean", INK),
        (size_text(size["guest_memory"]), "guest memory", DEVICES["ram"]),
        (size_text(size["sent"]), "bytes sent in all", INK),
        (time_text(timeline["device"]["total_ms"]), "the VF's share of the blackout", VF_DEVICE),
    ])
    _tile_row(canvas, [
        (time_text(states.get("PRE_COPY", 0)),
         f"PRE_COPY: {size_text(precopy['bytes'])} of the VF", STATES["PRE_COPY"]),
        (time_text(states.get("PRE_COPY_P2P", 0)), "PRE_COPY_P2P: no new DMA",
         STATES["PRE_COPY_P2P"]),
        (time_text(states.get("STOP_COPY", 0)), f"STOP_COPY: {last} of the VF",
         STATES["STOP_COPY"]),
        (f"{timeline['qemu_downtime_ms']} ms", "downtime, as QEMU counts it", RED),
    ])
    if timeline["traffic"]:
        _traffic_tiles(canvas, timeline["traffic"])
    canvas.y += 10


def _traffic_tiles(canvas, traffic):
    """What people judge a migration by."""
    _tile_row(canvas, [
        (time_text(traffic["gap_ms"]), "gap in the pings, blackout included", RED),
        (f"{traffic['unanswered']} of {traffic['asked']}", "pings lost", INK),
        (time_text(traffic["first_after_ms"]), "guest runs, to its first answer", INK),
        (time_text(traffic["tcp_gap_ms"]), "gap in a TCP stream; it goes on", RED),
        (f"{traffic['corrupt_bytes']} bytes",
         f"corrupted, of {size_text(traffic['tcp_bytes'])} of TCP", GREEN),
    ])


def _tile_row(canvas, tiles):
    gap = 12
    width = (WIDTH - 2 * MARGIN - gap * (len(tiles) - 1)) / len(tiles)
    for index, (value, caption, colour) in enumerate(tiles):
        _tile(canvas, MARGIN + index * (width + gap), width, value, caption, colour)
    canvas.y += 58 + 12


def _phase_table(canvas, timeline):
    """Every phase with its length, as the terminal shows it, in two columns."""
    phases = timeline["phases"]
    longest = max(p["end_ms"] - p["start_ms"] for p in phases)
    rows = -(-len(phases) // 2)
    column = (WIDTH - 2 * MARGIN) / 2
    for index, phase in enumerate(phases):
        x = MARGIN + (index // rows) * column
        y = canvas.y + (index % rows) * ROW_HEIGHT
        length_ms = phase["end_ms"] - phase["start_ms"]
        colour = RED if phase["blackout"] else GREEN
        canvas.text(x, y + 13, phase["name"], 12.5)
        canvas.text(x + 255, y + 13, time_text(length_ms), 12.5, INK, "end")
        canvas.rect(x + 268, y + 3, 260 * length_ms / longest, 12, colour, 2)
    canvas.y += rows * ROW_HEIGHT + 14


def _marks(timeline):
    """What the source waits for before it stops the guest."""
    precopy = timeline["precopy"]
    return [(precopy[f"{name}_ms"], words) for name, words in
            (("sent", "first image sent"), ("acknowledged", "the destination has loaded it"))
            if precopy[f"{name}_ms"] is not None]


def _running_part(canvas, timeline, lanes):
    """What comes before the guest's memory is copied again, where it is too short to be seen."""
    arcs = {span["label"].split()[-1]: span for span in lanes["source VF"]["spans"]
            if span["kind"] == "arc"}
    if not {"PRE_COPY", "STOP_COPY"} <= set(arcs):
        return
    first_ms, last_ms = arcs["PRE_COPY"]["start_ms"], arcs["STOP_COPY"]["end_ms"]
    if last_ms - first_ms > timeline["total_ms"] / 2:
        return
    pad = (last_ms - first_ms) * 0.06
    canvas.y += 12
    Panel(canvas, timeline, first_ms - pad, last_ms + pad).draw(
        [lanes["guest"], lanes["source VF"], lanes["destination VF"]],
        "Enlarged: the VF is saved while the guest runs, and then stopped", _marks(timeline))


def _memory_lane(timeline):
    """When the guest's memory went: all of it while the guest ran, then what had changed."""
    words = {"copy memory and VF": "copied while the guest runs",
             "copy memory again": "last pass of what changed"}
    return {"name": "guest memory", "spans": [
        {**phase, "kind": "device", "label": "ram", "words": words[phase["name"]]}
        for phase in timeline["phases"] if phase["name"] in words]}


def _traffic_part(canvas, timeline, lanes):
    """The gap in the traffic beside the blackout."""
    traffic = timeline["traffic"]
    first_ms, last_ms = traffic["gap_start_ms"], traffic["gap_start_ms"] + traffic["gap_ms"]
    pad = (last_ms - first_ms) * 0.25
    # The guest runs on where the timeline ends
    guest = {**lanes["guest"], "spans": [*lanes["guest"]["spans"][:-1],
                                         {**lanes["guest"]["spans"][-1],
                                          "end_ms": last_ms + pad}]}
    canvas.y += 12
    Panel(canvas, timeline, first_ms - pad, last_ms + pad).draw(
        [guest, _memory_lane(timeline)],
        "Enlarged: the blackout, and what somebody sees who pings the guest", traffic=traffic)


def _migration(canvas, timeline):
    canvas.text(MARGIN, canvas.y + 16, f"Migration {timeline['number']}: {timeline['title']}", 18,
                weight="bold")
    canvas.text(WIDTH - MARGIN, canvas.y + 16,
                f"{timeline['source']} {ARROW} {timeline['destination']}", 13, FAINT, "end")
    canvas.y += 34
    _tiles(canvas, timeline)
    lanes = {lane["name"]: lane for lane in timeline["lanes"]}
    Panel(canvas, timeline, 0, timeline["total_ms"]).draw(
        [lanes["guest"], _memory_lane(timeline), lanes["source VF"], lanes["destination VF"]],
        "The whole migration", _marks(timeline), timeline["traffic"])
    _running_part(canvas, timeline, lanes)
    if timeline["traffic"]:
        _traffic_part(canvas, timeline, lanes)
    moving = next(p for p in timeline["phases"] if p["name"] == "move the VF's state")
    starting = next(p for p in timeline["phases"] if p["name"] == "start guest and VF")
    canvas.y += 12
    if starting["end_ms"] > moving["start_ms"]:
        pad = (starting["end_ms"] - moving["start_ms"]) * 0.03
        Panel(canvas, timeline, moving["start_ms"] - pad, starting["end_ms"] + pad).draw(
            timeline["lanes"], "Enlarged: from the end of the memory copy to a running guest "
            "(thick strokes are changes of a VF's state)")
    canvas.y += 12
    _phase_table(canvas, timeline)
    if timeline["memory_audit"]:
        canvas.text(MARGIN, canvas.y + 12, f"All {timeline['memory_audit']['pages']} pages of "
                    "guest memory were compared, while both sides stood still, and are the "
                    "same; that time is left out.", 12.5, GREEN)
        canvas.y += 24
    canvas.y += 22


def _legend(canvas):
    x = MARGIN
    for words, colour in [("guest runs", GREEN), ("guest stands still", RED),
                          *STATES.items(), ("guest memory", DEVICES["ram"]),
                          ("VF's state", VF_DEVICE), ("other devices", OTHER_DEVICE)]:
        if words == "ERROR":
            continue
        canvas.rect(x, canvas.y + 2, 11, 11, colour, 2)
        canvas.text(x + 16, canvas.y + 12, words, 10.5, FAINT)
        x += 24 + len(words) * 6.6
    canvas.y += 24


def _overview(canvas, timelines):
    """The blackout of each migration of a series."""
    longest = max(t["blackout_ms"] for t in timelines)
    canvas.text(MARGIN, canvas.y + 14, f"Blackout of {len(timelines)} migrations in a row", 15,
                weight="bold")
    canvas.y += 30
    height, step = 110, min((WIDTH - 2 * MARGIN) / len(timelines), 90)
    for index, timeline in enumerate(timelines):
        bar = height * timeline["blackout_ms"] / longest
        x = MARGIN + index * step
        canvas.rect(x, canvas.y + 14 + height - bar, step * 0.8, bar, RED, 2,
                    f"{timeline['source']} {ARROW} {timeline['destination']}")
        canvas.text(x + step * 0.4, canvas.y + 8 + height - bar,
                    f"{timeline['blackout_ms']:.0f}", 10.5, INK, "middle")
        canvas.text(x + step * 0.4, canvas.y + height + 30, str(timeline["number"]), 10.5, FAINT,
                    "middle")
    canvas.y += height + 62


def draw(timelines, subtitle):
    """The picture as text: an overview, and in detail the first migration of each title."""
    canvas = Canvas()
    canvas.text(MARGIN, canvas.y + 20, "Live migration of a guest with a ConnectX VF", 24,
                weight="bold")
    canvas.text(MARGIN, canvas.y + 42, subtitle, 13, FAINT)
    canvas.y += 70
    if len(timelines) > 2:
        _overview(canvas, timelines)
    seen = set()
    for timeline in timelines:
        if timeline["title"] not in seen:
            seen.add(timeline["title"])
            _migration(canvas, timeline)
    _legend(canvas)
    return canvas.document()
