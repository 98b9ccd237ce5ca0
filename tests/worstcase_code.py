# SPDX-License-Identifier: Apache-2.0
"""The kernel's machine code as functions, blocks and loops; tests/worstcase.py walks it.

Reads the disassembly, the symbols and the line table of a linked AArch64 kernel. Knows of
indirect branches only two kinds, gcc's switch over a table of offsets and a call through an
array of function pointers in .rodata; anything else is an error. A loop is named by the
function and the text of the `for`, `while` or `do` that it was compiled from."""
import re
import struct
import subprocess

TOOLS = "aarch64-linux-gnu-"
LINE = re.compile(r"^ +([0-9a-f]+):\s+(\S+)\s*(.*?)(?:\s*//.*)?$")
NO_FALL = ("b", "br", "ret", "eret", "udf", "brk")
CONDITIONAL = re.compile(r"^(b\.\w+|cbn?z|tbn?z)$")


class Refused(Exception):
    """Code that cannot be bounded, and why."""


class Block:
    """Instructions that run one after the other; a call is the last of its block."""

    def __init__(self, start):
        self.start = start
        self.cost = 0
        self.code = []  # addresses
        self.succ = []  # start addresses of blocks
        self.calls = []  # names of functions: one of them is called
        self.table = None  # the array that they come from
        self.tail = False  # the call does not come back here
        self.kind = ""  # "ret", "eret", "wfi" at the end


