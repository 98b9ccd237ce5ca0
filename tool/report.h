/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bhc refuses: `file:line: rule: text` on standard error, counted. Called from the rules
 * and from what finds out later (the layout).
 */
#ifndef BULKHEAD_TOOL_REPORT_H
#define BULKHEAD_TOOL_REPORT_H

#include "tool/source.h"

void report(const char *rule, struct place place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
unsigned report_count(void);

#endif
