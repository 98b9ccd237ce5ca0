/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor process: starts the children that the description lists as its own, hears of
 * every end, applies the policy (supervisor_policy.h), and takes commands as lines on its
 * console. One thread, with a budget: it sleeps until the kernel says that a child has changed
 * or somebody types. Its handles are all its power, and they name its children only.
 */
#include "user/lib/channel_io.h"
#include "user/lib/clock.h"
#include "user/lib/console.h"
#include "user/lib/info.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"
#include "user/services/supervisor_policy.h"
#include "user/services/supervisor_text.h"

PROGRAM_RECORD("supervisor", 0u);

#define SUPERVISOR_CHILDREN 64u
#define SUPERVISOR_CONSOLE  "console" /* the child that these commands come through */
#define SUPERVISOR_SOON_US  2000u     /* a child that is stopping is looked at again */
#define SUPERVISOR_ROOM_US  5000u     /* a list goes on when the console has read */
#define SUPERVISOR_LIST_US  2000000u  /* a list that nobody reads is given up */
#define SUPERVISOR_HANG_US  10000000u /* a console that has read nothing for so long hangs */

enum list_kind { LIST_NONE, LIST_STATUS, LIST_NAMES };

struct child {
	struct policy_child policy;
	struct svc_result usage;  /* at the last status */
	struct svc_result listed; /* at the last list */
};

/* A list on its way to the console, which need not have room for all of it at once. */
struct list {
	enum list_kind kind;
	uint32_t next;
	uint64_t since;
};

static struct child children[SUPERVISOR_CHILDREN];
static uint32_t child_count;
static struct list list;
static struct text_typed typed;
static struct policy_reader reader;

static struct svc_result child_state(uint32_t index, struct policy_view *view)
{
	struct svc_result state = svc_process_status(info_child(index)->handle, STATUS_ITEM_STATE);

	*view = (struct policy_view){
		.state = state.x[1],
		.reason = state.x[2],
		.starts = state.x[5],
	};
	return state;
}

static void child_control(uint32_t index, uint32_t op)
{
	const struct process_child *info = info_child(index);
	status_t status = svc_process_control(info->handle, op);

	if (status == STATUS_OK)
		console_print("%s %s\n", info->name, op == PROCESS_START ? "started" : "stops");
	else if (status != STATUS_ABSENT) /* policy_look reports that */
		console_print("%s does not %s now\n", info->name,
		              op == PROCESS_START ? "start" : "stop");
}

/* Looks at a child; true: look again soon. */
static bool child_look(uint32_t index)
{
	struct policy_child *policy = &children[index].policy;
	const struct process_child *info = info_child(index);
	char text[TEXT_LINE_BYTES];
	struct policy_view view;
	struct svc_result state = child_state(index, &view);
	enum policy_verdict verdict = policy_look(policy, &view, clock_now());

	if (verdict == POLICY_NOTHING || verdict == POLICY_SOON)
		return verdict == POLICY_SOON;
	if (verdict == POLICY_ABSENT) {
		console_print("%s cannot run: cpu missing\n", info->name);
		return false;
	}
	(void)text_end(text, sizeof(text), info, view.reason, state.x[3], state.x[4], verdict,
	               policy);
	console_print("%s\n", text);
	if (verdict == POLICY_STARTS || verdict == POLICY_RETRY)
		(void)svc_process_control(info->handle, PROCESS_START);
	return false;
}

/* ---- lists ---- */

static void list_start(enum list_kind kind)
{
	char text[TEXT_LINE_BYTES];

	list = (struct list){.kind = kind, .since = clock_now()};
	if (kind != LIST_STATUS)
		return;
	(void)text_status_header(text, sizeof(text));
	console_print("%s\n", text);
}

