/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must be UNDEFINED at EL1: registers of EL2 and EL3, and those of features that the ID
 * registers do not show. Only registers that a hypervisor can trap are here.
 */
#include "guests/lib/bare.h"
#include "guests/lib/bare_check.h"
#include "guests/regtest.h"

#define EC_UNKNOWN 0u

/* clang-format off */
/* Name, encoding: EL2, EL3, and the aliases that EL2 has with VHE. */
#define NEVER(X)                      \
	X(hcr_el2, s3_4_c1_c1_0)      \
	X(sctlr_el2, s3_4_c1_c0_0)    \
	X(cptr_el2, s3_4_c1_c1_2)     \
	X(hstr_el2, s3_4_c1_c1_3)     \
	X(vttbr_el2, s3_4_c2_c1_0)    \
	X(vtcr_el2, s3_4_c2_c1_2)     \
	X(esr_el2, s3_4_c5_c2_0)      \
	X(far_el2, s3_4_c6_c0_0)      \
	X(hpfar_el2, s3_4_c6_c0_4)    \
	X(vbar_el2, s3_4_c12_c0_0)    \
	X(tpidr_el2, s3_4_c13_c0_2)   \
	X(cnthctl_el2, s3_4_c14_c1_0) \
	X(cntvoff_el2, s3_4_c14_c0_3) \
	X(cnthp_ctl_el2, s3_4_c14_c2_1) \
	X(mdcr_el2, s3_4_c1_c1_1)     \
	X(vmpidr_el2, s3_4_c0_c0_5)   \
	X(sp_el1, s3_4_c4_c1_0)       \
	X(spsr_el2, s3_4_c4_c0_0)     \
	X(dacr32_el2, s3_4_c3_c0_0)   \
	X(icc_sre_el2, s3_4_c12_c9_5) \
	X(ich_hcr_el2, s3_4_c12_c11_0) \
	X(ich_vtr_el2, s3_4_c12_c11_1) \
	X(ich_lr0_el2, s3_4_c12_c12_0) \
	X(sctlr_el12, s3_5_c1_c0_0)   \
	X(cntv_ctl_el02, s3_5_c14_c3_1) \
	X(scr_el3, s3_6_c1_c1_0)      \
	X(sctlr_el3, s3_6_c1_c0_0)    \
	X(icc_ctlr_el3, s3_6_c12_c12_4) \
	X(trcprgctlr, s2_1_c0_c1_0) \
	X(icc_sgi1r_el1, s3_0_c12_c11_5) /* write-only */

/* Name, encoding, the ID register that shows the feature, and the field. */
#define FEATURES(X)                                                \
	X(pmcr_el0, s3_3_c9_c12_0, id_aa64dfr0_el1, 8)             \
	X(pmccntr_el0, s3_3_c9_c13_0, id_aa64dfr0_el1, 8)          \
	X(pmintenset_el1, s3_0_c9_c14_1, id_aa64dfr0_el1, 8)       \
	X(zcr_el1, s3_0_c1_c2_0, id_aa64pfr0_el1, 32)              \
	X(lorc_el1, s3_0_c10_c4_3, s3_0_c0_c7_1, 16)               \
	X(pmscr_el1, s3_0_c9_c9_0, id_aa64dfr0_el1, 32)            \
	X(trfcr_el1, s3_0_c1_c2_1, id_aa64dfr0_el1, 40)            \
	X(trblimitr_el1, s3_0_c9_c11_0, id_aa64dfr0_el1, 44)       \
	X(amcr_el0, s3_3_c13_c2_0, id_aa64pfr0_el1, 44)            \
	X(erridr_el1, s3_0_c5_c3_0, id_aa64pfr0_el1, 28)           \
	X(gcr_el1, s3_0_c1_c0_6, id_aa64pfr1_el1, 8)               \
	X(smcr_el1, s3_0_c1_c2_6, id_aa64pfr1_el1, 24)
/* clang-format on */

