/* SPDX-License-Identifier: Apache-2.0 */
/* sources: tool/verify_rules.c tool/verify_file.c tool/verify_table.c tool/verify_config.c
 * tool/verify_el2.c tool/verify_info.c tool/verify_pool.c tool/verify_guest.c tool/verify_share.c
 * tool/verify_program.c tool/verify_memory.c
 * tool/verify_compare.c tool/verify_compare_info.c tool/verify_compare_table.c
 * tool/verify_list.c tool/verify_region.c tool/verify_passed.c */
/*
 * bhc-verify: a good image passes, and each rule fails for an image that breaks it and
 * nothing before it. One long table, a line or a few for each way to break an image.
 *
 * REQ-SPACE-001, REQ-SPACE-002, REQ-SPACE-003, REQ-SPACE-004,
 * REQ-SPACE-005, REQ-SPACE-006, REQ-SPACE-009, REQ-SPACE-010, REQ-VGIC-011,
 * REQ-IMG-003, REQ-IMG-005, REQ-IMG-008, REQ-CLI-004.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/test_verify_sample.h"

#define ROOT(process) (s->roots[process])
#define GUEST(vm)     (s->roots[PROCESSES + (vm)])
#define NEW_PA        0x48000000ull

struct mutation {
	const char *name;
	const char *rule;
	void (*change)(struct sample *s);
};

static uint64_t *page(struct sample *s, uint64_t root, uint64_t va)
{
	return sample_entry(s, root, va, 3);
}

static uint64_t kernel_pa(uint64_t va)
{
	return va - KERNEL_VA + LOAD_PA;
}

#define MUTATION(name) static void name(struct sample *s)

/* clang-format off */
/* head, config */
MUTATION(head_magic) { s->head->magic ^= 1; }
MUTATION(head_elf) { s->head->code0 = 0x464c457f; }
MUTATION(head_abi) { s->head->abi_version++; }
MUTATION(head_branch) { s->head->code0 = 0; }
MUTATION(head_flags) { s->head->image_flags = 2; }
MUTATION(head_bytes) { s->head->image_bytes -= PAGE_BYTES; }
MUTATION(head_size) { s->head->image_size = PAGE_BYTES; }
MUTATION(head_load) { s->head->load_pa = 1ull << 40; }
MUTATION(head_wrap) { s->head->image_size = 0ull - PAGE_BYTES; }
MUTATION(head_stack) { s->head->stack_va = 0x1000; }
MUTATION(head_uart) { s->head->uart_type = 9; }
MUTATION(config_va) { s->head->config_va = KERNEL_VA + s->bytes - 8; }
MUTATION(config_va_low) { s->head->config_va = 8; }
MUTATION(config_magic) { s->config->config.magic = 0; }
MUTATION(config_version) { s->config->config.abi_version = 0; }
MUTATION(config_count) { s->config->config.thread_count = 0xffffffff; }
MUTATION(config_array) { s->config->config.threads += 1ull << 30; }
MUTATION(config_overlap) { s->config->config.vms = s->config->config.threads; }
MUTATION(config_cpus) { s->config->config.cpu_count = 0; }
MUTATION(config_psci) { s->config->config.psci_conduit = 2; }

