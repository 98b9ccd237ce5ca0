#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""worstcase.py [--functions] [KERNEL.elf [BOUNDS [LIMITS.md]]]: the longest way, in instructions, from each entry of the
kernel to its end, from the machine code and a table of loop bounds (tests/worst-case.bounds,
which explains its lines). docs/worst-case.md says what the figures mean.

Fails on: a loop without a bound, recursion, an indirect call outside constant tables, a line of
the table that fits nothing, and a way longer than its limit."""
import re
import sys

from worstcase_code import Program, Refused

ELF, TABLE, DOC = "build/kernel.elf", "tests/worst-case.bounds", "docs/worst-case.md"
NONE = (None, None)
# What begins at which exception vectors: of AArch64 and of AArch32, FIQ as IRQ.
VECTORS = {"synchronous": (0x400, 0x600), "interrupt": (0x480, 0x500, 0x680, 0x700),
           "SError": (0x580, 0x780)}
SLEEP, POINT = "wake-up from WFI", "after a point"


class Way:
    """A number of instructions, and where they are spent (worked out only when asked)."""

    __slots__ = ("length", "parts")

    def __init__(self, length, parts):
        self.length = length
        self.parts = parts  # ((times, function name or Way), ...)

    def spent(self):
        total, order, times = {}, [], {}
        self.visit(order, set())
        times[id(self)] = 1
        for way in reversed(order):
            for count, part in way.parts:
                if isinstance(part, Way):
                    times[id(part)] = times.get(id(part), 0) + count * times[id(way)]
                else:
                    total[part[0]] = total.get(part[0], 0) + count * part[1] * times[id(way)]
        return total

    def visit(self, order, seen):
        stack = [(self, False)]
        while stack:
            way, done = stack.pop()
            if done:
                order.append(way)
            elif id(way) not in seen:
                seen.add(id(way))
                stack.append((way, True))
                stack += [(part, False) for _, part in way.parts if isinstance(part, Way)]


ZERO = Way(0, ())


# A pair of ways: the longest that has not been through the chosen call, and one that has.

def longer(a, b):
    return tuple(y if x is None or (y is not None and y.length > x.length) else x
                 for x, y in zip(a, b))


def join(a, b):
    return None if a is None or b is None else Way(a.length + b.length, ((1, a), (1, b)))


def then(a, b):
    first = join(a[0], b[0])
    return (first, longer((join(a[1], b[0]),), longer((join(a[0], b[1]),), (join(a[1], b[1]),)))[0])


def repeat(pair, times):
    plain, chosen = pair
    if times == 0 or (plain is None and chosen is None):
        return (ZERO, None)
    best = longer((plain,), (chosen,))[0]
    out = None if plain is None else Way(times * plain.length, ((times, plain),))
    through = None if chosen is None else Way(chosen.length + (times - 1) * best.length,
                                              ((1, chosen), (times - 1, best)))
    return (out, through)


def merge(out, node, before, after):
    a, b = out.get(node, (NONE, NONE))
    out[node] = longer(a, before), longer(b, after)


class Table:
    """The lines of the table of bounds; each must be used."""

    def __init__(self, path):
        self.values, self.loops, self.halts, self.points, self.never = {}, {}, {}, {}, {}
        self.arrays, self.waits, self.used, self.lines = [], set(), set(), {}
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                words = [word for word in re.split(r"\t+", line.split("# ")[0].strip()) if word]
                if words and not line.startswith("#"):
                    self.line(words, "%s:%d" % (path, number))

    def line(self, words, where):
        kind, key = words[0], tuple(words[:3])
        if kind == "let":
            self.values[words[1]] = self.number(words[2])
            return
        if kind == "dispatch":
            self.arrays.append(words[1])
            return
        if kind == "loop":
            self.loops[key[1:]] = (self.number(words[3]), key)
        elif kind == "wait":
            self.loops[key[1:]] = (1, key)
            self.waits.add(key[1:])
        elif kind in ("halt", "point", "never"):
            getattr(self, {"halt": "halts", "point": "points"}.get(kind, kind))[key[1:]] = key
        else:
            raise Refused("%s: %s?" % (where, kind))
        self.lines[key] = where

    def number(self, text):
        return int(eval(text, {"__builtins__": {}}, dict(self.values)))  # our own file

    def bound(self, symbol, function, text):
        """How often at most the body of a loop runs each time that the loop is reached."""
        for name in ("%s@%s" % (function, symbol), function):
            if (name, text) in self.loops:
                bound, key = self.loops[name, text]
                self.used.add(key)
                return bound
        return None

    def has(self, kind, *key):
        if key not in kind:
            return False
        self.used.add(kind[key])
        return True

    def stale(self):
        return ["%s: fits nothing in the kernel: %s" % (where, " ".join(key))
                for key, where in self.lines.items() if key not in self.used]


class Walk:
    """The ways through the program, where the call through one array goes to one function."""

    def __init__(self, program, table, chosen=None, plain=None):
        self.program, self.table, self.chosen, self.plain = program, table, chosen, plain
        self.done, self.active, self.problems = {}, [], {}
        self.waiting = set()  # addresses of what `wait` loops repeat
        self.differs = callers(plain, chosen[0]) if chosen else ()  # from those without a choice

    def calls(self, name, block):
        """(function, is it the chosen one) for each that the block may call."""
        found = []
        for index, callee in enumerate(block.calls):
            if callee is None:
                continue
            here = False
            if self.chosen and block.table == self.chosen[0]:
                if index not in self.chosen[1]:
                    continue
                here = True
            if self.table.has(self.table.never, name, callee):
                continue
            found.append((callee, here))
        return found

    def summary(self, name):
        """(ways to its return, ways to an end inside it)"""
        if self.table.has(self.table.halts, name):
            return NONE, NONE
        if self.plain and name not in self.differs:
            return self.plain.summary(name)
        if name in self.active:
            raise Refused("recursion: " + " -> ".join(self.active + [name]))
        if name not in self.done:
            self.active.append(name)
            blocks = self.program.function(name)
            start = self.program.extent[name][0]
            self.done[name] = self.ways(name, blocks, set(blocks), start, (ZERO, None))
            self.active.pop()
        return self.done[name]

    def block_ways(self, name, block):
        """(ways through, ways to an end inside)"""
        own = (Way(block.cost, ((1, (name, block.cost)),)), None)
        if block.kind in ("eret", "wfi"):
            return NONE, own
        if not block.calls:
            return own, NONE
        through = ends = NONE
        for callee, here in self.calls(name, block):
            back, end = self.summary(callee)
            if self.table.has(self.table.points, callee):
                back, end = NONE, longer(back, end)
            if here:
                back, end = (None, longer(back[:1], back[1:])[0]), (None, longer(end[:1], end[1:])[0])
            through = longer(through, then(own, back))
            ends = longer(ends, then(own, end))
        return through, ends

    def ways(self, name, blocks, region, start, seed):
        """The ways from `start`, reached by `seed`, to the function's return and to ends."""
        at = self.distances(name, blocks, region, start)
        back = ends = NONE
        for node, (before, after) in at.items():
            block = blocks[node]
            if before == NONE:
                continue
            ends = longer(ends, then(before, self.block_ways(name, block)[1]))
            if block.kind == "ret" or block.tail:
                back = longer(back, after)
        return then(seed, back), then(seed, ends)

    def distances(self, name, blocks, region, start, no_edge=None):
        """{block: (longest way to its begin, to its end)}; edges to no_edge are not taken."""
        edges = {n: [s for s in blocks[n].succ if s in region and s != no_edge] for n in region}
        parts = components(edges, start)
        home = {node: i for i, part in enumerate(parts) for node in part}
        arrival = [{} for _ in parts]  # {block at which the part is entered: way}
        arrival[home[start]][start] = (ZERO, None)
        out = {}
        for i, part in enumerate(parts):  # in topological order
            out.update(self.part(name, blocks, part, edges, arrival[i]))
            for node in part & set(out):
                for following in edges[node]:
                    other = home[following]
                    if other != i:
                        arrival[other][following] = longer(arrival[other].get(following, NONE),
                                                           out[node][1])
        return out

    def part(self, name, blocks, part, edges, arrival):
        """Of a block or a loop: {block: (longest way to its begin, to its end)}"""
        header = min(arrival)
        if len(part) == 1 and arrival[header] == NONE:  # behind what never comes back
            return {header: (NONE, NONE)}
        if len(part) == 1 and header not in edges[header]:
            return {header: (arrival[header],
                             then(arrival[header], self.block_ways(name, blocks[header])[0]))}
        out, at_header = {}, arrival[header]
        for entry in arrival:
            if entry == header:
                continue
            # a second entry: on to the header, as if it were before the loop
            inner = self.distances(name, blocks, part, entry, header)
            for node, (before, after) in inner.items():
                merge(out, node, then(arrival[entry], before), then(arrival[entry], after))
                if header in edges[node]:
                    at_header = longer(at_header, then(arrival[entry], after))
        for node, (before, after) in self.loop(name, blocks, part, header, edges).items():
            merge(out, node, then(at_header, before), then(at_header, after))
        return out

    def loop(self, name, blocks, part, entry, edges):
        inner = self.distances(name, blocks, part, entry, entry)
        sources = [node for node in part if entry in edges[node]]
        once = NONE
        for node in sources:
            if node in inner:
                once = longer(once, inner[node][1])
        bound = 1 if once == NONE else self.bound(name, blocks, part)
        # a loop that tests at its end passes its begin as often as its body, else once more
        outside = all(any(s not in part for s in edges[n]) for n in sources)
        before = repeat(once, max(0, bound - (1 if outside else 0)))
        return {node: (then(before, a), then(before, b)) for node, (a, b) in inner.items()}

    def bound(self, name, blocks, part):
        key = self.program.loop_name(blocks, part)
        bound = self.table.bound(name, *key)
        if key in self.table.waits:
            self.waiting |= {address for start in part for address in blocks[start].code}
        if bound is None:
            self.problems["loop without a bound: in %s: %s\t%s" % ((name,) + key)] = True
        return bound or 1

    # ---- what runs on after an end: a wake-up from WFI, a point where interrupts are taken ---

    def after(self, is_end):
        """The longest way from such a place on, back through all its callers."""
        best = NONE
        for name in reachable(self, "vectors"):
            for node, block in self.program.function(name).items():
                if is_end(block):
                    taken = (ZERO, None)
                    for callee, _ in self.calls(name, block):
                        taken = self.summary(callee)[0]  # the interrupts that are pending
                    best = longer(best, self.upward(name, node, taken))
        return best

    def upward(self, name, node, seed):
        blocks, first, start = self.partial(name, node)
        if start is None:
            back, ends = seed, NONE
        else:
            back, ends = self.ways(name, blocks, first, start, seed)
        if back == NONE:
            return ends
        for caller in reachable(self, "vectors"):
            for other, block in self.program.function(caller).items():
                if name not in [callee for callee, _ in self.calls(caller, block)]:
                    continue
                ends = longer(ends, self.upward(caller, other, back))
        return ends

    def partial(self, name, node):
        """The function's blocks, with a second copy of those that follow `node` up to the next
        round of the loops that it is in."""
        blocks = self.program.function(name)
        if blocks[node].tail:
            return blocks, set(blocks), None
        nest = set() if name == "vectors" else \
            self.headers(blocks, self.program.extent[name][0], node)
        copy, work = {}, list(blocks[node].succ)
        while work:
            at = work.pop()
            if at in nest or -at in copy:
                continue
            source = blocks[at]
            twin = copy[-at] = type(source)(-at)
            twin.__dict__.update(source.__dict__)
            twin.succ = [s if s in nest else -s for s in source.succ]
            work += source.succ
        both = {**blocks, **copy}
        first = type(blocks[node])(0)
        first.succ = [s if s in nest else -s for s in blocks[node].succ]
        both[0] = first
        return both, set(both), 0

    def headers(self, blocks, start, node):
        """The headers of the loops that `node` is in."""
        found, region, no_edge = set(), set(blocks), None
        while True:
            edges = {n: [s for s in blocks[n].succ if s in region and s != no_edge] for n in region}
            part = next((p for p in components(edges, start) if node in p), {node})
            if len(part) == 1 and node not in edges[node]:
                return found
            entries = {s for n in region - part for s in edges[n] if s in part} | ({start} & part)
            found |= entries
            start = no_edge = min(entries)
            region = part


