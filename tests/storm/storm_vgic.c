/* SPDX-License-Identifier: Apache-2.0 */
/* sources: kernel/vgic.c kernel/vgic_lr.c kernel/vgic_regs.c kernel/vgic_backed.c */
/* build: plain */
/* broken: plain | kernel/vgic.c | fetch_or(&cpu->posted, 1u << intid, __ATOMIC_SEQ_CST) | exchange_n(&cpu->posted, 1u << intid, __ATOMIC_SEQ_CST) */
/*
 * The virtual GIC of a VM with four vCPUs on four CPUs at full speed.
 *
 * Each guest sends SGIs to the others, raises edges of SPIs, moves them between vCPUs, disables and
 * enables them, reads and clears registers of others, takes what is signalled to it and ends it;
 * its vCPU is saved and loaded again. (unit/vgic_storm has every state against a model, one
 * event at a time.)
 *
 * Every SGI and edge has a number that grows: whoever takes the interrupt notes the last number that
 * was sent before. When a round is over and nothing moves any more, the last number has been noted:
 * none was lost. None is taken more often than it was sent, an SPI is never active at two vCPUs, and
 * no interrupt is in two list registers of a CPU.
 * Not with ThreadSanitizer: words of a bitmap are read without the lock, as the hardware's are.
 */
#include "tests/storm/storm_machine.h"

#include "kernel/vgic.h"
#include "kernel/vgic_port.h"

#define LRS         4u
#define SGIS        4u
#define SPI_FIRST   32u
#define SPIS        6u
#define ROUNDS      400u
#define STEPS       60u
#define LR_PENDING  (1ull << 62)
#define LR_ACTIVE   (1ull << 63)
#define LR_HW       (1ull << 61)
#define LR_EOI      (1ull << 41)
#define HCR_LRENPIE (1ull << 2)
#define HCR_NPIE    (1ull << 3)
#define HCR_EOI_ONE (1ull << 27)
#define VMCR_ON     (0xffull << 24 | 3u)
#define SPURIOUS    1023u
#define SGI_BASE(n) ((n)*0x20000ull + 0x10000ull)

struct source {
	uint32_t sent, seen, taken, active;
};

static struct vgic vgic;
static struct vgic_cpu vcpu[STORM_CPUS];
static struct source sgi[STORM_CPUS][SGIS];
static struct source spi[SPIS];
static uint32_t syncing[STORM_CPUS];
static uint32_t arrived; /* at the ends of rounds, all CPUs together */
static __thread uint64_t lr[LRS], hcr, vmcr, apr[2];

/* ---- kernel/vgic_port.h ---------------------------------------------------------------------- */

void arch_pause(void)
{
	sched_yield();
}

uint32_t arch_lr_count(void)
{
	return LRS;
}

uint64_t arch_lr_read(uint32_t n)
{
	return lr[n];
}

void arch_lr_write(uint32_t n, uint64_t value)
{
	for (uint32_t i = 0u; i < LRS; i++)
		CHECK(i == n || value >> 62 == 0u || lr[i] >> 62 == 0u ||
		      (uint32_t)lr[i] != (uint32_t)value);
	lr[n] = value;
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

	for (uint32_t n = 0u; n < LRS; n++)
		empty |= lr[n] >> 62 == 0u ? 1ull << n : 0u;
	return empty;
}

uint64_t arch_ich_hcr_read(void)
{
	return hcr;
}

void arch_ich_hcr_write(uint64_t value)
{
	hcr = value;
}

uint64_t arch_ich_vmcr_read(void)
{
	return vmcr;
}

void arch_ich_vmcr_write(uint64_t value)
{
	vmcr = value;
}

uint64_t arch_ich_apr_read(uint32_t group)
{
	return apr[group];
}

void arch_ich_apr_write(uint32_t group, uint64_t value)
{
	apr[group] = value;
}

bool vgic_hw_line(void)
{
	return false;
}

void vgic_hw_release(uint32_t physical)
{
	(void)physical;
}

void vgic_hw_route(uint32_t physical, struct vgic_cpu *target)
{
	(void)physical;
	(void)target;
}

void vgic_kick(struct vgic_cpu *target)
{
	storm_interrupt(target->index);
}

void vgic_syncing(struct vgic_cpu *waiter)
{
	__atomic_store_n(&syncing[waiter->index], 1u, __ATOMIC_SEQ_CST);
}

void vgic_synced(struct vgic_cpu *waiter)
{
	__atomic_store_n(&syncing[waiter->index], 0u, __ATOMIC_SEQ_CST);
	storm_interrupt(waiter->index);
}

