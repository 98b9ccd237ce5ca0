/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest: is created anew at each PSCI SYSTEM_RESET? It checks that its loaded contents and
 * the registers of its devices are those of a fresh board, spoils them all, and asks for the
 * next reset 200 ms later: "reset: pristine" again and again, and "reset: pristine but the UART"
 * where the machine leaves that as it was, as QEMU 7.2 does.
 */
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_gic.h"

#define PAYLOAD_WORDS 16384u
#define PAYLOAD(i)    (0x600d0000u + (i))
#define PAUSE_US      200000u

/* Loaded with the guest: first and last word of a part of .data. */
static volatile uint32_t payload[PAYLOAD_WORDS] = {
	[0] = PAYLOAD(0), [PAYLOAD_WORDS - 1u] = PAYLOAD(PAYLOAD_WORDS - 1u)};

static const char *spoiled(void)
{
	for (uint32_t i = 1; i < PAYLOAD_WORDS - 1u; i++)
		if (payload[i] != 0u)
			return "payload";
	if (payload[0] != PAYLOAD(0) || payload[PAYLOAD_WORDS - 1u] != PAYLOAD(PAYLOAD_WORDS - 1u))
		return "payload ends";
	if ((READ_REG(cntv_ctl_el0) & TIMER_ENABLE) != 0u ||
	    (READ_REG(cntp_ctl_el0) & TIMER_ENABLE) != 0u)
		return "timer";
	if ((read32(GICD_BASE + GIC_CTLR) & (GICD_CTLR_GRP0 | GICD_CTLR_GRP1)) != 0u)
		return "GICD_CTLR";
	if (gic_get(GIC_ISENABLER, INTID_SPARE) || gic_get(GIC_ISPENDR, INTID_SPARE) ||
	    gic_get(GIC_ISENABLER, INTID_PTIMER))
		return "interrupts";
	if (READ_ICC(ICC_IGRPEN1) != 0u)
		return "CPU interface";
	return NULL;
}

static bool uart_spoiled(void)
{
	return read32(UART_BASE + UART_IMSC) != 0u || read32(UART_BASE + UART_CR) != 0x300u;
}

static void spoil(void)
{
	for (uint32_t i = 0; i < PAYLOAD_WORDS; i++)
		payload[i] = ~i;
	gic_init();
	gic_enable(INTID_SPARE);
	gic_set(GIC_ISPENDR, INTID_SPARE);
	gic_enable(INTID_PTIMER);
	gic_enable(INTID_VTIMER);
	WRITE_REG(cntp_cval_el0, 0);
	WRITE_REG(cntp_ctl_el0, TIMER_ENABLE);
	WRITE_REG(cntv_cval_el0, 0);
	WRITE_REG(cntv_ctl_el0, TIMER_ENABLE);
	write32(UART_BASE + UART_IMSC, UART_INT_TX);
}

void guest_main(uint64_t tree)
{
	const char *what = spoiled();
	const char *but = uart_spoiled() ? " but the UART" : "";

	(void)tree;
	if (what == NULL)
		print("reset: pristine%s\n", but);
	else
		print("reset: FAILED %s\n", what);
	spoil();
	spin_us(PAUSE_US);
	psci_system_reset();
}
