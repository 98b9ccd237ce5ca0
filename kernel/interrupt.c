/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts of processes; contract in interrupt.h. */
#include "kernel/interrupt.h"

#include "kernel/sched.h"
#include "kernel/system.h"

/* Binary search: the configuration is sorted by INTID. */
static struct interrupt *interrupt_find(uint32_t intid)
{
	uint32_t low = 0u;
	uint32_t high = system_config()->interrupt_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2u;
		struct interrupt *interrupt = system_interrupt(middle);

		if (interrupt->config->intid == intid)
			return interrupt;
		if (interrupt->config->intid < intid)
			low = middle + 1u;
		else
			high = middle;
	}
	return NULL;
}

bool interrupt_deliver(uint32_t intid)
{
	struct interrupt *interrupt = interrupt_find(intid);

	if (interrupt == NULL)
		return false;
	if (interrupt->config->guest_intid != 0u) {
		vgic_taken(&interrupt->thread->process->vm->vgic, interrupt->config->guest_intid);
		return true;
	}
	interrupt->active = true;
	sched_notify(interrupt->thread, 1ull << interrupt->config->bit);
	return true;
}

void interrupt_ack(struct interrupt *interrupt)
{
	if (!interrupt->active)
		return;
	interrupt->active = false;
	arch_irq_deactivate(interrupt->config->intid);
}

void interrupt_start(const struct interrupt *interrupt)
{
	arch_irq_enable(interrupt->config->intid, interrupt->thread->cpu);
}

void interrupt_stop(struct interrupt *interrupt)
{
	arch_irq_disable(interrupt->config->intid);
	interrupt->active = false;
}
