/* SPDX-License-Identifier: Apache-2.0 */
/* The console's multiplexer, output half; contract in console_mux.h. */
#include "user/services/console_mux.h"

#include "user/lib/text.h"

/* Most that a line of another world takes: erase, name, text, CR LF, and the line drawn again. */
#define MUX_LINE_COST (8u + MUX_NAME_BYTES + LINE_CELLS + 2u * LINE_CELLS)
_Static_assert(MUX_TX_FOCUS + 2u * MUX_LINE_COST + MUX_TX_OWN <= MUX_TX_BYTES,
               "the focus leaves room");
_Static_assert(MUX_STASH_BYTES * 2u <= MUX_TX_FOCUS, "a stash fits, each byte being two");

void mux_init(struct mux *mux, uint64_t ticks_per_second)
{
	memset(mux, 0, sizeof(*mux));
	mux->ticks_per_second = ticks_per_second;
	mux->supervisor = MUX_NO_WORLD;
	mux->deadline = MUX_NEVER;
}

void mux_add(struct mux *mux, const char *name)
{
	struct mux_world *world;

	if (mux->world_count == MUX_WORLDS)
		return;
	world = &mux->world[mux->world_count];
	(void)text_format(world->name, sizeof(world->name), "%s", name);
	if (strcmp(name, MUX_SUPERVISOR) == 0)
		mux->supervisor = mux->world_count;
	mux->world_count++;
}

/* What printing so many bytes costs in ticks of credit. */
static uint64_t mux_price(const struct mux *mux, uint64_t bytes)
{
	return bytes * mux->ticks_per_second / MUX_RATE;
}

void mux_start(struct mux *mux, uint64_t now)
{
	bool linux_seen = false;

	for (uint32_t i = 0u; i < mux->world_count; i++) {
		mux->world[i].credit = mux_price(mux, MUX_BURST);
		mux->world[i].credit_at = now;
		if (i == mux->supervisor || linux_seen)
			continue;
		mux->focus = i;
		linux_seen = strcmp(mux->world[i].name, MUX_DEFAULT_FOCUS) == 0;
	}
	mux_banner(mux);
}

uint64_t mux_ticks(const struct mux *mux, uint32_t milliseconds)
{
	return (uint64_t)milliseconds * mux->ticks_per_second / 1000u;
}

void mux_until(struct mux *mux, uint64_t time)
{
	if (time < mux->deadline)
		mux->deadline = time;
}

uint64_t mux_deadline(const struct mux *mux)
{
	return mux->deadline;
}

/* ---- the buffer for the terminal ---- */

static uint32_t mux_tx_used(const struct mux *mux)
{
	return mux->tx_head - mux->tx_tail;
}

static bool mux_tx_fits(const struct mux *mux, uint32_t bytes)
{
	return MUX_TX_BYTES - mux_tx_used(mux) >= bytes;
}

void mux_put(struct mux *mux, char byte)
{
	if (mux_tx_fits(mux, 1u))
		mux->tx[mux->tx_head++ % MUX_TX_BYTES] = (uint8_t)byte;
}

static void mux_put_text(struct mux *mux, const char *text)
{
	for (; *text != '\0'; text++)
		mux_put(mux, *text);
}

int mux_peek(const struct mux *mux)
{
	return mux_tx_used(mux) != 0u ? mux->tx[mux->tx_tail % MUX_TX_BYTES] : -1;
}

void mux_drop(struct mux *mux)
{
	if (mux_tx_used(mux) != 0u)
		mux->tx_tail++;
}

/* ---- lines that come between ---- */

static bool mux_mid_line(const struct mux_world *focus)
{
	return focus->line.length != 0u || focus->overlong;
}

void mux_leave_line(struct mux *mux)
{
	const struct mux_world *focus = &mux->world[mux->focus];

	if (focus->overlong)
		mux_put_text(mux, "\r\n");
	else if (mux_mid_line(focus))
		mux_put_text(mux, "\r\x1b[K");
}

void mux_enter_line(struct mux *mux)
{
	struct mux_world *focus = &mux->world[mux->focus];
	const struct console_line *line = &focus->line;

	if (focus->overlong) {
		/* what follows stands on a line of its own */
		line_clear(&focus->line);
		focus->overlong = false;
		return;
	}
	for (uint32_t i = 0u; i < line->length; i++)
		mux_put(mux, (char)line->cell[i]);
	for (uint32_t i = line->cursor; i < line->length; i++) {
		if ((line->cell[i] & 0xc0u) != 0x80u)
			mux_put(mux, '\b');
	}
}

void mux_put_line(struct mux *mux, const char *text)
{
	/* a whole line or none: half of one could be half of an escape sequence */
	if (!mux_tx_fits(mux, 2u * MUX_LINE_COST))
		return;
	mux_put_text(mux, text);
	mux_put_text(mux, "\r\n");
}

