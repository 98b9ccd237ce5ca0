/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the hostile guests and their victim know without talking: when the windows are, and what
 * the tree's bootargs say. CPU 0.
 */
#include "guests/hostile_guest.h"
#include "guests/lib/bare.h"
#include "guests/lib/bare_fdt.h"

uint64_t hostile_argument(uint64_t tree, const char *name, uint64_t missing)
{
	const char *text = fdt_bytes(tree) != 0u ? fdt_bootargs(tree) : NULL;

	if (text == NULL)
		return missing;
	while (*text != '\0') {
		uint32_t same = 0;
		uint64_t value = 0;

		while (name[same] != '\0' && text[same] == name[same])
			same++;
		if (name[same] == '\0' && text[same] == '=') {
			for (text += same + 1u; *text >= '0' && *text <= '9'; text++)
				value = value * 10u + (uint64_t)(*text - '0');
			return value;
		}
		while (*text != '\0' && *text != ' ')
			text++;
		while (*text == ' ')
			text++;
	}
	return missing;
}

struct hostile_clock hostile_clock(uint64_t tree)
{
	uint64_t per_us = counter_hz() / 1000000u;
	uint64_t now = counter_now();
	struct hostile_clock clock = {
		.start = HOSTILE_START_US * per_us,
		.window = hostile_argument(tree, "window-us", HOSTILE_WINDOW_US) * per_us,
		.windows = (uint32_t)hostile_argument(tree, "windows", HOSTILE_WINDOWS),
	};

	/* late where the machine is shared by more: then nobody compares windows */
	if (now > clock.start)
		clock.start = now;
	return clock;
}
