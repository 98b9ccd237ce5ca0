/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console of the small guests: text through the PL011, polled. Any CPU, any context but
 * a handler that interrupted print() on the same CPU with interrupts enabled: print() masks
 * them while it holds the lock.
 */
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"

static uint32_t lock;
static uint32_t ready;

struct out {
	char *text;
	size_t bytes;
	size_t used;
};

static void out_char(struct out *out, char c)
{
	if (out->used + 1u < out->bytes)
		out->text[out->used++] = c;
}

static void out_number(struct out *out, uint64_t value, uint32_t base, uint32_t width, char pad)
{
	char digits[20];
	uint32_t count = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0u);
	for (; width > count; width--)
		out_char(out, pad);
	while (count > 0u)
		out_char(out, digits[--count]);
}

static void out_signed(struct out *out, int64_t value)
{
	if (value < 0)
		out_char(out, '-');
	out_number(out, value < 0 ? 0u - (uint64_t)value : (uint64_t)value, 10, 0, ' ');
}

static void out_string(struct out *out, const char *string)
{
	while (*string != '\0')
		out_char(out, *string++);
}

size_t format_text(char *text, size_t bytes, const char *format, va_list arguments)
{
	struct out out = {text, bytes, 0};

	for (; *format != '\0'; format++) {
		char pad = ' ';
		uint32_t width = 0;
		bool wide = false;

		if (*format != '%') {
			out_char(&out, *format);
			continue;
		}
		format++;
		if (*format == '0')
			pad = *format++;
		for (; *format >= '0' && *format <= '9'; format++)
			width = width * 10u + (uint32_t)(*format - '0');
		for (; *format == 'l'; format++)
			wide = true;
		if (*format == 'u' || *format == 'x')
			out_number(&out,
			           wide ? va_arg(arguments, uint64_t) : va_arg(arguments, uint32_t),
			           *format == 'x' ? 16 : 10, width, pad);
		else if (*format == 'd')
			out_signed(&out,
			           wide ? va_arg(arguments, int64_t) : va_arg(arguments, int32_t));
		else if (*format == 's')
			out_string(&out, va_arg(arguments, const char *));
		else if (*format == 'c')
			out_char(&out, (char)va_arg(arguments, int));
		else
			out_char(&out, *format);
	}
	text[out.used] = '\0';
	return out.used;
}

static void uart_put(char c)
{
	while ((read32(UART_BASE + UART_FR) & UART_FR_TXFF) != 0u)
		cpu_relax();
	write32(UART_BASE + UART_DR, (uint8_t)c);
}

/* 8 bits, FIFOs, transmitter and receiver on. The divisor is for show on a virtual board. */
static void uart_init(void)
{
	write32(UART_BASE + UART_CR, 0);
	write32(UART_BASE + UART_IMSC, 0);
	write32(UART_BASE + UART_IBRD, 13);
	write32(UART_BASE + UART_FBRD, 1);
	write32(UART_BASE + UART_LCR_H, 0x70);
	write32(UART_BASE + UART_CR, 0x301);
	ready = 1;
}

void print_arguments(const char *format, va_list arguments)
{
	char text[200];
	size_t bytes = format_text(text, sizeof(text), format, arguments);

	if (ready == 0u)
		uart_init();
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '\n')
			uart_put('\r');
		uart_put(text[i]);
	}
}

void print_unlocked(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_arguments(format, arguments);
	va_end(arguments);
}

void print(const char *format, ...)
{
	uint64_t daif = READ_REG(daif);
	va_list arguments;

	irq_disable();
	while (__atomic_exchange_n(&lock, 1u, __ATOMIC_ACQUIRE) != 0u)
		cpu_relax();
	va_start(arguments, format);
	print_arguments(format, arguments);
	va_end(arguments);
	store_release(&lock, 0);
	WRITE_REG(daif, daif);
}
