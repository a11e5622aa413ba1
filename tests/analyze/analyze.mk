# analyze.mk: `make -k -f tests/analyze/analyze.mk fanalyzer` or `tidy` looks at FILES, each by itself; for the tests beside it.
VARIANT := glibc-san
include packaging/toolchain.mk
MAKEFLAGS += --no-print-directory --no-builtin-rules

FILES ?= $(sort $(wildcard agent/*.c agent/*/*.c platform/*.c))
FLAGS = -std=c11 -D_POSIX_C_SOURCE=200809L -I. $(DEPS_INCLUDES) $(DEPS_FLAGS) -DKEDGE_VERSION='"0"' -DKEDGE_CPU='"x"' \
         -DKEDGE_BUILD_UNIX_S=0 $(if $(filter %/err.c,$* $(SHARE)),,-include tests/analyze/contracts.h)

# What gcc is wrong about, with the reason:
# top() is NULL only while nothing is open, and every state that asks it is of something open; it cannot follow states
WRONG.agent/wire/prune.c = -Wno-analyzer-null-dereference

fanalyzer: $(FILES:=.fanalyzer)
OTHERS := $(filter-out %/err.c,$(FILES))
tidy: tidy-1 tidy-2 tidy-3
tidy-1: SHARE = $(wordlist 1,100,$(OTHERS))
tidy-2: SHARE = $(wordlist 101,999,$(OTHERS))
tidy-3: SHARE = $(filter %/err.c,$(FILES))
.PHONY: fanalyzer tidy
%.fanalyzer: FORCE
	@gcc $(FLAGS) -O1 -fanalyzer -fdiagnostics-plain-output -Werror $(WRONG.$*) -c -o /dev/null $*
tidy-%: FORCE
	@[ -z '$(SHARE)' ] || clang-tidy --quiet $(SHARE) -- $(FLAGS) 2>/dev/null
.PHONY: FORCE
