# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Booting L1, the host of the tests, in the root's own QEMU. Its root is the
# lab's root shared read-only by 9p, with a layer in memory over it.
#
# A run has a folder with: command, environment, console.log (kernel), dmesg.log,
# qemu.log (guest errors, and what --trace asks for), status (of the command),
# heartbeat.

# Statuses that the lab itself gives; all others are the command's own.
STATUS_GUEST_ERROR=119
STATUS_DMESG=120
STATUS_BOOT=121
STATUS_STALL=122
STATUS_TIMEOUT=124

# No heartbeat for so long means that the VM's timers stand still.
STALL_SECONDS=${LAB_STALL_SECONDS:-90}

# A boot takes 10 s under TCG; a busy machine can make that ten times as long.
BOOT_SECONDS=240

BOOT_MODULES="virtio_pci virtio_console 9pnet_virtio 9p overlay"

# make_initramfs - L1's initramfs: busybox, five modules and what they need.
make_initramfs()
{
	local stamp

	stamp="$(cat "$LAB_DIR/l1/initramfs-init" "$LAB_DIR/lib/boot.sh" | sha256sum | cut -c1-12) $L1_ROOT"
	[ "$(cat "$L1_BUILD/boot/stamp" 2>/dev/null)" != "$stamp" ] || return 0
	lock "$L1_BUILD/.lock-boot" "making the initramfs"
	if [ "$(cat "$L1_BUILD/boot/stamp" 2>/dev/null)" = "$stamp" ]; then
		unlock
		return 0
	fi
	LAB_BINDS=()
	LAB_BUILD=$L1_BUILD root_run "$L1_ROOT" sh -euc '
	new=/build/boot.new
	rm -rf $new
	mkdir -p $new /tmp/i/bin /tmp/i/modules
	cp /bin/busybox /tmp/i/bin/
	cp /src/tools/testing/lab/l1/initramfs-init /tmp/i/init
	chmod 755 /tmp/i/init
	modprobe -S "$KVER" --show-depends -a '"$BOOT_MODULES"' |
		sed -n "s/^insmod //p" | awk "!seen[\$1]++ { print \$1 }" >/tmp/list
	while read -r m; do
		n=$(basename "${m%.ko*}").ko
		case $m in
		*.xz) xz -dc "$m" >"/tmp/i/modules/$n" ;;
		*) cp "$m" "/tmp/i/modules/$n" ;;
		esac
		echo "/modules/$n"
	done </tmp/list >/tmp/i/modules.list
	cd /tmp/i
	find . | cpio --quiet -o -H newc >$new/initramfs
	# Unpacking itself would cost the kernel 2 of 13 s of CPU under TCG. But one with KASAN
	# has checks in the code that it starts with by PVH, before there is what they look at.
	z=/boot/vmlinuz-$KVER
	grep -qs "^CONFIG_KASAN=y" "/usr/src/linux-headers-$KVER/.config" ||
	for magic in "\x28\xB5\x2F\xFD zstd" "\xFD7zXZ\x00 xz" "\x1F\x8B\x08 gzip"; do
		set -- $magic
		at=$(LC_ALL=C grep -aobP "$1" "$z" | head -n 1 | cut -d: -f1)
		[ -n "$at" ] || continue
		tail -c "+$((at + 1))" "$z" | "$2" -dc >$new/vmlinux 2>/dev/null || :
		readelf -h $new/vmlinux >/dev/null 2>&1 && break
		rm -f $new/vmlinux
	done
	[ -s $new/vmlinux ] || cp "$z" $new/vmlinux
	rm -rf /build/boot
	mv $new /build/boot' ||
		die "making the initramfs failed"
	echo "$stamp" >"$L1_BUILD/boot/stamp"
	unlock
}

# ICOUNT - Each instruction takes 2 ns of the machine's time, and a machine that
# waits has its timers at once. ICOUNT_CPU is without what moves a byte per
# instruction where a real CPU moves a line: a copy would cost tens of times more.
ICOUNT=shift=1,sleep=off
ICOUNT_CPU=max,-erms,-fsrm

