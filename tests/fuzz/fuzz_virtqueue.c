/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: user/vmm/virtio/virtqueue.c user/vmm/virtio/virtqueue_split.c
 *	user/vmm/virtio/virtqueue_packed.c user/vmm/virtio/virtio.c
 * helpers: guests/lib/bare_ring.c user/lib/text.c tests/unit/vmm_host.c
 */
/*
 * A virtio device with two queues, its registers and the guest's memory: a driver that obeys, mixed
 * with one that writes anything anywhere, also while the device reads (between the check of an
 * address and what follows). Two banks of RAM are two allocations, so that the sanitizer sees every
 * access outside. After each step nothing is written but what the device may write; each
 * chain is returned once, where it belongs, in order if that is agreed; an obedient driver never
 * breaks the device and finds everything.
 */
#include "tests/fuzz/fuzz.h"

#include "guests/lib/bare_ring.h"
#include "user/vmm/ram.h"
#include "user/vmm/virtio/virtio.h"

#define RAM        0x40000000ull
#define BANK       0x4000u
#define FAR_RAM    0x40005000ull /* the second bank, behind a hole */
#define FAR_BANK   0x1000u
#define QUEUES     2u
#define QUEUE_AREA 0x0e00u /* of each queue: descriptors, driver area, device area */
#define DRIVER_AT  0x0800u
#define DEVICE_AT  0x0910u
#define TABLE_AT   0x1c00u
#define DATA_AT    0x3000u
#define HELD       32u
#define PIECES     4u
#define RACES      4u
#define TABLES     64u

/* 4.2.2 */
#define STATUS        0x70u
#define NEEDS_RESET   0x40u
#define DRIVER_OK     0x04u
#define INTERRUPTS    0x60u
#define INTERRUPT_ACK 0x64u
#define NOTIFY        0x50u

struct bank {
	uint64_t ipa;
	uint32_t bytes;
	uint8_t *now;
	uint8_t *before;
	uint8_t *may; /* written by the device in this step */
};

/* What is known of a queue: how it was started, and what was taken and returned. */
struct model {
	bool live;
	bool packed;
	bool in_order;
	bool wrap;
	uint32_t size;
	uint64_t descriptors;
	uint64_t device;
	uint16_t give;  /* where the next comes */
	uint32_t first; /* in the list of what is taken */
	uint32_t count;
	struct virtio_chain *chain[RING_SIZE_MAX];
	bool done[RING_SIZE_MAX];
	uint32_t written[RING_SIZE_MAX];
};

/* A write that happens behind the back of the device's n-th check of an address. */
struct race {
	uint64_t ipa;
	uint32_t wait;
	uint32_t value;
};

static struct bank banks[2];
static struct device device;
static struct virtio virtio;
static struct virtqueue queues[QUEUES];
static struct ring rings[QUEUES];
static struct model models[QUEUES];
static struct race races[RACES];
static uint8_t config[12];
static bool obeys;
static uint64_t tables; /* a bit for each that a chain uses */
static uint8_t table_of[QUEUES][RING_SIZE_MAX];
static struct {
	uint32_t queue;
	struct virtio_chain chain;
} held[HELD];
static uint32_t held_count;

static uint8_t *place(uint64_t ipa, uint64_t bytes)
{
	for (uint32_t i = 0u; i < 2u; i++) {
		if (ipa >= banks[i].ipa && ipa - banks[i].ipa < banks[i].bytes &&
		    bytes <= banks[i].bytes - (ipa - banks[i].ipa))
			return banks[i].now + (ipa - banks[i].ipa);
	}
	return NULL;
}

/* The guest's own write: no step of the device. */
static void poke(uint64_t ipa, uint32_t value, uint32_t bytes)
{
	uint8_t *at = place(ipa, bytes);

	if (at == NULL)
		return;
	memcpy(at, &value, bytes);
	for (uint32_t i = 0u; i < 2u; i++) {
		if (at >= banks[i].now && at < banks[i].now + banks[i].bytes)
			memcpy(banks[i].before + (at - banks[i].now), &value, bytes);
	}
}

