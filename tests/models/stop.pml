/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stop and start of a process whose threads are on several CPUs: kernel/process.c, with sched_look,
 * sched_poke, sched_kick, sched_signal_later, sched_work and sched_choose of kernel/sched.c.
 *
 * The process has threads 0 and 1 on CPU 0 (slots 0 and 1) and thread 2 on CPU 1; the supervisor runs
 * on CPU 2. The supervisor starts it twice; it is stopped by the supervisor, by its own exit or by
 * both. Every access to what several CPUs write is one step. The interrupts of a thread that a start
 * or a stop goes through one by one (process_step) are left out: they change only how often the
 * thread is looked at.
 *
 * Shown: when a stop is finished all threads are parked, and none runs before the next start; a
 * thread is started only by a start that has not been stopped and answered; each stop has one
 * answer per thread, and the supervisor is told once; the reason that it reads is that of this stop;
 * nobody waits for ever: at rest the last stop is finished.
 */
#define THREADS   3
#define STARTS    2
#define CPU(t)    ((t) / 2)
#define SLOT(t)   ((t) % 2)
#define SLOT_IDLE 2
#define BIT(t)    (1 << SLOT(t))

mtype = { STOPPED, STARTING, RUNNING, STOPPING };
mtype state = STOPPED;  /* struct process.state */
byte remaining;         /* struct process.remaining */
byte starts;            /* struct process.starts */
byte reason;            /* struct process.reason: which stop wrote it */
byte told;              /* notifications of the supervisor that it has not taken */

bool parked[THREADS] = true; /* THREAD_PARKED, else READY: written on the thread's CPU only */
byte stop_seen[THREADS];
byte wake[2];           /* struct cpu.wake */
byte running[2] = SLOT_IDLE; /* struct cpu.running_slot */
bool ipi[2];

/* sched_signal_later; to the own CPU without interrupt, as it is in the kernel */
inline signal(c, t)
{
	wake[CPU(t)] = wake[CPU(t)] | BIT(t);    /* fetch_or(&target->wake) */
	if :: c != CPU(t) && SLOT(t) <= running[CPU(t)] -> ipi[CPU(t)] = true :: else fi
}

inline finish() /* process_finish_stop */
{
	d_step {
		assert(parked[0] && parked[1] && parked[2]);
		assert(state == STOPPING);
		state = STOPPED
	}
	told++                                   /* process_tell_supervisor */
}

inline answered(c) /* process_answered */
{
	d_step { assert(remaining > 0); remaining--; last = (remaining == 0) };
	if :: last -> last = false; signal(c, 0) :: else fi
}

inline look(c, t) /* sched_look */
{
#ifdef WRONG_STATE_FIRST
	seen = state;
	which = starts;
#else
	which = starts;                          /* load(&process->starts) */
	seen = state;                            /* load(&process->state) */
#endif
	if
#ifdef WRONG_TWICE
	:: seen == STOPPING && t != 0 ->
#else
	:: seen == STOPPING && stop_seen[t] != which ->
#endif
		/* process_answer_stop */
#ifdef WRONG_ANSWER_FIRST
		d_step { stop_seen[t] = which; which = 0; seen = 0 };
		answered(c);
		parked[t] = true
#else
		d_step { stop_seen[t] = which; which = 0; seen = 0; parked[t] = true }; /* process_park */
		answered(c)
#endif
	:: seen == STOPPING && stop_seen[t] == which && t == 0 ->
		d_step { which = 0; seen = 0 };
#ifdef WRONG_FINISH
		finish()
#else
		if :: remaining == 0 -> finish() :: else fi
#endif
	:: seen == RUNNING && parked[t] ->       /* process_start_thread */
		d_step {
			assert(state == RUNNING || state == STOPPING);
			assert(stop_seen[t] != starts);
			parked[t] = false;
			which = 0;
			seen = 0
		}
	:: else -> d_step { which = 0; seen = 0 }
	fi
}

inline process_stop(c, why)
{
	d_step { stops = (state == RUNNING); if :: stops -> state = STOPPING :: else fi };
	if
	:: stops ->
		d_step { stops = false; reason = why };
		signal(c, 0);
		signal(c, 1);
		signal(c, 2);
		answered(c)
	:: else
	fi
}

#define READY(s) (c == 0 -> !parked[s] : s == 0 && !parked[2])

proctype cpu(byte c)
{
	byte t, which, slot;
	mtype seen;
	bool last, stops, again;

resume: /* sched_resume: sched_work, one piece; contexts are saved */
	t = 0;
	slot = (READY(0) || (wake[c] & 1) -> 0 : (READY(1) || (wake[c] & 2) -> 1 : SLOT_IDLE));
	if
	:: slot == 0 && (wake[c] & 1) ->
		d_step { slot = 0; wake[c] = wake[c] & ~1 };
		if :: c == 0 -> look(0, 0) :: else -> look(1, 2) fi;
		ipi[c] = false;                  /* arch_interrupts: a kick only asks to choose again */
		goto resume
	:: slot == 1 && (wake[c] & 2) ->
		d_step { slot = 0; wake[c] = wake[c] & ~2 };
		look(0, 1);
		ipi[c] = false;
		goto resume
	:: else
	fi;
	/* sched_choose: the best that is ready, published */
	slot = (READY(0) -> 0 : (READY(1) -> 1 : SLOT_IDLE));
	if :: slot != running[c] ->
		running[c] = slot;
#ifndef WRONG_PUBLISH
		again = (wake[c] & (slot == 0 -> 1 : 3)) != 0;
#endif
		if :: again -> d_step { again = false; slot = 0 }; goto resume :: else fi
	:: else
	fi;
	if
	:: slot == SLOT_IDLE ->
		slot = 0;
end_wfi:	ipi[c];                          /* arch_idle */
		ipi[c] = false;
		goto resume
	:: else
	fi;
	t = (c == 1 -> 2 : slot);
	slot = 0;
user:	skip;
	d_step { assert(!parked[t]); assert(state == RUNNING || state == STOPPING) };
end_user:
	if
	:: ipi[c] ->                             /* trap_irq, sched_kick */
		ipi[c] = false;
		if
		:: wake[c] != BIT(t) -> goto resume
		:: else
		fi;
		wake[c] = wake[c] & ~BIT(t);
		if
#ifdef WRONG_KICK
		:: true -> goto user
#else
		:: state != RUNNING -> signal(c, t); goto resume /* sched_poke */
		:: else -> goto user
#endif
		fi
	:: state == RUNNING && t != 1 ->         /* sys_exit, or a fault: process_stop */
		process_stop(c, 1 + starts);
		goto resume
	fi
}

proctype supervisor()
{
	byte i;
	bool last, stops;

	do
	:: i < STARTS ->
		/* process_start */
		d_step { assert(state == STOPPED); state = STARTING };
		starts++;
#ifdef WRONG_COUNT_LATE
		state = RUNNING;
#endif
		remaining = THREADS + 1;
		reason = 0;
		state = RUNNING;
		signal(2, 0);
		signal(2, 1);
		signal(2, 2);
		if :: process_stop(2, 1 + starts) :: skip fi;
		told > 0;                        /* sys_wait */
		d_step {
			told--;
			assert(told == 0);
			assert(state == STOPPED);
			assert(reason == 1 + starts)
		}
		i++
	:: else -> break
	od
}

init
{
	atomic { run cpu(0); run cpu(1); run supervisor() };
	timeout;
	assert((state == STOPPED && starts == STARTS && told == 0) ||
	       (state == RUNNING && !parked[0] && !parked[2])) /* 1 is below 0, which runs on */
}
