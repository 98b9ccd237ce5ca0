/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An SPI of a VM with two vCPUs on two CPUs: kernel/vgic.c, vgic_lr.c, vgic_regs.c.
 *
 * The device raises an edge now and then; guest 1 moves the interrupt (GICD_IROUTER), disables it
 * (GICD_ICENABLER, which waits until nobody holds it) and enables it again; each guest takes and ends
 * interrupts, and its vCPU may be saved and loaded: what is active is then spilled to software and
 * comes back. The state in software is guarded by the VM's ticket lock; `request` is read without
 * it, and list registers change under the guest's hands. A flush is one step, and `request` stays
 * while there is more to do. A kick is the interrupt between CPUs (that it comes: notify.pml). One
 * interrupt and one list register: more waiting than list registers is not here, but in unit/vgic.
 *
 * Shown: never is the interrupt in two list registers; every acknowledge belongs to an edge (none
 * doubled); at rest no edge is left that its enabled target has not taken (none lost); once
 * GICD_ICENABLER is through, no guest takes it before it is enabled again; the guest that waits for
 * that goes on; ticket numbers are served in turn.
 */
#define OTHER(c) (1 - (c))
#define EDGES    2
#define BIT(c)   (1 << (c))

mtype = { EMPTY, PENDING, ACTIVE, BOTH };

byte ticket_next, ticket_now;   /* struct vgic */
bool latch, enable = true;      /* struct vgic_word: pending, enable */
byte target;                    /* routed */
bool held_any;                  /* struct vgic.held */
bool is_active;                 /* struct vgic_word: active, and in no list register */

mtype lr[2] = EMPTY;            /* the list register; of the hardware while loaded */
bool held[2], request[2], merge[2], refold[2], spilled[2], back[2], loaded[2];
byte sync_asked[2], sync_wait[2];
bool syncing;                   /* struct vcpu.syncing of vCPU 1 */
bool kick[2];
bool eoi[2], maintenance[2];    /* VGIC_LR_EOI, and the interrupt that it causes */

byte edges, acks;
bool owed;                      /* an edge came after the last acknowledge */
bool off;                       /* GICD_ICENABLER is through */

inline lock() /* vgic_lock */
{
	d_step { ticket = ticket_next; ticket_next = (ticket_next + 1) % 4 };
#ifdef WRONG_LOCK
	skip
#else
	ticket_now == ticket
#endif
}

inline unlock() /* vgic_unlock */
{
	d_step { ticket = 0; ticket_now = (ticket_now + 1) % 4 }
}

#ifdef WRONG_HELD
#define READY(c) (latch && enable && target == c && !is_active && !held[c])
#else
#define READY(c) (latch && enable && target == c && !is_active && !held_any) /* vgic_ready */
#endif

inline ask(c) /* vgic_request: request, then vgic_kick */
{
	if :: !request[c] -> request[c] = true; kick[c] = true :: else fi
}

inline ring_cpu(c) /* vgic_ring_cpu */
{
	if :: held[c] && latch -> merge[c] = true; ask(c) :: else fi;
	if :: READY(c) -> ask(c) :: else fi
}

inline ring() /* vgic_ring */
{
	ring_cpu(0);
	ring_cpu(1)
}

inline ring_one() /* vgic_ring_one: who has it, else to whom it goes */
{
	if
	:: held_any && held[0] -> ring_cpu(0)
	:: held_any && !held[0] -> ring_cpu(1)
	:: !held_any && target == 0 -> ring_cpu(0)
	:: !held_any && target == 1 -> ring_cpu(1)
	fi
}

inline forget(c) /* lr_forget */
{
	d_step { held[c] = false; held_any = false; lr[c] = EMPTY; eoi[c] = false }
}

inline release(c) /* lr_release */
{
	forget(c);
#ifndef WRONG_RELEASE
	ring_one()
#endif
}

/* lr_look, lr_fold: what may not stay pending goes back; what is pending once more is merged. The
 * guest may take or end it in between only where it runs: not here, this is its CPU. */
inline fold(c)
{
	refold[c] = false;
	if :: held[c] ->
		d_step {
			if :: (lr[c] == PENDING || lr[c] == BOTH) && !(enable && target == c) ->
				latch = true;                            /* lr_unpend */
				lr[c] = (lr[c] == BOTH -> ACTIVE : EMPTY)
			:: else
			fi;
			if :: latch && enable && target == c && lr[c] != EMPTY ->
				latch = false;
				lr[c] = (lr[c] == PENDING -> PENDING : BOTH)
			:: else
			fi;
#ifndef WRONG_EOI
			eoi[c] = latch && lr[c] != EMPTY         /* lr_make */
#endif
		}
		if :: lr[c] == EMPTY -> release(c) :: else fi
	:: else
	fi
}

inline answer(c) /* vgic_answer: the only one who waits is vCPU 1 */
{
	if :: sync_asked[c] != 0 ->
		sync_asked[c] = 0;
		sync_wait[1] = sync_wait[1] & ~BIT(c);
		if :: sync_wait[1] == 0 -> syncing = false :: else fi    /* vgic_synced */
	:: else
	fi
}

inline give(c) /* lr_give */
{
	if :: held[c] ->
		d_step {
			latch = latch || lr[c] == PENDING || lr[c] == BOTH;     /* lr_unpend */
			spilled[c] = (lr[c] == ACTIVE || lr[c] == BOTH);        /* vgic_spill */
			is_active = is_active || spilled[c]
		}
		release(c)
	:: else
	fi
}

