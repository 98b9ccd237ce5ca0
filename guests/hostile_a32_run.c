/* SPDX-License-Identifier: Apache-2.0 */
/* Runs AArch32 code at EL0; contract in hostile_a32.h. */
#include "guests/hostile_a32.h"
#include "guests/lib/bare_board.h"

#define BLOCK_EL0  0x40u /* AP[1] */
#define BLOCK_PXN  (1ull << 53)
#define BLOCK_XN   (3ull << 53) /* UXN, PXN */
#define BLOCK_RAM  0x705u       /* as in bare_start.S */
#define BLOCK_IO   0x401u
#define CODE_WORDS 1024u
#define EC_SVC64   0x15u
#define MODE_MASK  0x1fu

extern uint64_t guest_table[512];

static uint32_t code[CODE_WORDS] __attribute__((aligned(4096)));
uint64_t a32_memory[64] __attribute__((aligned(4096)));

/* Exceptions from EL0 are taken on this stack; its top is the frame that goes to EL0. */
static struct {
	uint64_t stack[512];
	struct trap_frame user;
} world __attribute__((aligned(16)));
static struct trap_frame *back; /* of a32_run() while EL0 runs */
static uint64_t user_esr;
static uint64_t user_far;

/* EL1's SVC goes to EL0; whatever comes from EL0 goes back behind that SVC. */
static struct trap_frame *sync(struct trap_frame *frame)
{
	user_esr = READ_REG(esr_el1);
	user_far = READ_REG(far_el1);
	if ((frame->spsr & MODE_MASK) == (SPSR_USER & MODE_MASK))
		return back;
	if (ESR_EC(user_esr) != EC_SVC64)
		return NULL;
	back = frame;
	return &world.user;
}

uint32_t a32_alias(const void *address)
{
	return (uint32_t)((uint64_t)address - RAM_BASE + ALIAS_RAM);
}

void a32_begin(struct hostile *hostile)
{
	(void)hostile;
	sync_handler = sync;
	guest_table[ALIAS_DEVICE >> 30] = BLOCK_IO | BLOCK_EL0 | BLOCK_XN;
	guest_table[ALIAS_RAM >> 30] = RAM_BASE | BLOCK_RAM | BLOCK_EL0 | BLOCK_PXN;
	__asm__ volatile("dsb ishst\n\ttlbi vmalle1\n\tdsb ish\n\tisb" : : : "memory");
}

void a32_end(struct hostile *hostile)
{
	(void)hostile;
	sync_handler = NULL;
	WRITE_REG(cntkctl_el1, 0);
	WRITE_REG(cntv_ctl_el0, 0);
	WRITE_REG(cntp_ctl_el0, 0);
	barrier_isb();
}

void a32_code(const uint32_t *words, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		((volatile uint32_t *)code)[i] = words[i];
	__asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb"
	                 :
	                 : "r"(code)
	                 : "memory");
}

void a32_run(struct a32 *state)
{
	for (uint32_t i = 0; i < 15u; i++)
		world.user.x[i] = state->x[i];
	world.user.elr = a32_alias(code);
	world.user.spsr = SPSR_USER | state->spsr;
	__asm__ volatile("svc #0" : : : "memory");
	for (uint32_t i = 0; i < 15u; i++)
		state->x[i] = world.user.x[i];
	state->pc = world.user.elr - a32_alias(code);
	state->spsr = world.user.spsr;
	state->esr = user_esr;
	state->far = user_far;
}