/* ram.h, with a guest that writes meanwhile */
void *ram_pointer(uint64_t ipa, uint64_t bytes)
{
	uint8_t *at = place(ipa, bytes);

	for (uint32_t i = 0u; i < RACES; i++) {
		if (races[i].wait != 0u && --races[i].wait == 0u)
			poke(races[i].ipa, races[i].value, 2u);
	}
	return at;
}

/* bus.h: one thread, no GIC */
void device_settle(struct device *settled)
{
	settled->line_told = settled->line_wanted;
	lock_release(&settled->lock);
}

static void allow(uint64_t ipa, uint32_t bytes)
{
	uint8_t *at = place(ipa, bytes);

	for (uint32_t i = 0u; i < 2u && at != NULL; i++) {
		if (ipa >= banks[i].ipa && ipa - banks[i].ipa < banks[i].bytes)
			memset(banks[i].may + (ipa - banks[i].ipa), 1, bytes);
	}
}

static void allow_pointer(const uint8_t *at, uint32_t bytes)
{
	for (uint32_t i = 0u; i < 2u; i++) {
		if (at >= banks[i].now && at < banks[i].now + banks[i].bytes)
			memset(banks[i].may + (at - banks[i].now), 1, bytes);
	}
}

static void step_begins(void)
{
	for (uint32_t i = 0u; i < 2u; i++) {
		memcpy(banks[i].before, banks[i].now, banks[i].bytes);
		memset(banks[i].may, 0, banks[i].bytes);
	}
	/* the word in which a queue says when it wants to be notified */
	for (uint32_t i = 0u; i < QUEUES; i++) {
		struct model *model = &models[i];

		if (!model->live)
			continue;
		if (model->packed) {
			allow(model->device, 4u);
		} else {
			allow(model->device, 2u);
			allow(model->device + 4u + 8u * model->size, 2u);
		}
	}
}

static void bank_is_good(const struct bank *bank)
{
	if (memcmp(bank->now, bank->before, bank->bytes) == 0)
		return;
	for (uint32_t i = 0u; i < bank->bytes; i++)
		FUZZ_CHECK(bank->now[i] == bank->before[i] || bank->may[i] != 0u);
}

static void step_ends(void)
{
	bank_is_good(&banks[0]);
	bank_is_good(&banks[1]);
	FUZZ_CHECK(device.line_wanted == (virtio.interrupts != 0u));
	FUZZ_CHECK(device.lock.held == 0u);
	for (uint32_t i = 0u; i < QUEUES; i++) {
		FUZZ_CHECK(!queues[i].broken || (virtio.status & NEEDS_RESET) != 0u);
		FUZZ_CHECK(!queues[i].live || queues[i].flying <= queues[i].size);
	}
	FUZZ_CHECK(!obeys || (virtio.status & NEEDS_RESET) == 0u);
}

/* ---- the device ------------------------------------------------------------------------- */

/* Every byte of the chain is there, and no more than is said. */
static void look(struct virtio_chain *chain)
{
	static uint8_t bytes[BANK];
	uint64_t out = 0u;
	uint64_t in = 0u;

	FUZZ_CHECK(chain->out_count + chain->in_count <= VIRTQUEUE_SIZE_MAX);
	for (uint32_t i = 0u; i < chain->out_count; i++)
		out += chain->segment[i].bytes;
	for (uint32_t i = 0u; i < chain->in_count; i++)
		in += virtio_in(chain)[i].bytes;
	FUZZ_CHECK(out == chain->out_bytes && in == chain->in_bytes);
	for (uint32_t done = 0u; done < out; done += BANK)
		(void)virtio_copy_from(virtio_out(chain), chain->out_count, done, bytes, BANK);
	FUZZ_CHECK(chain->slots >= 1u);
}