void mux_say(struct mux *mux, const char *text)
{
	mux_leave_line(mux);
	mux_put_line(mux, text);
	mux_enter_line(mux);
}

/* Bytes of 0x80 and above are not shown: some terminals take them for control codes. */
static void mux_show_line(struct mux *mux, const struct mux_world *world)
{
	mux_leave_line(mux);
	mux_put_text(mux, world->name);
	mux_put_text(mux, "| ");
	for (uint32_t i = 0u; i < world->line.length; i++) {
		uint8_t byte = world->line.cell[i];

		mux_put(mux, byte < 0x80u ? (char)byte : '?');
	}
	mux_put_text(mux, "\r\n");
	mux_enter_line(mux);
}

/* ---- a world without the focus ---- */

static void mux_give_credit(const struct mux *mux, struct mux_world *world, uint64_t now)
{
	uint64_t most = mux_price(mux, MUX_BURST);
	uint64_t more = now - world->credit_at;

	world->credit_at = now;
	world->credit = more < most - world->credit ? world->credit + more : most;
}

static void mux_say_held(struct mux *mux, struct mux_world *world, uint64_t now)
{
	char text[128];

	if (world->held_said != 0u && now - world->held_said < mux_ticks(mux, MUX_HELD_MS))
		return;
	world->held_said = now;
	(void)text_format(text, sizeof(text),
	                  "console: %s is held back to %u bytes a second, %lu times so far",
	                  world->name, MUX_RATE, world->held_count);
	mux_say(mux, text);
}

/* What showing its line takes of the terminal, with the focus's line drawn again below it. */
static uint32_t mux_cost(const struct mux *mux, const struct mux_world *world)
{
	const struct console_line *drawn = &mux->world[mux->focus].line;

	return (uint32_t)strlen(world->name) + world->line.length + 8u + 2u * drawn->length -
	       drawn->cursor;
}

/* False: it has to wait, mux_until says for how long. */
static bool mux_pay(struct mux *mux, struct mux_world *world, uint64_t now)
{
	uint64_t price = mux_price(mux, mux_cost(mux, world));

	mux_give_credit(mux, world, now);
	if (world->credit >= price) {
		world->credit -= price;
		world->held = false;
		return true;
	}
	mux_until(mux, now + price - world->credit);
	if (!world->held) {
		world->held = true;
		world->held_count++;
		mux_say_held(mux, world, now);
	}
	return false;
}

static const struct mux_world *mux_supervisor(const struct mux *mux)
{
	return mux->supervisor != MUX_NO_WORLD ? &mux->world[mux->supervisor] : NULL;
}

/* Whether the focus lets a line come between; time spent on anything else is not patience. */
static bool mux_focus_lets(struct mux *mux, struct mux_world *world, uint64_t now)
{
	const struct mux_world *focus = &mux->world[mux->focus];
	uint64_t quiet = focus->since + mux_ticks(mux, MUX_QUIET_MS);
	bool settled = line_settled(&focus->line);
	uint64_t patience;

	if (settled && (!mux_mid_line(focus) || now >= quiet))
		return true;
	if (!world->waits) {
		world->waits = true;
		world->waits_since = now;
	}
	/* in the middle of a line if it must be, of an escape sequence only much later */
	patience = world->waits_since + mux_ticks(mux, MUX_PATIENCE_MS * (settled ? 1u : 4u));
	if (now >= patience)
		return true;
	mux_until(mux, settled && quiet < patience ? quiet : patience);
	return false;
}

/* Whether the terminal has room for a line of this world; if not, its taking bytes wakes us. */
static bool mux_terminal_lets(const struct mux *mux, const struct mux_world *world)
{
	if (mux->owed != 0u && mux_tx_used(mux) > MUX_TX_FOCUS / 2u && world != mux_supervisor(mux))
		return false;
	return mux_tx_fits(mux, 2u * MUX_LINE_COST + MUX_TX_OWN);
}

/*
 * While the terminal is behind the focus is to have as much of it as the others' lines. If it
 * does not want that the terminal catches up to half of what the focus may fill: they go on.
 */
static void mux_owe(struct mux *mux, uint32_t bytes)
{
	if (mux_tx_used(mux) <= MUX_TX_FOCUS)
		mux->owed = 0u;
	else if (mux->owed < MUX_TX_FOCUS)
		mux->owed += bytes;
}

