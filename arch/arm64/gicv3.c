/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical GICv3 (IHI 0069): distributor, redistributors, CPU interface. All of the
 * kernel's interrupts are in Group 1 of the Non-secure state, one priority, EOImode 1:
 * EOI drops the priority, a second write deactivates. An interrupt that a guest or a process
 * serves stays active until it has been.
 */
#include "arch/arm64/arch.h"
#include "arch/arm64/mmio.h"
#include "kernel/interrupt.h"
#include "kernel/panic.h"
#include "kernel/sched.h"
#include "kernel/system.h"
#include "kernel/vgic_port.h"

#define GICD_CTLR       0x0000u
#define GICD_TYPER      0x0004u
#define GICD_IGROUPR    0x0080u
#define GICD_ISENABLER  0x0100u
#define GICD_ICENABLER  0x0180u
#define GICD_ICPENDR    0x0280u
#define GICD_ISACTIVER  0x0300u
#define GICD_ICACTIVER  0x0380u
#define GICD_IPRIORITYR 0x0400u
#define GICD_ICFGR      0x0c00u
#define GICD_IROUTER    0x6000u
#define GICD_RWP        (1u << 31)
#define GICD_ENABLE     0x12u /* ARE_NS (or ARE), EnableGrp1A (or EnableGrp1) */

#define GICR_WAKER   0x0014u
#define GICR_SGI     0x10000u /* the frame with the registers of INTIDs 0..31 */
#define WAKER_SLEEP  (1u << 1)
#define WAKER_ASLEEP (1u << 2)

#define PRIORITY_WORD 0x80808080u
/* INTIDs 24 to 27: a guest that empties its list registers keeps no timer waiting */
#define PRIORITY_MAINTENANCE 0x8080c080u
#define INTID_SPECIAL        1020u
#define SPI_FIRST            32u

static uint64_t gicd(void)
{
	return system_config()->gicd_va;
}

static void gic_wait_distributor(void)
{
	/* IHI 0069 12.9.4: RWP covers CTLR and ICENABLER */
	while ((mmio_read32(gicd() + GICD_CTLR) & GICD_RWP) != 0u)
		cpu_yield();
}

/* Edge or level of each interrupt that a process owns: once, as 16 share a register. */
static __attribute__((cold)) void gic_init_triggers(void)
{
	for (uint32_t i = 0u; i < system_config()->interrupt_count; i++) {
		const struct config_interrupt *config = system_interrupt(i)->config;
		uint64_t at = gicd() + GICD_ICFGR + config->intid / 16u * 4ul;
		uint32_t bit = 2u << (config->intid % 16u * 2u);
		uint32_t value = mmio_read32(at);

		mmio_write32(at, config->edge != 0u ? value | bit : value & ~bit);
	}
}

__attribute__((cold)) void gic_init_distributor(void)
{
	uint64_t base = gicd();
	uint32_t lines = 32u * ((mmio_read32(base + GICD_TYPER) & 0x1fu) + 1u);

	mmio_write32(base + GICD_CTLR, 0u);
	gic_wait_distributor();
	for (uint32_t i = SPI_FIRST; i < lines; i += 32u) {
		mmio_write32(base + GICD_ICENABLER + i / 8ul, UINT32_MAX);
		mmio_write32(base + GICD_ICPENDR + i / 8ul, UINT32_MAX);
		mmio_write32(base + GICD_ICACTIVER + i / 8ul, UINT32_MAX);
		/* with two security states this is ignored, and they are ours already */
		mmio_write32(base + GICD_IGROUPR + i / 8ul, UINT32_MAX);
	}
	for (uint32_t i = SPI_FIRST; i < lines; i += 4u)
		mmio_write32(base + GICD_IPRIORITYR + i, PRIORITY_WORD);
	gic_init_triggers();
	gic_wait_distributor();
	mmio_write32(base + GICD_CTLR, GICD_ENABLE);
	gic_wait_distributor();
}

