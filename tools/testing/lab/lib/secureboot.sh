# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A machine with Secure Boot, of Debian's signed shim, GRUB and kernel, with the modules
# that DKMS has built and signed when apt installed our packages. The machines of
# the other tests have their kernel from QEMU, without firmware.

SECUREBOOT_ROOT=secureboot-13

# secureboot - Whether modules are refused before DKMS's key is enrolled by mokutil
# and MokManager, and loaded after it.
secureboot()
{
	local installed

	build_installed 13 >/dev/null
	installed=$(root_path installed-13)
	enter "$SECUREBOOT_ROOT"
	build_lock
	LAB_BINDS=("$installed:/mnt")
	in_lab '
	rm -rf /build/disk
	mkdir -p /build/disk
	/src/tools/testing/lab/secureboot/image /mnt /build/disk
	/src/tools/testing/lab/secureboot/enroll /build/disk'
	unlock
}
