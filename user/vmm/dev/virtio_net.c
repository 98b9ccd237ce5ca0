/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backend "net": a virtio network device (VIRTIO 1.2, 5.1), a port of a virtual switch. Two copies
 * from VM to VM: guest RAM to the pool of this VM, and from the pool of another VM to guest RAM
 * (abi/net_channel.h). Partial checksums and segmentation pass through to a guest that takes them;
 * for one that does not the packets are made here (user/lib/net_packet.h).
 *
 * A frame that the guest sends goes out when the pool has room; until then it waits, and what is
 * behind it stays in the rings. A frame for the guest waits in the same way for buffers. State under
 * the device's lock.
 */
#include <stddef.h>

#include "abi/net_channel.h"
#include "user/lib/net_client.h"
#include "user/lib/net_packet.h"
#include "user/lib/text.h"
#include "user/vmm/machine.h"
#include "user/vmm/virtio/net_filter.h"
#include "user/vmm/virtio/virtio.h"

#define NET_ID 1u

#define NET_F_CSUM       (1ull << 0) /* 5.1.3 */
#define NET_F_GUEST_CSUM (1ull << 1)
#define NET_F_MTU        (1ull << 3)
#define NET_F_MAC        (1ull << 5)
#define NET_F_GUEST_TSO4 (1ull << 7)
#define NET_F_GUEST_TSO6 (1ull << 8)
#define NET_F_GUEST_ECN  (1ull << 9)
#define NET_F_HOST_TSO4  (1ull << 11)
#define NET_F_HOST_TSO6  (1ull << 12)
#define NET_F_HOST_ECN   (1ull << 13)
#define NET_F_MRG_RXBUF  (1ull << 15)
#define NET_F_STATUS     (1ull << 16)
#define NET_F_CTRL_VQ    (1ull << 17)

#define NET_OFFLOADS                                                                             \
	(NET_F_CSUM | NET_F_GUEST_CSUM | NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6 | NET_F_GUEST_ECN | \
	 NET_F_HOST_TSO4 | NET_F_HOST_TSO6 | NET_F_HOST_ECN)

#define STATUS_LINK_UP  1u
#define QUEUES          (2u * NET_PAIRS + 1u)
#define HEADER_COUNT_AT 10u /* num_buffers */
#define MTU_EXTRA       18u /* Ethernet header with a tag */
#define ACK_OK          0u
#define ACK_ERROR       1u

/* 5.1.4 */
struct net_config {
	uint8_t mac[6];
	uint16_t status;
	uint16_t max_pairs;
	uint16_t mtu;
};
_Static_assert(sizeof(struct net_config) == 12, "VIRTIO 1.2, 5.1.4");

/* 5.1.6: in front of every packet */
struct net_header {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint16_t num_buffers;
};
_Static_assert(sizeof(struct net_header) == 12, "VIRTIO 1.2, 5.1.6");

/* A chain of the guest's that has a part of the packet that is being delivered. */
struct net_buffer {
	uint16_t id;
	uint16_t sequence;
	uint16_t slots;
	uint16_t padding;
	uint32_t written;
};

/* The frame from the switch that is being delivered. */
struct net_delivery {
	bool frame;  /* source is one */
	bool packet; /* packet is one, of which `copied` bytes are in the guest's buffers */
	uint16_t queue;
	uint32_t used; /* buffers */
	uint32_t copied;
	uint8_t *count_at[2]; /* where num_buffers is, in guest RAM */
	struct net_packet packet_now;
	struct net_buffer buffer[VIRTQUEUE_SIZE_MAX];
	struct net_source source;
};

struct net {
	struct virtio virtio; /* first */
	struct net_config config;
	struct net_settings settings;
	struct net_client client;
	struct net_filter filter;
	struct net_delivery in;
	uint8_t mac[6]; /* at a reset */
	bool stuck;     /* chain waits for room in the pool */
	uint32_t stuck_queue;
	uint32_t pairs;
	uint32_t turn; /* the pair to look at next */
	struct virtio_chain chain;
	struct virtqueue queues[QUEUES];
};

