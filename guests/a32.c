/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest: AArch32 at EL0 under AArch64 at EL1. Runs a few A32 and T32 instructions and looks
 * at every way back to EL1: SVC, an undefined instruction, an abort, a trapped CP15 access
 * with a condition; and at VFP, the counter, and device reads, of which some have a condition
 * that fails or sit in an IT block. "a32: done N ok 0 failed".
 */
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_check.h"

/* EL0 sees memory at ALIAS_RAM and devices at ALIAS_DEVICE, a GiB each; EL1 uses neither. */
#define ALIAS_DEVICE 0x80000000u
#define ALIAS_RAM    0xc0000000u
#define BLOCK_EL0    0x40u        /* AP[1] */
#define BLOCK_XN     (3ull << 53) /* UXN, PXN */
#define BLOCK_RAM    0x705u       /* as in bare_start.S */
#define BLOCK_IO     0x401u

#define SPSR_USER   0x1d0u /* AArch32 User, A32, interrupts masked */
#define SPSR_T32    0x20u
#define EC_CP15     0x03u
#define EC_SVC32    0x11u
#define EC_SVC64    0x15u
#define EC_ABORT    0x24u
#define EC_UNDEF    0x00u
#define ESR_EC(esr) ((esr) >> 26 & 0x3fu)

#define CNTKCTL_EL0VCTEN 0x002u
#define CNTKCTL_EL0VTEN  0x100u

extern uint64_t guest_table[512];

/* Encodings: DDI 0487 F5 and F6. */
static const uint32_t code_basic[] = {
	0xe3a00055, /* mov r0, #0x55 */
	0xe2800caa, /* add r0, r0, #0xaa00 */
	0xec532f1e, /* mrrc p15, 1, r2, r3, c14: CNTVCT */
	0xe3500000, /* cmp r0, #0 */
	0x0e1e6f33, /* mrceq p15, 0, r6, c14, c3, 1: CNTV_CTL, not executed */
	0xee1d1f70, /* mrc p15, 0, r1, c13, c0, 3: TPIDRURO */
	0xef000000, /* svc #0 */
};

static const uint32_t code_timer[] = {
	0xe3500000, /* cmp r0, #0 */
	0x1e1e6f33, /* mrcne p15, 0, r6, c14, c3, 1: CNTV_CTL, trapped */
	0xef000001, /* svc #1 */
};

static const uint32_t code_vfp[] = {
	0xe3a085fe, /* mov r8, #0x3f800000 */
	0xee008a10, /* vmov s0, r8 */
	0xee700a00, /* vadd.f32 s1, s0, s0 */
	0xee107a90, /* vmov r7, s1 */
	0xeef19a10, /* vmrs r9, fpscr */
	0xef000002, /* svc #2 */
};

static const uint32_t code_undefined[] = {
	0xe7f000f0, /* udf #0 */
};

static const uint32_t code_abort[] = {
	0xe3a01101, /* mov r1, #0x40000000: memory of EL1 only */
	0xe5910000, /* ldr r0, [r1] */
};

static const uint32_t code_device[] = {
	0xe3a01489, /* mov r1, #0x89000000 */
	0xe5912018, /* ldr r2, [r1, #0x18] */
	0xe3520000, /* cmp r2, #0 */
	0x05913018, /* ldreq r3, [r1, #0x18]: not executed */
	0x15914018, /* ldrne r4, [r1, #0x18] */
	0xe5d15018, /* ldrb r5, [r1, #0x18] */
	0xef000003, /* svc #3 */
};

static const uint16_t code_t32[] = {
	0x202a, /* movs r0, #42 */
	0x282a, /* cmp r0, #42 */
	0xbf04, /* itt eq */
	0x698b, /* ldreq r3, [r1, #0x18] */
	0x2409, /* moveq r4, #9 */
	0xbf14, /* ite ne */
	0x698d, /* ldrne r5, [r1, #0x18]: not executed */
	0x2607, /* moveq r6, #7 */
	0xdf04, /* svc #4 */
};

/* Exceptions from EL0 are taken on this stack; its top is the frame that goes to EL0. */
static struct {
	uint64_t stack[512];
	struct trap_frame user;
} world __attribute__((aligned(16)));

static struct trap_frame *back; /* of guest_main() while EL0 runs */
static uint64_t user_esr;
static uint64_t user_far;

/* EL1's SVC goes to EL0; whatever comes from EL0 goes back behind that SVC. */
static struct trap_frame *a32_sync(struct trap_frame *frame)
{
	uint64_t esr = READ_REG(esr_el1);

	if ((frame->spsr & 0x1fu) == (SPSR_USER & 0x1fu)) {
		user_esr = esr;
		user_far = READ_REG(far_el1);
		return back;
	}
	if (ESR_EC(esr) != EC_SVC64)
		return NULL;
	back = frame;
	return &world.user;
}

