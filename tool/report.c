/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of refusal; contract in report.h. */
#include "tool/report.h"

#include <stdarg.h>
#include <stdio.h>

static unsigned reported;

void report(const char *rule, struct place place, const char *format, ...)
{
	va_list arguments;

	reported++;
	fprintf(stderr, "%s: %s: ", source_position(place), rule);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

unsigned report_count(void)
{
	return reported;
}
