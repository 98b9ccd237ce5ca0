/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of guests' devices: what stands beside `backend` and `peer` in a device's node,
 * encoded as the records of the VM process say (docs/system-description.md, "Settings").
 * Contract: verify_want.h.
 */
#include "tool/verify_want.h"

#include <libfdt.h>
#include <string.h>

/* A value as its kind is stored, little endian; false: it is not of that kind. */
static bool encode(const struct want *w, int node, const struct setting_record *r, uint8_t *out)
{
	int length = 0;
	const uint8_t *value = fdt_getprop(w->fdt, node, r->property, &length);
	uint64_t bytes = value ? (uint64_t)length : 0;
	uint64_t number = 0;

	if (r->kind == SETTING_TEXT || r->kind == SETTING_BYTES) {
		if (value && r->kind == SETTING_TEXT && (bytes == 0 || value[--bytes] != 0))
			return false;
		if (bytes > r->bytes)
			return false;
		if (value)
			memcpy(out, value, bytes);
		return !value || r->kind == SETTING_TEXT || bytes == r->bytes;
	}
	if (r->kind == SETTING_FLAG)
		number = value != NULL;
	else if (!value)
		number = r->kind == SETTING_NUMBER ? r->absent : 0;
	else
		number = dt_number(w->fdt, node, r->property, 0, r->kind == SETTING_WIDE ? 2 : 1);
	for (uint32_t i = 0; i < r->bytes; i++)
		out[i] = (uint8_t)(number >> 8 * i);
	if (r->kind == SETTING_FLAG || !value)
		return bytes == 0;
	return bytes == r->bytes &&
	       (r->kind == SETTING_WIDE || (number >= r->minimum && number <= r->maximum));
}

static bool usable(const struct setting_record *r)
{
	uint32_t bytes = r->kind == SETTING_WIDE ? 8 : 4;
	bool number = r->kind != SETTING_BYTES && r->kind != SETTING_TEXT;

	return r->kind <= SETTING_TEXT && r->bytes <= CHANNEL_SETTINGS &&
	       r->offset <= CHANNEL_SETTINGS - r->bytes && (!number || r->bytes == bytes);
}

static void read_settings(struct want *w, const struct want_elf *elf, const char *backend, int node,
                          struct want_channel *channel)
{
	struct want_bytes section = {NULL, 0};
	struct setting_record record;

	want_elf_section(elf, SETTING_SECTION, &section);
	for (uint64_t at = 0; at + sizeof(record) <= section.bytes; at += sizeof(record)) {
		memcpy(&record, section.data + at, sizeof(record));
		record.backend[RECORD_TEXT_BYTES - 1] = 0;
		record.property[RECORD_TEXT_BYTES - 1] = 0;
		if (strcmp(record.backend, backend) != 0)
			continue;
		if (!usable(&record) ||
		    !encode(w, node, &record, channel->settings + record.offset))
			want_stop(w, "%s: %s of its %s", channel->name[1], record.property,
			          record.backend);
	}
}

/* Both ends of a channel are told; a device without one has none. */
void want_settings(struct want *w)
{
	for (uint32_t i = 0; i < w->vm_count; i++) {
		const struct want_vm *vm = &w->vms[i];
		const struct want_process *p = &w->processes[vm->process];

		for (uint32_t n = 0; n < vm->device_count; n++)
			if (vm->devices[n].known && vm->devices[n].node >= 0 &&
			    vm->devices[n].channel != IMAGE_NONE)
				read_settings(w, &w->programs[p->program].elf,
				              vm->devices[n].backend, vm->devices[n].backend_node,
				              &w->channels[p->ends[vm->devices[n].channel] / 2]);
	}
	for (uint32_t i = 0; i < w->channel_count; i++)
		if (w->channels[i].backend)
			read_settings(w, &w->backends, w->channels[i].backend,
			              w->channels[i].backend_node, &w->channels[i]);
}
