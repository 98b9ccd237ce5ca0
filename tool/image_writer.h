/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The finished image as files: flat (an arm64 Image), and the same as an ELF file with one
 * segment. Called last, with a good layout.
 */
#ifndef BULKHEAD_TOOL_IMAGE_WRITER_H
#define BULKHEAD_TOOL_IMAGE_WRITER_H

#include "tool/layout.h"

/* Writes path and path.elf. False, with a message: a file cannot be written. */
bool image_writer_write(const struct layout *layout, const char *path);

#endif
