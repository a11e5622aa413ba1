# kedge: `make` builds build/HOST_CPU/kedge, `make CPU=armhf` build/armhf/kedge, `make V=1` shows
# the commands. `make demo` and `make test` install what they need themselves. Every run of make
# compiles one VARIANT (packaging/toolchain.mk); the targets that need several call it again.

VERSION = 0.1.0

MAKEFLAGS += --no-print-directory --no-builtin-rules
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif
ifneq ($(filter clean distclean,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

VARIANT ?= $(if $(CPU),$(CPU),$(HOST_CPU))
ARM     := arm64 armhf armv6
include packaging/toolchain.mk
ifeq ($(filter $(VARIANT),$(CPUS) glibc-san clang i386),)
$(error CPU=$(VARIANT) is none of $(CPUS))
endif

# What is fuzzed. A new target is tests/fuzz/fuzz_NAME.c (the entry of libFuzzer; tests/fuzz/fuzz.h has what targets share), a few
# small inputs in tests/fuzz/corpus/NAME/, and NAME here: it is linked with what it needs of FUZZED; its dictionary are the words in
# the sources of the headers it includes. `make test` gives all of them together 75 s.
FUZZERS := core json names credentials ecs_in deployments quorum update refused denied images prune record sigv4 http_head httpd_request keys x509 mqtt \
           engine agent_log introspection conf words view ecs_out args pem socket permit
FUZZED   = $(wildcard agent/base/*.c agent/core/*.c agent/wire/*.c) \
           $(addprefix platform/,file.c http_head.c httpd_request.c pem.c) agent/cmd/args.c agent/cmd/say.c agent/run/serve.c agent/run/acts.c \
           $(addprefix agent/gate/,gate_permit.c gate_granted.c) $(addprefix platform/,clock.c log.c) \
           $(addprefix $(SRC)/,cjson/cJSON.c inih/ini.c)

MAIN    ?= agent/main.c
KEDGE    = build/$(HOST_CPU)/kedge

all: $(B)/kedge
.PHONY: all
.DELETE_ON_ERROR:

# --- compiling -----------------------------------------------------------------------------
WARN = -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
       -Wswitch-enum -Wformat=2 -Werror=implicit-function-declaration $(if $(filter true,$(CI))$(filter 1,$(WERROR)),-Werror)
BASE_CFLAGS = $(ARCH_CFLAGS) $(SANITIZE.$(VARIANT)) $(TEST_FLAGS) -std=c11 -D_POSIX_C_SOURCE=200809L $(WARN) \
              $(LIBC_CFLAGS) -I. $(DEPS_INCLUDES) $(DEPS_FLAGS) -MMD -MP

# the commit's time, not the clock's, so that two builds of one commit are the same bytes
BUILD_UNIX_S := $(or $(SOURCE_DATE_EPOCH),$(shell git -c safe.directory='*' log -1 --format=%ct 2>/dev/null),0)
VERSION_FLAGS = -DKEDGE_VERSION='"$(VERSION)"' -DKEDGE_CPU='"$(VARIANT)"' -DKEDGE_BUILD_UNIX_S=$(BUILD_UNIX_S)

C_kedge := $(wildcard agent/*/*.c platform/*.c)
C_tests := $(filter-out tests/swarm/%,$(wildcard tests/*/t_*.c))
C_sim   := $(filter-out $(C_tests),$(wildcard tests/sim/*.c tests/unit/*.c tests/story/*.c))
C_crash := $(wildcard tests/crash/*.c)
C_fuzz  := $(wildcard tests/fuzz/*.c)
C_fault := $(wildcard tests/faults/*.c)
C_box   := $(wildcard tests/sandbox/*.c)
C_taken := $(wildcard tests/hostile/*.c)
C_count := tests/size/count.c
FUZZ_HELP := fuzz_broken fuzz_input fuzz_event fuzz_views
O_main  := $(B)/obj/$(MAIN:.c=.o)
O_kedge := $(C_kedge:%.c=$(B)/obj/%.o)
O_tests := $(C_tests:%.c=$(B)/obj/%.o)
O_sim   := $(C_sim:%.c=$(B)/obj/%.o)
O_more  := $(patsubst %.c,$(B)/obj/%.o,$(C_crash) $(C_fuzz) $(C_fault) $(C_box) $(C_taken) $(C_count))
TESTS   := $(C_tests:%.c=$(B)/%)
-include $(O_main:.o=.d) $(O_kedge:.o=.d) $(O_tests:.o=.d) $(O_sim:.o=.d) $(O_more:.o=.d)

$(O_main) $(O_kedge) $(O_tests) $(O_sim) $(O_more): $(DEPS)/.built Makefile packaging/toolchain.mk
$(B)/obj/%.o: %.c
	$(call say,CC,$(VARIANT) $<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CFLAGS) $(VERSION_FLAGS) -c -o $@ $<

# What is shipped has its texts packed between preprocessor and compiler: agent/base/packed.h says how. The compiler cannot
# check a packed format; it does in the variants that are not packed.
PARTS = agent/base/packed_parts.h
preprocess = $(CC) $(BASE_CFLAGS) $(VERSION_FLAGS) -DKEDGE_PACKED -E
ifeq ($(libc),musl)
$(O_main) $(O_kedge): $(B)/obj/%.o: %.c packaging/pack $(PARTS)
	$(call say,CC,$(VARIANT) $<)
	@mkdir -p $(@D)
	$(Q)$(preprocess) -MT $@ -MF $(@:.o=.d) -o $(@:.o=.e) $<
	$(Q)LC_ALL=C packaging/pack $(PARTS) $(@:.o=.e) >$(@:.o=.i)
	$(Q)$(CC) $(filter-out -MMD -MP,$(BASE_CFLAGS)) -Wno-format $(LTO) -frandom-seed=$< -c -o $@ $(@:.o=.i)
	@rm $(@:.o=.e) $(@:.o=.i)
endif

# Learns the parts anew from all texts there are; they only get a little longer where this is forgotten.
parts:
	$(Q)mkdir -p $(B)
	$(Q)for c in $(MAIN) $(C_kedge); do $(filter-out -MMD -MP,$(preprocess)) $$c | LC_ALL=C packaging/pack -v list=1 $(PARTS) -; \
		done >$(B)/texts
	$(Q)LC_ALL=C packaging/parts $(B)/texts >$(B)/parts && mv $(B)/parts $(PARTS)
.PHONY: parts

# A stamp changes when its words do. What says the version is compiled again when the version or
# the commit changes, and what is linked of all sources also when one of them was removed.
stamp = @mkdir -p $(@D); echo '$1' | cmp -s - $@ || echo '$1' >$@
$(B)/sources: FORCE
	$(call stamp,$(C_kedge) $(C_sim))
$(B)/version: FORCE
	$(call stamp,$(VERSION) $(BUILD_UNIX_S))
.PHONY: FORCE
$(patsubst %.c,$(B)/obj/%.o,$(shell grep -lsE 'KEDGE_(VERSION|BUILD_UNIX_S)' $(MAIN) $(C_kedge))): $(B)/version

# Third-party code: once per variant, again only when its pins, configuration or flags change.
SETUP_GROUPS = build $(if $(filter $(CPUS),$(VARIANT)),cpu-$(VARIANT),host $(filter clang i386,$(VARIANT)))
$(DEPS)/.built: $(filter-out packaging/deps/check,$(wildcard packaging/deps/*)) packaging/toolchain.mk
	$(Q)packaging/setup --check $(SETUP_GROUPS)
	$(call say,DEPS,$(DEPS_VARIANT): third-party libraries)
	$(Q)$(MAKE) -f packaging/deps/deps.mk VARIANT=$(DEPS_VARIANT) V=$(V) sources
	$(Q)$(MAKE) -f packaging/deps/deps.mk VARIANT=$(DEPS_VARIANT) V=$(V) all
	@touch $@

# --- linking -------------------------------------------------------------------------------
LIBS = $(addprefix $(DEPS)/lib,curl.a mbedtls.a cjson.a inih.a)
# GCC compiles the whole program as one, after ld has told it who needs what of whom. lld lays the
# outcome out once more: it packs relocations as a bitmap on every CPU, Debian's ld on x86 only, which
# is 50 KB on arm64, and lets functions of equal code be one. packaging/order puts what a daemon runs
# together (`make order` writes it anew): the kernel maps up to 128 KiB around every page that is touched.
LAYOUT = -fno-lto -B$(B)/lto/ -Wl,--pack-dyn-relocs=relr,--icf=all,-O2 \
         -Wl,--symbol-ordering-file=packaging/order,--no-warn-symbol-ordering
# kedge-test is kedge with a clock that the environment can bend, for e2e tests of hours and days
TEST_CLOCK = $(B)/obj/platform/clock-test.o
$(TEST_CLOCK): platform/clock.c $(DEPS)/.built Makefile packaging/toolchain.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CFLAGS) $(LTO) -frandom-seed=$@ -DKEDGE_TEST_CLOCK -c -o $@ $<
$(B)/kedge-test: $(filter-out $(B)/obj/platform/clock.o,$(O_main) $(O_kedge)) $(TEST_CLOCK) $(B)/sources packaging/order
$(B)/kedge: $(O_main) $(O_kedge) $(B)/sources packaging/order
ifeq ($(libc),musl)
$(B)/lto/ld: | $(DEPS)/.built # a cross compiler looks for its linker under this name
	@mkdir -p $(@D) && ln -sf "$$(command -v ld.lld)" $@
$(B)/kedge $(B)/kedge-test: | $(B)/lto/ld
	$(call say,LINK,$@)
	$(Q)$(CC) $(filter-out -pipe,$(ARCH_CFLAGS)) -flto $(WHOLE) -fstack-usage -save-temps -o $(B)/lto/$(@F) $(LINK_START) $(filter %.o %.a,$^) $(LIBS) $(LINK_END)
	$(Q)$(CC) $(ARCH_CFLAGS) $(LAYOUT) -o $@.unstripped $(LINK_START) $(B)/lto/$(@F).ltrans0.ltrans.o $(LINK_END)
	$(Q)$(STRIP) -s -R .comment -o $@ $@.unstripped
	$(Q)packaging/cut $@
	$(Q)! $(READELF) -lW $@ | grep -q INTERP || { rm $@; echo "make: $@ came out dynamically linked" >&2; exit 1; }
else
$(B)/kedge $(B)/kedge-test:
	$(call say,LINK,$@)
	$(Q)$(CC) $(ARCH_CFLAGS) $(SANITIZE.$(VARIANT)) -o $@ $(filter %.o,$^) $(LIBS) $(LINK_END)
endif

# Tests take what they need out of archives, so a unit test may bring its own double of anything.
$(B)/libkedge.a: $(O_kedge) $(B)/sources
$(B)/libsim.a: $(O_sim) $(B)/sources
$(B)/lib%.a:
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcsD $@ $(filter %.o,$^)
$(TESTS): $(B)/%: $(B)/obj/%.o $(B)/libsim.a $(B)/libkedge.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ARCH_CFLAGS) $(SANITIZE.$(VARIANT)) -fno-lto -o $@ $(LINK_START) $(filter %.o %.a,$^) $(LIBS) $(LINK_END)

# tests/sandbox: process 1 of a kernel that is booted for a test
$(B)/sandbox-init: $(B)/obj/tests/sandbox/init.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(ARCH_CFLAGS) -fno-lto -o $@ $(LINK_START) $< $(LINK_END)

test-programs: $(TESTS) $(if $(filter $(ARM),$(VARIANT)),$(B)/sandbox-init)
.PHONY: test-programs

# crash has its own doubles of platform/, a fuzz target a main instead of libFuzzer: `fuzz` below has the other form
$(B)/crash: $(C_crash:%.c=$(B)/obj/%.o)
$(B)/libfuzzhelp.a: $(FUZZ_HELP:%=$(B)/obj/tests/fuzz/%.o)
$(FUZZERS:%=$(B)/fuzz_%): $(B)/fuzz_%: $(B)/obj/tests/fuzz/fuzz_%.o $(B)/obj/tests/fuzz/fuzz_main.o $(B)/libfuzzhelp.a
$(B)/crash $(FUZZERS:%=$(B)/fuzz_%): $(B)/libkedge.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ARCH_CFLAGS) $(SANITIZE.$(VARIANT)) -fno-lto -o $@ $(LINK_START) $(filter %.o,$^) $(filter-out %libkedge.a,$(filter %.a,$^)) $(B)/libkedge.a $(LIBS) $(LINK_END)

# tests/hostile: the gate as it is, and in its worker's place what tries to get past it
$(B)/hostile: $(C_taken:%.c=$(B)/obj/%.o) $(B)/libkedge.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ARCH_CFLAGS) -fno-lto -o $@ $(LINK_START) $(filter %.o %.a,$^) $(LIBS) $(LINK_END)

# tests/size: one of kedge's works so often as asked, for its instructions to be counted
$(B)/count: $(C_count:%.c=$(B)/obj/%.o) $(B)/libkedge.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ARCH_CFLAGS) -fno-lto -o $@ $(LINK_START) $(filter %.o %.a,$^) $(LIBS) $(LINK_END)

# tests/faults: what each program of tests/unit that tries platform/ calls can fail. In copies of the archives each call that
# fault.c has a fault_NAME for goes there, so that a test's own calls are spared.
FAULT_TESTS := $(patsubst tests/unit/%.c,$(B)/faults/%,$(wildcard tests/unit/t_platform_*.c))
FAULT_LIBS  := $(B)/faults/libkedge.a $(patsubst $(DEPS)/%,$(B)/faults/%,$(LIBS))
$(B)/faults/calls: $(B)/obj/tests/faults/fault.o
	@mkdir -p $(@D)
	$(Q)nm $< | sed -n 's/.* T fault_\(.*\)/\1 fault_\1/p' >$@
$(B)/faults/lib%.a: $(B)/lib%.a $(B)/faults/calls
	$(Q)objcopy --redefine-syms=$(B)/faults/calls $< $@
$(B)/faults/lib%.a: $(DEPS)/lib%.a $(B)/faults/calls
	$(Q)objcopy --redefine-syms=$(B)/faults/calls $< $@
$(FAULT_TESTS): $(B)/faults/%: $(B)/obj/tests/unit/%.o
$(B)/faults/kept: $(B)/obj/tests/faults/kept.o
$(FAULT_TESTS) $(B)/faults/kept: $(B)/obj/tests/faults/fault.o $(B)/libsim.a $(FAULT_LIBS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ARCH_CFLAGS) $(SANITIZE.$(VARIANT)) -o $@ $(filter %.o,$^) $(B)/libsim.a $(FAULT_LIBS) $(LINK_END)
fault-programs: $(FAULT_TESTS) $(B)/faults/kept
.PHONY: fault-programs

# --- structure and size --------------------------------------------------------------------
layers:
	@packaging/layers
pure: $(filter $(B)/obj/agent/core/% $(B)/obj/agent/base/%,$(O_kedge))
	@packaging/pure $(READELF) $^
size: $(B)/kedge
	@packaging/size
	@KEDGE=$(abspath $(KEDGE)) tests/size/memory.t
.PHONY: layers pure size

# --- tests ---------------------------------------------------------------------------------
# tests/run-one runs a test program of any variant (under qemu for a foreign CPU) or a script;
# they find the binary in KEDGE, and in KEDGE_TEST the one whose clock can be bent.
PROVE = KEDGE=$(abspath $(KEDGE)) KEDGE_TEST=$(abspath $(KEDGE)-test) prove --timer --exec tests/run-one
# two at a time: what starts services or measures goes one by one and mostly waits, beside it what mostly computes
TWO_LANES = -j2 --rules='seq=tests/{build,e2e,fleet,line,packages,rig,size,soak,upgrade,web}/**' --rules='seq=**'
each  = $(foreach v,$1,$(patsubst %,build/$v/%,$(filter $2,$(C_tests:.c=))))
some  = $(sort $(wildcard $(addsuffix /*.t,$(addprefix tests/,$1))))
QUICK   := glibc-san $(HOST_CPU)
# the sanitizers once in 64 and once in 32 bits, clang for its opinion, musl as shipped
VARIANTS := glibc-san clang $(if $(filter amd64,$(HOST_CPU)),i386) $(CPUS)

programs = $(foreach v,$1,$(MAKE) VARIANT=$v test-programs &&) :
binaries = $(foreach c,$1,$(MAKE) VARIANT=$c all &&) :

test:
	@packaging/setup build cross test
	-@packaging/node-package    # tests/web says that it is missed
	+@$(call binaries,$(CPUS))
	+@$(call programs,$(VARIANTS))
	+@$(MAKE) VARIANT=$(HOST_CPU) $(KEDGE)-test build/$(HOST_CPU)/hostile build/$(HOST_CPU)/count build/swarm build/fleet-model
	+@$(MAKE) VARIANT=glibc-san build/glibc-san/kedge build/glibc-san/crash fault-programs $(FUZZERS:%=build/glibc-san/fuzz_%) $(FUZZERS:%=build/fuzz/%)
	@rm -f build/failed
	@TEST_FAILED=$(abspath build/failed) $(PROVE) $(TWO_LANES) $(call each,$(VARIANTS),tests/%) $(wildcard tests/doubles/test_*.py) \
		$(call some,build analyze packages unit story swarm replay classes rig size crash faults sandbox hostile fuzz mutants e2e upgrade web line soak fleet) \
		|| { cat build/failed; exit 1; }     # what failed, said once more at the end

check:
	+@$(call programs,$(QUICK)) && $(MAKE) VARIANT=$(HOST_CPU) all
	@$(PROVE) $(call each,$(QUICK),tests/unit/% tests/story/%)
	+@$(MAKE) VARIANT=$(HOST_CPU) layers pure
	@packaging/size

unit story:
	+@$(call programs,$(QUICK))
	@$(PROVE) $(call each,$(QUICK),tests/$@/%)

arm:
	@packaging/setup build cross test
	+@$(call programs,$(ARM))
	@$(PROVE) $(call each,$(ARM),tests/unit/%) $(call some,sandbox)

e2e:
	@packaging/setup build cross test
	+@$(MAKE) VARIANT=$(HOST_CPU) $(KEDGE) $(KEDGE)-test
	@$(PROVE) $(call some,e2e)

# what compilers and checkers say of the code, over all of it: `make test` gives the slow ones a part each time
analyze:
	@packaging/setup build cross test
	+@$(MAKE) VARIANT=$(HOST_CPU) all
	+@$(MAKE) VARIANT=clang test-programs
	@ANALYZE=full TEST_TIMEOUT_S=3600 $(PROVE) -v $(call some,analyze)

# the page in a real browser, clicked through a failure and its rollback; its pictures are build/web/*.png
web:
	@packaging/setup build cpu-$(HOST_CPU) web
	@packaging/node-package
	+@$(MAKE) VARIANT=$(HOST_CPU) $(KEDGE)
	@$(PROVE) -v $(call some,web)

# what a bad line does to it, how fast it acts when the line is back, and days of outages; LINE_CUTS=50 LINE_DAYS=7
# TEST_TIMEOUT_S=3600 is the whole of it, for three quarters of an hour
line:
	@packaging/setup build cpu-$(HOST_CPU) test
	+@$(MAKE) VARIANT=$(HOST_CPU) $(KEDGE) $(KEDGE)-test
	@$(PROVE) $(call some,line)

# Every call of platform/ that can fail, failing: where make test tries some places, FAULTS=full tries all it can, for hours.
faults:
	@packaging/setup build test
	+@$(MAKE) VARIANT=glibc-san fault-programs
	@tests/faults/faults.t

# A night in an hour: a million events, ten thousand deployments, a thousand outages, kill -9 of each process. make test gives it a
# minute; shorter runs than ten say nothing of flat memory.
MINUTES ?= 60
soak:
	@packaging/setup build cpu-$(HOST_CPU) test
	+@$(MAKE) VARIANT=$(HOST_CPU) $(KEDGE) $(KEDGE)-test
	@MINUTES=$(MINUTES) KEDGE=$(abspath $(KEDGE)) KEDGE_TEST=$(abspath $(KEDGE)-test) tests/soak/soak.t
.PHONY: faults soak

# kedge beside what one would take instead, and how its cost grows: build/bench.json and build/bench.svg, in a quarter of an hour.
# Where time counts it runs alone; where processor time, memory or bytes do, three wait at one time, the longest first.
BENCH_ALONE  := tests/bench/latency.t
BENCH_BESIDE := $(addprefix tests/bench/,day.t waiting.t growth.t look.t installed.t) tests/size/instructions.t
bench:
	@packaging/setup build cpu-$(HOST_CPU) test bench packages
	+@$(MAKE) VARIANT=$(HOST_CPU) deb
	+@$(MAKE) VARIANT=$(HOST_CPU) $(KEDGE)-test build/$(HOST_CPU)/count
	@rm -f build/bench.json; bad=0; $(PROVE) -v $(BENCH_ALONE) || bad=1; \
		$(PROVE) -v -j3 $(BENCH_BESIDE) || bad=1; tests/bench/chart || bad=1; exit $$bad
# what the last bench found, into tests/bench/results.json and README
table:
	@tests/bench/table --take

# Which functions the daemon runs, seen by callgrind on this machine's kedge.
order: $(KEDGE)
	@packaging/setup build engine order
	@KEDGE=$(abspath $(KEDGE)) tests/size/order packaging/order

demo:
	@packaging/setup build cpu-$(HOST_CPU) demo engine
	+@$(MAKE) VARIANT=$(HOST_CPU) all
	@DEMO=$(DEMO) KEDGE=$(KEDGE) tests/demo/run
.PHONY: test check unit story arm e2e analyze web line bench table order demo

ifneq ($(VARIANT),$(HOST_CPU))
$(KEDGE):
	+@$(MAKE) VARIANT=$(HOST_CPU) all
endif

# a recorded directory through the real parsers and the real core: make replay CAPTURE=DIR
replay: $(KEDGE)
	@test -n '$(CAPTURE)' || { echo 'make replay: say CAPTURE=DIR' >&2; exit 2; }
	@$(KEDGE) replay --dir $(CAPTURE)
.PHONY: replay

# The modelled world: every seed draws its own faults and judges what the cores did; on all processors.
# make swarm SEEDS=1 SEED0=K V=1 shows one seed's whole story.
SEEDS ?= 200
SEED0 ?= 1
build/swarm: $(wildcard tests/swarm/*.[ch])
build/fleet-model: tests/fleet/model.c tests/tap.h
build/swarm build/fleet-model: $(wildcard agent/core/*.[ch] agent/base/*.[ch])
	@mkdir -p $(@D)
	$(call say,MODEL,$@)
	$(Q)$(CC) -std=c11 -D_POSIX_C_SOURCE=200809L -O2 $(WARN) -I. -o $@ $(filter %.c,$^)
swarm: build/swarm
	@tests/swarm/swarm.t $(SEED0) $(SEEDS) 0 $(if $(filter 1,$(V)),trace)
.PHONY: swarm

# Power cut after every step of several stories and at every byte of every write of the journal, on the code that is shipped.
crash:
	+@$(MAKE) VARIANT=$(HOST_CPU) build/$(HOST_CPU)/crash
	@tests/crash/run build/$(HOST_CPU)/crash

# make fuzz FUZZ_S=600 gives every target so many seconds; what is found is kept in build/fuzz
FUZZ_S ?= 60
FUZZ_CC = clang -g -O1 -std=c11 -D_POSIX_C_SOURCE=200809L -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
-include $(shell find build/fuzz/obj -name '*.d' 2>/dev/null)
$(filter $(SRC)/%,$(FUZZED)): | $(DEPS)/.built ;
build/fuzz/obj/%.o: %.c Makefile | $(DEPS)/.built
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(if $(filter $(SRC)/%,$<),-w -Dstrtod=json_number,$(WARN)) -I. $(DEPS_INCLUDES) $(DEPS_FLAGS) -MMD -MP -c -o $@ $<
build/fuzz/libfuzzed.a: $(patsubst %.c,build/fuzz/obj/%.o,$(FUZZED) $(FUZZ_HELP:%=tests/fuzz/%.c))
	$(Q)rm -f $@ && ar rcsD $@ $^
$(FUZZERS:%=build/fuzz/%): build/fuzz/%: build/fuzz/obj/tests/fuzz/fuzz_%.o build/fuzz/libfuzzed.a
	$(call say,FUZZ,$@)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer -o $@ $^
fuzz:
	@packaging/setup build fuzz
	+@$(MAKE) VARIANT=glibc-san $(FUZZERS:%=build/fuzz/%)
	@tests/fuzz/run $(FUZZ_S) $(FUZZERS)

# Both compile the core anew, with the tests that drive it, below build/coverage and build/mutants.
coverage mutants:
	@packaging/setup build test
	+@$(MAKE) VARIANT=glibc-san build/glibc/deps/.built
	+@tests/$@/run
.PHONY: crash fuzz coverage mutants

# NODES real kedges under one account, then ten and a hundred thousand modelled ones: tests/fleet/README.md.
NODES ?= 50
fleet:
	@packaging/setup build cpu-$(HOST_CPU) test
	+@$(MAKE) VARIANT=$(HOST_CPU) $(KEDGE) $(KEDGE)-test build/fleet-model
	@NODES=$(NODES) TEST_TIMEOUT_S=3600 $(PROVE) -v $(call some,fleet)
.PHONY: fleet

include packaging/package.mk

# --- tidying -------------------------------------------------------------------------------
# the downloads in build/dl stay, so that the next build needs no network; distclean takes them
clean:
	@test ! -d build || find build -mindepth 1 -maxdepth 1 ! -name dl -exec rm -rf {} +
distclean:
	rm -rf build
.PHONY: clean distclean
