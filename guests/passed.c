/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest: drives a PL061 (DDI 0190) and a PL031 (DDI 0224) of the board, their own registers and
 * interrupt lines, on one CPU or two. A line per step, "passed: gpio 10000 ok" with what was counted;
 * "passed: done". The interrupt of the PL061 is what the command line says, else that of QEMU's virt.
 * With the word "leave" it ends its first run by a reset with the line of the PL061 high, which the
 * second one finds so at its start; that one stays.
 */
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_fdt.h"
#include "guests/lib/bare_gic.h"

#define GPIO_BASE  0x09030000u
#define GPIO_IS    0x404u /* a bit: that pin's interrupt is a level */
#define GPIO_IEV   0x40cu /* a high one; nothing is connected, so all pins are low */
#define GPIO_IE    0x410u
#define GPIO_PIN   1u
#define GPIO_INTID 39u
#define RTC_DR     0x00u
#define RTC_MR     0x04u
#define RTC_IMSC   0x10u
#define RTC_ICR    0x1cu
#define RTC_INTID  34u
#define MANY       10000u
#define WAIT_US    2000000u

static uint32_t gpio_intid = GPIO_INTID;
static uint32_t counted;
static uint32_t spurious;  /* the PL061's line was low */
static uint32_t elsewhere; /* taken on CPU 1 */
static uint32_t keep;      /* 1: the handler leaves the line high, and disables the interrupt */
static uint32_t ready;

static void gpio_line(bool high)
{
	write32(GPIO_BASE + GPIO_IE, high ? GPIO_PIN : 0u);
	(void)read32(GPIO_BASE + GPIO_IE);
}

static struct trap_frame *handler(struct trap_frame *frame)
{
	uint32_t intid = gic_ack();

	if (intid == RTC_INTID)
		write32(RTC_BASE + RTC_ICR, 1u);
	else if (intid == gpio_intid && read32(GPIO_BASE + GPIO_IE) == 0u)
		spurious++;
	else if (intid == gpio_intid && keep != 0u)
		gic_disable(intid);
	else if (intid == gpio_intid)
		gpio_line(false);
	if (cpu_index() != 0u)
		elsewhere++;
	if (intid < GIC_SPURIOUS)
		gic_eoi(intid);
	if (intid == gpio_intid || intid == RTC_INTID)
		store_release(&counted, counted + 1u);
	return frame;
}

void guest_secondary_main(uint64_t context)
{
	(void)context;
	gic_init_cpu();
	irq_enable();
	store_release(&ready, 1u);
	for (;;)
		cpu_wait_irq();
}

/* So many interrupts of the PL061, each of which is waited for. */
static bool gpio_many(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t before = load_acquire(&counted);

		gpio_line(true);
		if (!wait_for(&counted, before + 1u, WAIT_US))
			return false;
	}
	return true;
}

/* The PL031 matches at once what its time is now, unless the second is over in between. */
static bool rtc_many(uint32_t count)
{
	write32(RTC_BASE + RTC_IMSC, 1u);
	for (uint32_t i = 0; i < count;) {
		uint32_t before = load_acquire(&counted);

		write32(RTC_BASE + RTC_MR, read32(RTC_BASE + RTC_DR));
		if (wait_for(&counted, before + 1u, 1000u))
			i++;
	}
	write32(RTC_BASE + RTC_IMSC, 0u);
	return true;
}

/* What was pending while it was disabled comes once if it is still there, and not if it is over. */
static const char *masked(void)
{
	uint32_t before = counted;

	keep = 1u;
	gpio_line(true);
	if (!wait_for(&counted, before + 1u, WAIT_US))
		return "the first";
	spin_us(1000u);
	if (load_acquire(&counted) != before + 1u)
		return "one while it was disabled";
	gic_enable(gpio_intid);
	if (!wait_for(&counted, before + 2u, WAIT_US))
		return "the second";
	gpio_line(false);
	gic_enable(gpio_intid);
	spin_us(1000u);
	if (load_acquire(&counted) != before + 2u)
		return "one that was over";
	keep = 0u;
	return gpio_many(10u) ? NULL : "none afterwards";
}

static bool on_cpu_1(void)
{
	uint32_t before;

	if (psci_cpu_count() < 2u)
		return true;
	if (psci_cpu_start(1u, 0u) != PSCI_SUCCESS || !wait_for(&ready, 1u, WAIT_US))
		return false;
	gic_route(gpio_intid, 1u);
	before = elsewhere;
	return gpio_many(MANY) && elsewhere - before == MANY;
}

static void tell(const char *what, bool good)
{
	print("passed: %s %u %s, spurious %u\n", what, counted, good ? "ok" : "FAILED", spurious);
	counted = 0u;
}

void guest_main(uint64_t tree)
{
	const char *words = fdt_bootargs(tree);
	const char *wrong;
	bool leave = false;
	bool stay;

	for (; words != NULL && *words != '\0'; words++) {
		if (*words >= '0' && *words <= '9')
			gpio_intid = (gpio_intid == GPIO_INTID ? 0u : gpio_intid) * 10u +
			             (uint32_t)(*words - '0');
		leave = leave || *words == 'l';
	}
	irq_handler = handler;
	gic_init();
	write32(GPIO_BASE + GPIO_IS, GPIO_PIN);
	write32(GPIO_BASE + GPIO_IEV, 0u);
	gic_enable(gpio_intid);
	gic_enable(RTC_INTID);
	irq_enable();
	spin_us(1000u);
	leave = leave && counted == 0u;
	stay = counted != 0u;
	tell("at the start", true);
	gpio_line(false);
	tell("gpio", gpio_many(MANY));
	tell("rtc", rtc_many(100u));
	wrong = masked();
	tell("masked", wrong == NULL);
	if (wrong != NULL)
		print("passed: FAILED %s\n", wrong);
	tell("on another cpu", on_cpu_1());
	print("passed: done\n");
	if (stay)
		for (;;)
			cpu_wait_irq();
	if (!leave)
		psci_system_off();
	gic_route(gpio_intid, 0u);
	irq_disable();
	gpio_line(true);
	psci_system_reset();
}
