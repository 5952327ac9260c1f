# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the test scripts, beside tap.sh: the kselftest programs, PCI functions
# and their drivers, and QEMU's monitor.

# shellcheck source=tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

SELFTESTS=/build/selftests

# check TEXT CMD... - ok when CMD succeeds; its output is shown when it fails.
check()
{
	local text=$1 output
	shift

	if output=$("$@" 2>&1); then
		ok "$text"
	else
		not_ok "$text"
		[ -z "$output" ] || echo "# ${output//$'\n'/$'\n'# }"
	fi
}

# host_says WORD - With hosts=2: tell the other machine that this one has come
# to a point. host_said WORD - Has the other one? (for wait_for)
host_says()
{
	touch "/run/link/$LAB_HOST-$1"
}

host_said()
{
	[ -e "/run/link/$((1 - LAB_HOST))-$1" ]
}

# kselftest PROGRAM... - Run harness programs; their tests become our lines.
kselftest()
{
	local program

	for program in "$@"; do
		kselftest_part "$program"
	done
}

# kselftest_part PROGRAM ARG... - The same for the tests of one program that the
# harness's arguments choose.
kselftest_part()
{
	local log=/tmp/$1.log start=$SECONDS

	"$SELFTESTS/$1" "${@:2}" >"$log" 2>&1
	harness_lines "$1" "$log" $? || show_failures "$log"
	echo "# $* took $((SECONDS - start)) s"
}

# by_iommufd PROGRAM... - The same with devices that are opened by their own files and
# bound to an iommufd, which few kernels have.
by_iommufd()
{
	if ! modprobe -q iommufd; then
		skip "$* by iommufd" "this kernel is built without it"
		return
	fi
	echo "# from here on by iommufd"
	VFIO_IOMMUFD=1 kselftest "$@"
}

# show_failures LOG - What the failed tests of a program said.
show_failures()
{
	awk '/^# +RUN /	{ text = ""; next }
		/^not ok /	{ printf "%s# %s\n", text, $0; next }
		/^ok /		{ text = ""; next }
				{ text = text "# " $0 "\n" }' "$1" | head -n 200
}

# pf N - Address of the N-th PF (0, 1...) of the model.
pf()
{
	local dev

	for dev in /sys/bus/pci/devices/*; do
		case $(cat "$dev/vendor" "$dev/device" "$dev/class") in
		$'0x15b3\n0x101e\n'*)	;;	# a VF
		0x15b3*0x020000)	echo "${dev##*/}" ;;	# no NVMe of a DPU
		esac
	done | sed -n "$(($1 + 1))p"
}

# vf PF N - Address of the PF's N-th VF (0, 1...).
vf()
{
	basename "$(readlink "/sys/bus/pci/devices/$1/virtfn$2")"
}

driver_of()
{
	basename "$(readlink "/sys/bus/pci/devices/$1/driver")" 2>/dev/null
}

# is_bound BDF DRIVER
is_bound()
{
	[ "$(driver_of "$1")" = "$2" ]
}

# is_device BDF ID
is_device()
{
	[ "$(cat "/sys/bus/pci/devices/$1/device")" = "$2" ]
}

# unbind BDF - From whatever driver it has, if any.
unbind()
{
	local driver
	driver=$(driver_of "$1")

	[ -z "$driver" ] || echo "$1" >"/sys/bus/pci/drivers/$driver/unbind"
}

# rebind BDF DRIVER - By driver_override; fails when the driver refuses.
rebind()
{
	unbind "$1" || return 1
	echo "$2" >"/sys/bus/pci/devices/$1/driver_override"
	# Probing an unbound device reports nothing; the result is the link.
	echo "$1" >/sys/bus/pci/drivers_probe
	is_bound "$1" "$2"
}

# make_vfs PF N - N VFs without a driver.
make_vfs()
{
	local dev=/sys/bus/pci/devices/$1

	echo 0 >"$dev/sriov_drivers_autoprobe" &&
		echo "$2" >"$dev/sriov_numvfs"
}

# vfio_vfs PF N [DRIVER] - N VFs bound to mlx5_vfio_pci, or DRIVER; prints their
# addresses.
vfio_vfs()
{
	local i

	make_vfs "$1" "$2" || return 1
	for ((i = 0; i < $2; i++)); do
		rebind "$(vf "$1" "$i")" "${3:-mlx5_vfio_pci}" || return 1
		vf "$1" "$i"
	done
}

# load_mlx5 - Our driver and all that it needs, and the PFs probed by it.
load_mlx5()
{
	modprobe mlx5_vfio_pci && pfs_are_up
}

# MLX5_PROGRAMS - What a driver for mlx5 with at least three VFs is judged by. Its
# streams are damaged and its objects are asked for when they must be gone.
MLX5_PROGRAMS=(arc_test feature_test region_info_test data_fd_test image_test lifetime_test
	passed_files_test growth_test v1_test concurrent_test stuck_user_test mlx5_stream_test
	mlx5_objects_test)

# UPSTREAM - Upstream's driver, for machines with "upstream=1".
UPSTREAM=upstream_mlx5_vfio_pci

# load_upstream - It and what it needs, which is nothing of ours.
load_upstream()
{
	modprobe -a mlx5_core vfio_pci_core && insmod "/build/upstream/$UPSTREAM.ko" &&
		pfs_are_up
}

# pfs_are_up - Has mlx5_core probed the PFs, all and at least one?
pfs_are_up()
{
	local n=0

	while [ -n "$(pf $n)" ]; do
		wait_for 60 is_bound "$(pf $n)" mlx5_core || return 1
		n=$((n + 1))
	done
	[ $n -gt 0 ]
}

# qmp COMMAND ARGUMENTS - Tell QEMU, who answers some time later.
qmp()
{
	local fd line

	exec {fd}<>/dev/virtio-ports/lab.qmp || return 1
	# The first is refused when it was said before; that is fine.
	printf '{"execute": "qmp_capabilities"}\n{"execute": "%s", "arguments": %s, "id": "it"}\n' \
		"$1" "$2" >&"$fd"
	while read -r -t 30 -u "$fd" line; do
		[[ $line == *'"id": "it"'* ]] && break
	done
	exec {fd}>&-
	[[ $line == *'"return"'* ]] || { echo "$line"; return 1; }
}

# udevadm WORD... - udevd may miss a request to reload, of which udevadm tells nothing: one that
# comes between its taking the connection and its asking for the sender's credentials has none
# ("Invalid sender uid 65534, ignoring message"; seen with 257, once in some 50 requests). It is
# told by a signal as well, which is not lost, and which it has followed when it answers a ping.
udevadm()
{
	command udevadm "$@" || return
	[[ " $* " != *' --reload '* ]] ||
		{ kill -HUP "$(pgrep -o -x systemd-udevd)" && command udevadm control --ping; }
}

# hold BDF [--group] - Have a device of VFIO open until let_go; holder tells the
# process. With --group the file of its group stays open, too.
hold()
{
	rm -f /tmp/held
	modprobe vfio_iommu_type1
	python3 "$(dirname "${BASH_SOURCE[0]}")/hold.py" "$@" >/tmp/held 2>&1 &
	echo $! >/tmp/holder
	wait_for 60 eval 'grep -qx held /tmp/held || [ ! -e "/proc/$(holder)" ]'
	grep -qx held /tmp/held || { cat /tmp/held; return 1; }
}

holder()
{
	cat /tmp/holder
}

# let_go - It may be another shell's child, hence no wait for it alone.
let_go()
{
	kill "$(holder)"
	wait "$(holder)" 2>/dev/null
	wait_for 60 [ ! -e "/proc/$(holder)" ]
}
