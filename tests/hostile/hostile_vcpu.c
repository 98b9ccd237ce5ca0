/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM process that tries to give its guest more than EL1: by PSTATE, by SPSR and an exception
 * return, with every mode; and that answers every kind of exit with every operation. What
 * the guest then runs at, it says itself: small pieces of code end in a call that carries
 * CurrentEL, ESR_EL1 and SPSR_EL1 out. The modes are those of DDI 0487 C5.2.18 and C5.2.19.
 */
#include "tests/hostile/hostile_process.h"
#include "user/lib/console.h"
#include "user/lib/info.h"
#include "user/lib/syscalls.h"
#include "user/lib/text.h"
#include "user/vmm/machine.h"

#define NOWHERE 0x20000000ull /* no RAM, no device, of the test's VM */

/* Offsets in the guest's RAM */
#define AT_VECTORS 0x10000u
#define AT_PROBE   0x20000u
#define AT_PROBE32 0x21000u
#define AT_ERET    0x22000u
#define AT_READ    0x23000u
#define AT_WRITE   0x24000u
#define AT_PAIR    0x25000u
#define AT_JUMP    0x26000u
#define CODE_END   0x30000u

#define PSTATE_MASKED 0x3c0ull
#define PSTATE_IL     (1ull << 20)
#define PSTATE_KEPT   0xf00003dfull /* NZCV, DAIF and the mode: what a process may set */
#define MODE_MASK     0x1full
#define EL_OF_EL1     4u /* CurrentEL */
#define PROBE_CALL    0x80000001u

#define EC(esr)      ((esr) >> 26 & 0x3fu)
#define EC_NONE      0x100u /* no exception on the way to the call */
#define EC_UNDEFINED 0x00u
#define EC_ILLEGAL   0x0eu
#define EC_SVC32     0x11u
#define EC_FETCH_EL1 0x21u
#define EC_DATA_EL1  0x25u

/* clang-format off */
static const uint32_t code_report[] = { /* x0 = the call's number; then the call */
	0xd2b00000u, /* mov  x0, #0x80000000 */
	0xb2400000u, /* orr  x0, x0, #1 */
	0xd4000002u, /* hvc  #0 */
};
static const uint32_t code_vector[] = {
	0xd5384241u, /* mrs  x1, currentel */
	0xd5385202u, /* mrs  x2, esr_el1 */
	0xd5384003u, /* mrs  x3, spsr_el1 */
};
static const uint32_t code_probe[] = {
	0xd5384241u, /* mrs  x1, currentel */
	0x92800002u, /* mov  x2, #-1: no exception */
	0xd2800003u, /* mov  x3, #0 */
};
static const uint32_t code_probe32[] = { 0xef000000u };  /* AArch32: svc #0 */
static const uint32_t code_eret[] = { 0xd69f03e0u };     /* eret */
static const uint32_t code_read[] = { 0xb9400124u };     /* ldr  w4, [x9] */
static const uint32_t code_write[] = { 0xb9000124u };    /* str  w4, [x9] */
static const uint32_t code_pair[] = { 0xa9401524u };     /* ldp  x4, x5, [x9] */
static const uint32_t code_jump[] = { 0xd61f0120u };     /* br   x9 */
/* clang-format on */

static uint64_t ram;     /* IPA of the guest's first bank */
static uint64_t pending; /* the exit that vcpu_run has to answer next: VCPU_EXIT_* */
static uint64_t runs;

static void code_put(uint64_t at, const uint32_t *code, uint64_t bytes)
{
	memcpy((void *)(uintptr_t)(GUEST_VA + ram + at), code, bytes);
}

