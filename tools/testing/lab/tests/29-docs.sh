#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every command of the admin guide, of the ABI and of README's first screen, in
# the order of the text, with the output that the text shows. What cannot run
# here is listed below with the reason; see docs.py.
#
# lab: pfs=1 vfs=2 mem=1536 release=13 kernel-root=13 timeout=720
# lab-model-prop: page-tracking=on
# lab-qemu-arg: -device
# lab-qemu-arg: e1000e,addr=8

. "$(dirname "$0")/docs-stages.sh"

tests=$(dirname "$0")
pf=$(pf 0)
bridge=$(basename "$(dirname "$(realpath "/sys/bus/pci/devices/$pf")")")

make -s -C /src/tools/vfio O=/build/tools install || exit 1

# DOCUMENT tab REGEX of the command, or of the first line of a block that has
# none, tab REASON
cat >/tmp/exceptions <<'EOF'
vfioctl.rst	^0000:3b:00.2  save, PRE_COPY	a picture on a terminal; vfio_progress_test draws it
vfioctl.rst	^vfioctl selftest	it takes minutes; 28-vfioctl runs some of them
cookbook.rst	^apt install	it needs the network; 93-packages does it
cookbook.rst	^mstconfig	the model has no settings that last
cookbook.rst	^ip link set	it needs a model with an eswitch; done by 90-virsh-migrate
README.md	^make demo	it is a test of its own, 80-migrate
README.md	^make check	this runs in it
README.md	^make deb	it needs the network; 93-packages does it
README.md	^apt install	it needs the network; 93-packages does it
README.md	^apt-get install	the lab has no network; its root was made with these packages
README.md	^make modules &&	the modules are built outside of L1 and are installed in it
README.md	^make tools &&	done by this test before, from /build
README.md	^devlink 	devlink's eswitch needs a model with one; done by 71-switchdev
README.md	^-device vfio-pci	arguments of QEMU, not a command; done by 80-migrate
README.md	stock QEMU ----	a drawing
sysfs-bus-driver-flavour	^\[native\] vfio$	all forms of a line, not a session; tested by 21-flavour
EOF

short=${pf#0000:}
# The virtual functions have their addresses before they are there.
"$tests/docs.py" --stages "$tests/docs-stages.sh" --exceptions /tmp/exceptions \
	--name "0000:3b:00.0=$pf" --name "0000:3b:00.2=${pf%.*}.1" \
	--name "0000:3b:00.3=${pf%.*}.2" --name "0000:3a:00.0=$bridge" \
	--name "0000:05:00.0=0000:00:08.0" \
	--name "3b:00.0=$short" --name "3b:00.2=${short%.*}.1" \
	/src/Documentation/admin-guide/cookbook.rst \
	/src/Documentation/admin-guide/vfioctl.rst \
	/src/Documentation/admin-guide/binding-fallback.rst \
	/src/README.md \
	/src/Documentation/admin-guide/binding.rst \
	/src/Documentation/ABI/testing/sysfs-bus-driver-flavour
