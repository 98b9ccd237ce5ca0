/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor: starts the VMs, hears of every stop, restarts by the description's policy,
 * and takes commands on its console. One thread. Only its handles give it power, and only
 * over the children that the description names.
 */
#include "user/lib/channel_io.h"
#include "user/lib/clock.h"
#include "user/lib/console.h"
#include "user/lib/info.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"
#include "user/lib/text.h"
#include "user/services/supervisor_policy.h"

PROGRAM_RECORD("supervisor", 0u);

#define CHILDREN  64u
#define LINE_BYTES 80u
#define SETTLE_US 1000u /* a child that is stopping is looked at again after this */

struct child {
	struct policy policy;
	uint64_t handled;     /* the `starts` whose end has been reported, plus 1 */
	uint64_t usage_ticks; /* at the last status, as the next two */
	uint64_t usage_exits;
	uint64_t usage_now;
	uint64_t list_entries; /* at the last list, as the next */
	uint64_t list_now;
	bool start_wanted; /* start it when its stop is complete */
};

static struct child children[CHILDREN];
static char line[LINE_BYTES];
static uint32_t line_length;

static uint32_t child_count(void)
{
	return info_get()->child_count < CHILDREN ? info_get()->child_count : CHILDREN;
}

static const char *state_text(uint64_t state)
{
	static const char *const texts[] = {
		[PROCESS_STATE_STOPPED] = "stopped",
		[PROCESS_STATE_RUNNING] = "running",
		[PROCESS_STATE_STOPPING] = "stopping",
		[PROCESS_STATE_ABSENT] = "no cpu",
	};

	return state < sizeof(texts) / sizeof(texts[0]) ? texts[state] : "?";
}

static const char *reason_text(uint64_t reason)
{
	static const char *const texts[] = {
		[EXIT_REASON_NONE] = "-",	    [EXIT_REASON_STOPPED] = "command",
		[EXIT_REASON_FAULT] = "fault",	    [EXIT_REASON_OFF] = "off",
		[EXIT_REASON_RESET] = "reset",	    [EXIT_REASON_FAILED] = "failed",
		[EXIT_REASON_SERROR] = "bus error",
	};

	return reason < sizeof(texts) / sizeof(texts[0]) ? texts[reason] : "?";
}

/* The exception class of ESR_EL2 in words (DDI 0487 D19.2.37). */
static const char *fault_text(uint64_t esr)
{
	switch (esr >> 26 & 0x3fu) {
	case 0x20u:
		return "instruction fetch outside its space";
	case 0x24u:
		return "data access outside its space";
	case 0x07u:
		return "FP registers that it does not own";
	case 0x3cu:
		return "breakpoint instruction";
	case 0x22u:
	case 0x26u:
		return "misaligned PC or SP";
	default:
		return "undefined instruction";
	}
}

static void child_start(uint32_t index)
{
	const struct process_child *child = info_child(index);
	status_t status = svc_process_control(child->handle, PROCESS_START);

	children[index].start_wanted = false;
	if (status == STATUS_ABSENT)
		console_print("%s cannot start: its CPU is missing\n", child->name);
	else if (status != STATUS_OK)
		console_print("%s is not stopped\n", child->name);
	else
		console_print("%s started\n", child->name);
}

static void child_report(const struct process_child *child, const struct svc_result *state)
{
	uint64_t reason = state->x[2];

	if (reason == EXIT_REASON_FAULT)
		console_print("%s stopped: fault, %s, address 0x%lx, ESR 0x%lx\n", child->name,
			      fault_text(state->x[3]), state->x[4], state->x[3]);
	else if (reason == EXIT_REASON_FAILED || reason == EXIT_REASON_SERROR)
		console_print("%s stopped: %s, code 0x%lx\n", child->name, reason_text(reason),
			      state->x[3]);
	else
		console_print("%s stopped: %s\n", child->name, reason_text(reason));
}

/* Looks at one child; true: it is on its way somewhere, look again soon. */
static bool child_look(uint32_t index)
{
	const struct process_child *info = info_child(index);
	struct child *child = &children[index];
	struct svc_result state = svc_process_status(info->handle, STATUS_ITEM_STATE);
	enum policy_decision decision;

	if (state.x[1] == PROCESS_STATE_STOPPING)
		return true;
	if (state.x[1] != PROCESS_STATE_STOPPED || state.x[5] == 0u ||
	    child->handled == state.x[5])
		return false;
	child->handled = state.x[5];
	child_report(info, &state);
	decision = policy_decide(&child->policy, info, state.x[2],
				 clock_us_from_ticks(clock_now()));
	if (decision == POLICY_GAVE_UP)
		console_print("%s stays stopped: %u restarts in %u s\n", info->name,
			      info->restart_limit, info->restart_window_sec);
	if (decision == POLICY_RESTART || child->start_wanted)
		child_start(index);
	return false;
}

