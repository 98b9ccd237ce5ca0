/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ring of a channel, from its writer to its reader, with the notifications both ways and a
 * restart of either: user/lib/channel.c, abi/channel.h.
 *
 * The ring has 2 places, indices wrap at 8. The writer sends 0, 1, 2, ... and waits when there is no
 * room; the reader takes all there is and waits when there is nothing. Either may be stopped at any
 * point of an operation and start again with channel_open (the reader, which drops what it has not
 * read) or channel_resume (the reader, which keeps it), or channel_open (the writer, which goes on
 * at its last head). A notification is a bit that wait takes; a stop loses it.
 *
 * Shown: the reader gets what was written, in order, nothing twice, nothing out of thin air, and
 * without a restart nothing is missing; at rest nothing is left that its reader waits for, and no
 * writer waits while there is room: no wake-up is lost.
 */
#define PLACES 2
#define WRAP   8
#define COUNT  5                /* values that are sent */
#define MINUS(a, b) (((a) - (b) + WRAP) % WRAP)

byte head, tail;                /* struct channel_ring, shared */
byte data[PLACES];
bool told_reader, told_writer;  /* notification bits */
byte written[WRAP];             /* which value stands at each index: the model's own book */
byte sent, last_read;           /* values; last_read: 1 + the last one that was taken */
bool writer_waits, reader_waits, writer_done;
byte restarts = 2;              /* that may still happen */
bool dropped;                   /* the reader has dropped something, as channel_open says */

proctype writer()
{
	byte mine, seen, value;

start: /* channel_join: end->head = ring->head */
	mine = head;
	told_reader = true;             /* a program that starts notifies its peers */
	do
	:: sent == COUNT -> break
	:: atomic { restarts > 0 -> restarts-- }; goto start
	:: else ->
		/* channel_room */
		seen = tail;            /* load(&ring->tail), acquire */
		if
		:: MINUS(mine, seen) >= PLACES ->  /* none: wait for the reader */
			writer_waits = true;
end_writer:		told_writer;
			d_step { told_writer = false; writer_waits = false }
		:: else ->
			/* channel_put of one value */
#ifdef WRONG_HEAD_FIRST
			value = mine;
			mine = (mine + 1) % WRAP;
			d_step { written[value] = sent; sent++; head = mine };
			data[value % PLACES] = written[value];
			value = 0;
#else
			data[mine % PLACES] = sent;
			if :: atomic { restarts > 0 -> restarts-- }; goto start :: skip fi;
#ifdef WRONG_TELL_EARLY
			seen = tail;
#endif
			d_step {        /* store(&ring->head), release */
				written[mine] = sent;
				sent++;
				mine = (mine + 1) % WRAP;
				head = mine
			}
#endif
#ifndef WRONG_TELL_EARLY
#ifndef WRONG_HEAD_FIRST
			/* fence; load(&ring->tail) == before */
			seen = tail;
#endif
#endif
			if :: seen == MINUS(mine, 1) -> told_reader = true :: else fi
		fi
	od;
	writer_done = true
}

proctype reader()
{
	byte mine, seen, value;

start: /* channel_join; the shared tail follows */
	if
	:: mine = head; dropped = true  /* channel_open */
	:: seen = head;                 /* channel_resume */
	   mine = tail;
	   assert(MINUS(seen, mine) <= PLACES)
	fi;
	tail = mine;
	told_writer = true;             /* a program that starts notifies its peers */
	do
	:: atomic { restarts > 0 && !reader_waits -> restarts-- }; goto start
	:: true ->
		/* channel_used */
		seen = head;            /* load(&ring->head), acquire */
		assert(MINUS(seen, mine) <= PLACES);
		if
		:: seen == mine ->      /* nothing: wait for the writer */
			reader_waits = true;
end_reader:		told_reader;
			d_step { told_reader = false; reader_waits = false }
		:: else ->
			/* channel_take of one value */
			value = data[mine % PLACES];
			if :: atomic { restarts > 0 -> restarts-- }; goto start :: skip fi;
#ifdef WRONG_TELL_EARLY_BACK
			seen = head;
#endif
			d_step {        /* store(&ring->tail), release */
				assert(value == written[mine]);
				assert(value >= last_read);
				assert(dropped || value == last_read);
				last_read = value + 1;
				tail = (mine + 1) % WRAP
			}
#ifndef WRONG_TELL_EARLY_BACK
			/* fence; load(&ring->head) - before >= CHANNEL_RING_BYTES */
			seen = head;
#endif
#ifdef WRONG_FULL
			if :: MINUS(seen, mine) > PLACES -> told_writer = true :: else fi;
#else
			if :: MINUS(seen, mine) >= PLACES -> told_writer = true :: else fi;
#endif
			mine = (mine + 1) % WRAP
		fi
	od
}

init
{
	atomic { run writer(); run reader() };
	timeout;
	assert(writer_done && reader_waits && head == tail);
	assert(dropped || last_read == COUNT)
}
