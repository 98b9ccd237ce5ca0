/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program is: the function that crt0 calls, and the record by which the program
 * tells bhc its needs. Included once by each program's main file.
 */
#ifndef BULKHEAD_USER_LIB_PROGRAM_H
#define BULKHEAD_USER_LIB_PROGRAM_H

#include "abi/image.h"
#include "abi/record.h"

/*
 * Every thread of the process runs main with its index, thread 0 first; the others start
 * when .data and .bss are ready. Returning ends the whole process: EXIT_REASON_OFF, with the
 * returned value as its code.
 */
int main(unsigned thread);

/* ID_AA64ISAR0_EL1 of thread 0's CPU: which instructions the program may use. */
extern const uint64_t program_isar0;

/* PROGRAM_RECORD("console", PROGRAM_FLAG_...) at file scope. */
#define PROGRAM_RECORD(program_name, program_flags)                                            \
	__attribute__((used, section(".bulkhead.program"))) static const struct program_record \
		program_record_of_this = {                                                     \
			.name = (program_name),                                                \
			.abi_version = ABI_VERSION,                                            \
			.flags = (program_flags),                                              \
	}

#endif
