/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vcpu_run: how a VM process runs its vCPU, and why it comes back.
 *
 * Only registers pass: nothing is shared with the kernel. Each call names what to do with
 * the exit before (an operation), then runs the guest until the next exit. An operation
 * that does not answer the pending exit is refused: VCPU_EXIT_REFUSED, nothing changed.
 */
#ifndef BULKHEAD_ABI_VCPU_H
#define BULKHEAD_ABI_VCPU_H

/*
 * Operations: x0 of vcpu_run. In brackets the exits that each one answers.
 * RESUME       [NOTIFIED, and the first run] go on where the guest stands
 * READ_VALUE   [MMIO_READ] x1 goes to the guest's register, extended as its instruction says
 * DONE         [MMIO_WRITE, DECODE] behind the instruction
 * CALL_RETURN  [CALL] x1..x4 go to the guest's x0..x3
 * CALL_IDLE    [CALL] the same, then wait for an interrupt as WFI does (PSCI CPU_SUSPEND)
 * ABORT        [MMIO_*, DECODE, FETCH] a synchronous external abort at the guest's EL1
 * UNDEF        [DECODE] an undefined-instruction exception at the guest's EL1
 * RETRY        [MMIO_*, DECODE, FETCH] execute the instruction again
 */
#define VCPU_RESUME      0u
#define VCPU_READ_VALUE  1u
#define VCPU_DONE        2u
#define VCPU_CALL_RETURN 3u
#define VCPU_CALL_IDLE   4u
#define VCPU_ABORT       5u
#define VCPU_UNDEF       6u
#define VCPU_RETRY       7u

/*
 * Exit reasons: x0 on return.
 * NOTIFIED    x1 = notification word, not cleared: take its bits by wait(mask, 0)
 * MMIO_READ   x1 = IPA, x2 = size in bytes (1, 2, 4, 8)
 * MMIO_WRITE  x1 = IPA, x2 = size in bytes, x3 = value, zero-extended from its size
 * DECODE      data access outside RAM without a syndrome (pairs, write-back forms, SIMD):
 *             x1 = IPA, x2 = PC (guest virtual), x3 = ESR_EL2, x4 = FAR_EL2 (guest virtual)
 * FETCH       instruction fetch outside RAM: x1 = IPA, x2 = PC
 * CALL        HVC or SMC that the kernel does not answer itself: x1..x4 = guest x0..x3,
 *             x5 = 0 for HVC, 1 for SMC. The PC is already behind the instruction.
 * REFUSED     x1 = status: the operation does not fit, or the thread has no vCPU
 */
#define VCPU_EXIT_NOTIFIED   0u
#define VCPU_EXIT_MMIO_READ  1u
#define VCPU_EXIT_MMIO_WRITE 2u
#define VCPU_EXIT_DECODE     3u
#define VCPU_EXIT_FETCH      4u
#define VCPU_EXIT_CALL       5u
#define VCPU_EXIT_REFUSED    6u

/*
 * Registers of vcpu_get and vcpu_set. 0..30 are x0..x30. Setting VCPU_REG_RESET puts every
 * register of the vCPU in its architectural reset state (MMU and caches off, EL1h, DAIF
 * masked), its timers off and its virtual GIC redistributor as after reset, whatever the
 * value. PSTATE may be set to EL0t, EL1t, EL1h and AArch32 user mode only: another mode is
 * STATUS_DENIED. MPIDR is read-only.
 */
#define VCPU_REG_X0     0u
#define VCPU_REG_X30    30u
#define VCPU_REG_PC     31u
#define VCPU_REG_PSTATE 32u
#define VCPU_REG_SP_EL0 33u
#define VCPU_REG_SP_EL1 34u
#define VCPU_REG_SCTLR  35u
#define VCPU_REG_TTBR0  36u
#define VCPU_REG_TTBR1  37u
#define VCPU_REG_TCR    38u
#define VCPU_REG_MAIR   39u
#define VCPU_REG_VBAR   40u
#define VCPU_REG_ELR    41u
#define VCPU_REG_SPSR   42u
#define VCPU_REG_ESR    43u
#define VCPU_REG_FAR    44u
#define VCPU_REG_MPIDR  45u
/*
 * FP registers of the guest as 64-bit halves: VCPU_REG_V0 + 2n is bits 63:0 of Vn and
 * VCPU_REG_V0 + 2n + 1 bits 127:64, for the decoder of SIMD accesses to devices.
 */
#define VCPU_REG_V0       64u
#define VCPU_REG_V31_HIGH 127u
#define VCPU_REG_RESET    255u

#endif
