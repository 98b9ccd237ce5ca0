/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bhc-verify: proof of separation, read from the finished image.
 *
 * An independent checker: it shares nothing with the compiler but abi/, so one mistake
 * cannot be made in both. It reads the flat image as the machine will see it, walks every
 * translation table out of the file, and checks a table of rules (verify_rules.c). The file
 * is hostile: every read is bounds-checked, every index is validated before it is used.
 *
 * Rules run in stages. A stage that fails ends the run: later stages rely on what earlier
 * ones have established (indices in range, tables well formed, info pages readable).
 *
 * Called by verify.c (the program) and by the unit tests. Host code, one thread.
 */
#ifndef BULKHEAD_TOOL_VERIFY_H
#define BULKHEAD_TOOL_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "abi/image.h"
#include "abi/process.h"

#define PA_END       (1ull << 40) /* VTCR_EL2.PS, TCR_EL2.PS: 40 bits */
#define VA_END       (1ull << 39) /* T0SZ 25 */
#define VERIFY_LINES 20u          /* messages per rule, then only a count */
#define SPACE_EL2_ID 0u           /* index of EL2's space in the array of spaces */
#define SPACE_MAX    (1u + VMID_MAX)

/* What a leaf descriptor grants, or what else a physical range is. */
enum verify_form {
	FORM_NONE,
	FORM_RX,
	FORM_RO,
	FORM_RW,
	FORM_RWX,
	FORM_DEVICE,
	FORM_TABLE, /* not a mapping: a translation table of the space */
	FORM_GUARD, /* not a mapping: the page below a kernel stack */
};

enum verify_kind { KIND_EL2, KIND_PROCESS, KIND_VM };

/* A physical range as a space sees it; neighbours that continue each other are one. */
struct verify_map {
	uint64_t va;
	uint64_t pa;
	uint64_t bytes;
	uint32_t space;
	enum verify_form form;
};

struct verify_space {
	enum verify_kind kind;
	uint32_t index; /* in the array of processes or VMs */
	uint64_t root_pa;
	size_t map_first; /* its mappings, ascending by VA */
	size_t map_count;
	char name[NAME_BYTES + 16];
};

/* A process's info pages, copied out of the image. */
struct verify_info {
	struct process_info info;
	struct process_channel *channels;
	struct process_device *devices;
	struct process_shared *shared;
	struct process_pool *pools;
	struct vm_device *guest_devices; /* of a VM */
};

/* A range that several spaces may reach, and why: for the list that a person reads. */
struct verify_share {
	uint64_t pa;
	uint64_t bytes;
	const char *why;
	uint64_t spaces[SPACE_MAX / 64];
};

struct verify_range {
	const char *name;
	uint64_t start; /* a VA or a PA, as the user says */
	uint64_t bytes;
};

#define CONFIG_RANGES 8u /* struct config and its arrays */

struct want; /* verify_want.h: what a system description grants */

struct verify {
	const struct want *want; /* NULL: the image alone is checked */
	const uint8_t *file;
	uint64_t file_bytes;
	FILE *out;

	const char *rule; /* name of the rule that is running */
	unsigned rule_failures;
	unsigned rule_lines; /* messages that it may still print */
	unsigned rule_hidden;
	unsigned failures;

	struct image_head head;
	struct config config;
	struct verify_range config_ranges[CONFIG_RANGES]; /* EL2 VAs */
	struct config_cpu *cpus;
	struct config_process *processes;
	struct config_thread *threads;
	struct config_vm *vms;
	struct config_vcpu *vcpus;
	struct config_handle *handles;
	struct config_interrupt *interrupts;

	struct verify_space spaces[SPACE_MAX]; /* EL2, processes in order, VMs in order */
	uint32_t space_count;
	uint16_t *table_owner; /* per page of the file: space + 1 if it is a table, else 0 */
	struct verify_map *maps;
	size_t map_count;
	size_t map_room;
	struct verify_info *infos; /* per process */

	struct verify_range *owned; /* PAs with at least one owner, ascending, merged */
	size_t owned_count;
	struct verify_share *shares;
	size_t share_count;
	uint64_t page_count;
	uint64_t shared_count;
};

/*
 * The whole check: true if the image is separated and, with a description, is what that
 * grants. Messages and the list of what is shared go to out.
 */
bool verify_image(const uint8_t *file, uint64_t file_bytes, const struct want *want, FILE *out);

/* The check alone: what was read, until verify_close(); NULL, and messages, if it is not separated. */
struct verify *verify_open(const uint8_t *file, uint64_t file_bytes, const struct want *want,
                           FILE *out);
