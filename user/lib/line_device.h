/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a small device's driver (user/drivers: one file each) gives the process that serves it,
 * user/services/line_server.c. It makes no system call, so that a test can put a page of its own in
 * place of the device. Called by the thread that owns the device.
 */
#ifndef BULKHEAD_USER_LIB_LINE_DEVICE_H
#define BULKHEAD_USER_LIB_LINE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/line_channel.h"

/* The device at va, silent: whoever had it before may have left anything in it. */
void line_open(uint64_t va);
/* A request of a client; what it is answered with. */
struct line_message line_request(uint32_t client, const struct line_message *request);
/* The device's interrupt: its causes are taken back. What each client is told (LINE_EVENT; 0: nothing). */
uint32_t line_interrupt(void);
uint32_t line_event(uint32_t client, uint32_t causes);

#endif
