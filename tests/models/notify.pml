/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notify and wait across CPUs: kernel/sched.c, sys_wait in kernel/syscall.c, vcpu_prepare and
 * vcpu_wait_for_interrupt in kernel/vcpu.*.
 *
 * CPU 0 has thread A (slot 0: a process that waits for bits) and thread B (slot 1: a vCPU whose
 * guest runs or executes WFI, and leaves for a notification). CPUs 1 and 2 notify both and make an
 * interrupt pending for the guest. Every access that another CPU can see is one step; memory is
 * sequentially consistent, as __ATOMIC_SEQ_CST makes the words in question; the wrong variants swap
 * the order of two accesses, which is what a weaker order would allow.
 *
 * Shown, when nothing can move any more: no bit is left in a word, no interrupt is left pending: no
 * wake-up is lost. Always: a bit is taken once for each time that it was set (none doubled), and
 * there are no more interrupts between CPUs than words that got something new.
 */
#define A         0
#define B         1
#define SLOT_IDLE 2
#define BIT(slot) (1 << (slot))

mtype = { READY, WAITING, IDLE };

/* What several CPUs write: struct thread.word, struct cpu.wake and .running_slot */
byte word[2];
byte wake;
byte running_slot = SLOT_IDLE;
bool ipi;         /* the kick is pending at CPU 0's CPU interface */
bool latch;       /* the vGIC: an interrupt is pending in software; all under its lock */
bool request;     /* struct vgic_cpu.request */
bool lr;          /* it is in a list register of the loaded vCPU */

byte fresh[2], taken[2], ipis, causes;

/* ---- the notifying CPUs --------------------------------------------------------------------- */

inline signal(slot) /* sched_signal, sched_signal_later: another CPU's thread */
{
#ifdef WRONG_SLOT_FIRST
	seen = running_slot;
	wake = wake | BIT(slot);
#else
	wake = wake | BIT(slot);                 /* fetch_or(&target->wake, thread->bit) */
	seen = running_slot;                     /* load(&target->running_slot) */
#endif
#ifdef WRONG_LESS
	if :: slot < seen ->
#else
	if :: slot <= seen ->                    /* thread->slot <= running_slot */
#endif
		d_step { ipi = true; ipis++; assert(ipis <= causes) } /* arch_ipi */
	:: else
	fi
}

inline notify(slot, bits) /* sched_notify */
{
	d_step {                                 /* before = fetch_or(&thread->word, bits) */
		before = word[slot];
		if :: (before & bits) == 0 -> fresh[slot]++; causes++ :: else fi;
		word[slot] = word[slot] | bits
	}
#ifdef WRONG_ALWAYS
	signal(slot)
#else
	if :: (before & bits) != bits -> signal(slot) :: else fi
#endif
}

inline inject() /* vgic_line: the latch and vgic_request, in the VM's lock */
{
	d_step {
		latch = true;
		before = request;                /* if (cpu->request != 0u) return */
		if :: !request -> request = true; causes++ :: else fi
	}
	if :: !before -> signal(B) :: else fi    /* vgic_kick: sched_signal_later */
}

active proctype cpu1()
{
	byte before, seen;

	notify(A, 1);
	notify(B, 1)
}

active proctype cpu2()
{
	byte before, seen;

	inject();
	notify(A, 1)
}

/* ---- CPU 0 ---------------------------------------------------------------------------------- */

inline make_ready(slot) /* sched_ready */
{
	state[slot] = READY;
	ready = ready | BIT(slot);
	if :: slot < running_slot -> resched = true :: else fi
}

inline block(slot, why) /* sched_block */
{
	state[slot] = why;
	ready = ready & ~BIT(slot);
	resched = true
}

inline poke_waiting() /* sched_poke_waiting(A) */
{
	if :: word[A] != 0 ->
		d_step {                         /* bits = fetch_and(&thread->word, ~mask) & mask */
			taken[A] = taken[A] + (word[A] & 1) + (word[A] >> 1);
			word[A] = 0
		}
		make_ready(A)
	:: else
	fi
}

inline look(slot) /* sched_look */
{
	if
	:: state[slot] == WAITING -> poke_waiting()
	:: state[slot] == IDLE -> make_ready(slot)
	:: state[slot] == READY ->
		if :: current == slot && in_guest && word[slot] != 0 -> resched = true :: else fi
	fi
}

inline flush() /* sched_flush, vgic_flush: in the VM's lock */
{
	if :: loaded && request ->
		d_step { request = false; if :: latch -> latch = false; lr = true :: else fi }
	:: else
	fi
}

inline kick() /* gic_handle with INTID_KICK: sched_kick */
{
	ipi = false;                             /* ICC_IAR1_EL1 acknowledges it */
	if
	:: current != SLOT_IDLE && wake == BIT(current) ->
		wake = wake & ~BIT(current);     /* fetch_and(&cpu->wake) */
		look(current);                   /* sched_poke */
		flush()
	:: else -> resched = true
	fi
}

