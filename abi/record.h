/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What programs say about themselves to bhc: fixed 64-byte records in named sections of
 * their ELF files. bhc reads the sections by name from the file; at run time nobody does.
 *
 * .bulkhead.program: one struct program_record; a program without it needs nothing special.
 * .bulkhead.device (of the VM process): one struct device_record for each pair of a backend
 * and a `compatible` of the guest's tree that it implements. A backend that may stand behind
 * any node has an empty compatible.
 */
#ifndef BULKHEAD_ABI_RECORD_H
#define BULKHEAD_ABI_RECORD_H

#include <stdint.h>

#define PROGRAM_SECTION ".bulkhead.program"
#define DEVICE_SECTION  ".bulkhead.device"

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
};

_Static_assert(sizeof(struct program_record) == 64, "bhc and programs agree");
_Static_assert(sizeof(struct device_record) == 64, "bhc and programs agree");

#endif
