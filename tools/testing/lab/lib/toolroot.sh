# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Roots with one tool that no test in a virtual machine needs, made when it is asked
# for: "docs-REL" has what makes HTML of the guides. Their packages are in packages/,
# and they are made as those of debroot.sh.

is_tool_root()
{
	case $1 in
	docs-*)	is_release "${1#*-}" ;;
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
