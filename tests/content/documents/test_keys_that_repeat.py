"""Keys of which every line counts, as of ExecStartPre: they stay, and a template that names them is told what to do."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from rollout.content.documents import merge
from rollout.content.documents.document import Unmergeable
from rollout.model.inventory import FileRule, FormatName, Mode
from tests.lives import Life

_FILES = {
    "api.service": ("[Service]\nExecStartPre=/a\nEnvironment=A=1\nExecStartPre=/b\nEnvironment=B=2\nUser=x\n",
                    "[Service]", "ExecStartPre", "User"),
    ".gitconfig": ('[remote "origin"]\n\tfetch = +refs/heads/*\n\tfetch = +refs/tags/*\n\turl = x\n',
                   '[remote "origin"]', "fetch", "url"),
    "php.ini": ("[PHP]\nextension=curl\nextension=gd\nmemory_limit=1\n", "[PHP]", "extension", "memory_limit"),
    ".npmrc": ("ca[]=one\nca[]=two\nsave=true\n", "", "ca[]", "save"),
}  # fmt: skip


def _life(path: str, text: str | None = None) -> Life:
    return Life(path, _FILES[path][0] if text is None else text, FileRule(Mode.MERGE, format=FormatName.INI))


def _lines(head: str, *pairs: str) -> str:
    return "\n".join([*([head] if head else []), *pairs, ""])


@pytest.mark.parametrize("path", _FILES)
def test_those_that_no_template_names_stay_as_they_are(path: str) -> None:
    before, head, _, single = _FILES[path]
    file = _life(path)
    file.rolled_out(_lines(head, f"{single}=other", "new=1"))
    after = str(file.text)
    assert [line for line in after.splitlines() if single not in line and "new" not in line] == [
        line for line in before.splitlines() if single not in line
    ]
    assert "other" in after
    assert file.lived("") == before


@pytest.mark.parametrize("path", _FILES)
@pytest.mark.parametrize("times", [1, 2])
def test_one_that_a_template_names_is_refused_with_what_to_do(path: str, times: int) -> None:
    before, head, many, _ = _FILES[path]
    file = _life(path)
    refused = file.rolled_out(_lines(head, *[f"{many}=new{time}" for time in range(times)]))
    assert refused is not None
    place = f"{head}.{many}" if head else many
    why = "every line of it counts; change it by hand" if times == 1 else "merge sets one value for a key"
    assert f"the key {place} stands twice, and {why}" in refused.cause
    assert refused.cause.endswith("write such lines with mode: block" + (f", the line {head} first" if head else ""))
    assert file.text == before


@pytest.mark.parametrize("path", _FILES)
def test_what_the_message_says_can_be_done(path: str) -> None:
    before, head, many, _ = _FILES[path]
    file = Life(path, before, FileRule(Mode.BLOCK))
    template = _lines(head, f"{many}=new0", f"{many}=new1")
    file.rolled_out(template)
    assert file.plan(template) is None
    assert str(file.text).startswith(before)
    assert template in str(file.text)


@pytest.mark.parametrize("path", [*_FILES, "setup.cfg"])
def test_a_template_that_no_file_could_get_is_told_by_validate(path: str) -> None:
    _, head, many, _ = _FILES.get(path, ("", "[a]", "b", ""))
    kind = merge.MergedFile(PurePosixPath(path), FormatName.INI)
    with pytest.raises(Unmergeable) as refused:
        merge.check(_lines(head, f"{many}=1", f"{many}=2").encode(), kind)
    assert ("mode: block" in str(refused.value)) is (path in _FILES)
    once = "the key [a].b stands twice; merge sets one value for a key; leave one of them in the template"
    assert (once in str(refused.value)) is (path not in _FILES)