static void toy_notify(struct virtio *toy, uint32_t queue)
{
	struct model *model = &models[queue];

	FUZZ_CHECK(queue < QUEUES);
	while (held_count < HELD && virtio_take(toy, queue, &held[held_count].chain)) {
		struct virtio_chain *chain = &held[held_count].chain;

		FUZZ_CHECK(model->live && queues[queue].live);
		look(chain);
		FUZZ_CHECK(model->count < model->size);
		model->chain[(model->first + model->count) % RING_SIZE_MAX] = NULL;
		model->done[(model->first + model->count) % RING_SIZE_MAX] = false;
		chain->padding = (uint16_t)((model->first + model->count) % RING_SIZE_MAX);
		model->count++;
		held[held_count].queue = queue;
		held_count++;
	}
}

static void toy_reset(struct virtio *toy)
{
	(void)toy;
	held_count = 0u;
	for (uint32_t i = 0u; i < QUEUES; i++)
		models[i].live = false;
}

static void toy_start(struct virtio *toy)
{
	FUZZ_CHECK(virtio_live(toy) && held_count == 0u);
}

static void toy_configure(struct virtio *toy, uint32_t offset, uint32_t bytes, uint32_t value)
{
	(void)toy;
	FUZZ_CHECK(offset <= sizeof(config) && bytes <= sizeof(config) - offset);
	memcpy(config + offset, &value, bytes);
}

static void toy_poll(struct virtio *toy)
{
	for (uint32_t i = 0u; i < QUEUES; i++)
		toy_notify(toy, i);
}

static const struct virtio_ops toy_ops = {
	.id = 42u,
	.start = toy_start,
	.reset = toy_reset,
	.notify = toy_notify,
	.configure = toy_configure,
	.poll = toy_poll,
};

static uint32_t load(uint64_t ipa, uint32_t bytes)
{
	uint32_t value = 0u;

	memcpy(&value, place(ipa, bytes), bytes);
	return value;
}

/* Where the next that is returned must be, and whether it is there. */
static void model_allows(struct model *model, uint32_t ahead)
{
	if (model->packed) {
		allow(model->descriptors, 16u * model->size);
	} else {
		allow(model->device + 4u + 8u * ((model->give + ahead) & (model->size - 1u)), 8u);
		allow(model->device + 2u, 2u);
	}
}

static void model_given(struct model *model, const struct virtio_chain *chain, uint32_t written)
{
	if (!model->packed) {
		uint64_t at = model->device + 4u + 8u * (model->give & (model->size - 1u));

		FUZZ_CHECK(load(at, 4u) == chain->id && load(at + 4u, 4u) == written);
		model->give++;
		return;
	}
	FUZZ_CHECK(load(model->descriptors + 16u * model->give + 12u, 2u) == chain->id);
	FUZZ_CHECK(load(model->descriptors + 16u * model->give + 8u, 4u) == written);
	FUZZ_CHECK((load(model->descriptors + 16u * model->give + 14u, 2u) & ~RING_WRITE) ==
	           (model->wrap ? RING_AVAIL | RING_USED : 0u));
	model->give = (uint16_t)(model->give + chain->slots);
	if (model->give >= model->size) {
		model->give = (uint16_t)(model->give - model->size);
		model->wrap = !model->wrap;
	}
}

static void device_gives(struct fuzz *in)
{
	static struct virtio_chain kept[QUEUES][RING_SIZE_MAX];
	static const uint8_t zeroes[BANK];
	uint32_t which = fuzz_u8(in);
	uint32_t written = fuzz_u16(in);
	uint32_t queue;
	struct model *model;
	struct virtio_chain *chain;
	bool alive;

	if (held_count == 0u)
		return;
	which %= held_count;
	queue = held[which].queue;
	model = &models[queue];
	chain = &held[which].chain;
	alive = queues[queue].live && !queues[queue].broken;
	written = written < chain->in_bytes ? written : chain->in_bytes;
	for (uint32_t i = 0u; i < chain->in_count; i++)
		allow_pointer(virtio_in(chain)[i].at, virtio_in(chain)[i].bytes);
	for (uint32_t i = 0u; i < model->count && alive; i++)
		model_allows(model, i);
	(void)virtio_copy_to(virtio_in(chain), chain->in_count, 0u, zeroes,
	                     written < BANK ? written : BANK);
	device_lock(&device);
	virtqueue_give(&queues[queue], chain, written);
	virtio_told(&virtio, queue);
	device_unlock(&device);
	if (alive && model->in_order) {
		kept[queue][chain->padding] = *chain;
		model->chain[chain->padding] = &kept[queue][chain->padding];
		model->done[chain->padding] = true;
		model->written[chain->padding] = written;
		while (model->count != 0u && model->done[model->first]) {
			model_given(model, model->chain[model->first],
			            model->written[model->first]);
			model->done[model->first] = false;
			model->first = (model->first + 1u) % RING_SIZE_MAX;
			model->count--;
		}
	} else if (alive) {
		model_given(model, chain, written);
		model->count--;
	}
	if (alive && !model->packed)
		FUZZ_CHECK(load(model->device + 2u, 2u) == model->give);
	held[which] = held[--held_count];
}

