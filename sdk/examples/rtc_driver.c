/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Example of a driver: a process that owns a device of the board, here the PL031 (DDI 0224). Its page
 * and its interrupt come from `devices` in the description; nobody else has them. The interrupt stays
 * masked from its delivery until svc_irq_ack().
 */
#include "user/lib/console.h"
#include "user/lib/device_io.h"
#include "user/lib/info.h"
#include "user/lib/program.h"
#include "user/lib/syscalls.h"

PROGRAM_RECORD("rtc_driver", 0u);

#define RTC_DR   0x00u /* seconds */
#define RTC_MR   0x04u /* match */
#define RTC_IMSC 0x10u
#define RTC_ICR  0x1cu

int main(unsigned thread)
{
	const struct process_device *device = info_device(0u);
	uint32_t interrupts = 0u;

	(void)thread;
	if (info_get()->device_count == 0u || device->handle == IMAGE_NONE)
		return 1;
	console_open();
	device_write32(device->va + RTC_IMSC, 1u);
	for (;;) {
		device_write32(device->va + RTC_MR, device_read32(device->va + RTC_DR) + 1u);
		(void)svc_wait(1ull << device->bit, SVC_NEVER);
		device_write32(device->va + RTC_ICR, 1u);
		(void)svc_irq_ack(device->handle);
		console_print("driver: interrupt %u\n", ++interrupts);
	}
}
