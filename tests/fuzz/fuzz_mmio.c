/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: user/vmm/decode.c user/vmm/walk.c user/vmm/emulate.c user/vmm/ram.c
 * helpers: user/vmm/bus.c user/lib/channel.c user/lib/text.c tests/unit/vmm_host.c
 */
/*
 * Accesses to a device that must be decoded: instruction, registers, translation tables and RAM
 * are the fuzzer's. The decoder is compared with a table of the A64 encodings; tables that the
 * target builds itself must lead to where they say; a good access must move the bytes that a
 * second reading of the instruction says. RAM is exactly as large as its bank, so that ASan
 * sees every step outside.
 */
#include "tests/fuzz/fuzz.h"

#include "abi/vcpu.h"
#include "tests/unit/vmm_host.h"
#include "user/vmm/bus.h"
#include "user/vmm/decode.h"
#include "user/vmm/emulate.h"
#include "user/vmm/ram.h"
#include "user/vmm/walk.h"

#define RAM          0x40000000ull
#define RAM_BYTES    0x40000ull
#define DEVICE       0x9000000ull
#define DEVICE_BYTES 0x1000u
#define VGIC         0x8000000ull
#define CODE         (RAM + 0x3f000u)
#define ISS_WRITE    (1u << 6)

static uint8_t *ram;
static const struct vm_bank bank = {.ipa = RAM, .bytes = RAM_BYTES};
static uint8_t device_memory[DEVICE_BYTES];

static void memory_reset(struct device *device)
{
	(void)device;
}

static uint32_t memory_read(struct device *device, uint32_t offset, uint32_t bytes)
{
	uint32_t value = 0xa5a5a5a5u; /* more than `bytes` bytes may be set */

	FUZZ_CHECK(offset % bytes == 0u && offset + bytes <= device->bytes);
	memcpy(&value, &device_memory[offset], bytes);
	return value;
}

static void memory_write(struct device *device, uint32_t offset, uint32_t bytes, uint32_t value)
{
	FUZZ_CHECK(offset % bytes == 0u && offset + bytes <= device->bytes);
	memcpy(&device_memory[offset], &value, bytes);
}

static const struct device_ops memory_ops = {
	.backend = "memory", .reset = memory_reset, .read = memory_read, .write = memory_write};
DEVICE_BACKEND(memory_ops);

/*
 * DDI 0487 C4.1.94, as a table: the first line that fits decides. size: log2 of the bytes of one
 * register, SIZE_FIELD: bits 31:30, SIZE_PAIR: 2 + bit 31, SIZE_VPAIR: 2 + bits 31:30,
 * SIZE_VLIT: 2 + bits 31:30.
 */
#define SIZE_FIELD 16u
#define SIZE_PAIR  17u
#define SIZE_VPAIR 18u

struct encoding {
	uint32_t mask;
	uint32_t bits;
	enum decode_kind kind;
	uint8_t count;
	uint8_t size;
};

