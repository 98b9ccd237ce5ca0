/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes the console and its UART driver hostile, linked with all of both
 * (--wrap=mux_type,--wrap=uart_take): a key and a letter, and it does what they say. Runs in
 * the console's thread.
 */
#include "tests/hostile/hostile_process.h"
#include "user/lib/uart.h"
#include "user/services/console_mux.h"

void __real_mux_type(struct mux *mux, uint8_t byte, uint64_t now);
void __wrap_mux_type(struct mux *mux, uint8_t byte, uint64_t now);
int __real_uart_take(struct uart *uart);
int __wrap_uart_take(struct uart *uart);

void __wrap_mux_type(struct mux *mux, uint8_t byte, uint64_t now)
{
	hostile_trigger(HOSTILE_KEY_CONSOLE, byte);
	__real_mux_type(mux, byte, now);
}

int __wrap_uart_take(struct uart *uart)
{
	int byte = __real_uart_take(uart);

	if (byte >= 0)
		hostile_trigger(HOSTILE_KEY_UART, (uint8_t)byte);
	return byte;
}