# boot_arguments - Fills QEMU_ARGS from the options of "lab run".
boot_arguments()
{
	# On a busy machine the kernel's check of the timer can fail under TCG.
	local timer=no_timer_check
	local accel=$1 cpu=max n

	[ "$accel" = tcg ] || cpu=host
	[ -z "$OPT_ICOUNT" ] || cpu=$ICOUNT_CPU
	QEMU_ARGS=(-nodefaults -no-user-config -no-reboot -display none
		-name "lab-$L1_RELEASE" -cpu "$cpu" -smp "$OPT_CPUS" -m "$OPT_MEM"
		-machine "q35,accel=$accel$([ "$accel" = tcg ] || echo ,kernel-irqchip=split)"
		-device intel-iommu,intremap=on
		-kernel /srv/boot/vmlinux -initrd /srv/boot/initramfs
		-append "console=ttyS0 quiet loglevel=5 panic=-1 $timer intel_iommu=on $OPT_SHELL $OPT_APPEND"
		-serial file:/results/console.log
		-device virtio-serial-pci)
	if [ -n "$OPT_SHELL" ]; then
		QEMU_ARGS+=(-chardev stdio,id=out,signal=off -device virtconsole,chardev=out)
	else
		QEMU_ARGS+=(-chardev stdio,id=out,signal=off
			-device virtserialport,chardev=out,name=lab.out)
	fi
	monitor_port
	share root /mnt on
	share src /src on
	share build /srv on
	share results /results off
	[ -z "$OPT_SECOND_ROOT" ] || share second /run/second on
	for ((n = 0; n < OPT_PFS; n++)); do
		QEMU_ARGS+=(-device "pcie-root-port,id=rp$n,bus=pcie.0,chassis=$((n + 1)),slot=$((n + 1)),bus-reserve=2,pref64-reserve=256M"
			-device "$OPT_PF_TYPE,id=pf$n,bus=rp$n$([ "$OPT_PF_TYPE" != connectx-pf ] || echo ",vfs=$OPT_VFS")${OPT_MODEL_PROP:+,$OPT_MODEL_PROP}")
	done
	log_arguments
	[ -z "$OPT_ICOUNT" ] || QEMU_ARGS+=(-icount "$ICOUNT")
	[ -z "$OPT_LINK" ] || link_arguments
	QEMU_ARGS+=("${OPT_QEMU_ARGS[@]}")
}

# monitor_port - QEMU's own monitor as a port of the machine, so that a test
# can set faults.
monitor_port()
{
	QEMU_ARGS+=(-chardev "socket,id=qmp,path=/tmp/qmp,server=on,wait=off"
		-mon chardev=qmp,mode=control
		-chardev socket,id=port,path=/tmp/qmp
		-device virtserialport,chardev=port,name=lab.qmp)
}

# log_arguments - What drivers do wrong to a device goes to qemu.log.
log_arguments()
{
	QEMU_ARGS+=(-d guest_errors -D /results/qemu.log)
	[ -z "$OPT_TRACE" ] || QEMU_ARGS+=(-trace "$OPT_TRACE")
}

# link_arguments - A network between two machines, and a folder that both see.
# Datagrams, as neither machine then has to be there first.
link_arguments()
{
	local me=$OPT_HOST other=$((1 - OPT_HOST))

	QEMU_ARGS+=(-netdev "dgram,id=link,local.type=unix,local.path=/run/link/net$me,remote.type=unix,remote.path=/run/link/net$other"
		-device "virtio-net-pci,netdev=link,mac=52:54:00:4d:77:0$((me + 1)),romfile=,host_mtu=9000")
	share link /run/link off
}

# share TAG PATH READONLY - A suspended host loses what 9p has at its device,
# unless that is a PCI Express one, which keeps its state (Linux 6.9, QEMU 9.1).
share()
{
	local bus=

	if [ -n "$OPT_SUSPEND" ]; then
		bus=,bus=share-$1,x-pcie-pm-no-soft-reset=on
		QEMU_ARGS+=(-device "pcie-root-port,id=share-$1,bus=pcie.0,chassis=$((100 + ${#QEMU_ARGS[@]})),io-reserve=0")
	fi
	QEMU_ARGS+=(-fsdev "local,id=$1,path=$2,security_model=none,readonly=$3,multidevs=remap"
		-device "virtio-9p-pci,fsdev=$1,mount_tag=$1$bus")
}

# scan_dmesg DIR - Print what a kernel must never say; fails when it said it.
DMESG_BAD='WARNING:|BUG:|Oops|Call Trace|lockdep|possible recursive|possible circular|inconsistent lock|general protection|stack segment|kernel BUG|Kernel panic|refcount_t|UBSAN|KASAN|use-after-free|hung_task|blocked for more than|DMAR:.*[Ff]ault|Unable to handle|scheduling while atomic|suspicious RCU|list_(add|del) corruption'
DMESG_STALL='rcu.*stall|soft lockup|hard LOCKUP|clocksource.*unstable'

# DMESG_FINE - What a kernel with lockdep says of itself.
DMESG_FINE='RCU lockdep checking is enabled'

