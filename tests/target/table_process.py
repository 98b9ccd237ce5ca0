# SPDX-License-Identifier: Apache-2.0
"""Hostile processes: target tests, imported by table.py. tests/hostile has their programs."""
from machine import expect, expect_all, send

# All on one CPU, under icount: the native task's latency is judged too.
HARSH = {"smp": 1, "icount": 3, "seconds": 180,
         "forbidden": [r"FAILED", r"SURPRISE", r"alive: .* missed [1-9]", r"stays stopped after"]}

CALLS = r"%s: [1-9]\d{4,} argument sets, 0 surprises"
ENDS = r"%s stopped: off"

# What a process does (tests/hostile/hostile_faults.c), and what the supervisor must say of it.
PC = r"at pc 0x2[0-9a-f]{5},"
FAULTS = {
    "a": r"data abort of a read at 0x0,",
    "b": r"data abort of a write at 0x210000,",  # its text
    "c": r"data abort of a write at 0x200000,",  # its info page
    "d": r"data abort of a read at 0x7fc0000000,",  # the kernel
    "e": r"instruction abort at 0x7fc0000000,",
    "f": r"instruction abort at 0x3[0-7][0-9a-f]{4},",  # its data
    "g": r"instruction abort at 0x38[0-9a-f]{4},",  # its stack
    "h": r"data abort of a write at 0x5f0000,",  # another's device
    "i": r"data abort of a read at 0x9000000,",  # the UART, by its physical address
    "j": r"data abort of a read at 0xfffffffffffffffc,",  # round the end of the addresses
    "k": r"data abort of a read at 0xffff000000000000,",
    "l": r"data abort of a write at 0x38bff0,",  # below its stack
    "m": r"undefined instruction " + PC,  # udf
    "n": r"undefined instruction " + PC,  # hvc
    "o": r"undefined instruction " + PC,  # smc
    "p": r"breakpoint instruction " + PC,
    "q": r"wfi or wfe " + PC,
    "s": r"misaligned pc at 0x210002,",
    "t": r"undefined instruction " + PC,  # FP: DDI 0487 D19.2.37, EC 0 where TGE is 1
    "u": r"undefined instruction " + PC,  # msr vbar_el1
    "v": r"undefined instruction " + PC,  # eret
    "w": r"data abort of a write at 0x210000,",  # dc zva
    "y": r"instruction abort at 0x4040000000,",  # guest RAM, or where it would be
    "z": r"data abort of a read at 0x700000,",  # another's channel
    "A": r"data abort of a write at 0x8000000,",  # the GIC, by its physical address
}
SUPERVISOR, BAD, DRIVER = "\x1d0", "\x1d3", "\x1d4"
KEY, KEY_CONSOLE, KEY_UART = "\x1e", "\x1c", "\x1f"
SPIN, WAIT = "x", "B"
LATER = "!"


# What EL0 may access of op0 2 and 3; TPIDR_EL0 and NZCV may be written too.
ACCESSIBLE = [
    "reads S3_3_C0_C0_1",  # CTR_EL0
    "reads S3_3_C0_C0_7",  # DCZID_EL0
    "reads S3_3_C4_C2_0",  # NZCV
    "reads S3_3_C13_C0_2",  # TPIDR_EL0
    "reads S3_3_C13_C0_3",  # TPIDRRO_EL0
    "reads S3_3_C14_C0_0",  # CNTFRQ_EL0
    "reads S3_3_C14_C0_2",  # CNTVCT_EL0
    "writes S3_3_C4_C2_0",
    "writes S3_3_C13_C0_2",
]


class Advances:
    """A counter that has gone on since it was last looked at, and never began anew."""

    def __init__(self, pattern, least):
        self.pattern, self.least, self.last = pattern, least, 0

    def __call__(self):
        return expect(self.pattern, check=self.check)

    def check(self, match):
        before, self.last = self.last, int(match[1])
        if self.last >= before + self.least:
            return None
        return "after %d it should be %d" % (before, before + self.least)


def others_go_on(counters):
    steps = expect_all()
    steps.steps = [counter() for counter in counters]
    return steps


