# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# One machine, and in it firmware of one kind after the other: what its PF offers, and
# how it behaves, are properties of the model. After lib.sh.

export VFIO_MODEL_QMP=/dev/virtio-ports/lab.qmp VFIO_MODEL_PF=pf0
export VFIO_STREAM_DIR=/tmp/streams
mkdir -p "$VFIO_STREAM_DIR"

OFFERS=(multi-load tracking chunks migration-state)
BEHAVIOURS=(x-twice-fails x-suspend-ends-save x-query-in-save-fails
	x-suspended-track-fails x-track-fails)

# model_set PROPERTY VALUE
model_set()
{
	qmp qom-set "{\"path\": \"/machine/peripheral/$VFIO_MODEL_PF\", \"property\": \"$1\", \"value\": $2}"
}

# one_of WORD WORD... - Is the first one among the others?
one_of()
{
	local word

	for word in "${@:2}"; do
		[ "$1" != "$word" ] || return 0
	done
	return 1
}

# firmware_change PROPERTY... - These on, and all others off, while no driver looks.
firmware_change()
{
	local property

	for property in "${OFFERS[@]}"; do
		model_set "$property" "$(one_of "$property" "$@" && echo true || echo false)" ||
			return 1
	done
	for property in "${BEHAVIOURS[@]}"; do
		model_set "$property" "$(one_of "$property" "$@" && echo 1 || echo 0)" ||
			return 1
	done
}

# firmware VFS PROPERTY... - The PF's firmware has these, and so many VFs, all of them
# ours, from here on. What has to know of it finds it in the environment.
firmware()
{
	local pf vfs=$1

	shift
	pf=$(pf 0)
	make_vfs "$pf" 0 && unbind "$pf" && firmware_change "$@" && rebind "$pf" mlx5_core &&
		mapfile -t FIRMWARE_VFS < <(vfio_vfs "$pf" "$vfs") &&
		[ ${#FIRMWARE_VFS[@]} = "$vfs" ] || return 1
	export VFIO_BDFS="${FIRMWARE_VFS[*]}" VFIO_MODEL_FIRMWARE="$*"
}

# on_firmware VFS PROPERTY... -- PROGRAM... - The programs, on firmware of that kind.
on_firmware()
{
	local vfs=$1 properties=()

	shift
	while [ "$1" != -- ]; do
		properties+=("$1")
		shift
	done
	shift
	echo "# from here on firmware with: ${properties[*]:-nothing but migration}"
	firmware "$vfs" "${properties[@]}" || {
		not_ok "firmware with '${properties[*]}' and its VFs come up"
		return
	}
	kselftest "$@"
}
