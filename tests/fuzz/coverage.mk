# coverage.mk: the fuzz targets below OUT with agent/wire compiled so that gcov counts its lines, for tests/fuzz/coverage.t.
VARIANT := glibc-san
include packaging/toolchain.mk
MAKEFLAGS += --no-print-directory --no-builtin-rules

OUT     ?= build/fuzz-coverage
FLAGS   := -std=c11 -D_POSIX_C_SOURCE=200809L -pipe -I. $(DEPS_INCLUDES) $(DEPS_FLAGS) -MMD -MP
NAMES   := $(notdir $(wildcard tests/fuzz/corpus/*))
C_wire  := $(wildcard agent/wire/*.c)
C_rest  := $(wildcard agent/base/*.c agent/core/*.c platform/*.c) agent/cmd/args.c agent/cmd/say.c agent/run/serve.c agent/run/acts.c \
           $(addprefix agent/gate/,gate_permit.c gate_granted.c) \
           $(addprefix tests/fuzz/,$(addsuffix .c,fuzz_broken fuzz_input fuzz_event fuzz_views))
C_fuzz  := $(NAMES:%=tests/fuzz/fuzz_%.c) tests/fuzz/fuzz_main.c
object   = $(patsubst %.c,$(OUT)/%.o,$1)
-include $(patsubst %.c,$(OUT)/%.d,$(C_wire) $(C_rest) $(C_fuzz))

all: $(NAMES:%=$(OUT)/%)
.PHONY: all
$(call object,$(C_wire)): HOW = --coverage
$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) -O0 $(HOW) -c -o $@ $<
$(OUT)/libfuzzed.a: $(call object,$(C_wire) $(C_rest))
	$(Q)rm -f $@ && $(AR) rcsD $@ $^
$(NAMES:%=$(OUT)/%): $(OUT)/%: $(OUT)/tests/fuzz/fuzz_%.o $(OUT)/tests/fuzz/fuzz_main.o $(OUT)/libfuzzed.a
	$(Q)$(CC) --coverage -o $@ $^ $(addprefix $(DEPS)/lib,curl.a mbedtls.a cjson.a inih.a) -lm -lpthread
