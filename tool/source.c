/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled device tree source and its positions; contract in source.h. */
#include "tool/source.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/arena.h"

#define ARGUMENT_MAX (2u * FOLDER_MAX + 16u)
#define PATH_BYTES   1024u

struct position_reader {
	struct source *source;
	char path[PATH_BYTES];
	uint32_t capacity;
};

static void source_add_position(struct position_reader *reader, const char *property,
                                const char *text)
{
	struct source *source = reader->source;

	if (source->position_count == reader->capacity) {
		uint32_t capacity = reader->capacity == 0u ? 256u : reader->capacity * 2u;

		source->positions =
			arena_grow(source->positions, reader->capacity * sizeof(struct position),
		                   capacity * sizeof(struct position));
		reader->capacity = capacity;
	}
	source->positions[source->position_count++] = (struct position){
		.path = arena_copy(reader->path, strlen(reader->path)),
		.property = property,
		.text = text,
	};
}

/* dtc shortens names in the folder of the first file: put it back in front of file:line. */
static const char *source_whole_path(const struct source *source, const char *text)
{
	const char *full = arena_format("%s/%s", source->folder, text);
	const char *file = arena_copy(full, strcspn(full, ":"));

	return strcmp(source->folder, ".") != 0 && files_exist(file) ? full : text;
}

/* The last of "a.dts:3, b.dts:5" between the comment marks that end a line, or NULL. */
static const char *source_comment(const struct source *source, char *line)
{
	char *start = NULL;
	char *end;

	for (char *next = line; (next = strstr(next, "/* ")) != NULL; next += 3)
		start = next + 3;
	if (start == NULL)
		return NULL;
	end = strstr(start, " */");
	if (end == NULL)
		return NULL;
	for (char *next = start; (next = strstr(next, ", ")) != NULL && next + 2 <= end; next += 2)
		start = next + 2;
	return source_whole_path(source, arena_copy(start, (size_t)(end - start)));
}

static void source_enter(struct position_reader *reader, const char *name)
{
	size_t length = strlen(reader->path);

	if (strcmp(name, "/") == 0) {
		snprintf(reader->path, sizeof(reader->path), "/");
		return;
	}
	snprintf(reader->path + length, sizeof(reader->path) - length, "%s%s",
	         length > 1u ? "/" : "", name);
}

static void source_leave(struct position_reader *reader)
{
	char *slash = strrchr(reader->path, '/');

	if (slash != NULL)
		slash[slash == reader->path] = '\0';
}

/* One line of dtc's annotated output: a node, a property or the end of a node. */
static void source_read_line(struct position_reader *reader, char *line)
{
	const char *comment = source_comment(reader->source, line);
	char *name = line + strspn(line, "\t ");
	size_t length;

	while ((length = strcspn(name, " \t")) != 0u && name[length - 1u] == ':') {
		name += length;
		name += strspn(name, " \t");
	}
	if (length == 0u || strncmp(name, "/dts-v1/", 8u) == 0)
		return;
	if (name[0] == '}') {
		source_leave(reader);
	} else if (name[length] != '\0' && name[length + 1u] == '{') {
		name[length] = '\0';
		source_enter(reader, name);
		if (comment != NULL)
			source_add_position(reader, NULL, comment);
	} else if (comment != NULL) {
		length = strcspn(name, " \t;");
		source_add_position(reader, arena_copy(name, length), comment);
	}
}

static void source_read_positions(struct source *source, struct bytes text)
{
	struct position_reader reader = {.source = source};
	char *line = arena_copy((const char *)text.data, text.size);
	char *save = NULL;

	for (line = strtok_r(line, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
		source_read_line(&reader, line);
}

static enum source_status source_tool(const char *const *argv, const struct bytes *in,
                                      struct bytes *out)
{
	int status = files_run(argv, in, out);

	if (status == 0)
		return SOURCE_GOOD;
	if (status > 0 && status != 127)
		return SOURCE_REFUSED;
	fprintf(stderr, "bhc: cannot run %s: apt-get install cpp device-tree-compiler\n", argv[0]);
	return SOURCE_NO_TOOL;
}

enum source_status source_compile(const char *path, const struct search_path *include,
                                  struct source *out)
{
	const char *cpp[ARGUMENT_MAX] = {"cpp",       "-nostdinc", "-undef",
	                                 "-D__DTS__", "-x",        "assembler-with-cpp"};
	static const char *const tree[] = {"dtc", "-@",
	                                   "-I",  "dts",
	                                   "-O",  "dtb",
	                                   "-W",  "no-unit_address_vs_reg",
	                                   "-W",  "no-avoid_unnecessary_addr_size",
	                                   "-",   NULL};
	static const char *const annotated[] = {"dtc", "-q", "-q",  "-T", "-I",
	                                        "dts", "-O", "dts", "-",  NULL};
	uint32_t count = 6u;
	struct bytes nothing = {NULL, 0u};
	struct bytes text;
	struct bytes result;
	enum source_status status;

	for (uint32_t i = 0u; i < include->count; i++) {
		cpp[count++] = "-I";
		cpp[count++] = include->folder[i];
	}
	cpp[count] = path;
	*out = (struct source){.path = path, .folder = files_folder(path)};
	status = source_tool(cpp, &nothing, &text);
	if (status == SOURCE_GOOD)
		status = source_tool(tree, &text, &result);
	if (status != SOURCE_GOOD)
		return status;
	if (result.size < sizeof(struct fdt_header) ||
	    fdt_check_full(result.data, result.size) != 0)
		return SOURCE_REFUSED;
	out->fdt = result.data;
	out->text = text;
	status = source_tool(annotated, &text, &result);
	if (status == SOURCE_GOOD)
		source_read_positions(out, result);
	return status;
}

void source_references(struct source *source)
{
	static const char *const plugin[] = {"sed", "s#/dts-v1/ *;#/dts-v1/; /plugin/;#g", NULL};
	static const char *const tree[] = {"dtc", "-q", "-q",  "-@", "-I",
	                                   "dts", "-O", "dtb", "-",  NULL};
	struct bytes text;
	struct bytes result;

	if (source->references != NULL ||
	    source_tool(plugin, &source->text, &text) != SOURCE_GOOD ||
	    source_tool(tree, &text, &result) != SOURCE_GOOD ||
	    result.size < sizeof(struct fdt_header) ||
	    fdt_check_full(result.data, result.size) != 0)
		return;
	source->references = result.data;
}

const char *source_position(struct place place)
{
	const struct source *source = place.source;
	const char *node_text = NULL;
	char path[PATH_BYTES];

	if (place.node < 0 || fdt_get_path(source->fdt, place.node, path, sizeof(path)) != 0)
		return arena_format("%s:1", source->path);
	for (uint32_t i = 0u; i < source->position_count; i++) {
		const struct position *position = &source->positions[i];

		if (strcmp(position->path, path) != 0)
			continue;
		if (position->property == NULL)
			node_text = position->text;
		else if (place.property != NULL && strcmp(position->property, place.property) == 0)
			return position->text;
	}
	return node_text != NULL ? node_text : arena_format("%s:1", source->path);
}
