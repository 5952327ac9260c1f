# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Other architectures: our modules built by cross compilers against Debian's
# headers, and a machine that runs them. The machine is small: busybox and the
# modules in an initramfs, no root file system.

# arch_enter ARCH REL - As enter does for a release.
arch_enter()
{
	need_arch "${1:-}"
	is_release "${2:-}" || die "unknown release '${2:-}': use one of $LAB_RELEASES"
	is_arch_root "$1-$2" || die "there is no kernel of release $2 for $1 in the lab"
	enter "$1-$2"
	ARCH=$1
	LAB_RELEASE=$2
	ARCH_KVER=$(cat "$LAB_ROOT/usr/src/lab/kver")
	case $1 in
	arm64)		ARCH_TRIPLE=aarch64-linux-gnu ARCH_KERNEL=arm64 ;;
	ppc64el)	ARCH_TRIPLE=powerpc64le-linux-gnu ARCH_KERNEL=powerpc ;;
	esac
}

# in_arch SCRIPT - As in_lab, with the variables of the architecture.
in_arch()
{
	root_run "$LAB_ROOT" env ARCH_NAME="$ARCH" \
		KDIR="/usr/src/linux-headers-$ARCH_KVER" \
		TRIPLE="$ARCH_TRIPLE" ARCH_KERNEL="$ARCH_KERNEL" sh -euc "$1"
}

