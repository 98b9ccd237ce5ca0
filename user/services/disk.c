/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disk server: one physical disk (user/lib/disk_device.h), shared by clients of a channel each
 * (abi/block_channel.h), every one with its own part of the disk, priority and rate by the
 * description. Data go by DMA between the disk and the channel: nothing is copied here.
 *
 * One thread, which waits for the device's interrupt, its clients, and the tick at which a
 * rate lets somebody go on. A device that breaks its own rules, or that holds a request for 10
 * seconds, ends the process: it is started again, resets the device, and its clients send
 * again what was not answered.
 */
#include <stddef.h>

#include "user/lib/clock.h"
#include "user/lib/console.h"
#include "user/lib/info.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"
#include "user/services/disk.h"
#include "user/services/gpt.h"

PROGRAM_RECORD("virtio_block", 0u);

#define HANG_SECONDS 10u
#define FAILED_OPEN  1u /* codes of EXIT_REASON_FAILED */
#define FAILED_HANG  2u
#define FAILED_BREAK 3u

/* A request that the device has, or a part of it: tag n. */
struct disk_work {
	struct disk_client *client;
	struct block_request request; /* sector: of the disk */
	uint32_t done;                /* sectors */
	uint32_t part;                /* sectors that the device has now */
	bool flushing;                /* all is written; BLOCK_THROUGH */
};

static struct disk_kind disk_kind;
static struct disk_client disk_clients[DISK_CLIENTS];
static uint32_t disk_client_count;
static struct disk_work disk_work[DISK_TAGS];
static uint64_t disk_free = (1ull << DISK_TAGS) - 1u; /* tags */
static uint64_t disk_progress;                        /* tick of the last sign of life */

static _Noreturn void disk_fail(const char *text, uint64_t code)
{
	console_print("%s: %s\n", info_get()->name, text);
	svc_exit(EXIT_REASON_FAILED, code);
}

static uint64_t disk_hang_at(void)
{
	if (disk_free == (1ull << DISK_TAGS) - 1u)
		return SVC_NEVER;
	return disk_progress + HANG_SECONDS * clock_ticks_per_second();
}

/* Hands the next part of a request to the device. */
static void disk_step(uint32_t tag)
{
	struct disk_work *work = &disk_work[tag];
	uint32_t left = work->request.sectors - work->done;
	struct disk_request request = {
		.sector = work->request.sector + work->done,
		.sectors = left,
		.op = (enum block_op)work->request.op,
		.pa = work->client->info->pa + BLOCK_DATA_OFFSET +
	              (uint64_t)work->request.slot * BLOCK_SLOT_BYTES,
	};

	if (work->flushing || request.op == BLOCK_FLUSH) {
		request = (struct disk_request){.op = BLOCK_FLUSH};
	} else if (request.op == BLOCK_DISCARD && left > disk_kind.discard_sectors) {
		request.sectors = disk_kind.discard_sectors;
	} else if (request.op == BLOCK_ZERO && disk_kind.zero_sectors != 0u) {
		request.sectors = left < disk_kind.zero_sectors ? left : disk_kind.zero_sectors;
	} else if (request.op == BLOCK_ZERO) {
		uint32_t most = DISK_SPARE_BYTES / BLOCK_SECTOR_BYTES;

		request.op = BLOCK_WRITE;
		request.pa = disk_kind.spare_pa;
		request.sectors = left < most ? left : most;
	}
	work->part = request.sectors;
	disk_submit(tag, &request);
}

static void disk_end(uint32_t tag, enum block_status status)
{
	struct disk_work *work = &disk_work[tag];

	work->client->flying--;
	disk_client_reply(work->client, work->request.slot, status);
	disk_free |= 1ull << tag;
}

/* The device is done with the part that it had. */
static void disk_part_done(uint32_t tag, bool good)
{
	struct disk_work *work = &disk_work[tag];

	work->done += work->part;
	if (!good) {
		disk_end(tag, BLOCK_ERROR);
	} else if (work->done < work->request.sectors) {
		disk_step(tag);
	} else if ((work->request.flags & BLOCK_THROUGH) != 0u && work->request.op == BLOCK_WRITE &&
	           disk_kind.flush && !work->flushing) {
		work->flushing = true;
		disk_step(tag);
	} else {
		disk_end(tag, BLOCK_OK);
	}
}

/* Begins client->next, or answers it at once. */
static void disk_begin(struct disk_client *client)
{
	struct block_request request = client->next;
	bool may = disk_client_may(client);
	uint32_t tag = (uint32_t)__builtin_ctzll(disk_free);

	disk_client_charge(client, clock_now(), clock_ticks_per_second());
	if (!may) {
		disk_client_cut(client);
		return;
	}
	if ((request.op == BLOCK_FLUSH && !disk_kind.flush) ||
	    (request.op == BLOCK_DISCARD && disk_kind.discard_sectors == 0u)) {
		disk_client_reply(client, request.slot, BLOCK_OK);
		return;
	}
	if (request.op == BLOCK_FLUSH)
		request.sectors = 0u;
	request.sector += client->first;
	disk_free &= ~(1ull << tag);
	client->flying++;
	disk_work[tag] = (struct disk_work){.client = client, .request = request};
	disk_step(tag);
}

