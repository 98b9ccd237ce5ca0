/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fake virtual CPU interface (IHI 0069 chapter 5) for the vGIC's tests: one per vCPU, each
 * vCPU on a CPU of its own, and a guest that acknowledges and ends interrupts. The tests set
 * fake_now to say which CPU executes. Included by one test program at a time.
 */
#ifndef BULKHEAD_TEST_VGIC_FAKE_H
#define BULKHEAD_TEST_VGIC_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/port.h"
#include "kernel/vgic.h"
#include "kernel/vgic_port.h"

#define FAKE_VCPUS   4u
#define FAKE_LRS     4u
#define LR_PENDING   (1ull << 62)
#define LR_ACTIVE    (1ull << 63)
#define LR_HW        (1ull << 61)
#define LR_EOI       (1ull << 41)
#define HCR_LRENPIE  (1ull << 2)
#define HCR_NPIE     (1ull << 3)
#define HCR_TDIR     (1ull << 14)
#define HCR_EOI_ONE  (1ull << 27)
#define VMCR_ON      (0xffull << 24 | 3u) /* PMR lets all through, both groups on */
#define VMCR_EOIMODE (1ull << 9)
#define SPURIOUS     1023u
#define IDLE_PRIO    0x100u

#define GICD_CTLR   0x0000u
#define IGROUPR     0x0080u
#define ISENABLER   0x0100u
#define ICENABLER   0x0180u
#define ISPENDR     0x0200u
#define ICPENDR     0x0280u
#define ISACTIVER   0x0300u
#define ICACTIVER   0x0380u
#define IPRIORITYR  0x0400u
#define ICFGR       0x0c00u
#define IROUTER     0x6000u
#define SGI_BASE(n) ((n)*0x20000ull + 0x10000ull)

struct fake_cpu {
	uint64_t lr[FAKE_LRS];
	uint64_t hcr, vmcr, apr[2];
	bool timer_line;   /* the virtual timer's output */
	bool timer_active; /* physical PPI 27 */
	uint32_t kicks, syncing, synced, flushes;
};

/* The one physical SPI that backs one of the VM's, `intid`; 0: none does. A level. */
struct fake_backing {
	uint32_t intid;
	bool line, active;
	uint32_t taken, releases;
	uint32_t routed; /* vCPU on whose CPU it is taken */
};

static struct fake_cpu fake[FAKE_VCPUS];
static struct fake_backing fake_backing;
static struct vgic_cpu vcpu[FAKE_VCPUS];
static struct vgic vgic;
static uint32_t fake_now;

void arch_pause(void)
{
	fail_msg("the lock is held by nobody else");
}

uint32_t arch_lr_count(void)
{
	return FAKE_LRS;
}

/* Only the CPU where a vCPU is loaded touches its list registers, and only then. */
uint64_t arch_lr_read(uint32_t n)
{
	assert_true(n < FAKE_LRS);
	return fake[fake_now].lr[n];
}

void arch_lr_write(uint32_t n, uint64_t value)
{
	assert_true(n < FAKE_LRS);
	assert_true(vcpu[fake_now].loaded || value == 0u);
	/* HW = 1: pending and active is not allowed (ICH_LR<n>_EL2) */
	assert_true((value & LR_HW) == 0u || (value >> 62) != 3u);
	fake[fake_now].lr[n] = value;
}

void arch_lr_read_all(uint64_t *values, uint32_t used, uint32_t count)
{
	for (uint32_t n = 0u; n < count; n++) {
		if ((used >> n & 1u) != 0u)
			values[n] = arch_lr_read(n);
	}
}

void arch_lr_write_all(const uint64_t *values, uint32_t used, uint32_t count)
{
	for (uint32_t n = 0u; n < count; n++)
		arch_lr_write(n, (used >> n & 1u) != 0u ? values[n] : 0u);
}

uint64_t arch_ich_empty(void)
{
	uint64_t empty = 0u;
	uint32_t n;

	for (n = 0u; n < FAKE_LRS; n++) {
		if (fake[fake_now].lr[n] >> 62 == 0u)
			empty |= 1ull << n;
	}
	return empty;
}

uint64_t arch_ich_hcr_read(void)
{
	return fake[fake_now].hcr;
}

void arch_ich_hcr_write(uint64_t value)
{
	fake[fake_now].hcr = value;
}

uint64_t arch_ich_vmcr_read(void)
{
	return fake[fake_now].vmcr;
}

void arch_ich_vmcr_write(uint64_t value)
{
	fake[fake_now].vmcr = value;
}

