/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rule "one-owner", the heart of the check: all mappings of all spaces, the translation
 * tables and the guard pages are swept in physical order, and every range that more than one
 * of them holds must be one of the named exceptions below. Host code.
 */
#include "tool/verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_PARTIES_MAX (SPACE_MAX + 1u)

struct sweep {
	struct verify *v;
	struct verify_map *sorted;
	size_t count;
	const struct verify_map **active; /* those that hold the current address */
	size_t active_count;
	size_t share_room;
};

typedef bool exception_t(const struct sweep *s, uint64_t pa);

static const struct verify_space *space_of(const struct sweep *s, size_t i)
{
	return &s->v->spaces[s->active[i]->space];
}

static uint64_t va_of(const struct sweep *s, size_t i, uint64_t pa)
{
	return s->active[i]->va + (pa - s->active[i]->pa);
}

/* EL2 sees its first page twice: linear, and where it is while the MMU comes on. */
static bool is_identity(const struct sweep *s, uint64_t pa)
{
	return s->active_count == 2 && pa == s->v->head.load_pa &&
	       s->active[0]->space == SPACE_EL2_ID && s->active[1]->space == SPACE_EL2_ID &&
	       s->active[0]->form == FORM_RX && s->active[1]->form == FORM_RX &&
	       (va_of(s, 0, pa) == pa || va_of(s, 1, pa) == pa);
}

static bool is_guest_ram(const struct sweep *s, uint64_t pa)
{
	size_t guest = space_of(s, 0)->kind == KIND_VM ? 0 : 1;
	size_t process = 1 - guest;

	return s->active_count == 2 && space_of(s, guest)->kind == KIND_VM &&
	       space_of(s, process)->kind == KIND_PROCESS &&
	       s->v->processes[space_of(s, process)->index].vm == space_of(s, guest)->index &&
	       s->active[guest]->form == FORM_RWX && s->active[process]->form == FORM_RW &&
	       va_of(s, process, pa) == va_of(s, guest, pa) + GUEST_VA;
}

static bool is_boot_uart(const struct sweep *s, uint64_t pa)
{
	size_t el2 = s->active[0]->space == SPACE_EL2_ID ? 0 : 1;

	return s->active_count == 2 && s->v->head.uart_type != UART_NONE &&
	       pa == (s->v->head.uart_pa & ~(PAGE_BYTES - 1)) &&
	       s->active[el2]->space == SPACE_EL2_ID &&
	       space_of(s, 1 - el2)->kind == KIND_PROCESS && s->active[0]->form == FORM_DEVICE &&
	       s->active[1]->form == FORM_DEVICE;
}

static bool is_program(const struct sweep *s, uint64_t pa)
{
	for (size_t i = 0; i < s->active_count; i++) {
		uint64_t va = va_of(s, i, pa);

		if (space_of(s, i)->kind != KIND_PROCESS || va < PROGRAM_TEXT_VA ||
		    va >= PROGRAM_TEXT_END || va != va_of(s, 0, pa) ||
		    s->active[i]->form != s->active[0]->form ||
		    (s->active[i]->form != FORM_RX && s->active[i]->form != FORM_RO))
			return false;
		for (size_t j = 0; j < i; j++)
			if (s->active[i]->space == s->active[j]->space)
				return false;
	}
	return true;
}

static bool is_channel(const struct sweep *s, uint64_t pa)
{
	const struct process_channel *ends[2];

	if (s->active_count != 2 || s->active[0]->space == s->active[1]->space)
		return false;
	for (size_t i = 0; i < 2; i++) {
		if (space_of(s, i)->kind != KIND_PROCESS || s->active[i]->form != FORM_RW)
			return false;
		ends[i] = verify_channel_at(s->v, space_of(s, i)->index, va_of(s, i, pa));
		if (!ends[i])
			return false;
	}
	return va_of(s, 0, pa) - ends[0]->va == va_of(s, 1, pa) - ends[1]->va;
}

/* One writes it, the others read it, each where its info page says. */
static bool is_pool(const struct sweep *s, uint64_t pa)
{
	unsigned writers = 0;

	for (size_t i = 0; i < s->active_count; i++) {
		uint64_t va = va_of(s, i, pa);
		bool writable;

		if (space_of(s, i)->kind != KIND_PROCESS || !verify_pool_window(va) ||
		    !verify_pool_at(s->v, space_of(s, i)->index, va, &writable) ||
		    s->active[i]->form != (writable ? FORM_RW : FORM_RO))
			return false;
		writers += writable;
		for (size_t j = 0; j < i; j++)
			if (s->active[i]->space == s->active[j]->space)
				return false;
	}
	return writers == 1;
}

