/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small formatted output; contract in text.h. Owns nothing; any EL0 thread may call it.
 * Portable: the unit tests run it on the build host.
 */
#include "user/lib/text.h"

#include <stdbool.h>

struct text_out {
	char *to;
	size_t bytes; /* room, including the terminating zero */
	size_t used;
};

struct text_spec {
	bool zero;
	bool left;
	unsigned width;
	unsigned longs; /* 0: int; more: 64-bit */
};

static void text_put(struct text_out *out, char c)
{
	if (out->used + 1u < out->bytes)
		out->to[out->used++] = c;
}

static void text_pad(struct text_out *out, char c, unsigned width, size_t length)
{
	for (size_t i = length; i < width; i++)
		text_put(out, c);
}

static void text_put_string(struct text_out *out, const struct text_spec *spec, const char *text)
{
	size_t length = 0u;

	while (text[length] != '\0')
		length++;
	if (!spec->left)
		text_pad(out, ' ', spec->width, length);
	for (size_t i = 0u; i < length; i++)
		text_put(out, text[i]);
	if (spec->left)
		text_pad(out, ' ', spec->width, length);
}

static void text_put_number(struct text_out *out, const struct text_spec *spec, uint64_t value,
                            unsigned base, bool negative)
{
	char digits[20]; /* of UINT64_MAX in base 10 */
	size_t count = 0u;
	size_t length;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0u);
	length = count + (negative ? 1u : 0u);
	if (!spec->left && !spec->zero)
		text_pad(out, ' ', spec->width, length);
	if (negative)
		text_put(out, '-');
	if (!spec->left && spec->zero)
		text_pad(out, '0', spec->width, length);
	while (count > 0u)
		text_put(out, digits[--count]);
	if (spec->left)
		text_pad(out, ' ', spec->width, length);
}

/* Reads flags, width and length modifiers; returns what follows them. */
static const char *text_parse(const char *format, struct text_spec *spec)
{
	*spec = (struct text_spec){0};
	for (; *format == '0' || *format == '-'; format++) {
		if (*format == '0')
			spec->zero = true;
		else
			spec->left = true;
	}
	for (; *format >= '0' && *format <= '9'; format++)
		spec->width = spec->width * 10u + (unsigned)(*format - '0');
	for (; *format == 'l' || *format == 'z'; format++)
		spec->longs++;
	return format;
}

size_t text_format_list(char *to, size_t bytes, const char *format, va_list list)
{
	struct text_out out = {.to = to, .bytes = bytes};
	struct text_spec spec;
	va_list args;

	va_copy(args, list);
	for (; *format != '\0'; format++) {
		if (*format != '%') {
			text_put(&out, *format);
			continue;
		}
		format = text_parse(format + 1, &spec);
		if (*format == 's') {
			text_put_string(&out, &spec, va_arg(args, const char *));
		} else if (*format == 'c') {
			text_put(&out, (char)va_arg(args, int));
		} else if (*format == 'd') {
			int64_t value =
				spec.longs != 0u ? va_arg(args, int64_t) : va_arg(args, int);

			text_put_number(&out, &spec,
			                value < 0 ? 0u - (uint64_t)value : (uint64_t)value, 10u,
			                value < 0);
		} else if (*format == 'u' || *format == 'x') {
			uint64_t value =
				spec.longs != 0u ? va_arg(args, uint64_t) : va_arg(args, unsigned);

			text_put_number(&out, &spec, value, *format == 'x' ? 16u : 10u, false);
		} else if (*format == '\0') {
			break;
		} else {
			text_put(&out, *format);
		}
	}
	va_end(args);
	if (bytes != 0u)
		to[out.used] = '\0';
	return out.used;
}

size_t text_format(char *to, size_t bytes, const char *format, ...)
{
	va_list list;
	size_t used;

	va_start(list, format);
	used = text_format_list(to, bytes, format, list);
	va_end(list);
	return used;
}
