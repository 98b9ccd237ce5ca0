/* SPDX-License-Identifier: Apache-2.0 */
/*
 * struct config and its arrays (abi/image.h), as the kernel reads them at EL2. The size
 * depends on the model alone, the contents on the finished layout.
 */
#ifndef BULKHEAD_TOOL_CONFIG_WRITER_H
#define BULKHEAD_TOOL_CONFIG_WRITER_H

#include "tool/layout.h"

uint64_t config_writer_bytes(const struct system *system);
struct bytes config_writer_write(const struct layout *layout);

#endif
