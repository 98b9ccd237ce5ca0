/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One device tree source, compiled: cpp, then dtc twice, once for the tree and once for the
 * positions of its nodes and properties (dtc's own annotations). The tree is never changed,
 * so node offsets stay valid for the whole run.
 */
#ifndef BULKHEAD_TOOL_SOURCE_H
#define BULKHEAD_TOOL_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "tool/files.h"

struct position {
	const char *path;     /* of the node */
	const char *property; /* NULL: the node itself */
	const char *text;     /* file:line */
};

struct source {
	const char *path;
	const char *folder;
	void *fdt;
	struct position *positions;
	uint32_t position_count;
	struct bytes text;      /* as cpp made it */
	const void *references; /* source_references: a tree whose /__local_fixups__ lists them */
};

/* A node (and one of its properties, or NULL) that a message points at. */
struct place {
	const struct source *source;
	int node;
	const char *property;
};

enum source_status { SOURCE_GOOD, SOURCE_REFUSED, SOURCE_NO_TOOL };

enum source_status source_compile(const char *path, const struct search_path *include,
                                  struct source *out);
/* Fills in `references`, once; without a tool it stays NULL. */
void source_references(struct source *source);
/* file:line of a place: of the property, else of the node, else the file. */
const char *source_position(struct place place);

#endif
