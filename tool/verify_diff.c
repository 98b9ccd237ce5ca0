/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bhc-verify --diff: what two images differ in, said per party. Both are proved to be separated
 * before, so every page of them is of a party, a table, the configuration, or zero; pages are compared
 * by verify_diff_pages.c, tables by what they map, and the configuration here by what it says: numbers
 * of records are replaced by the names that they stand for. Called by verify.c, host code.
 */
#include "tool/verify_diff.h"

#include <inttypes.h>
#include <string.h>

static const char *const part_names[DIFF_PARTS] = {
	[DIFF_PROGRAM] = "bytes of its program",
	[DIFF_KERNEL] = "bytes of its guest's kernel",
	[DIFF_INITRD] = "bytes of its guest's initrd",
	[DIFF_TREE] = "bytes of its guest's tree",
	[DIFF_INFO] = "bytes of its info pages",
	[DIFF_MAP] = "pages of its memory",
	[DIFF_SCHEDULE] = "of its threads on the CPUs",
	[DIFF_HANDLES] = "of its handles",
	[DIFF_INTERRUPTS] = "of its interrupts",
	[DIFF_MACHINE] = "of what is fixed for the machine",
};

static uint32_t process_find(const struct verify *v, const char *name)
{
	for (uint32_t i = 0; i < v->config.process_count; i++)
		if (strcmp(v->processes[i].name, name) == 0)
			return i;
	return IMAGE_NONE;
}

static const char *thread_name(const struct verify *v, uint32_t thread)
{
	return v->processes[v->threads[thread].process].name;
}

/* ---- records, with names instead of indices ---- */

static bool thread_same(const struct verify *a, uint32_t x, const struct verify *b, uint32_t y)
{
	const struct config_thread *s = &a->threads[x];
	const struct config_thread *t = &b->threads[y];

	return a->cpus[s->cpu].mpidr == b->cpus[t->cpu].mpidr && s->priority == t->priority &&
	       s->budget_us == t->budget_us && s->period_us == t->period_us &&
	       s->stack_top == t->stack_top && (s->vcpu == IMAGE_NONE) == (t->vcpu == IMAGE_NONE);
}

static bool handle_same(const struct verify *a, const struct config_handle *s,
                        const struct verify *b, const struct config_handle *t)
{
	if (s->kind != t->kind || s->argument != t->argument)
		return false;
	switch (s->kind) {
	case HANDLE_NOTIFY:
		return strcmp(thread_name(a, s->object), thread_name(b, t->object)) == 0 &&
		       a->threads[s->object].index == b->threads[t->object].index;
	case HANDLE_INTERRUPT:
		return a->interrupts[s->object].intid == b->interrupts[t->object].intid;
	case HANDLE_PROCESS:
		return strcmp(a->processes[s->object].name, b->processes[t->object].name) == 0;
	default:
		return s->object == t->object;
	}
}

static bool interrupt_in(const struct verify *a, const struct config_interrupt *s,
                         const struct verify *b)
{
	for (uint32_t i = 0; i < b->config.interrupt_count; i++) {
		const struct config_interrupt *t = &b->interrupts[i];

		if (s->intid == t->intid)
			return s->bit == t->bit && s->edge == t->edge &&
			       s->guest_intid == t->guest_intid &&
			       strcmp(thread_name(a, s->thread), thread_name(b, t->thread)) == 0 &&
			       a->threads[s->thread].index == b->threads[t->thread].index;
	}
	return false;
}

/* Of a party in `a` that are not the same in `b`. */
static uint64_t interrupts_lost(const struct verify *a, const char *name, const struct verify *b)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < a->config.interrupt_count; i++)
		if (strcmp(thread_name(a, a->interrupts[i].thread), name) == 0)
			count += !interrupt_in(a, &a->interrupts[i], b);
	return count;
}

