/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gets a frame; contract in switch.h. Owns what the caller passes. Portable.
 *
 * VLANs (IEEE 802.1Q): a port with a trunk sends and gets tagged frames of its list. Every other port sends
 * and gets untagged ones, of its VLAN or of the one without a number, which is on no trunk. The sender can
 * change its frame after it was judged, so a tag on a trunk is always the switch's own: the
 * sender's is cut out by the receiver and the judged one put in.
 */
#include "user/services/switch.h"

#include <stddef.h>

#include "user/lib/net_client.h"
#include "user/lib/text.h"

#define MAC_BYTES    6u
#define TYPE_AT      12u
#define TYPE_VLAN    0x8100u
#define TYPE_QINQ    0x88a8u
#define VLAN_MASK    0x0fffu
#define TAGGED_LEAST 18u

/* A frame as it was judged, once. */
struct forward {
	const uint8_t *to;
	uint32_t vlan;
	uint32_t tag; /* TCI for a trunk */
	bool cut;     /* it carries a tag */
};

/* The beginning of a frame, read once. False: not of a VLAN that the port may send into. */
static bool forward_judge(const struct switch_port *port, const uint8_t *head, uint32_t bytes,
                          struct forward *out)
{
	uint32_t type = (uint32_t)head[TYPE_AT] << 8 | head[TYPE_AT + 1u];
	uint32_t tci = 0u;

	*out = (struct forward){.to = head, .vlan = port->settings.vlan};
	if (type == TYPE_QINQ)
		return false;
	if (type == TYPE_VLAN) {
		if (bytes < TAGGED_LEAST)
			return false;
		tci = (uint32_t)head[TYPE_AT + 2u] << 8 | head[TYPE_AT + 3u];
		out->cut = true;
	}
	if (port->trunk) {
		out->vlan = tci & VLAN_MASK;
		out->tag = tci;
		return (port->vlans[out->vlan / 64u] & 1ull << (out->vlan % 64u)) != 0u;
	}
	/* a tag without a number carries a priority only */
	out->tag = (tci & ~VLAN_MASK) | port->settings.vlan;
	return (tci & VLAN_MASK) == 0u;
}

static bool forward_may(const struct switch_port *from, const struct switch_port *to, uint32_t vlan)
{
	if (from->settings.group != 0u && from->settings.group == to->settings.group)
		return false;
	if (to->trunk)
		return (to->vlans[vlan / 64u] & 1ull << (vlan % 64u)) != 0u;
	return to->settings.vlan == vlan;
}

static void forward_give(struct virtual_switch *sw, uint32_t number, struct net_frame *frame,
                         const struct forward *judged)
{
	frame->edit = judged->cut ? NET_TAG_CUT : 0u;
	frame->tag = 0u;
	if (sw->port[number].trunk) {
		frame->edit |= NET_TAG_ADD;
		frame->tag = (uint16_t)judged->tag;
	}
	switch_port_give(sw, number, frame);
}

/* The frame of an isolated port in the switch's own pool. False: there is no room. */
static bool forward_copy(struct virtual_switch *sw, struct net_frame *frame)
{
	uint32_t slot = switch_own_slot(sw, frame->bytes);

	if (slot == NET_SLOTS)
		return false;
	memcpy(sw->pool[NET_PORTS].at + (size_t)slot * NET_SLOT_BYTES,
	       sw->pool[frame->pool].at + frame->offset, frame->bytes);
	frame->pool = NET_PORTS;
	frame->offset = slot * NET_SLOT_BYTES;
	return true;
}

static void forward_all(struct virtual_switch *sw, uint32_t number, struct net_frame *frame,
                        const struct forward *judged, uint64_t now)
{
	const struct switch_port *port = &sw->port[number];
	bool group = (judged->to[0] & 1u) != 0u;
	uint32_t one = group ? SWITCH_NO_PORT : switch_mac_find(sw, judged->to, judged->vlan, now);

	if (one != SWITCH_NO_PORT) {
		if (one != number && forward_may(port, &sw->port[one], judged->vlan))
			forward_give(sw, one, frame, judged);
		return;
	}
	for (uint32_t i = 0u; i < sw->ports; i++) {
		if (i != number && forward_may(port, &sw->port[i], judged->vlan))
			forward_give(sw, i, frame, judged);
	}
}

void switch_forward(struct virtual_switch *sw, uint32_t number, uint64_t now)
{
	struct switch_port *port = &sw->port[number];
	struct net_frame frame = port->next;
	uint32_t slot = frame.offset / NET_SLOT_BYTES;
	uint8_t head[TAGGED_LEAST] = {0};
	struct forward judged;
	bool copied = port->settings.isolated != 0u;

	/* readers of an isolated port see the switch's copy, so that is what is judged */
	if (copied && !forward_copy(sw, &frame)) {
		port->counters.full++;
		switch_release(sw, number, slot);
		return;
	}
	memcpy(head, sw->pool[frame.pool].at + frame.offset,
	       frame.bytes < TAGGED_LEAST ? frame.bytes : TAGGED_LEAST);
	/* the compiler must not look at the frame again instead of at the copy */
	__asm__ volatile("" : : : "memory");
	if (!forward_judge(port, head, frame.bytes, &judged))
		port->counters.refused++;
	else if ((head[MAC_BYTES] & 1u) != 0u ||
	         !switch_mac_learn(sw, head + MAC_BYTES, judged.vlan, number, now))
		port->counters.spoofed++;
	else
		forward_all(sw, number, &frame, &judged, now);
	if (copied)
		switch_release(sw, NET_PORTS, frame.offset / NET_SLOT_BYTES);
	switch_release(sw, number, slot);
}
