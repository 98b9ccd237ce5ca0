# SPDX-License-Identifier: Apache-2.0
"""The target tests: what boots, on which machine, and what its console must show, in order.

    target(NAME, SYSTEM, STEPS, option = value ...)

SYSTEM   a system description, compiled by bhc; or the path of an image under build/
         (with plain=True: no hypervisor, the image runs on QEMU itself)
STEPS    expect(REGEX), expect_all(REGEX, ...) in any order, send(TEXT), quiet(REGEX, SECONDS), ends(); see tests/machine.py
options  requires   requirement ids that the test shows
         cpu        cortex-a72
         smp, memory   what `bhc info` says of the description
         secure, gic   False, 3
         icount     None; with N an instruction is 2^N virtual nanoseconds, exactly
         seconds    60: the limit for the whole test, in wall time
         forbidden  more texts that must not appear (PANIC is always one)
         show       regular expressions: lines that are printed with the result; or functions that
                    make such lines of the console
         arguments  more arguments for QEMU
         programs   {NAME: OTHER}: build/user/OTHER.elf stands in for the program NAME
         allowed    of the texts that must never appear, those that are awaited here
         judge      function of the whole console: what is wrong with it, or None
         same_log   (NAME, REGEX): group 1 of all lines that match must be what it is in the
                    target test NAME, which is run for that: the same log with and without us
"""
import hostile
import judge_trace
import serror
from machine import ends, expect, expect_all, quiet, send
from table_net import net_tests
from table_pass import pass_tests
from table_process import process_tests
from table_rng import rng_tests

TARGETS = []
FORBIDDEN = (r"PANIC:", r"exception in the kernel", r"Kernel panic")
OPTIONS = {"requires": (), "cpu": "cortex-a72", "smp": None, "memory": None, "secure": False,
           "gic": 3, "icount": None, "seconds": 60, "forbidden": (), "show": (), "arguments": (),
           "plain": False, "same_log": None, "virtualization": True, "allowed": (), "address": None,
           "programs": None, "judge": None}


def target(name, system, steps, **options):
    unknown = set(options) - set(OPTIONS)
    if unknown:
        raise ValueError("%s: unknown options %s" % (name, sorted(unknown)))
    TARGETS.append(dict(OPTIONS, name=name, system=system, steps=steps, **options))


PROMPT = r"linux# "
LINUX_ARGUMENTS = ("-initrd", "build/guests/initrd.img", "-append",
                   "console=ttyAMA0 earlycon=pl011,0x9000000 nokaslr")

# The Linux guest's own parts, on QEMU without the hypervisor: what fails here is not ours.
target("plain-linux", "build/guests/vmlinuz", [
    expect(r"Linux .* on Bulkhead, 2 CPUs"),
    expect(PROMPT),
    send("tty\n"), expect(r"/dev/ttyAMA0"), expect(PROMPT),
    send("sh -c 'echo w\"\"aiting; exec sleep 100'\n"), expect(r"waiting"), send("\x03"),
    expect(PROMPT),
    send("attack\n"),
    expect(r"external abort, bus error"),
    expect(r"attack: 6 tried, 2 got through"),
    expect(PROMPT),
    send("exit\n"), expect(PROMPT),
    send("poweroff\n"),
    ends(),
], plain=True, smp=2, memory="512M", arguments=LINUX_ARGUMENTS)

# The small guests, too, on QEMU alone.
DONE = {"hello": r"hello from EL1", "fptest": r"fp: 100000 exits ok",
        "smptest": r"smp: done \d+ ok 0 failed", "regtest": r"reg: done \d+ ok 0 failed",
        "a32": r"a32: done \d+ ok 0 failed"}
for name in DONE:
    target("plain-" + name, "build/guests/%s.elf" % name, [expect(DONE[name]), ends()],
           plain=True, smp=2, seconds=30, forbidden=[r"FAILED"])

# ---- one guest each -----------------------------------------------------------------------
BANNER = r"^Bulkhead on EL2: ABI \d+, image of \d+ KiB at 0x[0-9a-f]+"
ALIVE = r"alive: first period"


def guest_test(name, system, steps, **options):
    target(name, "tests/systems/%s.dts" % system, [expect(BANNER)] + steps,
           **dict({"smp": 2, "forbidden": [r"FAILED", r"stopped: failed"]}, **options))


guest_test("banner", "native", [expect(ALIVE)], requires=["REQ-BOOT-001"], smp=1)
# What it refuses to run on, and what it runs without.
target("refuses-el1", "tests/systems/native.dts", [
    expect(r"bulkhead: refused: not started at EL2"), quiet(r"Bulkhead on", 1)],
       smp=1, virtualization=False, seconds=20)
