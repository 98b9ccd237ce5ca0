/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest: a small real-time system. A priority scheduler with two tasks, each on its own
 * stack: `loop` runs once per millisecond by absolute deadlines of the virtual timer and
 * signals `worker` by SGI; `worker` answers by another SGI and prints a line per 1000 loops:
 *
 *	control: 1000 loops, jitter 12 us, 1000 signals, 0 missed
 *
 * loops and signals count from the start and never skip: a period that comes late is made up
 * for, and counted as missed when it is late by a whole period or more. jitter: of the last
 * 1000 loops, the largest minus the smallest latency from deadline to task.
 */
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_gic.h"

#define LOOP_HZ     1000u
#define STACK_WORDS 1024u
#define SGI_WORK    1u /* loop to worker */
#define SGI_DONE    2u /* worker to loop */

#define EVENT_TICK 0u
#define EVENT_DONE 1u
#define EVENT_WORK 0u
#define EVENTS     2u

#define ESR_SVC   0x15u
#define SPSR_EL1H 5u

/* In order of priority, the highest first. The last one is guest_main(), never blocked. */
enum { TASK_LOOP, TASK_WORKER, TASK_IDLE, TASKS };

struct task {
	struct trap_frame *frame; /* where it goes on, while another one runs */
	uint32_t event[EVENTS];   /* happened and not taken yet; interrupts are masked */
	bool blocked;             /* until some event has happened */
};

static struct task tasks[TASKS];
static uint32_t current = TASK_IDLE;
static uint64_t stacks[TASK_IDLE][STACK_WORDS] __attribute__((aligned(16)));

static uint64_t period;
static uint64_t deadline; /* the next one */
static uint64_t release;  /* the deadline of the tick that `loop` serves */
static uint32_t missed;
static uint32_t loops;
static uint32_t signals;
static uint32_t latency_min;
static uint32_t latency_max;
static uint32_t latency_reset; /* asked by worker, done by loop */

/* ---- scheduler: in exception handlers only ------------------------------------------- */

static void task_signal(uint32_t task, uint32_t event)
{
	tasks[task].event[event]++;
	tasks[task].blocked = false;
}

static struct trap_frame *task_switch(struct trap_frame *frame)
{
	uint32_t next = 0;

	while (tasks[next].blocked)
		next++;
	tasks[current].frame = frame;
	current = next;
	return tasks[next].frame;
}

static void timer_tick(void)
{
	uint64_t now = counter_now();

	for (; deadline <= now; deadline += period) {
		if (now - deadline >= period)
			missed++;
		task_signal(TASK_LOOP, EVENT_TICK);
	}
	WRITE_REG(cntv_cval_el0, deadline);
	barrier_isb();
}

static struct trap_frame *control_irq(struct trap_frame *frame)
{
	uint32_t intid = gic_ack();

	if (intid == INTID_VTIMER)
		timer_tick();
	else if (intid == SGI_WORK)
		task_signal(TASK_WORKER, EVENT_WORK);
	else if (intid == SGI_DONE)
		task_signal(TASK_LOOP, EVENT_DONE);
	if (intid != GIC_SPURIOUS)
		gic_eoi(intid);
	return task_switch(frame);
}

/* SVC: the running task waits until one of its events has happened. */
static struct trap_frame *control_svc(struct trap_frame *frame)
{
	struct task *task = &tasks[current];

	if ((uint32_t)(READ_REG(esr_el1) >> 26) != ESR_SVC)
		return NULL;
	task->blocked = true;
	for (uint32_t i = 0; i < EVENTS; i++)
		if (task->event[i] != 0u)
			task->blocked = false;
	return task_switch(frame);
}

/* ---- in tasks: interrupts are enabled ------------------------------------------------- */

static bool event_take(uint32_t event)
{
	bool taken = false;

	irq_disable();
	if (tasks[current].event[event] != 0u) {
		tasks[current].event[event]--;
		taken = true;
	}
	irq_enable();
	return taken;
}

static void event_wait(void)
{
	__asm__ volatile("svc #0" : : : "memory");
}

static void loop_once(void)
{
	uint64_t late = counter_now() - release;
	uint32_t late_us = (uint32_t)(late * 1000000u / counter_hz());

	if (__atomic_exchange_n(&latency_reset, 0u, __ATOMIC_RELAXED) != 0u) {
		latency_min = UINT32_MAX;
		latency_max = 0;
	}
	if (late_us < latency_min)
		latency_min = late_us;
	if (late_us > latency_max)
		latency_max = late_us;
	release += period;
	loops++;
	gic_send(SGI_WORK, 1);
}

static void task_loop(void)
{
	for (;;) {
		event_wait();
		while (event_take(EVENT_DONE))
			signals++;
		if (event_take(EVENT_TICK))
			loop_once();
	}
}

static void task_worker(void)
{
	uint32_t served = 0;

	for (;;) {
		event_wait();
		while (event_take(EVENT_WORK)) {
			served++;
			gic_send(SGI_DONE, 1);
			if (served % LOOP_HZ != 0u)
				continue;
			print_unlocked("control: %u loops, jitter %u us, %u signals, %u missed\n",
			               served, latency_max - latency_min, signals, missed);
			__atomic_store_n(&latency_reset, 1u, __ATOMIC_RELAXED);
		}
	}
}

static void task_create(uint32_t task, void (*entry)(void))
{
	struct trap_frame *frame = (struct trap_frame *)(void *)&stacks[task][STACK_WORDS] - 1;

	*frame = (struct trap_frame){.elr = (uint64_t)entry, .spsr = SPSR_EL1H};
	tasks[task].frame = frame;
}

static void timer_start(void)
{
	period = counter_hz() / LOOP_HZ;
	deadline = counter_now() + period;
	release = deadline;
	WRITE_REG(cntv_cval_el0, deadline);
	WRITE_REG(cntv_ctl_el0, TIMER_ENABLE);
	barrier_isb();
}

void guest_main(uint64_t tree)
{
	(void)tree;
	print("control: 2 tasks, %u Hz\n", LOOP_HZ);
	irq_handler = control_irq;
	sync_handler = control_svc;
	task_create(TASK_LOOP, task_loop);
	task_create(TASK_WORKER, task_worker);
	latency_min = UINT32_MAX;
	gic_init();
	gic_set_priority(INTID_VTIMER, 0x20);
	gic_enable(SGI_WORK);
	gic_enable(SGI_DONE);
	gic_enable(INTID_VTIMER);
	timer_start();
	irq_enable();
	for (;;)
		cpu_wait_irq();
}
