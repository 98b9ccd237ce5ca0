/* SPDX-License-Identifier: Apache-2.0 */
/* Barriers towards devices; contract in dma.h. Tests on the build host link their own. */
#include "user/lib/dma.h"

void dma_write_barrier(void)
{
	__asm__ volatile("dmb oshst" : : : "memory");
}

void dma_read_barrier(void)
{
	__asm__ volatile("dmb oshld" : : : "memory");
}

void dma_full_barrier(void)
{
	__asm__ volatile("dmb osh" : : : "memory");
}
