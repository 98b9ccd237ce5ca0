/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoded accesses; contract in emulate.h. Everything here is the guest's and may change
 * while it is looked at: the instruction is read once. An access that is partly RAM, leaves
 * its page, or is not what the syndrome says gets an external abort or another try.
 */
#include "user/vmm/emulate.h"

#include <stdbool.h>
#include <stddef.h>

#include "abi/vcpu.h"
#include "user/vmm/decode.h"
#include "user/vmm/machine.h"
#include "user/vmm/bus.h"
#include "user/vmm/walk.h"

/* ESR_EL2.ISS of a data abort, DDI 0487 D13.2.37 */
#define ISS_WNR        (1u << 6)
#define ISS_S1PTW      (1u << 7)
#define ISS_CM         (1u << 8)
#define ISS_FNV        (1u << 10)
#define ISS_SSE        (1u << 21)
#define ISS_ISV        (1u << 24)
#define ISS_SRT(esr)   ((uint8_t)((esr) >> 16 & 0x1fu))
#define ISS_BYTES(esr) ((uint8_t)(1u << ((esr) >> 22 & 3u)))

/* PSTATE */
#define PSTATE_AARCH32 (1u << 4)
#define PSTATE_E       (1u << 9) /* AArch32: big-endian data */
#define PSTATE_EL      (3u << 2)
#define PSTATE_SPSEL   (1u << 0)

#define GUEST_PAGE    4096u
#define ADDRESS_MASK  ((1ull << 56) - 1u) /* without the tag */
#define ZERO_REGISTER 31u
#define CHUNK         8u /* bytes moved at once; a Q register takes two */

/* The values of up to two registers, 64-bit halves in memory order. */
struct emulate_data {
	uint64_t half[4];
};

static uint32_t emulate_base_register(uint8_t rn, uint64_t pstate)
{
	if (rn != ZERO_REGISTER)
		return VCPU_REG_X0 + rn;
	return (pstate & PSTATE_EL) != 0u && (pstate & PSTATE_SPSEL) != 0u ? VCPU_REG_SP_EL1
	                                                                   : VCPU_REG_SP_EL0;
}

static uint64_t emulate_general(uint8_t number)
{
	return number != ZERO_REGISTER ? machine_register(VCPU_REG_X0 + number) : 0u;
}

static uint64_t emulate_truncate(uint64_t value, uint32_t bytes)
{
	return bytes < 8u ? value & ((1ull << (bytes * 8u)) - 1u) : value;
}

static uint64_t emulate_swap(uint64_t value, uint32_t bytes)
{
	return __builtin_bswap64(value) >> (64u - bytes * 8u);
}

static bool emulate_bus(uint64_t ipa, uint32_t bytes, bool write, uint64_t *value)
{
	struct device *device = bus_find(ipa);

	if (device == NULL)
		return machine_vgic(ipa, bytes, write, value);
	return write ? bus_write(device, ipa, bytes, *value) : bus_read(device, ipa, bytes, value);
}

/* Moves all registers' bytes between the device and data, ascending. */
static bool emulate_move(const struct decode *decode, uint64_t ipa, bool big_endian,
                         struct emulate_data *data)
{
	uint32_t chunk = decode->bytes < CHUNK ? decode->bytes : CHUNK;
	uint32_t chunks = decode->bytes / chunk;
	bool write = decode->kind == DECODE_STORE;

	for (uint32_t i = 0u; i < decode->count * chunks; i++) {
		/* big-endian: the high half of a Q register comes first */
		uint32_t at = big_endian && chunks == 2u ? i ^ 1u : i;
		uint64_t value = 0u;

		if (write)
			value = big_endian ? emulate_swap(data->half[at], chunk) : data->half[at];
		if (!emulate_bus(ipa + (uint64_t)i * chunk, chunk, write, &value))
			return false;
		value = emulate_truncate(value, chunk);
		if (!write)
			data->half[at] = big_endian ? emulate_swap(value, chunk) : value;
	}
	return true;
}

static void emulate_gather(const struct decode *decode, struct emulate_data *data)
{
	const uint8_t registers[2] = {decode->rt, decode->rt2};
	uint32_t halves = decode->bytes == 16u ? 2u : 1u;

	for (uint32_t i = 0u; i < decode->count; i++) {
		if (!decode->vector) {
			data->half[i] =
				emulate_truncate(emulate_general(registers[i]), decode->bytes);
			continue;
		}
		for (uint32_t half = 0u; half < halves; half++)
			data->half[(size_t)i * halves + half] = emulate_truncate(
				machine_register(VCPU_REG_V0 + 2u * registers[i] + half),
				decode->bytes);
	}
}

static void emulate_scatter(const struct decode *decode, const struct emulate_data *data)
{
	const uint8_t registers[2] = {decode->rt, decode->rt2};
	uint32_t halves = decode->bytes == 16u ? 2u : 1u;

	for (uint32_t i = 0u; i < decode->count; i++) {
		if (decode->vector) {
			uint32_t number = VCPU_REG_V0 + 2u * registers[i];

			/* a load clears what it does not fill */
			machine_set_register(number, data->half[(size_t)i * halves]);
			machine_set_register(number + 1u,
			                     halves == 2u ? data->half[(size_t)i * halves + 1u]
			                                  : 0u);
		} else if (registers[i] != ZERO_REGISTER) {
			machine_set_register(VCPU_REG_X0 + registers[i],
			                     decode_extend(decode, data->half[i]));
		}
	}
}