__attribute__((cold)) void gic_init_cpu(struct cpu *cpu)
{
	uint64_t gicr = cpu->config->gicr_va;
	uint64_t sgi = gicr + GICR_SGI;
	uint64_t mpidr = cpu->config->mpidr;

	/* 12.2.19: Aff3.Aff2.Aff1, and Aff0 as a bit of the target list in its range of 16 */
	cpu->ipi = ((mpidr >> 32 & 0xffu) << 48) | ((mpidr >> 16 & 0xffu) << 32) |
	           ((mpidr >> 8 & 0xffu) << 16) | ((mpidr & 0xf0u) >> 4 << 44) |
	           (1ull << (mpidr & 0xfu));

	mmio_write32(gicr + GICR_WAKER, mmio_read32(gicr + GICR_WAKER) & ~WAKER_SLEEP);
	while ((mmio_read32(gicr + GICR_WAKER) & WAKER_ASLEEP) != 0u)
		cpu_yield();
	mmio_write32(sgi + GICD_ICENABLER, UINT32_MAX);
	mmio_write32(sgi + GICD_ICPENDR, UINT32_MAX);
	mmio_write32(sgi + GICD_ICACTIVER, UINT32_MAX);
	mmio_write32(sgi + GICD_IGROUPR, UINT32_MAX);
	for (uint32_t i = 0u; i < SPI_FIRST; i += 4u)
		mmio_write32(sgi + GICD_IPRIORITYR + i, PRIORITY_WORD);
	mmio_write32(sgi + GICD_IPRIORITYR + (INTID_MAINTENANCE & ~3u), PRIORITY_MAINTENANCE);
	mmio_write32(sgi + GICD_ISENABLER,
	             (1u << INTID_KICK) | (1u << INTID_STOP) | (1u << INTID_MAINTENANCE) |
	                     (1u << INTID_HYP_TIMER) | (1u << INTID_VIRT_TIMER));

	/*
	 * System registers, not memory mapped, for EL1 too (IHI 0069 12.2.24). Then without the
	 * Enable bit, so that a guest's access to ICC_SRE_EL1 traps.
	 */
	sysreg_write(ICC_SRE_EL2, 0xfu);
	isb();
	sysreg_write(ICC_SRE_EL1, ICC_SRE_VALUE);
	isb();
	sysreg_write(ICC_SRE_EL2, ICC_SRE_VALUE);
	isb();
	sysreg_write(ICC_PMR_EL1, 0xffu);
	sysreg_write(ICC_BPR1_EL1, 0u);
	sysreg_write(ICC_CTLR_EL1, 2u); /* EOImode */
	sysreg_write(ICC_IGRPEN1_EL1, 1u);
	sysreg_write(ICH_HCR_EL2, 0u);
	isb();
	if ((sysreg_read(ICH_VTR_EL2) >> 26 & 7u) > 4u)
		panic("the GIC has more than 5 preemption bits"); /* not all APRs are switched */
}

/* The bit of an SPI in one of the distributor's bitmaps is written as 1. */
static void gic_set_bit(uint32_t bitmap, uint32_t intid)
{
	mmio_write32(gicd() + bitmap + intid / 32u * 4ul, 1u << intid % 32u);
}

/* 12.9.22: IROUTER takes the affinity fields of MPIDR where they stand. */
void arch_irq_route(uint32_t intid, const struct cpu *cpu)
{
	mmio_write64(gicd() + GICD_IROUTER + (uint64_t)intid * 8u, cpu->config->mpidr);
}

void arch_irq_enable(uint32_t intid, const struct cpu *cpu)
{
	arch_irq_route(intid, cpu);
	gic_set_bit(GICD_ICPENDR, intid);
	gic_set_bit(GICD_ISENABLER, intid);
}

void arch_irq_disable(uint32_t intid)
{
	gic_set_bit(GICD_ICENABLER, intid);
	gic_wait_distributor();
	gic_set_bit(GICD_ICACTIVER, intid);
}

/* Not ICC_DIR_EL1 for an SPI: that it is active is not certain here, and it may be another CPU's. */
void vgic_hw_release(uint32_t physical)
{
	if (physical == INTID_VIRT_TIMER)
		sysreg_write(ICC_DIR_EL1, INTID_VIRT_TIMER);
	else
		gic_set_bit(GICD_ICACTIVER, physical);
}

void arch_irq_deactivate(uint32_t intid)
{
	sysreg_write(ICC_DIR_EL1, intid);
}

void gic_timer_set_active(const struct cpu *cpu, bool active)
{
	mmio_write32(cpu->config->gicr_va + GICR_SGI + (active ? GICD_ISACTIVER : GICD_ICACTIVER),
	             1u << INTID_VIRT_TIMER);
}

