/* SPDX-License-Identifier: Apache-2.0 */
/* A page in place of a device; contract in line_page.h. */
#include "tests/unit/line_page.h"

#include <stdlib.h>
#include <string.h>

uint32_t line_page[LINE_PAGE_WORDS];
static uint64_t page_va;

void line_page_start(uint64_t va)
{
	page_va = va;
	memset(line_page, 0, sizeof(line_page));
}

static uint32_t *word_at(uint64_t va)
{
	uint64_t offset = va - page_va;

	if (va < page_va || offset % 4u != 0u || offset / 4u >= LINE_PAGE_WORDS)
		abort();
	return &line_page[offset / 4u];
}

uint32_t device_read32(uint64_t va)
{
	return *word_at(va);
}

void device_write32(uint64_t va, uint32_t value)
{
	*word_at(va) = value;
}
