# SPDX-License-Identifier: Apache-2.0
"""Each message with which a rule refuses a description has an example that brings it: the calls of
report() in tool/rules_*.c against what `bhc check` says of tests/rules. tests/run.py calls it, as
rule/messages."""
import glob
import re

from machine import Failure
from tools import run

STRING = r'"(?:[^"\\]|\\.)*"'
CALL = re.compile(r'\breport\(((?:[^;"]|%s)*?)\);' % STRING, re.DOTALL)
NOT_FORMAT = re.compile(r'^"[a-z]+",|model_place\([^;]*?%s\)' % STRING)  # rule, property of the place
# Functions that report on several things by one message: what each call names takes the first %s
SHARED = {"rule_reach": ["rule_reach", "rule_frame"], "rule_frame": ["rule_frame"],
          "rule_placed": ["rule_placed"]}

# What no description brings, and why. Anything else needs its example.
NONE = {
    "%s: %s %s": "the tree's own programs are well formed",
}


def pattern(text):
    """A regular expression for what printf makes of a format."""
    return re.sub(r"%(?:llu|llx|u|s|%)", ".*", re.escape(text).replace(r"\%", "%"))


def formats(path):
    """(format, regular expression) of each message in a source."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for call in CALL.finditer(text):
        chain = re.search(r"(?:%s\s*)+" % STRING, NOT_FORMAT.sub("", call[1]))
        found = "".join(part[1:-1] for part in re.findall(STRING, chain[0])).replace('\\"', '"')
        function = re.findall(r"^\w.*?(\w+)\(", text[:call.start()], re.MULTILINE)[-1]
        whats = [what for name in SHARED.get(function, []) for what in
                 re.findall(r'^\t+%s\(name,[^;"]*"([^"]*)"' % name, text, re.MULTILINE)]
        for what in whats or [None]:
            said = found.replace("%s", what, 1) if what else found
            yield said, pattern(said)


def messages_without_example(examples):
    """"file: message" of each that `bhc check` says of no example."""
    said = "".join(run(["./bulkhead", "check", "--no-make", path])[1] for path in examples)
    heads = re.findall(r"^[\w./-]+:\d+: [a-z-]+: (.*)$", said, re.MULTILINE)
    return ["%s: %s" % (path, text) for path in sorted(glob.glob("tool/rules_*.c"))
            for text, expression in formats(path)
            if text not in NONE and not any(re.fullmatch(expression, head) for head in heads)]


def every_message_has_its_example(examples):
    missing = messages_without_example(examples)
    if missing:
        raise Failure("no example in tests/rules brings\n%s" % "\n".join(missing))
