/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of the build machine, whole, and the child programs (cpp, dtc) that turn one into
 * another. No shell is involved. Called from bhc's modules, one thread.
 */
#ifndef BULKHEAD_TOOL_FILES_H
#define BULKHEAD_TOOL_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	uint8_t *data;
	size_t size;
};

#define FOLDER_MAX 32u

/* Where named files are looked for: in this order. */
struct search_path {
	const char *folder[FOLDER_MAX];
	uint32_t count;
};

bool files_read(const char *path, struct bytes *out);
bool files_exist(const char *path);
/* The path of `name` in `first` or in one of the folders; NULL when nowhere. */
const char *files_find(const char *name, const char *first, const struct search_path *path);
/* The folder part of a path, "." when it has none. */
const char *files_folder(const char *path);

/*
 * Runs argv[0] from PATH with `input` at its standard input and collects its standard
 * output. Returns its exit status, or -1 when it cannot be started.
 */
int files_run(const char *const *argv, const struct bytes *input, struct bytes *output);

#endif
