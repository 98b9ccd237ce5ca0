/* SPDX-License-Identifier: Apache-2.0 */
/* sources: user/lib/channel.c */
/*
 * A channel whose peer is hostile, and one whose peer is honest. The hostile peer writes what
 * it likes into the shared page between our calls: nothing outside of it may be touched, and
 * what we are told must be possible. With an honest peer the bytes must come out as they went
 * in, through restarts of either side, and whoever waits must be told.
 */
#include "tests/fuzz/fuzz.h"

#include "user/lib/channel.h"

#define PIECE 1200u /* more than a ring */

static struct channel *shared; /* exactly as large as it may be: ASan has the rest */

static void hostile_write(struct fuzz *in)
{
	uint8_t where = fuzz_u8(in);
	uint32_t value = (uint32_t)fuzz_number(in);
	struct channel_ring *ring = &shared->ring[where >> 3 & 1u];

	switch (where & 7u) {
	case 0u:
		shared->generation[where >> 3 & 1u] = value;
		break;
	case 1u:
		ring->head = value;
		break;
	case 2u:
		ring->tail = value;
		break;
	case 3u: /* near the other index: as a peer would that is only a little wrong */
		ring->head = ring->tail + value % 2100u - 20u;
		break;
	case 4u:
		ring->tail = ring->head - value % 2100u + 20u;
		break;
	default:
		memset(ring->data, (int)value, CHANNEL_RING_BYTES);
		break;
	}
}

static void check_put(struct channel_end *end, uint32_t bytes)
{
	uint8_t *data = malloc(bytes + 1u);
	uint32_t room = channel_room(end);
	uint32_t before = end->head;
	struct channel_ring *ring = &shared->ring[end->side];
	bool tell = false;
	uint32_t count;

	for (uint32_t i = 0u; i < bytes; i++)
		data[i] = (uint8_t)(before + i);
	FUZZ_CHECK(room <= CHANNEL_RING_BYTES);
	count = channel_put(end, data, bytes, &tell);
	FUZZ_CHECK(count == (bytes < room ? bytes : room));
	FUZZ_CHECK(count == 0u || ring->head == before + count);
	for (uint32_t i = 0u; i < count; i++)
		FUZZ_CHECK(ring->data[(before + i) % CHANNEL_RING_BYTES] == data[i]);
	free(data);
}

static void check_take(struct channel_end *end, uint32_t bytes)
{
	uint8_t *data = malloc(bytes + 1u);
	uint32_t used = channel_used(end);
	uint32_t before = end->tail;
	struct channel_ring *ring = &shared->ring[end->side ^ 1u];
	bool tell = false;
	uint32_t count;

	FUZZ_CHECK(used <= CHANNEL_RING_BYTES);
	count = channel_take(end, data, bytes, &tell);
	FUZZ_CHECK(count == (bytes < used ? bytes : used));
	FUZZ_CHECK(count == 0u || ring->tail == before + count);
	for (uint32_t i = 0u; i < count; i++)
		FUZZ_CHECK(ring->data[(before + i) % CHANNEL_RING_BYTES] == data[i]);
	free(data);
}

static void hostile(struct fuzz *in)
{
	struct channel_end end = {.shared = NULL};
	struct process_channel info = {.va = (uint64_t)(uintptr_t)shared, .handle = 7u};
	bool tell = false;

	FUZZ_CHECK(channel_put(&end, "x", 1u, &tell) == 0u && channel_used(&end) == 0u);
	info.side = fuzz_pick(in, 2u);
	while (in->left != 0u) {
		switch (fuzz_pick(in, 8u)) {
		case 0u:
			channel_open_info(&end, &info);
			break;
		case 1u:
			channel_resume(&end, shared, info.side, 7u);
			break;
		case 2u:
		case 3u:
			if (end.shared != NULL)
				check_put(&end, fuzz_u16(in) % PIECE);
			break;
		case 4u:
		case 5u:
			if (end.shared != NULL)
				check_take(&end, fuzz_u16(in) % PIECE);
			break;
		default:
			hostile_write(in);
			break;
		}
	}
}

/* One direction of an honest channel: what was put and not yet taken. */
struct flow {
	uint8_t byte[CHANNEL_RING_BYTES];
	uint32_t put;
	uint32_t taken;
};

static void honest_put(struct channel_end *end, struct flow *flow, uint32_t bytes)
{
	uint8_t data[PIECE];
	uint32_t used = flow->put - flow->taken;
	uint32_t room = CHANNEL_RING_BYTES - used;
	bool tell = false;
	uint32_t count;

	for (uint32_t i = 0u; i < bytes; i++)
		data[i] = (uint8_t)((flow->put + i) * 31u >> 3);
	count = channel_put(end, data, bytes, &tell);
	FUZZ_CHECK(count == (bytes < room ? bytes : room));
	FUZZ_CHECK(tell == (count != 0u && used == 0u));
	for (uint32_t i = 0u; i < count; i++)
		flow->byte[flow->put++ % CHANNEL_RING_BYTES] = data[i];
}

static void honest_take(struct channel_end *end, struct flow *flow, uint32_t bytes)
{
	uint8_t data[PIECE];
	uint32_t used = flow->put - flow->taken;
	bool tell = false;
	uint32_t count = channel_take(end, data, bytes, &tell);

	FUZZ_CHECK(count == (bytes < used ? bytes : used));
	FUZZ_CHECK(tell == (count != 0u && used == CHANNEL_RING_BYTES));
	for (uint32_t i = 0u; i < count; i++)
		FUZZ_CHECK(data[i] == flow->byte[flow->taken++ % CHANNEL_RING_BYTES]);
}

static void honest(struct fuzz *in)
{
	static struct flow flow[2];
	struct channel_end end[2];
	uint32_t start = fuzz_u32(in);

	/* anywhere: the indices wrap at 2^32 */
	for (uint32_t side = 0u; side < 2u; side++) {
		flow[side].put = start;
		flow[side].taken = start;
		shared->ring[side].head = start;
		shared->ring[side].tail = start;
	}
	for (uint32_t side = 0u; side < 2u; side++)
		channel_open(&end[side], shared, side, 1u + side);
	while (in->left != 0u) {
		uint8_t what = fuzz_u8(in);
		uint32_t side = what & 1u;

		switch (what >> 1 & 7u) {
		case 0u: /* restarted: what was on its way to it is dropped */
			channel_open(&end[side], shared, side, 1u + side);
			flow[side ^ 1u].taken = flow[side ^ 1u].put;
			break;
		case 1u:
			channel_resume(&end[side], shared, side, 1u + side);
			break;
		case 2u:
		case 3u:
		case 4u:
			honest_put(&end[side], &flow[side], fuzz_u16(in) % PIECE);
			break;
		default:
			honest_take(&end[side], &flow[side ^ 1u], fuzz_u16(in) % PIECE);
			break;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = {data, size};

	shared = calloc(1u, sizeof(*shared));
	if (fuzz_pick(&in, 2u) == 0u)
		hostile(&in);
	else
		honest(&in);
	free(shared);
	return 0;
}
