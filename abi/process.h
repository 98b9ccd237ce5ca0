/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process sees: its address space, and the info page that bhc writes for it.
 *
 * Virtual address = IPA of the process's stage-2 space. The first 2 MiB region holds
 * everything small, so that one level-3 table serves it.
 */
#ifndef BULKHEAD_ABI_PROCESS_H
#define BULKHEAD_ABI_PROCESS_H

#include "abi/image.h"

#define PROCESS_INFO_VA  0x200000ull /* struct process_info, read-only, up to 64 KiB */
#define PROGRAM_TEXT_VA  0x210000ull /* text RX, then rodata and the .data template RO */
#define PROGRAM_TEXT_END 0x300000ull
#define PROGRAM_DATA_VA  0x300000ull /* .data and .bss, RW, made anew by crt0 at every start */
#define PROGRAM_DATA_END 0x380000ull
#define STACK_VA         0x380000ull /* thread n's stack ends at STACK_VA + (n + 1) * STACK_SLOT */
#define STACK_SLOT       0x10000ull  /* its lowest page is never mapped */
#define PROCESS_THREADS  8u
#define DEVICE_VA        0x400000ull     /* physical device pages, Device-nGnRE, RW */
#define CHANNEL_VA       0x600000ull     /* channels, RW */
#define DMA_VA           0x1000000000ull /* memory of a driver for its devices, RW */
#define SHARED_VA        0x1800000000ull /* shared memory, RO or RW */
#define POOL_VA          0x1c00000000ull /* pools: RW the process's own, read-only the others */
#define TRACE_VA         0x2000000000ull /* the flight recorder, a page per CPU, read-only */
#define PAYLOAD_VA       0x3000000000ull /* payloads, read-only */
#define GUEST_VA \
	0x4000000000ull /* a VM process: guest RAM at GUEST_VA + IPA, RW, never executable */
#define GUEST_IPA_END 0x4000000000ull /* guest IPAs lie below this */

#define DMA_BYTES_MAX 0x400000ull /* of dma-bytes in a description */

#define PROCESS_INFO_MAGIC 0x6f666e69646b6c62ull /* "blkdinfo" */

/* One device region of a driver. */
struct process_device {
	char name[NAME_BYTES]; /* label or node name of the device in the board's tree */
	uint64_t va;
	uint64_t bytes;
	uint32_t handle; /* HANDLE_INTERRUPT of its first interrupt, or IMAGE_NONE */
	uint32_t bit;    /* the notification bit that it raises */
	uint32_t thread; /* index of the thread that gets it */
	uint32_t padding;
};

#define CHANNEL_SETTINGS 64u

/*
 * One end of a channel: shared memory at va, with one peer. A struct channel (channel.h),
 * or what the backend of the VM's device defines (block_channel.h). The end
 * with side 0 writes ring 0 and reads ring 1. notify(handle) raises the peer's bit; the peer
 * raises `bit` of this process's thread `thread`.
 */
struct process_channel {
	char name[NAME_BYTES]; /* "console" for the console end; else the peer's name */
	uint64_t va;
	uint64_t bytes;
	uint32_t handle;
	uint32_t bit;
	uint32_t thread;
	uint32_t side;
	uint64_t pa; /* where it lies, for a process whose devices do DMA (allow-dma); else 0 */
	uint8_t settings[CHANNEL_SETTINGS]; /* of a device's channel: by setting_record (record.h) */
};

#define SHARED_PEERS     8u
#define SHARED_BYTES_MAX 0x4000000ull

/* A region of memory that this process, or its VM's guest, shares with named others. */
struct process_shared {
	char name[NAME_BYTES];
	uint64_t va; /* where this process has it; 0 of a VM: its guest has it, the process has not */
	uint64_t ipa; /* where the guest of a VM has it; else 0 */
	uint64_t bytes;
	uint32_t self;     /* number of this peer: those that may write come first */
	uint32_t peers;    /* how many there are */
	uint32_t writable; /* 1: this peer may write */
	uint32_t padding;
};

/*
 * Memory for bulk data that several processes see: one of them may write it, the others read it.
 * Each channel of a backend with pools (record.h) is a port of its server, which is its end with
 * side 1, and has a pool, which its other end may write. The server may read all of them, a port
 * those of the other ports but isolated ones. If a port is isolated, there is one more pool, which
 * the server may write and all ports may read. Ports are numbered from 0 on in the order of the
 * server's channels.
 *
 * A process gets an entry for each pool and each of its ports; the server one for each port,
 * and one for its own. A process sees a pool at one address, for all of its ports.
 */
struct process_pool {
	uint64_t va;
	uint64_t bytes;
	uint64_t pa;       /* for a process whose devices do DMA (allow-dma); else 0 */
	uint32_t channel;  /* of this process; the server's own pool: IMAGE_NONE there */
	uint32_t port;     /* whose pool it is; IMAGE_NONE: the server's own */
	uint32_t writable; /* 1: it is this process's own at that channel */
	uint32_t padding;
};

/* One process that a supervisor controls. */
struct process_child {
	char name[NAME_BYTES];
	uint32_t handle;        /* HANDLE_PROCESS */
	uint32_t flags;         /* CHILD_* */
	uint32_t restart_limit; /* restarts after a fault within the window, then it stays stopped */
	uint32_t restart_window_sec;
};
#define CHILD_VM               (1u << 0)
#define CHILD_AUTOSTART        (1u << 1) /* the supervisor starts it when it comes up itself */
#define CHILD_RESTART_ON_FAULT (1u << 2) /* restart = "always" or "on-fault" */
#define CHILD_RESTART_ALWAYS   (1u << 3) /* restart = "always": also after SYSTEM_OFF or an end */
#define CHILD_KERNEL_START     (1u << 4) /* started by the kernel at boot (PROCESS_FLAG_AUTOSTART) */

