/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about EL2's own space. Everything there is the linear image (VA - KERNEL_VA =
 * PA - load_pa), the one identity page that turns the MMU on, or a device that config names.
 * That it reaches nobody else's pages is the rule "one-owner". Host code.
 */
#include "tool/verify.h"

#include <inttypes.h>

#define GICD_BYTES 0x10000ull
#define GICR_BYTES 0x20000ull

static const struct verify_map *el2_map(const struct verify *v, size_t i)
{
	return &v->maps[v->spaces[SPACE_EL2_ID].map_first + i];
}

static bool is_identity(const struct verify *v, const struct verify_map *map)
{
	return map->va == v->head.load_pa && map->pa == map->va;
}

static bool is_known_device(const struct verify *v, const struct verify_map *map)
{
	uint64_t end = KERNEL_DEVICE_VA;

	/* packed from KERNEL_DEVICE_VA: nothing beyond what config names */
	end += GICD_BYTES + v->config.cpu_count * GICR_BYTES;
	end += v->head.uart_type == UART_NONE ? 0 : PAGE_BYTES;
	return map->form == FORM_DEVICE && map->va >= KERNEL_DEVICE_VA &&
	       map->va + map->bytes <= end;
}

/* The kernel ELF, up to the config: text, constants and data, one after the other. */
static void check_kernel(struct verify *v)
{
	static const enum verify_form forms[] = {FORM_RX, FORM_RO, FORM_RW};
	uint64_t va = KERNEL_VA;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const struct verify_map *map = verify_lookup(v, SPACE_EL2_ID, va, PAGE_BYTES);

		if (!map || map->form != forms[i] || map->va != va) {
			verify_fail(v,
			            "the kernel is not RX, RO and RW in this order: at %#" PRIx64,
			            va);
			return;
		}
		va += map->bytes;
	}
}

void verify_el2_layout(struct verify *v)
{
	check_kernel(v);
	for (size_t i = 0; i < v->spaces[SPACE_EL2_ID].map_count; i++) {
		const struct verify_map *map = el2_map(v, i);
		uint64_t offset = map->va - KERNEL_VA;

		if (is_identity(v, map) || is_known_device(v, map))
			continue;
		if (map->form == FORM_DEVICE || map->va < KERNEL_VA ||
		    map->va + map->bytes > KERNEL_DEVICE_VA || map->pa != v->head.load_pa + offset)
			verify_fail(v,
			            "EL2 maps %#" PRIx64 " at %#" PRIx64 ", %#" PRIx64
			            " bytes, %s: neither the image nor a device of config",
			            map->pa, map->va, map->bytes, verify_form_name(map->form));
		else if (map->form != FORM_RW && !verify_in_file(v, map->pa, map->bytes))
			verify_fail(
				v, "EL2 maps %#" PRIx64 ", %#" PRIx64 " bytes, %s: not in the file",
				map->pa, map->bytes, verify_form_name(map->form));
	}
}

void verify_el2_identity(struct verify *v)
{
	uint64_t pa = v->head.load_pa;
	const struct verify_map *map = verify_lookup(v, SPACE_EL2_ID, pa, PAGE_BYTES);
	const struct verify_map *linear = verify_lookup(v, SPACE_EL2_ID, KERNEL_VA, PAGE_BYTES);

	if (!map || map->va != pa || map->pa != pa || map->bytes != PAGE_BYTES ||
	    map->form != FORM_RX)
		verify_fail(
			v, "EL2 does not map exactly one page RX at its physical address %#" PRIx64,
			pa);
	if (!linear || linear->form != FORM_RX)
		verify_fail(v, "the kernel's first page is not RX at %#llx", KERNEL_VA);
}

