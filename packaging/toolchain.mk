# toolchain.mk: which compiler and which flags make which VARIANT. Read by Makefile and deps.mk.
#
#   amd64 arm64 armhf armv6   production and its tests: GCC cross compiler, static musl
#   glibc-san clang i386      tests only: dynamic glibc, where sanitizers and coverage work
#
# DEPS_VARIANT is the variant whose third-party archives are linked: those of glibc-san and clang
# are the same, as third-party code is not what we sanitize.

HOST_CPU := $(patsubst armv7l,armhf,$(patsubst armv6l,armv6,$(patsubst aarch64,arm64,$(patsubst x86_64,amd64,$(shell uname -m)))))
CPUS     := amd64 arm64 armhf armv6

triplet.amd64 = x86_64-linux-gnu
triplet.arm64 = aarch64-linux-gnu
triplet.armhf = arm-linux-gnueabihf
triplet.armv6 = arm-linux-gnueabi

# large data on the boundaries the ABI asks for, not on those of cache lines; the canary out of musl's variable,
# of which each thread's copy is one: two bytes less wherever it is read
mcpu.amd64 = -malign-data=abi -mstack-protector-guard=global
# outline atomics choose at run time through a constructor in libgcc: code we would never use
mcpu.arm64 = -mno-outline-atomics -mstack-protector-guard=sysreg -mstack-protector-guard-reg=tpidr_el0 \
             -mstack-protector-guard-offset=-16
# the canary is read where musl keeps it in each thread (struct pthread ends in canary and dtv, then comes what
# the register points to) and not through two addresses per function; ARMv6's Thumb cannot read the register
mcpu.armhf = -mtp=cp15 -mstack-protector-guard=tls -mstack-protector-guard-offset=-8
# ARMv6 with VFP (Raspberry Pi 1 and Zero). Debian has no such compiler: the soft-float one with
# VFP instructions and soft-float calls is right, as a static binary calls nobody else. Thumb takes
# a third less room and knows no VFP and no long multiplication: the arithmetic of TLS stays ARM.
mcpu.armv6 = -march=armv6+fp -mthumb -mfloat-abi=softfp
mhot.armv6 = -marm
# 64-bit files and times also in the 32-bit glibc; <asm/...> lives in the 64-bit folder there
mcpu.i386  = -m32 -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -idirafter /usr/include/x86_64-linux-gnu

libc := $(if $(filter $(CPUS),$(VARIANT)),musl,glibc)
MCPU := $(mcpu.$(VARIANT))
B    := build/$(VARIANT)
SRC  := build/src
SYSROOT := $(B)/sysroot

# no path of the machine or of this clone may reach an object
REPRODUCIBLE = -ffile-prefix-map=$(CURDIR)=. -fno-ident
HARDEN       = -fstack-protector-strong -fPIE

ifeq ($(libc),musl)
DEPS_VARIANT := $(VARIANT)
CROSS  := $(triplet.$(VARIANT))-
CC     := $(CROSS)gcc
AR     := $(CROSS)ar
READELF := $(CROSS)readelf
STRIP  := $(CROSS)strip
# fat objects: kedge is linked from their LTO half, the musl tests and `make pure` use the other
LTO    = -flto -ffat-lto-objects
# with all of it before its eyes the compiler also asks what pointers can point to: 600 bytes less
WHOLE  = -flto-partition=one -fipa-pta
# -Oz copies code all the same: these passes cost 3 % of it (measured with GCC 12, x86 and ARM). Constants of equal
# bytes may be one: nobody here tells them apart by their address.
SMALLER = -fno-thread-jumps -fno-caller-saves -fno-tree-dominator-opts -fno-tree-tail-merge -fno-jump-tables \
          -fno-move-loop-invariants -fno-tree-forwprop -fno-if-conversion -fno-partial-inlining -fmerge-all-constants \
          -fno-shrink-wrap -fno-tree-pre -fira-region=one -fno-schedule-insns2
ARCH_CFLAGS = $(MCPU) -pipe -Oz $(SMALLER) $(HARDEN) $(REPRODUCIBLE) -ffunction-sections -fdata-sections \
              -fno-unwind-tables -fno-asynchronous-unwind-tables
# only musl's headers, the compiler's own and (linked into the sysroot) the kernel's
GCC_INCLUDE := $(shell $(CC) -print-file-name=include 2>/dev/null)
LIBC_CFLAGS = -nostdinc -isystem $(SYSROOT)/include -isystem $(GCC_INCLUDE)
# -static-pie would do, but GCC ignores it on 32-bit ARM and links a dynamic executable instead
LINK_START = -nostdlib -static -Wl,-pie,--no-dynamic-linker,-z,text,-z,relro,-z,now,-z,noexecstack \
             -Wl,--gc-sections,--build-id=none $(SYSROOT)/lib/rcrt1.o $(SYSROOT)/lib/crti.o
LINK_END   = -L$(SYSROOT)/lib -Wl,--start-group -lc -lgcc -Wl,--end-group $(SYSROOT)/lib/crtn.o
else
DEPS_VARIANT := $(if $(filter i386,$(VARIANT)),i386,glibc)
CC     := $(if $(filter clang,$(VARIANT)),clang,gcc)
AR     := ar
READELF := readelf
SANITIZE.glibc-san = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SANITIZE.i386      = $(SANITIZE.glibc-san)
ARCH_CFLAGS = $(MCPU) -pipe -g -O1
# the clock can be bent by the environment (platform/clock.h): never in what is shipped
TEST_FLAGS  = -DKEDGE_TEST_CLOCK
LINK_START =
LINK_END   = -lpthread
endif
DEPS := build/$(DEPS_VARIANT)/deps

# inih: its defaults continue values on indented lines, cut lines of 200 bytes and go on after
# errors. These also change ini.h's handler type, so kedge's own code needs them, too.
INI_FLAGS = -DINI_ALLOW_MULTILINE=0 -DINI_ALLOW_INLINE_COMMENTS=0 -DINI_HANDLER_LINENO=1 \
            -DINI_STOP_ON_FIRST_ERROR=1 -DINI_USE_STACK=1 -DINI_MAX_LINE=1024
DEPS_INCLUDES = -isystem packaging/deps -isystem $(SRC)/mbedtls/include -isystem $(SRC)/curl/include \
                -isystem $(SRC)/cjson -isystem $(SRC)/inih
DEPS_FLAGS    = -DMBEDTLS_CONFIG_FILE='<mbedtls_config.h>' -DCURL_STATICLIB $(INI_FLAGS)

# one line a step; V=1 shows the commands
V ?= 0
Q   := $(if $(filter 0,$(V)),@)
say = $(if $(filter 0,$(V)),@printf '  %-6s %s\n' $1 '$2',@:)
