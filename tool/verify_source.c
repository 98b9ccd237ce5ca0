/* SPDX-License-Identifier: Apache-2.0 */
/* The inputs of bhc-verify: files, descriptions through cpp and dtc. Contract: verify_want.h. */
#include "tool/verify_want.h"

#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS (2u * WANT_FOLDERS + 16u)

/* Memory that lives as long as the struct want. */
struct piece {
	struct piece *next;
	uint64_t padding; /* what follows is aligned for anything */
};

void want_stop(struct want *w, const char *format, ...)
{
	va_list arguments;

	w->failures++;
	fprintf(stderr, "bhc-verify: ");
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

void *want_alloc(struct want *w, size_t count, size_t bytes)
{
	struct piece *piece = verify_alloc(1, sizeof(*piece) + count * bytes);

	piece->next = w->memory;
	w->memory = piece;
	return piece + 1;
}

const char *want_text(struct want *w, const char *format, ...)
{
	va_list arguments;
	va_list again;
	int length;
	char *text;

	va_start(arguments, format);
	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, arguments);
	text = want_alloc(w, 1, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	va_end(arguments);
	return text;
}

void *want_more(struct want *w, void *array, uint32_t count, uint32_t *room, size_t bytes)
{
	void *more;

	if (count < *room)
		return array;
	*room = *room ? *room * 2 : 64;
	more = want_alloc(w, *room, bytes);
	if (count)
		memcpy(more, array, count * bytes);
	return more;
}

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool read_stream(struct want *w, FILE *stream, struct want_bytes *out)
{
	struct stat st;

	if (fstat(fileno(stream), &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	out->bytes = (uint64_t)st.st_size;
	out->data = want_alloc(w, 1, out->bytes + 1);
	return fread(out->data, 1, out->bytes, stream) == out->bytes;
}

bool want_load(struct want *w, const char *path, struct want_bytes *out)
{
	FILE *stream = fopen(path, "rb");
	bool good = stream && read_stream(w, stream, out);

	if (stream)
		fclose(stream);
	if (!good)
		want_stop(w, "cannot read %s", path);
	return good;
}

/* Beside the description, then in the -I folders: docs/system-description.md. */
const char *want_find(struct want *w, const char *name)
{
	const char *system = w->options->system;
	const char *slash = strrchr(system, '/');
	const char *path = name;

	if (name[0] == '/')
		return is_file(name) ? name : NULL;
	if (slash)
		path = want_text(w, "%.*s/%s", (int)(slash - system), system, name);
	for (uint32_t i = 0; !is_file(path); i++) {
		if (i == w->options->folder_count)
			return NULL;
		path = want_text(w, "%s/%s", w->options->folders[i], name);
	}
	return path;
}

/* Runs a program with its standard input and output in files. */
static int run(const char *const *argv, FILE *in, FILE *out)
{
	union {
		const char *const *given;
		char *const *wanted; /* execvp changes nothing */
	} arguments = {.given = argv};
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		if ((in && dup2(fileno(in), STDIN_FILENO) < 0) ||
		    dup2(fileno(out), STDOUT_FILENO) < 0)
			_exit(127);
		execvp(argv[0], arguments.wanted);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -1;
	rewind(out);
	return WEXITSTATUS(status);
}

static bool compile(struct want *w, const char *path, bool plugin, FILE *const files[3],
                    struct want_bytes *out)
{
	static const char *const sed[] = {"sed", "s#/dts-v1/ *;#/dts-v1/; /plugin/;#g", NULL};
	static const char *const dtc[] = {"dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-", NULL};
	const char *cpp[ARGUMENTS] = {"cpp",       "-nostdinc", "-undef",
	                              "-D__DTS__", "-x",        "assembler-with-cpp"};
	uint32_t count = 6;

	for (uint32_t i = 0; i < w->options->folder_count; i++) {
		cpp[count++] = "-I";
		cpp[count++] = w->options->folders[i];
	}
	cpp[count] = path;
	return run(cpp, NULL, files[0]) == 0 && (!plugin || run(sed, files[0], files[1]) == 0) &&
	       run(dtc, files[plugin ? 1 : 0], files[2]) == 0 && read_stream(w, files[2], out) &&
	       out->bytes >= sizeof(struct fdt_header) &&
	       fdt_check_full(out->data, out->bytes) == 0;
}

static const void *compile_as(struct want *w, const char *path, bool plugin)
{
	struct want_bytes out = {NULL, 0};
	FILE *const files[3] = {tmpfile(), tmpfile(), tmpfile()};

	if (!files[0] || !files[1] || !files[2] || !compile(w, path, plugin, files, &out)) {
		want_stop(w, "%s does not compile", path);
		out.data = NULL;
	}
	for (uint32_t i = 0; i < 3; i++)
		if (files[i])
			fclose(files[i]);
	return out.data;
}

const void *want_compile(struct want *w, const char *path)
{
	return compile_as(w, path, false);
}

const void *want_compile_plugin(struct want *w, const char *path)
{
	return compile_as(w, path, true);
}

void want_free(struct want *w)
{
	while (w && w->memory) {
		struct piece *piece = w->memory;

		w->memory = piece->next;
		free(piece);
	}
	free(w);
}

struct want *want_read(const struct want_options *options)
{
	static void (*const stages[])(struct want * w) = {
		want_board,   want_processes, want_settings, want_shared, want_pools,
		want_numbers, want_infos,     want_plan,     want_places, want_config,
	};
	struct want *w = verify_alloc(1, sizeof(*w));

	w->options = options;
	w->fdt = want_compile(w, options->system);
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]) && !w->failures; i++)
		stages[i](w);
	if (!w->failures)
		return w;
	want_free(w);
	return NULL;
}
