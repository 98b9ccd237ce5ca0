/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bhc-verify IMAGE: the program. Owns the command line and reading the file; the check is
 * verify_image(). Exit status: 0 separated, 1 not (or not readable), 3 usage.
 */
#include "tool/verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

int main(int argc, char **argv)
{
	uint64_t bytes = 0;
	uint8_t *data;
	bool good;

	if (argc != 2 || argv[1][0] == '-') {
		fprintf(stderr, "usage: bhc-verify IMAGE\n"
		                "Proves from a finished image that no page is reachable from two\n"
		                "spaces but by a named exception, and lists those.\n");
		return EXIT_USAGE;
	}
	data = read_file(argv[1], &bytes);
	if (!data) {
		fprintf(stderr, "bhc-verify: %s: %s\n", argv[1], strerror(errno));
		return EXIT_FAILURE;
	}
	good = verify_image(data, bytes, stdout);
	free(data);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
