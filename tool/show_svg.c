/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A system as a picture: physical memory at the left, not to scale but in order; at the right
 * the CPUs with their threads, from the highest priority down, and the links between
 * processes. Contract in show.h.
 */
#include <string.h>

#include "tool/show.h"

#define MARGIN       20u
#define MEMORY_W     430u
#define CPU_X        (MARGIN + MEMORY_W + 40u)
#define CPU_W        230u
#define CPU_GAP      16u
#define LINE_H       20u
#define ROW_H        34u
#define HEAD_H       60u
#define COLOUR_COUNT 8u

static const char *const colours[COLOUR_COUNT] = {"#cfe2f3", "#d9ead3", "#fff2cc", "#f4cccc",
                                                  "#d9d2e9", "#fce5cd", "#d0e0e3", "#ead1dc"};

static void show_escaped(const char *text, FILE *out)
{
	for (; *text != '\0'; text++) {
		if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else if (*text == '&')
			fputs("&amp;", out);
		else
			fputc(*text, out);
	}
}

static const char *show_colour(const struct system *system, const char *owner)
{
	for (uint32_t i = 0u; i < system->process_count; i++) {
		if (strcmp(system->processes[i].name, owner) == 0)
			return colours[i % COLOUR_COUNT];
	}
	return "#e8e8e8";
}

static void show_box(FILE *out, uint32_t x, uint32_t y, uint32_t width, uint32_t height,
                     const char *colour)
{
	fprintf(out,
	        "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" fill=\"%s\" "
	        "stroke=\"#666\" stroke-width=\"0.5\"/>\n",
	        x, y, width, height, colour);
}

static void show_label(FILE *out, uint32_t x, uint32_t y, const char *class, const char *text)
{
	fprintf(out, "<text x=\"%u\" y=\"%u\" class=\"%s\">", x, y, class);
	show_escaped(text, out);
	fputs("</text>\n", out);
}

static void show_svg_memory(const struct system *system, const struct layout *layout, FILE *out)
{
	const struct region **order = show_order(layout);
	uint32_t y = HEAD_H;

	show_label(out, MARGIN, y - 10u, "h", "physical memory (in order, not to scale)");
	for (uint32_t i = 0u; i < layout->region_count; i++) {
		const struct region *region = order[i];

		if (region->bytes == 0u)
			continue;
		show_box(out, MARGIN, y, MEMORY_W, LINE_H, show_colour(system, region->owner));
		fprintf(out, "<text x=\"%u\" y=\"%u\" class=\"m\">0x%09llx</text>\n", MARGIN + 6u,
		        y + 14u, (unsigned long long)region->pa);
		show_label(out, MARGIN + 100u, y + 14u, "t", region->owner);
		show_label(out, MARGIN + 220u, y + 14u, "t", region->what);
		show_label(out, MARGIN + 350u, y + 14u, "t", show_bytes(region->bytes));
		y += LINE_H;
	}
}

static void show_svg_thread(const struct system *system, const struct thread *thread, uint32_t x,
                            uint32_t y, FILE *out)
{
	show_box(out, x, y, CPU_W, ROW_H, show_colour(system, thread->process->name));
	fprintf(out, "<text x=\"%u\" y=\"%u\" class=\"t\">", x + 6u, y + 14u);
	show_escaped(thread->process->name, out);
	fprintf(out, " %s %u</text>\n", thread->process->vm != NULL ? "vCPU" : "thread",
	        thread->index);
	fprintf(out, "<text x=\"%u\" y=\"%u\" class=\"s\">priority %u", x + 6u, y + 28u,
	        thread->priority);
	if (thread->budget_us != 0u)
		fprintf(out, ", %u us in every %u us", thread->budget_us, thread->period_us);
	fputs("</text>\n", out);
}

/* Two CPUs beside each other. */
static uint32_t show_svg_cpus(const struct system *system, FILE *out)
{
	const struct board *board = &system->board;
	uint32_t y = HEAD_H;
	uint32_t row_end = HEAD_H;
	uint32_t shown = 0u;

	for (uint32_t i = 0u; i < board->cpu_count; i++) {
		const struct board_cpu *cpu = &board->cpus[i];
		uint32_t x = CPU_X + (shown % 2u) * (CPU_W + CPU_GAP);

		if (!cpu->used)
			continue;
		if (shown++ % 2u == 0u)
			y = row_end;
		show_label(out, x, y - 10u, "h", tree_name(system->source.fdt, cpu->place.node));
		for (uint32_t j = 0u; j < cpu->thread_count; j++)
			show_svg_thread(system, system->order[cpu->thread_first + j], x,
			                y + j * ROW_H, out);
		if (y + cpu->thread_count * ROW_H + 2u * LINE_H > row_end)
			row_end = y + cpu->thread_count * ROW_H + 2u * LINE_H;
	}
	return row_end;
}

static void show_svg_links(const struct system *system, uint32_t y, FILE *out)
{
	show_label(out, CPU_X, y, "h", "interrupts and channels");
	for (uint32_t i = 0u; i < system->process_count; i++) {
		const struct process *process = &system->processes[i];

		for (uint32_t j = 0u; j < process->device_count; j++) {
			const struct device *device = &process->devices[j];

			for (uint32_t k = 0u; k < device->interrupt_count; k++) {
				y += LINE_H;
				fprintf(out, "<text x=\"%u\" y=\"%u\" class=\"t\">SPI %u: ", CPU_X,
				        y, device->interrupts[k].intid - 32u);
				show_escaped(device->name, out);
				fputs(" of ", out);
				show_escaped(process->name, out);
				fputs("</text>\n", out);
			}
		}
	}
	for (uint32_t i = 0u; i < system->channel_count; i++) {
		y += LINE_H;
		fprintf(out, "<text x=\"%u\" y=\"%u\" class=\"t\">", CPU_X, y);
		show_escaped(system->channels[i].end[0].process->name, out);
		fputs(" \u2194 ", out);
		show_escaped(system->channels[i].end[1].process->name, out);
		fputs("</text>\n", out);
	}
}

/* Its height is known only at the end: the head is as high as the longest column can be. */
static uint32_t show_svg_height(const struct system *system, const struct layout *layout)
{
	uint32_t left = layout == NULL ? 0u : layout->region_count * LINE_H;
	uint32_t right = system->channel_count * LINE_H + 4u * LINE_H;

	for (uint32_t i = 0u; i < system->board.cpu_count; i++)
		right += system->board.cpus[i].used ? 2u * LINE_H : 0u;
	right += system->thread_count * ROW_H + system->interrupt_count * LINE_H;
	return HEAD_H + MARGIN + (left > right ? left : right);
}

void show_svg(const struct system *system, const struct layout *layout, FILE *out)
{
	uint32_t width = CPU_X + 2u * CPU_W + CPU_GAP + MARGIN;
	uint32_t height = show_svg_height(system, layout);
	uint32_t y;

	fprintf(out,
	        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
	        "viewBox=\"0 0 %u %u\">\n"
	        "<style>text{font-family:sans-serif;fill:#222}.h{font-size:13px;font-weight:bold}"
	        ".t{font-size:11px}.s{font-size:10px;fill:#555}"
	        ".m{font-size:11px;font-family:monospace}.n{font-size:16px;font-weight:bold}</"
	        "style>\n"
	        "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
	        width, height, width, height);
	show_label(out, MARGIN, 26u, "n", system->source.path);
	if (layout != NULL)
		show_svg_memory(system, layout, out);
	y = show_svg_cpus(system, out);
	show_svg_links(system, y, out);
	fputs("</svg>\n", out);
}
