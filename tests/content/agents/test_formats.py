"""What each agent reads of a rule: its own file, its own front matter, and the same rule when it is read back."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rollout.content.agents import globs, reading, table
from rollout.content.agents import rule as every_rule
from rollout.content.agents.front_matter import trimmed
from rollout.content.agents.rule import AgentFile, AgentRule
from rollout.content.yaml.nodes import Fault

STYLE = AgentRule("style", "# Style\n\nUse tabs.\n", "How code looks")
PYTHON = AgentRule("python", "Use ruff.\n", "Python: all of it", ("src/**/*.py", "tests/**/*.{py,pyi}"))


def text(file: AgentFile, rules: list[AgentRule]) -> str:
    """Return a file as it is written."""
    said = {rule.name: rule.text for rule in rules}
    return "".join(piece if isinstance(piece, str) else said[piece.rule] for piece in file.pieces)


def written(agents: list[str], *rules: AgentRule) -> dict[str, str]:
    return {str(file.path): text(file, list(rules)) for file in table.files(agents, rules)}


def test_each_agent_has_its_own_files() -> None:
    assert written(["cursor"], STYLE, PYTHON) == {
        ".cursor/rules/python.mdc": (
            '---\ndescription: "Python: all of it"\nglobs: src/**/*.py,tests/**/*.py,tests/**/*.pyi\n'
            "alwaysApply: false\n---\n\nUse ruff.\n"
        ),
        ".cursor/rules/style.mdc": (
            "---\ndescription: How code looks\nglobs:\nalwaysApply: true\n---\n\n# Style\n\nUse tabs.\n"
        ),
    }
    assert written(["copilot"], STYLE, PYTHON) == {
        ".github/copilot-instructions.md": "# Style\n\nUse tabs.\n",
        ".github/instructions/python.instructions.md": (
            '---\ndescription: "Python: all of it"\napplyTo: "src/**/*.py,tests/**/*.py,tests/**/*.pyi"\n---\n\n'
            "Use ruff.\n"
        ),
    }
    assert written(["windsurf"], STYLE, PYTHON) == {
        ".windsurf/rules/python.md": (
            "---\ntrigger: glob\nglobs: src/**/*.py,tests/**/*.py,tests/**/*.pyi\n"
            'description: "Python: all of it"\n---\n\nUse ruff.\n'
        ),
        ".windsurf/rules/style.md": (
            "---\ntrigger: always_on\ndescription: How code looks\n---\n\n# Style\n\nUse tabs.\n"
        ),
    }
    assert written(["claude"], STYLE, PYTHON) == {
        "CLAUDE.md": "# Style\n\nUse tabs.\n",
        ".claude/rules/python.md": '---\npaths:\n  - "src/**/*.py"\n  - "tests/**/*.{py,pyi}"\n---\n\nUse ruff.\n',
    }
    everything = (
        "<!-- rule: python -->\nOnly for files that match `src/**/*.py`, `tests/**/*.py`, `tests/**/*.pyi`:\n\n"
        "Use ruff.\n\n<!-- rule: style -->\n# Style\n\nUse tabs.\n"
    )
    assert written(["gemini"], STYLE, PYTHON) == {"GEMINI.md": everything}
    assert written(["agents-md"], STYLE, PYTHON) == {"AGENTS.md": everything}
    assert written(["codex"], STYLE, PYTHON) == {"AGENTS.md": everything}


@pytest.mark.parametrize("reader", ["agents-md", "codex"])
def test_claude_loads_no_rule_twice(reader: str) -> None:
    found = written(["claude", reader], STYLE, PYTHON)
    assert found["CLAUDE.md"] == "@AGENTS.md\n"
    assert found["AGENTS.md"] == (
        "<!-- rule: python -->\nBefore you work on files that match `src/**/*.py`, `tests/**/*.py`, "
        "`tests/**/*.pyi`, read `.claude/rules/python.md`.\n\n<!-- rule: style -->\n# Style\n\nUse tabs.\n"
    )
    assert set(found) == {"CLAUDE.md", "AGENTS.md", ".claude/rules/python.md"}


def test_claude_reads_no_rule_that_is_for_others() -> None:
    others = AgentRule("others", "Not for Claude.\n", agents=("agents-md",))
    own = AgentRule("own", "For Claude alone.\n", agents=("claude",))
    assert written(["claude", "agents-md"], STYLE, others, own) == {
        "AGENTS.md": "<!-- rule: others -->\nNot for Claude.\n\n<!-- rule: style -->\n# Style\n\nUse tabs.\n",
        "CLAUDE.md": "<!-- rule: own -->\nFor Claude alone.\n\n<!-- rule: style -->\n# Style\n\nUse tabs.\n",
    }
    assert written(["claude", "agents-md"], STYLE, own) == {
        "AGENTS.md": "# Style\n\nUse tabs.\n",
        "CLAUDE.md": "@AGENTS.md\n\nFor Claude alone.\n",
    }


def test_who_has_no_rule_has_no_file() -> None:
    assert written(["claude", "cursor", "gemini"], replace(STYLE, agents=("windsurf",))) == {}
    assert written(list(every_rule.NAMES)) == {}
    assert written([], STYLE) == {}


NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True).filter(lambda name: not name.startswith("claude"))
LINES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=30)
BODIES = (
    st.lists(LINES, min_size=1, max_size=5)
    .map(lambda lines: trimmed("\n".join(lines)))
    .filter(lambda body: body and not reading.refused(body))
)
GLOBS = st.lists(
    st.from_regex(r"[a-z]{1,5}/(\*\*/)?[*a-z]{1,5}\.[a-z]{1,3}", fullmatch=True), max_size=3, unique=True
).map(tuple)
WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=20)
RULES = st.lists(
    st.builds(AgentRule, NAMES, BODIES, WORDS, GLOBS), min_size=2, max_size=4, unique_by=lambda rule: rule.name
)


@given(RULES, st.sampled_from(["cursor", "windsurf"]))
def test_a_rule_in_a_file_of_its_own_is_read_back(rules: list[AgentRule], agent: str) -> None:
    files = table.files([agent], rules)
    found = [one for file in files for one in table.read(agent, file.path, text(file, rules)) or ()]
    assert found == sorted(rules, key=lambda rule: str(files[0].path.parent / rule.name) + files[0].path.suffix)


@given(RULES, st.sampled_from(["agents-md", "codex", "gemini", "claude", "copilot"]))
def test_rules_that_share_a_file_are_read_back(rules: list[AgentRule], agent: str) -> None:
    """These say a rule's name, text and paths; of descriptions only Copilot's files for some paths have one."""
    read = [
        one for file in table.files([agent], rules) for one in table.read(agent, file.path, text(file, rules)) or ()
    ]
    everywhere = [rule for rule in rules if not rule.paths]
    alone = {everywhere[0].name: table.read(agent, PurePosixPath("x"), "") or agent} if len(everywhere) == 1 else {}
    expected = {rule.name: (rule.text, rule.paths) for rule in rules if rule.name not in alone}
    found = {rule.name: (rule.text, rule.paths) for rule in read if rule.name in expected}
    assert found == expected
    assert len(read) == len(rules)


@given(RULES)
def test_what_is_written_of_a_rule_is_the_rule(rules: list[AgentRule]) -> None:
    for rule in rules:
        said = reading.written(replace(rule, agents=("claude", "codex")))
        found, faults = reading.rule_of(PurePosixPath(f"rules/{rule.name}.md"), said)
        assert faults == []
        assert replace(found, text=trimmed(found.text)) == replace(rule, agents=("claude", "codex"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (
            "---\ndescription: a\nglobs: x/*.{js,ts}\nalwaysApply: false\n---\nT\n",
            '---\nalwaysApply: false\nglobs: ["x/*.js", "x/*.ts"]\ndescription: "a"\n---\n\nT\n\n',
            True,
        ),
        (
            "---\ndescription: a\nglobs:\nalwaysApply: true\n---\nT\n",
            "---\ndescription: b\nglobs:\nalwaysApply: true\n---\nT\n",
            False,
        ),
        (
            "---\ndescription: a\nglobs:\nalwaysApply: true\n---\nT\n",
            "---\ndescription: a\nglobs:\nalwaysApply: true\nown: 1\n---\nT\n",
            False,
        ),
        (
            "---\nglobs:\nalwaysApply: true\n---\nT\n",
            "---\nglobs:\nalwaysApply: true\n---\nT \n",
            False,
        ),
    ],
)
def test_files_that_differ_in_their_form_alone_say_the_same(one: str, other: str, same: bool) -> None:
    assert table.say_the_same(PurePosixPath(".cursor/rules/a.mdc"), one.encode(), other.encode()) is same


OUTSIDE = "does not lie in the repository; write it from the repository's top, such as src/**/*.py"
NOTHING = "the rule says nothing: there is no text below its front matter"


@pytest.mark.parametrize(
    ("name", "said", "line", "fault"),
    [
        ("a.md", "---\nagents: [cluade]\n---\nT\n", 2, "agents: no agent is named 'cluade'; did you mean 'claude'?"),
        ("a.md", "---\ndescription: a\npath: [x]\n---\nT\n", 3, "unknown key 'path'; did you mean 'paths'?"),
        ("a.md", "---\npaths: [../x]\n---\nT\n", 2, f"paths: '../x' {OUTSIDE}"),
        ("a.md", "---\npaths: []\n---\nT\n", 2, "paths: takes a text or a list of texts, and not an empty one"),
        ("a.md", "---\ndescription: |\n  a\n  b\n---\nT\n", 2, "description: takes a text on one line"),
        ("a.md", "---\n- a\n---\nT\n", 2, "the front matter is no mapping; it takes description, paths and agents"),
        ("a.md", "---\ndescription: a\n", 1, "the front matter does not end; write a line --- below it"),
        ("a.md", "---\ndescription: a\n---\n\n", 1, NOTHING),
        ("a b.md", "T\n", 1, "'a b' is no name of a rule: letters, digits, '.', '_' and '-'"),
        ("x/a.md", "T\n", 1, "rules have no folders; name it rules/a.md"),
        ("a.txt", "T\n", 1, "is no rule, which is rules/NAME.md"),
    ],
)
def test_what_is_wrong_with_a_rule_has_its_line(name: str, said: str, line: int, fault: str) -> None:
    assert reading.rule_of(PurePosixPath("rules") / name, said)[1] == [Fault(line, fault)]


def test_a_pattern_stands_for_a_bounded_number() -> None:
    assert globs.spread(["a/*.{ts,tsx}", "b"]) == ("a/*.ts", "a/*.tsx", "b")
    assert globs.fault("{a,b}" * 20) == "stands for more than 200 patterns"
    assert globs.fault("a,b") == "has a comma outside of braces; make it two patterns"
