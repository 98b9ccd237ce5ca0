/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model of the fuzz target `syscall`: what abi/syscall.h and abi/vcpu.h say that each call
 * answers, from what was called before; contract in syscall_fuzz.h. Of the kernel it reads what a
 * process could see, and which threads are parked.
 */
#include "tests/fuzz/syscall_fuzz.h"

#include "abi/status.h"
#include "abi/vcpu.h"
#include "kernel/process.h"
#include "kernel/system.h"
#include "kernel/vcpu.h"

#define CALLED_BITS 0xffffull /* of a word: raised by notify only */
#define ANYTHING    0x5a5a5a5a5a5a5a5aull

struct model_thread {
	uint64_t word;
	uint64_t mask;
	uint64_t deadline;
	bool waiting;
	bool guest;
	uint64_t pending;
};

struct model_process {
	uint32_t state;
	uint64_t reason;
	uint64_t code;
	uint32_t starts;
};

/* What the call before us must leave in x0 and x1. */
struct model_want {
	uint64_t x0;
	uint64_t x1;
	uint64_t word;
};

static struct model_thread model_threads[MACHINE_THREADS];
static struct model_process model_processes[PROCESSES];
static struct model_want want;
static uint64_t x[3];

static uint32_t index_of(const struct thread *thread)
{
	for (uint32_t i = 0u; i < MACHINE_THREADS; i++)
		if (system_thread(i) == thread)
			return i;
	abort();
}

static uint32_t process_of(const struct thread *thread)
{
	return thread->config->process;
}

static bool has_cpus(uint32_t process)
{
	const struct config_process *config = &machine_processes[process];

	for (uint32_t i = 0u; i < config->thread_count; i++)
		if (system_thread(config->thread[i])->cpu->online == 0u)
			return false;
	return true;
}

static void begin_process(uint32_t process)
{
	const struct config_process *config = &machine_processes[process];
	struct model_process *model = &model_processes[process];

	*model = (struct model_process){.state = PROCESS_STATE_RUNNING,
	                                .starts = model->starts + 1u};
	for (uint32_t i = 0u; i < config->thread_count; i++)
		model_threads[config->thread[i]] =
			(struct model_thread){.pending = VCPU_EXIT_NOTIFIED};
}

static void end_process(uint32_t process, uint64_t reason, uint64_t code)
{
	struct model_process *model = &model_processes[process];

	if (model->state != PROCESS_STATE_RUNNING)
		return;
	model->state = PROCESS_STATE_STOPPING;
	model->reason = reason;
	model->code = code;
}

void model_start(void)
{
	memset(model_threads, 0, sizeof(model_threads));
	memset(model_processes, 0, sizeof(model_processes));
	for (uint32_t i = 0u; i < PROCESSES; i++) {
		if ((machine_processes[i].flags & PROCESS_FLAG_AUTOSTART) == 0u)
			continue;
		if (has_cpus(i))
			begin_process(i);
		else
			model_processes[i].state = PROCESS_STATE_ABSENT;
	}
}

static const struct config_handle *handle(const struct thread *thread, uint64_t number,
                                          uint32_t kind)
{
	const struct config_handle *entry;

	if (number >= MACHINE_HANDLES)
		return NULL;
	entry = &machine_handles[process_of(thread) * MACHINE_HANDLES + number];
	return entry->kind == kind ? entry : NULL;
}

static uint64_t want_control(const struct thread *thread)
{
	const struct config_handle *entry = handle(thread, x[0], HANDLE_PROCESS);
	struct model_process *model;

	if (entry == NULL)
		return (uint64_t)STATUS_HANDLE;
	if ((entry->argument & RIGHT_CONTROL) == 0u)
		return (uint64_t)STATUS_DENIED;
	model = &model_processes[entry->object];
	if (x[1] == PROCESS_STOP) {
		if (model->state != PROCESS_STATE_RUNNING)
			return (uint64_t)STATUS_STATE;
		end_process(entry->object, EXIT_REASON_STOPPED, 0u);
		return (uint64_t)STATUS_OK;
	}
	if (x[1] != PROCESS_START)
		return (uint64_t)STATUS_INVALID;
	if (!has_cpus(entry->object)) {
		if (model->state == PROCESS_STATE_STOPPED)
			model->state = PROCESS_STATE_ABSENT;
		return (uint64_t)STATUS_ABSENT;
	}
	if (model->state != PROCESS_STATE_STOPPED)
		return (uint64_t)STATUS_STATE;
	begin_process(entry->object);
	return (uint64_t)STATUS_OK;
}

