/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backend "rng": a virtio entropy device (VIRTIO 1.2, 5.4) in front of an entropy process, whose
 * channel is a ring of random bytes. A buffer gets what is there, up to its size and to a share
 * of the ring; if there is nothing, it waits for the peer. State under the device's lock.
 */
#include <stddef.h>

#include "user/lib/channel.h"
#include "user/lib/text.h"
#include "user/vmm/virtio/virtio.h"

#define RNG_ID    4u
#define RNG_PIECE 64u /* bytes for a buffer; a driver takes fewer than it asked for (5.4.6) */

struct rng {
	struct virtio virtio; /* first */
	struct channel_end source;
	struct virtqueue queue;
};

/*
 * Gives buffers as long as there are bytes. A driver that goes on adding buffers, so that a ring's
 * worth is not enough, does nothing that this device is for.
 */
static void rng_serve(struct virtio *virtio)
{
	struct rng *rng = (struct rng *)virtio;
	struct virtio_chain chain;
	uint8_t bytes[RNG_PIECE];

	for (uint32_t i = 0u; channel_used(&rng->source) != 0u; i++) {
		uint32_t count;

		if (!virtio_take(virtio, 0u, &chain))
			break;
		/* 5.4.6.1: a buffer is for the device to write, and nothing else */
		if (i == CHANNEL_RING_BYTES || chain.out_count != 0u || chain.in_bytes == 0u) {
			virtio_break(virtio);
			break;
		}
		count = chain.in_bytes < RNG_PIECE ? chain.in_bytes : RNG_PIECE;
		count = channel_take(&rng->source, bytes, count, &virtio->device->peer_tell);
		(void)virtio_copy_to(virtio_in(&chain), chain.in_count, 0u, bytes, count);
		virtqueue_give(&rng->queue, &chain, count);
	}
	memset(bytes, 0, sizeof(bytes));
	virtio_told(virtio, 0u);
}

static void rng_notify(struct virtio *virtio, uint32_t queue)
{
	(void)queue;
	rng_serve(virtio);
}

static const struct virtio_ops rng_virtio_ops = {
	.id = RNG_ID,
	.notify = rng_notify,
	.poll = rng_serve,
};

static void rng_reset(struct device *device)
{
	struct rng *rng = device->state;

	if (device->peer != NULL) {
		channel_open_info(&rng->source, device->peer);
		device->peer_tell = true;
	}
	virtio_init(device, &rng_virtio_ops, 0u, &rng->queue, 1u, NULL, 0u);
}

static const struct device_ops rng_ops = {
	.backend = "rng",
	.state_bytes = sizeof(struct rng),
	.reset = rng_reset,
	.read = virtio_read,
	.write = virtio_write,
	.poll = virtio_poll,
};
DEVICE_BACKEND(rng_ops);
DEVICE_RECORD(rng_record, "rng", "virtio,mmio", .peer = DEVICE_PEER_MUST);
