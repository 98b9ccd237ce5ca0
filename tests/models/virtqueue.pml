/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a driver and a device of a virtqueue wake each other: user/vmm/virtio (virtqueue_want_notify,
 * virtqueue_wants_interrupt), VIRTIO 1.2, 2.7.7, 2.7.10, 2.8.10. Both ring formats, which differ in
 * how a position is written only; with EVENT_IDX, and with flags.
 *
 * Each side has a store buffer of two words, as Arm and x86 have: what it stores reaches the other
 * later, in order (all of these stores are releases), and its own later loads may go ahead of it. A
 * barrier waits until the buffer is empty.
 *
 * The driver adds COUNT chains into a ring of PLACES and sleeps when it can do nothing; the device
 * takes each and gives it back, and sleeps when there is none.
 *
 * Shown: nobody sleeps for ever, all chains come back; with EVENT_IDX nobody is woken without having
 * asked for it.
 */
#define PLACES  2
#define COUNT   3
#define WRAP    8
#define DRIVER  0
#define DEVICE  1
#define MINUS(a, b) (((a) - (b) + WRAP) % WRAP)

/* Shared words: [0] avail, [1] used, [2] what the device waits for, [3] what the driver waits for */
#define AVAIL 0
#define USED  1
#define AVAIL_EVENT 2
#define USED_EVENT  3
byte memory[4];
bool exact;               /* EVENT_IDX; else an event of 1 means: do not tell me */
bool told[2];
byte asked[2];            /* times that a side has asked to be told: the model's own book */
byte tellings[2];
bool finished;

/* Store buffers: words that are under way, oldest first. */
byte waiting[2];
byte word[4];             /* side * 2 + place */
byte value[4];

inline store(side, which, what)
{
	waiting[side] < 2;
	d_step {
		word[side * 2 + waiting[side]] = which;
		value[side * 2 + waiting[side]] = what;
		waiting[side]++
	}
}

/* A side sees its own stores at once. */
inline load(side, which, to)
{
	d_step {
		to = memory[which];
		if
		:: waiting[side] >= 1 && word[side * 2] == which -> to = value[side * 2]
		:: else
		fi;
		if
		:: waiting[side] == 2 && word[side * 2 + 1] == which -> to = value[side * 2 + 1]
		:: else
		fi
	}
}

#define BARRIER(side) waiting[side] == 0

proctype memory_system(byte side)
{
end_memory:
	do
	:: d_step {
		waiting[side] > 0 ->
		memory[word[side * 2]] = value[side * 2];
		word[side * 2] = word[side * 2 + 1];
		value[side * 2] = value[side * 2 + 1];
		waiting[side]--
	   }
	od
}

proctype driver()
{
	byte avail, used, seen, event;

	do
	:: used == COUNT -> break
	:: else ->
		if
		:: avail < COUNT && MINUS(avail, used) < PLACES ->
			/* add, and kick */
			avail++;
			store(DRIVER, AVAIL, avail);
#ifndef WRONG_DRIVER_KICK_BARRIER
			BARRIER(DRIVER);
#endif
			load(DRIVER, AVAIL_EVENT, event);
			if
			:: exact && event == MINUS(avail, 1) -> d_step { told[DEVICE] = true; tellings[DEVICE]++ }
			:: !exact && event == 0 -> told[DEVICE] = true
			:: else
			fi
		:: true ->
			/* collect */
			load(DRIVER, USED, seen);
			if
			:: seen != used -> used++
			:: seen == used && (avail == COUNT || MINUS(avail, used) == PLACES) ->
				/* ring_want_interrupt, and sleep */
				d_step { asked[DRIVER]++ };
				if :: exact -> store(DRIVER, USED_EVENT, used) :: else -> store(DRIVER, USED_EVENT, 0) fi;
#ifndef WRONG_DRIVER_WANT_BARRIER
				BARRIER(DRIVER);
#endif
				load(DRIVER, USED, seen);
				if
				:: seen != used
				:: else ->
					told[DRIVER];
					told[DRIVER] = false
				fi;
				if :: !exact -> store(DRIVER, USED_EVENT, 1) :: else fi
			:: else
			fi
		fi
	od;
	finished = true
}

proctype device()
{
	byte taken, given, seen, event;

	do
	:: true ->
		load(DEVICE, AVAIL, seen);
		if
		:: seen != taken ->
			if :: !exact -> store(DEVICE, AVAIL_EVENT, 1) :: else fi;
			taken++;
			given++;
			store(DEVICE, USED, given);
			/* virtqueue_wants_interrupt */
#ifndef WRONG_GIVE_BARRIER
			BARRIER(DEVICE);
#endif
			load(DEVICE, USED_EVENT, event);
			if
			:: exact && event == MINUS(given, 1) -> d_step { told[DRIVER] = true; tellings[DRIVER]++ }
			:: !exact && event == 0 -> told[DRIVER] = true
			:: else
			fi
		:: else ->
			/* virtqueue_want_notify */
			d_step { asked[DEVICE]++ };
			if :: exact -> store(DEVICE, AVAIL_EVENT, taken) :: else -> store(DEVICE, AVAIL_EVENT, 0) fi;
#ifndef WRONG_WANT_BARRIER
			BARRIER(DEVICE);
#endif
#ifdef WRONG_NO_SECOND_LOOK
			seen = taken;
#else
			load(DEVICE, AVAIL, seen);
#endif
			if
			:: seen != taken
			:: else ->
end_device:			told[DEVICE];
				told[DEVICE] = false
			fi
		fi
	od
}

init
{
	if :: exact = true :: exact = false fi;
	/* rings of zeroes: the first of each is waited for */
	atomic { asked[DRIVER] = 1; asked[DEVICE] = 1 };
	atomic { run memory_system(DRIVER); run memory_system(DEVICE); run driver(); run device() };
	timeout;
	assert(finished);
	assert(!exact || (tellings[DRIVER] <= asked[DRIVER] && tellings[DEVICE] <= asked[DEVICE]))
}
