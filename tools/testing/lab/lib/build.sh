# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Building modules, the device model's plug-in and tests inside a root. The
# source at /src is read-only there: what is built goes to /build, a folder of
# the cache kept per release.

# build_lock - One builder per build folder.
build_lock()
{
	lock "$LAB_BUILD/.lock" "building for release $LAB_RELEASE"
}

# in_lab SCRIPT - Run a shell script of ours in the root, with V=1 verbosely.
in_lab()
{
	root_run "$LAB_ROOT" sh -euc "$1"
}

# COPY_SOURCE - Kbuild writes beside the source, so a copy is built. Only
# files of other content are copied, whatever their date, and files gone from
# the source are removed: make's work is small even in a fresh clone.
# shellcheck disable=SC2016 # for the shell in the root
COPY_SOURCE='
	mkdir -p /build/kernel /build/modules
	rsync -rlpc --delete --exclude="*.o" --exclude=".*.cmd" --exclude="*.ko" \
		--exclude="*.mod" --exclude="*.mod.c" --exclude=Module.symvers \
		--exclude=modules.order --include=/Kbuild --include="/include/***" \
		--include="/drivers/***" --include="/compat/***" \
		--include="/samples/***" --include=/tools/ --include=/tools/testing/ \
		--include="/tools/testing/modules/***" --exclude="*" /src/ /build/kernel/'

# build_modules - W=1 with warnings as errors is the rule here.
build_modules()
{
	build_lock
	in_lab "$COPY_SOURCE"'
	make -s -j2 -C "$KDIR" M=/build/kernel CONFIG_DEBUG_INFO_BTF_MODULES= \
		VFIO_MLX5_TESTS=y W=1 KCFLAGS=-Werror modules
	for m in $(find /build/kernel -name "*.ko"); do
		cmp -s "$m" "/build/modules/${m##*/}" || cp -p "$m" /build/modules/
	done
	for m in /build/modules/*.ko; do
		find /build/kernel -name "${m##*/}" | grep -q . || rm "$m"
	done
	ls /build/modules/*.ko'
	update_depmod
	unlock
}

# build_upstream - Upstream's driver for mlx5, from the kernel's own source and
# unchanged but for its name, as a machine is to have ours beside it. L1's
# module index does not know it: nothing is to choose between the two.
build_upstream()
{
	build_lock
	in_lab '
	src=/build/upstream/src
	mkdir -p $src
	cp -p "$LINUX_SRC/drivers/vfio/pci/mlx5"/*.[ch] $src/
	printf "%s\n" "obj-m := upstream_mlx5_vfio_pci.o" \
		"upstream_mlx5_vfio_pci-y := main.o cmd.o" >$src/Kbuild
	make -s -j2 -C "$KDIR" M=$src CONFIG_DEBUG_INFO_BTF_MODULES= modules
	cp -p $src/upstream_mlx5_vfio_pci.ko /build/upstream/'
	unlock
}

# update_depmod - The module index that L1 gets, with our modules in updates/.
# Made outside the VM, where it takes seconds instead of a minute.
update_depmod()
{
	in_lab '
	stamp=$(sha256sum /build/modules/*.ko)
	[ "$(cat /build/depmod/stamp 2>/dev/null)" != "$stamp" ] || exit 0
	d=/build/depmod/lib/modules/$KVER
	rm -rf /build/depmod
	mkdir -p "$d/updates"
	cp /build/modules/*.ko "$d/updates/"
	cp "/lib/modules/$KVER"/modules.order "/lib/modules/$KVER"/modules.builtin* "$d/"
	ln -s "/lib/modules/$KVER/kernel" "$d/kernel"
	depmod -b /build/depmod -a "$KVER"
	echo "$stamp" >/build/depmod/stamp'
}

build_plugin()
{
	[ ! -e "$LAB_ROOT/usr/src/lab/qemu-build/missing" ] ||
		die "release $LAB_RELEASE: no plug-in, $(cat "$LAB_ROOT/usr/src/lab/qemu-build/missing")"
	build_lock
	in_lab '
	mkdir -p /build/qemu
	make -C /src/qemu -j2 O=/build/qemu'
	unlock
}

# SELFTESTS_RELEASE - Its uAPI headers know all that the tests ask for; what it
# builds is static and so runs in the others.
SELFTESTS_RELEASE=13

# hand_over BUILD OUT - What has been built here to another release's folder.
hand_over()
{
	[ "$1" != "$LAB_BUILD" ] || return 0
	rm -rf "${1:?}/$2"
	cp -a "$LAB_BUILD/$2" "$1/$2"
}

# build_selftests - For REL, which has been entered.
build_selftests()
{
	local rel=$LAB_RELEASE build=$LAB_BUILD

	if [ "$rel" != "$SELFTESTS_RELEASE" ]; then
		enter "$SELFTESTS_RELEASE"
	fi
	build_lock
	in_lab '
	mkdir -p /build/selftests
	make -C /src/tools/testing/selftests/vfio/mlx5 -j2 \
		O=/build/selftests LDFLAGS=-static'
	hand_over "$build" selftests
	unlock
}

# build_guest rdma|'' - The small guest of the migration tests and the demo, where the
# release has one; or in /build/demo-rdma the one that has RDMA, with tools of $RDMA_ROOT.
# What runs in it is the release's kernel, whatever the host's.
build_guest()
{
	local rel=$LAB_RELEASE build=$LAB_BUILD out=demo${1:+-$1}

	[ -z "${1:-}" ] || enter "$RDMA_ROOT"
	enter "$rel"
	! is_kernel_root "$rel" || enter "${rel%-*}"
	[ -z "${1:-}" ] || LAB_BINDS=("$(root_path "$RDMA_ROOT"):/run/rdma")
	build_lock
	in_lab "
	[ -x /src/tools/testing/lab/demo/guest/build ] || exit 0
	mkdir -p /build/$out
	/src/tools/testing/lab/demo/guest/build /build/$out ${1:+/run/rdma}"
	LAB_BINDS=()
	hand_over "$build" "$out"
	unlock
}

# build_saved_guest - The same guest, up and saved by libvirt, as booting one
# in L1 takes minutes.
build_saved_guest()
{
	local build=$LAB_BUILD

	build_guest ''
	build_lock
	in_lab '/src/tools/testing/lab/libvirt/save /build/demo /build/libvirt'
	hand_over "$build" libvirt
	unlock
}

# build_tools - The user-space helper, to be run in the release's L1.
build_tools()
{
	[ -e "$LAB_TOP/tools/vfio/Makefile" ] || return 0
	build_lock
	in_lab '
	mkdir -p /build/tools
	make -C /src/tools/vfio -j2 O=/build/tools'
	unlock
}

# clean_builds - Remove what was built, for all releases; roots stay.
clean_builds()
{
	remove_tree "${VFIO_MLX5_BUILD:-$LAB_CACHE/build}"
	remove_tree "$LAB_CACHE/check"
	remove_tree "$LAB_CACHE/run"
}

# dist_clean - Remove the whole cache: our folders in it, then itself if empty.
dist_clean()
{
	local d

	clean_builds
	for d in roots log; do
		remove_tree "$LAB_CACHE/$d"
	done
	rm -f "$LAB_CACHE/install.log"
	rmdir "$LAB_CACHE" 2>/dev/null || :
}
