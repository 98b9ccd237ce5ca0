/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console's multiplexer: many worlds on one terminal. Pure: no system call, no device;
 * bytes go in, bytes and wishes come out. Used by console.c, in one thread, and by unit tests.
 *
 * Output. The world with the focus has the terminal: its bytes pass as they are (a line feed
 * alone gets its carriage return). The others' output comes a line at a time behind their
 * name, without what would steer the terminal. If the world with the focus has an unfinished
 * line there (a prompt), the other's line waits until that world is quiet for a moment; then
 * it takes that line's place and the line is drawn again below it.
 *
 * Nobody starves: each world has a stash of its own, filled again only when it is empty, so a
 * world that prints more than its share waits in its channel. A world without the focus may
 * have MUX_RATE bytes a second of the terminal, MUX_BURST at once; being held back is counted
 * and said. The focus may not fill the buffer for the terminal to where the others need it;
 * while it waits for a slow terminal it gets a byte for each of theirs, however many they are.
 *
 * Input. Bytes are kept until their world takes them; if it takes none for MUX_STALL_MS they
 * are dropped, and so is what follows until it takes one, so that a world that does not read
 * cannot block the keyboard.
 */
#ifndef BULKHEAD_USER_SERVICES_CONSOLE_MUX_H
#define BULKHEAD_USER_SERVICES_CONSOLE_MUX_H

#include <stdbool.h>
#include <stdint.h>

#include "user/services/console_line.h"

#define MUX_WORLDS        64u
#define MUX_NAME_BYTES    32u
#define MUX_STASH_BYTES   256u
#define MUX_TX_BYTES      4096u /* for the terminal; a power of two */
#define MUX_TX_FOCUS      1024u /* of which the world with the focus may fill this much */
#define MUX_TX_OWN        1024u /* and this much is left for lines of the console's own */
#define MUX_INPUT_BYTES   512u  /* a power of two */
#define MUX_RATE          4096u /* bytes a second */
#define MUX_BURST         8192u
#define MUX_QUIET_MS      50u   /* an unfinished line with no news for so long is a prompt */
#define MUX_PATIENCE_MS   500u  /* longest wait of another's line, 4 times that in a sequence */
#define MUX_PARTIAL_MS    1000u /* an unfinished line of another world is shown after this */
#define MUX_STALL_MS      1000u
#define MUX_HELD_MS       10000u /* being held back is said this often at most */
#define MUX_ESCAPE        0x1du  /* Ctrl-] */
#define MUX_NO_WORLD      UINT32_MAX
#define MUX_NEVER         UINT64_MAX
#define MUX_DEFAULT_FOCUS "linux"
#define MUX_SUPERVISOR    "supervisor"

struct mux_world {
	char name[MUX_NAME_BYTES];
	uint8_t stash[MUX_STASH_BYTES];
	uint32_t stash_next;
	uint32_t stash_end;
	struct console_line line;
	bool overlong; /* the focus's line outgrew `line`: it cannot be drawn again */
	bool ready;    /* `line` is complete, and has to be shown */
	bool shown;    /* `line` is unfinished, and has been shown as it is */
	bool waits;    /* for the world with the focus to end its line, or to be quiet */
	bool held;
	bool deaf;      /* took none of the last bytes typed */
	uint8_t last;   /* the byte before */
	uint64_t since; /* when the last byte came */
	uint64_t waits_since;
	uint64_t credit;    /* ticks' worth of output */
	uint64_t credit_at; /* time up to which credit was given */
	uint64_t held_said; /* when it was last said; 0: never */
	uint64_t held_count;
	uint64_t bytes;  /* that it printed */
	uint64_t unread; /* bytes typed that it did not take */
};

struct mux {
	uint32_t world_count;
	uint32_t focus;      /* always one of them, unless there are none */
	uint32_t supervisor; /* MUX_NO_WORLD: there is none */
	uint32_t turn;       /* who comes first: behind the one whose line was the last */
	uint64_t ticks_per_second;
	uint64_t deadline;
	bool escape; /* Ctrl-] was typed */
	bool muted;  /* lines of others are not shown */
	bool quit;
	uint32_t owed; /* bytes that the focus may print before the others' next line */
	uint32_t tx_head;
	uint32_t tx_tail;
	uint32_t input_head;
	uint32_t input_tail;
	uint64_t input_since; /* the first input byte waits since, or the last one was taken */
	uint8_t tx[MUX_TX_BYTES];
	uint8_t input[MUX_INPUT_BYTES];
	uint8_t input_world[MUX_INPUT_BYTES];
	struct mux_world world[MUX_WORLDS];
};

/* ---- set-up: init, each world in the order of the description, start ---- */
void mux_init(struct mux *mux, uint64_t ticks_per_second);
/* Worlds beyond MUX_WORLDS are left out. */
void mux_add(struct mux *mux, const char *name);
/* Chooses the focus: "linux" if there is one, else the last that is not the supervisor. */
void mux_start(struct mux *mux, uint64_t now);

/* ---- output ---- */
/* How many bytes of the world can be taken now: a whole stash, or none. */
uint32_t mux_room(const struct mux *mux, uint32_t number);
/* At most mux_room() bytes that the world printed. */
void mux_output(struct mux *mux, uint32_t number, const void *bytes, uint32_t count, uint64_t now);
/* Moves what can be moved now from the stashes to the terminal. */
void mux_step(struct mux *mux, uint64_t now);
/* When mux_step has something to do though nothing comes in or goes out; MUX_NEVER: then only. */
uint64_t mux_deadline(const struct mux *mux);
/* The next byte for the terminal, or -1; mux_drop takes it away. */
int mux_peek(const struct mux *mux);
void mux_drop(struct mux *mux);

/* ---- input: console_keys.c ---- */
/* False: do not take bytes from the terminal now. */
bool mux_can_type(const struct mux *mux);
void mux_type(struct mux *mux, uint8_t byte, uint64_t now);
/* Bytes for one world, without taking them away: up to `bytes`, 0: there are none. */
uint32_t mux_input(const struct mux *mux, uint32_t *world, uint8_t *to, uint32_t bytes);
/* So many of them have been delivered. */
void mux_delivered(struct mux *mux, uint32_t count, uint64_t now);
/* The user wants the machine off. */
bool mux_wants_off(const struct mux *mux);
/* Input that its world does not take is given up, for mux_step. */
void mux_expire_input(struct mux *mux, uint64_t now);
/* The banner: the key, and who is who. */
void mux_banner(struct mux *mux);

/* ---- for console_keys.c ---- */
/* A line of the console's own; nothing if the terminal is far behind. */
void mux_say(struct mux *mux, const char *text);
/* The same for several: leave, put each, enter. */
void mux_leave_line(struct mux *mux); /* makes room for a line of somebody else */
void mux_put_line(struct mux *mux, const char *text);
void mux_enter_line(struct mux *mux); /* draws the focus's unfinished line, cursor and all */
void mux_set_focus(struct mux *mux, uint32_t number);
/* mux_deadline() is to be at most this. */
void mux_until(struct mux *mux, uint64_t time);
uint64_t mux_ticks(const struct mux *mux, uint32_t milliseconds);
void mux_put(struct mux *mux, char byte);

#endif