scan_dmesg()
{
	local file=$1/dmesg.log allow=${2:-}

	[ -s "$file" ] || file=$1/console.log
	grep -nE "$DMESG_BAD" "$file" | grep -v "$DMESG_FINE" |
		grep -vE "${allow:-^$}" | head -n 20
}

# is_stall_alone DIR [ALLOW] - Is all that the kernel complained of a CPU that stood still: what
# it said within a second of such a line?
is_stall_alone()
{
	local file=$1/dmesg.log allow=${2:-}

	awk -v stall="$DMESG_STALL" '
		match($0, /\[ *[0-9]+\.[0-9]+\]/) { time = substr($0, RSTART + 1, RLENGTH - 2) + 0 }
		$0 ~ stall { until = time + 1 }
		until == "" || time > until' "$file" |
		grep -E "$DMESG_BAD" | grep -v "$DMESG_FINE" | grep -vE "${allow:-^$}" >/dev/null &&
		return 1
	return 0
}

# scan_guest_errors DIR - Print what drivers did wrong to the model, which counts
# it in x-guest-errors; fails when there was nothing. The log knows more than
# that number: what it was, and what came after the command, to the end.
scan_guest_errors()
{
	[ -e "$1/qemu.log" ] || return 1
	grep -n '^connectx: fn ' "$1/qemu.log" | grep -vE "${2:-^$}" | head -n 20
}

# watch_vm PID DIR TIMEOUT - Wait for QEMU; sets VM_END to "ended", "noboot",
# "timeout" or "stall". The command's time runs from its start, as a boot may
# take long on a busy machine; a command may be silent, but not the heartbeat.
# One that boots another kernel removes boot-seconds, which the init there writes
# again; until then there is no heartbeat to look for.
watch_vm()
{
	local pid=$1 dir=$2 timeout=$3 limit=$((SECONDS + BOOT_SECONDS))
	local booted='' last size=0 now

	VM_END=ended
	while kill -0 "$pid" 2>/dev/null; do
		if [ -z "$booted" ] && [ -s "$dir/boot-seconds" ]; then
			booted=y
			last=$SECONDS
			limit=$((SECONDS + timeout))
		fi
		now=$(stat -c %s "$dir/heartbeat")
		if [ "$now" != "$size" ]; then
			size=$now
			last=$SECONDS
		fi
		[ -s "$dir/boot-seconds" ] || last=$SECONDS
		if [ -n "$booted" ] && [ $((SECONDS - last)) -ge "$STALL_SECONDS" ]; then
			VM_END=stall
		elif [ "$SECONDS" -ge "$limit" ]; then
			VM_END=$([ -n "$booted" ] && echo timeout || echo noboot)
		fi
		if [ "$VM_END" != ended ]; then
			kill -KILL "$pid" 2>/dev/null || :
			break
		fi
		sleep 0.2
	done
	NS_PID=
	wait "$pid" 2>/dev/null
}

# judge DIR QEMU_STATUS - Say what happened and return the run's status.
judge()
{
	local dir=$1 qemu=$2 status bad

	case $VM_END in
	stall)
		say "the VM STALLED: no sign of life for $STALL_SECONDS s (log: $dir/console.log)"
		return "$STATUS_STALL" ;;
	noboot)
		say "the VM did not boot within $BOOT_SECONDS s (log: $dir/console.log)"
		tail -n 15 "$dir/console.log" >&2 || :
		return "$STATUS_BOOT" ;;
	timeout)
		say "the command did not end within $OPT_TIMEOUT s (logs: $dir)"
		tail -n 15 "$dir/console.log" >&2 || :
		return "$STATUS_TIMEOUT" ;;
	esac
	if [ ! -s "$dir/status" ]; then
		say "the VM ended before the command did; QEMU's status is $qemu (logs: $dir)"
		tail -n 30 "$dir/console.log" "$dir/qemu.err" >&2 2>/dev/null || :
		return "$STATUS_BOOT"
	fi
	status=$(cat "$dir/status")
	if grep -qE "$DMESG_STALL" "$dir/dmesg.log"; then
		say "the VM's CPU STALLED: $(grep -m1 -E "$DMESG_STALL" "$dir/dmesg.log")"
		[ "$status" = 0 ] || return "$STATUS_STALL"
		# A lockup that is a driver's comes again.
		bad=$(scan_dmesg "$dir" "$OPT_DMESG_ALLOW" || :)
		[ -z "$bad" ] || ! is_stall_alone "$dir" "$OPT_DMESG_ALLOW" || return "$STATUS_STALL"
	fi
	bad=$(scan_dmesg "$dir" "$OPT_DMESG_ALLOW" || :)
	if [ -n "$bad" ]; then
		say "the kernel complained (all of it: $dir/dmesg.log):"
		printf '%s\n' "$bad" >&2
		[ "$status" != 0 ] || status=$STATUS_DMESG
	fi
	bad=$(scan_guest_errors "$dir" "$OPT_GUEST_ERROR_ALLOW" || :)
	if [ -n "$bad" ]; then
		say "a driver did what no card allows (all of it: $dir/qemu.log):"
		printf '%s\n' "$bad" >&2
		[ "$status" != 0 ] || status=$STATUS_GUEST_ERROR
	fi
	return "$status"
}

