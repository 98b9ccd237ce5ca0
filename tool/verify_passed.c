/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rule "passed": a device page in a guest's space, and a physical interrupt that is a guest's, are
 * those of a record "pass-through" in the info pages of its VM's process, and the reverse. That each has
 * one owner rules "one-owner" and "interrupt" say. Host code.
 */
#include "tool/verify.h"

#include <inttypes.h>
#include <string.h>

#define FIRST_SPI 32u

static bool is_passed(const struct vm_device *d)
{
	return strncmp(d->backend, BACKEND_PASSED, NAME_BYTES) == 0;
}

static bool page_named(const struct verify_info *info, uint64_t va)
{
	for (uint32_t i = 0; i < info->info.vm.device_count; i++) {
		const struct vm_device *d = &info->guest_devices[i];
		uint64_t start = d->ipa & ~(PAGE_BYTES - 1);

		if (is_passed(d) && d->bytes <= GUEST_IPA_END && va >= start &&
		    va - start < d->bytes + (d->ipa - start))
			return true;
	}
	return false;
}

static void check_pages(struct verify *v)
{
	for (size_t i = 0; i < v->map_count; i++) {
		const struct verify_map *map = &v->maps[i];
		const struct verify_space *s = &v->spaces[map->space];
		uint64_t at = 0;

		if (s->kind != KIND_VM || map->form != FORM_DEVICE)
			continue;
		while (at < map->bytes &&
		       page_named(&v->infos[v->vms[s->index].process], map->va + at))
			at += PAGE_BYTES;
		if (at < map->bytes)
			verify_fail(v,
			            "%s: device page %#" PRIx64 " at %#" PRIx64
			            " was not handed to it",
			            s->name, map->pa + at, map->va + at);
	}
}

/* The physical interrupt behind a guest's SPI, or NULL. */
static const struct config_interrupt *behind(const struct verify *v, uint32_t process,
                                             uint32_t intid)
{
	for (uint32_t i = 0; i < v->config.interrupt_count; i++)
		if (v->interrupts[i].guest_intid == intid &&
		    v->threads[v->interrupts[i].thread].process == process)
			return &v->interrupts[i];
	return NULL;
}

static void check_record(struct verify *v, uint32_t process, const struct vm_device *d)
{
	uint32_t space = verify_vm_space(v, v->processes[process].vm);
	const struct config_interrupt *irq =
		d->intid == IMAGE_NONE ? NULL : behind(v, process, d->intid);
	const struct verify_map *map;

	if (!is_passed(d)) {
		if (irq)
			verify_fail(v, "%s: its SPI %u is %.*s and physical interrupt %u",
			            v->spaces[space].name, d->intid, (int)NAME_BYTES, d->backend,
			            irq->intid);
		return;
	}
	if (d->intid != IMAGE_NONE && (!irq || irq->edge != d->edge))
		verify_fail(v, "%s: no physical interrupt of that kind is behind its SPI %u",
		            v->spaces[space].name, d->intid);
	if (d->bytes == 0)
		return;
	map = d->bytes <= GUEST_IPA_END ? verify_lookup(v, space, d->ipa, d->bytes) : NULL;
	if (!map || map->form != FORM_DEVICE)
		verify_fail(v, "%s: the device at %#" PRIx64 ", %#" PRIx64 " bytes, is not mapped",
		            v->spaces[space].name, d->ipa, d->bytes);
}

static void check_interrupt(struct verify *v, const struct config_interrupt *irq)
{
	const struct config_thread *t = &v->threads[irq->thread];
	const struct verify_info *info = &v->infos[t->process];
	uint32_t vm = v->processes[t->process].vm;
	uint32_t records = 0;

	if (vm == IMAGE_NONE || t->index != 0 || irq->bit != 0 || irq->guest_intid < FIRST_SPI ||
	    irq->guest_intid - FIRST_SPI >= v->vms[vm].spi_count ||
	    behind(v, t->process, irq->guest_intid) != irq) {
		verify_fail(v, "interrupt %u: SPI %u of %s, thread %u, bit %u", irq->intid,
		            irq->guest_intid, v->processes[t->process].name, t->index, irq->bit);
		return;
	}
	for (uint32_t i = 0; i < info->info.vm.device_count; i++)
		records += info->guest_devices[i].intid == irq->guest_intid &&
		           is_passed(&info->guest_devices[i]);
	if (records != 1)
		verify_fail(v, "interrupt %u: SPI %u of %s is of %u devices that it was handed",
		            irq->intid, irq->guest_intid, v->processes[t->process].name, records);
}

void verify_passed(struct verify *v)
{
	check_pages(v);
	for (uint32_t i = 0; i < v->config.process_count; i++)
		for (uint32_t n = 0;
		     v->processes[i].vm != IMAGE_NONE && n < v->infos[i].info.vm.device_count; n++)
			check_record(v, i, &v->infos[i].guest_devices[n]);
	for (uint32_t i = 0; i < v->config.interrupt_count; i++)
		if (v->interrupts[i].guest_intid)
			check_interrupt(v, &v->interrupts[i]);
}