target("refuses-address", "tests/systems/native.dts", [
    expect(r"bulkhead: refused: the image is not at the address"), quiet(r"Bulkhead on", 1)],
       smp=1, address=0x50000000, seconds=20)
target("missing-cpus", "systems/default.dts", [
    expect(BANNER), expect(r"CPU 1 is missing"), expect(r"CPU 3 is missing"),
    expect_all(ALIVE, r"control .*cpu missing", r"linux .*cpu missing"),
    expect(r"alive: \d+ periods")], smp=1)
guest_test("hello", "hello", [expect(DONE["hello"])])
guest_test("fp", "fp", [expect(DONE["fptest"])], seconds=120)
guest_test("fp-share", "fp-share", [
    expect(r"fploop: second 2 ok"), expect(r"fploop: second 4 ok")], seconds=120)
guest_test("registers", "registers", [expect(DONE["regtest"])])
guest_test("aarch32", "aarch32", [expect(DONE["a32"])])
guest_test("gic", "gic", [expect(r"gic: done \d+ ok 0 failed")])
guest_test("smp-shared-cpu", "smp2", [expect(r"smp: 2 cpus"), expect(DONE["smptest"])])
guest_test("smp-four", "smp4", [expect(r"smp: 4 cpus"), expect(DONE["smptest"])], smp=4)
guest_test("resets", "resets", [expect(r"reset: pristine\s*$")] * 5)
target("plain-events", "build/guests/trace.elf", [expect(r"trace: done"), ends()],
       plain=True, smp=1, seconds=30)
guest_test("events", "events", [expect(r"trace: done")],
           same_log=("plain-events", r"^(?:trace\| )?(trace: [^\r\n]*)"))
FAULTS = ("read", "write", "beyond", "null", "kernel", "text", "info", "execute", "stack",
          "undefined", "breakpoint", "register", "hvc", "smc", "pc", "fp")
READY = expect(r"faulter: ready")


def fault_steps():
    """Every fault stops the faulter with its cause; its supervisor starts it 15 times again."""
    steps = [READY, send("refused\n"), expect(r"faulter: refused"),
             send("reset\n"), expect(r"faulter stopped: reset"), READY]
    for word in FAULTS[:-1]:
        steps += [send(word + "\n"), expect(r"faulter: does %s" % word),
                  expect(r"faulter stopped: fault"), READY]
    return steps + [send(FAULTS[-1] + "\n"), expect(r"faulter stopped: fault"),
                    expect(r"stays stopped after 15 restarts"),
                    expect(r"alive: \d+ periods"), quiet(r"faulter: ready", 2)]


guest_test("faults", "faults", fault_steps(), requires=["REQ-SPACE-008"])
target("critical", "tests/systems/critical.dts", [
    READY, send("read\n"),
    expect(r"PANIC: critical process lost: faulter, reason 2"),
    expect(r"safe state: all CPUs halted"), quiet(r"alive:", 2)],
       smp=2, seconds=30, allowed=[r"PANIC:"])
guest_test("memory-banks", "banks", [
    expect(r"mem: done (1|2) banks"), expect(r"mem: done (1|2) banks")])
guest_test("memory-4g", "big", [
    expect(r"mem: bank 0x40000000 0x100000000 ok"), expect(r"mem: done 1 banks")], seconds=120)

# ---- the flight recorder ------------------------------------------------------------------------
guest_test("trace", "flight", [
    expect(r"trace: 2 CPUs"), expect(r"exits stopped: off"), expect(r"alive: 1\d\d\d periods"),
    send("dump\n"), expect(r"^~Tb 1 \d+ 2 \d+\*"), expect(r"^~Tz \d+\*"),
    # once more, then as lines among those of the others, where it is held to its share
    send("follow\n"), expect(r"^~Tb 1 \d+ 2 \d+\*"), send("\x1d1"),
    expect(r"^trace\| ~Te 0 "), expect(r"trace is held back"), expect(r"alive: \d+ periods"),
    send("\x1d4stop\n"), expect(r"~Tz \d+\*"),
    send("nonsense\n"), expect(r"trace: dump, follow or stop"),
], judge=judge_trace.judge)