/* cross references */
MUTATION(cpu_order) { s->config->cpus[1].thread_first = 2; }
MUTATION(cpu_count) { s->config->cpus[1].thread_count = 2; }
MUTATION(cpu_mpidr) { s->config->cpus[1].mpidr = s->config->cpus[0].mpidr; }
MUTATION(cpu_mpidr_bits) { s->config->cpus[1].mpidr |= 1u << 31; }
MUTATION(thread_cpu) { s->config->threads[0].cpu = 1; }
MUTATION(thread_cpu_range) { s->config->threads[0].cpu = 8; }
MUTATION(thread_process) { s->config->threads[0].process = 77; }
MUTATION(thread_other) { s->config->threads[0].process = ALIVE; }
MUTATION(thread_priority) { s->config->threads[0].priority = 256; }
MUTATION(thread_budget) { s->config->threads[0].budget_us = 2000; }
MUTATION(thread_vcpu) { s->config->threads[3].vcpu = 1; }
MUTATION(process_threads) { s->config->processes[ALIVE].thread_count = 9; }
MUTATION(process_thread) { s->config->processes[ALIVE].thread[0] = 1; }
MUTATION(process_flags) { s->config->processes[ALIVE].flags |= 1u << 7; }
MUTATION(process_fp) { s->config->processes[LINUX].flags |= PROCESS_FLAG_FP; }
MUTATION(process_vm) { s->config->processes[ALIVE].vm = 0; }
MUTATION(process_handles) { s->config->processes[ALIVE].handle_first = 0; }
MUTATION(process_handles_end) { s->config->processes[CONTROL].handle_count = 0xfffffff0; }
MUTATION(process_name) { memset(s->config->processes[ALIVE].name, 'a', NAME_BYTES); }
MUTATION(process_name_twice)
{
	memcpy(s->config->processes[ALIVE].name, s->config->processes[LINUX].name, NAME_BYTES);
}
MUTATION(process_supervisor) { s->config->processes[ALIVE].supervisor_thread = 99; }
MUTATION(vm_process) { s->config->vms[0].process = CONTROL; }
MUTATION(vm_vcpus) { s->config->vms[1].vcpu_count = 9; }
MUTATION(vm_vcpu_first) { s->config->vms[1].vcpu_first = 0xffffffff; }
MUTATION(vm_spis) { s->config->vms[1].spi_count = 33; }
MUTATION(vm_gic) { s->config->vms[1].gicr_ipa = s->config->vms[1].gicd_ipa; }
MUTATION(vcpu_vm) { s->config->vcpus[2].vm = 9; }
MUTATION(vcpu_thread) { s->config->vcpus[2].thread = 0; }
MUTATION(vcpu_mpidr) { s->config->vcpus[1].vmpidr = s->config->vcpus[0].vmpidr; }
MUTATION(vcpu_res1) { s->config->vcpus[1].vmpidr = 1; }
MUTATION(handle_kind) { s->config->handles[0].kind = 5; }
MUTATION(handle_thread) { s->config->handles[0].object = THREADS; }
MUTATION(handle_bit) { s->config->handles[0].argument = 64; }
MUTATION(handle_right) { s->config->handles[1].argument = 4; }
MUTATION(handle_interrupt)
{
	s->config->handles[13] = (struct config_handle){HANDLE_INTERRUPT, 0, 0, 0};
	s->config->processes[ALIVE].handle_count++;
}
MUTATION(interrupt_range) { s->config->interrupts[0].intid = 31; }
MUTATION(interrupt_thread) { s->config->interrupts[0].thread = 6; }
MUTATION(interrupt_bit) { s->config->interrupts[0].bit = 60; }
MUTATION(vmid_zero) { s->config->processes[0].vttbr &= ~(0xffull << 48); }
MUTATION(vmid_twice) { s->config->vms[0].vttbr = GUEST(0) | 1ull << 48; }
MUTATION(vmid_bits) { s->config->vms[0].vttbr |= 1ull << 56; }
MUTATION(object_outside) { s->config->config.objects[OBJECT_VCPU] += 1u << 20; }
MUTATION(object_order) { s->config->config.objects[OBJECT_VM] = s->config->config.objects_start; }
MUTATION(object_page) { s->config->config.objects[OBJECT_TRACE] += 64; }
MUTATION(object_wrap) { s->config->config.objects_bytes = ~0ull; }
MUTATION(control_other)
{
	s->config->handles[13] = (struct config_handle){HANDLE_PROCESS, LINUX, RIGHT_CONTROL, 0};
	s->config->processes[ALIVE].handle_count++;
}