static uint32_t net_takes(const struct net *net)
{
	const struct virtio *virtio = &net->virtio;

	return (virtio_has(virtio, NET_F_GUEST_CSUM) ? NET_TAKES_CSUM : 0u) |
	       (virtio_has(virtio, NET_F_GUEST_TSO4) ? NET_TAKES_TSO4 : 0u) |
	       (virtio_has(virtio, NET_F_GUEST_TSO6) ? NET_TAKES_TSO6 : 0u) |
	       (virtio_has(virtio, NET_F_GUEST_ECN) ? NET_TAKES_ECN : 0u);
}

/* ---- from the guest */

/* The driver may ask for what the header says (5.1.6.2.1), and the switch takes the frame. */
static bool net_may(const struct net *net, const struct net_frame *frame)
{
	const struct virtio *virtio = &net->virtio;
	uint32_t type = frame->gso_type & ~NET_GSO_ECN;

	if (!net_frame_good(frame))
		return false;
	if ((frame->flags & NET_NEEDS_CSUM) != 0u && !virtio_has(virtio, NET_F_CSUM))
		return false;
	if ((frame->gso_type & NET_GSO_ECN) != 0u && !virtio_has(virtio, NET_F_HOST_ECN))
		return false;
	if (type == NET_GSO_TCP4)
		return virtio_has(virtio, NET_F_HOST_TSO4);
	if (type == NET_GSO_TCP6)
		return virtio_has(virtio, NET_F_HOST_TSO6);
	return frame->bytes <= net->settings.mtu + MTU_EXTRA;
}

/* Sends a chain's frame, or drops what is none. False: there is no room for it now. */
static bool net_send(struct net *net, struct virtio_chain *chain, uint32_t pair)
{
	uint32_t bytes = chain->out_bytes - (uint32_t)sizeof(struct net_header);
	struct net_frame frame = {.bytes = bytes};
	struct net_header header;
	uint32_t slot;
	uint8_t *at;

	if (chain->out_bytes < sizeof(header) + NET_FRAME_MIN || !net->client.connected)
		return true;
	(void)virtio_copy_from(virtio_out(chain), chain->out_count, 0u, &header, sizeof(header));
	frame.flags = header.flags & NET_NEEDS_CSUM;
	frame.gso_type = header.gso_type;
	frame.gso_size = header.gso_size;
	frame.hdr_len = header.hdr_len;
	frame.csum_start = header.csum_start;
	frame.csum_offset = header.csum_offset;
	if (!net_may(net, &frame))
		return true;
	slot = net_client_slots(&net->client, bytes);
	if (slot == NET_NO_SLOT)
		return false;
	at = net_client_slot_at(&net->client, slot);
	frame.offset = slot * NET_SLOT_BYTES;
	(void)virtio_copy_from(virtio_out(chain), chain->out_count, sizeof(header), at, bytes);
	if (net->filter.pairs > 1u)
		net_filter_sent(&net->filter, at, bytes < NET_LOOK_BYTES ? bytes : NET_LOOK_BYTES,
		                pair);
	net_client_send(&net->client, &frame);
	return true;
}

/* Sends what the guest has made available, as long as there is room: no more returns meanwhile. */
static void net_transmit(struct net *net)
{
	uint32_t empty = 0u;

	while (empty < net->pairs) {
		uint32_t pair = net->turn % net->pairs;
		uint32_t queue = 2u * pair + 1u;

		if (!net->stuck) {
			net->turn++;
			if (!virtio_take(&net->virtio, queue, &net->chain)) {
				empty++;
				continue;
			}
			net->stuck_queue = queue;
			empty = 0u;
		}
		net->stuck = !net_send(net, &net->chain, net->stuck_queue / 2u);
		if (net->stuck)
			break;
		virtqueue_give(&net->queues[net->stuck_queue], &net->chain, 0u);
	}
	for (uint32_t pair = 0u; pair < net->pairs; pair++)
		virtio_told(&net->virtio, 2u * pair + 1u);
}

/* ---- to the guest */

