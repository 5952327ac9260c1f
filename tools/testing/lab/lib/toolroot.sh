# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Roots with one tool that a release's root is not burdened with, made when it is asked
# for: "docs-REL" has what makes HTML of the guides, "intree-REL" a kernel's whole
# source, "rdma-REL" the users of RDMA, which a test mounts beside the root that it
# boots (second-root=), "secureboot-REL" firmware (secureboot.sh). Their packages are
# in packages/, and they are made as those of debroot.sh.

is_tool_root()
{
	case $1 in
	docs-*|intree-*|rdma-*|secureboot-*)	is_release "${1#*-}" ;;
	*)	return 1 ;;
	esac
}

# DOCS_ROOT - Sphinx of one release is enough, whatever the guides are about.
DOCS_ROOT=docs-13

# build_html - The guides, into /build/html of that root. A warning is an error.
build_html()
{
	enter "$DOCS_ROOT"
	build_lock
	in_lab '/src/scripts/html /build/html'
	unlock
	printf '%s\n' "$LAB_BUILD/html"
}

# RDMA_ROOT - Of whose tools a guest with RDMA is made.
# shellcheck disable=SC2034 # for build.sh
RDMA_ROOT=rdma-13

# INTREE_ROOT - The newest kernel is the one that sources would be sent for.
INTREE_ROOT=intree-13-backports

# UNPACK_KERNEL - Its source in /build/linux, but for what no file of ours and no
# Kconfig needs, configured as Debian's.
# shellcheck disable=SC2016 # for the shell in the root
UNPACK_KERNEL='
	source=$(echo /usr/src/linux-source-*.tar.xz)
	rm -rf /build/linux
	mkdir -p /build/linux
	tar -C /build/linux --strip-components=1 --wildcards \
		--exclude="*/drivers/gpu/*.[ch]" --exclude="*/sound/*.[ch]" \
		--exclude="*/drivers/media/*.[ch]" --exclude="*/drivers/staging/*.[ch]" \
		--exclude="*/Documentation/*.rst" --exclude="*/Documentation/devicetree" \
		--exclude="*/tools/testing" --exclude="*/tools/perf" \
		--exclude="*/arch/[!x]*/boot" --exclude="*/fs/*.c" -xf "$source"
	cp /usr/src/linux-headers-*-amd64/.config /build/linux/.config'

# build_intree - The modules inside of a kernel's source, by its own Makefiles.
# Objects alone: to link them takes all of the kernel.
build_intree()
{
	enter "$INTREE_ROOT"
	build_lock
	in_lab "$UNPACK_KERNEL"'
	/src/scripts/intree /build/linux
	cd /build/linux
	scripts/config -m MLX5_VFIO_PCI -m DRIVER_FLAVOUR -m IGD_VFIO_PCI \
		-e COMPILE_TEST -m NVLINK2_VFIO_PCI \
		-d DEBUG_INFO_BTF -e DEBUG_INFO_NONE -d MODULE_SIG -d SYSTEM_TRUSTED_KEYRING
	make -s olddefconfig
	for symbol in MLX5_VFIO_PCI VFIO_PCI_VARIANT MLX5_VHCA DRIVER_FLAVOUR IGD_VFIO_PCI \
		NVLINK2_VFIO_PCI; do
		grep -x "CONFIG_$symbol=m" .config
	done
	make -s -j2 modules_prepare
	core=drivers/net/ethernet/mellanox/mlx5/core
	make -s -j2 W=1 KCFLAGS=-Werror drivers/base/flavour/ drivers/vfio/pci/core/ \
		drivers/vfio/pci/mlx5/ drivers/vfio/pci/igd/ drivers/vfio/pci/nvlink2/ \
		$(ls $core/vhca*.c | sed "s/c$/o/")
	ls drivers/base/flavour/driver_flavour.o drivers/vfio/pci/*/*_vfio_pci.o \
		drivers/vfio/pci/core/vfio_pci_variant.o $core/vhca.o'
	unlock
}
