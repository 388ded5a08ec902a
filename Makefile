# SPDX-License-Identifier: MIT
# Builds, tests and measures Sluice. `make help` lists the targets; objects go to build/<flavour>/.
#
#   make CXX=clang++-14  another compiler (g++ 12 and clang++ 14 are supported)
#   make WERROR=0        warnings stay warnings
#   make V=1             shows each command
#   make PACKAGES=0      installs nothing, whatever is missing
#   make test TESTS='store*'   passes arguments on to the test program
#   make fuzz FUZZ=uri FUZZ_SECONDS=600   one fuzzer, for ten minutes

# ---- What has to be installed (Debian names); the only list of it --------------------------------

BUILD_PACKAGES := g++ pkg-config libevent-dev libssl-dev nlohmann-json3-dev libfmt-dev libc-ares-dev libxxhash-dev \
  zlib1g-dev libbrotli-dev libzstd-dev
DEMO_PACKAGES  := openssl
TEST_PACKAGES  := catch2 openssl curl nginx-light apache2-bin nodejs node-ws wrk strace valgrind
CLANG_PACKAGES := clang-14 libclang-rt-14-dev
LONG_TEST_PACKAGES := $(TEST_PACKAGES) slowhttptest
NPM_PACKAGES   := nodejs npm
BENCH_PACKAGES := wrk curl openssl nginx-light haproxy varnish h2o
MICRO_PACKAGES := libbenchmark-dev
FMT_PACKAGES   := clang-format-14
LINT_PACKAGES  := clang-tidy-14 catch2 $(MICRO_PACKAGES)

# libbrotlidec is for the tests; --as-needed leaves it out of the proxy.
PKG_CONFIG_NAMES := libevent_core openssl fmt libcares nlohmann_json zlib libbrotlienc libbrotlidec libzstd

# ---- Settings ------------------------------------------------------------------------------------

ifeq ($(origin CXX),default)
CXX := g++
endif
# Who asks for it by name may not have it yet.
ifeq ($(CXX),clang++-14)
BUILD_PACKAGES += $(CLANG_PACKAGES)
endif
WERROR   ?= 1
PACKAGES ?= 1
TESTS    ?=
FUZZ         ?=
FUZZ_SECONDS ?= 30
PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR    ?=

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
ifeq (,$(filter -j% --jobs% --jobserver%,$(MAKEFLAGS)))
MAKEFLAGS += -j$(shell nproc)
endif

ifeq ($(V),1)
say := @:
run :=
else
say := @printf '  %-7s %s\n'
run := @
endif

# ---- Flags ---------------------------------------------------------------------------------------

FLAVOURS := release asan ubsan tsan

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast \
  -Wnon-virtual-dtor -Woverloaded-virtual -Wnull-dereference -Wformat=2
GCC_WARNINGS := -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wuseless-cast

is_clang := $(findstring clang,$(notdir $(firstword $(CXX))))
werror   := $(if $(filter 1,$(WERROR)),-Werror)

# Asked once and only when the first compiler runs: on a fresh machine pkg-config comes with the
# packages that this same make installs.
LIB_CFLAGS = $(eval LIB_CFLAGS := $$(patsubst -I%,-isystem %,$$(shell pkg-config --cflags $(PKG_CONFIG_NAMES))))$(LIB_CFLAGS)
LIB_LIBS = $(eval LIB_LIBS := $$(shell pkg-config --libs $(PKG_CONFIG_NAMES)))$(LIB_LIBS)

LANGUAGE  := -std=c++20 -pthread -I.
HARDENING := -D_GLIBCXX_ASSERTIONS -fstack-protector-strong -fPIE
LINK      := -pie -pthread -Wl,-z,relro,-z,now -Wl,--as-needed

# Fortified libc calls hide the accesses that the sanitizers look for, so only the release has them.
# The sanitizers' own instrumentation makes gcc see null dereferences and uninitialised reads that
# the source does not have, so that its warnings are errors in the release flavour alone, which compiles
# the same files. Of debug information they get what a report needs: a third less to compile in the
# largest files.
flags_release := -O2 -g -D_FORTIFY_SOURCE=2 -fno-plt -ffunction-sections $(werror)
link_release  := -Wl,--gc-sections
sanitize       = -O1 -g1 -fno-omit-frame-pointer -fsanitize=$(1) -Wno-null-dereference \
  $(if $(is_clang),$(werror),-Wno-maybe-uninitialized)
