/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical PL031 (DDI 0224); contract in user/lib/line_device.h. Its time is read, never set. One
 * alarm at a time, whoever asked last.
 */
#include "user/lib/device_io.h"
#include "user/lib/line_device.h"

#define RTC_DR   0x00u
#define RTC_MR   0x04u
#define RTC_CR   0x0cu
#define RTC_IMSC 0x10u
#define RTC_RIS  0x14u
#define RTC_ICR  0x1cu

#define RTC_ON 1u

static uint64_t rtc_va;
static uint32_t rtc_client; /* who is to be told */

void line_open(uint64_t va)
{
	rtc_va = va;
	device_write32(rtc_va + RTC_IMSC, 0u);
	device_write32(rtc_va + RTC_ICR, RTC_ON);
	/* 3.3.4: once started it stays so */
	device_write32(rtc_va + RTC_CR, RTC_ON);
}

struct line_message line_request(uint32_t client, const struct line_message *request)
{
	struct line_message answer = {.op = request->op};

	switch (request->op) {
	case CLOCK_TIME:
		answer.value = device_read32(rtc_va + RTC_DR);
		break;
	case CLOCK_ALARM:
		rtc_client = client;
		device_write32(rtc_va + RTC_ICR, RTC_ON);
		device_write32(rtc_va + RTC_MR, request->value);
		device_write32(rtc_va + RTC_IMSC, RTC_ON);
		break;
	default:
		answer.op = LINE_REFUSED;
		break;
	}
	return answer;
}

uint32_t line_interrupt(void)
{
	uint32_t raised = device_read32(rtc_va + RTC_RIS) & RTC_ON;

	if (raised == 0u)
		return 0u;
	device_write32(rtc_va + RTC_IMSC, 0u);
	device_write32(rtc_va + RTC_ICR, RTC_ON);
	return raised;
}

uint32_t line_event(uint32_t client, uint32_t causes)
{
	return causes != 0u && client == rtc_client ? device_read32(rtc_va + RTC_DR) : 0u;
}