static void command_status(void)
{
	console_print("%-12s %-8s %-9s %5s %9s %10s %8s\n", "world", "state", "reason", "cpu%",
		      "exits/s", "periods", "restarts");
	for (uint32_t i = 0u; i < child_count(); i++) {
		const struct process_child *info = info_child(i);
		struct child *child = &children[i];
		struct svc_result state = svc_process_status(info->handle, STATUS_ITEM_STATE);
		struct svc_result usage = svc_process_status(info->handle, STATUS_ITEM_USAGE);
		uint64_t span = usage.x[5] - child->usage_now;
		uint64_t per_mille = (usage.x[1] - child->usage_ticks) * 1000u / (span + 1u);
		uint64_t exits = (usage.x[2] - child->usage_exits) * 1000u /
				 (clock_us_from_ticks(span) / 1000u + 1u);

		child->usage_now = usage.x[5];
		child->usage_ticks = usage.x[1];
		child->usage_exits = usage.x[2];
		console_print("%-12s %-8s %-9s %3lu.%lu %9lu %10lu %8lu\n", info->name,
			      state_text(state.x[1]), reason_text(state.x[2]), per_mille / 10u,
			      per_mille % 10u, exits, usage.x[3],
			      state.x[5] > 0u ? state.x[5] - 1u : 0u);
	}
}

/* What the kernel was entered for on each child's first CPU since the last `list`. */
static void command_list(void)
{
	for (uint32_t i = 0u; i < child_count(); i++) {
		const struct process_child *info = info_child(i);
		struct child *child = &children[i];
		struct svc_result state = svc_process_status(info->handle, STATUS_ITEM_STATE);
		struct svc_result usage = svc_process_status(info->handle, STATUS_ITEM_USAGE);

		console_print("%s %s, EL2 entries on its CPU: %lu in %lu ms\n", info->name,
			      state_text(state.x[1]), usage.x[6] - child->list_entries,
			      clock_us_from_ticks(usage.x[5] - child->list_now) / 1000u);
		child->list_entries = usage.x[6];
		child->list_now = usage.x[5];
	}
}

static uint32_t find_child(const char *name)
{
	for (uint32_t i = 0u; i < child_count(); i++) {
		if (strcmp(info_child(i)->name, name) == 0)
			return i;
	}
	return CHILDREN;
}

static void command_on_child(const char *verb, const char *name)
{
	uint32_t index = find_child(name);
	bool stop = strcmp(verb, "stop") == 0;

	if (index == CHILDREN) {
		console_print("no world named \"%s\"\n", name);
		return;
	}
	if (strcmp(verb, "start") == 0) {
		child_start(index);
		return;
	}
	if (svc_process_control(info_child(index)->handle, PROCESS_STOP) != STATUS_OK) {
		if (stop)
			console_print("%s is not running\n", name);
		else
			child_start(index);
		return;
	}
	children[index].start_wanted = !stop;
}

static void command(char *text)
{
	char *name = text;

	while (*name != '\0' && *name != ' ')
		name++;
	if (*name == ' ')
		*name++ = '\0';
	if (strcmp(text, "status") == 0)
		command_status();
	else if (strcmp(text, "list") == 0)
		command_list();
	else if (strcmp(text, "stop") == 0 || strcmp(text, "start") == 0 ||
		 strcmp(text, "restart") == 0)
		command_on_child(text, name);
	else if (strcmp(text, "off") == 0)
		(void)svc_system_control(info_get()->system_handle, SYSTEM_OFF);
	else if (*text != '\0')
		console_puts("commands: status, list, stop NAME, start NAME, restart NAME, off\n");
}

static void typed(char byte)
{
	if (byte == '\r' || byte == '\n') {
		line[line_length] = '\0';
		line_length = 0u;
		command(line);
	} else if (byte == '\b' || byte == 0x7f) {
		line_length -= line_length > 0u ? 1u : 0u;
	} else if (line_length < LINE_BYTES - 1u) {
		line[line_length++] = byte;
	}
}

static void read_commands(void)
{
	char bytes[32];
	uint32_t count;

	do {
		count = channel_read(console_channel(), bytes, sizeof(bytes));
		for (uint32_t i = 0u; i < count; i++)
			typed(bytes[i]);
	} while (count == sizeof(bytes));
}

int main(unsigned thread)
{
	(void)thread;
	console_open();
	for (uint32_t i = 0u; i < child_count(); i++) {
		uint32_t flags = info_child(i)->flags;

		if ((flags & CHILD_AUTOSTART) != 0u && (flags & CHILD_KERNEL_START) == 0u)
			child_start(i);
	}
	for (;;) {
		bool again = false;

		read_commands();
		for (uint32_t i = 0u; i < child_count(); i++)
			again = child_look(i) || again;
		(void)svc_wait(UINT64_MAX,
			       again ? clock_now() + clock_ticks_from_us(SETTLE_US) : SVC_NEVER);
	}
}
