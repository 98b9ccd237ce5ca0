/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a ring of the flight recorder without disturbing its writer; the protocol is in
 * abi/trace.h. Wait-free: one pass over what is new, whatever the writer does meanwhile.
 * Owns nothing but what the caller passes; one thread per reader. Portable.
 */
#ifndef BULKHEAD_USER_SERVICES_TRACE_READER_H
#define BULKHEAD_USER_SERVICES_TRACE_READER_H

#include "abi/trace.h"

struct trace_reader {
	const struct trace_ring *ring;
	uint64_t next; /* number of the event that is read next */
	uint64_t lost; /* that were overwritten before they were read, all in all */
};

/* What one pass got: events [first, first + count), whole; `lost` ones before them are gone. */
struct trace_pass {
	uint64_t first;
	uint32_t count;
	uint64_t lost;
};

/* From event 0 on: what is not there any more counts as lost at the first pass. */
void trace_reader_open(struct trace_reader *reader, const struct trace_ring *ring);
/* Copies what is new into `to`, which has room for TRACE_EVENTS records. */
struct trace_pass trace_reader_pass(struct trace_reader *reader, struct trace_record *to);

#endif
