/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process's own info page (abi/process.h): where it is, and how to look things up in
 * it. Called by EL0 programs, from any thread. bhc wrote the page and the kernel maps it
 * read-only, so it is trusted.
 */
#ifndef BULKHEAD_USER_LIB_INFO_H
#define BULKHEAD_USER_LIB_INFO_H

#include <stddef.h>

#include "abi/process.h"
#include "abi/syscall.h"
#include "user/lib/text.h"

/* crt0.S has these as numbers. */
_Static_assert(PROCESS_INFO_VA == 0x200000u, "crt0 knows it");
_Static_assert(offsetof(struct process_info, thread_count) == 12u, "crt0 knows it");
_Static_assert(offsetof(struct process_info, start_handle) == 48u, "crt0 knows it");
_Static_assert(SYSCALL_WAIT == 0 && SYSCALL_NOTIFY == 1 && SYSCALL_EXIT == 12, "crt0 knows it");
_Static_assert(NOTIFY_START == 63u && EXIT_REASON_OFF == 3u, "crt0 knows it");

static inline const struct process_info *info_get(void)
{
	return (const struct process_info *)PROCESS_INFO_VA;
}

static inline const struct process_device *info_device(uint32_t index)
{
	return (const struct process_device *)info_get()->devices + index;
}

static inline const struct process_channel *info_channel(uint32_t index)
{
	return (const struct process_channel *)info_get()->channels + index;
}

static inline const struct process_child *info_child(uint32_t index)
{
	return (const struct process_child *)info_get()->children + index;
}

static inline const struct process_pool *info_pool(uint32_t index)
{
	return (const struct process_pool *)info_get()->pools + index;
}

static inline const struct vm_device *info_vm_device(uint32_t index)
{
	return (const struct vm_device *)info_get()->vm.devices + index;
}

/* By name; NULL: there is none. */
static inline const struct process_channel *info_find_channel(const char *name)
{
	for (uint32_t i = 0u; i < info_get()->channel_count; i++) {
		if (strcmp(info_channel(i)->name, name) == 0)
			return info_channel(i);
	}
	return NULL;
}

static inline const struct process_device *info_find_device(const char *name)
{
	for (uint32_t i = 0u; i < info_get()->device_count; i++) {
		if (strcmp(info_device(i)->name, name) == 0)
			return info_device(i);
	}
	return NULL;
}

#endif
