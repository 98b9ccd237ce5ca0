# SPDX-License-Identifier: Apache-2.0
#
# The small guests: guest_NAME = sources. Included by the Makefile. What each shows and prints
# is in docs/guests.md.
bare_virtio := guests/lib/bare_ring.c
bare := $(sort $(filter-out $(bare_virtio),$(wildcard guests/lib/bare_*.S guests/lib/bare_*.c)))

guest_tiny = guests/tiny.S
guest_hello = guests/hello.c $(bare)
guest_control = guests/control.c $(bare)
guest_exits = guests/exits.c $(bare)
guest_asleep = guests/asleep.c $(bare)
guest_hog = guests/hog.c $(bare)
guest_passed = guests/passed.c $(bare)
guest_reset = guests/reset.c $(bare)
guest_membank = guests/membank.c $(bare)
guest_smptest = guests/smptest.c $(bare)
guest_a32 = guests/a32.c $(bare)
guest_fptest = guests/fptest.c guests/fp_regs.S $(bare)
guest_fploop = guests/fploop.c guests/fp_regs.S $(bare)
guest_regtest = $(wildcard guests/regtest*.c) $(bare)
guest_gictest = $(wildcard guests/gictest*.c) $(bare)
guest_trace = $(wildcard guests/eventlog*.c) $(bare)
guest_bench = guests/bench.c guests/bench_vectors.S $(bare)
guest_bench_latency = guests/bench_latency.c guests/bench_vectors.S $(bare)
guest_bench_busy = guests/bench_busy.c $(bare)
guest_bench_first = guests/bench_first.S

# May use FP registers; the others are compiled without.
fp_guests = fptest fploop

# One hostile guest per family of attacks, and the victim that runs beside each.
hostile := guests/hostile.c guests/hostile_clock.c $(bare)
guest_victim = guests/victim.c guests/victim_fp.S guests/hostile_clock.c $(bare)
guest_hostile_memory = guests/hostile_memory.c guests/hostile_access.S $(hostile)
guest_hostile_walk = guests/hostile_walk.c guests/hostile_walk_slot.S $(hostile)
guest_hostile_gic = guests/hostile_gic.c $(hostile)
guest_hostile_storm = guests/hostile_storm.c $(hostile)
guest_hostile_smccc = guests/hostile_smccc.c guests/hostile_smccc_regs.S $(hostile)
guest_hostile_state = guests/hostile_state.c guests/hostile_state_more.c \
	guests/hostile_state_access.S $(hostile)
guest_hostile_a32 = guests/hostile_a32.c guests/hostile_a32_run.c guests/hostile_a32_code.c $(hostile)
guest_serror = guests/serror.c guests/hostile_a32_run.c $(bare)
guest_serror_firmware = guests/serror_firmware.S
guest_hostile_sibling = guests/hostile_sibling.c $(bare)