static void net_give_buffers(struct net *net, bool good)
{
	struct net_delivery *in = &net->in;

	for (uint32_t i = 0u; i < in->used; i++) {
		const struct net_buffer *buffer = &in->buffer[i];

		virtqueue_give_id(&net->queues[in->queue], buffer->id, buffer->sequence,
		                  buffer->slots, good ? buffer->written : 0u);
	}
	virtio_told(&net->virtio, in->queue);
	in->used = 0u;
	in->packet = false;
}

/* The byte number `at` of some segments, which have so many. */
static uint8_t *net_byte(const struct virtio_segment *segments, uint32_t at)
{
	for (; at >= segments->bytes; segments++)
		at -= segments->bytes;
	return segments->at + at;
}

static void net_put_header(struct net *net, const struct virtio_chain *chain,
                           const struct virtio_segment *to)
{
	const struct net_packet *packet = &net->in.packet_now;
	struct net_header header = {
		.flags = packet->flags,
		.gso_type = packet->gso_type,
		.hdr_len = packet->hdr_len,
		.gso_size = packet->gso_size,
		.csum_start = packet->csum_start,
		.csum_offset = packet->csum_offset,
		.num_buffers = 1u,
	};

	if (!virtio_has(&net->virtio, NET_F_GUEST_CSUM))
		header.flags = 0u;
	(void)virtio_copy_to(to, chain->in_count, 0u, &header, sizeof(header));
	net->in.count_at[0] = net_byte(to, HEADER_COUNT_AT);
	net->in.count_at[1] = net_byte(to, HEADER_COUNT_AT + 1u);
}

/* The next bytes of the packet into a chain of the guest's. */
static void net_put(struct net *net, struct virtio_chain *chain)
{
	struct net_delivery *in = &net->in;
	const struct net_packet *packet = &in->packet_now;
	const struct virtio_segment *to = virtio_in(chain);
	uint32_t at = 0u;
	struct net_buffer *buffer = &in->buffer[in->used];

	if (in->used == 0u) {
		net_put_header(net, chain, to);
		at = sizeof(struct net_header);
	}
	if (in->copied < packet->head_bytes) {
		uint32_t bytes = virtio_copy_to(to, chain->in_count, at, packet->head + in->copied,
		                                packet->head_bytes - in->copied);
		in->copied += bytes;
		at += bytes;
	}
	if (in->copied >= packet->head_bytes) {
		uint32_t done = in->copied - packet->head_bytes;
		uint32_t bytes = virtio_copy_to(to, chain->in_count, at, packet->tail + done,
		                                packet->tail_bytes - done);
		in->copied += bytes;
		at += bytes;
	}
	*buffer = (struct net_buffer){
		.id = chain->id,
		.sequence = chain->sequence,
		.slots = chain->slots,
		.written = at,
	};
	in->used++;
}

/* Goes on with the packet. False: the guest has no buffer for more now. */
static bool net_deliver(struct net *net)
{
	struct net_delivery *in = &net->in;
	uint32_t total = in->packet_now.head_bytes + in->packet_now.tail_bytes;
	bool merge = virtio_has(&net->virtio, NET_F_MRG_RXBUF);
	struct virtio_chain chain;

	while (in->copied < total) {
		if (!virtio_take(&net->virtio, in->queue, &chain))
			return false;
		/* 5.1.6.3.1: room for the header, all of it for the device to write */
		if (chain.out_count != 0u || chain.in_bytes < sizeof(struct net_header) ||
		    in->used == VIRTQUEUE_SIZE_MAX) {
			virtio_break(&net->virtio);
			return false;
		}
		net_put(net, &chain);
		if (!merge && in->copied < total) {
			net_give_buffers(net, false);
			return true;
		}
	}
	*in->count_at[0] = (uint8_t)in->used;
	*in->count_at[1] = (uint8_t)(in->used >> 8);
	net_give_buffers(net, true);
	return true;
}

