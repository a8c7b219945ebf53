"""Turn a family of texts into the parts of a template and the variables in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from rollout.learning.naming import Setting
from rollout.learning.nearness import Family, is_optional
from rollout.learning.pieces import Differing, Same
from rollout.learning.variables import Pool, Values
from rollout.learning.writing import Optional, Print, TemplatePart, Verbatim
from rollout.model.learning import Value


class Composed(Struct, frozen=True):
    """The parts of a template, and the values of its variables in each repository."""

    parts: tuple[TemplatePart, ...]
    values: Mapping[str, Values]


def composed(family: Family, path: PurePosixPath, pool: Pool) -> Composed:
    """Return a family as a template; raise Secret if a difference should not be written into an inventory."""
    parts: list[TemplatePart] = []
    values: dict[str, Values] = {}
    so_far = ""
    for piece in family.pieces:
        if isinstance(piece, Same):
            parts.append(Verbatim(piece.text))
            so_far += piece.text
            continue
        found, name = _parts(piece, family, _setting(piece, family, path, so_far), pool)
        parts += found
        values[name] = {one: pool.found[name][one] for one in family.repositories}
    return Composed(tuple(parts), values)


def _setting(piece: Differing, family: Family, path: PurePosixPath, so_far: str) -> Setting:
    *above, before = so_far.split("\n")
    flag = is_optional(piece, family.variants) and all(_whole(text) for text in piece.texts if text)
    return Setting(path, before, above, piece.texts, piece.are_lines, flag, is_all=len(family.pieces) == 1)


def _whole(text: str) -> bool:
    return text.endswith("\n")


def _parts(piece: Differing, family: Family, at: Setting, pool: Pool) -> tuple[list[TemplatePart], str]:
    if at.is_flag:
        flags = [bool(text) for text in piece.texts]
        name, expression = pool.expression(_by_repository(family, flags), at)
        return [Optional(expression, max(piece.texts, key=len))], name
    lines = piece.are_lines and all(_whole(text) and text != "\n" for text in piece.texts if text)
    texts = [text.removesuffix("\n") if lines else text for text in piece.texts]
    values = _by_repository(family, texts)
    inside = pool.inside({name: str(value) for name, value in values.items()})
    if inside is not None:
        after = inside.after + ("\n" if lines else "")
        return [Verbatim(inside.before), Print(inside.expression), Verbatim(after)], inside.name
    at = replace(at, are_projects=pool.are_projects(values))
    name, expression = pool.expression(values, at)
    return [Print(expression, lines, may_be_empty=lines and "" in texts)], name


def _by_repository(family: Family, texts: Sequence[Value]) -> dict[str, Value]:
    return {name: text for one, text in zip(family.variants, texts, strict=True) for name in one.repositories}
