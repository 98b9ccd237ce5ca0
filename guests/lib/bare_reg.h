/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System registers for the small guests: by name, or by encoding where the assembler's
 * architecture has no name. Any CPU, EL1.
 */
#ifndef BULKHEAD_GUESTS_LIB_BARE_REG_H
#define BULKHEAD_GUESTS_LIB_BARE_REG_H

#include <stdint.h>

#define READ_REG(name)                                                          \
	({                                                                      \
		uint64_t value_;                                                \
		__asm__ volatile("mrs %0, " #name : "=r"(value_) : : "memory"); \
		value_;                                                         \
	})

#define WRITE_REG(name, value) \
	__asm__ volatile("msr " #name ", %x0" : : "rZ"((uint64_t)(value)) : "memory")

static inline void barrier_isb(void)
{
	__asm__ volatile("isb" : : : "memory");
}

static inline void barrier_dsb(void)
{
	__asm__ volatile("dsb sy" : : : "memory");
}

/* IHI 0069 section 12.2: the CPU interface */
#define ICC_PMR     s3_0_c4_c6_0
#define ICC_IAR0    s3_0_c12_c8_0
#define ICC_EOIR0   s3_0_c12_c8_1
#define ICC_HPPIR0  s3_0_c12_c8_2
#define ICC_BPR0    s3_0_c12_c8_3
#define ICC_DIR     s3_0_c12_c11_1
#define ICC_RPR     s3_0_c12_c11_3
#define ICC_SGI1R   s3_0_c12_c11_5
#define ICC_SGI0R   s3_0_c12_c11_7
#define ICC_IAR1    s3_0_c12_c12_0
#define ICC_EOIR1   s3_0_c12_c12_1
#define ICC_HPPIR1  s3_0_c12_c12_2
#define ICC_BPR1    s3_0_c12_c12_3
#define ICC_CTLR    s3_0_c12_c12_4
#define ICC_SRE     s3_0_c12_c12_5
#define ICC_IGRPEN0 s3_0_c12_c12_6
#define ICC_IGRPEN1 s3_0_c12_c12_7

/* The macros above are names of names: these expand them first. */
#define READ_ICC(name)          READ_REG_(name)
#define READ_REG_(name)         READ_REG(name)
#define WRITE_ICC(name, value)  WRITE_REG_(name, value)
#define WRITE_REG_(name, value) WRITE_REG(name, value)

#endif
