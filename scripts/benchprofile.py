# SPDX-License-Identifier: GPL-2.0-only
"""Where the time of scripts/bench goes: samples of the kernel's calls as parts of the cost,
and their picture.

A sample is of the part that the innermost call belongs to which belongs to one at all: zeroing
is no part of the allocation that asks for it, and allocating none of the command for whose
memory it is.
"""

import collections
import re

import benchdraw

HEADER = ["image", "pieces", "of", "driver", "part", "us/MiB", "%", "most of it in"]
WIDTH, LABEL, RIGHT, BAR = 900, 230, 100, 14

# Part, colour, names of the kernel's functions. The order is that of bars and legend.
PARTS = [
    ("copy from or to user space", "#c2662f",
     r"rep_movs_alternative|copy_user_\w+|_copy_(to|from)_iter|copy_page_(to|from)_iter\w*|"
     r"_copy_(to|from)_user|copy_mc_\w+|memcpy\w*|__memcpy"),
    ("zeroing of pages", "#d9a441",
     r"clear_page\w*|kernel_init_pages|memset\w*|__memset"),
    ("pages: allocate, charge, map, free", "#5b7fb5",
     r"_*alloc_\w*pages\w*|get_page_from_freelist|_*rmqueue\w*|_*free_\w*pages?\w*|free_unref\w*|"
     r"alloc_pages_bulk\w*|_*folio\w*|release_pages|vmap\w*|vunmap\w*|_*vfree\w*|_*v[mz]alloc\w*|"
     r"_*vunmap\w*|_*vmap\w*|_*get_vm_area\w*|remove_vm_area|_*sg_alloc\w*|_*sg_free\w*|"
     r"sg_append\w*|\w*kmalloc\w*|kv?free|kmem_cache\w+|\w*mem_cgroup\w*|\w*memcg\w*|"
     r"try_charge\w*|obj_cgroup\w*|_*put_page\w*|post_alloc_hook|vpv_buf_(grow|free)|"
     r"mlx5vf_(add_migration_pages|free_data_buffer)|sg_alloc_append\w*"),
    ("IOMMU and DMA", "#8a63a8",
     r"dma_\w+|_*iommu_\w+|intel_iommu\w*|domain_\w+|_*domain_mapping|qi_\w+|swiotlb\w*|"
     r"\w*iova\w*|dmar_\w+|pfn_to_dma_pte|cache_tag\w*|switch_to_super_page|iopt_\w+"),
    ("memory keys", "#2f8f5b",
     r"\w*mkey\w*"),
    ("commands and interrupts", "#a8475e",
     r"mlx5_cmd\w*|cmd_\w+|mlx5_eq\w*|mlx5_vhca\w*|vhca_\w+|mlx5vf_cmd\w*|\w*_irq\w*|"
     r"handle_\w+|asm_common_interrupt|common_interrupt|mlx5_\w+"),
    ("all else", "#8b949e", None),
]
MATCHES = [(name, re.compile(rf"(?:{names})(?:\.\w+)*\Z")) for name, _, names in PARTS if names]


def part_of(path):
    """The part of a sample: @path is its calls, the innermost first."""
    for call in path:
        for name, match in MATCHES:
            if match.match(call):
                return name
    return PARTS[-1][0]


def rows(samples, cost):
    """The end of HEADER's rows: @samples is {"INNER<CALLER<...": times}, of @cost us/MiB."""
    parts = collections.defaultdict(collections.Counter)
    for path, times in samples.items():
        calls = path.split("<")
        parts[part_of(calls)][calls[0]] += times
    total = sum(samples.values())
    result = []
    for name, *_ in PARTS:
        times = sum(parts[name].values())
        most = ", ".join(f"{call} {100 * n / times:.0f} %" for call, n
                         in parts[name].most_common(3) if n * 10 > times)
        result.append([name, f"{cost * times / total:.1f}", f"{100 * times / total:.1f}", most])
    return result


def legend(y):
    lines, x = [], 20
    for name, colour, _ in PARTS:
        width = 34 + 7 * len(name)
        if x + width > WIDTH:
            x, y = 20, y + 20
        lines.append(f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{colour}"/>')
        lines.append(benchdraw.text(x + 18, y, name))
        x += width
    return lines, y


def stack(row_parts, y, scale):
    """One bar, of {part: us/MiB}."""
    lines, x = [], LABEL
    for name, colour, _ in PARTS:
        width = row_parts[name] * scale
        lines.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR}" '
                     f'fill="{colour}"><title>{name}: {row_parts[name]:.0f} us/MiB</title></rect>')
        x += width
    lines.append(benchdraw.text(x + 6, y + BAR - 2, f"{sum(row_parts.values()):.0f}", "faint"))
    return lines


def draw(table, path):
    """Writes the picture of @table, rows of text in the order of HEADER."""
    bars = collections.defaultdict(dict)
    for row in table:
        bars[tuple(row[:4])][row[4]] = float(row[5])
    scale = (WIDTH - LABEL - RIGHT) / max(sum(parts.values()) for parts in bars.values())
    lines = [benchdraw.text(20, 24, "Where the CPU time of the kernel goes: us for each MiB of "
                            "state, images of 100 MiB, one VF")]
    more, y = legend(48)
    lines += more
    y += 20
    last = None
    for (image, pieces, what, driver), parts in bars.items():
        if last != (pieces, what):
            y += 10
            words = f"{'in pieces' if pieces == 'yes' else 'whole'}: {what}"
            lines.append(benchdraw.text(20, y + 4, words))
            y += 10
            last = (pieces, what)
        name = "ours" if driver == "ours" else "upstream's"
        lines.append(benchdraw.text(LABEL - 10, y + BAR - 2, name, anchor="end"))
        lines += stack(parts, y, scale)
        y += BAR + 4
    y += 10
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" '
            f'viewBox="0 0 {WIDTH} {y}" font-family="{benchdraw.FONT}">')
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join([head, f"<style>{benchdraw.STYLE}</style>",
                              '<rect class="paper" width="100%" height="100%" rx="6"/>',
                              *lines, "</svg>", ""]))