static uint64_t want_status(const struct thread *thread)
{
	const struct config_handle *entry = handle(thread, x[0], HANDLE_PROCESS);

	if (entry == NULL)
		return (uint64_t)STATUS_HANDLE;
	if ((entry->argument & RIGHT_STATUS) == 0u)
		return (uint64_t)STATUS_DENIED;
	if (x[1] == STATUS_ITEM_STATE)
		want.x1 = model_processes[entry->object].state;
	return (uint64_t)(x[1] <= STATUS_ITEM_USAGE ? STATUS_OK : STATUS_INVALID);
}

static uint64_t want_line(const struct thread *thread)
{
	uint32_t process = process_of(thread);
	uint64_t spis = process == VM1 ? 64u : 32u;

	if (process < VM1)
		return (uint64_t)STATUS_DENIED;
	if (x[0] < 16u || x[0] >= 32u + spis || x[0] == 27u || x[1] > 1u)
		return (uint64_t)STATUS_INVALID;
	return (uint64_t)STATUS_OK;
}

static uint64_t want_gic(const struct thread *thread)
{
	uint32_t process = process_of(thread);
	uint64_t frames = 0x20000u * (process == VM1 ? 2u : 1u);
	uint64_t size = x[1] & 0xffu;

	if (process < VM1)
		return (uint64_t)STATUS_DENIED;
	if (x[1] >= 0x200u || (size != 1u && size != 2u && size != 4u && size != 8u))
		return (uint64_t)STATUS_INVALID;
	if (x[0] - 0x8000000u >= 0x10000u && x[0] - 0x80a0000u >= frames)
		return (uint64_t)STATUS_INVALID;
	return ANYTHING; /* STATUS_OK, or STATUS_STATE: other vCPUs first */
}

/* abi/vcpu.h, "Operations": which exits each one answers. */
static bool answers(uint64_t op, uint64_t exit)
{
	bool access = exit == VCPU_EXIT_MMIO_READ || exit == VCPU_EXIT_MMIO_WRITE ||
	              exit == VCPU_EXIT_DECODE;

	switch (op) {
	case VCPU_RESUME:
		return exit == VCPU_EXIT_NOTIFIED;
	case VCPU_READ_VALUE:
		return exit == VCPU_EXIT_MMIO_READ;
	case VCPU_DONE:
		return exit == VCPU_EXIT_MMIO_WRITE || exit == VCPU_EXIT_DECODE;
	case VCPU_CALL_RETURN:
	case VCPU_CALL_IDLE:
		return exit == VCPU_EXIT_CALL;
	case VCPU_UNDEF:
		return exit == VCPU_EXIT_DECODE;
	default:
		return access || exit == VCPU_EXIT_FETCH;
	}
}

uint64_t model_answer(const struct thread *thread, uint8_t how)
{
	uint64_t exit = model_threads[index_of(thread)].pending;

	for (uint32_t i = 0u; i < 8u; i++)
		if (answers((how + i) & 7u, exit))
			return (how + i) & 7u;
	return VCPU_RESUME;
}