inline take_back(c) /* lr_take_back */
{
	if :: spilled[c] ->
		d_step {
			back[c] = false;
			spilled[c] = false;
			is_active = false;
			held[c] = true;
			held_any = true;
			assert(!held[OTHER(c)]);
#ifndef WRONG_BACK
			merge[c] = merge[c] || latch;
			eoi[c] = latch;                                  /* lr_make */
#endif
			lr[c] = ACTIVE
		}
	:: else
	fi
}

inline load_one(c) /* lr_refill, lr_load */
{
	if :: READY(c) ->
		d_step {
			latch = false;
			held[c] = true;
			held_any = true;
			assert(lr[OTHER(c)] == EMPTY || !held[OTHER(c)]);
			lr[c] = PENDING
		}
	:: else
	fi
}

inline flush_locked(c) /* flush_step, flush_locked */
{
	request[c] = true;
	more = false;
	if :: back[c] -> take_back(c); more = true :: else fi;
	if :: !more && held[c] && lr[c] == EMPTY && !refold[c] ->        /* lr_reap */
		forget(c);
		if :: latch && target != c -> ring_one(); more = true :: else fi
	:: else
	fi;
	if
	:: more
	:: !more && refold[c] && held[c] -> fold(c); more = true
	:: !more && !(refold[c] && held[c]) ->
		refold[c] = false;
		if
		:: merge[c] ->
			d_step { refold[c] = held[c] && latch; merge[c] = false; more = true }
		:: !merge[c] && sync_asked[c] != 0 -> answer(c); more = true
		:: else -> load_one(c)
		fi
	fi;
#ifdef WRONG_MORE
	request[c] = false
#else
	if :: more -> kick[c] = true :: else -> request[c] = false fi
#endif
}

inline flush(c) /* vgic_flush */
{
	lock();
	if :: loaded[c] -> flush_locked(c) :: else fi;
	unlock()
}

inline reach() /* vgic_reach(self = vCPU 1) for ICENABLER */
{
	if :: held[0] && loaded[0] ->
		sync_asked[0] = BIT(1);
		refold[0] = true;
		syncing = true;                                  /* vgic_syncing */
		sync_wait[1] = BIT(0);
		ask(0)
	:: else
	fi;
	if :: held[1] -> refold[1] = true; ask(1) :: else fi
}

active proctype device()
{
	byte ticket;

	do
	:: edges < EDGES ->
		lock();                                          /* vgic_line */
		d_step { latch = true; edges++; owed = true };
		ring();
		unlock()
	:: else -> break
	od
}

active [2] proctype vcpu()
{
	byte ticket;
	bool more, kept;
	byte me = _pid - 1;
	byte todo = _pid;

load: /* vgic_load */
	lock();
	d_step { loaded[me] = true; back[me] = spilled[me]; request[me] = true };
	unlock();
enter: /* before the guest is entered: vgic_requested, vgic_flush */
#ifndef WRONG_ENTER
	if :: request[me] -> flush(me); goto enter :: else fi;
#endif
guest:
end_guest:
	if
	:: kick[me] -> kick[me] = false; goto enter               /* sched_kick */
	:: lr[me] == PENDING ->                                   /* ICC_IAR1_EL1 */
		d_step {
			assert(!off);
			acks++;
			assert(acks <= edges);
			owed = latch;
			lr[me] = ACTIVE
		}
		goto guest
	:: maintenance[me] -> maintenance[me] = false; flush(me); goto enter
	:: lr[me] == ACTIVE ->                                    /* ICC_EOIR1_EL1 */
		d_step { lr[me] = EMPTY; maintenance[me] = eoi[me] }
		goto guest
	:: lr[me] == BOTH -> lr[me] = PENDING; goto guest
	:: todo > 0 && me == 1 -> todo--; goto registers
	:: todo > 0 && me == 0 -> todo--; goto save
	fi;

save: /* vgic_save, and the thread is loaded again later */
	lock();
	d_step { kept = request[me]; request[me] = true };
	give(me);
	d_step { refold[me] = false; back[me] = false };
	answer(me);
	d_step { loaded[me] = false; maintenance[me] = false; request[me] = kept };
	unlock();
	goto load;

registers: /* of the distributor, by guest 1 */
	lock();
	if
	:: target = OTHER(target);                                /* vgic_set_router */
		if :: held[0] -> refold[0] = true; ask(0) :: else fi; /* vgic_ring, review */
		if :: held[1] -> refold[1] = true; ask(1) :: else fi;
		ring();
		unlock();
		goto enter
	:: enable = false;                                        /* GICD_ICENABLER */
		reach();
		unlock()
	fi;
#ifndef WRONG_SYNC
end_sync:
	!syncing;                                                 /* THREAD_SYNC */
#endif
	off = true;
	if :: kick[me] -> kick[me] = false :: else fi;
	lock();                                                   /* GICD_ISENABLER */
	off = false;
	enable = true;
	ring();
	unlock();
	goto enter
}

active proctype at_rest()
{
end:	timeout;
	assert(!syncing);
	assert(edges == EDGES && !owed && !latch && !is_active);
	assert(lr[0] == EMPTY && lr[1] == EMPTY)
}
