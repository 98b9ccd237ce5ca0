/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every system call with every class of argument, from whatever process this is linked into.
 * What must come of each is model_call's; here are the classes, and what is the same for all:
 * x18 to x29 and SP are kept, and no register brings an address of the kernel that was not
 * given to it.
 */
#include "tests/hostile/hostile_process.h"
#include "user/lib/clock.h"
#include "user/lib/console.h"
#include "user/lib/info.h"
#include "user/lib/syscalls.h"

#define CLASSES_MAX  80u
#define SPOKEN       8u /* surprises that are told one by one */
#define KERNEL_BYTES 0x40000000ull
#define ROOM_US      2000u
#define GIC_FRAME    0x10000u
#define NUMBERS      65536u /* SVC immediates */

static uint64_t classes[CLASSES_MAX];
static uint32_t class_count;
static uint64_t surprises;
static uint64_t all_surprises;
static uint64_t sets;

void hostile_surprise(const char *what, uint64_t a, uint64_t b, uint64_t c)
{
	if (surprises++ < SPOKEN)
		console_print("%s: SURPRISE: %s 0x%lx 0x%lx 0x%lx\n", model_caller(), what, a, b,
		              c);
}

bool hostile_done(const char *what, uint64_t count)
{
	bool good = surprises == 0u;

	console_print("%s: %lu %s, %lu surprises\n", model_caller(), count, what, surprises);
	surprises = 0u;
	/* so that the console has room for the next */
	(void)svc_wait(0u, clock_now() + clock_ticks_from_us(ROOM_US));
	return good;
}

static void class_add(uint64_t value)
{
	if (class_count < CLASSES_MAX)
		classes[class_count++] = value;
}

/* The edges of every kind of argument that there is. */
static void classes_make(void)
{
	static const uint64_t edges[] = {
		0u,
		1u,
		2u,
		3u,
		4u,
		7u,
		8u,
		9u,
		15u,
		16u,
		26u,
		27u,
		28u,
		30u,
		31u,
		32u,
		33u,
		63u,
		64u,
		255u,
		256u,
		257u,
		287u,
		288u,
		1019u,
		1020u,
		1023u,
		8192u,
		0x7fffffffu,
		0x80000000u,
		0xffffffffu,
		0x100000000u,
		0x100000001u,
		0x7fffffffffffffffu,
		0x8000000000000000u,
		0x8000000000000001u,
		0xfffffffffffffffeu,
		0xffffffffffffffffu,
		KERNEL_VA,
		KERNEL_DEVICE_VA,
		PROCESS_INFO_VA,
		PROGRAM_TEXT_VA,
		STACK_VA,
		DEVICE_VA,
		CHANNEL_VA,
		GUEST_VA,
	};

	class_count = 0u;
	for (uint32_t i = 0u; i < sizeof(edges) / sizeof(edges[0]); i++)
		class_add(edges[i]);
	for (uint32_t i = 0u; i < model_handle_count() + 2u; i++)
		class_add(i | 0x100000000ull); /* a good handle, if its upper half were lost */
	for (uint32_t i = 10u; i < model_handle_count() + 2u; i++)
		class_add(i);
}

/* Of the kernel, and not one of the classes: those are what vcpu_set put there. */
static bool is_kernel_address(uint64_t value)
{
	return value - KERNEL_VA < KERNEL_BYTES && value != KERNEL_VA && value != KERNEL_DEVICE_VA;
}

/* What no call does, whatever it answers. */
static void call_check_registers(const struct hostile_call *call, const uint64_t *out)
{
	for (uint32_t i = 0u; i < 18u; i++)
		if (is_kernel_address(out[i]))
			hostile_surprise("kernel address: call, register, value", call->number, i,
			                 out[i]);
	for (uint32_t i = 18u; i < 30u; i++)
		if (out[i] != HOSTILE_PATTERN + i)
			hostile_surprise("register is not kept: call, register, value",
			                 call->number, i, out[i]);
	if (out[30] != 0u)
		hostile_surprise("SP is not kept: call, moved by", call->number, out[30], 0u);
}

static bool call_is_good(const struct hostile_answer *expected, const uint64_t *out)
{
	switch (expected->kind) {
	case ANSWER_STATUS:
		return out[0] == (uint64_t)expected->status;
	case ANSWER_REFUSED:
		return out[0] == VCPU_EXIT_REFUSED && out[1] == (uint64_t)expected->status;
	case ANSWER_BITS:
		return (out[0] & ~model_other_bits()) == expected->bits;
	case ANSWER_READ:
		return out[0] == (uint64_t)STATUS_OK && out[1] <= expected->most;
	default:
		return true;
	}
}