/* ---- the virtual CPU interface and the kernel around the guest -------------------------------- */

static bool maintenance(void)
{
	bool pending = false, ended = false;

	for (uint32_t n = 0u; n < LRS; n++) {
		pending = pending || lr[n] >> 62 == 1u;
		ended = ended || (lr[n] >> 62 == 0u && (lr[n] & (LR_HW | LR_EOI)) == LR_EOI);
	}
	return ended || ((hcr & HCR_NPIE) != 0u && !pending) ||
	       ((hcr & HCR_LRENPIE) != 0u && hcr / HCR_EOI_ONE != 0u);
}

static void interrupts(uint32_t me)
{
	if (storm_taken(me) || maintenance())
		vgic_flush(&vcpu[me]);
	while (vgic_requested(&vcpu[me]))
		vgic_flush(&vcpu[me]);
}

/* The thread is blocked: its CPU goes on serving the others. */
static void wait_synced(uint32_t me)
{
	while (__atomic_load_n(&syncing[me], __ATOMIC_SEQ_CST) != 0u) {
		interrupts(me);
		sched_yield();
	}
}

static uint64_t access(uint32_t me, bool distributor, uint64_t offset, uint32_t size, bool write,
                       uint64_t value)
{
	struct vgic_access one = {
		.self = &vcpu[me], .offset = offset, .size = size, .write = write};
	enum vgic_result result;

	do {
		one.value = value;
		result = distributor ? vgic_distributor(&one) : vgic_redistributor(&one);
		if (result != VGIC_DONE)
			wait_synced(me);
	} while (result == VGIC_RETRY);
	return one.value;
}

static struct source *source_of(uint32_t me, uint32_t intid)
{
	return intid < 16u ? &sgi[me][intid] : &spi[intid - SPI_FIRST];
}

/* ICC_EOIR1_EL1: in its list register, or counted (ICH_HCR_EL2.EOIcount). */
static void end(uint32_t intid)
{
	for (uint32_t n = 0u; n < LRS; n++) {
		if ((uint32_t)lr[n] == intid && (lr[n] & LR_ACTIVE) != 0u) {
			lr[n] &= ~LR_ACTIVE;
			return;
		}
	}
	hcr = (uint32_t)(hcr + HCR_EOI_ONE);
}

/* ICC_IAR1_EL1, the handler, ICC_EOIR1_EL1; what is taken is ended at once. */
static bool take(uint32_t me)
{
	for (uint32_t n = 0u; n < LRS; n++) {
		uint32_t intid = (uint32_t)lr[n];
		struct source *source;

		if (lr[n] >> 62 != 1u)
			continue;
		CHECK(intid < SGIS || (intid >= SPI_FIRST && intid < SPI_FIRST + SPIS));
		source = source_of(me, intid);
		lr[n] = (lr[n] & ~LR_PENDING) | LR_ACTIVE;
		if (intid >= SPI_FIRST)
			CHECK(__atomic_exchange_n(&source->active, 1u, __ATOMIC_SEQ_CST) == 0u);
		__atomic_store_n(&source->seen, __atomic_load_n(&source->sent, __ATOMIC_SEQ_CST),
		                 __ATOMIC_SEQ_CST);
		CHECK(__atomic_add_fetch(&source->taken, 1u, __ATOMIC_SEQ_CST) <=
		      __atomic_load_n(&source->sent, __ATOMIC_SEQ_CST));
		for (uint32_t i = storm_pick(4u); i > 0u; i--) {
			interrupts(me);
			storm_moment();
		}
		__atomic_store_n(&source->active, 0u, __ATOMIC_SEQ_CST);
		end(intid);
		return true;
	}
	return false;
}

static void raise_edge(uint32_t which)
{
	uint32_t intid = SPI_FIRST + which;

	/* one device drives each line: an edge is a pair of calls */
	__atomic_fetch_add(&spi[which].sent, 1u, __ATOMIC_SEQ_CST);
	CHECK(vgic_line(&vgic, 0u, intid, true));
	CHECK(vgic_line(&vgic, 0u, intid, false));
}

static void send(uint32_t me)
{
	uint32_t target = storm_pick(STORM_CPUS);
	uint32_t id = storm_pick(SGIS);
	uint64_t value = (uint64_t)id << 24 | 1u << target;
	uint32_t n;

	__atomic_fetch_add(&sgi[target][id].sent, 1u, __ATOMIC_SEQ_CST);
	n = vgic_sgi_own(&vcpu[me], value, arch_ich_empty());
	if (n < VGIC_LRS)
		arch_lr_write(n, vcpu[me].lr[n]);
	else
		vgic_sgi(&vcpu[me], value, 1u);
}

