/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools (abi/process.h, struct process_pool): which there are, who reads and who writes them,
 * and where a process sees them. See model.h.
 */
#include "tool/model.h"

static struct pool *model_pool(struct system *system, struct process *server,
                               struct model_channel *channel, uint64_t bytes, uint32_t port)
{
	struct pool *pool;

	if (system->pool_count == POOL_MAX) {
		system->overflow = "pools";
		return NULL;
	}
	pool = &system->pools[system->pool_count++];
	*pool = (struct pool){.server = server, .channel = channel, .bytes = bytes, .port = port};
	return pool;
}

/* One at each port, in the order of the server's channels, and its own if it must copy. */
void model_pools(struct system *system)
{
	for (uint32_t i = 0u; i < system->process_count; i++) {
		struct process *server = &system->processes[i];
		uint32_t ports = 0u;
		uint64_t own = 0u;

		for (uint32_t j = 0u; j < server->end_count; j++) {
			struct model_channel *channel = server->ends[j]->channel;

			if (server->ends[j]->side != 1u || channel->pool_bytes == 0u)
				continue;
			model_pool(system, server, channel, channel->pool_bytes, ports++);
			if (channel->isolated && channel->pool_bytes > own)
				own = channel->pool_bytes;
		}
		if (own != 0u)
			model_pool(system, server, NULL, own, IMAGE_NONE);
	}
}

static bool model_is_port(const struct process *process, const struct process *server)
{
	for (uint32_t i = 0u; i < process->end_count; i++) {
		const struct channel_end *end = process->ends[i];

		if (end->side == 0u && end->channel->pool_bytes != 0u &&
		    end->channel->end[1].process == server)
			return true;
	}
	return false;
}

enum pool_access model_pool_access(const struct pool *pool, const struct process *process)
{
	const struct process *owner =
		pool->channel != NULL ? pool->channel->end[0].process : pool->server;

	if (process == owner)
		return POOL_WRITE;
	if (process == pool->server)
		return POOL_READ;
	if (pool->channel != NULL && pool->channel->isolated)
		return POOL_NONE;
	return model_is_port(process, pool->server) ? POOL_READ : POOL_NONE;
}

uint64_t model_pool_va(const struct system *system, const struct pool *pool,
                       const struct process *process)
{
	uint64_t va = POOL_VA;

	for (uint32_t i = 0u; &system->pools[i] != pool; i++) {
		const struct pool *other = &system->pools[i];

		if (model_pool_access(other, process) != POOL_NONE)
			va += (other->bytes + BLOCK_BYTES - 1u) / BLOCK_BYTES * BLOCK_BYTES;
	}
	return va;
}