def components(edges, start):
    """Strongly connected parts of what can be reached, in topological order (Tarjan)."""
    index, low, stack, on, parts = {}, {}, [], set(), []
    work = [(start, iter(edges[start]))]
    index[start] = low[start] = 0
    stack.append(start)
    on.add(start)
    while work:
        node, rest = work[-1]
        for nxt in rest:
            if nxt not in index:
                index[nxt] = low[nxt] = len(index)
                stack.append(nxt)
                on.add(nxt)
                work.append((nxt, iter(edges[nxt])))
                break
            if nxt in on:
                low[node] = min(low[node], index[nxt])
        else:
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[node])
            if low[node] == index[node]:
                part = set()
                while node not in part:
                    on.discard(stack[-1])
                    part.add(stack.pop())
                parts.append(part)
    return parts[::-1]


def reachable(walk, root):
    seen, work = [], [root]
    while work:
        name = work.pop()
        if name in seen or (name,) in walk.table.halts:
            continue
        seen.append(name)
        for block in walk.program.function(name).values():
            work += [callee for callee, _ in walk.calls(name, block)]
    return seen


def callers(walk, array):
    """The functions from which a call through the array can be reached."""
    found, names = set(), reachable(walk, "vectors")
    calls = {name: {callee for block in walk.program.function(name).values()
                    for callee, _ in walk.calls(name, block)} for name in names}
    more = {name for name in names
            if any(block.table == array for block in walk.program.function(name).values())}
    while more:
        found |= more
        more = {name for name in names if calls[name] & more} - found
    return found


