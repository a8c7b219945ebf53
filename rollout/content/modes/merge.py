"""Mode `merge`: the keys that the template names are ours, the rest of the document is not."""

from __future__ import annotations

from rollout.content.documents import merge, past
from rollout.content.documents.formats import format_of
from rollout.content.documents.match import match_for
from rollout.model.files import Managed, Written


def kind_of(item: Managed) -> merge.Kind:
    rule = item.rule
    return merge.Kind(item.path, format_of(item.path, rule.format), match_for(item.path, dict(rule.match)))


def ours_in(written: Written | None, item: Managed) -> past.Ours:
    return merge.past(written.ours if written else (), kind_of(item))