/* A frame from the switch: whether the guest wants it, and where. */
static bool net_wants(struct net *net, const struct net_frame *frame, const uint8_t *data)
{
	uint32_t bytes = frame->bytes < NET_LOOK_BYTES ? frame->bytes : NET_LOOK_BYTES;
	bool tagged = (frame->edit & NET_TAG_ADD) != 0u;
	uint8_t head[NET_LOOK_BYTES];

	if (!virtio_live(&net->virtio))
		return false;
	memcpy(head, data, bytes);
	/* the compiler must not look at the frame again instead of at the copy */
	__asm__ volatile("" : : : "memory");
	net->in.queue = 0u;
	if (net->filter.pairs > 1u)
		net->in.queue = (uint16_t)(2u * net_filter_pair(&net->filter, head, bytes));
	return net_filter_wants(&net->filter, net->virtio.accepted, head, tagged, frame->tag);
}

/* Makes in->packet_now the next packet. False: there is none now. */
static bool net_next(struct net *net)
{
	struct net_delivery *in = &net->in;
	struct net_frame frame;
	const uint8_t *data;

	for (;;) {
		if (in->frame && net_source_next(&in->source, &in->packet_now)) {
			in->packet = true;
			in->copied = 0u;
			return true;
		}
		if (in->frame)
			net_client_done(&net->client, &in->source.frame);
		in->frame = false;
		if (!net_client_receive(&net->client, &frame, &data))
			return false;
		if (net_wants(net, &frame, data)) {
			net_source_begin(&in->source, &frame, data, net_takes(net));
			in->frame = true;
		} else {
			net_client_done(&net->client, &frame);
		}
	}
}

static void net_receive(struct net *net)
{
	while (net->in.packet || net_next(net)) {
		if (!net_deliver(net))
			return;
	}
}

/* ---- control */

static void net_control(struct net *net, uint32_t queue)
{
	uint8_t command[NET_COMMAND_BYTES];
	struct virtio_chain chain;
	uint8_t ack;

	while (virtio_take(&net->virtio, queue, &chain)) {
		uint32_t bytes = chain.out_bytes;

		if (chain.in_bytes == 0u) {
			virtio_break(&net->virtio);
			return;
		}
		ack = ACK_ERROR;
		if (bytes <= sizeof(command)) {
			(void)virtio_copy_from(virtio_out(&chain), chain.out_count, 0u, command,
			                       bytes);
			if (net_filter_command(&net->filter, net->virtio.accepted, net->pairs,
			                       command, bytes))
				ack = ACK_OK;
		}
		memcpy(net->config.mac, net->filter.mac, sizeof(net->config.mac));
		(void)virtio_copy_to(virtio_in(&chain), chain.in_count, 0u, &ack, 1u);
		virtqueue_give(&net->queues[queue], &chain, 1u);
	}
	virtio_told(&net->virtio, queue);
}

/* ---- the device */

static void net_settle(struct net *net)
{
	if (net_client_tell(&net->client))
		net->virtio.device->peer_tell = true;
}

/* The switch has notified: the connection may be another one. */
static void net_follow(struct net *net)
{
	uint32_t server = net->client.server_generation;
	bool before = net->client.connected;
	bool now = net_client_poll(&net->client);
	uint16_t status = now ? STATUS_LINK_UP : 0u;

	if (before && (!now || net->client.server_generation != server)) {
		net->in.frame = false;
		if (net->in.packet)
			net_give_buffers(net, false);
	}
	if (net->config.status != status) {
		net->config.status = status;
		virtio_config_changed(&net->virtio);
	}
}

static void net_poll(struct virtio *virtio)
{
	struct net *net = (struct net *)virtio;

	net_follow(net);
	net_receive(net);
	net_transmit(net);
	net_settle(net);
}

static void net_notify(struct virtio *virtio, uint32_t queue)
{
	struct net *net = (struct net *)virtio;
	uint32_t control = virtio_has(virtio, NET_F_MQ) ? 2u * net->pairs : 2u;

	if (queue == control)
		net_control(net, queue);
	else if (queue % 2u == 0u)
		net_receive(net);
	else
		net_transmit(net);
	net_settle(net);
}

static void net_forget(struct virtio *virtio)
{
	struct net *net = (struct net *)virtio;

	if (net->in.frame)
		net_client_done(&net->client, &net->in.source.frame);
	net->in.frame = false;
	net->in.packet = false;
	net->in.used = 0u;
	net->stuck = false;
	net->turn = 0u;
	net_filter_reset(&net->filter, net->mac);
	memcpy(net->config.mac, net->mac, sizeof(net->mac));
}

