# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2207
# Completion of vfioctl for bash: commands, options, and the addresses that fit.

_vfioctl()
{
	local word=${COMP_WORDS[COMP_CWORD]} options

	if [ "$COMP_CWORD" = 1 ]; then
		COMPREPLY=($(compgen -W "list why who enable attach detach heal persist report compat plan watch save load selftest qemu-args libvirt-xml --help" -- "$word"))
		return
	fi
	case ${COMP_WORDS[1]} in
	list)		options="--all --json --help" ;;
	why|who)	options="--json --help" ;;
	enable|heal)	options="--json --verbose --help" ;;
	attach)		options="--group --fallback --dry-run --json --verbose --help" ;;
	detach)		options="--group --dry-run --json --verbose --help" ;;
	persist)	options="--remove --help" ;;
	report)		options="--size --help" ;;
	compat)		options="--json --help" ;;
	plan)		options="--memory --bandwidth --dirty-rate --state --state-dirty-rate --limit --vfs --json --help" ;;
	watch)		options="--interval --wait --json --help" ;;
	save|load)	options="--json --help" ;;
	selftest)	options="--programs --output --seconds --test --list --json --help" ;;
	qemu-args|libvirt-xml) options="--version --help" ;;
	*)		return ;;
	esac
	case $word in
	-*)		COMPREPLY=($(compgen -W "$options" -- "$word")); return ;;
	esac
	case ${COMP_WORDS[1]}:$COMP_CWORD in
	list:*)		return ;;
	save:3|load:3|compat:*|plan:*)	COMPREPLY=($(compgen -f -- "$word")); return ;;
	esac
	COMPREPLY=($(compgen -W "$(vfioctl list 2>/dev/null | sed -n '2,$s/ .*//p')" -- "$word"))
}

# Addresses have colons, at which readline cuts words.
COMP_WORDBREAKS=${COMP_WORDBREAKS//:}
complete -F _vfioctl vfioctl