void verify_el2_stacks(struct verify *v)
{
	for (uint32_t i = 0; i < v->config.cpu_count; i++) {
		uint64_t guard = v->head.stack_va + i * (PAGE_BYTES + IMAGE_STACK_BYTES);
		uint64_t stack = guard + PAGE_BYTES;
		const struct verify_map *map =
			verify_lookup(v, SPACE_EL2_ID, stack, IMAGE_STACK_BYTES);

		if (!map || map->form != FORM_RW)
			verify_fail(v, "CPU %u: its stack at %#" PRIx64 " is not RW", i, stack);
		if (!verify_unmapped(v, SPACE_EL2_ID, guard, PAGE_BYTES))
			verify_fail(v,
			            "CPU %u: the guard page %#" PRIx64 " below its stack is mapped",
			            i, guard);
	}
}

static void check_range(struct verify *v, const char *name, uint64_t va, uint64_t bytes,
                        enum verify_form form)
{
	const struct verify_map *map = verify_lookup(v, SPACE_EL2_ID, va, bytes ? bytes : 1);

	if (!map || map->form != form)
		verify_fail(v, "%s at %#" PRIx64 ", %#" PRIx64 " bytes: not %s at EL2", name, va,
		            bytes, verify_form_name(form));
}

void verify_el2_config(struct verify *v)
{
	uint64_t stacks = v->config.cpu_count * (PAGE_BYTES + IMAGE_STACK_BYTES);

	for (unsigned i = 0; i < CONFIG_RANGES; i++)
		if (v->config_ranges[i].bytes)
			check_range(v, v->config_ranges[i].name, v->config_ranges[i].start,
			            v->config_ranges[i].bytes, FORM_RO);
	check_range(v, "objects", v->config.objects_start, v->config.objects_bytes, FORM_RW);
	if (v->config.objects_start < v->head.stack_va + stacks &&
	    v->head.stack_va < v->config.objects_start + v->config.objects_bytes)
		verify_fail(v, "objects at %#" PRIx64 " and stacks at %#" PRIx64 " overlap",
		            v->config.objects_start, v->head.stack_va);
	/* the kernel zeroes the objects: no file content may lie there */
	if (v->config.objects_bytes && v->config.objects_start - KERNEL_VA < v->file_bytes)
		for (uint64_t at = v->config.objects_start - KERNEL_VA;
		     at < v->file_bytes &&
		     at < v->config.objects_start - KERNEL_VA + v->config.objects_bytes;
		     at++)
			if (v->file[at]) {
				verify_fail(v,
				            "the file has content at %#" PRIx64
				            ", among the objects",
				            v->head.load_pa + at);
				break;
			}
}

void verify_el2_devices(struct verify *v)
{
	const struct verify_map *uart;

	check_range(v, "the distributor", v->config.gicd_va, GICD_BYTES, FORM_DEVICE);
	for (uint32_t i = 0; i < v->config.cpu_count; i++) {
		uint64_t va = v->cpus[i].gicr_va;

		check_range(v, "a redistributor", va, GICR_BYTES, FORM_DEVICE);
		if (va < v->config.gicd_va + GICD_BYTES && v->config.gicd_va < va + GICR_BYTES)
			verify_fail(v,
			            "CPU %u: its redistributor %#" PRIx64
			            " overlaps the distributor",
			            i, va);
		for (uint32_t j = 0; j < i; j++)
			if (va < v->cpus[j].gicr_va + GICR_BYTES &&
			    v->cpus[j].gicr_va < va + GICR_BYTES)
				verify_fail(v, "CPU %u and CPU %u share a redistributor %#" PRIx64,
				            j, i, va);
	}
	if (v->head.uart_type == UART_NONE)
		return;
	uart = verify_lookup(v, SPACE_EL2_ID, v->config.uart_va, PAGE_BYTES);
	if (!uart || uart->form != FORM_DEVICE ||
	    uart->pa + (v->config.uart_va - uart->va) != v->head.uart_pa)
		verify_fail(v, "the boot UART %#" PRIx64 " is not at %#" PRIx64 " in EL2",
		            v->head.uart_pa, v->config.uart_va);
}
