#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Which driver the release's libvirt gives to a VF and to an ordinary device, and back:
# the commands of the admin guide to it, with the output that it shows.
#
# lab: pfs=1 vfs=2 mem=1536 kernel-root=13 soak-root=12,13-backports timeout=600
# lab-qemu-arg: -device
# lab-qemu-arg: e1000e,addr=8

# shellcheck source=lib.sh
. /src/tools/testing/lab/tests/lib.sh

case $LAB_RELEASE in
12)	document=libvirt-debian12.rst ;;
*)	document=libvirt.rst ;;
esac
pf=$(pf 0)
bus=${pf#*:}
bus=${bus%%:*}
export LIBVIRT_DOCUMENT=/src/Documentation/admin-guide/$document
export LIBVIRT_NAMES="s/'0x3b'/'0x$bus'/g"
cd /tmp || exit 1

case $LAB_RELEASE in
12)	printf '%s\t^<domain\tit is written to vf.xml, which the commands use\n' "$document" ;;
esac >/tmp/exceptions

# The virtual functions have their addresses before they are there. XML has numbers of
# its own, so VF and function number are those of the text.
exec /src/tools/testing/lab/tests/docs.py --stages /src/tools/testing/lab/libvirt/stages \
	--name "0000:3b:00.0=$pf" --name "pci_0000_3b_00_0=pci_0000_${bus}_00_0" \
	--name "0000:3b:00.2=${pf%.*}.2" --name "pci_0000_3b_00_2=pci_0000_${bus}_00_2" \
	--name "0000:3b:00.3=${pf%.*}.1" --name "pci_0000_3b_00_3=pci_0000_${bus}_00_1" \
	--exceptions /tmp/exceptions \
	--name "0000:05:00.0=0000:00:08.0" --name "pci_0000_05_00_0=pci_0000_00_08_0" \
	"$LIBVIRT_DOCUMENT"
