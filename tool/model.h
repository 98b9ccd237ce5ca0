/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system that a description states, as data: filled in stages, each by the module named
 * beside the fields, and only read afterwards.
 *
 *	model*.c	what the trees say; nothing is judged, what cannot be resolved is marked
 *	rules*.c	judge it (read only)
 *	assign.c	order, indices, notification bits, handles
 *	guest_tree.c	the finished trees of the guests
 *	layout.c	virtual and physical addresses
 */
#ifndef BULKHEAD_TOOL_MODEL_H
#define BULKHEAD_TOOL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/channel.h"
#include "abi/image.h"
#include "abi/process.h"
#include "abi/record.h"
#include "tool/bhc_elf.h"
#include "tool/files.h"
#include "tool/source.h"
#include "tool/tree.h"

#define BOARD_CPU_MAX    64u
#define RANGE_MAX        64u
#define PROCESS_MAX      64u
#define VM_MAX           32u
#define THREAD_MAX       (CPU_MAX * CPU_THREADS)
#define CHANNEL_MAX      256u
#define DEVICE_MAX       16u /* physical devices of a process */
#define DEVICE_PART_MAX  8u  /* register blocks or interrupts of one device */
#define GUEST_DEVICE_MAX 128u
#define BANK_MAX         8u
#define PIECE_MAX        64u /* physical pieces of one bank */
#define END_MAX          64u /* channels of a process */
#define HANDLE_MAX       512u
#define CHILD_MAX        PROCESS_MAX
#define SHARED_MAX       32u
#define SHARED_OWN_MAX   16u /* regions that one process shares */

struct board_cpu {
	struct place place;
	uint64_t mpidr;
	uint64_t gicr_pa;      /* 0: the board's tree states none */
	bool used;             /* assign */
	uint32_t index;        /* assign: in the image's array */
	uint32_t thread_first; /* assign */
	uint32_t thread_count; /* assign */
};

/* A range of the board's memory and who says so. */
struct board_range {
	struct range range;
	struct place place;
	const char *name;
};

struct board {
	struct board_cpu cpus[BOARD_CPU_MAX]; /* ascending MPIDR, the boot CPU first */
	uint32_t cpu_count;
	struct board_range memory[RANGE_MAX];
	uint32_t memory_count;
	struct board_range reserved[RANGE_MAX];
	uint32_t reserved_count;
	bool reserved_stated; /* there is a /reserved-memory, be it empty */
	struct place gic;     /* node negative: none */
	uint64_t gicd_pa;
	struct place psci;
	uint32_t psci_conduit;
	struct place uart; /* chosen/stdout-path; node negative: none */
	uint64_t uart_pa;
	uint32_t uart_type;
	uint64_t load_pa;
};

struct thread {
	struct process *process;
	struct place place;
	uint32_t index;        /* within its process */
	uint32_t cpu;          /* in board.cpus, or IMAGE_NONE */
	uint32_t cpu_position; /* order of the description, for a stable sort */
	uint32_t priority;
	uint32_t budget_us;
	uint32_t period_us;
	uint32_t stack_bytes;
	uint32_t vcpu;     /* assign: in the image's array, or IMAGE_NONE */
	uint32_t id;       /* assign: in the image's array */
	uint32_t bit_next; /* assign */
	uint64_t stack_pa; /* layout */
};

/* A physical device that a process drives, or that is handed to the guest of a VM. */
struct device {
	struct place place; /* the reference, in the process's node or in that of the slot */
	const struct guest_device
		*slot; /* what it is in the guest's tree; NULL: the process drives it */
	int node;      /* in the board's tree, negative: not resolved */
	const char *name;
	struct range regs[DEVICE_PART_MAX];
	uint32_t reg_count;
	struct tree_interrupt interrupts[DEVICE_PART_MAX];
	uint32_t interrupt_count;
	uint64_t va[DEVICE_PART_MAX];     /* assign */
	uint32_t handle[DEVICE_PART_MAX]; /* assign */
	uint32_t bit[DEVICE_PART_MAX];    /* assign */
};

struct channel_end {
	struct model_channel *channel;
	struct process *process;
	const char *name;
	uint32_t side;
	uint32_t number; /* assign: among the channels of its process */
	uint32_t bit;    /* assign: raised in thread 0 of this end's process */
	uint32_t handle; /* assign: raises the other end's bit */
	uint64_t va;     /* assign */
};

struct model_channel {
	struct channel_end end[2];
	struct place place;
	uint64_t bytes;
	uint64_t pool_bytes;                /* of the pool at end 0; 0: none */
	bool isolated;                      /* only end 1 may read it */
	uint8_t settings[CHANNEL_SETTINGS]; /* of the device that it serves */
	uint64_t pa;                        /* layout */
};

