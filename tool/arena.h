/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of one run of the compiler: taken piece by piece, never given back before exit.
 * Running out ends the program. Called from every module of tool/; one thread.
 */
#ifndef BULKHEAD_TOOL_ARENA_H
#define BULKHEAD_TOOL_ARENA_H

#include <stddef.h>

/* Zeroed memory. */
void *arena_alloc(size_t bytes);
/* A larger copy of a piece, its new part zeroed. old_bytes 0: a new piece. */
void *arena_grow(const void *old, size_t old_bytes, size_t bytes);
char *arena_copy(const char *text, size_t length);
char *arena_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