void verify_close(struct verify *v);

/* A failure of the running rule. */
void verify_fail(struct verify *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The rule turns to another party, which may have so many lines of its own. */
void verify_next_party(struct verify *v, unsigned lines);

/* verify_file.c: bytes of the file by physical address, NULL if they are not all in it */
const uint8_t *verify_file_at(const struct verify *v, uint64_t pa, uint64_t bytes);
bool verify_in_file(const struct verify *v, uint64_t pa, uint64_t bytes);
bool verify_overlaps_file(const struct verify *v, uint64_t pa, uint64_t bytes);
void *verify_alloc(size_t count, size_t bytes); /* zeroed; ends the program without memory */

/* verify_table.c: the mapping that holds all of [va, va + bytes), physically contiguous */
const struct verify_map *verify_lookup(const struct verify *v, uint32_t space, uint64_t va,
                                       uint64_t bytes);
bool verify_unmapped(const struct verify *v, uint32_t space, uint64_t va, uint64_t bytes);
void verify_map_add(struct verify *v, const struct verify_map *map);
const char *verify_form_name(enum verify_form form);
/* The canonical descriptor of a form without its address and type; 0: there is none. */
uint64_t verify_form_bits(enum verify_kind kind, enum verify_form form);

/* Index of a process's or a VM's space. */
uint32_t verify_process_space(uint32_t process);
uint32_t verify_vm_space(const struct verify *v, uint32_t vm);

/* verify_info.c: the channel end of a process that covers va, or NULL */
const struct process_channel *verify_channel_at(const struct verify *v, uint32_t process,
                                                uint64_t va);

/* verify_pool.c: an info page's pool covers va; *writable: at one of its entries */
bool verify_pool_window(uint64_t va);
bool verify_pool_at(const struct verify *v, uint32_t process, uint64_t va, bool *writable);

/* verify_info.c: the flight recorder's rings, physically; and whether a page is one of them */
uint64_t verify_recorder_pa(const struct verify *v);
bool verify_recorder_page(const struct verify *v, uint64_t pa);

/* verify_region.c: the shared memory that a space has at an address, or NULL */
const struct process_shared *verify_shared_at(const struct verify *v, uint32_t space, uint64_t va);

/* verify_list.c: what is shared and who has what, for a person */
void verify_list(const struct verify *v);

/* Rules, by file. Each reports by verify_fail(). */
void verify_head(struct verify *v); /* verify_file.c */
void verify_config(struct verify *v);
void verify_objects(struct verify *v); /* verify_config.c */
void verify_cpus(struct verify *v);
void verify_threads(struct verify *v);
void verify_processes(struct verify *v);
void verify_vms(struct verify *v);
void verify_vcpus(struct verify *v);
void verify_handles(struct verify *v);
void verify_control(struct verify *v);
void verify_interrupts(struct verify *v);
void verify_vmids(struct verify *v);
void verify_tables(struct verify *v);     /* verify_table.c */
void verify_el2_layout(struct verify *v); /* verify_el2.c */
void verify_el2_identity(struct verify *v);
void verify_el2_stacks(struct verify *v);
void verify_el2_config(struct verify *v);
void verify_el2_devices(struct verify *v);
void verify_layout(struct verify *v); /* verify_program.c */
void verify_programs(struct verify *v);
void verify_info(struct verify *v); /* verify_info.c */
void verify_entries(struct verify *v);
void verify_stacks(struct verify *v);
void verify_channels(struct verify *v);
void verify_notify(struct verify *v);
void verify_devices(struct verify *v);
void verify_recorder(struct verify *v);
void verify_regions(struct verify *v);   /* verify_region.c */
void verify_pools(struct verify *v);     /* verify_pool.c */
void verify_dma(struct verify *v);       /* verify_program.c */
void verify_passed(struct verify *v);    /* verify_passed.c */
void verify_guest_ram(struct verify *v); /* verify_guest.c */
void verify_guest_gic(struct verify *v);
void verify_one_owner(struct verify *v); /* verify_share.c */
void verify_uart(struct verify *v);      /* verify_memory.c */
void verify_place(struct verify *v);
void verify_content(struct verify *v);
void verify_holes(struct verify *v);

/* Rules that need a description. */
void verify_want_head(struct verify *v); /* verify_compare.c */
void verify_want_config(struct verify *v);
void verify_want_info(struct verify *v);
void verify_want_file(struct verify *v);
void verify_want_tables(struct verify *v); /* verify_compare_table.c */

#endif