uint64_t arch_ich_apr_read(uint32_t group)
{
	return fake[fake_now].apr[group];
}

void arch_ich_apr_write(uint32_t group, uint64_t value)
{
	fake[fake_now].apr[group] = value;
}

bool vgic_hw_line(void)
{
	return fake[fake_now].timer_line;
}

void vgic_hw_release(uint32_t physical)
{
	if (physical != VGIC_TIMER_ID) {
		fake_backing.active = false;
		fake_backing.releases++;
		return;
	}
	assert_true(fake[fake_now].timer_active);
	fake[fake_now].timer_active = false;
}

void vgic_hw_route(uint32_t physical, struct vgic_cpu *target)
{
	(void)physical;
	fake_backing.routed = target->index;
}

void vgic_kick(struct vgic_cpu *target)
{
	assert_true(vgic_requested(target));
	fake[target->index].kicks++;
}

void vgic_syncing(struct vgic_cpu *waiter)
{
	fake[waiter->index].syncing++;
}

void vgic_synced(struct vgic_cpu *waiter)
{
	assert_int_equal(waiter->sync_wait, 0);
	fake[waiter->index].synced++;
}

static inline void fake_start(uint32_t vcpu_count, uint32_t spi_count)
{
	uint32_t i;

	memset(fake, 0, sizeof(fake));
	memset(&fake_backing, 0, sizeof(fake_backing));
	memset(vcpu, 0, sizeof(vcpu));
	memset(&vgic, 0, sizeof(vgic));
	vgic_init(&vgic, vcpu, sizeof(vcpu[0]), vcpu_count, spi_count);
	for (i = 0u; i < vcpu_count; i++) {
		fake_now = i;
		vcpu[i].vmcr = VMCR_ON;
		vgic_load(&vcpu[i]);
	}
	fake_now = 0u;
}

/* ICH_MISR_EL2: is the maintenance interrupt asserted? */
static inline bool fake_maintenance(uint32_t cpu)
{
	const struct fake_cpu *f = &fake[cpu];
	bool pending = false, ended = false;
	uint32_t n;

	for (n = 0u; n < FAKE_LRS; n++) {
		pending = pending || f->lr[n] >> 62 == 1u;
		ended = ended || (f->lr[n] >> 62 == 0u && (f->lr[n] & (LR_HW | LR_EOI)) == LR_EOI);
	}
	return ended || ((f->hcr & HCR_NPIE) != 0u && !pending) ||
	       ((f->hcr & HCR_LRENPIE) != 0u && f->hcr >> 27 != 0u);
}

static inline void fake_sgi(uint32_t cpu, uint64_t value, uint32_t group)
{
	uint32_t n;

	fake_now = cpu;
	n = group == 1u ? vgic_sgi_own(&vcpu[cpu], value, arch_ich_empty()) : VGIC_LRS;
	if (n < VGIC_LRS)
		arch_lr_write(n, vcpu[cpu].lr[n]);
	else
		vgic_sgi(&vcpu[cpu], value, group);
}

/* The physical timer interrupt of a CPU, if it is to be taken. */
static inline void fake_timer(uint32_t cpu)
{
	struct fake_cpu *f = &fake[cpu];
	uint64_t lr;

	if (f->timer_line && !f->timer_active && vcpu[cpu].loaded) {
		fake_now = cpu;
		f->timer_active = true;
		lr = vgic_hw_direct(&vcpu[cpu], arch_ich_empty());
		if (lr != 0u)
			arch_lr_write(vcpu[cpu].lr_top, lr);
		else
			(void)vgic_hw_timer(&vcpu[cpu]);
	}
}

/* The physical SPI, if it is to be taken: on any CPU. True: it was. */
static inline bool fake_take(void)
{
	if (fake_backing.intid == 0u || !fake_backing.line || fake_backing.active)
		return false;
	fake_backing.active = true;
	fake_backing.taken++;
	vgic_taken(&vgic, fake_backing.intid);
	return true;
}

/* What happens by itself on every CPU, until nothing does; it must come to rest. */
static inline void fake_settle(void)
{
	uint32_t i, rounds = 0u, now = fake_now;
	bool busy = true;

	while (busy) {
		busy = fake_take();
		assert_true(rounds++ < 100u);
		for (i = 0u; i < vgic.vcpu_count; i++) {
			fake_timer(i);
			if (!vcpu[i].loaded || (!vgic_requested(&vcpu[i]) && !fake_maintenance(i)))
				continue;
			fake_now = i;
			fake[i].flushes++;
			vgic_flush(&vcpu[i]);
			busy = true;
		}
	}
	fake_now = now;
}

