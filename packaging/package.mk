# Installing, and the packages: build/CPU/kedge_VERSION_ARCH.{deb,ipk,apk}. One commit is the same bytes wherever, whenever and by
# whomever it is packed: the only time in a package is the commit's.
# settings go where kedge looks for them; with another SYSCONFDIR the services name it
PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR    ?=
pack = SOURCE_DATE_EPOCH=$(BUILD_UNIX_S) VERSION=$(VERSION) MAKE='$(MAKE)'

placed = DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' SYSCONFDIR='$(SYSCONFDIR)' packaging/install
install: $(B)/kedge
	@$(placed) add $(B)/kedge
uninstall:
	@$(placed) remove

deb ipk apk: to-pack
	+@$(pack) packaging/$@/build $(VARIANT)
# after whatever else was asked for: two makes at once would build one tree
to-pack: | $(filter-out deb ipk apk to-pack,$(MAKECMDGOALS))
	@packaging/setup $(SETUP_GROUPS) packages
	+@$(MAKE) VARIANT=$(VARIANT) all

# what is linked in, as SPDX: build/CPU/kedge.spdx.json
sbom: $(B)/kedge
	@$(pack) packaging/sbom $(VARIANT) >$(B)/kedge.spdx.json || { rm -f $(B)/kedge.spdx.json; exit 1; }

# which pins are behind what this machine's package index offers
deps-check:
	@packaging/deps/check

# every format for every CPU, installed, run, upgraded and removed where it can be
packages-full:
	@packaging/setup build cross test packages
	+@for cpu in $(CPUS); do $(MAKE) CPU=$$cpu deb ipk apk || exit; done
	@PACKAGES=full TEST_TIMEOUT_S=3600 $(PROVE) -v $(call some,packages)
.PHONY: install uninstall deb ipk apk to-pack sbom deps-check packages-full