static void list_status_of(uint32_t index)
{
	struct child *child = &children[index];
	struct svc_result usage = svc_process_status(info_child(index)->handle, STATUS_ITEM_USAGE);
	char text[TEXT_LINE_BYTES];
	struct policy_view view;
	struct text_status status;

	(void)child_state(index, &view);
	status = (struct text_status){
		.name = info_child(index)->name,
		.state = view.state,
		.reason = view.reason,
		.starts = view.starts,
		.ticks = usage.x[1] - child->usage.x[1],
		.exits = usage.x[2] - child->usage.x[2],
		.periods = usage.x[3],
		.entries = usage.x[6] - child->usage.x[6],
		.span = usage.x[5] - child->usage.x[5],
		.ticks_per_second = clock_ticks_per_second(),
	};
	child->usage = usage;
	(void)text_status_line(text, sizeof(text), &status);
	console_print("%s\n", text);
}

/* What it is, and what the kernel was entered for on its first CPU since the last such list. */
static void list_name_of(uint32_t index)
{
	struct child *child = &children[index];
	struct svc_result usage = svc_process_status(info_child(index)->handle, STATUS_ITEM_USAGE);
	uint32_t flags = info_child(index)->flags;
	const char *restart = "never";
	struct policy_view view;

	(void)child_state(index, &view);
	if ((flags & CHILD_RESTART_ALWAYS) != 0u)
		restart = "always";
	else if ((flags & CHILD_RESTART_ON_FAULT) != 0u)
		restart = "on-fault";
	console_print("%s %s, EL2 entries on its CPU: %lu in %lu ms; %s, restart %s\n",
	              info_child(index)->name, text_state(view.state),
	              usage.x[6] - child->listed.x[6],
	              clock_us_from_ticks(usage.x[5] - child->listed.x[5]) / 1000u,
	              (flags & CHILD_VM) != 0u ? "vm" : "process", restart);
	child->listed = usage;
}

/* Goes on with the list; true: it waits for the console to read. */
static bool list_continue(void)
{
	while (list.kind != LIST_NONE && list.next < child_count) {
		if (channel_room(console_channel()) < TEXT_LINE_BYTES) {
			if (clock_now() - list.since > clock_ticks_from_us(SUPERVISOR_LIST_US))
				break;
			return true;
		}
		if (list.kind == LIST_STATUS)
			list_status_of(list.next);
		else
			list_name_of(list.next);
		list.next++;
	}
	list.kind = LIST_NONE;
	return false;
}

/* ---- commands ---- */

static uint32_t command_find(const char *name)
{
	for (uint32_t i = 0u; i < child_count; i++) {
		if (strcmp(info_child(i)->name, name) == 0)
			return i;
	}
	return IMAGE_NONE;
}

static void command_child(const char *verb, uint32_t index)
{
	struct policy_child *policy = &children[index].policy;
	struct policy_view view;

	(void)child_state(index, &view);
	if (strcmp(verb, "start") == 0) {
		if (policy_start(policy, &view))
			child_control(index, PROCESS_START);
		else
			console_print("%s is %s\n", info_child(index)->name,
			              text_state(view.state));
	} else if (strcmp(verb, "stop") == 0) {
		if (strcmp(info_child(index)->name, SUPERVISOR_CONSOLE) == 0)
			console_puts("nobody could start it again: try restart\n");
		else if (policy_stop(policy, &view))
			child_control(index, PROCESS_STOP);
		else
			console_print("%s is %s\n", info_child(index)->name,
			              text_state(view.state));
	} else if (policy_restart(policy, &view)) {
		child_control(index,
		              view.state == PROCESS_STATE_RUNNING ? PROCESS_STOP : PROCESS_START);
	}
}

static bool command_is_for_child(const char *verb)
{
	return strcmp(verb, "start") == 0 || strcmp(verb, "stop") == 0 ||
	       strcmp(verb, "restart") == 0;
}

