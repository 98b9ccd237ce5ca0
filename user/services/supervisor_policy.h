/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the supervisor does when a child's state has changed: the description's policy and the
 * wishes of a person at the console, as pure functions over a record per child. No system
 * call, no clock. Used by supervisor.c, in one thread, and by unit tests.
 *
 *	reset		starts again at once; that is not a fault
 *	off		stays off, unless restart = "always": then as a fault
 *	fault, failed,	starts again if restart is "on-fault" or "always", within the limit
 *	SError		of the child's window; then it stays stopped
 *	by command	stays stopped, or starts again if that was the command
 */
#ifndef BULKHEAD_USER_SERVICES_SUPERVISOR_POLICY_H
#define BULKHEAD_USER_SERVICES_SUPERVISOR_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/process.h"
#include "abi/syscall.h"

#define POLICY_RESTARTS 32u /* a larger restart limit counts as this */

struct policy_child {
	uint32_t flags; /* CHILD_* */
	uint32_t limit; /* restarts within the window, at most POLICY_RESTARTS */
	uint64_t window_ticks;
	uint64_t ended;    /* the start (its number) whose end has been dealt with */
	bool start_wanted; /* by command: start when it has stopped */
	bool stop_wanted;  /* by command: let it stay stopped, whatever its end was */
	bool absent_known;
	uint32_t restart_count; /* remembered, oldest first */
	uint64_t restart_at[POLICY_RESTARTS];
};

/* What process_status says of it. */
struct policy_view {
	uint64_t state;
	uint64_t reason;
	uint64_t starts;
};

enum policy_verdict {
	POLICY_NOTHING, /* nothing new */
	POLICY_SOON,    /* it is stopping: look again soon */
	POLICY_ABSENT,  /* new: a CPU of its is missing */
	POLICY_STAYS,   /* new: it has ended and stays stopped */
	POLICY_STARTS,  /* new: it has ended and is to be started */
	POLICY_RETRY,   /* new: it has failed (or is off) and is to be started, which counts */
	POLICY_GIVE_UP, /* new: it has failed too often and stays stopped */
};

void policy_init(struct policy_child *child, const struct process_child *info,
                 uint64_t ticks_per_second);
/* Whether it is to be started as the supervisor comes up: not if it has run before. */
bool policy_autostart(const struct policy_child *child, const struct policy_view *view);
enum policy_verdict policy_look(struct policy_child *child, const struct policy_view *view,
                                uint64_t now);

/* ---- a person's commands: true: the supervisor is to do so now ---- */
bool policy_start(struct policy_child *child, const struct policy_view *view);
bool policy_stop(struct policy_child *child, const struct policy_view *view);
/* True: stop it now (the start follows by policy_look), or start it if it is not running. */
bool policy_restart(struct policy_child *child, const struct policy_view *view);

/* It runs but hangs: true: stop it now, and its start follows. Counts as a restart after a fault. */
bool policy_hangs(struct policy_child *child, const struct policy_view *view, uint64_t now);

/* ---- whether the console still works: it reads what the supervisor has printed ---- */
struct policy_reader {
	uint32_t read;   /* bytes, modulo 2^32, at the last look */
	uint32_t unread; /* at the last look */
	uint64_t since;  /* it has read nothing, although there was something, from then on */
};

/* True: there has been something to read, and nothing was, for so many ticks. */
bool policy_reader_hangs(struct policy_reader *reader, uint32_t read, uint32_t unread, uint64_t now,
                         uint64_t ticks);

#endif
