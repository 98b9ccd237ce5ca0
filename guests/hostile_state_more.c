/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile guest, family "state", second half: what hostile_state.c does not set before an exit. The
 * MMU stays on, so SCTLR_EL1's other bits mean something, WXN among them: the code runs from a
 * read-only alias. Contracts in hostile_state_more.h.
 */
#include "guests/hostile_state_more.h"
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"

/* D19.2.118: A, SA, SA0, CP15BEN, nAA, ITD, SED, UMA, I, DZE, UCT, nTWI, nTWE, WXN, E0E, UCI */
#define SCTLR_MAPPED  0x050dd3fau
#define READ_ONLY     304u /* of guest_table: RAM, a GiB, read-only and so executable under WXN */
#define BLOCK_RO_RAM  0x785u
#define UART_PAIR     ((uint64_t)(UART_BASE + UART_IBRD))
#define DAIF_ALL      0x3c0u
#define NZCV_ALL      0xf0000000u
#define SPSR_HELD     0xf00003c5u
#define MDSCR_SS      0x0001u
#define MDSCR_KDE_MDE 0xa000u
/* D19.2.139: T1SZ, EPD1, IRGN1, ORGN1, SH1, TBI1, AS: none means anything to TTBR0_EL1 */
#define TCR_OF_TTBR1 \
	((1ull << 38) | (1ull << 36) | (0x3full << 24) | (1ull << 23) | (0x3full << 16))

extern uint64_t guest_table[512];

void begin_mapped(struct hostile *hostile)
{
	(void)hostile;
	guest_table[READ_ONLY] = RAM_BASE | BLOCK_RO_RAM;
	__asm__ volatile("dsb ishst\n\ttlbi vmalle1\n\tdsb ish\n\tisb" : : : "memory");
}

void step_mapped(struct hostile *hostile, uint32_t step)
{
	uint64_t random = hostile_random(hostile);
	uint64_t sctlr = (READ_REG(sctlr_el1) & ~(uint64_t)SCTLR_MAPPED) | (random & SCTLR_MAPPED);
	uint64_t code = (uint64_t)state_access - RAM_BASE + ((uint64_t)READ_ONLY << 30);
	uint64_t seen[4];

	(void)step;
	((void (*)(uint64_t, uint64_t, uint64_t, uint64_t *))code)(sctlr, UART_PAIR, random >> 48,
	                                                           seen);
	if (seen[3] != sctlr || (seen[0] & 0xffffu) != random >> 48)
		hostile_failed(hostile, "SCTLR_EL1", seen[3], sctlr, seen[0]);
	hostile_saw(hostile, seen[3]);
	hostile_saw(hostile, seen[0] & 0xffffu);
}

/* Any masks and flags, nothing being pending. */
void step_masks(struct hostile *hostile, uint32_t step)
{
	uint64_t random = hostile_random(hostile);
	uint64_t masks = random & DAIF_ALL;
	uint64_t flags = random & NZCV_ALL;
	uint64_t a, b, masks_after, flags_after;

	write32(UART_PAIR, step);
	__asm__ volatile("msr daif, %4\n\tmsr nzcv, %5\n\tldp %w0, %w1, [%6]\n\tmrs %2, daif\n\t"
	                 "mrs %3, nzcv\n\tmsr daifset, #15"
	                 : "=&r"(a), "=&r"(b), "=&r"(masks_after), "=&r"(flags_after)
	                 : "r"(masks), "r"(flags), "r"(UART_PAIR)
	                 : "cc", "memory");
	if (masks_after != masks || flags_after != flags || a != step)
		hostile_failed(hostile, "PSTATE", masks_after, flags_after, a);
	hostile_saw(hostile, masks_after | flags_after | a);
}

/* Registers that hold what was written, as far as the core has the bits. */
void step_registers(struct hostile *hostile, uint32_t step)
{
	uint64_t random = hostile_random(hostile);
	uint64_t tcr = READ_REG(tcr_el1);
	uint32_t a, b;

	WRITE_REG(tcr_el1, tcr ^ (random & TCR_OF_TTBR1));
	WRITE_REG(ttbr1_el1, random);
	WRITE_REG(afsr0_el1, random);
	WRITE_REG(afsr1_el1, random);
	WRITE_REG(amair_el1, random);
	WRITE_REG(esr_el1, random & 0xffffffffu);
	WRITE_REG(far_el1, random);
	WRITE_REG(elr_el1, random);
	WRITE_REG(spsr_el1, random & SPSR_HELD);
	WRITE_REG(sp_el0, random);
	WRITE_REG(tpidr_el1, random);
	WRITE_REG(csselr_el1, random & 3u);
	barrier_isb();
	__asm__ volatile("str %w3, [%2]\n\tldp %w0, %w1, [%2]"
	                 : "=&r"(a), "=&r"(b)
	                 : "r"(UART_PAIR), "r"(step)
	                 : "memory");
	if (a != step || READ_REG(far_el1) != random || READ_REG(elr_el1) != random ||
	    READ_REG(sp_el0) != random || READ_REG(tpidr_el1) != random)
		hostile_failed(hostile, "registers", a, READ_REG(far_el1), random);
	hostile_saw(hostile, READ_REG(tcr_el1) & TCR_OF_TTBR1); /* IPS is the core's or ours */
	hostile_saw(hostile, READ_REG(ttbr1_el1));
	hostile_saw(hostile, READ_REG(afsr0_el1) ^ READ_REG(afsr1_el1));
	hostile_saw(hostile, READ_REG(amair_el1));
	hostile_saw(hostile, READ_REG(esr_el1));
	hostile_saw(hostile, READ_REG(spsr_el1));
	hostile_saw(hostile, READ_REG(csselr_el1));
	WRITE_REG(tcr_el1, tcr);
	WRITE_REG(csselr_el1, 0);
	barrier_isb();
}

/*
 * Single step, a breakpoint and a watchpoint at everything, the locks, unmasked: all of them without
 * effect (docs/registers.md), on this guest and on its VM process.
 */
void step_debug(struct hostile *hostile, uint32_t step)
{
	uint64_t random = hostile_random(hostile);
	uint32_t a, b;

	WRITE_REG(oslar_el1, random & 1u);
	WRITE_REG(osdlr_el1, random >> 1 & 1u);
	WRITE_REG(dbgbvr0_el1, 0x210000u + (random & 0xfffcu)); /* where a process has its text */
	WRITE_REG(dbgbcr0_el1, 0x1e7u);                         /* any state, EL1 and EL0 */
	WRITE_REG(dbgwvr0_el1, random & 0x3ffff8u);
	WRITE_REG(dbgwcr0_el1, 0x1fffu);
	WRITE_REG(mdscr_el1, MDSCR_KDE_MDE | MDSCR_SS);
	__asm__ volatile(
		"msr daifclr, #8\n\tisb\n\tstr %w3, [%2]\n\tldp %w0, %w1, [%2]\n\tmsr daifset, #8"
		: "=&r"(a), "=&r"(b)
		: "r"(UART_PAIR), "r"(step)
		: "memory");
	if (a != step || READ_REG(mdscr_el1) != (MDSCR_KDE_MDE | MDSCR_SS))
		hostile_failed(hostile, "MDSCR_EL1", a, step, READ_REG(mdscr_el1));
	hostile_saw(hostile, a);
	WRITE_REG(mdscr_el1, 0);
	WRITE_REG(dbgbcr0_el1, 0);
	WRITE_REG(dbgwcr0_el1, 0);
	WRITE_REG(oslar_el1, 0);
	WRITE_REG(osdlr_el1, 0);
}
