/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's objects. All of them are static arrays that bhc reserved; the kernel zeroes
 * them at boot and never allocates. A field is written only by the CPU that owns the
 * object, with interrupts masked, but for those marked "atomic", which any CPU changes by
 * one atomic operation. A thread belongs to its CPU; a vCPU to its thread.
 */
#ifndef BULKHEAD_KERNEL_OBJECT_H
#define BULKHEAD_KERNEL_OBJECT_H

#include "abi/image.h"
#include "abi/syscall.h"
#include "kernel/port.h"
#include "kernel/timer.h"
#include "kernel/vgic.h"

#define BUDGET_CHUNKS 4u
#define SLOT_IDLE     CPU_THREADS /* running_slot of a CPU that runs no thread */

/* A VM's distributor, and a redistributor of it (IHI 0069 12.8) */
#define VM_GICD_BYTES 0x10000ull
#define VM_GICR_BYTES 0x20000ull

/* Why a thread does not run. */
enum thread_state {
	THREAD_PARKED,  /* its process is stopped, or has not started it yet */
	THREAD_READY,   /* runs when no thread above it does; may lack budget */
	THREAD_WAITING, /* in wait(): for a bit of wait_mask or wait_timer */
	THREAD_IDLE,    /* its guest waits for an interrupt (WFI) */
	THREAD_SYNC, /* its guest's GIC access waits for other vCPUs to write back list registers */
};

/* Consumption that comes back one period after it began (a sporadic server). */
struct budget_chunk {
	uint64_t at;
	uint64_t amount;
};

struct budget {
	uint64_t full;   /* ticks; 0: unlimited */
	uint64_t period; /* ticks */
	uint64_t left;
	uint32_t chunk_count;
	bool depleted; /* not in the ready set although ready */
	bool overrun;  /* ran out in host mode: runs on to its next system call, or the cap */
	struct budget_chunk chunk[BUDGET_CHUNKS];
};

struct thread {
	struct context host;     /* first: entry code saves here */
	struct context *context; /* host, or the vCPU's guest context */
	const struct config_thread *config;
	struct process *process;
	struct cpu *cpu;
	struct vcpu *vcpu; /* or NULL */
	uint64_t vttbr;    /* of its process */
	uint64_t bit;      /* 1 << slot: slots count from the highest priority of the CPU */
	uint32_t slot;
	uint8_t state; /* enum thread_state */
	bool in_guest;
	uint32_t stop_seen;           /* the process's stop that this thread has answered */
	uint32_t step_of;             /* the start or stop that step_next belongs to */
	struct interrupt *step_next;  /* what that has still to enable or disable */
	struct interrupt *interrupts; /* that it is told of */
	uint64_t word;                /* atomic: notification bits */
	uint64_t wait_mask;
	struct timer wait_timer;
	struct timer budget_timer; /* replenishment, while it is depleted */
	struct budget budget;
	uint64_t ticks_used;
	uint64_t exits;
	uint64_t periods;
	uint64_t overruns;
	uint64_t tpidr[2]; /* TPIDR_EL0, TPIDRRO_EL0 */
	bool owns_fp;      /* a process's own: no vCPU, and PROCESS_FLAG_FP */
	uint64_t fp[ARCH_FP_WORDS] __attribute__((aligned(16)));
};

struct process {
	const struct config_process *config;
	struct vm *vm;                       /* or NULL */
	const struct config_handle *handles; /* handle_count of them */
	uint32_t handle_count;
	uint32_t state;     /* atomic: PROCESS_STATE_* */
	uint32_t remaining; /* atomic: threads that have not answered the stop, and the stopper */
	uint32_t starts;
	uint64_t reason;
	uint64_t code;
	uint64_t address;
};

struct vm {
	const struct config_vm *config;
	struct process *process;
	uint64_t gicr_ipa; /* from the configuration, for the path of every access */
	uint64_t gicr_bytes;
	uint64_t gicd_ipa;
	uint64_t gic_ipa; /* the span of both: an address outside is none of theirs */
	uint64_t gic_bytes;
	uint32_t last_vcpu[CPU_MAX]; /* 1 + the vCPU that last ran on each CPU: they share a VMID */
	struct vgic vgic;
};

/* Which exit the VM process owes an answer for. */
struct vcpu {
	struct context guest; /* first: entry code saves here */
	const struct config_vcpu *config;
	struct vm *vm;
	struct thread *thread;
	uint64_t vttbr;   /* of the VM */
	uint32_t index;   /* within the VM */
	uint32_t pending; /* VCPU_EXIT_*, NOTIFIED: none */
	uint32_t syncing; /* atomic: its GIC access waits for other vCPUs */
	uint64_t esr;     /* of the pending exit */
	uint64_t far;
	struct timer virtual_timer;  /* while it is not loaded */
	struct timer physical_timer; /* CNTP, emulated */
	uint64_t ptimer_control;
	uint64_t ptimer_compare;
	uint64_t arch[ARCH_VCPU_WORDS] __attribute__((aligned(16)));
	struct vgic_cpu vgic;
};

struct interrupt {
	const struct config_interrupt *config;
	struct thread *thread;
	struct interrupt *next; /* of the same thread */
	bool active;            /* taken and not yet acknowledged by irq_ack */
};

struct cpu {
	uint64_t stack_top;      /* offsets 0, 8, 16 are known to assembly */
	struct context *context; /* what SP_EL2 points at while a lower level runs */
	struct context
		*next; /* to which a trap handler turns (TRAP_HOST, TRAP_GUEST in arch/arm64) */
	const struct config_cpu *config;
	uint32_t index;
	uint32_t online;          /* atomic */
	uint32_t running_slot;    /* atomic: slot of current, SLOT_IDLE */
	bool resched;             /* somebody above current became ready, or current has news */
	bool timers_due;          /* more timers have expired than were served */
	struct thread *current;   /* NULL: idle */
	struct thread *loaded;    /* vCPU thread whose timers and list registers are in hardware */
	struct thread *el1_owner; /* these four: arch/arm64/el1.c */
	struct thread *guest_live;
	struct thread *tpidr_owner;
	struct thread *fp_owner;
	uint64_t ready;      /* slots that may run */
	uint64_t wake;       /* atomic: slots that another CPU wants looked at */
	uint64_t since;      /* tick from which current's time is not yet charged */
	uint64_t entries;    /* into EL2 on this CPU */
	uint64_t programmed; /* deadline in the hardware timer */
	uint64_t budget_end; /* tick at which current is out of budget */
	uint64_t ipi;        /* arch's own: what reaches this CPU with an interrupt */
	struct thread *slots[CPU_THREADS];
	struct timer_queue timers;
	struct trace_ring *trace;
	struct trace_record *trace_next; /* of the ring, the record that is written next */
};

#endif
