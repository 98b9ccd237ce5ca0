/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bhc, the system compiler: reads a system description, checks it, and writes one bootable
 * image. A program of the build machine; docs/system-description.md is its language.
 * Exit status: 0 good, 1 refused, 2 a tool or a file of the build is missing, 3 usage.
 */
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/arena.h"
#include "tool/assign.h"
#include "tool/guest_tree.h"
#include "tool/image_writer.h"
#include "tool/info_writer.h"
#include "tool/layout.h"
#include "tool/report.h"
#include "tool/rules.h"
#include "tool/show.h"

#define EXIT_REFUSED 1
#define EXIT_SETUP   2
#define EXIT_USAGE   3

struct options {
	const char *command;
	const char *input;
	const char *output;
	const char *build;
	const char *svg;
	struct search_path search;
};

static const char usage[] = "usage: bhc build SYSTEM.dts -o IMAGE [-B BUILD] [-I DIR]...\n"
			    "       bhc check SYSTEM.dts [-B BUILD] [-I DIR]...\n"
			    "       bhc show SYSTEM.dts [--svg FILE] [-B BUILD] [-I DIR]...\n"
			    "       bhc info SYSTEM.dts [-I DIR]...\n"
			    "       bhc rules\n"
			    "       bhc help\n";

static bool main_value(int argc, char **argv, int *index, const char *option, const char **out)
{
	if (strcmp(argv[*index], option) != 0 || *index + 1 >= argc)
		return false;
	*out = argv[++*index];
	return true;
}

static bool main_add_folder(struct options *options, const char *folder)
{
	if (options->search.count == FOLDER_MAX - 2u)
		return false;
	options->search.folder[options->search.count++] = folder;
	return true;
}

static bool main_options(int argc, char **argv, struct options *options)
{
	const char *folder;

	if (argc < 2)
		return false;
	options->command = argv[1];
	options->build = "build";
	for (int i = 2; i < argc; i++) {
		if (main_value(argc, argv, &i, "-o", &options->output) ||
		    main_value(argc, argv, &i, "-B", &options->build) ||
		    main_value(argc, argv, &i, "--svg", &options->svg))
			continue;
		if (main_value(argc, argv, &i, "-I", &folder)) {
			if (!main_add_folder(options, folder))
				return false;
			continue;
		}
		if (argv[i][0] == '-' || options->input != NULL)
			return false;
		options->input = argv[i];
	}
	return true;
}

/* Boards are found beside the compiler: <here>/../boards. */
static void main_add_boards(struct options *options)
{
	char here[4096];
	ssize_t length = readlink("/proc/self/exe", here, sizeof(here) - 1u);

	options->search.folder[options->search.count++] = "boards";
	if (length <= 0)
		return;
	here[length] = '\0';
	options->search.folder[options->search.count++] =
		arena_format("%s/../boards", files_folder(here));
}

static int main_load(const struct options *options, struct system *system)
{
	system->search = options->search;
	system->build = options->build;
	if (!files_exist(options->input)) {
		fprintf(stderr, "bhc: %s: no such file\n", options->input);
		return EXIT_REFUSED;
	}
	switch (source_compile(options->input, &system->search, &system->source)) {
	case SOURCE_NO_TOOL:
		return EXIT_SETUP;
	case SOURCE_REFUSED:
		return EXIT_REFUSED;
	case SOURCE_GOOD:
		break;
	}
	model_build(system);
	return EXIT_SUCCESS;
}

/* From a checked model to a layout. */
static int main_lay_out(struct system *system, struct layout *layout)
{
	layout->system = system;
	for (uint32_t i = 0u; i < system->program_count; i++) {
		if (system->programs[i].good)
			continue;
		fprintf(stderr, "bhc: %s/user/%s.elf is not built\n", system->build,
		        system->programs[i].name);
		return EXIT_SETUP;
	}
	if (!layout_read_kernel(layout))
		return EXIT_SETUP;
	assign_all(system);
	for (uint32_t i = 0u; i < system->vm_count; i++)
		guest_tree_finish(system, &system->vms[i]);
	for (uint32_t i = 0u; i < system->process_count; i++)
		info_writer_write(system, &system->processes[i]);
	if (report_count() != 0u)
		return EXIT_REFUSED;
	layout_place(layout);
	return report_count() == 0u && layout->good ? EXIT_SUCCESS : EXIT_REFUSED;
}