/* descriptors */
MUTATION(root_outside) { s->config->vms[0].vttbr = 100ull << 48 | 0x80000000; }
MUTATION(root_before) { s->head->el2_root_pa = LOAD_PA - PAGE_BYTES; }
MUTATION(table_outside) { *sample_entry(s, ROOT(ALIVE), 1ull << 38, 1) = 0x80000003; }
MUTATION(table_shared)
{
	*sample_entry(s, ROOT(ALIVE), 1ull << 38, 1) = *sample_entry(s, ROOT(LINUX), 0, 1);
}
MUTATION(table_loop) { *sample_entry(s, ROOT(ALIVE), 1ull << 38, 1) = ROOT(ALIVE) | 3; }
MUTATION(table_bits) { *sample_entry(s, ROOT(ALIVE), 0, 1) |= 1ull << 59; }
MUTATION(invalid_entry) { *page(s, ROOT(ALIVE), 0x1000 + PROGRAM_DATA_VA) = 2; }
MUTATION(leaf_wx) { *page(s, ROOT(ALIVE), PROGRAM_TEXT_VA) |= 0x80; }
MUTATION(leaf_guest_exec)
{
	*sample_entry(s, ROOT(LINUX), GUEST_VA + LINUX_RAM_IPA, 2) &= ~(1ull << 54);
}
MUTATION(leaf_shareability) { *page(s, ROOT(ALIVE), PROGRAM_DATA_VA) &= ~0x300ull; }
MUTATION(leaf_no_access_flag) { *page(s, ROOT(ALIVE), PROGRAM_DATA_VA) &= ~0x400ull; }
MUTATION(leaf_write_only) { *page(s, ROOT(ALIVE), PROGRAM_DATA_VA) &= ~0x40ull; }
MUTATION(leaf_far) { *page(s, ROOT(ALIVE), PROGRAM_DATA_VA) |= 1ull << 40; }
MUTATION(el2_wx) { *page(s, s->el2_root, KERNEL_VA + 0x2000) &= ~(1ull << 54); }
MUTATION(el2_text_writable) { *page(s, s->el2_root, KERNEL_VA) &= ~0x80ull; }
MUTATION(block_misaligned) { *sample_entry(s, GUEST(0), LINUX_RAM_IPA, 2) |= 0x1000; }

/* EL2 */
MUTATION(el2_guest_ram)
{
	uint64_t pa = *sample_entry(s, GUEST(0), LINUX_RAM_IPA, 2) & ~0xfffull & ((1ull << 40) - 1);

	sample_map(s, s->el2_root, KERNEL_VA + (1 << 24), pa, 1, EL2_RW);
}
MUTATION(el2_moved) { *page(s, s->el2_root, KERNEL_VA + 0x2000) += 0x1000; }
MUTATION(el2_device)
{
	sample_map(s, s->el2_root, UART_VA + PAGE_BYTES, 0x0a000000, 1, EL2_DEVICE);
}
MUTATION(el2_constants) { *page(s, s->el2_root, KERNEL_VA + 0x1000) &= ~(1ull << 54); }
MUTATION(identity_gone) { *page(s, s->el2_root, LOAD_PA) = 0; }
MUTATION(identity_more)
{
	sample_map(s, s->el2_root, LOAD_PA + PAGE_BYTES, LOAD_PA + PAGE_BYTES, 1, EL2_RX);
}
MUTATION(stack_guard)
{
	uint64_t va = s->head->stack_va + 0x5000;

	sample_map(s, s->el2_root, va, kernel_pa(va), 1, EL2_RW);
}
MUTATION(stack_gone) { *page(s, s->el2_root, s->head->stack_va + 0x2000) = 0; }
MUTATION(config_writable)
{
	uint64_t *entry = page(s, s->el2_root, s->head->config_va);

	*entry = (*entry & 0xfffffff000) | EL2_RW;
}
MUTATION(objects_gone) { *page(s, s->el2_root, s->config->config.objects_start) = 0; }
MUTATION(gicd_gone) { *page(s, s->el2_root, KERNEL_DEVICE_VA + 0x3000) = 0; }
MUTATION(gicr_shared) { s->config->cpus[1].gicr_va = s->config->cpus[0].gicr_va; }
MUTATION(uart_moved) { *page(s, s->el2_root, UART_VA) += PAGE_BYTES; }

