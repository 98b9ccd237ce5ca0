/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port of the virtual switch; contract in switch.h, protocol in abi/net_channel.h. Owns what
 * the caller passes. Portable: no system call. Everything in a channel is hostile.
 */
#include "user/services/switch.h"

#include <stddef.h>

#include "user/lib/net_client.h"
#include "user/lib/net_packet.h"
#include "user/lib/text.h"

#define BURST_PARTS 10u /* of a second: what a rate lets through at once after idling */
#define VLAN_LAST   4094u

static bool bit_of(const uint64_t *words, uint32_t bit)
{
	return (words[bit / 64u] & 1ull << (bit % 64u)) != 0u;
}

/* A number of a list; the digits end at *at. 0: there is none from 1 to VLAN_LAST. */
static uint32_t parse_vlan(const char *text, uint32_t bytes, uint32_t *at)
{
	uint32_t value = 0u;

	while (*at < bytes && text[*at] >= '0' && text[*at] <= '9' && value <= VLAN_LAST)
		value = value * 10u + (uint32_t)(text[(*at)++] - '0');
	return value <= VLAN_LAST ? value : 0u;
}

bool switch_parse_trunk(const char *text, uint32_t bytes, uint64_t *vlans)
{
	uint32_t at = 0u;

	memset(vlans, 0, SWITCH_VLANS / 8u);
	for (;;) {
		uint32_t first = parse_vlan(text, bytes, &at);
		uint32_t last = first;

		if (at < bytes && text[at] == '-') {
			at++;
			last = parse_vlan(text, bytes, &at);
		}
		if (first == 0u || last < first)
			return false;
		for (uint32_t vlan = first; vlan <= last; vlan++)
			vlans[vlan / 64u] |= 1ull << (vlan % 64u);
		if (at == bytes || text[at] == '\0')
			return true;
		if (text[at++] != ',')
			return false;
	}
}

const char *switch_port_open(struct virtual_switch *sw, const struct process_channel *info,
                             uint8_t *pool, const char *switch_name)
{
	struct switch_port *port = &sw->port[sw->ports];

	if (sw->ports == NET_PORTS || info->bytes < NET_CHANNEL_BYTES || pool == NULL)
		return "is no port: there are too many, or its channel or pool is too small";
	memset(port, 0, sizeof(*port));
	port->info = info;
	port->shared = (struct net_channel *)(uintptr_t)info->va;
	memcpy(&port->settings, info->settings, sizeof(port->settings));
	net_client_mac(&port->settings, info->name, switch_name, port->mac);
	port->trunk = port->settings.trunk[0] != '\0';
	sw->pool[sw->ports].at = pool;
	sw->ports++;
	/* release: behind it nothing of the switch's life before is written */
	__atomic_fetch_add(&port->shared->server_generation, 1u, __ATOMIC_RELEASE);
	port->tell = true;
	if (port->trunk &&
	    !switch_parse_trunk(port->settings.trunk, NET_TRUNK_BYTES, port->vlans)) {
		memset(port->vlans, 0, sizeof(port->vlans));
		return "has a trunk that is no list of VLANs (1 to 4094): it gets nothing";
	}
	return NULL;
}

void switch_start(struct virtual_switch *sw, uint8_t *own, uint64_t ticks_per_second)
{
	sw->pool[NET_PORTS].at = own;
	sw->hold = NET_SLOTS / (sw->ports + 1u);
	sw->ticks_per_second = ticks_per_second;
}

void switch_release(struct virtual_switch *sw, uint32_t pool, uint32_t slot)
{
	struct switch_pool *from = &sw->pool[pool];
	struct switch_port *owner;
	struct net_return back = {.slot = (uint16_t)slot, .slots = from->slots[slot]};

	from->readers[slot]--;
	if (from->readers[slot] != 0u)
		return;
	if (pool == NET_PORTS) {
		for (uint32_t i = slot; i < slot + from->slots[slot]; i++)
			sw->own_used[i / 64u] &= ~(1ull << (i % 64u));
		return;
	}
	owner = &sw->port[pool];
	/* as many messages as slots: there is room, or the owner took nothing: its own loss */
	if (owner->live)
		(void)message_put(&owner->returned, &back);
}

/* The port holds nothing any more. */
static void switch_port_drop(struct virtual_switch *sw, struct switch_port *port)
{
	for (uint32_t pool = 0u; pool < SWITCH_POOLS; pool++) {
		for (uint32_t word = 0u; word < NET_WORDS; word++) {
			uint64_t bits = port->held[pool][word];

			port->held[pool][word] = 0u;
			for (; bits != 0u; bits &= bits - 1u)
				switch_release(sw, pool,
				               word * 64u + (uint32_t)__builtin_ctzll(bits));
		}
		port->holding[pool] = 0u;
	}
}

static void switch_port_cut(struct virtual_switch *sw, struct switch_port *port)
{
	port->live = false;
	port->cut = true;
	port->waiting = false;
	port->counters.cuts++;
	switch_port_drop(sw, port);
}

/* The slots of a port that others hold: of frames that its life before sent. */
static void switch_port_busy(const struct switch_pool *pool, uint64_t *busy)
{
	uint64_t words[NET_WORDS] = {0};

	for (uint32_t slot = 0u; slot < NET_SLOTS; slot++) {
		for (uint32_t i = slot; pool->readers[slot] != 0u && i < slot + pool->slots[slot];
		     i++)
			words[i / 64u] |= 1ull << (i % 64u);
	}
	memcpy(busy, words, sizeof(words));
}

