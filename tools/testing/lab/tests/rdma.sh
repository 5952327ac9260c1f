# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the tests of RDMA: a PF and two VFs with mlx5_core and mlx5_ib, each VF in
# a network namespace of its own, and the users of RDMA in the second root.

. "$(dirname "${BASH_SOURCE[0]}")/traffic.sh"

# user CMD... - Run CMD of the second root.
user()
{
	chroot /run/second "$@"
}

# vf_user N CMD... - The same where the N-th VF's network device is.
vf_user()
{
	in_vf "$1" chroot /run/second "${@:2}"
}

# ibdev BDF - The RDMA device of a function.
ibdev()
{
	local dev

	for dev in "$PCI/$1/infiniband/"*; do
		[ ! -e "$dev" ] || basename "$dev"
	done
}

has_ibdev()
{
	[ -n "$(ibdev "$1")" ]
}

# rdma_modules - What a user of RDMA needs of the kernel, beside what the function has
# brought.
rdma_modules()
{
	modprobe -a mlx5_ib ib_uverbs rdma_ucm
}

# rdma_start - traffic_start with mlx5_ib: ${IB[0]} is the PF's, ${IB[1]} and ${IB[2]}
# are the VFs'.
rdma_start()
{
	local i

	traffic_start && rm /etc/modprobe.d/lab.conf && rdma_modules || return 1
	wait_for 60 has_ibdev "$PF" && IB[0]=$(ibdev "$PF") || return 1
	for i in 0 1; do
		wait_for 60 has_ibdev "$(vf "$PF" $i)" || return 1
		IB[i + 1]=$(ibdev "$(vf "$PF" $i)")
	done
}

# gid_of DEV ADDRESS - The index of the GID that an IPv4 address made.
gid_of()
{
	local file want

	want=$(IFS=. read -r -a byte <<<"$2" &&
		printf "0000:0000:0000:0000:0000:ffff:%02x%02x:%02x%02x" "${byte[@]}")
	for file in "/sys/class/infiniband/$1/ports/1/gids/"*; do
		[ "$(cat "$file" 2>/dev/null)" != "$want" ] || basename "$file"
	done | head -n 1
}

has_gid()
{
	[ -n "$(gid_of "$1" "$2")" ]
}