flags_asan    := $(call sanitize,address)
link_asan     := -fsanitize=address
flags_ubsan   := $(call sanitize,undefined) -fno-sanitize-recover=all
link_ubsan    := -fsanitize=undefined
flags_tsan    := $(call sanitize,thread)
link_tsan     := -fsanitize=thread

environment_release :=
environment_asan    := ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
environment_ubsan   := UBSAN_OPTIONS=print_stacktrace=1
environment_tsan    := TSAN_OPTIONS=second_deadlock_stack=1:halt_on_error=0

common_flags := $(LANGUAGE) $(HARDENING) $(WARNINGS) $(if $(is_clang),,$(GCC_WARNINGS))

# Given by the user, for what is not foreseen above.
CXXFLAGS ?=
LDFLAGS  ?=

# ---- Files ---------------------------------------------------------------------------------------

# A room that is only kept has no folder yet.
ROOMS := $(wildcard conf tls balancer cache proxy)

LIB_SOURCES   := $(sort $(filter-out proxy/main.cc,$(shell find $(ROOMS) -name '*.cc')))
# Libraries of their own, preloaded into the proxy by the tests of what it costs.
PRELOADED     := $(addprefix tests/support/,count_allocations.cc deny_splice.cc emulate_openat2.cc)
# What libFuzzer calls; the targets themselves are part of the test program, too.
FUZZ_ENTRY    := tests/fuzz/entry.cc
FUZZ_TARGETS  := $(patsubst tests/fuzz/%_fuzz.cc,%,$(sort $(wildcard tests/fuzz/*_fuzz.cc)))
FUZZ_SOURCES  := $(filter-out $(FUZZ_ENTRY),$(sort $(wildcard tests/fuzz/*.cc))) \
  $(addprefix tests/support/,byte_peer.cc connection.cc forward_rig.cc http_reader.cc round_trip.cc \
    sockets.cc temp_dir.cc wire_reader.cc)
TEST_SOURCES  := $(sort $(filter-out $(PRELOADED) $(FUZZ_ENTRY),$(shell find tests -name '*.cc')))
# The folders whose *_test.cc are compiled together.
BUNDLED       := $(filter %_test.cc,$(TEST_SOURCES))
BUNDLES       := $(patsubst %/,%,$(sort $(dir $(BUNDLED))))
MICRO_SOURCES := $(sort $(wildcard benchmarks/micro/*.cc))
# Loads that tests draw, too.
LOADS         := benchmarks/micro/cache_load.cc
LOAD_SOURCES  := $(sort $(wildcard benchmarks/load/*.cc))
ALL_SOURCES   := $(LIB_SOURCES) proxy/main.cc $(TEST_SOURCES) $(PRELOADED) $(FUZZ_ENTRY) $(MICRO_SOURCES) $(LOAD_SOURCES)
ALL_HEADERS   := $(sort $(shell find $(ROOMS) tests benchmarks -name '*.h'))

# ---- The four flavours ---------------------------------------------------------------------------

.PHONY: all
all: build/release/sluice ## The release build: build/release/sluice

.PHONY: FORCE
FORCE:

# A file that changes only when its content does, so that other flags, another compiler or a source
# that went away rebuild what they touch.
write_if_changed       = $(call write_lines_if_changed,'$(strip $(1))')
write_lines_if_changed = @mkdir -p $(@D); printf '%s\n' $(1) | cmp -s - $@ || printf '%s\n' $(1) > $@

# Catch2 is one header of 17 000 lines: precompiled, it halves the time of a test file.
# main.cc instantiates Catch2 itself, so it cannot use that. The tests' own code is not optimised,
# which costs minutes and gains nothing: what they test is.
test_flags := -U_FORTIFY_SOURCE -O0 -g1
pch_suffix := $(if $(is_clang),pch,gch)

# What else takes the time of a test file is headers and templates that its neighbours need as well,
# so the *_test.cc of a folder are included into one source, its bundle, and compiled once. What they
# declare in their unnamed namespaces therefore has to differ in name. (What is local need not differ
# from what a neighbour declares there: -Wno-shadow.) A folder that takes much
# longer than the others is divided, not its bundle.

define flavour
compile_$(1) = $$(CXX) $$(common_flags) $$(flags_$(1)) $$(LIB_CFLAGS) $$(CPPFLAGS) $$(CXXFLAGS)

build/$(1)/flags: FORCE
	$$(call write_if_changed,$$(CXX) $$(common_flags) $$(flags_$(1)) $$(link_$(1)) $$(CPPFLAGS) $$(CXXFLAGS) $$(LDFLAGS))

build/$(1)/sources: FORCE
	$$(call write_if_changed,$$(ALL_SOURCES))

build/$(1)/obj/%.o: %.cc build/$(1)/flags | packages-build
	$$(say) CXX $$@
	@mkdir -p $$(@D)
	$$(run)$$(compile_$(1)) -MMD -MP -c $$< -o $$@

build/$(1)/obj/tests/%.o: tests/%.cc build/$(1)/catch.h.$$(pch_suffix) build/$(1)/flags | packages-test
	$$(say) CXX $$@
	@mkdir -p $$(@D)
	$$(run)$$(compile_$(1)) $$(test_flags) -MMD -MP -include build/$(1)/catch.h -c $$< -o $$@

$$(BUNDLES:%=build/$(1)/bundles/%.cc): build/$(1)/bundles/%.cc: FORCE
	$$(call write_lines_if_changed,$$(patsubst %,'#include "%"',$$(sort $$(wildcard $$*/*_test.cc))))