static void swap(uint32_t me)
{
	vgic_save(&vcpu[me]);
	for (uint32_t i = storm_pick(20u); i > 0u; i--)
		storm_moment();
	vgic_load(&vcpu[me]);
}

static void step(uint32_t me)
{
	uint32_t intid = SPI_FIRST + storm_pick(SPIS);
	uint32_t other = storm_pick(STORM_CPUS);

	switch (storm_pick(32u)) {
	case 0u:
		access(me, true, 0x6000u + 8u * intid, 8u, true, other);
		break;
	case 1u:
		access(me, true, 0x0180u + 4u, 4u, true, 1u << (intid - SPI_FIRST));
		access(me, true, 0x0100u + 4u, 4u, true, 1u << (intid - SPI_FIRST));
		break;
	case 2u:
		access(me, false, SGI_BASE(other) + 0x0180u, 4u, true, 1u << storm_pick(SGIS));
		access(me, false, SGI_BASE(other) + 0x0100u, 4u, true, 0xffffu);
		break;
	case 3u:
		(void)access(me, false, SGI_BASE(other) + 0x0200u, 4u, false, 0u);
		break;
	case 4u:
		(void)access(me, true, 0x0200u + 4u, 4u, false, 0u);
		break;
	case 5u:
		swap(me);
		break;
	case 6u:
	case 7u:
	case 8u:
	case 9u:
		/* CPU n drives the lines n and n + 4 */
		if (me + 4u < SPIS && storm_pick(2u) == 0u)
			raise_edge(me + 4u);
		else
			raise_edge(me);
		break;
	default:
		send(me);
		break;
	}
}

/* Waits until all CPUs have come `times` times; what is signalled meanwhile is served. */
static void meet(uint32_t me, uint32_t times)
{
	__atomic_fetch_add(&arrived, 1u, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&arrived, __ATOMIC_SEQ_CST) < times * STORM_CPUS) {
		interrupts(me);
		while (take(me))
			interrupts(me);
		sched_yield();
	}
}

static uint32_t all_taken(struct source *source)
{
	CHECK(source->seen == source->sent);
	return source->taken;
}

/* Nothing happens any more, on any CPU. */
static uint32_t check_all(void)
{
	uint32_t taken = 0u;

	for (uint32_t i = 0u; i < SPIS; i++)
		taken += all_taken(&spi[i]);
	for (uint32_t cpu = 0u; cpu < STORM_CPUS; cpu++)
		for (uint32_t i = 0u; i < SGIS; i++)
			taken += all_taken(&sgi[cpu][i]);
	CHECK(vgic.ticket_next == vgic.ticket_now);
	return taken;
}

static void *run(void *index)
{
	uint32_t me = (uint32_t)(uintptr_t)index;

	storm_index = me;
	storm_random = me;
	vcpu[me].vmcr = VMCR_ON;
	vgic_load(&vcpu[me]);
	for (uint32_t round = 0u; round < ROUNDS; round++) {
		for (uint32_t i = 0u; i < STEPS; i++) {
			step(me);
			interrupts(me);
			while (storm_pick(3u) != 0u && take(me))
				interrupts(me);
		}
		/* no new events; what was on its way; what that has moved */
		for (uint32_t n = 1u; n <= 4u; n++)
			meet(me, 5u * round + n);
		if (me == 0u)
			(void)check_all();
		meet(me, 5u * round + 5u);
	}
	return NULL;
}

int main(void)
{
	vgic_init(&vgic, vcpu, sizeof(vcpu[0]), STORM_CPUS, 32u);
	access(0u, true, 0u, 4u, true, 3u);
	access(0u, true, 0x0080u + 4u, 4u, true, UINT32_MAX);
	access(0u, true, 0x0100u + 4u, 4u, true, UINT32_MAX);
	access(0u, true, 0x0c00u + 8u, 4u, true, 0xaaaaaaaau);
	for (uint32_t cpu = 0u; cpu < STORM_CPUS; cpu++) {
		access(0u, false, SGI_BASE(cpu) + 0x0080u, 4u, true, UINT32_MAX);
		access(0u, false, SGI_BASE(cpu) + 0x0100u, 4u, true, 0xffffu);
	}
	storm_run(run);
	printf("%u interrupts taken\n", check_all());
	return 0;
}
