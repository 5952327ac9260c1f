# SPDX-License-Identifier: GPL-2.0-only
"""The picture of scripts/bench: CPU time per MiB, and the blackout by number of VFs."""

from html import escape

WIDTH, LABEL, RIGHT, BAR, GAP, GROUP = 900, 210, 150, 11, 3, 12
FONT = "'DejaVu Sans', 'Segoe UI', Helvetica, Arial, sans-serif"
OURS, THEIRS, FLOOR = "#2f8f5b", "#5b7fb5", "#c2662f"
# With paper of its own it is legible on any page, and it follows the reader's choice.
STYLE = """
  text { font-size: 12px; fill: #24292f; }
  .faint { fill: #57606a; font-size: 11px; }
  .paper { fill: #ffffff; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; }
    text { fill: #e6edf3; } .faint { fill: #9da7b3; }
  }
"""
COSTS = [("CPU to save a stopped VF", "save, stopped"),
         ("CPU to save a running VF", "save, running"),
         ("CPU to load", "load")]
BLACKOUT = "running: blackout"


def text(x, y, words, kind="", anchor="start"):
    name = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"{name}>{escape(words)}</text>'


def bar(y, value, scale, colour, words):
    width = max(value * scale, 1)
    return [f'<rect x="{LABEL}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2" '
            f'fill="{colour}"/>', text(LABEL + width + 6, y + BAR - 1, words, "faint")]


def legend(y):
    parts, x = [], LABEL
    for name, colour in (("ours", OURS), ("upstream's", THEIRS),
                         ("the copy to user space alone", FLOOR)):
        parts.append(f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{colour}"/>')
        parts.append(text(x + 18, y, name))
        x += 50 + 7 * len(name)
    return parts


def pairs(groups, y, unit):
    """Bars of both drivers for each (label, ours, upstream's) and the y below them."""
    scale = (WIDTH - LABEL - RIGHT) / max(max(group[1:]) for group in groups)
    parts = []
    for label, ours, theirs in groups:
        parts.append(text(LABEL - 10, y + BAR + GAP + 2, label, anchor="end"))
        parts += bar(y, ours, scale, OURS, f"{ours:.4g} {unit}, {ours / theirs:.2f} of upstream's")
        y += BAR + GAP
        parts += bar(y, theirs, scale, THEIRS, f"{theirs:.4g} {unit}")
        y += BAR + GROUP
    return parts, y, scale


def costs(rows, y):
    """CPU per MiB of one VF, by image."""
    groups, floors = [], []
    for row in rows:
        if row["VFs"] != "1" or row["latency"] != "none":
            continue
        if row["row"].startswith("floor"):
            floors.append(float(row["ours"]))
        for name, short in COSTS:
            if row["row"] == name:
                pieces = "in pieces" if row["pieces"] == "yes" else "whole"
                groups.append((f"{row['image']} MiB {pieces}, {short}",
                               float(row["ours"]), float(row["upstream"])))
    parts, end, scale = pairs(groups, y, "us/MiB")
    x = LABEL + sum(floors) / len(floors) * scale
    parts.append(f'<line x1="{x:.1f}" y1="{y - 4}" x2="{x:.1f}" y2="{end - GROUP + 4}" '
                 f'stroke="{FLOOR}" stroke-dasharray="4 3"/>')
    return parts, end


def blackouts(rows, y):
    groups = [(f"{row['VFs']} VF, {row['image']} MiB "
               f"{'in pieces' if row['pieces'] == 'yes' else 'whole'}",
               float(row["ours"]), float(row["upstream"]))
              for row in rows if row["row"] == BLACKOUT and row["latency"] == "none"
              and row["image"] in ("4", "100")]
    parts, end, _ = pairs(groups, y, "ms")
    return parts, end


def draw(table, path):
    """Writes the picture of @table, rows of text in the order of the bench's header."""
    names = ["image", "pieces", "VFs", "latency", "row", "unit", "ours", "spread", "upstream"]
    rows = [dict(zip(names, row)) for row in table]
    y = 24
    parts = [text(LABEL, y, "CPU time of the kernel for each MiB of state, one VF")]
    y += 24
    parts += legend(y)
    more, y = costs(rows, y + 18)
    parts += more
    y += 24
    parts.append(text(LABEL, y, "blackout per VF after PRE_COPY: enter STOP_COPY and read the rest"))
    more, y = blackouts(rows, y + 14)
    parts += more
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" '
            f'viewBox="0 0 {WIDTH} {y}" font-family="{FONT}">')
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join([head, f"<style>{STYLE}</style>",
                              '<rect class="paper" width="100%" height="100%" rx="6"/>',
                              *parts, "</svg>", ""]))
