/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pools that a description grants, and to whom (docs/system-description.md, "Pools").
 * Contract: verify_want.h.
 */
#include "tool/verify_want.h"

#include <string.h>

/* A channel between processes that names a backend with pools. */
void want_channel_backend(struct want *w, struct want_channel *channel, int node)
{
	const char *path = want_text(w, "%s/user/vmm.elf", w->options->build);
	const char *backend = dt_string(w->fdt, node, "backend");
	struct want_bytes section = {NULL, 0};
	struct want_bytes file = {NULL, 0};
	struct device_record record;

	if (!backend)
		return;
	if (!w->backends.file.data &&
	    (!want_load(w, path, &file) || !want_elf_read(&file, &w->backends))) {
		want_stop(w, "%s is no program", path);
		return;
	}
	want_elf_section(&w->backends, DEVICE_SECTION, &section);
	for (uint64_t at = 0; at + sizeof(record) <= section.bytes; at += sizeof(record)) {
		memcpy(&record, section.data + at, sizeof(record));
		record.backend[RECORD_TEXT_BYTES - 1] = 0;
		if (strcmp(record.backend, backend) != 0 || record.pool_bytes == 0)
			continue;
		channel->backend_node = node;
		channel->backend = backend;
		if (record.channel_bytes)
			channel->bytes = record.channel_bytes;
		channel->pool_bytes = record.pool_bytes;
		return;
	}
	want_stop(w, "a channel has no backend \"%s\"", backend);
}

static struct want_pool *add_pool(struct want *w, uint32_t server, uint32_t owner, uint64_t bytes)
{
	struct want_pool *pool = &w->pools[w->pool_count];

	if (w->pool_count == WANT_CHANNELS) {
		want_stop(w, "too many pools");
		return &w->pools[0];
	}
	w->pool_count++;
	*pool = (struct want_pool){.server = server,
	                           .owner = owner,
	                           .channel = IMAGE_NONE,
	                           .port = IMAGE_NONE,
	                           .bytes = bytes};
	return pool;
}

void want_pools(struct want *w)
{
	for (uint32_t i = 0; i < w->process_count; i++) {
		const struct want_process *p = &w->processes[i];
		uint64_t copies = 0;
		uint32_t port = 0;

		for (uint32_t n = 0; n < p->end_count; n++) {
			uint32_t channel = p->ends[n] / 2;
			struct want_channel *c = &w->channels[channel];
			struct want_pool *pool;

			if (p->ends[n] % 2 == 0 || c->pool_bytes == 0)
				continue;
			c->isolated = dt_has(w->fdt, c->backend_node, "isolated");
			pool = add_pool(w, i, c->process[0], c->pool_bytes);
			pool->channel = channel;
			pool->port = port++;
			pool->isolated = c->isolated;
			if (c->isolated && c->pool_bytes > copies)
				copies = c->pool_bytes;
		}
		if (copies)
			add_pool(w, i, i, copies);
	}
}

static bool has_port(const struct want *w, uint32_t process, uint32_t server)
{
	for (uint32_t i = 0; i < w->pool_count; i++)
		if (w->pools[i].server == server && w->pools[i].channel != IMAGE_NONE &&
		    w->pools[i].owner == process)
			return true;
	return false;
}

/* Its owner writes it; its server, and the other ports of that unless it is isolated, read it. */
enum verify_form want_pool_form(const struct want *w, const struct want_pool *pool,
                                uint32_t process)
{
	if (process == pool->owner)
		return FORM_RW;
	if (process == pool->server || (!pool->isolated && has_port(w, process, pool->server)))
		return FORM_RO;
	return FORM_NONE;
}

/* From POOL_VA on, each at a multiple of 2 MiB. */
uint64_t want_pool_va(const struct want *w, uint32_t number, uint32_t process)
{
	uint64_t va = POOL_VA;

	for (uint32_t i = 0; i < number; i++)
		if (want_pool_form(w, &w->pools[i], process) != FORM_NONE)
			va += want_up(w->pools[i].bytes, BLOCK_BYTES);
	return va;
}
