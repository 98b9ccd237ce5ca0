/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where hardware addresses are; contract in switch.h. A table with open addressing over a few
 * places: what finds no place there takes that of the one unheard for longest. The address of a
 * port by description is pinned: it is there and nowhere else. Portable.
 */
#include "user/services/switch.h"

#include <stddef.h>

#include "user/lib/text.h"

#define PROBES    8u
#define MULTIPLY  0x9e3779b97f4a7c15ull /* 2^64 divided by the golden ratio */
#define KEY_VALID (1ull << 63)

static uint64_t mac_key(const uint8_t *mac, uint32_t vlan)
{
	uint64_t key = KEY_VALID | (uint64_t)vlan << 48;

	for (uint32_t i = 0u; i < 6u; i++)
		key |= (uint64_t)mac[i] << (8u * i);
	return key;
}

static uint32_t mac_place(uint64_t key, uint32_t probe)
{
	return (uint32_t)((key * MULTIPLY >> 48) + probe) % SWITCH_MACS;
}

static bool mac_fresh(const struct virtual_switch *sw, const struct switch_mac *entry, uint64_t now)
{
	return entry->key != 0u && now - entry->used < SWITCH_MAC_SECS * sw->ticks_per_second;
}

static uint32_t mac_pinned(const struct virtual_switch *sw, const uint8_t *mac)
{
	for (uint32_t i = 0u; i < sw->ports; i++) {
		if (sw->port[i].settings.uplink == 0u && memcmp(sw->port[i].mac, mac, 6u) == 0)
			return i;
	}
	return SWITCH_NO_PORT;
}

uint32_t switch_mac_find(const struct virtual_switch *sw, const uint8_t *mac, uint32_t vlan,
                         uint64_t now)
{
	uint64_t key = mac_key(mac, vlan);

	for (uint32_t i = 0u; i < PROBES; i++) {
		const struct switch_mac *entry = &sw->mac[mac_place(key, i)];

		if (entry->key == key && mac_fresh(sw, entry, now))
			return entry->port;
	}
	return SWITCH_NO_PORT;
}

static void mac_clear(struct virtual_switch *sw, struct switch_mac *entry)
{
	if (entry->key != 0u)
		sw->port[entry->port].macs--;
	entry->key = 0u;
}

bool switch_mac_learn(struct virtual_switch *sw, const uint8_t *mac, uint32_t vlan, uint32_t port,
                      uint64_t now)
{
	uint64_t key = mac_key(mac, vlan);
	uint32_t pinned = mac_pinned(sw, mac);
	struct switch_mac *best = NULL;

	if (pinned != SWITCH_NO_PORT && pinned != port)
		return false;
	for (uint32_t i = 0u; i < PROBES; i++) {
		struct switch_mac *entry = &sw->mac[mac_place(key, i)];

		if (entry->key == key) {
			best = entry;
			break;
		}
		if (!mac_fresh(sw, entry, now))
			mac_clear(sw, entry);
		if (best == NULL || (best->key != 0u && entry->key == 0u) ||
		    (best->key != 0u && entry->used < best->used))
			best = entry;
	}
	if (best->key == key && best->port == port) {
		best->used = now;
		return true;
	}
	if (sw->port[port].settings.uplink == 0u && sw->port[port].macs >= SWITCH_PORT_MACS)
		return true; /* its frames are served, but for it they are flooded */
	mac_clear(sw, best);
	*best = (struct switch_mac){.key = key, .used = now, .port = port};
	sw->port[port].macs++;
	return true;
}

void switch_mac_forget(struct virtual_switch *sw, uint32_t port)
{
	for (uint32_t i = 0u; i < SWITCH_MACS; i++) {
		if (sw->mac[i].key != 0u && sw->mac[i].port == port)
			mac_clear(sw, &sw->mac[i]);
	}
}