static bool mux_show(struct mux *mux, struct mux_world *world, uint64_t now)
{
	bool lets = mux_terminal_lets(mux, world);

	/* the supervisor speaks when spoken to, or when something is wrong */
	if (mux->muted && world != mux_supervisor(mux))
		return true;
	if (lets && !mux_focus_lets(mux, world, now))
		return false;
	world->waits = false;
	if (!lets || !mux_pay(mux, world, now))
		return false;
	mux_show_line(mux, world);
	mux_owe(mux, mux_cost(mux, world));
	mux->turn = (uint32_t)(world - mux->world) + 1u;
	return true;
}

/* Shows the complete line of `world`; false: not yet. */
static bool mux_show_ready(struct mux *mux, struct mux_world *world, uint64_t now)
{
	/* blank lines are not worth one, nor is a line that has been shown as it is */
	if (world->line.length != 0u && !world->shown && !mux_show(mux, world, now))
		return false;
	line_clear(&world->line);
	world->ready = false;
	world->shown = false;
	return true;
}

static void mux_show_partial(struct mux *mux, struct mux_world *world, uint64_t now)
{
	uint64_t due = world->since + mux_ticks(mux, MUX_PARTIAL_MS);

	if (world->line.length == 0u || world->shown)
		return;
	if (now < due)
		mux_until(mux, due);
	else
		world->shown = mux_show(mux, world, now);
}

static void mux_step_other(struct mux *mux, struct mux_world *world, uint64_t now)
{
	for (;;) {
		enum line_event event;

		if (world->ready && !mux_show_ready(mux, world, now))
			return;
		if (world->stash_next == world->stash_end)
			break;
		event = line_byte(&world->line, world->stash[world->stash_next]);
		if (event == LINE_MORE && world->stash[world->stash_next] != '\r')
			world->shown = false;
		if (event != LINE_FULL)
			world->stash_next++;
		if (event != LINE_MORE)
			world->ready = true;
	}
	mux_show_partial(mux, world, now);
}

/* ---- the world with the focus ---- */

static void mux_step_focus(struct mux *mux, struct mux_world *world)
{
	while (world->stash_next != world->stash_end && mux_tx_used(mux) + 2u <= MUX_TX_FOCUS) {
		uint8_t byte = world->stash[world->stash_next++];

		if (mux->owed != 0u)
			mux->owed--;
		if (byte == '\n' && world->last != '\r')
			mux_put(mux, '\r');
		mux_put(mux, (char)byte);
		world->last = byte;
		switch (line_byte(&world->line, byte)) {
		case LINE_END:
			line_clear(&world->line);
			world->overlong = false;
			break;
		case LINE_FULL:
			world->overlong = true;
			break;
		default:
			break;
		}
	}
}

void mux_set_focus(struct mux *mux, uint32_t number)
{
	struct mux_world *before = &mux->world[mux->focus];
	struct mux_world *world = &mux->world[number];

	if (before == world) {
		mux_say(mux, "");
		return;
	}
	if (mux_mid_line(before))
		mux_put_text(mux, "\r\n");
	if (before->overlong)
		line_clear(&before->line);
	before->overlong = false;
	before->shown = before->line.length != 0u;
	mux->focus = number;
	mux->owed = 0u;
	mux_put_text(mux, "[");
	mux_put_text(mux, world->name);
	mux_put_text(mux, "]\r\n");
	mux_enter_line(mux);
	if (world->ready) {
		mux_put_text(mux, "\r\n");
		line_clear(&world->line);
	}
	world->ready = false;
	world->shown = false;
}

/* ---- all of them ---- */

uint32_t mux_room(const struct mux *mux, uint32_t number)
{
	const struct mux_world *world = &mux->world[number];

	return world->stash_next == world->stash_end ? MUX_STASH_BYTES : 0u;
}

void mux_output(struct mux *mux, uint32_t number, const void *bytes, uint32_t count, uint64_t now)
{
	struct mux_world *world = &mux->world[number];

	if (count == 0u || count > mux_room(mux, number))
		return;
	memcpy(world->stash, bytes, count);
	world->stash_next = 0u;
	world->stash_end = count;
	world->since = now;
	world->bytes += count;
}

void mux_step(struct mux *mux, uint64_t now)
{
	uint32_t turn;

	mux->deadline = MUX_NEVER;
	mux_expire_input(mux, now);
	/* what it says of an end stands before what the world prints when it is started again */
	if (mux->supervisor != MUX_NO_WORLD && mux->supervisor != mux->focus)
		mux_step_other(mux, &mux->world[mux->supervisor], now);
	mux_step_focus(mux, &mux->world[mux->focus]);
	turn = mux->turn;
	for (uint32_t i = 0u; i < mux->world_count; i++) {
		uint32_t number = (turn + i) % mux->world_count;

		if (number != mux->supervisor && number != mux->focus)
			mux_step_other(mux, &mux->world[number], now);
	}
}
