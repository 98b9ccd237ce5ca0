/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A physical virtio network device (VIRTIO 1.2, 5.1) on MMIO, as a port of a virtual switch. Owns the
 * device's registers, the process's DMA memory and its pool. Received frames go by DMA into slots
 * of the pool; what is sent goes by DMA out of the pools of the others, with its headers in DMA memory
 * when they had to be changed. So nothing is copied but headers.
 *
 * One thread, which waits for the device's interrupt and for the switch. Transmission n uses
 * descriptors 2n and 2n + 1: header with what was changed, and the rest. A device that breaks its rules ends
 * the process: it is started again and resets the device.
 */
#include <stddef.h>

#include "user/lib/console.h"
#include "user/lib/info.h"
#include "user/lib/net_client.h"
#include "user/lib/net_packet.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"
#include "user/lib/virtio_driver.h"

PROGRAM_RECORD("virtio_nic", 0u);

#define NET_ID       1u
#define F_CSUM       (1ull << 0)
#define F_GUEST_CSUM (1ull << 1)
#define F_HOST_TSO4  (1ull << 11)
#define F_HOST_TSO6  (1ull << 12)
#define F_HOST_ECN   (1ull << 13)
#define F_CTRL_VQ    (1ull << 17)
#define F_CTRL_RX    (1ull << 18)

#define QUEUE_RECEIVE  0u
#define QUEUE_TRANSMIT 1u
#define QUEUE_CONTROL  2u /* without MQ */

#define NIC_BUFFERS         64u /* slots that the device has for what it receives */
#define NIC_SENDS           (VIRTIO_RING_SIZE / 2u)
#define NIC_FRAMES          64u /* of the switch that are being sent */
#define NO_FRAME            UINT32_MAX
#define HEADER_BYTES        12u
#define FAILED_OPEN         1u /* codes of EXIT_REASON_FAILED */
#define FAILED_BREAK        2u
#define CONTROL_RX          0u /* class and command of "promiscuous" */
#define CONTROL_PROMISCUOUS 0u

struct nic_header {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint16_t num_buffers;
};
_Static_assert(sizeof(struct nic_header) == HEADER_BYTES, "VIRTIO 1.2, 5.1.6");

/* In front of what is sent: header, and the part of the packet that is not as in the pool. */
struct nic_head {
	struct nic_header header;
	uint8_t bytes[NET_HEAD_BYTES + NET_TAG_BYTES];
	uint8_t padding[48];
};
_Static_assert(sizeof(struct nic_head) == 320, "whole cache lines");

/* The process's DMA memory. */
struct nic_memory {
	uint8_t receive[VIRTIO_RING_BYTES];
	uint8_t transmit[VIRTIO_RING_BYTES];
	uint8_t control[VIRTIO_RING_BYTES];
	struct nic_head head[NIC_SENDS];
	uint8_t command[3];
	uint8_t ack;
};

/* A frame that is being sent, in one packet or several. */
struct nic_frame {
	struct net_frame frame;
	uint32_t flying; /* packets that the device has */
	bool used;
	bool open;  /* more packets of it are to come */
	bool stale; /* of a connection that is no more: nothing to give back */
};

static struct virtio_port nic_port;
static struct virtio_ring nic_receive;
static struct virtio_ring nic_transmit;
static struct virtio_ring nic_control;
static struct nic_memory *nic_memory;
static uint64_t nic_memory_pa;
static struct net_client nic_client;
static const struct process_channel *nic_channel;
static uint32_t nic_takes;
static uint32_t nic_slot[NIC_BUFFERS];   /* or NET_NO_SLOT: the device has none there */
static uint32_t nic_frame_of[NIC_SENDS]; /* or NO_FRAME: unused */
static struct nic_frame nic_frames[NIC_FRAMES];
static struct net_source nic_source;
static uint32_t nic_current; /* the frame of nic_source, or NO_FRAME */

static _Noreturn void nic_fail(const char *text, uint64_t code)
{
	console_print("%s: %s\n", info_get()->name, text);
	svc_exit(EXIT_REASON_FAILED, code);
}

/* ---- to the device */

static void nic_frame_ends(uint32_t number)
{
	struct nic_frame *frame = &nic_frames[number];

	if (frame->flying != 0u || frame->open)
		return;
	if (!frame->stale)
		net_client_done(&nic_client, &frame->frame);
	frame->used = false;
}

static void nic_sent(void)
{
	uint32_t descriptor;
	uint32_t bytes;

	while (virtio_ring_take(&nic_transmit, &descriptor, &bytes)) {
		uint32_t send = descriptor / 2u;
		uint32_t number = nic_frame_of[send];

		nic_frame_of[send] = NO_FRAME;
		nic_frames[number].flying--;
		nic_frame_ends(number);
	}
}

