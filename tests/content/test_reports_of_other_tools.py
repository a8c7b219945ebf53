"""What users of other tools reported of files that are edited in place, tried on ours."""

from __future__ import annotations

import pytest

from rollout.model.action import Action
from rollout.model.inventory import FileRule, Mode
from tests.lives import Life

_DEEP = "Something:\n# on Something\n\n  Other:\n  # on Other\n\n    X: Y\n"
_AT_THE_END = (
    "spec:\n  ## all\n  clusters:\n    - name: basic\n  requests:\n    #  cpu: 1\n    storage: 10Gi\n  # limits:\n"
)
_FOLDED = 'image:\n  tag: "1"\nenv:\n  C: >-\n    \'{\n      "a": {\n        "b": 1\n      }\n     }\'\n'
_TOOLS = '[env]\n# why A\nA = "1" # a\n# end of env\n\n[tools]\n# on node\nnode = "20" # lts\npython = \'3\'\n# done\n'
_MIRROR = "[main]\nenabled=1\nverbose = 0\n# paths are relative\n\nhostfile=t.txt\n# exclude=.gov\n"
_TWICE = '[user]\ndbname= xx \n\n[res]\nplugins[] = A "/l/"\nplugins[] = A "/v/"\n'


@pytest.mark.parametrize(
    ("path", "before", "template", "after"),
    [
        # yq: an edit indented comments anew and took out blank lines far from it
        ("x.yaml", _DEEP, "Something: {Other: {Z: W}}\n", f"{_DEEP}    Z: W\n"),
        # yq: lists that stood below their key were indented by any edit
        ("x.yaml", "a:\n- arr: 42\n  b: c\n", "a: [{x: 1}]\nd: 1\n", "a:\n- arr: 42\n  b: c\n- {x: 1}\nd: 1\n"),
        # yq: what was indented by four came back indented by two
        ("x.yaml", "l:\n    - A\nm:\n    k:\n        l: 1\n", "l: [P]\nm:\n  k:\n    n:\n      o: 1\n",
         "l:\n    - A\n    - P\nm:\n    k:\n        l: 1\n        n:\n            o: 1\n"),
        # yq: a comment that ended the file got a blank line before it
        ("x.yaml", _AT_THE_END, "spec: {type: NodePort}\n", f"{_AT_THE_END}  type: NodePort\n"),
        # yq: a folded text grew a blank line with every edit of another key
        ("x.yaml", _FOLDED, "image: {tag: '2'}\n", _FOLDED.replace('"1"', "'2'")),
        # Renovate: two blanks before a comment became one where the value before it changed
        ("x.yaml", "s:\n- uses: a@1  # v1\n  n: 1\n", "s: [{uses: b@1}]\nn: 2  # two\n",
         "s:\n- uses: a@1  # v1\n  n: 1\n- {uses: b@1}\nn: 2  # two\n"),
        # spruce, yaml.v3: a merge sorted the keys and left all comments out
        ("x.yaml", "z: 1 # z\n# on a\na: 2\n", "a: 3\nm: 1\n", "z: 1 # z\n# on a\na: 3\nm: 1\n"),
        # mise: comments beside the changed line were lost, and the tool went to the end of its table
        ("x.toml", _TOOLS, '[tools]\nnode = "22"\ngo = "1"\n[env]\nB = "2"\n',
         _TOOLS.replace('"20"', '"22"').replace("'3'\n", "'3'\ngo = \"1\"\n").replace("# a\n", '# a\nB = "2"\n')),
        # chezmoi: tables that were made one by one stood in the file twice, which is no TOML
        ("x.toml", "[d]\na = 1\n[d.g]\nb = 2\n", "[d.g.t]\nc = 3\n[d]\ne = 4\n",
         "[d]\na = 1\ne = 4\n[d.g]\nb = 2\n[d.g.t]\nc = 3\n"),
        # ini_file: comments were lost, options sorted, and blanks put around each equals sign
        ("x.ini", _MIRROR, "[main]\nenabled = 0\n", _MIRROR.replace("enabled=1", "enabled=0")),
        # ini_file: an option that is there with other blanks was written anew
        ("x.ini", _MIRROR, "[main]\nenabled = 1\nverbose=0\n", _MIRROR),
        # ini_file: of options with one name only one was left after a change of another
        ("x.ini", _TWICE, "[user]\ndbname = yy\n[res]\nn = 1\n", _TWICE.replace("xx", "yy") + "n = 1\n"),
        # ini_file: an option that was indented was not found, and stood there twice
        ("x.ini", "[Unit]\n  After=a\n[Service]\n", "[Unit]\nAfter=b\n", "[Unit]\n  After=b\n[Service]\n"),
        # ini_file: a new section was glued to the one above it
        ("x.ini", "[a]\nb=1\n", "[c]\nd=2\n", "[a]\nb=1\n\n[c]\nd=2\n"),
        # ini_file: comments that tell other programs something, as `; priority`, went away
        ("x.ini", "; priority=05\nzend=o.so", "o.enable=1\n", "; priority=05\nzend=o.so\no.enable=1"),
        # package managers: tabs and the missing last line end of package.json became blanks and a line end
        ("package.json", '{\n\t"name": "x",\n\t"files": []\n}', '{"engines": {"node": ">=18"}}',
         '{\n\t"name": "x",\n\t"files": [],\n\t"engines": {"node": ">=18"}\n}'),
        # editors' settings: comments made the file unreadable, or were dropped
        ("tsconfig.json", '{\n  // base\n  "strict": true, /* all */\n}\n', '{"noEmit": true}\n',
         '{\n  // base\n  "strict": true, /* all */\n  "noEmit": true,\n}\n'),
        # jq and others: large numbers lost digits, 1.0 became 1
        ("x.json", '{"n": 12345678901234567890, "f": 1.0}', '{"e": 1E5}',
         '{"n": 12345678901234567890, "f": 1.0, "e": 1E5}'),
    ],
)  # fmt: skip
def test_only_what_was_asked_for_changes_and_goes_away_again(path: str, before: str, template: str, after: str) -> None:
    file = Life(path, before, FileRule(Mode.MERGE))
    assert file.lived(template) == after
    assert file.plan(template) is None
    assert file.lived("" if path.endswith(("toml", "ini")) else "{}\n") == before


