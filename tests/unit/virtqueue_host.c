/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's memory with one virtqueue; see virtqueue_host.h. */
#include "tests/unit/virtqueue_host.h"

#include <stdlib.h>
#include <string.h>

#include "user/vmm/ram.h"

#define CANARY 0xa5u

static struct vm_bank banks[2] = {
	{.ipa = HOST_RAM, .bytes = HOST_BANK},
	{.ipa = HOST_RAM + HOST_BANK + HOST_HOLE, .bytes = HOST_BANK},
};

bool host_start(struct virtqueue_host *host, uint64_t features, uint16_t size)
{
	memset(host, 0, sizeof(*host));
	host->memory = aligned_alloc(4096u, HOST_END - HOST_RAM);
	memset(host->memory, 0xee, HOST_END - HOST_RAM);
	memset(host->memory + HOST_BANK, CANARY, HOST_HOLE);
	ram_init(banks, 2u, (uintptr_t)host->memory - HOST_RAM);
	ring_init(&host->ring, (features & VIRTIO_F_RING_PACKED) != 0u,
	          (features & VIRTIO_F_EVENT_IDX) != 0u,
	          size <= RING_SIZE_MAX && size != 0u ? size : 1u, host->memory,
	          host->memory + HOST_DRIVER, host->memory + HOST_DEVICE);
	host->queue.size = size;
	host->queue.descriptors = HOST_RAM;
	host->queue.driver = HOST_RAM + HOST_DRIVER;
	host->queue.device = HOST_RAM + HOST_DEVICE;
	return virtqueue_start(&host->queue, features);
}

bool host_stop(struct virtqueue_host *host)
{
	bool good = true;

	for (uint32_t i = 0u; i < HOST_HOLE; i++)
		good = good && host->memory[HOST_BANK + i] == CANARY;
	free(host->memory);
	host->memory = NULL;
	return good;
}

void *host_at(const struct virtqueue_host *host, uint64_t ipa)
{
	return host->memory + (ipa - HOST_RAM);
}

uint64_t host_ipa(const struct virtqueue_host *host, const void *at)
{
	return HOST_RAM + (uint64_t)((const uint8_t *)at - host->memory);
}