static int main_build(const struct options *options, struct system *system)
{
	struct layout *layout = arena_alloc(sizeof(*layout));
	int status = main_load(options, system);

	if (status != EXIT_SUCCESS)
		return status;
	rules_check(system);
	if (report_count() != 0u)
		return EXIT_REFUSED;
	status = main_lay_out(system, layout);
	if (status != EXIT_SUCCESS)
		return status;
	return image_writer_write(layout, options->output) ? EXIT_SUCCESS : EXIT_SETUP;
}

static int main_check(const struct options *options, struct system *system)
{
	int status = main_load(options, system);

	if (status != EXIT_SUCCESS)
		return status;
	rules_check(system);
	return report_count() == 0u ? EXIT_SUCCESS : EXIT_REFUSED;
}

static bool main_built(const struct system *system)
{
	bool built = files_exist(arena_format("%s/kernel.elf", system->build));

	for (uint32_t i = 0u; i < system->program_count; i++)
		built = built && system->programs[i].good;
	return built;
}

/* Before the kernel and the programs are built, only what the description says is shown. */
static int main_show(const struct options *options, struct system *system)
{
	struct layout *layout = NULL;
	int status = main_check(options, system);
	FILE *out;

	if (status != EXIT_SUCCESS)
		return status;
	if (main_built(system)) {
		layout = arena_alloc(sizeof(*layout));
		status = main_lay_out(system, layout);
		if (status != EXIT_SUCCESS)
			return status;
	} else {
		fprintf(stderr, "bhc: kernel and programs are not in %s: no memory map\n",
		        system->build);
		assign_threads(system);
	}
	show_text(system, layout, stdout);
	if (options->svg == NULL)
		return EXIT_SUCCESS;
	out = fopen(options->svg, "w");
	if (out == NULL) {
		fprintf(stderr, "bhc: cannot write %s\n", options->svg);
		return EXIT_SETUP;
	}
	show_svg(system, layout, out);
	return fclose(out) == 0 ? EXIT_SUCCESS : EXIT_SETUP;
}

static int main_info(const struct options *options, struct system *system)
{
	int status = main_load(options, system);
	uint64_t bytes = 0u;

	if (status != EXIT_SUCCESS)
		return status;
	for (uint32_t i = 0u; i < system->board.memory_count; i++)
		bytes += system->board.memory[i].range.bytes;
	printf("cpus=%u\nmemory_bytes=%llu\nload_address=0x%llx\n", system->board.cpu_count,
	       (unsigned long long)bytes, (unsigned long long)system->board.load_pa);
	return EXIT_SUCCESS;
}

static int main_usage(void)
{
	fputs(usage, stderr);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct options options = {NULL, NULL, NULL, NULL, NULL, {{NULL}, 0u}};
	struct system *system = arena_alloc(sizeof(*system));

	if (!main_options(argc, argv, &options))
		return main_usage();
	if (strcmp(options.command, "help") == 0 || strcmp(options.command, "--help") == 0) {
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	}
	if (strcmp(options.command, "rules") == 0) {
		rules_list();
		return EXIT_SUCCESS;
	}
	if (options.input == NULL)
		return main_usage();
	main_add_boards(&options);
	if (strcmp(options.command, "build") == 0 && options.output != NULL)
		return main_build(&options, system);
	if (strcmp(options.command, "check") == 0)
		return main_check(&options, system);
	if (strcmp(options.command, "show") == 0)
		return main_show(&options, system);
	if (strcmp(options.command, "info") == 0)
		return main_info(&options, system);
	return main_usage();
}
