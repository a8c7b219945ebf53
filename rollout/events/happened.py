"""Find what happened in a session from its transcript and the repository's reflog of HEAD."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

from rollout.events.readable import parse

# Input that a person types but no agent receives, and input that an agent receives but no person typed.
NO_MESSAGE = ("<command-", "<local-command", "<bash-", "Caveat: ", "[Request interrupted")
SEPARATORS = re.compile(r"&&|[;|&\n]")
PREFIX = re.compile(r"(?:(?:sudo|env|time|[A-Za-z_]\w*=\S*)\s+)+")
REQUEST = re.compile(r"https?://\S+/(?:pull|pulls|merge_requests)/(\d+)")
# Actions in the reflog of HEAD that make a commit.
MADE = re.compile(
    r"commit\b|cherry-pick:|revert:|am:|merge .*: Merge made by|.*\((?:pick|reword|squash|fixup|edit|continue)\)"
)
# Hooks keep the beginning of a command.
LONGEST_COMMAND = 200
# From the agent's last message to the end of what it started.
SLACK = timedelta(seconds=3)

Data = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that should have an event: its type, what identifies it, and its time."""

    kind: str
    key: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """From a message to the agent's last answer: commits in between are the agent's."""

    begin: datetime
    end: datetime


def read_transcript(lines: Iterable[str], deploy: Sequence[str]) -> tuple[tuple[Happened, ...], tuple[Turn, ...]]:
    """Return what happened according to a transcript (one JSON object a line), and its turns."""
    reader = _Reader(tuple(deploy), [], [], {})
    for line in lines:
        try:
            entry = parse(line)
        except ValueError:
            continue  # the last line may be half written
        if isinstance(entry, dict):
            reader.take(entry)
    return tuple(reader.found), tuple(reader.turns)


def read_reflog(lines: Iterable[str], turns: Sequence[Turn]) -> Iterator[Happened]:
    """Yield the commits in the reflog of HEAD that fall within a turn; those in between are a person's."""
    for line in lines:
        who, _, action = line.rstrip("\n").partition("\t")
        words = who.split(" ")
        if len(words) < 4 or not words[-2].isdigit() or not MADE.match(action) or words[0] == words[1]:
            continue
        time = datetime.fromtimestamp(int(words[-2]), UTC)
        # Git notes whole seconds.
        if any(turn.begin.replace(microsecond=0) <= time <= turn.end + SLACK for turn in turns):
            yield Happened("commit", words[1], time)


def commands(line: str) -> Iterator[str]:
    """Yield the commands of a shell line, without prefixes such as variables and `sudo`."""
    for part in SEPARATORS.split(line):
        yield PREFIX.sub("", part.strip(), count=1).strip()


def deploys(line: str, patterns: Sequence[str]) -> Iterator[str]:
    """Yield the commands of a shell line that deploy."""
    for command in commands(line):
        if any(fnmatchcase(command, pattern) or fnmatchcase(command, f"{pattern} *") for pattern in patterns):
            yield command


def words_of(text: str) -> str:
    """Return a text in a form that can be compared: sources differ in control characters and blanks."""
    return " ".join(re.sub(r"[\x00-\x20\x7f]+", " ", text).split())


@dataclass(slots=True)
class _Reader:
    deploy: tuple[str, ...]
    found: list[Happened]
    turns: list[Turn]
    called: dict[str, str]  # the id of a call of the shell -> its command

    def take(self, entry: Mapping[str, object]) -> None:
        time = _time(entry.get("timestamp"))
        if time is None or entry.get("isSidechain") is True:
            return
        payload, message = _data(entry.get("payload")), _data(entry.get("message"))
        match entry.get("type"):
            case "user":
                self._user(entry, message, time)
            case "assistant":
                self._extend(time)
                for part in _parts(message):
                    self._call(part, time)
            case "event_msg" if payload.get("type") == "user_message":
                self._message(str(payload.get("message") or ""), time)
            case "event_msg" | "response_item":
                self._extend(time)

    def _user(self, entry: Data, message: Data, time: datetime) -> None:
        results = [part for part in _parts(message) if part.get("type") == "tool_result"]
        for result in results:
            self._answer(result, time)
        if results:
            self._extend(time)
        elif not entry.get("isMeta") and not entry.get("isCompactSummary"):
            self._message(_text(message.get("content")), time)

    def _message(self, text: str, time: datetime) -> None:
        if not text.startswith(NO_MESSAGE):
            self.found.append(Happened("user_message", words_of(text), time))
            self.turns.append(Turn(time, time))

    def _extend(self, time: datetime) -> None:
        if self.turns:
            self.turns[-1] = Turn(self.turns[-1].begin, time)

    def _call(self, part: Data, time: datetime) -> None:
        if part.get("type") != "tool_use":
            return
        if part.get("name") in ("Agent", "Task"):
            self.found.append(Happened("spawn", str(part.get("id")), time))
        elif part.get("name") == "Bash":
            self.called[str(part.get("id"))] = str(_data(part.get("input")).get("command") or "")

    def _answer(self, result: Data, time: datetime) -> None:
        line = self.called.pop(str(result.get("tool_use_id")), "")
        failed = result.get("is_error") is True
        for command in deploys(line, self.deploy):
            self.found.append(
                Happened("deploy_failed" if failed else "deploy_complete", words_of(command)[:LONGEST_COMMAND], time)
            )
        if not failed and any(c.startswith(("gh pr create", "git push")) for c in commands(line)):
            for number in REQUEST.findall(_text(result.get("content"))):
                # A push also prints a request that exists already.
                if not any((one.kind, one.key) == ("pr_created", number) for one in self.found):
                    self.found.append(Happened("pr_created", number, time))


def _time(written: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(written))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _data(value: object) -> Data:
    return value if isinstance(value, dict) else {}


def _parts(message: Data) -> list[Data]:
    content = message.get("content")
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(str(part.get("text", "")) for part in parts if isinstance(part, dict))
