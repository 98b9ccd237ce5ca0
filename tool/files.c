/* SPDX-License-Identifier: Apache-2.0 */
/* Files and child programs; contract in files.h. */
#include "tool/files.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/arena.h"

extern char **environ;

static bool files_read_stream(FILE *stream, struct bytes *out)
{
	size_t capacity = 65536u;

	out->data = arena_alloc(capacity);
	out->size = 0u;
	for (;;) {
		size_t got = fread(out->data + out->size, 1u, capacity - out->size, stream);

		out->size += got;
		if (out->size < capacity)
			return ferror(stream) == 0;
		out->data = arena_grow(out->data, out->size, capacity * 4u);
		capacity *= 4u;
	}
}

bool files_read(const char *path, struct bytes *out)
{
	FILE *stream = fopen(path, "rb");
	struct stat status;
	bool good = false;

	if (stream == NULL)
		return false;
	if (fstat(fileno(stream), &status) == 0 && S_ISREG(status.st_mode)) {
		out->size = (size_t)status.st_size;
		out->data = arena_alloc(out->size);
		good = fread(out->data, 1u, out->size, stream) == out->size;
	}
	fclose(stream);
	return good;
}

bool files_exist(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

const char *files_find(const char *name, const char *first, const struct search_path *path)
{
	const char *full;

	if (name[0] == '/')
		return files_exist(name) ? name : NULL;
	full = arena_format("%s/%s", first, name);
	if (files_exist(full))
		return full;
	for (uint32_t i = 0u; i < path->count; i++) {
		full = arena_format("%s/%s", path->folder[i], name);
		if (files_exist(full))
			return full;
	}
	return NULL;
}

const char *files_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? "." : arena_copy(path, (size_t)(slash - path) + (slash == path));
}

static int files_wait(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* posix_spawnp takes char *const[], for historical reasons, and changes nothing. */
union argument_vector {
	const char *const *constant;
	char *const *plain;
};

static int files_spawn(const char *const *argv, int in, int out)
{
	posix_spawn_file_actions_t actions;
	union argument_vector vector = {.constant = argv};
	pid_t child;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	error = posix_spawnp(&child, argv[0], &actions, NULL, vector.plain, environ);
	posix_spawn_file_actions_destroy(&actions);
	return error != 0 ? -1 : files_wait(child);
}

int files_run(const char *const *argv, const struct bytes *input, struct bytes *output)
{
	FILE *in = tmpfile();
	FILE *out = tmpfile();
	int status = -1;

	if (in == NULL || out == NULL)
		goto out;
	if (input->size != 0u && fwrite(input->data, 1u, input->size, in) != input->size)
		goto out;
	rewind(in);
	status = files_spawn(argv, fileno(in), fileno(out));
	rewind(out);
	if (status == 0 && !files_read_stream(out, output))
		status = -1;
out:
	if (in != NULL)
		fclose(in);
	if (out != NULL)
		fclose(out);
	return status;
}
