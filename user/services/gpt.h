/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GUID partition tables (UEFI 2.10, 5.3), as read from a disk: hostile bytes. Pure functions;
 * the caller reads the sectors.
 */
#ifndef BULKHEAD_USER_SERVICES_GPT_H
#define BULKHEAD_USER_SERVICES_GPT_H

#include <stdbool.h>
#include <stdint.h>

#define GPT_SECTOR_BYTES 512u
#define GPT_PARTITIONS   128u

struct gpt_header {
	uint64_t entries_sector;
	uint64_t first_usable;
	uint64_t last_usable;
	uint32_t entry_count;
	uint32_t entry_bytes;
};

/* Sector 1. False: no table, or a damaged one (signature, size, CRC, ranges). */
bool gpt_read_header(const uint8_t sector[GPT_SECTOR_BYTES], uint64_t disk_sectors,
                     struct gpt_header *header);
/* Which sector holds partition `number` (from 1), and where in it; false: there is no such entry. */
bool gpt_entry_place(const struct gpt_header *header, uint32_t number, uint64_t *sector,
                     uint32_t *offset);
/* The entry itself; false: it is unused, or lies outside what the header says is usable. */
bool gpt_read_entry(const struct gpt_header *header, const uint8_t *entry, uint64_t *first,
                    uint64_t *sectors);

#endif
