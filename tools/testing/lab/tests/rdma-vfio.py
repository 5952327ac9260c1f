#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A user of rdma-core's VFIO provider, on a function that is bound to VFIO.

usage: rdma-vfio.py BDF

It boots the function, makes two queue pairs in memory of its own, connects them and has
one write to, read from and send to the other. What arrives is compared. The completion
queue tells by an interrupt.
"""

import select
import struct
import sys
import time

from pyverbs.mr import MR
from pyverbs.pd import PD
from pyverbs.providers.mlx5.mlx5_vfio import Mlx5VfioAttr, Mlx5VfioContext
from pyverbs.providers.mlx5.mlx5dv import (Mlx5DevxEq, Mlx5DevxMsiVector, Mlx5DevxObj, Mlx5UAR,
                                           Mlx5UMEM)
from pyverbs.providers.mlx5.mlx5dv_objects import Mlx5DvObj
import pyverbs.dma_util as dma
import pyverbs.enums as e
import pyverbs.mem_alloc as mem
import pyverbs.providers.mlx5.mlx5_enums as dve

CREATE_EQ, CREATE_CQ, CREATE_QP = 0x301, 0x400, 0x500
RST2INIT, INIT2RTR, RTR2RTS = 0x502, 0x503, 0x504
SET_ROCE_ADDRESS = 0x761
QPC = 0x18                      # where it is in commands
CREATED = 16                    # bytes of the answer
SEND, WRITE, READ = 0x0a, 0x08, 0x10
CQE_BYTES, WQE_BYTES, RECV_BYTES = 64, 64, 16
LOG_CQ, LOG_SQ, LOG_RQ, LOG_EQ = 6, 4, 4, 7
PAGE = 4096
MAC = bytes.fromhex("020000c0ffee")
GID = bytes(10) + b"\xff\xff" + bytes((10, 9, 0, 77))
SIZE = 3 * PAGE + 17


class Command(bytearray):
    """The input of a command."""

    def __init__(self, opcode, length):
        super().__init__(length)
        self.put(0, 16, opcode, 16)

    def put(self, at, low, value, width):
        """A field of the big-endian word at a byte: its lowest bit, and its width"""
        word = struct.unpack_from(">I", self, at)[0] & ~(((1 << width) - 1) << low)
        struct.pack_into(">I", self, at, word | value << low)

    def put64(self, at, value):
        struct.pack_into(">Q", self, at, value)


def number(answer, mask=0xffffff):
    """The number of what was created"""
    return struct.unpack_from(">I", bytes(answer), 8)[0] & mask


def set_words(at, *words):
    for i, word in enumerate(words):
        mem.writebe32(at + 4 * i, word, 0)


class Queues:
    """An event queue with an interrupt, and a completion queue that uses it"""

    def __init__(self, ctx):
        self.uar = Mlx5UAR(ctx, dve._MLX5DV_UAR_ALLOC_TYPE_NC)
        self.vector = Mlx5DevxMsiVector(ctx)
        command = Command(CREATE_EQ, 0x110)
        command.put(0x1c, 24, LOG_EQ, 5)
        command.put(0x1c, 0, self.uar.page_id, 24)
        command.put(0x24, 0, self.vector.vector, 8)
        self.eq = Mlx5DevxEq(ctx, command, CREATED)
        self.eqn = number(self.eq.out_view, 0xff)
        dma.mmio_write32_as_be(self.uar.base_addr + 0x40,
                               struct.unpack("<I", struct.pack(">I", self.eqn << 24))[0])
        self.ring = Mlx5UMEM(ctx, size=CQE_BYTES << LOG_CQ, alignment=PAGE,
                             access=e.IBV_ACCESS_LOCAL_WRITE)
        self.record = Mlx5UMEM(ctx, size=8, alignment=8, access=e.IBV_ACCESS_LOCAL_WRITE)
        for i in range(1 << LOG_CQ):
            mem.writebe32(self.ring.umem_addr + i * CQE_BYTES + 60, 0xf1, 0)
        set_words(self.record.umem_addr, 0, 0)
        command = Command(CREATE_CQ, 0x110)
        command.put(0x10, 25, 1, 1)
        command.put(0x14, 0, self.record.umem_id, 32)
        command.put(0x1c, 24, LOG_CQ, 5)
        command.put(0x1c, 0, self.uar.page_id, 24)
        command.put(0x24, 0, self.eqn, 32)
        command.put(0x58, 0, self.ring.umem_id, 32)
        command.put(0x5c, 31, 1, 1)
        self.cq = Mlx5DevxObj(ctx, command, CREATED)
        self.cqn = number(self.cq.out_view)
        self.taken = 0

    def arm(self):
        mem.writebe32(self.record.umem_addr + 4, self.taken, 0)
        dma.mmio_write64_as_be(self.uar.base_addr + 0x20, struct.unpack(
            "<Q", struct.pack(">II", self.taken, self.cqn))[0])

    def interrupted(self):
        """Waits for the interrupt of the first completion after arm()."""
        return select.select([self.vector.fd], [], [], 30)[0]

    def take(self):
        """The opcode of the next completion"""
        until = time.monotonic() + 30
        at = self.ring.umem_addr + self.taken * CQE_BYTES
        while True:
            own = struct.pack("<Q", mem.read64(at + 56))[7]
            if own >> 4 != 0xf:
                break
            if time.monotonic() > until:
                raise SystemExit(f"completion {self.taken} does not come")
        self.taken += 1
        mem.writebe32(self.record.umem_addr, self.taken, 0)
        if own >> 4 >= 13:
            raise SystemExit(f"completion {self.taken} has error "
                             f"{struct.pack('<Q', mem.read64(at + 48))[7]:#x}")
        return own >> 4

    def close(self):
        for thing in self.cq, self.record, self.ring, self.eq, self.vector, self.uar:
            thing.close()


class Pair:
    """A queue pair in memory of ours, and a region"""

    def __init__(self, ctx, pd, queues):
        self.queues = queues
        self.mr = MR(pd, SIZE, e.IBV_ACCESS_LOCAL_WRITE | e.IBV_ACCESS_REMOTE_WRITE |
                     e.IBV_ACCESS_REMOTE_READ)
        self.sent = self.received = 0
        self.ring = Mlx5UMEM(ctx, size=PAGE, alignment=PAGE, access=e.IBV_ACCESS_LOCAL_WRITE)
        self.record = Mlx5UMEM(ctx, size=8, alignment=8, access=e.IBV_ACCESS_LOCAL_WRITE)
        set_words(self.record.umem_addr, 0, 0)
        command = Command(CREATE_QP, 0x110)
        command.put(QPC + 0x00, 11, 3, 2)               # path migrated
        command.put(QPC + 0x04, 0, Mlx5DvObj(dve.MLX5DV_OBJ_PD, pd=pd).dvpd.pdn, 24)
        command.put(QPC + 0x08, 19, LOG_RQ, 4)
        command.put(QPC + 0x08, 11, LOG_SQ, 4)
        command.put(QPC + 0x0c, 0, queues.uar.page_id, 24)
        command.put(QPC + 0x7c, 0, queues.cqn, 24)
        command.put(QPC + 0x9c, 0, queues.cqn, 24)
        command.put(QPC + 0xd0, 28, 1, 1)
        command.put(QPC + 0xe4, 0, self.record.umem_id, 32)
        command.put(0x108, 0, self.ring.umem_id, 32)
        command.put(0x10c, 31, 1, 1)
        self.qp = Mlx5DevxObj(ctx, command, CREATED)
        self.qpn = number(self.qp.out_view)

    def move(self, opcode, fields):
        command = Command(opcode, 0x110)
        command.put(0x08, 0, self.qpn, 24)
        for field in fields:
            command.put(QPC + field[0], *field[1:])
        if opcode == INIT2RTR:
            command[QPC + 0x28:QPC + 0x38] = GID        # the peer's, which is ours
            command[QPC + 0x3e:QPC + 0x44] = MAC
        self.qp.modify(command, CREATED)

    def connect(self, peer):
        self.move(RST2INIT, [(0x90, 14, 3, 2), (0x3c, 16, 1, 8)])
        self.move(INIT2RTR, [(0x08, 29, 3, 3), (0x08, 24, 30, 5), (0x14, 0, peer.qpn, 24),
                             (0x94, 24, 12, 5), (0x20, 0, 64, 8), (0x38, 0, 0xc0de, 16),
                             (0x90, 21, 2, 3)])
        self.move(RTR2RTS, [(0x70, 16, 7, 3), (0x70, 13, 7, 3), (0x70, 21, 2, 3),
                            (0x20, 27, 14, 5)])

    def post_receive(self):
        at = self.ring.umem_addr + self.received % (1 << LOG_RQ) * RECV_BYTES
        set_words(at, SIZE, self.mr.lkey, self.mr.buf >> 32, self.mr.buf & 0xffffffff)
        self.received += 1
        dma.udma_to_dev_barrier()
        mem.writebe32(self.record.umem_addr, self.received, 0)

    def post(self, opcode, peer):
        at = (self.ring.umem_addr + (RECV_BYTES << LOG_RQ) +
              self.sent % (1 << LOG_SQ) * WQE_BYTES)
        remote = [] if opcode == SEND else [peer.mr.buf >> 32, peer.mr.buf & 0xffffffff,
                                            peer.mr.rkey, 0]
        set_words(at, self.sent << 8 | opcode, self.qpn << 8 | 2 + len(remote) // 4, 8, 0,
                  *remote, SIZE, self.mr.lkey, self.mr.buf >> 32, self.mr.buf & 0xffffffff)
        self.sent += 1
        dma.udma_to_dev_barrier()
        mem.writebe32(self.record.umem_addr + 4, self.sent, 0)
        dma.udma_to_dev_barrier()
        dma.mmio_write64_as_be(self.queues.uar.reg_addr, mem.read64(at))

    def fill(self, seed):
        self.mr.write(self.pattern(seed), SIZE)

    @staticmethod
    def pattern(seed):
        return bytes((seed + i * 7 + (i >> 8)) & 0x7f for i in range(SIZE))

    def holds(self, seed):
        return bytes(self.mr.read(SIZE, 0)) == self.pattern(seed)

    def close(self):
        for thing in self.qp, self.record, self.ring, self.mr:
            thing.close()


def give_address(ctx):
    command = Command(SET_ROCE_ADDRESS, 0x30)
    command[0x10:0x20] = GID
    command[0x22:0x28] = MAC
    command.put(0x28, 0, 2, 8)                          # version 2, over IPv4
    answer = ctx.devx_general_cmd(command, CREATED)
    if answer[0]:
        raise SystemExit(f"SET_ROCE_ADDRESS: status {answer[0]:#x}")


def demand(what, good):
    if not good:
        raise SystemExit(f"{what}: no")
    print(what)


def main(name):
    ctx = Mlx5VfioContext(attr=Mlx5VfioAttr(pci_name=name))
    print("the function is up")
    give_address(ctx)
    pd = PD(ctx)
    queues = Queues(ctx)
    a, b = Pair(ctx, pd, queues), Pair(ctx, pd, queues)
    a.connect(b)
    b.connect(a)
    queues.arm()
    a.fill(1)
    a.post(WRITE, b)
    demand("an interrupt tells of a completion", queues.interrupted())
    demand("of a request", queues.take() == 0)
    demand("what was written is there", b.holds(1))
    b.fill(2)
    a.post(READ, b)
    demand("a read completes", queues.take() == 0)
    demand("what was read is here", a.holds(2))
    b.post_receive()
    a.fill(3)
    a.post(SEND, b)
    demand("a send completes at both ends", sorted((queues.take(), queues.take())) == [0, 2])
    demand("what was sent is there", b.holds(3))
    for i in range(4 << LOG_SQ >> 1):
        a.fill(i)
        a.post(WRITE, b)
        queues.take()
    demand("around the ring, too", b.holds((4 << LOG_SQ >> 1) - 1))
    a.close()
    b.close()
    queues.close()
    pd.close()
    ctx.close()
    print("all of it is let go")


if __name__ == "__main__":
    main(*sys.argv[1:])
