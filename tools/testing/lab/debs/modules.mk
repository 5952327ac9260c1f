# SPDX-License-Identifier: GPL-2.0-only
# The modules that the tree's Kbuild makes on x86, one per line.
srctree := /nowhere
src := /src
CONFIG_X86 := y
obj-m :=
include /src/Kbuild
folders := $(obj-m)
obj-m :=
include $(patsubst %/,/src/%/Makefile,$(folders))
all:
	@printf '%s\n' $(basename $(obj-m))
