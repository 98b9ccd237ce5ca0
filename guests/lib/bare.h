/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every small guest has: start, exceptions, the console, PSCI, per-CPU numbers. The
 * guests run at EL1 on QEMU's virt board with GICv3, as guests of Bulkhead or by themselves:
 * with an identity map, MMU and caches on, at most 8 CPUs. A guest defines guest_main(), and
 * guest_secondary_main() where it starts CPUs.
 *
 * FP: handlers do not save FP registers, so a guest that uses them takes no interrupts.
 */
#ifndef BULKHEAD_GUESTS_LIB_BARE_H
#define BULKHEAD_GUESTS_LIB_BARE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/lib/bare_reg.h"

#define GUEST_CPUS 8u

/* Start: one of these with its stack, interrupts masked. They do not return. */
void guest_main(uint64_t tree);
void guest_secondary_main(uint64_t context);

/* The saved registers of an exception, in the order of bare_vectors.S. */
struct trap_frame {
	uint64_t x[31];
	uint64_t elr;
	uint64_t spsr;
	uint64_t unused;
};

/*
 * Exceptions. irq_handler runs for IRQ, fiq_handler for FIQ, sync_handler for what is
 * synchronous, where they are set; each returns the frame to resume, which may be another
 * one (of another task), and sync_handler NULL for what is not its own. Any other exception
 * is recorded where a probe is armed on this CPU, and ends the guest with a line where not.
 */
typedef struct trap_frame *(*trap_handler)(struct trap_frame *frame);
extern trap_handler irq_handler;
extern trap_handler fiq_handler;
extern trap_handler sync_handler;

/*
 * A probe: between probe_begin() and probe_end() a synchronous exception of this CPU is
 * recorded, and the instruction skipped (after a failed fetch: return to x30).
 */
struct probe {
	uint32_t count;
	uint64_t esr;
	uint64_t far;
	uint64_t elr;
};

void probe_begin(void);
struct probe probe_end(void);

/* Console: %u %d %x %s %c %%, l for 64 bits, 0 and a width; one call is written whole. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same with no lock and interrupts as they are: for one writer, or a last word. */
void print_unlocked(const char *format, ...) __attribute__((format(printf, 1, 2)));
void print_arguments(const char *format, va_list arguments);
size_t format_text(char *text, size_t bytes, const char *format, va_list arguments);

/* PSCI and SMCCC by HVC */
#define PSCI_VERSION       0x84000000u
#define PSCI_CPU_SUSPEND   0xc4000001u
#define PSCI_CPU_OFF       0x84000002u
#define PSCI_CPU_ON        0xc4000003u
#define PSCI_AFFINITY_INFO 0xc4000004u
#define PSCI_MIGRATE_INFO  0x84000006u
#define PSCI_SYSTEM_OFF    0x84000008u
#define PSCI_SYSTEM_RESET  0x84000009u
#define PSCI_FEATURES      0x8400000au
#define PSCI_SUCCESS       0
#define PSCI_NOT_SUPPORTED (-1)
#define PSCI_INVALID       (-2)
#define PSCI_ALREADY_ON    (-4)
#define PSCI_AFFINITY_ON   0
#define PSCI_AFFINITY_OFF  1

int64_t hvc_call(uint64_t function, uint64_t a, uint64_t b, uint64_t c);
void psci_system_off(void) __attribute__((noreturn));
void psci_system_reset(void) __attribute__((noreturn));
void psci_cpu_off(void) __attribute__((noreturn));
/* Starts CPU `cpu` at guest_secondary_main(context). */
int64_t psci_cpu_start(uint32_t cpu, uint64_t context);
/* How many CPUs answer AFFINITY_INFO, from 0 on. */
uint32_t psci_cpu_count(void);

/* Device access of 32, 16, 8 bits with a syndrome that names the register */
static inline uint32_t read32(uint64_t address)
{
	uint32_t value;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return value;
}

static inline void write32(uint64_t address, uint32_t value)
{
	__asm__ volatile("str %w0, [%1]" : : "rZ"(value), "r"(address) : "memory");
}

static inline uint64_t read64(uint64_t address)
{
	uint64_t value;

	__asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return value;
}

static inline void write64(uint64_t address, uint64_t value)
{
	__asm__ volatile("str %x0, [%1]" : : "rZ"(value), "r"(address) : "memory");
}

static inline uint32_t cpu_index(void)
{
	return (uint32_t)(READ_REG(mpidr_el1) & 0xffu);
}

static inline void cpu_relax(void)
{
	__asm__ volatile("yield" : : : "memory");
}

static inline void cpu_wait_irq(void)
{
	__asm__ volatile("dsb sy\n\twfi" : : : "memory");
}

static inline void irq_enable(void)
{
	__asm__ volatile("msr daifclr, #3\n\tisb" : : : "memory");
}

static inline void irq_disable(void)
{
	__asm__ volatile("msr daifset, #3" : : : "memory");
}

/* Counts shared by CPUs and handlers */
static inline uint32_t load_acquire(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void store_release(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* Timers */
static inline uint64_t counter_now(void)
{
	__asm__ volatile("isb" : : : "memory");
	return READ_REG(cntvct_el0);
}

static inline uint64_t counter_hz(void)
{
	return READ_REG(cntfrq_el0);
}

void spin_us(uint32_t us);
/* Spins until *word is `value` or `us` have passed: whether it is. */
bool wait_for(const uint32_t *word, uint32_t value, uint32_t us);

#endif
