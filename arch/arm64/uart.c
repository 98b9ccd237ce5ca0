/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot UART, a PL011, polled: used before the console process starts and in a panic.
 * Firmware has set its speed (DDI 0183 3.3).
 */
#include "arch/arm64/arch.h"
#include "arch/arm64/mmio.h"
#include "kernel/system.h"

#define PL011_DR   0x00u
#define PL011_FR   0x18u
#define PL011_TXFF (1u << 5)

extern const struct image_head image_head;

void arch_console_write(const char *text)
{
	const struct config *config = (const void *)(uintptr_t)image_head.config_va;

	if (image_head.uart_type != UART_PL011)
		return;
	for (; *text != '\0'; text++) {
		while ((mmio_read32(config->uart_va + PL011_FR) & PL011_TXFF) != 0u)
			cpu_yield();
		mmio_write32(config->uart_va + PL011_DR, (uint8_t)*text);
	}
}