/* Its reader is one, and sees it where its info says: rule "recorder". */
static bool is_recorder(const struct sweep *s, uint64_t pa)
{
	size_t el2 = s->active[0]->space == SPACE_EL2_ID ? 0 : 1;
	size_t reader = 1 - el2;

	return s->active_count == 2 && verify_recorder_page(s->v, pa) &&
	       s->active[el2]->space == SPACE_EL2_ID && s->active[el2]->form == FORM_RW &&
	       space_of(s, reader)->kind == KIND_PROCESS && s->active[reader]->form == FORM_RO &&
	       s->v->infos[space_of(s, reader)->index].info.trace_rings == TRACE_VA &&
	       va_of(s, reader, pa) - TRACE_VA == pa - verify_recorder_pa(s->v);
}

/* Its peers, each once, at one offset of it, with the right that its info says: rule "shared". */
static bool is_shared_memory(const struct sweep *s, uint64_t pa)
{
	const struct process_shared *first =
		verify_shared_at(s->v, s->active[0]->space, va_of(s, 0, pa));
	uint64_t start = first ? (first->va ? first->va : first->ipa) : 0;

	for (size_t i = 0; first && i < s->active_count; i++) {
		const struct process_shared *other =
			verify_shared_at(s->v, s->active[i]->space, va_of(s, i, pa));

		if (!other || memcmp(other->name, first->name, NAME_BYTES) != 0 ||
		    other->bytes != first->bytes || other->peers != first->peers ||
		    va_of(s, i, pa) - (other->va ? other->va : other->ipa) !=
		            va_of(s, 0, pa) - start)
			return false;
		for (size_t j = 0; j < i; j++)
			if (s->active[i]->space == s->active[j]->space)
				return false;
	}
	return first && s->active_count <= first->peers;
}

/* clang-format off */
static const struct {
	const char *why; /* NULL: one space only, nothing to list */
	exception_t *holds;
} exceptions[] = {
	{ NULL,                                  is_identity },
	{ "guest RAM, in its own VM process",    is_guest_ram },
	{ "program, read-only",                  is_program },
	{ "channel, read-write",                 is_channel },
	{ "pool, one writer",                    is_pool },
	{ "boot UART",                           is_boot_uart },
	{ "shared memory",                       is_shared_memory },
	{ "flight recorder, read-only",          is_recorder },
};
/* clang-format on */

static void add_share(struct sweep *s, uint64_t pa, uint64_t bytes, const char *why)
{
	struct verify *v = s->v;
	struct verify_share share = {pa, bytes, why, {0}};
	struct verify_share *last = v->share_count ? &v->shares[v->share_count - 1] : NULL;

	for (size_t i = 0; i < s->active_count; i++)
		share.spaces[s->active[i]->space / 64] |= 1ull << s->active[i]->space % 64;
	v->shared_count += bytes / PAGE_BYTES;
	if (last && last->pa + last->bytes == pa && last->why == why &&
	    memcmp(last->spaces, share.spaces, sizeof(share.spaces)) == 0) {
		last->bytes += bytes;
		return;
	}
	if (v->share_count == s->share_room) {
		size_t room = s->share_room ? s->share_room * 2 : 64;
		struct verify_share *shares = verify_alloc(room, sizeof(*shares));

		if (v->share_count)
			memcpy(shares, v->shares, v->share_count * sizeof(*shares));
		free(v->shares);
		v->shares = shares;
		s->share_room = room;
	}
	v->shares[v->share_count++] = share;
}