$$(BUNDLES:%=build/$(1)/obj/bundles/%.o): build/$(1)/obj/bundles/%.o: build/$(1)/bundles/%.cc build/$(1)/catch.h.$$(pch_suffix) build/$(1)/flags | packages-test
	$$(say) CXX $$@
	@mkdir -p $$(@D)
	$$(run)$$(compile_$(1)) $$(test_flags) -Wno-shadow -MMD -MP -include build/$(1)/catch.h -c $$< -o $$@

build/$(1)/obj/tests/support/main.o: tests/support/main.cc build/$(1)/flags | packages-test
	$$(say) CXX $$@
	@mkdir -p $$(@D)
	$$(run)$$(compile_$(1)) $$(test_flags) -MMD -MP -c $$< -o $$@

build/$(1)/catch.h: FORCE
	$$(call write_if_changed,#include <catch2/catch.hpp>)

build/$(1)/catch.h.$$(pch_suffix): build/$(1)/catch.h build/$(1)/flags | packages-test
	$$(say) PCH $$@
	$$(run)$$(compile_$(1)) $$(test_flags) -x c++-header $$< -o $$@

build/$(1)/libsluice.a: $$(LIB_SOURCES:%.cc=build/$(1)/obj/%.o) build/$(1)/sources
	$$(say) AR $$@
	@rm -f $$@
	$$(run)ar rcs $$@ $$(filter %.o,$$^)

build/$(1)/sluice: build/$(1)/obj/proxy/main.o build/$(1)/libsluice.a
	$$(say) LINK $$@
	$$(run)$$(CXX) $$(LINK) $$(link_$(1)) $$(LDFLAGS) $$^ $$(LIB_LIBS) -o $$@

build/$(1)/tests: $$(patsubst %.cc,build/$(1)/obj/%.o,$$(filter-out $$(BUNDLED),$$(TEST_SOURCES))) \
  $$(BUNDLES:%=build/$(1)/obj/bundles/%.o) $$(LOADS:%.cc=build/$(1)/obj/%.o) build/$(1)/libsluice.a
	$$(say) LINK $$@
	$$(run)$$(CXX) $$(LINK) $$(link_$(1)) $$(LDFLAGS) $$^ $$(LIB_LIBS) -o $$@

$$(PRELOADED:tests/support/%.cc=build/$(1)/%.so): build/$(1)/%.so: tests/support/%.cc build/$(1)/flags | packages-build
	$$(say) LINK $$@
	$$(run)$$(compile_$(1)) -fPIC -shared $$< -o $$@

$(addprefix build/$(1)/obj/benchmarks/micro/,hot_path.o look_ups.o): | packages-micro
build/$(1)/micro: $$(MICRO_SOURCES:%.cc=build/$(1)/obj/%.o) build/$(1)/libsluice.a build/$(1)/sources
	$$(say) LINK $$@
	$$(run)$$(CXX) $$(LINK) $$(link_$(1)) $$(LDFLAGS) $$(filter-out %/sources,$$^) $$(LIB_LIBS) -lbenchmark -o $$@

-include $$(ALL_SOURCES:%.cc=build/$(1)/obj/%.d) $$(BUNDLES:%=build/$(1)/obj/bundles/%.d)
endef

$(foreach name,$(FLAVOURS),$(eval $(call flavour,$(name))))

# ---- Running -------------------------------------------------------------------------------------

DEMO := build/demo

$(DEMO)/cert.pem: | packages-demo
	@mkdir -p $(@D)
	@openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
	  -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
	  -keyout $(DEMO)/key.pem -out $@ 2> $(DEMO)/openssl.log || { cat $(DEMO)/openssl.log; exit 1; }

.PHONY: run
run: build/release/sluice $(DEMO)/cert.pem ## Build, then proxy to two demo backends on :8080 and :8443
	@printf '%s\n' 'Try, from another terminal (Ctrl-C here stops it):' \
	  '  curl -i http://localhost:8080/' \
	  '  curl -ik https://localhost:8443/' \
	  '  curl -i http://localhost:8080/hello' \
	  '  curl -i http://localhost:8080/old/page'
	@exec build/release/sluice run conf/examples/demo.json

# ---- Tests ---------------------------------------------------------------------------------------

# $(call run_tests,flavour,which)
run_tests = $(environment_$(1)) SLUICE_BINARY=$(CURDIR)/build/$(1)/sluice build/$(1)/tests $(2) $(TESTS)

# What has a long variant, tagged [long], with the sizes of the real thing: files of 1 GiB, 24 000
# connections dropped in two minutes, attackers against the default configuration.
LONG_SIZES := SLUICE_BIG_MIB=1024 SLUICE_CHURN_CONNECTIONS=24000 SLUICE_CHURN_SECONDS=120 \
  SLUICE_LONG=1 SLUICE_TEST_TIMEOUT=600

# What a flavour's tests need.
tested = build/$(1)/tests build/$(1)/sluice $(PRELOADED:tests/support/%.cc=build/$(1)/%.so)

.PHONY: test test-unit test-wire test-long conformance asan ubsan tsan
test: $(call tested,release) ## All tests; the last line says how many passed
	@$(call run_tests,release,)
test-unit: $(call tested,release) ## The tests under tests/unit
	@$(call run_tests,release,[unit])
test-wire: $(call tested,release) ## The tests under tests/wire: the real binary
	@$(call run_tests,release,[wire])
test-long: $(call tested,release) packages-test-long ## The long variants: 1 GiB files, 24 000 connections, attackers (minutes)
	@$(LONG_SIZES) $(call run_tests,release,[long])
conformance: build/release/sluice build/conformance/installed ## The public conformance suite for HTTP caches, from npm
	@tests/conformance/run.mjs build/release/sluice build/conformance
build/conformance/installed: | packages-conformance
	@mkdir -p $(@D)
	@npm install --prefix $(@D) --no-audit --no-fund --silent http-cache-tests@0.4.5
	@touch $@
asan: $(call tested,asan) ## All tests under AddressSanitizer and LeakSanitizer
	@$(call run_tests,asan,)
ubsan: $(call tested,ubsan) ## All tests under UndefinedBehaviorSanitizer
	@$(call run_tests,ubsan,)
tsan: $(call tested,tsan) ## All tests under ThreadSanitizer
	@$(call run_tests,tsan,)

# ---- Fuzzers -------------------------------------------------------------------------------------

# A flavour of its own: clang, whatever CXX is, with coverage and both sanitizers in everything.
FUZZ_CXX     := clang++-14
fuzz_sanitize = -fsanitize=$(1),address,undefined -fno-sanitize-recover=all
compile_fuzz  = $(FUZZ_CXX) $(LANGUAGE) $(HARDENING) $(WARNINGS) -O1 -g -fno-omit-frame-pointer \
  -Wno-null-dereference $(call fuzz_sanitize,fuzzer-no-link) $(LIB_CFLAGS) $(CPPFLAGS) $(CXXFLAGS)

build/fuzz/flags: FORCE
	$(call write_if_changed,$(FUZZ_CXX) $(LANGUAGE) $(HARDENING) $(WARNINGS) $(fuzz_sanitize) $(CPPFLAGS) $(CXXFLAGS) $(LDFLAGS))

build/fuzz/sources: FORCE
	$(call write_if_changed,$(LIB_SOURCES) $(FUZZ_SOURCES))

build/fuzz/obj/%.o: %.cc build/fuzz/flags | packages-fuzz
	$(say) CXX $@
	@mkdir -p $(@D)
	$(run)$(compile_fuzz) -MMD -MP -c $< -o $@

build/fuzz/obj/entry-%.o: $(FUZZ_ENTRY) build/fuzz/flags | packages-fuzz
	$(say) CXX $@
	@mkdir -p $(@D)
	$(run)$(compile_fuzz) -DSLUICE_FUZZ_TARGET=$* -MMD -MP -c $< -o $@

build/fuzz/libsluice.a: $(LIB_SOURCES:%.cc=build/fuzz/obj/%.o) build/fuzz/sources
	$(say) AR $@
	@rm -f $@
	$(run)ar rcs $@ $(filter %.o,$^)

build/fuzz/libtargets.a: $(FUZZ_SOURCES:%.cc=build/fuzz/obj/%.o) build/fuzz/sources
	$(say) AR $@
	@rm -f $@
	$(run)ar rcs $@ $(filter %.o,$^)

$(FUZZ_TARGETS:%=build/fuzz/%): build/fuzz/%: build/fuzz/obj/entry-%.o build/fuzz/libtargets.a build/fuzz/libsluice.a
	$(say) LINK $@
	$(run)$(FUZZ_CXX) $(LINK) $(call fuzz_sanitize,fuzzer) $(LDFLAGS) $^ $(LIB_LIBS) -o $@

-include $(LIB_SOURCES:%.cc=build/fuzz/obj/%.d) $(FUZZ_SOURCES:%.cc=build/fuzz/obj/%.d)
-include $(FUZZ_TARGETS:%=build/fuzz/obj/entry-%.d)

fuzz_chosen := $(if $(FUZZ),$(FUZZ),$(FUZZ_TARGETS))

.PHONY: fuzz
fuzz: $(fuzz_chosen:%=build/fuzz/%) ## All fuzzers, FUZZ_SECONDS=30 each (or FUZZ=uri), two at a time
	@tools/fuzz $(FUZZ_SECONDS) $(fuzz_chosen)

# ---- Benchmarks ----------------------------------------------------------------------------------

LOAD_PROGRAMS := $(LOAD_SOURCES:benchmarks/load/%.cc=build/bench/%)
build/bench/idle build/bench/terminator: load_libs = $(shell pkg-config --libs openssl)
$(LOAD_PROGRAMS): build/bench/%: build/release/obj/benchmarks/load/%.o
	$(say) LINK $@
	@mkdir -p $(@D)
	$(run)$(CXX) $(LINK) $(LDFLAGS) $^ $(load_libs) -o $@

.PHONY: bench bench-micro
bench: build/release/sluice $(LOAD_PROGRAMS) packages-bench ## Side by side with nginx, HAProxy, Varnish, h2o; writes benchmarks/results.md
	@benchmarks/load/run
bench-micro: build/release/micro ## The parts alone: hit ratios of the store beside exact LRU, ns of look-ups, checks, parsers, log lines
	@build/release/micro

# ---- Checks --------------------------------------------------------------------------------------

.PHONY: check arch tidy headers lint fmt fmt-check
check: fmt-check arch tidy headers fuzz ## fmt-check, arch, tidy, headers, and FUZZ_SECONDS of each fuzzer (minutes)

arch: ## Every #include follows the arrows between the rooms
	@tools/arch

tidy: ## File sizes, first lines, banned words
	@tools/tidy

# One that has a source is compiled alone with it: it stands first there, as tidy sees to.
HEADERS_ALONE := $(filter-out $(ALL_SOURCES:%.cc=%.h),$(ALL_HEADERS))

headers: $(HEADERS_ALONE:%=build/headers/%.ok) ## Every header compiles alone

build/headers/%.ok: % build/release/flags | packages-build packages-test
	$(say) HEADER $<
	@mkdir -p $(@D)
	$(run)$(compile_release) -MMD -MP -MF $(@:.ok=.d) -MT $@ -fsyntax-only -x c++ -include $< /dev/null
	@touch $@

-include $(HEADERS_ALONE:%=build/headers/%.d)

fmt: packages-fmt ## Rewrite all sources with clang-format 14
	@clang-format-14 -i $(ALL_SOURCES) $(ALL_HEADERS)

fmt-check: packages-fmt ## Fail where clang-format would change something
	@clang-format-14 --dry-run -Werror $(ALL_SOURCES) $(ALL_HEADERS)

.PHONY: reference
reference: build/release/sluice ## Write the configuration reference into README.md
	@tools/update_reference $<

# For clangd and clang-tidy: the flags that both compilers know.
compile_commands.json: FORCE | packages-build ## The commands, for editors and clang-tidy
	@tools/compile_commands 'clang++ $(LANGUAGE) $(HARDENING) -O2 $(WARNINGS) $(LIB_CFLAGS)' $(ALL_SOURCES) > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

lint: compile_commands.json packages-lint ## clang-tidy 14 over all sources, or those in FILES (minutes)
	@printf '%s\n' $(or $(FILES),$(ALL_SOURCES)) | xargs -P $(shell nproc) -n 1 clang-tidy-14 --quiet -p .

# ---- Packages ------------------------------------------------------------------------------------

.PHONY: packages-build packages-demo packages-test packages-test-long packages-conformance \
  packages-fuzz packages-bench packages-micro packages-fmt packages-lint
install_packages = @$(if $(filter 0,$(PACKAGES)),:,tools/install_packages $(1))
packages-build:
	$(call install_packages,$(BUILD_PACKAGES))
packages-demo:
	$(call install_packages,$(DEMO_PACKAGES))
packages-test:
	$(call install_packages,$(BUILD_PACKAGES) $(TEST_PACKAGES))
packages-fuzz:
	$(call install_packages,$(BUILD_PACKAGES) $(CLANG_PACKAGES))
packages-test-long:
	$(call install_packages,$(BUILD_PACKAGES) $(LONG_TEST_PACKAGES))
packages-conformance:
	$(call install_packages,$(if $(shell command -v npm),,$(NPM_PACKAGES)))
packages-bench:
	$(call install_packages,$(BENCH_PACKAGES))
packages-micro:
	$(call install_packages,$(BUILD_PACKAGES) $(MICRO_PACKAGES))
packages-fmt:
	$(call install_packages,$(FMT_PACKAGES))
packages-lint:
	$(call install_packages,$(BUILD_PACKAGES) $(LINT_PACKAGES))

# ---- Installing ----------------------------------------------------------------------------------

.PHONY: install
install: build/release/sluice ## Binary, examples, systemd unit (DESTDIR, PREFIX=/usr/local, SYSCONFDIR=/etc)
	install -D -m 755 build/release/sluice $(DESTDIR)$(PREFIX)/bin/sluice
	install -d $(DESTDIR)$(PREFIX)/share/doc/sluice/examples
	install -m 644 conf/examples/*.json $(DESTDIR)$(PREFIX)/share/doc/sluice/examples/
	install -d $(DESTDIR)$(SYSCONFDIR)/sluice $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed -e 's|/usr/local/|$(PREFIX)/|g' -e 's|/etc/|$(SYSCONFDIR)/|g' conf/service/sluice.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/sluice.service
	chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/system/sluice.service

.PHONY: clean
clean: ## Remove everything that was built
	rm -rf build compile_commands.json

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z_.-]+:.*## / { printf "  %-22s %s\n", $$1, $$2 }' Makefile
