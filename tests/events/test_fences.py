"""What counts as a block that is executed."""

from __future__ import annotations

import pytest

from rollout.events.fences import FencedBlock, blocks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```bash\nls\n```\n", [FencedBlock(1, "bash", "ls\n")]),
        ("a\n\n~~~ sql\nSELECT 1;\n~~~\n", [FencedBlock(3, "sql", "SELECT 1;\n")]),
        ("```SH\nls\n```", [FencedBlock(1, "sh", "ls\n")]),
        ("````bash\n```\nls\n```\n````\n", [FencedBlock(1, "bash", "```\nls\n```\n")]),
        ("```bash\nls\n~~~\n```\n", [FencedBlock(1, "bash", "ls\n~~~\n")]),
        ("```bash\nls\n`````\n", [FencedBlock(1, "bash", "ls\n")]),
        ("- do this:\n\n   ```bash\n   if x\n     y\n   ```\n", [FencedBlock(3, "bash", "if x\n  y\n")]),
        ("1. ```sql\n   SELECT 1\n   ```\n", [FencedBlock(1, "sql", "SELECT 1\n")]),
        ("> ```bash\n> ls\n>  -l\n> ```\n", [FencedBlock(1, "bash", "ls\n -l\n")]),
        ("```bash\n```\n", [FencedBlock(1, "bash", "")]),
        ("```bash no-run: needs a terminal\nvi\n```\n", [FencedBlock(1, "bash", "vi\n", "needs a terminal")]),
        ('```bash title="x" no-run (a terminal)\nvi\n```\n', [FencedBlock(1, "bash", "vi\n", "(a terminal)")]),
        ("```bash title=no-running\nls\n```\n", [FencedBlock(1, "bash", "ls\n")]),
        ("```bash no-run\nvi\n```\n", [FencedBlock(1, "bash", "vi\n", "")]),
        ("```bash title=x\nls\n```\n", [FencedBlock(1, "bash", "ls\n")]),
        ("```bash\nls\n", [FencedBlock(1, "bash", "ls\n", None, False)]),
        ("```text\n```bash\n```\n\n```sql\n;\n```\n", [FencedBlock(5, "sql", ";\n")]),
        ("```\nls\n```\n```python\nx\n```\n```bashful\nx\n```\n", []),
        ("run ```bash``` or `` ```sql ``\n", []),
        ("```bash `x`\nls\n", []),
    ],
)
def test_blocks_are_found_as_commonmark_finds_them(text: str, expected: list[FencedBlock]) -> None:
    assert list(blocks(text)) == expected


def test_line_ends_of_another_system_are_line_ends() -> None:
    assert blocks("a\r\n```bash\r\nls\r\n```\r\n") == (FencedBlock(2, "bash", "ls\n"),)
