/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about the configuration arrays alone: every index is in range and agrees with the one
 * that points back. Later stages use the indices without asking again. Host code.
 */
#include "tool/verify.h"

#include <inttypes.h>
#include <string.h>

#define AFFINITY_MASK   0xff00ffffffull /* MPIDR_EL1: DDI 0487 D19.2.101 */
#define VMPIDR_RES1     (1ull << 31)
#define VTTBR_UNUSED    0xff00000000000001ull
#define VTTBR_VMID_AT   48
#define FIRST_SPI       32u
#define LAST_SPI        1019u
#define BITS_GIVEN_OUT  60u /* abi/syscall.h: bits 0..59 */
#define NOTIFY_BITS     64u
#define SPI_MAX         256u
#define OBJECT_ALIGN    64u
#define GIC_ALIGN       0x10000ull
#define GICD_BYTES      0x10000ull
#define GICR_VCPU_BYTES 0x20000ull
#define PROCESS_FLAGS   (PROCESS_FLAG_FP | PROCESS_FLAG_AUTOSTART | PROCESS_FLAG_CRITICAL)

void verify_cpus(struct verify *v)
{
	uint32_t next = 0;

	for (uint32_t i = 0; i < v->config.cpu_count; i++) {
		const struct config_cpu *cpu = &v->cpus[i];

		if (cpu->mpidr & ~AFFINITY_MASK)
			verify_fail(v, "CPU %u: MPIDR %#" PRIx64 " has more than affinity", i,
			            cpu->mpidr);
		for (uint32_t j = 0; j < i; j++)
			if (v->cpus[j].mpidr == cpu->mpidr)
				verify_fail(v, "CPU %u and CPU %u are both MPIDR %#" PRIx64, j, i,
				            cpu->mpidr);
		if (cpu->thread_first != next || cpu->thread_count > CPU_THREADS) {
			verify_fail(v, "CPU %u: %u threads from %u, but the CPUs before end at %u",
			            i, cpu->thread_count, cpu->thread_first, next);
			return;
		}
		next += cpu->thread_count;
	}
	if (next != v->config.thread_count)
		verify_fail(v, "the CPUs have %u threads, the array %u", next,
		            v->config.thread_count);
}

static void check_thread(struct verify *v, uint32_t i)
{
	const struct config_thread *t = &v->threads[i];
	const struct config_process *p;

	if (t->cpu >= v->config.cpu_count) {
		verify_fail(v, "thread %u is on CPU %u of %u", i, t->cpu, v->config.cpu_count);
	} else if (i < v->cpus[t->cpu].thread_first ||
	           i - v->cpus[t->cpu].thread_first >= v->cpus[t->cpu].thread_count) {
		verify_fail(v, "thread %u is on CPU %u, outside that CPU's range", i, t->cpu);
	}
	if (t->process >= v->config.process_count) {
		verify_fail(v, "thread %u is of process %u of %u", i, t->process,
		            v->config.process_count);
		return;
	}
	p = &v->processes[t->process];
	if (t->index >= PROCESS_THREADS || t->index >= p->thread_count || p->thread[t->index] != i)
		verify_fail(v, "thread %u says it is thread %u of process %u, which does not", i,
		            t->index, t->process);
	if (t->priority > 255)
		verify_fail(v, "thread %u: priority %u", i, t->priority);
	if (t->budget_us > t->period_us && t->period_us != 0)
		verify_fail(v, "thread %u: budget %u us above its period %u us", i, t->budget_us,
		            t->period_us);
	if (t->vcpu != IMAGE_NONE &&
	    (t->vcpu >= v->config.vcpu_count || v->vcpus[t->vcpu].thread != i))
		verify_fail(v, "thread %u says it runs vCPU %u, which does not", i, t->vcpu);
	if (t->padding)
		verify_fail(v, "thread %u: padding %#x", i, t->padding);
}

void verify_threads(struct verify *v)
{
	for (uint32_t i = 0; i < v->config.thread_count; i++)
		check_thread(v, i);
}

