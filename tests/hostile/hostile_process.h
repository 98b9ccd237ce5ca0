/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hostile test programs: what their files share. They run at EL0 in a process of a test
 * system (tests/systems/process-*.dts), in one thread, and say on their console what surprised
 * them. The contract that they hold the kernel to is abi/syscall.h and abi/vcpu.h.
 */
#ifndef BULKHEAD_TESTS_HOSTILE_PROCESS_H
#define BULKHEAD_TESTS_HOSTILE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/process.h"
#include "abi/status.h"
#include "abi/syscall.h"
#include "abi/vcpu.h"

#define HOSTILE_PATTERN   0x5a5a0000ull /* + n: what xn holds before a call */
#define HOSTILE_REGISTERS 31u           /* x0 to x29, and how far SP has moved */
#define HOSTILE_ARGUMENTS 5u

/* hostile_svc.S */
void hostile_svc(uint64_t immediate, const uint64_t in[8], uint64_t out[HOSTILE_REGISTERS]);

/* ---- hostile_model.c: what a call must answer ---- */

struct hostile_call {
	uint64_t number;
	uint64_t in[8];
};

enum hostile_kind {
	ANSWER_SKIPPED, /* not to be made here: it would block, run the guest or end the process */
	ANSWER_STATUS,  /* x0 */
	ANSWER_REFUSED, /* x0 = VCPU_EXIT_REFUSED, x1 = status */
	ANSWER_BITS,    /* x0, but for the bits that others raise */
	ANSWER_READ,    /* x0 = STATUS_OK, x1 is not above `most` */
};

struct hostile_answer {
	enum hostile_kind kind;
	status_t status;
	uint64_t bits;
	uint64_t most;
};

/* Learns from the info page what this process holds. */
void model_init(void);
uint32_t model_handle_count(void);
bool model_has_vcpu(void);
const char *model_caller(void);
/* Bits of the thread's word that others may raise at any time. */
uint64_t model_other_bits(void);
/* What is expected; and then the model is as the kernel should be after the call. */
struct hostile_answer model_call(const struct hostile_call *call);

/* ---- hostile_syscalls.c ---- */

/* Every call with every class of argument. Prints counts; true: nothing surprised. */
bool hostile_calls(void);
/* Prints that a test was surprised, the first few times; counts it. */
void hostile_surprise(const char *what, uint64_t a, uint64_t b, uint64_t c);
/* Prints "NAME: `sets` WHAT, N surprises" and begins to count anew. */
bool hostile_done(const char *what, uint64_t sets);

/* ---- hostile_vcpu.c: in a VM's process ---- */

/* What the guest runs at, whatever its PSTATE and SPSR are set to; and which exits are answered. */
bool hostile_vcpu(void);

/* ---- hostile_faults.c ---- */

/* What is typed to make a process fault: one of these, and a letter. */
#define HOSTILE_KEY         0x1eu /* Ctrl-^: the world that has the keyboard */
#define HOSTILE_KEY_CONSOLE 0x1cu /* Ctrl-\ : the console */
#define HOSTILE_KEY_UART    0x1fu /* Ctrl-_: the console, in its UART driver */

#define HOSTILE_KEYS 0x20u

/* A byte was typed; behind the key it is the letter of what to do, and seldom returns. */
void hostile_trigger(uint8_t key, uint8_t byte);

#endif
