# SPDX-License-Identifier: Apache-2.0
"""Hostile processes: target tests, imported by table.py."""
from machine import expect, expect_all

# All on one CPU, under icount: the native task's latency is judged too.
HARSH = {"smp": 1, "icount": 3, "seconds": 120,
         "forbidden": [r"FAILED", r"alive: .* missed [1-9]"]}
CALLS = r"%s: [1-9]\d{4,} argument sets, 0 surprises"
ENDS = r"%s stopped: off"


def process_tests(target):
    target("process-calls", "tests/systems/process-calls.dts", [
        expect_all(*[CALLS % name for name in ("task", "driver", "vm")],
                   r"vm: \d+ runs of the guest with any PSTATE and SPSR, 0 surprises",
                   r"vm: \d+ operations on pending exits, 0 surprises",
                   *[ENDS % name for name in ("task", "driver", "caller")]),
        expect_all(r"control: \d+ loops", r"alive: \d+ periods"),
    ], programs={"vmm": "hostile_vmm"}, show=[r"\w+: [^\r\n]* (?:surprises|classes of argument)"],
        **dict(HARSH, forbidden=HARSH["forbidden"] + [r"SURPRISE"]))
