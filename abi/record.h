/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What programs say about themselves to bhc: records of fixed size in named sections of their
 * ELF files. bhc reads the sections by name from the file; at run time nobody does.
 *
 * .bulkhead.program: one struct program_record; a program without it needs nothing special.
 * .bulkhead.device (of the VM process): one struct device_record for each pair of a backend
 * and a `compatible` of the guest's tree that it implements. A backend that may stand behind
 * any node has an empty compatible.
 *
 * .bulkhead.setting (of the VM process): one struct setting_record for each property that a
 * backend's node may have beside `backend` and `peer`. bhc puts its value into
 * process_channel.settings of both ends of the device's channel, so that the peer need not believe the VM.
 */
#ifndef BULKHEAD_ABI_RECORD_H
#define BULKHEAD_ABI_RECORD_H

#include <stdint.h>

#define PROGRAM_SECTION ".bulkhead.program"
#define DEVICE_SECTION  ".bulkhead.device"
#define SETTING_SECTION ".bulkhead.setting"

#define RECORD_TEXT_BYTES 32u /* a string with its terminating zero, zero padded */

#define PROGRAM_FLAG_FP       (1u << 0) /* the code may use FP registers: PROCESS_FLAG_FP */
#define PROGRAM_FLAG_VM       (1u << 1) /* the program is a VM process: its threads own vCPUs */
#define PROGRAM_FLAG_RECORDER (1u << 2) /* the program reads the flight recorder */

struct program_record {
	char name[RECORD_TEXT_BYTES];
	uint32_t abi_version; /* ABI_VERSION that it was compiled for */
	uint32_t flags;       /* PROGRAM_FLAG_* */
	uint32_t reserved[6]; /* zero */
};

struct device_record {
	char backend[RECORD_TEXT_BYTES];    /* as in vm_device.backend: "pl011" */
	char compatible[RECORD_TEXT_BYTES]; /* of the node it implements: "arm,pl011", or "" */
	uint32_t channel_bytes; /* of the channel to its peer: whole pages; 0: a page of byte rings */
	uint32_t peer;          /* DEVICE_PEER_* */
	uint32_t flags;         /* DEVICE_FLAG_* */
	uint32_t pool_bytes;    /* of a pool at each port (process_pool): whole pages; 0: none */
	uint32_t reserved[4];   /* zero */
};
#define DEVICE_PEER_MAY  0u /* `peer` is optional */
#define DEVICE_PEER_MUST 1u /* a device without a peer is refused */

#define DEVICE_FLAG_CONSOLE (1u << 0) /* its peer may be the console: backend = "console" */

/* How a setting is written in the description, and stored: numbers little endian. */
#define SETTING_FLAG   0u /* a property without a value: stored as a uint32_t, 1 when it is there */
#define SETTING_NUMBER 1u /* one cell: a uint32_t from minimum to maximum */
#define SETTING_WIDE   2u /* two cells: a uint64_t */
#define SETTING_BYTES  3u /* exactly `bytes` bytes: [52 54 00 12 34 56] */
#define SETTING_TEXT \
	4u /* a string of at most `bytes` bytes, zero padded; no zero if it is as long */

struct setting_record {
	char backend[RECORD_TEXT_BYTES];
	char property[RECORD_TEXT_BYTES];
	uint32_t kind;    /* SETTING_* */
	uint32_t offset;  /* in process_channel.settings, aligned to what is stored */
	uint32_t bytes;   /* what is stored takes */
	uint32_t minimum; /* SETTING_NUMBER */
	uint32_t maximum;
	uint32_t absent; /* SETTING_NUMBER: stored when the property is not there; else that is zeroes */
	uint32_t reserved[2]; /* zero */
};

_Static_assert(sizeof(struct program_record) == 64, "bhc and programs agree");
_Static_assert(sizeof(struct device_record) == 96, "bhc and programs agree");
_Static_assert(sizeof(struct setting_record) == 96, "bhc and programs agree");

#endif
