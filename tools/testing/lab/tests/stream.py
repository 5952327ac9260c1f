#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""stream.py sum MIB | send ADDRESS MIB | receive ADDRESS - a stream of TCP.

"sum" prints what "receive" will find out of what "send" sends; "receive" also
prints how fast it was, in Mbit/s.
"""

import hashlib
import socket
import sys
import time

PORT = 5001
# No two blocks of a stream are alike, or a lost one would not be missed.
BLOCK = bytes(range(256)) * 256


def blocks(mib):
    for i in range(mib * 16):
        yield i.to_bytes(8, "big") + BLOCK[8:]


def receive(address):
    digest, start, count = hashlib.sha1(), None, 0
    with socket.create_server((address, PORT)) as server:
        connection, _ = server.accept()
        with connection:
            while data := connection.recv(1 << 18):
                start = start or time.monotonic()
                count += len(data)
                digest.update(data)
    rate = count * 8 / 1e6 / max(time.monotonic() - start, 1e-6)
    print(digest.hexdigest(), f"{rate:.0f} Mbit/s")


def send(address, mib):
    end = time.monotonic() + 60
    while True:
        try:
            connection = socket.create_connection((address, PORT), 5)
            break
        except OSError:
            # The receiver is being started.
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
    with connection:
        connection.settimeout(60)
        for block in blocks(mib):
            connection.sendall(block)


def main():
    if sys.argv[1] == "sum":
        digest = hashlib.sha1()
        for block in blocks(int(sys.argv[2])):
            digest.update(block)
        print(digest.hexdigest())
    elif sys.argv[1] == "receive":
        receive(sys.argv[2])
    else:
        send(sys.argv[2], int(sys.argv[3]))


main()
