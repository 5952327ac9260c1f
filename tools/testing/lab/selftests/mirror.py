#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""mirror.py DIR - a small Debian mirror on localhost, with what a mirror may do wrong.

All of it is about the kernel headers of ppc64el:
  trixie      lists them and does not have the file
  bookworm    has a file, of the size and sum that it lists, that is no package
What else is asked for it does not have. DIR gets the files, "port" when the
mirror is up, and "log" with a line per request.
"""

import hashlib
import http.server
import os
import sys

KERNEL = "6.0.0-0-powerpc64le"
PACKAGES = """Package: linux-headers-powerpc64le
Version: 1
Architecture: ppc64el
Depends: linux-headers-{kernel} (= 1)
Filename: pool/none.deb
Size: 1
SHA256: {none}

Package: linux-headers-{kernel}
Version: 1
Architecture: ppc64el
Filename: pool/{suite}/linux-headers-{kernel}_1_ppc64el.deb
Size: {size}
SHA256: {sum}
"""


def write(name, data):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "wb") as file:
        file.write(data)


def make_suite(suite, deb):
    """The lists of a suite, whose only package is DEB."""
    lists = {"amd64": b"", "ppc64el": PACKAGES.format(
        suite=suite, kernel=KERNEL, size=len(deb), none="0" * 64,
        sum=hashlib.sha256(deb).hexdigest()).encode()}
    release = f"Suite: {suite}\nCodename: {suite}\nArchitectures: amd64 ppc64el\n" \
        "Components: main\nDate: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n"
    for arch, data in lists.items():
        name = f"main/binary-{arch}/Packages"
        write(f"dists/{suite}/{name}", data)
        release += f" {hashlib.sha256(data).hexdigest()} {len(data)} {name}\n"
    write(f"dists/{suite}/Release", release.encode())


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format, *args):
        with open("log", "a", encoding="utf-8") as log:
            log.write(format % args + "\n")


def main():
    os.chdir(sys.argv[1])
    broken = b"no package\n"
    make_suite("trixie", b"not there\n")
    make_suite("bookworm", broken)
    write(f"pool/bookworm/linux-headers-{KERNEL}_1_ppc64el.deb", broken)
    write("./log", b"")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    write("./port.new", b"%d\n" % server.server_port)
    os.rename("port.new", "port")
    server.serve_forever()


if __name__ == "__main__":
    main()
