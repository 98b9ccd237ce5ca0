/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A native process on a virtual switch: it answers ARP requests for 10.0.0.9 and echo requests to
 * it (RFC 826, RFC 792), and nothing else. An example of a port, and for tests. One thread.
 */
#include <stddef.h>

#include "user/lib/console.h"
#include "user/lib/info.h"
#include "user/lib/net_client.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"
#include "user/lib/text.h"

PROGRAM_RECORD("net_echo", 0u);

#define ETHERNET     14u
#define ARP_BYTES    42u
#define IP_BYTES     20u
#define ECHO_REQUEST 8u
#define FRAME_MOST   1514u
#define PROTO_ICMP   1u

static const uint8_t echo_ip[4] = {10u, 0u, 0u, 9u};
static struct net_client echo_client;
static uint8_t echo_mac[6];
static uint8_t echo_frame[FRAME_MOST];

/* An ARP request for our address becomes its answer. */
static bool echo_arp(uint32_t bytes)
{
	static const uint8_t request[8] = {0u, 1u, 8u, 0u, 6u, 4u, 0u, 1u};
	uint8_t *arp = echo_frame + ETHERNET;

	if (bytes < ARP_BYTES || memcmp(arp, request, sizeof(request)) != 0 ||
	    memcmp(arp + 24, echo_ip, 4u) != 0)
		return false;
	arp[7] = 2u;
	memcpy(arp + 18, arp + 8, 10u);
	memcpy(arp + 8, echo_mac, 6u);
	memcpy(arp + 14, echo_ip, 4u);
	return true;
}

/* An echo request becomes its answer; the sums stay right: what is swapped does not change them. */
static bool echo_ping(uint32_t bytes)
{
	uint8_t *ip = echo_frame + ETHERNET;
	uint8_t *icmp = ip + IP_BYTES;
	uint32_t sum;

	if (bytes < ETHERNET + IP_BYTES + 8u || ip[0] != 0x45u || ip[9] != PROTO_ICMP ||
	    (ip[6] & 0x3fu) != 0u || ip[7] != 0u || memcmp(ip + 16, echo_ip, 4u) != 0 ||
	    icmp[0] != ECHO_REQUEST)
		return false;
	memcpy(ip + 16, ip + 12, 4u);
	memcpy(ip + 12, echo_ip, 4u);
	icmp[0] = 0u;
	/* RFC 1624: the type was 8, so the sum of the words falls by 0x0800 */
	sum = ((uint32_t)icmp[2] << 8 | icmp[3]) + (ECHO_REQUEST << 8);
	sum = (sum & 0xffffu) + (sum >> 16);
	icmp[2] = (uint8_t)(sum >> 8);
	icmp[3] = (uint8_t)sum;
	return true;
}

static void echo_answer(uint32_t bytes)
{
	uint32_t type = (uint32_t)echo_frame[12] << 8 | echo_frame[13];
	uint32_t slot;

	if (type == 0x0806u ? !echo_arp(bytes) : type != 0x0800u || !echo_ping(bytes))
		return;
	memcpy(echo_frame, echo_frame + 6, 6u);
	memcpy(echo_frame + 6, echo_mac, 6u);
	slot = net_client_slots(&echo_client, bytes);
	if (slot == NET_NO_SLOT)
		return;
	memcpy(net_client_slot_at(&echo_client, slot), echo_frame, bytes);
	net_client_send(&echo_client,
	                &(struct net_frame){.offset = slot * NET_SLOT_BYTES, .bytes = bytes});
}

static void echo_serve(const struct process_channel *channel)
{
	struct net_frame frame;
	const uint8_t *data;

	(void)net_client_poll(&echo_client);
	while (net_client_receive(&echo_client, &frame, &data)) {
		uint32_t bytes = frame.bytes < FRAME_MOST ? frame.bytes : FRAME_MOST;

		memcpy(echo_frame, data, bytes);
		net_client_done(&echo_client, &frame);
		if (frame.bytes <= FRAME_MOST)
			echo_answer(bytes);
	}
	if (net_client_tell(&echo_client))
		(void)svc_notify(channel->handle);
}

int main(unsigned thread)
{
	const struct process_info *info = info_get();
	const struct process_channel *channel = NULL;

	(void)thread;
	console_open();
	for (uint32_t i = 0u; i < info->channel_count && channel == NULL; i++) {
		if (net_client_open(&echo_client, info_channel(i), i, info_pool(0u),
		                    info->pool_count))
			channel = info_channel(i);
	}
	if (channel == NULL)
		return 1;
	net_client_mac((const struct net_settings *)(const void *)channel->settings, info->name,
	               channel->name, echo_mac);
	console_print("%s: on %s\n", info->name, channel->name);
	for (;;) {
		echo_serve(channel);
		(void)svc_wait(UINT64_MAX, SVC_NEVER);
	}
}