struct reading {
	const char *name;
	uint64_t (*read)(void);
};

#define READER(register_name, encoding)            \
	static uint64_t read_##register_name(void) \
	{                                          \
		return READ_REG(encoding);         \
	}
#define READER_OF_FEATURE(register_name, encoding, id, shift) READER(register_name, encoding)
#define ENTRY(register_name, encoding)                        {#register_name, read_##register_name},

NEVER(READER)
FEATURES(READER_OF_FEATURE)

static const struct reading never[] = {NEVER(ENTRY)};

static bool is_undefined(uint64_t (*read)(void))
{
	struct probe probe;

	probe_begin();
	(void)read();
	probe = probe_end();
	return probe.count == 1u && probe.esr >> 26 == EC_UNKNOWN;
}

static uint64_t field(uint64_t value, uint32_t shift)
{
	uint64_t number = value >> shift & 0xfu;

	return number == 0xfu ? 0u : number; /* all ones: none, or not the architecture's */
}

/* The field must say whether the register is there. */
static void feature(const char *name, uint64_t shown, uint64_t (*read)(void))
{
	if (shown == 0u)
		check_part(name, is_undefined(read), true);
	else
		check_part(name, is_undefined(read), false);
}

#define CHECK_FEATURE(register_name, encoding, id, shift) \
	feature(#register_name, field(READ_REG(id), shift), read_##register_name);

/* All of op0 3, op1 0, CRn 0, CRm 4 to 7: read-as-zero where nothing is defined (D12.3.1). */
static void test_id_space(void)
{
	probe_begin();
#define READ_ROW(m)                                                               \
	(void)READ_REG(s3_0_c0_##m##_0), (void)READ_REG(s3_0_c0_##m##_1),         \
		(void)READ_REG(s3_0_c0_##m##_2), (void)READ_REG(s3_0_c0_##m##_3), \
		(void)READ_REG(s3_0_c0_##m##_4), (void)READ_REG(s3_0_c0_##m##_5), \
		(void)READ_REG(s3_0_c0_##m##_6), (void)READ_REG(s3_0_c0_##m##_7)
	READ_ROW(c1);
	READ_ROW(c2);
	READ_ROW(c3);
	READ_ROW(c4);
	READ_ROW(c5);
	READ_ROW(c6);
	READ_ROW(c7);
#undef READ_ROW
	check_part("exceptions", probe_end().count, 0);
	check_part("EL1", (READ_REG(id_aa64pfr0_el1) >> 4 & 0xfu) != 0u, 1);
	check_part("EL2", READ_REG(id_aa64pfr0_el1) >> 8 & 0xfu, 0);
	check_part("OS Lock", READ_REG(oslsr_el1) >> 3 & 1u, 1); /* OSLM[1]: there is one */
	check_part("GIC", READ_REG(id_aa64pfr0_el1) >> 24 & 0xfu, 1);
	check_done("id registers");
}

static uint64_t read_nothing(void)
{
	__asm__ volatile(".inst 0");
	return 0;
}

/* Pointer authentication has a field in each of two registers, API and APA. */
static uint64_t read_key(void)
{
	return READ_REG(s3_0_c2_c1_0);
}

static void test_features(void)
{
	uint64_t isar1 = READ_REG(id_aa64isar1_el1);

	WRITE_REG(cpacr_el1, 3u << 24 | 3u << 20 | 3u << 16); /* SMEN, FPEN, ZEN */
	barrier_isb();
	FEATURES(CHECK_FEATURE)
	feature("apiakeylo_el1", field(isar1, 4) | field(isar1, 8), read_key);
	WRITE_REG(cpacr_el1, 3u << 20);
	barrier_isb();
	check_done("features");
}

void test_undefined(void)
{
	test_id_space();
	for (uint32_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		check_part(never[i].name, is_undefined(never[i].read), true);
	check_done("other levels");
	check("undefined", is_undefined(read_nothing), true);
	test_features();
}
