/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a system description grants, as bhc-verify reads it: every process, thread, device,
 * channel, handle and guest, then where each part lies and which space maps it how. Written
 * from docs/system-description.md and docs/image.md; shares nothing with the compiler but
 * abi/. Its other inputs are those of the compiler: kernel.elf, the programs, the guests' files.
 *
 * want_read() fills everything, in the order of the modules below, and nothing changes
 * afterwards; verify_compare*.c hold a finished image against it. Host code, one thread.
 *
 *	verify_source.c		files, cpp and dtc, memory
 *	verify_dt.c		device trees
 *	verify_elf.c		ELF files
 *	verify_board.c		the board: CPUs, memory, GIC, UART
 *	verify_grant.c		processes, threads, devices, channels
 *	verify_grant_vm.c	guests
 *	verify_grant_pass.c	devices of the board in them
 *	verify_setting.c	the settings of their devices
 *	verify_shared.c		shared memory
 *	verify_grant_pool.c		pools
 *	verify_number.c		indices, notification bits, handles
 *	verify_expect_info.c	the info pages
 *	verify_expect.c		the configuration, byte for byte
 *	verify_plan.c		physical addresses
 *	verify_maps.c		who maps what
 */
#ifndef BULKHEAD_TOOL_VERIFY_WANT_H
#define BULKHEAD_TOOL_VERIFY_WANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/image.h"
#include "abi/process.h"
#include "abi/record.h"
#include "tool/verify.h"
#include "tool/verify_dt.h"

#define WANT_PROCESSES 128u
#define WANT_VMS       64u
#define WANT_THREADS   (CPU_MAX * CPU_THREADS)
#define WANT_CHANNELS  512u
#define WANT_ENDS      128u
#define WANT_DEVICES   32u
#define WANT_PARTS     8u /* register blocks or interrupts of one device */
#define WANT_HANDLES   1024u
#define WANT_RANGES    256u
#define WANT_CPUS      64u
#define WANT_SEGMENTS  16u
#define WANT_PIECES    64u
#define WANT_FOLDERS   32u
#define WANT_SHARED    64u
#define WANT_INFO      (PROGRAM_TEXT_VA - PROCESS_INFO_VA)

struct want_bytes {
	uint8_t *data;
	uint64_t bytes;
};

struct want_segment {
	const uint8_t *data;
	uint64_t va;
	uint64_t pa;
	uint64_t file_bytes;
	uint64_t bytes;
	bool write;
	bool execute;
};

struct want_elf {
	struct want_bytes file;
	uint64_t entry;
	struct want_segment segments[WANT_SEGMENTS];
	uint32_t segment_count;
};

struct want_cpu {
	int node;
	uint64_t mpidr;
	uint64_t gicr_pa;
	uint64_t gicr_va;
	bool used;
	uint32_t index; /* in the image */
	uint32_t thread_first;
	uint32_t thread_count;
};

struct want_device {
	int node;
	const char *name;
	struct want_range regs[WANT_PARTS];
	uint32_t reg_count;
	struct want_interrupt interrupts[WANT_PARTS];
	uint32_t interrupt_count;
	uint64_t va[WANT_PARTS];
	uint32_t bit[WANT_PARTS];
	uint32_t handle[WANT_PARTS];
};

struct want_thread {
	uint32_t process;
	uint32_t index;
	uint32_t cpu; /* of the board */
	uint32_t priority;
	uint32_t budget_us;
	uint32_t period_us;
	uint64_t stack_bytes;
	uint32_t order; /* of the description */
	uint32_t id;    /* in the image */
	uint32_t vcpu;
	uint64_t stack_pa;
};

struct want_program {
	const char *name;
	struct want_elf elf;
	uint32_t flags;         /* PROGRAM_FLAG_* */
	struct want_bytes text; /* from PROGRAM_TEXT_VA */
	uint64_t data_bytes;
	uint64_t pa;
};

/* End e of a channel is process[e]'s: everything with two elements is one per end. */
struct want_channel {
	uint32_t process[2];
	const char *name[2];
	uint32_t number[2]; /* among the channels of that process */
	uint32_t bit[2];
	uint32_t handle[2];
	uint64_t va[2];
	uint64_t bytes;
	int backend_node;    /* where its settings are stated, or negative */
	const char *backend; /* between processes: the backend that it names, or NULL */
	uint64_t pool_bytes; /* of the pool at end 0, or 0 */
	bool isolated;
	uint8_t settings[CHANNEL_SETTINGS];
	uint64_t pa;
};

/* A peer of shared memory: a process by va, a VM's guest by ipa. */
struct want_peer {
	uint32_t process;
	bool writable;
	bool window; /* the guest has one */
	uint64_t va;
	uint64_t ipa;
};

struct want_shared {
	const char *name;
	int node;
	uint64_t bytes;
	struct want_peer peers[SHARED_PEERS];
	uint32_t peer_count;
	uint64_t pa;
};

/* Memory that the owner writes and others read. */
struct want_pool {
	uint32_t server;
	uint32_t owner;
	uint32_t channel; /* of the port whose it is; IMAGE_NONE: the server's own */
	uint32_t port;
	uint64_t bytes;
	bool isolated;
	uint64_t pa;
};