static void judge(struct sweep *s, uint64_t pa, uint64_t bytes)
{
	struct verify *v = s->v;
	const struct verify_map *a = s->active[0];
	const struct verify_map *b;

	if (a->form != FORM_TABLE && a->form != FORM_GUARD)
		v->page_count += bytes / PAGE_BYTES;
	if (s->active_count < 2)
		return;
	for (size_t i = 0;
	     s->active_count <= SWEEP_PARTIES_MAX && i < sizeof(exceptions) / sizeof(exceptions[0]);
	     i++) {
		if (!exceptions[i].holds(s, pa))
			continue;
		if (exceptions[i].why)
			add_share(s, pa, bytes, exceptions[i].why);
		return;
	}
	b = s->active[1];
	verify_fail(v,
	            "%#" PRIx64 "-%#" PRIx64 " is %s in %s at %#" PRIx64
	            " and %s in %s at %#" PRIx64 "%s",
	            pa, pa + bytes - 1, verify_form_name(a->form), v->spaces[a->space].name,
	            va_of(s, 0, pa), verify_form_name(b->form), v->spaces[b->space].name,
	            va_of(s, 1, pa), s->active_count > 2 ? " and in others" : "");
}

static void own(struct verify *v, uint64_t pa, uint64_t bytes)
{
	struct verify_range *last = v->owned_count ? &v->owned[v->owned_count - 1] : NULL;

	if (last && last->start + last->bytes == pa)
		last->bytes += bytes;
	else
		v->owned[v->owned_count++] = (struct verify_range){NULL, pa, bytes};
}

static int by_pa(const void *left, const void *right)
{
	const struct verify_map *a = left;
	const struct verify_map *b = right;

	if (a->pa != b->pa)
		return a->pa < b->pa ? -1 : 1;
	return a->space < b->space ? -1 : a->space > b->space;
}

/* The end of the piece that starts at pa: where a mapping ends or the next begins. */
static uint64_t piece_end(const struct sweep *s, size_t next)
{
	uint64_t end = next < s->count ? s->sorted[next].pa : PA_END;

	for (size_t i = 0; i < s->active_count; i++)
		if (s->active[i]->pa + s->active[i]->bytes < end)
			end = s->active[i]->pa + s->active[i]->bytes;
	return end;
}

static void drop_ended(struct sweep *s, uint64_t end)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->active_count; i++)
		if (s->active[i]->pa + s->active[i]->bytes > end)
			s->active[kept++] = s->active[i];
	s->active_count = kept;
}

/* Ends early when there is nothing new to say: an image may be made to take for ever. */
static void sweep_all(struct sweep *s)
{
	size_t next = 0;
	uint64_t pa = 0;

	while ((next < s->count || s->active_count) && s->v->rule_failures <= VERIFY_LINES) {
		uint64_t end;

		if (s->active_count == 0)
			pa = s->sorted[next].pa;
		while (next < s->count && s->sorted[next].pa == pa)
			s->active[s->active_count++] = &s->sorted[next++];
		end = piece_end(s, next);
		judge(s, pa, end - pa);
		own(s->v, pa, end - pa);
		drop_ended(s, end);
		pa = end;
	}
}

static size_t add_tables(const struct verify *v, struct verify_map *to)
{
	size_t count = 0;

	for (uint64_t i = 0; i < v->file_bytes / PAGE_BYTES; i++)
		if (v->table_owner[i])
			to[count++] =
				(struct verify_map){0, v->head.load_pa + i * PAGE_BYTES, PAGE_BYTES,
			                            v->table_owner[i] - 1u, FORM_TABLE};
	return count;
}

void verify_one_owner(struct verify *v)
{
	struct sweep s = {.v = v};
	size_t room = v->map_count + v->file_bytes / PAGE_BYTES + CPU_MAX;

	s.sorted = verify_alloc(room, sizeof(*s.sorted));
	s.active = verify_alloc(room, sizeof(*s.active));
	v->owned = verify_alloc(room * 2, sizeof(*v->owned));
	if (v->map_count)
		memcpy(s.sorted, v->maps, v->map_count * sizeof(*s.sorted));
	s.count = v->map_count + add_tables(v, s.sorted + v->map_count);
	for (uint32_t i = 0; i < v->config.cpu_count; i++) {
		uint64_t va = v->head.stack_va + i * (PAGE_BYTES + IMAGE_STACK_BYTES);

		s.sorted[s.count++] = (struct verify_map){va, va - KERNEL_VA + v->head.load_pa,
		                                          PAGE_BYTES, SPACE_EL2_ID, FORM_GUARD};
	}
	qsort(s.sorted, s.count, sizeof(*s.sorted), by_pa);
	sweep_all(&s);
	free(s.sorted);
	free(s.active);
}
