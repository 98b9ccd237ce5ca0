/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about guests: a guest's RAM is exactly the banks that its VM process knows, is mapped
 * there at GUEST_VA + IPA and nowhere else in that window, and the virtual interrupt
 * controller's frames trap. Host code.
 */
#include "tool/verify.h"

#include <inttypes.h>

#define GICD_BYTES      0x10000ull
#define GICR_VCPU_BYTES 0x20000ull

/*
 * Each piece of `map` has its counterpart in the other space at va_offset from it, with the
 * same physical address: the first address that does not, or the end of the map.
 */
static uint64_t mirror_end(const struct verify *v, const struct verify_map *map, uint32_t space,
                           uint64_t va_offset)
{
	uint64_t at = 0;

	while (at < map->bytes) {
		uint64_t va = map->va + at + va_offset;
		const struct verify_map *other = verify_lookup(v, space, va, 1);
		uint64_t left;

		if (!other || other->pa + (va - other->va) != map->pa + at)
			break;
		if (va_offset == GUEST_VA ? other->form != FORM_RW : other->form != FORM_RWX)
			break;
		left = other->bytes - (va - other->va);
		at += left < map->bytes - at ? left : map->bytes - at;
	}
	return map->va + at;
}

static bool in_banks(const struct vm_info *info, const struct verify_map *map)
{
	uint64_t at = map->va;

	/* banks may touch: go on from bank to bank, each helps once */
	for (uint32_t round = 0; round < info->bank_count; round++)
		for (uint32_t i = 0; i < info->bank_count; i++)
			if (at >= info->banks[i].ipa &&
			    at - info->banks[i].ipa < info->banks[i].bytes)
				at = info->banks[i].ipa + info->banks[i].bytes;
	return at >= map->va + map->bytes;
}

static void check_banks(struct verify *v, uint32_t vm)
{
	const struct config_vm *c = &v->vms[vm];
	const struct vm_info *info = &v->infos[c->process].info.vm;
	uint32_t space = verify_vm_space(v, vm);

	for (uint32_t i = 0; i < info->bank_count; i++) {
		uint64_t ipa = info->banks[i].ipa;
		uint64_t bytes = info->banks[i].bytes;
		uint64_t at = ipa;

		if (ipa >= GUEST_IPA_END || bytes == 0 || bytes > GUEST_IPA_END - ipa) {
			verify_fail(v, "%s: bank %u at %#" PRIx64 ", %#" PRIx64 " bytes",
			            v->spaces[space].name, i, ipa, bytes);
			continue;
		}
		while (at < ipa + bytes) {
			const struct verify_map *map = verify_lookup(v, space, at, 1);

			if (!map || map->form != FORM_RWX)
				break;
			at = map->va + map->bytes;
		}
		if (at < ipa + bytes)
			verify_fail(v, "%s: bank %u: no RAM at %#" PRIx64, v->spaces[space].name, i,
			            at);
	}
}

static void check_guest_map(struct verify *v, const struct verify_map *map)
{
	const struct verify_space *s = &v->spaces[map->space];
	uint32_t process = v->vms[s->index].process;
	uint64_t end;

	if (map->va + map->bytes > GUEST_IPA_END)
		verify_fail(v, "%s: %#" PRIx64 " is above the guest's addresses", s->name, map->va);
	if (map->form != FORM_RWX)
		return;
	if (!in_banks(&v->infos[process].info.vm, map))
		verify_fail(v, "%s: RAM at %#" PRIx64 ", %#" PRIx64 " bytes, is in no bank",
		            s->name, map->va, map->bytes);
	end = mirror_end(v, map, verify_process_space(process), GUEST_VA);
	if (end != map->va + map->bytes)
		verify_fail(v, "%s: RAM at %#" PRIx64 " is not RW in its process %s", s->name, end,
		            v->processes[process].name);
}

static void check_process_map(struct verify *v, const struct verify_map *map)
{
	const struct verify_space *s = &v->spaces[map->space];
	uint32_t vm = v->processes[s->index].vm;
	uint64_t end;

	if (map->va + map->bytes <= GUEST_VA)
		return;
	if (map->va < GUEST_VA || vm == IMAGE_NONE) {
		verify_fail(v, "%s: %#" PRIx64 " is in the window of a guest's RAM", s->name,
		            map->va);
		return;
	}
	end = mirror_end(v, map, verify_vm_space(v, vm), 0 - GUEST_VA);
	if (end != map->va + map->bytes)
		verify_fail(v, "%s: %#" PRIx64 " is not its guest's RAM", s->name, end);
}

void verify_guest_ram(struct verify *v)
{
	for (uint32_t i = 0; i < v->config.vm_count; i++)
		check_banks(v, i);
	for (size_t i = 0; i < v->map_count; i++) {
		const struct verify_map *map = &v->maps[i];

		if (v->spaces[map->space].kind == KIND_VM)
			check_guest_map(v, map);
		else if (v->spaces[map->space].kind == KIND_PROCESS)
			check_process_map(v, map);
	}
}

void verify_guest_gic(struct verify *v)
{
	for (uint32_t i = 0; i < v->config.vm_count; i++) {
		const struct config_vm *vm = &v->vms[i];
		uint32_t space = verify_vm_space(v, i);

		if (!verify_unmapped(v, space, vm->gicd_ipa, GICD_BYTES))
			verify_fail(v, "%s: its distributor %#" PRIx64 " does not trap",
			            v->spaces[space].name, vm->gicd_ipa);
		if (!verify_unmapped(v, space, vm->gicr_ipa, vm->vcpu_count * GICR_VCPU_BYTES))
			verify_fail(v, "%s: its redistributors %#" PRIx64 " do not trap",
			            v->spaces[space].name, vm->gicr_ipa);
	}
}