struct want_process {
	const char *name;
	int node; /* negative: not in the description */
	uint32_t program;
	uint32_t flags;
	uint32_t child_flags;
	uint32_t restart_limit;
	uint32_t restart_window_sec;
	uint32_t vm;
	bool recorder;  /* it reads the flight recorder */
	bool allow_dma; /* it is told where its channels lie */
	uint64_t dma_bytes;
	struct want_thread *threads[PROCESS_THREADS];
	uint32_t thread_count;
	struct want_device devices[WANT_DEVICES];
	uint32_t device_count;
	uint32_t ends[WANT_ENDS]; /* channel * 2 + end */
	uint32_t end_count;
	uint32_t bit_next; /* of thread 0 */
	struct config_handle handles[WANT_HANDLES];
	uint32_t handle_count;
	uint32_t handle_first;
	uint32_t start_handle[PROCESS_THREADS];
	uint32_t sibling_handle[PROCESS_THREADS];
	uint32_t child_handle[WANT_PROCESSES];
	uint32_t system_handle;
	struct want_bytes info;
	uint64_t info_pa;
	uint64_t data_pa;
	uint64_t dma_pa;
};

struct want_file {
	struct want_bytes content;
	uint64_t ipa;
	uint64_t va;
	uint64_t pa;
};

struct want_guest_device {
	int node; /* negative: read-as-zero */
	int backend_node;
	char backend[RECORD_TEXT_BYTES];
	bool known;      /* some record implements it */
	bool window;     /* on shared memory: nothing traps */
	uint32_t passed; /* 1 + which of the VM's; 0: none of the board's */
	uint32_t channel_bytes;
	uint32_t pool_bytes;
	bool console;
	struct want_range reg;
	struct want_interrupt interrupt;
	bool has_interrupt;
	uint32_t channel; /* number in its process, or IMAGE_NONE */
};

/* A device of the board that a guest has. */
struct want_passed {
	int slot; /* the guest's node */
	int node; /* in the description: what says so */
	struct want_device physical;
	struct want_range regs[WANT_PARTS]; /* as the guest sees them */
	struct want_interrupt interrupts[WANT_PARTS];
};

struct want_bank {
	struct want_range ipa;
	struct want_range pieces[WANT_PIECES];
	uint32_t piece_count;
	bool placed; /* at pa, as the description says */
	uint64_t pa;
};

struct want_vm {
	uint32_t process;
	const void *fdt;
	struct want_bank banks[8];
	uint32_t bank_count;
	uint32_t ram_pieces;
	uint64_t gicd_ipa;
	uint64_t gicr_ipa;
	struct want_guest_device devices[WANT_RANGES];
	uint32_t device_count;
	struct want_passed passed[WANT_DEVICES];
	uint32_t passed_count;
	bool allow_dma; /* through its devices its guest may write all memory */
	struct want_file kernel;
	struct want_file initrd;
	struct want_file tree; /* content: what the finished tree must be */
	uint64_t seed_offset;
	uint32_t kernel_kind;
	uint64_t entry;
	uint32_t vcpu_first;
};

/* A part of memory and whose it is. */
struct want_region {
	uint64_t pa;
	uint64_t bytes;
	bool in_file;
	const char *owner;
	const char *what;
	const uint8_t *data; /* NULL: content is checked elsewhere */
	uint64_t data_bytes;
};

struct want_map {
	uint64_t va;
	uint64_t pa;
	uint64_t bytes;
	enum verify_form form;
	const char *what;
};

struct want_space {
	enum verify_kind kind;
	const char *name;
	struct want_map *maps; /* ascending by VA */
	uint32_t count;
	uint32_t room;
};

struct want_options {
	const char *system;
	const char *build; /* folder with kernel.elf and user/NAME.elf */
	const char *folders[WANT_FOLDERS];
	uint32_t folder_count;
};

struct want {
	const struct want_options *options;
	void *memory; /* all that want_alloc() gave out: a list by the first word */
	unsigned failures;
	const void *fdt;
	const void *references; /* the same compiled as a plugin, or NULL: its /__local_fixups__ */
	int node;               /* /bulkhead */

	struct want_cpu cpus[WANT_CPUS];
	uint32_t cpu_count;
	uint32_t cpu_used;
	struct want_range ram[WANT_RANGES];
	uint32_t ram_count;
	struct want_range reserved[WANT_RANGES];
	uint32_t reserved_count;
	uint64_t gicd_pa;
	uint32_t psci_conduit;
	int uart_node;
	uint32_t uart_type;
	uint64_t uart_pa;
	uint64_t load_pa;

