/* SPDX-License-Identifier: Apache-2.0 */
/* The console's multiplexer; contract in console_mux.h. */
#include "user/services/console_mux.h"

#include "user/lib/text.h"

/* What one byte of a world out of focus may become: erase, name, redraw. */
#define MUX_OVERHEAD 512u
#define MUX_CHUNK    256u

static uint32_t mux_free(const struct mux *mux)
{
	return MUX_BUFFER - (mux->head - mux->tail);
}

static void mux_put(struct mux *mux, char byte)
{
	if (mux_free(mux) == 0u)
		return;
	mux->buffer[mux->head % MUX_BUFFER] = byte;
	mux->head++;
}

static void mux_text(struct mux *mux, const char *text)
{
	while (*text != '\0')
		mux_put(mux, *text++);
}

void mux_init(struct mux *mux, const char *const *names, uint32_t count)
{
	memset(mux, 0, sizeof(*mux));
	mux->count = count < MUX_WORLDS ? count : MUX_WORLDS;
	mux->supervisor = MUX_NO_WORLD;
	mux->focus = MUX_NO_WORLD;
	for (uint32_t i = 0u; i < mux->count; i++) {
		mux->world[i].name = names[i];
		mux->world[i].tokens = MUX_BURST;
		if (strcmp(names[i], MUX_SUPERVISOR) == 0)
			mux->supervisor = i;
		else if (mux->focus == MUX_NO_WORLD || strcmp(names[i], "linux") == 0)
			mux->focus = i;
	}
	if (mux->focus == MUX_NO_WORLD)
		mux->focus = 0u;
}

/* Worlds are numbered from 1 in their order, without the supervisor, which is 0. */
static uint32_t mux_number(const struct mux *mux, uint32_t world)
{
	if (world == mux->supervisor)
		return 0u;
	return world + (mux->supervisor != MUX_NO_WORLD && mux->supervisor < world ? 0u : 1u);
}

static uint32_t mux_world_of(const struct mux *mux, uint32_t number)
{
	for (uint32_t i = 0u; i < mux->count; i++) {
		if (mux_number(mux, i) == number)
			return i;
	}
	return MUX_NO_WORLD;
}

static void mux_worlds(struct mux *mux)
{
	char line[80];

	for (uint32_t i = 0u; i < mux->count; i++) {
		const struct mux_world *world = &mux->world[i];

		(void)text_format(line, sizeof(line), "  %u %s%s", mux_number(mux, i), world->name,
				  i == mux->focus ? " (here)" : "");
		mux_text(mux, line);
		if (world->held != 0u) {
			(void)text_format(line, sizeof(line), ", held back %lu times", world->held);
			mux_text(mux, line);
		}
		mux_text(mux, "\r\n");
	}
}

void mux_banner(struct mux *mux)
{
	mux_text(mux, "Bulkhead: Ctrl-] ? for help\r\n");
	mux_worlds(mux);
}

static void mux_help(struct mux *mux)
{
	mux_text(mux, "\r\nCtrl-] then: 1..9 a world, 0 the supervisor, s status, q quit, "
		      "Ctrl-] itself, ? help\r\n");
	mux_worlds(mux);
	mux->started_length = 0u;
}

uint32_t mux_room(struct mux *mux, uint32_t world)
{
	struct mux_world *source = &mux->world[world];
	uint32_t room = mux_free(mux);

	room = room > MUX_OVERHEAD ? room - MUX_OVERHEAD : 0u;
	if (room > MUX_CHUNK)
		room = MUX_CHUNK;
	if (world == mux->focus)
		return room;
	if (source->tokens == 0u && !source->holding) {
		source->holding = true;
		source->held++;
	}
	/* a line of one byte costs its name and the redrawing */
	room /= 8u;
	return room < source->tokens ? room : source->tokens;
}

/* A byte of the world in focus; remembers what is on its unfinished line. */
static void mux_focus_byte(struct mux *mux, char byte)
{
	mux_put(mux, byte);
	if (byte == '\n' || byte == '\r')
		mux->started_length = 0u;
	else if (mux->started_length < MUX_REDRAW)
		mux->started[mux->started_length++] = byte;
	if (mux->started_length == MUX_REDRAW)
		mux->started[MUX_REDRAW - 1u] = byte;
}