# arch_modules - Build for the architecture that was entered. arm64 gets the
# stock platform driver too, which Debian does not build.
arch_modules()
{
	build_lock
	in_arch "$COPY_SOURCE"'
	kbuild="make -s -j2 -C $KDIR ARCH=$ARCH_KERNEL CROSS_COMPILE=$TRIPLE-
		CC=$TRIPLE-gcc CONFIG_DEBUG_INFO_BTF_MODULES="
	set --
	if [ "$ARCH_NAME" = arm64 ]; then
		mkdir -p /build/vfio-platform
		rsync -rlpc "$LINUX_SRC/drivers/vfio/platform/" \
			/build/vfio-platform/
		$kbuild M=/build/vfio-platform CONFIG_VFIO_PLATFORM=m \
			CONFIG_VFIO_PLATFORM_BASE=m modules
		set -- VFIO_PLATFORM_SRC=/build/vfio-platform \
			KBUILD_EXTRA_SYMBOLS=/build/vfio-platform/Module.symvers
	fi
	$kbuild M=/build/kernel VFIO_MLX5_TESTS=y "$@" W=1 KCFLAGS=-Werror modules
	rm -rf /build/modules.new
	mkdir /build/modules.new
	find /build/kernel /build/vfio-platform -name "*.ko" \
		-exec cp -p {} /build/modules.new/ \; 2>/dev/null || :
	rsync -a --checksum --delete /build/modules.new/ /build/modules/
	rm -r /build/modules.new
	ls /build/modules/*.ko'
	arch_programs
	arch_initramfs
	unlock
}

# arch_programs - Test programs, static, where the architecture has some. The
# harness is in the root of release 13 only.
arch_programs()
{
	local LAB_BINDS

	build_root 13
	LAB_BINDS=("$(root_path 13)/usr/src/lab/linux/tools/testing/selftests:/run/kselftest")
	in_arch '
	case $ARCH_NAME in
	arm64) dir=platform ;;
	ppc64el) dir=nvlink2 ;;
	esac
	dir=/src/tools/testing/selftests/vfio/$dir
	[ -e $dir/Makefile ] || exit 0
	mkdir -p /build/selftests
	make -s -C $dir CC="$TRIPLE-gcc" O=/build/selftests \
		KSELFTEST_INC=/run/kselftest LDFLAGS=-static'
}

# arch_initramfs - Stock modules and ours with one index. Made anew when a
# module or the init changed.
arch_initramfs()
{
	in_arch '
	stamp=$(sha256sum /build/modules/*.ko /src/tools/testing/lab/arch/init)
	[ "$(cat /build/boot/stamp 2>/dev/null)" != "$stamp" ] || exit 0
	i=/tmp/i
	m=$i/lib/modules/$KVER
	rm -rf /build/boot
	mkdir -p /build/boot $m/updates $i/bin
	cp /usr/src/lab/busybox $i/bin/
	cp /src/tools/testing/lab/arch/init $i/init
	chmod 755 $i/init $i/bin/busybox
	cp -r /lib/modules/$KVER/kernel /lib/modules/$KVER/modules.* $m/
	cp /build/modules/*.ko $m/updates/
	find $m/updates -name "*.ko" -exec "$TRIPLE-strip" -g {} +
	depmod -b $i "$KVER"
	cd $i
	find . | cpio --quiet -o -H newc >/build/boot/initramfs
	cp /usr/src/lab/vmlinuz /build/boot/vmlinux
	echo "$stamp" >/build/boot/stamp'
}

# arch_arguments - Fills QEMU_ARGS and QEMU from the options of "lab arch-run".
arch_arguments()
{
	local console

	QEMU_ARGS=(-nodefaults -no-user-config -no-reboot -display none
		-name "lab-$ARCH-$LAB_RELEASE" -smp "$OPT_CPUS" -m "$OPT_MEM"
		-kernel /srv/boot/vmlinux -initrd /srv/boot/initramfs
		-serial file:/results/console.log)
	case $ARCH in
	arm64)
		# Without pointer authentication, which is slow to emulate.
		QEMU=qemu-system-aarch64 console=ttyAMA0
		QEMU_ARGS+=(-machine virt,gic-version=3,iommu=smmuv3,accel=tcg
			-cpu cortex-a72) ;;
	ppc64el)
		# On a busy machine a CPU may stand still for longer than it bears.
		QEMU=qemu-system-ppc64 console="hvc0 nowatchdog"
		QEMU_ARGS+=(-machine pseries,accel=tcg -cpu power9) ;;
	esac
	QEMU_ARGS+=(-append "console=$console quiet loglevel=5 panic=-1 $OPT_APPEND"
		-device virtio-serial-pci
		-chardev "stdio,id=out,signal=off"
		-device "virtserialport,chardev=out,name=lab.out")
	monitor_port
	share src /src on
	share build /srv on
	share results /results off
	log_arguments
	QEMU_ARGS+=("${OPT_QEMU_ARGS[@]}")
}

# arch_device_tree - QEMU's own tree of this machine, with what tests need
# changed in it by a script.
arch_device_tree()
{
	[ -e "$LAB_DIR/arch/$ARCH-dtb" ] || return 0
	if ! root_run "$LAB_ROOT" env ${PRELOAD:+LD_PRELOAD=$PRELOAD} "$QEMU" \
		"${QEMU_ARGS[@]}" -machine dumpdtb=/results/qemu.dtb \
		>"$RUN_DIR/dtb.log" 2>&1 </dev/null ||
	   ! root_run "$LAB_ROOT" sh "/src/tools/testing/lab/arch/$ARCH-dtb" \
		/results/qemu.dtb /results/machine.dtb >>"$RUN_DIR/dtb.log" 2>&1; then
		die "no device tree: $(tail -n 1 "$RUN_DIR/dtb.log")"
	fi
	QEMU_ARGS+=(-dtb /results/machine.dtb)
}

# arch_plugin - The model is built by release 13; its QEMU must be this one.
arch_plugin()
{
	local build=${VFIO_MLX5_BUILD:-$LAB_CACHE/build}/13/qemu version have package

	PRELOAD=
	needs_plugin || return 0
	[ -s "$build/connectx.so" ] ||
		die "no plug-in built: run 'lab plugin 13' first"
	have=$(cat "$(root_path 13)/usr/src/lab/qemu-build/version")
	case $ARCH in
	arm64)		package='qemu-system-arm' ;;
	ppc64el)	package='qemu-system-ppc' ;;
	esac
	version=$(sed -n "/^Package: $package\$/,/^\$/s/^Version: //p" \
		"$LAB_ROOT/var/lib/dpkg/status")
	[ "$have" = "$version" ] ||
		die "the plug-in is for QEMU $have, the one for $ARCH is $version: remove $LAB_CACHE/roots/$ARCH-* and try again"
	LAB_BINDS+=("$build:/run/plugin")
	PRELOAD=/run/plugin/connectx.so
}

cmd_arch_modules()
{
	arch_enter "${1:-}" "${2:-13}"
	arch_modules
}

cmd_arch_run()
{
	local arch=${1:-} status=0 qemu=0

	need_arch "$arch"
	shift
	run_options "$@"
	[ -z "$OPT_SHELL" ] || die "there is no shell on other architectures"
	arch_enter "$arch" "${OPT_KERNEL_ROOT:-13}"
	[ -s "$LAB_BUILD/boot/stamp" ] ||
		die "nothing built: run 'lab arch-modules $arch $LAB_RELEASE' first"
	L1_RELEASE=$LAB_RELEASE L1_KVER=$ARCH_KVER
	prepare_run
	LAB_BINDS=("$LAB_BUILD:/srv" "$RUN_DIR:/results")
	arch_plugin
	arch_arguments
	arch_device_tree
	launch "$QEMU" "$PRELOAD" || qemu=$?
	judge "$RUN_DIR" "$qemu" || status=$?
	[ "$status" != 0 ] || [ -n "$OPT_DIR" ] || rm -rf "$RUN_DIR"
	return "$status"
}