	struct want_program programs[WANT_PROCESSES];
	uint32_t program_count;
	struct want_process processes[WANT_PROCESSES];
	uint32_t process_count;
	struct want_thread threads[WANT_THREADS];
	struct want_thread *order[WANT_THREADS]; /* as in the image */
	uint32_t thread_count;
	struct want_channel channels[WANT_CHANNELS];
	uint32_t channel_count;
	struct want_shared shared[WANT_SHARED];
	uint32_t shared_count;
	struct want_pool pools[WANT_CHANNELS];
	uint32_t pool_count;
	struct want_elf backends; /* the VM process: for channels between others */
	struct want_vm vms[WANT_VMS];
	uint32_t vm_count;
	uint32_t vcpu_count;
	uint32_t console;
	uint32_t supervisor;
	uint32_t supervisor_bit;
	struct config_interrupt interrupts[WANT_PROCESSES];
	uint32_t interrupt_count;

	struct want_elf kernel;
	uint64_t kernel_bytes;
	uint64_t kernel_pages; /* of its text, rodata and data in the file */
	uint32_t object_bytes[OBJECT_KINDS];
	struct config config;
	struct want_bytes config_part;
	struct image_head head;

	uint64_t config_pa;
	uint64_t tables_pa;
	uint64_t table_count;
	uint64_t objects_pa;
	uint64_t objects_bytes;
	uint64_t object_pa[OBJECT_KINDS];
	uint64_t stacks_pa;
	uint64_t file_end;
	uint64_t image_end;
	struct want_region *regions;
	uint32_t region_count;
	uint32_t region_room;
	struct want_range free[WANT_RANGES * 4u];
	uint32_t free_count;
	struct want_space spaces[SPACE_MAX];
	uint32_t space_count;
};

/* What the description grants; NULL after a message on stderr. The caller ends it. */
struct want *want_read(const struct want_options *options);
void want_free(struct want *w);

/* verify_source.c */
void want_stop(struct want *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void *want_alloc(struct want *w, size_t count, size_t bytes); /* zeroed, freed with the rest */
const char *want_text(struct want *w, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Doubles an array of *room elements when all are used. */
void *want_more(struct want *w, void *array, uint32_t count, uint32_t *room, size_t bytes);
bool want_load(struct want *w, const char *path, struct want_bytes *out);
const char *want_find(struct want *w, const char *name);
const void *want_compile(struct want *w, const char *path);
/* As a plugin: dtc then lists, in /__local_fixups__, which cells are references. */
const void *want_compile_plugin(struct want *w, const char *path);

/* verify_elf.c */
bool want_is_elf(const struct want_bytes *file);
bool want_elf_read(const struct want_bytes *file, struct want_elf *out);
bool want_elf_section(const struct want_elf *elf, const char *name, struct want_bytes *out);

/* The stages of want_read(), each in the file that the table above names. */
void want_board(struct want *w);
void want_processes(struct want *w);
void want_vm(struct want *w, uint32_t process, int node);
/* verify_grant_pass.c: the VM's device of that number is the board's that a node says */
void want_pass(struct want *w, struct want_vm *vm, uint32_t device, int node);
void want_pass_copy(struct want *w, const struct want_vm *vm, uint8_t *fdt);
void want_guest_files(struct want *w, struct want_vm *vm); /* verify_guest_file.c */
void want_numbers(struct want *w);
void want_settings(struct want *w); /* verify_setting.c */
void want_shared(struct want *w);   /* verify_shared.c */
void want_pools(struct want *w);    /* verify_grant_pool.c */
void want_config(struct want *w);
void want_infos(struct want *w);
void want_plan(struct want *w);
void want_places(struct want *w); /* verify_expect_info.c: what is physical in them */
void want_maps(struct want *w);

uint32_t want_add_process(struct want *w, const char *name, int node);
void want_add_thread(struct want *w, uint32_t process, int node);
void want_set_program(struct want *w, struct want_process *p, const char *name);
void want_restart(struct want *w, struct want_process *p, int node, uint32_t otherwise);
void want_device_parts(const void *fdt, struct want_device *device, uint32_t interrupts);
struct want_channel *want_join(struct want *w, uint32_t a, uint32_t b);
void want_channel_backend(struct want *w, struct want_channel *channel, int node);
/* verify_grant_pool.c: how a process sees a pool (FORM_NONE: not), and where. */
enum verify_form want_pool_form(const struct want *w, const struct want_pool *pool,
                                uint32_t process);
uint64_t want_pool_va(const struct want *w, uint32_t number, uint32_t process);
void want_add_map(struct want *w, uint32_t space, const struct want_map *map);
void want_add_region(struct want *w, const struct want_region *region);
/* Whose a physical address is, for messages. */
const char *want_owner(const struct want *w, uint64_t pa, char *text, size_t bytes);

/* A member of a struct that image and description are compared by. */
struct verify_field {
	const char *name;
	size_t offset;
	size_t bytes;
};
#define FIELD(type, member)                                                                \
	{                                                                                  \
#member, offsetof(struct type, member), sizeof(((struct type *)0)->member) \
	}

/* verify_compare.c: reports each field, or the first byte, in which the image differs. */
void verify_compare_fields(struct verify *v, const char *party, const struct verify_field *fields,
                           size_t count, const void *have, const void *want);
void verify_compare_bytes(struct verify *v, const char *party, uint64_t pa,
                          const struct want_bytes *want);

static inline uint64_t want_el2_va(const struct want *w, uint64_t pa)
{
	return KERNEL_VA + (pa - w->load_pa);
}

#endif