def fault_steps():
    """Each fault in each process: its end is told, it comes back, and the others go on."""
    alive = Advances(r"alive: (\d+) periods", 500)
    control = Advances(r"control\| control: (\d+) loops", 500)
    client = Advances(r"client: (\d+) answers", 50)
    start = [expect_all(r"client: 100 answers", r"bad\| control: 1000 loops", r"interrupt 1\b")]
    vmm = [send(BAD)]
    driver = [send(DRIVER)]
    console = [send(SUPERVISOR)]
    for number, (letter, text) in enumerate(FAULTS.items(), 1):
        # what is printed once a second is not waited for each time: it counts, nothing is missed
        look = [others_go_on([alive, control, client])] if number % 8 == 0 else []
        # WFI is not trapped while an interrupt is pending, and the guest's virtual ones may be
        if letter != "q":
            vmm += [send(KEY + letter), expect(r"bad stopped: fault, " + text),
                    expect(r"control: 2 tasks")] + look
        driver += [send(KEY + letter), expect(r"driver stopped: fault, " + text),
                   expect(r"driver: serves")] + look
        console += [send(KEY_CONSOLE + letter),
                    expect(r"console stopped: fault, " + text)] + look
    return start + vmm + driver + console + [
        send(KEY_UART + "a"), expect(r"console stopped: fault, " + FAULTS["a"]),
        others_go_on([alive, control, client])]


def loop_steps():
    """Endless loops: they cost whoever depends on them, until they are restarted."""
    alive = Advances(r"alive: (\d+) periods", 500)
    control = Advances(r"control\| control: (\d+) loops", 500)
    client = Advances(r"client: (\d+) answers", 50)
    steps = [expect_all(r"client: 100 answers", r"bad\| control: 1000 loops", r"interrupt 1\b")]
    for what in SPIN, WAIT:
        steps += [
            send(BAD + KEY + what), others_go_on([alive, control, client]),
            send(SUPERVISOR + "restart bad\n"), expect(r"bad stopped: command; starts again"),
            expect(r"control: 2 tasks"), others_go_on([alive, control, client]),
            send(DRIVER + KEY + what), expect(r"client: \d+ answers, [1-9]\d* times silent"),
            others_go_on([alive, control]),
            send(SUPERVISOR + "restart driver\n"),
            expect(r"driver stopped: command; starts again"), expect(r"driver: serves"),
            others_go_on([alive, control, client])]
    return steps + [
        # nobody can tell the supervisor: it finds out when it has something to say
        send(DRIVER + LATER), expect(r"driver: resets soon"), send(KEY_CONSOLE + SPIN),
        expect(r"console has read nothing for 10 s"),
        expect(r"console stopped: command; starts again"),
        others_go_on([alive, control, client]), others_go_on([alive, control, client])]


def process_tests(target):
    target("process-calls", "tests/systems/process-calls.dts", [
        expect_all(*[CALLS % name for name in ("task", "driver", "vm")],
                   r"vm: \d+ runs of the guest with any PSTATE and SPSR, 0 surprises",
                   r"vm: \d+ operations on pending exits, 0 surprises",
                   *[ENDS % name for name in ("task", "driver", "caller")]),
        expect_all(r"control: \d+ loops", r"alive: \d+ periods"),
    ], programs={"vmm": "hostile_vmm"}, requires=["REQ-VCPU-002", "REQ-SUP-001", "REQ-SUP-007"],
        show=[r"\w+: [^\r\n]* (?:surprises|classes of argument)"], **HARSH)
    for name, steps in ("faults", fault_steps()), ("loops", loop_steps()):
        target("process-" + name, "tests/systems/process-faults.dts", steps,
               programs={"vmm": "hostile_vmm", "console": "hostile_console"},
               requires=["REQ-SPACE-008", "REQ-SUP-003", "REQ-SUP-005", "REQ-SUP-008",
                         "REQ-CON-006"], **HARSH)
    target("process-registers", "tests/systems/process-walker.dts", [
        *[expect(r"walker: %s\b" % name) for name in ACCESSIBLE],
        expect(r"walker: 65536 encodings, %d accessible" % len(ACCESSIBLE)),
        expect_all(r"parent: \d+ undefined, \d+ trapped, 0 otherwise", r"alive: \d+ periods")],
        programs={"supervisor": "hostile_parent"}, requires=["REQ-SPACE-008"],
        show=[r"walker: \d+[^\r\n]*", r"parent: [^\r\n]*"], **HARSH)