/* A name that can be told: 1..31 printable characters, then zeros, and no other's. */
static void check_name(struct verify *v, uint32_t i)
{
	const char *name = v->processes[i].name;
	size_t length = strnlen(name, NAME_BYTES);

	if (length == 0 || length == NAME_BYTES)
		verify_fail(v, "process %u: its name has %zu characters", i, length);
	for (size_t at = 0; at < NAME_BYTES; at++)
		if (at < length ? name[at] <= ' ' || name[at] > '~' : name[at] != 0)
			verify_fail(v, "process %u: byte %zu of its name is %#x", i, at,
			            (unsigned)(unsigned char)name[at]);
	for (uint32_t j = 0; j < i; j++)
		if (memcmp(v->processes[j].name, name, NAME_BYTES) == 0)
			verify_fail(v, "process %u and process %u have one name", j, i);
}

static void check_process_threads(struct verify *v, uint32_t i)
{
	const struct config_process *p = &v->processes[i];

	if (p->thread_count == 0 || p->thread_count > PROCESS_THREADS) {
		verify_fail(v, "process %u has %u threads", i, p->thread_count);
		return;
	}
	for (uint32_t n = 0; n < p->thread_count; n++)
		if (p->thread[n] >= v->config.thread_count ||
		    v->threads[p->thread[n]].process != i || v->threads[p->thread[n]].index != n)
			verify_fail(v, "process %u names thread %u as its %u, which it is not", i,
			            p->thread[n], n);
}

static void check_process(struct verify *v, uint32_t i)
{
	const struct config_process *p = &v->processes[i];

	check_name(v, i);
	check_process_threads(v, i);
	if (p->flags & ~PROCESS_FLAGS || p->padding)
		verify_fail(v, "process %u: flags %#x, padding %#x", i, p->flags, p->padding);
	if (p->vm != IMAGE_NONE && (p->vm >= v->config.vm_count || v->vms[p->vm].process != i))
		verify_fail(v, "process %u says it owns VM %u, which does not", i, p->vm);
	if (p->vm != IMAGE_NONE && p->flags & PROCESS_FLAG_FP)
		verify_fail(v, "process %u owns FP registers, but they are its guest's", i);
	if (p->handle_first > v->config.handle_count ||
	    p->handle_count > v->config.handle_count - p->handle_first)
		verify_fail(v, "process %u: handles %u from %u, of %u", i, p->handle_count,
		            p->handle_first, v->config.handle_count);
	for (uint32_t j = 0; j < i; j++)
		if (p->handle_count && v->processes[j].handle_count &&
		    p->handle_first < v->processes[j].handle_first + v->processes[j].handle_count &&
		    v->processes[j].handle_first < p->handle_first + p->handle_count)
			verify_fail(v, "process %u and process %u share handles", j, i);
	if (p->supervisor_thread != IMAGE_NONE &&
	    (p->supervisor_thread >= v->config.thread_count || p->supervisor_bit >= BITS_GIVEN_OUT))
		verify_fail(v, "process %u: supervisor thread %u, bit %u", i, p->supervisor_thread,
		            p->supervisor_bit);
}

void verify_processes(struct verify *v)
{
	for (uint32_t i = 0; i < v->config.process_count; i++)
		check_process(v, i);
}

static void check_vm_gic(struct verify *v, uint32_t i)
{
	const struct config_vm *vm = &v->vms[i];
	uint64_t gicr_bytes = vm->vcpu_count * GICR_VCPU_BYTES;

	if (vm->gicd_ipa % GIC_ALIGN || vm->gicr_ipa % GIC_ALIGN || vm->gicd_ipa >= GUEST_IPA_END ||
	    vm->gicr_ipa >= GUEST_IPA_END ||
	    (vm->gicd_ipa < vm->gicr_ipa + gicr_bytes && vm->gicr_ipa < vm->gicd_ipa + GICD_BYTES))
		verify_fail(v, "VM %u: distributor at %#" PRIx64 ", redistributors at %#" PRIx64, i,
		            vm->gicd_ipa, vm->gicr_ipa);
	if (vm->spi_count % 32 || vm->spi_count > SPI_MAX)
		verify_fail(v, "VM %u: %u SPIs", i, vm->spi_count);
}

