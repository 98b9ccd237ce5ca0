/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A test process that misbehaves in the way that it is told: a word on its console, or
 * FAULTER_FIRST at once where it was compiled with one. Every line of the table must end in
 * the process being stopped with its cause, or in a refusal; whatever comes back instead is
 * reported as FAILED.
 */
#include "user/lib/channel_io.h"
#include "user/lib/clock.h"
#include "user/lib/console.h"
#include "user/lib/info.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"

PROGRAM_RECORD("faulter", 0u);

#ifndef FAULTER_FIRST
#define FAULTER_FIRST ""
#endif

#define WORD_BYTES     16u
#define NOWHERE_VA     0x12345678000ull /* within the IPA range of no process */
#define BEYOND_PA      0xffff000000000000ull
#define SOON_US        100000u
#define NO_SUCH_CALL   SYSCALL_COUNT
#define NO_SUCH_HANDLE 0xffffffu

static void fault_read(void)
{
	(void)*(volatile uint32_t *)NOWHERE_VA;
}

static void fault_write(void)
{
	*(volatile uint32_t *)NOWHERE_VA = 1u;
}

static void fault_beyond(void)
{
	(void)*(volatile uint32_t *)BEYOND_PA;
}

static void fault_null(void)
{
	uint64_t address = 0u;

	__asm__ volatile("" : "+r"(address)); /* the compiler is not to know */
	(void)*(volatile uint32_t *)address;
}

static void fault_kernel(void)
{
	(void)*(volatile uint32_t *)KERNEL_VA;
}

static void fault_text(void)
{
	*(volatile uint32_t *)PROGRAM_TEXT_VA = 0u;
}

static void fault_info(void)
{
	*(volatile uint64_t *)PROCESS_INFO_VA = 0u;
}

/* Data is never executable. */
static void fault_execute(void)
{
	static uint32_t code[] = {0xd65f03c0u}; /* ret */

	((void (*)(void))(uintptr_t)code)();
}

/* The lowest page of a stack's slot is never mapped. */
static void fault_stack(void)
{
	*(volatile uint32_t *)STACK_VA = 1u;
}

static void fault_undefined(void)
{
	__asm__ volatile(".inst 0x00000000"); /* udf #0 */
}

static void fault_breakpoint(void)
{
	__asm__ volatile("brk #1");
}

static void fault_register(void)
{
	__asm__ volatile("msr vbar_el1, xzr");
}

static void fault_hypercall(void)
{
	__asm__ volatile("hvc #0");
}

static void fault_monitor(void)
{
	__asm__ volatile("smc #0");
}

static void fault_pc(void)
{
	((void (*)(void))(PROGRAM_TEXT_VA + 2u))();
}

/* The FP registers are another's. Their control register traps with them. */
static void fault_fp(void)
{
	__asm__ volatile("mrs x9, fpcr" : : : "x9");
}

/* A call with a wrong number and calls with handles that it lacks are refused: it goes on. */
static void fault_refused(void)
{
	uint64_t unknown = svc_call(NO_SUCH_CALL, 0u, 0u, 0u, 0u, 0u).x[0];
	bool refused = (status_t)unknown == STATUS_UNKNOWN;

	refused = svc_notify(NO_SUCH_HANDLE) == STATUS_HANDLE && refused;
	refused = svc_process_control(0u, PROCESS_STOP) == STATUS_HANDLE && refused;
	refused = svc_system_control(0u, SYSTEM_OFF) == STATUS_HANDLE && refused;
	refused = svc_irq_ack(NO_SUCH_HANDLE) == STATUS_HANDLE && refused;
	refused = svc_vcpu_run(VCPU_RESUME, 0u, 0u, 0u, 0u).x[0] == VCPU_EXIT_REFUSED && refused;
	console_puts(refused ? "faulter: refused\n" : "faulter: FAILED: not refused\n");
}

static void fault_exit(void)
{
	svc_exit(EXIT_REASON_OFF, 0u);
}

static void fault_reset(void)
{
	svc_exit(EXIT_REASON_RESET, 0u);
}

static void fault_fail(void)
{
	svc_exit(EXIT_REASON_FAILED, 42u);
}

static const struct {
	const char *word;
	void (*run)(void);
	bool returns;
} faults[] = {
	{"read", fault_read, false},
	{"write", fault_write, false},
	{"beyond", fault_beyond, false},
	{"null", fault_null, false},
	{"kernel", fault_kernel, false},
	{"text", fault_text, false},
	{"info", fault_info, false},
	{"execute", fault_execute, false},
	{"stack", fault_stack, false},
	{"undefined", fault_undefined, false},
	{"breakpoint", fault_breakpoint, false},
	{"register", fault_register, false},
	{"hvc", fault_hypercall, false},
	{"smc", fault_monitor, false},
	{"pc", fault_pc, false},
	{"fp", fault_fp, false},
	{"exit", fault_exit, false},
	{"reset", fault_reset, false},
	{"fail", fault_fail, false},
	{"refused", fault_refused, true},
};

#define FAULT_COUNT (sizeof(faults) / sizeof(faults[0]))

static void faulter_do(const char *word)
{
	size_t i = 0u;

	while (i < FAULT_COUNT && strcmp(faults[i].word, word) != 0)
		i++;
	if (i == FAULT_COUNT) {
		console_puts("faulter: words:");
		for (i = 0u; i < FAULT_COUNT; i++)
			console_print(" %s", faults[i].word);
		console_puts("\n");
		return;
	}
	console_print("faulter: does %s\n", word);
	/* so that the line is out before the end */
	(void)svc_wait(0u, clock_now() + clock_ticks_from_us(SOON_US));
	faults[i].run();
	if (!faults[i].returns)
		console_print("faulter: FAILED: %s did nothing\n", word);
}

int main(unsigned thread)
{
	char word[WORD_BYTES];
	uint32_t length = 0u;

	(void)thread;
	console_open();
	console_puts("faulter: ready\n");
	if (FAULTER_FIRST[0] != '\0')
		faulter_do(FAULTER_FIRST);
	for (;;) {
		char byte;

		if (channel_read(console_channel(), &byte, 1u) == 0u) {
			(void)svc_wait(UINT64_MAX, SVC_NEVER);
		} else if (byte == '\r' || byte == '\n') {
			word[length] = '\0';
			length = 0u;
			faulter_do(word);
		} else if (length < WORD_BYTES - 1u) {
			word[length++] = byte;
		}
	}
}
