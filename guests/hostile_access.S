/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses of every kind, for hostile_memory.c: hostile_accesses[] is a table of
 * { uint64_t code; uint64_t flags; char name[16] }, ended by a zero. Each is called with the address
 * in x0 and x1 = 0; it may change x0 to x7 and any FP register. Exclusive loads and stores come
 * alone: a store without its load may fail without an access.
 */
#include "guests/hostile_access.h"

	.arch_extension fp
	.arch_extension simd
	.arch_extension crc
	.arch_extension lse

	.macro	access name, flags, code:vararg
	.text
	.balign 8
1:	\code
	ret
	.section .rodata.accesses, "a"
	.quad	1b
	.quad	\flags
2:	.ascii	"\name"
	.balign	16, 0
	.endm

	.section .rodata.accesses, "a"
	.balign 16
	.global hostile_accesses
hostile_accesses:
	access	"ldrb", LOAD, ldrb w2, [x0]
	access	"ldrh", LOAD | SIZE(2), ldrh w2, [x0]
	access	"ldr w", LOAD | SIZE(4), ldr w2, [x0]
	access	"ldr x", LOAD | SIZE(8), ldr x2, [x0]
	access	"ldr xzr", LOAD | SIZE(8), ldr xzr, [x0]
	access	"ldrsb", LOAD, ldrsb x2, [x0]
	access	"ldrsw", LOAD | SIZE(4), ldrsw x2, [x0]
	access	"ldtr", LOAD | USER | SIZE(8), ldtr x2, [x0]
	access	"ldur", LOAD | SIZE(4), ldur w2, [x0]
	access	"ldr post", LOAD | SIZE(8), ldr x2, [x0], #8
	access	"ldr pre", LOAD | SIZE(8), ldr x2, [x0, #0]!
	access	"ldp w", LOAD | SIZE(4), ldp w2, w3, [x0]
	access	"ldp x", LOAD | SIZE(8), ldp x2, x3, [x0]
	access	"ldnp", LOAD | SIZE(8), ldnp x2, x3, [x0]
	access	"ldpsw", LOAD | SIZE(4), ldpsw x2, x3, [x0]
	access	"ldar", LOAD | SIZE(4), ldar w2, [x0]
	access	"ldxr", LOAD | SIZE(4) | ODD, ldxr w2, [x0]
	access	"ldaxr x", LOAD | SIZE(8) | ODD, ldaxr x2, [x0]
	access	"ldxp", LOAD | SIZE(16) | ODD, ldxp x2, x3, [x0]
	access	"ldr b", LOAD, ldr b1, [x0]
	access	"ldr s", LOAD | SIZE(4), ldr s1, [x0]
	access	"ldr q", LOAD | SIZE(16), ldr q1, [x0]
	access	"ldp q", LOAD | SIZE(16), ldp q1, q2, [x0]
	access	"ld1", LOAD | SIZE(16) | ODD, ld1 {v1.16b}, [x0]
	access	"ld1 lane", LOAD | SIZE(4) | ODD, ld1 {v1.s}[1], [x0]
	access	"ld4", LOAD | SIZE(8) | ODD, ld4 {v1.2s, v2.2s, v3.2s, v4.2s}, [x0], #32
	access	"strb", STORE, strb w1, [x0]
	access	"strh", STORE | SIZE(2), strh w1, [x0]
	access	"str w", STORE | SIZE(4), str w1, [x0]
	access	"str x", STORE | SIZE(8), str x1, [x0]
	access	"sttr", STORE | USER | SIZE(4), sttr w1, [x0]
	access	"str post", STORE | SIZE(8), str x1, [x0], #8
	access	"stp x", STORE | SIZE(8), stp x1, x1, [x0]
	access	"stp pre", STORE | SIZE(4), stp w1, w1, [x0, #0]!
	access	"stnp", STORE | SIZE(8), stnp x1, x1, [x0]
	access	"stlr", STORE | SIZE(4), stlr w1, [x0]
	access	"stxr", STORE | SIZE(4) | ODD | MAYBE, stxr w2, w1, [x0]
	access	"stlxp", STORE | SIZE(16) | ODD | MAYBE, stlxp w2, x1, x1, [x0]
	access	"str q", STORE | SIZE(16), str q0, [x0]
	access	"stp d", STORE | SIZE(8), stp d0, d0, [x0]
	access	"st1", STORE | SIZE(16) | ODD, st1 {v0.16b}, [x0]
	access	"st4", STORE | SIZE(8) | ODD, st4 {v0.2s, v1.2s, v2.2s, v3.2s}, [x0]
	access	"ldadd", LOAD | STORE | SIZE(4) | ODD | LSE, ldadd w1, w2, [x0]
	access	"swp", LOAD | STORE | SIZE(8) | ODD | LSE, swpal x1, x2, [x0]
	access	"cas", LOAD | STORE | SIZE(8) | ODD | LSE, cas x1, x1, [x0]
	access	"casp", LOAD | STORE | SIZE(16) | ODD | LSE, casp x2, x3, x4, x5, [x0]
	access	"prfm", MAYBE, prfm pldl1keep, [x0]
	access	"dc zva", STORE | ODD | LINE, dc zva, x0
	access	"dc ivac", MAYBE | MAINTENANCE, dc ivac, x0
	access	"dc cvac", MAYBE | MAINTENANCE, dc cvac, x0
	access	"dc civac", MAYBE | MAINTENANCE, dc civac, x0
	access	"dc cvau", MAYBE | MAINTENANCE, dc cvau, x0
	access	"ic ivau", MAYBE | MAINTENANCE, ic ivau, x0
	access	"at s1e1r", MAYBE, at s1e1r, x0
	access	"at s1e0w", MAYBE, at s1e0w, x0
	access	"fetch", FETCH, br x0
	.quad	0, 0, 0, 0