static const struct virtio_ops net_virtio_ops = {
	.id = NET_ID,
	.reset = net_forget,
	.notify = net_notify,
	.poll = net_poll,
};

static void net_open(struct net *net, struct device *device)
{
	const struct process_info *info = machine_info();
	const struct process_channel *channels =
		(const struct process_channel *)(uintptr_t)info->channels;

	memcpy(&net->settings, device->peer->settings, sizeof(net->settings));
	net_client_mac(&net->settings, info->name, device->peer->name, net->mac);
	device->peer_tell = net_client_open(
		&net->client, device->peer, (uint32_t)(device->peer - channels),
		(const struct process_pool *)(uintptr_t)info->pools, info->pool_count);
}

static void net_reset(struct device *device)
{
	struct net *net = device->state;
	uint64_t features = NET_F_MTU | NET_F_MAC | NET_F_MRG_RXBUF | NET_F_STATUS | NET_F_CTRL_VQ |
	                    NET_F_CTRL_RX | NET_F_CTRL_VLAN | NET_F_CTRL_RX_EXTRA |
	                    NET_F_CTRL_MAC_ADDR;

	if (device->peer != NULL)
		net_open(net, device);
	net->pairs = net->settings.queues;
	net->pairs = net->pairs >= 1u && net->pairs <= NET_PAIRS ? net->pairs : 1u;
	if (net->pairs > 1u)
		features |= NET_F_MQ;
	if (net->settings.offload != 0u)
		features |= NET_OFFLOADS;
	net->config = (struct net_config){
		.max_pairs = (uint16_t)net->pairs,
		.mtu = (uint16_t)net->settings.mtu,
	};
	virtio_init(device, &net_virtio_ops, features, net->queues, 2u * net->pairs + 1u,
	            &net->config, sizeof(net->config));
	net_forget(&net->virtio);
}

static const struct device_ops net_ops = {
	.backend = "net",
	.state_bytes = sizeof(struct net),
	.reset = net_reset,
	.read = virtio_read,
	.write = virtio_write,
	.poll = virtio_poll,
};
DEVICE_BACKEND(net_ops);
DEVICE_RECORD(net_record, "net", "virtio,mmio", .channel_bytes = NET_CHANNEL_BYTES,
              .pool_bytes = NET_POOL_BYTES, .peer = DEVICE_PEER_MUST);
DEVICE_SETTING(net_mac, "net", "mac", struct net_settings, mac, .kind = SETTING_BYTES);
DEVICE_SETTING(net_vlan, "net", "vlan", struct net_settings, vlan, .kind = SETTING_NUMBER,
               .minimum = 1u, .maximum = 4094u);
DEVICE_SETTING(net_group, "net", "group", struct net_settings, group, .kind = SETTING_NUMBER,
               .minimum = 1u, .maximum = UINT32_MAX);
DEVICE_SETTING(net_rate, "net", "kib-per-second", struct net_settings, kib_per_second,
               .kind = SETTING_NUMBER, .minimum = 1u, .maximum = UINT32_MAX);
DEVICE_SETTING(net_isolated, "net", "isolated", struct net_settings, isolated,
               .kind = SETTING_FLAG);
DEVICE_SETTING(net_uplink, "net", "uplink", struct net_settings, uplink, .kind = SETTING_FLAG);
DEVICE_SETTING(net_queues, "net", "queues", struct net_settings, queues, .kind = SETTING_NUMBER,
               .minimum = 1u, .maximum = NET_PAIRS, .absent = 1u);
DEVICE_SETTING(net_mtu, "net", "mtu", struct net_settings, mtu, .kind = SETTING_NUMBER,
               .minimum = 1280u, .maximum = 9000u, .absent = 1500u);
DEVICE_SETTING(net_offload, "net", "offload", struct net_settings, offload, .kind = SETTING_NUMBER,
               .minimum = 0u, .maximum = 1u, .absent = 1u);
DEVICE_SETTING(net_trunk, "net", "trunk", struct net_settings, trunk, .kind = SETTING_TEXT);
