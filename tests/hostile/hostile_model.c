/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each system call must answer, by its contract in abi/syscall.h and abi/vcpu.h, and by
 * what the info page says that this process holds. Written from those, not from the kernel.
 */
#include "tests/hostile/hostile_process.h"
#include "user/lib/clock.h"
#include "user/lib/info.h"

#define MODEL_HANDLES 64u
#define GICD_BYTES    0x10000ull
#define GICR_BYTES    0x20000ull
#define PPI_FIRST     16u
#define PPI_TIMER     27u /* the virtual timer's: its line is the timer's own */
#define SPI_FIRST     32u
#define SPI_END       (32u + 256u)

/* PSTATE, DDI 0487 C5.2.18 */
#define MODE_MASK 0x1full
#define MODE_EL0T 0x00u
#define MODE_EL1T 0x04u
#define MODE_EL1H 0x05u
#define MODE_USR  0x10u /* AArch32; the CPUs of this test have it */

static struct {
	uint32_t kind; /* HANDLE_* */
	uint64_t bits; /* of this thread's own word, that notify sets */
} handles[MODEL_HANDLES];
static uint32_t handle_count;
static uint64_t own_word;
static uint64_t other_bits;

static void model_handle(uint32_t handle, uint32_t kind, uint64_t bits)
{
	if (handle >= MODEL_HANDLES)
		return;
	handles[handle].kind = kind;
	handles[handle].bits = bits;
	if (handle + 1u > handle_count)
		handle_count = handle + 1u;
}

void model_init(void)
{
	const struct process_info *info = info_get();

	for (uint32_t i = 0u; i < info->thread_count; i++) {
		model_handle(info->start_handle[i], HANDLE_NOTIFY,
		             i == 0u ? 1ull << NOTIFY_START : 0u);
		if (info->vm_present != 0u)
			model_handle(info->vm.sibling[i], HANDLE_NOTIFY,
			             i == 0u ? 1ull << VM_KICK_BIT : 0u);
	}
	for (uint32_t i = 0u; i < info->device_count; i++) {
		const struct process_device *device = info_device(i);

		if (device->handle == IMAGE_NONE)
			continue;
		model_handle(device->handle, HANDLE_INTERRUPT, 0u);
		other_bits |= 1ull << device->bit;
	}
	for (uint32_t i = 0u; i < info->channel_count; i++) {
		model_handle(info_channel(i)->handle, HANDLE_NOTIFY, 0u);
		other_bits |= 1ull << info_channel(i)->bit;
	}
}

uint32_t model_handle_count(void)
{
	return handle_count;
}

bool model_has_vcpu(void)
{
	return info_get()->vm_present != 0u;
}

const char *model_caller(void)
{
	if (model_has_vcpu())
		return "vm";
	return info_get()->device_count != 0u ? "driver" : "task";
}

uint64_t model_other_bits(void)
{
	return other_bits;
}

static struct hostile_answer answer(enum hostile_kind kind, status_t status)
{
	return (struct hostile_answer){.kind = kind, .status = status};
}

static struct hostile_answer model_status(status_t status)
{
	return answer(ANSWER_STATUS, status);
}

static bool model_holds(uint64_t handle, uint32_t kind)
{
	return handle < handle_count && handles[handle].kind == kind;
}

static struct hostile_answer model_by_handle(uint64_t handle, uint32_t kind)
{
	return model_status(model_holds(handle, kind) ? STATUS_OK : STATUS_HANDLE);
}

/* It comes back at once when a bit is there, or when the deadline is 0 or has passed. */
static struct hostile_answer model_wait(uint64_t mask, uint64_t deadline)
{
	struct hostile_answer expected = {.kind = ANSWER_BITS, .bits = own_word & mask};

	if (expected.bits == 0u && deadline > clock_now())
		return answer(ANSWER_SKIPPED, 0);
	own_word &= ~mask;
	return expected;
}

static struct hostile_answer model_notify(uint64_t handle)
{
	if (model_holds(handle, HANDLE_NOTIFY))
		own_word |= handles[handle].bits;
	return model_by_handle(handle, HANDLE_NOTIFY);
}

