/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Self-checking guests: a line per check, "PREFIX: NAME ok" or "PREFIX: NAME FAILED got ..",
 * and the sum at the end. Called on CPU 0 with interrupts masked.
 */
#ifndef BULKHEAD_GUESTS_LIB_BARE_CHECK_H
#define BULKHEAD_GUESTS_LIB_BARE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

void check_begin(const char *prefix);
/* A check of several parts: the line is printed by check_done(), with the first part that failed. */
void check_part(const char *part, uint64_t got, uint64_t want);
void check_done(const char *name);
/* A check of one part. */
void check(const char *name, uint64_t got, uint64_t want);
/* Something that this machine does not have: not counted. */
void check_skip(const char *name, const char *why);
/* "PREFIX: done N ok N failed", and off. */
void check_end(void) __attribute__((noreturn));

#endif
