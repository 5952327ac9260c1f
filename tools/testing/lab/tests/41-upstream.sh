#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The device model as judge and as judged: the same programs as on our driver, on
# VFs that upstream's mlx5 driver of the same kernel has. What it does not do as
# the uAPI has it, or does differently by design, is listed here with the reason.
#
# lab: pfs=2 vfs=2 mem=1536 kernel-root=13,13-backports timeout=900 soak=1 upstream=1
# lab-guest-error-allow: image refused|refused with status 0x5
# An image of no bytes, which no source of its kind writes, goes to the firmware
# lab-guest-error-allow: LOAD_VHCA_STATE .* refused with status 0x3

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/known.sh"

truncated="takes what has come when RESUMING is left for the whole"
known image_test "$truncated" image.incomplete_is_refused
known mlx5_stream_test "$truncated" stream.cut_at_each_border_is_refused \
	stream.cut_inside_a_record_is_refused stream.cut_can_be_made_good \
	stream.skipped_record_must_be_whole stream.without_an_image_is_refused \
	stream.wrong_size_is_refused stream.data_after_the_end_is_refused
known mlx5_stream_test "reads 8 bytes of a hint whatever its record says" \
	stream.short_stop_copy_size_is_refused
known mlx5_stream_test "skips what our driver says of its card, and loads the image" \
	stream.of_another_card_is_refused
known mlx5_stream_test "says ENOMEM instead of E2BIG" \
	stream.oversized_record_is_refused_by_its_head
known mlx5_stream_test "has the firmware load an image of no bytes" \
	stream.empty_image_is_skipped
known mlx5_stream_test "lets the firmware refuse it, when the image is there" \
	stream.second_load_needs_a_reset
known region_info_test "offers the MSI-X table for mapping, as vfio-pci does" \
	region_info.msix_table_is_not_offered_for_mapping
known stuck_user_test "has a lock while it touches the user's memory" \
	stuck.reader_stop.holds_up_nobody stuck.reader_reset.holds_up_nobody \
	stuck.reader_close.holds_up_nobody stuck.writer_close.holds_up_nobody
known stuck_user_test "loads the image of a session that a reset has ended" \
	stuck.writer_reset.holds_up_nobody

# These it does not survive, or the machine does not.
unsafe concurrent_test "PRE_COPY -> RUNNING that fails leaves PRE_COPY without a session, a NULL pointer for the next change" \
	changes_and_data changes_data_and_reset
unsafe mlx5_stream_test "takes as much memory as a hint says, up to 4 GiB" \
	stop_copy_size_is_a_hint_in_any_place
unsafe mlx5_stream_test "a write of many records cannot be killed" \
	of_many_records_can_be_killed

load_upstream || fatal "upstream's driver loads and mlx5_core drives the PFs"
mapfile -t first < <(vfio_vfs "$(pf 0)" 2 "$UPSTREAM")
mapfile -t second < <(vfio_vfs "$(pf 1)" 1 "$UPSTREAM")
[ $((${#first[@]} + ${#second[@]})) = 3 ] ||
	fatal "three VFs bind to upstream's driver"

export VFIO_BDFS="${first[*]} ${second[*]}"
kselftest_known "${MLX5_PROGRAMS[@]}"

# The same moves from one PF's VF to the other's
export VFIO_BDFS="${first[0]} ${second[0]}"
echo "# from here on between two PFs"
kselftest_known image_test mlx5_objects_test
known_end
finish
