/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor's policy; contract in supervisor_policy.h. */
#include "user/services/supervisor_policy.h"

void policy_init(struct policy_child *child, const struct process_child *info,
                 uint64_t ticks_per_second)
{
	*child = (struct policy_child){
		.flags = info->flags,
		.limit = info->restart_limit < POLICY_RESTARTS ? info->restart_limit
	                                                       : POLICY_RESTARTS,
		.window_ticks = info->restart_window_sec * ticks_per_second,
	};
}

bool policy_autostart(const struct policy_child *child, const struct policy_view *view)
{
	return (child->flags & CHILD_AUTOSTART) != 0u &&
	       (child->flags & CHILD_KERNEL_START) == 0u && view->state == PROCESS_STATE_STOPPED &&
	       view->starts == 0u;
}

static void policy_forget_old(struct policy_child *child, uint64_t now)
{
	uint32_t kept = 0u;

	for (uint32_t i = 0u; i < child->restart_count; i++) {
		if (now - child->restart_at[i] < child->window_ticks)
			child->restart_at[kept++] = child->restart_at[i];
	}
	child->restart_count = kept;
}

/* One more restart, if the window still holds one. */
static enum policy_verdict policy_retry(struct policy_child *child, uint64_t now)
{
	policy_forget_old(child, now);
	if (child->restart_count >= child->limit)
		return POLICY_GIVE_UP;
	child->restart_at[child->restart_count++] = now;
	return POLICY_RETRY;
}

static bool policy_restarts_fault(const struct policy_child *child)
{
	return (child->flags & (CHILD_RESTART_ALWAYS | CHILD_RESTART_ON_FAULT)) != 0u;
}

static enum policy_verdict policy_ended(struct policy_child *child, uint64_t reason, uint64_t now)
{
	bool always = (child->flags & CHILD_RESTART_ALWAYS) != 0u;

	if (child->start_wanted)
		return POLICY_STARTS;
	if (child->stop_wanted)
		return POLICY_STAYS;
	switch (reason) {
	case EXIT_REASON_STOPPED:
		return POLICY_STAYS;
	case EXIT_REASON_RESET:
		return POLICY_STARTS;
	case EXIT_REASON_OFF:
		return always ? policy_retry(child, now) : POLICY_STAYS;
	default:
		return policy_restarts_fault(child) ? policy_retry(child, now) : POLICY_STAYS;
	}
}

enum policy_verdict policy_look(struct policy_child *child, const struct policy_view *view,
                                uint64_t now)
{
	enum policy_verdict verdict;

	if (view->state == PROCESS_STATE_ABSENT) {
		verdict = child->absent_known ? POLICY_NOTHING : POLICY_ABSENT;
		child->absent_known = true;
		return verdict;
	}
	if (view->state == PROCESS_STATE_STOPPING)
		return POLICY_SOON;
	if (view->state != PROCESS_STATE_STOPPED || view->starts == child->ended)
		return POLICY_NOTHING;
	child->ended = view->starts;
	verdict = policy_ended(child, view->reason, now);
	child->start_wanted = false;
	child->stop_wanted = false;
	return verdict;
}

bool policy_start(struct policy_child *child, const struct policy_view *view)
{
	bool now = view->state == PROCESS_STATE_STOPPED;

	child->stop_wanted = false;
	child->start_wanted = view->state == PROCESS_STATE_STOPPING;
	if (now) {
		/* a person has looked at it: it may fail as often again */
		child->restart_count = 0u;
		child->ended = view->starts;
	}
	return now;
}

bool policy_stop(struct policy_child *child, const struct policy_view *view)
{
	child->start_wanted = false;
	child->stop_wanted =
		view->state == PROCESS_STATE_STOPPING || view->state == PROCESS_STATE_RUNNING;
	return view->state == PROCESS_STATE_RUNNING;
}

bool policy_restart(struct policy_child *child, const struct policy_view *view)
{
	bool now = policy_start(child, view);

	if (view->state != PROCESS_STATE_RUNNING)
		return now;
	child->start_wanted = true;
	return true;
}

bool policy_hangs(struct policy_child *child, const struct policy_view *view, uint64_t now)
{
	return view->state == PROCESS_STATE_RUNNING && policy_restarts_fault(child) &&
	       policy_retry(child, now) == POLICY_RETRY && policy_restart(child, view);
}

bool policy_reader_hangs(struct policy_reader *reader, uint32_t read, uint32_t unread, uint64_t now,
                         uint64_t ticks)
{
	/* what is new to a reader that had read all is not old, however long nobody looked */
	if (unread == 0u || reader->unread == 0u || read != reader->read) {
		reader->read = read;
		reader->since = now;
	}
	reader->unread = unread;
	return now - reader->since >= ticks;
}