/* processes */
MUTATION(info_swapped)
{
	uint64_t *a = page(s, ROOT(ALIVE), PROCESS_INFO_VA);
	uint64_t *b = page(s, ROOT(LINUX), PROCESS_INFO_VA);
	uint64_t t = *a;

	*a = *b;
	*b = t;
}
MUTATION(info_gone) { *page(s, ROOT(ALIVE), PROCESS_INFO_VA) = 0; }
MUTATION(info_writable)
{
	uint64_t *entry = page(s, ROOT(ALIVE), PROCESS_INFO_VA);

	*entry |= 0x80;
}
MUTATION(info_channels) { s->infos[ALIVE]->info.channels = ~0ull - 63; }
MUTATION(info_count) { s->infos[ALIVE]->info.channel_count = 0xffffffff; }
MUTATION(info_vm) { s->infos[LINUX]->info.vm.vcpu_count = 1; }
MUTATION(layout_text)
{
	sample_map(s, ROOT(ALIVE), PROGRAM_DATA_VA + PAGE_BYTES, LOAD_PA + s->bytes - PAGE_BYTES, 1,
		   S2_RX);
}
MUTATION(layout_data) { sample_map(s, ROOT(ALIVE), PAYLOAD_VA, s->memory_end, 1, S2_RW); }
MUTATION(program_other)
{
	*page(s, ROOT(ALIVE), PROGRAM_TEXT_VA) = *page(s, ROOT(LINUX), PROGRAM_TEXT_VA);
	*page(s, ROOT(ALIVE), PROGRAM_TEXT_VA + PAGE_BYTES) =
		*page(s, ROOT(LINUX), PROGRAM_TEXT_VA + PAGE_BYTES) + PAGE_BYTES;
}
MUTATION(program_forms) { *page(s, ROOT(CONSOLE), PROGRAM_TEXT_VA + PAGE_BYTES) &= ~(1ull << 54); }
MUTATION(entry_data) { s->config->processes[ALIVE].entry = PROGRAM_DATA_VA; }
MUTATION(entry_rodata) { s->config->processes[ALIVE].entry += PAGE_BYTES; }
MUTATION(stack_top) { s->config->threads[ALIVE].stack_top -= 16; }
MUTATION(stack_missing) { *page(s, ROOT(ALIVE), STACK_VA + STACK_SLOT - 0x1000) = 0; }
MUTATION(stack_full) { sample_map(s, ROOT(ALIVE), STACK_VA, s->memory_next, 1, S2_RW); }
MUTATION(channel_alone) { s->infos[ALIVE]->info.channel_count = 0; }
MUTATION(channel_sides) { s->infos[ALIVE]->channels[0].side = 1; }
MUTATION(channel_bit) { s->infos[ALIVE]->channels[0].bit = 8; }
MUTATION(channel_handle) { s->infos[ALIVE]->channels[0].handle = 99; }
MUTATION(channel_wrap) { s->infos[ALIVE]->channels[0].bytes = 0ull - PAGE_BYTES; }
MUTATION(channel_third)
{
	s->infos[ALIVE]->channels[1] = s->infos[ALIVE]->channels[0];
	s->infos[ALIVE]->channels[1].va += PAGE_BYTES;
	s->infos[ALIVE]->info.channel_count = 2;
	*page(s, ROOT(ALIVE), CHANNEL_VA + PAGE_BYTES) = *page(s, ROOT(LINUX), CHANNEL_VA);
}
MUTATION(channel_pa) { s->infos[ALIVE]->channels[0].pa += PAGE_BYTES; }
MUTATION(channel_settings) { s->infos[ALIVE]->channels[0].settings[63] = 1; }
MUTATION(dma_moved) { s->infos[ALIVE]->info.dma_pa += PAGE_BYTES; }
MUTATION(dma_short) { s->infos[ALIVE]->info.dma_bytes -= PAGE_BYTES; }
MUTATION(dma_untold)
{
	s->infos[ALIVE]->info.dma_va = 0;
	s->infos[ALIVE]->info.dma_pa = 0;
	s->infos[ALIVE]->info.dma_bytes = 0;
}
MUTATION(dma_gone) { *page(s, ROOT(ALIVE), DMA_VA + PAGE_BYTES) = 0; }
MUTATION(dma_torn) { *page(s, ROOT(ALIVE), DMA_VA + PAGE_BYTES) += 1u << 20; }
MUTATION(dma_second_piece) { sample_map(s, ROOT(ALIVE), DMA_VA + 0x10000, NEW_PA, 1, S2_RW); }
MUTATION(dma_constants) { *page(s, ROOT(ALIVE), DMA_VA) &= ~0x80ull; }
MUTATION(dma_beyond)
{
	sample_map(s, ROOT(ALIVE), DMA_VA + DMA_BYTES_MAX, NEW_PA, 1, S2_RW);
}
MUTATION(dma_shared)
{
	sample_map(s, ROOT(CONSOLE), DMA_VA, s->infos[ALIVE]->info.dma_pa, 2, S2_RW);
	s->infos[CONSOLE]->info.dma_va = DMA_VA;
	s->infos[CONSOLE]->info.dma_pa = s->infos[ALIVE]->info.dma_pa;
	s->infos[CONSOLE]->info.dma_bytes = 2 * PAGE_BYTES;
}
MUTATION(shared_moved) { s->infos[ALIVE]->shared.va += PAGE_BYTES; }
MUTATION(shared_right) { s->infos[LINUX]->shared.writable = 1; }
MUTATION(shared_untold) { s->infos[LINUX]->info.shared_count = 0; }
MUTATION(shared_huge) { s->infos[ALIVE]->shared.bytes = 0 - SHARED_VA; }
MUTATION(shared_crowd) { s->infos[ALIVE]->shared.peers = SHARED_PEERS + 1; }
MUTATION(shared_writable) { *page(s, GUEST(0), WINDOW_IPA) |= 0x80; }
MUTATION(shared_executable) { *page(s, GUEST(0), WINDOW_IPA) &= ~(1ull << 54); }
MUTATION(shared_beyond)
{
	sample_map(s, GUEST(0), WINDOW_IPA + 2 * PAGE_BYTES, NEW_PA, 1, S2_RO);
}
MUTATION(shared_third)
{
	uint64_t pa = *page(s, GUEST(0), WINDOW_IPA) & 0xfffffff000;

	sample_map(s, ROOT(CONSOLE), SHARED_VA, pa, 2, S2_RO);
}
MUTATION(shared_swapped)
{
	uint64_t *one = page(s, GUEST(0), WINDOW_IPA);
	uint64_t other = *page(s, GUEST(0), WINDOW_IPA + PAGE_BYTES);

	*page(s, GUEST(0), WINDOW_IPA + PAGE_BYTES) = *one;
	*one = other;
}
MUTATION(shared_other_name) { s->infos[LINUX]->shared.name[0] = 'x'; }
MUTATION(notify_undeclared)
{
	s->config->handles[13] = (struct config_handle){HANDLE_NOTIFY, 3, 5, 0};
	s->config->processes[ALIVE].handle_count++;
}
MUTATION(device_unnamed) { s->infos[CONSOLE]->info.device_count = 0; }
MUTATION(device_unmapped) { s->infos[CONSOLE]->device.va += PAGE_BYTES; }
MUTATION(device_elsewhere)
{
	sample_map(s, ROOT(ALIVE), CHANNEL_VA + 0x10000, 0x0a000000, 1, S2_DEVICE_RW);
}