@pytest.mark.parametrize("before", ["127.0.0.1 a\nlast", "127.0.0.1 a\n", "", "caf\u00e9\n", "a\r\nb\r\n"])
def test_a_block_is_never_written_twice_nor_over_the_last_line(before: str) -> None:
    """blockinfile: with each run one more block; and without a last line end the block stood over the last line."""
    file = Life("hosts", before, FileRule(Mode.BLOCK, markers=("# begin ID", "# end ID")))
    for text in ("10.0.0.1 b\n", "10.0.0.1 b\n", "10.0.0.2 c\n10.0.0.3 d"):
        file.rolled_out(text)
    assert file.text is not None
    assert file.text.startswith(before)
    assert (file.text.count("# begin"), file.text.count("# end")) == (1, 1)
    assert [line for line in file.text.splitlines() if line.startswith("10.")] == ["10.0.0.2 c", "10.0.0.3 d"]


def test_a_block_in_the_middle_stays_where_a_person_moved_it() -> None:
    """blockinfile: a block that was moved by hand was written a second time at the end."""
    file = Life("x.sh", "a\n", FileRule(Mode.BLOCK))
    moved = "# rollout:begin project\nx\n# rollout:end project\na\n"
    assert file.lived("x\n", f">{moved}", "y\n") == moved.replace("x\n", "y\n")


def test_lists_are_united_as_mappings_are() -> None:
    """chezmoi: data of two files was merged where it was mappings, and replaced where it was lists."""
    file = Life("x.yaml", "t:\n  x: {a: 1}\n  cond:\n  - if: true\n", FileRule(Mode.MERGE))
    assert file.lived("t:\n  x: {b: 2}\n  cond:\n  - if: false\n") == (
        "t:\n  x: {a: 1, b: 2}\n  cond:\n  - if: true\n  - if: false\n"
    )


def test_a_deleted_file_is_not_made_again_without_a_word() -> None:
    """copier: a file that was deleted on purpose came back with the next update."""
    file = Life("x.txt", None, FileRule())
    assert file.lived("one\n") == "one\n"
    file.text = None
    planned = file.plan("two\n")
    assert planned is not None
    assert (planned.action, planned.decided) == (Action.DRIFT, False)
