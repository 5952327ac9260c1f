# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the scripts that run apt in a copy of a host's root. Results are TAP
# in /build/tap; what the programs say goes to the log.

# shellcheck source=../tests/tap.sh
. /src/tools/testing/lab/tests/tap.sh
export DEBIAN_FRONTEND=noninteractive
KERNEL=$(cat /usr/src/lab/kver)
NAME=vfio-mlx5
SAID=/tmp/said
: >/build/tap

# claim TEXT CMD... - A TAP line; what CMD said is shown when it fails.
claim()
{
	local text=$1 output
	shift

	echo "== $text"
	if output=$("$@" 2>&1); then
		ok "$text" >>/build/tap
	else
		not_ok "$text" >>/build/tap
		tail -n 30 <<<"$output" | sed -e 's/^/# /' >>/build/tap
	fi
	printf '%s\n' "$output"
}

# apt ARG... - What it says is kept for said().
apt()
{
	# The root's own setting is for small roots; a host has Debian's.
	apt-get -y -o APT::Install-Recommends=true "$@" >"$SAID" 2>&1
	local status=$?

	cat "$SAID"
	return "$status"
}

said()
{
	local regex

	for regex in "$@"; do
		grep -qE -- "$regex" "$SAID" || { echo "nobody said '$regex'"; return 1; }
	done
}

# is_whole - apt and dpkg have nothing to complain of.
is_whole()
{
	[ -z "$(dpkg --audit)" ] && apt-get check
}

# modules_of_kbuild - The names of what Kbuild makes for this architecture.
modules_of_kbuild()
{
	make -s --no-print-directory -f /src/tools/testing/lab/debs/modules.mk
}

# are_installed KERNEL - All of our modules, by dkms, and modprobe finds them.
are_installed()
{
	local dir=/lib/modules/$1/updates/dkms module

	diff <(modules_of_kbuild | sort) \
		<(find "$dir" -name '*.ko*' -printf '%f\n' | sed 's/\.ko.*//' | sort) || return 1
	for module in $(modules_of_kbuild); do
		[[ $(modinfo -k "$1" -F filename "$module") == */updates/dkms/$module.ko* ]] ||
			{ echo "modprobe does not find $module"; return 1; }
	done
	modprobe -S "$1" --dry-run --verbose mlx5_vfio_pci
}

# state - What a host is, as far as a package of modules goes; what comes with
# the kernel's headers is not its affair.
state()
{
	find /lib/modules /etc/modprobe.d /etc/modules-load.d /etc/udev /usr/lib/udev |
		grep -vE '/lib/modules/[^/]*/(build|source)$' | sort
	find /usr/src /var/lib/dkms -name '*vfio*' ! -path '*/linux-headers-*' 2>/dev/null
	modprobe -S "$KERNEL" --show-depends mlx5_core
	grep -c . "/lib/modules/$KERNEL/modules.alias"
}
