/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SGIs to a vCPU from another one and from itself, without the VM's lock: vgic_sgi and vgic_collect
 * in kernel/vgic.c, place_posted and flush_step in vgic_lr.c, vgic_place in vgic.h. A flush is one step,
 * and `request` stays while there is more to do: the guest is entered behind the last.
 *
 * CPU 0 has the target; CPU 1 sends; CPU 2 reads the target's pending state (GICR_ISPENDR0: it
 * collects what is posted), disables the SGI (GICR_ICENABLER0, which waits for the target) and enables
 * it again. The lock is one flag here: vgic_spi.pml has its tickets.
 *
 * Shown: every acknowledge belongs to an SGI that was sent (none doubled); at rest the last one has
 * been taken (none lost); once GICR_ICENABLER0 is through, it is not taken before it is enabled again.
 */
#define SENT 3

mtype = { EMPTY, PENDING, ACTIVE, BOTH };

bool locked;
bool posted;            /* struct vgic_cpu.posted: this SGI's bit */
bool latch;             /* word.pending */
bool enable = true;     /* word.enable */
bool held, merge, refold, request, spilled, back, loaded = true;
mtype lr = EMPTY;
bool kick;
bool sync_asked, syncing;
byte sent, acks;
bool owed, off;

#define READY (latch && enable && !held && !spilled)

inline lock()   { atomic { !locked -> locked = true } }
inline unlock() { locked = false }

inline ask() /* vgic_request of the target, by another CPU */
{
	if :: !request -> request = true; kick = true :: else fi
}

inline ring_cpu() /* vgic_ring_cpu */
{
	if :: READY -> ask() :: else fi;
	if :: held && latch -> merge = true; ask() :: else fi
}

inline collect() /* vgic_collect */
{
	if :: posted ->
#ifdef WRONG_COLLECT
		posted = false;
		bits = true;
#else
		d_step { bits = posted; posted = false } /* exchange(&cpu->posted, 0) */
#endif
		latch = latch || bits;                   /* word.pending: in the lock */
		if :: loaded && bits -> ring_cpu() :: else fi;
		bits = false
	:: else
	fi
}

active proctype sender() /* vgic_sgi on CPU 1 */
{
	bool before;
	byte left = SENT;

	do
	:: left > 0 ->
		left--;
		d_step { before = posted; posted = true; sent++; owed = true }  /* fetch_or */
		if :: !before -> before = false; kick = true :: else -> before = false fi
	:: else -> break
	od
}

inline release() /* lr_release */
{
	d_step { held = false; lr = EMPTY };
	if :: READY -> request = true :: else fi
}

inline place() /* vgic_place: without the lock, on the target's CPU */
{
	placed = false;
	if :: enable && (!held || lr == EMPTY) ->
#ifdef WRONG_NOT_HELD
		lr = PENDING;
#else
		held = true;
		lr = PENDING;
#endif
		placed = true
	:: else
	fi
}

inline fold() /* lr_look, lr_fold */
{
	refold = false;
	d_step {
		if :: (lr == PENDING || lr == BOTH) && !enable ->
			latch = true;
			lr = (lr == BOTH -> ACTIVE : EMPTY)
		:: else
		fi;
		if :: latch && enable && lr != EMPTY ->
			latch = false;
			lr = (lr == PENDING -> PENDING : BOTH)
		:: else
		fi
	}
	if :: lr == EMPTY -> release() :: else fi
}

