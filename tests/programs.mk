# programs.mk: the programs that test agent/core, below OUT, with the core compiled by CORE_FLAGS: for make coverage and make
# mutants. MUTANT=DIR links them below DIR with the one object of the core that lies there, compiled from a changed file.
VARIANT := glibc-san
include packaging/toolchain.mk
MAKEFLAGS += --no-print-directory --no-builtin-rules

OUT        ?= build/programs
CORE_FLAGS ?= -O1
LINK_FLAGS ?=
BIN        := $(if $(MUTANT),$(MUTANT),$(OUT))
FLAGS      := -std=c11 -D_POSIX_C_SOURCE=200809L -pipe -I. $(DEPS_INCLUDES) $(DEPS_FLAGS) -MMD -MP

C_core  := $(wildcard agent/core/*.c)
C_rest  := $(wildcard agent/base/*.c agent/wire/*.c) agent/run/journal.c agent/run/kept.c
# whatever drives the core itself
UNITS   := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/t_core*.c tests/unit/t_advice.c tests/unit/t_view.c))
STORIES := $(patsubst tests/story/%.c,%,$(wildcard tests/story/t_*.c))
C_world := $(filter-out $(STORIES:%=tests/story/%.c),$(wildcard tests/story/*.c))
C_swarm := $(wildcard tests/swarm/*.c)
C_crash := $(wildcard tests/crash/*.c)
C_fuzz  := $(addprefix tests/fuzz/,fuzz_core.c fuzz_broken.c fuzz_input.c fuzz_views.c fuzz_main.c)
NAMES   := $(UNITS) $(STORIES) swarm crash fuzz_core

all: $(NAMES:%=$(BIN)/%)
names:
	@echo $(NAMES)
.PHONY: all names

object = $(patsubst %.c,$(OUT)/%.o,$1)
ALL_C := $(C_core) $(C_rest) $(UNITS:%=tests/unit/%.c) $(STORIES:%=tests/story/%.c) $(C_world) $(C_swarm) $(C_crash) $(C_fuzz)
-include $(patsubst %.c,$(OUT)/%.d,$(ALL_C))

$(call object,$(C_core)): HOW = $(CORE_FLAGS)
$(call object,$(filter-out $(C_core),$(ALL_C))): HOW = -O1
$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) $(HOW) -c -o $@ $<
$(OUT)/librest.a: $(call object,$(C_rest))
	$(Q)rm -f $@ && $(AR) rcsD $@ $^

# the changed object, if there is one, takes the place of its original
changed  := $(if $(MUTANT),$(wildcard $(MUTANT)/agent/core/*.o))
O_core   := $(changed) $(filter-out $(patsubst $(MUTANT)/%,$(OUT)/%,$(changed)),$(call object,$(C_core)))
$(UNITS:%=$(BIN)/%): $(BIN)/%: $(OUT)/tests/unit/%.o $(call object,$(C_world))
$(STORIES:%=$(BIN)/%): $(BIN)/%: $(OUT)/tests/story/%.o $(call object,$(C_world))
$(BIN)/swarm: $(call object,$(C_swarm))
$(BIN)/crash: $(call object,$(C_crash))
$(BIN)/fuzz_core: $(call object,$(C_fuzz))
$(NAMES:%=$(BIN)/%): $(O_core) $(OUT)/librest.a
	$(Q)$(CC) $(LINK_FLAGS) -o $@ $(filter %.o,$^) $(OUT)/librest.a $(DEPS)/libcjson.a -lm
