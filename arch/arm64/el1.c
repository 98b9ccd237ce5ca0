/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which thread's state is in the hardware of this CPU.
 *
 *   cpu->loaded     the vCPU thread whose list registers and virtual timer are in hardware;
 *                   it is the one dispatched, or the last one before the CPU went idle
 *   cpu->el1_owner  the vCPU thread whose EL1 registers are in hardware; they stay there
 *                   while processes run, which cannot see them (HCR_EL2.TGE = 1)
 *   cpu->guest_live el1_owner, while its SCTLR, CPACR, TCR and CNTKCTL are the guest's own:
 *                   these four would steer a process at EL0, so they are the host's
 *                   whenever HCR_EL2.TGE is 1
 *   cpu->fp_owner   the thread whose FP registers are in hardware; anybody else traps
 */
#include "arch/arm64/el1_switch.h"
#include "kernel/vcpu.h"

#define CNTV_ENABLE 1u
#define CNTV_IMASK  2u

/* CPACR_EL1 while the thread is in host mode: in a vCPU thread FP belongs to the guest. */
static uint64_t el1_host_cpacr(const struct thread *thread)
{
	return thread->owns_fp ? CPACR_FP : 0u;
}

/* The guest whose registers govern EL1 now, if any, gives way to its host. */
static void el1_end_guest(struct cpu *cpu)
{
	if (cpu->guest_live != NULL)
		el1_to_host(cpu, arch_vcpu_of(cpu->guest_live->vcpu));
}

/* DISR_EL1 of the guest is VDISR_EL2 where RAS is implemented (D19.2.167). */
static bool el1_has_ras(void)
{
	return (sysreg_read(id_aa64pfr0_el1) >> 28 & 0xfu) != 0u;
}

/* DACR32, IFSR32 and FPEXC32 exist where EL1 could be AArch32 (D19.2). */
static bool el1_has_aarch32(void)
{
	return (sysreg_read(id_aa64pfr0_el1) >> 4 & 0xfu) == 2u;
}

/* FPEXC32_EL2 needs CPTR_EL2.TFP clear, in both directions. */
static void el1_save(struct thread *thread)
{
	struct arch_vcpu *arch = arch_vcpu_of(thread->vcpu);

	arch->ttbr0 = sysreg_read(ttbr0_el1);
	arch->ttbr1 = sysreg_read(ttbr1_el1);
	arch->mair = sysreg_read(mair_el1);
	arch->amair = sysreg_read(amair_el1);
	arch->vbar = sysreg_read(vbar_el1);
	arch->esr = sysreg_read(esr_el1);
	arch->afsr0 = sysreg_read(afsr0_el1);
	arch->afsr1 = sysreg_read(afsr1_el1);
	arch->far = sysreg_read(far_el1);
	arch->par = sysreg_read(par_el1);
	arch->contextidr = sysreg_read(contextidr_el1);
	arch->tpidr_el1 = sysreg_read(tpidr_el1);
	arch->sp_el1 = sysreg_read(sp_el1);
	arch->elr = sysreg_read(elr_el1);
	arch->spsr = sysreg_read(spsr_el1);
	arch->csselr = sysreg_read(csselr_el1);
	if (el1_has_aarch32()) {
		arch->dacr32 = sysreg_read(dacr32_el2);
		arch->ifsr32 = sysreg_read(ifsr32_el2);
		arch->fpexc32 = sysreg_read(fpexc32_el2);
	}
	if (el1_has_ras())
		arch->vdisr = sysreg_read(S3_4_C12_C1_1);
}

static void el1_load(struct thread *thread)
{
	struct arch_vcpu *arch = arch_vcpu_of(thread->vcpu);

	sysreg_write(ttbr0_el1, arch->ttbr0);
	sysreg_write(ttbr1_el1, arch->ttbr1);
	sysreg_write(mair_el1, arch->mair);
	sysreg_write(amair_el1, arch->amair);
	sysreg_write(vbar_el1, arch->vbar);
	sysreg_write(esr_el1, arch->esr);
	sysreg_write(afsr0_el1, arch->afsr0);
	sysreg_write(afsr1_el1, arch->afsr1);
	sysreg_write(far_el1, arch->far);
	sysreg_write(par_el1, arch->par);
	sysreg_write(contextidr_el1, arch->contextidr);
	sysreg_write(tpidr_el1, arch->tpidr_el1);
	sysreg_write(sp_el1, arch->sp_el1);
	sysreg_write(elr_el1, arch->elr);
	sysreg_write(spsr_el1, arch->spsr);
	sysreg_write(csselr_el1, arch->csselr);
	if (el1_has_aarch32()) {
		sysreg_write(dacr32_el2, arch->dacr32);
		sysreg_write(ifsr32_el2, arch->ifsr32);
		sysreg_write(fpexc32_el2, arch->fpexc32);
	}
	if (el1_has_ras())
		sysreg_write(S3_4_C12_C1_1, arch->vdisr);
	sysreg_write(vmpidr_el2, thread->vcpu->config->vmpidr);
}