def end_of(pair, chosen):
    return pair[1] if chosen else longer(pair[:1], pair[1:])[0]


def entries(program, table):
    """([(name of the entry, Way, of these in the dispatched function itself)], problems, Walk)"""
    found = []

    def vector(walk, offset, chosen):
        blocks = program.function("vectors")
        start = program.extent["vectors"][0] + offset
        return end_of(walk.ways("vectors", blocks, set(blocks), start, (ZERO, None))[1], chosen)

    plain = Walk(program, table)
    for name, offsets in VECTORS.items():
        found.append((name, max((vector(plain, offset, False) for offset in offsets),
                                key=lambda way: way.length), None))
    found.append((SLEEP, end_of(plain.after(lambda block: block.kind == "wfi"), False), None))
    if table.points:
        found.append((POINT, end_of(plain.after(
            lambda block: any((c,) in table.points for c in block.calls)), False), None))
    for symbol in table.arrays:
        for callee, indices in program.array(symbol).items():
            walk = Walk(program, table, (symbol, indices), plain)
            way = vector(walk, 0x400, True)
            if way is None:
                raise Refused("no way leads through %s to %s" % (symbol, callee))
            found.append((callee, way, end_of(walk.summary(callee)[0], False)))
    return found, list(plain.problems) + table.stale(), plain


