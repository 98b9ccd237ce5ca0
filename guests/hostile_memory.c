/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile guest, family "memory": accesses of every kind to every class of address outside its
 * RAM: behind it (the kernel and the other VMs are physically there), where no device is, devices
 * of the board that it was not given, beyond the reach of stage 2 and of the core, over the
 * edge of its RAM; the frames that it was given, in every wrong way; translation tables outside.
 * Each must end in the abort that a bus without an answer gives, at the right address.
 */
#include "guests/hostile_guest.h"
#include "guests/hostile_access.h"
#include "guests/lib/bare.h"
#include "guests/lib/bare_board.h"
#include "guests/lib/bare_gic.h"

#define RAM_END      (RAM_BASE + 0x01000000u) /* tests/systems/small-guest.dts */
#define NOTHING_BASE 0x0b000000u              /* on the board, too */
#define NOTHING_END  0x0c000000u
#define NORMAL_END   0x4000000000u /* 256 GiB: bare_start.S maps it as memory */
#define ALIAS_LINE   300u          /* of guest_table: a GiB that these attacks map */
#define ALIAS        ((uint64_t)ALIAS_LINE << 30)
#define BLOCK_NORMAL 0x705u /* as in bare_start.S */
#define TABLE        3u

#define ESR_EC(esr)     ((uint32_t)((esr) >> 26) & 0x3fu)
#define ESR_DFSC(esr)   ((uint32_t)(esr)&0x3fu)
#define ESR_WNR         0x40u
#define EC_FETCH        0x21u
#define EC_DATA         0x25u
#define DFSC_SIZE       0x00u /* address size fault of stage 1, level 0 to 3 */
#define DFSC_PERMISSION 0x0cu /* level 0 to 3 */
#define DFSC_EXTERNAL   0x10u
#define DFSC_WALK       0x14u /* external abort on a walk, level 0 to 3 */
#define DFSC_ALIGN      0x21u
#define DFSC_EXCLUDED   0x35u /* unsupported exclusive or atomic access */

extern uint64_t guest_table[512];

const char hostile_family[] = "memory";

static uint32_t kind_count(void)
{
	uint32_t count = 0;

	while (hostile_accesses[count].code != NULL)
		count++;
	return count;
}

/* What was mapped stays out of the way of the next attack. */
static void map(uint32_t line, uint64_t descriptor)
{
	guest_table[line] = descriptor;
	__asm__ volatile("dsb ishst\n\ttlbi vmalle1\n\tdsb ish\n\tisb" : : : "memory");
}

static uint32_t strays; /* instructions were found where none are */

/* Whatever is executed outside of the guest's own image ends there. */
static struct trap_frame *sync(struct trap_frame *frame)
{
	if (frame->elr - RAM_BASE < RAM_END - RAM_BASE || ESR_EC(READ_REG(esr_el1)) == EC_FETCH)
		return NULL;
	strays++;
	frame->elr = frame->x[30];
	return frame;
}

static struct probe attempt(const struct hostile_access *access, uint64_t address)
{
	probe_begin();
	access->code(address, 0);
	return probe_end();
}

/* The codes that this access may fault with; `far_bytes`: how far behind `address` FAR may be. */
struct wanted {
	uint64_t codes;
	uint64_t far_bytes;
	bool always; /* doing nothing is wrong */
};

static void judge(struct hostile *hostile, const struct hostile_access *access, uint64_t address,
                  struct wanted wanted)
{
	uint32_t strayed = strays;
	struct probe probe = attempt(access, address);
	uint64_t flags = access->flags;
	uint32_t ec = ESR_EC(probe.esr);
	uint32_t dfsc = ESR_DFSC(probe.esr);
	/* a part of an access that is not aligned may be what faults */
	uint64_t from = address & ~((access->flags & LINE) != 0u ? 63u : access_size(access) - 1u);

	hostile_saw(hostile, probe.count);
	if (strays != strayed) {
		hostile_failed(hostile, "executes", address, 0, 0);
		return;
	}
	if (probe.count == 0u) {
		if (wanted.always && (flags & MAYBE) == 0u)
			hostile_failed(hostile, access->name, address, 0, 0);
		return;
	}
	if (probe.count == 1u && ec == 0u && (flags & LSE) != 0u)
		return; /* a core without atomics */
	hostile_saw(hostile, probe.esr & (0x3full << 26 | ESR_WNR));
	hostile_saw(hostile, (flags & (ODD | MAYBE)) == 0u ? dfsc : 0u);
	if (probe.count != 1u || ec != ((flags & FETCH) != 0u ? EC_FETCH : EC_DATA) ||
	    (wanted.codes >> dfsc & 1u) == 0u ||
	    probe.far - from > address - from + wanted.far_bytes)
		hostile_failed(hostile, access->name, address, probe.esr, probe.far);
	else if ((flags & (MAYBE | LSE)) == 0u && (flags & FETCH) == 0u &&
	         ((probe.esr & ESR_WNR) != 0u) != ((flags & STORE) != 0u))
		hostile_failed(hostile, "WnR", address, probe.esr, flags);
}

