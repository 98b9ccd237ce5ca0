/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image: what bhc writes, the kernel reads and `bhc verify` checks.
 *
 * Physical layout, from load_pa upward (docs/image.md has the picture):
 *
 *   kernel ELF          text (RX) rodata (RO) data+bss (RW), each page aligned
 *   config              struct config and its arrays (RO at EL2)
 *   objects             one zeroed array per kernel object kind (RW at EL2, not in the file)
 *   stacks              one per CPU, IMAGE_STACK_BYTES each, an unmapped guard page below
 *                       each (RW at EL2, not in the file)
 *   tables              EL2 and stage-2 translation tables (mapped nowhere)
 *   programs            text+rodata, once per program, shared by its processes
 *   process info pages  one struct process_info per process (RO in that process)
 *   payloads            guest kernels, initrds and trees (RO in their VM's process)
 *   private memory      data, stacks, DMA memory and channels of processes, guest RAM (not in
 *                       the file)
 *
 * The parts that EL2 maps (kernel ELF, config, objects, stacks) have
 * VA = KERNEL_VA + (PA - load_pa). Parts that are not in the file need not be ordered as
 * above; everything that is in the file is contiguous from load_pa for image_bytes, with
 * zeros where a part is not loaded.
 */
#ifndef BULKHEAD_ABI_IMAGE_H
#define BULKHEAD_ABI_IMAGE_H

#include <stdint.h>

#define ABI_VERSION 2u

#define PAGE_BYTES        4096ull
#define BLOCK_BYTES       0x200000ull
#define KERNEL_VA         0x7fc0000000ull /* link address of the kernel ELF */
#define KERNEL_DEVICE_VA  0x7fe0000000ull /* GICD, GICR frames, boot UART: packed from here */
#define IMAGE_STACK_BYTES 0x4000ull
#define IMAGE_MAGIC       0x64616568646b6c62ull /* "blkdhead" */
#define CONFIG_MAGIC      0x676663646b6c62ull   /* "blkdcfg" */
#define IMAGE_NONE        0xffffffffu           /* no such index */
#define NAME_BYTES        32u

#define CPU_MAX     8u   /* physical CPUs */
#define VMID_MAX    255u /* stage-2 spaces: VMID 0 is never used */
#define CPU_THREADS 64u  /* threads per CPU: one bit each in the CPU's wake word */

/* Boot UARTs */
#define UART_NONE  0u
#define UART_PL011 1u

/* PSCI conduit of the board's firmware */
#define PSCI_SMC 0u
#define PSCI_HVC 1u

/*
 * First bytes of the image: the arm64 Image header (Linux, Documentation/arm64/booting.rst)
 * and the constants that a CPU may read before its MMU is on. The kernel ELF carries it at
 * KERNEL_VA with code and magic filled in; bhc fills in the rest.
 */
struct image_head {
	uint32_t code0; /* b to the first instruction */
	uint32_t code1;
	uint64_t text_offset; /* 0 */
	uint64_t image_size;  /* memory from load_pa that must be free: file and what follows it */
	uint64_t image_flags; /* 0xa: little endian, 4 KiB pages, anywhere in memory */
	uint64_t reserved[3];
	uint32_t image_magic; /* "ARM\x64" */
	uint32_t pe_offset;
	uint64_t magic; /* IMAGE_MAGIC, offset 64 */
	uint32_t abi_version;
	uint32_t uart_type;
	uint64_t load_pa;     /* where this image was compiled to run */
	uint64_t image_bytes; /* bytes in the file */
	uint64_t uart_pa;
	uint64_t el2_root_pa; /* TTBR0_EL2 */
	uint64_t config_va;   /* struct config at EL2 */
	uint64_t stack_va;    /* lowest stack's guard page; CPU n's stack top is
	                       * stack_va + (n + 1) * (PAGE_BYTES + IMAGE_STACK_BYTES) */
};

/* Kernel objects: kinds in the kernel ELF's section ".bulkhead.sizes" */
#define OBJECT_CPU       0u
#define OBJECT_THREAD    1u
#define OBJECT_PROCESS   2u
#define OBJECT_VM        3u
#define OBJECT_VCPU      4u
#define OBJECT_INTERRUPT 5u
#define OBJECT_TRACE     6u /* flight recorder ring, one per CPU: whole pages */
#define OBJECT_KINDS     7u

/* One record per kind, kinds in order: how many bytes one object takes (a multiple of 64). */
struct object_size {
	uint32_t kind;
	uint32_t bytes;
};

struct config_cpu {
	uint64_t mpidr;        /* affinity fields only, as in the board's tree */
	uint64_t gicr_va;      /* this CPU's redistributor: RD frame, SGI frame at +64 KiB */
	uint32_t thread_first; /* its threads are contiguous in the thread array */
	uint32_t thread_count;
};

/* A process: a native task, a driver, a service, or a VM's process. */
#define PROCESS_FLAG_FP        (1u << 0) /* its threads own FP registers */
#define PROCESS_FLAG_AUTOSTART (1u << 1) /* started by the kernel at boot; else by the supervisor */
#define PROCESS_FLAG_CRITICAL  (1u << 2) /* a fault stops the machine in the safe state */
struct config_process {
	char name[NAME_BYTES];
	uint64_t vttbr; /* root table PA, VMID in bits 55:48 */
	uint64_t entry; /* VA */
	uint32_t flags;
	uint32_t vm;           /* index, or IMAGE_NONE */
	uint32_t handle_first; /* its handle table: handles are numbered from 0 within it */
	uint32_t handle_count;
	uint32_t thread_count;
	uint32_t thread[8];         /* its threads, indices in the thread array, thread 0 first */
	uint32_t supervisor_thread; /* notified with supervisor_bit when the state changes, or IMAGE_NONE */
	uint32_t supervisor_bit;
	uint32_t padding;
};

struct config_thread {
	uint32_t process;
	uint32_t index; /* within its process: x0 at entry */
	uint32_t cpu;
	uint32_t priority;  /* 0 lowest .. 255 */
	uint32_t budget_us; /* 0: unlimited */
	uint32_t period_us; /* 0: unlimited */
	uint64_t stack_top; /* VA; SP at entry */
	uint32_t vcpu;      /* index in the vCPU object array, or IMAGE_NONE */
	uint32_t padding;
};

struct config_vm {
	uint64_t vttbr;
	uint64_t gicd_ipa; /* 64 KiB */
	uint64_t gicr_ipa; /* 128 KiB per vCPU, vCPU 0 first */
	uint32_t process;
	uint32_t vcpu_first; /* vCPU n is object vcpu_first + n */
	uint32_t vcpu_count; /* 1..8 */
	uint32_t spi_count;  /* multiple of 32, up to 256 */
};

struct config_vcpu {
	uint32_t vm;
	uint32_t thread;
	uint64_t vmpidr; /* what the guest reads from MPIDR_EL1, bit 31 set */
};

#define HANDLE_NONE      0u
#define HANDLE_NOTIFY    1u /* object: thread; argument: bit */
#define HANDLE_INTERRUPT 2u /* object: interrupt */
#define HANDLE_PROCESS   3u /* object: process; argument: RIGHT_* */
#define HANDLE_SYSTEM    4u
#define RIGHT_STATUS     (1u << 0)
#define RIGHT_CONTROL    (1u << 1)
struct config_handle {
	uint32_t kind;
	uint32_t object;
	uint32_t argument;
	uint32_t padding;
};

#define VM_PASSED_MAX 8u /* physical interrupts of one VM's guest */

/* A physical interrupt that a process serves, or a guest to whom its device was handed. */
struct config_interrupt {
	uint32_t intid;       /* 32..1019 */
	uint32_t thread;      /* that is told; of a guest's: thread 0 of its VM's process */
	uint32_t bit;         /* 0 of a guest's */
	uint32_t edge;        /* 1: edge triggered */
	uint32_t guest_intid; /* the SPI of the VM that it is; 0: a process serves it */
};

/* Addresses are EL2 virtual. Arrays of the counts beside them. */
struct config {
	uint64_t magic;
	uint32_t abi_version;
	uint32_t psci_conduit;
	uint32_t cpu_count; /* CPU 0 of the array is the boot CPU */
	uint32_t process_count;
	uint32_t thread_count;
	uint32_t vm_count;
	uint32_t vcpu_count;
	uint32_t handle_count;
	uint32_t interrupt_count;
	uint32_t padding;
	uint64_t cpus;                  /* struct config_cpu[] */
	uint64_t processes;             /* struct config_process[] */
	uint64_t threads;               /* struct config_thread[] sorted by CPU */
	uint64_t vms;                   /* struct config_vm[] */
	uint64_t vcpus;                 /* struct config_vcpu[] */
	uint64_t handles;               /* struct config_handle[] */
	uint64_t interrupts;            /* struct config_interrupt[] sorted by intid */
	uint64_t objects[OBJECT_KINDS]; /* the object arrays, zeroed by the kernel at boot */
	uint64_t objects_start;         /* the whole of them: first byte */
	uint64_t objects_bytes;
	uint64_t gicd_va;
	uint64_t uart_va;
};

_Static_assert(sizeof(struct image_head) == 128, "the image head is read by assembly");
_Static_assert(sizeof(struct config_cpu) == 24, "bhc and kernel agree");
_Static_assert(sizeof(struct config_process) == 112, "bhc and kernel agree");
_Static_assert(sizeof(struct config_thread) == 40, "bhc and kernel agree");
_Static_assert(sizeof(struct config_vm) == 40, "bhc and kernel agree");
_Static_assert(sizeof(struct config_vcpu) == 16, "bhc and kernel agree");
_Static_assert(sizeof(struct config_handle) == 16, "bhc and kernel agree");
_Static_assert(sizeof(struct config_interrupt) == 20, "bhc and kernel agree");
_Static_assert(sizeof(struct config) == 192, "bhc and kernel agree");

#endif