def limits(path):
    """{entry: most instructions} of the table `| entry | limit |` of the documentation."""
    with open(path, encoding="utf-8") as file:
        table = file.read().partition("| entry | limit |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| ([^|]+?) \| ([0-9,]+) \|", table, re.MULTILINE)
    return {name.strip("`"): int(limit.replace(",", "")) for name, limit in rows}


def compare(found, limit):
    problems = ["%s: no such entry in the kernel" % name
                for name in limit if name not in [entry[0] for entry in found]]
    for name, way, _ in found:
        if name not in limit:
            problems.append("%s: no limit" % name)
        elif way.length > limit[name]:
            problems.append("%s: %d instructions, its limit is %d" % (name, way.length, limit[name]))
    return problems


def show(found):
    print("| entry | at most | of these in the function | mostly in |\n|---|---|---|---|")
    for name, way, own in found:
        spent = sorted(way.spent().items(), key=lambda item: -item[1])[:4]
        print("| `%s` | %s | %s | %s |" % (name, format(way.length, ","), format(
            own.length, ",") if own else "", ", ".join("%s %s" % (f, format(n, ",")) for f, n in spent)))


def show_functions(walk):
    print("\nfunctions, to their return:")
    for length, name in sorted(((end_of(back, False).length, name)
                                for name, (back, _) in walk.done.items() if end_of(back, False)), reverse=True):
        print("%9d  %s" % (length, name))


def measure(elf=ELF, path=TABLE, doc=DOC):
    """(entries, problems, Walk)"""
    found, problems, walk = entries(Program(elf), Table(path))
    return found, problems + compare(found, limits(doc)), walk


def main():
    sys.setrecursionlimit(10000)
    options = [word for word in sys.argv[1:] if word.startswith("--")]
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    elf, path, doc = words + [ELF, TABLE, DOC][len(words):]
    try:
        found, problems, walk = measure(elf, path, doc)
    except Refused as refused:
        print("refused: %s" % refused)
        return 1
    show(found)
    if "--functions" in options:
        show_functions(walk)
    print("\n".join([""] + problems) if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
