# Lanyard. `make help` lists the targets; README.md has the two commands.
SHELL := /bin/bash
BUILD ?= build
CC := gcc
MODE ?= release

PKGS := libmicrohttpd cjose libcurl openssl libpq sqlite3 jansson yaml-0.1 libargon2 gnutls lasso xmlsec1-openssl libxml-2.0 gobject-2.0 zlib
ROOMS := idp/base idp/store idp/keys idp/http idp/people idp/login oidc saml idp/admin

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wwrite-strings -Wpointer-arith -Wcast-qual -Wcast-align=strict -Wundef -Wvla -Walloca \
	-Wformat=2 -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference -Wduplicated-cond -Wduplicated-branches \
	-Wlogical-op -Wunused-macros -Wno-gnu-statement-expression -Werror
HARDEN := -O2 -g -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection=full \
	-ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr
SOUND := -fno-strict-aliasing -fno-strict-overflow -fno-delete-null-pointer-checks -fno-common -fvisibility=hidden -fPIE
LINK := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code -Wl,--as-needed

ifeq ($(MODE),asan)
HARDEN := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
WARN += -Wno-null-dereference
endif
ifeq ($(MODE),tsan)
HARDEN := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
WARN += -Wno-null-dereference -Wno-tsan
endif
ifeq ($(MODE),fuzz)
HARDEN := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
WARN := -Wall -Wno-unknown-warning-option
SOUND := -fno-strict-aliasing
FUZZ_LINK := -fsanitize=fuzzer
endif
ifneq ($(FAULTS),)
SOUND += -DLANYARD_FAULTS
endif

# -Wpedantic would refuse the statement expression of TAKE; everything else of it stays.
CFLAGS += -std=gnu17 -D_GNU_SOURCE -Iidp -I. -I$(BUILD)/gen $(filter-out -Wpedantic -Wno-gnu-statement-expression,$(WARN)) $(SOUND) $(HARDEN) \
	$(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PKGS) 2>/dev/null))
LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lzxcvbn -lcrypt -lresolv -lpthread -lm

# One archive per room; a test links the rooms that stand below it.
lib = $(BUILD)/lib$(notdir $(1)).a
ARCHIVES := $(foreach r,$(ROOMS),$(call lib,$(r)))
MAIN_SRC := $(wildcard idp/*.c)
objects = $(patsubst %.c,$(BUILD)/%.o,$(1))

.PHONY: all help
all: $(BUILD)/lanyard $(BUILD)/relying-app ## build the server, the command and the demo app

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' Makefile | sort | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

define room_rule
$(call lib,$(1)): $(call objects,$(wildcard $(1)/*.c)) $(EXTRA_$(notdir $(1)))
	@rm -f $$@
	@ar rcs $$@ $$^
endef
# Generated objects that belong to a room.
EXTRA_http := $(BUILD)/gen/pages.o $(BUILD)/gen/messages.o $(BUILD)/gen/assets_data.o
EXTRA_store := $(BUILD)/gen/schema_data.o
$(foreach r,$(ROOMS),$(eval $(call room_rule,$(r))))
.PHONY: rooms $(addprefix room-,$(notdir $(ROOMS)))
$(foreach r,$(ROOMS),$(eval room-$(notdir $(r)): $(call lib,$(r))))

# Pages, messages and schema are compiled in: nothing is read or parsed at run time.
GEN_HEADERS := $(BUILD)/gen/pages.h $(BUILD)/gen/messages.h
$(BUILD)/tplc: idp/http/tools/tplc.c $(wildcard idp/http/tools/*.h)
	@mkdir -p $(@D)
	@$(CC) -std=gnu17 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -o $@ $<
$(BUILD)/gen/pages.stamp: $(BUILD)/tplc $(wildcard idp/http/pages/*.html) $(wildcard idp/locales/*.json) $(wildcard idp/http/assets/*)
	@mkdir -p $(BUILD)/gen
	@$(BUILD)/tplc --locales idp/locales --out $(BUILD)/gen idp/http/pages/*.html
	@touch $@
$(BUILD)/gen/pages.h $(BUILD)/gen/pages.c $(BUILD)/gen/messages.h $(BUILD)/gen/messages.c: $(BUILD)/gen/pages.stamp
	@:
$(BUILD)/gen/assets_data.c: tests/lint/embed.sh $(wildcard idp/http/assets/*)
	@mkdir -p $(@D)
	@sh tests/lint/embed.sh assets idp/http/assets/* > $@
$(BUILD)/gen/schema_data.c: tests/lint/embed.sh $(wildcard idp/store/schema/*.sql)
	@mkdir -p $(@D)
	@sh tests/lint/embed.sh schema idp/store/schema/*.sql > $@
$(BUILD)/gen/%.o: $(BUILD)/gen/%.c
	@$(CC) $(CFLAGS) -Wno-unused-parameter -MMD -MP -c -o $@ $<
# Rooms from http upward may include generated headers.
$(call objects,$(wildcard idp/http/*.c idp/login/*.c oidc/*.c saml/*.c idp/admin/*.c idp/*.c)): | $(GEN_HEADERS)
# lasso, libxml2 and xmlsec take pointers without const that they do not write to.
$(BUILD)/saml/%.o: CFLAGS += -Wno-cast-qual

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

$(BUILD)/lanyard: $(call objects,$(MAIN_SRC)) $(ARCHIVES)
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $(LINK) -o $@ $(call objects,$(MAIN_SRC)) -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(LIBS)

$(BUILD)/relying-app: $(wildcard docs/examples/relying-app/*.c docs/examples/relying-app/*.h)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $(LINK) -o $@ $(filter %.c,$^) $(LIBS)

# A unit test tests/unit/ROOM/test_x.c links its room and those below it.
below_base := base
below_store := base store
below_keys := base store keys
below_http := base store keys http
below_people := base store keys http people
below_login := base store keys http people login
below_oidc := base store keys http people login oidc
below_saml := base store keys http people login saml
below_admin := base store keys http people login oidc saml admin
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*/test_*.c))
define unit_rule
$(BUILD)/unit/$(1)/%: tests/unit/$(1)/%.c $(foreach b,$(below_$(1)),$(BUILD)/lib$(b).a)
	@mkdir -p $$(@D)
	@echo "  LINK $$@"
	@$(CC) $(CFLAGS) -Itests -Wno-missing-prototypes -Wno-unused-macros -MMD -MP $(LINK) -o $$@ $$< -Wl,--start-group $(foreach b,$(below_$(1)),$(BUILD)/lib$(b).a) -Wl,--end-group $(LIBS) -lcmocka
