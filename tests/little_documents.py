"""A little document in each format that can be merged: a key of others, and those that a test gives."""

_AROUND_AND_LINE = {
    "x.yaml": ("k: 0\n{}", "{}: {}\n"),
    "x.toml": ("k = 0\n{}", "{} = {}\n"),
    "x.ini": ("[s]\nk = 0\n{}", "{} = {}\n"),
    "x.json": ('{{\n  "k": 0{}\n}}\n', ',\n  "{}": {}'),
}
PATHS = tuple(_AROUND_AND_LINE)


def document(path: str, b: object = None, w: object = None) -> str:
    """Return the document of a path with these values."""
    around, line = _AROUND_AND_LINE[path]
    said = (("b", b), ("w", w))
    return around.format("".join(line.format(key, value) for key, value in said if value is not None))
