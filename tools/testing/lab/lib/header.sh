# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The header of a VM test says what machine it needs and when it runs:
#
#   # lab: pfs=2 vfs=8 mem=2048 cpus=1 timeout=300 release=13
#   # lab: kernel-root=13,12          once per release's kernel and root, under
#   #                                 the QEMU and model of release=
#   # lab: kernel-root=installed-13   a host in which apt has installed our packages
#   # lab: soak-root=13-backports     more of them, run by "make soak" or by name; 13-iommufd
#   #                                 is release 13 with VFIO's modules for IOMMUFD,
#   #                                 13-debug with a kernel that looks for mistakes
#   # lab: hosts=2                    two machines joined by a link (LAB_HOST)
#   # lab: other-root=13              kernel and root of the second of two hosts
#   # lab: second-root=13             another release's root, too, at /run/second
#   # lab: arch=arm64                 another architecture's machine (arm64, ppc64el)
#   # lab: suspend=1                 its files survive a suspend (not on 6.1)
#   # lab: icount=1                  its clock counts instructions (lab run --icount)
#   # lab: guest=1                   the demo's guest of kernel-root=, in /build/demo
#   # lab: guest=rdma                the one with RDMA, in /build/demo-rdma
#   # lab: saved-guest=1             a guest that libvirt saved, in /build/libvirt
#   # lab: upstream=1                upstream's mlx5 driver, in /build/upstream
#   # lab: soak=1                     takes minutes: only by "make soak" or by name
#   # lab-model-prop: k=v,k=v         properties of every PF, repeatable
#   # lab-qemu-arg: ARG               one more argument of QEMU, repeatable
#   # lab-append: WORDS               more kernel command line
#   # lab-dmesg-allow: REGEX          kernel messages that the test provokes
#   # lab-guest-error-allow: REGEX    wrong uses of the card that the test provokes
#
# A run is a test by its name, or "NAME@RELEASE" where kernel-root= lists
# several: each then is a test of its own, with its own machine and result. With
# LAB_KERNEL_ROOT=13-iommufd each test is a run on that root, in place of its own.

# The scripts lie there, below the lab's folder; the lab's own tests bring theirs.
TESTS_DIR=${LAB_TESTS_DIR:-tests}

# run_file RUN - The script of a run.
run_file()
{
	echo "$LAB_DIR/$TESTS_DIR/${1%@*}.sh"
}

# header_words FILE - The words of its "lab:" lines, one per line.
header_words()
{
	sed -n 's/^# lab: *//p' "$1" | tr -s ' \t' '\n' | sed '/^$/d'
}

# header_value FILE KEY DEFAULT
header_value()
{
	local value

	value=$(header_words "$1" | sed -n "s/^$2=//p" | tail -n 1)
	echo "${value:-$3}"
}

