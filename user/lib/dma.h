/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order between a driver's memory and its device's DMA (DDI 0487 B2.3.7: DMB of the outer
 * shareable domain, where masters are that are no CPUs). For coherent devices: nothing is
 * cleaned. From any thread.
 */
#ifndef BULKHEAD_USER_LIB_DMA_H
#define BULKHEAD_USER_LIB_DMA_H

/* What was written before is seen by the device before what is written after. */
void dma_write_barrier(void);
/* What the device wrote before what was read is read after it. */
void dma_read_barrier(void);
/* Both, and a write before is seen before a read after takes its value. */
void dma_full_barrier(void);

#endif