static inline uint32_t fake_running(uint32_t cpu)
{
	uint64_t apr = fake[cpu].apr[0] | fake[cpu].apr[1];

	return apr != 0u ? (uint32_t)__builtin_ctzll(apr) * 8u : IDLE_PRIO;
}

/* ICC_IAR0/1_EL1: what the CPU would take now, and its list register. */
static inline uint32_t fake_best(uint32_t cpu, uint32_t *best_n)
{
	const struct fake_cpu *f = &fake[cpu];
	uint32_t best = IDLE_PRIO, n, intid = SPURIOUS;

	for (n = 0u; n < FAKE_LRS; n++) {
		uint32_t priority = (uint32_t)(f->lr[n] >> 48) & 0xffu;
		uint32_t group = (uint32_t)(f->lr[n] >> 60) & 1u;

		if (f->lr[n] >> 62 != 1u || (f->vmcr >> group & 1u) == 0u || priority >= best ||
		    priority >= (uint32_t)(f->vmcr >> 24) || priority >= fake_running(cpu))
			continue;
		best = priority;
		intid = (uint32_t)f->lr[n];
		*best_n = n;
	}
	return intid;
}

static inline uint32_t guest_ack(uint32_t cpu)
{
	struct fake_cpu *f = &fake[cpu];
	uint32_t n = 0u, intid = fake_best(cpu, &n);

	if (intid == SPURIOUS)
		return intid;
	f->apr[f->lr[n] >> 60 & 1u] |= 1ull << ((f->lr[n] >> 48 & 0xffu) / 8u);
	f->lr[n] = (f->lr[n] & ~LR_PENDING) | LR_ACTIVE;
	return intid;
}

static inline void fake_deactivate(uint32_t cpu, uint32_t intid)
{
	struct fake_cpu *f = &fake[cpu];
	uint32_t n;

	for (n = 0u; n < FAKE_LRS; n++) {
		if ((f->lr[n] & LR_ACTIVE) == 0u || (uint32_t)f->lr[n] != intid)
			continue;
		f->lr[n] &= ~LR_ACTIVE;
		if ((f->lr[n] & LR_HW) != 0u && intid == VGIC_TIMER_ID)
			f->timer_active = false;
		else if ((f->lr[n] & LR_HW) != 0u)
			fake_backing.active = false;
		return;
	}
	f->hcr = (uint32_t)(f->hcr + HCR_EOI_ONE); /* EOIcount, bits 31:27, wraps */
}

static inline void guest_eoi(uint32_t cpu, uint32_t intid)
{
	struct fake_cpu *f = &fake[cpu];
	uint64_t apr = f->apr[0] | f->apr[1];

	apr &= ~apr + 1u; /* priority drop: the lowest set bit */
	f->apr[0] &= ~apr;
	f->apr[1] &= ~apr;
	if ((f->vmcr & VMCR_EOIMODE) == 0u)
		fake_deactivate(cpu, intid);
}

static inline void guest_dir(uint32_t cpu, uint32_t intid)
{
	fake_now = cpu;
	if ((fake[cpu].hcr & HCR_TDIR) != 0u)
		(void)vgic_deactivate(&vcpu[cpu], intid);
	else
		fake_deactivate(cpu, intid);
}

/* An access of vCPU `cpu`, with what a guest sees: repeated when told so, at most once. */
static inline uint64_t guest_access(uint32_t cpu, bool distributor, uint64_t offset, uint32_t size,
                                    bool write, uint64_t value)
{
	struct vgic_access access = {
		.self = &vcpu[cpu],
		.offset = offset,
		.size = size,
		.write = write,
		.value = value,
	};
	uint32_t synced = fake[cpu].synced;
	enum vgic_result result;

	fake_now = cpu;
	result = distributor ? vgic_distributor(&access) : vgic_redistributor(&access);
	if (result != VGIC_DONE) {
		assert_true(vcpu[cpu].sync_wait != 0u);
		fake_settle();
		assert_int_equal(fake[cpu].synced, synced + 1u);
		assert_int_equal(vcpu[cpu].sync_wait, 0);
	}
	if (result == VGIC_RETRY) {
		assert_false(write);
		fake_now = cpu;
		result = distributor ? vgic_distributor(&access) : vgic_redistributor(&access);
		assert_int_equal(result, VGIC_DONE);
	}
	return access.value;
}

static inline uint64_t gicd_read(uint32_t cpu, uint64_t offset)
{
	return guest_access(cpu, true, offset, 4u, false, 0u);
}

