# deps.mk: the third-party archives of one VARIANT, straight from the pinned sources: no configure
# but musl's, no CMake. Run by the Makefile from the repository root, first for the goal `sources`
# (what is compiled is found by wildcard, so the sources must be there), then for the archives.

include packaging/toolchain.mk

NAMES := musl mbedtls curl cjson inih
LIB   := $(DEPS)

all: $(LIB)/libcurl.a $(LIB)/libmbedtls.a $(LIB)/libcjson.a $(LIB)/libinih.a
	@:

sources: $(NAMES:%=$(SRC)/%/.unpacked)
	@:
.PHONY: all sources
$(SRC)/%/.unpacked: packaging/deps/pins packaging/deps/fetch packaging/deps/trim
	$(call say,FETCH,$*)
	$(Q)packaging/deps/fetch $* && packaging/deps/trim $*
	$(Q)touch $@

# --- the C library -------------------------------------------------------------------------
# Its own build, out of its tree. CROSS_COMPILE is asked for although CC says it already.
# The kernel's headers are not musl's business, but platform/ needs some of them (netlink,
# seccomp, Landlock): those of the cross compiler's package, or this machine's own.
KERNEL := $(firstword $(wildcard /usr/$(triplet.$(VARIANT))/include/linux/types.h) /usr/include/linux/types.h)
KERNEL := $(KERNEL:/linux/types.h=)
ASM    := $(firstword $(wildcard $(KERNEL)/asm $(KERNEL)/$(triplet.$(VARIANT))/asm))

$(SYSROOT)/.installed: $(SRC)/musl/.unpacked packaging/toolchain.mk packaging/deps/deps.mk
	$(call say,MUSL,$(VARIANT))
	$(Q)rm -rf $(B)/musl $(SYSROOT) && mkdir -p $(B)/musl $(SYSROOT)
	$(Q)(cd $(B)/musl && $(CURDIR)/$(SRC)/musl/configure --target=$(CROSS:-=) --prefix=$(CURDIR)/$(SYSROOT) \
	  --disable-shared --disable-wrapper CROSS_COMPILE=$(CROSS) CC=$(CC) CFLAGS='$(ARCH_CFLAGS) -w') \
	  >$(B)/musl/log 2>&1 && $(MAKE) -C $(B)/musl install-libs install-headers >>$(B)/musl/log 2>&1 || \
	  { tail -n 20 $(B)/musl/log >&2; exit 1; }
	$(Q)for d in $(KERNEL)/linux $(ASM) $(KERNEL)/asm-generic; do ln -sf $$d $(SYSROOT)/include/ || exit 1; done
	$(Q)touch $@

# --- the libraries -------------------------------------------------------------------------
CFLAGS  = $(ARCH_CFLAGS) $(LTO) -frandom-seed=$< -std=gnu11 -D_GNU_SOURCE -fno-strict-aliasing -w \
          $(LIBC_CFLAGS) $(DEPS_INCLUDES) $(DEPS_FLAGS)
C_curl  := $(wildcard $(addprefix $(SRC)/curl/lib/,*.c curlx/*.c vauth/*.c vtls/*.c vquic/*.c))
C_mbed  := $(wildcard $(SRC)/mbedtls/library/*.c)
O_curl  := $(C_curl:%.c=$(LIB)/%.o)
O_mbed  := $(C_mbed:%.c=$(LIB)/%.o)
O_cjson := $(LIB)/$(SRC)/cjson/cJSON.o
O_inih  := $(LIB)/$(SRC)/inih/ini.o

$(O_curl) $(O_mbed) $(O_cjson) $(O_inih): $(if $(filter musl,$(libc)),$(SYSROOT)/.installed) \
  packaging/toolchain.mk packaging/deps/deps.mk
$(O_curl): $(SRC)/curl/.unpacked packaging/deps/curl_config.h packaging/deps/mbedtls_config.h packaging/deps/psa_config.h
$(O_curl): MORE = -DHAVE_CONFIG_H -DBUILDING_LIBCURL -I$(SRC)/curl/lib
$(O_mbed): $(SRC)/mbedtls/.unpacked packaging/deps/mbedtls_config.h packaging/deps/psa_config.h
$(O_mbed): MORE = -I$(SRC)/mbedtls/library $(AESNI)
# Lets mbedTLS use the intrinsics for AES units, which it calls only where CPUID says so; the
# compiler by itself makes none of these instructions out of C. For all files, as they must agree on
# how keys are aligned. The assembly it takes otherwise cannot be built without decryption.
AESNI := $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine 2>/dev/null)),-maes -mpclmul)
# what every handshake and record waits for, on a CPU whose small instructions are slow at it
HOT := aes bignum bignum_core ecp ecp_curves gcm sha256 sha512
$(HOT:%=$(LIB)/$(SRC)/mbedtls/library/%.o): MORE += $(mhot.$(VARIANT))
$(O_cjson): $(SRC)/cjson/.unpacked
# the C library's own brings 128-bit arithmetic on arm64; json_number is in agent/wire/json.c
$(O_cjson): MORE = -Dstrtod=json_number
$(O_inih): $(SRC)/inih/.unpacked

$(LIB)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(MORE) -c -o $@ $<

$(LIB)/libcurl.a: $(O_curl)
$(LIB)/libmbedtls.a: $(O_mbed)
$(LIB)/libcjson.a: $(O_cjson)
$(LIB)/libinih.a: $(O_inih)
$(LIB)/%.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcsD $@ $(filter %.o,$^)