static void code_put_all(void)
{
	ram = info_get()->vm.banks[0].ipa;
	for (uint32_t i = 0u; i < 16u; i++) {
		code_put(AT_VECTORS + 0x80u * i, code_vector, sizeof(code_vector));
		code_put(AT_VECTORS + 0x80u * i + sizeof(code_vector), code_report,
		         sizeof(code_report));
	}
	code_put(AT_PROBE, code_probe, sizeof(code_probe));
	code_put(AT_PROBE + sizeof(code_probe), code_report, sizeof(code_report));
	code_put(AT_PROBE32, code_probe32, sizeof(code_probe32));
	code_put(AT_ERET, code_eret, sizeof(code_eret));
	code_put(AT_READ, code_read, sizeof(code_read));
	code_put(AT_WRITE, code_write, sizeof(code_write));
	code_put(AT_PAIR, code_pair, sizeof(code_pair));
	code_put(AT_JUMP, code_jump, sizeof(code_jump));
	for (uint32_t at = AT_READ; at <= AT_JUMP; at += 0x1000u) {
		code_put(at + 4u, code_probe, sizeof(code_probe));
		code_put(at + 4u + sizeof(code_probe), code_report, sizeof(code_report));
	}
	machine_clean_code((void *)(uintptr_t)(GUEST_VA + ram), CODE_END);
}

/* A vCPU as after reset, that would begin at `at`. */
static void guest_prepare(uint64_t at)
{
	(void)svc_vcpu_set(VCPU_REG_RESET, 0u);
	(void)svc_vcpu_set(VCPU_REG_PC, ram + at);
	(void)svc_vcpu_set(VCPU_REG_VBAR, ram + AT_VECTORS);
	(void)svc_vcpu_set(9u, NOWHERE);
}

static struct svc_exit guest_do(uint64_t op)
{
	struct svc_exit exit = svc_vcpu_run(op, 0u, 0u, 0u, 0u);

	if (exit.x[0] != VCPU_EXIT_REFUSED)
		pending = exit.x[0];
	return exit;
}

/* Goes on where the vCPU was put, by the operation that changes nothing. */
static struct svc_exit guest_run(void)
{
	const uint64_t own = 1ull << NOTIFY_START;
	uint64_t op = pending == VCPU_EXIT_NOTIFIED ? VCPU_RESUME : VCPU_RETRY;
	struct svc_exit exit = guest_do(pending == VCPU_EXIT_CALL ? VCPU_CALL_RETURN : op);

	/* the console has read: no news for this test */
	while (exit.x[0] == VCPU_EXIT_NOTIFIED && (exit.x[1] & own) == 0u) {
		(void)svc_wait(~own, 0u);
		exit = guest_do(VCPU_RESUME);
	}
	return exit;
}

/* Runs to the call at the end; 0x100 or the class of the exception that was on the way. */
static uint64_t guest_finish(struct svc_exit exit, uint64_t *spsr)
{
	*spsr = exit.x[4];
	runs++;
	if (exit.x[0] != VCPU_EXIT_CALL || exit.x[1] != PROBE_CALL) {
		hostile_surprise("exit, x1, x2", exit.x[0], exit.x[1], exit.x[2]);
		return UINT64_MAX;
	}
	if (exit.x[2] != EL_OF_EL1)
		hostile_surprise("guest runs at CurrentEL", exit.x[2], exit.x[3], exit.x[4]);
	return exit.x[3] == UINT64_MAX ? EC_NONE : EC(exit.x[3]);
}

static bool mode_is_legal(uint64_t mode)
{
	return mode == 0x00u || mode == 0x04u || mode == 0x05u || mode == 0x10u;
}

/* From EL0 nothing but an exception comes out, and its SPSR tells the mode. */
static uint64_t mode_class(uint64_t mode)
{
	if (mode == 0x10u)
		return EC_SVC32;
	return mode == 0x00u ? EC_UNDEFINED : EC_NONE;
}