/* TPIDR_EL0 and TPIDRRO_EL0 are visible at EL0: every thread has its own. */
static void el1_switch_tpidr(struct cpu *cpu, struct thread *to)
{
	struct thread *from = cpu->tpidr_owner;

	if (from == to)
		return;
	if (from != NULL) {
		from->tpidr[0] = sysreg_read(tpidr_el0);
		from->tpidr[1] = sysreg_read(tpidrro_el0);
	}
	sysreg_write(tpidr_el0, to->tpidr[0]);
	sysreg_write(tpidrro_el0, to->tpidr[1]);
	cpu->tpidr_owner = to;
}

static void el1_fp_trap(struct cpu *cpu, const struct thread *thread)
{
	sysreg_write(cptr_el2, cpu->fp_owner == thread ? CPTR_VALUE : CPTR_VALUE | CPTR_TFP);
}

void fp_release(struct cpu *cpu, const struct thread *thread)
{
	if (cpu->fp_owner != thread)
		return;
	sysreg_write(cptr_el2, CPTR_VALUE);
	isb();
	fp_save(cpu->fp_owner->fp);
	sysreg_write(cptr_el2, CPTR_VALUE | CPTR_TFP);
	isb();
	cpu->fp_owner = NULL;
}

void fp_take(struct cpu *cpu, struct thread *thread)
{
	sysreg_write(cptr_el2, CPTR_VALUE);
	isb();
	if (cpu->fp_owner != NULL)
		fp_save(cpu->fp_owner->fp);
	fp_load(thread->fp);
	cpu->fp_owner = thread;
}

/* The vCPU leaves the CPU: its timer stops there and waits in the CPU's queue instead. */
static void el1_unload(struct cpu *cpu)
{
	struct thread *thread = cpu->loaded;
	struct arch_vcpu *arch = arch_vcpu_of(thread->vcpu);
	uint64_t control = sysreg_read(cntv_ctl_el0) & (CNTV_ENABLE | CNTV_IMASK);

	cpu->loaded = NULL;
	arch->cntv_ctl = control;
	arch->cntv_cval = sysreg_read(cntv_cval_el0);
	sysreg_write(cntv_ctl_el0, 0u);
	isb();
	/* With a HW list register the physical active state belongs to the vCPU */
	vgic_save(&thread->vcpu->vgic);
	/* always, whatever the vGIC believes: one VM's state must not keep another's timer quiet */
	gic_timer_set_active(cpu, false);
	if (!vgic_hw_owned(&thread->vcpu->vgic) && control == CNTV_ENABLE)
		timer_arm(&cpu->timers, &thread->vcpu->virtual_timer, arch->cntv_cval);
}

static void el1_load_vcpu(struct cpu *cpu, struct thread *thread)
{
	struct arch_vcpu *arch = arch_vcpu_of(thread->vcpu);

	timer_cancel(&cpu->timers, &thread->vcpu->virtual_timer);
	if (vgic_hw_owned(&thread->vcpu->vgic))
		gic_timer_set_active(cpu, true);
	sysreg_write(ICC_SRE_EL1,
	             ICC_SRE_VALUE); /* where it does not trap, another may have cleared it */
	sysreg_write(cntv_cval_el0, arch->cntv_cval);
	isb(); /* the compare value before the enable: D11.2.4 */
	sysreg_write(cntv_ctl_el0, arch->cntv_ctl);
	vgic_load(&thread->vcpu->vgic);
	cpu->loaded = thread;
}