#define CODE(dfsc) (1ull << (dfsc))

static uint64_t codes_of(const struct hostile_access *access, uint64_t address)
{
	uint64_t codes = CODE(DFSC_EXTERNAL);

	if ((access->flags & USER) != 0u)
		codes |= 0xfull << DFSC_PERMISSION; /* all is mapped for EL1 only */
	if ((access->flags & ODD) != 0u)
		codes |= CODE(DFSC_EXCLUDED);
	if (address % access_size(access) != 0u || (access->flags & (ODD | LINE)) != 0u)
		codes |= CODE(DFSC_ALIGN);
	return codes;
}

/* One of every kind in turn, at `address`, which is not near the end of a page. */
static void strike(struct hostile *hostile, uint32_t step, uint64_t address)
{
	const struct hostile_access *access = &hostile_accesses[step % kind_count()];

	if ((access->flags & FETCH) != 0u)
		address &= ~3ull;
	judge(hostile, access, address,
	      (struct wanted){.codes = codes_of(access, address), .always = true});
}

/* Somewhere in [from, to), aligned to 16 every second time, in the first half of a page. */
static uint64_t somewhere(struct hostile *hostile, uint64_t from, uint64_t to)
{
	uint64_t random = hostile_random(hostile);
	uint64_t page = from + random % ((to - from) >> 12) * 4096u;

	return page + (hostile_random(hostile) & ((random >> 62 & 1u) != 0u ? 0x7f0u : 0x7ffu));
}

static void step_behind(struct hostile *hostile, uint32_t step)
{
	/* half of them in the first 2 GiB, where the board's memory is */
	uint64_t to = step % 2u != 0u ? NORMAL_END : RAM_BASE + 0x80000000ull;

	strike(hostile, step, somewhere(hostile, RAM_END, to));
}

static void step_nothing(struct hostile *hostile, uint32_t step)
{
	uint64_t address = somewhere(hostile, NOTHING_BASE, NOTHING_END);

	/* the identity map does not let device memory be executed */
	if ((hostile_accesses[step % kind_count()].flags & FETCH) != 0u)
		address += ALIAS;
	strike(hostile, step, address);
}

/* Devices of the board, in address order: none of them is in the guest's tree. */
static void step_devices(struct hostile *hostile, uint32_t step)
{
	static const uint32_t bases[] = {
		0x00000000, 0x04000000,             /* flash */
		0x08010000, 0x08020000, 0x08080000, /* GICv2 frames, ITS */
		0x080c0000, 0x09010000, 0x09020000, /* another redistributor, RTC, fw_cfg */
		0x09030000, 0x09040000, 0x09050000, /* GPIO, the secure UART, SMMU */
		0x0a000000, 0x0a003e00, 0x0c000000, /* virtio, platform bus */
		0x0e000000, 0x10000000, 0x3eff0000, /* secure memory, PCI */
		0x3f000000,
	};
	uint64_t base = bases[hostile_random(hostile) % (sizeof(bases) / sizeof(bases[0]))];

	/* as device memory and as Normal, executable memory */
	strike(hostile, step,
	       ((step & 1u) != 0u || (hostile_accesses[step % kind_count()].flags & FETCH) != 0u
	                ? ALIAS
	                : 0u) +
	               base + (hostile_random(hostile) & 0x1f8u));
}

static void begin_alias(struct hostile *hostile)
{
	(void)hostile;
	sync_handler = sync;
	map(ALIAS_LINE, BLOCK_NORMAL);
}

static void end_alias(struct hostile *hostile)
{
	(void)hostile;
	map(ALIAS_LINE, 0);
}

/* Output addresses from the end of the map to the end of the architecture. */
static void step_high(struct hostile *hostile, uint32_t step)
{
	uint64_t address = 1ull << (38u + hostile_random(hostile) % 10u);
	const struct hostile_access *access = &hostile_accesses[step % kind_count()];
	uint64_t offset = hostile_random(hostile) & 0x3ffff7f0u;
	uint64_t codes = codes_of(access, offset);

	if ((hostile_random(hostile) & 1u) != 0u)
		address += hostile_random(hostile) & (address - 1u) & ~0x3fffffffull;
	map(ALIAS_LINE, address | BLOCK_NORMAL);
	if (address >> 39 != 0u) /* the core may know that nothing is there, in stage 1 */
		codes |= 0xfull << DFSC_SIZE;
	judge(hostile, access, ALIAS + offset, (struct wanted){.codes = codes, .always = true});
}

