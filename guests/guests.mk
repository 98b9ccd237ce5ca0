# SPDX-License-Identifier: Apache-2.0
#
# The small guests: guest_NAME = sources. Included by the Makefile.
bare := $(sort $(wildcard guests/lib/bare_*.S guests/lib/bare_*.c))
guest_tiny = guests/tiny.S
guest_hello = guests/hello.c $(bare)
