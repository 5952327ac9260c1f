# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Which accelerator QEMU is given. /dev/kvm may exist and still not run a
# stock kernel, so it is tried: the kernel must reach user space in it.

ACCEL_TRIAL_SECONDS=15

# kvm_trial - One short boot, its console on stdout, ended by a timeout.
kvm_trial()
{
	root_run "$LAB_ROOT" timeout -k 1 "$ACCEL_TRIAL_SECONDS" \
		qemu-system-x86_64 -nodefaults -no-user-config -no-reboot \
		-display none -machine q35,accel=kvm -cpu host -m 512 \
		-kernel "/boot/vmlinuz-$(cat "$LAB_ROOT/usr/src/lab/kver")" \
		-initrd "/build/boot/initramfs" -serial stdio \
		-append "console=ttyS0 panic=-1 lab.trial" 2>&1 </dev/null || :
}

# accel_choose - Prints kvm or tcg. The answer holds until the next boot of
# this machine, kept in the cache under the kernel's boot id.
accel_choose()
{
	local file answer=tcg

	if [ -n "${LAB_ACCEL:-}" ]; then
		echo "$LAB_ACCEL"
		return
	fi
	make_cache run
	file=$LAB_CACHE/run/accel-$(cat /proc/sys/kernel/random/boot_id)
	if [ ! -s "$file" ]; then
		if [ -r /dev/kvm ] && [ -w /dev/kvm ] &&
		   grep -q 'lab-marker: user space' <<<"$(kvm_trial)"; then
			answer=kvm
		fi
		rm -f "$LAB_CACHE"/run/accel-*
		echo "$answer" >"$file.$$"
		mv "$file.$$" "$file"
		say "KVM $([ "$answer" = kvm ] && echo "runs the kernel: used" || echo "does not run the kernel: using TCG")"
	fi
	cat "$file"
}