static uint64_t apart(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static bool vm_same(const struct verify *a, uint32_t x, const struct verify *b, uint32_t y)
{
	const struct config_vm *s = &a->vms[x];
	const struct config_vm *t = &b->vms[y];

	if (s->gicd_ipa != t->gicd_ipa || s->gicr_ipa != t->gicr_ipa ||
	    s->vcpu_count != t->vcpu_count || s->spi_count != t->spi_count)
		return false;
	for (uint32_t i = 0; i < s->vcpu_count; i++)
		if (a->vcpus[s->vcpu_first + i].vmpidr != b->vcpus[t->vcpu_first + i].vmpidr)
			return false;
	return true;
}

/* ---- parties ---- */

static void diff_records(struct diff_party *party, const struct verify *before, uint32_t x,
                         const struct verify *now, uint32_t y)
{
	const struct config_process *s = &before->processes[x];
	const struct config_process *t = &now->processes[y];
	uint64_t *count = party->count;

	count[DIFF_SCHEDULE] = apart(s->thread_count, t->thread_count);
	for (uint32_t i = 0; i < smaller(s->thread_count, t->thread_count); i++)
		count[DIFF_SCHEDULE] += !thread_same(before, s->thread[i], now, t->thread[i]);
	count[DIFF_HANDLES] = apart(s->handle_count, t->handle_count);
	for (uint32_t i = 0; i < smaller(s->handle_count, t->handle_count); i++)
		count[DIFF_HANDLES] += !handle_same(before, &before->handles[s->handle_first + i],
		                                    now, &now->handles[t->handle_first + i]);
	count[DIFF_INTERRUPTS] =
		interrupts_lost(before, s->name, now) + interrupts_lost(now, s->name, before);
	count[DIFF_MACHINE] += s->entry != t->entry || s->flags != t->flags ||
	                       s->supervisor_bit != t->supervisor_bit;
	if (s->vm != IMAGE_NONE && t->vm != IMAGE_NONE)
		count[DIFF_MACHINE] += !vm_same(before, s->vm, now, t->vm);
}

static uint32_t guest_space(const struct verify *v, uint32_t process)
{
	uint32_t vm = v->processes[process].vm;

	return vm == IMAGE_NONE ? IMAGE_NONE : verify_vm_space(v, vm);
}

static void diff_process(struct diff_party *party, const struct verify *before, uint32_t x,
                         const struct verify *now, uint32_t y)
{
	party->gone = y == IMAGE_NONE;
	party->added = x == IMAGE_NONE;
	if (party->gone || party->added)
		return;
	diff_records(party, before, x, now, y);
	diff_spaces(party, before, verify_process_space(x), now, verify_process_space(y));
	diff_spaces(party, before, guest_space(before, x), now, guest_space(now, y));
}

static void diff_kernel(struct diff_party *party, const struct verify *before,
                        const struct verify *now)
{
	const struct config *s = &before->config;
	const struct config *t = &now->config;
	uint64_t *count = &party->count[DIFF_MACHINE];

	*count = apart(s->cpu_count, t->cpu_count);
	for (uint32_t i = 0; i < smaller(s->cpu_count, t->cpu_count); i++)
		*count += before->cpus[i].mpidr != now->cpus[i].mpidr ||
		          before->cpus[i].gicr_va != now->cpus[i].gicr_va;
	*count += s->psci_conduit != t->psci_conduit || s->gicd_va != t->gicd_va ||
	          s->uart_va != t->uart_va;
	*count += before->head.load_pa != now->head.load_pa ||
	          before->head.uart_pa != now->head.uart_pa ||
	          before->head.uart_type != now->head.uart_type;
	diff_spaces(party, before, SPACE_EL2_ID, now, SPACE_EL2_ID);
	/* its stacks and objects are as many as the parties need: that is not its own */
	party->count[DIFF_MAP] = 0;
}

static bool party_same(const struct diff_party *party)
{
	for (unsigned i = 0; i < DIFF_PARTS; i++)
		if (party->count[i])
			return false;
	return !party->added && !party->gone;
}

static void party_print(const struct diff_party *party, FILE *out)
{
	const char *separator = ": differs: ";

	fprintf(out, "diff: %s", party->name);
	if (party->added || party->gone) {
		fprintf(out, ": %s\n", party->added ? "is new" : "is gone");
		return;
	}
	if (party_same(party))
		fprintf(out, ": identical");
	for (unsigned i = 0; i < DIFF_PARTS; i++) {
		if (!party->count[i])
			continue;
		fprintf(out, "%s%" PRIu64 " %s", separator, party->count[i], part_names[i]);
		separator = ", ";
	}
	if (party->moved)
		fprintf(out, "; %" PRIu64 " pages lie elsewhere", party->moved);
	fputc('\n', out);
}

struct tally {
	uint32_t parties;
	uint32_t different;
	bool allowed; /* all that differ may */
};

static void party_done(struct tally *tally, const struct diff_party *party, char *const *allowed,
                       int allowed_count, FILE *out)
{
	bool may = allowed_count == 0;

	party_print(party, out);
	tally->parties++;
	if (party_same(party))
		return;
	tally->different++;
	for (int i = 0; i < allowed_count; i++)
		may = may || strcmp(allowed[i], party->name) == 0;
	tally->allowed = tally->allowed && may;
}

bool verify_diff(const struct verify *before, const struct verify *now, char *const *allowed,
                 int allowed_count, FILE *out)
{
	struct diff_party kernel = {.name = "the kernel"};
	struct tally tally = {.allowed = true};

	diff_kernel(&kernel, before, now);
	party_done(&tally, &kernel, allowed, allowed_count, out);
	for (uint32_t i = 0; i < before->config.process_count; i++) {
		struct diff_party party = {.name = before->processes[i].name};

		diff_process(&party, before, i, now, process_find(now, party.name));
		party_done(&tally, &party, allowed, allowed_count, out);
	}
	for (uint32_t i = 0; i < now->config.process_count; i++) {
		struct diff_party party = {.name = now->processes[i].name, .added = true};

		if (process_find(before, party.name) == IMAGE_NONE)
			party_done(&tally, &party, allowed, allowed_count, out);
	}
	fprintf(out, "diff: %u of %u parties differ%s\n", tally.different, tally.parties,
	        tally.allowed ? "" : ", and not only those that may");
	return tally.allowed;
}
