# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Which accelerator QEMU is given. /dev/kvm may exist and still not run a
# stock kernel, so it is tried: the kernel must reach user space in it.

ACCEL_TRIAL_SECONDS=15

# kvm_trial LOG - One short boot, its console in LOG; ends by itself or by
# the timeout. True when the kernel reached user space.
kvm_trial()
{
	[ -r /dev/kvm ] && [ -w /dev/kvm ] || return 1
	LAB_BINDS=("$L1_BUILD:/srv")
	root_run "$LAB_ROOT" timeout -k 1 "$ACCEL_TRIAL_SECONDS" \
		qemu-system-x86_64 -nodefaults -no-user-config -no-reboot \
		-display none -machine q35,accel=kvm -cpu host -m 512 \
		-kernel /srv/boot/vmlinux -initrd /srv/boot/initramfs \
		-serial stdio -append "console=ttyS0 panic=-1 lab.trial" \
		>"$1" 2>&1 </dev/null || :
	grep -q 'lab-marker: user space' "$1"
}

# accel_choose - Sets ACCEL to kvm or tcg. The answer holds until this machine
# boots again, kept in the cache under the machine's boot id.
accel_choose()
{
	local file

	ACCEL=${LAB_ACCEL:-}
	[ -z "$ACCEL" ] || return 0
	make_cache run
	file=$LAB_CACHE/run/accel-$(cat /proc/sys/kernel/random/boot_id)
	if [ ! -s "$file" ]; then
		rm -f "$LAB_CACHE"/run/accel-*
		if kvm_trial "$file.log.$$"; then
			ACCEL=kvm
			say "KVM runs the kernel: used"
		else
			ACCEL=tcg
			say "KVM does not run the kernel here: using TCG"
		fi
		rm -f "$file.log.$$"
		echo "$ACCEL" >"$file.$$"
		mv "$file.$$" "$file"
	fi
	ACCEL=$(cat "$file")
}
