/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list for a person that follows a good check: every range that several spaces reach, with
 * its reason and parties, then who has which device, interrupt, CPU time and control. Reads only
 * what the rules have found to be consistent. Host code.
 */
#include "tool/verify.h"

#include <inttypes.h>

static const char *process_of(const struct verify *v, uint32_t thread)
{
	return v->processes[v->threads[thread].process].name;
}

static void list_shares(const struct verify *v)
{
	for (size_t i = 0; i < v->share_count; i++) {
		const struct verify_share *share = &v->shares[i];

		fprintf(v->out, "shared %#" PRIx64 "-%#" PRIx64 " %s:", share->pa,
		        share->pa + share->bytes - 1, share->why);
		for (uint32_t space = 0; space < v->space_count; space++)
			if (share->spaces[space / 64] & 1ull << space % 64)
				fprintf(v->out, " %s", v->spaces[space].name);
		fputc('\n', v->out);
	}
}

static void list_devices(const struct verify *v)
{
	for (size_t i = 0; i < v->map_count; i++) {
		const struct verify_map *map = &v->maps[i];

		if (map->form == FORM_DEVICE)
			fprintf(v->out, "device %#" PRIx64 "-%#" PRIx64 ": %s\n", map->pa,
			        map->pa + map->bytes - 1, v->spaces[map->space].name);
	}
	for (uint32_t i = 0; i < v->config.interrupt_count; i++) {
		const struct config_interrupt *irq = &v->interrupts[i];

		if (irq->guest_intid)
			fprintf(v->out, "interrupt %u: guest of %s, as its SPI %u\n", irq->intid,
			        process_of(v, irq->thread), irq->guest_intid - 32);
		else
			fprintf(v->out, "interrupt %u: %s, thread %u\n", irq->intid,
			        process_of(v, irq->thread), v->threads[irq->thread].index);
	}
}

static void list_threads(const struct verify *v)
{
	for (uint32_t i = 0; i < v->config.thread_count; i++) {
		const struct config_thread *t = &v->threads[i];

		fprintf(v->out, "CPU %u priority %u: %s, thread %u, ", t->cpu, t->priority,
		        process_of(v, i), t->index);
		if (t->budget_us)
			fprintf(v->out, "%u us in %u us\n", t->budget_us, t->period_us);
		else
			fprintf(v->out, "no budget\n");
	}
}

static void list_control(const struct verify *v)
{
	for (uint32_t i = 0; i < v->config.process_count; i++) {
		const struct config_process *p = &v->processes[i];

		for (uint32_t n = 0; n < p->handle_count; n++) {
			const struct config_handle *h = &v->handles[p->handle_first + n];

			if (h->kind == HANDLE_SYSTEM)
				fprintf(v->out, "control: %s of the machine\n", p->name);
			else if (h->kind == HANDLE_PROCESS)
				fprintf(v->out, "control: %s %s %s\n", p->name,
				        h->argument & RIGHT_CONTROL ? "of" : "sees the state of",
				        v->processes[h->object].name);
		}
	}
}

/* Who is told physical addresses: its devices reach all memory, whatever the tables say. */
static void list_dma(const struct verify *v)
{
	for (uint32_t i = 0; i < v->config.process_count; i++) {
		const struct verify_info *info = &v->infos[i];
		bool told = info->info.dma_bytes != 0;

		for (uint32_t n = 0; n < info->info.channel_count; n++)
			told |= info->channels[n].pa != 0;
		if (told)
			fprintf(v->out,
			        "DMA: %s knows physical addresses; its devices can reach ALL "
			        "memory\n",
			        v->processes[i].name);
		if (info->info.guest_dma)
			fprintf(v->out,
			        "DMA: the GUEST of %s has devices through which it can reach ALL "
			        "memory\n",
			        v->processes[i].name);
		if (info->info.dma_bytes)
			fprintf(v->out, "DMA memory %#" PRIx64 "-%#" PRIx64 ": %s\n",
			        info->info.dma_pa, info->info.dma_pa + info->info.dma_bytes - 1,
			        v->processes[i].name);
	}
}

void verify_list(const struct verify *v)
{
	list_shares(v);
	list_devices(v);
	list_dma(v);
	list_threads(v);
	list_control(v);
}