run_options()
{
	OPT_PFS=0 OPT_VFS=8 OPT_CPUS=1 OPT_MEM=1536 OPT_TIMEOUT=300
	OPT_QEMU_ARGS=() OPT_MODEL_PROP='' OPT_TRACE='' OPT_SHELL='' OPT_APPEND=''
	OPT_PF_TYPE=connectx-pf OPT_KERNEL_ROOT='' OPT_DIR='' OPT_DMESG_ALLOW=''
	OPT_HOST='' OPT_LINK='' OPT_SUSPEND='' OPT_ICOUNT='' OPT_GUEST_ERROR_ALLOW=''
	OPT_SECOND_ROOT=''
	while [ $# -gt 0 ]; do
		case $1 in
		--)		shift; break ;;
		--shell)	OPT_SHELL=lab.shell OPT_TIMEOUT=0; shift; continue ;;
		--*)		[ $# -ge 2 ] || die "option $1 needs a value" ;;
		*)		die "'$1' is not an option; the command comes after --" ;;
		esac
		case $1 in
		--pfs)		OPT_PFS=$2 ;;
		--vfs)		OPT_VFS=$2 ;;
		--cpus)		OPT_CPUS=$2 ;;
		--mem)		OPT_MEM=$2 ;;
		--timeout)	OPT_TIMEOUT=$2 ;;
		--kernel-root)	OPT_KERNEL_ROOT=$2 ;;
		--second-root)	OPT_SECOND_ROOT=$2 ;;
		--qemu-arg)	OPT_QEMU_ARGS+=("$2") ;;
		--model-prop)	OPT_MODEL_PROP+=${OPT_MODEL_PROP:+,}$2 ;;
		--pf-type)	OPT_PF_TYPE=$2 ;;
		--trace)	OPT_TRACE=$2 ;;
		--append)	OPT_APPEND+=${OPT_APPEND:+ }$2 ;;
		--dir)		OPT_DIR=$2 ;;
		--dmesg-allow)	OPT_DMESG_ALLOW=$2 ;;
		--guest-error-allow) OPT_GUEST_ERROR_ALLOW=$2 ;;
		--host)		OPT_HOST=$2 ;;
		--link)		OPT_LINK=$2 ;;
		--suspend)	OPT_SUSPEND=$([ "$2" = 0 ] || echo y) ;;
		--icount)	OPT_ICOUNT=$([ "$2" = 0 ] || echo y) ;;
		*)		die "unknown option $1" ;;
		esac
		shift 2
	done
	RUN_COMMAND=("$@")
	case $OPT_LINK:$OPT_HOST in
	:|?*:[01])	;;
	*)		die "--link DIR and --host 0 or 1 go together" ;;
	esac
	[ -n "$OPT_SHELL" ] || [ ${#RUN_COMMAND[@]} -gt 0 ] ||
		die "no command: lab run REL [OPTION...] -- CMD"
}

# prepare_run - Make the run's folder and what the VM reads from it.
prepare_run()
{
	make_cache run
	if [ -n "$OPT_DIR" ]; then
		mkdir -p "$OPT_DIR"
		RUN_DIR=$(realpath "$OPT_DIR")
		rm -f "$RUN_DIR"/{stdin,status,heartbeat,boot-seconds,dmesg.log,console.log,qemu.log}
	else
		RUN_DIR=$(mktemp -d "$LAB_CACHE/run/$LAB_RELEASE-XXXXXX")
	fi
	chmod 777 "$RUN_DIR"
	printf '%q ' "${RUN_COMMAND[@]}" >"$RUN_DIR/command"
	: >"$RUN_DIR/heartbeat"
	printf '%s\n' "${TERM:-dumb}" >"$RUN_DIR/term"
	printf '%s=%q\n' LAB_RELEASE "$L1_RELEASE" LAB_PFS "$OPT_PFS" \
		LAB_VFS "$OPT_VFS" KVER "$L1_KVER" LAB_SLOWNESS "$(slowness "$L1_RELEASE")" \
		LINUX_SRC /usr/src/lab/linux QEMU_SRC /usr/src/lab/qemu \
		QEMU_BUILD /usr/src/lab/qemu-build >"$RUN_DIR/environment"
	[ -z "$OPT_LINK" ] ||
		printf 'LAB_HOST=%q\n' "$OPT_HOST" >>"$RUN_DIR/environment"
	[ -z "$OPT_SECOND_ROOT" ] ||
		printf 'LAB_SECOND_ROOT=%q\n' "$OPT_SECOND_ROOT" >>"$RUN_DIR/environment"
}

# needs_plugin - Is a device type of our own named in the options?
needs_plugin()
{
	if [ "$OPT_PFS" != 0 ] && [ "$OPT_PF_TYPE" = connectx-pf ]; then
		return 0
	fi
	case " ${OPT_QEMU_ARGS[*]}" in
	*[\ ,=]connectx*|*-standin*|*\ snap-*) return 0 ;;
	*) return 1 ;;
	esac
}