static uint64_t want_run(const struct thread *thread)
{
	struct model_thread *model = &model_threads[index_of(thread)];

	want.x1 = (uint64_t)STATUS_DENIED;
	if (process_of(thread) < VM1)
		return VCPU_EXIT_REFUSED;
	want.x1 = (uint64_t)STATUS_INVALID;
	if (x[0] > VCPU_RETRY)
		return VCPU_EXIT_REFUSED;
	want.x1 = (uint64_t)STATUS_STATE;
	if (!answers(x[0], model->pending))
		return VCPU_EXIT_REFUSED;
	want.x1 = ANYTHING;
	model->guest = true;
	model->pending = VCPU_EXIT_NOTIFIED;
	return ANYTHING;
}

static uint64_t want_register(const struct thread *thread, bool set)
{
	bool good = process_of(thread) >= VM1 &&
	            (x[0] <= VCPU_REG_X30 || (set && x[0] == VCPU_REG_RESET));

	if (good && !set)
		want.x1 = thread->vcpu->guest.x[x[0]];
	return (uint64_t)(good ? STATUS_OK : STATUS_DENIED);
}

static uint64_t want_notify(const struct thread *thread)
{
	const struct config_handle *entry = handle(thread, x[0], HANDLE_NOTIFY);

	if (entry == NULL)
		return (uint64_t)STATUS_HANDLE;
	model_threads[entry->object].word |= 1ull << entry->argument;
	return (uint64_t)STATUS_OK;
}

static uint64_t want_ack(const struct thread *thread)
{
	const struct config_handle *entry = handle(thread, x[0], HANDLE_INTERRUPT);
	uint32_t owner = entry != NULL && entry->object == 0u ? 4u : 6u;

	return (uint64_t)(entry != NULL && index_of(thread) == owner ? STATUS_OK : STATUS_HANDLE);
}

static uint64_t want_wait(const struct thread *thread)
{
	struct model_thread *model = &model_threads[index_of(thread)];

	want.word = thread->word & ~x[0];
	if ((thread->word & x[0]) != 0u || x[1] == 0u) {
		model->word &= ~x[0];
		return thread->word & x[0];
	}
	model->waiting = true;
	model->mask = x[0];
	model->deadline = x[1];
	return ANYTHING;
}

static uint64_t want_exit(const struct thread *thread)
{
	uint64_t reason =
		x[0] == EXIT_REASON_OFF || x[0] == EXIT_REASON_RESET ? x[0] : EXIT_REASON_FAILED;

	end_process(process_of(thread), reason, x[1]);
	return ANYTHING;
}

void model_before(struct thread *thread, uint64_t number)
{
	memcpy(x, thread->host.x, sizeof(x));
	want = (struct model_want){.x1 = ANYTHING, .word = thread->word};
	switch (number) {
	case SYSCALL_WAIT:
		want.x0 = want_wait(thread);
		break;
	case SYSCALL_NOTIFY:
		want.x0 = want_notify(thread);
		break;
	case SYSCALL_VCPU_RUN:
		want.x0 = want_run(thread);
		break;
	case SYSCALL_VCPU_GET:
	case SYSCALL_VCPU_SET:
		want.x0 = want_register(thread, number == SYSCALL_VCPU_SET);
		break;
	case SYSCALL_VIRQ_LINE:
		want.x0 = want_line(thread);
		break;
	case SYSCALL_VGIC_ACCESS:
		want.x0 = want_gic(thread);
		break;
	case SYSCALL_IRQ_ACK:
		want.x0 = want_ack(thread);
		break;
	case SYSCALL_PROCESS_CONTROL:
		want.x0 = want_control(thread);
		break;
	case SYSCALL_PROCESS_STATUS:
		want.x0 = want_status(thread);
		break;
	case SYSCALL_SYSTEM_CONTROL: /* on a machine whose firmware comes back */
		want.x0 = (uint64_t)(handle(thread, x[0], HANDLE_SYSTEM) != NULL ? STATUS_INVALID
		                                                                 : STATUS_HANDLE);
		break;
	case SYSCALL_TRACE:
		want.x0 = (uint64_t)STATUS_OK;
		break;
	case SYSCALL_EXIT:
		want.x0 = want_exit(thread);
		break;
	default:
		want.x0 = (uint64_t)STATUS_UNKNOWN;
		break;
	}
}

