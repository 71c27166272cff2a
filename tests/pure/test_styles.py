"""What our styles are made of."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LITERAL = re.compile(
    r"#[0-9a-fA-F]{3,8}\b(?!\})|\b(?:rgba?|hsla?)\(\s*\d|(?<![$\w-])(?:white|black)\b(?!-)"
)


def test_colours_are_those_of_the_theme():
    """Literal ones would stay bright where all else is dark."""
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sorted(ROOT.glob("ihub*/static/src/**/*"))
        if path.suffix in (".scss", ".js", ".xml")
        for line in path.read_text().splitlines()
        if LITERAL.search(line.partition("//")[0])
    ]
    assert not found, "\n".join(found)
