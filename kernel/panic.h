/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end: a kernel bug, or a critical process lost. All CPUs stop, the reason goes to the
 * boot UART, and the machine stays in the safe state (halted, interrupts masked). Callable
 * anywhere in the kernel; never reachable by what a guest or a process does.
 */
#ifndef BULKHEAD_KERNEL_PANIC_H
#define BULKHEAD_KERNEL_PANIC_H

#include <stdint.h>

struct process;

_Noreturn void panic(const char *what);
/* With three numbers that say more: what they are is in `what`. */
_Noreturn void panic_values(const char *what, uint64_t a, uint64_t b, uint64_t c);
/* A process that the description calls critical has failed. */
_Noreturn void panic_process(const struct process *process);

/* Prints at boot; a number as hexadecimal without leading zeros. */
void print_text(const char *text);
void print_hex(uint64_t value);
void print_decimal(uint64_t value);

#endif