# ---- time, judged on one CPU by counting instructions -------------------------------------------
guest_test("periods", "one-cpu", [
    expect(r"control: 3000 loops, jitter \d+ us, \d+ signals, 0 missed"),
    expect(r"alive: \d+ periods, worst latency \d+ us, missed 0"),
    expect(r"hog: second \d+,"),
], smp=1, icount=3, seconds=120,
    show=[r"control: 3000 loops[^\r\n]*", r"alive: 3\d\d\d periods[^\r\n]*"],
    forbidden=[r"FAILED", r"loops.* [1-9]\d* missed", r"latency \d+ us, missed [1-9]"])

# ---- hostile guests beside a victim --------------------------------------------------------------
hostile.add(target, guest_test)
serror.add(target)

# ---- Linux --------------------------------------------------------------------------------------
SHELL = [expect(r"Linux .* on Bulkhead, (\d+) CPUs"), expect(PROMPT)]


def linux_steps(cpus):
    return [
        expect(r"Linux \S+ on Bulkhead, %d CPUs" % cpus), expect(PROMPT),
        send("grep -c ^processor /proc/cpuinfo\n"), expect(r"^%d\b" % cpus), expect(PROMPT),
        send("cat /proc/interrupts\n"), expect(r"arch_timer"), expect(r"uart-pl011"),
        expect(PROMPT),
    ]


ATTACK = [send("attack\n"), expect(r"attack: 6 tried, 0 got through"), expect(PROMPT)]
guest_test("linux-serial", "serial", [
    expect(PROMPT), send("cat /proc/tty/driver/serial\n"),
    expect(r"0: uart:16550A mmio:0x09100000 irq:\d+ tx:[1-9]\d* rx:[1-9]"), expect(PROMPT),
    send("tty\n"), expect(r"/dev/ttyS0"), expect(PROMPT),
    send("seq 1 2000 | tail -1; sh -c 'echo w\"\"aiting; exec sleep 100'\n"),
    expect(r"^2000"), expect(r"waiting"), send("\x03"), expect(PROMPT),
    send("poweroff\n"), expect(r"linux stopped: off")], smp=1, seconds=120)
guest_test("linux-one-cpu", "linux1", linux_steps(1) + ATTACK, smp=1, seconds=120)
guest_test("linux-two-cpus", "linux2", linux_steps(2) + ATTACK, seconds=120)
guest_test("linux-reboot", "linux2", SHELL + [send("reboot\n")] + linux_steps(2), seconds=180)
guest_test("linux-off", "linux2", SHELL + [
    send("poweroff\n"), expect(r"reboot: Power down"), expect(r"supervisor.*linux")], seconds=120)



def few_entries(match):
    """What Linux's own few timers cost; a periodic tick, of it or of ours, costs hundreds."""
    entries, milliseconds = int(match[1]), int(match[2])
    return "too many" if entries * 1000 > 30 * milliseconds else None


def no_entries(match):
    """Not one."""
    return "it was entered" if int(match[1]) != 0 else None


LIST = r"hello \S+, EL2 entries on its CPU: (\d+) in (\d+) ms"
guest_test("idle", "idle", [expect(r"hello stopped")] + SHELL + [
    quiet(r"Oops", 8),
    send("\x1d0list\n"), expect(LIST), quiet(r"Oops", 5),
    send("list\n"), expect(LIST, check=few_entries),
    # and with no timer armed there: its vCPU 1 goes, and the CPU is not entered at all
    send("\x1d2echo 0 >/sys/devices/system/cpu/cpu1/online\n"), expect(r"linux# "),
    quiet(r"Oops", 2),
    send("\x1d0list\n"), expect(LIST), quiet(r"Oops", 5),
    send("list\n"), expect(LIST, check=no_entries),
], smp=4, seconds=120, show=[LIST])

# ---- U-Boot, unmodified -----------------------------------------------------------------------
UBOOT = r"^=> "
guest_test("u-boot", "uboot", [
    expect(r"Hit any key to stop autoboot"), send("\r"), expect(UBOOT),
    send("version\r"), expect(r"U-Boot 20"), expect(UBOOT),
    send("bdinfo\r"), expect(r"-> start\s*= 0x0*40000000"), expect(UBOOT),
    send("md 40000000 4\r"), expect(r"^40000000: edfe0dd0"), expect(UBOOT),
    send("reset\r"), expect(r"Hit any key to stop autoboot"), send("\r"), expect(UBOOT),
], seconds=60)

# ---- three worlds ------------------------------------------------------------------------------
target("three-worlds", "systems/default.dts", [
    expect(BANNER),
    expect_all(ALIVE, r"control: 1000 loops", r"Linux \S+ on Bulkhead, 2 CPUs"), expect(PROMPT),
    send("attack\n"), expect(r"attack: 6 tried, 0 got through"),
    expect(r"control: \d+ loops"),
    send("\x1ds"), expect_all(r"alive +running", r"control +running", r"linux +running"),
    send("poweroff\n"), expect(r"reboot: Power down"), expect(r"control: \d+ loops"),
    send("\x1dq"), ends(),
], seconds=120)