/* guests */
MUTATION(ram_moved) { *page(s, GUEST(1), CONTROL_RAM_IPA) += 1u << 24; }
MUTATION(ram_of_other)
{
	*page(s, ROOT(CONTROL), GUEST_VA) = (*page(s, GUEST(1), 0x1000) & 0xfffffff000) | S2_RW;
}
MUTATION(ram_no_bank) { s->infos[CONTROL]->info.vm.banks[0].bytes -= PAGE_BYTES; }
MUTATION(ram_missing)
{
	*page(s, GUEST(1), 0x1000) = 0;
	*page(s, ROOT(CONTROL), GUEST_VA + 0x1000) = 0;
}
MUTATION(ram_only_process) { *page(s, GUEST(1), 0x1000) = 0; }
MUTATION(ram_in_task) { sample_map(s, ROOT(ALIVE), GUEST_VA, NEW_PA, 1, S2_RW); }
MUTATION(gic_mapped) { sample_map(s, GUEST(1), GICD_PA, 0x0a000000, 1, S2_DEVICE_RW); }
MUTATION(gicr_mapped) { sample_map(s, GUEST(0), GICR_PA + 0x30000, 0x0a000000, 1, S2_DEVICE_RW); }

/* one owner */
MUTATION(share_data)
{
	*page(s, ROOT(ALIVE), PROGRAM_DATA_VA) = *page(s, ROOT(CONSOLE), PROGRAM_DATA_VA);
}
MUTATION(share_table) { sample_map(s, ROOT(ALIVE), PAYLOAD_VA, s->el2_root, 1, S2_RO); }
MUTATION(share_kernel) { sample_map(s, ROOT(ALIVE), PAYLOAD_VA, LOAD_PA + 0x1000, 1, S2_RO); }
MUTATION(share_config)
{
	sample_map(s, ROOT(ALIVE), PAYLOAD_VA, kernel_pa(s->head->config_va), 1, S2_RO);
}
MUTATION(share_kernel_guard)
{
	sample_map(s, ROOT(ALIVE), PROGRAM_DATA_VA + PAGE_BYTES, kernel_pa(s->head->stack_va), 1,
		   S2_RW);
}
MUTATION(share_payload)
{
	sample_map(s, ROOT(CONTROL), PAYLOAD_VA + PAGE_BYTES,
		   *page(s, ROOT(LINUX), PAYLOAD_VA) & 0xfffffff000, 1, S2_RO);
}
MUTATION(share_text_elsewhere)
{
	uint64_t pa = *page(s, ROOT(LINUX), PROGRAM_TEXT_VA) & 0xfffffff000;

	sample_map(s, ROOT(ALIVE), PROGRAM_TEXT_VA + 0x8000, pa, 1, S2_RX);
}
MUTATION(share_text_forms)
{
	uint64_t pa = *page(s, ROOT(LINUX), PROGRAM_TEXT_VA) & 0xfffffff000;

	sample_map(s, ROOT(LINUX), PROGRAM_TEXT_VA + 0x8000, pa, 1, S2_RO);
}
MUTATION(share_gic)
{
	s->infos[CONSOLE]->device.bytes = 2 * PAGE_BYTES;
	sample_map(s, ROOT(CONSOLE), DEVICE_VA + PAGE_BYTES, GICD_PA, 1, S2_DEVICE_RW);
}
MUTATION(share_ram)
{
	uint64_t pa = *page(s, GUEST(1), CONTROL_RAM_IPA) & 0xfffffff000;

	sample_map(s, ROOT(ALIVE), PROGRAM_DATA_VA + PAGE_BYTES, pa, 1, S2_RW);
}
MUTATION(share_guest_device)
{
	sample_map(s, GUEST(0), 0x0a000000, 0x0a000000, 1, S2_DEVICE_RW);
	sample_map(s, GUEST(1), 0x0a000000, 0x0a000000, 1, S2_DEVICE_RW);
}
MUTATION(share_uart) { sample_map(s, GUEST(0), UART_PA, UART_PA, 1, S2_DEVICE_RW); }