static void command_run(char *line)
{
	const char *verb;
	const char *name;
	uint32_t index;

	text_split(line, &verb, &name);
	index = command_find(name);
	if (*verb == '\0')
		return;
	if (command_is_for_child(verb) && index != IMAGE_NONE)
		command_child(verb, index);
	else if (command_is_for_child(verb))
		console_print("there is no world \"%s\": try list\n", name);
	else if (strcmp(verb, "status") == 0)
		list_start(LIST_STATUS);
	else if (strcmp(verb, "list") == 0)
		list_start(LIST_NAMES);
	else if (strcmp(verb, "off") == 0)
		(void)svc_system_control(info_get()->system_handle, SYSTEM_OFF);
	else
		console_puts("commands: status, list, stop NAME, start NAME, restart NAME, off, "
		             "help\n");
}

static void command_echo(uint8_t byte, uint32_t before)
{
	if (typed.length > before)
		console_print("%c", byte);
	else if (typed.length < before)
		console_puts(typed.length == 0u ? "\r\x1b[K" : "\b \b");
}

/* Echo is for a person: a command that comes whole, from the console's key, needs none. */
static void command_read(void)
{
	uint8_t bytes[TEXT_COMMAND_BYTES];
	uint32_t count;

	while ((count = channel_read(console_channel(), bytes, sizeof(bytes))) != 0u) {
		bool whole = typed.length == 0u && count > 1u && bytes[count - 1u] == '\n';

		for (uint32_t i = 0u; i < count; i++) {
			uint32_t before = typed.length;

			if (text_type(&typed, bytes[i])) {
				if (!whole)
					console_puts("\n");
				command_run(typed.line);
			} else if (!whole) {
				command_echo(bytes[i], before);
			}
		}
	}
}

/*
 * A console that hangs has no fault to be stopped for, and nobody could tell the supervisor to
 * restart it. It is noticed once there is something that it should read, and restarted as
 * often as after a fault. Returns when to look again.
 */
static uint64_t console_watch(void)
{
	const struct channel_end *end = console_channel();
	uint32_t unread = CHANNEL_RING_BYTES - channel_room(end);
	uint32_t index = command_find(SUPERVISOR_CONSOLE);
	uint64_t ticks = clock_ticks_from_us(SUPERVISOR_HANG_US);
	uint64_t now = clock_now();
	bool hangs = policy_reader_hangs(&reader, end->head - unread, unread, now, ticks);

	if (index == IMAGE_NONE || unread == 0u)
		return SVC_NEVER;
	if (hangs) {
		struct policy_view view;

		(void)child_state(index, &view);
		if (policy_hangs(&children[index].policy, &view, now)) {
			console_puts("console has read nothing for 10 s\n");
			child_control(index, PROCESS_STOP);
		}
		reader.since = now;
	}
	return reader.since + ticks;
}

static void supervisor_start(void)
{
	const struct process_info *info = info_get();

	child_count =
		info->child_count < SUPERVISOR_CHILDREN ? info->child_count : SUPERVISOR_CHILDREN;
	for (uint32_t i = 0u; i < child_count; i++) {
		struct policy_view view;

		policy_init(&children[i].policy, info_child(i), clock_ticks_per_second());
		children[i].usage = svc_process_status(info_child(i)->handle, STATUS_ITEM_USAGE);
		children[i].listed = children[i].usage;
		(void)child_state(i, &view);
		if (policy_autostart(&children[i].policy, &view))
			child_control(i, PROCESS_START);
	}
}

int main(unsigned thread)
{
	(void)thread;
	console_open();
	supervisor_start();
	for (;;) {
		uint64_t deadline;
		bool soon = false;

		command_read();
		for (uint32_t i = 0u; i < child_count; i++)
			soon = child_look(i) || soon;
		deadline = console_watch();
		if (list_continue())
			deadline = clock_now() + clock_ticks_from_us(SUPERVISOR_ROOM_US);
		else if (soon)
			deadline = clock_now() + clock_ticks_from_us(SUPERVISOR_SOON_US);
		(void)svc_wait(UINT64_MAX, deadline);
	}
}