/* ---- the driver ------------------------------------------------------------------------- */

static uint32_t get(uint32_t offset)
{
	return virtio_read(&device, offset, 4u);
}

static void models_follow(void)
{
	for (uint32_t i = 0u; i < QUEUES; i++) {
		struct model *model = &models[i];

		if (queues[i].live && !model->live)
			*model = (struct model){.live = true,
			                        .packed = queues[i].packed,
			                        .in_order = queues[i].in_order,
			                        .wrap = true,
			                        .size = queues[i].size,
			                        .descriptors = queues[i].descriptors,
			                        .device = queues[i].device};
		model->live = queues[i].live;
	}
}

static void put(uint32_t offset, uint32_t value)
{
	virtio_write(&device, offset, 4u, value);
	models_follow();
}

static void put_address(uint32_t offset, uint64_t ipa)
{
	put(offset, (uint32_t)ipa);
	put(offset + 4u, (uint32_t)(ipa >> 32));
}

static void driver_starts(struct fuzz *in)
{
	uint8_t what = fuzz_u8(in);
	bool packed = (what & 1u) != 0u;

	tables = 0u;
	put(STATUS, 0u);
	FUZZ_CHECK(get(STATUS) == 0u && !device.line_wanted);
	put(STATUS, 3u);
	put(0x24u, 0u);
	put(0x20u, ((what & 2u) != 0u ? 1u << 29 : 0u) | ((what & 4u) != 0u ? 1u << 28 : 0u));
	put(0x24u, 1u);
	put(0x20u, 1u | (packed ? 4u : 0u) | ((what & 8u) != 0u ? 8u : 0u));
	put(STATUS, 11u);
	FUZZ_CHECK((get(STATUS) & 8u) != 0u);
	for (uint32_t i = 0u; i < QUEUES; i++) {
		uint64_t base = RAM + QUEUE_AREA * i;
		uint32_t size = 1u + fuzz_pick(in, VIRTQUEUE_SIZE_MAX);

		if ((what & 0x10u) != 0u)
			size = 1u + size % 4u;
		while (!packed && (size & (size - 1u)) != 0u)
			size &= size - 1u;
		ring_init(&rings[i], packed, (what & 2u) != 0u, (uint16_t)size, place(base, 1u),
		          place(base + DRIVER_AT, 1u), place(base + DEVICE_AT, 1u));
		put(0x30u, i);
		FUZZ_CHECK(get(0x34u) >= size && get(0x44u) == 0u);
		put(0x38u, size);
		put_address(0x80u, base);
		put_address(0x90u, base + DRIVER_AT);
		put_address(0xa0u, base + DEVICE_AT);
		put(0x44u, 1u);
		FUZZ_CHECK(get(0x44u) == 1u);
	}
	put(STATUS, 15u);
}