void verify_vms(struct verify *v)
{
	for (uint32_t i = 0; i < v->config.vm_count; i++) {
		const struct config_vm *vm = &v->vms[i];

		if (vm->process >= v->config.process_count || v->processes[vm->process].vm != i)
			verify_fail(v, "VM %u says process %u owns it, which does not", i,
			            vm->process);
		if (vm->vcpu_count == 0 || vm->vcpu_count > PROCESS_THREADS ||
		    vm->vcpu_first > v->config.vcpu_count ||
		    vm->vcpu_count > v->config.vcpu_count - vm->vcpu_first) {
			verify_fail(v, "VM %u: %u vCPUs from %u, of %u", i, vm->vcpu_count,
			            vm->vcpu_first, v->config.vcpu_count);
			continue;
		}
		for (uint32_t n = vm->vcpu_first; n < vm->vcpu_first + vm->vcpu_count; n++)
			if (v->vcpus[n].vm != i)
				verify_fail(v, "VM %u has vCPU %u, which is of VM %u", i, n,
				            v->vcpus[n].vm);
		check_vm_gic(v, i);
	}
}

static void check_vcpu(struct verify *v, uint32_t i)
{
	const struct config_vcpu *c = &v->vcpus[i];
	const struct config_vm *vm;

	if (c->vm >= v->config.vm_count) {
		verify_fail(v, "vCPU %u is of VM %u of %u", i, c->vm, v->config.vm_count);
		return;
	}
	vm = &v->vms[c->vm];
	if (i < vm->vcpu_first || i - vm->vcpu_first >= vm->vcpu_count)
		verify_fail(v, "vCPU %u is of VM %u, outside that VM's range", i, c->vm);
	if (c->thread >= v->config.thread_count || v->threads[c->thread].vcpu != i ||
	    v->threads[c->thread].process != vm->process)
		verify_fail(v, "vCPU %u of VM %u names thread %u, which is not its", i, c->vm,
		            c->thread);
	if ((c->vmpidr & ~AFFINITY_MASK) != VMPIDR_RES1)
		verify_fail(v, "vCPU %u: VMPIDR %#" PRIx64, i, c->vmpidr);
	for (uint32_t j = 0; j < i; j++)
		if (v->vcpus[j].vm == c->vm && v->vcpus[j].vmpidr == c->vmpidr)
			verify_fail(v, "vCPU %u and vCPU %u have one VMPIDR %#" PRIx64, j, i,
			            c->vmpidr);
}

void verify_vcpus(struct verify *v)
{
	for (uint32_t i = 0; i < v->config.vcpu_count; i++)
		check_vcpu(v, i);
}

static bool handle_good(const struct verify *v, uint32_t process, const struct config_handle *h)
{
	if (h->padding)
		return false;
	switch (h->kind) {
	case HANDLE_NONE:
		return h->object == 0 && h->argument == 0;
	case HANDLE_NOTIFY:
		return h->object < v->config.thread_count && h->argument < NOTIFY_BITS;
	case HANDLE_INTERRUPT:
		return h->object < v->config.interrupt_count &&
		       v->interrupts[h->object].thread < v->config.thread_count &&
		       v->threads[v->interrupts[h->object].thread].process == process;
	case HANDLE_PROCESS:
		return h->object < v->config.process_count && h->argument != 0 &&
		       (h->argument & ~(RIGHT_STATUS | RIGHT_CONTROL)) == 0;
	case HANDLE_SYSTEM:
		return h->object == 0 && h->argument == 0;
	default:
		return false;
	}
}

void verify_handles(struct verify *v)
{
	for (uint32_t i = 0; i < v->config.process_count; i++) {
		const struct config_process *p = &v->processes[i];

		if (p->handle_first > v->config.handle_count ||
		    p->handle_count > v->config.handle_count - p->handle_first)
			continue; /* rule "process" has said so */
		for (uint32_t n = 0; n < p->handle_count; n++) {
			const struct config_handle *h = &v->handles[p->handle_first + n];

			if (!handle_good(v, i, h))
				verify_fail(v,
				            "process %.*s: handle %u: kind %u, object %u, "
				            "argument %#x",
				            (int)NAME_BYTES, p->name, n, h->kind, h->object,
				            h->argument);
		}
	}
}

/* Only a process's supervisor may control it. */
void verify_control(struct verify *v)
{
	for (uint32_t i = 0; i < v->config.process_count; i++) {
		const struct config_process *p = &v->processes[i];

		for (uint32_t n = 0; n < p->handle_count; n++) {
			const struct config_handle *h = &v->handles[p->handle_first + n];
			const struct config_process *child;

			if (h->kind != HANDLE_PROCESS || !(h->argument & RIGHT_CONTROL))
				continue;
			child = &v->processes[h->object];
			if (child->supervisor_thread == IMAGE_NONE ||
			    v->threads[child->supervisor_thread].process != i)
				verify_fail(v,
				            "%s may stop and start %s, whose supervisor it is not",
				            p->name, child->name);
		}
	}
}

