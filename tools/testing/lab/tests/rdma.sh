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

# vf_given N - The N-th VF with mlx5_core and an address that the PF gave: with it comes
# its GUID, by which librdmacm tells devices apart.
vf_given()
{
	local bdf
	bdf=$(vf "$PF" "$1")

	ip link set "$PF_DEV" vf "$1" mac "02:00:00:00:09:0$1" && rebind "$bdf" mlx5_core &&
		wait_for 60 has_netdev "$bdf" || return 1
	VF_DEV[$1]=$(netdev "$bdf")
	vf_up "$1"
}

# rdma_start - mlx5_core and mlx5_ib drive the first PF and two VFs of it: network devices
# as by traffic_start; ${IB[0]} is the PF's RDMA device, ${IB[1]} and ${IB[2]} the VFs'.
rdma_start()
{
	local i

	modprobe mlx5_core && rdma_modules && pfs_are_up || return 1
	PF=$(pf 0)
	wait_for 60 has_netdev "$PF" && make_vfs "$PF" 2 || return 1
	PF_DEV=$(netdev "$PF")
	vf_given 0 && vf_given 1 && ip addr add 10.9.0.1/24 dev "$PF_DEV" &&
		ip link set "$PF_DEV" up || return 1
	wait_for 60 has_ibdev "$PF" && IB[0]=$(ibdev "$PF") || return 1
	for i in 0 1; do
		wait_for 60 has_ibdev "$(vf "$PF" $i)" || return 1
		IB[i + 1]=$(ibdev "$(vf "$PF" $i)")
	done
}

# clean - Of users that are gone nothing is left.
clean()
{
	local i

	for i in 0 1 2; do
		user rdma res show "${IB[i]}" | grep ' qp 1 .* mr 0 ctx 0 ' || return 1
	done
}

# counter I NAME - What the RDMA device has counted.
counter()
{
	cat "/sys/class/infiniband/${IB[$1]}/ports/1/hw_counters/$2"
}

# port_counter I NAME - What its port has counted of RDMA.
port_counter()
{
	cat "/sys/class/infiniband/${IB[$1]}/ports/1/counters/$2"
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

# at I CMD... - Run CMD of the second root where the network device of the PF (0), the
# first VF (1) or the second (2) is. address I - Its IPv4 address.
at()
{
	if [ "$1" = 0 ]; then
		user "${@:2}"
	else
		vf_user $(($1 - 1)) "${@:2}"
	fi
}

address()
{
	echo "10.9.0.$(($1 + 1))"
}

# device I OPTION - The options of ibv_*_pingpong (-g) or perftest (-x) that choose the
# device and the GID of its address.
device()
{
	echo -d "${IB[$1]}" "$2" "$(gid_of "${IB[$1]}" "$(address "$1")")"
}

# listens I PORT - Does somebody there wait for connections of TCP?
listens()
{
	[ -n "$(at "$1" ss -Hltn "sport = :$2")" ]
}

# takes_calls - Does somebody wait for connections of RDMA?
takes_calls()
{
	user rdma res show cm_id | grep 'state LISTEN'
}

# served READY COMMAND_OF_SERVER -- COMMAND_OF_CLIENT - Both end well.
served()
{
	local ready=$1 words=() status=0
	shift

	while [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	shift
	"${words[@]}" >/tmp/served 2>&1 &
	# shellcheck disable=SC2086 # words
	wait_for 60 $ready && "$@" || status=1
	# Who has no client waits for ever.
	[ $status = 0 ] || kill $! 2>/dev/null
	wait $! || status=1
	[ $status = 0 ] || cat /tmp/served
	return $status
}

# pingpong KIND CLIENT SERVER [OPTION...] - Messages that go both ways, each looked at.
pingpong()
{
	local tool=ibv_$1_pingpong client=$2 server=$3
	shift 3

	# shellcheck disable=SC2046 # words
	served "listens $server 18515" \
		at "$server" timeout 100 "$tool" $(device "$server" -g) -c "$@" -- \
		at "$client" timeout 100 "$tool" $(device "$client" -g) -c "$@" "$(address "$server")"
}

# rings CLIENT SERVER - rping: a connection by its manager, data read and written back
rings()
{
	served takes_calls at "$2" timeout 100 rping -s -a "$(address "$2")" -C 10 -V -v -- \
		at "$1" timeout 100 rping -c -a "$(address "$2")" -C 10 -V
}

# perf TOOL CLIENT SERVER [OPTION...] - A tool of perftest
perf()
{
	local tool=$1 client=$2 server=$3
	shift 3

	# shellcheck disable=SC2046 # words
	served "listens $server 18515" \
		at "$server" timeout 100 "$tool" $(device "$server" -x) -F "$@" -- \
		at "$client" timeout 100 "$tool" $(device "$client" -x) -F "$@" "$(address "$server")"
}
