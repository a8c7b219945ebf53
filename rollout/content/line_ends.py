"""Convert line ends between the repository and the work tree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import assert_never

from msgspec import Struct

from rollout.content.attributes import SET, UNSET, UNSPECIFIED
from rollout.model.line_ends import Conversion

_AUTO = "auto"  # text=auto: git judges by the content
_INPUT = "input"  # crlf=input: LF in the work tree, too


class AutoCrlf(StrEnum):
    """`core.autocrlf` of a person."""

    FALSE = "false"
    TRUE = "true"
    INPUT = "input"


class Eol(StrEnum):
    """`core.eol` of a person."""

    NATIVE = "native"
    LF = "lf"
    CRLF = "crlf"


def conversion(attributes: Mapping[str, str]) -> Conversion:
    """Return the text conversion that applies, ignoring the person's own configuration."""
    text = attributes.get("text", UNSPECIFIED)
    if text == UNSPECIFIED:  # the old name of the attribute
        legacy = attributes.get("crlf", UNSPECIFIED)
        if legacy == _INPUT:
            return Conversion.TEXT_LF
        text = legacy if legacy in {SET, UNSET} else UNSPECIFIED
    eol = attributes.get("eol", UNSPECIFIED)
    if text == UNSET:
        return Conversion.BINARY
    if text == _AUTO:
        return {Eol.CRLF.value: Conversion.AUTO_CRLF, Eol.LF.value: Conversion.AUTO_LF}.get(eol, Conversion.AUTO)
    if eol == Eol.CRLF:
        return Conversion.TEXT_CRLF
    if eol == Eol.LF:
        return Conversion.TEXT_LF
    return Conversion.TEXT if text == SET else Conversion.BINARY


def unspecified(attributes: Mapping[str, str]) -> bool:
    """Tell whether the attributes say nothing about text, so that the person's core.autocrlf decides."""
    return all(attributes.get(name, UNSPECIFIED) == UNSPECIFIED for name in ("text", "crlf", "eol"))


class LineEnds(Struct, frozen=True):
    """The person's own line-end configuration: `core.autocrlf` and `core.eol`."""

    autocrlf: AutoCrlf = AutoCrlf.FALSE
    eol: Eol = Eol.NATIVE

    @property
    def crlf(self) -> bool:
        match self.autocrlf:
            case AutoCrlf.TRUE:
                return True
            case AutoCrlf.FALSE:
                return self.eol is Eol.CRLF
            case AutoCrlf.INPUT:
                return False
            case never:
                assert_never(never)


def to_repository(content: bytes, how: Conversion) -> bytes:
    """Return what git stores: text has LF, whatever the work tree or the template has."""
    if how is Conversion.BINARY or b"\r\n" not in content:
        return content
    if how.looks and _looks_binary(content):
        return content
    return content.replace(b"\r\n", b"\n")


def to_work_tree(content: bytes, attributes: Mapping[str, str], person: LineEnds) -> bytes:
    """Return what git writes into the work tree for a stored blob."""
    how = conversion(attributes)
    if unspecified(attributes) and person.autocrlf is AutoCrlf.TRUE:
        how = Conversion.AUTO_CRLF
    if how.stays_lf:
        return content
    if not how.becomes_crlf and not person.crlf:
        return content
    if how.looks and (b"\r" in content or _looks_binary(content)):
        return content
    return re.sub(rb"(?<!\r)\n", b"\r\n", content)


def _looks_binary(content: bytes) -> bool:
    """Judge as convert.c does: a NUL, a lone CR, or more than one unprintable byte in 128."""
    if b"\0" in content or re.search(rb"\r(?!\n)", content):
        return True
    body = content[:-1] if content.endswith(b"\x1a") else content
    odd = len(re.findall(rb"[\x01-\x07\x0b\x0e-\x1a\x1c-\x1f\x7f]", body))
    crlf = content.count(b"\n") + content.count(b"\r\n")
    return (len(body) - odd - crlf) >> 7 < odd
