/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Status codes: what a system call answers in x0 when it answers a status.
 *
 * A caller's error is a status, never an assertion. Zero is success; every other
 * value is small and negative when read as int64_t, so it never looks like a count.
 */
#ifndef BULKHEAD_ABI_STATUS_H
#define BULKHEAD_ABI_STATUS_H

#include <stdint.h>

typedef int64_t status_t;

#define STATUS_OK      ((status_t)0)
#define STATUS_INVALID ((status_t)-1) /* an argument is outside its documented range */
#define STATUS_HANDLE  ((status_t)-2) /* no such handle, or of another kind */
#define STATUS_DENIED \
	((status_t)-3) /* the handle lacks the right, or the register is not allowed */
#define STATUS_STATE   ((status_t)-4) /* the object's state does not allow it now */
#define STATUS_ABSENT  ((status_t)-5) /* the CPU that would serve it is not there */
#define STATUS_UNKNOWN ((status_t)-6) /* no such system call */

#endif
