# SPDX-License-Identifier: Apache-2.0
"""The rows of the benchmark: what each measures, on which machine, and how its figure is made
of the counts between its markers. bench/bench.py runs them; docs/benchmarks.md explains them."""
import re


def marker_rows():
    """ROW_* of abi/marker.h: name to number."""
    with open("abi/marker.h", encoding="utf-8") as file:
        return {name: int(number) for name, number in
                re.findall(r"^#define ROW_(\w+)\s+(\d+)", file.read(), re.MULTILINE)}


class Row:
    """One line of the table.

    figure  which counts make the figure:
            "own"   all instructions of the CPU between the markers
            "enter" those of kernel and processes on the CPU: the guest meanwhile spins
            "wake"  those of the CPU since it last executed WFI: from the expiry on
            "all"   kernel and processes on all CPUs
            "value" a value that the guest measured
    pick    which of a marker row's measurements: "each", "first" or "later"
    machine the machine that it runs on, a key of measure.MACHINES
    """

    def __init__(self, name, marker, title, machine="one", figure="own", pick="each",
                 at_most=None, aim=None, xen=None, bao=None, bare=True):
        self.name = name
        self.number = marker_rows()[marker]
        self.title = title
        self.machine = machine
        self.figure = figure
        self.pick = pick
        self.at_most = at_most
        self.aim = aim
        self.xen = xen
        self.bao = bao
        self.bare = bare


ROWS = [
    Row("hvc-unknown", "HVC_UNKNOWN", "HVC, unknown function", at_most=80, aim=50, xen=418,
        bao=192, bare=False),
    Row("psci-version", "PSCI_VERSION", "HVC, PSCI_VERSION", at_most=80, aim=50, xen=418, bao=192,
        bare=False),
    Row("gicd-typer", "GICD_TYPER", "read of GICD_TYPER", at_most=130, aim=90, xen=601, bao=227),
    Row("isenabler-read", "ISENABLER_READ", "read of GICR_ISENABLER0", at_most=150, aim=90,
        xen=679, bao=1316),
    Row("isenabler-write", "ISENABLER_WRITE", "write of GICR_ISENABLER0", at_most=250, aim=150,
        xen=969, bao=3623),
    Row("pl011-flags", "PL011_FLAGS", "PL011 flag register, emulated at EL0", at_most=230, aim=150,
        xen="625 (in Xen)", bao="pass-through"),
    Row("system-call", "SYSCALL", "null system call of a process", at_most=70, aim=45, bare=False),
    Row("timer-spinning", "TIMER_SPIN", "timer expiry to guest handler, guest spinning",
        figure="enter", at_most=100, aim=50, xen=1008, bao=192),
    Row("timer-wfi", "TIMER_WFI", "timer expiry to guest handler, guest in WFI", figure="wake",
        at_most=130, aim=70, xen=2992, bao=192),
    Row("sgi-self", "SGI_SELF", "SGI to itself, send to handler", at_most=160, aim=100, xen=972,
        bao=794),
    Row("ipi", "IPI", "IPI to another vCPU and back, spinning", machine="two", figure="all",
        at_most=600, aim=300, xen=3080, bao=1570),
    Row("notify", "NOTIFY", "notify to another process on the CPU and back", at_most=400, aim=220,
        bare=False),
    Row("latency", "LATENCY", "latency of a 1 kHz timer above a busy VM, worst", machine="latency",
        figure="value", at_most=1500, aim=500, xen="1,003,000", bao="no scheduler"),
    Row("boot-alive", "ALIVE", "machine reset to the first period of alive", machine="boot",
        pick="first", at_most=150000, aim=80000, bare=False),
    Row("boot-guest", "RESET", "machine reset to the first instruction of a 64 KiB guest",
        machine="boot", pick="first", at_most=250000, aim=100000, xen="11,900,000",
        bao="353,000 (8 KiB)"),
    Row("vm-reset", "RESET", "VM reset (64 KiB image, 256 KiB RAM) to first instruction",
        machine="reset", pick="later", at_most=200000, aim=60000, bare=False),
    Row("linux", "LINUX", "Linux kernel entry to /init", machine="linux", pick="first",
        at_most=1.01, aim=1.002, xen=0.999),
]

# The same operations with more VMs configured and more CPUs, all of them asleep.
GROW = [(vms, cpus) for vms in (1, 16) for cpus in (1, 4)]
GROW_ROWS = ("hvc-unknown", "psci-version", "timer-spinning", "timer-wfi")