/* No exit is pending here: RESUME alone would run the guest. */
static struct hostile_answer model_run(uint64_t op)
{
	if (!model_has_vcpu())
		return answer(ANSWER_REFUSED, STATUS_DENIED);
	if (op > VCPU_RETRY)
		return answer(ANSWER_REFUSED, STATUS_INVALID);
	return op == VCPU_RESUME ? answer(ANSWER_SKIPPED, 0) : answer(ANSWER_REFUSED, STATUS_STATE);
}

static bool model_register(uint64_t number)
{
	return number <= VCPU_REG_MPIDR || (number >= VCPU_REG_V0 && number <= VCPU_REG_V31_HIGH);
}

static struct hostile_answer model_get(uint64_t number)
{
	return model_status(model_has_vcpu() && model_register(number) ? STATUS_OK : STATUS_DENIED);
}

static struct hostile_answer model_set(uint64_t number, uint64_t value)
{
	uint64_t mode = value & MODE_MASK;
	bool good =
		(model_register(number) && number != VCPU_REG_MPIDR) || number == VCPU_REG_RESET;

	if (number == VCPU_REG_PSTATE)
		good = mode == MODE_EL0T || mode == MODE_EL1T || mode == MODE_EL1H ||
		       mode == MODE_USR;
	return model_status(model_has_vcpu() && good ? STATUS_OK : STATUS_DENIED);
}

static struct hostile_answer model_line(uint64_t intid, uint64_t level)
{
	if (!model_has_vcpu())
		return model_status(STATUS_DENIED);
	return model_status(intid >= PPI_FIRST && intid < SPI_END && intid != PPI_TIMER &&
	                                    level <= 1u
	                            ? STATUS_OK
	                            : STATUS_INVALID);
}

/* A read gives no more bits than it asks for, and none at all where it is not aligned. */
static struct hostile_answer model_vgic(uint64_t ipa, uint64_t flags)
{
	const struct vm_info *vm = &info_get()->vm;
	struct hostile_answer expected = {.kind = ANSWER_READ};
	uint64_t size = flags & 0xfu;

	if (!model_has_vcpu())
		return model_status(STATUS_DENIED);
	if ((flags & ~0x10full) != 0u || (size != 1u && size != 2u && size != 4u && size != 8u) ||
	    (ipa - vm->gicd_ipa >= GICD_BYTES && ipa - vm->gicr_ipa >= GICR_BYTES * vm->vcpu_count))
		return model_status(STATUS_INVALID);
	if ((flags & 0x100u) != 0u)
		return model_status(STATUS_OK);
	if (ipa % size == 0u)
		expected.most = size == 8u ? UINT64_MAX : (1ull << 8u * size) - 1u;
	return expected;
}

struct hostile_answer model_call(const struct hostile_call *call)
{
	const uint64_t *in = call->in;

	switch (call->number) {
	case SYSCALL_WAIT:
		return model_wait(in[0], in[1]);
	case SYSCALL_NOTIFY:
		return model_notify(in[0]);
	case SYSCALL_VCPU_RUN:
		return model_run(in[0]);
	case SYSCALL_VCPU_GET:
		return model_get(in[0]);
	case SYSCALL_VCPU_SET:
		return model_set(in[0], in[1]);
	case SYSCALL_VIRQ_LINE:
		return model_line(in[0], in[1]);
	case SYSCALL_VGIC_ACCESS:
		return model_vgic(in[0], in[1]);
	case SYSCALL_IRQ_ACK:
		return model_by_handle(in[0], HANDLE_INTERRUPT);
	case SYSCALL_PROCESS_CONTROL:
	case SYSCALL_PROCESS_STATUS:
		return model_by_handle(in[0], HANDLE_PROCESS);
	case SYSCALL_SYSTEM_CONTROL:
		return model_by_handle(in[0], HANDLE_SYSTEM);
	case SYSCALL_TRACE:
		return model_status(STATUS_OK);
	case SYSCALL_EXIT:
		return answer(ANSWER_SKIPPED, 0);
	default:
		return model_status(STATUS_UNKNOWN);
	}
}