/* One value of PSTATE: refused, or taken without its reserved bits; and a run with it. */
static void try_pstate(uint64_t pstate)
{
	uint64_t mode = pstate & MODE_MASK;
	bool legal = mode_is_legal(mode);
	uint64_t before = 0u;
	uint64_t after = 0u;
	uint64_t spsr;
	uint64_t class;

	guest_prepare(mode == 0x10u ? AT_PROBE32 : AT_PROBE);
	(void)svc_vcpu_get(VCPU_REG_PSTATE, &before);
	if ((svc_vcpu_set(VCPU_REG_PSTATE, pstate) == STATUS_OK) != legal)
		hostile_surprise("vcpu_set of PSTATE", pstate, 0u, 0u);
	(void)svc_vcpu_get(VCPU_REG_PSTATE, &after);
	if (!legal)
		mode = before & MODE_MASK;
	if (!legal && after != before)
		hostile_surprise("a refused PSTATE is there: set, before, after", pstate, before,
		                 after);
	if (mode != 0x10u && legal && after != (pstate & PSTATE_KEPT))
		hostile_surprise("reserved bits of PSTATE: set, got", pstate, after, 0u);
	class = guest_finish(guest_run(), &spsr);
	if (class != mode_class(mode))
		hostile_surprise("ran with PSTATE, class", pstate, class, mode_class(mode));
	if (class != EC_NONE && (spsr & MODE_MASK) != mode)
		hostile_surprise("ran with PSTATE, at mode", pstate, spsr, 0u);
}

/* The guest returns from an exception by this SPSR: what is illegal stays where it is. */
static void try_return(uint64_t pstate)
{
	uint64_t mode = pstate & MODE_MASK;
	bool legal = mode_is_legal(mode) && (pstate & PSTATE_IL) == 0u;
	uint64_t spsr;
	uint64_t class;
	uint64_t expected = legal ? mode_class(mode) : EC_ILLEGAL;

	guest_prepare(AT_ERET);
	(void)svc_vcpu_set(VCPU_REG_SPSR, pstate);
	(void)svc_vcpu_set(VCPU_REG_ELR, ram + (mode == 0x10u ? AT_PROBE32 : AT_PROBE));
	class = guest_finish(guest_run(), &spsr);
	if (class != expected)
		hostile_surprise("ERET by SPSR, class; expected", pstate, class, expected);
}

static void try_modes(void)
{
	for (uint64_t mode = 0u; mode <= MODE_MASK; mode++) {
		try_pstate(mode | PSTATE_MASKED);
		try_return(mode | PSTATE_MASKED);
		try_return(mode | PSTATE_MASKED | PSTATE_IL);
		if (mode_is_legal(mode) && mode == 0x10u)
			continue; /* its execution state bits would change what its code is */
		for (uint32_t bit = 5u; bit < 64u; bit++)
			try_pstate(mode | PSTATE_MASKED | 1ull << bit);
	}
}

/* ---- which operation answers which exit ---- */

#define ACCEPTS(op) (1u << (op))
#define OPERATIONS  (VCPU_RETRY + 1u)

/* abi/vcpu.h, in brackets behind each operation, the other way round */
static const struct {
	uint32_t reason;
	uint32_t at;
	uint32_t accepted;
} exits[] = {
	{VCPU_EXIT_MMIO_READ, AT_READ,
         ACCEPTS(VCPU_READ_VALUE) | ACCEPTS(VCPU_ABORT) | ACCEPTS(VCPU_RETRY)},
	{VCPU_EXIT_MMIO_WRITE, AT_WRITE,
         ACCEPTS(VCPU_DONE) | ACCEPTS(VCPU_ABORT) | ACCEPTS(VCPU_RETRY)},
	{VCPU_EXIT_DECODE, AT_PAIR,
         ACCEPTS(VCPU_DONE) | ACCEPTS(VCPU_ABORT) | ACCEPTS(VCPU_UNDEF) | ACCEPTS(VCPU_RETRY)},
	{VCPU_EXIT_FETCH, AT_JUMP, ACCEPTS(VCPU_ABORT) | ACCEPTS(VCPU_RETRY)},
	{VCPU_EXIT_CALL, AT_PROBE, ACCEPTS(VCPU_CALL_RETURN) | ACCEPTS(VCPU_CALL_IDLE)},
	{VCPU_EXIT_NOTIFIED, AT_PROBE, ACCEPTS(VCPU_RESUME)},
};