static void driver_adds(struct fuzz *in)
{
	uint8_t what = fuzz_u8(in);
	uint32_t queue = what & 1u;
	uint32_t count = 1u + (what >> 1) % PIECES;
	bool indirect = (virtio.accepted & VIRTIO_F_INDIRECT_DESC) != 0u && (what & 0x80u) != 0u &&
	                tables != UINT64_MAX;
	uint32_t number = indirect ? (uint32_t)__builtin_ctzll(~tables) : 0u;
	uint64_t table = RAM + TABLE_AT + 16u * PIECES * number;
	struct ring_buffer buffers[PIECES];
	uint32_t readable = fuzz_pick(in, PIECES + 1u);
	uint16_t id;

	for (uint32_t i = 0u; i < count; i++) {
		uint8_t where = fuzz_u8(in);

		buffers[i].address =
			(where & 1u) != 0u ? FAR_RAM + 8u * where : RAM + DATA_AT + 8u * where;
		buffers[i].bytes = fuzz_u8(in);
		buffers[i].write = i >= readable;
	}
	if (!ring_add(&rings[queue], buffers, count, indirect ? (void *)place(table, 1u) : NULL,
	              table, &id))
		return;
	table_of[queue][id] = (uint8_t)(indirect ? number : TABLES);
	if (indirect)
		tables |= 1ull << number;
}

static void driver_collects(uint32_t queue)
{
	uint32_t written;
	uint16_t id;

	while (ring_used(&rings[queue], &id, &written)) {
		if (table_of[queue][id] < TABLES)
			tables &= ~(1ull << table_of[queue][id]);
	}
	FUZZ_CHECK(!obeys || !rings[queue].broken);
}

/* A queue at any address, of any size. */
static void driver_misplaces(struct fuzz *in)
{
	static const uint32_t where[4] = {0x80u, 0x90u, 0xa0u, 0x80u};

	put(STATUS, 0u);
	put(STATUS, 3u);
	put(0x24u, 1u);
	put(0x20u, 1u | (fuzz_u8(in) & 0xcu));
	put(STATUS, 11u);
	for (uint32_t i = 0u; i < QUEUES; i++) {
		put(0x30u, i);
		put(0x38u, 1u << fuzz_pick(in, 8u));
		for (uint32_t j = 0u; j < 3u; j++)
			put_address(where[j], RAM + fuzz_u16(in));
		put(0x44u, 1u);
	}
	put(STATUS, 15u);
}

static uint64_t any_place(struct fuzz *in)
{
	uint16_t where = fuzz_u16(in);

	if ((where & 0x8000u) != 0u)
		return RAM + QUEUE_AREA * (where & 1u) + (where >> 1) % QUEUE_AREA;
	return RAM + (where % (BANK + FAR_BANK + 0x1000u) & ~1u);
}

/* A descriptor in a ring that the device may be about to take: near the ends of RAM, small, odd flags. */
static void driver_forges(struct fuzz *in)
{
	uint8_t where = fuzz_u8(in);
	uint8_t what = fuzz_u8(in);
	uint8_t flags = fuzz_u8(in);
	struct ring *ring = &rings[where & 1u];
	uint64_t at = RAM + QUEUE_AREA * (where & 1u) +
	              16u * (((uint32_t)(where >> 1) + ring->avail) % ring->size);
	uint64_t end = (what & 0x80u) != 0u ? FAR_RAM + FAR_BANK : RAM + BANK;

	poke(at, (uint32_t)(end - 16u * (what & 7u)), 4u);
	poke(at + 8u, 16u * (what >> 3 & 7u), 4u);
	poke(at + (ring->packed ? 14u : 12u),
	     (flags & 7u) | (ring->packed && (flags & 8u) == 0u
	                             ? (ring->avail_wrap ? RING_AVAIL : RING_USED)
	                             : 0u),
	     2u);
	if (!ring->packed && (flags & 0x10u) == 0u)
		poke(RAM + QUEUE_AREA * (where & 1u) + DRIVER_AT + 2u, (uint32_t)ring->avail + 1u,
		     2u);
	if ((flags & 0x20u) == 0u)
		put(NOTIFY, where & 1u);
}

