/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console's multiplexer, input half: what is typed, and what the console says for itself.
 * Contract in console_mux.h.
 */
#include "user/services/console_mux.h"

#include "user/lib/text.h"

#define KEYS_KILL_LINE "\x15" /* Ctrl-U: what was begun on the supervisor's line is gone */
#define KEYS_STATUS    KEYS_KILL_LINE "status\n"
#define KEYS_NUMBERS   10u /* 0 to 9 */

static const char keys_help[] = "Ctrl-] then: 1..9 a world, 0 the supervisor, s status of all, "
				"m lines of the others on or off,\r\n"
				"             q quit, Ctrl-] itself, ? this";

/* Worlds are numbered from 1 in their order without the supervisor, which is 0. */
static uint32_t keys_number(const struct mux *mux, uint32_t world)
{
	if (world == mux->supervisor)
		return 0u;
	return world < mux->supervisor ? world + 1u : world;
}

static uint32_t keys_world(const struct mux *mux, uint32_t number)
{
	for (uint32_t i = 0u; i < mux->world_count; i++) {
		if (keys_number(mux, i) == number)
			return i;
	}
	return MUX_NO_WORLD;
}

void mux_banner(struct mux *mux)
{
	char text[256];
	size_t used = text_format(text, sizeof(text), "Bulkhead: Ctrl-] ? for help.");

	for (uint32_t i = 1u; i <= KEYS_NUMBERS; i++) {
		uint32_t world = keys_world(mux, i % KEYS_NUMBERS);

		if (world == MUX_NO_WORLD)
			continue;
		used += text_format(text + used, sizeof(text) - used, " %u %s%s", i % KEYS_NUMBERS,
		                    mux->world[world].name,
		                    world == mux->focus ? " (keyboard)" : "");
	}
	mux_say(mux, text);
}

static void keys_show_help(struct mux *mux)
{
	char text[160];

	mux_leave_line(mux);
	mux_put_line(mux, keys_help);
	for (uint32_t i = 0u; i < mux->world_count; i++) {
		const struct mux_world *world = &mux->world[i];

		(void)text_format(text, sizeof(text),
		                  "%c %2u %-16s %lu bytes, held back %lu times, %lu typed in vain",
		                  i == mux->focus ? '*' : ' ', keys_number(mux, i), world->name,
		                  world->bytes, world->held_count, world->unread);
		mux_put_line(mux, text);
	}
	mux_enter_line(mux);
}

/* ---- bytes on their way to a world ---- */

static uint32_t keys_waiting(const struct mux *mux)
{
	return mux->input_head - mux->input_tail;
}

static void keys_queue(struct mux *mux, uint32_t world, uint8_t byte, uint64_t now)
{
	if (world >= mux->world_count)
		return;
	if (keys_waiting(mux) == MUX_INPUT_BYTES) {
		mux->world[world].unread++;
		return;
	}
	if (keys_waiting(mux) == 0u)
		mux->input_since = now;
	mux->input[mux->input_head % MUX_INPUT_BYTES] = byte;
	mux->input_world[mux->input_head % MUX_INPUT_BYTES] = (uint8_t)world;
	mux->input_head++;
}

uint32_t mux_input(const struct mux *mux, uint32_t *world, uint8_t *to, uint32_t bytes)
{
	uint32_t count = 0u;

	*world = mux->input_world[mux->input_tail % MUX_INPUT_BYTES];
	while (count < bytes && count < keys_waiting(mux) &&
	       mux->input_world[(mux->input_tail + count) % MUX_INPUT_BYTES] == *world) {
		to[count] = mux->input[(mux->input_tail + count) % MUX_INPUT_BYTES];
		count++;
	}
	return count;
}

void mux_delivered(struct mux *mux, uint32_t count, uint64_t now)
{
	if (count == 0u || count > keys_waiting(mux))
		return;
	mux->world[mux->input_world[mux->input_tail % MUX_INPUT_BYTES]].deaf = false;
	mux->input_tail += count;
	mux->input_since = now;
}

void mux_expire_input(struct mux *mux, uint64_t now)
{
	uint64_t due = mux->input_since + mux_ticks(mux, MUX_STALL_MS);
	uint32_t world = mux->input_world[mux->input_tail % MUX_INPUT_BYTES];

	if (keys_waiting(mux) == 0u)
		return;
	if (now < due && !mux->world[world].deaf) {
		mux_until(mux, due);
		return;
	}
	/* all that waits for this one; what was typed for the next has not waited yet */
	while (keys_waiting(mux) != 0u &&
	       mux->input_world[mux->input_tail % MUX_INPUT_BYTES] == world) {
		mux->input_tail++;
		mux->world[world].unread++;
	}
	mux->world[world].deaf = true;
	mux->input_since = now;
	mux_put(mux, '\a');
}

/* ---- keys ---- */

static void keys_status(struct mux *mux, uint64_t now)
{
	if (mux->supervisor == MUX_NO_WORLD)
		mux_say(mux, "console: there is no supervisor");
	for (const char *text = KEYS_STATUS; *text != '\0'; text++)
		keys_queue(mux, mux->supervisor, (uint8_t)*text, now);
}

static void keys_focus(struct mux *mux, uint32_t number)
{
	uint32_t world = keys_world(mux, number);

	if (world == MUX_NO_WORLD)
		mux_say(mux, "console: there is no world of that number");
	else
		mux_set_focus(mux, world);
}

static void keys_command(struct mux *mux, uint8_t byte, uint64_t now)
{
	switch (byte) {
	case 's':
		keys_status(mux, now);
		break;
	case 'm':
		mux->muted = !mux->muted;
		mux_say(mux, mux->muted ? "console: lines of other worlds are not shown"
		                        : "console: lines of other worlds are shown");
		break;
	case 'q':
		mux->quit = true;
		mux_say(mux, "console: off");
		break;
	default:
		if (byte >= '0' && byte <= '9')
			keys_focus(mux, (uint32_t)(byte - '0'));
		else
			keys_show_help(mux);
		break;
	}
}

bool mux_can_type(const struct mux *mux)
{
	return MUX_INPUT_BYTES - keys_waiting(mux) >= sizeof(KEYS_STATUS);
}

void mux_type(struct mux *mux, uint8_t byte, uint64_t now)
{
	bool command = mux->escape;

	mux->escape = !command && byte == MUX_ESCAPE;
	if (mux->escape)
		return;
	if (command && byte != MUX_ESCAPE)
		keys_command(mux, byte, now);
	else
		keys_queue(mux, mux->focus, byte, now);
}

bool mux_wants_off(const struct mux *mux)
{
	return mux->quit;
}
