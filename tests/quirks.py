"""Quirks that people put into configuration files, by chance."""

from __future__ import annotations

import re
from random import Random

from rollout.model.inventory import FormatName

# What people write for a value in YAML; {0} is the indent below it.
_QUIRKS = [
    "|\n{0}text\n", "|+\n{0}text\n\n", "|-\n{0}text\n", "|\n{0}text\n\n", "|\n{0}text\n{0}  more\n\n\n",
    ">\n{0}folded\n{0}on\n\n", ">+\n{0}folded\n\n{0}on\n\n", "|2\n{0}text\n", "| # why\n{0}text\n",
    "'two\n\n{0}lines'\n",
    '"a\n{0}b"\n', "&anchor\n{0}k: 1\n", "&anchor\n", "\n{0}- 1\n\n{0}- 2\n", "\n", "~ # none\n", "!tag x\n", "!tag\n",
    "{{a: 1, # one\n{0}b: 2}}\n", "[\n{0}a,\n{0}b # b\n{0}]\n", "[ a, b ]\n", "{{}}\n", "[]\n", "{{ }} # e\n",
    "{{a: , b: }}\n", "[8080:80, 8443:443]\n", "\n{0}? a\n{0}: b\n{0}? c\n", "\n{0}- \n{0}-\n{0}-   # e\n",
    "\n{0}k:\n\n{0}l:   \n",
]  # fmt: skip
_ODD = "\u2028\u2029\x85\x0b\x0c\x1c\xa0\u3000\t"


def quirky(text: str, form: FormatName, chance: Random) -> str:
    """Return a file with quirks of people in it: blank lines, comments at any depth, odd texts, no last line end."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = re.findall(r"[^\n]*\n|[^\n]+\Z", text.replace("\r\n", "\n"))
    for number in range(chance.randint(1, 5)):
        at = chance.randrange(len(lines))
        lines[at : at + 1] = _with_a_quirk(lines[at], form, number, chance)
    lines = lines[: chance.randint(1, len(lines))] if chance.random() < 0.3 else lines
    changed = "".join(lines).removesuffix("\n" if chance.random() < 0.3 else "")
    return changed.replace("\n", newline)


def _with_a_quirk(line: str, form: FormatName, number: int, chance: Random) -> list[str]:
    mark = {"json": "//", "ini": chance.choice("#;")}.get(form, "#")
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    key = re.match(r"( *)((?:- )*[\w.-]+:) \S.*\n\Z", line) if form == "yaml" else None
    match chance.randrange(5):
        case 0:
            return [chance.choice(["\n", "\n\n", "  \n"]), line]
        case 1 if form != "ini" or not indent:
            return [f"{chance.choice([indent, indent + '  ', indent[:-2], ''])}{mark} quirk {number}\n", line]
        case 2:
            return [line.rstrip("\n") + f"  {mark} behind {number}\n"]
        case 3 if len(line) > 2:
            at = chance.randrange(1, len(line) - 1)
            return [line[:at] + chance.choice(_ODD) + line[at:]]
        case 4 if key is not None:
            value = chance.choice(_QUIRKS).format(" " * (len(key[1]) + 2 * key[2].count("- ") + 2))
            return [f"{key[1]}{key[2]} {value}"]
    return [line]
