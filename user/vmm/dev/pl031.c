/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backend "pl031": the real-time clock of DDI 0224. Its time is the machine's counter plus
 * an offset that begins at 2026-01-01 00:00:00 UTC: the machine has no clock that keeps the
 * date, so runs repeat exactly. The match interrupt is raised by the deadline of the device:
 * at the latest when the guest next looks at the RTC, or a vCPU thread of the VM serves
 * something else; on time where the description gives the VM process a device thread.
 * The registers are in docs/devices.md. State under the device's lock.
 */
#include <stddef.h>

#include "user/vmm/device.h"

#define RTC_DR     0x00u /* seconds, read-only */
#define RTC_MR     0x04u /* match */
#define RTC_LR     0x08u /* load: sets the time */
#define RTC_CR     0x0cu /* bit 0: started; stays 1 */
#define RTC_IMSC   0x10u
#define RTC_RIS    0x14u
#define RTC_MIS    0x18u
#define RTC_ICR    0x1cu
#define RTC_ID     0xfe0u /* 8 registers: PeriphID0-3, PCellID0-3 */
#define RTC_ID_END 0x1000u

#define RTC_START  1767225600u /* 2026-01-01 00:00:00 UTC */
#define RTC_ENABLE 1u

struct pl031 {
	uint32_t offset; /* time = offset + seconds of the counter, modulo 2^32 */
	uint32_t match;
	uint32_t load;
	uint32_t mask;
	uint32_t raw;
	uint32_t armed; /* a match is awaited */
	uint64_t due;   /* tick of the match */
};

static uint32_t pl031_seconds(void)
{
	return (uint32_t)(machine_ticks() / machine_ticks_per_second());
}

/* Lock held: the match may have come. */
static void pl031_update(struct device *device)
{
	struct pl031 *rtc = device->state;

	if (rtc->armed != 0u && machine_ticks() >= rtc->due) {
		rtc->armed = 0u;
		rtc->raw = 1u;
	}
	device_set_deadline(device, rtc->armed != 0u ? rtc->due : DEVICE_NO_DEADLINE);
	device->line_wanted = (rtc->raw & rtc->mask) != 0u;
}

/* Lock held: time or match have changed. */
static void pl031_arm(struct pl031 *rtc)
{
	uint64_t frequency = machine_ticks_per_second();
	uint64_t second = machine_ticks() / frequency;
	uint32_t ahead = rtc->match - (rtc->offset + (uint32_t)second);

	rtc->armed = 1u;
	rtc->due = ahead == 0u ? 0u : (second + ahead) * frequency;
}

static void pl031_reset(struct device *device)
{
	struct pl031 *rtc = device->state;

	rtc->offset = RTC_START;
}

static uint32_t pl031_value(const struct pl031 *rtc, uint32_t reg)
{
	static const uint8_t ids[8] = {0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	switch (reg) {
	case RTC_DR:
		return rtc->offset + pl031_seconds();
	case RTC_MR:
		return rtc->match;
	case RTC_LR:
		return rtc->load;
	case RTC_CR:
		return RTC_ENABLE;
	case RTC_IMSC:
		return rtc->mask;
	case RTC_RIS:
		return rtc->raw;
	case RTC_MIS:
		return rtc->raw & rtc->mask;
	default:
		return reg >= RTC_ID && reg < RTC_ID_END ? ids[(reg - RTC_ID) / 4u] : 0u;
	}
}

static uint32_t pl031_read(struct device *device, uint32_t offset, uint32_t bytes)
{
	uint32_t value;

	(void)bytes;
	device_lock(device);
	pl031_update(device);
	value = pl031_value(device->state, offset & ~3u);
	device_unlock(device);
	return value >> (8u * (offset & 3u));
}

static void pl031_write(struct device *device, uint32_t offset, uint32_t bytes, uint32_t value)
{
	struct pl031 *rtc = device->state;

	/* a 32-bit register is written whole */
	if (bytes != 4u)
		return;
	device_lock(device);
	pl031_update(device);
	switch (offset) {
	case RTC_MR:
		rtc->match = value;
		pl031_arm(rtc);
		break;
	case RTC_LR:
		rtc->load = value;
		rtc->offset = value - pl031_seconds();
		pl031_arm(rtc);
		break;
	case RTC_IMSC:
		rtc->mask = value & 1u;
		break;
	case RTC_ICR:
		rtc->raw &= ~value;
		break;
	default: /* CR cannot be cleared; the rest is read-only */
		break;
	}
	pl031_update(device);
	device_unlock(device);
}

static void pl031_poll(struct device *device)
{
	device_lock(device);
	pl031_update(device);
	device_unlock(device);
}

static const struct device_ops pl031_ops = {
	.backend = "pl031",
	.state_bytes = sizeof(struct pl031),
	.reset = pl031_reset,
	.read = pl031_read,
	.write = pl031_write,
	.poll = pl031_poll,
};
DEVICE_BACKEND(pl031_ops);
DEVICE_RECORD(pl031_record, "pl031", "arm,pl031");