class Program:
    def __init__(self, elf):
        self.elf = elf
        self.instructions = {}
        for line in self.tool("objdump", "-d", "--no-show-raw-insn").splitlines():
            match = LINE.match(line)
            if match:
                self.instructions[int(match[1], 16)] = (match[2], match[3])
        self.read_symbols()
        self.read_rodata()
        self.read_lines()
        self.functions = {}

    def tool(self, name, *arguments, text=None):
        return subprocess.run([TOOLS + name, *arguments, self.elf] if text is None else
                              [TOOLS + name, *arguments, "-e", self.elf], input=text, check=True,
                              stdout=subprocess.PIPE, encoding="utf-8").stdout

    def read_symbols(self):
        found = {}
        self.objects = {}  # address -> (name, size)
        for line in self.tool("nm", "-S", "-n").splitlines():
            words = line.split()
            if len(words) == 4 and words[2] in "rRdD":
                self.objects[int(words[0], 16)] = (words[3], int(words[1], 16))
            elif words[-2] in "tT" and not words[-1].startswith("$"):
                found.setdefault(int(words[0], 16), words[-1])
        self.names = found  # address -> name
        starts = sorted(found) + [max(self.instructions) + 4]
        self.extent = {found[a]: (a, b) for a, b in zip(starts, starts[1:])}

    def read_rodata(self):
        text = self.tool("readelf", "-x", ".rodata")
        self.rodata = {}
        for line in text.splitlines():
            match = re.match(r"^  0x([0-9a-f]+) ((?:[0-9a-f]{2,8} ){1,4})", line)
            if match:
                for offset, byte in enumerate(bytes.fromhex(match[2].replace(" ", ""))):
                    self.rodata[int(match[1], 16) + offset] = byte

    def read_lines(self):
        """address -> [(function, file, line)], the innermost inlined function first."""
        addresses = "".join("%x\n" % a for a in self.instructions)
        self.lines = {}
        frames = function = None
        for line in self.tool("addr2line", "-f", "-i", "-a", text=addresses).splitlines():
            if line.startswith("0x"):
                frames = self.lines[int(line, 16)] = []
                function = None
            elif function is None:
                function = line
            else:
                file, _, number = line.partition(" ")[0].rpartition(":")
                frames.append((function, file, int(number) if number.isdigit() else 0))
                function = None

    # ---- functions -------------------------------------------------------------------------

    def function(self, name):
        """{address: Block} of a function, from its first block on."""
        if name not in self.functions:
            self.functions[name] = self.build(name)
        return self.functions[name]

    def inside(self, name, address):
        start, end = self.extent[name]
        return start <= address < end or self.veneer(address)

    def veneer(self, address):
        """What the linker put elsewhere because of a core's erratum; it comes back."""
        return any(self.names.get(address - back, "").startswith("__erratum") for back in (0, 4))

    def build(self, name):
        blocks = {}
        work = [self.extent[name][0]]
        if name == "vectors":  # the eight of a lower exception level
            work = [self.extent[name][0] + 0x400 + 0x80 * i for i in range(8)]
        leaders = set(work)
        pending = list(work)
        seen = set()
        while pending:  # all leaders
            address = pending.pop()
            while address not in seen and self.inside(name, address):
                seen.add(address)
                _, targets, falls, cut = self.step(name, address)
                for target in targets:
                    if target not in leaders:
                        leaders.add(target)
                        pending.append(target)
                if cut and falls:
                    leaders.add(address + 4)
                if not falls:
                    break
                address += 4
        for leader in leaders:
            if leader in self.instructions:
                blocks[leader] = self.block(name, leader, leaders)
        return blocks

    def block(self, name, leader, leaders):
        block = Block(leader)
        address = leader
        if not self.inside(name, leader):
            block.calls, block.tail = [self.names[leader]], True
            return block
        while True:
            block.cost += 1
            block.code.append(address)
            info, targets, falls, cut = self.step(name, address)
            if cut:
                block.succ = list(targets) + ([address + 4] if falls else [])
                for key, value in info.items():
                    setattr(block, key, value)
                return block
            address += 4
            if not self.inside(name, address):  # runs into the next function
                block.calls, block.tail = [self.names[address]], True
                return block
            if address in leaders:
                block.succ = [address]
                return block

    def step(self, name, address):
        """(what it is, branch targets, does it go on, does it end its block)"""
        mnemonic, operands = self.instructions[address]
        if mnemonic in ("bl", "b") or CONDITIONAL.match(mnemonic):
            target = int(re.search(r"(?:^|, )([0-9a-f]+)(?: <|$)", operands)[1], 16)
            if mnemonic == "bl":
                return {"calls": [self.callee(name, target)]}, [], True, True
            if self.inside(name, target):
                return {}, [target], mnemonic != "b", True
            if mnemonic != "b":  # block() makes a call of it
                self.callee(name, target)
                return {}, [target], True, True
            return {"calls": [self.callee(name, target)], "tail": True}, [], False, True
        if mnemonic in ("br", "blr"):
            return self.indirect(name, address, mnemonic, operands)
        if mnemonic in ("ret", "eret"):
            return {"kind": mnemonic}, [], False, True
        if mnemonic == "wfi":
            return {"kind": "wfi"}, [], True, True
        return {}, [], mnemonic not in NO_FALL, mnemonic in NO_FALL

    def callee(self, name, target):
        if target not in self.names:
            raise Refused("%s calls %x, which is no function" % (name, target))
        return self.names[target]

    def indirect(self, name, address, mnemonic, register):
        """A switch, or a call through an array of functions."""
        values, loaded = {}, None
        for at in range(address - 4 * 24, address, 4):
            op, text = self.instructions.get(at, ("", ""))
            words = [word.strip() for word in re.split(r"[,\[\]]", text) if word.strip()]
            if op in ("adrp", "adr"):
                values[words[0]] = int(words[1].split()[0], 16)
            elif op == "add" and len(words) == 3 and words[1] in values and words[2][0] == "#":
                values[words[0]] = values[words[1]] + int(words[2][1:], 16)
            elif op in ("ldrb", "ldrh", "ldr") and len(words) >= 3 and words[1] in values:
                loaded = (op, values[words[1]], words)
            elif op == "add" and len(words) >= 4 and "xt" in words[3]:
                values["base"] = values.get(words[1])
        if loaded is None or loaded[1] not in self.rodata:
            raise Refused("%s: the indirect branch at %x is through no constant table" % (name, address))
        op, table, _ = loaded
        if op == "ldr":
            symbol, size = self.objects.get(table, (None, 0))
            entries = [struct.unpack("<Q", bytes(self.rodata[table + i + k] for k in range(8)))[0]
                       for i in range(0, size, 8)]
            if not size or any(entry and entry not in self.names for entry in entries):
                raise Refused("%s: the table of the call at %x is no array of functions" % (name, address))
            return ({"calls": [self.names.get(entry) for entry in entries], "table": symbol,
                     "tail": mnemonic == "br"}, [], mnemonic == "blr", True)
        width, sign = (1, "b") if op == "ldrb" else (2, "h")
        count = self.switch_size(name, address)
        targets = set()
        for i in range(count):
            raw = bytes(self.rodata[table + width * i + k] for k in range(width))
            targets.add(values["base"] + 4 * struct.unpack("<" + sign, raw)[0])
        if any(not self.inside(name, target) for target in targets):
            raise Refused("%s: the switch at %x leaves the function" % (name, address))
        return {}, sorted(targets), False, True

    def array(self, symbol):
        """{function: indices} of an array of functions."""
        found = {}
        for address, (name, size) in self.objects.items():
            if name == symbol:
                for i in range(0, size, 8):
                    entry = struct.unpack("<Q", bytes(self.rodata[address + i + k] for k in range(8)))[0]
                    if entry:
                        found.setdefault(self.callee(symbol, entry), set()).add(i // 8)
        if not found:
            raise Refused("%s is no array of functions in .rodata" % symbol)
        return found

    def switch_size(self, name, address):
        """The nearest comparison before a switch limits its index."""
        sources = [a for a in self.instructions if self.extent[name][0] <= a < address]
        for at in sorted(sources, reverse=True):
            op, text = self.instructions[at]
            if op == "cmp" and "#" in text:
                return int(text.split("#")[1], 16) + 1
        raise Refused("%s: how many entries has the switch at %x?" % (name, address))

    # ---- how a loop is called --------------------------------------------------------------

    def loop_name(self, blocks, loop):
        """(function, text) of the statement that most of a loop's instructions are in."""
        code = [address for start in loop for address in blocks[start].code]
        stores = ("stxr", "stlxr", "stxrb", "stlxrb", "stxrh", "stlxrh")
        if len(code) <= 8 and any(self.instructions[a][0] in stores for a in code):
            return "*", "exclusive"
        best = None
        for function, file in sorted({frame[:2] for a in code for frame in self.lines[a]}):
            lines = [frame[2] for a in code for frame in self.lines[a] if frame[:2] == (function, file)]
            for start, end, text in statements(file):
                inside = sum(start <= line <= end for line in lines)
                own = sum(any(frame[:2] == (function, file) and start <= frame[2] <= end
                              for frame in self.lines[a]) for a in code)
                rank = (own, -(end - start))
                there = start in lines or text == "for (;;)"
                if inside and there and (best is None or rank > best[0]):
                    best = rank, function, text
        if best is None:
            where = sorted({"%s:%d" % frame[1:] for a in code for frame in self.lines[a][:1]})
            return "?", " ".join(where)
        return best[1], best[2]


TEXTS = {}


def statements(path):
    """[(first line, last line, text)] of the loops of a C file, as clang-format lays it out."""
    if path in TEXTS:
        return TEXTS[path]
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
    except OSError:
        lines = []
    found = []
    for number, line in enumerate(lines, 1):
        match = re.match(r"^(\t+)(?:} )?((?:for|while) \(.*|do \{)", line)
        if not match:
            continue
        depth = len(match[1])
        end = number
        while end < len(lines) and (not lines[end].strip() or len(lines[end]) - len(
                lines[end].lstrip("\t")) > depth):
            end += 1
        if end < len(lines) and lines[end].startswith("\t" * depth + "}"):
            end += 1
        text = re.sub(r"\s*\{?$", "", match[2])
        found.append((number, end, text))
    TEXTS[path] = found
    return found