/* memory */
MUTATION(place_text_behind)
{
	sample_map(s, ROOT(ALIVE), PROGRAM_TEXT_VA + 0x8000, s->memory_end, 1, S2_RX);
	s->head->image_size += PAGE_BYTES;
}
MUTATION(place_writable_file)
{
	sample_map(s, ROOT(ALIVE), PROGRAM_DATA_VA + PAGE_BYTES, LOAD_PA + s->bytes - PAGE_BYTES, 1,
		   S2_RW);
}
MUTATION(place_device_memory)
{
	sample_map(s, GUEST(0), 0x0a000000, s->memory_end, 1, S2_DEVICE_RW);
	s->head->image_size += PAGE_BYTES;
}
MUTATION(uart_nobody) { *page(s, ROOT(CONSOLE), DEVICE_VA) = 0x0a000000 | S2_DEVICE_RW; }
MUTATION(content_lost) { *page(s, ROOT(LINUX), PAYLOAD_VA) = 0; }
MUTATION(hole_data) { *page(s, ROOT(ALIVE), PROGRAM_DATA_VA) = 0; }
MUTATION(hole_moved) { *page(s, ROOT(ALIVE), PROGRAM_DATA_VA) |= 1ull << 36; }
MUTATION(hole_end) { s->head->image_size += BLOCK_BYTES; }