/* The address of the access, and what the base register becomes. */
static uint64_t emulate_address(const struct decode *decode, uint64_t pc, uint64_t base)
{
	if (decode->base == DECODE_BASE_PC)
		return pc + (uint64_t)decode->offset;
	if (decode->base == DECODE_BASE_INDEX)
		return base + decode_index(decode, emulate_general(decode->rm));
	if (decode->write_back == DECODE_WRITE_BACK_POST)
		return base;
	return base + (uint64_t)decode->offset;
}

static bool emulate_fetch(const struct walk_regs *regs, uint64_t pc, uint32_t *instruction)
{
	uint64_t ipa;
	uint64_t value;

	if ((pc & 3u) != 0u || !walk_translate(regs, pc, &ipa) || !walk_read(regs, ipa, 4u, &value))
		return false;
	/* instructions are little-endian always */
	*instruction = (uint32_t)value;
	return true;
}

static uint64_t emulate_decoded(const struct decode *decode, uint64_t ipa, uint64_t pc,
                                uint64_t far, uint64_t pstate, uint64_t sctlr)
{
	uint32_t base_register = emulate_base_register(decode->rn, pstate);
	uint64_t base = decode->base != DECODE_BASE_PC ? machine_register(base_register) : 0u;
	uint64_t big = (pstate & PSTATE_EL) != 0u ? WALK_SCTLR_EE : WALK_SCTLR_E0E;
	struct emulate_data data = {{0u}};

	/* The fault must be at the first byte, and the rest behind it in the same page. */
	if (((emulate_address(decode, pc, base) ^ far) & ADDRESS_MASK) != 0u ||
	    (ipa % GUEST_PAGE) + (uint64_t)decode->count * decode->bytes > GUEST_PAGE)
		return VCPU_ABORT;
	if (decode->kind == DECODE_STORE)
		emulate_gather(decode, &data);
	if (!emulate_move(decode, ipa, (sctlr & big) != 0u, &data))
		return VCPU_ABORT;
	if (decode->kind == DECODE_LOAD)
		emulate_scatter(decode, &data);
	if (decode->write_back != DECODE_WRITE_BACK_NONE)
		machine_set_register(base_register, base + (uint64_t)decode->offset);
	return VCPU_DONE;
}

/* AArch32: what the syndrome says all of, but that data is big-endian (PSTATE.E). */
static uint64_t emulate_a32(uint64_t ipa, uint64_t esr, uint64_t pstate)
{
	const struct decode decode = {
		.kind = (esr & ISS_WNR) != 0u ? DECODE_STORE : DECODE_LOAD,
		.sign = (esr & ISS_SSE) != 0u,
		.count = 1u,
		.bytes = ISS_BYTES(esr),
		.rt = ISS_SRT(esr),
	};
	struct emulate_data data = {{0u}};

	if ((esr & ISS_ISV) == 0u || ipa % GUEST_PAGE + decode.bytes > GUEST_PAGE)
		return VCPU_ABORT;
	emulate_gather(&decode, &data);
	if (!emulate_move(&decode, ipa, (pstate & PSTATE_E) != 0u, &data))
		return VCPU_ABORT;
	if (decode.kind == DECODE_LOAD)
		emulate_scatter(&decode, &data);
	return VCPU_DONE;
}

uint64_t emulate_access(uint64_t ipa, uint64_t pc, uint64_t esr, uint64_t far)
{
	const struct walk_regs regs = {
		.sctlr = machine_register(VCPU_REG_SCTLR),
		.tcr = machine_register(VCPU_REG_TCR),
		.ttbr0 = machine_register(VCPU_REG_TTBR0),
		.ttbr1 = machine_register(VCPU_REG_TTBR1),
	};
	uint64_t pstate = machine_register(VCPU_REG_PSTATE);
	struct decode decode;
	uint32_t instruction;

	if ((esr & (ISS_S1PTW | ISS_FNV)) != 0u)
		return VCPU_ABORT;
	/* Cache maintenance of an address that no cache holds: done. */
	if ((esr & ISS_CM) != 0u)
		return VCPU_DONE;
	if ((pstate & PSTATE_AARCH32) != 0u)
		return emulate_a32(ipa, esr, pstate);
	if (!emulate_fetch(&regs, pc, &instruction))
		return VCPU_ABORT;
	decode = decode_instruction(instruction);
	switch (decode.kind) {
	case DECODE_NOTHING:
		return VCPU_DONE;
	case DECODE_UNDEFINED:
		return VCPU_UNDEF;
	case DECODE_LOAD:
	case DECODE_STORE:
		break;
	default:
		return VCPU_ABORT;
	}
	/* Another vCPU has changed the instruction since. */
	if (((esr & ISS_WNR) != 0u) != (decode.kind == DECODE_STORE))
		return VCPU_RETRY;
	return emulate_decoded(&decode, ipa, pc, far, pstate, regs.sctlr);
}