inline switch_to(next) /* sched_switch, arch_thread_load: vgic_save and vgic_load */
{
	current = next;
	if
	:: next == A && loaded -> d_step { loaded = false; latch = latch || lr; lr = false }
	:: next == B && !loaded -> d_step { loaded = true; request = true }
	:: else
	fi
}

active proctype cpu0()
{
	mtype state[2] = READY;
	byte ready = 3; /* BIT(A) | BIT(B) */
	byte current = SLOT_IDLE;
	bool resched, loaded, in_guest, again, served;
	byte batch, next;

resume: /* sched_resume: sched_work, one piece */
	batch = wake;                            /* load(&cpu->wake) */
	next = (((ready | batch) & BIT(A)) -> A : ((ready | batch) & BIT(B) -> B : SLOT_IDLE));
	if :: next != SLOT_IDLE && (batch & BIT(next)) != 0 ->
#ifdef WRONG_CLEAR
		look(next);
		wake = wake & ~BIT(next);
#else
		wake = wake & ~BIT(next);        /* fetch_and: cleared before the look */
		look(next);
#endif
		d_step { batch = 0; next = 0 };
		if :: ipi -> kick() :: else fi;  /* arch_interrupts */
		goto resume
	:: else -> batch = 0
	fi;
	/* sched_choose */
	resched = false;
	next = (ready & BIT(A) -> A : (ready & BIT(B) -> B : SLOT_IDLE));
	if :: next != current -> switch_to(next) :: else fi;
	/* sched_publish */
	if :: next != running_slot ->
#ifdef WRONG_PUBLISH
		again = (wake & (next == A -> 1 : 3)) != 0;
		running_slot = next;
#else
		running_slot = next;             /* store(&cpu->running_slot, slot) */
#ifdef WRONG_NO_SECOND_LOOK
		again = false;
#else
		again = (wake & (next == A -> 1 : 3)) != 0; /* load(&cpu->wake) & slots_to(slot) */
#endif
#endif
		if :: again -> again = false; goto resume :: else fi
	:: else
	fi;
	flush();
	if :: resched || (loaded && next == B && request) -> goto resume :: else fi;
	if
	:: next == SLOT_IDLE ->
end_wfi:	ipi;                             /* arch_idle: WFI, then gic_handle */
		kick();
		goto resume
	:: next == A -> goto process
	:: next == B -> goto enter
	fi;

process: /* thread A at EL0, interrupts not masked */
	if
	:: ipi -> kick(); if :: resched -> goto resume :: else -> goto process fi
	:: goto wait
	fi;

wait: /* sys_wait with all bits */
	if :: word[A] != 0 ->
		d_step {
			taken[A] = taken[A] + (word[A] & 1) + (word[A] >> 1);
			word[A] = 0
		}
		goto process
	:: else
	fi;
	/* a bit that is set from here on is found by resume: in wake, or by the interrupt */
	block(A, WAITING);                       /* sched_wait */
	goto resume;

enter: /* vcpu_prepare, then the guest; interrupts not masked */
	in_guest = true;
#ifndef WRONG_NO_PREPARE
	if :: word[B] != 0 -> goto leave :: else fi;
#endif
guest:
	if
	:: ipi ->
		kick();
		if :: resched -> in_guest = false; goto resume :: else -> goto enter fi
	:: lr -> lr = false; goto guest          /* the guest takes its interrupt */
	:: goto guest_wfi
	:: goto spin
	fi;
spin: /* the guest runs on: only an interrupt makes it move */
end_spin:
	(ipi || lr);
	goto guest;

guest_wfi: /* vcpu_wait_for_interrupt */
	if :: word[B] != 0 -> goto leave :: else fi;
	d_step { request = false; if :: latch -> latch = false; lr = true :: else fi } /* vgic_pending */
	if :: lr -> goto enter :: else fi;
	/* sched_idle */
	if :: resched || ready != BIT(B) -> block(B, IDLE); in_guest = false; goto resume :: else fi;
	running_slot = SLOT_IDLE;
	served = false;
	if :: !resched && wake == 0 ->
end_idle:	ipi;                             /* arch_idle: WFI, then gic_handle */
		kick();
		served = true
	:: else
	fi;
	running_slot = B;
	if :: wake != 0 -> resched = true :: else fi;
	if
	:: served && !resched -> goto enter
	:: !served && state[B] == READY && !request && word[B] == 0 -> block(B, IDLE)
	:: else
	fi;
	in_guest = false;
	if :: resched -> goto resume :: else -> goto enter fi;

leave: /* vcpu_exit: the VM process takes the bits and calls vcpu_run again */
	in_guest = false;
	d_step {
		taken[B] = taken[B] + (word[B] & 1) + (word[B] >> 1);
		word[B] = 0
	}
	goto enter
}

/* Nobody can move: the CPUs that notify are done, CPU 0 is in WFI or its guest runs. */
active proctype at_rest()
{
end:	timeout;
	assert(word[A] == 0 && word[B] == 0);
	assert(!latch && !lr);
	assert(taken[A] == fresh[A] && taken[B] == fresh[B])
}