/* clang-format off */
static const struct encoding encodings[] = {
	{ 0x0a000000, 0x00000000, DECODE_REFUSED,   0, 0 },  /* not a load or store */
	{ 0x0a000000, 0x02000000, DECODE_REFUSED,   0, 0 },
	{ 0x0a000000, 0x0a000000, DECODE_REFUSED,   0, 0 },
	{ 0x3fe00000, 0x08800000, DECODE_STORE,     1, SIZE_FIELD }, /* STLR, STLLR */
	{ 0x3fe00000, 0x08c00000, DECODE_LOAD,      1, SIZE_FIELD }, /* LDAR, LDLAR */
	{ 0x3a000000, 0x08000000, DECODE_REFUSED,   0, 0 },  /* exclusives, CAS; SIMD structures */
	{ 0xff000000, 0x18000000, DECODE_LOAD,      1, 2 },  /* LDR Wt, literal */
	{ 0xff000000, 0x58000000, DECODE_LOAD,      1, 3 },
	{ 0xff000000, 0x98000000, DECODE_LOAD,      1, 2 },  /* LDRSW */
	{ 0xff000000, 0xd8000000, DECODE_NOTHING,   0, 0 },  /* PRFM */
	{ 0xff000000, 0x1c000000, DECODE_LOAD,      1, 2 },
	{ 0xff000000, 0x5c000000, DECODE_LOAD,      1, 3 },
	{ 0xff000000, 0x9c000000, DECODE_LOAD,      1, 4 },
	{ 0xff000000, 0xdc000000, DECODE_UNDEFINED, 0, 0 },
	{ 0x3fe00c00, 0x19000000, DECODE_STORE,     1, SIZE_FIELD }, /* STLUR */
	{ 0x3fe00c00, 0x19400000, DECODE_LOAD,      1, SIZE_FIELD }, /* LDAPUR */
	{ 0xffe00c00, 0xd9800000, DECODE_UNDEFINED, 0, 0 },  /* size 3: no sign to extend */
	{ 0xffe00c00, 0xd9c00000, DECODE_UNDEFINED, 0, 0 },
	{ 0xffe00c00, 0x99c00000, DECODE_UNDEFINED, 0, 0 },
	{ 0x3fa00c00, 0x19800000, DECODE_LOAD,      1, SIZE_FIELD },
	{ 0x3b000000, 0x19000000, DECODE_REFUSED,   0, 0 },  /* memory tags, RCPC of SIMD */
	{ 0xfc000000, 0xe8000000, DECODE_UNDEFINED, 0, 0 },  /* pairs: opc 3 */
	{ 0xfc000000, 0xec000000, DECODE_UNDEFINED, 0, 0 },
	{ 0xffc00000, 0x68000000, DECODE_UNDEFINED, 0, 0 },  /* opc 1: LDNP, STNP do not have it */
	{ 0xffc00000, 0x68400000, DECODE_UNDEFINED, 0, 0 },
	{ 0xfc400000, 0x68000000, DECODE_REFUSED,   0, 0 },  /* STGP */
	{ 0xfc400000, 0x68400000, DECODE_LOAD,      2, 2 },  /* LDPSW */
	{ 0x3c400000, 0x28000000, DECODE_STORE,     2, SIZE_PAIR },
	{ 0x3c400000, 0x28400000, DECODE_LOAD,      2, SIZE_PAIR },
	{ 0x3c400000, 0x2c000000, DECODE_STORE,     2, SIZE_VPAIR },
	{ 0x3c400000, 0x2c400000, DECODE_LOAD,      2, SIZE_VPAIR },
	/* one register; bits 24 and 21, 11:10 choose the form, which is looked at below */
	{ 0x3ac00000, 0x38000000, DECODE_STORE,     1, SIZE_FIELD },
	{ 0x3ac00000, 0x38400000, DECODE_LOAD,      1, SIZE_FIELD },
	{ 0xfec00000, 0xf8800000, DECODE_NOTHING,   0, 0 },  /* PRFM, PRFUM */
	{ 0xfec00000, 0xf8c00000, DECODE_UNDEFINED, 0, 0 },
	{ 0xfec00000, 0xb8c00000, DECODE_UNDEFINED, 0, 0 },
	{ 0x3e800000, 0x38800000, DECODE_LOAD,      1, SIZE_FIELD }, /* LDRS* */
	{ 0xfec00000, 0x3c800000, DECODE_STORE,     1, 4 },  /* STR Qt */
	{ 0xfec00000, 0x3cc00000, DECODE_LOAD,      1, 4 },
	{ 0x3e800000, 0x3c800000, DECODE_UNDEFINED, 0, 0 },
};
/* clang-format on */

/* The vector forms of the last group have bit 26 set: the first two lines are for both. */
static struct encoding encoding_of(uint32_t word)
{
	for (size_t i = 0u; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
		if ((word & encodings[i].mask) == encodings[i].bits)
			return encodings[i];
	}
	return (struct encoding){.kind = DECODE_REFUSED};
}

static uint32_t encoding_bytes(struct encoding encoding, uint32_t word)
{
	switch (encoding.size) {
	case SIZE_FIELD:
		return 1u << (word >> 30);
	case SIZE_PAIR:
		return 4u << (word >> 31);
	case SIZE_VPAIR:
		return 4u << (word >> 30);
	default:
		return 1u << encoding.size;
	}
}

/* What the form and the register numbers add to the table. */
static enum decode_kind kind_of(uint32_t word, struct encoding encoding)
{
	bool load = encoding.kind == DECODE_LOAD;
	bool access = load || encoding.kind == DECODE_STORE;
	bool vector = (word >> 26 & 1u) != 0u;
	uint32_t rt = word & 31u, rn = word >> 5 & 31u, rt2 = word >> 10 & 31u;
	uint32_t form = word >> 10 & 3u;