/* A CPU that has not yet come so far has no target in `ipi`: it looks before it runs anything. */
static void gic_send(const struct cpu *cpu, uint32_t intid)
{
	/* what the target is to see is visible before the interrupt: pairs with its IAR read */
	dsb_ishst();
	sysreg_write(ICC_SGI1R_EL1, cpu->ipi | (uint64_t)intid << 24);
	isb();
}

void arch_ipi(const struct cpu *target)
{
	gic_send(target, INTID_KICK);
}

__attribute__((cold)) void arch_stop_others(void)
{
	for (uint32_t i = 0u; i < system_config()->cpu_count; i++) {
		struct cpu *cpu = system_cpu(i);

		if (cpu != arch_cpu() && __atomic_load_n(&cpu->online, __ATOMIC_RELAXED) != 0u)
			gic_send(cpu, INTID_STOP);
	}
}

/* True: the guest of the thread that is loaded has it; its EOI deactivates it. */
static inline __attribute__((always_inline)) bool gic_virtual_timer(struct cpu *cpu)
{
	struct thread *thread = cpu->loaded;
	struct vgic_cpu *vgic;
	uint64_t lr;

	/* The vCPU's timer is off whenever it is not loaded: a late one is dropped. */
	if (thread == NULL) {
		sysreg_write(ICC_DIR_EL1, INTID_VIRT_TIMER);
		return false;
	}
	vgic = &thread->vcpu->vgic;
	lr = vgic_hw_direct(vgic, sysreg_read(ICH_ELRSR_EL2));
	if (lr == 0u)
		(void)vgic_hw_timer(vgic);
	else if (vgic->lr_top == 3u)
		sysreg_write(ICH_LR3_EL2, lr); /* the common number of list registers: 4 */
	else
		arch_lr_write(vgic->lr_top, lr);
	if (__builtin_expect(thread->state == THREAD_READY && cpu->current == thread, true))
		return true;
	sched_poke(thread);
	return false;
}

/* True: the guest that is loaded may have got an interrupt. */
static bool gic_handle_other(struct cpu *cpu, uint32_t intid)
{
	if (intid == INTID_KICK) {
		sysreg_write(ICC_EOIR1_EL1, INTID_KICK);
		sysreg_write(ICC_DIR_EL1, INTID_KICK);
		sched_kick(cpu);
		return true;
	}
	switch (intid) {
	case INTID_HYP_TIMER:
		sysreg_write(cnthp_ctl_el2, 0u);
		isb();
		sched_timer_interrupt(cpu);
		cpu->resched = true;
		break;
	case INTID_MAINTENANCE:
		if (cpu->loaded != NULL)
			vgic_flush(&cpu->loaded->vcpu->vgic);
		break;
	case INTID_STOP:
		arch_halt();
	default:
		if (intid >= INTID_SPECIAL)
			return false; /* what was pending no longer is */
		sysreg_write(ICC_EOIR1_EL1, intid);
		if (!interrupt_deliver(intid))
			arch_irq_disable(intid);
		return false; /* irq_ack deactivates it */
	}
	sysreg_write(ICC_EOIR1_EL1, intid);
	sysreg_write(ICC_DIR_EL1, intid);
	return intid != INTID_HYP_TIMER;
}

/* One interrupt: another that is pending is taken as soon as a lower level is entered. */
static inline bool gic_handle(struct cpu *cpu)
{
	uint32_t intid = (uint32_t)sysreg_read(ICC_IAR1_EL1) & 0xffffffu;

	/* 4.1.1: the acknowledge takes effect before what the interrupt announces is read */
	dsb_sy();
	if (intid != INTID_VIRT_TIMER)
		return gic_handle_other(cpu, intid);
	sysreg_write(ICC_EOIR1_EL1, INTID_VIRT_TIMER);
	return gic_virtual_timer(cpu);
}

uint32_t trap_irq(struct cpu *cpu)
{
	cpu->entries++;
	(void)gic_handle(cpu);
	return cpu->resched ? TRAP_RESUME : TRAP_RETURN;
}

void arch_interrupts(struct cpu *cpu)
{
	(void)gic_handle(cpu);
}

bool arch_idle(struct cpu *cpu)
{
	/* Interrupts are masked: WFI returns when one is pending, and it is taken here (D1.6). */
	wfi();
	cpu->entries++;
	return gic_handle(cpu);
}