#define M(rule, name)             \
	{                         \
#name, rule, name \
	}
static const struct mutation mutations[] = {
	M("head", head_magic), M("head", head_elf), M("head", head_abi), M("head", head_branch),
	M("head", head_flags), M("head", head_bytes), M("head", head_size), M("head", head_load),
	M("head", head_wrap), M("head", head_stack), M("head", head_uart),
	M("config", config_va), M("config", config_va_low), M("config", config_magic),
	M("config", config_version), M("config", config_count), M("config", config_array),
	M("config", config_overlap), M("config", config_cpus), M("config", config_psci),
	M("cpu", cpu_order), M("cpu", cpu_count), M("cpu", cpu_mpidr), M("cpu", cpu_mpidr_bits),
	M("thread", thread_cpu), M("thread", thread_cpu_range), M("thread", thread_process),
	M("thread", thread_other), M("thread", thread_priority), M("thread", thread_budget),
	M("thread", thread_vcpu),
	M("process", process_threads), M("process", process_thread), M("process", process_flags),
	M("process", process_fp), M("process", process_vm), M("process", process_handles),
	M("process", process_handles_end), M("process", process_name),
	M("process", process_name_twice), M("process", process_supervisor),
	M("vm", vm_process), M("vm", vm_vcpus), M("vm", vm_vcpu_first), M("vm", vm_spis),
	M("vm", vm_gic),
	M("vcpu", vcpu_vm), M("vcpu", vcpu_thread), M("vcpu", vcpu_mpidr), M("vcpu", vcpu_res1),
	M("handle", handle_kind), M("handle", handle_thread), M("handle", handle_bit),
	M("handle", handle_right), M("handle", handle_interrupt),
	M("interrupt", interrupt_range), M("interrupt", interrupt_thread),
	M("interrupt", interrupt_bit),
	M("vmid", vmid_zero), M("vmid", vmid_twice), M("vmid", vmid_bits),
	M("object", object_outside), M("object", object_order), M("object", object_page),
	M("object", object_wrap),
	M("control", control_other),
	M("descriptor", root_outside), M("descriptor", root_before),
	M("descriptor", table_outside), M("descriptor", table_shared), M("descriptor", table_loop),
	M("descriptor", table_bits), M("descriptor", invalid_entry), M("descriptor", leaf_wx),
	M("descriptor", leaf_guest_exec), M("descriptor", leaf_shareability),
	M("descriptor", leaf_no_access_flag), M("descriptor", leaf_write_only),
	M("descriptor", leaf_far), M("descriptor", el2_wx), M("descriptor", el2_text_writable),
	M("descriptor", block_misaligned),
	M("el2-layout", el2_guest_ram), M("el2-layout", el2_moved), M("el2-layout", el2_device),
	M("el2-layout", el2_constants),
	M("el2-identity", identity_gone), M("el2-identity", identity_more),
	M("el2-stack", stack_guard), M("el2-stack", stack_gone),
	M("el2-config", config_writable), M("el2-config", objects_gone),
	M("el2-device", gicd_gone), M("el2-device", gicr_shared), M("el2-device", uart_moved),
	M("info", info_swapped), M("info", info_gone), M("info", info_writable),
	M("info", info_channels), M("info", info_count), M("info", info_vm),
	M("layout", layout_text), M("layout", layout_data), M("program", program_other),
	M("program", program_forms),
	M("entry", entry_data), M("entry", entry_rodata),
	M("stack", stack_top), M("stack", stack_missing), M("stack", stack_full),
	M("channel", channel_alone), M("channel", channel_sides), M("channel", channel_bit),
	M("channel", channel_handle), M("channel", channel_wrap), M("channel", channel_third),
	M("channel", channel_pa), M("channel", channel_settings),
	M("dma", dma_moved), M("dma", dma_short), M("dma", dma_untold), M("dma", dma_gone),
	M("dma", dma_torn), M("dma", dma_second_piece), M("layout", dma_constants),
	M("layout", dma_beyond), M("one-owner", dma_shared),
	M("shared", shared_moved), M("shared", shared_right), M("shared", shared_untold),
	M("shared", shared_huge), M("shared", shared_crowd), M("shared", shared_writable),
	M("descriptor", shared_executable), M("shared", shared_beyond),
	M("shared", shared_third), M("one-owner", shared_third), M("one-owner", shared_swapped),
	M("one-owner", shared_other_name),
	M("notify", notify_undeclared),
	M("device", device_unnamed), M("device", device_unmapped), M("layout", device_elsewhere),
	M("guest-ram", ram_moved), M("guest-ram", ram_of_other), M("guest-ram", ram_no_bank),
	M("guest-ram", ram_missing), M("guest-ram", ram_only_process), M("guest-ram", ram_in_task),
	M("guest-gic", gic_mapped), M("guest-gic", gicr_mapped),
	M("one-owner", share_data), M("one-owner", share_table), M("one-owner", share_kernel),
	M("one-owner", share_config), M("one-owner", share_kernel_guard),
	M("one-owner", share_payload), M("one-owner", share_text_elsewhere),
	M("one-owner", share_text_forms), M("one-owner", share_gic), M("one-owner", share_ram),
	M("one-owner", share_guest_device), M("one-owner", share_uart),
	M("place", place_text_behind), M("place", place_writable_file),
	M("place", place_device_memory),
	M("uart", uart_nobody),
	M("content", content_lost),
	M("hole", hole_data), M("hole", hole_moved), M("hole", hole_end),
};
/* clang-format on */