# file_runs FILE SOAK - The runs of a script: with SOAK 0 the short ones, with 1
# those of a soak, otherwise all.
file_runs()
{
	local name rel short long runs

	name=$(basename "$1" .sh)
	short=$(header_value "$1" kernel-root "$(header_value "$1" release 13)")
	long=$(header_value "$1" soak-root '')
	runs=$name
	if [ -n "${LAB_KERNEL_ROOT:-}" ]; then
		# Not those about another architecture or about what apt installed.
		[ -z "$(header_value "$1" arch '')" ] || return 0
		! is_installed_root "${short%%,*}" || return 0
		runs=$name@$LAB_KERNEL_ROOT
		short=
		long=
	fi
	case $short${long:+,$long} in
	*,*)	runs=$(for rel in ${short//,/ }; do
			echo "$name@$rel"
		done) ;;
	esac
	if [ "$(header_value "$1" soak 0)" = 0 ]; then
		[ "$2" = 1 ] || echo "$runs"
	else
		[ "$2" = 0 ] || echo "$runs"
	fi
	[ "$2" = 0 ] || for rel in ${long//,/ }; do
		echo "$name@$rel"
	done
}

# named_runs NAME - The runs that a word of $TESTS means: a test, one of its
# runs, or every test whose name begins so.
named_runs()
{
	local name=${1%.sh} f

	if [ -e "$(run_file "$name")" ] && [ "$name" != "${name%@*}" ]; then
		file_runs "$(run_file "$name")" all | grep -xF -- "$name" ||
			say "no run '$name': the test has $(file_runs "$(run_file "$name")" all | paste -sd' ')"
	elif [ -e "$(run_file "$name")" ]; then
		file_runs "$(run_file "$name")" all
	elif compgen -G "$LAB_DIR/$TESTS_DIR/$name*.sh" >/dev/null; then
		for f in "$LAB_DIR/$TESTS_DIR/$name"*.sh; do
			file_runs "$f" all
		done
	else
		say "no test '$name'"
	fi
}

# chosen_runs - What $TESTS names, or all tests: the short ones, and with
# LAB_SOAK=1 the others.
chosen_runs()
{
	local f name

	for name in ${TESTS:-}; do
		named_runs "$name"
	done | awk '!seen[$0]++'
	[ -z "${TESTS:-}" ] || return 0
	for f in "$LAB_DIR/$TESTS_DIR"/[0-9]*.sh; do
		file_runs "$f" "${LAB_SOAK:-0}"
	done
}

# by_timeout RUN... - The longest first, so that nothing waits for it in the
# end; a test without a timeout has that of "lab run".
by_timeout()
{
	local run

	for run in "$@"; do
		printf '%s %s\n' "$(header_value "$(run_file "$run")" timeout 300)" "$run"
	done | sort -k1,1nr -k2 | cut -d' ' -f2-
}

# is_host_root NAME - Can a machine have this root?
is_host_root()
{
	is_kernel_root "$1" || is_release "${1#installed-}"
}

# run_options_of RUN - Fills RUN_RELEASE, RUN_KERNEL, RUN_OTHER, RUN_HOSTS, RUN_ARCH
# and RUN_OPTIONS from the header.
run_options_of()
{
	local file word value line

	file=$(run_file "$1")
	RUN_RELEASE=13 RUN_KERNEL='' RUN_OTHER='' RUN_HOSTS=1 RUN_ARCH='' RUN_OPTIONS=()
	while read -r word; do
		value=${word#*=}
		case $word in
		release=*)	RUN_RELEASE=$value ;;
		kernel-root=*)	RUN_KERNEL=$value ;;
		pfs=*|vfs=*|mem=*|cpus=*|timeout=*|suspend=[01]|icount=[01])
				RUN_OPTIONS+=("--${word%%=*}" "$value") ;;
		other-root=*)	RUN_OTHER=$value ;;
		second-root=*)	RUN_OPTIONS+=(--second-root "$value") ;;
		hosts=1|hosts=2)
				RUN_HOSTS=$value ;;
		arch=arm64|arch=ppc64el)
				RUN_ARCH=$value ;;
		soak=[01]|soak-root=*|guest=[01]|guest=rdma|saved-guest=[01]|upstream=[01]) ;;
		*)		say "${file##*/}: unknown word '$word' in its header"
				return 1 ;;
		esac
	done < <(header_words "$file")
	case $1 in
	*@*)	RUN_KERNEL=${1#*@} ;;
	esac
	: "${RUN_KERNEL:=$RUN_RELEASE}"
	: "${RUN_OTHER:=$RUN_KERNEL}"
	if ! is_release "$RUN_RELEASE" || ! is_host_root "$RUN_KERNEL" ||
			! is_host_root "$RUN_OTHER"; then
		say "${file##*/}: unknown release in its header ($RUN_RELEASE, $RUN_KERNEL, $RUN_OTHER)"
		return 1
	fi
	if [ -n "$RUN_ARCH" ] && [ "$RUN_HOSTS" != 1 ]; then
		say "${file##*/}: hosts=2 and arch= do not go together"
		return 1
	fi
	RUN_OPTIONS+=(--kernel-root "$RUN_KERNEL")
	while read -r line; do
		RUN_OPTIONS+=(--qemu-arg "$line")
	done < <(sed -n 's/^# lab-qemu-arg: *//p' "$file")
	while read -r line; do
		RUN_OPTIONS+=(--append "$line")
	done < <(sed -n 's/^# lab-append: *//p' "$file")
	while read -r line; do
		RUN_OPTIONS+=(--model-prop "$line")
	done < <(sed -n 's/^# lab-model-prop: *//p' "$file")
	for word in dmesg-allow guest-error-allow; do
		line=$(sed -n "s/^# lab-$word: *//p" "$file" | paste -sd'|')
		[ -z "$line" ] || RUN_OPTIONS+=("--$word" "$line")
	done
}
