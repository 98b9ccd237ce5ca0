/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the parts of the virtual switch: switch.c (the loop), switch_port.c (a port: its connection and
 * the books of who holds which frame), switch_forward.c (who gets a frame), switch_macs.c (where a
 * hardware address is). One thread. Ports are hostile; what is here is portable but for switch.c.
 */
#ifndef BULKHEAD_USER_SERVICES_SWITCH_H
#define BULKHEAD_USER_SERVICES_SWITCH_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/net_channel.h"
#include "user/lib/message.h"

#define SWITCH_POOLS     (NET_PORTS + 1u)
#define SWITCH_MACS      512u
#define SWITCH_PORT_MACS 8u /* that one port but an uplink may have at a time */
#define SWITCH_MAC_SECS  300u
#define SWITCH_NO_PORT   UINT32_MAX
#define SWITCH_VLANS     4096u
#define SWITCH_BURST     32u /* frames of a port before the next has its turn */

struct switch_counters {
	uint64_t sent;     /* frames that the port sent */
	uint64_t received; /* that it was given */
	uint64_t full;     /* for it, but it held too much */
	uint64_t refused;  /* it sent: of a VLAN that is not its own */
	uint64_t spoofed;  /* it sent: with the address of another port */
	uint64_t cuts;
};

struct switch_port {
	const struct process_channel *info;
	struct net_channel *shared;
	struct net_settings settings;
	uint8_t mac[6];
	bool live;    /* connected */
	bool cut;     /* it broke the rules: `served` is not served any more */
	bool waiting; /* next is a frame that was taken and not looked at */
	bool tell;
	bool trunk;
	uint32_t served;  /* the generation of the port that is connected */
	uint32_t macs;    /* learned of it */
	uint64_t free_at; /* tick from which on its rate allows the next frame */
	struct message_end send;
	struct message_end receive;
	struct message_end done;
	struct message_end returned;
	struct net_frame next;
	uint32_t holding[SWITCH_POOLS];         /* slots that it holds of each pool */
	uint64_t held[SWITCH_POOLS][NET_WORDS]; /* a bit for the first slot of each frame it holds */
	uint64_t vlans[SWITCH_VLANS / 64u];     /* of a trunk */
	struct switch_counters counters;
};

/* The frames of one pool that were sent. By the first slot: */
struct switch_pool {
	uint8_t *at;                /* NULL: none; written only if it is the switch's own */
	uint8_t readers[NET_SLOTS]; /* who hold it, the switch itself while it decides */
	uint8_t slots[NET_SLOTS];   /* how many it takes */
};

struct switch_mac {
	uint64_t key;  /* address and VLAN; 0: unused */
	uint64_t used; /* tick of the last frame from it */
	uint32_t port;
	uint32_t padding;
};

struct virtual_switch {
	struct switch_port port[NET_PORTS];
	struct switch_pool pool[SWITCH_POOLS]; /* of the ports, then the own */
	uint64_t own_used[NET_WORDS];
	struct switch_mac mac[SWITCH_MACS];
	uint32_t ports;
	uint32_t hold; /* slots that a port may hold of one pool */
	uint64_t ticks_per_second;
};

/* ---- switch_port.c */

/* A new port; mac: its address by description or name. NULL, or why the channel is none of a port. */
const char *switch_port_open(struct virtual_switch *sw, const struct process_channel *info,
                             uint8_t *pool, const char *switch_name);
/* All ports are known. own: the switch's pool, or NULL. */
void switch_start(struct virtual_switch *sw, uint8_t *own, uint64_t ticks_per_second);
/* Follows the port's generation: takes back what its old life held, and takes note of the new one. */
void switch_port_follow(struct virtual_switch *sw, uint32_t number);
/* Takes what the port gives back. */
void switch_port_collect(struct virtual_switch *sw, uint32_t number);
/*
 * port->next is a frame that it sends and its rate allows; false: none now, *deadline is lowered to
 * the tick at which its rate will allow one. A port that sends what is no frame is cut off.
 */
bool switch_port_next(struct virtual_switch *sw, uint32_t number, uint64_t now, uint64_t *deadline);
/* Gives a frame, of pool frame->pool, to a port that may hold it. */
void switch_port_give(struct virtual_switch *sw, uint32_t number, const struct net_frame *frame);
/* One reader less; the last one: the slots are their owner's again. */
void switch_release(struct virtual_switch *sw, uint32_t pool, uint32_t slot);
/* Slots of the switch's own pool for a frame, with one reader: the switch. NET_SLOTS: there are none. */
uint32_t switch_own_slot(struct virtual_switch *sw, uint32_t bytes);
/* Shows what was put. True: the port must be notified. */
bool switch_port_tell(struct virtual_switch *sw, uint32_t number);
/* "10,20-29" as bits; false: it is no such list. */
bool switch_parse_trunk(const char *text, uint32_t bytes, uint64_t *vlans);

/* ---- switch_macs.c */

/* The port where an address of a VLAN is, or SWITCH_NO_PORT. */
uint32_t switch_mac_find(const struct virtual_switch *sw, const uint8_t *mac, uint32_t vlan,
                         uint64_t now);
/* It was seen at a port. False: it is the address of another port by description. */
bool switch_mac_learn(struct virtual_switch *sw, const uint8_t *mac, uint32_t vlan, uint32_t port,
                      uint64_t now);
/* The port has a new life: what was learned of it is forgotten. */
void switch_mac_forget(struct virtual_switch *sw, uint32_t port);

/* ---- switch_forward.c */

/* Decides on port->next, gives it to whom it is for, and lets go of it. */
void switch_forward(struct virtual_switch *sw, uint32_t number, uint64_t now);

#endif
