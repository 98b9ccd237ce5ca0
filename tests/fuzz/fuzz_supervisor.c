/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: user/services/supervisor_policy.c user/services/supervisor_text.c user/lib/text.c
 * helpers: user/lib/channel.c
 * included: user/services/supervisor.c user/lib/console_output.c
 */
/*
 * The supervisor process, whole: lines of any kind typed on its console, a console that lies in
 * the channel, children that end in every way at any time. The target is the kernel below it.
 * It may control its own children only; a child that failed is restarted at most as often as its
 * window allows, unless a person asks; what it prints is text.
 */
#include "tests/fuzz/svc_host.h"

#include <setjmp.h>
#include <sys/mman.h>

#include "tests/fuzz/fuzz.h"

int supervisor_main(unsigned thread);
#define main supervisor_main
#include "user/lib/console_output.c"
#include "user/services/supervisor.c"
#undef main

#define CHILDREN 4u
#define HANDLE   10u /* of child 0 */
#define RESTARTS 3u
#define WINDOW   60u
#define TIMES    64u
#define CONSOLE  1u
#define HANG     (10ull * SVC_HOST_FREQUENCY)
#define PIECE    64u

struct fake_child {
	uint64_t state;
	uint64_t reason;
	uint64_t code;
	uint64_t starts;
	bool asked; /* a person has typed since its last end */
	uint32_t retries;
	uint64_t retry_at[TIMES];
};

/* As at PROCESS_INFO_VA. */
struct info_page {
	struct process_info info;
	struct process_channel channel[1];
	struct process_child child[CHILDREN];
};

static struct info_page *page;
static struct channel *shared;
static struct channel_end console;
static struct fake_child fakes[CHILDREN];
static struct fuzz input;
static uint64_t now;
static uint64_t read_at; /* when the console last read something */
static bool lies;
static jmp_buf end_of_input;

uint64_t clock_now(void)
{
	return now;
}

status_t svc_notify(uint32_t handle)
{
	FUZZ_CHECK(handle == 3u);
	return STATUS_OK;
}

status_t svc_system_control(uint32_t handle, uint32_t op)
{
	FUZZ_CHECK(handle == 4u && op == SYSTEM_OFF);
	return STATUS_INVALID;
}

static struct fake_child *fake_of(uint32_t handle)
{
	FUZZ_CHECK(handle >= HANDLE && handle < HANDLE + CHILDREN);
	return &fakes[handle - HANDLE];
}

struct svc_result svc_process_status(uint32_t handle, uint32_t item)
{
	const struct fake_child *fake = fake_of(handle);

	if (item == STATUS_ITEM_STATE)
		return (struct svc_result){{0u, fake->state, fake->reason, fake->code,
		                            fake->code * 3u, fake->starts, 0u}};
	FUZZ_CHECK(item == STATUS_ITEM_USAGE);
	return (struct svc_result){{0u, now / 2u, now / 3u, now / 4u, 0u, now, now / 5u}};
}

/* A start that nobody asked for after a failure: so often in the window, and no more. */
static void count_retry(struct fake_child *fake)
{
	uint32_t recent = 0u;

	fake->retry_at[fake->retries++ % TIMES] = now;
	for (uint32_t i = 0u; i < TIMES && i < fake->retries; i++)
		recent += now - fake->retry_at[i] < WINDOW * (uint64_t)SVC_HOST_FREQUENCY;
	FUZZ_CHECK(recent <= RESTARTS);
}

status_t svc_process_control(uint32_t handle, uint32_t op)
{
	struct fake_child *fake = fake_of(handle);
	bool failed = fake->reason >= EXIT_REASON_FAULT && fake->reason != EXIT_REASON_RESET;

	FUZZ_CHECK(op == PROCESS_START || op == PROCESS_STOP);
	if (fake->state == PROCESS_STATE_ABSENT)
		return STATUS_ABSENT;
	if (fake->state != (op == PROCESS_START ? PROCESS_STATE_STOPPED : PROCESS_STATE_RUNNING))
		return STATUS_STATE;
	if (op == PROCESS_STOP) {
		if (!fake->asked) { /* a console that has read nothing for long: as after a fault */
			FUZZ_CHECK(fake == &fakes[CONSOLE] && (lies || now - read_at >= HANG));
			count_retry(fake);
			fake->asked = true;
		}
		fake->state = PROCESS_STATE_STOPPING;
		fake->reason = EXIT_REASON_STOPPED;
		return STATUS_OK;
	}
	if (fake->starts != 0u && !fake->asked && failed)
		count_retry(fake);
	/* by itself it starts what has failed or wants to be reset only */
	FUZZ_CHECK(fake->starts == 0u || fake->asked || failed ||
	           fake->reason == EXIT_REASON_RESET);
	fake->state = PROCESS_STATE_RUNNING;
	fake->reason = EXIT_REASON_NONE;
	fake->starts++;
	return STATUS_OK;
}

static void child_changes(uint8_t what)
{
	struct fake_child *fake = &fakes[what % CHILDREN];
	static const uint8_t reasons[] = {EXIT_REASON_FAULT,  EXIT_REASON_OFF,
	                                  EXIT_REASON_RESET,  EXIT_REASON_FAILED,
	                                  EXIT_REASON_SERROR, EXIT_REASON_FAULT};

	if (fake->state == PROCESS_STATE_STOPPING) {
		fake->state = PROCESS_STATE_STOPPED;
	} else if (fake->state == PROCESS_STATE_RUNNING) {
		fake->state = (what & 4u) != 0u ? PROCESS_STATE_STOPPED : PROCESS_STATE_STOPPING;
		fake->reason = reasons[(what >> 3) % sizeof(reasons)];
		fake->code = fuzz_u32(&input);
		fake->asked = false;
	} else if (what == 0xffu && fake->starts == 0u) {
		fake->state = PROCESS_STATE_ABSENT;
	}
}

