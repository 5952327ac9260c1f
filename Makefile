# SPDX-License-Identifier: GPL-2.0-only
#
# Front door. What is built for a Debian release is built and run in the lab
# (tools/testing/lab), which the first target that needs it sets up.

LAB     := tools/testing/lab/lab
REL     ?= 13
KVER    ?= $(shell uname -r)
KDIR    ?= /lib/modules/$(KVER)/build
# Pages of BTF are not made for modules built outside of the kernel's tree.
KBUILD   = $(MAKE) -C $(KDIR) M=$(CURDIR) CONFIG_DEBUG_INFO_BTF_MODULES=

.DEFAULT_GOAL := help
.PHONY: help demo demo-hosts check style static unit model vm shell fuzz soak lab modules \
	modules_install tools tools_install deb html intree measure bench need-headers clean distclean

help:
	@echo 'Development, on any Debian machine, with no card (see README.md):'
	@echo '  make demo       live-migrate a guest with an emulated ConnectX VF, stock QEMU'
	@echo '  make demo-hosts the same between two hosts with a card each, over the network'
	@echo '  make check      all tests below; last line "N passed, N failed"'
	@echo '  make style      form of the source: SPDX, checkpatch, shellcheck, spelling'
	@echo '  make static     build for Debian 13, 12, 13-backports, also arm64, ppc64el, as far'
	@echo '                  as the mirror has them (else skipped, with the reason); sparse'
	@echo '  make unit       user-space tests of parsers and tables, with sanitizers'
	@echo '  make model      tests of the device model, no guest'
	@echo '  make vm         tests in virtual machines; TESTS="name..." for some'
	@echo '  make shell      a shell in the test machine; REL=13, ARGS="--pfs 1"'
	@echo '  make fuzz       a hostile guest of the model, with sanitizers; SECONDS=600'
	@echo '  make soak       that and the VM tests that take minutes; COUNT=20 then repeats the others'
	@echo '  make lab        only set up the lab (3 minutes, 400 MB; kept in the cache)'
	@echo '  make html       the guides as HTML pages, in html/; a warning is an error'
	@echo '  make measure    what loads per way of binding, into Documentation/'
	@echo '  make bench      what migration costs with our driver and upstream'\''s, into'
	@echo '                  Documentation/ (40 minutes); ARGS="--only 100-on", ARGS=--profile for'
	@echo '                  where the time goes, ARGS=--wall by the clock on the wall'
	@echo 'On a real host:'
	@echo '  make deb              Debian packages for apt, in debs/; for another release than'
	@echo '                        this machine'\''s: DEB_REL=12. They are built in the lab'
	@echo '  make modules          build for the running kernel; KVER=... for another'
	@echo '  make modules_install  install into updates/ of that kernel, and run depmod'
	@echo '  make tools            build vfioctl of tools/vfio'
	@echo '  make tools_install    install it with its udev rule; DESTDIR=, PREFIX=/usr'
	@echo '  make intree KSRC=DIR  put the modules into a kernel source, to be configured there'
	@echo 'Cleaning:'
	@echo '  make clean      remove what was built'
	@echo '  make distclean  remove the lab and its cache as well'

demo:
	@tools/testing/lab/demo/demo $(ARGS)

demo-hosts:
	@tools/testing/lab/demo/demo --hosts $(ARGS)

check:
	@scripts/check

style static unit model:
	@scripts/check $@

vm:
	@TESTS='$(TESTS)' scripts/check $@

fuzz:
	@scripts/fuzz $(SECONDS)

soak:
	@TESTS='$(TESTS)' scripts/soak $(COUNT)

shell:
	@$(LAB) modules $(REL) && $(LAB) plugin $(REL)
	@$(LAB) shell $(REL) $(or $(ARGS),--pfs 1)

lab:
	@$(LAB) build $(REL)

need-headers:
	@[ -e '$(KDIR)/Makefile' ] || { \
		echo 'no headers of kernel $(KVER): apt-get install linux-headers-$(KVER)' >&2; \
		exit 1; }

modules: need-headers
	@$(KBUILD) modules

modules_install: modules
	@$(KBUILD) INSTALL_MOD_DIR=updates modules_install
	@depmod $(KVER)

tools:
	@$(MAKE) -C tools/vfio

tools_install: tools
	@$(MAKE) -C tools/vfio install $(if $(DESTDIR),DESTDIR='$(DESTDIR)') \
		$(if $(PREFIX),PREFIX='$(PREFIX)')

# What builds them is installed in the lab alone
DEB_REL ?= $(or $(filter 12 13,$(shell . /etc/os-release && echo $$VERSION_ID)),13)

deb:
	@debs=$$($(LAB) debs $(DEB_REL)) && mkdir -p debs && rm -f debs/*.deb && \
		cp $$(echo "$$debs" | grep -v dbgsym) debs/ && ls debs/*.deb

html:
	@made=$$($(LAB) html) && rm -rf html && cp -r "$$made" html && echo html/index.html

intree:
	@scripts/intree '$(KSRC)'

measure:
	@scripts/measure-loading

bench:
	@scripts/bench $(ARGS)

clean:
	@$(LAB) clean
	@rm -rf debs html
	@[ ! -e '$(KDIR)/Makefile' ] || $(KBUILD) -s clean

distclean: clean
	@$(LAB) distclean
