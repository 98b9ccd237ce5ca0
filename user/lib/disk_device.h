/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A physical disk, as the disk server sees it: one driver file implements it. All functions
 * are called by the one thread of the process. Buffers are named by their physical address.
 */
#ifndef BULKHEAD_USER_LIB_DISK_DEVICE_H
#define BULKHEAD_USER_LIB_DISK_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/block_channel.h"

#define DISK_TAGS        40u /* requests that may be in flight */
#define DISK_SPARE_BYTES 0x1000u

struct disk_kind {
	uint64_t sectors;
	uint64_t spare_pa; /* DISK_SPARE_BYTES of zeroes for the server's own use */
	uint8_t *spare;
	uint32_t interrupt_bit; /* notification bits of its interrupt */
	uint32_t zero_sectors;  /* at most in one request; 0: it cannot write zeroes */
	uint32_t discard_sectors;
	bool read_only;
	bool flush; /* without it every write is stable when it is done */
};

/* One request, as the device gets it. */
struct disk_request {
	uint64_t sector;
	uint64_t pa; /* of the data */
	uint32_t sectors;
	enum block_op op;
};

/* Resets the device and makes it ready. NULL, or why it cannot be used. */
const char *disk_open(struct disk_kind *kind);
/* Hands a request to the device, at the latest at the next disk_kick; tag below DISK_TAGS, not in flight. */
void disk_submit(uint32_t tag, const struct disk_request *request);
void disk_kick(void);
/* Acknowledges the device's interrupt. False: the device is broken, and must be opened anew. */
bool disk_interrupt(void);
/* A request that is done; false: none now. */
bool disk_done(uint32_t *tag, bool *good);

#endif