/* What a peer of shared memory has of it. */
struct shared_peer {
	struct shared *shared;
	struct process *process; /* NULL: not resolved */
	uint32_t number;
	bool writable;
	const struct guest_device *window; /* of a VM: the guest's node, or NULL */
	uint64_t va;                       /* assign: of a process that is no VM's */
};

struct shared {
	const char *name;
	struct place place;
	uint64_t bytes;
	struct shared_peer peers[SHARED_PEERS]; /* those that may write first */
	uint32_t peer_count;
	uint32_t peer_stated; /* as many as the description states, even if too many */
	uint64_t pa;          /* layout */
};

/* Memory that one process writes and others read. */
struct pool {
	struct process *server;
	struct model_channel *channel; /* of the port whose it is; NULL: the server's own */
	uint64_t bytes;
	uint32_t port; /* IMAGE_NONE: the server's own */
	uint64_t pa;   /* layout */
};
#define POOL_MAX CHANNEL_MAX

enum restart { RESTART_NEVER, RESTART_ON_FAULT, RESTART_ALWAYS };

/* A program file, shared by the processes that run it. */
struct program {
	const char *name;
	const char *path; /* NULL: not found */
	struct elf_file elf;
	bool good; /* an ELF that fits the process layout; else `fault` says why not */
	const char *fault;
	const struct program_record *record; /* or NULL */
	uint64_t text_bytes; /* layout: from PROGRAM_TEXT_VA, RX, RO and .data template */
	uint64_t pa;         /* layout */
};

struct process {
	const char *name;
	struct place place;
	bool implicit; /* added by bhc */
	const char *program_name;
	struct program *program;
	uint32_t flags; /* PROCESS_FLAG_* */
	enum restart restart;
	bool autostart;
	bool recorder;      /* it reads the flight recorder */
	bool dma_allowed;   /* it knows where its channels lie */
	uint64_t dma_bytes; /* memory for its devices */
	uint32_t restart_limit;
	uint32_t restart_window_sec;
	uint32_t index;
	struct vm *vm; /* or NULL */
	struct thread *threads[PROCESS_THREADS];
	uint32_t thread_count;
	uint32_t thread_stated; /* as many as the description states, even if too many */
	struct device devices[DEVICE_MAX];
	uint32_t device_count;
	struct channel_end *ends[END_MAX];
	uint32_t end_count;
	struct shared_peer *shared[SHARED_OWN_MAX];
	uint32_t shared_count;
	struct config_handle handles[HANDLE_MAX]; /* assign */
	uint32_t handle_count;
	uint32_t handle_first;
	uint32_t start_handle[PROCESS_THREADS];
	uint32_t sibling_handle[PROCESS_THREADS];
	uint32_t child_handle[CHILD_MAX];
	uint32_t child_count;
	struct process *children[CHILD_MAX];
	uint32_t system_handle;
	uint32_t supervisor_bit; /* of a supervisor: its own bit */
	uint32_t vmid;
	struct bytes info; /* info_writer */
	uint64_t info_pa;  /* layout */
	uint64_t data_pa;
	uint64_t dma_pa;
	uint64_t root_pa;
};

struct piece {
	struct range range; /* physical */
};

/* A piece of guest RAM, contiguous for the guest. */
struct bank {
	struct range ipa;
	struct place place;
	bool in_tree; /* the guest's memory node states it; else extra-ram */
	bool placed;  /* the description says where it lies */
	uint64_t pa;  /* there */
	struct piece pieces[PIECE_MAX];
	uint32_t piece_count;
};

struct guest_file {
	const char *name; /* as stated, NULL: none */
	const char *path; /* NULL: not found */
	struct place place;
	struct bytes bytes;
	uint64_t ipa;
	uint64_t va; /* layout */
	uint64_t pa; /* layout */
};

/* A device of the guest's tree that is enabled, or a backend that names no such. */
struct guest_device {
	const char *name;
	int node;            /* in the guest's tree, negative: only addresses (read-as-zero) */
	struct place place;  /* the node in the guest's tree (or the property in ours) */
	int backend_node;    /* in the system's tree, negative: nothing behind it */
	const char *backend; /* as stated, or NULL */
	const struct device_record *record; /* the file that implements it, or NULL */
	struct range reg;
	bool has_reg;
	struct tree_interrupt interrupt;
	bool has_interrupt;
	bool console;
	struct process *peer;
	struct channel_end *end; /* or NULL */
	bool window;             /* backend = "shared-memory": nothing traps, no device file */
	struct device *passed;   /* pass-through: this device of the board; of its VM's process */
};

/* A sub-node of a VM that names no node of the guest's tree. */
struct loose_backend {
	const char *name;
	struct place place;
	int guest_node; /* negative: no such label; else the node is there but disabled */
};

