/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's memory and one virtqueue in it, both sides, for unit tests: the device's side is
 * user/vmm/virtio, the driver's guests/lib/bare_ring. RAM is two banks with a hole between them that
 * nobody may write. One thread.
 */
#ifndef BULKHEAD_TESTS_UNIT_VIRTQUEUE_HOST_H
#define BULKHEAD_TESTS_UNIT_VIRTQUEUE_HOST_H

#include "guests/lib/bare_ring.h"
#include "user/vmm/virtio/virtqueue.h"

#define HOST_RAM    0x40000000ull
#define HOST_BANK   0x20000u /* bytes of each bank */
#define HOST_HOLE   0x1000u  /* between them */
#define HOST_END    (HOST_RAM + 2u * HOST_BANK + HOST_HOLE)
#define HOST_DRIVER 0x1000u /* the areas of the ring, in the first bank */
#define HOST_DEVICE 0x2000u
#define HOST_TABLE  0x4000u  /* indirect tables */
#define HOST_DATA   0x10000u /* buffers */

struct virtqueue_host {
	uint8_t *memory;
	struct virtqueue queue;
	struct ring ring;
};

/* Memory, and the queue started by both; false: the device refuses it. */
bool host_start(struct virtqueue_host *host, uint64_t features, uint16_t size);
/* Ends it: the hole must be as it was. */
bool host_stop(struct virtqueue_host *host);
void *host_at(const struct virtqueue_host *host, uint64_t ipa);
uint64_t host_ipa(const struct virtqueue_host *host, const void *at);

#endif
