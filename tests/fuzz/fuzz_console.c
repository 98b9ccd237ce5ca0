/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: user/services/console_mux.c user/services/console_keys.c
 *	user/services/console_line.c
 * helpers: user/lib/text.c
 */
/*
 * The console's multiplexer: worlds that print anything, keys in any order, a slow terminal and
 * worlds that do not read. Its books are checked after each step; what is typed must come to
 * the world that had the focus, in order; and in runs where the world with the focus prints
 * nothing the others must not be able to steer the terminal.
 */
#include "tests/fuzz/fuzz.h"

#include "user/services/console_mux.h"

#define WORLDS_MOST 6u
#define TYPED_MOST  8192u
#define SECOND      1000000u

struct typed {
	uint8_t byte;
	uint8_t world;
};

static struct mux *mux; /* on the heap: ASan guards its ends */
static uint64_t now;
static bool clean; /* the world with the focus is silent and stays the same */
static uint8_t shown;
static struct typed typed[TYPED_MOST];
static uint32_t typed_head;
static uint32_t typed_tail;

static void check_world(const struct mux_world *world)
{
	const struct console_line *line = &world->line;

	FUZZ_CHECK(world->stash_next <= world->stash_end && world->stash_end <= MUX_STASH_BYTES);
	FUZZ_CHECK(line->cursor <= line->length && line->length <= LINE_CELLS);
	FUZZ_CHECK(world->credit <= (uint64_t)MUX_BURST * mux->ticks_per_second / MUX_RATE);
	FUZZ_CHECK(strnlen(world->name, MUX_NAME_BYTES) < MUX_NAME_BYTES);
}

static void check_books(void)
{
	FUZZ_CHECK(mux->focus < mux->world_count);
	FUZZ_CHECK(mux->tx_head - mux->tx_tail <= MUX_TX_BYTES);
	FUZZ_CHECK(mux->input_head - mux->input_tail <= MUX_INPUT_BYTES);
	for (uint32_t i = 0u; i < mux->world_count; i++)
		check_world(&mux->world[i]);
}

/* Nothing but text, ends of lines, the bell, and the console's own "erase the line". */
static void check_shown(uint8_t byte)
{
	if (shown == 0x1bu)
		FUZZ_CHECK(byte == '[');
	else
		FUZZ_CHECK((byte >= 0x20u && byte < 0x7fu) || byte == '\r' || byte == '\n' ||
		           byte == '\a' || byte == '\b' || byte == 0x1bu);
	shown = byte;
}

static void terminal_takes(uint32_t count)
{
	for (; count != 0u && mux_peek(mux) >= 0; count--) {
		if (clean)
			check_shown((uint8_t)mux_peek(mux));
		mux_drop(mux);
	}
}

static void step(void)
{
	uint32_t waiting = mux->input_head - mux->input_tail;
	uint32_t gone;

	mux_step(mux, now);
	/* what was given up is what was typed first */
	gone = waiting - (mux->input_head - mux->input_tail);
	FUZZ_CHECK(gone <= waiting && gone <= typed_head - typed_tail);
	typed_tail += gone;
	FUZZ_CHECK(mux_deadline(mux) > now);
}

static void world_prints(struct fuzz *in, uint32_t world)
{
	uint8_t bytes[MUX_STASH_BYTES];
	uint32_t room = mux_room(mux, world);
	uint32_t count = fuzz_u8(in);

	count = count < room ? count : room;
	for (uint32_t i = 0u; i < count; i++)
		bytes[i] = fuzz_u8(in);
	if (clean && world == mux->focus)
		return;
	mux_output(mux, world, bytes, count, now);
}

/* The same byte over and over: what fills buffers. */
static void world_floods(struct fuzz *in, uint32_t world)
{
	uint8_t bytes[MUX_STASH_BYTES];
	uint8_t byte = fuzz_u8(in);

	if (clean && world == mux->focus)
		return;
	for (uint32_t i = 0u; i < MUX_STASH_BYTES; i++)
		bytes[i] = i % 64u == 63u ? '\n' : byte;
	if (mux_room(mux, world) != 0u)
		mux_output(mux, world, bytes, MUX_STASH_BYTES, now);
}

/* An escape sequence, as an editor of lines sends it, or half of one. */
static void world_edits(struct fuzz *in, uint32_t world)
{
	static const char finals[] = "@CDGHJKPm]X";
	uint8_t how = fuzz_u8(in);
	char bytes[32];
	int count = snprintf(bytes, sizeof(bytes), "abc\t\x1b[%u%c\b%s", fuzz_u8(in),
	                     finals[how % (sizeof(finals) - 1u)], how >= 0xc0u ? "\x1b" : "");

	if (clean && world == mux->focus)
		return;
	if (mux_room(mux, world) != 0u)
		mux_output(mux, world, bytes, (uint32_t)count, now);
}

