/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The port surface: all that the portable kernel asks of an architecture. Everything here
 * is called on the CPU concerned, at the kernel's exception level, interrupts masked.
 * arch/arm64 implements it for the target, arch/host for unit tests.
 */
#ifndef BULKHEAD_KERNEL_PORT_H
#define BULKHEAD_KERNEL_PORT_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct thread;
struct vcpu;

/* What entry from a lower exception level saves; assembly knows the offsets. */
struct context {
	uint64_t x[31];
	uint64_t pc;
	uint64_t pstate;
	uint64_t sp; /* SP_EL0 */
};

/* Room for what only the architecture knows; each port asserts that its own fits. */
#define ARCH_VCPU_WORDS 48u
#define ARCH_FP_WORDS   66u

/* Time: the counter of the machine, in ticks. */
uint64_t arch_now(void);
uint64_t arch_ticks_per_second(void);
/* Interrupts this CPU at tick `deadline`; UINT64_MAX: never. */
void arch_timer_program(uint64_t deadline);

/* The executing CPU. */
struct cpu *arch_cpu(void);
/* Makes CPU `target` (another one) enter the kernel and look at its wake word. */
void arch_ipi(const struct cpu *target);
/* Waits for an interrupt and handles it. True: the guest of cpu->loaded may have one. */
bool arch_idle(struct cpu *cpu);
/* Takes and handles one interrupt if one is pending. */
void arch_interrupts(struct cpu *cpu);
/* In a loop that waits for another CPU. */
void arch_pause(void);

/* What runs next. No other vCPU is loaded. */
void arch_thread_load(struct cpu *cpu, struct thread *to);
/* The vCPU that is loaded leaves the CPU. There is one. */
void arch_vcpu_unload(struct cpu *cpu);
/* Forgets all of the thread's state that the CPU holds (FP, EL1 registers, list registers). */
void arch_thread_discard(struct cpu *cpu, struct thread *thread);
/* A context that starts at entry with x0 = argument. */
void arch_context_init(struct context *context, uint64_t entry, uint64_t stack, uint64_t argument);

/* vCPUs: of the thread that is loaded on this CPU. */
void arch_vcpu_enter(struct cpu *cpu, struct thread *thread); /* host -> guest */
void arch_vcpu_leave(struct cpu *cpu, struct thread *thread); /* guest -> host */
void arch_vcpu_reset(struct vcpu *vcpu);
/* The pending MMIO read gets its value, extended as its syndrome says; next instruction. */
void arch_vcpu_complete_read(struct vcpu *vcpu, uint64_t value);
void arch_vcpu_advance(struct vcpu *vcpu);
void arch_vcpu_inject_abort(struct vcpu *vcpu, bool fetch);
void arch_vcpu_inject_undefined(struct vcpu *vcpu, bool long_instruction);
/* A register by its abi/vcpu.h number; false: not allowed. */
bool arch_vcpu_get(struct vcpu *vcpu, uint64_t number, uint64_t *value);
bool arch_vcpu_set(struct vcpu *vcpu, uint64_t number, uint64_t value);

/* Physical interrupts of processes. */
void arch_irq_enable(uint32_t intid, const struct cpu *cpu);
void arch_irq_route(uint32_t intid, const struct cpu *cpu);
void arch_irq_disable(uint32_t intid); /* and deactivates */
void arch_irq_deactivate(uint32_t intid);

/* The end of the machine. */
void arch_console_write(const char *text);
void arch_stop_others(void);
_Noreturn void arch_halt(void);
void arch_system_off(void);
void arch_system_reset(void);

#endif