struct vm_bank {
	uint64_t ipa;
	uint64_t bytes;
};

/* A file for the guest: bytes at va (read-only), to be copied to ipa. */
struct vm_payload {
	uint64_t va;
	uint64_t bytes;
	uint64_t ipa;
};

#define KERNEL_IMAGE 0u /* arm64 Image: entry at its start, x0 = tree */
#define KERNEL_ELF \
	1u /* loaded by its program headers (physical addresses), entry as it says, x0 = tree */
#define KERNEL_RAW 2u /* copied to its IPA, entry at its start, x0 = tree */

#define BACKEND_PASSED \
	"pass-through" /* no device of the VM's process: the board's own, which its guest has */

/* One device of a VM, in the order of the guest's tree. */
struct vm_device {
	char backend[NAME_BYTES]; /* name that the device file declares: "pl011", "pl031", "zero" */
	uint64_t ipa;
	uint64_t bytes;
	uint32_t intid;   /* its SPI as INTID (32 and up), or IMAGE_NONE */
	uint32_t edge;    /* 1: edge triggered */
	uint32_t channel; /* index in the channels of the process, or IMAGE_NONE */
	uint32_t padding;
};

struct vm_info {
	uint32_t vcpu_count;
	uint32_t kernel_kind;
	uint32_t bank_count;
	uint32_t device_count;
	struct vm_payload kernel;
	struct vm_payload initrd; /* bytes 0: none */
	struct vm_payload tree;
	uint64_t entry;       /* guest entry IPA for RAW and Image; 0 for ELF: from its header */
	uint64_t seed_offset; /* byte offset in the tree of a 64-byte seed to fill at run time, 0: none */
	uint64_t gicd_ipa;
	uint64_t gicr_ipa;
	struct vm_bank banks[8];
	uint64_t devices;                  /* VA of struct vm_device[device_count] */
	uint32_t sibling[PROCESS_THREADS]; /* HANDLE_NOTIFY of thread n, bit VM_KICK_BIT */
};
#define VM_KICK_BIT 60u /* raised by one vCPU thread in another: look at your mailbox */

/* Who a slot is, for the reader of the flight recorder: every thread of the system. */
struct trace_thread {
	char name[NAME_BYTES]; /* of its process */
	uint32_t process;      /* index in the image */
	uint32_t cpu;
	uint32_t slot;
	uint32_t index;    /* within its process: of a VM also the number of its vCPU */
	uint32_t vm;       /* 1: it runs a vCPU */
	uint32_t priority; /* 0 lowest .. 255 */
};

struct process_info {
	uint64_t magic;
	uint32_t abi_version;
	uint32_t thread_count;
	char name[NAME_BYTES];
	uint32_t start_handle
		[PROCESS_THREADS]; /* HANDLE_NOTIFY of thread n with NOTIFY_START; [0] unused */
	uint32_t device_count;
	uint32_t channel_count;
	uint32_t child_count;
	uint32_t system_handle;  /* HANDLE_SYSTEM, or IMAGE_NONE */
	uint32_t supervisor_bit; /* the bit by which the kernel says that a child changed state */
	uint32_t vm_present;     /* 1: vm is valid */
	uint64_t devices;        /* VA of struct process_device[] within the info pages */
	uint64_t channels;       /* VA of struct process_channel[] */
	uint64_t children;       /* VA of struct process_child[] */
	struct vm_info vm;
	uint64_t dma_va; /* dma-bytes of the description: physically contiguous; 0: none */
	uint64_t dma_pa;
	uint64_t dma_bytes;
	uint64_t shared; /* VA of struct process_shared[] */
	uint32_t shared_count;
	uint32_t guest_dma; /* 1: its guest has devices that may write all memory (allow-dma) */
	uint64_t period_us; /* of thread 0, 0: none */
	uint64_t budget_us;
	/* Of the reader of the flight recorder; else 0. How long a tick is CNTFRQ_EL0 says. */
	uint64_t trace_rings;   /* VA of struct trace_ring[trace_cpu_count] (trace.h) */
	uint64_t trace_threads; /* VA of struct trace_thread[], in the info pages */
	uint32_t trace_cpu_count;
	uint32_t trace_thread_count; /* of all CPUs */
	uint64_t pools;              /* VA of struct process_pool[], in the info pages */
	uint32_t pool_count;
	uint32_t padding2;
};

_Static_assert(sizeof(struct process_device) == 64, "bhc and programs agree");
_Static_assert(sizeof(struct process_channel) == 136, "bhc and programs agree");
_Static_assert(sizeof(struct process_pool) == 40, "bhc and programs agree");
_Static_assert(sizeof(struct process_child) == 48, "bhc and programs agree");
_Static_assert(sizeof(struct vm_device) == 64, "bhc and programs agree");
_Static_assert(sizeof(struct vm_info) == 288, "bhc and programs agree");
_Static_assert(sizeof(struct trace_thread) == 56, "bhc and programs agree");
_Static_assert(sizeof(struct process_shared) == 72, "bhc and programs agree");
_Static_assert(sizeof(struct process_info) == 512, "bhc and programs agree");

#endif
