/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GUID partition tables; contract in gpt.h. Called by the disk server. Portable, no state. The
 * CRC of the header is checked; that of the entries is not: what is used of an entry is checked by itself.
 */
#include "user/services/gpt.h"

#include "user/lib/text.h"

#define HEADER_BYTES_MIN 92u
#define ENTRY_BYTES_MIN  128u

/* UEFI 2.10, table 5-5 */
#define HEADER_SIZE    12u
#define HEADER_CRC     16u
#define HEADER_MY      24u
#define HEADER_FIRST   40u
#define HEADER_LAST    48u
#define HEADER_ENTRIES 72u
#define HEADER_COUNT   80u
#define HEADER_BYTES   84u

/* Table 5-6 */
#define ENTRY_TYPE  0u
#define ENTRY_FIRST 32u
#define ENTRY_LAST  40u

static uint32_t gpt_load32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint64_t gpt_load64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* CRC-32 of IEEE 802.3, with the header's own field taken as zero. */
static uint32_t gpt_crc(const uint8_t *header, uint32_t bytes)
{
	uint32_t crc = UINT32_MAX;

	for (uint32_t i = 0u; i < bytes; i++) {
		crc ^= i >= HEADER_CRC && i < HEADER_CRC + 4u ? 0u : header[i];
		for (uint32_t bit = 0u; bit < 8u; bit++)
			crc = (crc >> 1) ^ ((crc & 1u) != 0u ? 0xedb88320u : 0u);
	}
	return ~crc;
}

bool gpt_read_header(const uint8_t sector[GPT_SECTOR_BYTES], uint64_t disk_sectors,
                     struct gpt_header *header)
{
	uint32_t bytes = gpt_load32(sector + HEADER_SIZE);
	uint64_t table;

	if (memcmp(sector, "EFI PART", 8u) != 0 || bytes < HEADER_BYTES_MIN ||
	    bytes > GPT_SECTOR_BYTES || gpt_crc(sector, bytes) != gpt_load32(sector + HEADER_CRC) ||
	    gpt_load64(sector + HEADER_MY) != 1u)
		return false;
	header->first_usable = gpt_load64(sector + HEADER_FIRST);
	header->last_usable = gpt_load64(sector + HEADER_LAST);
	header->entries_sector = gpt_load64(sector + HEADER_ENTRIES);
	header->entry_count = gpt_load32(sector + HEADER_COUNT);
	header->entry_bytes = gpt_load32(sector + HEADER_BYTES);
	/* 5.3.2: an entry's size is 128 times a power of two; those of up to a sector are known here */
	if (header->entry_bytes < ENTRY_BYTES_MIN || header->entry_bytes > GPT_SECTOR_BYTES ||
	    (header->entry_bytes & (header->entry_bytes - 1u)) != 0u)
		return false;
	table = ((uint64_t)header->entry_count * header->entry_bytes + GPT_SECTOR_BYTES - 1u) /
	        GPT_SECTOR_BYTES;
	return header->entry_count <= GPT_PARTITIONS && header->last_usable < disk_sectors &&
	       header->first_usable <= header->last_usable &&
	       header->entries_sector < disk_sectors &&
	       table <= disk_sectors - header->entries_sector;
}

bool gpt_entry_place(const struct gpt_header *header, uint32_t number, uint64_t *sector,
                     uint32_t *offset)
{
	uint64_t at;

	if (number == 0u || number > header->entry_count)
		return false;
	at = (uint64_t)(number - 1u) * header->entry_bytes;
	*sector = header->entries_sector + at / GPT_SECTOR_BYTES;
	*offset = (uint32_t)(at % GPT_SECTOR_BYTES);
	return true;
}

bool gpt_read_entry(const struct gpt_header *header, const uint8_t *entry, uint64_t *first,
                    uint64_t *sectors)
{
	static const uint8_t unused[16];
	uint64_t last = gpt_load64(entry + ENTRY_LAST);

	*first = gpt_load64(entry + ENTRY_FIRST);
	if (memcmp(entry + ENTRY_TYPE, unused, sizeof(unused)) == 0 ||
	    *first < header->first_usable || last > header->last_usable || *first > last)
		return false;
	*sectors = last - *first + 1u;
	return true;
}
