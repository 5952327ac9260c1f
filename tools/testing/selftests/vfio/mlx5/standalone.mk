# SPDX-License-Identifier: GPL-2.0-only
#
# The few things of selftests/lib.mk that are needed where there is no kernel
# tree around: output folder, the program rule, all and clean.

O ?= $(CURDIR)
OUTPUT := $(abspath $(O))
CC ?= gcc
CFLAGS += -D_GNU_SOURCE= $(USERCFLAGS)
LDFLAGS += $(USERLDFLAGS)

TEST_GEN_PROGS := $(addprefix $(OUTPUT)/,$(TEST_GEN_PROGS))
TEST_GEN_PROGS_EXTENDED := $(addprefix $(OUTPUT)/,$(TEST_GEN_PROGS_EXTENDED))

.PHONY: all clean
all: $(TEST_GEN_PROGS) $(TEST_GEN_PROGS_EXTENDED)

ifeq ($(filter clean,$(MAKECMDGOALS)),)
ifeq ($(wildcard $(KSELFTEST_INC)/kselftest_harness.h),)
$(error no kselftest_harness.h in '$(KSELFTEST_INC)': give KSELFTEST_INC=DIR, it is tools/testing/selftests of a kernel source (Debian: linux-source-6.12))
endif
endif

$(OUTPUT)/%: %.c $(LOCAL_HDRS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(CPPFLAGS) $(LDFLAGS) \
		$(filter-out $(LOCAL_HDRS),$^) $(LDLIBS) -o $@

clean:
	rm -rf $(TEST_GEN_PROGS) $(TEST_GEN_PROGS_EXTENDED) $(EXTRA_CLEAN)
