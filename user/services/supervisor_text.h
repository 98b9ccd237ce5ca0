/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor's words: what it says of states and ends, and what a person typed. No system
 * call. Used by supervisor.c and by unit tests. The texts end without a line feed.
 */
#ifndef BULKHEAD_USER_SERVICES_SUPERVISOR_TEXT_H
#define BULKHEAD_USER_SERVICES_SUPERVISOR_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/process.h"
#include "user/services/supervisor_policy.h"

#define TEXT_LINE_BYTES    192u /* holds every line below */
#define TEXT_COMMAND_BYTES 80u

/* The end of a process, as process_status tells it, and what follows from it. */
size_t text_end(char *to, size_t bytes, const struct process_child *info, uint64_t reason,
                uint64_t code, uint64_t address, enum policy_verdict verdict,
                const struct policy_child *child);

/* One line of `status`; the differences are those since the last one. */
struct text_status {
	const char *name;
	uint64_t state;
	uint64_t reason;
	uint64_t starts;
	uint64_t ticks; /* CPU time used, a difference */
	uint64_t exits; /* of the guest, a difference */
	uint64_t periods;
	uint64_t entries; /* into EL2 on its first CPU, a difference */
	uint64_t span;    /* ticks that the differences are over */
	uint64_t ticks_per_second;
};
size_t text_status_header(char *to, size_t bytes);
size_t text_status_line(char *to, size_t bytes, const struct text_status *status);

const char *text_state(uint64_t state);
const char *text_reason(uint64_t reason);

/* ---- a line that is being typed ---- */
struct text_typed {
	char line[TEXT_COMMAND_BYTES];
	uint32_t length;
};

/* True: the line is complete: typed->line is it, and the next byte begins another. */
bool text_type(struct text_typed *typed, uint8_t byte);
/* Splits the line at its first blanks; *name is "" where there is no second word. */
void text_split(char *line, const char **verb, const char **name);

#endif