static void type(const void *bytes, uint32_t count)
{
	bool tell = false;

	(void)channel_put(&console, bytes, count, &tell);
	for (uint32_t i = 0u; i < CHILDREN; i++) {
		/* it may be a command for any of them, and a command may begin a new count */
		fakes[i].asked = true;
		fakes[i].retries = 0u;
	}
}

static void type_line(uint8_t what)
{
	static const char *const verbs[] = {"start ", "stop ", "restart ", "status",
	                                    "list",   "off",   "help",     " "};
	static const char *const names[] = {"linux\n", "console\n", "alive\r", "%s%n\n"};

	type(verbs[what & 7u], (uint32_t)strlen(verbs[what & 7u]));
	type(names[what >> 3 & 3u], (uint32_t)strlen(names[what >> 3 & 3u]));
}

static void type_anything(void)
{
	uint8_t bytes[PIECE];
	uint32_t count = 1u + fuzz_pick(&input, PIECE);

	for (uint32_t i = 0u; i < count; i++)
		bytes[i] = fuzz_u8(&input);
	type(bytes, count);
}

/* The console prints what it is given: no control bytes but those of a line that is edited. */
static void console_reads(void)
{
	uint8_t bytes[CHANNEL_RING_BYTES];
	bool tell = false;
	uint32_t count = channel_take(&console, bytes, sizeof(bytes), &tell);

	read_at = now;
	for (uint32_t i = 0u; i < count && !lies; i++)
		FUZZ_CHECK((bytes[i] >= 0x20u && bytes[i] < 0x7fu) || bytes[i] == '\n' ||
		           bytes[i] == '\r' || bytes[i] == '\b' || bytes[i] == 0x1bu);
}

static void console_lies(void)
{
	uint8_t where = fuzz_u8(&input);
	struct channel_ring *ring = &shared->ring[where & 1u];

	if (!lies)
		return;
	if ((where & 6u) == 0u)
		ring->head = (uint32_t)fuzz_number(&input);
	else if ((where & 6u) == 2u)
		ring->tail = (uint32_t)fuzz_number(&input);
	else
		memset(ring->data, where, sizeof(ring->data));
	for (uint32_t i = 0u; i < CHILDREN; i++)
		fakes[i].asked = true;
}

uint64_t svc_wait(uint64_t mask, uint64_t deadline)
{
	uint8_t what = fuzz_u8(&input);

	FUZZ_CHECK(mask == UINT64_MAX && deadline > now);
	FUZZ_CHECK(typed.length < TEXT_COMMAND_BYTES && child_count == CHILDREN);
	if (input.left == 0u)
		longjmp(end_of_input, 1);
	now += (what & 0x80u) != 0u ? (uint64_t)fuzz_u8(&input) * SVC_HOST_FREQUENCY : 1u;
	switch (what & 7u) {
	case 0u:
	case 1u:
	case 2u:
		child_changes(fuzz_u8(&input));
		break;
	case 3u:
		type_line(what >> 3);
		break;
	case 4u:
		type_anything();
		break;
	case 5u:
		console_lies();
		break;
	case 6u:
		now = deadline != SVC_NEVER ? deadline : now;
		break;
	default:
		console_reads();
		break;
	}
	return 1u;
}

static void start(void)
{
	static const char *const names[CHILDREN] = {"linux", "console", "alive", "%s%n"};
	static const uint32_t flags[] = {
		CHILD_VM | CHILD_AUTOSTART | CHILD_RESTART_ON_FAULT,
		CHILD_KERNEL_START | CHILD_AUTOSTART | CHILD_RESTART_ON_FAULT |
			CHILD_RESTART_ALWAYS,
		CHILD_AUTOSTART,
		CHILD_RESTART_ALWAYS,
	};

	memset(page, 0, sizeof(*page));
	page->info.channel_count = 1u;
	page->info.child_count = CHILDREN;
	page->info.system_handle = 4u;
	page->info.channels = (uint64_t)(uintptr_t)page->channel;
	page->info.children = (uint64_t)(uintptr_t)page->child;
	page->channel[0] = (struct process_channel){
		.name = "console", .va = (uint64_t)(uintptr_t)shared, .handle = 3u};
	for (uint32_t i = 0u; i < CHILDREN; i++) {
		page->child[i] = (struct process_child){
			.handle = HANDLE + i,
			.flags = flags[i],
			.restart_limit = RESTARTS,
			.restart_window_sec = WINDOW,
		};
		memcpy(page->child[i].name, names[i], strlen(names[i]));
		fakes[i] = (struct fake_child){.state = PROCESS_STATE_STOPPED};
	}
	fakes[1].state = PROCESS_STATE_RUNNING;
	fakes[1].starts = 1u;
	channel_open(&console, shared, 1u, 9u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = (struct fuzz){data, size};
	if (page == NULL)
		page = mmap((void *)PROCESS_INFO_VA, sizeof(*page), PROT_READ | PROT_WRITE,
		            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	FUZZ_CHECK(page == (void *)PROCESS_INFO_VA);
	now = 1u;
	read_at = now;
	shared = calloc(1u, sizeof(*shared));
	lies = (fuzz_u8(&input) & 1u) != 0u;
	memset(children, 0, sizeof(children));
	memset(&list, 0, sizeof(list));
	memset(&typed, 0, sizeof(typed));
	memset(&reader, 0, sizeof(reader));
	memset(&console_end, 0, sizeof(console_end));
	console_lost = 0u;
	console_lost_reported = 0u;
	start();
	if (setjmp(end_of_input) == 0)
		(void)supervisor_main(0u);
	free(shared);
	return 0;
}