static inline void gicd_write(uint32_t cpu, uint64_t offset, uint64_t value)
{
	(void)guest_access(cpu, true, offset, 4u, true, value);
}

static inline uint64_t gicr_read(uint32_t cpu, uint64_t offset)
{
	return guest_access(cpu, false, offset, 4u, false, 0u);
}

static inline void gicr_write(uint32_t cpu, uint64_t offset, uint64_t value)
{
	(void)guest_access(cpu, false, offset, 4u, true, value);
}

/* A bitmap register's bit of one interrupt, seen from `cpu`; PPIs and SGIs are cpu's own. */
static inline void guest_bit(uint32_t cpu, uint32_t reg, uint32_t intid)
{
	if (intid < 32u)
		gicr_write(cpu, SGI_BASE(cpu) + reg, 1u << intid);
	else
		gicd_write(cpu, reg + intid / 32u * 4u, 1u << intid % 32u);
}

static inline bool guest_is(uint32_t cpu, uint32_t reg, uint32_t intid)
{
	uint64_t word = intid < 32u ? gicr_read(cpu, SGI_BASE(cpu) + reg)
	                            : gicd_read(cpu, reg + intid / 32u * 4u);

	return (word >> intid % 32u & 1u) != 0u;
}

static inline void guest_priority(uint32_t cpu, uint32_t intid, uint32_t priority)
{
	(void)guest_access(cpu, intid >= 32u,
	                   (intid < 32u ? SGI_BASE(cpu) : 0u) + IPRIORITYR + intid, 1u, true,
	                   priority);
}

static inline void guest_edge(uint32_t cpu, uint32_t intid, bool edge)
{
	uint64_t value = gicd_read(cpu, ICFGR + intid / 16u * 4u);
	uint64_t bit = 2ull << intid % 16u * 2u;

	gicd_write(cpu, ICFGR + intid / 16u * 4u, edge ? value | bit : value & ~bit);
}

/* Group 1, enabled, priority; the distributor on. */
static inline void guest_use(uint32_t cpu, uint32_t intid, uint32_t priority)
{
	uint32_t reg = IGROUPR + intid / 32u * 4u;

	gicd_write(cpu, GICD_CTLR, 3u);
	if (intid < 32u)
		gicr_write(cpu, SGI_BASE(cpu) + IGROUPR,
		           gicr_read(cpu, SGI_BASE(cpu) + IGROUPR) | 1u << intid);
	else
		gicd_write(cpu, reg, gicd_read(cpu, reg) | 1u << intid % 32u);
	guest_priority(cpu, intid, priority);
	guest_bit(cpu, ISENABLER, intid);
	fake_settle();
}

/* How many interrupts a vCPU has active in no list register. */
static inline uint32_t fake_spilled(uint32_t cpu)
{
	uint32_t w, count = 0u;

	for (w = 0u; w < VGIC_WORDS; w++)
		count += (uint32_t)__builtin_popcount(vcpu[cpu].spilled[w]);
	return count;
}

/* No interrupt in two list registers; the books agree with the hardware. */
static inline void check_invariants(void)
{
	uint32_t i, n, w, seen[VGIC_WORDS] = {0u};

	for (i = 0u; i < vgic.vcpu_count; i++) {
		uint32_t held[VGIC_WORDS] = {0u};
		for (n = 0u; n < FAKE_LRS; n++) {
			uint64_t lr = vcpu[i].loaded ? fake[i].lr[n] : vcpu[i].lr[n];
			uint32_t intid = (uint32_t)lr;

			if ((vcpu[i].used & 1u << n) == 0u) {
				assert_true(!vcpu[i].loaded || lr >> 62 == 0u);
				continue;
			}
			assert_true((held[intid / 32u] & 1u << intid % 32u) == 0u);
			held[intid / 32u] |= 1u << intid % 32u;
		}
		for (w = 0u; w < VGIC_WORDS; w++) {
			assert_int_equal(held[w], vcpu[i].held[w]);
			assert_true(w == 0u || (seen[w] & held[w]) == 0u);
			seen[w] |= held[w];
			assert_int_equal(vcpu[i].spilled[w] != 0u, vcpu[i].spill_words >> w & 1u);
			assert_int_equal(seen[w] & vcpu[i].spilled[w] & (w != 0u ? ~0u : 0u), 0);
		}
	}
	for (w = 1u; w < VGIC_WORDS; w++)
		assert_int_equal(seen[w], vgic.held[w]);
	assert_int_equal(vgic.ticket_next, vgic.ticket_now);
}

#endif
