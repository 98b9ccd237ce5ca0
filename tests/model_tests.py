# SPDX-License-Identifier: Apache-2.0
"""Tests of what no run can show: the worst case of each kernel entry. tests/run.py calls them."""
import sys

import worstcase
from machine import Failure


def worst_case():
    """Every entry of the kernel within its limit in docs/worst-case.md."""
    sys.setrecursionlimit(10000)
    try:
        found, problems, _ = worstcase.measure()
    except worstcase.Refused as refused:
        raise Failure(str(refused)) from None
    if problems:
        raise Failure("\n  ".join(problems))
    name, way, _ = max(found, key=lambda entry: entry[1].length)
    return "  longest: %s, %s instructions\n" % (name, format(way.length, ","))


def tests():
    yield "check/worst-case", worst_case