/* Everything that can be done now; returns when to look again at the latest. */
static uint64_t disk_serve(void)
{
	uint64_t now = clock_now();
	uint64_t deadline = SVC_NEVER;
	static uint32_t last;
	uint32_t tag;
	bool good;

	while (disk_done(&tag, &good)) {
		disk_progress = now;
		disk_part_done(tag, good);
	}
	for (uint32_t i = 0u; i < disk_client_count; i++)
		disk_client_follow(&disk_clients[i]);
	/* so many and no more: interrupts and the others' connections have their turn */
	for (uint32_t i = 0u; i < DISK_TAGS && disk_free != 0u; i++) {
		struct disk_client *client =
			disk_client_choose(disk_clients, disk_client_count, last, now, &deadline);

		if (client == NULL)
			break;
		if (i == DISK_TAGS - 1u)
			deadline = now;
		/* the first after idling: the device's time begins now */
		if (disk_hang_at() == SVC_NEVER)
			disk_progress = now;
		last = (uint32_t)(client - disk_clients);
		disk_begin(client);
	}
	disk_kick();
	for (uint32_t i = 0u; i < disk_client_count; i++) {
		if (disk_client_tell(&disk_clients[i]))
			(void)svc_notify(disk_clients[i].info->handle);
	}
	return deadline < disk_hang_at() ? deadline : disk_hang_at();
}

/* Reads one sector into the spare memory, before there are clients. */
static void disk_read_sector(uint64_t sector)
{
	struct disk_request request = {
		.sector = sector, .pa = disk_kind.spare_pa, .sectors = 1u, .op = BLOCK_READ};
	uint64_t hang = clock_now() + HANG_SECONDS * clock_ticks_per_second();
	uint32_t tag;
	bool good;

	disk_submit(0u, &request);
	disk_kick();
	while (!disk_done(&tag, &good)) {
		if (clock_now() >= hang)
			disk_fail("the device does not answer", FAILED_HANG);
		(void)svc_wait(1ull << disk_kind.interrupt_bit, hang);
		if (!disk_interrupt())
			disk_fail("the device is broken", FAILED_BREAK);
	}
	if (!good)
		memset(disk_kind.spare, 0, DISK_SPARE_BYTES);
}

/* The partition of a client; *sectors 0: it is not there. */
static void disk_find_partition(uint32_t number, uint64_t *first, uint64_t *sectors)
{
	struct gpt_header header;
	uint64_t sector;
	uint32_t offset;

	*sectors = 0u;
	disk_read_sector(1u);
	if (!gpt_read_header(disk_kind.spare, disk_kind.sectors, &header) ||
	    !gpt_entry_place(&header, number, &sector, &offset))
		return;
	disk_read_sector(sector);
	if (!gpt_read_entry(&header, disk_kind.spare + offset, first, sectors))
		*sectors = 0u;
}

static void disk_add_client(const struct process_channel *info)
{
	struct disk_client *client = &disk_clients[disk_client_count];
	uint64_t first = 0u;
	uint64_t sectors = disk_kind.sectors;

	if (disk_client_count == DISK_CLIENTS || !disk_client_open(client, info))
		return;
	disk_client_count++;
	if (client->settings.partition != 0u)
		disk_find_partition(client->settings.partition, &first, &sectors);
	disk_client_grant(client, &disk_kind, first, sectors);
	console_print("%s: %s has %lu sectors from %lu%s\n", info_get()->name, info->name,
	              client->sectors, client->first, client->read_only ? ", read-only" : "");
}

int main(unsigned thread)
{
	const char *error;
	uint64_t deadline;

	(void)thread;
	console_open();
	error = disk_open(&disk_kind);
	if (error != NULL)
		disk_fail(error, FAILED_OPEN);
	for (uint32_t i = 0u; i < info_get()->channel_count; i++)
		disk_add_client(info_channel(i));
	memset(disk_kind.spare, 0, DISK_SPARE_BYTES);
	for (deadline = disk_serve();; deadline = disk_serve()) {
		uint64_t bits = svc_wait(UINT64_MAX, deadline);

		if ((bits & 1ull << disk_kind.interrupt_bit) != 0u && !disk_interrupt())
			disk_fail("the device is broken", FAILED_BREAK);
		if (bits == 0u && clock_now() >= disk_hang_at())
			disk_fail("the device does not answer", FAILED_HANG);
	}
}