/* The next frame of the switch becomes nic_source. False: there is none, or no room to note it. */
static bool nic_next_frame(void)
{
	const uint8_t *data;

	for (uint32_t i = 0u; i < NIC_FRAMES; i++) {
		struct nic_frame *frame = &nic_frames[i];

		if (frame->used)
			continue;
		if (!net_client_receive(&nic_client, &frame->frame, &data))
			return false;
		frame->used = true;
		frame->open = true;
		frame->stale = false;
		frame->flying = 0u;
		net_source_begin(&nic_source, &frame->frame, data, nic_takes);
		nic_current = i;
		return true;
	}
	return false;
}

static void nic_offer(uint32_t send, const struct net_packet *packet)
{
	const struct net_frame *frame = &nic_frames[nic_current].frame;
	struct nic_head *head = &nic_memory->head[send];
	uint64_t head_pa =
		nic_memory_pa + offsetof(struct nic_memory, head) + send * sizeof(struct nic_head);
	uint64_t tail_pa = nic_client.pool_pa[frame->pool] +
	                   (uint64_t)(packet->tail - nic_client.pool[frame->pool]);
	bool tail = packet->tail_bytes != 0u;

	head->header = (struct nic_header){
		.flags = packet->flags & NET_NEEDS_CSUM,
		.gso_type = packet->gso_type,
		.hdr_len = packet->hdr_len,
		.gso_size = packet->gso_size,
		.csum_start = packet->csum_start,
		.csum_offset = packet->csum_offset,
	};
	memcpy(head->bytes, packet->head, packet->head_bytes);
	virtio_ring_set(&nic_transmit, 2u * send, head_pa, HEADER_BYTES + packet->head_bytes, 0u,
	                tail ? 2u * send + 1u : VIRTIO_RING_END);
	if (tail)
		virtio_ring_set(&nic_transmit, 2u * send + 1u, tail_pa, packet->tail_bytes, 0u,
		                VIRTIO_RING_END);
	nic_frame_of[send] = nic_current;
	nic_frames[nic_current].flying++;
	virtio_ring_offer(&nic_transmit, 2u * send);
}

static void nic_send(void)
{
	struct net_packet packet;

	for (uint32_t send = 0u; send < NIC_SENDS; send++) {
		if (nic_frame_of[send] != NO_FRAME)
			continue;
		for (;;) {
			uint32_t number = nic_current;

			if (number == NO_FRAME && !nic_next_frame())
				return;
			if (net_source_next(&nic_source, &packet))
				break;
			number = nic_current;
			nic_current = NO_FRAME;
			nic_frames[number].open = false;
			nic_frame_ends(number);
		}
		nic_offer(send, &packet);
	}
}

/* ---- from the device */

static void nic_received(uint32_t buffer, uint32_t bytes)
{
	uint32_t slot = nic_slot[buffer];
	struct nic_header header;
	struct net_frame frame = {
		.offset = slot * NET_SLOT_BYTES + HEADER_BYTES,
		.bytes = bytes - HEADER_BYTES,
	};

	nic_slot[buffer] = NET_NO_SLOT;
	if (bytes < HEADER_BYTES + NET_FRAME_MIN || bytes > NET_SLOT_BYTES) {
		net_client_free(&nic_client, slot, NET_SLOT_BYTES);
		return;
	}
	memcpy(&header, net_client_slot_at(&nic_client, slot), sizeof(header));
	frame.flags = header.flags & (NET_NEEDS_CSUM | NET_DATA_VALID);
	frame.csum_start = header.csum_start;
	frame.csum_offset = header.csum_offset;
	if (net_frame_good(&frame))
		net_client_send(&nic_client, &frame);
	else
		net_client_free(&nic_client, slot, NET_SLOT_BYTES);
}

static void nic_take(void)
{
	uint32_t buffer;
	uint32_t bytes;

	while (virtio_ring_take(&nic_receive, &buffer, &bytes))
		nic_received(buffer, bytes);
	for (buffer = 0u; buffer < NIC_BUFFERS && nic_client.connected; buffer++) {
		if (nic_slot[buffer] != NET_NO_SLOT)
			continue;
		nic_slot[buffer] = net_client_slots(&nic_client, NET_SLOT_BYTES);
		if (nic_slot[buffer] == NET_NO_SLOT)
			return;
		virtio_ring_set(&nic_receive, buffer,
		                nic_client.own_pa + (uint64_t)nic_slot[buffer] * NET_SLOT_BYTES,
		                NET_SLOT_BYTES, VIRTIO_RING_WRITE, VIRTIO_RING_END);
		virtio_ring_offer(&nic_receive, buffer);
	}
}

/* ---- start */

/* Frames of all addresses: those of the switch's ports are not the device's own. */
static void nic_promiscuous(void)
{
	uint64_t pa = nic_memory_pa + offsetof(struct nic_memory, command);

	nic_memory->command[0] = CONTROL_RX;
	nic_memory->command[1] = CONTROL_PROMISCUOUS;
	nic_memory->command[2] = 1u;
	virtio_ring_set(&nic_control, 0u, pa, sizeof(nic_memory->command), 0u, 1u);
	virtio_ring_set(&nic_control, 1u, pa + sizeof(nic_memory->command), 1u, VIRTIO_RING_WRITE,
	                VIRTIO_RING_END);
	virtio_ring_offer(&nic_control, 0u);
	virtio_ring_kick(&nic_control);
}

