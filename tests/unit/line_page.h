/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page in place of a device, for the tests of user/drivers: included before the driver's source, it
 * stands for user/lib/device_io.h. Every access must be of a whole register inside the page.
 */
#ifndef BULKHEAD_TEST_LINE_PAGE_H
#define BULKHEAD_TEST_LINE_PAGE_H

#include <stdint.h>

#define BULKHEAD_USER_LIB_DEVICE_IO_H /* the page is in its place */
#define LINE_PAGE_WORDS               1024u

extern uint32_t line_page[LINE_PAGE_WORDS];

void line_page_start(uint64_t va);
uint32_t device_read32(uint64_t va);
void device_write32(uint64_t va, uint32_t value);

#endif