static void type(uint8_t byte)
{
	uint32_t before = mux->input_head;
	bool command = mux->escape;

	if (clean && command && byte >= '0' && byte <= '9')
		byte = 's';
	if (!mux_can_type(mux) || typed_head - typed_tail + 16u > TYPED_MOST)
		return;
	mux_type(mux, byte, now);
	/* a key is one byte for the focus; a command is none, or a line for the supervisor */
	if (command && byte == 's' && mux->supervisor != MUX_NO_WORLD)
		FUZZ_CHECK(mux->input_head - before > 1u);
	else
		FUZZ_CHECK(mux->input_head - before <= 1u);
	for (uint32_t i = before; i != mux->input_head; i++) {
		uint32_t to = command && byte == 's' ? mux->supervisor : mux->focus;
		struct typed *key = &typed[typed_head++ % TYPED_MOST];

		*key = (struct typed){mux->input[i % MUX_INPUT_BYTES], (uint8_t)to};
		FUZZ_CHECK(mux->input_head - before > 1u || key->byte == byte);
	}
}

static void world_reads(struct fuzz *in)
{
	uint8_t bytes[64];
	uint32_t most = 1u + fuzz_pick(in, sizeof(bytes));
	uint32_t world;
	uint32_t count = mux_input(mux, &world, bytes, most);
	uint32_t taken = fuzz_u8(in);

	FUZZ_CHECK(count <= most && count <= typed_head - typed_tail);
	FUZZ_CHECK(count != 0u || typed_head == typed_tail);
	taken = taken < count ? taken : count;
	for (uint32_t i = 0u; i < count; i++) {
		struct typed key = typed[(typed_tail + i) % TYPED_MOST];

		FUZZ_CHECK(key.byte == bytes[i] && key.world == world);
	}
	mux_delivered(mux, taken, now);
	typed_tail += taken;
}

static void start(struct fuzz *in)
{
	static const char *const names[] = {
		"linux", "supervisor", "alive", "a-rather-long-name-that-does-not-fit", "%s%n", ""};
	uint8_t how = fuzz_u8(in);
	uint32_t count = how == 0xffu ? MUX_WORLDS + 2u : 1u + how % WORLDS_MOST;

	clean = (how & 0x80u) != 0u;
	shown = 0u;
	now = fuzz_u32(in);
	typed_head = 0u;
	typed_tail = 0u;
	mux_init(mux, SECOND);
	for (uint32_t i = 0u; i < count; i++)
		mux_add(mux, names[(i + (how >> 3)) % WORLDS_MOST]);
	mux_start(mux, now);
}

static void act(struct fuzz *in)
{
	uint8_t what = fuzz_u8(in);
	uint32_t world = (uint32_t)(what >> 4) % mux->world_count;

	switch (what & 15u) {
	case 0u:
	case 1u:
	case 2u:
		world_prints(in, world);
		break;
	case 3u:
		world_edits(in, world);
		break;
	case 4u:
		world_floods(in, world);
		break;
	case 5u:
		type(fuzz_u8(in));
		break;
	case 6u:
		type(MUX_ESCAPE);
		type(fuzz_u8(in));
		break;
	case 7u: /* a paste, or a key that is held */
		for (uint32_t i = 0u; i < 200u; i++)
			type((uint8_t)(what >> 4 | 0x40u));
		break;
	case 8u:
		world_reads(in);
		break;
	case 9u:
		now += fuzz_u16(in);
		break;
	case 10u:
		now += (uint64_t)fuzz_u8(in) * SECOND / 4u;
		break;
	case 11u:
		terminal_takes(fuzz_u8(in));
		break;
	case 12u:
		terminal_takes(MUX_TX_BYTES);
		break;
	default: /* until the deadline that the multiplexer asks for */
		now = mux_deadline(mux) != MUX_NEVER ? mux_deadline(mux) : now + 1u;
		step();
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = {data, size};

	mux = malloc(sizeof(*mux));
	start(&in);
	while (in.left != 0u) {
		act(&in);
		check_books();
		step();
		check_books();
	}
	terminal_takes(MUX_TX_BYTES);
	(void)mux_wants_off(mux);
	free(mux);
	return 0;
}
