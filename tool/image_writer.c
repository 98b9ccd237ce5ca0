/* SPDX-License-Identifier: Apache-2.0 */
/* Image files; contract in image_writer.h. */
#include "tool/image_writer.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "tool/arena.h"
#include "tool/config_writer.h"

static void image_put(const struct layout *layout, struct bytes *out, uint64_t pa, const void *data,
                      uint64_t bytes)
{
	memcpy(out->data + (pa - layout->system->board.load_pa), data, bytes);
}

static void image_head(const struct layout *layout, struct bytes *out)
{
	const struct board *board = &layout->system->board;
	struct image_head head;

	memcpy(&head, out->data, sizeof(head));
	head.image_size = layout->image_end - board->load_pa;
	head.uart_type = board->uart_type;
	head.load_pa = board->load_pa;
	head.image_bytes = out->size;
	head.uart_pa = board->uart_pa;
	head.el2_root_pa = layout->el2_root_pa;
	head.config_va = layout_el2_va(layout, layout->config_pa);
	head.stack_va = layout_el2_va(layout, layout->stacks_pa);
	memcpy(out->data, &head, sizeof(head));
}

static struct bytes image_flat(const struct layout *layout)
{
	uint64_t size = layout->file_end - layout->system->board.load_pa;
	struct bytes out = {arena_alloc(size), size};
	struct bytes config = config_writer_write(layout);

	for (uint32_t i = 0u; i < layout->region_count; i++) {
		const struct region *region = &layout->regions[i];

		if (region->in_file && region->data != NULL)
			image_put(layout, &out, region->pa, region->data, region->data_bytes);
	}
	image_put(layout, &out, layout->config_pa, config.data, config.size);
	image_put(layout, &out, layout->tables_pa, layout->tables.pages,
	          layout->tables.count * sizeof(struct table_page));
	image_head(layout, &out);
	return out;
}

static bool image_file(const char *path, const void *head, uint64_t head_bytes,
                       const struct bytes *body)
{
	FILE *stream = fopen(path, "wb");
	bool good = stream != NULL;

	good = good && (head_bytes == 0u || fwrite(head, 1u, head_bytes, stream) == head_bytes);
	good = good && fwrite(body->data, 1u, body->size, stream) == body->size;
	if (stream != NULL && fclose(stream) != 0)
		good = false;
	if (!good)
		fprintf(stderr, "bhc: cannot write %s\n", path);
	return good;
}

static bool image_elf(const struct layout *layout, const char *path, const struct bytes *flat)
{
	uint8_t *head = arena_alloc(PAGE_BYTES);
	uint64_t load_pa = layout->system->board.load_pa;
	Elf64_Ehdr elf = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
	                    EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_AARCH64,
		.e_version = EV_CURRENT,
		.e_entry = load_pa,
		.e_phoff = sizeof(elf),
		.e_ehsize = sizeof(elf),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1u,
	};
	Elf64_Phdr segment = {
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_W | PF_X,
		.p_offset = PAGE_BYTES,
		.p_vaddr = load_pa,
		.p_paddr = load_pa,
		.p_filesz = flat->size,
		.p_memsz = flat->size,
		.p_align = PAGE_BYTES,
	};

	memcpy(head, &elf, sizeof(elf));
	memcpy(head + sizeof(elf), &segment, sizeof(segment));
	return image_file(path, head, PAGE_BYTES, flat);
}

bool image_writer_write(const struct layout *layout, const char *path)
{
	struct bytes flat = image_flat(layout);

	return image_file(path, NULL, 0u, &flat) &&
	       image_elf(layout, arena_format("%s.elf", path), &flat);
}
