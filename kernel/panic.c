/* SPDX-License-Identifier: Apache-2.0 */
/* Printing at boot and at the end; contract in panic.h. */
#include "kernel/panic.h"

#include "kernel/object.h"

void print_text(const char *text)
{
	arch_console_write(text);
}

static void print_number(uint64_t value, uint64_t base)
{
	char text[24];
	uint32_t at = sizeof(text) - 1u;

	text[at] = '\0';
	do {
		at--;
		text[at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0u);
	print_text(&text[at]);
}

void print_hex(uint64_t value)
{
	print_text("0x");
	print_number(value, 16u);
}

void print_decimal(uint64_t value)
{
	print_number(value, 10u);
}

static void panic_begin(const char *what)
{
	arch_stop_others();
	print_text("\r\nbulkhead: PANIC: ");
	print_text(what);
}

_Noreturn void panic(const char *what)
{
	panic_begin(what);
	print_text("\r\nbulkhead: safe state: all CPUs halted\r\n");
	arch_halt();
}

_Noreturn void panic_values(const char *what, uint64_t a, uint64_t b, uint64_t c)
{
	panic_begin(what);
	print_text(" ");
	print_hex(a);
	print_text(" ");
	print_hex(b);
	print_text(" ");
	print_hex(c);
	print_text("\r\nbulkhead: safe state: all CPUs halted\r\n");
	arch_halt();
}

_Noreturn void panic_process(const struct process *process)
{
	panic_begin("critical process lost: ");
	print_text(process->config->name);
	print_text(", reason ");
	print_decimal(process->reason);
	print_text(" code ");
	print_hex(process->code);
	print_text(" address ");
	print_hex(process->address);
	print_text("\r\nbulkhead: safe state: all CPUs halted\r\n");
	arch_halt();
}