	if ((word & 0x3a000000u) == 0x28000000u && access) {
		if (load && rt == rt2)
			return DECODE_UNDEFINED;
		if ((word >> 23 & 1u) != 0u && !vector && rn != 31u && (rt == rn || rt2 == rn))
			return DECODE_UNDEFINED;
	}
	if ((word & 0x3b000000u) != 0x38000000u)
		return encoding.kind;
	if ((word >> 21 & 1u) != 0u) {
		if (form != 2u)
			return DECODE_REFUSED;
		return (word >> 14 & 1u) != 0u ? encoding.kind : DECODE_UNDEFINED;
	}
	if (form == 2u && (vector || encoding.kind == DECODE_NOTHING))
		return DECODE_UNDEFINED;
	if ((form & 1u) != 0u &&
	    (encoding.kind == DECODE_NOTHING || (access && !vector && rt == rn && rn != 31u)))
		return DECODE_UNDEFINED;
	return encoding.kind;
}

static void check_decode(uint32_t word)
{
	struct decode decode = decode_instruction(word);
	struct encoding encoding = encoding_of(word);

	FUZZ_CHECK(decode.kind == kind_of(word, encoding));
	if (decode.kind != DECODE_LOAD && decode.kind != DECODE_STORE)
		return;
	FUZZ_CHECK(decode.count == encoding.count);
	FUZZ_CHECK(decode.bytes == encoding_bytes(encoding, word));
	FUZZ_CHECK(decode.rt == (word & 31u) && decode.rt2 < 32u && decode.rn < 32u &&
	           decode.rm < 32u);
	FUZZ_CHECK(decode.vector == ((word >> 26 & 1u) != 0u));
	FUZZ_CHECK(decode.offset >= -(1 << 20) && decode.offset < 1 << 20);
}

static void poke(uint64_t at, uint64_t value, uint32_t bytes)
{
	if (at - RAM <= RAM_BYTES - bytes && at >= RAM)
		memcpy(ram + (at - RAM), &value, bytes);
}

/*
 * Tables for one address, granule and size as the fuzzer says, the whole chain in RAM. Returns
 * the IPA that the address must lead to.
 */
static uint64_t build_tables(struct fuzz *in, struct walk_regs *regs, uint64_t va, uint64_t to)
{
	static const uint32_t page_bits[3] = {12u, 14u, 16u};
	static const uint32_t tg0[3] = {0u, 2u, 1u}, tg1[3] = {2u, 1u, 3u};
	uint8_t how = fuzz_u8(in);
	uint32_t granule = how % 3u;
	uint32_t page = page_bits[granule], stride = page - 3u;
	uint32_t size = 16u + fuzz_pick(in, 24u);
	uint32_t stop = how >> 6 & 1u; /* a block one level above the last */
	bool upper = (how >> 7 & 1u) != 0u;
	uint64_t table = RAM;
	uint32_t shift;
	uint64_t *base = upper ? &regs->ttbr1 : &regs->ttbr0;

	regs->sctlr = (regs->sctlr & WALK_SCTLR_EE) | WALK_SCTLR_M | (how >> 5 & 1u) << 2;
	regs->tcr = upper ? (uint64_t)size << 16 | (uint64_t)tg1[granule] << 30
	                  : size | tg0[granule] << 14;
	*base = table;
	for (shift = page; shift + stride < 64u - size; shift += stride)
		continue;
	stop = stop != 0u && shift > page ? 1u : 0u;
	for (;; shift -= stride) {
		uint64_t bits = 64u - size - shift < stride ? 64u - size - shift : stride;
		uint64_t at = table + 8u * (va >> shift & ((1ull << bits) - 1u));
		bool last = shift == page + (stop != 0u ? stride : 0u);
		uint64_t entry = table + (1ull << page);

		if (last)
			entry = (to & ~((1ull << shift) - 1u)) | (stop != 0u ? 1u : 3u);
		else
			entry |= 3u;
		poke(at, (regs->sctlr & WALK_SCTLR_EE) != 0u ? __builtin_bswap64(entry) : entry,
		     8u);
		if (last)
			return (to & ~((1ull << shift) - 1u)) | (va & ((1ull << shift) - 1u));
		table += 1ull << page;
		if (table >= RAM + RAM_BYTES)
			return 0u;
	}
}

