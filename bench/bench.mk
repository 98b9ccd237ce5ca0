# SPDX-License-Identifier: Apache-2.0
#
# `make bench`: what ./bulkhead bench needs besides kernel, programs and guests: the plugins
# (entries.so is for tests/maxima.py), and the initramfs of the Linux row with its /init. Included by the Makefile.
.PHONY: bench
bench: $(B)/bench/count.so $(B)/bench/entries.so $(B)/bench/bench-initrd.img

$(B)/bench/%.so: bench/%.c bench/plugin_pa.h bench/qemu_plugin_api.h abi/marker.h bench/bench.mk
	@mkdir -p $(@D)
	$(CC) $(HOST_FLAGS) -fPIC -shared -fvisibility=hidden -o $@ $<

$(B)/bench/init/init: bench/linux_init.S abi/marker.h bench/bench.mk
	@mkdir -p $(@D)
	$(CROSS)gcc -I. $(LINK) -o $@ $<

$(B)/bench/bench-initrd.img: $(B)/bench/init/init scripts/initramfs.py $(B)/cache/arm64.stamp
	@python3 scripts/initramfs.py -o $@ $(B)/cache/root $(B)/bench/init
