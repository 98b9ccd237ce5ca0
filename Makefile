# SPDX-License-Identifier: Apache-2.0
#
# All that is compiled, into build/. `make -s -j2` builds the kernel, the programs, the
# small guests and the tools; ./bulkhead is what people call. Files that do not exist
# simply take no part.

CROSS := aarch64-linux-gnu-
CC := gcc
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/sh
.SUFFIXES:
.SECONDARY:
.DELETE_ON_ERROR:

B := build
WARNINGS := -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wundef -Wcast-qual -Wpointer-arith -Wwrite-strings -Wvla \
	-Wimplicit-fallthrough -Werror
COMMON := -std=gnu11 -O2 -g -ffile-prefix-map=$(CURDIR)=. -I. -MMD -MP $(WARNINGS)
TARGET := $(COMMON) -ffreestanding -fno-common -fno-pic -fno-pie -fno-stack-protector \
	-mcpu=generic -mno-outline-atomics -mstrict-align -fno-asynchronous-unwind-tables
# x8 to x18 belong to what runs below, see arch/arm64/vectors.S
FIXED := $(foreach x,8 9 10 11 12 13 14 15 16 17 18,-ffixed-x$(x))
# gcc makes an indirect tail call through x16 or x17 only
flags_kernel/syscall := -Os -fno-optimize-sibling-calls
# the loop of sched_resume runs once, as a rule
flags_kernel/sched := -fno-move-loop-invariants
# what runs seldom is small rather than quick
flags_kernel/panic := -Os
flags_kernel/vcpu := -Os
flags_kernel/interrupt := -Os
flags_kernel/process := -Os
flags_kernel/vgic_regs := -Os
flags_kernel/vgic_backed := -Os
flags_kernel/vgic_lr := -Os
flags_arch/arm64/vcpu_state := -Os
flags_arch/arm64/guest_inject := -Os
flags_arch/arm64/boot := -Os
flags_arch/arm64/idreg := -Os
flags_arch/arm64/psci := -Os
flags_arch/arm64/uart := -Os
flags_arch/arm64/registers := -Os
EL2_FLAGS := $(TARGET) $(FIXED) -mgeneral-regs-only -mcmodel=small -fomit-frame-pointer
USER_FLAGS := $(TARGET) -mgeneral-regs-only
FP_FLAGS := $(TARGET)
HOST_FLAGS := $(COMMON)
UNIT_FLAGS := $(COMMON) -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all
LINK := -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
	-Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -Wl,--fatal-warnings
EL2_LINK := $(LINK) -Wl,--fix-cortex-a53-843419 -Wl,--fix-cortex-a53-835769

# objects DIR SOURCES: where the object of each source lies
objects = $(patsubst %,$(B)/$(1)/%.o,$(basename $(2)))

