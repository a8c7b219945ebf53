"""Keep the page small: what is left out first, and how the page says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from rollout.showing.colour import count
from rollout.showing.page.contents import Attention, Cluster, Diff, Group, Page, TargetShown

LIMIT = 300_000  # bytes
_REASON = 100  # characters of a reason, when even reasons are cut

Write = Callable[[Page], str]
Weigh = Callable[[Diff], int]


def fitted(page: Page, write: Write, weigh: Weigh, limit: int = LIMIT) -> str:
    """Return the written page, shortened as little as `limit` asks for; one that cannot fit is as short as can be."""
    text = write(page)
    if _size(text) <= limit:
        return text
    for shorter in _ever_shorter(page):
        bare = write(without_diffs(shorter, frozenset()))
        if _size(bare) <= limit:
            return write(without_diffs(shorter, _that_fit(page.diffs, weigh, limit - _size(bare))))
        text = bare
    return text


def _size(text: str) -> int:
    return len(text.encode())


def _that_fit(diffs: tuple[Diff, ...], weigh: Weigh, room: int) -> frozenset[int]:
    """Return the numbers of the differences that fit: as many as possible."""
    kept = set[int]()
    for weight, number in sorted((weigh(diff), diff.number) for diff in diffs):
        room -= weight
        if room < 0:
            break
        kept.add(number)
    return frozenset(kept)


def without_diffs(page: Page, kept: frozenset[int]) -> Page:
    """Return a page with the text of some differences only."""
    missing = sum(diff.number not in kept for diff in page.diffs)
    if not missing:
        return page
    diffs = tuple(diff if diff.number in kept else replace(diff, text=None) for diff in page.diffs)
    return replace(page, diffs=diffs, left_out=(f"{count(missing, 'difference')} left out", *page.left_out))


def _ever_shorter(page: Page) -> Iterator[Page]:
    """Yield the page without its less needed parts, one more removed each time."""
    yield page
    page = _each(page, _closed, only=Attention.FINE)
    yield _saying(page, "targets in sync told in one line each")
    page = _each(page, _without_address, only=Attention.FINE)
    page = replace(page, runs=tuple(replace(run, happened=()) for run in page.runs))
    yield _saying(page, "targets in sync and runs told in one line each")
    page = _each(page, _without_files)
    yield _saying(page, "targets in sync, runs and files shortened")
    page = _each(page, _closed)
    yield _saying(page, "all targets and runs told in one line each")
    yield _saying(_cut(page), "all targets and runs told in one line each and reasons cut")


def _saying(page: Page, words: str) -> Page:
    return replace(page, left_out=(words,))


def _each(page: Page, change: Callable[[TargetShown], TargetShown], only: Attention | None = None) -> Page:
    """Change every entry of one group, or of all."""

    def clustered(cluster: Cluster) -> Cluster:
        return replace(cluster, entries=tuple(map(change, cluster.entries)))

    def grouped(group: Group) -> Group:
        return replace(group, clusters=tuple(map(clustered, group.clusters)))

    return replace(page, groups=tuple(grouped(g) if only in {None, g.attention} else g for g in page.groups))


def _closed(entry: TargetShown) -> TargetShown:
    return replace(entry, opens=False)


def _without_address(entry: TargetShown) -> TargetShown:
    return replace(entry, commit=None if entry.commit is None else replace(entry.commit, url=""))


def _without_files(entry: TargetShown) -> TargetShown:
    return replace(_without_address(entry), files=(), choices=(), who=entry.who[:1])


def _cut(page: Page) -> Page:
    """Cut reasons, and the rest of each line except the name and the state."""

    def group(one: Group) -> Group:
        return replace(one, clusters=tuple(replace(c, reason=_short(c.reason), command="") for c in one.clusters))

    shorter = _each(page, _name_and_reason)
    return replace(shorter, groups=tuple(map(group, shorter.groups)))


def _name_and_reason(entry: TargetShown) -> TargetShown:
    notes = tuple(map(_short, entry.notes))
    return replace(entry, reason=_short(entry.reason), commit=None, changed_at="", who=(), notes=notes)


def _short(text: str) -> str:
    return text if len(text) <= _REASON else f"{text[: _REASON - 1]}…"
