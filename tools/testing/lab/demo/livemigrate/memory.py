# SPDX-License-Identifier: GPL-2.0-only
"""Compares all pages of two guests' memories, which are files of one host or of two."""

PIECE_BYTES = 1 << 20
PAGE_BYTES = 4096


class SizesDiffer(Exception):
    """The two memories are not of one size."""


def differences(ours, theirs):
    """Number of pages, and those that differ; ours, theirs: Vms that stand still."""
    if not (ours.place.remote or theirs.place.remote):
        return _of_one_host(ours.memory_path, theirs.memory_path)
    return _of_two_hosts(ours, theirs)


def _of_one_host(our_path, their_path):
    different, pages = [], 0
    # Memory of our own for it, as every fresh page costs more than to compare one
    left, right = bytearray(PIECE_BYTES), bytearray(PIECE_BYTES)
    with open(our_path, "rb", buffering=0) as ours, open(their_path, "rb", buffering=0) as theirs:
        while count := ours.readinto(left):
            if theirs.readinto(right) != count:
                raise SizesDiffer
            if left != right:
                different += [pages + i // PAGE_BYTES for i in range(0, count, PAGE_BYTES)
                              if left[i:i + PAGE_BYTES] != right[i:i + PAGE_BYTES]]
            pages += count // PAGE_BYTES
    return pages, different


def _of_two_hosts(ours, theirs):
    """By checksums, of pages only in pieces that differ: the memory itself stays where it is."""
    sizes = [vm.place.size(vm.memory_path) for vm in (ours, theirs)]
    if sizes[0] != sizes[1]:
        raise SizesDiffer
    different = []
    left, right = (vm.place.sums(vm.memory_path, PIECE_BYTES) for vm in (ours, theirs))
    for number, pair in enumerate(zip(left, right, strict=True)):
        if pair[0] == pair[1]:
            continue
        first = number * PIECE_BYTES
        pages = zip(*(vm.place.sums(vm.memory_path, PAGE_BYTES, first, PIECE_BYTES)
                      for vm in (ours, theirs)), strict=True)
        different += [first // PAGE_BYTES + page for page, (a, b) in enumerate(pages) if a != b]
    return sizes[0] // PAGE_BYTES, different