endef
$(foreach r,$(ROOMS),$(eval $(call unit_rule,$(notdir $(r)))))
.PHONY: unit unit-list unit-list-concurrent fuzz-programs
unit: $(UNIT) ## build and run the unit tests alone
	@sh tests/kit/run-unit.sh $(UNIT)
unit-list:
	@echo $(UNIT)
# What threads share: lanes, stores, the key ring, the server.
CONCURRENT := base/test_workers store/test_store store/test_sight keys/test_keyring keys/test_password keys/test_xml_key http/test_raw http/test_limits people/test_credential oidc/test_grants saml/test_desk_load
unit-list-concurrent:
	@echo $(filter $(addprefix $(BUILD)/unit/,$(CONCURRENT)),$(UNIT))

# A fuzz target tests/fuzz/fuzz_x.c links every room; replay.c runs it over files, libFuzzer searches.
FUZZ := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz-programs: $(FUZZ)
$(BUILD)/fuzz/%: tests/fuzz/%.c $(if $(FUZZ_LINK),,tests/fuzz/replay.c) $(ARCHIVES)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -Wno-missing-prototypes $(FUZZ_LINK) $(LINK) -o $@ $(filter %.c,$^) -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(LIBS)

# --- packages -------------------------------------------------------------------------------------------------
# Everything comes from Debian 12; the tests' JavaScript from the npm registry.
DEPS := gcc make pkg-config binutils libmicrohttpd-dev libcjose-dev libcurl4-openssl-dev libssl-dev libpq-dev libsqlite3-dev \
	liblasso3-dev libxmlsec1-dev zlib1g-dev libjansson-dev libyaml-dev libargon2-dev libgnutls28-dev libzxcvbn-dev libcrypt-dev ca-certificates tzdata
DEPS_TEST := libcmocka-dev clang libclang-rt-14-dev clang-tidy clang-format valgrind postgresql apache2 \
	libapache2-mod-auth-openidc chromium sqlite3 universal-ctags wrk curl openssl git
# SAML service providers that sign in with us.
DEPS_TEST += libapache2-mod-auth-mellon libapache2-mod-shib shibboleth-sp-utils simplesamlphp php-cli php-xml php-mbstring \
	python3 python3-pysaml2 xmlsec1
