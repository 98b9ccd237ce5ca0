/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest: all CPUs that PSCI knows. They start, add to one word with atomics, answer SGIs,
 * switch themselves off and are started again.
 */
#include "guests/lib/bare.h"
#include "guests/lib/bare_check.h"
#include "guests/lib/bare_gic.h"

#define ADDS     20000u
#define ROUNDS   200u
#define SGI_PING 1u
#define SGI_QUIT 3u
#define LIMIT_US 5000000u

static uint32_t online;            /* CPUs that have come up, in all */
static uint32_t added;             /* to which every CPU adds ADDS */
static uint32_t finished;          /* CPUs that have added all */
static uint32_t pongs[GUEST_CPUS]; /* answers of each CPU, counted by CPU 0 */
static uint32_t quit[GUEST_CPUS];
static uint32_t contexts_wrong;

static struct trap_frame *smp_irq(struct trap_frame *frame)
{
	uint32_t intid = gic_ack();
	uint32_t cpu = cpu_index();

	/* CPU n pings back with SGI 8 + n, so that CPU 0 knows who it was. */
	if (intid == SGI_PING)
		gic_send(8u + cpu, 1);
	else if (intid == SGI_QUIT)
		store_release(&quit[cpu], 1);
	else if (intid >= 8u && intid < 8u + GUEST_CPUS)
		__atomic_fetch_add(&pongs[intid - 8u], 1u, __ATOMIC_RELEASE);
	if (intid != GIC_SPURIOUS)
		gic_eoi(intid);
	return frame;
}

static void add_all(void)
{
	for (uint32_t i = 0; i < ADDS; i++)
		__atomic_fetch_add(&added, 1u, __ATOMIC_RELAXED);
	__atomic_fetch_add(&finished, 1u, __ATOMIC_RELEASE);
}

void guest_secondary_main(uint64_t context)
{
	uint32_t cpu = cpu_index();

	if (context != 0x1000u + cpu)
		__atomic_fetch_add(&contexts_wrong, 1u, __ATOMIC_RELAXED);
	gic_init_cpu();
	gic_enable(SGI_PING);
	gic_enable(SGI_QUIT);
	__atomic_fetch_add(&online, 1u, __ATOMIC_RELEASE);
	add_all();
	while (load_acquire(&quit[cpu]) == 0u) {
		cpu_wait_irq();
		irq_enable();
		irq_disable();
	}
	psci_cpu_off();
}

static void start_all(uint32_t cpus)
{
	store_release(&online, 0);
	store_release(&added, 0);
	store_release(&finished, 0);
	for (uint32_t cpu = 1; cpu < cpus; cpu++) {
		store_release(&quit[cpu], 0);
		check_part("CPU_ON", (uint64_t)psci_cpu_start(cpu, 0x1000u + cpu), PSCI_SUCCESS);
	}
	check_part("online", wait_for(&online, cpus - 1u, LIMIT_US), true);
	check_part("context", contexts_wrong, 0);
}

static void test_adds(uint32_t cpus)
{
	add_all();
	check_part("finished", wait_for(&finished, cpus, LIMIT_US), true);
	check_part("sum", added, (uint64_t)cpus * ADDS);
}

static void test_ping(uint32_t cpus)
{
	irq_enable();
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		for (uint32_t cpu = 0; cpu < cpus; cpu++)
			gic_send(SGI_PING, 1u << cpu);
		for (uint32_t cpu = 0; cpu < cpus; cpu++)
			check_part("pong", wait_for(&pongs[cpu], round, LIMIT_US), true);
	}
	irq_disable();
}

static void stop_all(uint32_t cpus)
{
	for (uint32_t cpu = 1; cpu < cpus; cpu++) {
		uint64_t end = counter_now() + 5u * counter_hz();

		check_part("ALREADY_ON", (uint64_t)psci_cpu_start(cpu, 0),
		           (uint64_t)PSCI_ALREADY_ON);
		gic_send(SGI_QUIT, 1u << cpu);
		while (hvc_call(PSCI_AFFINITY_INFO, cpu, 0, 0) != PSCI_AFFINITY_OFF &&
		       counter_now() < end)
			cpu_relax();
		check_part("off", (uint64_t)hvc_call(PSCI_AFFINITY_INFO, cpu, 0, 0),
		           PSCI_AFFINITY_OFF);
	}
}

void guest_main(uint64_t tree)
{
	uint32_t cpus = psci_cpu_count();

	(void)tree;
	print("smp: %u cpus\n", cpus);
	check_begin("smp");
	irq_handler = smp_irq;
	gic_init();
	for (uint32_t sgi = 0; sgi < 16u; sgi++)
		gic_enable(sgi);
	start_all(cpus);
	check_done("start");
	test_adds(cpus);
	check_done("atomics");
	test_ping(cpus);
	check_done("ping-pong");
	stop_all(cpus);
	check_done("off");
	start_all(cpus);
	test_adds(cpus);
	check_done("on again");
	stop_all(cpus);
	check_done("off again");
	check_end();
}
