/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor's words; contract in supervisor_text.h. */
#include "user/services/supervisor_text.h"

#include "user/lib/text.h"

#define ESR_CLASS(esr)   ((uint32_t)((esr) >> 26 & 0x3fu))
#define ESR_WNR          (1u << 6)
#define CLASS_DATA_ABORT 0x24u

#define KILL_LINE 0x15u /* Ctrl-U */
#define DELETE    0x7fu

const char *text_state(uint64_t state)
{
	static const char *const names[] = {
		[PROCESS_STATE_STOPPED] = "stopped",
		[PROCESS_STATE_RUNNING] = "running",
		[PROCESS_STATE_STOPPING] = "stopping",
		[PROCESS_STATE_ABSENT] = "no-cpu",
	};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : "?";
}

const char *text_reason(uint64_t reason)
{
	static const char *const names[] = {
		[EXIT_REASON_NONE] = "-",        [EXIT_REASON_STOPPED] = "command",
		[EXIT_REASON_FAULT] = "fault",   [EXIT_REASON_OFF] = "off",
		[EXIT_REASON_RESET] = "reset",   [EXIT_REASON_FAILED] = "failed",
		[EXIT_REASON_SERROR] = "serror",
	};

	return reason < sizeof(names) / sizeof(names[0]) ? names[reason] : "?";
}

struct text_class {
	uint32_t class;
	bool has_address; /* the address is the one of the access, else the PC */
	const char *name;
};

/* What a process at EL0 can be stopped for: DDI 0487, ESR_EL2.EC. */
static const struct text_class text_classes[] = {
	{0x00u, false, "undefined instruction"},
	{0x01u, false, "wfi or wfe"},
	{0x07u, false, "FP registers that are not its own"},
	{0x0eu, false, "illegal execution state"},
	{0x16u, false, "hvc"},
	{0x17u, false, "smc"},
	{0x18u, false, "system register"},
	{0x20u, true, "instruction abort"},
	{0x22u, true, "misaligned pc"},
	{0x24u, true, "data abort"},
	{0x26u, false, "misaligned sp"},
	{0x2cu, false, "FP exception"},
	{0x30u, false, "hardware breakpoint"},
	{0x32u, false, "software step"},
	{0x34u, true, "watchpoint"},
	{0x3cu, false, "breakpoint instruction"},
};

static size_t text_fault(char *to, size_t bytes, uint64_t esr, uint64_t address)
{
	struct text_class class = {ESR_CLASS(esr), false, "exception"};
	size_t used;

	for (size_t i = 0u; i < sizeof(text_classes) / sizeof(text_classes[0]); i++) {
		if (text_classes[i].class == class.class)
			class = text_classes[i];
	}
	used = text_format(to, bytes, ", %s", class.name);
	if (class.class == CLASS_DATA_ABORT)
		used += text_format(to + used, bytes - used,
		                    (esr & ESR_WNR) != 0u ? " of a write" : " of a read");
	used += text_format(to + used, bytes - used,
	                    class.has_address ? " at 0x%lx" : " at pc 0x%lx", address);
	return used + text_format(to + used, bytes - used, ", ESR 0x%lx", esr);
}

static size_t text_verdict(char *to, size_t bytes, const struct process_child *info,
                           enum policy_verdict verdict, const struct policy_child *child)
{
	switch (verdict) {
	case POLICY_STARTS:
		return text_format(to, bytes, "; starts again");
	case POLICY_RETRY:
		return text_format(to, bytes, "; starts again, %u of %u in %u s",
		                   child->restart_count, child->limit, info->restart_window_sec);
	case POLICY_GIVE_UP:
		return text_format(to, bytes, "; stays stopped after %u restarts in %u s",
		                   child->limit, info->restart_window_sec);
	default:
		return text_format(to, bytes, "; stays stopped");
	}
}

size_t text_end(char *to, size_t bytes, const struct process_child *info, uint64_t reason,
                uint64_t code, uint64_t address, enum policy_verdict verdict,
                const struct policy_child *child)
{
	size_t used = text_format(to, bytes, "%s stopped: %s", info->name, text_reason(reason));

	if (reason == EXIT_REASON_FAULT)
		used += text_fault(to + used, bytes - used, code, address);
	else if (reason == EXIT_REASON_SERROR)
		used += text_format(to + used, bytes - used, ", ESR 0x%lx", code);
	else if (reason == EXIT_REASON_FAILED)
		used += text_format(to + used, bytes - used, ", code %lu", code);
	return used + text_verdict(to + used, bytes - used, info, verdict, child);
}

size_t text_status_header(char *to, size_t bytes)
{
	return text_format(to, bytes, "%-12s %-8s %-8s %6s %8s %10s %8s %7s", "world", "state",
	                   "reason", "cpu%", "exits/s", "periods", "restarts", "EL2/s");
}

/* A difference over the span as one for each second, rounded. */
static uint64_t text_per_second(const struct text_status *status, uint64_t count)
{
	if (status->span == 0u || status->ticks_per_second == 0u)
		return 0u;
	/* at most 2^64 / 2^30 events: more than any span has */
	return (count * status->ticks_per_second + status->span / 2u) / status->span;
}

size_t text_status_line(char *to, size_t bytes, const struct text_status *status)
{
	uint64_t share = status->span != 0u ? status->ticks * 1000u / status->span : 0u;

	return text_format(to, bytes, "%-12s %-8s %-8s %4lu.%lu %8lu %10lu %8lu %7lu", status->name,
	                   text_state(status->state), text_reason(status->reason), share / 10u,
	                   share % 10u, text_per_second(status, status->exits), status->periods,
	                   status->starts != 0u ? status->starts - 1u : 0u,
	                   text_per_second(status, status->entries));
}

bool text_type(struct text_typed *typed, uint8_t byte)
{
	if (byte == '\r' || byte == '\n') {
		typed->line[typed->length] = '\0';
		typed->length = 0u;
		return true;
	}
	if (byte == KILL_LINE)
		typed->length = 0u;
	else if ((byte == '\b' || byte == DELETE) && typed->length > 0u)
		typed->length--;
	else if (byte >= ' ' && byte < DELETE && typed->length < TEXT_COMMAND_BYTES - 1u)
		typed->line[typed->length++] = (char)byte;
	return false;
}

static char *text_blanks(char *text)
{
	while (*text == ' ')
		*text++ = '\0';
	return text;
}

static char *text_word(char *text)
{
	while (*text != '\0' && *text != ' ')
		text++;
	return text;
}

void text_split(char *line, const char **verb, const char **name)
{
	char *next = text_blanks(line);

	*verb = next;
	next = text_blanks(text_word(next));
	*name = next;
	(void)text_blanks(text_word(next));
}
