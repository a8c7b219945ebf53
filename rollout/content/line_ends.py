"""Convert line ends between the repository and the work tree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

Conversion = Literal["binary", "text", "text-crlf", "text-lf", "auto", "auto-crlf", "auto-lf"]


def conversion(attributes: Mapping[str, str]) -> Conversion:
    """Return the text conversion that applies, ignoring the person's own configuration."""
    text = attributes.get("text", "unspecified")
    if text == "unspecified":  # the old name of the attribute
        legacy = attributes.get("crlf", "unspecified")
        if legacy == "input":
            return "text-lf"
        text = {"set": "set", "unset": "unset"}.get(legacy, "unspecified")
    eol = attributes.get("eol", "unspecified")
    if text == "unset":
        return "binary"
    if text == "auto":
        return "auto-crlf" if eol == "crlf" else "auto-lf" if eol == "lf" else "auto"
    if eol == "crlf":
        return "text-crlf"
    if eol == "lf":
        return "text-lf"
    return "text" if text == "set" else "binary"


def unspecified(attributes: Mapping[str, str]) -> bool:
    """Tell whether the attributes say nothing about text, so that the person's core.autocrlf decides."""
    return all(attributes.get(name, "unspecified") == "unspecified" for name in ("text", "crlf", "eol"))


class LineEnds(Struct, frozen=True):
    """The person's own line-end configuration: `core.autocrlf` and `core.eol`."""

    autocrlf: Literal["false", "true", "input"] = "false"
    eol: Literal["native", "lf", "crlf"] = "native"

    @property
    def crlf(self) -> bool:
        return self.autocrlf == "true" or (self.autocrlf == "false" and self.eol == "crlf")


def to_repository(content: bytes, how: str) -> bytes:
    """Return what git stores: text has LF, whatever the work tree or the template has."""
    if how == "binary" or b"\r\n" not in content:
        return content
    if how.startswith("auto") and _looks_binary(content):
        return content
    return content.replace(b"\r\n", b"\n")


def to_work_tree(content: bytes, attributes: Mapping[str, str], person: LineEnds) -> bytes:
    """Return what git writes into the work tree for a stored blob."""
    how = conversion(attributes)
    if unspecified(attributes) and person.autocrlf == "true":
        how = "auto-crlf"
    if how == "binary" or how.endswith("-lf"):
        return content
    if not how.endswith("-crlf") and not person.crlf:
        return content
    if how.startswith("auto") and (b"\r" in content or _looks_binary(content)):
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