/* A whole line of another world. */
static void mux_foreign_line(struct mux *mux, struct mux_world *world)
{
	bool redraw = mux->started_length > 0u && mux->started_length < MUX_REDRAW;

	if (redraw)
		mux_text(mux, "\r\x1b[K");
	else if (mux->started_length > 0u)
		mux_text(mux, "\r\n");
	mux_text(mux, world->name);
	mux_text(mux, "| ");
	for (uint32_t i = 0u; i < world->length; i++)
		mux_put(mux, world->line[i]);
	mux_text(mux, "\r\n");
	world->length = 0u;
	if (redraw) {
		for (uint32_t i = 0u; i < mux->started_length; i++)
			mux_put(mux, mux->started[i]);
	} else {
		mux->started_length = 0u;
	}
}

static void mux_foreign_byte(struct mux *mux, struct mux_world *world, char byte)
{
	if (byte == '\r')
		return;
	if (byte == '\n') {
		if (world->length > 0u)
			mux_foreign_line(mux, world);
		return;
	}
	/* it does not get to steer the terminal */
	if ((uint8_t)byte < 0x20u || (uint8_t)byte == 0x7fu)
		byte = byte == '\t' ? ' ' : '.';
	world->line[world->length++] = byte;
	if (world->length == MUX_LINE)
		mux_foreign_line(mux, world);
}

void mux_output(struct mux *mux, uint32_t world, const char *bytes, uint32_t count)
{
	struct mux_world *source = &mux->world[world];

	if (world != mux->focus) {
		source->tokens -= count < source->tokens ? count : source->tokens;
		for (uint32_t i = 0u; i < count; i++)
			mux_foreign_byte(mux, source, bytes[i]);
		return;
	}
	for (uint32_t i = 0u; i < count; i++) {
		/* native tasks end a line with LF alone */
		if (bytes[i] == '\n' && (i == 0u || bytes[i - 1u] != '\r'))
			mux_put(mux, '\r');
		mux_focus_byte(mux, bytes[i]);
	}
}

void mux_refill(struct mux *mux, uint64_t microseconds)
{
	uint64_t more = microseconds * MUX_RATE / 1000000u;

	for (uint32_t i = 0u; i < mux->count; i++) {
		struct mux_world *world = &mux->world[i];
		uint64_t tokens = world->tokens + more;

		world->tokens = tokens < MUX_BURST ? (uint32_t)tokens : MUX_BURST;
		if (world->tokens > 0u)
			world->holding = false;
	}
}

bool mux_waiting(const struct mux *mux)
{
	for (uint32_t i = 0u; i < mux->count; i++) {
		if (mux->world[i].holding)
			return true;
	}
	return false;
}

static void mux_move(struct mux *mux, uint32_t number)
{
	uint32_t world = mux_world_of(mux, number);

	if (world == MUX_NO_WORLD) {
		mux_text(mux, "\r\n[no such world]\r\n");
		return;
	}
	mux->focus = world;
	mux->started_length = 0u;
	mux_text(mux, "\r\n[");
	mux_text(mux, mux->world[world].name);
	mux_text(mux, "]\r\n");
	/* what it had begun to print is its prompt now */
	for (uint32_t i = 0u; i < mux->world[world].length; i++)
		mux_focus_byte(mux, mux->world[world].line[i]);
	mux->world[world].length = 0u;
}

enum mux_wish mux_input(struct mux *mux, uint8_t byte)
{
	if (!mux->escape) {
		if (byte != MUX_ESCAPE)
			return MUX_INPUT;
		mux->escape = true;
		return MUX_NOTHING;
	}
	mux->escape = false;
	if (byte >= '0' && byte <= '9') {
		mux_move(mux, (uint32_t)byte - '0');
		return MUX_NOTHING;
	}
	switch (byte) {
	case MUX_ESCAPE:
		return MUX_INPUT;
	case 's':
		return MUX_STATUS;
	case 'q':
		return MUX_QUIT;
	default:
		mux_help(mux);
		return MUX_NOTHING;
	}
}

int mux_next(struct mux *mux)
{
	char byte;

	if (mux->head == mux->tail)
		return -1;
	byte = mux->buffer[mux->tail % MUX_BUFFER];
	mux->tail++;
	return (uint8_t)byte;
}