static void call_make(struct hostile_call call)
{
	uint64_t out[HOSTILE_REGISTERS] = {0};
	struct hostile_answer expected = model_call(&call);

	if (expected.kind == ANSWER_SKIPPED)
		return;
	sets++;
	hostile_svc(call.number, call.in, out);
	call_check_registers(&call, out);
	if (call_is_good(&expected, out))
		return;
	hostile_surprise("call, x0, x1", call.number, call.in[0], call.in[1]);
	hostile_surprise(" answers x0, x1; expected", out[0], out[1], (uint64_t)expected.status);
}

/* All pairs of classes in the first two arguments; the others take each class in turn. */
static void calls_pairs(uint64_t number)
{
	uint32_t turn = 0u;

	for (uint32_t i = 0u; i < class_count; i++) {
		for (uint32_t j = 0u; j < class_count; j++) {
			struct hostile_call call = {.number = number};

			call.in[0] = classes[i];
			call.in[1] = classes[j];
			for (uint32_t k = 2u; k < 8u; k++)
				call.in[k] = classes[turn++ % class_count];
			call_make(call);
		}
	}
}

/* Every register number up to above the last one, with every class of value. */
static void calls_registers(void)
{
	for (uint64_t number = 0u; number <= 2u * VCPU_REG_RESET; number++) {
		for (uint32_t j = 0u; j < class_count; j++) {
			call_make((struct hostile_call){SYSCALL_VCPU_GET, {number, classes[j]}});
			call_make((struct hostile_call){SYSCALL_VCPU_SET, {number, classes[j]}});
		}
	}
	for (uint32_t bit = 0u; bit < 64u; bit++) {
		for (uint64_t mode = 0u; mode < 32u; mode++)
			call_make((struct hostile_call){SYSCALL_VCPU_SET,
			                                {VCPU_REG_PSTATE, mode | 1ull << bit}});
	}
}

/* Of the 16 sizes that flags can say, all or only those that there are; reads and writes. */
static void calls_gic_at(uint64_t ipa, uint64_t value, bool all)
{
	for (uint64_t size = 0u; size < 16u; size++) {
		if (!all && size != 1u && size != 2u && size != 4u && size != 8u)
			continue;
		call_make((struct hostile_call){SYSCALL_VGIC_ACCESS, {ipa, size, value}});
		call_make((struct hostile_call){SYSCALL_VGIC_ACCESS, {ipa, size | 0x100u, value}});
	}
}

/*
 * Every word of the frames at every size (without a vCPU, which is refused them all, a few);
 * around their edges every byte; every reserved flag.
 */
static void calls_gic(void)
{
	const struct vm_info *vm = &info_get()->vm;
	const uint64_t frames[] = {vm->gicd_ipa, vm->gicr_ipa, vm->gicr_ipa + GIC_FRAME};
	uint64_t step = model_has_vcpu() ? 4u : 256u;

	for (uint32_t i = 0u; i < 3u; i++) {
		for (uint64_t at = 0u; at < GIC_FRAME; at += step)
			calls_gic_at(frames[i] + at, classes[(at / 4u + i) % class_count], false);
		for (uint64_t at = 0u; at < 16u; at++) {
			calls_gic_at(frames[i] + at - 8u, UINT64_MAX, true);
			calls_gic_at(frames[i] + GIC_FRAME + at - 8u, UINT64_MAX, true);
		}
		for (uint32_t bit = 0u; bit < 64u; bit++)
			call_make((struct hostile_call){SYSCALL_VGIC_ACCESS,
			                                {frames[i], 4u | 1ull << bit, 0u}});
	}
}

/* A wait with each class of mask, once with each of the own bits raised before. */
static void calls_wait(void)
{
	for (uint32_t i = 0u; i < class_count; i++) {
		for (uint64_t handle = 0u; handle < model_handle_count(); handle++) {
			call_make((struct hostile_call){SYSCALL_NOTIFY, {handle}});
			call_make((struct hostile_call){SYSCALL_WAIT, {classes[i], 0u}});
			call_make((struct hostile_call){SYSCALL_WAIT, {classes[i], UINT64_MAX}});
		}
	}
	call_make((struct hostile_call){SYSCALL_WAIT, {UINT64_MAX, 0u}});
}

static void calls_numbers(void)
{
	for (uint64_t number = SYSCALL_COUNT; number < NUMBERS; number++)
		call_make((struct hostile_call){number, {0u, UINT64_MAX, KERNEL_VA}});
}

bool hostile_calls(void)
{
	model_init();
	classes_make();
	for (uint64_t number = 0u; number < SYSCALL_COUNT; number++) {
		calls_pairs(number);
		if (number == SYSCALL_WAIT)
			calls_wait();
	}
	calls_registers();
	calls_gic();
	calls_numbers();
	all_surprises = surprises;
	console_print("%s: %u system calls, %u classes of argument\n", model_caller(),
	              (unsigned)SYSCALL_COUNT, class_count);
	(void)hostile_done("argument sets", sets);
	return all_surprises == 0u;
}