static void raise_own(void)
{
	(void)svc_notify(info_get()->start_handle[0]);
}

/* To the exit that is wanted, and no further. */
static struct svc_exit exit_reach(uint32_t which)
{
	guest_prepare(exits[which].at);
	if (exits[which].reason == VCPU_EXIT_NOTIFIED)
		raise_own();
	return guest_run();
}

/* After the operation the guest has gone on as the operation says. */
static void exit_check(uint32_t which, uint64_t op, struct svc_exit exit)
{
	bool abort = op == VCPU_ABORT;
	uint64_t expected = EC_NONE;
	uint64_t spsr;
	uint64_t class;

	if (op == VCPU_RETRY) {
		if (exit.x[0] != exits[which].reason)
			hostile_surprise("RETRY, reason; expected", exit.x[0], exits[which].reason,
			                 0u);
		exit = guest_do(VCPU_ABORT);
		abort = true;
	} else if (exits[which].reason == VCPU_EXIT_CALL) {
		/* the bit that was raised before ends it, a wait too */
		if (exit.x[0] != VCPU_EXIT_NOTIFIED)
			hostile_surprise("call, reason", op, exit.x[0], exit.x[1]);
		return;
	}
	if (abort)
		expected = exits[which].reason == VCPU_EXIT_FETCH ? EC_FETCH_EL1 : EC_DATA_EL1;
	else if (op == VCPU_UNDEF)
		expected = EC_UNDEFINED;
	class = guest_finish(exit, &spsr);
	if (class != expected)
		hostile_surprise("operation, class; expected", op, class, expected);
}

static void try_operation(uint32_t which, uint64_t op)
{
	bool accepted = op < OPERATIONS && (exits[which].accepted & ACCEPTS(op)) != 0u;
	status_t refusal = op < OPERATIONS ? STATUS_STATE : STATUS_INVALID;
	struct svc_exit exit = exit_reach(which);

	runs++;
	if (exit.x[0] != exits[which].reason)
		hostile_surprise("reached exit; wanted", exit.x[0], exits[which].reason, 0u);
	if (exits[which].reason == VCPU_EXIT_NOTIFIED)
		(void)svc_wait(UINT64_MAX, 0u);
	if (exits[which].reason == VCPU_EXIT_CALL)
		raise_own(); /* so that it comes back at once */
	exit = guest_do(op);
	if (accepted)
		exit_check(which, op, exit);
	else if (exit.x[0] != VCPU_EXIT_REFUSED || exit.x[1] != (uint64_t)refusal)
		hostile_surprise("exit, operation: not refused, but", exits[which].reason, op,
		                 exit.x[0]);
	(void)svc_wait(UINT64_MAX, 0u);
}

/*
 * A refused operation changes nothing: the exit is still to be answered, which the way to the
 * next one does by the operation for it.
 */
static void try_operations(void)
{
	for (uint32_t which = 0u; which < sizeof(exits) / sizeof(exits[0]); which++) {
		for (uint64_t op = 0u; op < OPERATIONS + 8u; op++)
			try_operation(which, op);
		try_operation(which, UINT64_MAX);
		try_operation(which, 1ull << 32);
		try_operation(which, 1ull << 63);
	}
}

bool hostile_vcpu(void)
{
	uint64_t off = 0u;
	bool good;

	code_put_all();
	(void)svc_vgic_access(info_get()->vm.gicd_ipa, 4u | SVC_VGIC_WRITE, &off);
	(void)svc_wait(UINT64_MAX, 0u);
	try_modes();
	good = hostile_done("runs of the guest with any PSTATE and SPSR", runs);
	runs = 0u;
	try_operations();
	return hostile_done("operations on pending exits", runs) && good;
}
