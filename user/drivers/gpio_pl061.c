/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical PL061 (DDI 0190), eight lines; contract in user/lib/line_device.h. All lines are inputs
 * at the start. A line that nobody watches raises no interrupt.
 */
#include "user/lib/device_io.h"
#include "user/lib/line_device.h"

#define GPIO_DATA 0x000u /* bits 9:2 of the address are a mask of the lines: 3.3.1 */
#define GPIO_DIR  0x400u
#define GPIO_IS   0x404u /* 1: a level */
#define GPIO_IBE  0x408u /* 1: both edges */
#define GPIO_IEV  0x40cu /* 1: rising edge, or high */
#define GPIO_IE   0x410u
#define GPIO_MIS  0x418u
#define GPIO_IC   0x41cu

#define GPIO_LINES 8u
#define NOBODY     UINT32_MAX

static uint64_t gpio_va;
static uint32_t gpio_owner[GPIO_LINES];

static void gpio_set(uint32_t reg, uint32_t bit, bool on)
{
	uint32_t value = device_read32(gpio_va + reg);

	device_write32(gpio_va + reg, on ? value | bit : value & ~bit);
}

void line_open(uint64_t va)
{
	gpio_va = va;
	device_write32(gpio_va + GPIO_IE, 0u);
	device_write32(gpio_va + GPIO_DIR, 0u);
	device_write32(gpio_va + GPIO_IC, 0xffu);
	for (uint32_t i = 0u; i < GPIO_LINES; i++)
		gpio_owner[i] = NOBODY;
}

/* The line's interrupt is off while it is turned to something else. */
static void gpio_watch(uint32_t bit, bool level)
{
	gpio_set(GPIO_IE, bit, false);
	gpio_set(GPIO_DIR, bit, false);
	gpio_set(GPIO_IS, bit, level);
	gpio_set(GPIO_IBE, bit, !level);
	gpio_set(GPIO_IEV, bit, false);
	device_write32(gpio_va + GPIO_IC, bit);
	gpio_set(GPIO_IE, bit, true);
}

static bool gpio_change(uint32_t client, const struct line_message *request)
{
	uint32_t line = request->value & 0xffu;
	uint32_t value = request->value >> 8;

	if (line >= GPIO_LINES || value > 1u || (value != 0u && request->op != LINE_OUTPUT) ||
	    (gpio_owner[line] != NOBODY && gpio_owner[line] != client))
		return false;
	gpio_owner[line] = client;
	if (request->op == LINE_OUTPUT) {
		gpio_set(GPIO_IE, 1u << line, false);
		gpio_set(GPIO_DIR, 1u << line, true);
		/* only this line is written */
		device_write32(gpio_va + GPIO_DATA + (4u << line), value << line);
	} else if (request->op == LINE_INPUT) {
		gpio_set(GPIO_IE, 1u << line, false);
		gpio_set(GPIO_DIR, 1u << line, false);
	} else {
		gpio_watch(1u << line, request->op == LINE_WATCH_LOW);
	}
	return true;
}

struct line_message line_request(uint32_t client, const struct line_message *request)
{
	struct line_message answer = {.op = request->op};

	switch (request->op) {
	case LINE_READ:
		answer.value = device_read32(gpio_va + GPIO_DATA + (0xffu << 2));
		break;
	case LINE_OUTPUT:
	case LINE_INPUT:
	case LINE_WATCH:
	case LINE_WATCH_LOW:
		if (!gpio_change(client, request))
			answer.op = LINE_REFUSED;
		break;
	default:
		answer.op = LINE_REFUSED;
		break;
	}
	return answer;
}

uint32_t line_interrupt(void)
{
	uint32_t causes = device_read32(gpio_va + GPIO_MIS);

	device_write32(gpio_va + GPIO_IC, causes);
	return causes;
}

uint32_t line_event(uint32_t client, uint32_t causes)
{
	uint32_t own = 0u;

	for (uint32_t i = 0u; i < GPIO_LINES; i++)
		own |= gpio_owner[i] == client ? 1u << i : 0u;
	return causes & own;
}
