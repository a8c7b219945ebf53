"""Strict JSON: which files allow no comments and no trailing commas, and what of ours in one has to go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from rollout.content import comments
from rollout.content.documents.document import Array, Document, Edit, Node, Object, Span, applied, meaning, nodes
from rollout.content.documents.json import read as json_read
from rollout.content.documents.key_path import KeyPath
from rollout.content.documents.lines import line_start, next_line
from rollout.content.documents.match import Match, named_parts
from rollout.content.documents.ours.comments import comment_texts
from rollout.content.documents.ours.past import Ours

# Files whose programs read comments, and folders full of them.
_LENIENT = re.compile(
    r"[tj]sconfig.*\.json|.+\.tsconfig\.json|\.(?:eslint|babel|jshint|swc|hint|mocha|stylelint|lua|oxlint)rc(?:\.json)?|"
    r"(?:devcontainer|settings|local\.settings|keymap|keybindings|language-configuration|babel\.config)\.json|"
    r"(?:deno|api-extractor.*|tslint|typedoc|tsdoc|nx|project|turbo|biome|rush|angular|wrangler)\.json|"
    r"(?:\.?cspell|\.?dprint|\.markdownlint|pyrightconfig|appsettings.*|global|host)\.json"
)
_FOLDERS = {".vscode", ".devcontainer", ".zed", "rush"}


def is_strict(path: PurePosixPath) -> bool:
    """Tell whether nothing in a JSON file's name says that its programs read comments."""
    if comments.of(path) is not None or _FOLDERS & set(path.parts[:-1]):
        return False
    return not _LENIENT.fullmatch(path.name.lower())


def loose(document: Document) -> list[Span]:
    """Return the places of what strict JSON does not allow: comments and trailing commas."""
    commas = (comma for node in nodes(document.root) if (comma := _trailing(document, node)))
    return sorted((*set(document.comments), *commas))


def _trailing(document: Document, node: Node) -> Span | None:
    if not isinstance(node, Object | Array) or not node.parts:
        return None
    at = node.parts[-1].value.end
    if "," not in document.text[at : node.end]:
        return None
    inside = dict(document.comments)
    while at < node.end - 1:
        if document.text[at] == ",":
            return at, at + 1
        at = inside.get(at, at + 1)
    return None


def mended(document: Document, ours: Ours, match: Match) -> Document | None:
    """Return a document without the comments and trailing commas that we wrote; None where others wrote some, too."""
    found = loose(document)
    if not found:
        return document
    mine = {comma for node in _owned(document.root, (), ours, match) if (comma := _trailing(document, node))}
    commas = set(found) - set(document.comments)
    if not commas <= mine or not ours.comments.keys() >= set(comment_texts(document)):
        return None
    result = json_read.read(applied(document.text, [_cut(document.text, span) for span in found]))
    return result if meaning(result.root) == meaning(document.root) else None


def _owned(node: Node, place: KeyPath, ours: Ours, match: Match) -> Iterator[Node]:
    """Yield what is ours alone, and what is inside it."""
    if ours.wrote_all(node, place, match):
        yield from nodes(node)
    elif isinstance(node, Array) and not match.keys(place):
        entries = ours.entries.get(place, ())
        yield from (inner for part in node.parts if meaning(part.value) in entries for inner in nodes(part.value))
    elif isinstance(node, Object | Array):
        for name, part in named_parts(node, match, place):
            yield from _owned(part.value, (*place, name), ours, match)


def _cut(text: str, span: Span) -> Edit:
    """Return the edit that takes out a comma, or a comment with its line if nothing else stands there."""
    start, end = span
    if text[start] == ",":
        blank = re.compile(r"[ \t]*(?=[\]}])").match(text, end)
        return Edit(start, blank.end() if blank else end, "")
    first, last = line_start(text, start), next_line(text, end)
    if not (text[first:start] + text[end:last]).strip():
        return Edit(first, last, "")
    return Edit(len(text[:start].rstrip(" \t")), end, "")
