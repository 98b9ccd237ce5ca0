/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boot in C: what head.S jumps to with the MMU on, once per CPU. The boot CPU announces
 * itself on the UART first, then makes the objects, then starts the other CPUs.
 */
#include "arch/arm64/arch.h"
#include "kernel/panic.h"
#include "kernel/sched.h"
#include "kernel/system.h"

extern const struct image_head image_head;
extern const char boot_secondary[];
_Noreturn void boot_main(uint64_t index, const struct config *config);

/* Loaded by head.S with the MMU off, hence in the identity page. */
struct boot_values {
	uint64_t hcr;
	uint64_t mair;
	uint64_t tcr;
	uint64_t sctlr;
};
extern const struct boot_values boot_values;
const struct boot_values boot_values __attribute__((section(".head.values"))) = {
	.hcr = HCR_HOST & ~HCR_VM,
	.mair = MAIR_EL2_VALUE,
	.tcr = TCR_EL2_VALUE,
	.sctlr = SCTLR_EL2_VALUE,
};

/* EL2 registers that never change; each of them has an UNKNOWN reset value (D19.2). */
static void boot_registers(void)
{
	sysreg_write(vbar_el2, vectors);
	sysreg_write(vtcr_el2, VTCR_VALUE);
	sysreg_write(cptr_el2, CPTR_VALUE | CPTR_TFP);
	sysreg_write(mdcr_el2, MDCR_VALUE | (sysreg_read(mdcr_el2) & 0x1fu));
	sysreg_write(hstr_el2, 0u);
	sysreg_write(actlr_el2, 0u);
	sysreg_write(cnthctl_el2, CNTHCTL_VALUE);
	sysreg_write(cntvoff_el2, 0u);
	sysreg_write(cnthp_ctl_el2, 0u);
	sysreg_write(cntv_ctl_el0, 0u);
	sysreg_write(cntp_ctl_el0, 0u);
	sysreg_write(vpidr_el2, sysreg_read(midr_el1));
	sysreg_write(mdscr_el1, 0u);
	sysreg_write(sctlr_el1, SCTLR_HOST);
	sysreg_write(cpacr_el1, 0u);
	sysreg_write(cntkctl_el1, CNTKCTL_HOST);
	sysreg_write(tcr_el1, 0u);
	sysreg_write(hcr_el2, HCR_HOST);
	isb();
}

static void boot_banner(void)
{
	uint64_t level = (sysreg_read(CurrentEL) >> 2) & 3u;

	print_text("Bulkhead on EL");
	print_decimal(level);
	print_text(": ABI ");
	print_decimal(ABI_VERSION);
	print_text(", image of ");
	print_decimal(image_head.image_bytes / 1024u);
	print_text(" KiB at ");
	print_hex(image_head.load_pa);
	print_text("\r\n");
}

/* A CPU that is not there is reported, and the rest runs. */
static void boot_others(const struct config *config)
{
	uint64_t entry = image_head.load_pa + (uint64_t)boot_secondary - KERNEL_VA;

	for (uint32_t i = 1u; i < config->cpu_count; i++) {
		struct cpu *cpu = system_cpu(i);

		if (psci_cpu_on(cpu->config->mpidr, entry, i) == 0) {
			__atomic_store_n(&cpu->online, 1u, __ATOMIC_RELEASE);
			continue;
		}
		print_text("bulkhead: CPU ");
		print_decimal(i);
		print_text(" is missing\r\n");
	}
}

_Noreturn void boot_main(uint64_t index, const struct config *config)
{
	struct cpu *cpu;

	boot_registers();
	if (index == 0u) {
		boot_banner();
		system_init(config);
	}
	cpu = system_cpu((uint32_t)index);
	cpu->stack_top = image_head.stack_va + (index + 1u) * (PAGE_BYTES + IMAGE_STACK_BYTES);
	sysreg_write(tpidr_el2, cpu);
	if (index == 0u) {
		if (cpu->config->mpidr != mpidr_affinity())
			panic_values("started on another CPU than compiled for:", mpidr_affinity(),
			             cpu->config->mpidr, 0u);
		gic_init_distributor();
	}
	gic_init_cpu(cpu);
	if (index == 0u) {
		__atomic_store_n(&cpu->online, 1u, __ATOMIC_RELEASE);
		boot_others(config);
		system_autostart();
	}
	context_enter(sched_resume(cpu));
}