static void check_walk(struct fuzz *in)
{
	struct walk_regs regs = {.sctlr = (uint64_t)(fuzz_u8(in) & 2u) << 24};
	uint64_t to = fuzz_u64(in) & 0xfffffffff000ull;
	uint64_t va = fuzz_u64(in);
	uint64_t ipa = 0u;
	uint64_t want;
	uint32_t bits;

	want = build_tables(in, &regs, va, to);
	if (want == 0u || want < RAM)
		return;
	/* the address itself, made canonical for its half */
	bits = 64u - (uint32_t)(regs.ttbr1 != 0u ? regs.tcr >> 16 & 63u : regs.tcr & 63u);
	if (bits >= 55u)
		return;
	va = regs.ttbr1 != 0u ? va | ~((1ull << bits) - 1u) : va & ((1ull << bits) - 1u);
	FUZZ_CHECK(walk_translate(&regs, va, &ipa) && ipa == want);
	/* with the tables gone there is none */
	memset(ram, 0, RAM_BYTES);
	FUZZ_CHECK(!walk_translate(&regs, va, &ipa));
}

static void set_registers(struct fuzz *in)
{
	uint32_t count = fuzz_pick(in, 12u);

	for (uint32_t i = 0u; i < count; i++)
		fake_host.registers[fuzz_u8(in) & 127u] = fuzz_number(in);
}

/* The first byte's address, read out of the instruction once more: most forms add an offset. */
static uint64_t address_of(const struct decode *decode, uint64_t pc)
{
	uint64_t sp = (fake_host.registers[VCPU_REG_PSTATE] & 5u) > 4u ||
	                              (fake_host.registers[VCPU_REG_PSTATE] & 0xdu) == 0xdu ||
	                              (fake_host.registers[VCPU_REG_PSTATE] & 9u) == 9u
	                      ? fake_host.registers[VCPU_REG_SP_EL1]
	                      : fake_host.registers[VCPU_REG_SP_EL0];
	uint64_t base = decode->rn != 31u ? fake_host.registers[decode->rn] : sp;

	if (decode->base == DECODE_BASE_PC)
		return pc + (uint64_t)decode->offset;
	if (decode->base == DECODE_BASE_INDEX)
		return base + decode_index(decode, decode->rm != 31u
		                                           ? fake_host.registers[decode->rm]
		                                           : 0u);
	return decode->write_back == DECODE_WRITE_BACK_POST ? base
	                                                    : base + (uint64_t)decode->offset;
}

/* A good store of general registers, little-endian: the device has the bytes. */
static void check_stored(const struct decode *decode, uint64_t ipa, const uint64_t *before)
{
	for (uint32_t i = 0u; i < decode->count; i++) {
		uint8_t number = i == 0u ? decode->rt : decode->rt2;
		uint64_t value = number != 31u ? before[number] : 0u;

		FUZZ_CHECK(memcmp(&device_memory[ipa - DEVICE + i * decode->bytes], &value,
		                  decode->bytes) == 0);
	}
}

static void check_loaded(const struct decode *decode, uint64_t ipa)
{
	for (uint32_t i = 0u; i < decode->count; i++) {
		uint8_t number = i == 0u ? decode->rt : decode->rt2;
		uint64_t value = 0u;

		memcpy(&value, &device_memory[ipa - DEVICE + i * decode->bytes], decode->bytes);
		if (decode->sign && decode->bytes < 8u &&
		    (value >> (8u * decode->bytes - 1u) & 1u) != 0u)
			value |= UINT64_MAX << (8u * decode->bytes);
		if (!decode->wide)
			value = (uint32_t)value;
		FUZZ_CHECK(number == 31u || fake_host.registers[number] == value);
	}
}

/* AArch32 (PSTATE.M[4]): the syndrome says it all, DDI 0487 ISS of a data abort with ISV. */
static struct decode of_syndrome(uint64_t esr)
{
	return (struct decode){.kind = (esr & ISS_WRITE) != 0u ? DECODE_STORE : DECODE_LOAD,
	                       .sign = (esr >> 21 & 1u) != 0u,
	                       .count = 1u,
	                       .bytes = (uint8_t)(1u << (esr >> 22 & 3u)),
	                       .rt = esr >> 16 & 31u};
}

