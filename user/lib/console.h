/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text from a program to its "console" channel. Owned by one thread of the program (thread 0
 * of most). Never waits: what does not fit is dropped and counted, and the count is printed
 * before the next text that fits. A process without such a channel prints nothing.
 */
#ifndef BULKHEAD_USER_LIB_CONSOLE_H
#define BULKHEAD_USER_LIB_CONSOLE_H

#include <stdint.h>

struct channel_end;

void console_open(void);
void console_puts(const char *text);
/* Formats as text_format does; a line of up to 255 bytes. */
void console_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Bytes dropped since console_open. */
uint64_t console_dropped(void);
/* The end itself, for a program that also reads from its console. */
struct channel_end *console_channel(void);

#endif
