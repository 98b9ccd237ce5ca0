/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for the supervisor of hostile_walker: starts it again whenever it faults, without a
 * word and without a limit, and counts by class of exception what it was stopped for.
 */
#include "tests/hostile/hostile_process.h"
#include "user/lib/console.h"
#include "user/lib/info.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"

PROGRAM_RECORD("supervisor", 0u);

#define CHILD        "walker"
#define CLASSES      64u
#define CLASS(esr)   ((uint32_t)((esr) >> 26 & 0x3fu))
#define CLASS_UNDEF  0x00u /* undefined at EL0 */
#define CLASS_SYSREG 0x18u /* trapped */

static uint32_t ends[CLASSES];

static uint32_t parent_find(void)
{
	for (uint32_t i = 0u; i < info_get()->child_count; i++)
		if (strcmp(info_child(i)->name, CHILD) == 0)
			return info_child(i)->handle;
	svc_exit(EXIT_REASON_FAILED, 0u);
}

/* True: it has ended by itself. */
static bool parent_look(uint32_t handle)
{
	struct svc_result state = svc_process_status(handle, STATUS_ITEM_STATE);

	if (state.x[1] != PROCESS_STATE_STOPPED)
		return false;
	if (state.x[2] != EXIT_REASON_FAULT)
		return true;
	ends[CLASS(state.x[3])]++;
	(void)svc_process_control(handle, PROCESS_START);
	return false;
}

int main(unsigned thread)
{
	uint32_t handle = parent_find();
	uint32_t others = 0u;

	(void)thread;
	console_open();
	while (!parent_look(handle))
		(void)svc_wait(UINT64_MAX, SVC_NEVER);
	for (uint32_t i = 0u; i < CLASSES; i++)
		if (i != CLASS_UNDEF && i != CLASS_SYSREG)
			others += ends[i];
	console_print("parent: %u undefined, %u trapped, %u otherwise\n", ends[CLASS_UNDEF],
	              ends[CLASS_SYSREG], others);
	for (;;)
		(void)svc_wait(UINT64_MAX, SVC_NEVER);
}