# launch QEMU PRELOAD - Run it with QEMU_ARGS and wait; sets VM_END.
launch()
{
	local qemu=0 pid

	# An input that never ends: at its end QEMU would close the port.
	mkfifo "$RUN_DIR/stdin"
	root_exec "$LAB_ROOT" env ${2:+LD_PRELOAD=$2} "$1" "${QEMU_ARGS[@]}" \
		<>"$RUN_DIR/stdin" 2>"$RUN_DIR/qemu.err" &
	pid=$!
	NS_PID=$pid
	watch_vm "$pid" "$RUN_DIR" "$OPT_TIMEOUT" || qemu=$?
	return "$qemu"
}

# run_vm - Boot and wait; RUN_DIR and the options are set.
run_vm()
{
	local preload='' qemu=0

	if needs_plugin; then
		[ -s "$LAB_BUILD/qemu/connectx.so" ] ||
			die "no plug-in built: run 'lab plugin $LAB_RELEASE' first"
		preload=/build/qemu/connectx.so
	fi
	# Only TCG counts instructions
	if [ -n "$OPT_ICOUNT" ]; then
		ACCEL=tcg
	else
		accel_choose
	fi
	boot_arguments "$ACCEL"
	LAB_BINDS=("$L1_ROOT:/mnt" "$L1_BUILD:/srv" "$RUN_DIR:/results"
		${OPT_LINK:+"$OPT_LINK:/run/link"}
		${OPT_SECOND_ROOT:+"$(root_path "$OPT_SECOND_ROOT"):/run/second"})
	if [ -n "$OPT_SHELL" ]; then
		root_run "$LAB_ROOT" env ${preload:+LD_PRELOAD=$preload} \
			qemu-system-x86_64 "${QEMU_ARGS[@]}" || qemu=$?
		VM_END=ended
	else
		launch qemu-system-x86_64 "$preload" || qemu=$?
	fi
	judge "$RUN_DIR" "$qemu"
}

# DEBUG_SLOWNESS - How much longer all takes on the kernel of 13-debug.
DEBUG_SLOWNESS=6

# slowness ROOT - The factor for all times that a machine of that root is given.
slowness()
{
	if [ "$1" = 13-debug ]; then
		echo "$DEBUG_SLOWNESS"
	else
		echo 1
	fi
}

# stretch_times FACTOR - All that a machine is given time for, if it is a slow one.
# What waits inside of it has the factor as LAB_SLOWNESS.
stretch_times()
{
	OPT_TIMEOUT=$((OPT_TIMEOUT * $1))
	BOOT_SECONDS=$((BOOT_SECONDS * $1))
	STALL_SECONDS=$((STALL_SECONDS * $1))
}

cmd_run()
{
	local status=0 release=${1:-}

	need_release "$release"
	shift
	run_options "$@"
	L1_RELEASE=${OPT_KERNEL_ROOT:-$release}
	stretch_times "$(slowness "$L1_RELEASE")"
	enter "$L1_RELEASE"
	L1_ROOT=$LAB_ROOT L1_BUILD=$LAB_BUILD
	L1_KVER=$(cat "$L1_ROOT/usr/src/lab/kver")
	make_initramfs
	[ -z "$OPT_SECOND_ROOT" ] || enter "$OPT_SECOND_ROOT"
	[ "$release" = "$LAB_RELEASE" ] || enter "$release"
	prepare_run
	run_vm || status=$?
	# Logs of a run that went well are of no use to anyone.
	[ "$status" != 0 ] || [ -n "$OPT_DIR" ] || rm -rf "$RUN_DIR"
	return "$status"
}