# ---- kernel --------------------------------------------------------------------------
kernel_sources := $(wildcard kernel/*.c arch/arm64/*.c arch/arm64/*.S)
lib_sources := $(wildcard lib/*.c lib/*.S)
kernel_objects := $(call objects,el2,$(kernel_sources))
lib_objects := $(call objects,el2,$(lib_sources))

# ---- programs at EL0: user/programs.mk has program_NAME = sources, fp_programs = NAMEs,
# link_NAME = more options for the linker ------------------------------------------------
-include $(wildcard user/programs.mk)
programs := $(sort $(patsubst program_%,%,$(filter program_%,$(.VARIABLES))))
user_lib := $(wildcard user/lib/*.c user/lib/*.S) $(lib_sources)

# ---- guests: guests/guests.mk has guest_NAME = sources, fp_guests = NAMEs,
# guest_ld_NAME = linker script where it is not guests/guest.ld -------------------------
-include $(wildcard guests/guests.mk)
guests := $(sort $(patsubst guest_%,%,$(filter-out guest_ld_%,$(filter guest_%,$(.VARIABLES)))))

tool_verify := $(wildcard tool/verify*.c)
tool_bhc := $(filter-out $(tool_verify),$(wildcard tool/*.c))
unit_tests := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))

.PHONY: all kernel user guests tools units linux clean
all: kernel user guests tools
kernel: $(if $(kernel_sources),$(B)/kernel.elf)
user: $(programs:%=$(B)/user/%.elf)
guests: $(guests:%=$(B)/guests/%.elf) $(guests:%=$(B)/guests/%.bin)
tools: $(if $(tool_bhc),$(B)/bhc) $(if $(tool_verify),$(B)/bhc-verify)
units: $(unit_tests:%=$(B)/tests/unit/%) $(B)/tests/verify_mutate $(B)/tests/verify_damage
linux: $(B)/guests/vmlinuz $(B)/guests/initrd.img $(B)/guests/u-boot.bin
clean:
	rm -rf $(filter-out $(B)/cache,$(wildcard $(B)/*))

ROOTFS_SIZE := 224M

# ---- how a source becomes an object: one rule per set of flags ---------------------------
define compile
$(B)/$(1)/%.o: %.c Makefile
	@mkdir -p $$(@D)
	$(2) $$($(3)) $$(flags_$$*) -c -o $$@ $$<
$(B)/$(1)/%.o: %.S Makefile
	@mkdir -p $$(@D)
	$(2) $$($(3)) -c -o $$@ $$<
endef
$(eval $(call compile,el2,$(CROSS)gcc,EL2_FLAGS))
$(eval $(call compile,el0,$(CROSS)gcc,USER_FLAGS))
$(eval $(call compile,fp,$(CROSS)gcc,FP_FLAGS))
$(eval $(call compile,host,$(CC),HOST_FLAGS))
$(eval $(call compile,unit,$(CC),UNIT_FLAGS))

# ---- how objects become programs ---------------------------------------------------------
$(B)/el2/lib.a: $(lib_objects)
	@rm -f $@
	$(CROSS)ar rcD $@ $^

$(B)/kernel.elf: $(kernel_objects) $(B)/el2/lib.a arch/arm64/kernel.ld
	$(CROSS)gcc $(EL2_LINK) -T arch/arm64/kernel.ld -Wl,-Map=$@.map -o $@ \
		$(kernel_objects) $(B)/el2/lib.a

$(B)/el0/lib.a: $(call objects,el0,$(user_lib))
	@rm -f $@
	$(CROSS)ar rcD $@ $^

# link_elf NAME OUT SOURCES FLAGS SCRIPT LIBRARY
define link_elf
$(2): $(call objects,$(4),$(3)) $(6) $(5)
	@mkdir -p $$(@D)
	$(CROSS)gcc $(LINK) $$(link_$(1)) -T $(5) -Wl,-Map=$$@.map -o $$@ $(call objects,$(4),$(3)) $(6)
	$(if $(filter el0,$(4)),@scripts/no-fp.sh $$@)
endef
flags_of = $(if $(filter $(1),$(2)),fp,el0)
$(foreach p,$(programs),$(eval $(call link_elf,$(p),$(B)/user/$(p).elf,$(program_$(p)),$(call \
	flags_of,$(p),$(fp_programs)),user/lib/program.ld,$(B)/el0/lib.a)))
$(foreach g,$(guests),$(eval $(call link_elf,$(g),$(B)/guests/$(g).elf,$(guest_$(g)),$(if \
	$(filter $(g),$(fp_guests)),fp,guest),$(or $(guest_ld_$(g)),guests/guest.ld),)))
$(eval $(call compile,guest,$(CROSS)gcc,USER_FLAGS))

# the VM process before it is linked, for virtual devices from outside (docs/sdk.md)
# and its examples, with our warnings
.PHONY: sdk
flags_sdk/examples/sine_task := -isystem /usr/lib/picolibc/aarch64-linux-gnu/include
sdk: all $(B)/user/vmm.o $(call objects,fp,sdk/examples/sine_task.c) \
	$(call objects,el0,sdk/examples/rtc_driver.c sdk/examples/counter_device.c)
$(B)/user/vmm.o: $(call objects,el0,$(program_vmm))
	$(CROSS)ld -r -o $@ $^

$(B)/guests/%.bin: $(B)/guests/%.elf
	$(CROSS)objcopy -O binary $< $@

$(B)/bhc: $(call objects,host,$(tool_bhc) $(filter %.c,$(lib_sources)))
	$(CC) -o $@ $^ -lfdt
$(B)/bhc-verify: $(call objects,host,$(tool_verify) $(filter %.c,$(lib_sources)))
	$(CC) -o $@ $^ -lfdt

# bhc-verify as a library under the tests that damage images; once more with the sanitizers
verify_mutate := tests/verify/verify_mutate.c $(filter-out tool/verify.c,$(tool_verify))
$(B)/tests/verify_mutate: $(call objects,host,$(verify_mutate))
	$(CC) -o $@ $^ -lfdt
$(B)/tests/verify_damage: $(call objects,unit,$(verify_mutate))
	$(CC) -fsanitize=address,undefined -o $@ $^ -lfdt

# ---- unit tests: `sources:` in a comment at the top of tests/unit/test_X.c names what it
# tests; that is compiled anew with the sanitizers ---------------------------------------
ifneq ($(unit_tests),)
-include $(B)/tests/unit.mk
$(B)/tests/unit.mk: $(unit_tests:%=tests/unit/%.c) scripts/unit-rules.awk
	@mkdir -p $(@D)
	@awk -f scripts/unit-rules.awk $(unit_tests:%=tests/unit/%.c) >$@
$(unit_tests:%=$(B)/tests/unit/%):
	@mkdir -p $(@D)
	$(CC) -fsanitize=address,undefined -o $@ $(filter %.o,$^) -lcmocka -lfdt
endif

# ---- guests of others: Debian's packages, downloaded once ------------------------------
$(B)/cache/arm64.stamp: scripts/fetch-arm64.sh
	@scripts/fetch-arm64.sh $(B)/cache
	@touch $@
$(B)/guests/vmlinuz: $(B)/cache/arm64.stamp
	@mkdir -p $(@D)
	@cp $(B)/cache/root/boot/vmlinuz-* $@
$(B)/guests/u-boot.bin: $(B)/cache/arm64.stamp
	@mkdir -p $(@D)
	@cp $(B)/cache/root/usr/lib/u-boot/qemu_arm64/u-boot.bin $@
initrd_files := $(sort $(wildcard scripts/initramfs/*))
$(B)/guests/initrd.img: $(B)/cache/arm64.stamp scripts/initramfs.py $(initrd_files)
	@mkdir -p $(@D)
	@python3 scripts/initramfs.py -o $@ $(B)/cache/root scripts/initramfs

# ---- a root file system with tools for disks and networks, of more packages ------------
.PHONY: rootfs
rootfs: $(B)/guests/rootfs.ext4
$(B)/cache/tools/arm64.stamp: scripts/fetch-arm64.sh scripts/rootfs.packages
	@scripts/fetch-arm64.sh $(@D) $$(sed 's/#.*//' scripts/rootfs.packages)
	@touch $@
$(B)/guests/rootfs.ext4: $(B)/cache/tools/arm64.stamp scripts/rootfs.py $(wildcard scripts/rootfs/*)
	@python3 scripts/rootfs.py -o $(B)/guests/rootfs $(B)/cache/tools/root scripts/rootfs
	@rm -f $@ && /sbin/mke2fs -q -t ext4 -m 0 -d $(B)/guests/rootfs $@ $(ROOTFS_SIZE)

# ---- the benchmark's own parts -------------------------------------------------------
-include $(wildcard bench/bench.mk)

-include $(shell test -d $(B) && find $(B) -name '*.d' -not -path '$(B)/cache/*' -not -path '$(B)/tests/again/*')

# ---- for people -----------------------------------------------------------------------------
.PHONY: format
format:
	clang-format -i $(shell git ls-files '*.c' '*.h')

# a variable as the tests see it
.PHONY: print-%
print-%:
	@echo '$($*)'