static bool nic_open_ring(struct virtio_ring *ring, uint32_t index, size_t offset)
{
	return virtio_ring_open(ring, &nic_port, index, VIRTIO_RING_SIZE,
	                        (uint8_t *)nic_memory + offset, nic_memory_pa + offset);
}

/* Resets the device and makes it ready. NULL, or why it cannot be used. */
static const char *nic_open(void)
{
	const struct process_info *info = info_get();
	uint64_t features;

	if (info->device_count == 0u || info->dma_bytes < sizeof(struct nic_memory))
		return "the description gives it no device, or too little DMA memory";
	if (!virtio_port_open(&nic_port, info_device(0u)->va, NET_ID,
	                      F_CSUM | F_GUEST_CSUM | F_HOST_TSO4 | F_HOST_TSO6 | F_HOST_ECN |
	                              F_CTRL_VQ | F_CTRL_RX,
	                      &features))
		return "there is no virtio network device (version 2)";
	nic_memory = (struct nic_memory *)(uintptr_t)info->dma_va;
	nic_memory_pa = info->dma_pa;
	memset(nic_memory, 0, sizeof(*nic_memory));
	if (!nic_open_ring(&nic_receive, QUEUE_RECEIVE, offsetof(struct nic_memory, receive)) ||
	    !nic_open_ring(&nic_transmit, QUEUE_TRANSMIT, offsetof(struct nic_memory, transmit)) ||
	    nic_receive.size < NIC_BUFFERS || nic_transmit.size < VIRTIO_RING_SIZE)
		return "the virtio network device has too small queues";
	nic_takes = ((features & F_CSUM) != 0u ? NET_TAKES_CSUM : 0u) |
	            ((features & F_HOST_TSO4) != 0u ? NET_TAKES_TSO4 : 0u) |
	            ((features & F_HOST_TSO6) != 0u ? NET_TAKES_TSO6 : 0u) |
	            ((features & F_HOST_ECN) != 0u ? NET_TAKES_ECN : 0u);
	if ((features & F_CTRL_RX) != 0u && (features & F_CTRL_VQ) != 0u &&
	    !nic_open_ring(&nic_control, QUEUE_CONTROL, offsetof(struct nic_memory, control)))
		return "the virtio network device has no control queue";
	virtio_port_start(&nic_port);
	if (nic_control.port != NULL)
		nic_promiscuous();
	(void)svc_irq_ack(info_device(0u)->handle);
	return NULL;
}

static void nic_find_switch(void)
{
	const struct process_info *info = info_get();

	for (uint32_t i = 0u; i < info->channel_count && nic_channel == NULL; i++) {
		if (net_client_open(&nic_client, info_channel(i), i, info_pool(0u),
		                    info->pool_count))
			nic_channel = info_channel(i);
	}
	if (nic_channel == NULL)
		nic_fail("the description joins it to no switch", FAILED_OPEN);
}

/* The connection is another one: what was received before is not ours to give back. */
static void nic_follow(void)
{
	uint32_t server = nic_client.server_generation;
	bool before = nic_client.connected;
	bool now = net_client_poll(&nic_client);

	if (!before || (now && nic_client.server_generation == server))
		return;
	for (uint32_t i = 0u; i < NIC_FRAMES; i++)
		nic_frames[i].stale = true;
}

static void nic_serve(void)
{
	nic_follow();
	nic_sent();
	nic_take();
	nic_send();
	if (nic_port.broken)
		nic_fail("the device is broken", FAILED_BREAK);
	virtio_ring_kick(&nic_receive);
	virtio_ring_kick(&nic_transmit);
	if (net_client_tell(&nic_client))
		(void)svc_notify(nic_channel->handle);
}

int main(unsigned thread)
{
	const char *error;

	(void)thread;
	console_open();
	for (uint32_t i = 0u; i < NIC_BUFFERS; i++)
		nic_slot[i] = NET_NO_SLOT;
	for (uint32_t i = 0u; i < NIC_SENDS; i++)
		nic_frame_of[i] = NO_FRAME;
	nic_current = NO_FRAME;
	error = nic_open();
	if (error != NULL)
		nic_fail(error, FAILED_OPEN);
	nic_find_switch();
	console_print("%s: ready%s\n", info_get()->name,
	              (nic_takes & NET_TAKES_CSUM) != 0u ? ", the device does checksums" : "");
	for (;;) {
		uint64_t bits;

		nic_serve();
		bits = svc_wait(UINT64_MAX, SVC_NEVER);
		if ((bits & 1ull << info_device(0u)->bit) == 0u)
			continue;
		if (virtio_port_interrupt(&nic_port))
			nic_fail("the device storms or needs a reset", FAILED_BREAK);
		(void)svc_irq_ack(info_device(0u)->handle);
	}
}
