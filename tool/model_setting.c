/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands beside `backend` and `peer` in a device's node, as the backend's records say
 * (abi/record.h): into the settings of the device's channel. See model.h.
 */
#include <libfdt.h>
#include <string.h>

#include "tool/model.h"

static bool model_setting_good(const struct setting_record *record)
{
	uint32_t unit = record->kind == SETTING_WIDE ? 8u : 4u;

	if (record->backend[RECORD_TEXT_BYTES - 1u] != '\0' ||
	    record->property[RECORD_TEXT_BYTES - 1u] != '\0' || record->bytes == 0u ||
	    record->bytes > CHANNEL_SETTINGS || record->offset > CHANNEL_SETTINGS - record->bytes)
		return false;
	if (record->kind == SETTING_BYTES || record->kind == SETTING_TEXT)
		return true;
	return record->kind <= SETTING_WIDE && record->bytes == unit &&
	       record->offset % unit == 0u && record->minimum <= record->maximum;
}

bool model_settings_good(const struct bytes *section)
{
	struct setting_record record;

	for (uint64_t at = 0u; at < section->size; at += sizeof(record)) {
		if (section->size - at < sizeof(record))
			return false;
		memcpy(&record, section->data + at, sizeof(record));
		if (!model_setting_good(&record))
			return false;
	}
	return true;
}

const struct setting_record *model_setting_at(const struct system *system,
                                              const struct device_record *backend, uint32_t index)
{
	for (uint32_t i = 0u; i < system->setting_record_count; i++) {
		const struct setting_record *record = &system->setting_records[i];

		if (strcmp(record->backend, backend->backend) == 0 && index-- == 0u)
			return record;
	}
	return NULL;
}

const struct setting_record *model_setting_of(const struct system *system,
                                              const struct guest_device *device, uint32_t index)
{
	/* without a node of its own: read-as-zero */
	if (device->record == NULL || device->node < 0)
		return NULL;
	return model_setting_at(system, device->record, index);
}

const struct device_record *model_channel_backend(const struct system *system, int node)
{
	const char *name = fdt_getprop(system->source.fdt, node, "backend", NULL);

	for (uint32_t i = 0u; name != NULL && i < system->device_record_count; i++) {
		const struct device_record *record = &system->device_records[i];

		if (record->pool_bytes != 0u && strcmp(record->backend, name) == 0)
			return record;
	}
	return NULL;
}

static void model_setting(const void *fdt, int node, const struct setting_record *record,
                          uint8_t *out)
{
	int length = 0;
	const void *value = fdt_getprop(fdt, node, record->property, &length);
	uint32_t number = record->absent;
	uint64_t wide = 0u;

	switch (record->kind) {
	case SETTING_FLAG:
		number = value != NULL;
		memcpy(out, &number, sizeof(number));
		break;
	case SETTING_NUMBER:
		number = tree_cell(fdt, node, record->property, 0u, number);
		memcpy(out, &number, sizeof(number));
		break;
	case SETTING_WIDE:
		if (length == (int)sizeof(wide))
			wide = tree_cell_pair(fdt, node, record->property, 0u);
		memcpy(out, &wide, sizeof(wide));
		break;
	default:
		if (record->kind == SETTING_TEXT && length > 0)
			length--; /* its zero */
		if (value != NULL && (uint32_t)length <= record->bytes)
			memcpy(out, value, (size_t)length);
		break;
	}
}

void model_settings_read(const struct system *system, const struct device_record *backend, int node,
                         struct model_channel *channel)
{
	const struct setting_record *record;

	for (uint32_t i = 0u; (record = model_setting_at(system, backend, i)) != NULL; i++)
		model_setting(system->source.fdt, node, record, channel->settings + record->offset);
	channel->pool_bytes = backend->pool_bytes;
	channel->isolated =
		backend->pool_bytes != 0u && tree_has(system->source.fdt, node, "isolated");
}