void verify_interrupts(struct verify *v)
{
	uint32_t previous = FIRST_SPI - 1;

	for (uint32_t i = 0; i < v->config.interrupt_count; i++) {
		const struct config_interrupt *irq = &v->interrupts[i];

		if (irq->intid <= previous || irq->intid > LAST_SPI)
			verify_fail(v, "interrupt %u: INTID %u after %u: not ascending, or no SPI",
			            i, irq->intid, previous);
		if (irq->thread >= v->config.thread_count || irq->bit >= BITS_GIVEN_OUT ||
		    irq->edge > 1)
			verify_fail(v, "interrupt %u (INTID %u): thread %u, bit %u, edge %u", i,
			            irq->intid, irq->thread, irq->bit, irq->edge);
		previous = irq->intid;
	}
}

static void take_vmid(struct verify *v, const char **taken, uint64_t vttbr, const char *name)
{
	unsigned vmid = (unsigned)(vttbr >> VTTBR_VMID_AT) & VMID_MAX;

	if (vttbr & VTTBR_UNUSED || vmid == 0)
		verify_fail(v, "%.*s: VTTBR %#" PRIx64, (int)NAME_BYTES, name, vttbr);
	else if (taken[vmid])
		verify_fail(v, "%.*s and %.*s have one VMID %u", (int)NAME_BYTES, taken[vmid],
		            (int)NAME_BYTES, name, vmid);
	taken[vmid] = name;
}

/* No two spaces share a VMID, a host's and a guest's least of all: DC may be cached in TLBs. */
void verify_vmids(struct verify *v)
{
	const char *taken[VMID_MAX + 1] = {NULL};

	for (uint32_t i = 0; i < v->config.process_count; i++)
		take_vmid(v, taken, v->processes[i].vttbr, v->processes[i].name);
	for (uint32_t i = 0; i < v->config.vm_count; i++)
		take_vmid(v, taken, v->vms[i].vttbr, "a guest");
}

static uint32_t object_count(const struct verify *v, unsigned kind)
{
	const struct config *c = &v->config;
	const uint32_t counts[OBJECT_KINDS] = {
		[OBJECT_CPU] = c->cpu_count,         [OBJECT_THREAD] = c->thread_count,
		[OBJECT_PROCESS] = c->process_count, [OBJECT_VM] = c->vm_count,
		[OBJECT_VCPU] = c->vcpu_count,       [OBJECT_INTERRUPT] = c->interrupt_count,
		[OBJECT_TRACE] = c->cpu_count,
	};

	return counts[kind];
}

/*
 * The object arrays: in the order of their kinds, inside the objects, with room for their
 * count. How large an object is only the kernel ELF says: at least OBJECT_ALIGN bytes here.
 */
void verify_objects(struct verify *v)
{
	const struct config *c = &v->config;
	uint64_t next = c->objects_start;
	uint64_t end = c->objects_start + c->objects_bytes;

	if (c->objects_start < KERNEL_VA || c->objects_start % PAGE_BYTES ||
	    c->objects_bytes > KERNEL_DEVICE_VA - KERNEL_VA || end > KERNEL_DEVICE_VA) {
		verify_fail(v, "objects at %#" PRIx64 ", %#" PRIx64 " bytes", c->objects_start,
		            c->objects_bytes);
		return;
	}
	for (unsigned kind = 0; kind < OBJECT_KINDS; kind++) {
		uint64_t least = (uint64_t)object_count(v, kind) *
		                 (kind == OBJECT_TRACE ? PAGE_BYTES : OBJECT_ALIGN);

		if (least == 0)
			continue;
		if (c->objects[kind] < next || c->objects[kind] > end ||
		    least > end - c->objects[kind] ||
		    c->objects[kind] % (kind == OBJECT_TRACE ? PAGE_BYTES : OBJECT_ALIGN)) {
			verify_fail(v,
			            "objects of kind %u at %#" PRIx64 ": not between %#" PRIx64
			            " and %#" PRIx64,
			            kind, c->objects[kind], next, end);
			continue;
		}
		next = c->objects[kind] + least;
	}
}