inline flush_locked() /* flush_step, flush_locked */
{
	request = true;
	more = false;
	if :: back ->                                                   /* lr_take_back */
		d_step {
			back = false;
			spilled = false;
			held = true;
			lr = ACTIVE;
			merge = merge || latch;
			more = true
		}
	:: else -> collect()
	fi;
	if :: !more && held && lr == EMPTY && !refold -> d_step { held = false; lr = EMPTY } :: else fi; /* lr_reap */
	if
	:: more
	:: !more && refold && held -> fold(); more = true
	:: !more && !(refold && held) ->
		refold = false;
		if
#ifdef WRONG_MERGE
		:: merge ->
#else
		:: merge || (held && latch && enable) ->                /* sgi_again */
#endif
			d_step { refold = held && latch; merge = false; more = true }
		:: else ->
			if
			:: sync_asked -> d_step { sync_asked = false; syncing = false; more = true }
			:: else ->
				if :: READY -> d_step { latch = false; held = true; lr = PENDING }
				:: else
				fi
			fi
		fi
	fi;
	if :: more -> kick = true :: else -> request = false fi;
	more = false
}

inline flush() /* vgic_flush */
{
	placed = false;
	if
#ifdef WRONG_EARLY
	:: posted ->
#else
	:: !request && posted ->                                        /* place_posted */
#endif
		d_step { bits = posted; posted = false };               /* exchange */
		if :: bits -> place() :: else -> placed = true fi;
#ifndef WRONG_LEFT
		if :: !placed -> posted = true :: else fi;
#endif
		bits = false
	:: else
	fi;
	if :: !placed -> lock(); flush_locked(); unlock() :: else fi;
	placed = false
}

active proctype target()
{
	bool placed, more, bits, kept;
	byte swaps = 1, selfs = 1;

enter: /* vgic_requested */
	if :: request || posted -> flush(); goto enter :: else fi;
guest:
end_guest:
	if
	:: kick -> kick = false; goto enter
	:: lr == PENDING ->                                             /* ICC_IAR1_EL1 */
		d_step {
			assert(!off);
			acks++;
			assert(acks <= sent);
			owed = latch || posted;
			lr = ACTIVE
		}
		goto guest
	:: lr == ACTIVE -> lr = EMPTY; goto guest                       /* ICC_EOIR1_EL1 */
	:: lr == BOTH -> lr = PENDING; goto guest
	:: selfs > 0 ->                                                 /* vgic_sgi to itself */
		d_step { selfs--; sent++; owed = true };
		place();
		if :: !placed -> d_step { posted = true; kick = true } :: else fi;
		placed = false;
		goto guest
	:: swaps > 0 ->                                                 /* vgic_save, vgic_load */
		swaps--;
		lock();
		d_step { kept = request; request = true };
		d_step {                                                /* lr_give */
			if :: held ->
				latch = latch || lr == PENDING || lr == BOTH;
				spilled = (lr == ACTIVE || lr == BOTH);
				held = false;
				lr = EMPTY
			:: else
			fi
		};
		d_step { refold = false; back = false };
		if :: sync_asked -> d_step { sync_asked = false; syncing = false } :: else fi;
		d_step { loaded = false; request = kept };
		unlock();
		lock();
		d_step { loaded = true; back = spilled; request = true };
		unlock();
		goto enter
	fi
}

active proctype other() /* CPU 2 */
{
	byte todo = 2;
	bool bits;

	do
	:: todo > 0 ->                                                  /* GICR_ISENABLER0, GICR_ISPENDR0 */
		todo--;
		lock();
		collect();
		unlock()
	:: todo > 0 ->                                                  /* GICR_ICENABLER0 */
		todo--;
		lock();
		collect();
		enable = false;
		/* vgic_reach: an SGI of a loaded vCPU counts as held */
		if
#ifdef WRONG_REACH
		:: loaded && held ->
#else
		:: loaded ->
#endif
			sync_asked = true;
			refold = true;
			syncing = true;
			ask()
		:: else
		fi;
		unlock();
end_sync:	!syncing;
		off = true;
		off = false;
		lock();
		collect();
		enable = true;
		ring_cpu();
		unlock()
	:: else -> break
	od
}

active proctype at_rest()
{
end:	timeout;
	assert(!syncing && !locked);
	assert(sent >= SENT && !owed && !latch && !posted && lr == EMPTY)
}