static void test_good(void **state)
{
	struct sample s;
	char *text = NULL;

	(void)state;
	sample_build(&s);
	if (!sample_verify(&s, &text))
		print_error("%s", text);
	assert_non_null(strstr(text, "verify: 8 spaces, "));
	assert_non_null(strstr(text, " shared: separated\n"));
	assert_non_null(strstr(text, "guest RAM, in its own VM process: linux guest of linux\n"));
	assert_non_null(strstr(text, "program, read-only: supervisor alive\n"));
	assert_non_null(strstr(text, "channel, read-write: console control\n"));
	assert_non_null(strstr(text, "boot UART: EL2 console\n"));
	assert_non_null(strstr(text, "device 0x9000000-0x9000fff: console\n"));
	assert_non_null(strstr(text, "interrupt 33: console, thread 0\n"));
	assert_non_null(strstr(text, "shared memory: alive guest of linux\n"));
	assert_non_null(strstr(text, "DMA: alive knows physical addresses; "));
	assert_non_null(strstr(text, "CPU 0 priority 10: alive, thread 0, 100 us in 1000 us\n"));
	assert_non_null(strstr(text, "CPU 1 priority 10: control, thread 0, no budget\n"));
	assert_non_null(strstr(text, "control: supervisor of linux\n"));
	free(text);
	free(s.file);
}

static void test_mutations(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(mutations) / sizeof(mutations[0]); i++) {
		struct sample s;
		char expected[32];
		char *text = NULL;
		bool good;

		sample_build(&s);
		mutations[i].change(&s);
		good = sample_verify(&s, &text);
		snprintf(expected, sizeof(expected), "[%s]", mutations[i].rule);
		if (good || !strstr(text, expected)) {
			print_error("%s: no %s in:\n%s", mutations[i].name, expected, text);
			wrong++;
		}
		free(text);
		free(s.file);
	}
	assert_int_equal(wrong, 0);
}

static void test_truncated(void **state)
{
	struct sample s;
	uint64_t whole;

	(void)state;
	sample_build(&s);
	whole = s.bytes;
	for (s.bytes = 0; s.bytes < whole; s.bytes += s.bytes < 256 ? 1 : 1021)
		assert_false(sample_verify(&s, NULL));
	free(s.file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
