/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules that a description keeps: a table of names and functions. A rule reads the model
 * and reports; it changes nothing and does not rely on another rule. Each has a description
 * that breaks it, tests/rules/NAME.dts.
 */
#ifndef BULKHEAD_TOOL_RULES_H
#define BULKHEAD_TOOL_RULES_H

#include "tool/model.h"

struct rule {
	const char *name;
	void (*check)(const struct system *system, const char *name);
};

/* Runs every rule. Files that are products of the build are asked for only when `build`. */
void rules_check(const struct system *system, bool build);
/* One line per rule, on standard output. */
void rules_list(void);

#endif