# SAML identity providers that people come from (SimpleSAMLphp is one, too).
DEPS_TEST += lemonldap-ng liblasso-perl libxml-simple-perl libio-string-perl
# Debian's npm, unless this machine has one already: Node from elsewhere brings its own and refuses Debian's.
DEPS_TEST += $(if $(shell command -v npm),,npm)
APT := $(if $(filter 0,$(shell id -u)),,sudo )env DEBIAN_FRONTEND=noninteractive apt-get

.PHONY: deps deps-test
deps: ## install what building and running needs (Debian packages)
	@sh tests/kit/packages.sh "$(APT)" $(DEPS)

deps-test: deps ## install what the tests need (Debian packages, then npm ci)
	@sh tests/kit/packages.sh "$(APT)" $(DEPS_TEST)
	@sh tests/kit/npm.sh

# --- use --------------------------------------------------------------------------------------------------------
.PHONY: run
run: deps ## build, start on http://localhost:8080 with the demo clinic, data under var/
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@sh docs/examples/run-demo.sh $(BUILD)

DESTDIR ?=
PREFIX ?= /usr/local
.PHONY: install
install: all ## install under PREFIX (DESTDIR aware)
	install -D -m 0755 $(BUILD)/lanyard $(DESTDIR)$(PREFIX)/bin/lanyard
	install -D -m 0644 docs/examples/lanyard.service $(DESTDIR)$(PREFIX)/lib/systemd/system/lanyard.service
	install -D -m 0644 docs/examples/lanyard.yaml $(DESTDIR)$(PREFIX)/share/doc/lanyard/lanyard.yaml

# --- tests ------------------------------------------------------------------------------------------------------
# T=word runs what matches; STORIES_STORES=sqlite|postgresql narrows the engines.
.PHONY: test test-quick test-pg asan tsan valgrind fuzz fuzz-keep fuzz-replay soak
test: deps-test ## all tests: lint, unit, stories, fuzz corpora, sanitizers; ends with "N passed, N failed"
	@bash tests/kit/test.sh $(if $(T),--match "$(T)")

test-quick: ## unit tests and stories on SQLite, without installing anything
	@bash tests/kit/test.sh --quick --store sqlite $(if $(T),--match "$(T)")

test-pg: ## unit tests and stories on a private PostgreSQL
	@bash tests/kit/test.sh --quick --store postgresql $(if $(T),--match "$(T)")

asan: ## the suite under AddressSanitizer and UndefinedBehaviorSanitizer
	@bash tests/kit/test.sh --asan $(if $(T),--match "$(T)")

tsan: ## the concurrent parts and the server under load, under ThreadSanitizer
	@bash tests/kit/test.sh --tsan

valgrind: ## unit tests under memcheck
	@bash tests/kit/test.sh --valgrind

fuzz: ## search for SECONDS_EACH (60) in each fuzz target
	@bash tests/kit/fuzz.sh search $${SECONDS_EACH:-60} $(T)

fuzz-keep: ## add to the corpora what the search found, when it is small and reaches new code
	@bash tests/kit/fuzz.sh keep 0 $(T)

fuzz-replay: ## run every fuzz target over its corpus
	@bash tests/kit/fuzz.sh replay 0 $(T)

soak: ## the full number of race rounds, and the long runs
	@bash tests/kit/test.sh --soak

.PHONY: bench
bench: ## measure against the limits each figure rests on (both stores)
	@bash tests/bench/bench.sh

# --- looking after the code -----------------------------------------------------------------------------------
C_FILES = $(shell git ls-files -co --exclude-standard '*.c' '*.h' 2>/dev/null || find . -name '*.[ch]')
.PHONY: lint tidy format docs routes longest
lint: ## layers, words, tables and generated pages that must agree
	@sh tests/lint/layers.sh
	@sh tests/lint/words.sh
	@sh tests/lint/provoked.sh
	@sh tests/lint/format.sh $(C_FILES)

# What gcc alone understands stays behind.
tidy: $(GEN_HEADERS) ## clang-tidy over the server: silent when there is nothing to say
	@sh tests/lint/tidy.sh $(filter-out -Wduplicated-% -Wlogical-op -Wcast-align=% -ftrivial% -fzero%,$(CFLAGS))

format: ## clang-format over everything
	clang-format -i $(C_FILES)

docs: $(BUILD)/lanyard ## write the reference pages from the tables
	@sh tests/lint/docs.sh write $(BUILD)

routes: $(BUILD)/lanyard ## print the address map
	@$(BUILD)/lanyard routes

longest: ## the ten longest functions
	@sh tests/lint/longest.sh