static uint32_t alias(const void *code)
{
	return (uint32_t)((uint64_t)code - RAM_BASE + ALIAS_RAM);
}

/* Runs EL0 as `user` says until its next exception; the syndrome's class. */
static uint64_t run(void)
{
	__asm__ volatile("svc #0" : : : "memory");
	return ESR_EC(user_esr);
}

static uint64_t start(const void *code, uint64_t state)
{
	for (uint32_t i = 0; i < 31u; i++)
		world.user.x[i] = 0;
	world.user.elr = alias(code);
	world.user.spsr = SPSR_USER | state;
	return run();
}

static void map_for_user(void)
{
	guest_table[ALIAS_DEVICE >> 30] = BLOCK_IO | BLOCK_EL0 | BLOCK_XN;
	guest_table[ALIAS_RAM >> 30] = RAM_BASE | BLOCK_RAM | BLOCK_EL0 | 1ull << 53;
	__asm__ volatile("dsb ishst\n\ttlbi vmalle1\n\tdsb ish\n\tisb" : : : "memory");
}

static void test_basic(void)
{
	uint64_t before = counter_now();

	WRITE_REG(tpidrro_el0, 0x12345678);
	check_part("class", start(code_basic, 0), EC_SVC32);
	check_part("r0", world.user.x[0], 0xaa55);
	check_part("r1", world.user.x[1], 0x12345678);
	check_part("r6", world.user.x[6], 0);
	check_part("counter", (world.user.x[3] << 32 | world.user.x[2]) - before < counter_hz(), 1);
	check_part("pc", world.user.elr, alias(code_basic) + sizeof(code_basic));
	check_done("svc");
}

static void test_timer(void)
{
	uint64_t class;

	WRITE_REG(cntkctl_el1, CNTKCTL_EL0VCTEN);
	world.user.x[0] = 1;
	world.user.elr = alias(code_timer);
	class = run();
	check_part("class", class, EC_CP15);
	check_part("pc", world.user.elr, alias(code_timer) + 4u);
	WRITE_REG(cntv_ctl_el0, TIMER_IMASK);
	WRITE_REG(cntkctl_el1, CNTKCTL_EL0VCTEN | CNTKCTL_EL0VTEN);
	barrier_isb();
	check_part("class then", run(), EC_SVC32);
	check_part("r6", world.user.x[6], TIMER_IMASK);
	check_done("timer");
}

static void test_vfp(void)
{
	check_part("class", start(code_vfp, 0), EC_SVC32);
	check_part("r7", world.user.x[7], 0x40000000);
	check_done("vfp");
	WRITE_REG(cpacr_el1, 0);
	check_part("class", start(code_vfp, 0), 0x07);
	check_part("pc", world.user.elr, alias(code_vfp) + 4u);
	WRITE_REG(cpacr_el1, 3u << 20);
	check_part("class then", run(), EC_SVC32);
	check_part("r7 then", world.user.x[7], 0x40000000);
	check_done("vfp trap");
}

static void test_faults(void)
{
	check("undefined", start(code_undefined, 0), EC_UNDEF);
	check_part("class", start(code_abort, 0), EC_ABORT);
	check_part("address", user_far, RAM_BASE);
	check_done("abort");
}

static void test_device(void)
{
	uint32_t flags = read32(UART_BASE + UART_FR);

	check_part("class", start(code_device, 0), EC_SVC32);
	check_part("r2", world.user.x[2], flags);
	check_part("r3", world.user.x[3], 0);
	check_part("r4", world.user.x[4], flags);
	check_part("r5", world.user.x[5], flags & 0xffu);
	check_done("device");
}

static void test_t32(void)
{
	uint32_t flags = read32(UART_BASE + UART_FR);

	for (uint32_t i = 0; i < 31u; i++)
		world.user.x[i] = 0;
	world.user.x[1] = ALIAS_DEVICE + UART_BASE;
	world.user.elr = alias(code_t32);
	world.user.spsr = SPSR_USER | SPSR_T32;
	check_part("class", run(), EC_SVC32);
	check_part("r3", world.user.x[3], flags);
	check_part("r4", world.user.x[4], 9);
	check_part("r5", world.user.x[5], 0);
	check_part("r6", world.user.x[6], 7);
	check_part("pc", world.user.elr, alias(code_t32) + sizeof(code_t32));
	check_done("t32");
}

void guest_main(uint64_t tree)
{
	(void)tree;
	check_begin("a32");
	if ((READ_REG(id_aa64pfr0_el1) & 0xfu) != 2u) {
		check_skip("all", "no AArch32 at EL0");
		check_end();
	}
	sync_handler = a32_sync;
	map_for_user();
	WRITE_REG(cntkctl_el1, CNTKCTL_EL0VCTEN);
	barrier_isb();
	test_basic();
	test_timer();
	test_vfp();
	test_faults();
	test_device();
	test_t32();
	check_end();
}