static void driver_breaks_rules(struct fuzz *in, uint8_t how)
{
	struct race *race = &races[how % RACES];
	uint64_t ipa = any_place(in);

	if (obeys)
		return;
	if ((how & 0x70u) == 0u) {
		uint32_t bytes = 1u << (how >> 2 & 3u) % 3u;

		virtio_write(&device, fuzz_u16(in) % 0x200u & ~(bytes - 1u), bytes,
		             (uint32_t)fuzz_number(in));
		models_follow();
	} else if ((how & 0x70u) == 0x10u) {
		(void)virtio_read(&device, fuzz_u16(in) % 0x200u, 1u << (how & 3u) % 3u);
	} else if ((how & 0x70u) == 0x20u) {
		driver_misplaces(in);
	} else if ((how & 0x70u) == 0x30u) {
		race->wait = 1u + fuzz_pick(in, 8u);
		race->ipa = ipa;
		race->value = fuzz_u16(in);
	} else if ((how & 0x70u) == 0x40u) {
		poke(ipa, (uint32_t)fuzz_number(in), 4u);
	} else if ((how & 0x70u) == 0x50u) {
		driver_forges(in);
	} else {
		poke(ipa, fuzz_u16(in), 2u);
	}
}

static void step(struct fuzz *in, uint8_t what)
{
	uint32_t queue = what >> 4 & 1u;

	switch (what & 15u) {
	case 0u:
		driver_starts(in);
		break;
	case 1u:
	case 2u:
	case 3u:
		driver_adds(in);
		step_begins();
		break;
	case 4u:
	case 5u:
		if (ring_kick(&rings[queue]) || (what & 0x80u) != 0u)
			put(NOTIFY, queue);
		break;
	case 6u:
	case 7u:
	case 8u:
		device_gives(in);
		break;
	case 9u:
		driver_collects(queue);
		put(INTERRUPT_ACK, get(INTERRUPTS));
		break;
	case 10u:
		if ((what & 0x80u) != 0u)
			ring_stop_interrupts(&rings[queue]);
		else
			(void)ring_want_interrupt(&rings[queue], fuzz_u8(in) & 3u);
		step_begins();
		break;
	case 11u:
		virtio_poll(&device);
		break;
	case 12u:
		device_lock(&device);
		if ((what & 0x80u) != 0u)
			virtqueue_stop_notify(&queues[queue]);
		else
			virtio_config_changed(&virtio);
		device_unlock(&device);
		break;
	default:
		driver_breaks_rules(in, fuzz_u8(in));
		break;
	}
}

static void bank_make(struct bank *bank, uint64_t ipa, uint32_t bytes)
{
	if (bank->now == NULL)
		*bank = (struct bank){.ipa = ipa,
		                      .bytes = bytes,
		                      .now = aligned_alloc(4096u, bytes),
		                      .before = calloc(1u, bytes),
		                      .may = calloc(1u, bytes)};
	memset(bank->now, 0, bytes);
}

/* An obedient driver and a device that gives back all: nothing is lost. */
static void all_comes_back(struct fuzz *in)
{
	do {
		while (held_count != 0u) {
			step_begins();
			device_gives(in);
			step_ends();
		}
		virtio_poll(&device);
	} while (held_count != 0u);
	for (uint32_t i = 0u; i < QUEUES; i++) {
		driver_collects(i);
		FUZZ_CHECK(rings[i].free_count == rings[i].size);
		FUZZ_CHECK(models[i].count == 0u && queues[i].flying == 0u);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = {data, size};

	bank_make(&banks[0], RAM, BANK);
	bank_make(&banks[1], FAR_RAM, FAR_BANK);
	memset(rings, 0, sizeof(rings));
	memset(models, 0, sizeof(models));
	memset(races, 0, sizeof(races));
	memset(queues, 0, sizeof(queues));
	held_count = 0u;
	tables = 0u;
	device = (struct device){.state = &virtio};
	virtio_init(&device, &toy_ops, 1u, queues, QUEUES, config, sizeof(config));
	obeys = (fuzz_u8(&in) & 1u) != 0u;
	driver_starts(&in);
	while (in.left != 0u) {
		uint8_t what = fuzz_u8(&in);

		step_begins();
		step(&in, what);
		if ((what & 15u) != 0u)
			step_ends();
	}
	if (obeys)
		all_comes_back(&in);
	return 0;
}