/* Over the end of the RAM: the bytes inside are the guest's, those behind are not. */
static void step_edge(struct hostile *hostile, uint32_t step)
{
	const struct hostile_access *access = &hostile_accesses[step % kind_count()];
	uint64_t size = access_size(access);
	uint64_t before = size > 1u ? 1u + hostile_random(hostile) % (size - 1u) : 0u;

	if ((access->flags & (FETCH | LINE)) != 0u)
		before = 0;
	judge(hostile, access, RAM_END - before,
	      (struct wanted){.codes = codes_of(access, RAM_END - before),
	                      .far_bytes = size,
	                      .always = true});
}

/* What it was given, in every way: anything goes but more than one abort. */
static void step_frames(struct hostile *hostile, uint32_t step)
{
	static const uint32_t bases[] = {GICD_BASE, GICR_BASE, GICR_BASE + GICR_SGI, UART_BASE};
	const struct hostile_access *access = &hostile_accesses[step % kind_count()];
	uint32_t which = (uint32_t)(hostile_random(hostile) % 4u);
	uint64_t reach = which == 3u ? 0x1000u : 0x10000u;
	uint64_t address = bases[which] + hostile_random(hostile) % reach;

	/* not the data register: what it shows is for the console flood */
	if (which == 3u && (access->flags & (STORE | LSE)) != 0u)
		address |= 0x30u;
	if ((access->flags & FETCH) != 0u)
		address = (address & ~3ull) + ALIAS;
	judge(hostile, access, address,
	      (struct wanted){.codes = codes_of(access, 1) | CODE(DFSC_ALIGN) | CODE(DFSC_EXCLUDED),
	                      .far_bytes = 64,
	                      .always = (access->flags & FETCH) != 0u});
}

static void end_frames(struct hostile *hostile)
{
	(void)hostile;
	map(ALIAS_LINE, 0);
	gic_init();
}

/* A table of level 2 that is not in RAM, for TTBR0 and for TTBR1. */
static void step_tables(struct hostile *hostile, uint32_t step)
{
	static const uint64_t places[] = {RAM_END,   0x7ffff000, 0xbffff000,   NOTHING_BASE,
	                                  GICD_BASE, UART_BASE,  0x3000000000, 0x7fc0000000};
	const struct hostile_access *access = &hostile_accesses[step % kind_count()];
	uint64_t place = places[hostile_random(hostile) % 8u];
	uint64_t address = ALIAS;

	if ((step & 1u) != 0u) {
		WRITE_REG(ttbr1_el1, place);
		barrier_isb();
		address = 0xffffff8000000000u; /* T1SZ 25 */
	}
	map(ALIAS_LINE, place | TABLE);
	address += hostile_random(hostile) & 0x3ffffff0u;
	judge(hostile, access, address,
	      (struct wanted){.codes = 0xfull << DFSC_WALK | 0xfull << DFSC_SIZE, .always = true});
}

static void begin_tables(struct hostile *hostile)
{
	(void)hostile;
	/* TTBR1 on: T1SZ 25, 4 KiB, and not EPD1 */
	WRITE_REG(tcr_el1, (READ_REG(tcr_el1) & ~(1ull << 23 | 3ull << 30 | 0x3full << 16)) |
	                           2ull << 30 | 25ull << 16);
	barrier_isb();
}

static void end_tables(struct hostile *hostile)
{
	(void)hostile;
	WRITE_REG(tcr_el1, READ_REG(tcr_el1) | 1ull << 23);
	WRITE_REG(ttbr1_el1, 0);
	map(ALIAS_LINE, 0);
}

#define ROUND 448u /* 8 times 56 kinds */

const struct attack attacks[] = {
	{"behind-ram", ROUND, step_behind, begin_alias, end_alias, false},
	{"no-device", ROUND, step_nothing, begin_alias, end_alias, false},
	{"edge", ROUND, step_edge, begin_alias, end_alias, false},
	{"not-given", ROUND, step_devices, begin_alias, end_alias, true},
	{"beyond", ROUND, step_high, begin_alias, end_alias, true},
	{"frames", ROUND, step_frames, begin_alias, end_frames, true},
	{"tables", ROUND, step_tables, begin_tables, end_tables, true},
};
const uint32_t attack_count = sizeof(attacks) / sizeof(attacks[0]);