struct vm {
	struct process *process;
	struct place place;
	uint32_t index;
	const char *board_name;
	bool board_good;
	struct source guest;
	struct bank banks[BANK_MAX];
	uint32_t bank_count;
	uint32_t bank_stated;
	uint32_t ram_pieces;
	uint32_t vcpu_stated;
	bool dma_allowed; /* its guest's devices may write memory by themselves */
	struct guest_device devices[GUEST_DEVICE_MAX];
	uint32_t device_count;
	struct loose_backend loose[GUEST_DEVICE_MAX];
	uint32_t loose_count;
	struct place gic;
	uint64_t gicd_ipa;
	uint64_t gicr_ipa;
	uint32_t spi_count;
	struct guest_file kernel;
	struct guest_file initrd;
	struct guest_file tree; /* guest_tree */
	uint32_t kernel_kind;
	struct range kernel_range; /* guest memory that the kernel takes */
	struct elf_file kernel_elf;
	bool tree_fixed;
	bool kernel_fixed;
	uint64_t entry;
	uint64_t seed_offset;
	uint32_t vcpu_first; /* assign */
	uint32_t vmid;
	uint64_t root_pa; /* layout */
};

struct system {
	struct source source;
	struct search_path search;
	const char *build; /* folder with kernel.elf and user/NAME.elf */
	int node;          /* /bulkhead, negative: none */
	struct board board;
	struct process processes[PROCESS_MAX];
	uint32_t process_count;
	struct thread threads[THREAD_MAX];
	uint32_t thread_count;
	struct thread *order[THREAD_MAX]; /* assign: as in the image */
	struct vm vms[VM_MAX];
	uint32_t vm_count;
	struct model_channel channels[CHANNEL_MAX];
	uint32_t channel_count;
	struct shared shared[SHARED_MAX];
	uint32_t shared_count;
	struct pool pools[POOL_MAX];
	uint32_t pool_count;
	struct program programs[PROCESS_MAX];
	uint32_t program_count;
	struct process *console;
	struct process *supervisor;
	const struct device_record *device_records; /* of the VM process */
	uint32_t device_record_count;
	const struct setting_record *setting_records; /* of the VM process, well formed */
	uint32_t setting_record_count;
	bool device_records_known; /* vmm.elf was there to be read */
	const char *overflow;      /* a table of this struct that the description fills up */
	struct config_interrupt interrupts[PROCESS_MAX * DEVICE_MAX]; /* assign */
	uint32_t interrupt_count;
	uint32_t cpu_used; /* assign */
	uint32_t vcpu_count;
	uint32_t handle_count;
};

/* Fills in the system from its source and what it names. */
void model_build(struct system *system);

/* Between the model's modules only. */
void model_board(struct system *system);
void model_process(struct system *system, int node);
void model_vm(struct system *system, int node);
void model_implicit(struct system *system);
void model_shared(struct system *system); /* model_shared.c: all regions and their windows */
struct process *model_new_process(struct system *system, const char *name);
struct thread *model_new_thread(struct system *system, struct process *process);
struct model_channel *model_new_channel(struct system *system, struct process *a, struct process *b,
                                        struct place place);
struct process *model_process_of(struct system *system, int node);
void model_read_thread(struct system *system, struct thread *thread, int node);
/* Device `index` of those that a property names, as one more of the process; NULL: no room. */
struct device *model_device(struct system *system, struct process *process, int node,
                            const char *property, uint32_t index);
void model_read_restart(struct system *system, struct process *process, int node);
void model_set_program(struct system *system, struct process *process, const char *name);
/* model_setting.c: are all records of a section such as bhc can use? */
bool model_settings_good(const struct bytes *section);
/* Settings of a backend from the node where they are stated. */
void model_settings_read(const struct system *system, const struct device_record *backend, int node,
                         struct model_channel *channel);
/* Record `index` among those of a backend, or NULL; of a device's backend. */
const struct setting_record *model_setting_at(const struct system *system,
                                              const struct device_record *backend, uint32_t index);
const struct setting_record *model_setting_of(const struct system *system,
                                              const struct guest_device *device, uint32_t index);
/* The backend that a channel between two processes names, or NULL: of those with pools. */
const struct device_record *model_channel_backend(const struct system *system, int node);
struct place model_place(const struct system *system, int node, const char *property);
/* model_pool.c */
enum pool_access { POOL_NONE, POOL_READ, POOL_WRITE };
void model_pools(struct system *system);
enum pool_access model_pool_access(const struct pool *pool, const struct process *process);
/* Where a process that may access a pool sees it. */
uint64_t model_pool_va(const struct system *system, const struct pool *pool,
                       const struct process *process);

#endif
