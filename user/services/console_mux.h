/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console's multiplexer: many worlds on one terminal. Pure: no system calls, no device;
 * bytes go in, bytes and wishes come out. Used by console.c in one thread, and by unit tests.
 *
 * The world in focus has the terminal: its bytes pass as they are. The others' output comes
 * a line at a time behind their name. A line of theirs that arrives while the world in focus
 * is in the middle of a line (a prompt) is put above it and the line is drawn again.
 *
 * A world out of focus may print MUX_RATE bytes a second and MUX_BURST at once; beyond that
 * its bytes wait in its channel, so it is held back, and the times are counted.
 */
#ifndef BULKHEAD_USER_SERVICES_CONSOLE_MUX_H
#define BULKHEAD_USER_SERVICES_CONSOLE_MUX_H

#include <stdbool.h>
#include <stdint.h>

#define MUX_WORLDS     16u
#define MUX_LINE       160u  /* longest line of a world out of focus; more is broken */
#define MUX_REDRAW     128u  /* longest started line that is drawn again */
#define MUX_BUFFER     8192u /* for the terminal; a power of two */
#define MUX_RATE       8192u /* bytes a second */
#define MUX_BURST      2048u
#define MUX_ESCAPE     0x1du /* Ctrl-] */
#define MUX_NO_WORLD   UINT32_MAX
#define MUX_SUPERVISOR "supervisor"

enum mux_wish {
	MUX_NOTHING,
	MUX_INPUT,  /* the byte is for the world in focus */
	MUX_STATUS, /* ask the supervisor for the state of all worlds */
	MUX_QUIT,   /* switch the machine off */
};

struct mux_world {
	const char *name;
	char line[MUX_LINE];
	uint32_t length;
	uint32_t tokens; /* bytes that it may print now, out of focus */
	uint64_t held;   /* times that it had to wait */
	bool holding;
};

struct mux {
	uint32_t count;
	uint32_t focus;
	uint32_t supervisor; /* MUX_NO_WORLD: there is none */
	bool escape;         /* Ctrl-] was typed */
	struct mux_world world[MUX_WORLDS];
	char started[MUX_REDRAW]; /* the unfinished line on the terminal */
	uint32_t started_length;  /* MUX_REDRAW: too long to draw again */
	uint32_t head;
	uint32_t tail;
	char buffer[MUX_BUFFER];
};

/* Names are kept by reference; at most MUX_WORLDS. Focus: the world "linux", else the first. */
void mux_init(struct mux *mux, const char *const *names, uint32_t count);
/* What the console says on its own behalf at the start: the key, and each world's number. */
void mux_banner(struct mux *mux);
/* How many bytes of the world may be put now. */
uint32_t mux_room(struct mux *mux, uint32_t world);
/* Output of a world: at most mux_room() bytes. */
void mux_output(struct mux *mux, uint32_t world, const char *bytes, uint32_t count);
/* Time has gone by, in microseconds: worlds may print again. */
void mux_refill(struct mux *mux, uint64_t microseconds);
/* Somebody waits for mux_refill(). */
bool mux_waiting(const struct mux *mux);
/* A byte typed at the terminal. */
enum mux_wish mux_input(struct mux *mux, uint8_t byte);
/* The next byte for the terminal, or -1. */
int mux_next(struct mux *mux);

#endif