/* The CPU's EL1 registers become the thread's; TGE = 1, VTTBR is the VM's. */
static void el1_own(struct cpu *cpu, struct thread *thread)
{
	uint32_t *last = &thread->vcpu->vm->last_vcpu[cpu->index];

	if (cpu->el1_owner == thread)
		return;
	sysreg_write(cptr_el2, CPTR_VALUE);
	isb();
	if (cpu->el1_owner != NULL)
		el1_save(cpu->el1_owner);
	el1_load(thread);
	el1_fp_trap(cpu, thread);
	cpu->el1_owner = thread;
	/* Two vCPUs of one VM are different PEs with one VMID: the TLB must not mix them */
	if (*last != 1u + thread->vcpu->index) {
		tlb_drop_vmid();
		*last = 1u + thread->vcpu->index;
	}
}

void el1_release(struct cpu *cpu, struct thread *thread)
{
	if (cpu->el1_owner != thread)
		return;
	sysreg_write(cptr_el2, CPTR_VALUE);
	isb();
	el1_save(thread);
	el1_fp_trap(cpu, thread);
	cpu->el1_owner = NULL;
}

/* TPIDRRO_EL0 may be the guest's: who comes next writes both of its own. */
void arch_vcpu_unload(struct cpu *cpu)
{
	struct thread *thread = cpu->loaded;

	el1_end_guest(cpu);
	el1_unload(cpu);
	if (cpu->tpidr_owner == thread) {
		thread->tpidr[0] = sysreg_read(tpidr_el0);
		thread->tpidr[1] = sysreg_read(tpidrro_el0);
		cpu->tpidr_owner = NULL;
	}
}

/* A vCPU takes the CPU, or a process after one. */
static __attribute__((noinline)) void el1_load_any(struct cpu *cpu, struct thread *to)
{
	if (cpu->guest_live != to || !to->in_guest)
		el1_end_guest(cpu);
	el1_switch_tpidr(cpu, to);
	el1_fp_trap(cpu, to);
	if (to->vcpu != NULL && cpu->loaded != to)
		el1_load_vcpu(cpu, to);
	if (to->in_guest) {
		arch_vcpu_enter(cpu, to);
		return;
	}
	sysreg_write(cpacr_el1, el1_host_cpacr(to));
	sysreg_write(vttbr_el2, to->vttbr);
}

/*
 * From one process to another (a vCPU that has left is no owner of TPIDR): CPACR_EL1
 * keeps a process without FP from what is in the FP registers, whatever CPTR_EL2 says, and
 * TPIDRRO_EL0 is 0 in all of them, as only a guest's EL1 can write it.
 */
void arch_thread_load(struct cpu *cpu, struct thread *to)
{
	struct thread *from = cpu->tpidr_owner;

	if (to->vcpu != NULL || to->owns_fp || from == NULL) {
		el1_load_any(cpu, to);
		return;
	}
	from->tpidr[0] = sysreg_read(tpidr_el0);
	sysreg_write(tpidr_el0, to->tpidr[0]);
	cpu->tpidr_owner = to;
	sysreg_write(cpacr_el1, 0u);
	sysreg_write(vttbr_el2, to->vttbr);
}

void arch_vcpu_enter(struct cpu *cpu, struct thread *thread)
{
	if (cpu->guest_live == thread)
		return;
	if (cpu->loaded != thread) {
		/* its registers were reset since it was dispatched */
		cpu->resched = true; /* its list registers are to be filled */
		el1_switch_tpidr(cpu, thread);
		el1_fp_trap(cpu, thread);
		el1_load_vcpu(cpu, thread);
	}
	sysreg_write(vttbr_el2, thread->vcpu->vttbr);
	isb();
	el1_own(cpu, thread);
	el1_to_guest(cpu, thread, arch_vcpu_of(thread->vcpu));
}

void arch_vcpu_leave(struct cpu *cpu, struct thread *thread)
{
	el1_end_guest(cpu);
	sysreg_write(vttbr_el2, thread->vttbr);
}

__attribute__((cold)) void arch_thread_discard(struct cpu *cpu, struct thread *thread)
{
	if (cpu->guest_live == thread)
		el1_end_guest(cpu);
	if (cpu->loaded == thread)
		el1_unload(cpu);
	if (cpu->el1_owner == thread)
		cpu->el1_owner = NULL;
	if (cpu->tpidr_owner == thread)
		cpu->tpidr_owner = NULL;
	if (cpu->fp_owner == thread)
		cpu->fp_owner = NULL;
	if (thread->vcpu != NULL)
		timer_cancel(&cpu->timers, &thread->vcpu->virtual_timer);
	thread->tpidr[0] = 0u;
	thread->tpidr[1] = 0u;
	words_zero(thread->fp, ARCH_FP_WORDS);
}
