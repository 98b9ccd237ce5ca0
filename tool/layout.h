/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Physical memory: what lies where, and the tables that say who sees it. The file's part is
 * contiguous from the load address; what is only reserved follows, in the board's memory, and
 * outside of all that the board reserves. Called once, after assign_all().
 */
#ifndef BULKHEAD_TOOL_LAYOUT_H
#define BULKHEAD_TOOL_LAYOUT_H

#include "tool/model.h"
#include "tool/pagetable.h"

#define REGION_MAX 4096u

/* A physical range with an owner: for the image, and for the map that `show` draws. */
struct region {
	const char *owner;
	const char *what;
	uint64_t pa;
	uint64_t bytes;
	const uint8_t *data; /* data_bytes of them, zeros behind; NULL: all zeros */
	uint64_t data_bytes;
	bool in_file;
};

/* The kernel's ELF file, and what it says about its objects. */
struct kernel {
	const char *path;
	struct elf_file elf;
	uint32_t object_bytes[OBJECT_KINDS];
	uint64_t bytes; /* from KERNEL_VA, whole pages */
};

struct layout {
	struct system *system;
	struct kernel kernel;
	struct region regions[REGION_MAX];
	uint32_t region_count;
	uint64_t cursor;    /* end of what is placed in the file so far */
	uint64_t file_end;  /* PA */
	uint64_t image_end; /* PA: file, and what directly follows it */
	uint64_t config_pa;
	uint64_t config_bytes;
	uint64_t objects_pa;
	uint64_t objects_bytes;
	uint64_t object_pa[OBJECT_KINDS];
	uint64_t stacks_pa;
	uint64_t tables_pa;
	uint32_t table_pages; /* reserved */
	struct table_pool tables;
	uint64_t el2_root_pa;
	uint64_t gicd_va;
	uint64_t gicr_va[CPU_MAX];
	uint64_t uart_va;
	struct range free[2u * RANGE_MAX + REGION_MAX];
	uint32_t free_count;
	bool good; /* everything found its place */
};

/* Reads <build>/kernel.elf. False, with a message: it is missing or no kernel. */
bool layout_read_kernel(struct layout *layout);
void layout_place(struct layout *layout);
uint64_t layout_el2_va(const struct layout *layout, uint64_t pa);

/* Between the layout's modules only. */
uint64_t layout_up(uint64_t value, uint64_t alignment);
uint64_t layout_take(struct layout *layout, const char *owner, const char *what, uint64_t bytes,
                     uint64_t alignment);
void layout_region(struct layout *layout, const char *owner, const char *what, struct range range,
                   bool in_file);
void layout_free_memory(struct layout *layout);
/* RAM of guests whose place the description states: before all that is found one. */
void layout_placed_ram(struct layout *layout);
void layout_guest_ram(struct layout *layout, struct vm *vm);
void layout_tables(struct layout *layout);

#endif