static void access_device(struct fuzz *in)
{
	uint8_t how = fuzz_u8(in);
	uint32_t word = fuzz_u32(in);
	struct decode decode = decode_instruction(word);
	uint64_t registers[FAKE_REGISTERS];
	uint64_t pc = CODE;
	uint64_t ipa =
		((how & 1u) != 0u ? VGIC - 16u : DEVICE) + fuzz_u16(in) % (DEVICE_BYTES + 16u);
	uint64_t esr = decode.kind == DECODE_STORE ? ISS_WRITE : 0u;
	uint64_t far;
	uint64_t answer;

	set_registers(in);
	if ((how & 2u) != 0u) {
		struct walk_regs regs = {.sctlr = fake_host.registers[VCPU_REG_SCTLR]};

		pc = fuzz_u64(in) & 0x7ffffffffcull;
		(void)build_tables(in, &regs, pc, CODE);
		fake_host.registers[VCPU_REG_SCTLR] |= regs.sctlr;
		fake_host.registers[VCPU_REG_TCR] = regs.tcr;
		fake_host.registers[VCPU_REG_TTBR0] = regs.ttbr0;
		fake_host.registers[VCPU_REG_TTBR1] = regs.ttbr1;
		poke(CODE + (pc & 0xfffu), word, 4u);
	}
	poke(CODE, word, 4u);
	if ((how & 4u) != 0u) /* damage, wherever */
		poke(RAM + (fuzz_u32(in) & (RAM_BYTES - 8u)), fuzz_number(in), 8u);
	far = address_of(&decode, pc);
	if ((how & 0x30u) == 0x30u) {
		esr ^= fuzz_number(in);
		far ^= fuzz_number(in);
		pc ^= fuzz_number(in);
		ipa ^= fuzz_number(in) & 0xffffffffffull;
	}
	memcpy(registers, fake_host.registers, sizeof(registers));
	answer = emulate_access(ipa, pc, esr, far);
	FUZZ_CHECK(answer == VCPU_DONE || answer == VCPU_ABORT || answer == VCPU_UNDEF ||
	           answer == VCPU_RETRY);
	if (answer != VCPU_DONE)
		return;
	if ((registers[VCPU_REG_PSTATE] & 0x10u) != 0u) {
		if ((registers[VCPU_REG_PSTATE] & 0x200u) != 0u) /* big-endian */
			return;
		decode = of_syndrome(esr);
		registers[VCPU_REG_SCTLR] = 0u;
		pc = CODE;
	}
	if (pc != CODE || (esr & 0x580u) != 0u || decode.vector || bus_find(ipa) == NULL ||
	    (registers[VCPU_REG_SCTLR] & (WALK_SCTLR_M | WALK_SCTLR_EE | WALK_SCTLR_E0E)) != 0u)
		return;
	if (decode.kind == DECODE_STORE)
		check_stored(&decode, ipa, registers);
	else if (decode.kind == DECODE_LOAD &&
	         (decode.write_back == DECODE_WRITE_BACK_NONE || decode.rn == 31u))
		check_loaded(&decode, ipa);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct vm_device device = {.backend = "memory",
	                                        .ipa = DEVICE,
	                                        .bytes = DEVICE_BYTES,
	                                        .intid = IMAGE_NONE,
	                                        .channel = IMAGE_NONE};
	struct fuzz in = {data, size};
	uint8_t mode = fuzz_u8(&in);

	if (mode < 0x20u) {
		while (in.left >= 4u)
			check_decode(fuzz_u32(&in));
		return 0;
	}
	ram = calloc(1u, RAM_BYTES);
	ram_init(&bank, 1u, (uintptr_t)ram - RAM);
	fake_host_reset();
	fake_host.vgic_ipa = VGIC;
	fake_host.vgic_bytes = 0x1000u;
	memset(device_memory, 0x81, sizeof(device_memory));
	if (mode >= 0xe0u) {
		check_walk(&in);
	} else if (bus_init(&device, 1u, NULL, 0u) == NULL) {
		while (in.left != 0u)
			access_device(&in);
	}
	free(ram);
	return 0;
}
