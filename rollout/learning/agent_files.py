"""Files that agents read in repositories become rules, each once, and are learned from as rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.content.agents import reading, table
from rollout.content.agents.rule import FOLDER, NAMES, AgentRule, is_rule
from rollout.model.files import File
from rollout.model.learning import Form, Sample, Takeover

SourcePath = tuple[str, PurePosixPath]  # a repository and a path in it


class Ruled(Struct, frozen=True):
    """Repositories in which rules stand in the place of the files that agents read of them."""

    sources: tuple[Sample, ...]
    paths: tuple[PurePosixPath, ...]
    agents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by repository
    spots: frozenset[SourcePath] = frozenset()  # the files that became rules


class _Read(Struct, frozen=True):
    """What one agent reads in one file of a repository."""

    agent: str
    path: PurePosixPath
    rule: AgentRule
    own: bool  # the file's name is the rule's


def ruled(sources: Sequence[Sample], paths: Sequence[PurePosixPath], plain: Collection[SourcePath]) -> Ruled:
    """Return the repositories with what agents read of them as rules; `plain` are files that stay as they are.

    A file becomes a rule where it has the form of one, or where two agents' files say the same.
    """
    as_they_are = Ruled(tuple(sources), tuple(paths))
    if any(path.startswith(f"{FOLDER}/") for source in sources for path in source.listing):
        return as_they_are
    read = {source.name: _once(list(_read(source, paths, plain))) for source in sources}
    agreed = _agreed(found for by_rule in read.values() for found in by_rule.items())
    made = {
        name: {rule: by for rule, by in by_rule.items() if _fits(rule, by, agreed)} for name, by_rule in read.items()
    }
    several = Counter(rule.name for by_rule in made.values() for rule in by_rule)
    made = {
        name: {rule: by for rule, by in by_rule.items() if several[rule.name] > 1} for name, by_rule in made.items()
    }
    if not any(made.values()):
        return as_they_are
    names = sorted({PurePosixPath(FOLDER, f"{rule.name}.md") for by_rule in made.values() for rule in by_rule})
    return Ruled(
        tuple(_with_rules(source, made[source.name], _readers(made, agreed)) for source in sources),
        (*names, *paths),
        {name: _agents(by_rule) for name, by_rule in made.items() if by_rule},
        frozenset((name, one.path) for name, by_rule in made.items() for by in by_rule.values() for one in by),
    )


def with_agents(made: Takeover, rules: Ruled, sources: Sequence[Sample]) -> Takeover:
    """Return a proposal with who reads the rules in it, and with the repositories as they are."""
    there = {source.name: source for source in sources}
    used = tuple(there[source.name] for source in made.sources)
    said = {name for one in made.files if is_rule(one.path) and one.form is not Form.SKIP
            for name in one.repositories}  # fmt: skip
    agents = {source.name: rules.agents[source.name] for source in used if source.name in rules.agents}
    return replace(made, sources=used, agents={name: theirs for name, theirs in agents.items() if name in said})


def spots_that_differ(found: Collection[SourcePath], rules: Ruled, paths: Collection[PurePosixPath]) -> set[SourcePath]:
    """Return the files that cannot be made of rules: those that differ, or all of a repository that would get more."""
    more = {name for name, path in found if name in rules.agents and path not in paths}
    return {spot for spot in rules.spots if spot in found or spot[0] in more}


def _read(source: Sample, paths: Sequence[PurePosixPath], plain: Collection[SourcePath]) -> Iterator[_Read]:
    for path in paths:
        file = source.snapshot.files.get(path)
        if not isinstance(file, File) or file.executable or b"\r" in file.content or (source.name, path) in plain:
            continue
        try:
            text = file.content.decode()
        except UnicodeDecodeError:
            continue
        for agent in table.owners(path):
            for rule in table.read(agent, path, text) or ():
                if rule.text and not reading.refused(rule.text) and not reading.faults_of(rule):
                    yield _Read(agent, path, rule, path.name.split(".")[0] == rule.name)


def _once(found: Sequence[_Read]) -> dict[AgentRule, tuple[_Read, ...]]:
    """Return the rules of a repository, each with the files that say it; what only one joint file says is no rule."""
    by_text: dict[tuple[str, tuple[str, ...]], list[_Read]] = {}
    for one in found:
        by_text.setdefault((one.rule.text, one.rule.paths), []).append(one)
    rules: dict[AgentRule, tuple[_Read, ...]] = {}
    for by in by_text.values():
        best = max(by, key=lambda one: (one.own, bool(one.rule.description)))
        if best.own or len({one.path for one in by}) > 1:
            rule = best.rule if best.own else replace(best.rule, name="general")
            if rule.name not in {other.name for other in rules}:
                rules[rule] = tuple(by)
    return rules


Agreed = Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]]  # by name: description, paths, agents


def _agreed(found: Iterator[tuple[AgentRule, tuple[_Read, ...]]]) -> Agreed:
    """Return what most repositories say of a rule, beside its text."""
    counted: dict[str, Counter[tuple[str, tuple[str, ...], tuple[str, ...]]]] = {}
    for rule, by in found:
        counted.setdefault(rule.name, Counter())[_key(rule, by)] += 1
    return {name: counter.most_common(1)[0][0] for name, counter in counted.items()}


def _key(rule: AgentRule, by: Sequence[_Read]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    return rule.description, rule.paths, tuple(sorted({one.agent for one in by}))


def _fits(rule: AgentRule, by: Sequence[_Read], agreed: Agreed) -> bool:
    return agreed[rule.name] == _key(rule, by)


def _agents(by_rule: Mapping[AgentRule, Sequence[_Read]]) -> tuple[str, ...]:
    found = {one.agent for by in by_rule.values() for one in by}
    return tuple(agent for agent in NAMES if agent in found)


def _readers(made: Mapping[str, Mapping[AgentRule, object]], agreed: Agreed) -> Mapping[str, tuple[str, ...]]:
    """Return whom each rule is for; nobody needs to be named where all rules are for the same agents."""
    names = {rule.name for by_rule in made.values() for rule in by_rule}
    found = {name: agreed[name][2] for name in names}
    return {name: () if len(set(found.values())) == 1 else agents for name, agents in found.items()}


def _with_rules(
    source: Sample, by_rule: Mapping[AgentRule, Sequence[_Read]], readers: Mapping[str, tuple[str, ...]]
) -> Sample:
    taken = {one.path for by in by_rule.values() for one in by}
    files = {path: file for path, file in source.snapshot.files.items() if path not in taken}
    for rule in by_rule:
        said = reading.written(replace(rule, agents=readers[rule.name]))
        files[PurePosixPath(FOLDER, f"{rule.name}.md")] = File(said.encode())
    return replace(source, snapshot=replace(source.snapshot, files=files))