void model_after(struct thread *thread, uint64_t number)
{
	if (want.x0 != ANYTHING && thread->host.x[0] != want.x0)
		fprintf(stderr, "thread %u call %llu (%llx %llx): %lld, not %lld\n",
		        index_of(thread), (unsigned long long)number, (unsigned long long)x[0],
		        (unsigned long long)x[1], (long long)thread->host.x[0], (long long)want.x0);
	FUZZ_CHECK(want.x0 == ANYTHING || thread->host.x[0] == want.x0);
	FUZZ_CHECK(want.x1 == ANYTHING || thread->host.x[1] == want.x1);
	if (number == SYSCALL_WAIT && want.x0 != ANYTHING)
		FUZZ_CHECK(thread->word == want.word);
	if (number == SYSCALL_VGIC_ACCESS && want.x0 == ANYTHING)
		FUZZ_CHECK(thread->host.x[0] == (uint64_t)STATUS_OK ||
		           thread->host.x[0] == (uint64_t)STATUS_STATE);
	FUZZ_CHECK((number == SYSCALL_VCPU_RUN && want.x0 == ANYTHING) || !thread->in_guest);
}

void model_exit(struct thread *thread)
{
	struct model_thread *model = &model_threads[index_of(thread)];

	FUZZ_CHECK(model->guest && thread->host.x[0] != VCPU_EXIT_NOTIFIED);
	model->guest = false;
	model->pending = thread->host.x[0];
}

void model_fault(struct thread *thread)
{
	end_process(process_of(thread), EXIT_REASON_FAULT, 0x92000000u);
	model_threads[index_of(thread)].guest = false;
}

/* Why a thread that waited waits no longer: bits that it waited for, or its deadline. */
static void look_waiting(const struct thread *thread, struct model_thread *model)
{
	uint64_t bits = thread->host.x[0];

	if (!model->waiting || thread->state == THREAD_WAITING)
		return;
	model->waiting = false;
	if (thread->state == THREAD_PARKED)
		return;
	FUZZ_CHECK((bits & ~model->mask) == 0u);
	FUZZ_CHECK(bits != 0u || host.now >= model->deadline);
	model->word &= ~bits;
}

/* A guest that left by itself was notified, and the word says so. */
static void look_guest(const struct thread *thread, struct model_thread *model)
{
	if (!model->guest || thread->in_guest)
		return;
	model->guest = false;
	if (thread->state == THREAD_PARKED)
		return;
	FUZZ_CHECK(thread->host.x[0] == VCPU_EXIT_NOTIFIED && thread->host.x[1] != 0u);
	model->pending = VCPU_EXIT_NOTIFIED;
}

static void look_process(uint32_t number)
{
	const struct config_process *config = &machine_processes[number];
	const struct process *process = system_process(number);
	struct model_process *model = &model_processes[number];
	uint32_t left = 0u;

	for (uint32_t i = 0u; i < config->thread_count; i++) {
		const struct thread *thread = system_thread(config->thread[i]);

		left += thread->stop_seen != process->starts || thread->state != THREAD_PARKED;
	}
	/* the end is the kernel's to choose, when all are parked: syscall_check.c has when at last */
	if (model->state == PROCESS_STATE_STOPPING && left == 0u)
		model->state = process_state(process);
	FUZZ_CHECK(process_state(process) == model->state);
	FUZZ_CHECK(process->starts == model->starts);
	if (model->state == PROCESS_STATE_STOPPED)
		FUZZ_CHECK(process->reason == model->reason && process->code == model->code);
}

void model_look(void)
{
	for (uint32_t i = 0u; i < PROCESSES; i++)
		look_process(i);
	for (uint32_t i = 0u; i < MACHINE_THREADS; i++) {
		const struct thread *thread = system_thread(i);
		struct model_thread *model = &model_threads[i];

		look_waiting(thread, model);
		look_guest(thread, model);
		FUZZ_CHECK((thread->word & CALLED_BITS) == model->word);
	}
}
