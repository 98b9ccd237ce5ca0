/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A physical level-triggered SPI that belongs to a VM with two vCPUs on two CPUs: interrupt.c,
 * vgic.c, vgic_lr.c, vgic_regs.c. What the VM's lock guards is one step here (that is in vgic_spi).
 *
 * The device raises its line now and then, the handler of a guest lowers it before it ends the
 * interrupt, or not. The CPU that the SPI is routed to takes it: from then on it is active in the
 * distributor until a list register with HW set is ended by the guest (no exit), or the kernel
 * deactivates it. Guest 1 moves the interrupt (GICD_IROUTER; the physical one follows), disables and
 * enables it; each vCPU may be saved and loaded: what is active is then spilled to software.
 *
 * Shown: never in two list registers; what a list register has is active in the distributor, so that
 * nothing is taken twice; at rest the line is low and the distributor's state is inactive: nothing is
 * left masked, nothing is lost.
 */
#define OTHER(c) (1 - (c))
#define RISES    2

mtype = { EMPTY, PENDING, ACTIVE };

bool level, distributor;        /* the device's line; active in the physical distributor */
byte physical;                  /* physical GICD_IROUTER */
bool taken;                     /* vgic_word.line: taken physically, in no list register */
bool enable = true;
byte target;
bool is_active;                 /* vgic_word.active */
mtype lr[2] = EMPTY;
bool held[2], request[2], refold[2], spilled[2], loaded[2] = true;
byte rises;

#define READY(c) (taken && enable && target == c && !is_active && !held[0] && !held[1])

inline ask(c) { request[c] = true }        /* vgic_request: the kick is certain (notify.pml) */

/* vgic_hw_taken: who has the list register, though it is empty now, else to whom it goes */
inline take()
{
	distributor = true;
	taken = true;
#ifdef WRONG_STALE
	if :: !held[0] && !held[1] -> ask(target) :: else fi
#else
	if :: held[0] -> ask(0) :: held[1] -> ask(1) :: else -> ask(target) fi
#endif
}

inline fold(c) /* lr_fold: what may not stay pending goes back; the distributor stays active */
{
	refold[c] = false;
	if :: held[c] && lr[c] == PENDING && !(enable && target == c) ->
		taken = true; held[c] = false; lr[c] = EMPTY; ask(target)
	:: else
	fi
}

inline flush(c)
{
	request[c] = false;
	if :: held[c] && lr[c] == EMPTY -> held[c] = false; ask(target) :: else fi;   /* lr_reap */
	if :: refold[c] -> fold(c) :: else fi;
	if :: spilled[c] && !held[c] ->                                           /* lr_take_back */
		spilled[c] = false; is_active = false; held[c] = true; lr[c] = ACTIVE
	:: else
	fi;
	if :: READY(c) ->                                                         /* lr_load */
		assert(!held[OTHER(c)]);
		taken = false; held[c] = true; lr[c] = PENDING
	:: else
	fi
}

active proctype device()
{
	do
	:: atomic { rises < RISES && !level -> level = true; rises++ }
	:: rises == RISES -> break
	od
}

inline sound() /* what a list register has is active in the distributor; it is one */
{
	assert((lr[0] == EMPTY && lr[1] == EMPTY) || distributor);
	assert(!(held[0] && held[1]))
}

inline review() { refold[0] = true; refold[1] = true; ask(0); ask(1) }

inline save(c) /* vgic_save, lr_give */
{
	loaded[c] = false;
	if
	:: held[c] && lr[c] == PENDING -> taken = true; held[c] = false; ask(target)
	:: held[c] && lr[c] == ACTIVE ->
#ifdef WRONG_SPILL
		distributor = false;
#endif
		spilled[c] = true; is_active = true; held[c] = false
	:: held[c] && lr[c] == EMPTY -> held[c] = false; ask(target)
	:: else
	fi;
	lr[c] = EMPTY
}

active [2] proctype cpu()
{
	byte me = _pid - 1;
	byte todo = 2;

end_guest:
	do
	:: atomic { level && !distributor && physical == me -> take(); sound() }   /* ICC_IAR1_EL1 */
	:: atomic { request[me] && loaded[me] -> flush(me); sound() }
	:: atomic { loaded[me] && lr[me] == PENDING -> lr[me] = ACTIVE }           /* of the guest */
	:: atomic { loaded[me] && lr[me] == ACTIVE && level -> level = false }
	:: atomic { loaded[me] && lr[me] == ACTIVE ->                              /* EOI, HW = 1 */
		lr[me] = EMPTY; distributor = false; sound() }
	:: atomic { todo > 0 && me == 0 && loaded[me] -> todo--; save(me); sound() }
	:: atomic { !loaded[me] -> loaded[me] = true; request[me] = true }          /* vgic_load */
	:: atomic { !loaded[me] && spilled[me] ->                                  /* vgic_cpu_reset */
		spilled[me] = false; is_active = false;
#ifndef WRONG_RESET
		taken = true;
#endif
		ask(0); ask(1) }
	:: atomic { todo > 0 && me == 1 -> todo--;                                 /* vgic_set_router */
		target = OTHER(target); physical = target; review() }
	:: atomic { todo > 0 && me == 1 && enable -> todo--;                       /* GICD_ICENABLER */
		enable = false; review() }
	:: atomic { !enable && me == 1 ->                                          /* GICD_ISENABLER */
		enable = true;
		if :: taken ->                                                     /* vgic_hw_again */
			taken = false;
#ifndef WRONG_AGAIN
			distributor = false
#endif
		:: else
		fi;
		ask(0); ask(1); sound() }
	od
}

active proctype at_rest()
{
end:	timeout;
	assert(!level && !distributor && !taken && !is_active);
	assert(!(held[0] && lr[0] != EMPTY) && !(held[1] && lr[1] != EMPTY))
}