target("three-vms", "tests/systems/three-vms.dts", [
    expect(BANNER),
    expect_all(ALIVE, r"control: 1000 loops", r"hog: second 1,", PROMPT), send("\x1ds"),
    expect_all(r"alive +running", r"control +running", r"hog +running", r"linux +running"),
    send("\x1d0stop hog\n"), expect(r"hog stopped"), expect(r"control: \d+ loops"),
    send("start hog\n"), expect_all(r"hog: second 1,", r"control: \d+ loops"),
    send("restart linux\n"), expect(r"linux stopped"), send("\x1d4"),
    expect_all(r"Linux \S+ on Bulkhead, 2 CPUs", r"control: \d+ loops"),
], seconds=120)

# ---- the matrix: every CPU type and every number of CPUs with either security setting ----------
MATRIX = [("cortex-a53", 1, True), ("cortex-a53", 2, False), ("cortex-a72", 2, True),
          ("cortex-a72", 4, False), ("max,pauth-impdef=on", 4, True),
          ("max,pauth-impdef=on", 1, False)]
for cpu, smp, secure in MATRIX:
    row = "%s-%d%s" % (cpu.split(",")[0], smp, "-secure" if secure else "")
    options = {"cpu": cpu, "smp": smp, "secure": secure, "seconds": 120}
    guest_test("matrix-linux-" + row, "linux%d" % min(smp, 2), linux_steps(min(smp, 2)), **options)
    if smp > 1:
        guest_test("matrix-gic-" + row, "gic", [expect(r"gic: done \d+ ok 0 failed")], **options)
        guest_test("matrix-registers-" + row, "registers", [expect(DONE["regtest"])], **options)

process_tests(target)
net_tests(target)
pass_tests(target)
rng_tests(target)

# ---- which requirements (docs/requirements.md) each of them shows ---------------------------------
SHOWS = {
    "banner": "BOOT-007",
    "refuses-el1": "BOOT-002",
    "refuses-address": "BOOT-003",
    "missing-cpus": "BOOT-006",
    "hello": "DEV-001 PSCI-004 SUP-003",
    "fp": "VCPU-005",
    "fp-share": "VCPU-005 SCHED-002 SCHED-010",
    "registers": "VCPU-003 VCPU-004 PSCI-003 PSCI-006 DEV-004 VCPU-008 SPACE-007",
    "aarch32": "VCPU-007",
    "gic": "VGIC-001 VGIC-002 VGIC-003 VGIC-004 VGIC-005 VCPU-013 DEV-001",
    "smp-shared-cpu": "VCPU-010 SCHED-010 PSCI-001 PSCI-002",
    "smp-four": "BOOT-005 PSCI-001 PSCI-002 VGIC-001",
    "resets": "PSCI-005 SUP-004 VGIC-010 SPACE-010",
    "events": "DEV-009 VCPU-013",
    "critical": "SUP-006",
    "faults": "SPACE-008 SUP-001 SUP-003 SUP-007",
    "memory-banks": "SPACE-013",
    "memory-4g": "SPACE-013",
    "memory-placed": "SPACE-013",
    "trace": "TRACE-001 TRACE-002 TRACE-003",
    "periods": "SCHED-001 SCHED-002 SCHED-008 SCHED-010",
    "hostile-memory": "SPACE-007",
    "hostile-walk": "VCPU-003",
    "hostile-gic": "VGIC-005 VGIC-007",
    "hostile-smccc": "PSCI-003 PSCI-006",
    "hostile-storm": "VCPU-014",
    "hostile-state": "VCPU-006 VCPU-008",
    "linux-one-cpu": "DEV-007 DEV-005 SPACE-007 VGIC-008",
    "linux-two-cpus": "DEV-007 VGIC-001 SPACE-007",
    "linux-reboot": "PSCI-005 DEV-007",
    "linux-off": "PSCI-004",
    "idle": "SCHED-007",
    "u-boot": "DEV-008 PSCI-005",
    "three-worlds": "BOOT-008 SCHED-009 CON-001 CON-002 CON-003 SUP-002 CLI-001",
    "three-vms": "SCHED-009 SUP-001 SUP-004 CON-002",
}
for test in TARGETS:
    names = SHOWS.get(test["name"], "").split()
    test["requires"] = tuple(test["requires"]) + tuple("REQ-" + name for name in names)
