/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bhc-verify IMAGE [SYSTEM.dts]: the program. Owns the command line and reading the image; the
 * check is verify_image(). With --diff two images are compared by verify_diff(). Exit status: 0
 * separated, or only those parties differ that may; 1 not (or not readable), 3 usage.
 */
#include "tool/verify_diff.h"
#include "tool/verify_want.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXIT_USAGE 3

static uint8_t *read_file(const char *path, uint64_t *bytes)
{
	FILE *file = fopen(path, "rb");
	struct stat st;
	uint8_t *data = NULL;

	if (!file)
		return NULL;
	if (fstat(fileno(file), &st) != 0)
		goto out;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		goto out;
	}
	*bytes = (uint64_t)st.st_size;
	data = malloc(*bytes ? (size_t)*bytes : 1);
	if (data && fread(data, 1, (size_t)*bytes, file) != *bytes) {
		free(data);
		data = NULL;
		errno = EIO;
	}
out:
	fclose(file);
	return data;
}

static const char usage[] =
	"usage: bhc-verify IMAGE [SYSTEM.dts [-B BUILD] [-I DIR]...]\n"
	"       bhc-verify --diff IMAGE IMAGE [NAME]...\n"
	"Proves from a finished image that no page is reachable from two spaces but by a named\n"
	"exception, and lists those. With the description (and its build folder and guests' "
	"files,\n"
	"as for bhc) also that the image grants exactly what that says.\n"
	"--diff says in what each process and VM differs, and fails if others differ than the "
	"NAMEs.\n";

struct options {
	const char *image;
	struct want_options want;
};

static bool read_options(int argc, char **argv, struct options *options)
{
	struct want_options *want = &options->want;

	want->build = "build";
	for (int i = 1; i < argc; i++) {
		bool more = i + 1 < argc;

		if (strcmp(argv[i], "-B") == 0 && more)
			want->build = argv[++i];
		else if (strcmp(argv[i], "-I") == 0 && more &&
		         want->folder_count < WANT_FOLDERS - 2)
			want->folders[want->folder_count++] = argv[++i];
		else if (argv[i][0] == '-' || want->system)
			return false;
		else if (options->image)
			want->system = argv[i];
		else
			options->image = argv[i];
	}
	return options->image != NULL;
}

/* The boards come last: ./boards, and those beside the program, in <here>/../boards. */
static void add_boards(struct want_options *want, char *here, size_t room)
{
	ssize_t length = readlink("/proc/self/exe", here, room - sizeof("/../boards"));
	char *slash;

	want->folders[want->folder_count++] = "boards";
	if (length <= 0)
		return;
	here[length] = '\0';
	slash = strrchr(here, '/');
	memcpy(slash ? slash : here, "/../boards", sizeof("/../boards"));
	want->folders[want->folder_count++] = here;
}

static uint8_t *read_image(const char *path, uint64_t *bytes)
{
	uint8_t *data = read_file(path, bytes);

	if (!data)
		fprintf(stderr, "bhc-verify: %s: %s\n", path, strerror(errno));
	return data;
}

/* NULL, and why, if there is no image or it is not separated. */
static struct verify *open_image(const char *path, uint8_t **data)
{
	uint64_t bytes = 0;

	*data = read_image(path, &bytes);
	return *data ? verify_open(*data, bytes, NULL, stdout) : NULL;
}

static int diff_main(int argc, char **argv)
{
	uint8_t *data[2] = {NULL, NULL};
	struct verify *image[2] = {NULL, NULL};
	bool good = false;

	if (argc < 2) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	image[0] = open_image(argv[0], &data[0]);
	if (image[0])
		image[1] = open_image(argv[1], &data[1]);
	if (image[1])
		good = verify_diff(image[0], image[1], argv + 2, argc - 2, stdout);
	for (unsigned i = 0; i < 2; i++) {
		if (image[i])
			verify_close(image[i]);
		free(data[i]);
	}
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	char here[4096];
	struct want *want = NULL;
	uint64_t bytes = 0;
	uint8_t *data;
	bool good;

	if (argc > 1 && strcmp(argv[1], "--diff") == 0)
		return diff_main(argc - 2, argv + 2);
	if (!read_options(argc, argv, &options)) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	data = read_image(options.image, &bytes);
	if (!data)
		return EXIT_FAILURE;
	add_boards(&options.want, here, sizeof(here));
	if (options.want.system)
		want = want_read(&options.want);
	good = (want || !options.want.system) && verify_image(data, bytes, want, stdout);
	want_free(want);
	free(data);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