void switch_port_follow(struct virtual_switch *sw, uint32_t number)
{
	struct switch_port *port = &sw->port[number];
	struct net_channel *shared = port->shared;
	uint32_t generation = __atomic_load_n(&shared->client_generation, __ATOMIC_ACQUIRE);

	if ((port->live || port->cut) && generation == port->served)
		return;
	port->live = false;
	port->cut = false;
	port->waiting = false;
	switch_port_drop(sw, port);
	switch_mac_forget(sw, number);
	message_open_reader(&port->send, &shared->send, NET_SLOTS, sizeof(struct net_frame));
	message_open_writer(&port->receive, &shared->receive, NET_SLOTS, sizeof(struct net_frame));
	message_open_reader(&port->done, &shared->done, NET_SLOTS, sizeof(struct net_return));
	message_open_writer(&port->returned, &shared->returned, NET_SLOTS,
	                    sizeof(struct net_return));
	message_clear(&port->receive);
	message_clear(&port->returned);
	switch_port_busy(&sw->pool[number], shared->busy);
	port->live = true;
	port->served = generation;
	port->tell = true;
	/* release: pairs with the acquire in net_client_poll */
	__atomic_store_n(&shared->served_generation, generation, __ATOMIC_RELEASE);
}

void switch_port_collect(struct virtual_switch *sw, uint32_t number)
{
	struct switch_port *port = &sw->port[number];
	struct net_return back;

	/* no more than it can hold: a port that writes faster than we read keeps nobody waiting */
	for (uint32_t i = 0u; i < NET_SLOTS && port->live && message_take(&port->done, &back);
	     i++) {
		if (back.pool >= SWITCH_POOLS || back.slot >= NET_SLOTS ||
		    !bit_of(port->held[back.pool], back.slot)) {
			switch_port_cut(sw, port);
			return;
		}
		port->held[back.pool][back.slot / 64u] &= ~(1ull << (back.slot % 64u));
		port->holding[back.pool] -= sw->pool[back.pool].slots[back.slot];
		switch_release(sw, back.pool, back.slot);
	}
}

static void switch_port_charge(struct virtual_switch *sw, struct switch_port *port, uint64_t now)
{
	uint64_t rate = (uint64_t)port->settings.kib_per_second * 1024u;
	uint64_t burst = sw->ticks_per_second / BURST_PARTS;

	if (rate == 0u)
		return;
	if (now > burst && port->free_at < now - burst)
		port->free_at = now - burst;
	port->free_at += port->next.bytes * sw->ticks_per_second / rate;
}

static uint32_t switch_frame_slots(const struct net_frame *frame)
{
	return (frame->offset % NET_SLOT_BYTES + frame->bytes + NET_SLOT_BYTES - 1u) /
	       NET_SLOT_BYTES;
}

bool switch_port_next(struct virtual_switch *sw, uint32_t number, uint64_t now, uint64_t *deadline)
{
	struct switch_port *port = &sw->port[number];
	struct switch_pool *pool = &sw->pool[number];
	uint32_t slot;

	if (port->live && !port->waiting)
		port->waiting = message_take(&port->send, &port->next);
	if (!port->live || !port->waiting)
		return false;
	if (port->free_at > now) {
		*deadline = port->free_at < *deadline ? port->free_at : *deadline;
		return false;
	}
	port->waiting = false;
	slot = port->next.offset / NET_SLOT_BYTES;
	if (!net_frame_good(&port->next) || slot >= NET_SLOTS || pool->readers[slot] != 0u ||
	    switch_frame_slots(&port->next) > NET_SLOTS - slot) {
		switch_port_cut(sw, port);
		return false;
	}
	pool->readers[slot] = 1u;
	pool->slots[slot] = (uint8_t)switch_frame_slots(&port->next);
	port->next.pool = (uint16_t)number;
	port->next.edit = 0u;
	port->next.tag = 0u;
	port->counters.sent++;
	switch_port_charge(sw, port, now);
	return true;
}

void switch_port_give(struct virtual_switch *sw, uint32_t number, const struct net_frame *frame)
{
	struct switch_port *port = &sw->port[number];
	struct switch_pool *pool = &sw->pool[frame->pool];
	uint32_t slot = frame->offset / NET_SLOT_BYTES;

	if (!port->live)
		return;
	if (port->holding[frame->pool] + pool->slots[slot] > sw->hold ||
	    !message_put(&port->receive, frame)) {
		port->counters.full++;
		return;
	}
	pool->readers[slot]++;
	port->held[frame->pool][slot / 64u] |= 1ull << (slot % 64u);
	port->holding[frame->pool] += pool->slots[slot];
	port->counters.received++;
}

uint32_t switch_own_slot(struct virtual_switch *sw, uint32_t bytes)
{
	struct switch_pool *own = &sw->pool[NET_PORTS];
	uint32_t count = (bytes + NET_SLOT_BYTES - 1u) / NET_SLOT_BYTES;
	uint32_t run = 0u;

	for (uint32_t i = 0u; i < NET_SLOTS && own->at != NULL; i++) {
		uint32_t first = i + 1u - count;

		run = bit_of(sw->own_used, i) ? 0u : run + 1u;
		if (run < count)
			continue;
		for (uint32_t j = first; j <= i; j++)
			sw->own_used[j / 64u] |= 1ull << (j % 64u);
		own->readers[first] = 1u;
		own->slots[first] = (uint8_t)count;
		return first;
	}
	return NET_SLOTS;
}

bool switch_port_tell(struct virtual_switch *sw, uint32_t number)
{
	struct switch_port *port = &sw->port[number];
	bool tell = port->tell;

	port->tell = false;
	if (port->live) {
		tell |= message_show(&port->receive);
		tell |= message_show(&port->returned);
	}
	return tell;
}
